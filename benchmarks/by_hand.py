"""The nets of the course in NumPy alone, every gradient by hand: the time that no tape can beat.

Each function stands beside the workload of the same name in workloads.py, starts from the same numbers, and returns
one step. `make bench` shows the ratio of these to PyTorch as "floor".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from workloads import Step, fizzbuzz_batch, numbers, weights


def two_layer() -> Step:
    """W1 by hand."""
    x, y = numbers(0, 64, 1000), numbers(1, 64, 10)
    w1, w2 = numbers(2, 1000, 100), numbers(3, 100, 10)

    def step():
        h = x.dot(w1)
        a = np.maximum(h, np.zeros_like(h))
        e = a.dot(w2) - y
        loss = (e * e).sum()
        e *= 2
        g2, h = a.T.dot(e), e.dot(w2.T)
        h *= a > 0
        g1 = x.T.dot(h)
        for w, g in ((w1, g1), (w2, g2)):
            g *= 1e-6
            w -= g
        return loss

    return step


def _back(x, a, e, w2) -> list[np.ndarray]:
    """The gradients of both layers from the gradient e of the output; a is what came out of the first one."""
    ones = np.ones(len(x), np.float32)
    h = e.dot(w2)
    h *= a > 0
    return [h.T.dot(x), ones.dot(h), e.T.dot(a), ones.dot(e)]


def two_layer_optim() -> Step:
    """W2 by hand, with Adam."""
    x, y = numbers(0, 64, 1000), numbers(1, 64, 10)
    parameters = w1, b1, w2, b2 = weights((100, 1000), (100,), (10, 100), (10,))
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    rooms = [np.empty_like(p) for p in parameters]
    steps = 0

    def step():
        nonlocal steps
        steps += 1
        h = x.dot(w1.T)
        h += b1
        a = np.maximum(h, np.zeros_like(h))
        e = a.dot(w2.T)
        e += b2
        e -= y
        loss = (e * e).sum()
        e *= 2
        small, root = 1e-4 / (1 - 0.9**steps), (1 - 0.999**steps) ** 0.5
        for p, g, m, v, room in zip(parameters, _back(x, a, e, w2), means, squares, rooms):
            m *= 0.9
            m += np.multiply(g, 0.1, out=room)
            v *= 0.999
            g *= g
            v += np.multiply(g, 0.001, out=room)
            np.sqrt(v, out=room)
            room /= root
            room += 1e-8
            np.divide(m, room, out=room)
            room *= small
            p -= room
        return loss

    return step


def fizzbuzz() -> Step:
    """W3 by hand."""
    x, labels = fizzbuzz_batch()
    parameters = w1, b1, w2, b2 = weights((100, 10), (100,), (4, 100), (4,))
    rows = np.arange(len(x))

    def step():
        h = x.dot(w1.T)
        h += b1
        a = np.maximum(h, np.zeros_like(h))
        z = a.dot(w2.T)
        z += b2
        z -= z.max(1, keepdims=True)
        e = np.exp(z)
        total = e.sum(1)
        loss = (np.log(total) - z[rows, labels]).mean()
        e /= total[:, None]
        e[rows, labels] -= 1
        e /= len(x)
        for p, g in zip(parameters, _back(x, a, e, w2)):
            g *= 0.05
            p -= g
        return loss

    return step


BY_HAND: dict[str, Callable[[], Step]] = {"W1": two_layer, "W2": two_layer_optim, "W3": fizzbuzz}
