"""Rules for how far numbers lie from their mean, and from zero: variance, standard deviation, norms.

Read in chapter 04.
"""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import type_name
from .comparison import isnan
from .elementary import abs, sign
from .pointwise import masked_fill, where
from .reduction import count, dims_of, like_type, mean, spread, sum
from .rule import ANY, differentiable
from .shape import row_major

INFINITY = float("inf")


def _variance_slope(g, x, dim, correction, keepdim):
    freedom, apart = count(x.shape, dim) - correction, x - mean(x, dim=dim, keepdim=True)
    if dim is None and freedom <= 0:  # PyTorch leaves the sign away
        return spread(g, x.shape, dim, keepdim) * (abs(apart) * INFINITY)
    return spread(g, x.shape, dim, keepdim) * apart * (2 / freedom if freedom else INFINITY)


@differentiable(ANY, x=_variance_slope, name=lambda form: form)
def var(x, *, dim=None, correction=1, keepdim=False, form="Var"):
    """Variance: y = Σ (x − x̄)² / (n − correction)."""
    return _variance(_CALLED[form], x, dim, correction, keepdim)


_CALLED = {"Var": "var", "Std": "std", "VarMean": "var_mean", "StdMean": "std_mean"}


def _variance(name: str, x, dim, correction, keepdim: bool):
    if x.dtype.kind != "f":
        which = name if "mean" in name else "std and var"
        raise RuntimeError(f"{which} only support floating point and complex dtypes. Convert it with .float().")
    dims, n = dims_of(dim, x.ndim), count(x.shape, dim) if x.size else 0
    if n - correction <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).",
            stacklevel=5,
        )
    inside = np.dtype("float32") if x.dtype == "float16" else x.dtype
    apart = x - x.sum(dims, dtype=inside, keepdims=True) / inside.type(n)
    y = (apart * apart).sum(dims, keepdims=keepdim) / inside.type(max(n - correction, 0) if n else 0)
    y = np.sqrt(y) if "std" in name else y
    return row_major(y.astype(x.dtype, copy=False))


@differentiable(ANY, x=lambda g, x, y, dim, correction, keepdim:  # y = √v, so ∂y/∂v = 1/(2y)
                _variance_slope(masked_fill(g / (y * 2), y == 0, 0), x, dim, correction, keepdim),
                name=lambda form: form)  # fmt: skip
def std(x, *, dim=None, correction=1, keepdim=False, form="Std"):
    """Standard deviation: the square root of the variance."""
    return _variance(_CALLED[form], x, dim, correction, keepdim)


# Norms ───────────────────────────────────────────────────────────────────────────────────────────


def _norm_slope(g, x, y, p, dim, keepdim):
    def each(v):
        return spread(v, x.shape, dim, keepdim)

    if p == 0:
        return None
    if p == 1:
        return sign(x) * each(g)
    if p == 2:
        return each(g) * masked_fill(x / each(y), each(y == 0), 0)
    if p in (INFINITY, -INFINITY):
        won = like_type(where(isnan(each(y)), isnan(x), abs(x) == each(y)), x)
        return sign(x) * (each(g) / sum(won, dim=dim, keepdim=True) * won)
    if p < 1:  # |x|ᵖ⁻¹ is infinite at 0
        return sign(x) * masked_fill(abs(x) ** (p - 1), x == 0, 0) * each(g * y ** (1 - p))
    return sign(x) * abs(x) ** (p - 1) * each(masked_fill(g / y ** (p - 1), y == 0, 0))


@differentiable(ANY, x=_norm_slope, name="LinalgVectorNorm")
def norm(x, *, p=2, dim=None, keepdim=False, dtype=None):
    """y = (Σ |x|ᵖ)^(1/p); for p = ∞ the largest |x|, for p = 0 how many are not zero."""
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {type_name(x)}. "
            "Convert it first, for example with .float()."
        )
    result = dtype or x.dtype
    dims = dims_of(dim, x.ndim)
    if count(x.shape, dim) == 0 and (p < 0 or p == INFINITY):
        where_ = "on an empty tensor" if dim is None else f"on the dimension {dims[0]}"
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {p:g} norm {where_} because the operation does not have an identity"
        )
    x = x.astype("float32" if result == "float16" else result, copy=False)
    return row_major(_norm(x, p, dims, keepdim).astype(result, copy=False))


def _norm(x, p, dims: tuple, keepdim: bool):
    size = np.abs(x)
    if p == 2:
        return np.sqrt((x * x).sum(dims, keepdims=keepdim))
    if p == 1:
        return size.sum(dims, keepdims=keepdim)
    if p == INFINITY:
        return size.max(dims, keepdims=keepdim)
    if p == -INFINITY:
        return size.min(dims, keepdims=keepdim)
    if p == 0:
        return (x != 0).sum(dims, dtype=x.dtype, keepdims=keepdim)
    return (size**p).sum(dims, keepdims=keepdim) ** (1 / p)
