"""How data become arrays: numbers, nested lists, NumPy arrays, tensors.

Read in chapter 02.
"""

from __future__ import annotations

import functools

import numpy as np

from .. import dtypes
from ..base import TensorBase, memory
from ..errors import kind_of, warn_once
from ..modes import grad_mode
from ..ops.strides import strided


def read(data: object, wanted: np.dtype | None) -> np.ndarray:
    """`data` as an array of the type asked for, or else of the type that PyTorch infers; shared where possible."""
    if isinstance(data, TensorBase):
        array = memory(data)
    elif isinstance(data, np.ndarray):
        array = checked(data)
    else:
        return _of_lists(data, wanted)
    return array if wanted is None or array.dtype == wanted else grad_mode.quietly(array.astype, wanted)


def checked(array: np.ndarray) -> np.ndarray:
    """`array`, if a tensor can stand on it.

    Raises:
        TypeError: "can't convert np.ndarray of type numpy.str_. …"
        ValueError: "At least one stride in the given numpy array is negative, …"
    """
    dtypes.of_numpy(array.dtype)
    if any(step < 0 for step in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    return array


def writable(array: np.ndarray) -> np.ndarray:
    """`array`, made writable: PyTorch knows no other tensors. It warns once."""
    if array.flags.writeable:
        return array
    warn_once(
        "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing "
        "to this tensor will result in undefined behavior. You may want to copy the array to protect its data or make "
        "it writable before converting it to a tensor. This type of warning will be suppressed for the rest of this "
        "program."
    )
    return np.asarray(_Unlocked(array))


def borrowed(array: np.ndarray) -> np.ndarray:
    """`array`, as a tensor borrows it: with a memory that reaches from its first element to its last and no further."""
    array = writable(array)
    block = np.asarray(memoryview(array))
    if not array.size or (block.flags.forc and block.strides == array.strides):
        return block if array.size else array
    room = sum((n - 1) * step for n, step in zip(array.shape, array.strides)) // array.itemsize + 1
    block = np.asarray(memoryview(strided(array, (room,), (array.itemsize,))))
    return strided(block, array.shape, array.strides)


class _Unlocked:
    """The memory of a read-only array, for NumPy to see as writable."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__ | {"data": (array.ctypes.data, False)}


# Nested lists ────────────────────────────────────────────────────────────────────────────────────


def _of_lists(data: object, wanted: np.dtype | None) -> np.ndarray:
    if isinstance(data, str):
        raise _text()
    shape = _shape(data)
    if wanted is None:
        kinds = _kinds(data)
        wanted = functools.reduce(dtypes.promote_types, kinds).numpy if kinds else dtypes.get_default_dtype().numpy
    rows: list[np.ndarray] = []
    if 0 not in shape:
        _collect(data, shape, 0, wanted, rows)
    return np.concatenate(rows).reshape(shape) if rows else np.zeros(shape, wanted)


def _is_sequence(data: object) -> bool:
    if isinstance(data, (list, tuple, range, np.ndarray)):
        return True
    other = isinstance(data, (TensorBase, dict, np.generic))
    return hasattr(data, "__len__") and hasattr(data, "__getitem__") and not other


def _shape(data: object) -> tuple:
    """The shape of nested lists, read off the first of each."""
    sizes = []
    while _is_sequence(data):
        if isinstance(data, str):
            raise ValueError("too many dimensions 'str'. A tensor holds numbers: convert the text with float().")
        sizes.append(len(data))
        if not sizes[-1]:
            break
        if len(sizes) == 1 and isinstance(data, list) and isinstance(data[0], np.ndarray) and data[0].ndim:
            warn_once(
                "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the "
                "list to a single numpy.ndarray with numpy.array() before converting to a tensor."
            )
        data = data[0]
    return tuple(sizes)


def _kinds(data: object) -> set[dtypes.dtype]:
    """The types of all numbers in nested lists."""
    if isinstance(data, str):
        raise _text()
    if hasattr(data, "dtype"):  # a tensor, an array, a number of NumPy's
        return {dtypes.of_numpy(np.dtype(getattr(data, "_array", data).dtype))}
    if _is_sequence(data):
        plain = set(map(type, data)) if len(data) else {float}
        if plain <= _PLAIN:
            return {dtypes.of_scalar(kind()) for kind in plain}
        return set().union(*map(_kinds, data))
    if not isinstance(data, (bool, int, float)):
        kind = type(data).__name__
        raise RuntimeError(f"Could not infer dtype of {kind}. Give numbers, lists of numbers, or an array.")
    return {dtypes.of_scalar(data)}


_PLAIN = {bool, int, float}


def _collect(data: object, shape: tuple, depth: int, wanted: np.dtype, rows: list) -> None:
    """Store nested lists row by row; PyTorch's sentence where a row has another length."""
    if depth == len(shape):
        rows.append(_stored([data], wanted))
        return
    if not _is_sequence(data):
        raise TypeError(f"not a sequence. At dim {depth} stands a number, and before it a list of {shape[depth]}.")
    if len(data) != shape[depth]:
        raise ValueError(
            f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)}). "
            "Every row must have the same length."
        )
    if depth == len(shape) - 1:
        rows.append(_stored(data.tolist() if isinstance(data, np.ndarray) else data, wanted))
        return
    for row in data:
        _collect(row, shape, depth + 1, wanted, rows)


def _number(x: object, wanted: np.dtype) -> object:
    """One element as a number of Python's."""
    if isinstance(x, (int, float)):
        return x
    if isinstance(x, TensorBase) or (isinstance(x, np.ndarray) and not x.ndim) or isinstance(x, np.number):
        if wanted.kind == "f":
            return float(x)
        if not isinstance(x, np.floating):
            return x.__index__()
    kind = kind_of(x)
    if wanted.kind == "f":
        if isinstance(x, np.bool_):
            return float(x)
        raise TypeError(f"must be real number, not {kind}. The first element is a number, so all of them have to be.")
    raise TypeError(f"'{kind}' object cannot be interpreted as an integer. The first element is a number.")


def _stored(numbers: list, wanted: np.dtype) -> np.ndarray:
    """A row of numbers as an array, if the type can hold them."""
    if not set(map(type, numbers)) <= _PLAIN:
        numbers = [x if wanted.kind == "b" and isinstance(x, np.bool_) else _number(x, wanted) for x in numbers]
    if wanted.kind == "b":
        return np.array([bool(x) for x in numbers], wanted)
    try:
        if wanted.kind == "f":
            return grad_mode.quietly(np.array(numbers, np.float64).astype, wanted)
        limits = np.iinfo(wanted)
        if any(type(x) is float and not limits.min <= x <= limits.max for x in numbers):
            _overflow(wanted)
        numbers = [int(x) if type(x) is float else x for x in numbers]
        array = np.array(numbers, np.int64)
    except OverflowError as error:
        if wanted.kind == "f":
            raise OverflowError(f"{error}. Numbers end at about 1.8e308.") from None
        raise ValueError("Overflow when unpacking long long. Integers must fit into 64 bits.") from None
    low = limits.min or -limits.max  # for an unsigned type, −1 counts from the top down
    if array.size and not (low <= array.min() and array.max() <= limits.max):
        _overflow(wanted)
    return array.astype(wanted)


def _overflow(wanted: np.dtype) -> None:
    limits = np.iinfo(wanted)
    raise RuntimeError(
        f"value cannot be converted to type {wanted.name} without overflow. It holds {limits.min} to {limits.max}."
    )


def _text() -> TypeError:
    return TypeError("new(): invalid data type 'str'. A tensor holds numbers: convert the text with float() or int().")
