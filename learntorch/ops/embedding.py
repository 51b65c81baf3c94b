"""Rules for tables with a row for each thing, and things named by the numbers of their rows.

Read in chapter 08.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from ..dtypes import of_numpy
from ..errors import final
from .rule import ANY, differentiable
from .shape import unsqueeze


@differentiable(ANY, weight=lambda g, indices, weight_shape, padding_idx:
                embedding_gradient(g, indices, rows=weight_shape[0], padding_idx=padding_idx))  # fmt: skip
def embedding(weight, indices, *, padding_idx=-1):
    """The row of `weight` for each index."""
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D. It has one row for each index.")
    if indices.dtype not in (np.int64, np.int32):
        kind = of_numpy(indices.dtype).legacy
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{'CPUBoolType' if kind == 'BoolTensor' else f'torch.{kind}'} instead (while checking arguments for "
            "embedding). Use .long()."
        )
    if indices.size and (indices.min() < 0 or indices.max() >= len(weight)):
        raise final(IndexError(f"index out of range in self. Rows are counted from 0 to {len(weight) - 1}."))
    return array_module(weight).ascontiguousarray(weight[indices])


@differentiable(ANY, g=lambda g, indices, padding_idx:
                embedding(g, indices) * unsqueeze(indices != padding_idx, dim=-1))  # fmt: skip
def embedding_gradient(g, indices, *, rows, padding_idx):
    """For each row the sum of g over the places that it went to; 0 for the row `padding_idx`."""
    z = array_module(g).zeros((rows, g.shape[-1]), g.dtype)
    array_module(g).add.at(z, indices, g)
    if padding_idx >= 0:
        z[padding_idx] = 0
    return z
