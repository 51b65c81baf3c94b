"""Every exercise keeps its promises: no wrong answer passes, no right one fails, and the notebooks say what the
definitions say."""

import re
from collections import Counter

import prove_exercises
import pytest

from learntorch.course.practice.definition import FOLDER, KINDS, catalogue, of_chapter

CATALOGUE = list(catalogue().values())
SLOW = {ex.id for ex in CATALOGUE if ex.trains}
each = pytest.mark.parametrize("ex", CATALOGUE, ids=lambda ex: ex.id)


# The proofs ──────────────────────────────────────────────────────────────────────────────────────


@each
@pytest.mark.parametrize("proof", prove_exercises.PROOFS)
def test_proof(ex, proof, monkeypatch):
    if ex.id in SLOW:  # the short cases: they tell all answers apart, and the last one trains a net to the end
        draw = ex.draw
        monkeypatch.setattr(ex, "draw", lambda rng: list(draw(rng))[:-1])
        monkeypatch.setattr(prove_exercises, "SEEDS", 1)
    elif proof == "wrong":
        monkeypatch.setattr(prove_exercises, "SEEDS", 3)  # all 20 in tools/prove_exercises.py
    assert list(prove_exercises.PROOFS[proof](ex)) == []


@pytest.mark.parametrize("ex", [ex for ex in CATALOGUE if ex.id in SLOW], ids=lambda ex: ex.id)
def test_the_long_cases_pass_too(ex):
    assert prove_exercises.attempt(ex, ex.answer, seed=0).ok


def test_a_wrong_definition_is_noticed(monkeypatch):
    """The proofs themselves can fail: here each of them is given an exercise that breaks its promise."""
    ex = catalogue()["softmax"]
    monkeypatch.setattr(ex, "rights", [*ex.rights, ex.wrongs[0]])
    monkeypatch.setattr(ex, "wrongs", [*ex.wrongs, ex.wrongs[0], ex.rights[0]])
    monkeypatch.setattr(ex, "hints", (*ex.hints[:2], "Write z = x - x.max(axis=-1, keepdims=True)."))
    monkeypatch.setattr(ex, "draw", lambda rng: iter([]))
    monkeypatch.setattr(prove_exercises, "SEEDS", 1)
    assert any("gives away" in text for text in prove_exercises.hints_hold_back(ex))
    assert any("has 0 cases" in text for text in prove_exercises.cases_are_telling(ex))
    monkeypatch.undo()
    monkeypatch.setattr(prove_exercises, "SEEDS", 1)
    monkeypatch.setattr(ex, "rights", [*ex.rights, ex.wrongs[0]])
    assert any("fails under seed 0" in text for text in prove_exercises.right_answers(ex))
    monkeypatch.setattr(ex, "wrongs", [*ex.wrongs, ex.wrongs[0], ex.rights[0]])
    complaints = list(prove_exercises.wrong_answers(ex))
    assert "two wrong answers have the same sentence" in complaints
    assert any("passes under seed 0" in text for text in complaints)


# The catalogue ───────────────────────────────────────────────────────────────────────────────────


def test_there_are_44_and_some_more():
    numbers = sorted(ex.number for ex in CATALOGUE)
    assert numbers == list(range(1, len(CATALOGUE) + 1)) and len(CATALOGUE) >= 44
    assert len({ex.title for ex in CATALOGUE}) == len({ex.id for ex in CATALOGUE}) == len(CATALOGUE)
    assert {ex.kind for ex in CATALOGUE} == set(KINDS)
    assert {ex.chapter for ex in CATALOGUE} == set(range(1, 11))


def test_at_least_a_third_is_something_else_than_writing_code():
    kinds = Counter(ex.kind for ex in CATALOGUE)
    assert 3 * (len(CATALOGUE) - kinds["fill-in"] - kinds["function"]) >= len(CATALOGUE), kinds


def test_at_least_60_of_100_have_a_picture():
    assert sum(ex.figure is not None for ex in CATALOGUE) >= 0.6 * len(CATALOGUE)


@pytest.mark.parametrize("ex", [ex for ex in CATALOGUE if ex.figure is not None], ids=lambda ex: ex.id)
def test_pictures_show_something_and_say_it_in_words(ex):
    assert len(ex.alt) > 60 and not ex.alt.startswith(("A picture of", "Image of", "Figure"))
    assert ex.caption.startswith(f"Figure E{ex.number}. ") and ex.caption.endswith((".", "?"))
    figure = ex.figure()
    assert figure.axes
    for ax in figure.axes:
        assert ax.lines or ax.patches or ax.texts or ax.images or ax.collections
        around = (*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label) if ax.axison else ()
        written = [text for text in (*ax.texts, *around, ax.title) if text.get_text() and text.get_visible()]
        small = [text.get_text() for text in written if text.get_fontsize() < 11]
        assert not small, f"smaller than 11 points: {small}"


@each
def test_everything_a_learner_reads_is_there(ex):
    assert ex.prompt and "?" in ex.why and 3 <= ex.minutes <= 30
    assert ex.file.stem == ex.id.replace("-", "_")
    assert bool(ex.slot) == bool(ex.builds)
    for wrong in ex.wrongs:
        assert wrong.says.endswith((".", ".)")) and "?" in wrong.ask
    assert "?" in ex.hints[0], "the first hint is a question"
    texts = [ex.title, ex.prompt, ex.why, *ex.hints, *(text for wrong in ex.wrongs for text in (wrong.says, wrong.ask))]
    for text in texts:
        plain = re.sub(r"`[^`]*`|```.*?```|\$[^$]*\$", "", text, flags=re.DOTALL)
        assert not re.search(r"\b(simply|just|obviously)\b|!(?!=)", plain, re.IGNORECASE), text


# The notebooks ───────────────────────────────────────────────────────────────────────────────────

STEMS = sorted(folder.name for folder in FOLDER.iterdir() if folder.name[0].isdigit())


@pytest.mark.parametrize("stem", STEMS)
def test_the_text_of_a_notebook(stem):
    text = (FOLDER / stem / "notebook.md").read_text("utf-8")
    chapter = int(stem[:2])
    named = re.findall(r"^```\{exercise\} (\S+)\n```$", text, re.MULTILINE)
    assert sorted(named) == sorted(ex.id for ex in of_chapter(chapter)), "each exercise once"
    before_the_first = text.split("```{exercise}")[0]
    assert before_the_first.count("<details><summary>Answer</summary>") == 2, "two questions on earlier chapters"
    assert 'use("auto")' in before_the_first
    assert f"](../chapters/{stem}.ipynb)" in text and "](../README.ipynb)" in text
    following = [other for other in STEMS if int(other[:2]) == chapter + 1]
    assert all(f"]({other}.ipynb)" in text for other in following)
    assert re.findall(r"^```\{code-cell\} ipython3\n(.*?)```$", text, re.MULTILINE | re.DOTALL)[-1].strip() == "whose()"


@pytest.mark.parametrize("kind", ["exercises", "solutions"])
@pytest.mark.parametrize("stem", STEMS)
def test_a_notebook_is_up_to_date(stem, kind, monkeypatch):
    monkeypatch.setenv("LEARNTORCH_HOME", ":memory:")
    import exercises

    monkeypatch.setattr(exercises, "picture_of", lambda ex: "")  # compared by their names alone
    assert exercises.outdated(FOLDER / stem / "notebook.md", kind) is None


def test_there_is_no_notebook_without_a_text(monkeypatch):
    monkeypatch.setenv("LEARNTORCH_HOME", ":memory:")
    import exercises

    known = {f"{stem}.ipynb" for stem in STEMS}
    for kind in exercises.KINDS:
        assert {file.name for file in (exercises.ROOT / kind).glob("*.ipynb")} == known
