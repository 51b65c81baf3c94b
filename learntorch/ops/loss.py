"""Rules for losses: how far a prediction is from its target, as one number.

Read in chapters 08 and 10.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from ..errors import final
from .reduction import softmax
from .rule import ANY, differentiable
from .shape import unsqueeze


def _scale(g, n: int, reduction: str):
    """The upstream gradient for every element: of a mean each has its n-th part."""
    return g / n if reduction == "mean" else g


def _size(shape: tuple) -> int:
    return int(np.prod(shape)) if shape else 1


def _squared_error_slope(g, x, target, reduction):
    return (x - target) * (_scale(g, _size(x.shape), reduction) * 2)


@differentiable(
    x=_squared_error_slope,
    target=lambda g, x, target, reduction: -_squared_error_slope(g, x, target, reduction),
)
def mse_loss(x, target, *, reduction="mean"):
    """Squared error: mean (or sum) of (x − target)²."""
    d = x - target
    if reduction == "none":
        return d * d
    flat = d.reshape(-1)
    total = flat.dot(flat)
    return total / np.asarray(d.size, d.dtype)[()] if reduction == "mean" else total


# Cross-entropy ───────────────────────────────────────────────────────────────────────────────────


def _picked(target, ignore_index: int):
    """The classes, with 0 in the place of those to ignore, and which ones count."""
    counts = target != ignore_index
    return np.where(counts, target, 0), counts


def nll_weights(target, weight, ignore_index: int, reduction: str, shape: tuple, dtype):
    """The matrix W with which the loss is −Σ W ∘ log p: one entry per row, at the target's class.

    For the mean the entries are divided by their sum. Shapes: (N, C, …) from a target (N, …).
    """
    xp = array_module(target)
    at, counts = _picked(target, ignore_index)
    if counts.any() and (at.min() < 0 or at.max() >= shape[1]):
        raise _out_of_bounds(at, shape[1])
    each = counts.astype(dtype) if weight is None else xp.where(counts, weight[at], 0).astype(dtype)
    if reduction == "mean":
        each = each / each.sum()
    W = xp.zeros(shape, dtype)
    np.put_along_axis(W, xp.expand_dims(at, 1), xp.expand_dims(each, 1), 1)
    return W


@differentiable(ANY, log_p=lambda g, W, reduction: (unsqueeze(g, dim=1) if reduction == "none" else g) * -W,
                name=lambda log_p: "NllLoss" if len(log_p.shape) < 3 else "NllLoss2D")  # fmt: skip
def nll_loss(log_p, W, *, reduction="mean"):
    """−Σ W ∘ log p, with one entry of W per row (see `nll_weights`)."""
    y = -(log_p * W)
    return y.sum(1) if reduction == "none" else y.sum()


@differentiable(ANY, x=lambda g, x, target: (softmax(x, dim=1) - one_hot(x, target)) * (g / x.shape[0]),
                name="NllLoss")  # fmt: skip
def cross_entropy(x, target):
    """Mean over rows of −ln softmax(x)[target]: scores x (N, C), classes target (N).

    Note [Fused cross-entropy]: softmax, logarithm and choice in one rule, because together their
    gradient is (softmax(x) − one-hot(target)) / N.
    """
    n, classes = x.shape
    if n and (target.min() < 0 or target.max() >= classes):
        raise _out_of_bounds(target, classes)
    z = x - x.max(1, keepdims=True)
    picked = z[array_module(x).arange(n), target]
    return (np.log(np.exp(z).sum(1)) - picked).mean()


@differentiable(ANY)
def one_hot(x, target):
    """1 at the target's class, 0 elsewhere: a row like those of x for each target."""
    y = array_module(x).zeros_like(x)
    y[array_module(x).arange(len(target)), target] = 1
    return y


def _out_of_bounds(target, classes: int) -> Exception:
    wrong = target.min() if target.min() < 0 else target.max()
    return final(IndexError(f"Target {wrong} is out of bounds. Classes are numbered from 0 to {classes - 1}."))
