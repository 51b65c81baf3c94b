"""Rules along one dimension: each element of an index says where an element comes from (gather), or goes (scatter).

Read in chapter 01.
"""

from __future__ import annotations

from ..devices import array_module
from .pointwise import where
from .rule import ANY, differentiable


@differentiable(ANY, x=lambda g, x, indices, dim: gather_gradient(g, indices, shape=tuple(x.shape), dim=dim))
def gather(x, indices, *, dim):
    """yᵢⱼ = x[indicesᵢⱼ][j] for dim 0: one element of x for each index."""
    if not indices.size:
        return array_module(x).empty(indices.shape, x.dtype)
    y = _lines(x)[_along(indices, dim)].reshape(indices.shape)
    return y if y.flags.c_contiguous else y.copy()


@differentiable(ANY, g=lambda g, indices, dim: gather(g, indices, dim=dim))
def gather_gradient(g, indices, *, shape, dim):
    """Zeros of `shape` with g added at `indices` along `dim`."""
    z = array_module(g).zeros(shape, g.dtype)
    if indices.size:
        array_module(g).add.at(_lines(z), _along(indices, dim), _lines(g))
    return z


def _lines(x):
    """A number as a vector of one element, so that it has a dimension to go along."""
    return x if x.ndim else x.reshape(1)


def _along(indices, dim: int) -> tuple:
    """The index arrays that replace the position along `dim` by `indices`."""
    indices = _lines(indices)
    xp = array_module(indices)
    at = list(xp.meshgrid(*[xp.arange(n) for n in indices.shape], indexing="ij", sparse=True))
    at[dim] = indices
    return tuple(at)


def _part(src, indices):
    """As much of `src` as there are indices."""
    return _lines(_lines(src)[tuple(slice(n) for n in indices.shape)]) if hasattr(src, "ndim") else src


@differentiable(ANY, x=lambda g, indices, dim: scatter(g, indices, 0.0, dim=dim),
                src=lambda g, indices, src_shape, dim: _back(g, indices, src_shape, dim, "Scatter"),
                name=lambda src: "Scatter1" if isinstance(src, (int, float)) else "Scatter0")  # fmt: skip
def scatter(x, indices, src, *, dim):
    """x with the elements of `src` (or one number) written at `indices` along `dim`."""
    y = array_module(x).array(x, order="C")
    if indices.size:
        _lines(y)[_along(indices, dim)] = _part(src, indices)
    return y


@differentiable(ANY, x=lambda g: g,
                src=lambda g, indices, src_shape, dim: _back(g, indices, src_shape, dim, "ScatterAdd"))  # fmt: skip
def scatter_add(x, indices, src, *, dim):
    """x with the elements of `src` added at `indices` along `dim`."""
    y = array_module(x).array(x, order="C")
    if indices.size:
        array_module(x).add.at(_lines(y), _along(indices, dim), _part(src, indices))
    return y


def _back(g, indices, shape: tuple, dim: int, name: str):
    """The gradient of what was scattered: what has arrived where its elements went."""
    if tuple(indices.shape) != tuple(shape):
        raise RuntimeError(
            f"Function {name}Backward0 returned an invalid gradient at index 1 - got {list(indices.shape)} but "
            f"expected shape compatible with {list(shape)}. Cut the source to the shape of the index."
        )
    return gather(g, indices, dim=dim)


# Joining ─────────────────────────────────────────────────────────────────────────────────────────

JOINS = {"sum": "add", "mean": "add", "prod": "multiply", "amax": "maximum", "amin": "minimum",
         "add": "add", "multiply": "multiply"}  # fmt: skip


@differentiable(ANY, x=lambda g, x, indices, src, y, dim, reduce, include_self:
                    _kept(g, x, indices, src, y, dim, reduce, include_self),
                src=lambda g, x, indices, src, y, dim, reduce, include_self:
                    _sent(g, x, indices, src, y, dim, reduce, include_self))  # fmt: skip
def scatter_reduce(x, indices, src, *, dim, reduce, include_self=True):
    """x with the elements of `src` joined to it at `indices` along `dim`: by sum, prod, mean, amax or amin."""
    return _joined(x, indices, src, dim, reduce, include_self)


@differentiable(ANY, x=lambda g: _undefined(), name="NotImplemented")
def scatter_join(x, indices, src, *, dim, reduce):
    """The older scatter with reduce="add" or "multiply". PyTorch has no gradient for it."""
    return _joined(x, indices, src, dim, reduce, True)


def _undefined():
    raise RuntimeError("derivative for aten::scatter is not implemented. Use scatter_add, or scatter_reduce.")


def _joined(x, indices, src, dim: int, reduce: str, include_self: bool):
    y = array_module(x).array(x, order="C")
    if not indices.size:
        return y
    lines, at, part = _lines(y), _along(indices, dim), _part(src, indices)
    if not include_self:  # start from what changes nothing: 0, 1, or one of the elements themselves
        lines[at] = {"sum": 0, "mean": 0, "prod": 1}.get(reduce, part)
    getattr(array_module(x), JOINS[reduce]).at(lines, at, part)
    if reduce == "mean":
        count = _count(x, indices, src, dim, include_self).astype(y.dtype)
        y = y // count if y.dtype.kind in "iu" else y / count
    return y


def _count(x, indices, src, dim: int, include_self: bool):
    """How many elements come together in each place; 1 where none does."""
    own = where(x == x, 1.0, 1.0) if include_self else where(x == x, 0.0, 0.0)
    count = scatter_add(own, indices, where(src == src, 1.0, 1.0), dim=dim)
    return where(count == 0, 1.0, count)


def _ties(x, indices, src, y, dim: int):
    """How many of the elements that came together are the largest (smallest) one."""
    theirs = where(src == gather(y, indices, dim=dim), 1.0, 0.0)
    return scatter_add(where(x == y, 1.0, 0.0), indices, theirs, dim=dim)


def _kept(g, x, indices, src, y, dim: int, reduce: str, include_self: bool):
    """The gradient of the target of scatter_reduce."""
    if reduce == "prod":  # the product of the others
        safe = where(x == 0, 1.0, x)
        others = scatter_reduce(safe, indices, src, dim=dim, reduce="prod", include_self=include_self)
        g = g * others / safe
    elif reduce == "mean":
        g = g / _count(x, indices, src, dim, include_self)
    elif reduce != "sum":
        g = where(x == y, g / _ties(x, indices, src, y, dim), 0.0)
    return g if include_self else scatter(g, indices, 0.0, dim=dim)


def _sent(g, x, indices, src, y, dim: int, reduce: str, include_self: bool):
    """The gradient of the source of scatter_reduce."""
    if reduce == "sum":
        return _back(g, indices, src.shape, dim, "ScatterReduce")
    if reduce == "mean":
        return _back(g / _count(x, indices, src, dim, include_self), indices, src.shape, dim, "ScatterReduce")
    if reduce == "prod":
        return _back_through_product(g, x, indices, src, y, dim, include_self)
    shared = _back(g / _ties(x, indices, src, y, dim), indices, src.shape, dim, "ScatterReduce")
    return where(src == gather(y, indices, dim=dim), shared, 0.0)


def _back_through_product(g, x, indices, src, y, dim: int, include_self: bool):
    """y/src, and the product of the others for a zero that is alone in its place."""
    zero = src == 0
    zeros = scatter_add(where(x == x, 0.0, 0.0), indices, where(zero, 1.0, 0.0), dim=dim)
    alone = zero & (gather(zeros, indices, dim=dim) == 1)
    others = scatter_reduce(x, indices, where(alone, 1.0, src), dim=dim, reduce="prod", include_self=include_self)
    quotient = _back(g * y, indices, src.shape, dim, "ScatterReduce") / where(zero, 1.0, src)
    return where(alone, gather(g * others, indices, dim=dim), quotient)
