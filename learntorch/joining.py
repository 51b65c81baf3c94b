"""Functions that make one tensor of several: end to end, side by side, as a grid.

Read in chapter 01.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations as combinations_of
from itertools import combinations_with_replacement

import numpy as np

from .base import TensorBase, wrap
from .errors import broadcast_error, final, warn_once
from .functions import broadcast_shapes, function
from .methods.signatures import function_signature
from .ops import arranging
from .ops import shape as ops
from .out import into, refuse_gradients
from .recording import recorded
from .tensor import Tensor

_JOIN = "tensors tensors, int dim = 0, *, Tensor out = None"


def _all_tensors(tensors: Sequence) -> Sequence[Tensor]:
    for i, x in enumerate(tensors):
        if not isinstance(x, TensorBase):
            raise final(TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}. Wrap it in torch.tensor."
            ))  # fmt: skip
    return tensors


@function_signature(_JOIN)
def cat(tensors: Sequence[Tensor], dim: int = 0, *, out=None) -> Tensor:
    """The tensors one after the other along `dim`, which exists already."""
    tensors = _all_tensors(tensors)
    if out is not None:
        refuse_gradients("cat", (*tensors, out))
    result = recorded(ops.cat)(*tensors, dim=dim)
    if out is not None and not np.can_cast(result._array.dtype, out._array.dtype, "same_kind"):
        raise final(TypeError(
            "torch.cat(): input types can't be cast to the desired output type "
            f"{out.dtype.short}. Convert them first."
        ))  # fmt: skip
    return result if out is None else into("cat", out, result)


@function_signature(_JOIN)
def concat(tensors: Sequence[Tensor], dim: int = 0, *, out=None) -> Tensor:
    """The same as `cat`."""
    return cat(tensors, dim, out=out)


@function_signature(_JOIN)
def concatenate(tensors: Sequence[Tensor], dim: int = 0, *, out=None) -> Tensor:
    """The same as `cat`."""
    return cat(tensors, dim, out=out)


@function_signature(_JOIN)
def stack(tensors: Sequence[Tensor], dim: int = 0, *, out=None) -> Tensor:
    """The tensors side by side along a new dimension `dim`."""
    result = recorded(ops.stack)(*_all_tensors(tensors), dim=dim)
    return result if out is None else into("stack", out, result)


def _stacker(name: str, prepare: Callable, dim: Callable, doc: str) -> Callable:
    """A form of `cat` that first gives every tensor the dimensions that it joins along."""

    def call(tensors: Sequence[Tensor], *, out=None) -> Tensor:
        if not _all_tensors(tensors):
            raise RuntimeError(f"{name} expects a non-empty TensorList. Is the list filled before it is joined?")
        ready = [prepare(x) for x in tensors]
        return cat(ready, dim(ready[0]), out=out)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = doc
    return function_signature("tensors tensors, *, Tensor out = None")(call)


def _at_least(one: Callable, tensors: tuple) -> Tensor | tuple[Tensor, ...]:
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    elif len(tensors) == 1:
        return one(_all_tensors(tensors)[0])
    return tuple(one(x) for x in _all_tensors(tensors))


def _rows(x: Tensor) -> Tensor:
    return x.reshape((1, 1)) if x.ndim == 0 else x.unsqueeze(0) if x.ndim == 1 else x


def _planes(x: Tensor) -> Tensor:
    if x.ndim == 0:
        return x.reshape((1, 1, 1))
    return x.unsqueeze(0).unsqueeze(-1) if x.ndim == 1 else x.unsqueeze(-1) if x.ndim == 2 else x


def atleast_1d(*tensors: Tensor) -> Tensor | tuple[Tensor, ...]:
    """A number as a vector; everything else as it is."""
    return _at_least(lambda x: x if x.ndim else x.reshape((1,)), tensors)


def atleast_2d(*tensors: Tensor) -> Tensor | tuple[Tensor, ...]:
    """A number or a vector as a matrix of one row; everything else as it is."""
    return _at_least(_rows, tensors)


def atleast_3d(*tensors: Tensor) -> Tensor | tuple[Tensor, ...]:
    """With dimensions of size 1 until there are three."""
    return _at_least(_planes, tensors)


hstack = _stacker("hstack", atleast_1d, lambda x: min(x.ndim - 1, 1), "The tensors one after the other along columns.")
vstack = _stacker("vstack", atleast_2d, lambda x: 0, "The tensors below each other, a vector as a row.")
row_stack = _stacker("row_stack", atleast_2d, lambda x: 0, "The same as `vstack`.")
dstack = _stacker("dstack", atleast_3d, lambda x: 2, "The tensors behind each other, along the third dimension.")
column_stack = _stacker("column_stack", lambda x: x if x.ndim > 1 else x.reshape((x.numel(), 1)), lambda x: 1,
                        "The tensors beside each other, a vector as a column.")  # fmt: skip


def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of a larger one, zeros elsewhere."""
    blocks = [_rows(x) for x in _all_tensors(tensors)] or [wrap(np.zeros((1, 0), np.float32))]
    for i, x in enumerate(blocks):
        if x.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x.ndim} dimensions"
            )
    return recorded(arranging.block_diag)(*blocks)


def split(tensor: Tensor, split_size_or_sections, dim: int = 0) -> tuple:
    """Parts of one size along `dim` (the last may be smaller), or of the sizes in a list."""
    return tensor.split(split_size_or_sections, dim)


_repeat = function("repeat_interleave")


def repeat_interleave(input: Tensor, repeats=None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Every position of `dim` several times in a row; of counts alone, each index as often as its count says."""
    if repeats is None:
        return _repeat(wrap(np.arange(input.numel())), input)
    return _repeat(input, repeats, dim, output_size=output_size)


# Grids ───────────────────────────────────────────────────────────────────────────────────────────


def meshgrid(*tensors: Tensor, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid, one tensor per axis, from the coordinates along each axis.

    Shape: (m,) and (n,) → twice (m, n), or twice (n, m) with indexing="xy".
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    _all_tensors(tensors)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList. Give the coordinates along each axis.")
    for x in tensors:
        if x.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {x._array}")
        if x.dtype is not tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype. Convert them with .to(dtype).")
    if indexing is None:
        warn_once("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.")
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}. Rows come first in "ij".'
        )
    swap = indexing == "xy" and len(tensors) > 1
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    size = tuple(x.numel() for x in tensors)
    grid = [
        x.view([-1 if d == i else 1 for d in range(len(size))]).expand(size)
        for i, x in enumerate(tensors)
    ]  # fmt: skip
    return (grid[1], grid[0], *grid[2:]) if swap else tuple(grid)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All tuples with one element of each vector, as rows."""
    for x in _all_tensors(tensors):
        if x.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}. Flatten it first.")
    if len(tensors) == 1:
        return tensors[0]
    return stack([x.flatten() for x in meshgrid(*tensors, indexing="ij")], 1)


@function_signature("Tensor input, int r = 2, bool with_replacement = False")
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of `r` elements of a vector, as rows."""
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}. Flatten it first.")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}. It is how many to choose.")
    choose = combinations_with_replacement if with_replacement else combinations_of
    at = np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)
    return input[wrap(at)] if r else input[:0]


def broadcast_tensors(*tensors: Tensor) -> tuple:
    """The tensors expanded to their common shape."""
    clash = broadcast_error(*(x.shape for x in _all_tensors(tensors)))
    if clash is not None:
        raise clash
    size = broadcast_shapes(*(x.shape for x in tensors))
    return tuple(x if x.shape == size else x.expand(size) for x in tensors)
