"""Where the time of a step goes, rule by rule and in the tape: `make profile`.

    python benchmarks/breakdown.py              the nets of the course
    python benchmarks/breakdown.py W3           one workload
    python benchmarks/breakdown.py W3 --rows 8

Every rule is wrapped in a clock as the package is loaded, before anything else has taken hold of it: its value and each
of its gradient formulas. What is left of the time of `backward()` is the walk over the tape; what is left of the
optimizer's step is the optimizer; and what is left of the whole step is the forward tape: methods, modules, wrapping,
and writing nodes. Reading the clock costs time too, so the step with clocks is shown beside the step without.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from bench import settle  # noqa: E402

settle(threads=int(os.environ.get("OMP_NUM_THREADS", "1")))

from workloads import WORKLOADS  # noqa: E402

SECONDS = 2.0  # how long each workload runs
NETS = ("W1", "W2", "W3", "W4")


class Clock:
    """Time by label. A clock that runs inside another one takes its time away from it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self.inside = [0.0]  # for each clock that runs: the time of the clocks inside it

    def wrap(self, label: str, function):
        """`function`, timed under `label`."""
        now, inside, spent, calls = time.perf_counter, self.inside, self.spent, self.calls

        @functools.wraps(function)
        def timed(*args, **kwargs):
            inside.append(0.0)
            start = now()
            try:
                return function(*args, **kwargs)
            finally:
                took = now() - start
                spent[label] += took - inside.pop()
                inside[-1] += took
                calls[label] += 1

        return timed

    def reset(self) -> None:
        """Forget what was measured."""
        self.spent.clear()
        self.calls.clear()
        self.inside[:] = [0.0]


def load(clock: Clock):
    """learntorch with a clock on every rule."""
    spec = importlib.util.find_spec("learntorch")
    package = sys.modules["learntorch"] = importlib.util.module_from_spec(spec)
    from learntorch.ops import rule as rules  # the table's room alone: the package's own file has not run yet

    class Timed(rules.Rule):
        def __init__(self, fn, types, memory, outputs, name, formulas) -> None:
            label = fn.__name__
            formulas = {to: clock.wrap(f"gradient {label} {to}", f) for to, f in formulas.items()}
            super().__init__(clock.wrap(f"value {label}", fn), types, memory, outputs, name, formulas)

    rules.Rule = Timed
    spec.loader.exec_module(package)
    import learntorch.nn
    import learntorch.optim

    package.Tensor.backward = clock.wrap("walk", package.Tensor.backward)
    for optimizer in learntorch.optim.Optimizer.__subclasses__():
        if "step" in vars(optimizer):
            optimizer.step = clock.wrap("optimizer", optimizer.step)
    return package


def microseconds(step, seconds: float) -> float:
    """The median time of a step."""
    for _ in range(3):
        step()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def undisturbed(name: str, seconds: float) -> float:
    """The time of a step without clocks, in an interpreter of its own."""
    program = (
        f"import sys; sys.path[:0] = {sys.path[:2]!r}\n"
        "import learntorch, learntorch.nn, learntorch.optim\n"
        "from breakdown import microseconds; from workloads import WORKLOADS\n"
        f"print(microseconds(WORKLOADS[{name!r}][1](learntorch), {seconds}))"
    )
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def report(name: str, torch, clock: Clock, seconds: float, rows: int) -> None:
    """The table of one workload."""
    alone = undisturbed(name, seconds)
    step = WORKLOADS[name][1](torch)
    for _ in range(3):
        step()
    clock.reset()
    steps, start = 0, time.perf_counter()
    while time.perf_counter() < start + seconds or steps < 5:
        step()
        steps += 1
    whole = time.perf_counter() - start
    spent = {label: 1e6 * took / steps for label, took in clock.spent.items()}
    calls = {label: count / steps for label, count in clock.calls.items()}
    whole *= 1e6 / steps

    rules: dict[str, dict[str, float]] = {}
    for label, took in spent.items():
        kind, _, rest = label.partition(" ")
        if rest:
            row = rules.setdefault(rest.split()[0], {"value": 0.0, "gradient": 0.0, "calls": 0.0})
            row[kind] += took
            row["calls"] += calls[label] * (kind == "value")
    values = sum(row["value"] for row in rules.values())
    gradients = sum(row["gradient"] for row in rules.values())
    tape = whole - sum(spent.values())
    print(f"\n{name}: {WORKLOADS[name][0]}. {alone:.1f} µs a step; {whole:.1f} µs with the clocks on.\n")
    print(f"{'':26}{'calls':>7}{'value':>10}{'gradients':>11}{'together':>10}{'share':>7}")

    def line(label: str, count: float | str, value: float | None, gradient: float | None, both: float) -> None:
        cells = [f"{x:.1f}" if x is not None else "" for x in (value, gradient)]
        count = f"{count:.0f}" if count else ""
        print(f"{label:26}{count:>7}{cells[0]:>10}{cells[1]:>11}{both:10.1f}{100 * both / whole:6.0f}%")

    ordered = sorted(rules.items(), key=lambda item: -item[1]["value"] - item[1]["gradient"])
    for rule, row in ordered[:rows]:
        line(rule, row["calls"], row["value"], row["gradient"], row["value"] + row["gradient"])
    if rest := ordered[rows:]:
        value, gradient = (sum(row[kind] for _, row in rest) for kind in ("value", "gradient"))
        line(f"{len(rest)} more rules", "", value, gradient, value + gradient)
    line("all rules", "", values, gradients, values + gradients)
    line("tape forward, modules", "", None, None, tape)
    line("tape backward", calls.get("walk", 0), None, None, spent.get("walk", 0.0))
    if "optimizer" in spent:
        line("optimizer", calls["optimizer"], None, None, spent["optimizer"])
    print(f"{'the step':26}{'':28}{whole:10.1f}   100%")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", default=NETS, help="W1, W5, …; default: the nets of the course")
    parser.add_argument("--rows", type=int, default=12, help="how many rules to list")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    wanted = [name for name in WORKLOADS if name in options.names or name.split()[0] in options.names]
    if not wanted:
        raise SystemExit(f"There is no workload of that name. There are: {', '.join(WORKLOADS)}.")
    clock = Clock()
    torch = load(clock)
    for name in wanted:
        report(name, torch, clock, options.seconds, options.rows)


if __name__ == "__main__":
    main()
