"""Rules for indexing with tensors: reading and writing parts of an array.

Read in chapter 01. Slices and single numbers give views and live in shape.py; an index that holds a
tensor copies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..devices import array_module
from .elementary import zeros_like
from .pointwise import where
from .rule import ANY, differentiable
from .shape import diagonal
from .strides import strided

# `at` is an index as NumPy takes it: a tuple of slices, numbers, None, … and arrays.


class Watched(tuple):
    """An index that was made of tensors. `check` raises an error if one of them was written to since."""

    def __new__(cls, at: tuple, check: Callable) -> Watched:
        made = super().__new__(cls, at)
        made.check = check
        return made


def intact(at: tuple) -> tuple:
    """The index of a call, when its gradient is computed."""
    if isinstance(at, Watched):
        at.check()
    return at


@differentiable(ANY, x=lambda g, x_shape, at: index_gradient(g, shape=x_shape, at=intact(at)), name=lambda form: form)
def index(x, *, at, form="Index"):
    """The elements of x at positions given by arrays."""
    x = _lines(x, at)
    y = x[at if x.size else _anywhere(at)]
    plain = form != "Index" or (x.flags.c_contiguous and all(getattr(k, "flags", x.flags).c_contiguous for k in at))
    if plain and y.flags.c_contiguous and 1 not in y.shape:
        return y
    return _in_order(y, range(y.ndim) if plain else _order(x, at, y.shape))


@differentiable(ANY, x=lambda g, x, at: index_gradient(g, shape=tuple(x.shape), at=intact(at)), name=lambda form: form)
def pick(x, *, at, form):
    """The elements of x at positions of the flat array or under a mask. As in PyTorch the backward pass keeps x."""
    return index.fn(x, at=at, form=form)


@differentiable(ANY, g=lambda g, at: index(g, at=at))
def index_gradient(g, *, shape, at):
    """Zeros of `shape` with g added at the positions; a position that occurs twice gets both."""
    z = array_module(g).zeros(shape, g.dtype)
    array_module(g).add.at(_lines(z, at), at if z.size else _anywhere(at), g)
    return z


@differentiable(ANY, x=lambda g, at, accumulate: g if accumulate else index_put(g, 0.0, at=intact(at)),
                values=lambda g, at: index(g, at=intact(at)), name=lambda form, values: form)  # fmt: skip
def index_put(x, values, *, at, accumulate=False, form="IndexPut"):
    """x with `values` written at (or added to) the positions."""
    y = array_module(x).array(x, order="C") if form == "IndexCopy" else copied(x)
    at = at if y.size else _anywhere(at)
    if accumulate:
        array_module(x).add.at(_lines(y, at), at, values)
    else:
        _lines(y, at)[at] = values
    return y


@differentiable(ANY, x=lambda g, at, accumulate: g if accumulate else index_put(g, 0.0, at=intact(at)),
                source=lambda g, source, at: index(g, at=intact(at)), name=lambda form: form)  # fmt: skip
def index_copy(x, source, *, at, accumulate=False, form):
    """The same as `index_put`. As in PyTorch the backward pass keeps the source."""
    return index_put.fn(x, source, at=at, accumulate=accumulate, form=form)


@differentiable(ANY, x=lambda g: g, source=lambda g, source, at, alpha: index(g, at=intact(at)) * alpha)
def index_add(x, source, *, at, alpha=1):
    """x with α times the parts of `source` added at the positions."""
    y = array_module(x).array(x, order="C")
    if y.size:
        array_module(x).add.at(y, at, source if alpha == 1 else source * x.dtype.type(alpha))
    return y


def _anywhere(at: tuple) -> tuple:
    """The index `at` into a tensor without elements: PyTorch looks nothing up there, and no position is wrong."""
    return tuple(k * 0 if getattr(k, "dtype", None) == np.int64 else k for k in at)


def _lines(x, at: tuple):
    """A number that is indexed by positions counts as a vector of one element."""
    return x if x.ndim or not at or at[0].dtype == bool else x.reshape(1)


def copied(x):
    """A copy of x to write into, its dimensions in the same order in memory."""
    return array_module(x).array(x, order="C" if 0 in x.strides else "K")


def _order(x, at: tuple, shape: tuple) -> list:
    """The dimensions of x[at] in their order in memory, as PyTorch chooses it.

    It keeps the order of x, in which the dimensions of the index arrays have no place of their own, and then that
    of the index arrays. Two dimensions of which no operand says which is the longer step stay as they are.
    """
    arrays = [k for k in at if hasattr(k, "shape")]
    if not arrays:
        return list(range(len(shape)))
    arrays = [part for k in arrays for part in (map(np.ascontiguousarray, k.nonzero()) if k.dtype == bool else (k,))]
    arrays = array_module(x).broadcast_arrays(*arrays)
    places = [i for i, k in enumerate(at) if hasattr(k, "shape")]
    together = places[-1] - places[0] == len(places) - 1
    front = sum(not isinstance(k, int) for k in at[: places[0]]) if together else 0
    own, d = [], 0  # the steps of x along the dimensions that are sliced
    for k in at:
        if isinstance(k, slice):
            own.append(x.strides[d])
        d += k.ndim if getattr(k, "dtype", None) == bool else 1
    own += x.strides[d:]
    n = arrays[0].ndim
    steps = [(*own[:front], *(0,) * n, *own[front:])]
    for k in arrays:  # an index array has steps along other dimensions of size 1 too
        before, after = (tuple(step * (m == 1) for m in sizes) for step, sizes in (
            (k.size * k.itemsize, shape[:front]), (k.itemsize, shape[front + n :])))  # fmt: skip
        steps.append((*before, *k.strides, *after))
    return order_of(shape, steps)


def order_of(shape: tuple, operands: list) -> list:
    """The dimensions of a result of this shape, the longest step first, as the strides of its operands suggest."""

    def longer(a: int, b: int) -> bool | None:
        """Whether dimension a has longer steps than b; None if no operand tells."""
        for steps in operands:
            if steps[a] and steps[b] and steps[a] != steps[b]:
                return steps[a] > steps[b]
            if steps[a] and steps[b] and shape[a] > shape[b]:
                return True
        return None

    order = list(reversed(range(len(shape))))  # the shortest step first
    for i in range(1, len(order)):
        for j in reversed(range(i)):
            told = longer(order[j], order[i])
            if told:
                order[j], order[i], i = order[i], order[j], j
            elif told is False:
                break
    return order[::-1]


def _in_order(y, order: Sequence):
    """`y` with its dimensions in this order in memory."""
    steps, step = [0] * y.ndim, y.dtype.itemsize
    for d in reversed(order):
        steps[d] = step
        step *= max(y.shape[d], 1)
    if y.strides == tuple(steps):
        return y
    if y.size and all(s == t for n, s, t in zip(y.shape, y.strides, steps, strict=True) if n > 1):
        return strided(y, y.shape, tuple(steps))
    z = array_module(y).empty([y.shape[d] for d in order], y.dtype).transpose(np.argsort(order))
    z[...] = y
    return z


# Parts of a copy ─────────────────────────────────────────────────────────────────────────────────


@differentiable(ANY, x=lambda g, at: where(at[0], 0, g),
                source=lambda g, source_shape, at: index_gradient(
                    index(g, at=at), shape=source_shape, at=first(at[0], source_shape)))  # fmt: skip
def masked_scatter(x, source, *, at):
    """x with the first elements of `source` written, one after the other, where a mask (the index) holds."""
    y = array_module(x).array(x, order="C")
    y[at] = source[first(at[0], source.shape)]
    return y


def first(mask, shape: tuple) -> tuple:
    """As many positions of an array, from the first on, as the mask has places."""
    return np.unravel_index(np.arange(np.count_nonzero(mask)), shape)


@differentiable(ANY, x=lambda g, offset, dim1, dim2: diagonal_put(
                    g, zeros_like(diagonal(g, offset=offset, dim1=dim1, dim2=dim2)),
                    offset=offset, dim1=dim1, dim2=dim2),
                src=lambda g, offset, dim1, dim2: diagonal(g, offset=offset, dim1=dim1, dim2=dim2),
                name="DiagonalScatter")  # fmt: skip
def diagonal_put(x, src, *, offset=0, dim1=0, dim2=1):
    """x with `src` on a diagonal."""
    y = copied(x)
    diagonal.fn(y, offset=offset, dim1=dim1, dim2=dim2)[...] = src
    return y
