"""Rules for indexing with tensors: reading, writing, gathering, scattering.

Read in chapter 01. Slices and single numbers give views and live in shape.py; an index that holds a
tensor copies.
"""

from __future__ import annotations

from ..devices import array_module
from .rule import ANY, differentiable

# `at` is an index as NumPy takes it: a tuple of slices, numbers, None, … and arrays.


@differentiable(ANY, x=lambda g, x_shape, at: index_gradient(g, shape=x_shape, at=at), name=lambda form: form)
def index(x, *, at, form="Index"):
    """The elements of x at positions given by arrays."""
    y = x[at]
    return y if y.flags.c_contiguous else y.copy()


@differentiable(ANY, g=lambda g, at: index(g, at=at))
def index_gradient(g, *, shape, at):
    """Zeros of `shape` with g added at the positions; a position that occurs twice gets both."""
    z = array_module(g).zeros(shape, g.dtype)
    array_module(g).add.at(z, at, g)
    return z


@differentiable(ANY, x=lambda g, at, accumulate: g if accumulate else index_put(g, 0.0, at=at),
                values=lambda g, at: index(g, at=at), name=lambda form: form)  # fmt: skip
def index_put(x, values, *, at, accumulate=False, form="IndexPut"):
    """x with `values` written at (or added to) the positions."""
    y = x.copy()
    try:
        if accumulate:
            array_module(x).add.at(y, at, values)
        else:
            y[at] = values
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of "
            f"shape {list(x[at].shape)}"
        ) from None
    return y


@differentiable(ANY, x=lambda g, indices, x_shape, dim: gather_gradient(g, indices, shape=x_shape, dim=dim))
def gather(x, indices, *, dim):
    """yᵢⱼ = x[indicesᵢⱼ][j] for dim 0: one element of x for each index."""
    return x[_along(x.ndim, indices, dim)]


@differentiable(ANY, g=lambda g, indices, dim: gather(g, indices, dim=dim))
def gather_gradient(g, indices, *, shape, dim):
    """Zeros of `shape` with g added at `indices` along `dim`."""
    z = array_module(g).zeros(shape, g.dtype)
    array_module(g).add.at(z, _along(len(shape), indices, dim), g)
    return z


def _along(ndim: int, indices, dim: int) -> tuple:
    """The index arrays that replace the position along `dim` by `indices`."""
    xp = array_module(indices)
    at = list(xp.meshgrid(*[xp.arange(n) for n in indices.shape], indexing="ij", sparse=True))
    at[dim % max(ndim, 1)] = indices
    return tuple(at)


@differentiable(ANY, x=lambda g, indices, dim: scatter(g, indices, 0.0, dim=dim),
                src=lambda g, indices, dim: gather(g, indices, dim=dim),
                name=lambda src: "Scatter1" if isinstance(src, (int, float)) else "Scatter0")  # fmt: skip
def scatter(x, indices, src, *, dim):
    """x with the elements of `src` written at `indices` along `dim`."""
    y = x.copy()
    y[_along(x.ndim, indices, dim)] = _part(src, indices)
    return y


@differentiable(ANY, x=lambda g: g, src=lambda g, indices, dim: gather(g, indices, dim=dim))
def scatter_add(x, indices, src, *, dim):
    """x with the elements of `src` added at `indices` along `dim`."""
    y = x.copy()
    array_module(x).add.at(y, _along(x.ndim, indices, dim), _part(src, indices))
    return y


def _part(src, indices):
    """As much of `src` as there are indices."""
    return src[tuple(slice(n) for n in indices.shape)] if getattr(src, "ndim", 0) else src

