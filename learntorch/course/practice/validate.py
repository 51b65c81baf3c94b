"""`learntorch validate`: is a learner's notebook done, and does it agree with the reference?

Read in no chapter. A saved notebook carries its own outputs, so comparing it with itself proves nothing. Two things
are done instead: each answer is checked in another process under fresh seeds; and the learner's cells are put into the
reference notebook, whose outputs nbval then compares.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .definition import FOLDER, of_chapter
from .extract import Answers, answers_in
from .worker import Verdict, check_all


@dataclass
class Validation:
    """What is known of a notebook."""

    answers: Answers
    verdicts: list[Verdict]
    agrees: bool | None = None  # what nbval said; None if it was not asked

    @property
    def ok(self) -> bool:
        """True if every exercise is right and the reference agrees."""
        return all(v.status == "right" for v in self.verdicts) and bool(self.agrees)


def chapter_of(file: Path) -> int:
    """The chapter that an exercise notebook belongs to, by the number at the head of its name.

    Raises:
        ValueError: "notes.ipynb is not an exercise notebook: …"
    """
    number = file.name[:2]
    known = sorted(p.name for p in FOLDER.iterdir() if p.name[:2].isdigit())
    if not number.isdigit() or not any(name.startswith(number) for name in known):
        raise ValueError(f"{file.name} is not an exercise notebook: its name should begin as one in exercises/ does, "
                         f"such as {known[0]}.ipynb.")  # fmt: skip
    return int(number)


def validate(file: Path, *, reference: Path | None = None) -> Validation:
    """Check every answer, then compare with the reference outputs of solutions/."""
    ids = [ex.id for ex in of_chapter(chapter_of(file))]
    answers = answers_in(file)
    found = Validation(answers, check_all(answers.found, ids))
    if all(v.status == "right" for v in found.verdicts):
        found.agrees = agrees(answers, reference or solutions_for(file))
    return found


def solutions_for(file: Path) -> Path:
    """The solved notebook of the same name, in the repository that the notebook lies in.

    Raises:
        ValueError: "the solution of … is not there: …"
    """
    stem = next(p.name for p in FOLDER.iterdir() if p.name.startswith(file.name[:2]))
    for folder in (*file.resolve().parents, Path.cwd(), *Path(__file__).resolve().parents):
        if (folder / "solutions" / f"{stem}.ipynb").exists():
            return folder / "solutions" / f"{stem}.ipynb"
    raise ValueError(f"the solution of {file.name} is not there: keep the notebook in a clone of the repository.")


def agrees(answers: Answers, reference: Path) -> bool:
    """Run the reference notebook with the learner's cells, and let nbval compare it with the reference outputs."""
    notebook = json.loads(reference.read_text("utf-8"))
    for cell in notebook["cells"]:
        for id, source in answers.cells.items():
            if cell["cell_type"] == "code" and f'"{id}"' in "".join(cell["source"]) and _answers(cell):
                cell["source"] = source
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / reference.name
        path.write_text(json.dumps(notebook), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, "--nbval",
                   "--nbval-current-env", "--nbval-cell-timeout", "120", str(path)]  # fmt: skip
        environment = {
            **os.environ, "LEARNTORCH_HOME": ":memory:", "LEARNTORCH_WIDGETS": "off", "PYTHONHASHSEED": "0",
        }  # fmt: skip
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode == 0


def _answers(cell: dict) -> bool:
    """True for a cell in which an exercise is answered."""
    return any(line.startswith(("@exercise(", "predict(", "parsons(")) for line in "".join(cell["source"]).splitlines())
