"""The exercise system holds when answers misbehave, when the disk does, and when two kernels write at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import learntorch as torch
from learntorch.course.practice import checking, notebook, predicting, slots
from learntorch.course.practice.answer import filled, open_lines, plain, with_blanks
from learntorch.course.practice.compare import difference, text
from learntorch.course.practice.definition import UnknownExercise, catalogue, find
from learntorch.course.practice.feedback import html_of
from learntorch.course.practice.guard import guarded
from learntorch.course.practice.progress import Progress
from learntorch.course.practice.relations import relation

ROOT = Path(__file__).parents[2]
WHERE = {**os.environ, "PYTHONPATH": str(ROOT)}
SOLUTION = filled(find("softmax").source(find("softmax").answer))


def checked(body: str) -> checking.Result:
    """The check of a softmax with this body."""
    return checking.check_source(find("softmax"), f"def softmax(x):\n{body}\n")


# What an answer may do ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body, says",
    [
        ("    while True: pass", "It was stopped after 1 s: perhaps a loop that never ends. Line 2 was running."),
        ("    while True:\n        try: x = x + 1\n        except: pass", "It was stopped after 1 s"),
        ("    import time\n    time.sleep(60)", "It was stopped after 1 s"),
        ("    return [0] * 10**11", "It was stopped because it took more than 1 GB of memory. Line 2 was running."),
        ("    import sys\n    sys.exit()", "It tried to end the program. Line 3 was running."),
        ("    raise SystemExit(3)", "It tried to end the program."),
        ("    return 1 / 0", "It raised ZeroDivisionError in line 2: division by zero"),
        ("    return softmax(x)", "It raised RecursionError in line 2"),
        ("    return x * scale", "It uses `scale`, a variable of this notebook"),
        ("    return torch.softmax(torch.tensor(x), -1)", "`softmax` is what you are building here."),
        ("    pass", "Your answer is None; an array was expected. Is a return missing?"),
        ("    return softmax", "Your answer is a function; an array was expected."),
    ],
)
def test_a_misbehaving_answer_is_described_and_the_kernel_lives(body, says):
    result = checked(body)
    assert result.status == checking.WRONG and says in result.message
    assert guarded(lambda: 1 + 1, 1).value == 2  # the next check runs as ever


def test_a_slow_pile_of_memory_is_stopped():
    result = checked("    pile = []\n    while True: pile.append(bytearray(10**7))")
    assert "memory" in result.message or "stopped after" in result.message


def test_an_object_that_equals_everything_does_not_pass():
    body = "    class Yes:\n        def __eq__(self, other): return True\n        shape = x.shape\n    return Yes()"
    assert checked(body).message == "Your answer is a Yes; an array was expected."


def test_remembering_between_calls_is_noticed():
    source = SOLUTION.replace(
        "def softmax(x):", "def softmax(x, seen=[]):\n    seen.append(1)\n    if len(seen) % 2 == 0: return x"
    )
    result = checking.check_source(find("softmax"), source)
    assert result.message.startswith("The first call is right, and a second one")


REACHING = [
    "    np.isclose = lambda a, b, **k: np.ones(np.shape(a), bool)\n    return x",
    "    n = np\n    n.isclose = lambda a, b, **k: np.ones(np.shape(a), bool)\n    return x",
    "    t = torch\n    t.Tensor.clamp = None\n    return x",
    "    return getattr(F, 'soft' + 'max')(torch.tensor(x), -1).numpy()",
    "    return (lambda call=getattr: call(F, 'softmax'))()(torch.tensor(x), -1).numpy()",
    "    return vars(F)['soft' + 'max'](torch.tensor(x), -1).numpy()",
    "    return F.__dict__['soft' + 'max'](torch.tensor(x), -1).numpy()",
    "    return nn.Softmax(-1)(torch.tensor(x)).numpy()",
    "    from learntorch.nn.functional import softmax as f\n    return f(torch.tensor(x), -1).numpy()",
    "    from learntorch.course.practice.definition import find\n    return find('soft' + 'max').compute(x)",
    "    return torch.course.practice.definition.find('soft' + 'max').compute(x)",
    "    import sys\n    return sys._getframe(3).f_locals['expected']",
    "    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        return e.__traceback__.tb_frame.f_back",
    "    exec('import os')\n    return x",
]


@pytest.mark.parametrize("body", REACHING)
def test_an_answer_reaches_neither_the_check_nor_what_it_builds(body):
    before = np.isclose, torch.Tensor.clamp
    result = checked(body)
    assert not result.ok
    assert any(words in result.message for words in ("out of bounds", "what you are building", "everybody uses"))
    assert (np.isclose, torch.Tensor.clamp) == before


def test_own_names_and_plain_reads_are_not_out_of_bounds():
    body = "    open, ops = x.max(-1, keepdims=True), []\n    e = getattr(np, 'exp')(x - open)\n"
    assert checked(body + "    return e / e.sum(-1, keepdims=True)").ok


@pytest.mark.parametrize(
    "change",
    [
        ("def softmax(x):", "def softmax(x, known={}):", "return ", "return known.setdefault(x.shape, "),  # by shape
        (
            "def softmax(x):",
            "def softmax(x, known=[]):",
            "return ",
            "known.append(0)\n    return (len(known) < 19) * (",
        ),
    ],
)
def test_what_is_remembered_from_case_to_case_is_noticed(change):
    source = SOLUTION.replace(change[0], change[1]).replace(change[2], change[3]).rstrip() + ")\n"
    assert not checking.check_source(find("softmax"), source).ok


def test_what_is_switched_for_everybody_is_switched_back():
    errors = np.geterr()
    body = "    torch.set_grad_enabled(False)\n    np.seterr(all='ignore')\n" + SOLUTION.split("\n", 1)[1]
    assert "left it so" in checked(body).message
    assert torch.is_grad_enabled() and np.geterr() == errors


def test_an_array_that_behaves_like_nothing_else_does_not_pass():
    body = (
        "    class Sly(np.ndarray):\n        def __array_function__(self, *a): return np.ones(self.shape, bool)\n"
        "        def __array_ufunc__(self, *a, **k): return np.ones(self.shape, bool)\n    return (x * 1.0).view(Sly)"
    )
    assert not checked(body).ok


def test_the_streams_of_random_numbers_stay_as_they_were():
    torch.manual_seed(3)
    np.random.seed(3)
    expected = torch.rand(2).tolist(), np.random.rand()
    torch.manual_seed(3)
    np.random.seed(3)
    checked("    torch.manual_seed(9)\n    np.random.seed(9)\n    return x")
    assert (torch.rand(2).tolist(), np.random.rand()) == expected


def test_a_stop_by_the_user_is_passed_on():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded(stop, 1)


def test_what_an_answer_prints_is_shown_with_its_case():
    result = checked("    print('x is', x.shape)\n    return x")
    assert "printed   x is (2,)" in repr(result)


# Reading an answer ───────────────────────────────────────────────────────────────────────────────


def test_blanks():
    source = "def f(x):\n    # <blank> y = ...  # 1: half\n    y = x / 2\n    # </blank>\n"
    source += "    # <blank>\n    return y\n    # </blank>\n"
    assert with_blanks(source) == "def f(x):\n    y = ...  # 1: half\n    ...\n"
    assert filled(source) == "def f(x):\n    y = x / 2\n    return y\n"
    assert open_lines(with_blanks(source)) == [2, 3]
    assert open_lines("def f(x):\n    return x[..., 0]\n") == []
    assert open_lines("def f(x):\n    return np.where(..., x, 0)\n") == [2]


def test_lines_are_counted_as_in_the_cell():
    source, above = plain('# a remark\n@exercise("softmax")\ndef softmax(x):\n    return ...\n')
    assert (source, above) == ("def softmax(x):\n    return ...\n", 2)
    result = checking.check_source(find("softmax"), "\n" * above + "def softmax(x):\n    return 1 / 0\n")
    assert "in line 4" in result.message


def test_unreadable_code_is_a_sentence():
    assert (
        checking.check_source(find("softmax"), "def softmax(x)\n").message == "Python cannot read line 1: expected ':'."
    )


def test_an_unknown_exercise_is_answered_with_the_nearest_name(capsys):
    with pytest.raises(UnknownExercise, match="Did you mean 'softmax'"):
        find("softmx")
    notebook.hint("softmx")
    assert capsys.readouterr().out == "there is no exercise 'softmx'. Did you mean 'softmax'?\n"


# Comparing ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "found, expected, what",
    [
        (0.1 + 0.2, 0.3, None),
        (np.float64(1.5), 1.5, None),
        (torch.ones(2), np.ones(2, dtype=np.float32), None),
        ((1, 2), [1, 2], None),
        ({"a": 1.0}, {"a": 1.0}, None),
        (1.0001, 1.0, "values"),
        (1, 1.0, "dtype"),
        (np.ones((2, 1)), np.ones(2), "shape"),
        (np.array([np.nan, 1]), np.array([0.0, 1]), "nan"),
        (1, True, "dtype"),
        ("a", "b", "values"),
        ((1,), (1, 2), "length"),
        ({"a": 1}, {"b": 1}, "length"),
        (None, 1.0, "type"),
        (..., 1.0, "type"),
        ([1.0, 2.0], np.ones(2), "type"),
    ],
)
def test_difference(found, expected, what):
    result = difference(found, expected)
    assert (result and result.what) == what


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda a: -a, "Every number has the wrong sign."),
        (lambda a: a * 3, "Every number is 3 times as large as it should be."),
        (lambda a: a + 2, "Every number is 2 too large."),
        (lambda a: a[::-1], "in the opposite order along axis 0."),
        (lambda a: a.T, "with rows and columns exchanged."),
        (lambda a: a[:, None], "a dimension of size 1 is missing, or one too many."),
        (lambda a: np.roll(a, 1, axis=1), "The right numbers stand in the wrong places."),
        (lambda a: np.where(a > 2, np.nan, a), "are nan (not a number)"),
        (lambda a: np.where(a > 2, -a, a), "numbers have the wrong sign."),
    ],
)
def test_relations(change, says):
    right = np.array([[1.0, 2.0, 4.0], [3.0, 7.0, 5.0], [0.5, 0.25, 6.0]])
    assert says in relation(change(right), right)


def test_feedback_is_escaped_and_says_the_same_as_text():
    result = checked("    raise ValueError('<script>alert(1)</script>')")
    assert "<script>" in repr(result) and "<script>" not in html_of(result) and "&lt;script&gt;" in html_of(result)
    assert text(np.array([-0.0, 1.0])) == "[0., 1.]"


# Predictions and orders ──────────────────────────────────────────────────────────────────────────


def test_a_prediction_never_quotes_the_right_answer():
    ex = find("predict-shapes")
    result = predicting.check_answers(ex, {**ex.compute(), "e": (2, 3, 1)})
    assert result.status == checking.WRONG and result.message == "4 of 5 right. Look again at e."
    assert predicting.check_answers(ex, {"a": (1, 3)}).message == "Still to be answered: b, c, d, e."
    assert "no question 'z'" in predicting.check_answers(ex, {"z": 1}).message


def test_an_order_is_judged_by_what_the_program_does():
    ex = find("topological-sort")
    assert "no line Z" in predicting.check_order(ex, "Z").message
    assert "2 times" in predicting.check_order(ex, ex.answer + ex.answer[-1]).message
    backwards = " ".join(reversed(predicting.letters(ex.answer)))
    assert "Python cannot read the program" in predicting.check_order(ex, backwards).message
    assert predicting.check_order(ex, ex.answer.replace(" ", ", ").lower()).ok


# Progress ────────────────────────────────────────────────────────────────────────────────────────


def test_a_pass_is_kept_and_a_later_failure_does_not_take_it_away(tmp_path):
    first = Progress(tmp_path)
    first.record("softmax", passed=True, source=SOLUTION)
    first.record("softmax", passed=False, source="def softmax(x): ...")
    second = Progress(tmp_path)
    assert (
        second.passed() == {"softmax"} and second.source("softmax") == SOLUTION and second.of("softmax")["tries"] == 2
    )
    second.reset("softmax")
    assert first.passed() == set() and (tmp_path / "drafts" / "softmax.py").read_text() == SOLUTION


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"null", b'{"schema": 1, "exercises": 3}', b'{"schema": 99}', b"\xff\xfe"]
)
def test_a_spoilt_file_costs_nothing(tmp_path, damage):
    Progress(tmp_path).record("softmax", passed=True, source=SOLUTION)
    (tmp_path / "progress.json").write_bytes(damage)
    assert Progress(tmp_path).passed() == {"softmax"}
    (tmp_path / "progress.bak").write_bytes(damage)
    found = Progress(tmp_path)  # nothing is left but the answer itself
    assert found.passed() == {"softmax"}
    found.record("relu", passed=True, source="def relu(x): ...")
    assert Progress(tmp_path).passed() == {"softmax", "relu"}


WRITER = """
import sys
from learntorch.course.practice.progress import Progress
progress = Progress(__import__("pathlib").Path(sys.argv[1]))
print("ready", flush=True)
for number in range(int(sys.argv[3])):
    progress.record(f"{sys.argv[2]}-{number % 5}", passed=True, source=f"answer {number}")
"""


def writer(folder: Path, name: str, count: int) -> subprocess.Popen:
    """Another kernel that passes exercises, one after the other."""
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=WHERE)


KILLER = """
import os, signal, sys, time
from pathlib import Path
from learntorch.course.practice.progress import Progress
folder = Path(sys.argv[1])
for kill in range(100):
    child = os.fork()
    if child == 0:
        progress = Progress(folder)
        for number in range(100_000):
            progress.record(f"other-{number % 5}", passed=True, source=f"answer {number}")
    time.sleep(0.001 * (kill % 60))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = Progress(folder).read()
    assert found["exercises"]["softmax"]["passed"], found
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_kill_minus_nine_in_the_middle_of_a_write_loses_nothing(tmp_path):
    progress = Progress(tmp_path)
    progress.record("softmax", passed=True, source=SOLUTION)
    subprocess.run([sys.executable, "-c", KILLER, str(tmp_path)], cwd=ROOT, env=WHERE, check=True, timeout=60)
    assert json.loads((tmp_path / "progress.json").read_text())["exercises"]["softmax"]["passed"]
    assert Progress(tmp_path).source("softmax") == SOLUTION
    assert any(id.startswith("other") for id in Progress(tmp_path).passed())
    progress.record("last", passed=True, source="x")
    assert not list(tmp_path.glob("*.new"))


def test_two_kernels_at_once_lose_no_pass(tmp_path):
    both = [writer(tmp_path, name, 40) for name in ("left", "right")]
    for process in both:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert Progress(tmp_path).passed() == {f"{name}-{i}" for name in ("left", "right") for i in range(5)}
    assert Progress(tmp_path).of("left-0")["tries"] == 8


def test_a_folder_that_cannot_be_written_is_said_once_and_the_session_goes_on(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    progress = Progress(blocked / ".learntorch")
    progress.record("softmax", passed=True, source=SOLUTION)
    assert "could not be saved" in progress.unsaved and progress.passed() == {"softmax"}
    assert progress.source("softmax") == SOLUTION


# Slots ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ours_again():
    """Whatever a test installs is taken out again."""
    yield
    for slot in slots.slots().values():
        slot.restore()


def test_a_piece_runs_everywhere_and_ours_comes_back(ours_again):
    calls = []

    def softmax(x):
        calls.append(x.shape)
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    x = torch.tensor([[1.0, 2.0], [0.0, 3.0]], requires_grad=True)
    expected = torch.softmax(x, 0)
    slot = slots.slots()["softmax"]
    slot.install(softmax)
    for form in (lambda: torch.softmax(x, 0), lambda: x.softmax(0), lambda: torch.nn.functional.softmax(x, 0),
                 lambda: torch.nn.Softmax(0)(x)):  # fmt: skip
        before = len(calls)
        y = form()
        assert len(calls) == before + 1 and torch.allclose(y, expected) and y.grad_fn.name() == "SoftmaxBackward0"
    assert torch.autograd.gradcheck(lambda x: torch.softmax(x, 0), x.detach().double().requires_grad_())
    slot.restore()
    before = len(calls)
    assert torch.equal(torch.softmax(x, 0), expected) and len(calls) == before


def test_a_poisoned_slot_says_which_exercise_fills_it(ours_again):
    slots.poison(slots.slots()["softmax"], "softmax")
    with pytest.raises(slots.EmptySlot, match="Pass the exercise 'softmax' first"):
        torch.softmax(torch.ones(2), 0)


def test_every_slot_is_filled_by_an_exercise_and_the_other_way_round():
    named = [ex.slot for ex in catalogue().values() if ex.slot]
    assert len(named) == len(set(named)) and set(named) == set(slots.slots())
