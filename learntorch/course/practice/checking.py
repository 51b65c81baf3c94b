"""Checking an answer by what it does, and telling which mistake it is.

Read in no chapter. An answer is run on the cases of its exercise and compared with the oracle. If it fails, every
known wrong answer is run on the same cases: the one that does the same names the mistake. If none does, relations
are tried (negated, k times, transposed, …), and the smallest failing case is shown.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection
from inspect import signature

import numpy as np

from .answer import Loaded, borrowed, load, notebook_names, open_lines, out_of_bounds, same_code, with_blanks
from .compare import Difference, difference, kind_of
from .definition import Exercise, Wrong, cases_of
from .feedback import OPEN, RIGHT, UNTOUCHED, WRONG, Result, Trial
from .guard import Outcome, copied, guarded, quiet_state, shares_memory, unchanged
from .relations import relation

OVERWRITTEN = "The result is right, but the argument `{}` was overwritten on the way."
SHARED = "The numbers are right, but the result lies in the argument's own memory: a write to one changes both."
COPIED = "The numbers are right, but they are a copy; they should lie in the argument's own memory."
FICKLE = (
    "The first call is right, and a second one with the same arguments is not: something is remembered between calls."
)
LATER = "A result was right when it came, and later calls have changed it: something is remembered between calls."
OUT_OF_BOUNDS = "`{}` is out of bounds here: an answer is written with np, torch, nn, F, math and plain Python."
READY_MADE = {
    "": "`{}` is what you are building here. Write it from smaller pieces.",
    "errstate": "`{}` hides an overflow and does not prevent it. Write it so that none arises.",
    "seterr": "`{}` hides an overflow and does not prevent it. Write it so that none arises.",
    "for": "There is a loop in it. Here the tensors do the repeating: write it without `for` and `while`.",
}
SLOW = (
    "It was stopped after {:g} s. Most of that time went into your `{}`: it may be slow, or called without end. "
    'With `use("reference")` ours runs in its place.'
)
FOREIGN = (
    "It uses `{}`, a variable of this notebook that other chapters lack: make it an argument, or compute it inside."
)


def try_case(ex: Exercise, answer: object, file: str, case: tuple, expected: object) -> Trial:
    """Run an answer on a copy of a case, twice, and compare."""
    mine = copied(case)
    outcome = _called(ex, answer, file, mine)
    trial = Trial(case, outcome, expected)
    if not outcome.returned:
        trial.fault = Difference(outcome.how, _stopped(outcome, ex.timeout))
        return trial
    try:
        _compare(ex, answer, file, trial, mine)
    except Exception:  # an object of the learner's own making that behaves like nothing else
        trial.fault = Difference("type", f"Your answer is {kind_of(outcome.value)} that cannot be compared.")
    return trial


def _called(ex: Exercise, answer: object, file: str, mine: tuple) -> Outcome:
    """What becomes of an answer with these arguments, which it may write into."""
    return guarded(lambda: ex.judge(answer, *mine) if ex.judge else answer(*mine), ex.timeout, file)


def _compare(ex: Exercise, answer: object, file: str, trial: Trial, mine: tuple) -> None:
    """What is wrong with a call that came back, if anything; `mine` are the arguments that it had."""
    case, outcome, expected = trial.case, trial.outcome, trial.expected
    if ex.judge is None:
        trial.mutated = () if ex.mutates else tuple(i for i, x in enumerate(case) if not unchanged(x, mine[i]))
        trial.aliased = shares_memory(outcome.value, mine, all if ex.result == "view" else any)
    trial.fault = difference(outcome.value, expected, types=ex.types, rtol=ex.rtol)
    if trial.fault is None and trial.mutated:
        names = list(signature(ex.answer).parameters)
        trial.fault = Difference("mutated", OVERWRITTEN.format(names[trial.mutated[0]]))
    if trial.fault is None and ex.judge is None and ex.result != "any" and trial.aliased != (ex.result == "view"):
        trial.fault = Difference("aliased", SHARED if trial.aliased else COPIED)
    if trial.fault is None:
        second = _called(ex, answer, file, copied(case))
        if not second.returned or difference(second.value, expected, types=ex.types, rtol=ex.rtol) is not None:
            trial.fickle = True
            trial.fault = Difference("fickle", FICKLE)


def _stopped(outcome: Outcome, seconds: float) -> str:
    """The sentence for a call that did not come back."""
    at = f" Line {outcome.line} was running." if outcome.line else ""
    if outcome.how == "overtime":
        if outcome.slow:
            return SLOW.format(seconds, outcome.slow) + at
        return f"It was stopped after {seconds:g} s: perhaps a loop that never ends.{at}"
    if outcome.how == "overweight":
        return f"It was stopped because it took more than 1 GB of memory.{at}"
    if outcome.how == "exited":
        return f"It tried to end the program.{at} A function answers with return."
    error = outcome.error
    if outcome.how == "patched":
        return f"It changed {error}, which everybody uses. It is as it was now; an answer leaves it alone."
    if outcome.how == "left off":
        return f"It switched {error} on or off and left it so. Whoever calls it would lose it: put it back at the end."
    text = " ".join(str(error).split())
    at = f" in line {outcome.line}" if outcome.line else ""
    return f"It raised {type(error).__name__}{at}: {text if len(text) < 300 else text[:300] + '…'}"


def trials(ex: Exercise, answer: object, file: str, seed: int) -> list[Trial]:
    """An answer on all cases of a seed. A call that runs out of time or memory is the last one."""
    found = []
    for case in cases_of(ex, seed):
        trial = try_case(ex, answer, file, case, ex.compute(*copied(case)))
        found.append(trial)
        if trial.outcome.how in ("overtime", "overweight"):
            break
    if not found:
        raise ValueError(f"{ex.id} has no cases")
    for trial in found:
        if trial.fault is None and difference(trial.outcome.value, trial.expected, types=ex.types, rtol=ex.rtol):
            trial.fickle, trial.fault = True, Difference("fickle", LATER)
    return found


def check_source(ex: Exercise, source: str, seed: int = 0) -> Result:
    """Check the source of a function (or class): the whole way from an untouched cell to a pass."""
    return unfit(ex, source) or _check_by_running(ex, source, seed)


def unfit(ex: Exercise, source: str) -> Result | None:
    """Why a source is not run at all: it is untouched, open, unreadable, or uses what it may not; None if it is run."""
    try:
        blanks = open_lines(source)
    except SyntaxError as error:
        return Result(ex.id, WRONG, f"Python cannot read line {error.lineno}: {error.msg}.")
    given = with_blanks(ex.source(ex.given or ex.answer))
    if same_code(source, given):
        return Result(ex.id, UNTOUCHED, lines=tuple(blanks))
    if blanks:
        return Result(ex.id, OPEN, lines=tuple(blanks))
    outside = out_of_bounds(source)
    if outside:
        return Result(ex.id, WRONG, OUT_OF_BOUNDS.format(outside))
    ready = borrowed(ex, source)
    if ready:
        return Result(ex.id, WRONG, READY_MADE.get(ready[0], READY_MADE[""]).format(ready[0]))
    return None


def _check_by_running(ex: Exercise, source: str, seed: int) -> Result:
    """Load a source and judge it under the limits."""
    with quiet_state():
        loading = guarded(lambda: load(ex, source), ex.timeout)
        if not loading.returned:
            return Result(ex.id, WRONG, _stopped(loading, ex.timeout))
        answer: Loaded = loading.value
        # Another round with numbers that hang on the source: nobody can know them beforehand, and each answer gets
        # the same ones every time. The function has been called by then: what it remembers shows. Where a net is
        # trained, one round is long enough.
        for numbers in (seed, zlib.crc32(source.strip().encode()))[: 1 if ex.trains else 2]:
            result = judge(ex, answer.object, answer.file, numbers, names=notebook_names(source))
            if not result.ok:
                break
        return result


def judge(ex: Exercise, answer: object, file: str, seed: int = 0, names: Collection[str] = ()) -> Result:
    """Run a loaded answer, and diagnose it if it fails."""
    found = trials(ex, answer, file, seed)
    failing = [t for t in found if t.fault is not None]
    if not failing:
        return Result(ex.id, RIGHT)
    smallest = failing[0]  # a definition yields its small cases first
    error = smallest.outcome.error
    if isinstance(error, NameError) and getattr(error, "name", None) in names:
        return Result(ex.id, WRONG, FOREIGN.format(error.name), case=smallest)
    last = found[-1].outcome  # a slow piece would stop every other answer too: it tells nothing of this one
    match = None if last.how == "overtime" and (ex.trains or last.slow) else diagnose(ex, found)
    if match is not None:
        return Result(ex.id, WRONG, match.says, misconception=match.name, ask=match.ask, case=smallest)
    smallest = simplest(ex, answer, file, smallest)
    off = smallest.fault.what in ("values", "shape", "nan")
    says = relation(smallest.outcome.value, smallest.expected) if off else None
    if ex.judge is not None and smallest.outcome.returned:
        says = in_words(smallest.outcome.value, smallest.expected) or says
    return Result(ex.id, WRONG, says or smallest.fault.says, case=smallest)


def in_words(found: object, expected: object) -> str | None:
    """What a check of its own kind saw, where it says so in words."""
    seen = f"What the check saw: {found}." if isinstance(found, str) else ""
    wanted = f"What should be seen: {expected}." if isinstance(expected, str) else ""
    return f"{seen} {wanted}".strip() or None


def diagnose(ex: Exercise, found: list[Trial]) -> Wrong | None:
    """The known wrong answer that does the same on every case."""
    return next((wrong for wrong in ex.wrongs if behaves(ex, wrong.answer, found)), None)


def behaves(ex: Exercise, answer: Callable, found: list[Trial]) -> bool:
    """True if an answer does on each case what these trials say. It is left at the first case where it does not."""
    file = getattr(getattr(answer, "__code__", None), "co_filename", "")
    return all(alike(try_case(ex, answer, file, trial.case, trial.expected), trial, ex) for trial in found)


def alike(a: Trial, b: Trial, ex: Exercise) -> bool:
    """True if two answers did the same with a case: value, exception, writing, sharing."""
    if a.outcome.how != b.outcome.how or (a.mutated, a.aliased, a.fickle) != (b.mutated, b.aliased, b.fickle):
        return False
    if a.outcome.how == "raised":
        return type(a.outcome.error) is type(b.outcome.error)
    if not a.outcome.returned:
        return True
    return difference(a.outcome.value, b.outcome.value, types=ex.types, rtol=ex.rtol) is None


def simplest(ex: Exercise, answer: object, file: str, trial: Trial) -> Trial:
    """The same failure with rounder numbers, if there is one: easier to follow by hand."""
    if not trial.outcome.returned:
        return trial
    for digits in (0, 1):
        case = tuple(_rounded(part, digits) for part in trial.case)
        outcome = guarded(lambda case=case: ex.compute(*copied(case)), ex.timeout)
        if not outcome.returned:
            continue
        other = try_case(ex, answer, file, case, outcome.value)
        if other.fault is not None and other.outcome.returned and other.fault.what == trial.fault.what:
            return other
    return trial


def _rounded(part: object, digits: int) -> object:
    if isinstance(part, np.ndarray) and part.dtype.kind == "f":
        return np.round(part, digits) + 0
    return part
