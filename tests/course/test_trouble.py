"""A piece of the learner's torch that is missing, breaks or is slow: one sentence, and the learner's own lines."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from learntorch.course.practice import checking, guard, kinds, notebook, slots
from learntorch.course.practice.answer import filled, load, with_blanks
from learntorch.course.practice.definition import find
from learntorch.course.practice.progress import Progress

ROOT = Path(__file__).parents[2]
BROKEN = "def softmax(x):\n    e = np.exp(x)\n    return e / total\n"
FIRST = 'import learntorch as torch\nfrom learntorch.course import parsons, predict, use\nuse("{}")'


@pytest.fixture
def errors_of(tmp_path, monkeypatch):
    """Runs cells in a kernel and gives, for each, the lines of its error; the learner has passed softmax."""
    home = tmp_path / "home"
    Progress(home).record("softmax", passed=True, source=BROKEN)
    monkeypatch.setenv("LEARNTORCH_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(*cells: str) -> list[list[str]]:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        where = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(book, kernel_name="python3", timeout=60, allow_errors=True, resources=where).execute()
        shown = [[o for o in cell.outputs if o.output_type == "error"] for cell in book.cells]
        return ["\n".join(errors[0].traceback).splitlines() if errors else [] for errors in shown]

    return run


# In a notebook ───────────────────────────────────────────────────────────────────────────────────


def test_an_empty_slot_is_one_sentence_and_the_line_that_asked(errors_of):
    cells = ["def loss(x):\n    y = x.tanh()\n    return y.sum()", "x = torch.ones(2)\nloss(x)"]
    said = errors_of(FIRST.format("strict"), *cells)
    assert said[:2] == [[], []]
    assert said[2] == [
        "learntorch.tanh is not yours yet. Pass the exercise 'tanh' first, or say use('auto').",
        "  line 2 of the cell: loss(x)",
        "  line 2 of the cell: y = x.tanh()",
    ]


def test_a_piece_that_breaks_is_one_sentence_and_the_lines_of_the_learner(errors_of):
    again = "x = torch.ones(2)\ny = 1 / 0"
    said = errors_of(FIRST.format("auto"), "x = 1\nprint(torch.softmax(torch.ones(2), 0))", again, "use('auto')", again)
    assert said[1] == [
        "Your softmax has stopped with NameError: name 'total' is not defined. "
        'With use("reference") ours runs in its place.',
        "  line 2 of the cell: print(torch.softmax(torch.ones(2), 0))",
        "  line 3 of your softmax: return e / total",
    ]
    assert "Traceback (most recent call last)" in said[2][1], "other errors look as ever"
    plain = [[re.sub(r"\x1b\[[0-9;]*m|In\[\d+\]|[\d]+", "", line) for line in lines] for lines in (said[2], said[4])]
    assert plain[0] == plain[1] and "ZeroDivisionError: division by zero" in plain[0][-1]


def test_other_errors_look_as_they_do_without_us(errors_of):
    """With a piece installed and without: the same text for the same error."""
    cells = ["def f(x):\n    return x.view(3)\n", "f(torch.ones(2))", "raise SystemExit", "1 +", "[][1]"]
    ours, mine = errors_of(FIRST.format("reference"), *cells), errors_of(FIRST.format("auto"), *cells)
    assert ours == mine and all(ours[2:])


# Waiting ─────────────────────────────────────────────────────────────────────────────────────────


TRAIN = find("train")


@pytest.mark.parametrize("body, slow", [
    ("    while True: softmax(torch.ones(4))", "softmax"),
    ("    softmax(torch.ones(4))\n    while True: pass", ""),
])  # fmt: skip
def test_what_takes_too_long_is_named(body, slow):
    """A loop is stopped; if a piece of the learner's was at work most of the time, its name is said."""
    ex = find("softmax")
    piece = load(ex, "def softmax(x):\n    for i in range(10**6): pass\n    return x\n", "mine").object
    source = f"def answer(softmax):\n{body}\n"
    answer = load(ex, source).object
    outcome = guard.guarded(lambda: answer(piece), 1.0, "<softmax: answer>")
    assert (outcome.how, outcome.slow, outcome.line) == ("overtime", slow, 2 + (not slow))
    said = checking._stopped(outcome, 1.0)
    assert said.startswith("It was stopped after 1 s") and said.endswith(f"Line {outcome.line} was running.")
    assert ("Most of that time went into your `softmax`: it may be slow" in said) == bool(slow)


def test_a_slow_piece_is_named_in_the_feedback_on_the_exercise_that_uses_it(monkeypatch):
    slot, ex = slots.slots()["relu"], TRAIN
    slow = "def relu(x):\n    for i in range(10**9): pass\n    return np.maximum(x, 0)\n"
    monkeypatch.setattr(ex, "timeout", 2.0)
    monkeypatch.setattr(ex, "draw", lambda rng: iter([("with 20 hidden units", 2, 0)]))
    try:
        slot.install(load(find("relu"), slow, "mine").object)
        result = checking.check_source(ex, filled(ex.source(ex.answer)))
    finally:
        slot.restore()
    assert result.message.startswith("It was stopped after 2 s. Most of that time went into your `relu`:")


@pytest.mark.parametrize("widgets, said", [("on", 1), ("off", 0)])
def test_before_a_net_is_trained_the_learner_is_told_how_long_it_takes(monkeypatch, capsys, widgets, said):
    monkeypatch.setenv("LEARNTORCH_WIDGETS", widgets)
    monkeypatch.setattr(notebook, "_progress", Progress(memory=True))
    solution = filled(TRAIN.source(TRAIN.answer))
    waits = []

    def checked(*arguments):
        waits.append(capsys.readouterr().out)
        return checking.Result("train", "wrong")

    monkeypatch.setattr(notebook, "checked", checked)
    for ex, answer in ((TRAIN, solution), (TRAIN, with_blanks(TRAIN.source(TRAIN.answer))),
                       (TRAIN, "def train(model, example, epochs)"), (find("softmax"), BROKEN)):  # fmt: skip
        notebook._settle(ex, answer)
    line = (
        "train: the check trains nets. That takes some seconds, and a minute or two where a piece of yours is slow; "
        "one training is stopped after 60 s.\n"
    )
    assert waits == [line * said, "", "", ""], "only what is really run takes long"


# Answers in the wrong form ───────────────────────────────────────────────────────────────────────


def test_an_answer_in_the_form_of_another_exercise(capsys):
    notebook.predict("softmax", a=1)
    notebook.parsons("predict-shapes", "B A")
    notebook.exercise("topological-sort")(lambda: None)
    assert capsys.readouterr().out.splitlines() == [
        'Write a function below @exercise("softmax").',
        'Give each answer its name, such as predict("predict-shapes", a=...).',
        'Give the order of the lines: parsons("topological-sort", "B A C").',
    ]
    for id, answer in (("softmax", {"a": 1}), ("predict-shapes", "B A"), ("softmax", ...)):
        assert kinds.checked(find(id), answer).message == kinds.ASKED_BY[find(id).form].format(id)
