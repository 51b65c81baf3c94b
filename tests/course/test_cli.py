"""The command line: what it prints, and its exit codes."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from learntorch.course import cli
from learntorch.course.practice import notebook
from learntorch.course.practice.answer import filled
from learntorch.course.practice.definition import catalogue, find, of_chapter
from learntorch.course.practice.progress import Progress

ROOT = Path(__file__).parents[2]
STEM = "04_activations"
IDS = [ex.id for ex in of_chapter(4)]


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A learner's clone with the exercises of one chapter, and nothing else."""
    for folder in ("chapters", "exercises", "solutions"):
        (tmp_path / folder).mkdir()
    for folder in ("exercises", "solutions"):
        shutil.copy(ROOT / folder / f"{STEM}.ipynb", tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEARNTORCH_HOME", raising=False)
    monkeypatch.setattr(notebook, "_progress", Progress(tmp_path / ".learntorch"))
    yield tmp_path
    notebook.use("reference")
    monkeypatch.setattr(notebook, "_mode", "auto")


def run(*arguments: str):
    done = CliRunner().invoke(cli.app, list(map(str, arguments)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def answer(file: Path, id: str, source: str) -> None:
    """Write an answer into a notebook; its outputs stay as they are."""
    content = json.loads(file.read_text("utf-8"))
    cell = next(c for c in content["cells"] if f'@exercise("{id}")' in "".join(c["source"]))
    cell["source"] = f'@exercise("{id}")\n{source}'
    file.write_text(json.dumps(content), "utf-8")


def one_total() -> str:
    wrong = next(w for w in find("softmax").wrongs if w.name == "one_total")
    return filled(find("softmax").source(wrong.answer))


# validate ────────────────────────────────────────────────────────────────────────────────────────


def test_validate_an_untouched_notebook(clone):
    code, text = run("validate", clone / "exercises" / f"{STEM}.ipynb")
    assert code == 1
    assert re.findall(r"^○ (\S+): not started", text, re.MULTILINE) == IDS
    assert f"{STEM}.ipynb: 0 of {len(IDS)} exercises are right." in text
    code, text = run("validate", clone / "exercises" / f"{STEM}.ipynb", "--begun")
    assert code == 0 and "not started" not in text


def test_validate_a_wrong_answer(clone):
    file = clone / "exercises" / f"{STEM}.ipynb"
    answer(file, "softmax", one_total())
    for options in ([], ["--begun"]):
        code, text = run("validate", file, *options)
        assert code == 1 and "Rows do not sum to 1: you divided by one total for the whole matrix." in text
    run("validate", file, "--begun", "--summary", "summary.md")
    assert f"| ◐ | {STEM} | 0 of {len(IDS)} | 1 | {len(IDS) - 1} |" in Path("summary.md").read_text("utf-8")


def test_validate_is_not_fooled_by_outputs(clone):
    """All outputs are the reference's, and one answer is wrong."""
    file = clone / "exercises" / f"{STEM}.ipynb"
    shutil.copy(clone / "solutions" / f"{STEM}.ipynb", file)
    answer(file, "softmax", one_total())
    code, text = run("validate", file)
    assert code == 1 and "you divided by one total" in text


def test_validate_a_solved_notebook(clone):
    file = clone / "exercises" / f"{STEM}.ipynb"
    shutil.copy(clone / "solutions" / f"{STEM}.ipynb", file)
    code, text = run("validate", file, "--summary", "summary.md")
    assert code == 0, text
    assert f"| ● | {STEM} | {len(IDS)} of {len(IDS)} |  |  |" in Path("summary.md").read_text("utf-8")


def test_validate_what_is_no_exercise_notebook(clone):
    Path("notes.ipynb").write_text("{}", "utf-8")
    code, text = run("validate", "notes.ipynb")
    assert code == 2 and "notes.ipynb is not an exercise notebook" in text
    Path("04_broken.ipynb").write_text("{", "utf-8")
    code, text = run("validate", "04_broken.ipynb")
    assert code == 2 and "cannot be read as a notebook" in text


# The others ──────────────────────────────────────────────────────────────────────────────────────


def test_check_records_what_is_right(clone):
    file = clone / "exercises" / f"{STEM}.ipynb"
    answer(file, "softmax", filled(find("softmax").source(find("softmax").answer)))
    code, text = run("check", "4")
    assert code == 1 and "● softmax: yours is now learntorch.softmax." in text
    assert Progress().passed() == {"softmax"}
    code, text = run("progress")
    assert code == 0 and f"Passed: 1 of {len(catalogue())} exercises." in text and f"1 of {len(IDS)}" in text
    code, text = run("whose")
    assert code == 0 and text.count("● yours") == 1
    code, text = run("reset", "softmax")
    assert code == 0 and "○ softmax: not started." in text and Progress().passed() == set()
    assert (clone / ".learntorch" / "drafts" / "softmax.py").exists()
    assert run("check", "11")[0] == 2


def test_hints_one_after_the_other(clone):
    said = [run("hint", "softmax")[1].strip() for _ in range(4)]
    assert said[:3] == list(find("softmax").hints) and said[3].startswith("def softmax(x):")
    code, text = run("hint", "softmx")
    assert code == 2 and "Did you mean 'softmax'?" in text


def test_outside_of_a_clone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in ("lab", "check"):
        code, text = run(command)
        assert code == 2 and "This is not inside a clone of the course" in text


def test_doctor(clone):
    code, text = run("doctor")
    assert code == 0 and "● a clone of the course" in text and "your progress is kept in .learntorch" in text


def test_class_report(clone):
    for learner, source in (("ada", filled(find("softmax").source(find("softmax").answer))), ("bob", one_total())):
        (clone / "class" / learner).mkdir(parents=True)
        file = clone / "class" / learner / f"{STEM}.ipynb"
        shutil.copy(clone / "exercises" / f"{STEM}.ipynb", file)
        answer(file, "softmax", source)
    code, text = run("class", "report", "class", "--csv", "results.csv")
    assert code == 0 and "█ 1" in text
    with open("results.csv", encoding="utf-8") as handle:
        rows = {(row["learner"], row["exercise"]): row for row in csv.DictReader(handle)}
    assert len(rows) == 2 * len(IDS)
    assert rows["ada", "softmax"]["status"] == "right"
    assert rows["bob", "softmax"]["status"] == "wrong" and rows["bob", "softmax"]["misconception"] == "one_total"
    assert rows["bob", "relu"]["status"] == "not started"
    assert run("class", "report", "nowhere")[0] == 2
