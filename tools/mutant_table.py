"""The committed table of mutants, docs/mutants.md: how many small changes of each solution the checks notice.

tools/prove_exercises.py --table writes it, row by row, so that a run over some exercises renews their rows alone.
tests/course/test_mutants.py holds it to the definitions: a row carries the digest of the definition that it was made
from, and a definition that has changed since makes it stale.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import mutants

from learntorch.course.exercises import watching
from learntorch.course.practice.definition import Exercise, catalogue

FILE = Path(__file__).resolve().parents[1] / "docs" / "mutants.md"
PROSE = {"title", "minutes", "prompt", "hints", "why"}  # what no check depends on
HEADING = "| Exercise | Definition | Mutants | Rejected | Right answers too | Seconds | Date |"
HEAD = """\
# Mutants

A mutant is a solution with one small change: another axis, another sign, `>=` for `>`, a dropped transpose, an argument
written to, a statement left out. The check of the exercise should reject it. If it passes, either the check has a gap,
which must be closed, or the change made another right answer. Those are listed at the end, each with the reason.

Changes that give the text of the solution, or of another mutant, are not counted. Exercises without code of the
learner's (predictions, choices, lines to put in order) have no mutants.

`make mutants` writes this file, and `make mutants EXERCISES="softmax 03"` renews the rows of some exercises. The second
column is a digest of what the check depends on. When the definition changes, a test says that its row is out of date.
"""
NO_REASON = "there is no reason any more"
SURVIVORS = "## Right answers too"


@dataclass(frozen=True)
class Row:
    """What became of the mutants of one exercise."""

    id: str
    digest: str
    mutants: int
    rejected: int
    reviewed: tuple[str, ...]  # the changes that pass and are listed under `equivalents` with a reason
    seconds: float
    date: str

    def line(self) -> str:
        """The row as Markdown."""
        cells = (self.id, f"`{self.digest}`", self.mutants, self.rejected, len(self.reviewed), f"{self.seconds:.1f}",
                 self.date)  # fmt: skip
        return "| " + " | ".join(map(str, cells)) + " |"


def digest(ex: Exercise) -> str:
    """A digest of what the mutants of an exercise and their checks are made from: its definition without prose and
    picture, the helpers that it imports, and the rules by which a solution is changed."""
    text = ex.file.read_text("utf-8")
    apart = [part for node in ast.walk(ast.parse(text)) if _says_or_draws(node)
             for part in (*getattr(node, "decorator_list", ()), node)]  # fmt: skip
    checked = text
    for part in apart:
        checked = checked.replace(ast.get_source_segment(text, part), "")
    helpers = [watching] if watching.__name__ in text else []
    parts = [checked, *(Path(module.__file__).read_text("utf-8") for module in (mutants, *helpers))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _says_or_draws(node: ast.AST) -> bool:
    """True for what a learner reads or sees, and no check depends on."""
    if isinstance(node, ast.FunctionDef):
        return any(ast.unparse(decorator).startswith("ex.picture(") for decorator in node.decorator_list)
    if isinstance(node, ast.ImportFrom):
        return node.module in ("learntorch.course.exercises.arrows", "learntorch.course.exercises.boxes")
    return isinstance(node, ast.keyword) and node.arg in PROSE


def read(file: Path = FILE) -> dict[str, Row]:
    """The rows of a table by exercise; nothing if there is no table yet.

    Raises:
        ValueError: "mutants.md: relu has 1 right answers too, and 0 are listed"
    """
    if not file.exists():
        return {}
    table, _, below = file.read_text("utf-8").partition(SURVIVORS)
    survivors = re.findall(r"^\| ([a-z0-9-]+) \| `(.*?)` \| ", below, re.MULTILINE)
    rows = {}
    for line in table.splitlines():
        if line.startswith("| ") and "`" in line:
            id, made_from, made, rejected, passing, seconds, date = (x.strip("` ") for x in line.split("|")[1:-1])
            reviewed = tuple(change.replace("\\|", "|") for of, change in survivors if of == id)
            if len(reviewed) != int(passing):
                raise ValueError(f"{file.name}: {id} has {passing} right answers too, and {len(reviewed)} are listed")
            rows[id] = Row(id, made_from, int(made), int(rejected), reviewed, float(seconds), date)
    return rows


def write(rows: Iterable[Row], file: Path = FILE) -> None:
    """Write the table, in the order of the course, with totals and the reasons of what passes."""
    found = {row.id: row for row in rows}
    known = [found[id] for id in catalogue() if id in found]
    made, rejected, passing = (sum(counts) for counts in zip(*map(_counts, known))) if known else (0, 0, 0)
    seconds = sum(row.seconds for row in known)
    total = f"| **{len(known)} exercises** | | **{made}** | **{rejected}** | **{passing}** | **{seconds:.1f}** | |"
    reasons = [
        f"| {row.id} | `{_cell(change)}` | {_cell(catalogue()[row.id].equivalents.get(change, NO_REASON))} |"
        for row in known for change in row.reviewed
    ]  # fmt: skip
    lines = [HEAD, HEADING, "|:--|:--|--:|--:|--:|--:|:--|", *(row.line() for row in known), total, "", SURVIVORS, "",
             "| Exercise | Change | Why it is right |", "|:--|:--|:--|", *reasons]  # fmt: skip
    file.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _counts(row: Row) -> tuple[int, int, int]:
    return row.mutants, row.rejected, len(row.reviewed)


def _cell(text: str) -> str:
    """A text in one cell of a table."""
    return text.replace("|", "\\|")
