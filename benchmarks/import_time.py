"""How long `import learntorch` takes beside `import numpy`: python benchmarks/import_time.py

Each is timed in a fresh interpreter, in turns, so that a busy machine slows both; the medians are compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 25
PROGRAM = """
import sys, time
sys.path.insert(0, {root!r})
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""


def seconds(module: str) -> float:
    """The time that importing `module` takes in a fresh interpreter."""
    program = PROGRAM.format(root=str(ROOT), module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    times: dict[str, list[float]] = {"numpy": [], "learntorch": []}
    for module in times:
        seconds(module)  # the first import compiles the files
    for _ in range(ROUNDS):
        for module, measured in times.items():
            measured.append(seconds(module))
    medians = {module: statistics.median(measured) for module, measured in times.items()}
    for module, median in medians.items():
        print(f"import {module:10}  {1000 * median:6.1f} ms")
    print(f"learntorch / numpy = {medians['learntorch'] / medians['numpy']:.2f}")


if __name__ == "__main__":
    main()
