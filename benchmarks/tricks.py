"""What each trick for speed is worth: `make tricks`.

    python benchmarks/tricks.py              prints the table
    python benchmarks/tricks.py --save       writes benchmarks/tricks.json and the table of docs/speed.md too

A trick is a titled Note in the source. Here it is taken out for the time of a measurement, by the plain way in its
place; rounds with it and without it are taken in turns. The gain is the part of a step that it saves. One that saves
less than 3% on the workload that it was made for has to go.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from bench import fresh, settle  # noqa: E402

settle(threads=1)

import numpy as np  # noqa: E402
from report import gains, with_table  # noqa: E402
from workloads import WORKLOADS, Step, numbers  # noqa: E402

import learntorch as torch  # noqa: E402
from learntorch import writing  # noqa: E402
from learntorch.methods import matrix as methods  # noqa: E402
from learntorch.modes import grad_mode  # noqa: E402
from learntorch.ops import activations, convolution, loss, matrix, pointwise, pooling, shape, strides, windows  # noqa: E402

ROUNDS = 25
TOGETHER = 0.03  # seconds that one round takes, about
RESULTS = ROOT / "benchmarks" / "tricks.json"

# The plain ways ─────────────────────────────────────────────────────────────────────────────────


def windows_in_place(x, kernel, stride, padding, dilation):
    """The windows of `windows._windows`, on the image as it lies: the batch first."""
    size = windows.grid(x.shape, kernel, stride, padding, dilation)
    x = np.ascontiguousarray(windows.framed(x, kernel, stride, padding, dilation, size))
    (n, c, *_), (sn, sc, *steps) = x.shape, x.strides
    down, along = ([s * t for s, t in zip(steps, times)] for times in (dilation, stride))
    return strides.strided(x, (*size[:-1], c, *kernel, size[-1], n), (*along[:-1], sc, *down, along[-1], sn))


def one_product(kernels, columns, out=None):
    """One product with the columns of all rows, in the place of a matrix for each row (for convolution alone)."""
    if kernels.ndim == 3 and columns.ndim == 4:  # (1, O, CKL) · (P, 1, CKL, QN), or its transpose's
        p, _, m, n = columns.shape
        whole = kernels[0].dot(np.ascontiguousarray(columns[:, 0].transpose(1, 0, 2)).reshape(m, p * n))
        result = whole.reshape(1, -1, p, n).transpose(2, 0, 1, 3)
        if out is None:
            return result
        out[...] = result
        return out
    return np.matmul(kernels, columns, out=out)


def by_reduction(x, *, kernel, stride, padding=(0, 0), dilation=(1, 1), ceil_mode=False):
    """The largest element of windows that do not overlap, by a reduction over two dimensions."""
    *lead, h, w = x.shape
    (k, l), (p, q) = kernel, (h // kernel[0], w // kernel[1])
    return x[..., : p * k, : q * l].reshape(*lead, p, k, q, l).max((-3, -1))


def rows_of_scores(x, target):
    """Cross-entropy on scores as they lie, (N, C)."""
    z = x - x.max(1, keepdims=True)
    picked = z[np.arange(len(x)), target]
    p = np.exp(z, out=z)
    total = p.sum(1)
    p /= total[:, None]
    return (np.log(total) - picked).sum() / x.dtype.type(len(x)), p


def loudly_quiet(fn, *args, **options):
    """`fn` inside `np.errstate`."""
    with np.errstate(all="ignore"):
        return fn(*args, **options)


# Workloads beside those of workloads.py ──────────────────────────────────────────────────────────


def large_convolution() -> Step:
    """(8, 32, 64, 64), 32 channels of 3×3, forward and backward."""
    x = torch.from_numpy(numbers(0, 8, 32, 64, 64)).requires_grad_()
    conv = torch.nn.Conv2d(32, 32, 3)

    def step():
        conv(x).sum().backward()

    return step


def small_sum() -> Step:
    """The sum of ten squares, and its gradient."""
    x = torch.from_numpy(numbers(0, 10)).requires_grad_()

    def step():
        (x * x).sum().backward()

    return step


def batch_times_matrix() -> Step:
    """(64, 32, 48) @ (48, 16), forward and backward."""
    x, w = (torch.from_numpy(numbers(i, *size)).requires_grad_() for i, size in enumerate(((64, 32, 48), (48, 16))))

    def step():
        (x @ w).sum().backward()

    return step


def unfolded(batch, single):
    """A batch of products with one matrix, repeated."""
    return torch.bmm(batch, single.expand(len(batch), *single.shape))


def net(name: str) -> Callable[[], Step]:
    return lambda: WORKLOADS[name][1](torch)


# Note → what it was made for, how to set that up, and what stands in the trick's place: (where, name, the plain way).
TRICKS: dict[str, tuple[str, Callable[[], Step], list[tuple[object, str, object]]]] = {
    "Into place": ("W1", net("W1"), [(writing, "_fits", lambda target, others: False)]),
    "Quiet arithmetic": ("W3", net("W3"), [(grad_mode, "quietly", loudly_quiet)]),
    "An array of zeros": ("W5 relu", net("W5 relu"), [(activations.relu, "fn", lambda x: np.maximum(x, 0))]),
    "A mask times bits": ("W5 relu", net("W5 relu"), [
        (room, "kept", lambda x, mask: np.where(mask, x, x.dtype.type(0))) for room in (activations, pointwise, pooling)
    ]),
    "A view by its parts": ("sum of ten squares", small_sum, [(shape, "within", strides.strided)]),
    "Ones": ("W3", net("W3"), [(matrix, "_column_sums", lambda g: matrix.sum(g, dim=0))]),
    "Folding": ("batch times matrix", batch_times_matrix, [(methods, "_folded", unfolded)]),
    "Fused cross-entropy": ("W3", net("W3"), [(loss, "check_targets", lambda target, classes, ignored=None: False)]),
    "Classes first": ("W3", net("W3"), [(loss.cross_entropy, "fn", rows_of_scores)]),
    "Batch last": ("W4", net("W4"), [(windows, "_windows", windows_in_place)]),
    "A matrix for each row": ("W4", net("W4"), [
        (convolution, "np", type("np", (), vars(np) | {"matmul": one_product}))
    ]),
    "Bands of rows": ("large convolution", large_convolution,
                      [(windows, "TO_GATHER", 2**62), (convolution, "TO_SPREAD", 2**62)]),
    "Pooling by slices": ("W4", net("W4"), [(pooling.max_pool2d, "fn", by_reduction)]),
}  # fmt: skip


@contextmanager
def plain(changes: list) -> Iterator[None]:
    """The plain ways in the places of the trick."""
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(mock.patch.object(*change))
        yield


def gain(setup: Callable[[], Step], changes: list) -> dict[str, float]:
    """Times of a step with the trick and without, in turns."""
    step = setup()
    for _ in range(3):
        step()
    start = time.perf_counter()
    step()
    count = max(1, round(TOGETHER / (time.perf_counter() - start)))
    with plain(changes):  # it has to run
        step()
    gc.collect()
    gc.freeze()
    rows = []
    for _ in range(ROUNDS):
        row = []
        for active in ([], changes):
            with plain(active):
                start = time.perf_counter()
                for _ in range(count):
                    step()
                row.append(1e6 * (time.perf_counter() - start) / count)
        rows.append(row)
    return summary(rows)


def summary(times: list[list[float]]) -> dict[str, float]:
    """The medians of times with the trick and without, and the part that it saves."""
    return {"with_us": statistics.median(a for a, _ in times), "without_us": statistics.median(b for _, b in times),
            "gain": 1 - statistics.median(a / b for a, b in times)}  # fmt: skip


STAYING = """
import sys, time
sys.path[:0] = [{root!r}, {here!r}]
import learntorch as torch, learntorch.nn, learntorch.optim
from workloads import WORKLOADS
step = WORKLOADS[{workload!r}][1](torch)
times = []
for _ in range(300):
    start = time.perf_counter(); step(); times.append(time.perf_counter() - start)
print(sorted(times)[150])
"""
ROOMS = """
import sys, time
sys.path[:0] = [{root!r}, {here!r}]
import numpy
start = time.perf_counter()
import learntorch
for name in {names!r}: getattr(learntorch, name)
print(time.perf_counter() - start)
"""


def in_fresh_processes() -> dict[str, dict]:
    """The two that cannot be taken out while the package runs: a limit of glibc's, and imports."""
    found = {}
    times: list[list[float]] = []
    for _ in range(5):
        row = []
        for fixed in ({}, {"MALLOC_MMAP_THRESHOLD_": "131072"}):  # set by hand, it no longer rises
            os.environ |= fixed
            row.append(1e6 * fresh(STAYING, workload="W4"))
            for name in fixed:
                del os.environ[name]
        times.append(row)
    found["Memory that stays"] = {"workload": "W4"} | summary(times)
    rooms = [name for name in dir(torch) if name in torch._ON_DEMAND]
    times = [[1e6 * fresh(ROOMS, names=names) for names in ([], rooms)] for _ in range(11)]
    found["Rooms on demand"] = {"workload": "import, after NumPy's"} | summary(times)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="titles of Notes; default: all")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    found = {}
    for name, (workload, setup, changes) in TRICKS.items():
        if not options.names or name in options.names:
            found[name] = {"workload": workload} | gain(setup, changes)
            print(gains({name: found[name]}).splitlines()[-1], flush=True)
    if not options.names:
        found |= in_fresh_processes()
    print(gains(found))
    if options.save:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        page = ROOT / "docs" / "speed.md"
        page.write_text(with_table(page.read_text(encoding="utf-8"), "gains", gains(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
