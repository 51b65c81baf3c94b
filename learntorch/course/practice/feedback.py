"""What a learner reads after a check: the same content as plain text and as a card in the notebook.

Read in no chapter. Everything that comes from outside is escaped; nothing depends on the time or on chance; no
colour says what a sign or a word does not say too.
"""

from __future__ import annotations

import inspect
from html import escape

from .checking import OPEN, RIGHT, UNTOUCHED, WRONG, Result
from .compare import text
from .definition import Exercise, find

SIGNS = {UNTOUCHED: "○", OPEN: "○", WRONG: "◐", RIGHT: "●"}
EDGES = {UNTOUCHED: "#767676", OPEN: "#767676", WRONG: "#B45F06", RIGHT: "#00755E"}


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
    """The failing case as pairs of a label and a text: given, yours, expected, printed."""
    trial = result.case
    if trial is None:
        return []
    ex = find(result.id)
    found = [("given", given(ex, trial.case))]
    if trial.outcome.returned:
        found.append(("yours", text(trial.outcome.value)))
        if trial.mutated:
            found.append(("", "and it wrote into its argument"))
    elif result.message != trial.fault.says:
        found.append(("yours", trial.fault.says))
    found.append(("expected", text(trial.expected)))
    if trial.outcome.printed.strip():
        lines = trial.outcome.printed.rstrip().splitlines()
        found.append(("printed", "\n".join(lines[:8] + ["…"] * (len(lines) > 8))))
    return found


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


def html_of(result: Result) -> str:
    """The feedback as a card; text_of says the same."""
    body = f"<div><strong>{escape(headline(result))}</strong></div>"
    table = rows(result)
    if table:
        cells = "".join(
            f'<tr style="background:none"><th scope="row" style="{LABEL}">{escape(label)}</th>'
            f'<td style="text-align:left;padding:2px 0"><pre style="{CODE}">{escape(block)}</pre></td></tr>'
            for label, block in table
        )
        body += f'<table style="border-collapse:collapse;margin:6px 0">{cells}</table>'
    body += "".join(f"<div>{escape(line)}</div>" for line in after(result))
    return f'<div style="{CARD.format(edge=EDGES[result.status])}">{body}</div>'
