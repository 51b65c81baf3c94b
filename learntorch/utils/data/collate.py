"""Examples put together into batches.

Read in chapter 09.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from copy import copy

import numpy as np

from ...base import TensorBase
from ...creation import as_tensor, tensor
from ...dtypes import float64
from ...joining import stack


def default_collate(batch: Sequence):
    """Examples put together into one batch: tensors stacked, numbers into a tensor, tuples and dicts by parts."""
    first = batch[0]
    if isinstance(first, TensorBase):
        return stack(list(batch))
    if isinstance(first, np.ndarray):
        _check(first.dtype)
        return stack([as_tensor(example) for example in batch])
    if isinstance(first, (np.bool_, np.number)):
        return as_tensor(np.stack(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        parts = {key: default_collate([example[key] for example in batch]) for key in first}
        return _filled(first, parts, MutableMapping)
    if isinstance(first, Sequence):
        if any(len(example) != len(first) for example in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [default_collate(part) for part in zip(*batch)]
        if hasattr(first, "_fields"):
            return type(first)(*parts)
        return parts if isinstance(first, tuple) else _filled(first, parts, MutableSequence)
    raise _unknown(type(first))


def _filled(first, parts, mutable: type):
    """The parts in a container like the first example: a copy of it, because it may have more to it."""
    try:
        if not isinstance(first, mutable):
            return type(first)(parts)
        filled = copy(first)
        for key, part in parts.items() if isinstance(parts, dict) else enumerate(parts):
            filled[key] = part
        return filled
    except TypeError:
        return parts


def _check(dtype: np.dtype) -> None:
    if dtype.kind in "SaUO":
        raise _unknown(dtype.str.replace("O", "object") if dtype.kind != "O" else "object")


def _unknown(kind: object) -> TypeError:
    return TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}. Give the "
        "loader a collate_fn of your own."
    )


def default_convert(data):
    """One example as it is, with NumPy arrays made into tensors: for a loader without batches."""
    if isinstance(data, (np.ndarray, np.bool_, np.number)):
        return data if isinstance(data, np.ndarray) and data.dtype.kind in "SaUO" else as_tensor(data)
    if isinstance(data, Mapping):
        return _filled(data, {key: default_convert(value) for key, value in data.items()}, MutableMapping)
    if isinstance(data, tuple):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else parts
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _filled(data, [default_convert(part) for part in data], MutableSequence)
    return data
