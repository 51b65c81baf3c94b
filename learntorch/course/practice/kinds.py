"""What is done with an answer, by the kind of its exercise: a source, an order of lines, or predictions.

Read in no chapter. The notebook, the command line and the proofs ask here.
"""

from __future__ import annotations

from .checking import check_source, unfit
from .definition import Exercise
from .feedback import WRONG, Result
from .predicting import assembled, check_answers, check_order, letters

ASKED_BY = {
    "exercise": 'Write a function below @exercise("{}").',
    "parsons": 'Give the order of the lines: parsons("{}", "B A C").',
    "predict": 'Give each answer its name, such as predict("{}", a=...).',
}
PATIENCE = (
    "{}: the check trains nets. That takes some seconds, and a minute or two where a piece of yours is slow; "
    "one training is stopped after {:g} s."
)


def checked(ex: Exercise, answer: object, seed: int = 0) -> Result:
    """Check an answer: the source of a function, the order of lines, or a dict of predictions."""
    if ex.form == "parsons":
        return check_order(ex, answer, seed)
    if not isinstance(answer, str if ex.is_code else dict):
        return Result(ex.id, WRONG, ASKED_BY[ex.form].format(ex.id))
    return check_source(ex, answer, seed) if ex.is_code else check_answers(ex, answer)


def kept(ex: Exercise, answer: object) -> str:
    """What is stored of an answer, in `mine/` or `drafts/`: always the text of a Python program."""
    if ex.form != "parsons":
        return answer if isinstance(answer, str) else repr(answer)
    chosen = letters(answer) if isinstance(answer, str) else []
    return assembled(ex, chosen) if chosen and set(chosen) <= set(ex.lines) else ""


def patience(ex: Exercise, answer: object) -> str:
    """What to know before a check that takes long; empty if it does not."""
    long = ex.trains and isinstance(answer, str) and unfit(ex, answer) is None
    return PATIENCE.format(ex.id, ex.timeout) if long else ""
