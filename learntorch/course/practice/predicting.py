"""Checking the exercises that are not written as code: predictions, choices, and lines to be put in order.

Read in no chapter.
"""

from __future__ import annotations

import ast

from .answer import load, notebook_names
from .checking import judge
from .compare import difference
from .definition import Exercise
from .feedback import OPEN, RIGHT, UNTOUCHED, WRONG, Result
from .guard import guarded, quiet_state


def check_answers(ex: Exercise, answers: dict[str, object]) -> Result:
    """Compare what the learner predicted with what really happens."""
    truth = ex.compute()
    strange = [name for name in answers if name not in truth]
    if strange:
        return Result(ex.id, WRONG, f"There is no question {strange[0]!r} here; the questions are {', '.join(truth)}.")
    waiting = [name for name in truth if answers.get(name, ...) is ...]
    if len(waiting) == len(truth):
        return Result(ex.id, UNTOUCHED)
    if waiting:
        return Result(ex.id, OPEN, f"Still to be answered: {', '.join(waiting)}.")
    off = [name for name in truth if not same(answers[name], truth[name])]
    if not off:
        return Result(ex.id, RIGHT)
    for wrong in ex.wrongs:
        if all(name in answers and same(answers[name], value) for name, value in wrong.answer.items()):
            return Result(ex.id, WRONG, wrong.says, misconception=wrong.name, ask=wrong.ask)
    count = f"{len(truth) - len(off)} of {len(truth)} right." if len(truth) > 1 else "Not yet."
    return Result(ex.id, WRONG, f"{count} Look again at {', '.join(off)}.")


def same(mine: object, right: object) -> bool:
    """True if two short answers say the same: a list for a tuple will do, and so do capitals and spaces."""
    if type(right).__name__ == "dtype":  # "float32" will do for torch.float32
        return str(mine).removeprefix("torch.") == str(right).removeprefix("torch.")
    if isinstance(mine, str) and isinstance(right, str):
        return "".join(mine.split()).lower() == "".join(right.split()).lower()
    if isinstance(mine, list):
        mine = tuple(mine)
    if isinstance(mine, bool) != isinstance(right, bool):
        return False
    if isinstance(mine, (int, float)) and isinstance(right, (int, float)):
        return abs(mine - right) <= 1e-3 * max(1.0, abs(right))
    if type(mine).__name__ == "dtype":
        mine = str(mine)
    return difference(mine, right) is None


def letters(order: str) -> list[str]:
    """The letters of an order, however they are separated: 'D A F', 'DAF', 'd, a, f'."""
    return [c for c in order.upper() if c.isalpha()]


def assembled(ex: Exercise, order: list[str]) -> str:
    """The program that an order of lines gives."""
    return "\n".join(ex.lines[letter] for letter in order) + "\n"


def check_order(ex: Exercise, order: object, seed: int = 0) -> Result:
    """Put the lines together in the learner's order, and check the program by what it does."""
    if order is ... or (isinstance(order, str) and not letters(order)):
        return Result(ex.id, UNTOUCHED)
    if not isinstance(order, str):
        return Result(ex.id, WRONG, 'Give the order as a text of letters, for example "B A C".')
    chosen = letters(order)
    unknown = [c for c in chosen if c not in ex.lines]
    if unknown:
        return Result(ex.id, WRONG, f"There is no line {unknown[0]}; the lines are {', '.join(ex.lines)}.")
    for wrong in ex.wrongs:
        if letters(wrong.answer) == chosen:
            return Result(ex.id, WRONG, wrong.says, misconception=wrong.name, ask=wrong.ask)
    twice = [c for c in chosen if chosen.count(c) > 1]
    if twice:
        return Result(
            ex.id, WRONG, f"Line {twice[0]} stands there {chosen.count(twice[0])} times; each is used once at most."
        )
    source = assembled(ex, chosen)
    try:
        ast.parse(source)
    except SyntaxError as error:
        at = f"line {chosen[error.lineno - 1]}" if error.lineno and error.lineno <= len(chosen) else "the end"
        return Result(
            ex.id, WRONG, f"In this order Python cannot read the program: look at {at} and what stands before it."
        )
    with quiet_state():
        loading = guarded(lambda: load(ex, source), ex.timeout)
        if not loading.returned:
            return Result(ex.id, WRONG, f"In this order the program fails at once: {type(loading.error).__name__}.")
        result = judge(ex, loading.value.object, loading.value.file, seed, names=notebook_names(source))
    idle = [c for c in chosen if c in ex.distractors]
    if result.ok and idle:
        return Result(ex.id, WRONG, f"It works, but line {idle[0]} does nothing useful in it: leave it out.")
    return result
