"""What a learner reads: pictures as grids in HTML, the same content as text, and nothing said by colour alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import learntorch as torch
from learntorch.course.practice import checking, slots
from learntorch.course.practice.answer import filled, load
from learntorch.course.practice.compare import text
from learntorch.course.practice.definition import find
from learntorch.course.practice.feedback import html_of

ROOT = Path(__file__).parents[2]


def checked(id: str, body: str, signature: str) -> checking.Result:
    """The check of an answer with this body."""
    return checking.check_source(find(id), f"def {signature}:\n    {body}\n")


def board(body: str) -> checking.Result:
    """The check of a checkerboard with this body."""
    return checked("checkerboard", body, "checkerboard(rows, columns)")


# Pictures ────────────────────────────────────────────────────────────────────────────────────────


def test_yours_and_the_target_stand_side_by_side_and_the_cells_that_differ_are_marked():
    result = board("return (torch.arange(rows)[:, None] + 0 * torch.arange(columns)) % 2")
    html = html_of(result)
    yours, target = re.findall(r"<table[^>]*>(<caption.*?)</table>", html)
    assert ">yours<" in yours and ">target<" in target
    assert re.findall(r"<td[^>]*>([^<]*)</td>", yours) == ["0", "0 ✗", "0", "1", "1 ✗", "1"]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", target) == ["0", "1", "0", "1", "0", "1"]
    assert yours.count("border:4px solid") == 2 and "border:4px solid" not in target
    places = "✗ 2 of 6 cells: [0, 1], [1, 1]"
    assert places in html and f"differ    {places}" in repr(result)
    assert "yours     [[0, 0, 0],\n             [1, 1, 1]]" in repr(result)
    assert "target    [[0, 1, 0],\n             [1, 0, 1]]" in repr(result)


def test_a_picture_of_another_shape_has_no_marks():
    result = checked("outer", "return v[:, None] * u", "outer(u, v)")
    assert "differ    shape (2, 3) instead of (3, 2)" in repr(result)
    html = html_of(result)
    assert "shape (2, 3) instead of (3, 2)" in html and html.count("<caption") == 2 and "✗" not in html


@pytest.mark.parametrize(
    "body",
    [
        "return [[0, 1, 0], [1, 0, 1]]",  # no array
        "return None",
        "return torch.zeros(rows, columns, 1)",  # three dimensions
        "return ((torch.arange(rows)[:, None] + torch.arange(columns)) % 2).float()",  # the same cells, another type
        "return 1 / 0",
    ],
)
def test_what_is_no_picture_is_shown_as_text(body):
    result = board(body)
    assert result.status == checking.WRONG
    assert "<caption" not in html_of(result) and "differ" not in repr(result)


def test_numbers_that_are_not_finite_are_cells_too():
    assert "nan ✗" in html_of(checked("outer", "return u[:, None] * v * float('nan')", "outer(u, v)"))


# Text ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_parts_of_an_answer_stand_below_each_other():
    result = checked("edges", "return x[:1], x[-1:], x[:, 0:0], x[:, -1:]", "edges(x)")
    assert (
        "yours     part 1: [[1, 2, 3]]\n            part 2: [[4, 5, 6]]\n            part 3: [], of shape (2, 0)"
        in repr(result)
    )
    assert text(torch.zeros(0, 3)) == "[], of shape (0, 3)"


# What an answer must be beside right ─────────────────────────────────────────────────────────────


def test_every_part_of_a_view_must_be_one():
    result = checked("edges", "return x[:1], x[-1:], x[:, :1].clone(), x[:, -1:]", "edges(x)")
    assert result.misconception == "copies"


@pytest.mark.parametrize(
    "body",
    [
        "return torch.stack([a * v for a in u])",
        "rows = []\n    for a in u: rows.append(a * v)\n    return torch.stack(rows)",
        "while True: pass",
    ],
)
def test_a_loop_is_refused_where_none_is_wanted(body):
    assert "There is a loop in it." in checked("outer", body, "outer(u, v)").message


def test_the_operator_for_a_matrix_product_is_ready_made_too():
    assert checked("matmul", "return a @ b", "matmul(a, b)").message.startswith("`@` is what you are building here.")


@pytest.mark.parametrize("answer", ["lambda: 1", "lambda: [0 for _ in iter(int, 1)]"])
def test_after_a_check_a_debugger_and_a_profiler_still_come_to_an_end(answer):
    program = f"""if True:
        import sys
        from learntorch.course.practice.guard import guarded
        print(guarded({answer}, 0.2).how)
        def steps():
            return sum(i for i in range(3))
        seen = []
        def watch(frame, event, argument):
            seen.append(event)
            return watch
        for start in (sys.settrace, sys.setprofile):
            start(watch)
            steps()
            start(None)
        print(len(seen) > 6)
    """
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", program], env=where, capture_output=True, text=True, timeout=60)
    assert ran.stdout.split() == [("returned" if answer == "lambda: 1" else "overtime"), "True"], ran.stderr


# The slots of chapter 01 ─────────────────────────────────────────────────────────────────────────


def seen() -> list[str]:
    """What the functions do whose pieces chapter 01 builds."""

    def tried(call) -> str:
        try:
            return repr(call())
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    u, v = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0, 5.0], requires_grad=True)
    pairs = [((3, 1), (4,)), ((2, 1), (0,)), ((2, 3), (2,)), ((2,), (3, 2), (5, 1, 1)), (), ((4,),), ((3,), (2, 3))]
    found = [tried(lambda p=p: torch.broadcast_shapes(*p)) for p in pairs]
    found.append(tried(lambda: torch.broadcast_tensors(torch.zeros(3, 1), torch.zeros(4))))
    for product in (torch.outer, torch.ger, torch.Tensor.outer, lambda u, v: torch.outer(u, vec2=v)):
        found.append(tried(lambda product=product: product(u, v)))
        found.append(tried(lambda product=product: _twice(product(u, v), (u, v))))
    found += [tried(lambda: torch.outer(u, u[:, None])), tried(lambda: torch.outer(u, 3))]
    found.append(tried(lambda: torch.outer(torch.tensor([1, 2]), torch.tensor([0.5]))))
    return found


def _twice(y, inputs) -> list:
    """The gradients of a product, and those of their squares."""
    first = torch.autograd.grad((y * torch.arange(6.0).view(2, 3)).pow(2).sum(), inputs, create_graph=True)
    second = torch.autograd.grad(sum(g.pow(2).sum() for g in first), inputs)
    return [g.tolist() for g in (*first, *second)]


@pytest.mark.parametrize("id", ["broadcast-shapes", "outer"])
def test_a_right_piece_changes_nothing_a_wrong_one_shows_and_ours_comes_back(id):
    ex = find(id)
    slot, ours = slots.slots()[ex.slot], seen()
    answers = [(ex.answer, True), *((wrong.answer, False) for wrong in ex.wrongs)]
    for answer, right in answers:
        try:
            slot.install(load(ex, filled(ex.source(answer)), "mine").object)
            assert (seen() == ours) == right, answer.__name__
            slots.poison(slot, ex.id)
            assert any("is not yours yet" in line for line in seen())
        finally:
            slot.restore()
        assert seen() == ours
