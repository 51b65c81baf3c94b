"""Methods that read and write by masks, that write everywhere, and that replace a part of a copy.

Read in chapter 01.
"""

from __future__ import annotations

import warnings

import numpy as np

from ..base import TensorBase, wrap
from ..errors import argument_error, broadcast_error, c_name, shape_mismatch, type_name
from ..ops import indexing, pointwise, shape
from ..ops.promotion import number
from ..recording import recorded
from ..writing import inplace, is_expanded
from .indexing import watched, write_expanded
from .scatter import pair
from .signatures import signature


def _masked_fill(x, run, mask, value):
    """x with `value` wherever the mask is True."""
    if isinstance(value, TensorBase) and value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    _check_mask("masked_fill_", mask)
    clash = broadcast_error(mask.shape, x.shape) if run is recorded else None
    if clash is not None:
        raise clash
    if not isinstance(value, TensorBase):
        value = number(value, x._array.dtype)
    else:
        number(value.item(), x._array.dtype)  # refuses what the type cannot hold
    if run is not recorded and is_expanded(x):
        if broadcast_error(x.shape, mask.shape) or np.broadcast_shapes(mask.shape, x.shape) != x.shape:
            raise shape_mismatch(x.shape, mask.shape)
        at = (np.broadcast_to(mask._array, x.shape),)
        return write_expanded("masked_fill_", x, at, value)
    return run(pointwise.masked_fill)(x, mask, value)


def _masked_scatter(x, run, mask, source):
    """x with the elements of `source` written, one after the other, wherever the mask is True."""
    size = x.shape
    if run is recorded:
        clash = broadcast_error(mask.shape, x.shape)
        if clash is not None:
            raise clash
        size = np.broadcast_shapes(mask.shape, x.shape)
        x = x if x.shape == size else x.expand(size)
    if x._array.dtype != source._array.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got"
            f"{type_name(x._array)} and {type_name(source._array)}"
        )
    mask = mask if mask.shape == size else mask.expand(size)
    _check_mask("masked_scatter_", mask)
    if source.numel() < np.count_nonzero(mask._array):
        raise RuntimeError("Number of elements of source < number of ones in mask. Give as many as the mask has.")
    return run(indexing.masked_scatter)(x, source, at=(np.array(mask._array, order="C"),))


def _check_mask(name: str, mask) -> None:
    if mask._array.dtype == bool:
        return
    if name == "masked_scatter_" and mask._array.dtype == np.uint8:
        warnings.warn(
            "masked_scatter_ received a mask with dtype torch.uint8, this behavior is now deprecated,please use a mask "
            "with dtype torch.bool instead.",
            stacklevel=4,
        )
    raise RuntimeError(
        f"{name} only supports boolean masks, but got mask with dtype {c_name(mask._array)}. Compare, for example "
        "mask != 0."
    )


def choose(condition, a, b):
    """a where the condition holds, else b; both may be numbers."""
    if condition._array.dtype == np.uint8:
        warnings.warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future "
            "version of PyTorch. Use a boolean condition instead.",
            stacklevel=4,
        )
        condition = condition.bool()
    if condition._array.dtype != bool:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{type_name(condition._array)}. Compare, for example condition != 0."
        )
    return recorded(pointwise.where)(condition, a, b)


def _into_part(x, src, part: tuple, at: tuple, form: str):
    """x with `src` at one part of it."""
    if src.shape != part:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(part)}"
        )
    return recorded(indexing.index_put)(x, src, at=at, form=form)


class ChoosingMethods:
    __slots__ = ()

    masked_fill, masked_fill_ = pair(_masked_fill, "Tensor mask, Tensor value", "Tensor mask, Number value")
    masked_scatter, masked_scatter_ = pair(_masked_scatter, "Tensor mask, Tensor source")

    @signature("Tensor condition, Tensor other", "Tensor condition, Number other")
    def where(self, condition, other):
        """x where the condition holds, else `other`."""
        return choose(condition, self, other)

    @signature("Tensor mask")
    def masked_select(self, mask):
        """The elements where the mask is True, as a vector."""
        if mask._array.dtype != bool:
            raise RuntimeError("masked_select: expected BoolTensor for mask. Compare, for example mask != 0.")
        clash = broadcast_error(mask.shape, self.shape)
        if clash is not None:
            raise clash
        size = np.broadcast_shapes(mask.shape, self.shape, (1,))
        at = np.broadcast_to(mask._array, size).nonzero()
        sizes = self.shape or (1,)  # dimensions that self does not have, or has once, are not counted
        own = tuple(np.zeros_like(k) if n == 1 else k for k, n in zip(at[len(at) - len(sizes) :], sizes))
        return recorded(indexing.pick)(self, at=watched(own, mask), form="MaskedSelect")

    @signature("Tensor src, int dim, int index")
    def select_scatter(self, src, dim, index):
        """A copy with `src` at one position of `dim`."""
        part = self.detach().select(dim, index).shape
        at = (slice(None),) * shape.wrap_dim(dim, self.ndim) + (index,)
        return _into_part(self, src, part, at, "SelectScatter")

    @signature("Tensor src, int dim = 0, int? start = None, int? end = None, int step = 1")
    def slice_scatter(self, src, dim=0, start=None, end=None, step=1):
        """A copy with `src` at a slice of `dim`."""
        at = (slice(None),) * shape.wrap_dim(dim, self.ndim) + (slice(start, end, step),)
        return _into_part(self, src, self.detach()[at].shape, at, "SliceScatter")

    @signature("Tensor src, int offset = 0, int dim1 = 0, int dim2 = 1")
    def diagonal_scatter(self, src, offset=0, dim1=0, dim2=1):
        """A copy with `src` on a diagonal."""
        part = self.detach().diagonal(offset, dim1, dim2).shape
        if src.shape != part:
            return _into_part(self, src, part, (), "")  # raises
        return recorded(indexing.diagonal_put)(self, src, offset=offset, dim1=dim1, dim2=dim2)

    def nonzero(self, *, as_tuple: bool = False):
        """Where the elements are not zero: one row of indices each, or one tensor per dimension."""
        if as_tuple:
            return wrap(np.argwhere(np.atleast_1d(self._array))).unbind(1)
        if self.ndim == 0:
            return wrap(np.zeros((int(bool(self._array)), 0), np.int64))
        return wrap(np.argwhere(self._array))

    def argwhere(self):
        """The same as `nonzero`."""
        return self.nonzero()

    # Writing everywhere

    def copy_(self, other, non_blocking: bool = False):
        """Write the elements of `other` over this tensor, in this tensor's type and on its device."""
        if isinstance(other, (int, float)):
            widest = np.dtype("int64" if isinstance(other, int) else "float64")
            other = wrap(np.asarray(number(other, widest), widest))
        if not isinstance(other, TensorBase):
            raise argument_error("copy_", "other", 1, "Tensor", other)
        return inplace(pointwise.copy)(self, other if other.device == self.device else other.to(self.device))

    @signature("Tensor value", "Number value")
    def fill_(self, value):
        """Write one number everywhere."""
        if not isinstance(value, TensorBase):
            value = number(value, self._array.dtype)
        elif value.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions."
            )
        inplace(pointwise.fill)(self if isinstance(value, TensorBase) else _once(self), value)
        return self

    def zero_(self):
        """Write zeros everywhere."""
        inplace(pointwise.zero)(_once(self))
        return self


def _once(x):
    """The tensor; an expanded one without its repetitions."""
    if is_expanded(x):
        for dim, step in enumerate(x._array.strides):
            x = x.narrow(dim, 0, 1) if step == 0 else x
    return x
