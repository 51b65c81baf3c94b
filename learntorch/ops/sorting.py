"""Rules that put elements in order: sort, topk, the k-th, the median, the mode, and what is left without repetitions.

Read in chapter 01.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..devices import array_module
from ..errors import final, require
from .extremes import not_empty, pick, put_back, share
from .indexing import copied
from .rule import ANY, differentiable
from .shape import wrap_dim


def _order(x, d: int, descending: bool):
    """Where each element of the sorted dimension d comes from; equals keep their order, NaN is the largest."""
    if descending:  # sort the mirror image, and mirror back
        xp = array_module(x)
        return xp.flip(x.shape[d] - 1 - xp.flip(x, d).argsort(d, kind="stable"), d)
    return x.argsort(d, kind="stable")


@differentiable(ANY, outputs=("values", "indices"), name=lambda stable: f"Sort{0 if stable is None else 1}",
                x=lambda g, indices, x_shape, dim: put_back(g, indices, x_shape, dim, True))  # fmt: skip
def sort(x, *, dim=-1, descending=False, stable=None):
    """The elements in order along `dim`, and where each came from. Equals always keep their order."""
    d = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    values = copied(x)
    indices = array_module(x).empty_like(values, np.int64)
    indices[...] = _order(x, d, descending)
    values[...] = array_module(x).take_along_axis(x, indices, d)
    return values, indices


@differentiable(ANY, outputs=("values", "indices"),
                x=lambda g, indices, x_shape, dim: put_back(g, indices, x_shape, dim, True))  # fmt: skip
def topk(x, *, k, dim=-1, largest=True):
    """The k largest (or smallest) elements along `dim`, in order, and where each came from."""
    d = wrap_dim(dim, x.ndim)
    if not 0 <= k <= (x.shape[d] if x.ndim else 1):
        raise RuntimeError("selected index k out of range. It must not exceed the size of the dimension.")
    if x.dtype == bool:
        raise RuntimeError("topk does not support bool dtypes on CPU. Convert it first, for example with .long().")
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    first = (slice(None),) * d + (slice(k),)
    indices = _order(x, d, largest)[first].copy()
    return array_module(x).take_along_axis(x, indices, d), indices


def _nth(x, name: str, d: int, n: int, keepdim: bool):
    """The element number n in order along dimension d."""
    require("iuf", name, x)
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    at = (slice(None),) * d + (slice(n, n + 1),)
    return pick(x, _order(x, d, False)[at], d, keepdim)


@differentiable(ANY, outputs=("values", "indices"),
                x=lambda g, indices, x_shape, dim, keepdim: put_back(g, indices, x_shape, dim, keepdim))  # fmt: skip
def kthvalue(x, *, k, dim=-1, keepdim=False):
    """The k-th smallest element along `dim`, and where it is."""
    d = wrap_dim(dim, x.ndim)
    not_empty("kthvalue", x, d)
    if not 1 <= k <= (x.shape[d] if x.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {d}. The first has k = 1.")
    return _nth(x, "kthvalue_cpu", d, k - 1, keepdim)


@differentiable(ANY, x=share, name="Median0")
def median_all(x):
    """The middle element; the lower one of two; NaN if there is one."""
    require("iuf", "median_cpu", x)
    flat = np.sort(x, None)
    if flat.size == 0:
        return x.dtype.type(np.nan if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    return flat[-1] if flat[-1] != flat[-1] else flat[(flat.size - 1) // 2]


@differentiable(ANY, outputs=("values", "indices"), name="Median1",
                x=lambda g, indices, x_shape, dim, keepdim: put_back(g, indices, x_shape, dim, keepdim))  # fmt: skip
def median_dim(x, *, dim, keepdim=False):
    """The middle element along `dim`, and where it is."""
    d = wrap_dim(dim, x.ndim)
    not_empty("median", x, d)
    values, indices = _nth(x, "median_out", d, (x.shape[d] - 1) // 2 if x.ndim else 0, True)
    if x.ndim == 0:
        return values, indices
    if x.dtype.kind == "f":  # the first NaN, where there is one
        strange = x != x
        indices = np.where(strange.any(d, keepdims=True), strange.argmax(d, keepdims=True), indices)
    return pick(x, indices, d, keepdim)


@differentiable(ANY, outputs=("values", "indices"),
                x=lambda g, indices, x_shape, dim, keepdim: put_back(g, indices, x_shape, dim, keepdim))  # fmt: skip
def mode(x, *, dim=-1, keepdim=False):
    """The element that occurs most often along `dim`, the smallest of several, and where it stands last."""
    d = wrap_dim(dim, x.ndim)
    not_empty("mode", x, d)
    if x.ndim == 0:
        return x.copy(), np.int64(0)
    order = _order(x, d, False)
    row = np.moveaxis(np.take_along_axis(x, order, d), d, -1)
    begins = np.ones(row.shape, bool)
    begins[..., 1:] = row[..., 1:] != row[..., :-1]
    start = np.maximum.accumulate(np.where(begins, np.arange(row.shape[-1]), 0), -1)  # where each run begins
    last = (np.arange(row.shape[-1]) - start).argmax(-1, keepdims=True)  # the end of the first longest run
    return pick(x, np.take_along_axis(order, np.moveaxis(last, -1, d), d), d, keepdim)


# Without repetitions ─────────────────────────────────────────────────────────────────────────────


def _no_derivative(name: str):
    """The formula of an operation that PyTorch does not differentiate: it may run, but not backward."""

    def formula(g):
        raise NotImplementedError(f"the derivative for '{name}' is not implemented. Work on x.detach().")

    return formula


@differentiable(ANY, outputs=("values", "inverse", "counts"), x=_no_derivative("_unique2"),
                name=lambda dim: "Unique2Backward0" if dim is None else "UniqueDimBackward0")  # fmt: skip
def unique(x, *, dim=None):
    """Every element once, in order; for each element of x which one it is; and how often each occurs."""
    return _distinct(x, dim, sorts=True)


@differentiable(ANY, outputs=("values", "inverse", "counts"), x=_no_derivative("unique_consecutive"))
def unique_consecutive(x, *, dim=None):
    """The first element of every run of equal ones; for each element of x its run; and how long each is."""
    return _distinct(x, dim, sorts=False)


def _distinct(x, dim, sorts: bool):
    if dim is not None and x.ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions. Leave dim= away.")
    d = 0 if dim is None else wrap_dim(dim, x.ndim)
    parts = x.reshape(x.size, 1) if dim is None else np.ascontiguousarray(np.moveaxis(x, d, 0))
    if parts.size == 0 and dim is not None:
        return _distinct_empty(x, d, len(parts))
    rows = parts.reshape(len(parts), prod(parts.shape[1:]))
    order = np.lexsort(rows.T[::-1]) if sorts else np.arange(len(rows))
    begins = np.ones(len(rows), bool)
    begins[1:] = (rows[order[1:]] != rows[order[:-1]]).any(1)
    inverse = np.empty(len(rows), np.int64)
    inverse[order] = begins.cumsum() - 1
    counts = np.diff(np.append(begins.nonzero()[0], len(rows)))
    kept = parts[order[begins]]
    values = kept.reshape(-1) if dim is None else np.moveaxis(kept, 0, d)
    return values, inverse.reshape(x.shape) if dim is None else inverse, counts


def _distinct_empty(x, d: int, n: int):
    """Without elements there is nothing to compare: only an empty dimension can be asked for."""
    if n:
        raise final(RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied. Name the empty one."
        ))  # fmt: skip
    return x.copy(), np.zeros(0, np.int64), np.zeros(0, np.int64)


@differentiable(ANY)
def bincount(x, weights=None, *, minlength=0):
    """How often each of 0, 1, 2, … occurs; with weights, their sum."""
    require("iu", "bincount_cpu", x)
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0. It is the least length of the result.")
    if x.size and (x.ndim != 1 or x.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs. Flatten it, or shift it up.")
    if weights is not None and weights.shape != x.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input. Give one weight per element.")
    y = np.bincount(x.reshape(-1), weights, minlength)
    return y.astype(weights.dtype if weights is not None and weights.dtype == "float32" else y.dtype)
