"""Promotion: how operands of different types meet before a rule computes with them.

Read in chapter 01. Which type two types give together stands in dtypes.py; here the arrays are converted.
"""

from __future__ import annotations

import numpy as np

from ..dtypes import get_default_dtype, result_dtype
from .rule import FLOAT, NUMBERS, PROMOTE


def promote(operands: tuple, types: str = PROMOTE) -> tuple:
    """The operands in their common type, which a rule with these `types` can take."""
    dtype = result_dtype(*(x for x in operands if x is not None))
    if types == NUMBERS and any(getattr(x, "dtype", type(x)) == bool for x in operands):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    if types == FLOAT and not dtype.is_floating_point:
        dtype = get_default_dtype()
    return tuple(_cast(x, dtype.numpy) for x in operands)


def _cast(x, dtype: np.dtype):
    if x is None:
        return None
    if hasattr(x, "dtype"):
        return x if x.dtype == dtype else x.astype(dtype)
    if dtype.kind in "iu" and isinstance(x, int):
        bits = 8 * dtype.itemsize
        wrapped = int(x) & ((1 << bits) - 1)  # integers wrap around, as in PyTorch
        return dtype.type(wrapped - (1 << bits) if dtype.kind == "i" and wrapped >> (bits - 1) else wrapped)
    return dtype.type(x)
