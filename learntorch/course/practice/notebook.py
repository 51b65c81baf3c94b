"""What an exercise notebook imports: `exercise`, `predict`, `parsons`, `check`, `hint`, `solution`, `reset`, …

Read in no chapter; the exercise notebooks use it. Running a cell checks it.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ..syllabus import CHAPTERS
from . import slots, trouble
from .answer import filled, load, plain, written
from .definition import Exercise, catalogue, find, of_chapter
from .feedback import Hint, Result
from .kinds import ASKED_BY, checked, kept, patience
from .predicting import assembled, letters
from .progress import Progress
from .slots import mine
from .tables import Table

__all__ = ["check", "exercise", "hint", "mine", "parsons", "predict", "progress", "reset", "solution", "use", "whose"]

_progress = Progress()
_answers: dict[str, object] = {}  # this session's answers by exercise: a source, a dict, or an order
_mode = "auto"
_installed: set[str] = set()  # the exercises whose pieces are in their slots now


def _show(thing: object) -> None:
    """Display in a notebook, print elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display(thing)
            return
    except ImportError:
        pass
    print(thing)


def _known(id: str, form: str | None = None) -> Exercise | None:
    """The exercise, if it is answered in this form; or a sentence on the screen and None."""
    try:
        ex = find(id)
    except KeyError as error:
        print(error)
        return None
    if form not in (None, ex.form):
        print(ASKED_BY[ex.form].format(id))
        return None
    return ex


# Answering ───────────────────────────────────────────────────────────────────────────────────────


def exercise(id: str) -> Callable:
    """A decorator: check the function (or class) as soon as its cell is run."""

    def take(answer):
        ex = _known(id, "exercise")
        if ex is None:
            return answer
        try:
            source, first = written(answer)
            source, above = plain(source)
        except (OSError, TypeError, SyntaxError, StopIteration):
            print(f"{id}: the source of this answer cannot be read. Define it in a cell of the notebook.")
            return answer
        _take(ex, source, above=first - 1 + above)
        return answer

    return take


def predict(id: str, *blank: object, **answers) -> None:
    """Say what will happen, before it is run. A … in the place of the answers leaves all of them open."""
    if any(answer is not ... for answer in blank):
        print(ASKED_BY["predict"].format(id))
        return
    ex = _known(id, "predict")
    if ex is not None:
        _take(ex, answers)


def parsons(id: str, order: object = ...) -> None:
    """Put lines in order: `parsons("topological-sort", "B A C")`."""
    ex = _known(id, "parsons")
    if ex is not None:
        _take(ex, order)


def _take(ex: Exercise, answer: object, above: int = 0) -> None:
    """Keep an answer for this session, and show what its check says; `above` lines stand above it in its cell."""
    _answers[ex.id] = answer
    _show(_settle(ex, answer, above=above))


def _settle(ex: Exercise, answer: object, seed: int = 0, above: int = 0) -> Result:
    """Check an answer, record the try, put a piece that passed into its slot, and say how far the chapter is."""
    wait = patience(ex, answer)
    if wait and os.environ.get("LEARNTORCH_WIDGETS") != "off":  # off: outputs are compared, and the line is none
        print(wait, flush=True)
    # With the lines above it, a line has the number that it has in the cell.
    result = checked(ex, "\n" * above + answer if above else answer, seed)
    source = kept(ex, answer)
    if result.status in ("right", "wrong"):
        _progress.record(ex.id, passed=result.ok, source=source)
    if result.ok:
        if ex.slot and _mode != "reference":
            _install(ex, source)
        chapter = [e.id for e in of_chapter(ex.chapter)]
        result.passed = (len(_progress.passed() & set(chapter)), len(chapter))
    if _progress.unsaved:
        result.notes += (_progress.unsaved,)
    return result


def check(id: str | None = None, *, seed: int = 0) -> Result | None:
    """Check an answer again, with other numbers if you give another seed; without an id, the last one."""
    if id is None:
        if not _answers:
            print("There is no answer yet in this session. Run an exercise's cell, or name one: check('softmax').")
            return None
        id = next(reversed(_answers))
    ex = _known(id)
    if ex is None:
        return None
    answer = _answers.get(id, _progress.source(id) if ex.is_code else None)
    if answer is None:
        return Result(id, "not started")
    return _settle(ex, answer, seed)


# Help ────────────────────────────────────────────────────────────────────────────────────────────


def hint(id: str) -> None:
    """The next hint: a question, then the rule, then a worked example with other numbers, then the solution."""
    ex = _known(id)
    if ex is None:
        return
    before = _progress.hinted(id)
    if before < len(ex.hints):
        _show(Hint(ex.hints[before]))
    else:
        solution(id)


def solution(id: str) -> None:
    """One way to do it. Try first: what you have worked out stays, what you have read goes."""
    ex = _known(id)
    if ex is None:
        return
    if ex.is_code:
        print(filled(ex.source(ex.answer)).rstrip())
    elif ex.form == "parsons":
        print(ex.answer + "\n\n" + assembled(ex, letters(ex.answer)).rstrip())
    else:
        print(", ".join(f"{name}={value!r}" for name, value in ex.compute().items()))


def reset(id: str) -> None:
    """Begin an exercise again. Your answer moves to .learntorch/drafts."""
    ex = _known(id)
    if ex is None:
        return
    _answers.pop(id, None)
    _progress.reset(id)
    if ex.slot:
        slots.slots()[ex.slot].restore()
        _installed.discard(id)
    print(f"○ {id}: not started. Run its cell to begin again.")


# Whose torch is it? ──────────────────────────────────────────────────────────────────────────────


def _install(ex: Exercise, source: str) -> None:
    slots.slots()[ex.slot].install(load(ex, source, "mine").object)
    _installed.add(ex.id)
    trouble.show_pieces_that_break()


def use(mode: str = "auto") -> None:
    """Choose whose pieces run: "auto" (yours where you have passed, ours elsewhere), "mine" (the same, and says which
    are still ours), "reference" (ours), "strict" (yours, and an error where a piece is missing)."""
    global _mode
    if mode not in ("auto", "mine", "reference", "strict"):
        raise ValueError(f'use() takes "auto", "mine", "reference" or "strict", not {mode!r}.')
    _mode = mode
    missing = []
    for ex in (e for e in catalogue().values() if e.slot):
        slot = slots.slots()[ex.slot]
        slot.restore()
        _installed.discard(ex.id)
        source = _progress.source(ex.id) if mode != "reference" and ex.id in _progress.passed() else None
        if source is not None:
            _install(ex, source)
        elif mode == "strict":
            slots.poison(slot, ex.id)
        else:
            missing.append(ex.id)
    if mode == "mine" and missing:
        print("Still ours: " + ", ".join(missing) + ".")


def whose() -> Table:
    """A table of all slots: yours or ours. It says what runs in this session."""
    built = [ex for ex in catalogue().values() if ex.slot]
    other = "○ empty" if _mode == "strict" else "○ ours"
    rows = [
        (f"{ex.chapter:02d}", ex.id, slots.slots()[ex.slot].where, "● yours" if ex.id in _installed else other)
        for ex in built
    ]
    note = f"Yours: {len(_installed)} of {len(built)} pieces."
    idle = _progress.passed() & {ex.id for ex in built} - _installed
    if idle:
        note += f' You have passed {len(idle)} more: use("auto") puts yours in.'
    return Table(("chapter", "exercise", "piece", "whose"), rows, note)


def progress() -> Table:
    """How far you are, chapter by chapter, and where to go on."""
    passed = _progress.passed()
    rows, waiting = [], []
    for chapter in sorted({ex.chapter for ex in catalogue().values()}):
        ids = [ex.id for ex in of_chapter(chapter)]
        left = [id for id in ids if id not in passed]
        waiting += [(chapter, id) for id in left]
        signs = "".join("●" if id in passed else "○" for id in ids)
        title = CHAPTERS[chapter - 1].title.split(":")[0]
        rows.append((f"{chapter:02d}", title, signs, f"{len(ids) - len(left)} of {len(ids)}", left[0] if left else "–"))
    done = len(catalogue()) - len(waiting)
    note = f"Passed: {done} of {len(catalogue())} exercises."
    begun = max((find(id).chapter for id in passed if id in catalogue()), default=1)
    if waiting:  # go on in the chapter that was reached; later come back to what was left out
        chapter, id = next((place for place in waiting if place[0] >= begun), waiting[0])
        note += f" {'Next:' if done else 'Begin with'} {id}, chapter {chapter:02d}."
    return Table(("chapter", "about", "exercises", "passed", "next"), rows, note)
