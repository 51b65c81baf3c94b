"""The nbgrader notebooks: metadata that nbgrader 0.9.6 accepts, and cells that work in both versions."""

import ast
import re

import pytest

from learntorch.course.practice.definition import FOLDER, find
from learntorch.course.practice.extract import Answers, _read
from learntorch.course.practice.worker import check_all

STEMS = sorted(folder.name for folder in FOLDER.iterdir() if folder.name[0].isdigit())
REGION = re.compile(r"^([ ]*)### BEGIN SOLUTION\n.*?\n[ ]*### END SOLUTION$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def made():
    """The instructor's notebooks of all chapters, without pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEARNTORCH_HOME", ":memory:")
        import nbgrader

        import exercises

        patch.setattr(exercises, "picture_of", lambda ex: "")
        yield {stem: nbgrader.notebook_of(FOLDER / stem / "notebook.md") for stem in STEMS}


def cells(notebook, what: str) -> list:
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get(what)]


@pytest.mark.parametrize("stem", STEMS)
def test_the_metadata_follow_the_schema(made, stem):
    marked = cells(made[stem], "schema_version")
    ids = [cell.metadata.nbgrader.grade_id for cell in marked]
    assert len(set(ids)) == len(ids)
    for cell in marked:
        data = cell.metadata.nbgrader
        assert set(data) - {"points"} == {"schema_version", "grade_id", "grade", "solution", "locked", "task"}
        assert data.schema_version == 3 and re.fullmatch(r"[a-z0-9-]+", data.grade_id)
        assert ("points" in data) == data.grade and data.get("points", 1) >= 1
        assert data.locked != data.solution and not data.task and cell.cell_type == "code"
    solutions, checks = cells(made[stem], "solution"), cells(made[stem], "grade")
    assert [f"{cell.metadata.nbgrader.grade_id}-check" for cell in solutions] == [
        cell.metadata.nbgrader.grade_id for cell in checks
    ]


@pytest.mark.parametrize("stem", STEMS)
def test_the_solutions_are_marked_and_right(made, stem):
    answers = Answers(FOLDER)
    for cell in cells(made[stem], "solution"):
        assert REGION.search(cell.source), cell.source
        _read(cell.source, 0, answers)
    ids = [cell.metadata.nbgrader.grade_id for cell in cells(made[stem], "solution")]
    quick = [id for id in ids if find(id).timeout <= 5]  # not those that train a net
    assert {v.id: v.status for v in check_all(answers.found, quick, seeds=(0,))} == dict.fromkeys(quick, "right")


@pytest.mark.parametrize("stem", STEMS)
def test_what_students_get_is_open(made, stem):
    answers = Answers(FOLDER)
    for cell in cells(made[stem], "solution"):
        source = REGION.sub(r"\1...", cell.source)
        ast.parse(source)
        _read(source, 0, answers)
    ids = [cell.metadata.nbgrader.grade_id for cell in cells(made[stem], "solution")]
    states = {v.id: v.status for v in check_all(answers.found, ids, seeds=(0,))}
    assert set(states.values()) <= {"not started", "open"}, states
