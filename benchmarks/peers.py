"""The same nets in two other packages, as their own users would write them at their best: `make bench` with `--peers`.

HIPS autograd 1.9 differentiates NumPy code; tinygrad 0.14 compiles a whole step with clang and then repeats it.

    make bench PEERS=1        installs both; tinygrad needs clang too: apt-get install clang

Each function stands beside the workload of the same name in workloads.py, starts from the same numbers, and returns
one step. tinygrad's kernels run in the thread that calls. With BEAM=2 in the environment it looks for faster kernels,
a minute for each net, and its steps on W1 to W3 then take a fifth to a quarter less time. Two more packages were tried
and left out: DeZero 0.0.13 asks for `np.int`, which NumPy 2 does not have, and Chainer 7.8.1 does not build.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Callable

import numpy as np
from workloads import Step, fizzbuzz_batch, numbers, weights

# tinygrad reads these when it is imported: the processor, even beside a GPU, and as many threads as NumPy has.
os.environ["DEV"] = "CPU"
os.environ["NUM_CPU_THREADS"] = os.environ.get("OMP_NUM_THREADS", "1")

try:
    import autograd.numpy as anp
    from autograd import make_vjp, value_and_grad
    from autograd.tracer import getval
except ImportError:
    pass
try:
    from tinygrad import Context, Tensor, TinyJit
    from tinygrad import nn as tiny_nn
except ImportError:
    pass


def installed() -> dict[str, str]:
    """The peers that can run here, and their versions."""
    found = {}
    for name in PEERS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if not shutil.which(os.environ.get("CC", "clang")):  # "No such file or directory: 'clang'" at its first kernel
        found.pop("tinygrad", None)
    return found


# --- HIPS autograd ---------------------------------------------------------------------------------


def _relu(x):
    """max(x, 0). The gradient of `anp.maximum` is of double precision, and four times slower."""
    return x * (x > 0)


def _linear(x, weight, bias):
    return anp.dot(x, weight.T) + bias


def _cross_entropy(z, labels):
    z = z - getval(z).max(axis=1, keepdims=True)  # the shift needs no gradient: a sixth of the W3 step
    return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[np.arange(len(labels)), labels])


def _descent(loss: Callable, parameters: list[np.ndarray], update: Callable) -> Step:
    """A step of training; update(p, g, i) changes the parameter number i in place."""
    loss_and_gradient = value_and_grad(loss)

    def step():
        value, gradients = loss_and_gradient(parameters)
        for i, (p, g) in enumerate(zip(parameters, gradients)):
            update(p, g, i)
        return value

    return step


def autograd_two_layer() -> Step:
    """W1 in autograd."""
    x, y = numbers(0, 64, 1000), numbers(1, 64, 10)

    def loss(parameters):
        w1, w2 = parameters
        e = anp.dot(_relu(anp.dot(x, w1)), w2) - y
        return anp.sum(anp.square(e))

    def update(p, g, _):
        p -= 1e-6 * g

    return _descent(loss, [numbers(2, 1000, 100), numbers(3, 100, 10)], update)


def autograd_two_layer_optim() -> Step:
    """W2 in autograd; its own Adam runs a whole training, so one step of it is written here."""
    x, y = numbers(0, 64, 1000), numbers(1, 64, 10)
    parameters = weights((100, 1000), (100,), (10, 100), (10,))
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    steps = [0] * len(parameters)

    def loss(parameters):
        w1, b1, w2, b2 = parameters
        e = _linear(_relu(_linear(x, w1, b1)), w2, b2) - y
        return anp.sum(anp.square(e))

    def update(p, g, i):
        m, v = means[i], squares[i]
        steps[i] += 1
        m *= 0.9
        m += 0.1 * g
        v *= 0.999
        v += 0.001 * (g * g)
        root = np.sqrt(v)
        root /= (1 - 0.999 ** steps[i]) ** 0.5
        root += 1e-8
        p -= 1e-4 / (1 - 0.9 ** steps[i]) * m / root

    return _descent(loss, parameters, update)


def autograd_fizzbuzz() -> Step:
    """W3 in autograd."""
    x, labels = fizzbuzz_batch()

    def loss(parameters):
        w1, b1, w2, b2 = parameters
        return _cross_entropy(_linear(_relu(_linear(x, w1, b1)), w2, b2), labels)

    def update(p, g, _):
        p -= 0.05 * g

    return _descent(loss, weights((100, 10), (100,), (4, 100), (4,)), update)


def _convolution(x, weight, bias):
    """All windows of x side by side, and one product: autograd's own `convolve` makes the step five times slower."""
    (out, _, size, _), rows = weight.shape, x.shape[2] - weight.shape[2] + 1
    windows = [x[:, :, i : i + rows, j : j + rows] for i in range(size) for j in range(size)]
    columns = anp.reshape(anp.transpose(anp.stack(windows), (2, 0, 1, 3, 4)), (-1, len(x) * rows * rows))
    y = anp.dot(anp.reshape(weight, (out, -1)), columns) + bias[:, None]
    return anp.transpose(anp.reshape(y, (out, len(x), rows, rows)), (1, 0, 2, 3))


def _larger(a, b):
    """max(a, b), in single precision on the way back too."""
    first = a > b
    return a * first + b * ~first


def _max_pool(x):
    n, channels, rows, columns = x.shape
    x = anp.reshape(x, (n, channels, rows // 2, 2, columns // 2, 2))
    x = _larger(x[:, :, :, 0], x[:, :, :, 1])
    return _larger(x[..., 0], x[..., 1])


def autograd_convolutional() -> Step:
    """W4 in autograd."""
    x, labels = numbers(0, 32, 1, 28, 28), np.arange(32) % 10
    parameters = weights((6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (10, 256), (10,))
    velocities = [np.zeros_like(p) for p in parameters]

    def loss(parameters):
        w1, b1, w2, b2, w3, b3 = parameters
        h = _max_pool(_relu(_convolution(x, w1, b1)))
        h = _max_pool(_relu(_convolution(h, w2, b2)))
        return _cross_entropy(_linear(anp.reshape(h, (len(x), -1)), w3, b3), labels)

    def update(p, g, i):
        v = velocities[i]
        v *= 0.9
        v += g
        p -= 0.01 * v

    return _descent(loss, parameters, update)


AUTOGRAD_ACTIVATIONS: dict[str, Callable] = {
    "relu": _relu,
    "sigmoid": lambda x: 1 / (1 + anp.exp(-x)),
    "tanh": lambda x: anp.tanh(x),
    # anp.logaddexp(0, x) says the same, and is four times slower.
    "softplus": lambda x: _relu(x) + anp.log1p(anp.exp(-anp.abs(x))),
}


def autograd_elementwise(name: str) -> Callable[[], Step]:
    """W5 in autograd."""

    def workload() -> Step:
        x, upstream = numbers(0, 1_000_000), numbers(1, 1_000_000)
        forward = make_vjp(AUTOGRAD_ACTIVATIONS[name])

        def step():
            backward, y = forward(x)
            backward(upstream)
            return y[0]

        return step

    return workload


def autograd_chain(length: int, constants: bool) -> Callable[[], Step]:
    """W6 in autograd."""

    def workload() -> Step:
        def product(a):
            y = a
            for _ in range(length):
                y = y * (1.00001 if constants else a)
            return y

        value_and_gradient = value_and_grad(product)
        return lambda: value_and_gradient(np.float32(1.00001))[0]

    return workload


# --- tinygrad --------------------------------------------------------------------------------------
# A step is recorded at its second call, and from then on its kernels are repeated without the Python that made them.
# `.item()` waits until they are done.


def _on_device(values: np.ndarray) -> Tensor:
    return Tensor(values).realize()


def tinygrad_two_layer() -> Step:
    """W1 in tinygrad."""
    x, y = _on_device(numbers(0, 64, 1000)), _on_device(numbers(1, 64, 10))
    w1, w2 = _on_device(numbers(2, 1000, 100)), _on_device(numbers(3, 100, 10))

    @TinyJit
    def step():
        loss = ((x @ w1).relu() @ w2 - y).square().sum()
        g1, g2 = loss.gradient(w1, w2)
        return loss.realize(w1.assign(w1 - 1e-6 * g1), w2.assign(w2 - 1e-6 * g2))

    return lambda: step().item()


def _tinygrad_trained(layers: list, loss_fn: Callable, optimizer: Callable, x: np.ndarray, y: np.ndarray) -> Step:
    """A step of training; optimizer makes one from parameters."""
    parameters = tiny_nn.state.get_parameters(layers)
    for p, start in zip(parameters, weights(*(p.shape for p in parameters))):
        p.assign(_on_device(start)).realize()
    optimizer, x, y = optimizer(parameters), _on_device(x), _on_device(y)

    @TinyJit
    @Context(TRAINING=1)
    def step():
        optimizer.zero_grad()
        loss = loss_fn(x.sequential(layers), y).backward()
        return loss.realize(*optimizer.schedule_step())

    return lambda: step().item()


def tinygrad_two_layer_optim() -> Step:
    """W2 in tinygrad."""
    layers = [tiny_nn.Linear(1000, 100), Tensor.relu, tiny_nn.Linear(100, 10)]
    return _tinygrad_trained(layers, lambda z, y: (z - y).square().sum(), lambda p: tiny_nn.optim.Adam(p, lr=1e-4),
                             numbers(0, 64, 1000), numbers(1, 64, 10))  # fmt: skip


def tinygrad_fizzbuzz() -> Step:
    """W3 in tinygrad."""
    layers = [tiny_nn.Linear(10, 100), Tensor.relu, tiny_nn.Linear(100, 4)]
    optimizer = lambda p: tiny_nn.optim.SGD(p, lr=0.05)  # noqa: E731
    return _tinygrad_trained(layers, Tensor.sparse_categorical_crossentropy, optimizer, *fizzbuzz_batch())


def tinygrad_convolutional() -> Step:
    """W4 in tinygrad."""
    layers = [tiny_nn.Conv2d(1, 6, 5), Tensor.relu, Tensor.max_pool2d, tiny_nn.Conv2d(6, 16, 5), Tensor.relu,
              Tensor.max_pool2d, lambda h: h.flatten(1), tiny_nn.Linear(256, 10)]  # fmt: skip
    optimizer = lambda p: tiny_nn.optim.SGD(p, lr=0.01, momentum=0.9)  # noqa: E731
    return _tinygrad_trained(layers, Tensor.sparse_categorical_crossentropy, optimizer,
                             numbers(0, 32, 1, 28, 28), np.arange(32) % 10)  # fmt: skip


def tinygrad_elementwise(name: str) -> Callable[[], Step]:
    """W5 in tinygrad."""

    def workload() -> Step:
        x, upstream = _on_device(numbers(0, 1_000_000)), _on_device(numbers(1, 1_000_000))

        @TinyJit
        def step():
            y = getattr(x, name)()
            (gradient,) = y.gradient(x, gradient=upstream)
            Tensor.realize(y, gradient)
            return y[0].contiguous().realize()

        return lambda: step().item()

    return workload


def tinygrad_chain(length: int, constants: bool) -> Callable[[], Step]:
    """W6 in tinygrad: it becomes one kernel. With tensors it takes a minute and a half to compile."""

    def workload() -> Step:
        a = _on_device(np.full(1, 1.00001, np.float32))

        @TinyJit
        def step():
            y = a
            for _ in range(length):
                y = y * (1.00001 if constants else a)
            (gradient,) = y.sum().gradient(a)
            return y.realize(gradient)

        return lambda: step().item()

    return workload


# "W6 deep" is left out: a step of autograd takes seconds, and tinygrad had not compiled it after a minute and a half.
PEERS: dict[str, dict[str, Callable[[], Step]]] = {
    "autograd": {
        "W1": autograd_two_layer,
        "W2": autograd_two_layer_optim,
        "W3": autograd_fizzbuzz,
        "W4": autograd_convolutional,
        **{f"W5 {name}": autograd_elementwise(name) for name in ("relu", "sigmoid", "tanh", "softplus")},
        "W6 constants": autograd_chain(1000, True),
        "W6 tensors": autograd_chain(1000, False),
    },
    "tinygrad": {
        "W1": tinygrad_two_layer,
        "W2": tinygrad_two_layer_optim,
        "W3": tinygrad_fizzbuzz,
        "W4": tinygrad_convolutional,
        **{f"W5 {name}": tinygrad_elementwise(name) for name in ("relu", "sigmoid", "tanh", "softplus")},
        "W6 constants": tinygrad_chain(1000, True),
        "W6 tensors": tinygrad_chain(1000, False),
    },
}
