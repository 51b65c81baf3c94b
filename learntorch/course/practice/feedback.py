"""What a learner reads after a check: the same content as plain text and as a card in the notebook.

Read in no chapter. Everything that comes from outside is escaped; nothing depends on the time or on chance; no
colour says what a sign or a word does not say too.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from html import escape

import numpy as np

from .compare import Difference, array_of, close, number, text
from .definition import Exercise, find
from .guard import Outcome

UNTOUCHED, OPEN, WRONG, RIGHT = "not started", "open", "wrong", "right"
SIGNS = {UNTOUCHED: "○", OPEN: "○", WRONG: "◐", RIGHT: "●"}
EDGES = {UNTOUCHED: "#767676", OPEN: "#767676", WRONG: "#B45F06", RIGHT: "#00755E"}


@dataclass
class Trial:
    """What an answer did with one case."""

    case: tuple
    outcome: Outcome
    expected: object
    mutated: tuple[int, ...] = ()  # the arguments that it wrote into, by their places
    aliased: bool = False  # its result lies in the memory of an argument
    fickle: bool = False  # a second call gave something else
    fault: Difference | None = None  # what is wrong with it


@dataclass
class Result:
    """What a check found. It prints as a few lines, and as a card in a notebook."""

    id: str
    status: str
    message: str = ""
    misconception: str = ""  # the name of the known wrong answer that it matches
    ask: str = ""
    case: Trial | None = None
    lines: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    passed: tuple[int, int] | None = None  # how many of the chapter's exercises are done, of how many

    @property
    def ok(self) -> bool:
        """True if the answer is right."""
        return self.status == RIGHT

    def __repr__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)


def headline(result: Result) -> str:
    """The first line: a sign, the exercise, and what to know first."""
    sign, where = SIGNS[result.status], _lines(result.lines)
    if result.status == UNTOUCHED:
        ex = find(result.id)
        if ex.kind == "debug":
            todo = "Find the mistake and mend it."
        elif ex.is_code:
            todo = f"Replace the … on {where}." if where else "Write the function."
        elif ex.kind == "parsons":
            todo = "Put the letters of the lines in order."
        else:
            todo = "Replace each … with your answer."
        return f"{sign} {result.id}: not started. {todo}"
    if result.status == OPEN:
        return f"{sign} {result.id}: begun. " + (result.message or f"There is still a … on {where}.")
    if result.status == WRONG:
        return f"{sign} {result.id}: not yet. {result.message}"
    ex = find(result.id)
    done = f" {result.passed[0]} of {result.passed[1]} in this chapter." if result.passed else ""
    built = f"yours is now {ex.builds}." if ex.builds else "right."
    return f"{sign} {result.id}: {built}{done}"


def _lines(lines: tuple[int, ...]) -> str:
    if not lines:
        return ""
    if len(lines) == 1:
        return f"line {lines[0]}"
    return f"lines {', '.join(map(str, lines[:-1]))} and {lines[-1]}"


def rows(result: Result) -> list[tuple[str, str]]:
    """The failing case as pairs of a label and a text: given, yours, expected (of a picture: target), printed."""
    trial = result.case
    if trial is None:
        return []
    ex = find(result.id)
    found = [("given", given(ex, trial.case))]
    if trial.outcome.returned:
        found.append(("yours", block_of(ex, trial.outcome.value)))
        if trial.mutated:
            found.append(("", "and it wrote into its argument"))
    elif result.message != trial.fault.says:
        found.append(("yours", trial.fault.says))
    found.append(("target" if ex.kind == "visual" else "expected", block_of(ex, trial.expected)))
    if ex.kind == "visual" and (what := what_differs(ex, trial)):
        found.append(("differ", what))
    if trial.outcome.printed.strip():
        lines = trial.outcome.printed.rstrip().splitlines()
        found.append(("printed", "\n".join(lines[:8] + ["…"] * (len(lines) > 8))))
    return found


def block_of(ex: Exercise, value: object) -> str:
    """A value as lines. The arrays of a tuple stand below each other, numbered as in the sentence "Part 2: …"."""
    if isinstance(value, str) and ex.judge is not None:
        return value  # what the check saw, in words
    if isinstance(value, dict) and ex.judge is not None:
        return "\n".join(f"{name}: {_indented(block_of(ex, x), len(str(name)) + 2)}" for name, x in value.items())
    if isinstance(value, (tuple, list)) and any((array := array_of(x)) is not None and array.ndim for x in value):
        parts = [f"part {i}: " for i in range(1, len(value) + 1)]
        return "\n".join(part + _indented(text(x), len(part)) for part, x in zip(parts, value))
    return text(value)


def pictures(trial: Trial) -> tuple[np.ndarray, np.ndarray] | None:
    """Yours and the target as arrays; None if one of them is too large for a picture, or is no array at all."""
    both = [array_of(value) for value in (trial.outcome.value, trial.expected)]
    fit = all(x is not None and x.ndim in (1, 2) and 0 < x.size <= 144 and x.dtype.kind in "biuf" for x in both)
    return tuple(both) if fit else None


def what_differs(ex: Exercise, trial: Trial) -> str:
    """Which cells of the picture differ: '✗ 2 of 6 cells: [0, 1], [1, 0]'."""
    both = pictures(trial)
    if both is None:
        return ""
    mine, target = both
    if mine.shape != target.shape:
        return f"shape {mine.shape} instead of {target.shape}"
    marked = ~close(mine, target, ex.rtol)
    return cells(marked) if marked.any() else ""


def cells(marked: np.ndarray, most: int = 6) -> str:
    """The places that are marked, the first few of them by name."""
    places = ["[" + ", ".join(map(str, at)) + "]" for at in np.argwhere(marked).tolist()]
    listed = ", ".join(places[:most] + ["…"] * (len(places) > most))
    return f"✗ {len(places)} of {marked.size} cells: {listed}"


def given(ex: Exercise, case: tuple) -> str:
    """The arguments of a case under their names."""
    if ex.show is not None:
        return ex.show(*case)
    try:
        names = list(inspect.signature(ex.answer).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(case))]
    return "\n".join(f"{name} = {_indented(text(part), len(name) + 3)}" for name, part in zip(names, case))


def _indented(block: str, width: int) -> str:
    return block.replace("\n", "\n" + " " * width)


def after(result: Result) -> list[str]:
    """What follows the headline: a question that repairs, or one that asks why; notes."""
    found = [f"Ask yourself: {result.ask}"] if result.ask else []
    if result.status == RIGHT and find(result.id).why:
        found.append(f"Why? {find(result.id).why}")
    return found + list(result.notes)


def text_of(result: Result) -> str:
    """The feedback as plain text."""
    lines = [headline(result)]
    for label, block in rows(result):
        lines.append(f"  {label:<9} {_indented(block, 12)}")
    lines += [f"  {line}" for line in after(result)]
    return "\n".join(lines)


CARD = (
    "border-left:5px solid {edge};padding:6px 12px;margin:4px 0;font-size:1em;line-height:1.45;"
    "color:var(--jp-ui-font-color1,#1a1a1a);background:var(--jp-layout-color1,#ffffff)"
)
CODE = (
    "margin:0;padding:2px 6px;font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;"
    "color:var(--jp-content-font-color1,#1a1a1a);background:var(--jp-layout-color2,#f3f3f3)"
)
LABEL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"
# Note [Grids without colour]: a cell that differs has a thick border and a ✗. The grey behind a number grows with
# it, so that a pattern is seen as one; it is translucent, and the number stays legible on a light and a dark page.
CELL = (
    "text-align:center;min-width:2.2em;padding:3px 6px;font-family:var(--jp-code-font-family,monospace);"
    "color:var(--jp-content-font-color1,#1a1a1a);background:rgba(128,128,128,{shade:.2f});border:{border} solid"
)
BORDER, THICK = "1px", "4px"


def grid(label: str, values: np.ndarray, marked: np.ndarray, low: float, high: float) -> str:
    """A matrix as a table of cells under its label; marked cells have a thick border and a ✗."""
    body, width = "", values.shape[-1]
    for row, signs in zip(values.reshape(-1, width), marked.reshape(-1, width)):
        body += '<tr style="background:none">'
        for value, off in zip(row, signs):
            share = (float(value) - low) / (high - low) if high > low and np.isfinite(value) else 0.0
            style = CELL.format(shade=0.4 * share, border=THICK if off else BORDER)
            body += f'<td style="{style}">{escape(number(value))}{" ✗" if off else ""}</td>'
        body += "</tr>"
    caption = f'<caption style="{LABEL};caption-side:top;font-weight:bold">{escape(label)}</caption>'
    return f'<table style="border-collapse:collapse;margin:2px 0">{caption}<tbody>{body}</tbody></table>'


def side_by_side(ex: Exercise, trial: Trial) -> str:
    """Yours and the target as grids next to each other; empty where the answer is no picture, or differs in none."""
    if ex.kind != "visual" or not what_differs(ex, trial):
        return ""
    mine, target = pictures(trial)
    numbers = np.concatenate([x.ravel().astype(float) for x in (mine, target)])
    finite = numbers[np.isfinite(numbers)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    nowhere = np.zeros(target.shape, bool)
    marked = ~close(mine, target, ex.rtol) if mine.shape == target.shape else np.zeros(mine.shape, bool)
    box = '<div style="display:inline-block;vertical-align:top;margin-right:28px">{}</div>'
    return box.format(grid("yours", mine, marked, low, high)) + box.format(grid("target", target, nowhere, low, high))


def in_words(prose: str) -> str:
    """A sentence as HTML: what stands between backticks is code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(prose))


@dataclass(frozen=True)
class Hint:
    """A hint. It prints as it is, and shows its code as code in a notebook."""

    says: str

    def __repr__(self) -> str:
        return self.says

    def _repr_html_(self) -> str:
        return f'<div style="{CARD.format(edge=EDGES[OPEN])};white-space:pre-wrap">{in_words(self.says)}</div>'


def html_of(result: Result) -> str:
    """The feedback as a card; text_of says the same."""
    body = f"<div><strong>{in_words(headline(result))}</strong></div>"
    grids = side_by_side(find(result.id), result.case) if result.case is not None else ""
    lines = ""
    for label, block in rows(result):
        if grids and label in ("yours", "target"):
            shown = f'<td colspan="2" style="text-align:left">{grids}</td>' if label == "yours" else ""
        else:
            shown = f'<th scope="row" style="{LABEL}">{escape(label)}</th>'
            shown += f'<td style="text-align:left;padding:2px 0"><pre style="{CODE}">{escape(block)}</pre></td>'
        lines += f'<tr style="background:none">{shown}</tr>' if shown else ""
    if lines:
        body += f'<table style="border-collapse:collapse;margin:6px 0">{lines}</table>'
    body += "".join(f"<div>{in_words(line)}</div>" for line in after(result))
    return f'<div style="{CARD.format(edge=EDGES[result.status])}">{body}</div>'
