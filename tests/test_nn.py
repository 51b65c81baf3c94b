"""Modules, layers, losses and hooks do what PyTorch's do: compared with what tools/record_nn.py recorded."""

import copy
import gc
import json
import pickle
import weakref

import numpy as np
import pytest
from record_nn import CASES, GOLDEN, differences, numbers, refusal, refused, run

import learntorch as torch
from learntorch import nn
from learntorch.nn import functional as F
from learntorch.ops import convolution, windows

golden = json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_case_was_recorded():
    assert {group: set(cases) for group, cases in golden.items() if group != "errors"} == {
        group: set(cases) for group, cases in CASES.items() if group != "errors"
    }
    assert set(golden["errors"]) == set(refused(torch))


@pytest.mark.parametrize("name", CASES["nn"])
def test_same_as_pytorch(name):
    assert differences(run(CASES["nn"][name], torch), golden["nn"][name]) == []


@pytest.mark.parametrize("name", golden["errors"])
def test_same_error_as_pytorch(name):
    assert refusal(name, refused(torch)[name]) == golden["errors"][name]


def test_a_difference_is_seen():
    """The comparison itself can fail."""
    assert differences([1.0, {"a": "x"}], [1.0, {"a": "x"}]) == []
    assert differences([1.0, {"a": "x"}], [1.00001, {"a": "y"}]) == [
        "[0]: 1.0 instead of 1.00001",
        "[1].a: 'x' instead of 'y'",
    ]
    assert (
        differences([1], [1, 2]) and differences({"a": 1}, {"b": 1}) and differences(True, 1) and differences(None, 0.0)
    )


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda: nn.Linear(3, 2)(torch.ones(5, 4)), "The last size of the input must be the layer's in_features, 3."),
        (
            lambda: setattr(nn.Linear(3, 2), "weight", torch.ones(2, 3)),
            "To change the numbers, write into it under no_grad().",
        ),
        (lambda: F.cross_entropy(torch.ones(2, 3), torch.ones(2)), "Classes are whole numbers: use .long()."),
        (lambda: nn.Module()(1), "Define it in the class."),
    ],
)
def test_an_error_says_what_to_do(call, advice):
    with pytest.raises((RuntimeError, TypeError)) as raised:
        call()
    assert str(raised.value).endswith(f" {advice}")


def test_forgetting_super_init_is_explained_whenever_it_shows():
    class Forgetful(nn.Module):
        def __init__(self):
            self.number = 3  # a plain attribute needs no table

    with pytest.raises(AttributeError, match=r"Begin __init__ with super\(\)\.__init__\(\)"):
        Forgetful()(torch.ones(1))


def test_the_old_hook_on_a_linear_layer_sees_our_rule_in_its_order():
    layer, x, seen = nn.Linear(3, 2), torch.ones(5, 3, requires_grad=True), []
    layer.register_backward_hook(lambda module, grad_input, grad_output: seen.extend(g.shape for g in grad_input))
    with pytest.warns(FutureWarning, match="Using a non-full backward hook when the forward contains multiple"):
        y = layer(x * 1)
    y.sum().backward()
    assert seen == [(5, 3), (2, 3), (2,)]  # x, weight, bias


def test_gradients_that_a_full_hook_kept_stay_as_they_were():
    layer, x, kept = nn.Linear(2, 2), torch.ones(1, 2, requires_grad=True), []
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: kept.extend(grad_input + grad_output))
    for _ in range(3):
        layer(x).sum().backward()
    assert all(torch.equal(kept[0], g) for g in kept[2::2])
    assert torch.allclose(x.grad, 3 * kept[0])


def test_full_hooks_take_part_in_double_backward():
    layer, x, calls = nn.Tanh(), numbers(torch, 3).requires_grad_(), []
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: calls.append(grad_input[0]))
    (slope,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    slope.sum().backward()
    y = x.detach().tanh()
    assert torch.allclose(slope, 1 - y * y) and torch.allclose(x.grad, -2 * y * (1 - y * y))
    assert len(calls) == 1  # the second pass reaches the input without passing the output


def test_a_hook_of_a_wrong_number_of_gradients_is_refused():
    layer, x = nn.ReLU(), torch.ones(2, requires_grad=True)
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: (*grad_input, None))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        layer(x).sum().backward()


def test_a_net_is_freed_at_once():
    gc.disable()
    try:
        net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        net[1].register_full_backward_hook(lambda *_: None)
        net[0].register_forward_hook(lambda *_: None)
        gone = weakref.ref(net[0].weight)
        loss = net(torch.ones(1, 2, requires_grad=True)).sum()
        loss.backward()
        del net, loss
        assert gone() is None
    finally:
        gc.enable()


def test_a_deep_copy_stands_alone():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    net.register_buffer("mean", torch.ones(2))
    twin = copy.deepcopy(net)
    with torch.no_grad():
        twin[0].weight.zero_()
        twin.mean.zero_()
    assert net[0].weight.abs().sum() > 0 and net.mean.sum() == 2
    assert [n for n, _ in twin.named_parameters()] == ["0.weight", "0.bias"]
    assert isinstance(twin[0].weight, nn.Parameter) and twin[0].weight.requires_grad


def test_a_module_cannot_be_pickled():
    with pytest.raises(TypeError, match=r"Save its numbers with torch\.save\(net\.state_dict\(\), path\)"):
        pickle.dumps(nn.Linear(1, 1))


def test_a_copy_takes_its_hooks_along():
    layer, seen = nn.Linear(1, 1), []
    layer.register_forward_hook(lambda module, args, output: seen.append(module))
    twin = copy.deepcopy(layer)
    twin(torch.ones(1))
    assert seen == [twin] and copy.copy(layer).weight is layer.weight


def test_a_hook_that_is_always_called_sees_the_error_pass():
    layer, seen = nn.Linear(3, 2), []
    layer.register_forward_hook(lambda module, args, output: seen.append(output), always_call=True)
    layer.register_forward_hook(lambda module, args, output: seen.append("never"))
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        layer(torch.ones(1, 4))
    assert seen == [None]


def test_a_module_may_have_its_own_way_to_train():
    class Frozen(nn.Module):
        def train(self, mode=True):
            return super().train(False)

    net = nn.Sequential(nn.ReLU(), Frozen())
    assert [m.training for m in net.train()] == [True, False]


def test_what_an_embedding_does_not_do_is_said():
    for options in ({"max_norm": 1.0}, {"scale_grad_by_freq": True}, {"sparse": True}):
        with pytest.raises(NotImplementedError, match="max_norm, scale_grad_by_freq and sparse are not in learntorch"):
            nn.Embedding(3, 2, **options)


def test_a_saved_state_knows_its_version():
    old = {name: value for name, value in nn.BatchNorm1d(2).state_dict().items() if name != "num_batches_tracked"}
    assert nn.BatchNorm1d(2).load_state_dict(old).missing_keys == []  # a state of version 1 had no counter
    state = nn.BatchNorm1d(2).state_dict()
    del state["num_batches_tracked"]
    with pytest.raises(RuntimeError, match="Missing key"):
        nn.BatchNorm1d(2).load_state_dict(state)


def test_old_ways_warn():
    with pytest.warns(FutureWarning, match="keyword argument `min_value` is deprecated and renamed to `min_val`"):
        assert nn.Hardtanh(min_value=-2).min_val == -2
    with pytest.warns(FutureWarning, match="Positional args are being deprecated, use kwargs instead"):
        assert list(nn.Linear(1, 1).state_dict({}, "a.")) == ["a.weight", "a.bias"]
    with pytest.warns(FutureWarning, match="in favor of `nn.init.xavier_normal_`"):
        nn.init.xavier_normal(torch.empty(2, 3))


def test_one_weight_in_two_places_gets_both_gradients():
    shared = nn.Linear(1, 1, bias=False)
    net = nn.Sequential(shared, shared)
    with torch.no_grad():
        shared.weight.fill_(3.0)
    net(torch.tensor([[2.0]])).backward()
    assert shared.weight.grad.item() == 12.0  # ∂(w·w·2)/∂w = 4w


def test_conv2d_is_the_sum_over_patches():
    x, weight, bias = numbers(torch, 2, 4, 6, 5), numbers(torch, 6, 2, 3, 2), numbers(torch, 6)
    y = F.conv2d(x, weight, bias, stride=(2, 1), groups=2)
    assert y.shape == (2, 6, 2, 4)
    for n, o, p, q in ((0, 0, 0, 0), (1, 5, 1, 3), (0, 2, 1, 0), (1, 3, 0, 2)):
        group = o // 3
        patch = x[n, 2 * group : 2 * group + 2, 2 * p : 2 * p + 3, q : q + 2]
        assert y[n, o, p, q].item() == pytest.approx(((patch * weight[o]).sum() + bias[o]).item(), abs=1e-5)


IMAGES = {  # (x, weight, options): more than one row of positions, in every form
    "1-d": ((2, 4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    "2-d": ((2, 4, 9, 7), (6, 4, 3, 2), {}),
    "2-d, strided": ((2, 4, 9, 7), (6, 2, 3, 2), {"stride": (2, 1), "padding": (2, 1), "groups": 2}),
    "2-d, dilated": ((2, 4, 9, 7), (6, 4, 2, 3), {"stride": (1, 2), "dilation": (3, 2), "padding": (0, 1)}),
}


@pytest.mark.parametrize("limit", [1, 150, 400])
@pytest.mark.parametrize("form", IMAGES)
def test_a_convolution_in_bands_is_that_in_one_piece(monkeypatch, form, limit):
    """Note [Bands of rows]: limits so small that every row, or every few rows, are a band of their own."""
    shape, kernel, options = IMAGES[form]
    convolve = F.conv1d if len(shape) == 3 else F.conv2d

    def results():
        x, weight = numbers(torch, *shape).requires_grad_(), numbers(torch, *kernel).requires_grad_()
        y = convolve(x, weight, **options)
        y.square().sum().backward()
        return [t.detach().numpy() for t in (y, x.grad, weight.grad)]

    whole = results()
    monkeypatch.setattr(windows, "TO_GATHER", limit)
    monkeypatch.setattr(convolution, "TO_SPREAD", limit)
    for banded, expected in zip(results(), whole):
        assert banded.shape == expected.shape and banded.strides == expected.strides
        np.testing.assert_allclose(banded, expected, rtol=1e-4, atol=1e-4)


def test_the_bands_cover_every_row_once():
    x = np.zeros(1)
    for rows in (1, 2, 7):
        for limit in (1, 20, 47, 10**6):
            cuts = windows.bands(x, (rows, 2, 3, 2, 2, 1), limit)
            assert [i for cut in cuts for i in range(rows)[cut]] == list(range(rows))
            assert all(len(range(rows)[cut]) == 1 or len(range(rows)[cut]) * 24 <= limit for cut in cuts)


def test_dropout_keeps_the_mean():
    torch.manual_seed(0)
    y = nn.Dropout(0.25)(torch.ones(40_000))
    assert sorted(set(y.tolist())) == pytest.approx([0.0, 4 / 3])
    assert y.mean().item() == pytest.approx(1.0, abs=0.02)
