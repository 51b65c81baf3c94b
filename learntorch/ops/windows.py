"""Windows that slide over a signal or an image, as parts of its memory. Shared by convolution and pooling.

Read in chapter 08. Letters: N batch, C channels, H × W the image, K × L the window, P × Q the positions that
the window takes. A signal has one of the two dimensions only, and everything here holds for any number.
"""

from __future__ import annotations

from itertools import product
from math import prod

from ..devices import array_module
from .strides import strided


def positions(n: int, k: int, stride: int, padding: int, dilation: int, ceil_mode: bool = False) -> int:
    """How many positions a window of size k takes on n elements; with `ceil_mode` it may reach over the end."""
    room = n + 2 * padding - dilation * (k - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    beyond = ceil_mode and (count - 1) * stride >= n + padding  # a window that would start in the right border
    return count - 1 if beyond else count


def grid(shape: tuple, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple, ceil_mode=False) -> tuple:
    """`positions` along each spatial dimension of `shape`, the last ones: (P, Q)."""
    sizes = zip(shape[-len(kernel) :], kernel, stride, padding, dilation)
    return tuple(positions(*numbers, ceil_mode) for numbers in sizes)


def framed(x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple, size: tuple, value=0):
    """x (…, H, W) with a border of `value` so wide that every window lies inside."""
    inner = x.shape[-len(kernel) :]
    outer = _frame(inner, kernel, stride, padding, dilation, size)
    if outer == inner:
        return x
    y = array_module(x).full((*x.shape[: -len(kernel)], *outer), value, x.dtype)
    y[inside(inner, padding)] = x
    return y


def _frame(inner: tuple, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple, size: tuple) -> tuple:
    ends = ((p - 1) * s + d * (k - 1) + 1 for p, s, d, k in zip(size, stride, dilation, kernel))
    return tuple(max(n + p, end) for n, p, end in zip(inner, padding, ends))


def inside(inner: tuple, padding: tuple) -> tuple:
    """Where the image lies in its frame."""
    return (..., *(slice(p, p + n) for n, p in zip(inner, padding)))


def places(size: tuple, kernel: tuple, stride: tuple, dilation: tuple) -> list[tuple]:
    """For each place in the window, row by row, the part of the framed image that is under it as the window slides."""
    sides = zip(size, kernel, stride, dilation)
    cuts = [[slice(i * d, i * d + p * s, s) for i in range(k)] for p, k, s, d in sides]
    return [(..., *under) for under in product(*cuts)]


def gather(x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """What is under the window at every position, as columns (C, K, L, P, Q, N), from x (N, C, H, W).

    Note [Batch last]: with the batch as the last dimension, a row of the window's positions lies in memory as one run,
    which is copied two to six times faster. The result has to be turned back, which costs less.
    """
    xp, size = array_module(x), grid(x.shape, kernel, stride, padding, dilation)
    x = xp.ascontiguousarray(xp.moveaxis(framed(x, kernel, stride, padding, dilation, size), 0, -1))  # (C, H, W, N)
    (c, *_, n), (sc, *steps, sn) = x.shape, x.strides
    down, along = ([s * t for s, t in zip(steps, times)] for times in (dilation, stride))
    return xp.ascontiguousarray(strided(x, (c, *kernel, *size, n), (sc, *down, *along, sn)))


def spread(columns, shape: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """The transpose of `gather`: each column is added to the image of this shape, where it was taken from.

    The batch comes last in the image, too: see Note [Batch last].
    """
    xp, (n, c, *inner) = array_module(columns), shape
    kernel, size = columns.shape[1 : 1 + len(inner)], columns.shape[1 + len(inner) : -1]
    image = xp.zeros((c, *_frame(inner, kernel, stride, padding, dilation, size), n), columns.dtype)
    columns = columns.reshape(c, prod(kernel), *size, n)
    for i, under in enumerate(places(size, kernel, stride, dilation)):
        image[(*under, slice(None))] += columns[:, i]
    image = image[(*inside(inner, padding), slice(None))]
    return xp.ascontiguousarray(xp.moveaxis(image, -1, 0))
