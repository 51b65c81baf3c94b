"""Rules that bring numbers to mean 0 and variance 1: by channel, by row, by group of channels.

Read in chapter 08. All of them are y = n · weight + bias with n = (x − μ) / √(σ² + ε). They differ in the numbers
that μ and σ² are taken over, and in the shape of the parameters, which `_fit` lays along the right dimensions.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..devices import array_module
from .elementary import rsqrt
from .reduction import mean, sum
from .rule import ANY, differentiable
from .shape import reshape


def _normal(x, dims: tuple, eps: float):
    """n, and 1 / √(σ² + ε)."""
    d = x - mean(x, dim=dims, keepdim=True)
    scale = rsqrt(mean(d * d, dim=dims, keepdim=True) + eps)
    return d * scale, scale


def _normal_slope(g, x, dims: tuple, eps: float):
    """∂n: every number takes part in μ and σ², so what is constant in g, or goes along with n, is taken out."""
    n, scale = _normal(x, dims, eps)
    return (g - mean(g, dim=dims, keepdim=True) - n * mean(g * n, dim=dims, keepdim=True)) * scale


def _fit(v, x):
    """A number for each channel, (C), laid along x (N, C, …)."""
    return reshape(v, size=(1, -1) + (1,) * (len(x.shape) - 2))


def _scaled(y, weight, bias):
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


def _laid_out(y, x):
    """y in the memory order of PyTorch's results: rows first; channels last, if x is a batch of such images."""
    y, xp = y.astype(x.dtype, copy=False), array_module(x)
    if x.ndim == 4 and not x.flags.c_contiguous and x.transpose(0, 2, 3, 1).flags.c_contiguous:
        return xp.ascontiguousarray(y.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return xp.ascontiguousarray(y)


def _wide(x):
    """float16 is computed with as float32."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def _others(x) -> tuple:
    """All dimensions but that of the channels."""
    return (0, *range(2, len(x.shape)))


# By channel: μ and σ² over the batch, or fixed ───────────────────────────────────────────────────


@differentiable(ANY, x=lambda g, x, weight, eps: _normal_slope(
                    g if weight is None else g * _fit(weight, x), x, _others(x), eps),
                weight=lambda g, x, eps: sum(g * _normal(x, _others(x), eps)[0], dim=_others(x)),
                bias=lambda g: sum(g, dim=_others(g)), name="NativeBatchNorm")  # fmt: skip
def batch_norm(x, weight=None, bias=None, *, eps):
    """n · weight + bias for each channel, with μ and σ² of the channel's numbers in the batch. x: (N, C, …)."""
    weight, bias = (None if v is None else _fit(v, x) for v in (weight, bias))
    return _laid_out(_scaled(_normal(_wide(x), _others(x), eps)[0], weight, bias), x)


@differentiable(ANY, x=lambda g, x, weight, var, eps:
                    (g if weight is None else g * _fit(weight, x)) * rsqrt(_fit(var, x) + eps),
                weight=lambda g, x, mu, var, eps: sum(
                    g * ((x - _fit(mu, x)) * rsqrt(_fit(var, x) + eps)), dim=_others(x)),
                bias=lambda g: sum(g, dim=_others(g)), name="NativeBatchNorm")  # fmt: skip
def fixed_norm(x, weight=None, bias=None, mu=None, var=None, *, eps):
    """n · weight + bias for each channel, with the given μ and σ². x: (N, C, …)."""
    weight, bias = (None if v is None else _fit(v, x) for v in (weight, bias))
    n = (_wide(x) - _fit(mu, x)) * rsqrt(_fit(var, x) + eps)
    return _laid_out(_scaled(n, weight, bias), x)


# By row: μ and σ² over the last dimensions ───────────────────────────────────────────────────────


def _last(x, dims: int) -> tuple:
    return tuple(range(-dims, 0))


def _first(g, dims: int) -> tuple:
    return tuple(range(len(g.shape) - dims))


def _sum_first(g, dims: int):
    return sum(g, dim=_first(g, dims)) if len(g.shape) > dims else g


@differentiable(ANY, x=lambda g, x, weight, dims, eps: _normal_slope(
                    g if weight is None else g * weight, x, _last(x, dims), eps),
                weight=lambda g, x, dims, eps: _sum_first(g * _normal(x, _last(x, dims), eps)[0], dims),
                bias=lambda g, dims: _sum_first(g, dims), name="NativeLayerNorm")  # fmt: skip
def layer_norm(x, weight=None, bias=None, *, dims, eps):
    """n · weight + bias, with μ and σ² over the last `dims` dimensions, which are those of weight and bias."""
    y = _scaled(_normal(_wide(x), _last(x, dims), eps)[0], weight, bias)
    return array_module(x).ascontiguousarray(y.astype(x.dtype, copy=False))


# By group: μ and σ² over neighbouring channels ───────────────────────────────────────────────────


def _grouped(x, groups: int):
    """x with its channels in groups: (N, C, …) → (N, G, C/G · …)."""
    n, channels, *rest = x.shape
    return reshape(x, size=(n, groups, channels // groups * prod(rest)))


def _group_slope(g, x, weight, groups, eps):
    g = g if weight is None else g * _fit(weight, x)
    return reshape(_normal_slope(_grouped(g, groups), _grouped(x, groups), (2,), eps), size=tuple(x.shape))


def _group_normal(x, groups: int, eps: float):
    return reshape(_normal(_grouped(x, groups), (2,), eps)[0], size=tuple(x.shape))


@differentiable(ANY, x=_group_slope,
                weight=lambda g, x, groups, eps: sum(g * _group_normal(x, groups, eps), dim=_others(x)),
                bias=lambda g: sum(g, dim=_others(g)), name="NativeGroupNorm")  # fmt: skip
def group_norm(x, weight=None, bias=None, *, groups, eps):
    """n · weight + bias for each channel, with μ and σ² over its group. x: (N, C, …)."""
    weight, bias = (None if v is None else _fit(v, x) for v in (weight, bias))
    y = _scaled(_group_normal(_wide(x), groups, eps), weight, bias)
    return _laid_out(y, x)
