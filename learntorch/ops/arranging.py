"""Rules that put the elements of x in another order, or show windows of them.

Read in chapter 01.
"""

from __future__ import annotations

from math import prod

from ..devices import array_module
from .elementary import zeros_like
from .rule import ANY, PROMOTE, VIEW, differentiable
from .shape import Ints, diagonal, diagonal_scatter, flip, narrow, row_major
from .strides import as_strided_gradient, strided


@differentiable(ANY, x=lambda g, shifts, dims: roll(g, shifts=tuple(-s for s in shifts), dims=dims))
def roll(x, *, shifts: Ints, dims: Ints):
    """x with what is pushed out at one end of `dims` coming in again at the other; without dims, of x read in a row."""
    xp = array_module(x)
    if not dims:
        return row_major(xp.roll(x, shifts[0]))
    return row_major(xp.roll(x, shifts, dims))


@differentiable(ANY, x=lambda g, k, dims: rot90(g, k=-k, dims=dims), name="Rot90Backward0")
def rot90(x, *, k, dims: Ints):
    """x turned by k quarter turns in the plane of `dims`, from the first of them towards the second."""
    first, second = dims
    turned = {0: (), 1: (second,), 2: (first, second), 3: (first,)}[k % 4]
    out = flip.fn(x, dims=turned) if turned else x.copy(order="C")
    return out.swapaxes(first, second) if k % 2 else out


@differentiable(ANY, x=lambda g, x_shape, offset: diagonal_scatter(g, shape=x_shape, offset=offset, dim1=0, dim2=1),
                name="DiagonalBackward0_copy")  # fmt: skip
def diagonal_copy(x, *, offset):
    """The diagonal of a matrix, in memory of its own."""
    return diagonal.fn(x, offset=offset, dim1=0, dim2=1).copy()


@differentiable(ANY, VIEW, x=lambda g, x_shape, dimension, size, step: as_strided_gradient(
                    g, layout=_windows(x_shape, dimension, size, step)))  # fmt: skip
def unfold(x, *, dimension, size, step):
    """All windows of `size` positions along a dimension, one every `step`; a window is the last dimension."""
    _, _, shape, _, _ = _windows(x.shape, dimension, size, step)
    if not x.ndim:
        return x.reshape(shape) if size else strided(x, shape, (x.dtype.itemsize,))
    strides = list(x.strides)
    strides[dimension] *= step
    return strided(x, shape, (*strides, x.strides[dimension]))


def _windows(shape: tuple, dimension: int, size: int, step: int) -> tuple:
    """The layout of all windows in a row-major x."""
    strides = tuple(prod(shape[d + 1 :]) for d in range(len(shape)))
    if not shape:
        return (), (), (size,), (1,), 0
    count = (shape[dimension] - size) // step + 1
    seen = (*shape[:dimension], count, *shape[dimension + 1 :], size)
    steps = (*strides[:dimension], strides[dimension] * step, *strides[dimension + 1 :], strides[dimension])
    return shape, strides, seen, steps, 0


@differentiable(ANY, VIEW)
def view_as_type(x, *, dtype):
    """The bytes of x, read as numbers of another type."""
    return x.view(dtype)


@differentiable(ANY, x=lambda g: zeros_like(g), name=lambda form: form)
def drawn(x, *, numbers, form):
    """Random numbers in the place of the elements: what `x.uniform_()` records."""
    return array_module(x).asarray(numbers, x.dtype)


@differentiable(ANY, sources=lambda g, sources_shape: [zeros_like(g) for _ in sources_shape], name=lambda form: form)
def drawn_from(*sources, numbers, form):
    """Random numbers whose distribution depends on other numbers: what `torch.bernoulli(p)` records."""
    return array_module(sources[0]).asarray(numbers, sources[0].dtype)




def _blocks(g, shapes: list) -> list:
    """The parts of g that the blocks of these shapes cover."""
    parts, row, column = [], 0, 0
    for m, n in shapes:
        rows = narrow(g, dim=0, start=row, end=row + m)
        parts.append(narrow(rows, dim=1, start=column, end=column + n))
        row, column = row + m, column + n
    return parts


@differentiable(PROMOTE, matrices=lambda g, matrices_shape: _blocks(g, matrices_shape))
def block_diag(*matrices):
    """The matrices along the diagonal of a larger one, zeros elsewhere."""
    first = matrices[0]
    out = array_module(first).zeros(tuple(map(sum, zip(*(x.shape for x in matrices)))), first.dtype)
    row = column = 0
    for x in matrices:
        out[row : row + x.shape[0], column : column + x.shape[1]] = x
        row, column = row + x.shape[0], column + x.shape[1]
    return out
