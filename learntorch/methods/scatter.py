"""Methods that read and write by index tensors: gather, scatter, index_add, take.

Read in chapter 01. Those without an underscore return a copy, those with one write into the tensor.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np

from ..base import TensorBase, memory, wrap
from ..errors import broadcast_error, final, kind_of, type_name
from ..ops import indexing, shape
from ..ops import scatter as ops
from ..ops.promotion import number
from ..recording import recorded
from ..writing import check_history, check_overlap, inplace, is_expanded
from .indexing import put, watched, write_expanded
from .signatures import signature


def pair(build: Callable, *forms: str) -> tuple[Callable, Callable]:
    """A method and its in-place form. `build(x, run, …)` checks the arguments of x and returns `run(rule, …)`."""
    name = build.__name__.removeprefix("_")

    @signature(*forms, name=name)
    def method(self, *args, **options):
        return build(self, recorded, *args, **options)

    @signature(*forms, name=f"{name}_")
    def method_(self, *args, **options):
        check_history(self, (*args, *options.values()))
        return build(self, _separately, *args, **options)

    method.__name__, method_.__name__ = name, f"{name}_"
    method.__doc__, method_.__doc__ = build.__doc__, f"In-place form of `{name}`."
    return method, method_


def _separately(rule) -> Callable:
    """`inplace(rule)`, for which no input may share memory with the target."""
    write = inplace(rule)

    def call(target, *inputs, **options):
        for x in inputs:
            if isinstance(x, TensorBase):
                check_overlap(memory(target), memory(x), separate=True)
        return write(target, *inputs, **options)

    return call


# Along one dimension ─────────────────────────────────────────────────────────────────────────────


def _place(name: str, x, dim: int, index, src=None) -> int:
    """`dim` from the front, after a check of the index (and the source) of gather and scatter."""
    dim = shape.wrap_dim(dim, x.ndim)
    if not index.numel():
        return dim
    if index._array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index. Convert it with .long().")
    itself = "input" if src is None and name == "gather" else "self"
    for other, what in ((x, itself), (src, "src")):
        if isinstance(other, TensorBase) and max(index.ndim, 1) != max(other.ndim, 1):
            raise RuntimeError(
                f"Index tensor must have the same number of dimensions as {what} tensor. "
                "Use unsqueeze, or index with x[index]."
            )
    fits = [n <= m for n, m in zip(index.shape, x.shape)]
    wrong = next((d for d, fit in enumerate(fits) if not fit and d != dim), None)
    if name == "gather" and wrong is not None:
        raise RuntimeError(
            f"Size does not match at dimension {wrong} expected index {list(index.shape)} to be no larger than self "
            f"{list(x.shape)} apart from dimension {dim}. Cut the index."
        )
    too_large = isinstance(src, TensorBase) and any(n > m for n, m in zip(index.shape, src.shape))
    if wrong is not None or too_large:
        of_src = f" and to be no larger size than src {list(src.shape)}" if isinstance(src, TensorBase) else ""
        raise RuntimeError(
            f"Expected index {list(index.shape)} to be no larger than self {list(x.shape)} apart from dimension "
            f"{dim}{of_src}. Cut the index."
        )
    _check_range(index._array, dim, x.shape[dim] if x.ndim else 1)
    return dim


def _check_range(at, dim: int, n: int, error: type = RuntimeError, start: str = "") -> None:
    """Refuse a position that dimension `dim`, of size n, does not have."""
    if at.size and (at.min() < 0 or at.max() >= n):
        wrong = at.reshape(-1)[np.argmax((at < 0) | (at >= n))]
        raise final(error(f"{start}index {wrong} is out of bounds for dimension {dim} with size {n}"))


def _same_type(x, src, name: str = "scatter") -> None:
    if x._array.dtype != src._array.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype. Convert it with .to(x.dtype).")


def _scatter(x, run, dim: int, index, src=None, value=None, reduce=None):
    """x with the elements of `src` (or one number) written at `index` along `dim`."""
    src = value if src is None else src
    dim = shape.wrap_dim(dim, x.ndim)
    if isinstance(src, TensorBase):
        _same_type(x, src)
    dim = _place("scatter", x, dim, index, src)
    if not isinstance(src, TensorBase):
        src = number(src if index.numel() else 0, x._array.dtype)
    elif reduce is not None:
        warnings.warn(
            "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a future "
            "PyTorch release. Use torch.scatter_reduce instead for more reduction options.",
            stacklevel=4,
        )
    if reduce is None:
        return run(ops.scatter)(x, index, src, dim=dim)
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply. For others there is scatter_reduce.")
    return run(ops.scatter_join)(x, index, src, dim=dim, reduce=reduce)


def _scatter_add(x, run, dim: int, index, src):
    """x with the elements of `src` added at `index` along `dim`."""
    _same_type(x, src)
    dim = _place("scatter_add", x, dim, index, src)
    return run(ops.scatter_add)(x, index, src, dim=dim)


def _scatter_reduce(x, run, dim: int, index, src, reduce: str, include_self: bool = True):
    """x with the elements of `src` joined to it at `index` along `dim`: by sum, prod, mean, amax or amin."""
    reduce = {"max": "amax", "min": "amin"}.get(reduce, reduce)
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    _same_type(x, src)
    dim = _place("scatter_reduce", x, dim, index, src)
    return run(ops.scatter_reduce)(x, index, src, dim=dim, reduce=reduce, include_self=include_self)


# With a vector of positions ──────────────────────────────────────────────────────────────────────


def _at(x, dim: int, index) -> tuple:
    """The index of NumPy's for the positions `index` of dimension `dim`."""
    return () if x.ndim == 0 else (slice(None),) * dim + (index._array.reshape(-1),)


def _index_add(x, run, dim: int, index, source, alpha=1):
    """x with α times the parts of `source` added at the positions `index` along `dim`."""
    name, dim = "index_add_", shape.wrap_dim(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError(
            f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim} with type: "
            f"{type_name(index._array)} and size: {list(index.shape)}"
        )
    if index._array.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{name}(): Expected dtype int32/int64 for index but got: {type_name(index._array)}. "
            "Convert it with .long()."
        )
    if x._array.dtype != source._array.dtype:
        raise RuntimeError(
            f"{name}(): self ({type_name(x._array)}) and source ({type_name(source._array)}) must have the same "
            "scalar type. Convert it with .to(x.dtype)."
        )
    if dim and dim >= source.ndim:
        raise RuntimeError(f"{name}(): Indexing dim {dim} is out of bounds of the source tensor with dim {source.ndim}")
    n = source.shape[dim] if source.ndim else 1
    if index.numel() != n and not source.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions. Give an index of one element.")
    if index.numel() != n:
        raise RuntimeError(
            f"{name}(): Number of indices ({index.numel()}) should be equal to source.size(dim): ({n}), for dim: {dim}"
        )
    rest, rest_of_source = (t.shape[:dim] + t.shape[dim + 1 :] for t in (x, source))
    if rest != rest_of_source or x.ndim != source.ndim:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(x.shape)} source.shape = {list(source.shape)}"
        )
    at, n = index._array, x.shape[dim] if x.ndim else 1
    if x.ndim > 1 and not x.numel():
        n = math.inf  # there is nothing to add to, and PyTorch does not look at the positions
    if alpha == 1 and x.ndim > 1 and dim in (0, x.ndim - 1):  # PyTorch takes another way here, with other words
        _check_range(at, dim, n)
    if at.size and (at.min() < 0 or at.max() >= n):
        raise IndexError(f"index out of range in self. Positions of dimension {dim} run from 0 to {n - 1}.")
    at = watched(_at(x, dim, index), index)
    return run(indexing.index_add)(x, source, at=at, alpha=number(alpha, x._array.dtype))


def _index_copy(x, run, dim: int, index, source):
    """x with the parts of `source` in place of those at the positions `index` along `dim`."""
    name, dim = "index_copy_", shape.wrap_dim(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index should have dimension 1 or 0 (got {index.ndim})")
    if x.ndim and source.ndim and x.ndim != source.ndim:
        raise IndexError(
            f"{name}(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({source.ndim}), destination dimensionality ({x.ndim})"
        )
    if index._array.dtype != np.int64:
        raise RuntimeError(f"{name}(): Expected a long tensor for index, but got {type_name(index._array)}")
    if x._array.dtype != source._array.dtype:
        raise RuntimeError(
            f"{name}(): self and source expected to have the same dtype, but got (self) {type_name(x._array)} and "
            f"(source) {type_name(source._array)}. Convert it with .to(x.dtype)."
        )
    rest, rest_of_source = (t.shape[:dim] + t.shape[dim + 1 :] for t in (x, source))
    if rest != rest_of_source and source.ndim:
        raise RuntimeError(
            f"{name}(): Source/destination tensor must have same slice shapes. Destination slice shape: {list(rest)} "
            f"at dimension {dim} and source slice shape: {list(rest_of_source)} at dimension 0."
        )
    if source.ndim == 0 and index.numel() != 1:
        raise IndexError(f"{name}(): When source is scalar, index should have one element (got {index.numel()})")
    if source.ndim and index.numel() != source.shape[dim]:
        raise IndexError(
            f"{name}(): Number of indices ({index.numel()}) should be equal to source.size(dim) ({source.shape[dim]})"
        )
    _check_range(index._array, dim, x.shape[dim] if x.ndim else 1, IndexError, f"{name}(): ")
    return run(indexing.index_copy)(x, source, at=watched(_at(x, dim, index), index), form="IndexCopy")


def _index_fill(x, run, dim: int, index, value):
    """x with `value` at the positions `index` along `dim`."""
    dim = shape.wrap_dim(dim, x.ndim)
    if isinstance(value, TensorBase) and value.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    if index._array.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index. Convert it with .long().")
    if index.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar. For other shapes write x[index] = value.")
    if not isinstance(value, TensorBase):
        value, form = number(value, x._array.dtype), "IndexFill0"
    else:
        number(value.item(), x._array.dtype)  # refuses what the type cannot hold
        form = "IndexFill1"
    at, n = index._array, x.shape[dim] if x.ndim else 1
    if at.size and (at.min() < -n or at.max() >= n):
        wrong = at.reshape(-1)[np.argmax((at < -n) | (at >= n))]
        raise final(IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {n}"))
    if run is not recorded and is_expanded(x):
        return write_expanded("index_fill_", x, _at(x, dim, index), value)
    at = _at(x, dim, index) or (at,)
    return run(indexing.index_put)(x, value, at=watched(at, index), form=form)


def _put(x, run, index, source, accumulate: bool = False):
    """x with the elements of `source` at the positions `index` of the flattened tensor."""
    if index._array.dtype != np.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {type_name(index._array)}")
    if x._array.dtype != source._array.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{type_name(x._array)} and source.dtype = {type_name(source._array)}. Convert it with .to(x.dtype)."
        )
    if not x.numel() and index.numel():
        raise IndexError("put_(): Tried to put elements into an empty tensor")
    if index.numel() != source.numel():
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.numel()}, index.numel() = {index.numel()}"
        )
    source = source if source.shape == index.shape else source.reshape(index.shape)
    at = watched(_unravelled(x, index), index)
    return run(indexing.index_copy)(x, source, at=at, accumulate=accumulate, form="Put")


def _unravelled(x, index) -> tuple:
    """Positions of the flattened tensor as one index array per dimension."""
    at, n = index._array, x.numel()
    if at.size and (at.min() < -n or at.max() >= n):
        wrong = at.reshape(-1)[np.argmax((at < -n) | (at >= n))]
        raise final(IndexError(f"out of range: tried to access index {wrong} on a tensor of {n} elements"))
    return np.unravel_index(np.where(at < 0, at + n, at), x.shape or (1,))


class ScatterMethods:
    __slots__ = ()

    scatter, scatter_ = pair(
        _scatter, "int dim, Tensor index, Tensor src", "int dim, Tensor index, Tensor src, *, str reduce",
        "int dim, Tensor index, Number value", "int dim, Tensor index, Number value, *, str reduce",
    )  # fmt: skip
    scatter_add, scatter_add_ = pair(_scatter_add, "int dim, Tensor index, Tensor src")
    scatter_reduce, scatter_reduce_ = pair(
        _scatter_reduce, "int dim, Tensor index, Tensor src, str reduce, *, bool include_self = True"
    )
    index_add, index_add_ = pair(_index_add, "int dim, Tensor index, Tensor source, *, Number alpha = 1")
    index_copy, index_copy_ = pair(_index_copy, "int dim, Tensor index, Tensor source")
    index_fill, index_fill_ = pair(
        _index_fill, "int dim, Tensor index, Tensor value", "int dim, Tensor index, Number value"
    )
    put, put_ = pair(_put, "Tensor index, Tensor source, bool accumulate = False")

    @signature("tuple of Tensors indices, Tensor values, bool accumulate = False")
    def index_put_(self, indices, values, accumulate=False):
        """Write `values` at (or add them to) the positions given by index tensors."""
        check_history(self, (values,))
        return put(self, _index_arrays(self, indices), values, indices, accumulate)

    @signature("tuple of Tensors indices, Tensor values, bool accumulate = False")
    def index_put(self, indices, values, accumulate=False):
        """A copy with `values` written at the positions given by index tensors."""
        return put(self, _index_arrays(self, indices), values, indices, accumulate, run=recorded)

    @signature("int dim, Tensor index")
    def index_select(self, dim, index):
        """The positions `index` (a vector) along `dim`."""
        dim, at = shape.wrap_dim(dim, self.ndim), index._array
        if index.ndim > 1:
            raise IndexError("index_select(): Index is supposed to be a vector. For other shapes write x[index].")
        if at.dtype not in (np.int64, np.int32):
            raise RuntimeError("index_select(): Expected dtype int32 or int64 for index. Convert it with .long().")
        if self.ndim == 0 and at.size != 1:
            raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {at.size} value(s)")
        n = self.shape[dim] if self.ndim else 1
        if n == 0 and at.size:
            if self.ndim == 1:
                raise IndexError("index out of range in self. The tensor is empty.")
            raise RuntimeError("index_select(): self indexing axis dim should be positive")
        if at.size and (at.min() < 0 or at.max() >= n):
            wrong = at.reshape(-1)[np.argmax((at < 0) | (at >= n))]
            if self.ndim > 1 and dim < self.ndim - 1 + (self.ndim == 2) and dim:
                raise RuntimeError(f"INDICES element is out of DATA bounds, id={wrong} axis_dim={n}")
            raise IndexError(f"index out of range in self. Positions of dimension {dim} run from 0 to {n - 1}.")
        return recorded(indexing.index)(self, at=watched(_at(self, dim, index), index), form="IndexSelect")

    @signature("int dim, Tensor index, *, bool sparse_grad = False")
    def gather(self, dim, index, *, sparse_grad=False):
        """out[i][j] = x[index[i][j]][j] for dim 0, x[i][index[i][j]] for dim 1."""
        return recorded(ops.gather)(self, index, dim=_place("gather", self, dim, index))

    @signature("Tensor indices, int? dim = None")
    def take_along_dim(self, indices, dim=None):
        """The elements at `indices` along `dim`, the other dimensions broadcast; without `dim`, of the flat tensor."""
        name, at = "torch.take_along_dim()", indices._array
        if at.dtype != np.int64:
            raise RuntimeError(f"{name}: dtype of indices should be Long but got {type_name(at)}. Use .long().")
        if self.ndim == 0 and dim is not None:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        if dim is None:
            return self.reshape(-1).gather(0, indices.reshape(-1))
        if indices.ndim != self.ndim:
            raise RuntimeError(
                f"{name}: input and indices should have the same number of dimensions, but got {self.ndim} dimensions "
                f"for input, and {indices.ndim} dimensions for indices"
            )
        dim = shape.wrap_dim(dim, self.ndim)
        n = self.shape[dim]
        sizes = [list(t.shape[:dim] + (1,) + t.shape[dim + 1 :]) for t in (self, indices)]
        clash = broadcast_error(*sizes)
        if clash is not None:
            raise clash
        common = np.broadcast_shapes(*sizes)
        own, theirs = ((*common[:dim], size, *common[dim + 1 :]) for size in (n, indices.shape[dim]))
        return self.expand(own).gather(dim, wrap(np.remainder(at, n) if n else at).expand(theirs))

    @signature("Tensor index")
    def take(self, index):
        """The elements at `index` of the flattened tensor."""
        if index._array.dtype != np.int64:
            raise RuntimeError(f"take(): Expected a long tensor for index, but got {type_name(index._array)}")
        if not self.numel() and index.numel():
            raise IndexError("take(): tried to take from an empty tensor")
        return recorded(indexing.pick)(self, at=watched(_unravelled(self, index), index), form="Take")


def _index_arrays(x, indices) -> list:
    """The indices of index_put, one tensor for each dimension."""
    for i, k in enumerate(indices):
        if not isinstance(k, TensorBase):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {kind_of(k)}. Wrap it in torch.tensor."
            )
    if len(indices) > x.ndim:
        raise IndexError(f"too many indices for tensor of dimension {x.ndim} (got {len(indices)})")
    return [k._array for k in indices]
