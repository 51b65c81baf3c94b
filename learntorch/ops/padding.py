"""Rules for borders: of a constant, or of what lies at the other side of the edge.

Read in chapter 08. `pad` counts elements as PyTorch does, from the last dimension back: (left, right, top,
bottom, …). A negative count cuts off.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from .elementary import zeros_like
from .rule import ANY, EXACT, differentiable


def pairs(pad: tuple, ndim: int) -> list[tuple[int, int]]:
    """(before, after) for each dimension, from the first."""
    ends = list(zip(pad[::2], pad[1::2]))[::-1]
    return [(0, 0)] * (ndim - len(ends)) + ends


@differentiable(ANY, x=lambda g, pad: constant_pad_nd(g, pad=tuple(-p for p in pad)))
def constant_pad_nd(x, *, pad, value=0):
    """x inside a border of `value`."""
    around = pairs(pad, x.ndim)
    x = x[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, around))]
    if all(p <= 0 for p in pad):
        return x.copy("K")
    y = array_module(x).full([n + max(a, 0) + max(b, 0) for n, (a, b) in zip(x.shape, around)], value, x.dtype)
    y[tuple(slice(max(a, 0), max(a, 0) + n) for n, (a, _) in zip(x.shape, around))] = x
    return y


def _sources(n: int, before: int, after: int, mode: str):
    """For each element of a padded dimension, the number of the element that it copies."""
    if mode == "circular":  # goes on at the other end of what a negative count leaves
        first, last = max(-before, 0), n - max(-after, 0)
        return first + np.arange(-max(before, 0), last - first + max(after, 0)) % (last - first)
    at = np.arange(-before, n + after)
    if mode == "replicate":  # repeats the edge
        return at.clip(0, n - 1)
    return n - 1 - abs(n - 1 - abs(at))  # reflect: turns back, at both edges


def _pad_name(mode: str, pad: tuple) -> str:
    return f"{ {'reflect': 'Reflection', 'replicate': 'Replication'}.get(mode, 'Circular') }Pad{len(pad) // 2}D"


@differentiable(EXACT, name=lambda mode, pad: f"{_pad_name(mode, pad)}Backward0",
                x=lambda g, x, pad, mode: edge_pad_input(g, x, pad=pad, mode=mode))  # fmt: skip
def edge_pad(x, *, pad, mode):
    """x inside a border that copies x itself: mirrored (reflect), its edge (replicate), its far side (circular)."""
    for dim, around in enumerate(pairs(pad, x.ndim)):
        if around != (0, 0):
            x = x.take(array_module(x).asarray(_sources(x.shape[dim], *around, mode)), dim)
    return array_module(x).ascontiguousarray(x)


@differentiable(EXACT, name=lambda mode, pad: f"{_pad_name(mode, pad)}BackwardBackward0",
                g=lambda G, pad, mode: edge_pad(G, pad=pad, mode=mode), x=lambda G: zeros_like(G))  # fmt: skip
def edge_pad_input(g, x, *, pad, mode):
    """The gradient for x: each element's own, and those of its copies."""
    xp = array_module(g)
    for dim, around in enumerate(pairs(pad, g.ndim)):
        if around != (0, 0):
            sources = xp.asarray(_sources(x.shape[dim], *around, mode))
            total = xp.zeros((x.shape[dim], *g.shape[:dim], *g.shape[dim + 1 :]), g.dtype)
            xp.add.at(total, sources, xp.moveaxis(g, dim, 0))
            g = xp.moveaxis(total, 0, dim)
    return xp.ascontiguousarray(g)
