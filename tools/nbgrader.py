"""Write nbgrader notebooks from the exercises: `make nbgrader`.

    python tools/nbgrader.py [03 04_activations …] [--to build/nbgrader]

For every chapter it writes source/NN_topic/NN_topic.ipynb, the instructor's version, and beside source/ a file
nbgrader_config.py. `nbgrader generate_assignment NN_topic` makes the students' version of it: what stands between
BEGIN SOLUTION and END SOLUTION becomes a `...`, and the cell says "not started" or "begun" until it is filled. Behind
each exercise a locked cell checks the answer under several seeds; it is worth a point for each five minutes begun.
Nothing is run here, and nothing is written twice: the cells come from the same definitions as exercises/.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from pathlib import Path

import nbformat

import exercises
from learntorch.course.practice.answer import BLANK, END
from learntorch.course.practice.definition import Exercise, find
from notebooks import ROOT

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
SEEDS = (0, 101, 102)
CONFIG = '''"""Settings of nbgrader for the exercises of learntorch."""

c = get_config()  # noqa: F821 (nbgrader provides it)

c.ClearSolutions.code_stub = {"python": "..."}  # an exercise knows an open … and says where it stands
c.ExecutePreprocessor.timeout = 120
'''
# While nbgrader grades, nobody's kept answers are looked at: those of the teacher lie on the same machine.
GRADING = """\
import os

if "NBGRADER_EXECUTION" in os.environ:
    os.environ["LEARNTORCH_HOME"] = ":memory:"
"""
CHECK = """\
from learntorch.course import check

for seed in {seeds}:
    result = check("{id}", seed=seed)
    assert result.ok, result
"""


def metadata(id: str, *, solution: bool = False, points: int = 0) -> dict:
    """What nbgrader wants to know of a cell. A cell with points is graded; one that is no solution is locked."""
    found = {"schema_version": 3, "grade_id": id, "grade": bool(points), "solution": solution,
             "locked": not solution, "task": False}  # fmt: skip
    return {"nbgrader": found | ({"points": points} if points else {})}


def points(ex: Exercise) -> int:
    """One point for each five minutes begun."""
    return -(-ex.minutes // 5)


def regions(source: str) -> str:
    """The solution with its blanks as nbgrader's regions. What the blank shows in exercises/ is a comment above it."""
    lines = []
    for line in source.splitlines():
        if start := BLANK.match(line):
            given = start["given"].strip()
            lines += [f"{start['indent']}# {given}"] if given.strip(". ") else []
            lines.append(start["indent"] + BEGIN_SOLUTION)
        elif END.match(line):
            lines.append(re.match(r"\s*", line)[0] + END_SOLUTION)
        else:
            lines.append(line)
    return "\n".join(lines)


def mended(ex: Exercise) -> str:
    """The solution of a debugging exercise: under its head what was handed out, as comments, then the whole body."""
    given, lines = _parts(ex.source(ex.given)), _parts(exercises.filled(ex.source(ex.answer)))
    handed = textwrap.indent(textwrap.indent(textwrap.dedent(given[1]), "# ", lambda line: True), "    ")
    mistake = "    # With the mistake in it:\n" + re.sub(r"[ \t]+$", "", handed, flags=re.MULTILINE)
    return "\n".join([lines[0], mistake, "    " + BEGIN_SOLUTION, lines[1], "    " + END_SOLUTION])


def _parts(source: str) -> tuple[str, str]:
    """The head of a function or class, and its body."""
    import ast

    node = ast.parse(source).body[0]
    lines = source.rstrip().splitlines()
    first = min(part.lineno - len(getattr(part, "decorator_list", ())) for part in node.body) - 1
    return "\n".join(lines[:first]), "\n".join(lines[first:])


def cell_of(ex: Exercise) -> str:
    """The code cell of an exercise, solved, with its solution between nbgrader's marks."""
    if ex.is_code:
        return f'@exercise("{ex.id}")\n{mended(ex) if ex.kind == "debug" else regions(ex.source(ex.answer))}'
    solved = exercises.code_of(ex, "solutions")
    if ex.kind == "parsons":
        answers, call = [f'    "{ex.answer}",'], "parsons"
    else:
        answers, call = solved.splitlines()[2:-1], "predict"
    names = "" if call == "parsons" else f"    # {', '.join(f'{name}=...' for name in ex.compute())}\n"
    region = "\n".join([f"    {BEGIN_SOLUTION}", *answers, f"    {END_SOLUTION}"])
    return f'{call}(\n    "{ex.id}",\n{names}{region}\n)'


def notebook_of(source: Path) -> nbformat.NotebookNode:
    """The instructor's notebook of a chapter."""
    notebook = exercises.read(source, "solutions")
    cells = [nbformat.v4.new_code_cell(GRADING.strip(), id="grading", metadata=metadata("grading"))]
    for cell in notebook.cells:
        ex = answered(cell)
        if ex is None:
            cells.append(cell)
            continue
        cell.source = cell_of(ex)
        cell.metadata = nbformat.from_dict(metadata(ex.id, solution=True))
        check = CHECK.format(seeds=SEEDS, id=ex.id).strip()
        worth = metadata(f"{ex.id}-check", points=points(ex))
        cells += [cell, nbformat.v4.new_code_cell(check, id=f"{ex.id}-check"[:64], metadata=worth)]
    notebook.cells = cells
    notebook.metadata.celltoolbar = "Create Assignment"
    return notebook


def answered(cell: nbformat.NotebookNode) -> Exercise | None:
    """The exercise that a cell answers."""
    named = re.search(r'^(?:@exercise\(|parsons\(|predict\(\s*)"([a-z0-9-]+)"', cell.source, re.MULTILINE)
    return find(named[1]) if cell.cell_type == "code" and named else None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="03 or 03_autograd; default: all chapters")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "nbgrader", help="the folder of the course")
    options = parser.parse_args(arguments)
    found = [
        s for s in exercises.sources() if not options.names or {s.parent.name, s.parent.name[:2]} & {*options.names}
    ]
    if not found:
        raise SystemExit(f"There are no exercises for {', '.join(options.names)}.")
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8", newline="\n")
    for source in found:
        stem, notebook = source.parent.name, notebook_of(source)
        nbformat.validate(notebook)
        path = options.to / "source" / stem / f"{stem}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
        graded = [
            cell.metadata.nbgrader.points for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")
        ]
        print(f"✓ source/{stem}/{stem}.ipynb: {len(graded)} exercises, {sum(graded)} points")
    return 0


if __name__ == "__main__":
    sys.exit(main())
