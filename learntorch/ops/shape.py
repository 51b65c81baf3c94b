"""Rules that move elements about without changing them: views, joining, copying.

Read in chapter 01. A view is the same memory with another shape and other strides.
"""

from __future__ import annotations

from ..devices import array_module, device_of, move
from ..dtypes import of_numpy
from ..errors import dimension_error, final
from .elementary import zeros_like
from .rule import ANY, PROMOTE, VIEW, differentiable
from .strides import preserve_format, resolve_size, strided, view_strides, within

Ints = tuple  # an option of this type may be given as separate numbers


@differentiable(ANY, x=lambda g: g)
def clone(x, *, memory_format=preserve_format):
    """A copy of x with memory of its own, its dimensions in the same order in memory unless a format is asked for."""
    return memory_format.copy(x)


def row_major(x):
    """x, copied if it does not lie in memory row by row."""
    return x if x.flags.c_contiguous else x.copy(order="C")


@differentiable(ANY, x=lambda g: g, name="ToCopy")
def convert(x, *, dtype, memory_format=preserve_format):
    """x with elements of another type, in memory of its own."""
    if memory_format is not preserve_format or 0 in x.strides or x.dtype == dtype:
        x = memory_format.copy(x)
    return x.astype(dtype, copy=False)


@differentiable(ANY, VIEW, x=lambda g: g)
def alias(x):
    """x itself, as another tensor on the same memory."""
    return x[...]


@differentiable(ANY, x=lambda g, x: transfer(g, place=device_of(getattr(x, "_array", x))), name="ToCopy")
def transfer(x, *, place):
    """x on another device."""
    return move(x, place)


# Shapes ──────────────────────────────────────────────────────────────────────────────────────────


def is_viewable(x, size: tuple) -> bool:
    """True if `x` can be seen in the shape `size` without copying."""
    if x.flags.c_contiguous:
        return True
    return view_strides(x.shape, x.strides, resolve_size(size, x.size)) is not None


@differentiable(ANY, VIEW, x=lambda g, x_shape: reshape(g, size=x_shape), name=lambda form: form)
def view(x, *, size: Ints, form="View"):
    """The memory of x in another shape."""
    size = resolve_size(size, x.size)
    if x.flags.c_contiguous:
        return x.reshape(size)
    strides = view_strides(x.shape, x.strides, size)
    if strides is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans "
            "across two contiguous subspaces). Use .reshape(...) instead."
        )
    return strided(x, size, strides)


@differentiable(ANY, x=lambda g, x_shape: reshape(g, size=x_shape), name="UnsafeView")
def reshape(x, *, size: Ints):
    """x in another shape, copied where it has to be."""
    return x.reshape(resolve_size(size, x.size))


def wrap_dim(dim: int, ndim: int) -> int:
    """`dim` counted from the front."""
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise dimension_error(dim, ndim)
    return dim % n


def once(dims: tuple, ndim: int) -> tuple:
    """`dims` counted from the front; none of them may stand there twice."""
    found = tuple(wrap_dim(d, ndim) for d in dims)
    for i, d in enumerate(found):
        if d in found[:i]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims. Name every dimension once.")
    return found


@differentiable(ANY, VIEW, x=lambda g, dim0, dim1: transpose(g, dim0=dim0, dim1=dim1))
def transpose(x, *, dim0, dim1):
    """x with two dimensions swapped."""
    dim0, dim1 = wrap_dim(dim0, x.ndim), wrap_dim(dim1, x.ndim)
    return x.swapaxes(dim0, dim1) if x.ndim else x[...]


@differentiable(ANY, VIEW, x=lambda g: t(g))
def t(x):
    """The transpose of a matrix; a vector or a scalar stays as it is."""
    if x.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {x.ndim}D. Use transpose(dim0, dim1)."
        )
    return x.T


@differentiable(ANY, VIEW, x=lambda g, dims: permute(g, dims=inverse(dims)))
def permute(x, *, dims: Ints):
    """x with its dimensions in the order `dims`."""
    if len(dims) != x.ndim:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions i.e. input.dim() = {x.ndim} is not equal to len(dims) = {len(dims)}. "
            "Name every dimension once."
        )
    order = [wrap_dim(d, x.ndim) for d in dims]
    if len(set(order)) != len(order):
        raise RuntimeError("permute(): duplicate dims are not allowed. Name each dimension once.")
    return x.transpose(order)


def inverse(dims: tuple) -> tuple:
    """The permutation that undoes `dims`."""
    n = len(dims)
    back = [0] * n
    for i, d in enumerate(dims):
        back[d % n] = i
    return tuple(back)


@differentiable(ANY, VIEW, x=lambda g, x_shape: reshape(g, size=x_shape),
                name=lambda dim: f"Squeeze{0 if dim is None else 1 if isinstance(dim, int) else 2}")  # fmt: skip
def squeeze(x, *, dim=None):
    """x without its dimensions of size 1 (or without those in `dim`, where their size is 1)."""
    dims = range(x.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    drop = once(dims, x.ndim)
    return x.squeeze(tuple(d for d in drop if d < x.ndim and x.shape[d] == 1))


@differentiable(ANY, VIEW, x=lambda g, x_shape: reshape(g, size=x_shape))
def unsqueeze(x, *, dim):
    """x with a new dimension of size 1 at position `dim`."""
    at = wrap_dim(dim, x.ndim + 1)
    if at == x.ndim:  # NumPy is free to choose the stride of a dimension of size 1; PyTorch's is 1 here
        return strided(x, (*x.shape, 1), (*x.strides, x.dtype.itemsize))
    return array_module(x).expand_dims(x, at)


@differentiable(ANY, VIEW, x=lambda g, x_shape: sum_to(g, shape=x_shape))
def expand(x, *, size: Ints):
    """x repeated along dimensions of size 1, without copying: those dimensions get stride 0."""
    shape, strides = broadcast_layout(x, size)
    return within(x, shape, strides)


def broadcast_layout(x, size: tuple) -> tuple[tuple, tuple]:
    """Shape and strides of `x` expanded to `size` (−1: as it is)."""
    extra = len(size) - x.ndim
    if extra < 0:
        raise RuntimeError(
            f"expand(torch.{_type_name(x)}{{{list(x.shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor ({x.ndim})"
        )
    shape, strides = list(size), [0] * len(size)
    for d in reversed(range(len(size))):
        here = x.shape[d - extra] if d >= extra else 1
        if size[d] == -1:
            if d < extra:
                raise RuntimeError(
                    f"The expanded size of the tensor ({size[d]}) isn't allowed in a leading, non-existing dimension "
                    f"{d}. A size of -1 means: as it is."
                )
            shape[d] = here
        if here == shape[d] and d >= extra:
            strides[d] = x.strides[d - extra]
        elif here == shape[d]:  # nobody ever takes this step, but PyTorch says how long it is
            strides[d] = shape[d + 1] * strides[d + 1] if d + 1 < len(size) else x.dtype.itemsize
        elif here != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({size[d]}) must match the existing size ({here}) at "
                f"non-singleton dimension {d}.  Target sizes: {list(size)}.  Tensor sizes: {list(x.shape)}"
            )
    return tuple(shape), tuple(strides)


def _type_name(x) -> str:
    return of_numpy(x.dtype).legacy


@differentiable(ANY, x=lambda g, x_shape: expand(reshape(g, size=(1,) * (len(x_shape) - g.ndim) + tuple(g.shape)),
                                                 size=x_shape), name="SumToSize")  # fmt: skip
def sum_to(x, *, shape):
    """x summed over the dimensions along which `shape` was broadcast: the way back from expand."""
    extra = x.ndim - len(shape)
    axes = (*range(extra), *(d for d in range(extra, x.ndim) if shape[d - extra] == 1 and x.shape[d] != 1))
    return x.sum(axes, keepdims=True).reshape(shape) if axes else x.reshape(shape)


@differentiable(ANY, x=lambda g, x_shape, repeats: _add_repeats(g, x_shape, repeats))
def repeat(x, *, repeats: Ints):
    """x copied side by side, so many times along each dimension."""
    size = [n * times for n, times in zip((1,) * (len(repeats) - x.ndim) + x.shape, repeats, strict=True)]
    if min(size, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {size}. Repeat more often.")
    return row_major(array_module(x).tile(x, repeats))


def _add_repeats(g, shape: tuple, repeats: tuple):
    """The gradients of all copies added up: each dimension is cut into (copies, size), the copies are summed."""
    shape = (1,) * (len(repeats) - len(shape)) + tuple(shape), shape
    apart = reshape(g, size=tuple(n for pair in zip(repeats, shape[0]) for n in pair))
    total = reshape(sum_to(apart, shape=tuple(n for size in shape[0] for n in (1, size))), size=shape[1])
    return zeros_like(total) if 0 in repeats else total  # of no copy at all: zeros without a history


# Parts ───────────────────────────────────────────────────────────────────────────────────────────


@differentiable(ANY, VIEW, name=lambda form: form,
                x=lambda g, x_shape, dim, index: select_scatter(g, shape=x_shape, dim=dim, index=index))  # fmt: skip
def select(x, *, dim, index, form="Select"):
    """The part of x at one position of a dimension, which disappears."""
    return x[_at(x.ndim, dim, index)]


@differentiable(ANY, g=lambda g, dim, index: select(g, dim=dim, index=index))
def select_scatter(g, *, shape, dim, index):
    """Zeros of `shape` with g at one position of a dimension."""
    x = array_module(g).zeros(shape, g.dtype)
    x[_at(len(shape), dim, index)] = g
    return x


@differentiable(ANY, VIEW, name="Slice", x=lambda g, x_shape, dim, start, end, step: narrow_scatter(
                    g, shape=x_shape, dim=dim, start=start, end=end, step=step))  # fmt: skip
def narrow(x, *, dim, start, end, step=1):
    """Every `step`-th position of a dimension from `start` up to `end`."""
    return x[_at(x.ndim, dim, slice(start, end, step))]


@differentiable(ANY, VIEW, name=lambda form: form,
                x=lambda g, x_shape, dim, start, end: narrow_scatter(
                    g, shape=x_shape, dim=dim, start=start, end=end))  # fmt: skip
def piece(x, *, dim, start, end, form="Split"):
    """One part of a split."""
    return narrow.fn(x, dim=dim, start=start, end=end)


@differentiable(ANY, g=lambda g, dim, start, end, step: narrow(g, dim=dim, start=start, end=end, step=step))
def narrow_scatter(g, *, shape, dim, start, end, step=1):
    """Zeros of `shape` with g at a slice of a dimension."""
    x = array_module(g).zeros(shape, g.dtype)
    x[_at(len(shape), dim, slice(start, end, step))] = g
    return x


def _at(ndim: int, dim: int, index) -> tuple:
    return (slice(None),) * dim + (index,) + (slice(None),) * (ndim - dim - 1) + (...,)


@differentiable(ANY, VIEW, x=lambda g, x_shape, offset, dim1, dim2: diagonal_scatter(
                    g, shape=x_shape, offset=offset, dim1=dim1, dim2=dim2))  # fmt: skip
def diagonal(x, *, offset=0, dim1=0, dim2=1):
    """The diagonal over two dimensions, as the last dimension of the result."""
    dim1, dim2 = wrap_dim(dim1, x.ndim), wrap_dim(dim2, x.ndim)
    if dim1 == dim2:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}. Name two different ones.")
    view = x.diagonal(offset, dim1, dim2)
    if not view.flags.writeable and x.flags.writeable:
        view.flags.writeable = True  # NumPy hands a diagonal out read-only
    return view


@differentiable(ANY, g=lambda g, offset, dim1, dim2: diagonal(g, offset=offset, dim1=dim1, dim2=dim2),
                name=lambda form: form)  # fmt: skip
def diagonal_scatter(g, *, shape, offset, dim1, dim2, form="DiagonalScatter"):
    """Zeros of `shape` with g on a diagonal."""
    x = array_module(g).zeros(shape, g.dtype)
    diagonal.fn(x, offset=offset, dim1=dim1, dim2=dim2)[...] = g
    return x


@differentiable(ANY, x=lambda g, dims: flip(g, dims=dims))
def flip(x, *, dims: Ints):
    """x with the order of elements reversed along `dims`."""
    dims = once(dims, x.ndim)
    return array_module(x).flip(x, dims if x.ndim else ()).copy(order="C" if 0 in x.strides else "K")


@differentiable(ANY, x=lambda g, diagonal: tril(g, diagonal=diagonal))
def tril(x, *, diagonal=0):
    """The lower triangle of a matrix, zeros above."""
    _at_least_a_matrix("tril", x)
    return row_major(array_module(x).tril(x, diagonal))


@differentiable(ANY, x=lambda g, diagonal: triu(g, diagonal=diagonal))
def triu(x, *, diagonal=0):
    """The upper triangle of a matrix, zeros below."""
    _at_least_a_matrix("triu", x)
    return row_major(array_module(x).triu(x, diagonal))


def _at_least_a_matrix(name: str, x) -> None:
    if x.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions. A triangle is part of a matrix.")


# Joining ─────────────────────────────────────────────────────────────────────────────────────────


def _pieces(g, shapes: list, dim: int) -> list:
    """g cut along `dim` into parts of the sizes that were joined."""
    parts, start = [], 0
    for shape in shapes:
        if shape == (0,) and g.ndim != 1:  # PyTorch lets an empty vector pass in a cat of anything
            parts.append(None)
            continue
        parts.append(narrow(g, dim=dim, start=start, end=start + shape[dim]))
        start += shape[dim]
    return parts


@differentiable(PROMOTE, tensors=lambda g, tensors_shape, dim: _pieces(g, tensors_shape, dim % g.ndim))
def cat(*tensors, dim=0):
    """The tensors one after the other along `dim`."""
    if not tensors:
        raise final(ValueError(
            "torch.cat(): expected a non-empty list of Tensors. "
            "Is the list filled before it is joined?"
        ))
    for i, x in enumerate(tensors):
        if x.ndim == 0:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {i}) cannot be concatenated. Use stack(), or unsqueeze(0) first."
            )
    kept = [x for x in tensors if x.shape != (0,)]
    if not kept:
        return tensors[0].copy()
    first = kept[0]
    at = wrap_dim(dim, first.ndim)
    for i, x in enumerate(kept):
        if x.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}. "
                "Use stack() to join along a new dimension."
            )
        for d in range(x.ndim):
            if d != at and x.shape[d] != first.shape[d]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {at}. Expected size {first.shape[d]} but "
                    f"got size {x.shape[d]} for tensor number {i} in the list."
                )
    return row_major(array_module(first).concatenate(kept, at))


@differentiable(PROMOTE, tensors=lambda g, tensors_shape, dim: [
                    select(g, dim=dim % g.ndim, index=i) for i in range(len(tensors_shape))])  # fmt: skip
def stack(*tensors, dim=0):
    """The tensors side by side along a new dimension `dim`."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList. Is the list filled before it is joined?")
    first = tensors[0]
    for i, x in enumerate(tensors):
        if x.shape != first.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first.shape)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
    return row_major(array_module(first).stack(tensors, wrap_dim(dim, first.ndim + 1)))
