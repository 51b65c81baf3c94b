"""learntorch against PyTorch on the nets of the course: `make bench`.

    python benchmarks/bench.py                  all workloads, on one thread
    python benchmarks/bench.py --threads 2
    python benchmarks/bench.py W1 W3            some of them
    python benchmarks/bench.py --save           write benchmarks/results.json, the tables and the picture too
    python benchmarks/bench.py --peers          with other teaching frameworks, where they are installed

Run it with a Python that has PyTorch 2.13. Both packages run the same code in the same process, in turns, so that a
busy machine slows both. Before anything is timed, their losses are compared over five steps. What counts is the ratio
of the two times of a round; rounds in which either was disturbed are dropped. "Floor" is the same ratio for the net in
NumPy alone, with every gradient by hand (by_hand.py): a tape on NumPy cannot be faster. Memory and import time are
measured in fresh processes.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 25
PINS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_ENABLE_INSTRUCTIONS")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
DISTURBED = 1.35  # a round in which one of the two took this much longer than usual does not count


def settle(threads: int) -> bool:
    """Let NumPy and PyTorch take what fits the processor, on so many threads. They read it when they are first
    imported. True if anything had to be changed."""
    wanted = dict.fromkeys(THREADS, str(threads))
    pinned = [name for name in PINS if os.environ.pop(name, None) is not None]
    changed = bool(pinned or wanted.items() - os.environ.items())
    os.environ |= wanted
    return changed


def ratio_of(steps: list, count: int, rounds: int = ROUNDS) -> dict:
    """Times of the steps (ours, PyTorch's, and others) round by round in turns, and how ours and theirs compare."""
    for number in range(5):
        losses = [float(loss.detach() if hasattr(loss, "detach") else loss) for loss in (step() for step in steps)]
        if max(abs(loss - losses[1]) for loss in losses) > 1e-3 * abs(losses[1]):
            raise SystemExit(f"After {number + 1} steps the losses differ: {losses}.")
    times: list[list[float]] = []
    gc.collect()
    gc.freeze()  # what the packages loaded is not to be searched through in the time of a step
    for number in range(rounds):
        measured = [0.0] * len(steps)
        for which in range(len(steps)) if number % 2 else reversed(range(len(steps))):
            start = time.perf_counter()
            for _ in range(count):
                steps[which]()
            measured[which] = (time.perf_counter() - start) / count
        times.append(measured)
    usual = [statistics.median(column) for column in zip(*times)]
    kept = [row for row in times if all(t < DISTURBED * u for t, u in zip(row, usual))] or times
    low, middle, high = statistics.quantiles([row[0] / row[1] for row in kept], n=4) if len(kept) > 1 else [1.0] * 3
    return {"ours_us": 1e6 * usual[0], "pytorch_us": 1e6 * usual[1], "ratio": middle, "low": low, "high": high,
            "rounds": len(kept),
            "others": [statistics.median(row[i] / row[1] for row in kept) for i in range(2, len(steps))]}  # fmt: skip


# --- In fresh processes ----------------------------------------------------------------------------

IMPORT = "import time; t = time.perf_counter(); import {0}; print(time.perf_counter() - t)"
PEAK = """
import ctypes, gc, re, sys
sys.path[:0] = [{root!r}, {here!r}]
import {package} as torch
import {package}.nn, {package}.optim
from workloads import WORKLOADS
if {package!r} == "torch": torch.set_num_threads(1)
step = WORKLOADS[{name!r}][1](torch)
for _ in range(3): step()
gc.collect()
ctypes.CDLL("libc.so.6").malloc_trim(0)
def status(key): return int(re.search(key + r":\\s+(\\d+)", open("/proc/self/status").read())[1])
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
step()
print(status("VmHWM") - before)
"""
TRAINING = """
import sys, time
sys.path[:0] = [{root!r}, {here!r}]
import {package} as torch
import {package}.nn, {package}.optim
from workloads import fizzbuzz
if {package!r} == "torch": torch.set_num_threads({threads})
step = fizzbuzz(torch)
start = time.perf_counter()
for _ in range(10_000): step()
print(time.perf_counter() - start)
"""


def fresh(program: str, **values) -> float:
    """The number that a program prints in an interpreter of its own."""
    text = program.format(root=str(ROOT), here=str(ROOT / "benchmarks"), **values) if values else program
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # a second import is timed
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"A measurement failed:\n{done.stderr}")
    return float(done.stdout)


def training_times(threads: int, rounds: int = 5) -> dict[str, float]:
    """Seconds for 10,000 steps of FizzBuzz, in turns; the medians."""
    times: dict[str, list[float]] = {"learntorch": [], "torch": []}
    for _ in range(rounds):
        for package, measured in times.items():
            measured.append(fresh(TRAINING, package=package, threads=threads))
    return {package: statistics.median(measured) for package, measured in times.items()}


def import_times(rounds: int = 25) -> dict[str, float]:
    """Seconds for a first import, in turns, and our time over NumPy's in the same turn; the medians."""
    times: dict[str, list[float]] = {"numpy": [], "learntorch": [], "torch": []}
    os.environ["PYTHONPATH"] = str(ROOT)
    for module in times:
        fresh(IMPORT.replace("{0}", module))
    for number in range(rounds):
        for module, measured in times.items():
            if module != "torch" or number < 3:
                measured.append(fresh(IMPORT.replace("{0}", module)))
    ratio = statistics.median(ours / theirs for ours, theirs in zip(times["learntorch"], times["numpy"]))
    return {module: statistics.median(measured) for module, measured in times.items()} | {"ratio": ratio}


def peaks(names: list[str]) -> dict[str, dict[str, float]]:
    """The memory that a step takes at its peak, above what is held between steps, in KiB. Linux only."""
    if not Path("/proc/self/clear_refs").exists():
        return {}
    measure = {"ours": "learntorch", "pytorch": "torch"}
    return {
        name: {
            key: statistics.median(fresh(PEAK, package=package, name=name) for _ in range(5))
            for key, package in measure.items()
        }
        for name in names
    }


def installed_size() -> dict[str, float]:
    """Megabytes on disk: learntorch with NumPy, and PyTorch."""
    import numpy
    import torch

    def size(folder: Path) -> float:
        return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.suffix != ".pyc") / 1e6

    numpy_folder = Path(numpy.__file__).parent
    libraries = numpy_folder.parent / "numpy.libs"
    ours = size(ROOT / "learntorch") + size(numpy_folder) + (size(libraries) if libraries.exists() else 0)
    return {"learntorch and numpy": ours, "torch": size(Path(torch.__file__).parent)}


# --- The report ------------------------------------------------------------------------------------


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    about = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", about.read_text(encoding="utf-8")) if about.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def machine(threads: int) -> dict:
    """What was measured on."""
    import numpy
    import torch

    return {"processor": processor(), "python": platform.python_version(), "numpy": numpy.__version__,
            "torch": torch.__version__, "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(), "threads": threads,
            "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="W1, W5, …; default: all")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--peers", action="store_true", help="HIPS autograd and tinygrad too, where installed")
    options = parser.parse_args()
    if settle(options.threads):
        os.execv(sys.executable, [sys.executable, *sys.argv])
    sys.path[:0] = [str(ROOT)]
    import torch
    from by_hand import BY_HAND
    from report import machine as describe
    from report import others_of, save
    from workloads import WORKLOADS

    import learntorch

    torch.set_num_threads(options.threads)
    peers, versions = {}, {}
    if options.peers:
        from peers import PEERS, installed

        versions = installed()
        peers = {name: PEERS[name] for name in versions}
    wanted = [n for n in WORKLOADS if not options.names or n in options.names or n.split()[0] in options.names]
    print(f"{'':14}{'learntorch':>12}{'PyTorch':>12}{'ratio':>8}{'quartiles':>14}{'floor':>8}{'goal':>7}{'rounds':>8}"
          + "".join(f"{peer:>10}" for peer in peers))  # fmt: skip
    report: dict = {"machine": machine(options.threads) | versions, "steps": {}}
    for name in wanted:
        _, workload, steps, goal = WORKLOADS[name]
        floor = [BY_HAND[name]()] if name in BY_HAND else []
        able = [peer for peer in peers if name in peers[peer]]
        others = [peers[peer][name]() for peer in able]
        found = report["steps"][name] = ratio_of([workload(learntorch), workload(torch), *floor, *others], steps)
        lowest = f"{found['others'][0]:8.2f}" if floor else f"{'':8}"
        found["floor"] = found["others"][0] if floor else None
        found["peers"] = dict(zip(able, found.pop("others")[len(floor) :]))
        columns = "".join(f"{found['peers'][p]:10.2f}" if p in able else f"{'–':>10}" for p in peers)
        print(f"{name:14}{found['ours_us']:9.0f} µs{found['pytorch_us']:9.0f} µs{found['ratio']:8.2f}"
              f"{found['low']:8.2f}–{found['high']:.2f}{lowest}{goal:8.2f}{found['rounds']:7} {columns}",
              flush=True)  # fmt: skip
    if not options.names:
        report["training_s"] = training_times(options.threads)
        report["import_s"] = import_times()
        report["peak_kib"] = peaks([name for name in wanted if name in ("W1", "W2", "W3", "W4")])
        report["size_mb"] = installed_size()
        print("\n".join(others_of(report)))
    print(describe(report))
    if options.save:
        save(report)


if __name__ == "__main__":
    main()
