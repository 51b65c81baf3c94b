"""Windows that slide over a signal or an image, as parts of its memory. Shared by convolution and pooling.

Read in chapter 08. Letters: N batch, C channels, H × W the image, K × L the window, P × Q the positions that
the window takes. A signal has one of the two dimensions only, and everything here holds for any number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import prod

from ..devices import ON_GPU, array_module
from . import kernels
from .strides import within

# How many numbers the columns of one band may hold: to be added up, each band takes K·L steps, so they are longer.
TO_GATHER, TO_SPREAD = 2**17, 2**19


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
    """What is under the window at every position, as columns (P, C, K, L, Q, N), from x (N, C, H, W)."""
    if type(x) in ON_GPU and len(kernel) < 3:
        return kernels.gather(x, grid(x.shape, kernel, stride, padding, dilation), kernel, stride, padding, dilation)
    return array_module(x).ascontiguousarray(_windows(x, kernel, stride, padding, dilation))


def gather_bands(x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple) -> Iterator[tuple]:
    """The columns of `gather` in bands: pairs of a cut through P and the columns there."""
    if type(x) in ON_GPU:
        yield ..., gather(x, kernel, stride, padding, dilation)
        return
    xp, windows = array_module(x), _windows(x, kernel, stride, padding, dilation)
    for band in bands(x, windows.shape, TO_GATHER):
        yield band, xp.ascontiguousarray(windows[band])


def _windows(x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """The columns as a view, in which a number of x stands as often as windows are over it.

    Note [Batch last]: with the batch as the last dimension, what lies in a row of the image is in memory as one run,
    which is copied two to six times faster. The result has to be turned back, which costs less.
    """
    size = grid(x.shape, kernel, stride, padding, dilation)
    x = framed(x, kernel, stride, padding, dilation, size)
    x = array_module(x).ascontiguousarray(x.transpose(*range(1, x.ndim), 0))  # (C, H, W, N)
    (c, *_, n), (sc, *steps, sn) = x.shape, x.strides
    down, along = ([s * t for s, t in zip(steps, times)] for times in (dilation, stride))
    return within(x, (*size[:-1], c, *kernel, size[-1], n), (*along[:-1], sc, *down, along[-1], sn))


def bands(x, columns: tuple, limit: int) -> list:
    """Cuts through P, so that no part of columns of this shape (P, C, K, L, Q, N), made of x, holds more numbers.

    Note [Bands of rows]: columns repeat each number of the image up to K·L times. They are made for some rows of
    positions at a time, so their memory does not grow with the image, and large images take a third less time. A row is
    a matrix of its own anyway: see Note [A matrix for each row].
    """
    if type(x) in ON_GPU or len(columns) < 6:  # a signal has one row of positions
        return [...]
    rows = max(1, limit // max(1, prod(columns[1:])))
    return [slice(i, i + rows) for i in range(0, max(1, columns[0]), rows)]


def spread(columns, shape: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """The transpose of `gather`: each column is added to the image of this shape, where it was taken from."""
    rows = len(shape) - 3  # how many dimensions stand before C
    size, kernel = (*columns.shape[:rows], columns.shape[-2]), columns.shape[rows + 1 : -2]
    return spread_bands([(..., columns)], columns, size, kernel, shape, stride, padding, dilation)


def spread_bands(parts: Iterable[tuple], like, size: tuple, kernel: tuple, shape: tuple, stride: tuple,
                 padding: tuple, dilation: tuple):  # fmt: skip
    """`spread` of columns in bands: pairs of a cut through P and the columns there, of the type of `like`.

    The batch comes last in the image, too: see Note [Batch last].
    """
    xp, (n, c, *inner), rows = array_module(like), shape, len(shape) - 3
    if type(like) in ON_GPU and len(kernel) < 3:
        return kernels.spread(next(iter(parts))[1], shape, size, kernel, stride, padding, dilation)
    image = xp.zeros((c, *_frame(inner, kernel, stride, padding, dilation, size), n), like.dtype)
    for band, columns in parts:
        under_band = image if band is ... else image[:, band.start * stride[0] :]
        part = (*columns.shape[:rows], size[-1])
        columns = columns.reshape(*part[:-1], c, prod(kernel), size[-1], n)
        columns = columns.transpose(rows + 1, rows, *range(rows), -2, -1)
        for column, under in zip(columns, places(part, kernel, stride, dilation)):  # (C, P, Q, N)
            under_band[(*under, slice(None))] += column
    image = image[(*inside(inner, padding), slice(None))]
    return xp.ascontiguousarray(image.transpose(-1, *range(image.ndim - 1)))
