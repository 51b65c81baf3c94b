"""The learner's gradients in the engine: a right piece changes nothing that can be seen, a wrong one is noticed."""

import linecache

import numpy as np
import pytest

import learntorch as torch
from learntorch.course.practice import slots
from learntorch.course.practice.answer import filled, load, plain, written
from learntorch.course.practice.definition import find

GRADIENTS = ("mul-gradient", "relu-gradient", "unbroadcast", "matmul-gradient", "sum-gradient")
ALL = (*GRADIENTS, "no-grad")


@pytest.fixture(autouse=True)
def ours_again():
    """Whatever a test installs is taken out again, and recording is on."""
    yield
    for name in ALL:
        slots.slots()[name].restore()
    torch.set_grad_enabled(True)


def install(name: str, answer: object) -> None:
    ex = find(name)
    slots.slots()[name].install(load(ex, filled(ex.source(answer)), "mine").object)


def gradients() -> list:
    """What many programs leave in .grad: broadcasting, forms of a sum, types, empty tensors, derivatives thrice."""
    found = []
    for dtype in (torch.float64, torch.float32):
        torch.manual_seed(0)
        a, b, c, w = (torch.randn(*size).to(dtype).requires_grad_() for size in ((2, 3), (3,), (2, 1), (3, 4)))
        s = torch.tensor(1.5, dtype=dtype, requires_grad=True)
        y = torch.relu(a * b + c * s * 2)
        z = y.mm(w).sum(1) + y.sum((0, 1), keepdim=True).sum() + a.sum(-1, keepdim=True).mul(c).sum() + s.sum()
        k = a * 3
        k = k + torch.relu(a)  # one gradient goes two ways
        ((z * z).sum() + (k.sum(0) * b).sum()).backward()
        found += [t.grad for t in (a, b, c, w, s)]
        total = (torch.relu(a * b + c) * a).mm(w).sum(1, keepdim=True).pow(3).sum()
        for _ in range(3):
            grads = torch.autograd.grad(total, [a, b, c, w], create_graph=True)
            found += grads
            total = sum((g * g).sum() for g in grads)
    x, d, e = torch.ones(3, requires_grad=True), torch.ones(2, 3, dtype=torch.float64), torch.zeros(0, 3)
    ((x * d).sum() + x.sum(dtype=torch.float64) + (x * e).sum() + torch.relu(x - 1).sum()).backward()
    found.append(x.grad)
    return [(g.dtype, g.detach().numpy().copy()) for g in found]


def modes() -> list:
    """Whether recording is on, in and after blocks of all kinds."""
    found = []

    def say():
        found.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled()))

    early = torch.no_grad()
    with torch.no_grad(), torch.no_grad():
        with torch.enable_grad():
            say()
            with early, early:
                say()
            say()
        with torch.no_grad():
            say()
        say()
    say()
    torch.set_grad_enabled(False)
    with early:
        say()
    say()
    torch.set_grad_enabled(True)
    try:
        with torch.no_grad():
            raise ValueError
    except ValueError:
        say()
    say()
    torch.no_grad()(say)()
    torch.no_grad(say)()
    torch.enable_grad()(say)()
    torch.set_grad_enabled(True)
    return found


def same(one: list, two: list) -> bool:
    return all(
        p == q and x.shape == y.shape and np.allclose(x, y, rtol=1e-4, atol=1e-6)
        for (p, x), (q, y) in zip(one, two, strict=True)
    )


@pytest.mark.parametrize("which", ["solution", 0, 1])
def test_right_pieces_change_nothing(which):
    expected, on = gradients(), modes()
    for name in ALL:
        ex = find(name)
        install(name, ex.answer if which == "solution" else ex.rights[which].answer)
    assert same(gradients(), expected) and modes() == on
    x = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: (torch.relu(x * x[0]) @ x).sum(0), (x,))
    for name in ALL:
        slots.slots()[name].restore()
    assert same(gradients(), expected) and modes() == on


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_wrong_gradient_is_noticed(name):
    expected = gradients()
    for wrong in find(name).wrongs:
        install(name, wrong.answer)
        try:
            noticed = not same(gradients(), expected)
        except Exception:
            noticed = True
        assert noticed, f"{wrong.name} runs unnoticed"


def test_a_wrong_no_grad_is_noticed():
    expected = modes()
    for wrong in find("no-grad").wrongs:
        install("no-grad", wrong.answer)
        assert modes() != expected, f"{wrong.name} runs unnoticed"
        torch.set_grad_enabled(True)


def test_pieces_keep_no_more_than_ours():
    for name in GRADIENTS:
        install(name, find(name).answer)
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    h = x + 1
    y = torch.relu(h) + h * 2
    h.add_(1)  # neither relu nor a product with a number needs h
    y.backward(torch.tensor([-1.0, 1.0]))
    assert repr(x.grad) == "tensor([-2.,  3.])"


def test_a_graph_outlives_a_swap():
    x = torch.tensor([[1.0, -2.0], [3.0, 4.0]], requires_grad=True)
    old = (torch.relu(x * x * x) @ x).sum(0).sum()
    for name in GRADIENTS:
        install(name, find(name).answer)
    new = (torch.relu(x * x * x) @ x).sum(0).sum()
    (first,) = torch.autograd.grad(old, x)
    for name in GRADIENTS:
        slots.slots()[name].restore()
    assert torch.equal(first, torch.autograd.grad(new, x)[0])


@pytest.mark.parametrize("name", ALL)
def test_a_poisoned_piece_refuses(name):
    slots.poison(slots.slots()[name], name)
    with pytest.raises(slots.EmptySlot, match=name):
        gradients()
        modes()
    slots.slots()[name].restore()
    with torch.enable_grad():
        assert torch.is_grad_enabled()


def test_a_class_moves_with_all_its_methods_and_leaves_without_a_trace():
    class Ours:
        """Ours."""

        def value(self):
            return 1

        def twice(self):
            return 2 * self.value()

    class Theirs(Ours):
        """Theirs."""

        start = 5

        @staticmethod
        def helper(x):
            return x + 1

        @property
        def more(self):
            return self.helper(self.start)

        def value(self):
            return self.more + (super().__doc__ == "Ours.")

    slot = slots.methods_of("a", "b", Ours)
    before, one = dict(vars(Ours)), Ours()
    slot.install(Theirs)
    assert one.value() == 6 and one.twice() == 12 and Ours.__doc__ == "Ours."
    slot.restore()
    assert one.twice() == 2 and dict(vars(Ours)) == before


def test_the_source_of_a_class_in_a_cell_is_found():
    cell = "x = 1\n\n@print_it\nclass Twice:\n    def __init__(self):\n        self.n = 2\n"
    linecache.cache["<cell 7>"] = (len(cell), None, cell.splitlines(True), "<cell 7>")
    space = {"__name__": "__main__", "print_it": lambda answer: answer}
    exec(compile(cell, "<cell 7>", "exec"), space)
    source, first = written(space["Twice"])
    assert plain(source) == (cell[cell.index("class") :], 0) and first == 4
