"""Rules for convolution and pooling.

Read in chapter 08. Letters: N batch, C channels in, O channels out, H × W the image, P × Q the result,
K × L the kernel. Every patch of the image becomes one column of a matrix, so a convolution is one
matrix product (im2col); its three gradients are products of the same columns.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from ..errors import c_name
from .reduction import sum
from .rule import EXACT, differentiable
from .strides import strided


def out_size(n: int, k: int, stride: int, padding: int, dilation: int) -> int:
    """How many positions a kernel of size k has on n elements."""
    return (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1


def pad_image(x, padding: tuple, value: float = 0.0):
    """x (N, C, H, W) with a border."""
    if padding == (0, 0):
        return x
    (p, q), (n, c, h, w) = padding, x.shape
    y = array_module(x).full((n, c, h + 2 * p, w + 2 * q), value, x.dtype)
    y[:, :, p : p + h, q : q + w] = x
    return y


def _patches(x, kernel: tuple, stride: tuple, dilation: tuple, size: tuple):
    """Every patch, without copying: (C, K, L, N, P, Q) from x (N, C, H, W)."""
    n, c = x.shape[:2]
    sn, sc, sh, sw = x.strides
    return strided(x, (c, *kernel, n, *size),
                   (sc, sh * dilation[0], sw * dilation[1], sn, sh * stride[0], sw * stride[1]))  # fmt: skip


def _columns(x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple, groups: int):
    """The patches as a matrix for each group, (groups, C/groups·K·L, N·P·Q), and the size (P, Q)."""
    size = tuple(out_size(x.shape[2 + d], kernel[d], stride[d], padding[d], dilation[d]) for d in (0, 1))
    patches = _patches(pad_image(x, padding), kernel, stride, dilation, size)
    return array_module(x).ascontiguousarray(patches).reshape(groups, -1, x.shape[0] * size[0] * size[1]), size


def _by_channel(g, groups: int):
    """g (N, O, P, Q) as (groups, O/groups, N·P·Q)."""
    n, o, p, q = g.shape
    return g.transpose(1, 0, 2, 3).reshape(groups, o // groups, n * p * q)


@differentiable(EXACT, name="Convolution",
                x=lambda g, weight, x_shape, stride, padding, dilation, groups: conv2d_input(
                    g, weight, size=x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                weight=lambda g, x, weight_shape, stride, padding, dilation, groups: conv2d_weight(
                    g, x, size=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                bias=lambda g: sum(g, dim=(0, 2, 3)))  # fmt: skip
def conv2d(x, weight, bias=None, *, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """yₙₒ = bₒ + Σ over patches of x · weightₒ: x (N, C, H, W), weight (O, C/groups, K, L), y (N, O, P, Q)."""
    _check(x, weight, bias, stride, padding, dilation, groups)
    columns, (p, q) = _columns(x, weight.shape[2:], stride, padding, dilation, groups)
    y = np.matmul(weight.reshape(groups, -1, columns.shape[1]), columns)
    y = y.reshape(weight.shape[0], x.shape[0], p, q)
    if bias is not None:
        y += bias.reshape(-1, 1, 1, 1)
    return array_module(x).ascontiguousarray(y.transpose(1, 0, 2, 3))


@differentiable(EXACT, name="ConvolutionBackward",
                g=lambda G, weight, stride, padding, dilation, groups: conv2d(
                    G, weight, stride=stride, padding=padding, dilation=dilation, groups=groups),
                weight=lambda G, g, weight_shape, stride, padding, dilation, groups: conv2d_weight(
                    g, G, size=weight_shape, stride=stride, padding=padding, dilation=dilation,
                    groups=groups))  # fmt: skip
def conv2d_input(g, weight, *, size, stride, padding, dilation, groups):
    """The gradient for the image: each output spreads over its patch (col2im)."""
    (n, c, h, w), (o, _, k, l), (p, q) = size, weight.shape, g.shape[2:]
    columns = np.matmul(weight.reshape(groups, o // groups, -1).swapaxes(1, 2), _by_channel(g, groups))
    patches = columns.reshape(c, k, l, n, p, q)
    image = array_module(g).zeros((c, n, h + 2 * padding[0], w + 2 * padding[1]), g.dtype)
    for i in range(k):
        top = i * dilation[0]
        for j in range(l):
            left = j * dilation[1]
            rows, columns = slice(top, top + p * stride[0], stride[0]), slice(left, left + q * stride[1], stride[1])
            image[:, :, rows, columns] += patches[:, i, j]
    image = image[:, :, padding[0] : padding[0] + h, padding[1] : padding[1] + w]
    return array_module(g).ascontiguousarray(image.transpose(1, 0, 2, 3))


@differentiable(EXACT, name="ConvolutionBackward",
                g=lambda G, x, stride, padding, dilation, groups: conv2d(
                    x, G, stride=stride, padding=padding, dilation=dilation, groups=groups),
                x=lambda G, g, x_shape, stride, padding, dilation, groups: conv2d_input(
                    g, G, size=x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups))  # fmt: skip
def conv2d_weight(g, x, *, size, stride, padding, dilation, groups):
    """The gradient for the kernel: outputs times the patches that they saw."""
    columns, _ = _columns(x, size[2:], stride, padding, dilation, groups)
    return np.matmul(_by_channel(g, groups), columns.swapaxes(1, 2)).reshape(size)


def _check(x, weight, bias, stride, padding, dilation, groups) -> None:
    if x.ndim != 4:
        raise RuntimeError(
            f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {list(x.shape)}"
        )
    if x.shape[1] != weight.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have "
            f"{weight.shape[1] * groups} channels, but got {x.shape[1]} channels instead. The channels that one "
            "layer gives must be those that the next one takes."
        )
    for d in (0, 1):
        if x.shape[2 + d] + 2 * padding[d] < dilation[d] * (weight.shape[2 + d] - 1) + 1:
            inside = " x ".join(str(x.shape[2 + i] + 2 * padding[i]) for i in (0, 1))
            window = " x ".join(str(dilation[i] * (weight.shape[2 + i] - 1) + 1) for i in (0, 1))
            raise RuntimeError(
                f"Calculated padded input size per channel: ({inside}). Kernel size: ({window}). Kernel size "
                "can't be greater than actual input size"
            )
    if x.dtype != weight.dtype:
        other = "weight" if bias is None else "bias"
        raise RuntimeError(
            f"Input type ({c_name(x)}) and {other} type ({c_name(weight)}) should be the same. Convert the input "
            "with .to(weight.dtype)."
        )


# Pooling ─────────────────────────────────────────────────────────────────────────────────────────


def _steps(size: tuple, kernel: tuple, stride: tuple, dilation: tuple):
    """For each position in the kernel, in row-major order, the slices of the image that it sees."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (..., slice(top, top + (size[0] - 1) * stride[0] + 1, stride[0]),
                   slice(left, left + (size[1] - 1) * stride[1] + 1, stride[1]))  # fmt: skip


@differentiable(EXACT, name="MaxPool2DWithIndices",
                x=lambda g, x, y, kernel, stride, padding, dilation: max_pool2d_input(
                    g, x, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation))  # fmt: skip
def max_pool2d(x, *, kernel, stride, padding=(0, 0), dilation=(1, 1)):
    """The largest element of each window: x (N, C, H, W) → y (N, C, P, Q)."""
    size = tuple(out_size(x.shape[-2 + d], kernel[d], stride[d], padding[d], dilation[d]) for d in (0, 1))
    if min(size) <= 0:
        raise RuntimeError(
            f"Given input size: ({'x'.join(map(str, x.shape[-3:]))}). Calculated output size: "
            f"({x.shape[-3]}x{size[0]}x{size[1]}). Output size is too small"
        )
    x = pad_image(x, padding, -np.inf)
    # Note [Pooling by slices]: one maximum per position in the kernel beats a reduction over windows 30 times.
    first, *others = (x[at] for at in _steps(size, kernel, stride, dilation))
    y = first.copy()
    for piece in others:
        np.maximum(y, piece, out=y)
    return y


def _winners(x, y, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """For each position in the kernel: where it is, and a mask of the windows whose maximum it is.

    If several elements of a window reach the maximum, the first one wins, as in PyTorch.
    """
    x = pad_image(x, padding, -np.inf)
    free = array_module(x).ones(y.shape, bool)
    for at in _steps(y.shape[-2:], kernel, stride, dilation):
        won = (x[at] == y) & free
        free &= ~won
        yield at, won


@differentiable(EXACT, outputs=("z",), name="MaxPool2DWithIndicesBackward",
                g=lambda G, x, y, kernel, stride, padding, dilation: max_pool2d_pick(
                    G, x, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation))  # fmt: skip
def max_pool2d_input(g, x, y, *, kernel, stride, padding, dilation):
    """The gradient for the image: each window's goes to its maximum."""
    n, c, h, w = x.shape
    image = array_module(g).zeros((n, c, h + 2 * padding[0], w + 2 * padding[1]), g.dtype)
    for at, won in _winners(x, y, kernel, stride, padding, dilation):
        image[at] += g * won
    return image[:, :, padding[0] : padding[0] + h, padding[1] : padding[1] + w]


@differentiable(EXACT, outputs=("z",), name="MaxPool2DWithIndicesPick",
                g=lambda G, x, y, kernel, stride, padding, dilation: max_pool2d_input(
                    G, x, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation))  # fmt: skip
def max_pool2d_pick(g, x, y, *, kernel, stride, padding, dilation):
    """The elements of g at the maxima of x."""
    g = pad_image(g, padding)
    picked = array_module(g).zeros(y.shape, g.dtype)
    for at, won in _winners(x, y, kernel, stride, padding, dilation):
        picked += g[at] * won
    return picked
