"""The landing page shows the map of the course and where the learner is; progress() and whose() tell the truth."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from learntorch.course.practice import notebook
from learntorch.course.practice.answer import filled
from learntorch.course.practice.definition import FOLDER, catalogue, find, of_chapter
from learntorch.course.practice.feedback import Hint, in_words
from learntorch.course.practice.progress import Progress
from learntorch.course.practice.tables import Table

ROOT = Path(__file__).parents[2]
STEMS = sorted(folder.name for folder in FOLDER.iterdir() if folder.name[0].isdigit())
README = (ROOT / "chapters" / "source" / "README.md").read_text("utf-8")
COUNTS = Counter(ex.chapter for ex in catalogue().values())


@pytest.fixture
def kept(monkeypatch):
    """A learner's progress, empty at first, in memory."""
    progress = Progress(memory=True)
    monkeypatch.setattr(notebook, "_progress", progress)
    monkeypatch.setattr(notebook, "_answers", {})
    notebook.use("auto")
    yield progress
    notebook.use("reference")
    monkeypatch.setattr(notebook, "_mode", "auto")


def solve(progress: Progress, id: str) -> None:
    progress.record(id, passed=True, source=filled(find(id).source(find(id).answer)))


# The page ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stem", STEMS)
def test_the_map_links_to_chapters_exercises_and_solutions(stem):
    row = next(line for line in README.splitlines() if f"(chapters/{stem}.ipynb)" in line)
    assert f"[{COUNTS[int(stem[:2])]}&nbsp;exercises](exercises/{stem}.ipynb)" in row
    assert f"[solved](solutions/{stem}.ipynb)" in row


def test_the_page_shows_the_progress_of_somebody_who_begins(kept):
    page = nbformat.read(ROOT / "README.ipynb", as_version=4)
    shown = next(cell.outputs[0].data for cell in page.cells if cell.source.endswith("\n\nprogress()"))
    assert shown["text/plain"] == repr(notebook.progress())
    assert shown["text/html"] == notebook.progress()._repr_html_()


@pytest.mark.parametrize("stem", STEMS)
def test_a_chapter_ends_with_a_link_to_its_exercises(stem):
    last = nbformat.read(ROOT / "chapters" / f"{stem}.ipynb", as_version=4).cells[-1].source.splitlines()[-1]
    assert f"exercises](../exercises/{stem}.ipynb)" in last and "[contents](../README.ipynb)" in last


def test_validation_sees_no_learner_and_leaves_nothing_out():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert 'NO_LEARNER = LEARNTORCH_HOME=":memory:"' in makefile
    assert re.search(r"--dist loadfile README\.ipynb chapters exercises solutions$", makefile, re.MULTILINE)
    assert "$(NBVAL)" not in re.sub(r"\$\(NO_LEARNER\)[^\n]*(\\\n[^\n]*)?\$\(NBVAL\)", "", makefile)


# progress() ──────────────────────────────────────────────────────────────────────────────────────


def test_progress_of_nobody(kept):
    table = notebook.progress()
    assert repr(table) == repr(notebook.progress())
    assert "●" not in repr(table) and repr(table).count("○") == len(catalogue())
    first = next(iter(catalogue()))
    assert table.note == f"Passed: 0 of {len(catalogue())} exercises. Begin with {first}, chapter 01."
    assert [row[0] for row in table.rows] == [f"{number:02d}" for number in range(1, 11)]


def test_progress_goes_on_where_the_learner_is(kept):
    fourth = [ex.id for ex in of_chapter(4)]
    kept.record(fourth[0], passed=True, source="x")
    table = notebook.progress()
    assert table.note == f"Passed: 1 of {len(catalogue())} exercises. Next: {fourth[1]}, chapter 04."
    assert table.rows[3] == ("04", "Activations", "●" + "○" * (len(fourth) - 1), f"1 of {len(fourth)}", fourth[1])
    for id in fourth:
        kept.record(id, passed=True, source="x")
    assert notebook.progress().note.endswith(f"Next: {of_chapter(5)[0].id}, chapter 05.")
    for ex in catalogue().values():
        if ex.number > 1:
            kept.record(ex.id, passed=True, source="x")
    assert notebook.progress().note.endswith(f"Next: {next(iter(catalogue()))}, chapter 01.")
    kept.record(next(iter(catalogue())), passed=True, source="x")
    done = notebook.progress()
    assert done.note == f"Passed: {len(catalogue())} of {len(catalogue())} exercises."
    assert "○" not in repr(done) and all(row[-1] == "–" for row in done.rows)


def test_an_exercise_that_the_course_no_longer_has_does_no_harm(kept):
    kept.record("retired", passed=True, source="x")
    assert "Passed: 0 of" in notebook.progress().note and "Yours: 0 of" in notebook.whose().note


# whose() ─────────────────────────────────────────────────────────────────────────────────────────


def signs() -> dict[str, str]:
    return {row[1]: row[3] for row in notebook.whose().rows}


def test_whose_says_what_runs_now(kept):
    built = [ex.id for ex in catalogue().values() if ex.slot]
    assert list(signs()) == built and set(signs().values()) == {"○ ours"}
    solve(kept, "softmax")
    assert signs()["softmax"] == "○ ours", "passed, and not yet put in"
    assert (
        notebook.whose().note == f'Yours: 0 of {len(built)} pieces. You have passed 1 more: use("auto") puts yours in.'
    )
    notebook.use("auto")
    assert signs()["softmax"] == "● yours" and notebook.whose().note == f"Yours: 1 of {len(built)} pieces."
    notebook.use("strict")
    assert signs()["softmax"] == "● yours" and signs()["relu"] == "○ empty"
    notebook.use("reference")
    assert set(signs().values()) == {"○ ours"}


def test_reset_gives_a_piece_back(kept, capsys):
    solve(kept, "softmax")
    notebook.use("auto")
    notebook.reset("softmax")
    assert signs()["softmax"] == "○ ours" and notebook.whose().note.startswith("Yours: 0 of")


# Tables and hints ────────────────────────────────────────────────────────────────────────────────


def test_a_table_says_the_same_as_text_and_as_html():
    table = Table(("a", "b"), [("<x>", "● yours"), ("long", "○ ours")], "1 & 2")
    assert repr(table) == "a     b\n<x>   ● yours\nlong  ○ ours\n1 & 2"
    html = table._repr_html_()
    assert "&lt;x&gt;" in html and "1 &amp; 2" in html and "<x>" not in html
    assert html.count('scope="col"') == 2 and "overflow-x:auto" in html


def test_code_in_a_hint_is_shown_as_code():
    hint = Hint("`x.max()` < `y`, and a ` alone")
    assert repr(hint) == "`x.max()` < `y`, and a ` alone"
    assert in_words(repr(hint)) == "<code>x.max()</code> &lt; <code>y</code>, and a ` alone"
    assert in_words("`<b>`") == "<code>&lt;b&gt;</code>"
    assert in_words(repr(hint)) in hint._repr_html_()


def test_predict_takes_an_open_place_and_wants_names(kept, capsys):
    notebook.predict("predict-shapes", ...)
    assert "○ predict-shapes: not started." in capsys.readouterr().out
    notebook.predict("predict-shapes", (3,))
    assert 'Give each answer its name, such as predict("predict-shapes", a=...).' in capsys.readouterr().out
