"""Methods that cut a tensor into parts, repeat it, turn it, and take its diagonals and triangles.

Read in chapter 01.
"""

from __future__ import annotations

import numpy as np

from ..base import TensorBase, memory, wrap
from ..errors import final
from ..modes import grad_mode
from ..ops import arranging
from ..ops import shape as ops
from ..ops.strides import contiguous_format
from ..recording import recorded, siblings
from ..writing import inplace, is_expanded, write
from .signatures import signature


class PartMethods:
    __slots__ = ()

    @signature("int dim, int index")
    def select(self, dim: int, index: int):
        """The part at one position of `dim`, which disappears."""
        if self.ndim == 0:
            raise IndexError("select() cannot be applied to a 0-dim tensor. It has one number only.")
        dim = ops.wrap_dim(dim, self.ndim)
        n = self.shape[dim]
        if not -n <= index < n:
            raise IndexError(
                f"select(): index {index} out of range for tensor of size {list(self.shape)} at dimension {dim}. "
                f"Positions run from 0 to {n - 1}."
            )
        return recorded(ops.select)(self, dim=dim, index=index % n)

    @signature("int dim, int start, int length", "int dim, Tensor start, int length")
    def narrow(self, dim: int, start, length: int):
        """`length` positions of `dim` from `start` on."""
        return self._slice(*self._narrowed("narrow", dim, start, length))

    @signature("int dim, int start, int length")
    def narrow_copy(self, dim: int, start: int, length: int):
        """A copy of `length` positions of `dim` from `start` on."""
        return self._slice(*self._narrowed("narrow", dim, start, length)).clone(memory_format=contiguous_format)

    def _narrowed(self, name: str, dim: int, start, length: int) -> tuple:
        """The dimension, the first position and the one after the last, checked."""
        if self.ndim == 0:
            raise RuntimeError(f"{name}() cannot be applied to a 0-dim tensor. It has one number only.")
        if isinstance(start, TensorBase):
            if start.ndim or start._array.dtype.kind not in "iu":
                raise RuntimeError("start must be an 0-dim integral Tensor. Give an int.")
            start = start.item()
        dim = ops.wrap_dim(dim, self.ndim)
        n = self.shape[dim]
        if not -n <= start <= n:
            raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
        start += n if start < 0 else 0
        if length < 0:
            raise RuntimeError(f"{name}(): length must be non-negative. Count from `start` on.")
        if start + length > n:
            raise RuntimeError(
                f"start ({start}) + length ({length}) exceeds dimension size ({n}). Take at most {n - start}."
            )
        return dim, start, start + length

    def _slice(self, dim: int, start: int, end: int):
        return recorded(ops.narrow)(self, dim=dim, start=start, end=end)

    @signature("int dim = 0")
    def unbind(self, dim: int = 0) -> tuple:
        """The parts at every position of `dim`."""
        dim = self._dimension(dim)
        pick = recorded(ops.select)
        return siblings(pick(self, dim=dim, index=i, form="Unbind") for i in range(self.shape[dim]))

    def _dimension(self, dim: int) -> int:
        """`dim` counted from the front, for what needs at least one dimension."""
        found = ops.wrap_dim(dim, self.ndim)
        if self.ndim == 0:
            raise final(IndexError(f"Dimension specified as {found} but tensor has no dimensions. Unsqueeze it first."))
        return found

    # Cutting

    def split(self, split_size, dim: int = 0) -> tuple:
        """Parts of `split_size` along `dim` (the last may be smaller), or of the sizes in a list."""
        if isinstance(split_size, (list, tuple)):
            return self.split_with_sizes(split_size, dim)
        if not isinstance(split_size, (int, np.integer)) or isinstance(split_size, bool):
            found = type(split_size).__name__
            raise final(TypeError(
                f"split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not {found}"
            ))  # fmt: skip
        if self.ndim == 0:
            raise RuntimeError("split expects at least a 1-dimensional tensor. Unsqueeze it first.")
        n = self.shape[ops.wrap_dim(dim, self.ndim)]
        if split_size < 0:
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={split_size}")
        if split_size == 0 and n:
            raise RuntimeError(
                f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}. Give at least 1."
            )
        return self._pieces([min(split_size, n - at) for at in range(0, n, split_size or 1)] or [0], dim, "Split")

    @signature("tuple of ints split_sizes, int dim = 0")
    def split_with_sizes(self, split_sizes, dim: int = 0) -> tuple:
        """Parts of these sizes along `dim`."""
        if self.ndim == 0:
            raise RuntimeError("split expects at least a 1-dimensional tensor. Unsqueeze it first.")
        n, sizes = self.shape[ops.wrap_dim(dim, self.ndim)], list(split_sizes)
        if any(size < 0 for size in sizes):
            raise RuntimeError(
                "split_with_sizes expects split_sizes have only non-negative entries, but got "
                f"split_sizes={sizes}"
            )  # fmt: skip
        if sum(sizes) != n:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension "
                f"{dim}), but got split_sizes={sizes}"
            )
        return self._pieces(sizes, dim, "SplitWithSizes")

    def _pieces(self, sizes: list, dim: int, form: str) -> tuple:
        cut, ends, dim = recorded(ops.piece), np.cumsum([0, *sizes]).tolist(), dim % self.ndim
        return siblings(cut(self, dim=dim, start=a, end=b, form=form) for a, b in zip(ends, ends[1:]))

    @signature("int chunks, int dim = 0")
    def chunk(self, chunks: int, dim: int = 0) -> tuple:
        """At most `chunks` parts of equal size along `dim` (the last may be smaller)."""
        if self.ndim == 0:
            raise RuntimeError("chunk expects at least a 1-dimensional tensor. Unsqueeze it first.")
        if chunks <= 0:
            raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
        n = self.shape[ops.wrap_dim(dim, self.ndim)]
        return self.split(-(-n // chunks), dim) if n else self.split_with_sizes([0] * chunks, dim)

    @signature("tuple of ints indices, int dim = 0", "Tensor tensor_indices_or_sections, int dim = 0",
               "int sections, int dim = 0")  # fmt: skip
    def tensor_split(self, indices=None, dim: int = 0, *, sections=None, tensor_indices_or_sections=None) -> tuple:
        """That many parts along `dim`, as equal as can be; or a cut before each of the positions in a list."""
        if self.ndim == 0:
            raise RuntimeError(
                "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims. Unsqueeze it "
                "first."
            )
        dim = ops.wrap_dim(dim, self.ndim)
        cuts = next(c for c in (indices, sections, tensor_indices_or_sections) if c is not None)
        cuts = cuts.tolist() if isinstance(cuts, TensorBase) else cuts
        n = self.shape[dim]
        if isinstance(cuts, int):
            if cuts <= 0:
                raise RuntimeError(f"number of sections must be larger than 0, got {cuts}")
            cuts = [n // cuts * i + min(i, n % cuts) for i in range(1, cuts)]
        edges = [0, *cuts, n]
        spans = [range(n)[a:b] for a, b in zip(edges, edges[1:])]
        return tuple(self._slice(dim, span.start, max(span.start, span.stop)) for span in spans)

    @signature("int sections", "tuple of ints indices")
    def hsplit(self, sections=None, *, indices=None) -> tuple:
        """`tensor_split` along the columns, in equal parts."""
        return self._equal_parts("hsplit", 1, int(self.ndim > 1), sections if indices is None else indices)

    @signature("int sections", "tuple of ints indices")
    def vsplit(self, sections=None, *, indices=None) -> tuple:
        """`tensor_split` along the rows, in equal parts."""
        return self._equal_parts("vsplit", 2, 0, sections if indices is None else indices)

    @signature("int sections", "tuple of ints indices")
    def dsplit(self, sections=None, *, indices=None) -> tuple:
        """`tensor_split` along the third dimension, in equal parts."""
        return self._equal_parts("dsplit", 3, 2, sections if indices is None else indices)

    def _equal_parts(self, name: str, least: int, dim: int, cuts) -> tuple:
        if self.ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {self.ndim} "
                "dimensions"
            )
        if isinstance(cuts, int) and (cuts <= 0 or self.shape[dim] % cuts):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
                f"{self.shape[dim]} is not divisible by the split_size {cuts}. Use tensor_split for unequal parts."
            )
        return self.tensor_split(cuts, dim)

    @signature("int dimension, int size, int step")
    def unfold(self, dimension: int, size: int, step: int):
        """All windows of `size` positions along a dimension, one every `step`, as a view."""
        d = ops.wrap_dim(dimension, self.ndim)
        n = self.shape[d] if self.ndim else 1
        if size < 0:
            raise RuntimeError(f"size is {size} but must be >= 0. It is the width of a window.")
        if size > n:
            raise RuntimeError(f"maximum size for tensor at dimension {d} is {n} but size is {size}")
        if step <= 0:
            raise RuntimeError(f"step is {step} but must be > 0. It leads from a window to the next.")
        return recorded(arranging.unfold)(self, dimension=d, size=size, step=step)

    # Repeating

    @signature("sizes repeats")
    def repeat(self, repeats):
        """The tensor copied side by side, so many times along each dimension."""
        if len(repeats) < self.ndim:
            raise RuntimeError(
                "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor. "
                "Give a count for every dimension, 1 for those to leave alone."
            )
        return recorded(ops.repeat)(self, repeats=tuple(repeats))

    @signature("sizes dims")
    def tile(self, dims):
        """`repeat` in which counts for the first dimensions may be left out."""
        return self.repeat((1,) * (self.ndim - len(dims)) + tuple(dims))

    @signature("Tensor repeats, int dim = None, *, int output_size = None",
               "int repeats, int dim = None, *, int output_size = None")  # fmt: skip
    def repeat_interleave(self, repeats, dim=None, *, output_size=None):
        """Every position of `dim` several times in a row; without `dim`, every element."""
        if dim is None:
            return self.flatten().repeat_interleave(repeats, 0, output_size=output_size)
        asked = dim
        dim = self._dimension(dim) if isinstance(repeats, TensorBase) else ops.wrap_dim(dim, self.ndim)
        if not isinstance(repeats, TensorBase):
            if repeats < 0:
                raise RuntimeError("Repeats must be non-negative. Zero leaves a position out.")
            size = [*self.shape[: dim + 1], repeats, *self.shape[dim + 1 :]]
            apart = self.unsqueeze(dim + 1).expand(size).clone(memory_format=contiguous_format)
            return apart.flatten(dim, dim + 1)
        n, counts = self.shape[dim], repeats._array
        if counts.dtype.kind not in "iu":
            raise NotImplementedError(
                f"\"repeat_interleave_cpu\" not implemented for '{repeats.dtype.short}'. Counts are integers."
            )
        if counts.ndim == 0 or counts.shape == (1,):
            counts = np.broadcast_to(counts.reshape(()), (n,))
        elif counts.ndim > 1:
            raise RuntimeError("repeats must be 0-dim or 1-dim tensor. Give one count for each position.")
        elif len(counts) != n:
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {len(counts)} and "
                f"input.size({asked}) = {n}"
            )
        if (counts < 0).any():
            raise RuntimeError("repeats can not be negative. Zero leaves a position out.")
        if output_size is not None and output_size != counts.sum():
            raise RuntimeError("allocated size does not match required size. Leave output_size away.")
        return self.index_select(dim, wrap(np.repeat(np.arange(n), counts)))

    # Turning

    @signature("sizes dims")
    def flip(self, dims):
        """The order of elements reversed along `dims`."""
        return recorded(ops.flip)(self, dims=tuple(dims))

    @signature("")
    def fliplr(self):
        """The order of the columns reversed."""
        if self.ndim < 2:
            raise RuntimeError("Input must be >= 2-d. A vector has no columns.")
        return self.flip((1,))

    @signature("")
    def flipud(self):
        """The order of the rows reversed."""
        if self.ndim < 1:
            raise RuntimeError("Input must be >= 1-d. A number has no rows.")
        return self.flip((0,))

    @signature("tuple of ints shifts, tuple of ints dims = None")
    def roll(self, shifts, dims=()):
        """The elements moved along `dims`; what is pushed out at one end comes in again at the other."""
        shifts, dims = (tuple(n) if isinstance(n, (tuple, list)) else (n,) for n in (shifts, dims))
        if not shifts:
            raise RuntimeError("`shifts` required. Say by how many positions.")
        if len(shifts) != len(dims) and (dims or len(shifts) != 1):
            raise RuntimeError(
                f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}. Give one shift for each."
            )
        return recorded(arranging.roll)(self, shifts=shifts, dims=tuple(self._dimension(d) for d in dims))

    @signature("int k = 1, tuple of ints dims = [0,1]")
    def rot90(self, k: int = 1, dims=(0, 1)):
        """Turned by `k` quarter turns in the plane of two dimensions."""
        if len(dims) != 2:
            raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}. Give two of them.")
        if self.ndim < 2:
            raise RuntimeError(f"expected total dims >= 2, but got total dims = {self.ndim}. A turn needs a plane.")
        if dims[0] == dims[1] or (abs(dims[0] - dims[1]) == self.ndim and min(dims) < 0):
            raise RuntimeError(
                f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}. A turn needs "
                "a plane."
            )
        plane = tuple(ops.wrap_dim(d, self.ndim) for d in dims)
        return recorded(arranging.rot90)(self, k=k, dims=plane)

    # Diagonals and triangles

    @signature("int offset = 0, int dim1 = 0, int dim2 = 1")
    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1):
        """The diagonal over two dimensions, as a view."""
        return recorded(ops.diagonal)(self, offset=offset, dim1=dim1, dim2=dim2)

    @signature("int diagonal = 0")
    def diag(self, diagonal: int = 0):
        """The diagonal of a matrix; of a vector, the matrix with that diagonal."""
        if self.ndim not in (1, 2):
            raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {self.ndim}D. See diagonal and diag_embed.")
        return recorded(arranging.diagonal_copy)(self, offset=diagonal) if self.ndim == 2 else self.diag_embed(diagonal)

    @signature("int offset = 0, int dim1 = -2, int dim2 = -1")
    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1):
        """Matrices whose diagonals are the last dimension, in the places of `dim1` and `dim2`."""
        first, second = (ops.wrap_dim(d, self.ndim + 1) for d in (dim1, dim2))
        if first == second:
            raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}. Name two different ones.")
        n = self.shape[-1] + abs(offset)
        rest = iter(self.shape[:-1])
        shape = tuple(n if d in (first, second) else next(rest) for d in range(self.ndim + 1))
        return recorded(ops.diagonal_scatter)(
            self, shape=shape, offset=offset, dim1=first, dim2=second, form="DiagEmbed"
        )  # fmt: skip

    @signature("int offset = 0")
    def diagflat(self, offset: int = 0):
        """The matrix with all elements on its diagonal."""
        return self.contiguous().view(-1).diag(offset)

    @signature("int diagonal = 0")
    def tril(self, diagonal: int = 0):
        """The lower triangle, zeros above."""
        return recorded(ops.tril)(self, diagonal=diagonal)

    @signature("int diagonal = 0")
    def triu(self, diagonal: int = 0):
        """The upper triangle, zeros below."""
        return recorded(ops.triu)(self, diagonal=diagonal)

    @signature("int diagonal = 0")
    def tril_(self, diagonal: int = 0):
        """In-place form of `tril`."""
        return _zeroed(self, "tril_", ops.tril, diagonal)

    @signature("int diagonal = 0")
    def triu_(self, diagonal: int = 0):
        """In-place form of `triu`."""
        return _zeroed(self, "triu_", ops.triu, diagonal)


def _zeroed(x, name: str, rule, diagonal: int):
    """x with zeros written on one side of a diagonal. In an expanded tensor they appear wherever the memory does."""
    if not is_expanded(x) or x.ndim < 2 or (x.requires_grad and grad_mode.enabled):
        return inplace(rule)(x, diagonal=diagonal)
    outside = rule.fn(np.ones(x.shape, bool), diagonal=diagonal) == 0
    memory(x)[outside] = 0
    write(x, x._array, None, needs=False)
    return x
