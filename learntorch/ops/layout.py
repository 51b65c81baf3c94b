"""How the result of an operation on each element lies in memory.

Read in chapter 01. Where the operands lie alike, NumPy's ufuncs and PyTorch agree. Where they do not, NumPy
prefers rows, and in PyTorch the first operand decides.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module


def arranged(result, *operands):
    """`result` in the memory order that PyTorch would give it; the same array if it lies so already.

    >>> rows, columns = np.ones((2, 3)), np.ones((3, 2)).T
    >>> (columns + rows).strides, arranged(columns + rows, columns, rows).strides
    ((24, 8), (8, 16))
    """
    if result.ndim < 2 or all(getattr(x, "flags", result.flags).c_contiguous for x in operands):
        return result
    order = _order(result.shape, [_steps(x, result.shape) for x in operands if getattr(x, "ndim", 0)])
    if result.transpose(order).flags.c_contiguous:
        return result
    copy = array_module(result).empty([result.shape[d] for d in order], result.dtype).transpose(np.argsort(order))
    copy[...] = result
    return copy


def _steps(x, shape: tuple) -> list[int]:
    """The strides of x in an iteration over `shape`: 0 where x is repeated."""
    new = len(shape) - x.ndim
    return [0] * new + [0 if n == 1 != shape[new + d] else s for d, (n, s) in enumerate(zip(x.shape, x.strides))]


def _order(shape: tuple, steps: list) -> list[int]:
    """The dimensions from the slowest to the fastest: a sort in which some pairs have no order, step by step as
    PyTorch's, since what it does with such pairs can be seen."""
    order = list(reversed(range(len(shape))))  # the fastest first
    for new in range(1, len(order)):
        at = new
        for i in reversed(range(new)):
            verdict = _compare(order[i], order[at], shape, steps)
            if verdict < 0:
                break
            if verdict > 0:
                order[i], order[at] = order[at], order[i]
                at = i
    return order[::-1]


def _compare(inner: int, outer: int, shape: tuple, steps: list) -> int:
    """Negative if the operands step faster along `inner`, positive if they do along `outer`, 0 if none tells."""
    for step in steps:
        p, q = step[inner], step[outer]
        if p and q and p != q:
            return p - q
        if p and p == q and shape[inner] > shape[outer]:
            return 1
    return 0
