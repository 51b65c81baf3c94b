"""Rules for pooling: the largest element of each window, or their mean.

Read in chapter 08. Letters: H × W the image, K × L the window, P × Q the positions that it takes. What
stands before H and W (batch, channels) is left as it is.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from .pointwise import kept
from .rule import EXACT, differentiable
from .windows import framed, grid, inside, places

# The largest element ─────────────────────────────────────────────────────────────────────────────


def lowest_of(dtype: np.dtype):
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


@differentiable(EXACT, name="MaxPool2DWithIndices",
                x=lambda g, x, kernel, stride, padding, dilation, ceil_mode: max_pool2d_input(
                    g, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation,
                    ceil_mode=ceil_mode))  # fmt: skip
def max_pool2d(x, *, kernel, stride, padding=(0, 0), dilation=(1, 1), ceil_mode=False):
    """The largest element of each window: x (…, H, W) → y (…, P, Q)."""
    size = grid(x.shape, kernel, stride, padding, dilation, ceil_mode)
    x = framed(x, kernel, stride, padding, dilation, size, lowest_of(x.dtype))
    # Note [Pooling by slices]: one maximum per place in the window beats a reduction over windows 30 times.
    first, *others = (x[under] for under in places(size, kernel, stride, dilation))
    y = first.copy()
    for piece in others:
        np.maximum(y, piece, out=y)
    return y


def _winners(x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple, ceil_mode: bool):
    """For each window, the number of the place where its maximum stands.

    If several elements reach the maximum, the first one wins; if some are NaN, the last of those does.
    """
    size, lowest, xp = grid(x.shape, kernel, stride, padding, dilation, ceil_mode), lowest_of(x.dtype), array_module(x)
    image = framed(x, kernel, stride, padding, dilation, size, lowest)
    seen = [xp.ascontiguousarray(image[under]) for under in places(size, kernel, stride, dilation)]
    best, winner = seen[0].copy(), xp.zeros((*x.shape[:-2], *size), np.intp if len(seen) > 255 else np.uint8)
    for i in range(1, len(seen)):
        np.maximum(winner, (seen[i] > best) * winner.dtype.type(i), out=winner)
        np.maximum(best, seen[i], out=best)
    if image is not x and (best == lowest).any():  # the border is as low: it must not win
        inner = framed(xp.ones(x.shape[-2:], bool), kernel, stride, padding, dilation, size, False)
        for i, under in reversed(list(enumerate(places(size, kernel, stride, dilation)))):
            winner[(best == lowest) & inner[under]] = i
    if np.isnan(best).any():
        for i, piece in enumerate(seen):
            winner[np.isnan(piece)] = i
    return winner


@differentiable(EXACT)
def max_pool2d_indices(x, *, kernel, stride, padding, dilation, ceil_mode):
    """Where the maximum of each window stands in the image, counted row by row."""
    winner = _winners(x, kernel, stride, padding, dilation, ceil_mode).astype(np.int64)
    (row, column), (p, q), xp = divmod(winner, kernel[1]), winner.shape[-2:], array_module(x)
    row = row * dilation[0] + (xp.arange(p) * stride[0] - padding[0])[:, None]
    column = column * dilation[1] + xp.arange(q) * stride[1] - padding[1]
    return row * x.shape[-1] + column


# Note [Zero, not none]: the gradient below does not change with x as long as no other element wins. PyTorch then
# says that its derivative is zero, and not that there is none; so x has a formula, here and in the other poolings.
@differentiable(EXACT, name="MaxPool2DWithIndicesBackwardBackward0",
                g=lambda G, x, kernel, stride, padding, dilation, ceil_mode: max_pool2d_pick(
                    G, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode),
                x=lambda G: G * 0)  # fmt: skip
def max_pool2d_input(g, x, *, kernel, stride, padding, dilation, ceil_mode):
    """The gradient for the image: each window's goes to its maximum."""
    size, xp = g.shape[-2:], array_module(g)
    image = framed(xp.zeros(x.shape, g.dtype), kernel, stride, padding, dilation, size)
    winner = _winners(x, kernel, stride, padding, dilation, ceil_mode)
    apart = all(s > d * (k - 1) for s, d, k in zip(stride, dilation, kernel))  # no element is in two windows
    for i, under in enumerate(places(size, kernel, stride, dilation)):
        share = kept(g, winner == i)
        image[under] = share if apart else image[under] + share
    return xp.ascontiguousarray(image[inside(x.shape[-2:], padding)])


@differentiable(EXACT, name="MaxPool2DWithIndicesBackward0",
                g=lambda G, x, kernel, stride, padding, dilation, ceil_mode: max_pool2d_input(
                    G, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation,
                    ceil_mode=ceil_mode))  # fmt: skip
def max_pool2d_pick(g, x, *, kernel, stride, padding, dilation, ceil_mode):
    """The elements of g at the maxima of x."""
    winner = _winners(x, kernel, stride, padding, dilation, ceil_mode)
    size = winner.shape[-2:]
    g = framed(g, kernel, stride, padding, dilation, size)
    picked = array_module(g).zeros(winner.shape, g.dtype)
    for i, under in enumerate(places(size, kernel, stride, dilation)):
        picked += kept(g[under], winner == i)
    return picked


# The mean ────────────────────────────────────────────────────────────────────────────────────────


def _divisor(xp, inner: tuple, size: tuple, kernel: tuple, stride: tuple, padding: tuple, count_include_pad: bool):
    """Through how many elements each window is divided, (P, Q): the border's count too, or the image's only."""
    lengths = []
    for n, p, k, s, border in zip(inner, size, kernel, stride, padding):
        start = xp.arange(p) * s - border
        end = np.minimum(start + k, n + border)
        lengths.append(end - start if count_include_pad else np.minimum(end, n) - np.maximum(start, 0))
    return np.maximum(lengths[0], 1)[:, None] * np.maximum(lengths[1], 1)


def _shares(total, inner: tuple, size: tuple, kernel, stride, padding, count_include_pad, divisor_override):
    """Each window's `total` over the number of its elements."""
    xp = array_module(total)
    by = divisor_override or _divisor(xp, inner, size, kernel, stride, padding, count_include_pad)
    if total.dtype.kind != "f":
        return (np.sign(total) * (abs(total) // by)).astype(total.dtype)
    return total / xp.asarray(by, total.dtype)


@differentiable(EXACT, name="AvgPool2D",
                x=lambda g, x, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override:
                    avg_pool2d_input(g, x, kernel=kernel, stride=stride, padding=padding,
                                     ceil_mode=ceil_mode, count_include_pad=count_include_pad,
                                     divisor_override=divisor_override))  # fmt: skip
def avg_pool2d(x, *, kernel, stride, padding=(0, 0), ceil_mode=False, count_include_pad=True, divisor_override=None):
    """The mean of each window: x (…, H, W) → y (…, P, Q)."""
    inner, size = x.shape[-2:], grid(x.shape, kernel, stride, padding, (1, 1), ceil_mode)
    x = framed(x, kernel, stride, padding, (1, 1), size)
    y = array_module(x).zeros((*x.shape[:-2], *size), x.dtype)
    for under in places(size, kernel, stride, (1, 1)):
        y += x[under]
    return _shares(y, inner, size, kernel, stride, padding, count_include_pad, divisor_override)


@differentiable(EXACT, name="AvgPool2DBackwardBackward0",
                g=lambda G, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override: avg_pool2d(
                    G, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode,
                    count_include_pad=count_include_pad, divisor_override=divisor_override),
                x=lambda G: G * 0)  # fmt: skip
def avg_pool2d_input(g, x, *, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """The gradient for the image: each window's in equal shares to all of its elements."""
    inner, windows, xp = x.shape[-2:], g.shape[-2:], array_module(g)
    g = _shares(g, inner, windows, kernel, stride, padding, count_include_pad, divisor_override)
    image = framed(xp.zeros(x.shape, g.dtype), kernel, stride, padding, (1, 1), windows)
    for under in places(windows, kernel, stride, (1, 1)):
        image[under] += g
    return xp.ascontiguousarray(image[inside(inner, padding)])


def _cuts(n: int, p: int) -> list[slice]:
    """n elements in p runs of as equal a length as can be; where p does not divide n, they overlap."""
    return [slice(i * n // p, -(-(i + 1) * n // p)) for i in range(p)]


def _areas(xp, inner: tuple, size: tuple):
    heights, widths = (xp.asarray([c.stop - c.start for c in _cuts(n, p)]) for n, p in zip(inner, size))
    return heights[:, None] * widths


@differentiable(EXACT, name="AdaptiveAvgPool2D",
                x=lambda g, x: adaptive_avg_pool2d_input(g, x))  # fmt: skip
def adaptive_avg_pool2d(x, *, size):
    """The means of P × Q windows that cover the image: x (…, H, W) → y (…, P, Q)."""
    (h, w), (p, q), xp = x.shape[-2:], size, array_module(x)
    rows, y = xp.zeros((*x.shape[:-2], p, w), x.dtype), xp.zeros((*x.shape[:-2], p, q), x.dtype)
    for i, cut in enumerate(_cuts(h, p)):
        rows[..., i, :] = x[..., cut, :].sum(-2)
    for j, cut in enumerate(_cuts(w, q)):
        y[..., j] = rows[..., cut].sum(-1)
    return y / _areas(xp, (h, w), size).astype(x.dtype)


@differentiable(EXACT, name="AdaptiveAvgPool2DBackwardBackward0",
                g=lambda G, g_shape: adaptive_avg_pool2d(G, size=g_shape[-2:]), x=lambda G: G * 0)  # fmt: skip
def adaptive_avg_pool2d_input(g, x):
    """The gradient for the image: each window's in equal shares to all of its elements."""
    (h, w), (p, q), xp = x.shape[-2:], g.shape[-2:], array_module(g)
    g = g / _areas(xp, (h, w), (p, q)).astype(g.dtype)
    rows, image = xp.zeros((*x.shape[:-2], p, w), g.dtype), xp.zeros(x.shape, g.dtype)
    for j, cut in enumerate(_cuts(w, q)):
        rows[..., cut] += g[..., j : j + 1]
    for i, cut in enumerate(_cuts(h, p)):
        image[..., cut, :] += rows[..., i : i + 1, :]
    return image
