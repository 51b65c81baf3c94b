"""Rules for convolution, over signals, images and whatever has more dimensions.

Read in chapter 08. Letters: N batch, C channels in, O channels out, H × W the image, P × Q the result,
K × L the kernel. Every patch of the image becomes one column of a matrix, so a convolution is one
matrix product (im2col); its three gradients are products of the same columns.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from .reduction import sum
from .rule import EXACT, differentiable
from .windows import gather, grid, spread


def _by_channel(g, groups: int):
    """g (N, O, P, Q) as (groups, O/groups, P·Q·N)."""
    by_channel = array_module(g).moveaxis(g, 0, -1)
    return by_channel.reshape(groups, g.shape[1] // groups, g.size // max(g.shape[1], 1))


def _columns(x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple, groups: int):
    """The patches as a matrix for each group, (groups, C/groups·K·L, P·Q·N), and the shape (P, Q, N)."""
    patches = gather(x, kernel, stride, padding, dilation)
    seen, rest = patches.shape[: 1 + len(kernel)], patches.shape[1 + len(kernel) :]
    return patches.reshape(groups, np.prod(seen, dtype=int) // groups, np.prod(rest, dtype=int)), rest


def _over_all_but_channels(g):
    return sum(g, dim=(0, *range(2, g.ndim)))


@differentiable(EXACT, name="Convolution",
                x=lambda g, weight, x_shape, stride, padding, dilation, groups: convolution_input(
                    g, weight, size=x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                weight=lambda g, x, weight_shape, stride, padding, dilation, groups: convolution_weight(
                    g, x, size=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                bias=_over_all_but_channels)  # fmt: skip
def convolution(x, weight, bias=None, *, stride, padding, dilation, groups):
    """yₙₒ = bₒ + Σ over patches of x · weightₒ: x (N, C, H, W), weight (O, C/groups, K, L), y (N, O, P, Q)."""
    columns, rest = _columns(x, weight.shape[2:], stride, padding, dilation, groups)
    y = np.matmul(weight.reshape(groups, weight.shape[0] // groups, columns.shape[1]), columns)
    y = y.reshape(weight.shape[0], *rest)  # (O, P, Q, N)
    if bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 1))
    y = array_module(x).ascontiguousarray(array_module(x).moveaxis(y, -1, 0))
    return y if len(y) > 1 else y.reshape(-1).reshape(y.shape)  # the step of a batch of one is that of a batch


@differentiable(EXACT, name="ConvolutionBackwardBackward0",
                g=lambda G, weight, stride, padding, dilation, groups: convolution(
                    G, weight, stride=stride, padding=padding, dilation=dilation, groups=groups),
                weight=lambda G, g, weight_shape, stride, padding, dilation, groups: convolution_weight(
                    g, G, size=weight_shape, stride=stride, padding=padding, dilation=dilation,
                    groups=groups))  # fmt: skip
def convolution_input(g, weight, *, size, stride, padding, dilation, groups):
    """The gradient for the image: each output spreads over its patch (col2im)."""
    o, _, *kernel = weight.shape
    kernels = weight.reshape(groups, o // groups, weight.size // max(o, 1))
    columns = np.matmul(kernels.swapaxes(1, 2), _by_channel(g, groups))
    return spread(columns.reshape(size[1], *kernel, *g.shape[2:], g.shape[0]), size, stride, padding, dilation)


@differentiable(EXACT, name="ConvolutionBackwardBackward0",
                g=lambda G, x, stride, padding, dilation, groups: convolution(
                    x, G, stride=stride, padding=padding, dilation=dilation, groups=groups),
                x=lambda G, g, x_shape, stride, padding, dilation, groups: convolution_input(
                    g, G, size=x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups))  # fmt: skip
def convolution_weight(g, x, *, size, stride, padding, dilation, groups):
    """The gradient for the kernel: outputs times the patches that they saw."""
    columns, _ = _columns(x, size[2:], stride, padding, dilation, groups)
    return np.matmul(_by_channel(g, groups), columns.swapaxes(1, 2)).reshape(size)


@differentiable(EXACT, name="Convolution",
                x=lambda g, weight, stride, padding, dilation, groups: convolution(
                    g, weight, stride=stride, padding=padding, dilation=dilation, groups=groups),
                weight=lambda g, x, weight_shape, stride, padding, dilation, groups: convolution_weight(
                    x, g, size=weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
                bias=_over_all_but_channels)  # fmt: skip
def convolution_transpose(x, weight, bias=None, *, size, stride, padding, dilation, groups):
    """The way back of a convolution as an operation of its own: x (N, O, P, Q) → y of shape `size` (N, C, H, W)."""
    y = convolution_input(x, weight, size=size, stride=stride, padding=padding, dilation=dilation, groups=groups)
    if bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 2))
    return y


# The patches themselves ──────────────────────────────────────────────────────────────────────────


@differentiable(EXACT, name="Im2Col", x=lambda g, x_shape, kernel, stride, padding, dilation: col2im(
                    g, size=x_shape[2:], kernel=kernel, stride=stride, padding=padding, dilation=dilation))  # fmt: skip
def im2col(x, *, kernel, stride, padding, dilation):
    """Every patch as a column: x (N, C, H, W) → (N, C·K·L, P·Q)."""
    columns = gather(x, kernel, stride, padding, dilation)
    c, k, l, p, q, n = columns.shape
    return array_module(x).ascontiguousarray(array_module(x).moveaxis(columns.reshape(c * k * l, p * q, n), -1, 0))


@differentiable(EXACT, name="Col2Im", columns=lambda g, kernel, stride, padding, dilation: im2col(
                    g, kernel=kernel, stride=stride, padding=padding, dilation=dilation))  # fmt: skip
def col2im(columns, *, size, kernel, stride, padding, dilation):
    """The columns added up to an image of this size, each where its patch lies: (N, C·K·L, P·Q) → (N, C, H, W)."""
    shape = (columns.shape[0], columns.shape[1] // (kernel[0] * kernel[1]), *size)
    apart = (shape[1], *kernel, *grid(size, kernel, stride, padding, dilation), shape[0])
    return spread(array_module(columns).moveaxis(columns, 0, -1).reshape(apart), shape, stride, padding, dilation)
