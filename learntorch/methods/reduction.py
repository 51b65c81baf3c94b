"""Methods that take many elements together.

Read in chapter 01.
"""

from __future__ import annotations

import builtins
from collections import namedtuple

import numpy as np

from ..base import TensorBase, wrap
from ..dtypes import dtype as Dtype
from ..ops import reduction as ops
from ..recording import recorded

# Named tuples print as PyTorch's: torch.return_types.max(values=…, indices=…)


def _pair(name: str) -> type:
    made = namedtuple(name, ("values", "indices"))

    def __repr__(self):
        return f"torch.return_types.{name}(\nvalues={self.values!r},\nindices={self.indices!r})"

    made.__repr__ = __repr__
    return made


_MAX, _MIN, _SORT, _TOPK = _pair("max"), _pair("min"), _pair("sort"), _pair("topk")


class ReductionMethods:
    __slots__ = ()

    def sum(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Σ x over `dim` (one, several, or all)."""
        return recorded(ops.sum)(_typed(self, dtype), dim=dim, keepdim=keepdim)

    def mean(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Mean over `dim` (one, several, or all)."""
        return recorded(ops.mean)(_typed(self, dtype), dim=dim, keepdim=keepdim)

    def prod(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Product over `dim`, or of all elements."""
        return recorded(ops.prod_)(_typed(self, dtype), dim=dim, keepdim=keepdim)

    def cumsum(self, dim, *, dtype: Dtype | None = None):
        """Running sum along `dim`."""
        return recorded(ops.cumsum)(_typed(self, dtype), dim=dim)

    def cumprod(self, dim, *, dtype: Dtype | None = None):
        """Running product along `dim`."""
        return recorded(ops.cumprod)(_typed(self, dtype), dim=dim)

    def max(self, dim=None, keepdim=False, *, other=None):
        """The largest element; along `dim` also where it is; with a tensor, the larger of the two."""
        return _extreme(self, dim, keepdim, other, ops.max_all, ops.max_dim, _MAX, self.maximum)

    def min(self, dim=None, keepdim=False, *, other=None):
        """The smallest element; along `dim` also where it is; with a tensor, the smaller of the two."""
        return _extreme(self, dim, keepdim, other, ops.min_all, ops.min_dim, _MIN, self.minimum)

    def amax(self, dim=(), keepdim=False):
        """The largest element over `dim`; the gradient is shared at a tie."""
        return recorded(ops.amax)(self, dim=dim if dim != () else None, keepdim=keepdim)

    def amin(self, dim=(), keepdim=False):
        """The smallest element over `dim`; the gradient is shared at a tie."""
        return recorded(ops.amin)(self, dim=dim if dim != () else None, keepdim=keepdim)

    def argmax(self, dim=None, keepdim=False):
        """Where the largest element is."""
        return recorded(ops.argmax)(self, dim=dim, keepdim=keepdim)

    def argmin(self, dim=None, keepdim=False):
        """Where the smallest element is."""
        return recorded(ops.argmin)(self, dim=dim, keepdim=keepdim)

    def sort(self, dim=-1, descending=False, *, stable=False):
        """The elements in order along `dim`, and where each came from."""
        return _SORT(*recorded(ops.sort)(self, dim=dim, descending=descending))

    def argsort(self, dim=-1, descending=False, *, stable=False):
        """The positions that put the elements in order along `dim`."""
        return self.sort(dim, descending)[1]

    def topk(self, k: int, dim=-1, largest=True, sorted=True):
        """The k largest (or smallest) elements along `dim`, and where they are."""
        if not 0 <= k <= (self.shape[dim] if self.ndim else 1):
            raise RuntimeError("selected index k out of range. It must not exceed the size of the dimension.")
        return _TOPK(*recorded(ops.topk)(self, k=k, dim=dim, largest=largest))

    def all(self, dim=None, keepdim=False):
        """True if no element is zero."""
        return recorded(ops.all)(self, dim=dim, keepdim=keepdim)

    def any(self, dim=None, keepdim=False):
        """True if some element is not zero."""
        return recorded(ops.any)(self, dim=dim, keepdim=keepdim)

    def var(self, dim=None, unbiased=None, keepdim=False, *, correction=1):
        """Variance: Σ (x − x̄)² / (n − correction)."""
        return recorded(ops.var)(self, **_spread(dim, unbiased, keepdim, correction))

    def std(self, dim=None, unbiased=None, keepdim=False, *, correction=1):
        """Standard deviation: the square root of the variance."""
        return recorded(ops.std)(self, **_spread(dim, unbiased, keepdim, correction))

    def norm(self, p="fro", dim=None, keepdim=False):
        """(Σ |x|ᵖ)^(1/p); p = 2 unless given."""
        return recorded(ops.norm)(self, p=2 if p in ("fro", None) else p, dim=dim, keepdim=keepdim)

    def softmax(self, dim, dtype: Dtype | None = None):
        """Positive numbers that add up to 1 along `dim`: e^xᵢ / Σⱼ e^xⱼ."""
        return recorded(ops.softmax)(_typed(self, dtype), dim=dim)

    def log_softmax(self, dim, dtype: Dtype | None = None):
        """ln softmax(x), without forming the softmax."""
        return recorded(ops.log_softmax)(_typed(self, dtype), dim=dim)

    def logsumexp(self, dim, keepdim=False):
        """ln Σ eˣ along `dim`, without overflow."""
        return recorded(ops.logsumexp)(self, dim=dim, keepdim=keepdim)

    # Questions about two whole tensors

    def equal(self, other) -> bool:
        """True if both have the same shape and the same elements."""
        return self.shape == other.shape and bool((self._array == other._array).all())

    @np.errstate(all="ignore")
    def isclose(self, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False):
        """Element by element: |x − other| ≤ atol + rtol·|other|."""
        if self.dtype is not other.dtype:
            a, b = (x.dtype.legacy.removesuffix("Tensor") for x in (self, other))
            raise RuntimeError(f"{a} did not match {b}. Convert one of them, for example with .to(other.dtype).")
        a, b = self._array, other._array
        close = (a == b) | (builtins.abs(a - b) <= atol + builtins.abs(rtol * b))
        return wrap(close | ((a != a) & (b != b)) if equal_nan else close)

    def allclose(self, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
        """True if all elements are close: |x − other| ≤ atol + rtol·|other|."""
        return bool(self.isclose(other, rtol, atol, equal_nan)._array.all())


def _typed(x, dtype: Dtype | None):
    return x if dtype is None else x.to(dtype)


def _spread(dim, unbiased, keepdim: bool, correction: int) -> dict:
    if isinstance(dim, bool):  # x.var(False)
        dim, unbiased = None, dim
    return {"dim": dim, "keepdim": keepdim, "correction": correction if unbiased is None else int(unbiased)}


def _extreme(x, dim, keepdim, other, whole, along, pair, pairwise):
    if isinstance(dim, TensorBase) or other is not None:
        return pairwise(other if other is not None else dim)
    if dim is None:
        return recorded(whole)(x)
    return pair(*recorded(along)(x, dim=dim, keepdim=keepdim))
