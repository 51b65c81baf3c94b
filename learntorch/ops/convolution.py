"""Rules for convolution, over signals, images and whatever has more dimensions.

Read in chapter 08. Letters: N batch, C channels in, O channels out, H × W the image, P × Q the result,
K × L the kernel. Every patch of the image becomes one column of a matrix, so a convolution is one
matrix product (im2col); its three gradients are products of the same columns.
"""

from __future__ import annotations

from functools import reduce
from math import prod

import numpy as np

from ..devices import array_module
from .reduction import sum
from .rule import EXACT, differentiable
from .windows import TO_SPREAD, bands, gather, gather_bands, grid, spread, spread_bands

# Note [A matrix for each row]: the columns of one row of positions are a matrix (C·K·L, Q·N) that fits into the
# processor's cache. P products instead of one with all of them save a tenth of a step of a small conv net.


def _by_rows(g, band, groups: int):
    """g (N, O, P, Q) as a matrix for each row of the band and each group: (P, groups, O/groups, Q·N)."""
    g = g.transpose(*range(2, g.ndim - 1), 1, -1, 0)[band]  # (P, O, Q, N)
    *rows, o, q, n = g.shape
    return g.reshape(*rows, groups, o // groups, q * n)


def _by_patches(columns, groups: int):
    """Columns (P, C, K, L, Q, N) as a matrix for each row and group: (P, groups, C/groups·K·L, Q·N)."""
    rows, (*_, q, n) = columns.ndim // 2 - 2, columns.shape
    return columns.reshape(*columns.shape[:rows], groups, prod(columns.shape[rows:-2]) // groups, q * n)


def _kernels(weight, groups: int):
    """A matrix for each group: (groups, O/groups, C/groups·K·L)."""
    o, *rest = weight.shape
    return weight.reshape(groups, o // groups, prod(rest))


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
    xp, n, o = array_module(x), x.shape[0], weight.shape[0]
    kernel = weight.shape[2:]
    *rows, q = grid(x.shape, kernel, stride, padding, dilation)
    kernels, y = _kernels(weight, groups), xp.empty((*rows, groups, o // groups, q * n), x.dtype)
    for band, columns in gather_bands(x, kernel, stride, padding, dilation):
        np.matmul(kernels, _by_patches(columns, groups), out=y[band])
    y = y.reshape(*rows, o, q, n)
    if bias is not None:
        y += bias.reshape(-1, 1, 1)
    y = xp.ascontiguousarray(y.transpose(-1, -3, *range(len(rows)), -2))
    return y if len(y) > 1 else y.reshape(-1).reshape(y.shape)  # the step of a batch of one is that of a batch


@differentiable(EXACT, name="ConvolutionBackwardBackward0",
                g=lambda G, weight, stride, padding, dilation, groups: convolution(
                    G, weight, stride=stride, padding=padding, dilation=dilation, groups=groups),
                weight=lambda G, g, weight_shape, stride, padding, dilation, groups: convolution_weight(
                    g, G, size=weight_shape, stride=stride, padding=padding, dilation=dilation,
                    groups=groups))  # fmt: skip
def convolution_input(g, weight, *, size, stride, padding, dilation, groups):
    """The gradient for the image: each output spreads over its patch (col2im)."""
    (n, c, *_), (*rows, q), kernel = size, g.shape[2:], weight.shape[2:]
    kernels = _kernels(weight, groups).swapaxes(1, 2)
    cuts = bands(g, (*rows, c, *kernel, q, n), TO_SPREAD)
    parts = ((band, np.matmul(kernels, _by_rows(g, band, groups))) for band in cuts)
    return spread_bands(parts, g, (*rows, q), kernel, size, stride, padding, dilation)


@differentiable(EXACT, name="ConvolutionBackwardBackward0",
                g=lambda G, x, stride, padding, dilation, groups: convolution(
                    x, G, stride=stride, padding=padding, dilation=dilation, groups=groups),
                x=lambda G, g, x_shape, stride, padding, dilation, groups: convolution_input(
                    g, G, size=x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups))  # fmt: skip
def convolution_weight(g, x, *, size, stride, padding, dilation, groups):
    """The gradient for the kernel: outputs times the patches that they saw."""
    rows = tuple(range(len(size) - 3))
    total = reduce(np.add, [
        np.matmul(_by_patches(columns, groups), _by_rows(g, band, groups).swapaxes(-1, -2)).sum(rows)
        for band, columns in gather_bands(x, size[2:], stride, padding, dilation)
    ])  # (groups, C/groups·K·L, O/groups)  # fmt: skip
    return array_module(x).ascontiguousarray(total.swapaxes(1, 2)).reshape(size)


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
    xp, columns = array_module(x), gather(x, kernel, stride, padding, dilation)  # (P, C, K, L, Q, N)
    p, c, k, l, q, n = columns.shape
    return xp.ascontiguousarray(columns.transpose(5, 1, 2, 3, 0, 4)).reshape(n, c * k * l, p * q)


@differentiable(EXACT, name="Col2Im", columns=lambda g, kernel, stride, padding, dilation: im2col(
                    g, kernel=kernel, stride=stride, padding=padding, dilation=dilation))  # fmt: skip
def col2im(columns, *, size, kernel, stride, padding, dilation):
    """The columns added up to an image of this size, each where its patch lies: (N, C·K·L, P·Q) → (N, C, H, W)."""
    shape = (columns.shape[0], columns.shape[1] // (kernel[0] * kernel[1]), *size)
    n, c, *_ = shape
    apart = columns.reshape(n, c, *kernel, *grid(size, kernel, stride, padding, dilation))
    return spread(apart.transpose(4, 1, 2, 3, 5, 0), shape, stride, padding, dilation)
