"""Promotion: how operands of different types meet before a rule computes with them.

Read in chapter 01. Which type two types give together stands in dtypes.py; here the arrays are converted.
"""

from __future__ import annotations

import numpy as np

from ..dtypes import get_default_dtype, result_dtype
from ..errors import final
from .layout import arranged
from .rule import FLOAT, HELD, NUMBERS, PROMOTE


def promote(operands: tuple, types: str = PROMOTE) -> tuple:
    """The operands in their common type, which a rule with these `types` can take."""
    dtype = result_dtype(*(x for x in operands if x is not None))
    if types == NUMBERS and any(getattr(x, "dtype", type(x)) == bool for x in operands):
        raise no_bool_difference()
    if types == FLOAT and not dtype.is_floating_point:
        dtype = get_default_dtype()
    if types == HELD and dtype.numpy.kind in "iu":
        first, *others = operands
        operands = (first, *(number(x, dtype.numpy) if isinstance(x, int) else x for x in others))
    if types == HELD and dtype.numpy == bool:  # of a power, True and False are numbers that bools may be raised to
        return tuple(x if isinstance(x, bool) else cast(x, dtype.numpy) for x in operands)
    return tuple(cast(x, dtype.numpy) for x in operands)


def no_bool_difference() -> RuntimeError:
    """What PyTorch says of a difference in which there are bools."""
    return RuntimeError(
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
        "use the `~` or `logical_not()` operator instead."
    )


def cast(x, dtype: np.dtype):
    """An array or a Python number in this type."""
    if x is None:
        return None
    if hasattr(x, "dtype"):
        return x if x.dtype == dtype else arranged(x.astype(dtype), x)
    if dtype.kind in "iu" and isinstance(x, int):
        bits = 8 * dtype.itemsize
        wrapped = int(x) & ((1 << bits) - 1)  # integers wrap around, as in PyTorch
        return dtype.type(wrapped - (1 << bits) if dtype.kind == "i" and wrapped >> (bits - 1) else wrapped)
    return dtype.type(x)


_C_NAMES = {"uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t",
            "float16": "c10::Half", "float32": "float", "float64": "double", "bool": "bool"}  # fmt: skip


def number(value, dtype: np.dtype):
    """A Python number as one of this type, if the type is wide enough: fractions are cut off, and −1 is 255 in uint8.

    Raises:
        RuntimeError: "value cannot be converted to type int8_t without overflow. …"
    """
    if dtype.kind == "f" and type(value) in (int, float) and -60_000 < value < 60_000:  # fits into every one of them
        return float(value)
    if dtype == bool:
        return bool(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise final(ValueError("Overflow when unpacking long long. Integers have 64 bits."))
    whole = dtype.kind in "iu"
    limits = np.iinfo(dtype) if whole else np.finfo(dtype)
    low, high = (int if whole else float)(limits.min), (int if whole else float)(limits.max)
    if dtype.kind == "u" and isinstance(value, int):
        low = -high  # PyTorch lets negative integers wrap around
    fits = not isinstance(value, complex) and (low <= value <= high or (not whole and not np.isfinite(value)))
    if not fits:
        raise final(RuntimeError(
            f"value cannot be converted to type {_C_NAMES[dtype.name]} without overflow. Take a number between "
            f"{low} and {high}, or a wider type."
        ))  # fmt: skip
    if not whole:
        return float(value)
    return int(value) % 256 if dtype.kind == "u" else int(value)
