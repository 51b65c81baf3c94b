"""Methods that put elements in order, and that find what repeats.

Read in chapter 01.
"""

from __future__ import annotations

from ..ops import sorting as ops
from ..recording import recorded
from .results import result
from .signatures import signature

_SORT, _TOPK, _KTHVALUE, _MEDIAN, _MODE = (result(name) for name in ("sort", "topk", "kthvalue", "median", "mode"))
_ORDER = ("*, bool? stable, int dim = -1, bool descending = False", "int dim = -1, bool descending = False")


class SortingMethods:
    __slots__ = ()

    @signature(*_ORDER)
    def sort(self, dim=-1, descending=False, *, stable=None):
        """The elements in order along `dim`, and where each came from."""
        return _SORT(recorded(ops.sort)(self, dim=dim, descending=descending, stable=stable))

    @signature(*_ORDER)
    def argsort(self, dim=-1, descending=False, *, stable=None):
        """The positions that put the elements in order along `dim`."""
        return recorded(ops.sort)(self.detach(), dim=dim, descending=descending)[1]

    @signature("int k, int dim = -1, bool largest = True, bool sorted = True")
    def topk(self, k: int, dim=-1, largest=True, sorted=True):
        """The k largest (or smallest) elements along `dim`, and where they are."""
        return _TOPK(recorded(ops.topk)(self, k=k, dim=dim, largest=largest))

    @signature("int k, int dim = -1, bool keepdim = False")
    def kthvalue(self, k: int, dim=-1, keepdim=False):
        """The k-th smallest element along `dim`, and where it is; k counts from 1."""
        return _KTHVALUE(recorded(ops.kthvalue)(self, k=k, dim=dim, keepdim=keepdim))

    @signature("", "int dim, bool keepdim = False")
    def median(self, dim=None, keepdim=False):
        """The middle element, the lower one of two; along `dim` also where it is."""
        if dim is None:
            return recorded(ops.median_all)(self)
        return _MEDIAN(recorded(ops.median_dim)(self, dim=dim, keepdim=keepdim))

    @signature("int dim = -1, bool keepdim = False")
    def mode(self, dim=-1, keepdim=False):
        """The element that occurs most often along `dim`, and where it stands last."""
        return _MODE(recorded(ops.mode)(self, dim=dim, keepdim=keepdim))

    @signature("bool sorted = True, bool return_inverse = False, bool return_counts = False, int dim = None",
               name="_unique2")  # fmt: skip
    def unique(self, sorted=True, return_inverse=False, return_counts=False, dim=None):
        """Every element once, in order (or every slice along `dim`)."""
        return _asked(recorded(ops.unique)(self, dim=dim), return_inverse, return_counts)

    @signature("bool return_inverse = False, bool return_counts = False, int dim = None")
    def unique_consecutive(self, return_inverse=False, return_counts=False, dim=None):
        """The first element of every run of equal ones."""
        return _asked(recorded(ops.unique_consecutive)(self, dim=dim), return_inverse, return_counts)

    @signature("Tensor weights = None, int minlength = 0")
    def bincount(self, weights=None, minlength=0):
        """How often each of 0, 1, 2, … occurs in a vector; with weights, their sum."""
        return recorded(ops.bincount)(self, weights, minlength=minlength)


def _asked(found: tuple, inverse: bool, counts: bool):
    values, *more = found
    chosen = [x for x, wanted in zip(more, (inverse, counts)) if wanted]
    return (values, *chosen) if chosen else values
