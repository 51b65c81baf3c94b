"""Methods that look at the same elements in another shape.

Read in chapter 01. Those that cut, repeat and turn stand in parts.py.
"""

from __future__ import annotations

from math import prod

from ..base import memory
from ..dtypes import dtype
from ..errors import warn_once
from ..ops import arranging
from ..ops import shape as ops
from ..ops.strides import contiguous_format, preserve_format
from ..recording import recorded
from .signatures import signature


class ShapeMethods:
    __slots__ = ()

    t = recorded(ops.t)

    @signature("*, torch.memory_format memory_format = None")
    def clone(self, *, memory_format=None):
        """A copy with memory of its own, its dimensions in the same order in memory unless a format is asked for."""
        return recorded(ops.clone)(self, memory_format=memory_format or preserve_format)

    @signature("*, torch.memory_format memory_format = None")
    def contiguous(self, *, memory_format=None):
        """The tensor itself if it lies in memory row by row, else a copy that does."""
        order = memory_format or contiguous_format
        if order is preserve_format:
            raise RuntimeError("preserve memory format is unsupported by the contiguous operator. Use clone().")
        return self if order.holds(memory(self)) else self.clone(memory_format=order)

    @signature("torch.dtype dtype", "sizes size")
    def view(self, size=None, dtype=None):
        """The same memory in another shape; one size may be −1. With a dtype: the same bytes as that type."""
        if type(size) is tuple or size is not None and not _is_dtype(size):
            return recorded(ops.view)(self, size=tuple(size))
        return self._view_as_type(dtype or size)

    def _view_as_type(self, wanted: dtype):
        """The bytes of the tensor, read as numbers of another type: the last dimension shrinks or grows."""
        if wanted is self.dtype:
            return self.detach()
        array, old, new = memory(self), self.element_size(), wanted.itemsize
        case = f"to view {self.dtype.short} as {wanted.short} (different element sizes), but got"
        times = new // old
        trouble = None
        if old != new and not array.ndim:
            trouble = f"self.dim() cannot be 0 {case.removesuffix(', but got')}"
        elif old != new and self.stride(-1) != 1:
            trouble = f"self.stride(-1) must be 1 {case} {self.stride(-1)}"
        elif new > old and array.shape[-1] % times:
            trouble = f"self.size(-1) must be divisible by {times} {case} {array.shape[-1]}"
        elif new > old and self.storage_offset() % times:
            trouble = f"self.storage_offset() must be divisible by {times} {case} {self.storage_offset()}"
        for d in range(array.ndim - 1) if new > old and trouble is None else ():
            if self.stride(d) % times:
                trouble = f"self.stride({d}) must be divisible by {times} {case} {self.stride(d)}"
        if trouble:
            raise RuntimeError(f"{trouble}. To convert the numbers themselves, use .to(dtype).")
        return recorded(arranging.view_as_type)(self.detach(), dtype=wanted.numpy)

    @signature("Tensor other")
    def view_as(self, other):
        """`self.view(other.size())`."""
        return self.view(other.shape)

    @signature("sizes shape")
    def reshape(self, shape):
        """The elements in another shape: a view where that is possible, else a copy."""
        size = tuple(shape)
        if ops.is_viewable(memory(self), size):
            return recorded(ops.view)(self, size=size, form="View" if self.is_contiguous() else "ReshapeAlias")
        return recorded(ops.reshape)(self.clone(memory_format=contiguous_format), size=size)

    @signature("Tensor other")
    def reshape_as(self, other):
        """`self.reshape(other.size())`."""
        return self.reshape(other.shape)

    @signature("")
    def ravel(self):
        """All elements in a row: a view where that is possible, else a copy."""
        return self.contiguous().view(-1)

    @signature("int start_dim = 0, int end_dim = -1")
    def flatten(self, start_dim: int = 0, end_dim: int = -1):
        """The dimensions from `start_dim` to `end_dim` run together into one."""
        start, end = ops.wrap_dim(start_dim, self.ndim), ops.wrap_dim(end_dim, self.ndim)
        if start > end:
            raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim. Swap them.")
        if self.ndim == 0:
            return self.reshape(1)
        if start == end:
            return self
        shape = self.shape
        return self.reshape((*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))

    @signature("int dim, sizes sizes")
    def unflatten(self, dim: int, sizes):
        """One dimension cut into several."""
        shape, dim = self.shape, ops.wrap_dim(dim, self.ndim)
        if len(sizes) == 0:
            raise RuntimeError("unflatten: sizes must be non-empty. Give at least one size.")
        if not shape:
            raise RuntimeError("unflatten got an unexpected error:\na tensor of 0 dimensions has none to cut.")
        if sum(n == -1 for n in sizes) > 1:
            raise RuntimeError("unflatten got an unexpected error:\nonly one dimension can be inferred")
        known = abs(prod(sizes))
        if known != shape[dim] if -1 not in sizes else shape[dim] % max(known, 1):
            raise RuntimeError(
                f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) in "
                "the input tensor. One of the sizes may be -1."
            )
        found = [shape[dim] // known if n == -1 and known else n for n in sizes]
        return self.view((*shape[:dim], *found, *shape[dim + 1 :]))

    @signature("int dim0, int dim1")
    def transpose(self, dim0: int, dim1: int):
        """Two dimensions swapped, without copying."""
        return recorded(ops.transpose)(self, dim0=dim0, dim1=dim1)

    @signature("int axis0, int axis1")
    def swapaxes(self, axis0: int, axis1: int):
        """`transpose` under NumPy's name."""
        return self.transpose(axis0, axis1)

    @signature("int dim0, int dim1")
    def swapdims(self, dim0: int, dim1: int):
        """The same as `transpose`."""
        return self.transpose(dim0, dim1)

    @signature("sizes dims")
    def permute(self, dims):
        """The dimensions in another order, without copying."""
        return recorded(ops.permute)(self, dims=tuple(dims))

    @signature("int source, int destination", "tuple of ints source, tuple of ints destination")
    def movedim(self, source, destination):
        """Dimensions moved to other places, without copying; the others keep their order."""
        return self._move("movedim", source, destination)

    @signature("int source, int destination", "tuple of ints source, tuple of ints destination")
    def moveaxis(self, source, destination):
        """`movedim` under NumPy's name."""
        return self._move("movedim", source, destination)

    def _move(self, name: str, source, destination):
        given = [[d] if isinstance(d, int) else list(d) for d in (source, destination)]
        if len(given[0]) != len(given[1]):
            raise RuntimeError(
                f"{name}: Invalid source or destination dims: source ({given[0]} dims) should contain the same number "
                f"of dims as destination ({given[1]} dims)"
            )
        here, there = ([ops.wrap_dim(d, self.ndim) for d in dims] for dims in given)
        for role, dims, asked in (("source", here, given[0]), ("destination", there, given[1])):
            if len(set(dims)) < len(dims):
                raise RuntimeError(f"{name}: repeated dim in `{role}` ({asked}). Name every dimension once.")
        if not self.ndim:
            return recorded(ops.alias)(self)
        rest = iter(d for d in range(self.ndim) if d not in here)
        moved = dict(zip(there, here, strict=True))
        return self.permute([moved[d] if d in moved else next(rest) for d in range(self.ndim)])

    @property
    def T(self):
        """The dimensions in reverse order."""
        if self.ndim == 0:
            warn_once("Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.")
        elif self.ndim != 2:
            warn_once(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it "
                "will throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
                "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
            )
        return self.permute(tuple(reversed(range(self.ndim))))

    @property
    def H(self):
        """A matrix with its dimensions swapped (and conjugated, if there were complex numbers)."""
        if self.ndim == 0:
            return self._identity("H")
        if self.ndim != 2:
            raise RuntimeError(
                f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor. For batches of "
                "matrices, consider using tensor.mH"
            )
        return self.transpose(0, 1)

    @property
    def mT(self):
        """The last two dimensions swapped."""
        return self._turned("mT")

    @property
    def mH(self):
        """The last two dimensions swapped (and conjugated, if there were complex numbers)."""
        return self._turned("mH")

    def _turned(self, name: str):
        if self.ndim == 0:
            return self._identity(name)
        if self.ndim < 2:
            raise RuntimeError(f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor.")
        return self.transpose(-2, -1)

    def _identity(self, name: str):
        warn_once(f"Tensor.{name} is deprecated on 0-D tensors. This function is the identity in these cases.")
        return self

    @signature("")
    def adjoint(self):
        """The last two dimensions swapped (and conjugated, if there were complex numbers)."""
        return self.transpose(-2, -1)

    @signature("", "int dim", "tuple of ints dim")
    def squeeze(self, dim=None):
        """Without the dimensions of size 1 (or without `dim`, if its size is 1)."""
        return recorded(ops.squeeze)(self, dim=tuple(dim) if isinstance(dim, list) else dim)

    @signature("int dim")
    def unsqueeze(self, dim: int):
        """With a new dimension of size 1."""
        return recorded(ops.unsqueeze)(self, dim=dim)

    @signature("sizes size, *, bool implicit = False")
    def expand(self, size, *, implicit: bool = False):
        """Dimensions of size 1 repeated, without copying; −1 leaves a size as it is."""
        return recorded(ops.expand)(self, size=tuple(size))

    @signature("Tensor other")
    def expand_as(self, other):
        """`self.expand(other.size())`."""
        return self.expand(other.shape)

    @signature("sizes size")
    def broadcast_to(self, size):
        """The same as `expand`."""
        return self.expand(size)

    @signature("sizes size, sizes stride, int storage_offset = None")
    def as_strided(self, size, stride, storage_offset=None):
        """The memory of the tensor with any shape and strides (in elements)."""
        offset = self.storage_offset() if storage_offset is None else storage_offset
        return self._restride(tuple(size), tuple(stride), offset)

    # In place: the same tensor object gets another shape. PyTorch numbers their nodes on: SqueezeBackward3.

    @signature("", "int dim", "tuple of ints dim")
    def squeeze_(self, dim=None):
        """In-place form of `squeeze`."""
        return self._become("squeeze", 3, *(() if dim is None else (dim,)))

    @signature("int dim")
    def unsqueeze_(self, dim: int):
        """In-place form of `unsqueeze`."""
        return self._become("unsqueeze", 1, dim)

    @signature("int dim0, int dim1")
    def transpose_(self, dim0: int, dim1: int):
        """In-place form of `transpose`."""
        return self._become("transpose", 1, dim0, dim1)

    @signature("int axis0, int axis1")
    def swapaxes_(self, axis0: int, axis1: int):
        """In-place form of `swapaxes`."""
        return self.transpose_(axis0, axis1)

    @signature("int dim0, int dim1")
    def swapdims_(self, dim0: int, dim1: int):
        """In-place form of `swapdims`."""
        return self.transpose_(dim0, dim1)

    @signature("")
    def t_(self):
        """In-place form of `t`."""
        return self._become("t", 1)

    @signature("sizes size, sizes stride, int storage_offset = None")
    def as_strided_(self, size, stride, storage_offset=None):
        """In-place form of `as_strided`."""
        return self._become("as_strided", 1, size, stride, storage_offset)


def _is_dtype(value: object) -> bool:
    return isinstance(value, dtype)
