"""`make parity` compares learntorch with PyTorch; here, without PyTorch, whether it would notice a difference."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from parity import explore
from parity_comparison import Difference, Runner, Step, needed_by_last, replay, smallest
from parity_operations import OPERATIONS, table
from parity_programs import PLACEHOLDER, Drawer
from parity_tensors import SUBJECTS

import learntorch
from learntorch.autograd import Function


def library(**functions) -> ModuleType:
    """learntorch with other functions in it."""
    module = ModuleType("torch")
    vars(module).update(vars(learntorch), **functions)
    return module


def program(*lines: str) -> list[Step]:
    """One step per line; a line `name = …` makes a variable."""
    names = [line.split(" = ")[0] if " = " in line and "[" not in line.split(" = ")[0] else None for line in lines]
    return [Step("here", f"line {i}", line, name) for i, (line, name) in enumerate(zip(lines, names))]


class Half(Function):
    """The absolute value, with a gradient that is half of the right one."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.abs()

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0].sign() * 0.5


class Whole(Half):
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0].sign()


def fails(error: type) -> Callable:
    def function(x):
        raise error("no")

    return function


def half_written(x):
    x[0] = 7
    raise RuntimeError("no")


def written(x):
    x.detach().add_(0)
    return x.abs()


PLANTED = {
    "value": (lambda x: x.abs(), lambda x: x.abs() * 1.0001),
    "dtype": (lambda x: x.abs(), lambda x: x.abs().double()),
    "shape": (lambda x: x.abs(), lambda x: x.abs().unsqueeze(0)),
    "stride": (lambda x: x.abs(), lambda x: x.abs().t().contiguous().t()),
    "storage_offset": (lambda x: x.abs()[1:], lambda x: x.abs()[1:].clone()),
    "requires_grad": (lambda x: x.abs(), lambda x: x.detach().abs()),
    "grad_fn": (lambda x: x.abs(), lambda x: x.relu() + (-x).relu()),
    "is_leaf": (lambda x: x.detach().requires_grad_(), lambda x: x.clone()),
    "_version": (lambda x: x.abs(), written),
    "identity": (lambda x: x, lambda x: x.view(2, 3)),
    "aliasing": (lambda x: x.detach(), lambda x: x.detach().clone()),
    "raises": (fails(RuntimeError), fails(ValueError)),
    "type": (lambda x: x.detach().numpy(), lambda x: x.detach()),
    "length": (lambda x: x.split(1), lambda x: x.split(2)),
    "grad": (Whole.apply, Half.apply),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_difference_is_noticed(kind: str) -> None:
    good, bad = PLANTED[kind]
    steps = program(
        "a = torch.tensor([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]], requires_grad=True)",
        "b = a.detach().clone()",
        "c = torch.odd(b)" if kind == "identity" else "c = torch.odd(a)",
        "(c * c).sum().backward()" if kind == "grad" else "a.sum()",
    )
    reference = library(odd=good if kind != "grad" else lambda x: _named(good(x)))
    assert replay(steps, reference, reference, watch=True) is None
    found = replay(steps, reference, library(odd=bad if kind != "grad" else lambda x: _named(bad(x))), watch=True)
    assert found is not None and found.kind == kind, found


def _named(x):
    return x * 1  # so that the node has the same name in both


def test_what_a_failed_statement_wrote_is_noticed() -> None:
    steps = program("a = torch.ones(3)", "b = torch.odd(a)")
    found = replay(steps, library(odd=fails(RuntimeError)), library(odd=half_written), watch=True)
    assert found is not None and found.kind == "value"
    # The other way round PyTorch itself left half a write behind, and to have written nothing is as good.
    assert replay(steps, library(odd=half_written), library(odd=fails(RuntimeError)), watch=True) is None


def test_last_digits_are_no_difference_and_do_not_grow() -> None:
    steps = program("a = torch.odd(torch.tensor([3.0, 0.5]))", "b = a.floor()", "c = a * 1e6")
    lower = library(odd=lambda x: x * (1 - 1e-7))
    assert replay(steps, library(odd=lambda x: x), lower, watch=False) is None


def test_without_watching_the_end_is_compared() -> None:
    steps = program("a = torch.ones(2, 3)", "b = torch.odd(a)", "c = a + 1")
    found = replay(steps, library(odd=PLANTED["stride"][0]), library(odd=PLANTED["stride"][1]), watch=False)
    assert found is not None and found.kind == "stride" and found.step is steps[-1]


def test_words_are_reported_and_no_difference() -> None:
    runner = Runner(library(odd=fails(ValueError)), library(odd=fails(ValueError)))
    assert runner.run(Step("here", "odd", "a = torch.odd(1)", "a")) is False and not runner.messages
    other = library(odd=lambda x: [][x])
    runner = Runner(library(odd=fails(IndexError)), other)
    assert runner.run(Step("here", "odd", "a = torch.odd(1)", "a")) is False
    assert runner.messages[0][1:3] == ("no", "list index out of range")


def test_a_difference_is_reduced_to_what_it_needs() -> None:
    steps = program("a = torch.ones(2)", "b = a * 2", "c = torch.zeros(3)", "d = c.sin()", "e = torch.odd(d)")
    reference, candidate = library(odd=lambda x: x), library(odd=lambda x: x + 1)
    found = replay(steps, reference, candidate, watch=True)
    assert smallest(found, reference, candidate).script() in ("a = torch.ones(2)\ne = torch.odd(a)",
                                                             "c = torch.zeros(3)\ne = torch.odd(c)")  # fmt: skip
    assert [step.name for step in needed_by_last(steps)] == ["c", "d", "e"]


# Drawn programs ──────────────────────────────────────────────────────────────────────────────────

CHANCE = ("rand", "normal", "bernoulli", "multinomial", "uniform", "ropout", "nn.Linear", "nn.Embedding", "nn.Conv")


@pytest.fixture
def without_chance(monkeypatch) -> None:
    """One library compared with itself has one random stream, and the second draw finds it further on."""
    for area, forms in OPERATIONS.items():
        monkeypatch.setitem(OPERATIONS, area, [form for form in forms if not any(word in form for word in CHANCE)])


def test_drawn_programs_agree_with_themselves(without_chance) -> None:
    outcome = explore(learntorch, learntorch, number=1, count=40, known=set())
    assert outcome.programs >= 40 and outcome.steps > 150 and not outcome.differences, outcome.differences


@pytest.mark.parametrize(("name", "wrong"), [("matmul", lambda a, b: learntorch.matmul(a, b) + 1),
                                             ("cat", lambda tensors, dim=0: learntorch.cat(tensors, 0))])  # fmt: skip
def test_drawn_programs_find_a_planted_difference(monkeypatch, name: str, wrong) -> None:
    monkeypatch.setattr("parity_programs.AREAS", ["matrix", "joining"])
    monkeypatch.setitem(OPERATIONS, "matrix", [form for form in OPERATIONS["matrix"] if "torch.matmul" in form])
    monkeypatch.setitem(OPERATIONS, "joining", [form for form in OPERATIONS["joining"] if "torch.cat([" in form])
    outcome = explore(learntorch, library(**{name: wrong}), number=1, count=60, known=set())
    found = [difference for group, difference in outcome.differences.items() if group[1] == name]
    assert found, outcome.differences
    assert isinstance(found[0], Difference) and f"torch.{name}(" in found[0].script()


def test_programs_are_the_same_for_the_same_seed(without_chance) -> None:
    first, again = [explore(learntorch, learntorch, number=5, count=15, known=set()) for _ in range(2)]
    assert (first.steps, first.raised) == (again.steps, again.raised)


def test_every_word_of_the_tables_can_be_drawn() -> None:
    words = {word for forms in OPERATIONS.values() for form in forms for word in PLACEHOLDER.findall(form)}
    assert {word for word in words if word not in SUBJECTS and not callable(getattr(Drawer, word, None))} == set()
    assert sum(map(len, OPERATIONS.values())) > 700


def test_a_list_in_a_table_stands_for_its_words() -> None:
    assert table("# A comment\nF = sin cos\nF = exp\nLONG_F = +\n{x}.F()\n\n{x} LONG_F 1\n{x}.t()") == [
        "{x}.sin()", "{x}.cos()", "{x}.exp()", "{x} + 1", "{x}.t()",
    ]  # fmt: skip
