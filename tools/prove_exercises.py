"""Prove the exercises: no wrong answer passes, no right one fails.

    python tools/prove_exercises.py                 all proofs but the mutants
    python tools/prove_exercises.py --mutants       the mutants too, and their table in docs/mutants.md
    python tools/prove_exercises.py softmax 03      some exercises or chapters

For each exercise: the untouched cell is "not started"; the solution and the other right answers pass under 20 seeds;
each wrong answer is rejected with its own sentence, and no two of them do the same; no hint but the last step gives a
line of the solution away; mutants of the solution are rejected, or reviewed as equivalent with a reason.
tests/course/test_exercises.py calls the same functions.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

os.environ.setdefault("LEARNTORCH_HOME", ":memory:")

from mutant_table import FILE, Row, digest, read, write
from mutants import mutants

from learntorch.course.practice.answer import filled, with_blanks
from learntorch.course.practice.definition import Exercise, cases_of, catalogue
from learntorch.course.practice.feedback import UNTOUCHED, Result
from learntorch.course.practice.kinds import checked

SEEDS = 20


def attempt(ex: Exercise, answer: object, seed: int = 0) -> Result:
    """Check an answer of a definition: a function, the answers of a prediction, or an order."""
    return checked(ex, filled(ex.source(answer)) if ex.is_code else answer, seed)


def seeds_of(ex: Exercise) -> range:
    """Predictions hang on no seed."""
    return range(SEEDS if ex.draw else 1)


def untouched(ex: Exercise) -> Iterator[str]:
    """The cell as it is handed out is "not started"."""
    if ex.is_code:
        cell = with_blanks(ex.source(ex.given or ex.answer))
    else:
        cell = "..." if ex.form == "parsons" else dict.fromkeys(ex.compute(), ...)
    found = checked(ex, cell)
    if found.status != UNTOUCHED:
        yield f"the untouched cell is {found.status!r}"


def right_answers(ex: Exercise) -> Iterator[str]:
    """The solution and the other right answers pass under every seed."""
    if len(ex.rights) < 2:
        yield f"has {len(ex.rights)} right variants; two are needed"
    solution = ex.answer if ex.is_code or ex.kind == "parsons" else ex.compute()
    for name, answer in [("the solution", solution), *((right.name, right.answer) for right in ex.rights)]:
        for seed in seeds_of(ex):
            found = attempt(ex, answer, seed)
            if not found.ok:
                yield f"{name} fails under seed {seed}: {found!r}"
                break


def whole(ex: Exercise, answer: object) -> object:
    """The answers of a wrong prediction, completed with right ones."""
    return {**ex.compute(), **answer} if isinstance(answer, dict) else answer


def wrong_answers(ex: Exercise) -> Iterator[str]:
    """Every wrong answer is rejected, with its own sentence; no two sentences are the same."""
    if len(ex.wrongs) < 3:
        yield f"has {len(ex.wrongs)} wrong answers; three are needed"
    if len({wrong.says for wrong in ex.wrongs}) < len(ex.wrongs):
        yield "two wrong answers have the same sentence"
    for wrong in ex.wrongs:
        if not wrong.ask:
            yield f"{wrong.name} has no question"
        for seed in seeds_of(ex):
            found = attempt(ex, whole(ex, wrong.answer), seed)
            if found.ok:
                yield f"{wrong.name} passes under seed {seed}"
                break
            if found.misconception != wrong.name:
                name = found.misconception or "something unknown"
                yield f"{wrong.name} is taken for {name} under seed {seed}: {found!r}"
                break


def hints_hold_back(ex: Exercise) -> Iterator[str]:
    """No hint holds a line of the solution."""
    if len(ex.hints) != 3:
        yield f"has {len(ex.hints)} hints; a question, a rule and a worked sibling are needed"
    if ex.is_code:
        handed_out = with_blanks(ex.source(ex.given or ex.answer)).splitlines()
        lines = [
            line.split("#")[0].strip() for line in filled(ex.source(ex.answer)).splitlines() if line not in handed_out
        ]
        secrets = [part for line in lines if len(part := line.removeprefix("return ").split(" = ")[-1]) > 8]
    elif ex.kind == "parsons":
        secrets = [ex.answer, ex.answer.replace(" ", "")]
    else:
        secrets = []
    for number, hint in enumerate(ex.hints, 1):
        for secret in secrets:
            if "".join(secret.split()) in "".join(hint.split()):
                yield f"hint {number} gives away: {secret}"


def cases_are_telling(ex: Exercise) -> Iterator[str]:
    """There are enough cases, and the same seed gives the same ones."""
    if ex.draw is None:
        return
    count = len(list(cases_of(ex, 0)))
    if count < 3:
        yield f"has {count} cases; three are needed"


PROOFS: dict[str, Callable[[Exercise], Iterator[str]]] = {
    "untouched": untouched,
    "right": right_answers,
    "wrong": wrong_answers,
    "hints": hints_hold_back,
    "cases": cases_are_telling,
}


def mutants_of(ex: Exercise) -> list[tuple[str, str]]:
    """The mutants of a solution; none where the learner writes no code."""
    return list(mutants(filled(ex.source(ex.answer)))) if ex.is_code else []


def mutated(ex: Exercise, date: str) -> tuple[Row, list[str]]:
    """Check all mutants of a solution: the row of the table, and what is wrong."""
    start, changes = time.perf_counter(), mutants_of(ex)
    passing = [change for change, source in changes if all(checked(ex, source, seed).ok for seed in (0, 1))]
    reviewed = tuple(change for change in passing if change in ex.equivalents)
    complaints = [f"mutant passes: {change}" for change in passing if change not in ex.equivalents]
    complaints += [f"no such mutant passes: {change}" for change in ex.equivalents if change not in passing]
    rejected, seconds = len(changes) - len(passing), round(time.perf_counter() - start, 1)
    return Row(ex.id, digest(ex), len(changes), rejected, reviewed, seconds, date), complaints


def chosen(names: list[str]) -> list[Exercise]:
    """The exercises that names mean: an id, or the number of a chapter."""
    return [ex for ex in catalogue().values() if not names or ex.id in names or f"{ex.chapter:02d}" in names]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="ids or chapters; default: all")
    parser.add_argument("--mutants", action="store_true", help="the mutants too, and write their table")
    parser.add_argument("--table", type=Path, default=FILE, help="where their table is kept; default: docs/mutants.md")
    parser.add_argument("--date", default=str(date.today()), help="the date in the table; default: today")
    options = parser.parse_args()
    bad = 0
    for ex in chosen(options.names):
        start = time.perf_counter()
        complaints, counts = [f"{name}: {text}" for name, proof in PROOFS.items() for text in proof(ex)], ""
        if options.mutants:
            row, amiss = mutated(ex, options.date)
            write({**read(options.table), ex.id: row}.values(), options.table)  # at once: a run that is ended is kept
            complaints += amiss
            counts = f": {row.mutants} mutants, {row.rejected} rejected, {len(row.reviewed)} reviewed"
        bad += len(complaints)
        for text in complaints:
            print(f"✗ {ex.id}: {text}", flush=True)
        if not complaints:
            print(f"✓ {ex.id}{counts} ({time.perf_counter() - start:.1f} s)", flush=True)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
