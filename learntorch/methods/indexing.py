"""Reading and writing parts of a tensor with brackets: x[1, :, None], x[mask] = 0.

Read in chapter 01. Whole numbers, slices, None and … give a view; a tensor or a list as index copies.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from operator import index as as_int

import numpy as np

from ..base import TensorBase, memory, tick, twin, wrap
from ..errors import broadcast_error, dimension_error, final, kind_of, type_name
from ..modes import grad_mode
from ..nodes import modified
from ..ops import indexing as ops
from ..ops import shape
from ..ops.promotion import number
from ..recording import recorded
from ..writing import check_history, check_overlap, inplace, is_expanded, write


class IndexingMethods:
    __slots__ = ()

    def __getitem__(self, key):
        if type(key) is slice and self.ndim:
            return _cut(self, 0, key, always=True)
        view, at = read_key(self, key)
        if at is None:
            return recorded(shape.alias)(self) if view is self else view
        at, parts = check_index(at, view)
        check_inside(parts, view.shape)
        return recorded(ops.index)(view, at=watched(at, key))

    def __setitem__(self, key, value) -> None:
        if key is False:
            return  # selects nothing
        view, at = read_key(self, None if key is True else key)
        if not isinstance(value, TensorBase):
            value = _as_value(self, value)
        if at is None:
            _copy_to(view, value)
        else:
            put(view, at, _without_leading_ones(value) if value.ndim and value.shape[0] == 1 else value, key)

    def __contains__(self, element) -> bool:
        if not isinstance(element, (TensorBase, bool, int, float, complex)):
            raise RuntimeError(
                f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}. "
                "Ask (x == element).any() with a tensor."
            )
        return bool((element == self).any() if isinstance(element, TensorBase) else (self == element).any())

    def __reversed__(self):
        return self.flip(tuple(range(self.ndim)))


def put(target, at: list, values, key=(), accumulate: bool = False, run: Callable = inplace):
    """Write `values` at (or add them to) the positions `at`, in place or (`run` is `recorded`) in a copy.

    `key` is the index as it was given.
    """
    if run is inplace:
        check_history(target, (values,))
    arrays = [k for k in at if not isinstance(k, slice)]
    # One number under a mask may be of any type.
    converts = len(arrays) == 1 and arrays[0].dtype in (bool, np.uint8) and values.numel() == 1 and not accumulate
    if converts:
        number(values.item(), target._array.dtype)  # refuses what the type cannot hold
    if converts and arrays[0].dtype == np.uint8:
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype unsigned char. Convert it with .bool()."
        )
    at, parts = check_index(at, target)
    if values.ndim:
        size, given = _size_at(target.shape, at), values.shape
        if len(given) > len(size) or any(n not in (1, m) for n, m in zip(reversed(given), reversed(size))):
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(given)} cannot be broadcast to indexing result of "
                f"shape {list(size)}. The values must fit to x[index]."
            )
    if values._array.dtype != target._array.dtype and not converts:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {type_name(target._array)} for the "
            f"destination and {type_name(values._array)} for the source. Convert it with .to(x.dtype)."
        )
    check_inside(parts, target.shape)
    if run is inplace:
        for k in (values._array, *at):
            if isinstance(k, np.ndarray) and np.may_share_memory(target._array, k):
                check_overlap(target._array, k, separate=True)
        if is_expanded(target):
            return write_expanded("index_put_", target, at, values, accumulate)
    return run(ops.index_put)(target, values, at=watched(at, key), accumulate=accumulate)


def watched(at: tuple, key) -> tuple:
    """`at`, which remembers the tensors it was made of: none may be written to before the gradient is computed."""
    tensors = [twin(k) for k in (key if isinstance(key, (tuple, list)) else (key,)) if isinstance(k, TensorBase)]
    if not tensors or not grad_mode.enabled:
        return at
    now = tick()

    def check() -> None:
        for t in tensors:
            if t._stamp.last > now:
                raise RuntimeError(modified(t, now))

    return ops.Watched(at, check)


def _size_at(shape: tuple, at: tuple) -> tuple:
    """The shape of x[at]: where index arrays stand side by side their dimensions do too, else they come first."""
    places = [i for i, k in enumerate(at) if type(k) is not slice]
    sizes = [(int(np.count_nonzero(at[i])),) if at[i].dtype == bool else at[i].shape for i in places]
    rest, d = [], 0
    for k in at:
        if type(k) is slice:
            rest.append(shape[d])
        d += k.ndim if getattr(k, "dtype", None) == bool else 1
    rest += shape[d:]
    front = places[0] if places[-1] - places[0] == len(places) - 1 else 0
    return (*rest[:front], *(sizes[0] if len(sizes) == 1 else np.broadcast_shapes(*sizes)), *rest[front:])


def write_expanded(name: str, target, at: tuple, values, accumulate: bool = False):
    """Write to an expanded tensor. PyTorch still lets a few operations do so, with a warning."""
    if grad_mode.enabled and any(isinstance(x, TensorBase) and x.requires_grad for x in (target, values)):
        raise NotImplementedError(
            f"{name} on an expanded tensor is not recorded in learntorch. Give it a clone() of the tensor."
        )
    warnings.warn(
        f"Use of {name} on expanded tensors is deprecated. Please clone() the tensor before performing this operation. "
        "This also applies to advanced indexing e.g. tensor[indices] = tensor",
        stacklevel=4,
    )
    array, values = memory(target), getattr(values, "_array", values)
    if accumulate:
        np.add.at(array, at, values)
    else:
        array[at] = values
    write(target, array, None, needs=False)
    return target


def _as_value(target, value) -> TensorBase:
    """A Python number as a tensor of the target's type."""
    if not isinstance(value, (int, float, complex)) and not isinstance(value, np.integer):
        raise TypeError(f"can't assign a {kind_of(value)} to a torch.{target.dtype.legacy}. Wrap it in torch.tensor.")
    dtype = target._array.dtype
    if dtype == np.float16:  # too large a number becomes inf
        return wrap(grad_mode.quietly(np.float16, number(value, np.dtype(np.float32))))
    return wrap(np.asarray(number(value, dtype), dtype))


def _without_leading_ones(value):
    sizes = value.shape
    while sizes and sizes[0] == 1:
        sizes = sizes[1:]
    return value.view(sizes)


def _copy_to(target, value) -> None:
    """Write `value` over a view, expanded to its shape."""
    if target.shape == value.shape:
        target.copy_(value)
    elif value.ndim == 0:
        target.fill_(value)
    else:
        value = _without_leading_ones(value)
        target.copy_(value if value.shape == target.shape else value.expand(target.shape))


# How an index is read ────────────────────────────────────────────────────────────────────────────


def read_key(x, key) -> tuple:
    """Split an index: take the slices and single numbers as views of `x`, and return what is left for arrays.

    The second result is None if nothing is left.
    """
    keys = [_as_index(k) for k in _several(key)]
    used = sum(_consumes(k) for k in keys)
    if used > x.ndim and type(key) is not int and type(key) is not slice:
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}. Its shape is {list(x.shape)}.")
    view, at, d = x, [], 0
    for position, k in enumerate(keys):
        if type(k) is int:
            view = _pick(view, d, k, position)
        elif type(k) is slice:
            view = _cut(view, d, k)
            at.append(slice(None))
            d += 1
        elif k is Ellipsis:
            skip = x.ndim - used
            at += [slice(None)] * skip
            d += skip
        elif k is None:
            view = view.unsqueeze(d)
            at.append(slice(None))
            d += 1
        elif isinstance(k, bool):  # a new dimension, of size 1 or 0
            view = view.unsqueeze(d)
            at.append(np.zeros(int(k), np.int64))
            d += 1
        else:
            at.append(k._array if isinstance(k, TensorBase) else k)
            d += at[-1].ndim if at[-1].dtype in (bool, np.uint8) else 1
    return view, None if all(isinstance(k, slice) for k in at) else at


def _several(key) -> tuple:
    """The index of each dimension."""
    if isinstance(key, tuple):
        return key
    if isinstance(key, (list, str)) and len(key) < 32:
        inside = (TensorBase, list, tuple, slice, str, np.ndarray, range)
        if any(isinstance(k, inside) or k is None or k is Ellipsis for k in key):
            warnings.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch "
                "2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
                "x[torch.tensor(seq)], which will result either in an error or a different result",
                stacklevel=4,
            )
            return tuple(key)
    return (key,)


def _as_index(k):
    """An index as an int, a slice, …, None, a bool, a tensor or an array."""
    if type(k) is int or type(k) is slice or k is None or k is Ellipsis or k is True or k is False:
        return k
    if isinstance(k, TensorBase):
        if k.ndim or k._array.dtype.kind == "f":
            return k
        return bool(k) if k._array.dtype in (bool, np.uint8) else int(k)
    if isinstance(k, str):
        raise TypeError("new(): invalid data type 'str'. An index is made of numbers.")
    if isinstance(k, (list, tuple, range, np.ndarray)):
        k = np.asarray([getattr(i, "_array", i) for i in k] if isinstance(k, (list, tuple)) else k)
        k = k if k.dtype in (bool, np.uint8) else k.astype(np.int64)
        return k if k.ndim else k.item()
    try:
        return as_int(k)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
            f"(got {kind_of(k)})"
        ) from None


def _consumes(k) -> int:
    """How many dimensions an index uses up."""
    if k is None or k is Ellipsis or k is True or k is False:
        return 0
    return k.ndim if isinstance(k, TensorBase) and k._array.dtype in (bool, np.uint8) else 1


def _pick(view, d: int, k: int, position: int):
    """The view at one position of dimension d, which disappears."""
    if view.ndim == 0 and k == 0:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert "
            "a 0-dim tensor to a number"
        )
    n = view.shape[d] if d < view.ndim else 0
    if not -n <= k < n:
        raise IndexError(f"index {k} is out of bounds for dimension {position} with size {n}")
    return recorded(shape.select)(view, dim=d, index=k % n)


def _cut(view, d: int, k: slice, always: bool = False):
    """The view of a slice of dimension d."""
    if view.ndim == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor. It holds one number: item() gives it.")
    try:
        start, end, step = (None if v is None else as_int(v) for v in (k.start, k.stop, k.step))
    except TypeError as error:
        if any(isinstance(v, TensorBase) for v in (k.start, k.stop, k.step)):
            raise final(error) from None
        raise TypeError("slice indices must be integers or None or have an __index__ method") from None
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step is not None and step < 0:
        raise ValueError("step must be greater than zero. To reverse the order of elements, use flip(dim).")
    if d >= view.ndim and not (start is None and end is None and step in (None, 1)):
        raise dimension_error(d, view.ndim)
    n = view.shape[d] if d < view.ndim else 0
    if not (start or always) and step in (None, 1) and (end is None or end >= n):
        return view
    start, end, step = slice(start, end, step).indices(n)
    return recorded(shape.narrow)(view, dim=d, start=start, end=max(end, start), step=step)


def check_index(at: list, x) -> tuple[tuple, list]:
    """An index after a check of its types and of the sizes of masks, and its parts: pairs of a dimension and an array
    of positions."""
    checked, d, parts = [], 0, []
    several = sum(type(k) is not slice for k in at) > 1  # a mask alone is left as it is
    for k in at:
        if isinstance(k, slice):
            checked += [k] if d < x.ndim else []  # a mask that is no tensor counts once, whatever it covers
            d += 1
            continue
        if d >= x.ndim:
            raise final(IndexError(f"too many indices for tensor of dimension {x.ndim}. Its shape is {list(x.shape)}."))
        if k.dtype not in (np.int64, np.int32, bool, np.uint8):
            raise final(IndexError("tensors used as indices must be long, int, byte or bool tensors. Use .long()."))
        if k.dtype == np.uint8:
            warnings.warn(
                "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                stacklevel=4,
            )
            k = k.astype(bool)
        if k.dtype == bool:
            for i, n in enumerate(k.shape):
                if d + i >= x.ndim or n != x.shape[d + i]:
                    raise final(IndexError(
                        f"The shape of the mask {list(k.shape)} at index {i} does not match the shape of the indexed "
                        f"tensor {list(x.shape)} at index {d + i}. A mask has the sizes of what it indexes."
                    ))  # fmt: skip
            if several:
                parts += [(d + i, part) for i, part in enumerate(k.nonzero())]
            d += k.ndim
        else:
            parts.append((d, k))
            d += 1
        checked.append(k)
    shapes = [k.shape for _, k in parts]
    if len(shapes) > 1 and broadcast_error(*shapes) is not None:
        raise final(IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            f"{', '.join(str(list(size)) for size in shapes)}. Each is the index of one dimension."
        ))  # fmt: skip
    if 0 in x._array.shape and any(x.shape[d] == 0 for d, _ in parts) and all(k.size for _, k in parts):
        raise final(IndexError("index is out of bounds for dimension with size 0"))
    return tuple(checked), parts


def check_inside(parts: list, shape: tuple) -> None:
    """Refuse positions outside the tensor; the first one is named."""
    if 0 in shape:
        return  # nothing is looked up there
    if not any(k.size and (k.min() < -shape[d] or k.max() >= shape[d]) for d, k in parts):
        return
    wrong = [(k < -shape[d]) | (k >= shape[d]) for d, k in parts]
    wrong = np.broadcast_arrays(*wrong)
    first = np.argmax(np.logical_or.reduce(wrong).reshape(-1))
    number, (d, k) = next((i, part) for i, part in enumerate(parts) if wrong[i].reshape(-1)[first])
    bad = np.broadcast_to(k, wrong[0].shape).reshape(-1)[first]
    raise final(IndexError(f"index {bad} is out of bounds for dimension {number} with size {shape[d]}"))
