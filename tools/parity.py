"""Hypothesis draws programs, PyTorch and learntorch run them, and what a user can see must agree: `make parity`.

    python tools/parity.py [--count 20000] [--seed 0] [--report FILE]

Run it with a Python that has PyTorch 2.13, NumPy and hypothesis. A difference is shrunk and printed as a script to
paste into both libraries; the same kind of difference in the same operations is counted, not printed again. Where
both raise the same type of error with other words, that is listed in the report and is no failure.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.append(str(Path(__file__).resolve().parents[1]))

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from parity_comparison import Difference, Runner, script, smallest
from parity_programs import programs

BATCH = 250  # programs that one run of hypothesis draws
PATIENCE = 4  # seconds for making the arguments of a difference small
QUIET = {"database": None, "deadline": None, "report_multiple_bugs": False, "print_blob": False,
         "suppress_health_check": list(HealthCheck), "phases": [Phase.generate, Phase.shrink]}  # fmt: skip


@dataclass
class Outcome:
    """What a batch of programs, or all of them, showed."""

    programs: int = 0
    steps: int = 0
    raised: int = 0
    differences: dict[tuple, Difference] = field(default_factory=dict)
    times_seen: Counter = field(default_factory=Counter)
    messages: dict[tuple, tuple] = field(default_factory=dict)

    def count(self, runner: Runner, difference: Difference | None) -> None:
        """Count one program."""
        self.programs += 1
        self.steps += len(runner.program)
        self.raised += runner.raised
        if difference:
            self.times_seen[difference.group] += 1
        for program, theirs, mine in runner.messages:
            self.messages.setdefault((program[-1].area, program[-1].operation, theirs[:40]), (program, theirs, mine))

    def add(self, other: Outcome) -> None:
        self.programs += other.programs
        self.steps += other.steps
        self.raised += other.raised
        self.times_seen += other.times_seen
        self.messages |= other.messages
        for group, difference in other.differences.items():
            known = self.differences.get(group)
            if known is None or len(difference.script()) < len(known.script()):
                self.differences[group] = difference

    def __str__(self) -> str:
        return (f"{self.programs} programs, {self.steps} statements, {self.raised} of them errors in both: "
                f"{sum(self.times_seen.values())} programs differ, in {len(self.differences)} ways; "
                f"{len(self.messages)} errors have other words.")  # fmt: skip


def explore(reference: ModuleType, candidate: ModuleType, *, number: int, count: int, known: set) -> Outcome:
    """Draw `count` programs; shrink the first of every kind of difference that is not known."""
    outcome, known = Outcome(), set(known)
    warnings.simplefilter("ignore")
    while outcome.programs < count:
        shrinking, until = None, 0.0

        @seed(number * 1000 + len(outcome.differences))
        @settings(max_examples=count - outcome.programs, **QUIET)
        @given(programs(reference, candidate))
        def agree(found: tuple[Runner, Difference | None]) -> None:
            nonlocal shrinking, until
            runner, difference = found
            if shrinking is None:
                difference = difference and smallest(difference, reference, candidate)
                outcome.count(runner, difference)
                if difference is None or difference.group in known:
                    return
                known.add(difference.group)
                shrinking, until = difference, time.monotonic() + PATIENCE
            if difference and difference.kind_of_step == shrinking.kind_of_step and time.monotonic() < until:
                shrinking = difference
                raise difference

        try:
            agree()
        except (Difference, Flaky):  # flaky: patience ended while hypothesis was still trying
            difference = smallest(shrinking, reference, candidate)
            known.add(difference.group)
            outcome.differences.setdefault(difference.group, difference)
    return outcome


def work(number: int, count: int, known: set) -> Outcome:
    """One batch, on PyTorch and learntorch."""
    import torch

    import learntorch

    torch.set_num_threads(1)
    return explore(torch, learntorch, number=number, count=count, known=known)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="how many programs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another number draws other programs")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes (default: %(default)s)")
    parser.add_argument("--report", type=Path, help="also write everything into this file, by area")
    args = parser.parse_args()
    starts = range(0, args.count, BATCH)
    batches = [(args.seed * 1_000_000 + i, min(BATCH, args.count - start)) for i, start in enumerate(starts)]
    total, began, running = Outcome(), time.monotonic(), set()
    with ProcessPoolExecutor(args.jobs, get_context("spawn")) as pool:
        while batches or running:
            while batches and len(running) < args.jobs:
                running.add(pool.submit(work, *batches.pop(0), set(total.differences)))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for batch in done:
                total.add(batch.result())
            rate = total.programs / (time.monotonic() - began)
            sys.stderr.write(f"\r{total.programs} programs, {rate:.0f} a second, {len(total.differences)} differences ")
    sys.stderr.write("\n")
    if args.report:
        args.report.write_text(report(total), encoding="utf-8")
    for group, difference in sorted(total.differences.items()):
        print(f"\n# {' · '.join(group[:3])}, {total.times_seen[group]} times\n{difference}")
    print(total)
    return bool(total.differences)


def report(total: Outcome) -> str:
    """All differences by area, then the errors whose words differ."""
    parts, area = [], None
    for group, difference in sorted(total.differences.items()):
        if group[0] != area:
            area = group[0]
            parts.append(f"# {area}")
        parts.append(f"## {' · '.join(group[:3])}, {total.times_seen[group]} times\n\n```python\n{difference}\n```")
    parts.append("# Errors with other words")
    for (area, operation, _), (program, theirs, mine) in sorted(total.messages.items(), key=lambda item: item[0]):
        last = script(program).splitlines()[-1].strip()
        parts.append(f"- {area} · {operation}: `{last}`\n    - PyTorch: {theirs}\n    - here: {mine}")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
