"""Methods that look at the same elements in another shape, and those that join and cut.

Read in chapter 01.
"""

from __future__ import annotations

from ..base import memory, wrap
from ..ops import shape as ops
from ..recording import recorded


def ints(sizes: tuple) -> tuple:
    """Sizes given one by one, or as one tuple or list: `x.view(2, 3)` and `x.view((2, 3))`."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    return tuple(s if type(s) is int else _index(s) for s in sizes)


def _index(s) -> int:
    try:
        return s.__index__()
    except (AttributeError, TypeError):
        raise TypeError(f"a size must be an int, not {type(s).__name__}") from None


class ShapeMethods:
    __slots__ = ()

    t = recorded(ops.t)
    clone = recorded(ops.clone)

    def view(self, *size):
        """The same memory in another shape; one size may be −1. With a dtype: the same bytes as that type."""
        if len(size) == 1 and hasattr(size[0], "numpy") and hasattr(size[0], "legacy"):
            return wrap(memory(self).view(size[0].numpy))
        return recorded(ops.view)(self, size=ints(size))

    def view_as(self, other):
        """`self.view(other.size())`."""
        return self.view(other.shape)

    def reshape(self, *shape):
        """The elements in another shape: a view where that is possible, else a copy."""
        size = ints(shape)
        if ops.is_viewable(memory(self), size):
            return recorded(ops.view)(self, size=size)
        return recorded(ops.reshape)(self, size=size)

    def reshape_as(self, other):
        """`self.reshape(other.size())`."""
        return self.reshape(other.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1):
        """The dimensions from `start_dim` to `end_dim` run together into one."""
        start, end = ops.wrap_dim(start_dim, self.ndim), ops.wrap_dim(end_dim, self.ndim)
        if start > end:
            raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim. Swap them.")
        if self.ndim == 0:
            return self.reshape(1)
        if start == end:
            return self
        middle = 1
        for n in self.shape[start : end + 1]:
            middle *= n
        return self.reshape(*self.shape[:start], middle, *self.shape[end + 1 :])

    def unflatten(self, dim: int, sizes):
        """One dimension cut into several."""
        dim = ops.wrap_dim(dim, self.ndim)
        return self.view(*self.shape[:dim], *sizes, *self.shape[dim + 1 :])

    def transpose(self, dim0: int, dim1: int):
        """Two dimensions swapped, without copying."""
        return recorded(ops.transpose)(self, dim0=dim0, dim1=dim1)

    swapaxes = transpose

    def permute(self, *dims):
        """The dimensions in another order, without copying."""
        return recorded(ops.permute)(self, dims=ints(dims))

    def movedim(self, source: int, destination: int):
        """One dimension moved to another place, without copying."""
        order = [d for d in range(self.ndim) if d != source % self.ndim]
        order.insert(destination % self.ndim, source % self.ndim)
        return self.permute(order)

    @property
    def T(self):
        """The dimensions in reverse order."""
        return self.permute(*reversed(range(self.ndim)))

    @property
    def mT(self):
        """The last two dimensions swapped."""
        if self.ndim < 2:
            raise RuntimeError("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.")
        return self.transpose(-2, -1)

    def squeeze(self, dim=None):
        """Without the dimensions of size 1 (or without `dim`, if its size is 1)."""
        return recorded(ops.squeeze)(self, dim=tuple(dim) if isinstance(dim, list) else dim)

    def unsqueeze(self, dim: int):
        """With a new dimension of size 1."""
        return recorded(ops.unsqueeze)(self, dim=dim)

    def expand(self, *sizes):
        """Dimensions of size 1 repeated, without copying; −1 leaves a size as it is."""
        return recorded(ops.expand)(self, size=ints(sizes))

    def expand_as(self, other):
        """`self.expand(other.size())`."""
        return self.expand(other.shape)

    def broadcast_to(self, *size):
        """The same as `expand`."""
        return self.expand(*size)

    def repeat(self, *repeats):
        """The tensor copied side by side, so many times along each dimension."""
        counts = ints(repeats)
        if len(counts) < self.ndim:
            raise RuntimeError(
                "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor. "
                "Give a count for every dimension, 1 for those to leave alone."
            )
        return recorded(ops.repeat)(self, repeats=counts)

    def select(self, dim: int, index: int):
        """The part at one position of `dim`, which disappears."""
        if self.ndim == 0:
            raise IndexError("select() cannot be applied to a 0-dim tensor.")
        dim = ops.wrap_dim(dim, self.ndim)
        n = self.shape[dim]
        if not -n <= index < n:
            raise IndexError(
                f"select(): index {index} out of range for tensor of size {list(self.shape)} at dimension {dim}. "
                f"Positions run from 0 to {n - 1}."
            )
        return recorded(ops.select)(self, dim=dim, index=index % n)

    def narrow(self, dim: int, start: int, length: int):
        """`length` positions of `dim` from `start` on."""
        if self.ndim == 0:
            raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
        dim = ops.wrap_dim(dim, self.ndim)
        n = self.shape[dim]
        if not -n <= start <= n:
            raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
        start += n if start < 0 else 0
        if length < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        if start + length > n:
            raise RuntimeError(
                f"start ({start}) + length ({length}) exceeds dimension size ({n}). Take at most {n - start}."
            )
        return recorded(ops.narrow)(self, dim=dim, start=start, end=start + length)

    def unbind(self, dim: int = 0) -> tuple:
        """The parts at every position of `dim`."""
        dim = ops.wrap_dim(dim, self.ndim)
        return tuple(recorded(ops.select)(self, dim=dim, index=i, form="Unbind") for i in range(self.shape[dim]))

    def split(self, split_size, dim: int = 0) -> tuple:
        """Parts of `split_size` along `dim` (the last may be smaller), or of the sizes in a list."""
        n, form = self.shape[ops.wrap_dim(dim, self.ndim)], "Split"
        if isinstance(split_size, int):
            if split_size < 0 or (split_size == 0 and n):
                raise RuntimeError(f"split expects split_size be non-negative, but got split_size={split_size}")
            sizes = [min(split_size, n - at) for at in range(0, n, split_size or 1)] or [0]
        else:
            sizes, form = list(split_size), "SplitWithSizes"
            if sum(sizes) != n:
                raise RuntimeError(
                    f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension "
                    f"{dim}), but got split_sizes={sizes}"
                )
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        cut = recorded(ops.piece)
        return tuple(cut(self, dim=dim % self.ndim, start=a, end=a + n, form=form) for a, n in zip(starts, sizes))

    def chunk(self, chunks: int, dim: int = 0) -> tuple:
        """At most `chunks` parts of equal size along `dim` (the last may be smaller)."""
        if chunks <= 0:
            raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
        n = self.shape[ops.wrap_dim(dim, self.ndim)]
        return self.split(max(-(-n // chunks), 1), dim)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1):
        """The diagonal over two dimensions, as a view."""
        return recorded(ops.diagonal)(self, offset=offset, dim1=dim1, dim2=dim2)

    def diag(self, diagonal: int = 0):
        """The diagonal of a matrix; of a vector, the matrix with that diagonal."""
        if self.ndim == 2:
            return self.diagonal(diagonal).clone()
        n = self.shape[0] + abs(diagonal)
        return recorded(ops.diagonal_scatter)(self, shape=(n, n), offset=diagonal, dim1=0, dim2=1, form="DiagEmbed")

    def flip(self, *dims):
        """The order of elements reversed along `dims`."""
        return recorded(ops.flip)(self, dims=ints(dims))

    def tril(self, diagonal: int = 0):
        """The lower triangle, zeros above."""
        return recorded(ops.tril)(self, diagonal=diagonal)

    def triu(self, diagonal: int = 0):
        """The upper triangle, zeros below."""
        return recorded(ops.triu)(self, diagonal=diagonal)

    def as_strided(self, size, stride, storage_offset=None):
        """The memory of the tensor with any shape and strides (in elements)."""
        offset = self.storage_offset() if storage_offset is None else storage_offset
        return self._restride(tuple(size), tuple(stride), offset)

    def contiguous(self):
        """The tensor itself if it lies in memory row by row, else a copy that does."""
        return self if self.is_contiguous() else recorded(ops.contiguous)(self)

    # In place: the same tensor object gets another shape.

    def squeeze_(self, dim=None):
        """In-place form of `squeeze`."""
        return self._become(self.squeeze(dim))

    def unsqueeze_(self, dim: int):
        """In-place form of `unsqueeze`."""
        return self._become(self.unsqueeze(dim))

    def transpose_(self, dim0: int, dim1: int):
        """In-place form of `transpose`."""
        return self._become(self.transpose(dim0, dim1))

    def t_(self):
        """In-place form of `t`."""
        return self._become(self.t())
