"""Optimizers take PyTorch's steps: compared with what tools/record_nn.py recorded, and with the textbook."""

import json
from copy import deepcopy
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_nn import CASES, GOLDEN, differences, run

import learntorch as torch
from learntorch import nn, optim
from learntorch.optim.optimizer import evaluate

golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["optim"]
rates = st.floats(1e-3, 0.5)
fractions = st.floats(0.0, 0.95)


@pytest.mark.parametrize("name", CASES["optim"])
def test_same_as_pytorch(name):
    assert differences(run(CASES["optim"][name], torch), golden[name]) == []


def gradients(steps: int = 6):
    """The gradients of a run that does not depend on where the parameter is."""
    return [np.cos(np.arange(1.0, 4.0) * (t + 1)) for t in range(steps)]


def walk(make, steps: int = 6) -> np.ndarray:
    """Where an optimizer takes the point (1, 2, 3), in float64."""
    p = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    optimizer = make([p])
    for g in gradients(steps):
        p.grad = torch.from_numpy(g.copy())
        optimizer.step()
    return p.detach().numpy()


@settings(max_examples=30, deadline=None)
@given(lr=rates, momentum=fractions, decay=fractions, nesterov=st.booleans())
def test_sgd_is_the_formula(lr, momentum, decay, nesterov):
    nesterov = nesterov and momentum > 0
    p, v = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    for g in gradients():
        g = g + decay * p
        v = momentum * v + g
        p = p - lr * (g + momentum * v if nesterov else v)
    found = walk(lambda ps: optim.SGD(ps, lr=lr, momentum=momentum, weight_decay=decay, nesterov=nesterov))
    np.testing.assert_allclose(found, p, rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(lr=rates, betas=st.tuples(fractions, fractions), decay=fractions, amsgrad=st.booleans())
def test_adam_is_the_formula(lr, betas, decay, amsgrad):
    (b1, b2), eps = betas, 1e-8
    p, m, v, top = np.array([1.0, 2.0, 3.0]), np.zeros(3), np.zeros(3), np.zeros(3)
    for t, g in enumerate(gradients(), 1):
        g = g + decay * p
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        top = np.maximum(top, v)
        p = p - lr * m / (1 - b1**t) / (np.sqrt(top if amsgrad else v) / sqrt(1 - b2**t) + eps)
    found = walk(lambda ps: optim.Adam(ps, lr=lr, betas=betas, weight_decay=decay, amsgrad=amsgrad))
    np.testing.assert_allclose(found, p, rtol=1e-9)


def test_a_step_leaves_the_gradients_alone():
    for make in (
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9, maximize=True),
        lambda p: optim.Adam(p, amsgrad=True, weight_decay=0.1, maximize=True),
    ):
        p = torch.ones(3, requires_grad=True)
        optimizer = make([p])
        for _ in range(2):
            p.grad = torch.tensor([1.0, -2.0, 3.0])
            optimizer.step()
            assert p.grad.tolist() == [1.0, -2.0, 3.0]


def test_parameters_of_one_shape_do_not_disturb_each_other():
    alone = walk(lambda ps: optim.Adam(ps, lr=0.1))
    ps = [torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True) for _ in range(3)]
    optimizer = optim.Adam(ps, lr=0.1)
    for g in gradients():
        for scale, p in enumerate(ps, 1):
            p.grad = torch.from_numpy(g * scale)
        optimizer.step()
    np.testing.assert_allclose(ps[0].detach().numpy(), alone, rtol=1e-12)
    assert not np.allclose(ps[1].detach().numpy(), alone, rtol=0, atol=1e-12)


def test_a_loaded_state_is_shared_as_in_pytorch():
    p = torch.ones(2, requires_grad=True)
    first, second = (optim.SGD([p], lr=0.1, momentum=0.9) for _ in range(2))
    p.grad = torch.ones(2)
    first.step()
    second.load_state_dict(first.state_dict())
    first.step()
    assert second.state[p]["momentum_buffer"].tolist() == pytest.approx([1.9, 1.9])
    second.load_state_dict(deepcopy(first.state_dict()))
    first.step()
    assert second.state[p]["momentum_buffer"].tolist() == pytest.approx([1.9, 1.9])


def test_choices_of_implementation_are_taken_and_others_refused():
    p = [torch.ones(1, requires_grad=True)]
    assert optim.Adam(p, fused=True).param_groups[0]["fused"] is True
    with pytest.raises(NotImplementedError, match="differentiable=True is not in learntorch"):
        optim.SGD(p, differentiable=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'learning_rate'"):
        optim.SGD(p, learning_rate=0.1)


def test_an_optimizer_of_ones_own():
    class Sign(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            loss = evaluate(closure)
            for p, g, _, group in self.updates():
                p -= group["lr"] * np.sign(g)
            return loss

    layer = nn.Linear(2, 1)
    before = layer.weight.detach().clone()
    layer(torch.tensor([[1.0, -1.0]])).sum().backward()
    Sign(layer.parameters(), lr=0.5).step()
    assert torch.allclose(before - layer.weight, torch.tensor([[0.5, -0.5]]))
    with pytest.raises(NotImplementedError, match="Optimizer has no step"):
        optim.Optimizer(layer.parameters(), {}).step()
