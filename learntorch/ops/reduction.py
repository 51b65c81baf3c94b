"""Rules that take many elements together: sums, means, extremes, sorting, softmax.

Read in chapters 01 and 04. `dim` is one dimension, several, or None for all of them.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..devices import array_module
from ..errors import final
from .indexing import gather_gradient
from .pointwise import exp, sign, where
from .rule import ANY, FLOAT, differentiable
from .shape import cat, convert, expand, flip, narrow, reshape, squeeze, stack, wrap_dim


def dims_of(dim, ndim: int) -> tuple:
    """`dim` as a tuple of dimensions counted from the front; None and () mean all."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    dims = tuple(wrap_dim(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims. Name each once.")
    return dims if ndim else ()


def spread(v, shape: tuple, dim, keepdim: bool):
    """A reduced value back in the shape that it was reduced from."""
    if not keepdim:
        dims = dims_of(dim, len(shape))
        v = reshape(v, size=tuple(1 if d in dims else n for d, n in enumerate(shape)))
    return expand(v, size=shape)


def _numbered(none: str, some: str):
    return lambda dim: none if dim is None else some


@differentiable(ANY, x=lambda g, x_shape, dim, keepdim: spread(g, x_shape, dim, keepdim),
                name=_numbered("Sum0", "Sum1"))  # fmt: skip
def sum(x, *, dim=None, keepdim=False):
    """y = Σ x. Integers and booleans are added up as int64."""
    return x.sum(dims_of(dim, x.ndim), dtype=None if x.dtype.kind == "f" else np.int64, keepdims=keepdim)


def _count(shape: tuple, dim) -> int:
    return prod(shape[d] for d in dims_of(dim, len(shape)))


@differentiable(ANY, x=lambda g, x_shape, dim, keepdim: spread(g / _count(x_shape, dim), x_shape, dim, keepdim),
                name=_numbered("Mean0", "Mean1"))  # fmt: skip
def mean(x, *, dim=None, keepdim=False):
    """y = Σ x / n."""
    _floating("mean", x)
    n = _count(x.shape, dim)
    total = x.sum(dims_of(dim, x.ndim), keepdims=keepdim)
    return total / np.asarray(n, x.dtype)[()]


def _floating(name: str, x) -> None:
    if x.dtype.kind != "f":
        kind = "Bool" if x.dtype.kind == "b" else {1: "Char", 2: "Short", 4: "Int", 8: "Long"}[x.dtype.itemsize]
        raise RuntimeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex "
            f"dtype. Got: {kind}. Convert it first, for example with .float()."
        )


def _product_slope(g, x, y, dim, keepdim):
    """∂y/∂xᵢ is the product of all the others: from the left times from the right, so zeros do no harm."""
    if dim is None:
        flat = reshape(x, size=(-1,))
        return reshape(g * _others(flat, 0), size=x.shape)
    (d,) = dims_of(dim, x.ndim) or (None,)
    return spread(g, x.shape, dim, keepdim) * (_others(x, d) if d is not None else 1)


def _others(x, d: int):
    return _before(x, d) * flip(_before(flip(x, dims=(d,)), d), dims=(d,))


def _before(x, d: int):
    """The product of everything before each element of dimension d."""
    one = narrow(x, dim=d, start=0, end=1) * 0 + 1
    return cumprod(cat(one, narrow(x, dim=d, start=0, end=x.shape[d] - 1), dim=d), dim=d)


@differentiable(ANY, x=_product_slope, name=_numbered("Prod0", "Prod1"))
def prod_(x, *, dim=None, keepdim=False):
    """y = Π x. Integers and booleans are multiplied as int64."""
    return x.prod(dims_of(dim, x.ndim), dtype=None if x.dtype.kind == "f" else np.int64, keepdims=keepdim)


def _cumprod_slope(g, x, y, dim):
    n, terms = x.shape[dim], []
    for i in range(n):  # ∂yⱼ/∂xᵢ = Π of the others up to j; written so that zeros do no harm
        head = narrow(x, dim=dim, start=0, end=i)
        tail = narrow(x, dim=dim, start=i + 1, end=n)
        terms.append(_weighted(g, head, tail, dim, i))
    d = dim % len(x.shape)
    return stack(*terms, dim=d)


def _weighted(g, head, tail, dim, i):
    rest = narrow(g, dim=dim, start=i, end=g.shape[dim])
    one = narrow(g, dim=dim, start=0, end=1) * 0 + 1
    left = prod_(head, dim=dim, keepdim=True)
    right = cumprod(cat(one, tail, dim=dim), dim=dim)
    return squeeze(sum(rest * (left * right), dim=dim, keepdim=True), dim=dim)


@differentiable(ANY, x=_cumprod_slope)
def cumprod(x, *, dim):
    """Running product along `dim`."""
    return x.cumprod(wrap_dim(dim, x.ndim), dtype=None if x.dtype.kind == "f" else np.int64)


@differentiable(ANY, x=lambda g, dim: flip(cumsum(flip(g, dims=(dim,)), dim=dim), dims=(dim,)))
def cumsum(x, *, dim):
    """Running sum along `dim`."""
    if x.ndim == 0:
        return x.copy()
    return x.cumsum(wrap_dim(dim, x.ndim), dtype=None if x.dtype.kind == "f" else np.int64)


# Extremes ────────────────────────────────────────────────────────────────────────────────────────


def like_type(a, x):
    """`a` with elements of the type of `x`, for arrays and tensors."""
    return convert(a, dtype=getattr(x.dtype, "numpy", x.dtype))


def _ties(g, x, y, dim, keepdim):
    """The gradient, shared evenly among all that reach the extreme."""
    won = like_type(x == spread(y, x.shape, dim, keepdim), x)
    return spread(g, x.shape, dim, keepdim) * won / sum(won, dim=dim, keepdim=True)


def _not_empty(name: str, x, dim) -> None:
    if x.size == 0 and (dim is None or _count(x.shape, dim) == 0):
        raise final(
            IndexError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                "dim with the 'dim' argument."
            )
            if dim is None
            else IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
        )


@differentiable(ANY, x=_ties)
def amax(x, *, dim=None, keepdim=False):
    """The largest element; at a tie the gradient is shared."""
    _not_empty("amax", x, dim)
    return x.max(dims_of(dim, x.ndim), keepdims=keepdim)


@differentiable(ANY, x=_ties)
def amin(x, *, dim=None, keepdim=False):
    """The smallest element; at a tie the gradient is shared."""
    _not_empty("amin", x, dim)
    return x.min(dims_of(dim, x.ndim), keepdims=keepdim)


@differentiable(ANY, x=lambda g, x, y: _ties(g, x, y, None, False), name="Max1")
def max_all(x):
    """The largest element of all."""
    if x.size == 0:
        raise RuntimeError(
            "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
            "dim with the 'dim' argument."
        )
    return x.max()


@differentiable(ANY, x=lambda g, x, y: _ties(g, x, y, None, False), name="Min1")
def min_all(x):
    """The smallest element of all."""
    if x.size == 0:
        raise RuntimeError(
            "min(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
            "dim with the 'dim' argument."
        )
    return x.min()


def _one_dim(x, dim) -> int:
    return wrap_dim(dim, x.ndim)


def _put_back(g, indices, x_shape, dim, keepdim):
    """The gradient at the positions that were picked, zeros elsewhere."""
    if not x_shape:
        return g
    d = dim % len(x_shape)
    if not keepdim:
        size = x_shape[:d] + (1,) + x_shape[d + 1 :]
        g, indices = reshape(g, size=size), reshape(indices, size=size)
    return gather_gradient(g, indices, shape=x_shape, dim=d)


def _extreme(x, dim: int, keepdim: bool, arg: str):
    d = _one_dim(x, dim)
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    _not_empty(arg.removeprefix("arg"), x, dim)
    indices = getattr(array_module(x), arg)(x, d, keepdims=True)
    values = array_module(x).take_along_axis(x, indices, d)
    return (values, indices) if keepdim else (values.squeeze(d), indices.squeeze(d))


@differentiable(ANY, outputs=("values", "indices"), name="Max0",
                x=lambda g, indices, x_shape, dim, keepdim: _put_back(g, indices, x_shape, dim, keepdim))  # fmt: skip
def max_dim(x, *, dim, keepdim=False):
    """The largest element along `dim`, and where it is."""
    return _extreme(x, dim, keepdim, "argmax")


@differentiable(ANY, outputs=("values", "indices"), name="Min0",
                x=lambda g, indices, x_shape, dim, keepdim: _put_back(g, indices, x_shape, dim, keepdim))  # fmt: skip
def min_dim(x, *, dim, keepdim=False):
    """The smallest element along `dim`, and where it is."""
    return _extreme(x, dim, keepdim, "argmin")


@differentiable(ANY)
def argmax(x, *, dim=None, keepdim=False):
    """Where the largest element is; without `dim`, in the flattened tensor."""
    return _arg(x, dim, keepdim, "argmax")


@differentiable(ANY)
def argmin(x, *, dim=None, keepdim=False):
    """Where the smallest element is; without `dim`, in the flattened tensor."""
    return _arg(x, dim, keepdim, "argmin")


def _arg(x, dim, keepdim: bool, name: str):
    _not_empty(name, x, dim)
    if x.ndim == 0:
        if dim is not None:
            wrap_dim(dim, 0)
        return np.int64(0)
    d = None if dim is None else wrap_dim(dim, x.ndim)
    return getattr(x, name)(d, keepdims=keepdim)


@differentiable(ANY, outputs=("values", "indices"),
                x=lambda g, indices, x_shape, dim: _put_back(g, indices, x_shape, dim, True))  # fmt: skip
def sort(x, *, dim=-1, descending=False, stable=False):
    """The elements in order along `dim`, and where each came from."""
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    d = wrap_dim(dim, x.ndim)
    if descending:  # a stable descending order: sort the mirror image, and mirror back
        indices = np.flip(x.shape[d] - 1 - np.argsort(np.flip(x, d), d, kind="stable"), d).copy()
    else:
        indices = x.argsort(d, kind="stable")
    return array_module(x).take_along_axis(x, indices, d), indices


@differentiable(ANY, outputs=("values", "indices"),
                x=lambda g, indices, x_shape, dim: _put_back(g, indices, x_shape, dim, True))  # fmt: skip
def topk(x, *, k, dim=-1, largest=True):
    """The k largest (or smallest) elements along `dim`, in order, and where each came from."""
    values, indices = sort.fn(x, dim=dim, descending=largest)
    if x.ndim == 0:
        return values, indices
    first = (slice(None),) * wrap_dim(dim, x.ndim) + (slice(k),)
    return values[first].copy(), indices[first].copy()


@differentiable(ANY)
def all(x, *, dim=None, keepdim=False):
    """True if no element is zero."""
    return x.astype(bool).all(dims_of(dim, x.ndim), keepdims=keepdim)


@differentiable(ANY)
def any(x, *, dim=None, keepdim=False):
    """True if some element is not zero."""
    return x.astype(bool).any(dims_of(dim, x.ndim), keepdims=keepdim)


# Spread and size ─────────────────────────────────────────────────────────────────────────────────


@differentiable(ANY, x=lambda g, x, dim, correction, keepdim:
                spread(g, x.shape, dim, keepdim) * (x - mean(x, dim=dim, keepdim=True))
                * (2 / (_count(x.shape, dim) - correction)))  # fmt: skip
def var(x, *, dim=None, correction=1, keepdim=False):
    """Variance: y = Σ (x − x̄)² / (n − correction)."""
    if x.dtype.kind != "f":
        raise RuntimeError("std and var only support floating point and complex dtypes. Convert it with .float().")
    return np.asarray(x.var(dims_of(dim, x.ndim), ddof=correction, keepdims=keepdim), x.dtype)[()]


@differentiable(ANY, x=lambda g, x, y, dim, correction, keepdim:
                spread(where(y == 0, g * 0, g / (y * (_count(x.shape, dim) - correction))), x.shape, dim, keepdim)
                * (x - mean(x, dim=dim, keepdim=True)))  # fmt: skip
def std(x, *, dim=None, correction=1, keepdim=False):
    """Standard deviation: the square root of the variance."""
    return np.sqrt(var.fn(x, dim=dim, correction=correction, keepdim=keepdim))


def _norm_slope(g, x, y, p, dim, keepdim):
    g, y = spread(g, x.shape, dim, keepdim), spread(y, x.shape, dim, keepdim)
    if p == 2:
        return g * where(y == 0, x * 0, x / where(y == 0, y * 0 + 1, y))
    if p in (0, 1):
        return g * (sign(x) if p else x * 0)
    if p in (float("inf"), -float("inf")):
        won = like_type(abs_(x) == y, x)
        return g * sign(x) * won / sum(won, dim=dim, keepdim=True)
    size = abs_(x)
    return g * sign(x) * where(y == 0, y * 0, (size / where(y == 0, y * 0 + 1, y)) ** (p - 1))


def abs_(x):
    """|x|, on arrays and tensors."""
    return x * sign(x)


@differentiable(ANY, x=_norm_slope, name="LinalgVectorNorm")
def norm(x, *, p=2, dim=None, keepdim=False):
    """y = (Σ |x|ᵖ)^(1/p)."""
    dims = dims_of(dim, x.ndim)
    size = np.abs(x)
    if p == 2:
        return np.sqrt((x * x).sum(dims, keepdims=keepdim))
    if p == float("inf"):
        return size.max(dims, keepdims=keepdim)
    if p == -float("inf"):
        return size.min(dims, keepdims=keepdim)
    if p == 0:
        return (x != 0).sum(dims, keepdims=keepdim).astype(x.dtype)
    return (size**p).sum(dims, keepdims=keepdim) ** (1 / p)


# Softmax ─────────────────────────────────────────────────────────────────────────────────────────


def _shifted(x, dim):
    """x minus its maximum along `dim`: the same softmax, and nothing overflows."""
    return x - x.max(dims_of(dim, x.ndim), keepdims=True) if x.size else x


@differentiable(FLOAT, x=lambda g, y, dim: y * (g - sum(g * y, dim=dim, keepdim=True)))
def softmax(x, *, dim):
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ: positive numbers that add up to 1 along `dim`."""
    e = np.exp(_shifted(x, dim))
    return e / e.sum(dims_of(dim, x.ndim), keepdims=True)


@differentiable(FLOAT, x=lambda g, y, dim: g - exp(y) * sum(g, dim=dim, keepdim=True))
def log_softmax(x, *, dim):
    """y = ln softmax(x), without forming the softmax."""
    z = _shifted(x, dim)
    return z - np.log(np.exp(z).sum(dims_of(dim, x.ndim), keepdims=True))


@differentiable(FLOAT, x=lambda g, x, y, dim, keepdim:
                spread(g, x.shape, dim, keepdim) * exp(x - spread(y, x.shape, dim, keepdim)))  # fmt: skip
def logsumexp(x, *, dim, keepdim=False):
    """y = ln Σ eˣ, without overflow."""
    dims = dims_of(dim, x.ndim)
    top = x.max(dims, keepdims=True) if x.size else x
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.exp(x - top).sum(dims, keepdims=True)) + top
    return y if keepdim else y.squeeze(dims)

