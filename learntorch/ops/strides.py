"""Strides: how a shape lies in memory, and the rules that see memory through other strides.

Read in chapter 01. A stride is the step from one element to the next along a dimension.
A layout is (base shape, base strides, view shape, view strides, offset), all counted in elements.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..devices import array_module
from .layout import arranged
from .rule import ANY, VIEW, differentiable


def resolve_size(size: tuple, count: int) -> tuple:
    """`size` with its one −1 replaced by what makes the product `count`."""
    for i, n in enumerate(size):
        if n < -1:
            raise RuntimeError(f"invalid shape dimension {n} at index {i} of shape {list(size)}. Sizes count elements.")
    if -1 in size:
        if size.count(-1) > 1:
            raise RuntimeError("only one dimension can be inferred. Write -1 for one size at most.")
        known = -prod(size)
        if known == 0 and count == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(size)} because the unspecified "
                "dimension size -1 can be any value and is ambiguous"
            )
        if known and count % known == 0:
            size = tuple(count // known if s == -1 else s for s in size)
    if prod(size) != count or any(s < 0 for s in size):
        raise RuntimeError(
            f"shape '{list(size)}' is invalid for input of size {count}. The product of the sizes must be "
            f"{count}; one size may be -1."
        )
    return size


def view_strides(shape: tuple, strides: tuple, size: tuple) -> tuple | None:
    """The strides with which `size` sees the memory of a tensor, or None if no strides can.

    Walk over the dimensions from the last: neighbours that lie in memory as one run form a block, and
    each block has to be cut into whole dimensions of the new shape.
    """
    if 0 in shape:
        return tuple(prod(size[i + 1 :]) for i in range(len(size)))
    new, at = [0] * len(size), len(size) - 1
    block, step = 1, strides[-1] if strides else 1
    for d in reversed(range(len(shape))):
        block *= shape[d]
        ends = d == 0 or (shape[d - 1] != 1 and strides[d - 1] != block * step)
        if not ends:
            continue
        filled = 1
        while at >= 0 and (filled < block or size[at] == 1):
            new[at] = filled * step
            filled *= size[at]
            at -= 1
        if filled != block:
            return None
        if d > 0:
            block, step = 1, strides[d - 1]
    for i in range(at, -1, -1):  # what is left are sizes of one
        new[i] = new[i + 1] * size[i + 1] if i + 1 < len(size) else 1
    return tuple(new)


def strided(x, shape: tuple, strides: tuple):
    """The memory of `x`, from its first element on, with this shape and these strides (in bytes)."""
    return array_module(x).lib.stride_tricks.as_strided(x, shape, strides)


def within(x, shape: tuple, strides: tuple):
    """`strided` for what lies inside `x`.

    Note [A view by its parts]: NumPy's constructor takes the memory and checks the bounds in a sixth of the time.
    """
    if isinstance(x, (np.ndarray, np.generic)) and x.flags.c_contiguous:
        return np.ndarray(shape, x.dtype, np.asarray(x), 0, strides)
    return strided(x, shape, strides)


def _laid_out(x, shape: tuple, strides: tuple):
    """A copy of `x` whose memory has the given strides, and the flat memory itself."""
    extent = 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if 0 not in shape else 0
    flat = array_module(x).zeros(extent, x.dtype)
    copy = strided(flat, shape, tuple(s * x.dtype.itemsize for s in strides))
    copy[...] = x
    return copy, flat


def _window(flat, layout: tuple):
    """The view that `layout` describes, in the flat memory of its base."""
    _, _, shape, strides, offset = layout
    return strided(flat[offset:], shape, tuple(s * flat.dtype.itemsize for s in strides))


@differentiable(ANY, VIEW, name="AsStrided", x=lambda g, layout: as_strided_gradient(g, layout=layout))
def restride(x, *, layout):
    """The memory of x with other sizes and strides."""
    _, _, size, stride, offset = layout
    n = x.dtype.itemsize
    start = strided(x, (1,) * x.ndim, x.strides).reshape(-1)[:1]
    if offset:  # before the first element of x, if x begins inside its memory
        start = strided(start, (abs(offset) + 1,), (n if offset > 0 else -n,))[-1:]
    return strided(start, size, tuple(step * n for step in stride))


@differentiable(ANY, x=lambda g, layout: as_strided_gradient(g, layout=layout))
def as_strided(x, *, layout):
    """The elements of x that a view with this layout sees."""
    return _window(_laid_out(x, *layout[:2])[1], layout)


@differentiable(ANY, g=lambda g, layout: as_strided(g, layout=layout))
def as_strided_gradient(g, *, layout):
    """Zeros in the shape of the base, with g added where the view sees them."""
    base_shape, base_strides, shape, strides, offset = layout
    xp = array_module(g)
    at = xp.asarray(offset) + sum(
        (xp.arange(n) * s).reshape((-1,) + (1,) * (len(shape) - d - 1))
        for d, (n, s) in enumerate(zip(shape, strides, strict=True))
    )
    base, flat = _laid_out(xp.zeros(base_shape, g.dtype), base_shape, base_strides)
    if offset < 0 or (at.size and at.max() >= len(flat)):  # the view sees memory that the base does not
        inside = (at >= 0) & (at < len(flat))
        at, g = at[inside], g[inside]
    xp.add.at(flat, at, g)
    repeats = prod(n for n, s in zip(base_shape, base_strides) if s == 0)
    if repeats > 1:  # what an expanded base shows several times gets one share for each
        flat /= repeats
    return base


@differentiable(ANY, x=lambda g, layout: as_strided_scatter(g, as_strided(g, layout=layout) * 0, layout=layout),
                piece=lambda g, layout: as_strided(g, layout=layout))  # fmt: skip
def as_strided_scatter(x, piece, *, layout):
    """x with the elements that the view sees replaced by `piece`."""
    copy, flat = _laid_out(x, *layout[:2])
    _window(flat, layout)[...] = piece
    return copy


# Orders of the dimensions in memory ──────────────────────────────────────────────────────────────


class memory_format:
    """In which order the dimensions of a new tensor lie in memory; None: as in the tensor that it is made from."""

    __slots__ = ("name", "order", "ndim")

    def __init__(self, name: str, order: tuple | None, ndim: int | None = None) -> None:
        self.name, self.order, self.ndim = name, order, ndim

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def copy(self, x):
        """A copy of `x` that lies in memory in this order."""
        if self.order is None:
            return arranged(x.copy(order="C"), x) if 0 in x.strides else x.copy(order="K")
        if not self.order:
            return x.copy(order="C")
        if x.ndim != self.ndim:
            raise RuntimeError(f"required rank {self.ndim} tensor to use {self.name} format. This one has {x.ndim}.")
        back = [self.order.index(d) for d in range(x.ndim)]
        return x.transpose(self.order).copy(order="C").transpose(back)

    def holds(self, x) -> bool:
        """True if `x` lies in memory in this order."""
        if self.ndim is not None and x.ndim != self.ndim:
            return False
        return bool((x.transpose(self.order) if self.order else x).flags.c_contiguous)


preserve_format = memory_format("preserve_format", None)
contiguous_format = memory_format("contiguous_format", ())
channels_last = memory_format("channels_last", (0, 2, 3, 1), 4)  # pictures whose colours lie side by side
