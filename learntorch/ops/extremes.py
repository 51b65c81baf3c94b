"""Rules for the largest and the smallest element, and for where they are.

Read in chapter 01. At a tie `amax` and `max` of everything share the gradient among the winners; `max` along a
dimension gives it to the one whose index it returns.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from ..errors import final
from .comparison import isnan
from .pointwise import where
from .reduction import dims_of, like_type, spread, sum
from .rule import ANY, differentiable
from .scatter import gather_gradient
from .shape import reshape, row_major, wrap_dim


def _ties(g, x, y, dim, keepdim):
    """The gradient, shared evenly among all that reach the extreme."""
    won = like_type(x == spread(y, x.shape, dim, keepdim), x)
    return spread(g, x.shape, dim, keepdim) * won / sum(won, dim=dim, keepdim=True)


def not_empty(name: str, x, dim, error: type = IndexError) -> None:
    """Refuse to look for one element among none. Without `dim`, some functions raise an `error` of their own."""
    if x.size:
        return
    if dim is None or dim == () or dim == []:
        raise final(error(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        ))  # fmt: skip
    for d in (dim,) if isinstance(dim, int) else dim:
        if x.ndim and x.shape[wrap_dim(d, x.ndim)] == 0:
            call = name if name == "aminmax" else f"{name}()"
            raise final(IndexError(f"{call}: Expected reduction dim {d} to have non-zero size."))


def _edge(x, name: str, dim, keepdim: bool):
    not_empty(name, x, dim, RuntimeError)
    return row_major(getattr(x, name[-3:])(dims_of(dim, x.ndim), keepdims=keepdim))


@differentiable(ANY, x=_ties, name=lambda form: form)
def amax(x, *, dim=None, keepdim=False, form="Amax"):
    """The largest element; at a tie the gradient is shared."""
    return _edge(x, "amax", dim, keepdim)


@differentiable(ANY, x=_ties, name=lambda form: form)
def amin(x, *, dim=None, keepdim=False, form="Amin"):
    """The smallest element; at a tie the gradient is shared."""
    return _edge(x, "amin", dim, keepdim)


def share(g, x, y):
    """The gradient of one element chosen from all: shared among its equals, or among all NaN if it is one."""
    alike = where(isnan(y), isnan(x), x == y)
    return where(alike, g / sum(like_type(alike, x)), 0)


@differentiable(ANY, x=share, name="Max1")
def max_all(x):
    """The largest element of all."""
    return _edge(x, "max", None, False)


@differentiable(ANY, x=share, name="Min1")
def min_all(x):
    """The smallest element of all."""
    return _edge(x, "min", None, False)


def put_back(g, indices, x_shape, dim, keepdim):
    """The gradient at the positions that were picked, zeros elsewhere."""
    if not x_shape:
        return g
    d = dim % len(x_shape)
    if not keepdim:
        size = x_shape[:d] + (1,) + x_shape[d + 1 :]
        g, indices = reshape(g, size=size), reshape(indices, size=size)
    return gather_gradient(g, indices, shape=x_shape, dim=d)


def pick(x, indices, d: int, keepdim: bool):
    """The elements of x at `indices`, which have size 1 along dimension d; and the indices."""
    picked = array_module(x).take_along_axis(x, indices, d), indices
    return tuple(row_major(part if keepdim else part.squeeze(d)) for part in picked)


def _extreme(x, name: str, arg: str, dim: int, keepdim: bool):
    d = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    not_empty(name, x, d)
    return pick(x, getattr(x, arg)(d, keepdims=True), d, keepdim)


@differentiable(ANY, outputs=("values", "indices"), name="Max0",
                x=lambda g, indices, x_shape, dim, keepdim: put_back(g, indices, x_shape, dim, keepdim))  # fmt: skip
def max_dim(x, *, dim, keepdim=False):
    """The largest element along `dim`, and where it is."""
    return _extreme(x, "max", "argmax", dim, keepdim)


@differentiable(ANY, outputs=("values", "indices"), name="Min0",
                x=lambda g, indices, x_shape, dim, keepdim: put_back(g, indices, x_shape, dim, keepdim))  # fmt: skip
def min_dim(x, *, dim, keepdim=False):
    """The smallest element along `dim`, and where it is."""
    return _extreme(x, "min", "argmin", dim, keepdim)


@differentiable(ANY)
def argmax(x, *, dim=None, keepdim=False):
    """Where the largest element is; without `dim`, in the flattened tensor."""
    return _arg(x, "argmax", dim, keepdim)


@differentiable(ANY)
def argmin(x, *, dim=None, keepdim=False):
    """Where the smallest element is; without `dim`, in the flattened tensor."""
    return _arg(x, "argmin", dim, keepdim)


def _arg(x, name: str, dim, keepdim: bool):
    if x.dtype == bool:
        raise RuntimeError(f"{name}(): does not support bool input. Convert it first, for example with .long().")
    d = None if dim is None else wrap_dim(dim, x.ndim)
    not_empty(name, x, d)
    if x.ndim == 0:
        return np.int64(0)
    return row_major(getattr(x, name)(d, keepdims=keepdim))


# The largest so far ──────────────────────────────────────────────────────────────────────────────


def _so_far(x, beats, dim: int):
    """Walk along `dim` and keep what was best; a later equal, and any NaN, takes the place of an earlier one."""
    d = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    xp = array_module(x)
    steps, at = xp.moveaxis(x, d, 0), xp.zeros(x.shape, np.int64)  # the index of the best up to each place
    places = xp.moveaxis(at, d, 0)
    for i in range(1, len(steps)):
        best = xp.take_along_axis(steps, places[i - 1 : i], 0)[0]
        better = (steps[i] != steps[i]) | ((best == best) & beats(steps[i], best))
        places[i] = xp.where(better, i, places[i - 1])
    return xp.take_along_axis(x, at, d), at


@differentiable(ANY, outputs=("values", "indices"),
                x=lambda g, indices, x_shape, dim: put_back(g, indices, x_shape, dim, True))  # fmt: skip
def cummax(x, *, dim):
    """The largest element so far along `dim`, and where it is."""
    return _so_far(x, np.greater_equal, dim)


@differentiable(ANY, outputs=("values", "indices"),
                x=lambda g, indices, x_shape, dim: put_back(g, indices, x_shape, dim, True))  # fmt: skip
def cummin(x, *, dim):
    """The smallest element so far along `dim`, and where it is."""
    return _so_far(x, np.less_equal, dim)
