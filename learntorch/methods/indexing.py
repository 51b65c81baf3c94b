"""Methods that read and write parts of a tensor.

Read in chapter 01. Whole numbers, slices, None and … give a view; a tensor or a list as index copies.
"""

from __future__ import annotations

import numpy as np

from ..base import TensorBase, wrap
from ..errors import argument_error, broadcast_error, final
from ..ops import indexing as ops
from ..ops import pointwise, shape
from ..recording import check_writable, inplace, recorded


class IndexingMethods:
    __slots__ = ()

    def __getitem__(self, key):
        if type(key) is slice and self.ndim:
            return _cut(self, 0, key, always=True)
        return self._index(key)

    def _index(self, key, form: str = "Index"):
        view, at = _read_key(self, key)
        return view if at is None else recorded(ops.index)(view, at=at, form=form)

    def __setitem__(self, key, value) -> None:
        view, at = _read_key(self, key)
        if not isinstance(value, TensorBase):
            if not isinstance(value, (int, float, np.generic)):
                kind = f"numpy.{type(value).__name__}" if isinstance(value, np.ndarray) else type(value).__name__
                raise TypeError(f"can't assign a {kind} to a torch.{self.dtype.legacy}. Wrap it in torch.tensor.")
            value = wrap(np.asarray(value, self._array.dtype))
        if at is None:
            value = _fitting(value, view.shape)
            if value.shape != view.shape:
                shape.broadcast_layout(value._array, view.shape)  # raises where it does not fit
            view.copy_(value)
        else:
            view._index_put(at, value, False)

    def _index_put(self, at: tuple, values, accumulate: bool, form: str = "IndexPut"):
        if values._array.dtype != self._array.dtype:
            if values.ndim:
                raise RuntimeError(
                    f"Index put requires the source and destination dtypes match, got {_kind(self)} for the "
                    f"destination and {_kind(values)} for the source. Convert it with .to(x.dtype)."
                )
            values = values.to(self.dtype)
        return inplace(ops.index_put)(self, values, at=at, accumulate=accumulate, form=form)

    def index_put_(self, indices: tuple, values, accumulate: bool = False):
        """Write `values` at (or add them to) the positions given by index tensors."""
        check_writable(self, ())
        _, at = _read_key(self, tuple(indices))
        return self._index_put(at, values, accumulate)

    def index_put(self, indices: tuple, values, accumulate: bool = False):
        """A copy with `values` written at the positions given by index tensors."""
        return self.clone().index_put_(indices, values, accumulate)

    def index_select(self, dim: int, index):
        """The positions `index` (a vector) along `dim`."""
        _index_type("index_select", index)
        if index.ndim > 1:
            raise IndexError("index_select(): Index is supposed to be a vector. For other shapes write x[index].")
        dim = shape.wrap_dim(dim, self.ndim)
        n, at = self.shape[dim] if self.ndim else 1, index._array
        if at.size and (at.min() < 0 or at.max() >= n):
            raise IndexError(f"index out of range in self. Positions of dimension {dim} run from 0 to {n - 1}.")
        if self.ndim == 0:
            return self.clone()
        return self._index((slice(None),) * dim + (index.reshape(-1),), "IndexSelect")

    def index_add_(self, dim: int, index, source, *, alpha=1):
        """Add the parts of `source` to the positions `index` along `dim`."""
        dim = shape.wrap_dim(dim, self.ndim)
        check_writable(self, ())
        _, at = _read_key(self, (slice(None),) * dim + (index,))
        return self._index_put(at, source if alpha == 1 else source * alpha, True, "IndexAdd")

    def index_add(self, dim: int, index, source, *, alpha=1):
        """A copy with the parts of `source` added at the positions `index` along `dim`."""
        return self.clone().index_add_(dim, index, source, alpha=alpha)

    def index_fill_(self, dim: int, index, value):
        """Write `value` at the positions `index` along `dim`."""
        self[(slice(None),) * shape.wrap_dim(dim, self.ndim) + (index,)] = value
        return self

    def masked_select(self, mask):
        """The elements where the mask is True, as a vector."""
        if mask._array.dtype != bool:
            raise RuntimeError("masked_select: expected BoolTensor for mask. Compare, for example mask != 0.")
        full = np.broadcast_shapes(self.shape, mask.shape)
        return self.expand(full)._index(mask.expand(full), "MaskedSelect")

    def gather(self, dim: int, index):
        """out[i][j] = x[index[i][j]][j] for dim 0, x[i][index[i][j]] for dim 1."""
        self._check_index("gather", dim, index)
        if self.ndim == 0:
            return self.clone()
        return recorded(ops.gather)(self, index, dim=shape.wrap_dim(dim, self.ndim))

    def scatter(self, dim: int, index, src):
        """A copy with the elements of `src` (or one number) written at `index` along `dim`."""
        self._check_index("scatter", dim, index)
        return recorded(ops.scatter)(self, index, src, dim=dim)

    def scatter_(self, dim: int, index, src):
        """In-place form of `scatter`."""
        self._check_index("scatter_", dim, index)
        return inplace(ops.scatter)(self, index, src, dim=dim)

    def scatter_add(self, dim: int, index, src):
        """A copy with the elements of `src` added at `index` along `dim`."""
        self._check_index("scatter_add", dim, index)
        return recorded(ops.scatter_add)(self, index, src, dim=dim)

    def scatter_add_(self, dim: int, index, src):
        """In-place form of `scatter_add`."""
        self._check_index("scatter_add_", dim, index)
        return inplace(ops.scatter_add)(self, index, src, dim=dim)

    def _check_index(self, name: str, dim: int, index) -> None:
        _index_type(name, index)
        dim = shape.wrap_dim(dim, self.ndim)
        if max(index.ndim, 1) != max(self.ndim, 1):
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as input tensor. "
                "Use unsqueeze, or index with x[index]."
            )
        n = self.shape[dim] if self.ndim else 1
        at = index._array
        if at.size and (at.min() < 0 or at.max() >= n):
            wrong = at.min() if at.min() < 0 else at.max()
            raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {n}")

    def take(self, index):
        """The elements at `index` of the flattened tensor."""
        return self.reshape(-1)._index(index, "Take")

    def nonzero(self, *, as_tuple: bool = False):
        """Where the elements are not zero: one row of indices each, or one tensor per dimension."""
        if as_tuple:
            return tuple(wrap(i.copy()) for i in np.atleast_1d(self._array).nonzero())
        if self.ndim == 0:
            return wrap(np.zeros((int(bool(self._array)), 0), np.int64))
        return wrap(np.argwhere(self._array) if isinstance(self._array, np.ndarray) else self._array)

    # Writing everywhere

    def copy_(self, src, non_blocking: bool = False):
        """Write the elements of `src` over this tensor, in this tensor's type and on its device."""
        if not isinstance(src, TensorBase):
            raise argument_error("copy_", "other", 1, "Tensor", src)
        return inplace(pointwise.copy)(self, src.to(self.device).to(self.dtype))

    def fill_(self, value):
        """Write one number everywhere."""
        if isinstance(value, TensorBase):
            if value.ndim:
                raise RuntimeError(
                    f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions."
                )
            return self.copy_(value)
        return inplace(pointwise.fill)(self, value=value)

    def zero_(self):
        """Write zeros everywhere."""
        return inplace(pointwise.zero)(self)


def _kind(t) -> str:
    return t.dtype.legacy.removesuffix("Tensor")


def _index_type(name: str, index) -> None:
    if not isinstance(index, TensorBase):
        raise argument_error(name, "index", 2, "Tensor", index)
    if index._array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index. Convert it with .long().")


def _fitting(value, size: tuple):
    """`value` without the leading dimensions of size 1 that the target does not have."""
    while value.ndim > len(size) and value.shape[0] == 1:
        value = value.reshape(value.shape[1:])
    return value


def _read_key(x, key) -> tuple:
    """Split an index: take the slices and single numbers as views of `x`, and return what is left for arrays.

    The second result is None if no tensor is among the indices.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if isinstance(key, list):
        keys = (key,)
    keys = tuple(_as_index(k) for k in keys)
    used = sum(_consumes(k) for k in keys)
    if used > x.ndim:
        if x.ndim == 0:
            raise IndexError("invalid index of a 0-dim tensor. Use tensor.item() to get its number.")
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}. Its shape is {list(x.shape)}.")
    if not any(k is Ellipsis for k in keys):
        keys = (*keys, Ellipsis)
    view, at, d = x, [], 0
    for k in keys:
        if k is Ellipsis:
            skip = x.ndim - used
            at += [slice(None)] * skip
            d += skip
        elif k is None:
            view = view.unsqueeze(d)
            at.append(slice(None))
            d += 1
        elif isinstance(k, int):
            n = view.shape[d]
            if not -n <= k < n:
                raise IndexError(
                    f"index {k} is out of bounds for dimension "
                    f"{d + x.ndim - view.ndim if view is not x else d} with size {n}"
                )
            view = recorded(shape.select)(view, dim=d, index=k % n)
        elif isinstance(k, slice):
            view = _cut(view, d, k)
            at.append(slice(None))
            d += 1
        else:
            at.append(_checked(k, view, d))
            d += k.ndim if k.dtype == bool else 1
    if all(isinstance(k, slice) for k in at):
        return (recorded(shape.alias)(view) if view is x else view), None
    _meet([k for k in at if not isinstance(k, slice)])
    return view, tuple(at)


def _meet(arrays: list) -> None:
    """Refuse index arrays that cannot be broadcast to one shape."""
    shapes = [(int(k.sum()),) if k.dtype == bool else k.shape for k in arrays]
    if len(shapes) > 1 and broadcast_error(*shapes) is not None:
        raise final(
            IndexError(
                "shape mismatch: indexing tensors could not be broadcast together with shapes "
                f"{', '.join(str(list(size)) for size in shapes)}"
            )
        )


def _as_index(k):
    if isinstance(k, TensorBase):
        k = k._array
        if k.dtype.kind in "iu" and k.ndim == 0:
            return int(k)
        if k.dtype.kind == "f":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors. Use .long().")
        return k.astype(bool) if k.dtype == np.uint8 else k
    if k is None or k is Ellipsis or isinstance(k, slice):
        return k
    if isinstance(k, bool):
        return np.asarray(k)
    if isinstance(k, (list, np.ndarray, range)):
        k = np.asarray(k)
        return k.astype(np.int64) if k.size == 0 else k
    try:
        return k.__index__()
    except (AttributeError, TypeError):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
            f"(got {type(k).__name__})"
        ) from None


def _consumes(k) -> int:
    """How many dimensions an index uses up."""
    if k is None or k is Ellipsis:
        return 0
    return k.ndim if getattr(k, "dtype", None) == bool else 1


def _cut(view, d: int, k: slice, always: bool = False):
    if k.step is not None and k.step <= 0:
        raise ValueError("step must be greater than zero. To reverse the order of elements, use flip(dim).")
    n = view.shape[d]
    start, end, step = slice(*(None if v is None else int(v) for v in (k.start, k.stop, k.step))).indices(n)
    if (start, end, step) == (0, n, 1) and not always:
        return view
    return recorded(shape.narrow)(view, dim=d, start=start, end=max(end, start), step=step)


def _checked(k, view, d: int):
    if k.dtype == bool:
        for i, n in enumerate(k.shape):
            if n != view.shape[d + i]:
                raise IndexError(
                    f"The shape of the mask {list(k.shape)} at index {i} does not match the shape of the indexed "
                    f"tensor {list(view.shape)} at index {d + i}"
                )
        return k
    n = view.shape[d]
    if k.size and (k.min() < -n or k.max() >= n):
        wrong = k.min() if k.min() < -n else k.max()
        raise final(IndexError(f"index {wrong} is out of bounds for dimension {d} with size {n}"))
    return k
