"""What differentiation promises, beyond right numbers: when it runs, what it keeps, what it refuses."""

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import learntorch as torch
from learntorch.autograd import Function, Variable, grad
from learntorch.ops.pointwise import mul
from learntorch.ops.rule import RULES


def leaf(*numbers, shape=None):
    x = torch.tensor(numbers if numbers else [1.0, 2.0, 3.0])
    return (x if shape is None else x.reshape(shape)).requires_grad_()


@pytest.fixture
def calls(monkeypatch):
    """Which formulas of `mul`, `exp` and `mm` have run."""
    seen = []
    for name in ("mul", "exp", "mm"):
        rule = RULES[name]

        def counted(i, formula, name=name, rule=rule):
            def run(g, saved):
                seen.append(f"{name}.{rule.inputs[i]}")
                return formula(g, saved)

            return run

        monkeypatch.setattr(rule, "gradients", tuple(counted(i, f) for i, f in enumerate(rule.gradients)))
    return seen


# Leaves and accumulation ─────────────────────────────────────────────────────────────────────────


def test_gradients_add_up():
    x = leaf()
    for times in (1, 2, 3):
        (x * 2).sum().backward()
        assert x.grad.tolist() == [2.0 * times] * 3
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


def test_gradients_add_up_into_the_same_tensor():
    x = leaf()
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert x.grad is first and first.tolist() == [2, 2, 2]


def test_two_leaves_never_share_a_gradient():
    x, y = leaf(), leaf()
    (x + y).sum().backward()
    x.grad.zero_()
    assert y.grad.tolist() == [1, 1, 1]


def test_the_given_gradient_is_not_kept():
    x, g = leaf(), torch.ones(3)
    x.backward(g)
    g.zero_()
    assert x.grad.tolist() == [1, 1, 1]


def test_a_diamond():
    x = leaf(2.0)
    y = x * x  # 4
    (y * y + y).backward()  # x⁴ + x²
    assert x.grad.item() == 4 * 8 + 2 * 2


def test_one_tensor_used_in_every_place():
    x = leaf(3.0)
    (x * x * x + x / x - x).backward()
    assert x.grad.item() == pytest.approx(3 * 9 - 1)


def test_is_leaf():
    x = leaf()
    assert x.is_leaf and torch.ones(2).is_leaf and x.detach().is_leaf
    assert not (x * 2).is_leaf and not x.view(3).is_leaf
    assert (torch.ones(2) * 2).is_leaf
    with torch.no_grad():
        assert (x * 2).is_leaf


def test_requires_grad_spreads():
    x = leaf()
    assert (x + 1).requires_grad and (torch.ones(3) * x).requires_grad
    assert not (x > 1).requires_grad and not x.argmax().requires_grad and not x.long().requires_grad
    assert not x.detach().requires_grad


def test_next_functions():
    x, w = leaf(), leaf()
    y = (x * w).sum()
    ((product, number),) = y.grad_fn.next_functions
    assert (y.grad_fn.name(), product.name(), number) == ("SumBackward0", "MulBackward0", 0)
    accumulate = [node for node, _ in product.next_functions]
    assert [node.name() for node in accumulate] == ["torch::autograd::AccumulateGrad"] * 2
    assert accumulate[0].variable is x and accumulate[1].variable is w
    assert repr(product).startswith("<MulBackward0 object at 0x")
    assert (x * 2).grad_fn.next_functions[1] == (None, 0)


def test_a_leaf_has_one_accumulator():
    x = leaf()
    y, z = x * 2, x * 3
    assert y.grad_fn.next_functions[0][0] is z.grad_fn.next_functions[0][0]


# Walking backward ────────────────────────────────────────────────────────────────────────────────


def test_a_second_backward_needs_the_graph():
    x = leaf()
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 8, 12]
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()


def test_a_second_backward_where_nothing_was_saved():
    x = leaf()
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_create_graph_keeps_the_graph():
    x = leaf()
    y = (x**3).sum()
    (g,) = grad(y, x, create_graph=True)
    assert g.tolist() == [3, 12, 27] and g.requires_grad
    (h,) = grad(g.sum(), x, create_graph=True)
    assert h.tolist() == [6, 12, 18]
    assert grad(h.sum(), x)[0].tolist() == [6, 6, 6]


def test_backward_with_create_graph():
    x = leaf(2.0)
    with pytest.warns(UserWarning, match="will create a reference cycle between the parameter and its gradient"):
        (x**3).backward(create_graph=True)
    assert x.grad.item() == 12 and x.grad.requires_grad
    g = x.grad
    x.grad = None
    g.backward()
    assert x.grad.item() == 12


def test_inputs_limits_where_gradients_go():
    x, w = leaf(), leaf()
    y = x * w
    y.sum().backward(inputs=[x])
    assert x.grad is not None and w.grad is None


def test_grad_leaves_grad_alone():
    x = leaf()
    assert grad((x * 2).sum(), x)[0].tolist() == [2, 2, 2]
    assert x.grad is None


def test_grad_of_what_lies_between():
    x = leaf()
    y = x * 2
    z = (y * y).sum()
    gy, gx = grad(z, [y, x])
    assert gy.tolist() == [4, 8, 12] and gx.tolist() == [8, 16, 24]


def test_unused_inputs():
    x, w = leaf(), leaf()
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        grad((x * 2).sum(), w)
    assert grad((x * 2).sum(), [x, w], allow_unused=True)[1] is None
    assert grad((x * 2).sum(), [x, w], materialize_grads=True)[1].tolist() == [0, 0, 0]


def test_grad_with_several_outputs():
    x = leaf()
    outs = [x.sum(), (x * x).sum()]
    assert grad(outs, x)[0].tolist() == [3, 5, 7]
    assert grad(x * x, x, torch.tensor([1.0, 0.0, 2.0]))[0].tolist() == [2, 0, 12]


def test_only_the_way_to_the_inputs_runs(calls):
    x, w = leaf(), leaf()
    a, b = x.exp(), w.exp()
    grad((a * b).sum(), x)
    assert calls == ["mul.a", "exp.x"]  # nothing for w


def test_no_formula_runs_for_inputs_that_need_no_gradient(calls):
    data, weights = torch.ones(4, 3), torch.ones(3, 2, requires_grad=True)
    data.mm(weights).sum().backward()
    assert calls == ["mm.b"]


def test_a_branch_that_is_not_used_does_not_run(calls):
    x = leaf()
    unused = x.exp()
    (x * 2).sum().backward()
    assert calls == ["mul.a"] and unused.requires_grad


def test_nothing_is_saved_that_no_formula_will_ask_for():
    big = torch.ones(1000)
    alive = weakref.ref(big)
    y = leaf() * 2
    z = y + big[:3]
    del big
    assert alive() is None and z.requires_grad


def test_what_is_saved_is_freed_by_backward():
    x = leaf()
    y = x * 2
    alive = weakref.ref(y)
    z = y.exp() * y
    del y
    assert alive() is not None
    z.sum().backward()
    assert alive() is None


# Modes ───────────────────────────────────────────────────────────────────────────────────────────


def test_no_grad_and_enable_grad_nest():
    x = leaf()
    with torch.no_grad():
        assert not torch.is_grad_enabled() and not (x * 2).requires_grad
        with torch.enable_grad():
            assert torch.is_grad_enabled() and (x * 2).requires_grad
            with torch.no_grad():
                assert not torch.is_grad_enabled()
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_the_mode_comes_back_after_an_exception():
    with pytest.raises(ZeroDivisionError), torch.no_grad():
        raise ZeroDivisionError
    assert torch.is_grad_enabled()


def test_one_no_grad_may_be_entered_twice():
    off = torch.no_grad()
    with off, off:
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    "decorator", [lambda: torch.no_grad, lambda: torch.no_grad(), lambda: torch.set_grad_enabled(False)]
)
def test_as_a_decorator(decorator):
    @decorator()
    def f(x):
        """Twice x."""
        return x * 2

    assert f.__doc__ == "Twice x." and not f(leaf()).requires_grad
    assert torch.is_grad_enabled()


def test_set_grad_enabled():
    torch.set_grad_enabled(False)
    try:
        assert not torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_the_mode_belongs_to_a_thread():
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_backward_works_inside_no_grad():
    x = leaf()
    y = (x * x).sum()
    with torch.no_grad():
        y.backward()
        assert not torch.is_grad_enabled()
    assert x.grad.tolist() == [2, 4, 6] and not x.grad.requires_grad


def test_detach_shares_memory_and_cuts_history():
    x = leaf()
    y = (x * 2).detach()
    assert not y.requires_grad and y.grad_fn is None
    z = x.detach()
    z[0] = 10
    assert x[0].item() == 10
    (x * x.detach()).sum().backward()
    assert x.grad.tolist() == [10, 2, 3]


# Writing in place ────────────────────────────────────────────────────────────────────────────────


def spoiled(save, spoil):
    x = leaf()
    y = x * 1
    z = save(y)
    spoil(y)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        z.sum().backward()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda y: y.add_(1),
        lambda y: y.zero_(),
        lambda y: y.__setitem__(0, 5.0),
        lambda y: y[1:].mul_(2),
        lambda y: y.view(3, 1)[0].fill_(1),
        lambda y: y.detach().add_(1),
        lambda y: y.detach()[0].add_(1),
        lambda y: y.__setitem__(y > 0, 0.0),
    ],
)
def test_a_saved_tensor_must_not_be_written_to(spoil):
    spoiled(lambda y: y * y, spoil)


def test_a_saved_output_must_not_be_written_to():
    x = leaf()
    y = x.exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match=r"output 0 of Exp, is at version 1; expected version 0 instead"):
        y.sum().backward()


def test_a_saved_view_notices_a_write_to_its_base():
    x = leaf()
    base = x * 1
    view = base[:2]
    z = view * view
    base.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_a_write_before_saving_is_fine():
    x = leaf()
    y = x * 1
    y.add_(1)
    (y * y).sum().backward()
    assert x.grad.tolist() == [4, 6, 8]


def test_a_write_to_what_was_not_saved_is_fine():
    x = leaf()
    y = x * 3
    z = y + 1  # saves nothing
    y.zero_()
    z.sum().backward()
    assert x.grad.tolist() == [3, 3, 3]


def test_data_is_not_watched():
    x = leaf()
    y = x * 1
    z = (y * y).sum()
    y.data.add_(1)  # no error, and wrong gradients: this is why detach() replaced it
    z.backward()
    assert x.grad.tolist() == [4, 6, 8]


def test_versions_count_writes():
    x = torch.zeros(4)
    y = x[:2]
    assert (x._version, y._version) == (0, 0)
    y.add_(1)
    x.mul_(2)
    x[0] = 3
    assert x._version == y._version == x.detach()._version == 3


def test_in_place_on_a_leaf():
    x = leaf()
    for write in (lambda: x.add_(1), lambda: x.zero_(), lambda: x[0].add_(1), lambda: x.__setitem__(0, 1.0)):
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            write()
    with torch.no_grad():
        x.add_(1)
        x[0] = 7
    assert x.tolist() == [7, 3, 4] and x.is_leaf


def test_in_place_keeps_the_object_and_its_history():
    x = leaf()
    y = x * 2
    before = y.grad_fn
    assert y.mul_(3) is y and y.grad_fn is not before
    y.sum().backward()
    assert x.grad.tolist() == [6, 6, 6]


def test_in_place_takes_a_history_on():
    x, y = leaf(), torch.zeros(3)
    y.add_(x)
    assert y.requires_grad and not y.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_writing_through_a_view():
    x = leaf(1.0, 2.0, 3.0, 4.0, shape=(2, 2))
    y = x * 1
    y[0].mul_(10)
    y[:, 1] = 0
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    (y * y).sum().backward()
    assert x.grad.tolist() == [[200, 0], [6, 0]]


def test_a_view_made_before_the_write_sees_its_history():
    x = leaf()
    y = x * 1
    view = y[1:]
    y.mul_(2)
    assert view.tolist() == [4, 6]
    view.sum().backward()
    assert x.grad.tolist() == [0, 2, 2]


def test_views_of_views_and_writes_in_turn():
    x = leaf(*map(float, range(1, 13)), shape=(3, 4))
    y = x * 1
    rows = y[1:]
    block = rows.t()[:2]
    block.mul_(3)
    rows[0].add_(1)
    y.mul_(2)
    expected = np.ones((3, 4)) * 2
    expected[1:, :2] *= 3
    y.sum().backward()
    assert x.grad.tolist() == expected.tolist()
    assert block.grad_fn is not None and rows.requires_grad


def test_a_view_written_with_a_recorded_value():
    x, target = leaf(), torch.zeros(2, 3)
    target[1] = x * 2
    assert target.requires_grad
    (target * target).sum().backward()
    assert x.grad.tolist() == [8, 16, 24]


def test_a_write_through_a_view_inside_no_grad_is_not_recorded():
    x = leaf()
    y = x * 1
    node = y.grad_fn
    with torch.no_grad():
        y[0] = 100
    assert y.grad_fn is node


@pytest.mark.parametrize("name", ["sin_", "abs_", "square_", "log_", "neg_", "sqrt_", "relu_", "tanh_", "reciprocal_"])
def test_in_place_functions_differentiate(name):
    x = leaf(0.5, 1.5)
    y = x * 1
    getattr(y, name)()
    z = getattr(x, name[:-1])()
    assert grad(y.sum(), x)[0].tolist() == grad(z.sum(), x)[0].tolist()


def test_operations_inside_no_grad_make_no_node():
    x = leaf()
    with torch.no_grad():
        assert (x * 2).grad_fn is None and x.view(3).grad_fn is None and torch.cat([x, x]).grad_fn is None


# Hooks ───────────────────────────────────────────────────────────────────────────────────────────


def test_hooks_run_in_order_and_replace():
    x, seen = leaf(), []
    y = x * 1
    y.register_hook(lambda g: seen.append(("first", g.tolist())))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(("third", g.tolist())))
    y.sum().backward()
    assert seen == [("first", [1, 1, 1]), ("third", [10, 10, 10])]
    assert x.grad.tolist() == [10, 10, 10]


def test_a_hook_on_a_leaf_runs_once_with_the_whole_gradient():
    x, seen = leaf(), []
    handle = x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 2 + x).sum().backward()
    assert seen == [[3, 3, 3]]
    handle.remove()
    x.sum().backward()
    assert len(seen) == 1


def test_a_hook_that_adds_up_gradients_keeps_its_own():
    x, kept = leaf(), []
    x.register_hook(kept.append)
    x.sum().backward()
    x.sum().backward()
    assert kept[0].tolist() == [1, 1, 1] and x.grad.tolist() == [2, 2, 2]


def test_retain_grad():
    x = leaf()
    y = x * 2
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [4, 8, 12]


def test_the_gradient_of_an_intermediate_value_warns():
    y = leaf() * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_node_hooks():
    x, seen = leaf(), []
    y = x * 2
    node = y.grad_fn
    node.register_prehook(lambda outs: (outs[0] * 5,))
    handle = node.register_hook(lambda ins, outs: seen.append((ins[0].tolist(), outs[0].tolist())))
    y.sum().backward()
    assert seen == [([10, 10, 10], [5, 5, 5])] and x.grad.tolist() == [10, 10, 10]
    handle.remove()
    (x * 2).sum().backward()
    assert len(seen) == 1


def test_a_post_accumulate_hook_sees_the_leaf():
    x, seen = leaf(), []
    x.register_post_accumulate_grad_hook(lambda p: seen.append((p is x, p.grad.tolist())))
    x.sum().backward()
    x.sum().backward()
    assert seen == [(True, [1, 1, 1]), (True, [2, 2, 2])]


def test_hooks_see_tensors_that_can_be_differentiated_again():
    x, seen = leaf(2.0), []
    y = x * x
    y.register_hook(lambda g: seen.append(g))
    (g,) = grad(y * y, x, create_graph=True)
    assert seen[0].requires_grad and g.item() == 32


# Function ────────────────────────────────────────────────────────────────────────────────────────


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


def test_a_function_of_ones_own():
    x = leaf(2.0)
    y = Cube.apply(x)
    assert y.grad_fn.name() == "CubeBackward" and y.item() == 8
    y.backward()
    assert x.grad.item() == 12


def test_a_function_differentiates_twice():
    x = leaf(2.0)
    (g,) = grad(Cube.apply(x), x, create_graph=True)
    assert grad(g, x)[0].item() == 12


def test_a_function_checks_what_it_saved():
    x = leaf(2.0)
    y = x * 1
    z = Cube.apply(y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_a_function_frees_what_it_saved():
    x = leaf(2.0)
    y = Cube.apply(x)
    y.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_a_function_records_nothing_inside():
    inside = []

    class Look(Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            inside.append((torch.is_grad_enabled(), y.requires_grad))
            return y

        @staticmethod
        def backward(ctx, g):
            return g * 2

    y = Look.apply(leaf())
    assert inside == [(False, False)] and y.requires_grad


def test_a_function_with_several_inputs_and_outputs():
    needed = []

    class Both(Function):
        @staticmethod
        def forward(ctx, x, y, factor):
            ctx.factor = factor
            return x * factor, y + x

        @staticmethod
        def backward(ctx, gx, gy):
            needed.append(ctx.needs_input_grad)
            return gx * ctx.factor + gy, gy, None

    x, y = leaf(), leaf()
    first, second = Both.apply(x, y, 3.0)
    (first * 2 + second).sum().backward()
    assert x.grad.tolist() == [7, 7, 7] and y.grad.tolist() == [1, 1, 1]
    assert needed == [(True, True, False)]
    x.grad = y.grad = None
    Both.apply(x, y.detach(), 3.0)[0].sum().backward()  # the unused output arrives as zeros
    assert x.grad.tolist() == [3, 3, 3] and needed[-1] == (True, False, False)


def test_outputs_that_are_not_differentiable():
    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            values, places = x.sort()
            ctx.save_for_backward(places)
            ctx.mark_non_differentiable(places)
            return values, places

        @staticmethod
        def backward(ctx, g, _):
            (places,) = ctx.saved_tensors
            return torch.zeros_like(g).scatter(0, places, g)

    x = leaf(3.0, 1.0, 2.0)
    values, places = Sorted.apply(x)
    assert values.requires_grad and not places.requires_grad
    (values * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [100, 1, 10]


@pytest.mark.parametrize("result", [lambda g: (g, g), lambda g: ()])
def test_a_wrong_number_of_gradients(result):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return result(g)

    with pytest.raises(RuntimeError, match=r"WrongBackward returned an incorrect number of gradients \(expected 1"):
        Wrong.apply(leaf()).sum().backward()


def test_a_gradient_of_the_wrong_shape():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return torch.ones(5)

    with pytest.raises(RuntimeError, match=r"returned an invalid gradient at index 0 - got \[5\]"):
        Wrong.apply(leaf()).sum().backward()


def test_setup_context():
    class Square(Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0]

    x = leaf()
    Square.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 4, 6]


def test_a_saved_output():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    x = leaf(0.0, 1.0)
    y = Exp.apply(x)
    (g,) = grad(y.sum(), x, create_graph=True)
    (h,) = grad(g.sum(), x)
    assert h.tolist() == pytest.approx([1, np.e])


def test_variable_is_a_tensor():
    data = torch.ones(2)
    x = Variable(data, requires_grad=True)
    assert isinstance(x, torch.Tensor) and type(x) is torch.Tensor and x.requires_grad
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2] and not Variable(data).requires_grad
    x.data[0] = 5
    assert data[0].item() == 5


# Size and life ───────────────────────────────────────────────────────────────────────────────────


def test_a_long_chain_can_be_freed_without_backward():
    y = leaf(1.0)
    for _ in range(100_000):
        y = (y + 1.0).exp().log()
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_a_wide_graph():
    x = leaf(1.0)
    total = sum((x * float(i) for i in range(5000)), start=torch.tensor(0.0))
    total.backward()
    assert x.grad.item() == 5000 * 4999 / 2


@pytest.fixture
def no_collector():
    """Only reference counts free memory, so a cycle would stay."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


STEPS = {
    "polynomial": lambda x: (x * x + x.exp()).sum(),
    "saved outputs": lambda x: x.exp().tanh().sigmoid().sqrt().softmax(0).sum(),
    "views": lambda x: x.view(3, 1).t()[0].expand(2, 3).sum(),
    "in place": lambda x: (x * 1).mul_(2).exp_().sum(),
    "through a view": lambda x: write(x * 1),
    "several outputs": lambda x: x.max(0)[0] + x.sort()[0].sum() + torch.cat([x, x]).split(3)[1].sum(),
    "own function": lambda x: Cube.apply(x).sum(),
    "linear": lambda x: torch.nn.functional.linear(x, torch.ones(2, 3, requires_grad=True)).relu().sum(),
    "hooks": lambda x: hooked(x * 2).sum(),
}


def write(y):
    y[0] = 5
    y[1:].mul_(2)
    return (y * y).sum()


def hooked(y):
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    return y * y


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("backward", [True, False])
def test_a_step_leaves_nothing_for_the_collector(name, backward, no_collector):
    x = leaf()
    y = STEPS[name](x)
    node = weakref.ref(y.grad_fn)
    if backward:
        y.backward()
    tensor = weakref.ref(y)
    del y
    assert node() is None and tensor() is None
    assert gc.collect() == 0


def test_a_training_step_leaves_nothing_for_the_collector(no_collector):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    gc.collect()
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(torch.ones(5, 3)), torch.zeros(5, dtype=torch.int64)).backward()
        optimizer.step()
    assert gc.collect() == 0


def test_a_leaf_that_is_gone_takes_its_accumulator_along(no_collector):
    x = leaf()
    x.sum().backward()
    alive = weakref.ref(x)
    del x
    assert alive() is None


def test_deepcopy_of_a_leaf():
    x = leaf()
    (x * 2).sum().backward()
    y = copy.deepcopy(x)
    assert y.requires_grad and y.is_leaf and y.grad.tolist() == [2, 2, 2]
    y.grad.zero_()
    with torch.no_grad():
        y.zero_()
    assert x.tolist() == [1, 2, 3] and x.grad.tolist() == [2, 2, 2]


def test_rules_run_on_arrays_and_on_tensors():
    assert mul(np.ones(2), 3.0).tolist() == [3, 3]
    x = leaf()
    assert mul(x, x).grad_fn.name() == "MulBackward0"


def test_a_kept_gradient_has_memory_of_its_own():
    x = leaf()
    y = x * 1
    y.retain_grad()
    y.sum().backward()  # the gradient of a sum is one number seen three times
    y.grad[0] = 7
    assert y.grad.tolist() == [7, 1, 1] and x.grad.tolist() == [1, 1, 1]


def test_retain_grad_follows_a_write():
    x = leaf()
    y = x * 1
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert y.grad.tolist() == [1, 1, 1] and x.grad.tolist() == [3, 3, 3]


def test_a_gradient_lies_in_memory_as_its_leaf_does():
    x = torch.ones(3, 2).t().clone().requires_grad_()
    assert x.stride() == (1, 2)
    (x * 2).sum().backward()
    assert x.grad.stride() == (1, 2)


# Modes, once more ────────────────────────────────────────────────────────────────────────────────


def test_a_generator_has_the_mode_only_while_it_runs():
    seen = []

    @torch.no_grad()
    def steps():
        seen.append(torch.is_grad_enabled())
        try:
            seen.append((yield "first"))
        except ValueError:
            seen.append(torch.is_grad_enabled())
            yield "caught"
        return "done"

    g = steps()
    assert next(g) == "first" and torch.is_grad_enabled()
    assert g.throw(ValueError()) == "caught" and torch.is_grad_enabled()
    with pytest.raises(StopIteration) as end:
        next(g)
    assert end.value.value == "done" and seen == [False, False]
    list(steps())
    assert torch.is_grad_enabled()


def test_a_class_as_the_decorated_one():
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

        @torch.no_grad()
        class Look:
            def __init__(self):
                self.enabled = torch.is_grad_enabled()

    assert not Look().enabled and torch.is_grad_enabled()


def test_inference_mode_belongs_to_a_thread():
    seen = []
    with torch.inference_mode():
        thread = threading.Thread(target=lambda: seen.append((torch.ones(1).is_inference(), torch.is_grad_enabled())))
        thread.start()
        thread.join()
        assert torch.ones(1).is_inference()
    assert seen == [(False, True)] and not torch.ones(1).is_inference()


def test_an_anomaly_tells_where_its_operation_was_called():
    x = leaf(-1.0)
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = torch.autograd.detect_anomaly()
    with mode:
        y = x.sqrt()  # here
    with mode, pytest.warns(UserWarning) as warned, pytest.raises(RuntimeError, match="'SqrtBackward0' returned nan"):
        y.sum().backward()
    text = str(warned[0].message)
    assert text.startswith("Error detected in SqrtBackward0. Traceback of forward call that caused the error:\n")
    assert "y = x.sqrt()  # here" in text and "learntorch/recording.py" not in text
    with mode, pytest.warns(UserWarning, match="No forward pass information available"), pytest.raises(RuntimeError):
        (x.detach().requires_grad_() * 0).sqrt()  # recorded
        with torch.autograd.set_detect_anomaly(False):
            z = x.sqrt()
        z.sum().backward()
    assert not torch.is_anomaly_enabled()


# Copies ──────────────────────────────────────────────────────────────────────────────────────────


def test_copies_keep_layout_attributes_and_shared_memory():
    x = torch.arange(6.0).reshape(2, 3).t()
    x.label = "mine"
    y, part = copy.deepcopy([x, x[0]])
    assert y.stride() == (1, 2 + 1) and y.label == "mine" and y.tolist() == x.tolist()
    y.zero_()
    assert part.tolist() == [0, 0] and x[0].tolist() == [0, 3]


def test_a_shallow_copy_is_a_leaf_of_its_own():
    x = leaf()
    (x * 2).sum().backward()
    y = copy.copy(x)
    (y * 3).sum().backward()
    assert y is not x and y.data_ptr() == x.data_ptr()
    assert x.grad.tolist() == [2, 2, 2] and y.grad.tolist() == [3, 3, 3]


def test_a_tensor_is_not_pickled():
    with pytest.raises(TypeError, match="cannot be pickled: reading a pickle can run any code"):
        pickle.dumps(torch.ones(2))


def test_tensors_in_sets_and_dicts():
    x, y = torch.ones(2), torch.ones(2)
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1 and x in {x} and hash(x) == id(x)


# Small print ─────────────────────────────────────────────────────────────────────────────────────


def test_a_node_can_be_called_and_shows_what_it_saved():
    x = leaf()
    y = x * torch.tensor([1.0, 2.0, 3.0])
    assert y.grad_fn(torch.ones(3))[0].tolist() == [1, 2, 3]
    assert y.grad_fn._saved_self is None and y.grad_fn._saved_other.tolist() == [1, 2, 3]
    z = x.exp()
    assert z.grad_fn._saved_result.grad_fn is z.grad_fn
    y.grad_fn.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1} and isinstance(y.grad_fn, torch.autograd.graph.Node)
    with pytest.raises(AttributeError, match="'MulBackward0' object has no attribute 'other'"):
        _ = y.grad_fn.other


def test_hooks_on_the_node_of_a_leaf():
    x, seen = leaf(), []
    node = (x * 1).grad_fn.next_functions[0][0]
    node.register_prehook(lambda grads: (grads[0] * 2,))
    node.register_hook(lambda _, grads: seen.append(grads[0].tolist()))
    x.sum().backward()
    assert x.grad.tolist() == [2, 2, 2] and seen == [[2, 2, 2]]


def test_a_leaf_that_no_longer_requires_grad_gets_none():
    x = leaf()
    y = (x * 2).sum()
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None


def test_a_write_through_a_view_is_differentiated_once():
    y = leaf() * 1
    y[0] = 5
    y.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.sum().backward()


def test_a_kept_gradient_follows_a_view_whose_base_is_written_to():
    y = leaf() * 1
    part = y[:2]
    part.retain_grad()
    y.mul_(3)
    (part * 2).sum().backward()
    assert part.grad.tolist() == [2, 2]


def test_a_batch_of_gradients():
    x = leaf()
    (rows,) = grad(x * x, x, torch.eye(3), is_grads_batched=True)
    assert rows.tolist() == [[2, 0, 0], [0, 4, 0], [0, 0, 6]]
