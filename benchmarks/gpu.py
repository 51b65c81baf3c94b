"""learntorch on CuPy against PyTorch on the same GPU, on the nets of the course: `make bench-gpu`.

    python benchmarks/gpu.py                  all workloads but the deepest chain
    python benchmarks/gpu.py W1 W3            some of them
    python benchmarks/gpu.py --save           write benchmarks/gpu.json and the table in docs/gpu.md too

Run it with a Python that has PyTorch with CUDA, and CuPy. Both packages run the same code in the same process, round by
round in turns. A round ends when the GPU has finished. Before anything is timed, the losses are compared over five
steps. Both compute in float32: PyTorch's TF32 is switched off. Launches are counted by PyTorch's profiler, which sees
every kernel, copy and fill of the process, whoever has asked for it. Where there is no GPU, this says so and writes
nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
ROUNDS = 25


class Placed:
    """A package, learntorch or PyTorch, whose tensors from NumPy go to the GPU. The rest does `with device("cuda")`."""

    def __init__(self, torch: ModuleType) -> None:
        self.torch = torch

    def __getattr__(self, name: str):
        return getattr(self.torch, name)

    def from_numpy(self, array):
        return self.torch.from_numpy(array).to("cuda")


def on_gpu(torch: ModuleType, workload):
    """One step of a workload on the GPU."""
    with torch.device("cuda"):
        return workload(Placed(torch))


def missing() -> str | None:
    """Why nothing can be measured here, in one sentence; None if it can."""
    import learntorch

    if not learntorch.cuda.is_available():
        return "No NVIDIA GPU with CuPy was found here, so there is nothing to measure."
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed here, so there is nothing to compare with."
    if not torch.cuda.is_available():
        return "This PyTorch was built without CUDA, so there is nothing to compare with."
    return None


def launches(step) -> int:
    """How many kernels, copies and fills a step starts on the GPU."""
    import torch
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        step()
        torch.cuda.synchronize()
    return sum(event.device_type == DeviceType.CUDA for event in seen.events())


def compare(ours, theirs, count: int) -> dict:
    """Times of a step in µs, and the ratio of ours to theirs round by round: its median and quartiles."""
    import torch

    for number in range(5):
        a, b = ours().item(), theirs().item()
        if abs(a - b) > 1e-3 * abs(b):
            raise SystemExit(f"After {number + 1} steps the losses differ: {a} and {b}.")
    started = [launches(step) for step in (ours, theirs)]
    times = []
    gc.collect()
    for number in range(ROUNDS):
        measured = {}
        for step in (ours, theirs) if number % 2 else (theirs, ours):
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(count):
                step()
            torch.cuda.synchronize()  # it waits for every stream of the GPU, CuPy's too
            measured[step] = (time.perf_counter() - start) / count
        times.append((measured[ours], measured[theirs]))
    low, middle, high = statistics.quantiles([a / b for a, b in times], n=4)
    usual = [1e6 * statistics.median(column) for column in zip(*times)]
    return {"ours_us": usual[0], "pytorch_us": usual[1], "ratio": middle, "low": low, "high": high,
            "launches": started[0], "pytorch_launches": started[1]}  # fmt: skip


def table(report: dict) -> str:
    """The report as a table in Markdown."""
    machine = report["machine"]
    lines = [
        f"{machine['gpu']}, CuPy {machine['cupy']}, PyTorch {machine['torch']}, {machine['system']}. Medians of "
        f"{ROUNDS} rounds; launches as PyTorch's profiler counts them.",
        "",
        "| | learntorch | PyTorch | ratio | quartiles | launches | PyTorch's |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, found in report["steps"].items():
        lines.append(
            f"| {name} | {found['ours_us']:.0f} µs | {found['pytorch_us']:.0f} µs | {found['ratio']:.2f} | "
            f"{found['low']:.2f}–{found['high']:.2f} | {found['launches']} | {found['pytorch_launches']} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="W1, W5, …; default: all but W6 deep")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    reason = missing()
    if reason:
        print(reason)
        return
    import cupy
    import torch
    from report import with_table
    from workloads import WORKLOADS

    import learntorch

    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    machine = {"gpu": torch.cuda.get_device_name(), "cupy": cupy.__version__, "torch": torch.__version__,
               "system": f"{platform.system()} {platform.machine()}"}  # fmt: skip
    report: dict = {"machine": machine, "steps": {}}
    for name, (_, workload, count, _) in WORKLOADS.items():
        wanted = name in options.names or name.split()[0] in options.names
        if wanted or (not options.names and name != "W6 deep"):
            report["steps"][name] = compare(on_gpu(learntorch, workload), on_gpu(torch, workload), count)
            print(table({**report, "steps": {name: report["steps"][name]}}).splitlines()[-1], flush=True)
    print(table(report))
    if options.save:
        (ROOT / "benchmarks" / "gpu.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        page = ROOT / "docs" / "gpu.md"
        page.write_text(with_table(page.read_text(encoding="utf-8"), "times", table(report)), encoding="utf-8")


if __name__ == "__main__":
    main()
