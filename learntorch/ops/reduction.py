"""Rules that take many elements together: sums, means, products, running sums, softmax.

Read in chapters 01 and 04. `dim` is one dimension, several, or None for all of them.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..dtypes import of_numpy
from ..errors import require
from .comparison import isnan, logical_not
from .elementary import exp, zeros_like
from .rule import ANY, FLOAT, differentiable
from .shape import cat, convert, expand, flip, narrow, reshape, row_major, squeeze, stack, wrap_dim

INT64, FLOAT32 = np.dtype("int64"), np.dtype("float32")


def dims_of(dim, ndim: int) -> tuple:
    """`dim` as a tuple of dimensions counted from the front; None and () mean all."""
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    if type(dim) is int and ndim:
        return (wrap_dim(dim, ndim),)
    dims = tuple(wrap_dim(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims. Name each once.")
    return dims if ndim else ()


def spread(v, shape: tuple, dim, keepdim: bool):
    """A reduced value back in the shape that it was reduced from."""
    if not keepdim and v.shape:
        dims = dims_of(dim, len(shape))
        v = reshape(v, size=tuple(1 if d in dims else n for d, n in enumerate(shape)))
    return expand(v, size=shape)


def like_type(a, x):
    """`a` with elements of the type of `x`, for arrays and tensors."""
    return convert(a, dtype=getattr(x.dtype, "numpy", x.dtype))


def _numbered(name: str):
    """PyTorch numbers the forms of a reduction: 0 over everything, 1 over `dim`."""
    return lambda dim: f"{name}{0 if dim is None else 1}"


# Sums and products ───────────────────────────────────────────────────────────────────────────────


def _types(x, dtype) -> tuple:
    """In which type to add up, and the type of the result: float16 adds up in float32, integers in int64."""
    result = dtype or (x.dtype if x.dtype.kind == "f" else INT64)
    return FLOAT32 if result.char == "e" else result, result


def _reduced(y, result: np.dtype):
    return row_major(y if y.dtype == result else y.astype(result))


@differentiable(ANY, x=lambda g, x_shape, dim, keepdim: spread(g, x_shape, dim, keepdim), name=_numbered("Sum"))
def sum(x, *, dim=None, keepdim=False, dtype=None):
    """y = Σ x. Integers and booleans are added up as int64."""
    inside, result = _types(x, dtype)
    return _reduced(x.sum(None if dim is None else dims_of(dim, x.ndim), inside, None, keepdim), result)


@differentiable(ANY, x=lambda g, x, dim, keepdim: spread(g, x.shape, dim, keepdim) * logical_not(isnan(x)))
def nansum(x, *, dim=None, keepdim=False, dtype=None):
    """y = Σ x over the elements that are numbers."""
    return sum.fn(np.where(x != x, x.dtype.type(0), x), dim=dim, keepdim=keepdim, dtype=dtype)


def count(shape: tuple, dim) -> int:
    """How many elements are taken together."""
    return prod(shape[d] for d in dims_of(dim, len(shape)))


@differentiable(ANY, x=lambda g, x_shape, dim, keepdim: spread(g, x_shape, dim, keepdim) / count(x_shape, dim),
                name=lambda dim, form: form or _numbered("Mean")(dim))  # fmt: skip
def mean(x, *, dim=None, keepdim=False, dtype=None, form=None):
    """y = Σ x / n."""
    check_mean_type("mean", dtype or x.dtype, "Optional" if dtype else "Input")
    inside, result = _types(x, dtype)
    total = x.sum(dims_of(dim, x.ndim), dtype=inside, keepdims=keepdim)
    return _reduced(total / inside.type(count(x.shape, dim)), result)


def check_mean_type(name: str, dtype: np.dtype, which: str) -> None:
    """Refuse to divide integers."""
    if dtype.kind != "f":
        raise RuntimeError(
            f"{name}(): could not infer output dtype. {which} dtype must be either a floating point or complex dtype. "
            f"Got: {of_numpy(dtype).short}. Convert it first, for example with .float()."
        )


def _product_slope(g, x, y, dim, keepdim):
    """∂y/∂xᵢ is the product of all the others: y/xᵢ, or where there are zeros from the left times from the right."""
    if not x.shape:
        return g
    if not (x == 0).any():
        return spread(g, x.shape, dim, keepdim) * (spread(y, x.shape, dim, keepdim) / x)
    if dim is None:
        if not hasattr(x, "_array") and (x == 0).sum() > 1:  # not g · 0, which is NaN where g is infinite
            return zeros_like(x)
        flat = reshape(x, size=(-1,))
        return reshape(g * _others(flat, 0), size=x.shape)
    return spread(g, x.shape, dim, keepdim) * _others(x, wrap_dim(dim, len(x.shape)))


def _others(x, d: int):
    return _before(x, d) * flip(_before(flip(x, dims=(d,)), d), dims=(d,))


def _before(x, d: int):
    """The product of everything before each element of dimension d."""
    one = narrow(x, dim=d, start=0, end=1) * 0 + 1
    return cumprod(cat(one, narrow(x, dim=d, start=0, end=x.shape[d] - 1), dim=d), dim=d)


@differentiable(ANY, x=_product_slope, name=_numbered("Prod"))
def prod_(x, *, dim=None, keepdim=False, dtype=None):
    """y = Π x. Integers and booleans are multiplied as int64."""
    inside, result = _types(x, dtype)
    return _reduced(x.prod(dims_of(dim, x.ndim), dtype=inside, keepdims=keepdim), result)


@differentiable(ANY)
def count_nonzero(x, *, dim=None):
    """How many elements are not zero."""
    return sum.fn(x != 0, dim=dim)


@differentiable(ANY)
def all(x, *, dim=None, keepdim=False):
    """True if no element is zero. (For uint8 the answer is uint8, as it was before there was a bool.)"""
    return _truth("all", x, dim, keepdim)


@differentiable(ANY)
def any(x, *, dim=None, keepdim=False):
    """True if some element is not zero."""
    return _truth("any", x, dim, keepdim)


def _truth(name: str, x, dim, keepdim: bool):
    dims = () if dim == () or dim == [] else dims_of(dim, x.ndim)  # here () means none, not all
    y = row_major(getattr(x != 0, name)(dims, keepdims=keepdim))
    return y.astype(x.dtype) if x.dtype == np.uint8 else y


# Running sums and products ───────────────────────────────────────────────────────────────────────


def _running(name: str, x, dim: int, dtype):
    """Accumulate along `dim`: floating-point numbers in float64, so that the last one is as good as the first."""
    d = wrap_dim(dim, x.ndim)
    dtype = dtype or (x.dtype if x.dtype.kind == "f" else np.dtype("int64"))
    if x.ndim == 0:
        return x.astype(dtype)
    x = x.astype(dtype, copy=False)
    if x.size:
        require("iuf", f"{name}_out_cpu", x)
    return row_major(getattr(x, name)(d, dtype=np.float64 if dtype.kind == "f" else dtype).astype(dtype, copy=False))


def _cumsum_slope(g, dim):
    return g if g.ndim == 0 else flip(cumsum(flip(g, dims=(dim,)), dim=dim), dims=(dim,))


@differentiable(ANY, x=_cumsum_slope)
def cumsum(x, *, dim, dtype=None):
    """Running sum along `dim`."""
    return _running("cumsum", x, dim, dtype)


def _cumprod_slope(g, x, y, dim):
    if not x.shape or 0 in x.shape:
        return g
    d, terms = wrap_dim(dim, len(x.shape)), []
    if not (x == 0).any():  # ∂yⱼ/∂xᵢ = yⱼ/xᵢ for j ≥ i
        return flip(cumsum(flip(y * g, dims=(d,)), dim=d), dims=(d,)) / x
    for i in range(x.shape[d]):  # ∂yⱼ/∂xᵢ = Π of the others up to j; written so that zeros do no harm
        head = narrow(x, dim=d, start=0, end=i)
        tail = narrow(x, dim=d, start=i + 1, end=x.shape[d])
        terms.append(_weighted(g, head, tail, d, i))
    return stack(*terms, dim=d)


def _weighted(g, head, tail, dim, i):
    rest = narrow(g, dim=dim, start=i, end=g.shape[dim])
    one = zeros_like(narrow(g, dim=dim, start=0, end=1)) + 1
    left = prod_(head, dim=dim, keepdim=True)
    others = left * cumprod(cat(one, tail, dim=dim), dim=dim)
    terms = rest * others
    if not hasattr(g, "_array"):
        terms[others == 0] = 0  # even if the gradient there is infinite
    return squeeze(sum(terms, dim=dim, keepdim=True), dim=dim)


@differentiable(ANY, x=_cumprod_slope)
def cumprod(x, *, dim, dtype=None):
    """Running product along `dim`."""
    return _running("cumprod", x, dim, dtype)


# Softmax ─────────────────────────────────────────────────────────────────────────────────────────


def _shifted(x, dim):
    """x minus its maximum along `dim`: the same softmax, and nothing overflows."""
    return x - x.max(dims_of(dim, x.ndim), keepdims=True) if x.size else x


@differentiable(ANY, x=lambda g, y, dim: y * (g - sum(g * y, dim=dim, keepdim=True)))
def softmax(x, *, dim):
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ: positive numbers that add up to 1 along `dim`."""
    _check_floats("softmax", x, dim)
    e = np.exp(_shifted(x, dim))
    return row_major(e / e.sum(dims_of(dim, x.ndim), keepdims=True))


@differentiable(ANY, x=lambda g, y, dim: g - exp(y) * sum(g, dim=dim, keepdim=True))
def log_softmax(x, *, dim):
    """y = ln softmax(x), without forming the softmax."""
    _check_floats("log_softmax", x, dim)
    z = _shifted(x, dim)
    return row_major(z - np.log(np.exp(z).sum(dims_of(dim, x.ndim), keepdims=True)))


def _check_floats(name: str, x, dim: int) -> None:
    last = wrap_dim(dim, x.ndim) >= x.ndim - 1
    if x.size:
        require("f", f"{name}{'_lastdim' * last}_kernel_impl", x)


@differentiable(FLOAT, x=lambda g, x, y, dim, keepdim:
                spread(g, x.shape, dim, keepdim) * exp(x - spread(y, x.shape, dim, keepdim)))  # fmt: skip
def logsumexp(x, *, dim, keepdim=False):
    """y = ln Σ eˣ, without overflow."""
    dims = dims_of(dim, x.ndim)
    top = x.max(dims, keepdims=True) if x.size else x.sum(dims, keepdims=True)
    top = np.where(np.isfinite(top), top, x.dtype.type(0))
    y = np.log(np.exp(x - top).sum(dims, keepdims=True)) + top
    return row_major(y if keepdim else y.squeeze(dims))
