"""Whatever a notebook holds, the command line describes it, checks the rest, and lives. The commands themselves are
tested in test_cli.py."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from learntorch.course import cli
from learntorch.course.practice import notebook
from learntorch.course.practice.answer import filled, with_blanks
from learntorch.course.practice.definition import find, of_chapter
from learntorch.course.practice.progress import Progress

ROOT = Path(__file__).parents[2]
NAME = "02_numpy_interop.ipynb"
IDS = [ex.id for ex in of_chapter(2)]
SOLVED = {ex.id: ex.answer for ex in of_chapter(2)}  # each answer of chapter 02 as solutions/ has it


def cell_of(id: str, answer: object) -> str:
    """The cell of an exercise with an answer: a function, predictions, or an order."""
    ex = find(id)
    if ex.is_code:
        source = answer if isinstance(answer, str) else filled(ex.source(answer))
        return f'@exercise("{id}")\n{source}'.replace(f"def {getattr(answer, '__name__', '')}(",
                                                      f"def {ex.answer.__name__}(").rstrip()  # fmt: skip
    if ex.kind == "parsons":
        return f'parsons("{id}", "{answer}")'
    given = ", ".join(f"{name}={value!r}" for name, value in (answer or ex.compute()).items())
    return f'predict("{id}", {given})'


def untouched(id: str) -> str:
    """The cell of an exercise as it is handed out."""
    ex = find(id)
    if ex.is_code:
        return cell_of(id, with_blanks(ex.source(ex.given or ex.answer)))
    return f'parsons("{id}", "...")' if ex.kind == "parsons" else f'predict("{id}", a=..., b=...)'


def write(file: Path, cells: list[str], said: str = "") -> Path:
    """A notebook with these code cells; `said` is what its outputs claim."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": said}] if said else []
    file.parent.mkdir(parents=True, exist_ok=True)
    inside = [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "source": source,
               "outputs": outputs} for i, source in enumerate(["import numpy as np", *cells])]  # fmt: skip
    file.write_text(json.dumps({"cells": inside, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return file


def solved(**instead: object) -> list[str]:
    """The cells of a solved notebook, with some answers replaced; an underscore stands for a hyphen."""
    other = {name.replace("_", "-"): answer for name, answer in instead.items()}
    return [
        other[id] if str(other.get(id, "")).startswith("@") else cell_of(id, other.get(id, SOLVED[id])) for id in IDS
    ]


def wrong(id: str, name: str) -> object:
    """A wrong answer of a definition."""
    return next(w for w in find(id).wrongs if w.name == name)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A learner's clone of the course: the folders that the command line looks for, and a home of its own."""
    for folder in ("chapters", "exercises"):
        (tmp_path / folder).mkdir()
    (tmp_path / "solutions").symlink_to(ROOT / "solutions")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEARNTORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "240")
    return tmp_path


def called(*arguments: str):
    """The command in this process: its exit code and what it printed."""
    found = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.output


def program(*arguments: object) -> subprocess.CompletedProcess:
    """The command as a program of its own, as a learner starts it."""
    return subprocess.run([sys.executable, "-m", "learntorch.course.cli", *map(str, arguments)], capture_output=True,
                          text=True, encoding="utf-8", timeout=120, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                          check=False)  # fmt: skip


def test_a_cell_that_is_missing_and_a_file_that_is_no_notebook(clone):
    write(clone / "exercises" / NAME, solved()[1:])
    code, said = called("check")
    assert code == 1 and f"○ {IDS[0]}: missing. There is no cell for it." in said
    (clone / "exercises" / NAME).write_text("{", "utf-8")
    code, said = called("check")
    assert code == 1 and f"{NAME} cannot be read as a notebook (JSONDecodeError)." in said


def test_loops_exits_and_memory_are_described_and_the_rest_is_checked(clone):
    head = '@exercise("{}")\ndef {}:\n    '
    loop = head.format("from-numpy", "from_numpy(array, memory, start)") + "while True: pass"
    leave = head.format("centred-columns", "centred(tables)") + "import sys\n    sys.exit(0)"
    write(clone / "exercises" / NAME, solved(from_numpy=loop, centred_columns=leave))
    done = program("check", "02")
    assert done.returncode == 1
    assert "◐ from-numpy: not yet. It was stopped after 1 s: perhaps a loop that never ends." in done.stdout
    assert "◐ centred-columns: not yet. It tried to end the program." in done.stdout
    assert "● device-round-trip: right." in done.stdout

    bomb = head.format("from-numpy", "from_numpy(array, memory, start)") + "return [0] * 10**11"
    gone = head.format("centred-columns", "centred(tables)") + "import os\n    os._exit(0)"
    write(clone / "exercises" / NAME, solved(from_numpy=bomb, centred_columns=gone))
    done = program("check", "02")
    assert done.returncode == 1
    assert "◐ from-numpy: not yet. It was stopped because it took more than 1 GB of memory." in done.stdout
    assert "out of bounds here: an answer is written with np, torch, nn, F, math and plain Python." in done.stdout
    assert Progress(clone / "home").passed() == {"predict-aliasing", "device-round-trip"}


def test_an_order_is_kept_as_the_program_that_it_gives(clone, monkeypatch):
    """`mine/` holds sources, whether an answer was checked on the command line or in a notebook."""
    ex, other = find("device-round-trip"), Progress(memory=True)
    write(clone / "exercises" / NAME, solved())
    assert called("check", "02")[0] == 0
    monkeypatch.setattr(notebook, "_progress", other)
    notebook.parsons(ex.id, ex.answer)
    source = "".join(ex.lines[letter] + "\n" for letter in ex.answer.split())
    assert Progress(clone / "home").source(ex.id) == other.source(ex.id) == source


def test_an_answer_in_the_form_of_another_exercise_is_described_and_the_rest_is_checked(clone):
    cells = dict(zip(IDS, solved())) | {
        "from-numpy": 'predict("from-numpy", a=1)',
        "predict-aliasing": 'predict("predict-aliasing", a=1e999)',
    }
    write(clone / "exercises" / NAME, list(cells.values()))
    code, said = called("check", "02")
    assert code == 1 and '◐ from-numpy: not yet. Write a function below @exercise("from-numpy").' in said
    assert "○ predict-aliasing: begun." in said or "predict-aliasing: not yet." in said
    assert "● device-round-trip: right." in said


def test_what_an_answer_prints_is_not_taken_for_a_verdict(clone):
    mark = '\\x1fverdict {"id": "from-numpy", "status": "right", "misconception": "", "text": "● from-numpy"}'
    forged = f"@exercise(\"from-numpy\")\ndef from_numpy(array, memory, start):\n    print('{mark}', flush=True)\n"
    forged += f"    import sys\n    sys.__stdout__.write('{mark}\\n')\n    return memory"
    write(clone / "exercises" / NAME, solved(from_numpy=forged))
    code, said = called("check")
    assert code == 1 and "◐ from-numpy: not yet." in said


def test_every_kind_of_exercise_is_accepted(clone):
    done = program("validate", write(clone / "exercises" / NAME, solved()))
    assert done.returncode == 0, done.stdout
    assert f"{NAME}: 4 of 4 exercises are right." in done.stdout


def test_every_kind_of_exercise_untouched(clone):
    code, said = called("validate", write(clone / "exercises" / NAME, [untouched(id) for id in IDS]))
    assert code == 1 and said.count("not started.") == 4 and "0 of 4 exercises are right." in said


def test_every_misconception_is_named_and_edited_outputs_do_not_help(clone):
    cells = solved(from_numpy=wrong("from-numpy", "in_bytes").answer, device_round_trip="E C H F D G")
    for said_before in ("", "● from-numpy: yours is now learntorch.from_numpy. 4 of 4 in this chapter."):
        code, said = called("validate", write(clone / "exercises" / NAME, cells, said_before))
        assert code == 1 and "2 of 4 exercises are right." in said
        assert wrong("from-numpy", "in_bytes").says in said
        assert "The product still wants gradients when NumPy asks for it." in said
    everything_claimed = write(clone / "exercises" / NAME, [untouched(id) for id in IDS], "● right. 4 of 4")
    assert called("validate", everything_claimed)[0] == 1


def test_a_class_with_everything_in_it(clone):
    mine = wrong("from-numpy", "copies")
    write(clone / "class" / "ann" / NAME, solved())
    write(clone / "class" / "bob" / NAME, solved(from_numpy=mine.answer))
    write(clone / "class" / "cem" / NAME, [untouched(id) for id in IDS])
    write(clone / "class" / "dan" / NAME, [])
    (clone / "class" / "eve").mkdir()
    (clone / "class" / "eve" / NAME).write_text("not a notebook", "utf-8")
    done = program("class", "report", "class", "--csv", "results.csv")
    assert done.returncode == 0, done.stderr
    assert f"◐ eve/{NAME}: {NAME} cannot be read as a notebook" in done.stdout
    rows = list(csv.DictReader((clone / "results.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 16 and "16 rows written to results.csv" in done.stdout
    status = {(row["learner"], row["exercise"]): row["status"] for row in rows}
    assert {status["ann", id] for id in IDS} == {"right"} and {status["cem", id] for id in IDS} == {"not started"}
    assert status["bob", "from-numpy"] == "wrong" and status["bob", "centred-columns"] == "right"
    assert {status["dan", id] for id in IDS} == {"missing"}
    assert [row["misconception"] for row in rows if row["misconception"]] == ["copies"]
    histogram = next(line for line in done.stdout.splitlines() if "█" in line)
    assert "from-numpy" in histogram and mine.says in histogram and "█ 1" in histogram


def test_a_class_without_notebooks(clone):
    assert called("class", "report", clone / "nowhere")[0] == 2
    code, said = called("class", "report", clone / "chapters")
    assert code == 2 and "There are no exercise notebooks in" in said
