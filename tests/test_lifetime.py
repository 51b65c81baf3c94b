"""What a graph costs: no recursion, nothing for the garbage collector, and memory that does not grow."""

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import learntorch as torch
from learntorch import nn
from learntorch.autograd import Function, functional, grad, gradcheck


@pytest.fixture
def no_collector():
    """Only reference counts free memory, so a cycle would stay."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_chain_of_a_million_operations():
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    alive = weakref.ref(y.grad_fn)
    y.backward()
    assert x.grad.item() == 1
    del y  # freeing it must not recurse either
    assert alive() is None


# Nothing for the collector ───────────────────────────────────────────────────────────────────────


class Scaled(Function):
    @staticmethod
    def forward(ctx, x, factor):
        y = x * factor
        ctx.factor = factor
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * ctx.factor + (x - x) * y, None


def through_a_view(h):
    h = h * 1
    h[0] = 0
    h[1:].mul_(2)
    h.t()[0].add_(1)
    return h.relu_()


def with_hooks(h):
    h = h * 1
    h.register_hook(lambda g: g * 2)
    h.retain_grad()
    h.grad_fn.register_hook(lambda grad_inputs, grad_outputs: None)
    h.grad_fn.register_prehook(lambda grad_outputs: None)
    return h


def with_second_derivatives(h):
    (g,) = grad((h**3).sum(), h, create_graph=True)
    return h + g


def in_inference(h):
    with torch.inference_mode():
        (h * 2).sum().item()
    return h


def several(h):
    left, right = h.chunk(2, 1)
    return torch.cat([right.sort(1)[0], left.cumsum(1)], 1)


MIDDLES = {
    "plain": lambda h: h,
    "function": lambda h: Scaled.apply(h, 2.0),
    "through a view": through_a_view,
    "hooks": with_hooks,
    "create_graph": with_second_derivatives,
    "inference mode": in_inference,
    "several outputs": several,
    "index": lambda h: h[:, torch.tensor([1, 0, 3, 2])] + h[h > 100].sum(),
}
OPTIMIZERS = [name for name in dir(torch.optim) if isinstance(getattr(torch.optim, name), type) and name != "Optimizer"]


def a_step(middle, optimizer_class, lr=0.01):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    model.register_full_backward_hook(lambda module, grad_input, grad_output: None)
    model[0].register_forward_hook(lambda module, inputs, output: None)
    model[0].weight.register_post_accumulate_grad_hook(lambda p: None)
    optimizer = optimizer_class(model.parameters(), lr=lr)
    x, target = torch.ones(5, 3, requires_grad=True), torch.zeros(5, dtype=torch.int64)

    def step():
        optimizer.zero_grad()
        output = model[2](middle(model[1](model[0](x))))
        loss = nn.functional.cross_entropy(output, target) + model(x).sum() * 0
        loss.backward()
        optimizer.step()

    return step


@pytest.mark.parametrize("middle", MIDDLES)
def test_a_step_leaves_nothing_for_the_collector(middle, no_collector):
    step = a_step(MIDDLES[middle], torch.optim.SGD)
    step()
    gc.collect()
    step()
    assert gc.collect() == 0


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_of_every_optimizer_leaves_nothing_for_the_collector(name, no_collector):
    step = a_step(MIDDLES["plain"], getattr(torch.optim, name))
    step()
    gc.collect()
    step()
    assert gc.collect() == 0


@pytest.mark.parametrize(
    "work",
    [
        lambda x: functional.hessian(lambda x: (x**3).sum(), x),
        lambda x: functional.jacobian(lambda x: x.exp(), x, create_graph=True),
        lambda x: gradcheck(lambda x: x.sin(), x),
        lambda x: grad((x * 2).sum(), [x], create_graph=True),
        lambda x: pytest.raises(RuntimeError, lambda: (x * 2).backward()),
    ],
)
def test_derivatives_leave_nothing_for_the_collector(work, no_collector):
    x = torch.ones(3, dtype=torch.float64, requires_grad=True)
    work(x)
    gc.collect()
    work(x)
    assert gc.collect() == 0


def test_memory_is_flat_over_ten_thousand_steps():
    w = torch.randn(3, 4, requires_grad=True)
    x, y = torch.randn(5, 3), torch.randn(5, 4)
    optimizer = torch.optim.SGD([w], lr=1e-3, momentum=0.9)

    def train(steps):
        for _ in range(steps):
            loss = ((x @ w).relu() - y).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    train(100)
    gc.collect()
    tracemalloc.start()
    train(200)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    train(9000)
    tracemalloc.start()
    train(200)
    after = tracemalloc.get_traced_memory()[0]
    objects = len(gc.get_objects())
    train(600)
    assert len(gc.get_objects()) - objects < 50
    grown = tracemalloc.get_traced_memory()[0] - after
    tracemalloc.stop()
    assert grown < 20_000 and after < before + 20_000, (before, after, grown)


def test_in_place_writes_do_not_pile_up():
    x = torch.zeros(4)
    tracemalloc.start()

    def write(times: int) -> int:
        for _ in range(times):
            x[0] = 1
            x.add_(1)
        return tracemalloc.get_traced_memory()[0]

    before = write(3000)  # until Python's own stores of free tuples are full
    assert write(5000) - before < 20_000
    tracemalloc.stop()
    assert x._version == 16_000


# Threads ─────────────────────────────────────────────────────────────────────────────────────────


def test_threads_differentiate_side_by_side():
    w = torch.ones(4, requires_grad=True)
    found, failed = [], []

    def work(k):
        try:
            for _ in range(100):
                with torch.no_grad():
                    assert not (w * 2).requires_grad
                (g,) = grad((w * w * k).sum(), w)
                found.append(bool(np.all(g.numpy() == 2 * k)))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and len(found) == 400 and all(found)
