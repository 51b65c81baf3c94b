"""What the benchmarks run: the nets of the course, written once against the public names that both packages have.

Each workload is a function of the package, `torch` or `learntorch`, that sets up and returns one step; the step returns
its loss. Both packages start from the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

Step = Callable[[], object]


def numbers(seed: int, *shape: int) -> np.ndarray:
    """Normal numbers of single precision."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def weights(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """What the parameters of a model start from."""
    return [numbers(10 + i, *shape) * np.float32(0.05) for i, shape in enumerate(shapes)]


def two_layer(torch: ModuleType) -> Step:
    """W1: the two-layer net 64-1000-100-10 with a loss written by hand; one step."""
    x, y = torch.from_numpy(numbers(0, 64, 1000)), torch.from_numpy(numbers(1, 64, 10))
    w1 = torch.from_numpy(numbers(2, 1000, 100)).requires_grad_()
    w2 = torch.from_numpy(numbers(3, 100, 10)).requires_grad_()

    def step():
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            w1.sub_(1e-6 * w1.grad)
            w2.sub_(1e-6 * w2.grad)
            w1.grad.zero_()
            w2.grad.zero_()
        return loss

    return step


def _trained(torch: ModuleType, model, loss_fn, optimizer, x, y) -> Step:
    """A step of training; the weights are the same in both packages."""
    with torch.no_grad():
        for p, start in zip(model.parameters(), weights(*(p.shape for p in model.parameters()))):
            p.copy_(torch.from_numpy(start))

    def step():
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def two_layer_optim(torch: ModuleType) -> Step:
    """W2: the same net with nn, MSELoss(reduction="sum") and Adam; one step."""
    nn = torch.nn
    x, y = torch.from_numpy(numbers(0, 64, 1000)), torch.from_numpy(numbers(1, 64, 10))
    model = nn.Sequential(nn.Linear(1000, 100), nn.ReLU(), nn.Linear(100, 10))
    return _trained(torch, model, nn.MSELoss(reduction="sum"), torch.optim.Adam(model.parameters(), lr=1e-4), x, y)


def fizzbuzz_batch() -> tuple[np.ndarray, np.ndarray]:
    """128 numbers in binary, and what to say to each: nothing, Fizz, Buzz or FizzBuzz."""
    codes = np.arange(101, 229)
    labels = np.where(codes % 15 == 0, 3, np.where(codes % 5 == 0, 2, np.where(codes % 3 == 0, 1, 0)))
    return (codes[:, None] >> np.arange(10) & 1).astype(np.float32), labels


def fizzbuzz(torch: ModuleType) -> Step:
    """W3: one batch of FizzBuzz: 10-100-4, 128 rows, cross-entropy, SGD."""
    nn = torch.nn
    x, labels = map(torch.from_numpy, fizzbuzz_batch())
    model = nn.Sequential(nn.Linear(10, 100), nn.ReLU(), nn.Linear(100, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return _trained(torch, model, nn.CrossEntropyLoss(), optimizer, x, labels)


def convolutional(torch: ModuleType) -> Step:
    """W4: a small convolutional net on (32, 1, 28, 28): 6 and 16 channels of 5×5, pooling, SGD with momentum."""
    nn = torch.nn
    x, y = torch.from_numpy(numbers(0, 32, 1, 28, 28)), torch.from_numpy(np.arange(32) % 10)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return _trained(torch, model, nn.CrossEntropyLoss(), optimizer, x, y)


def elementwise(name: str) -> Callable[[ModuleType], Step]:
    """W5: one activation of a million elements, forward and backward."""

    def workload(torch: ModuleType) -> Step:
        x = torch.from_numpy(numbers(0, 1_000_000)).requires_grad_()
        f = getattr(torch.nn.functional, name)
        upstream = torch.from_numpy(numbers(1, 1_000_000))

        def step():
            y = f(x)
            x.grad = None
            y.backward(upstream)
            return y[0]

        return step

    return workload


def chain(length: int, constants: bool) -> Callable[[ModuleType], Step]:
    """W6: a chain of scalar products, with a number or with a tensor, forward and backward."""

    def workload(torch: ModuleType) -> Step:
        a = torch.tensor(1.00001, requires_grad=True)
        factor = 1.00001 if constants else a

        def step():
            y = a
            for _ in range(length):
                y = y * factor
            a.grad = None
            y.backward()
            return y

        return step

    return workload


# name → (title, workload, steps in a round, the ratio to reach)
WORKLOADS: dict[str, tuple[str, Callable[[ModuleType], Step], int, float]] = {
    "W1": ("two-layer net, loss by hand", two_layer, 30, 0.60),
    "W2": ("two-layer net, nn and Adam", two_layer_optim, 30, 0.58),
    "W3": ("FizzBuzz batch, SGD", fizzbuzz, 150, 0.36),
    "W4": ("small convolutional net", convolutional, 8, 0.66),
    "W5 relu": ("relu of a million", elementwise("relu"), 8, 1.5),
    "W5 sigmoid": ("sigmoid of a million", elementwise("sigmoid"), 8, 1.9),
    "W5 tanh": ("tanh of a million", elementwise("tanh"), 8, 0.9),
    "W5 softplus": ("softplus of a million", elementwise("softplus"), 8, 1.4),
    "W6 constants": ("1,000 scalar products, constants", chain(1000, True), 8, 0.30),
    "W6 tensors": ("1,000 scalar products, tensors", chain(1000, False), 8, 0.60),
    "W6 deep": ("100,000 scalar products, tensors", chain(100_000, False), 1, 0.90),
}
