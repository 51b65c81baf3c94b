"""Rules for losses: how far a prediction is from its target, as one number.

Read in chapters 08 and 10. `reduction` says what becomes of the losses of the elements: their "mean", their
"sum", or "none": each stands for itself.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..devices import array_module
from ..errors import final, require
from .activations import log_sigmoid, sigmoid
from .elementary import abs, log, sign
from .pointwise import clamp, where
from .promotion import promote
from .reduction import softmax
from .rule import ANY, FLOAT, differentiable
from .scatter import gather, gather_gradient
from .shape import row_major, unsqueeze


def _reduced(y, reduction: str):
    """The losses of all elements together."""
    if reduction == "none":
        return y
    total = y.sum(dtype=np.float32).astype(y.dtype) if y.dtype == np.float16 else y.sum()
    return total / np.asarray(y.size, y.dtype)[()] if reduction == "mean" else total


@differentiable(total=lambda g, count: g / count, name="Div1")
def averaged(total, *, count):
    """The mean of what adds up to `total`."""
    return total / count


def _share(g, shape: tuple, reduction: str):
    """The upstream gradient for every element: of a mean each has its n-th part."""
    return g / prod(shape) if reduction == "mean" and 0 not in shape else g


# Distances: the target's gradient is the input's with the other sign ─────────────────────────────


def _mse_slope(g, x, target, reduction):
    return (x - target) * (_share(g, x.shape, reduction) * 2)


@differentiable(
    x=_mse_slope,
    target=lambda g, x, target, reduction: -_mse_slope(g, x, target, reduction),
)
def mse_loss(x, target, *, reduction="mean"):
    """Squared error: mean (or sum) of (x − target)²."""
    if x.dtype.kind != "f":
        require("f", "mse_cpu", x)
    d = x - target
    if reduction == "none" or d.itemsize == 2:  # float16 is added up as float32
        return _reduced(d * d, reduction)
    flat = d.reshape(-1)
    total = flat.dot(flat)
    return total / np.asarray(d.size, d.dtype)[()] if reduction == "mean" else total


def _smooth_l1_slope(g, x, target, reduction, beta):
    d = x - target
    return where(abs(d) >= beta, sign(d), d / beta) * _share(g, x.shape, reduction)


@differentiable(
    x=_smooth_l1_slope,
    target=lambda g, x, target, reduction, beta: -_smooth_l1_slope(g, x, target, reduction, beta),
    name="SmoothL1Loss",
)
def smooth_l1_loss(x, target, *, reduction="mean", beta=1.0):
    """With d = |x − target|: d²/(2β) where d < β, else d − β/2."""
    require("f", "smooth_l1_cpu", x)
    d = np.abs(x - target)
    return _reduced(array_module(d).where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta), reduction)


def _huber_slope(g, x, target, reduction, delta):
    d = x - target
    return where(abs(d) >= delta, sign(d) * delta, d) * _share(g, x.shape, reduction)


@differentiable(
    x=_huber_slope,
    target=lambda g, x, target, reduction, delta: -_huber_slope(g, x, target, reduction, delta),
)
def huber_loss(x, target, *, reduction="mean", delta=1.0):
    """With d = |x − target|: d²/2 where d ≤ δ, else δ·(d − δ/2)."""
    require("f", "huber_cpu", x)
    d = np.abs(x - target)
    return _reduced(array_module(d).where(d <= delta, d * d * 0.5, (d - 0.5 * delta) * delta), reduction)


# Yes or no ───────────────────────────────────────────────────────────────────────────────────────


def _weighted(y, weight):
    return y if weight is None else y * weight


@differentiable(
    x=lambda g, x, target, weight, reduction: _weighted(
        _share(g, x.shape, reduction) * (x - target) / clamp((1 - x) * x, min=1e-12), weight),
    target=lambda g, x, weight, reduction: _weighted(
        _share(g, x.shape, reduction) * (log(1 - x) - log(x)), weight),
)  # fmt: skip
def binary_cross_entropy(x, target, weight=None, *, reduction="mean"):
    """−w·(t ln x + (1 − t) ln(1 − x)) for probabilities x; no logarithm is taken as less than −100."""
    _check_probabilities(x, target)
    y = (target - 1) * np.maximum(np.log1p(-x), -100) - target * np.maximum(np.log(x), -100)
    return _reduced(_weighted(y, weight), reduction)


def _check_probabilities(x, target) -> None:
    """Refuse what is not between 0 and 1; the first element that is not counts."""
    wrong = [np.flatnonzero(~((v >= 0) & (v <= 1))) for v in (x, target)]
    first, name, advice = min(
        (at[0] if at.size else np.inf, name, advice)
        for at, name, advice in zip(wrong, ("input", "target"), (
            "apply sigmoid first, or use binary_cross_entropy_with_logits.", "rescale them."))
    )  # fmt: skip
    if first < np.inf:
        raise RuntimeError(f"all elements of {name} should be between 0 and 1. They are probabilities: {advice}")


def _logits_slope(g, x, target, weight, pos_weight, reduction):
    yes = target if pos_weight is None else target * pos_weight
    return _weighted((sigmoid(x) * (yes + 1 - target) - yes) * _share(g, x.shape, reduction), weight)


def _logits_target_slope(g, x, weight, pos_weight, reduction):
    slope = -x if pos_weight is None else log_sigmoid(x) * (1 - pos_weight) - x
    return _weighted(slope * _share(g, x.shape, reduction), weight)


@differentiable(ANY, x=_logits_slope, target=_logits_target_slope, name="BinaryCrossEntropyWithLogits")
def binary_cross_entropy_with_logits(x, target, weight=None, pos_weight=None, *, reduction="mean"):
    """−w·(p·t ln σ(x) + (1 − t) ln(1 − σ(x))) for scores x, without forming σ(x)."""
    times = 1
    if pos_weight is not None:
        p, t = promote((pos_weight, target))
        times = (p - 1) * t + 1
    y = array_module(x).asarray(1 - target)  # and on in its memory, which has the order and the type of the result
    y *= x
    y -= times * log_sigmoid.fn(x)
    return _reduced(_weighted(y, weight), reduction)


@differentiable(FLOAT, a=lambda g, a, b: where((a == 0) & (b <= 0), 0.0, g * log(b)), b=lambda g, a, b: g * a / b)
def xlogy(a, b):
    """y = a · ln b, and 0 where a = 0."""
    return array_module(a).where((a == 0) & (b == b), a * 0, a * np.log(b))


# One of several classes ──────────────────────────────────────────────────────────────────────────


def nll_weights(target, weight, ignore_index: int, shape: tuple, dtype):
    """For each place: its class, the weight of the class, and (last) the sum of all weights.

    Places to ignore have class 0 and weight 0. Shapes: (N, 1, …) each, from a target (N, …).
    """
    counts = target != ignore_index
    at = np.where(counts, target, 0)
    check_targets(at, shape[1])
    each = counts.astype(dtype) if weight is None else np.where(counts, weight[at], 0).astype(dtype)
    return np.expand_dims(at, 1), np.expand_dims(each, 1), each.sum(dtype=dtype)


def _nll_slope(g, at, weight, total, log_p_shape, reduction):
    each = unsqueeze(g, dim=1) if reduction == "none" else g / total if reduction == "mean" else g
    return gather_gradient(where(weight == 0, 0.0, weight * -each), at, shape=log_p_shape, dim=1)


@differentiable(ANY, log_p=_nll_slope, name=lambda log_p: "NllLoss" if len(log_p.shape) < 3 else "NllLoss2D")
def nll_loss(log_p, at, weight, total, *, reduction="mean"):
    """−Σ w · log_p[class] / Σ w: class and weight w for each place (see `nll_weights`)."""
    y = np.where(weight == 0, 0, gather.fn(log_p, at, dim=1) * -weight).astype(log_p.dtype)
    return y.squeeze(1) if reduction == "none" else y.sum() / total if reduction == "mean" else y.sum()


def _known_softmax(x, p):
    """p, which is softmax(x), row by row; in a new graph softmax(x) once more, so that it has a history."""
    return softmax(x, dim=1) if hasattr(x, "_array") else row_major(p)


@differentiable(ANY, x=lambda g, x, p, target: (_known_softmax(x, p) - one_hot(p, target)) * (g / x.shape[0]),
                outputs=("y", "p"), name="NllLoss")  # fmt: skip
def cross_entropy(x, target):
    """Mean over rows of −ln p[target] for p = softmax(x), and p: scores x (N, C), classes target (N).

    Note [Fused cross-entropy]: softmax, logarithm and choice in one rule, because together their
    gradient is (softmax(x) − one-hot(target)) / N.

    Note [Classes first]: NumPy adds long rows several times faster than many short ones, so this works on (C, N).
    """
    n, _ = x.shape
    z = x.T.copy()  # (C, N)
    z -= z.max(0)
    picked = z[target, array_module(x).arange(n)]
    p = np.exp(z, out=z)
    total = p.sum(0)
    p /= total
    return (np.log(total) - picked).sum() / x.dtype.type(n), p.T


@differentiable(ANY)
def one_hot(x, target):
    """1 at the target's class, 0 elsewhere: a row like those of x for each target."""
    y = array_module(x).zeros(x.shape, x.dtype)
    y[array_module(x).arange(len(target)), target] = 1
    return y


def check_targets(target, classes: int, ignored: int | None = None) -> bool:
    """Refuse a target that is no class; true if none of them is to be ignored.

    Read as unsigned, a negative number is larger than any class, so one maximum finds both mistakes.
    """
    if not target.size or int(target.view("u8").max()) < classes:
        return ignored is None or not 0 <= ignored < classes or not (target == ignored).any()
    for wrong in target[(target < 0) | (target >= classes)]:
        if wrong != ignored:
            raise final(IndexError(f"Target {wrong} is out of bounds. Classes are numbered from 0 to {classes - 1}."))
    return False
