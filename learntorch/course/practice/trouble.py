"""What a notebook shows when a piece of the learner's torch is missing or breaks: one sentence, and their own lines.

Read in no chapter. An error runs through five frames of the package before it is seen, and none of those is the
learner's. IPython asks an error how it wants to be shown; these answer. `%debug` still sees every frame.
"""

from __future__ import annotations

import sys
import traceback
from types import FrameType

from .answer import PIECE

MOST = 4  # lines of one's own that are shown: a function that calls itself has thousands


class EmptySlot(RuntimeError):
    """Raised in a strict run by a slot that holds nothing of the learner's."""

    def _render_traceback_(self) -> list[str]:
        return [f"{self}", *own_lines(self)]


def _origins(error: BaseException) -> list[BaseException]:
    """An error and those in whose place it was raised: the engine explains what arose in a rule, with `from None`."""
    found = [error]
    while error.__suppress_context__ and error.__cause__ is None and error.__context__ is not None:
        found.append(error := error.__context__)
    return found


def _way(error: BaseException) -> list[tuple[FrameType, int]]:
    """The frames that an error went through, with their lines, the outermost first."""
    return [step for origin in _origins(error) for step in traceback.walk_tb(origin.__traceback__)]


def own_lines(error: BaseException) -> list[str]:
    """The learner's own lines that an error went through, the outermost first: in cells, and in their pieces."""
    found = []
    for frame, line in _way(error):
        piece = PIECE.fullmatch(frame.f_code.co_filename)
        if piece or frame.f_globals.get("__name__") == "__main__":
            where = f"line {line} of your {piece[1]}" if piece else f"line {line} of the cell"
            [summary] = traceback.StackSummary.extract([(frame, line)])
            found.append(f"  {where}: {summary.line}")
    return found[:1] + found[1:][1 - MOST :]


def broken_piece(error: BaseException) -> str | None:
    """The exercise in whose installed piece an error arose; None if it came from elsewhere."""
    for frame, _ in reversed(_way(error)):
        if piece := PIECE.fullmatch(frame.f_code.co_filename):
            return piece[1]
    return None


def describe(error: BaseException) -> list[str]:
    """An error that arose in a piece of the learner's."""
    first = _origins(error)[-1]
    said = f"{type(first).__name__}: {first}".rstrip(": ")
    sentence = f'Your {broken_piece(error)} has stopped with {said}. With use("reference") ours runs in its place.'
    return [sentence, *own_lines(error)]


def show_pieces_that_break() -> None:
    """From now on, an error in one of the learner's pieces is shown by its own lines. All others look as ever."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or shell.custom_exceptions:  # somebody else has asked for that before
        return

    def show(shell, kind, error, frames, tb_offset=None) -> None:
        if broken_piece(error) is not None and not hasattr(error, "_render_traceback_"):
            error._render_traceback_ = lambda: describe(error)
        shell.showtraceback((kind, error, frames), tb_offset=tb_offset)

    shell.set_custom_exc((Exception,), show)
