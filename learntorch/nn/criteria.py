"""Losses as functions: how far predictions are from their targets.

Read in chapters 08 and 10. They are part of `learntorch.nn.functional`.
"""

from __future__ import annotations

import math
import warnings

from ..base import wrap
from ..dtypes import bool as bool_
from ..dtypes import int64
from ..errors import broadcast_error, not_implemented
from ..functions import broadcast_shapes
from ..joining import broadcast_tensors
from ..ops import loss
from ..recording import recorded
from ..tensor import Tensor
from .checks import (
    cannot_hold,
    check_classes,
    check_constant,
    check_growth,
    check_number,
    check_tensor,
    check_weight,
)


def reduction_of(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction asked for, by its name or by the two switches of old tutorials."""
    if size_average is not None or reduce is not None:
        averages, reduces = (True if flag is None else bool(flag) for flag in (size_average, reduce))
        reduction = "mean" if averages and reduces else "sum" if reduces else "none"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=4,
        )
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=4)
        return "mean"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction. It is 'mean', 'sum' or 'none'.")
    return reduction


# Distances ───────────────────────────────────────────────────────────────────────────────────────


def _together(name: str, input: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple:
    """Input and target in one shape. Different shapes are nearly always a mistake, so they bring a warning."""
    check_tensor(name, input)
    check_tensor(name, target, "target", 2)
    both = input, target
    if input._array.shape != target._array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        clash = broadcast_error(input.shape, target.shape)
        if clash is not None:
            raise clash
        both = broadcast_tensors(input, target)
    if weight is not None and weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size. There is one weight for each element.")
    return both


def _summed_up(losses: Tensor, reduction: str, weight: Tensor | None = None) -> Tensor:
    """The losses of the elements taken together; a mean with weights is divided by the sum of the weights."""
    if weight is not None:
        losses = losses * weight
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return losses.mean() if weight is None else losses.sum() / weight.sum()


def mse_loss(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
             weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """Squared error: the mean (or sum) of (input − target)²."""
    input, target = _together("mse_loss", input, target, weight)
    reduction = reduction_of(reduction, size_average, reduce)
    if weight is not None:
        return _summed_up((input - target).pow(2), reduction, weight)
    return recorded(loss.mse_loss)(input, target, reduction=reduction)


def l1_loss(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
            weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """Absolute error: the mean (or sum) of |input − target|."""
    input, target = _together("l1_loss", input, target, weight)
    return _summed_up((input - target).abs(), reduction_of(reduction, size_average, reduce), weight)


def smooth_l1_loss(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
                   beta: float = 1.0) -> Tensor:  # fmt: skip
    """With d = |input − target|: d²/2β where d < β, else d − β/2."""
    input, target = _together("smooth_l1_loss", input, target)
    reduction = reduction_of(reduction, size_average, reduce)
    check_number("smooth_l1_loss", beta, "beta", 4, "float")
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta. It is a distance.")
    if beta == 0:
        return _summed_up((input - target).abs(), reduction)
    return recorded(loss.smooth_l1_loss)(input, target, reduction=reduction, beta=beta)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
               weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """With d = |input − target|: d²/2 where d ≤ δ, else δ(d − δ/2)."""
    input, target = _together("huber_loss", input, target, weight)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta. It is a distance.")
    if target.is_floating_point() and not input.is_floating_point():
        raise cannot_hold(target, input)
    options = {"reduction": reduction_of(reduction) if weight is None else "none", "delta": delta}
    each = recorded(loss.huber_loss)(input, target.to(input.dtype), **options)
    if weight is None or reduction == "none":
        return each if weight is None else each * weight
    return (each * weight).sum() if reduction_of(reduction) == "sum" else (each * weight).mean()


# Probabilities ───────────────────────────────────────────────────────────────────────────────────


def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
                         reduce=None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """−(t ln p + (1 − t) ln(1 − p)) for probabilities p of "yes" and targets t between 0 and 1."""
    check_tensor("binary_cross_entropy", input)
    check_tensor("binary_cross_entropy", target, "target", 2)
    reduction = reduction_of(reduction, size_average, reduce)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype != input.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.short} but expected {input.dtype.short}. Use target.to().")
    if weight is not None:
        check_constant("binary_cross_entropy", "weight", weight)
        broadcast_shapes(target.shape, weight.shape)
        check_growth(input, target, weight)
        weight = weight.to(input.dtype)
    return recorded(loss.binary_cross_entropy)(input, target, weight, reduction=reduction)


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
                                     reduce=None, reduction: str = "mean",
                                     pos_weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """Binary cross-entropy of sigmoid(input), computed without forming it; `pos_weight` counts the yeses more."""
    check_tensor("binary_cross_entropy_with_logits", input)
    check_tensor("binary_cross_entropy_with_logits", target, "target", 2)
    reduction = reduction_of(reduction, size_average, reduce)
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape}). A dimension of size 1 "
            "goes away with squeeze(1)."
        )
    if not input.is_floating_point():
        raise not_implemented("log_sigmoid_cpu", input._array)
    if target.dtype is bool_:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead. The targets are numbers: convert them with .float()."
        )
    if not target.is_floating_point():
        raise cannot_hold(input, target)
    if pos_weight is not None and pos_weight.dtype is bool_:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. The weights are numbers: convert "
            "them with .float()."
        )
    if pos_weight is not None:
        check_growth(input, pos_weight, target)
    if weight is not None:
        check_constant("binary_cross_entropy_with_logits", "weight", weight)
        check_growth(input, input, weight)
        weight = weight.to(target.dtype)
    options = {"reduction": reduction}
    return recorded(loss.binary_cross_entropy_with_logits)(input, target, weight, pos_weight, **options)


def kl_div(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
           log_target: bool = False) -> Tensor:  # fmt: skip
    """Kullback-Leibler divergence: t·(ln t − input), where `input` holds the logarithms of probabilities."""
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    per_batch = reduction == "batchmean"
    reduction = reduction_of("sum" if per_batch else reduction, size_average, reduce)
    check_tensor("kl_div", input)
    check_tensor("kl_div", target, "target", 2)
    if not (input.is_floating_point() and target.is_floating_point()):
        raise RuntimeError("kl_div: Integral inputs not supported. Both are (logarithms of) probabilities.")
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = recorded(loss.xlogy)(target, target) - target * input
    total = _summed_up(losses, reduction)
    return total / input.shape[0] if per_batch and input.ndim else total


# One of several classes ──────────────────────────────────────────────────────────────────────────


def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
             ignore_index: int = -100, reduce=None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """−log p of the target's class, from log-probabilities (N, C, …) and classes (N, …)."""
    reduction = reduction_of(reduction, size_average, reduce)
    check_tensor("nll_loss_nd", input)
    check_tensor("nll_loss_nd", target, "target", 2)
    return _nll_loss(input, target, weight, ignore_index, reduction)


def _nll_loss(log_p: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str) -> Tensor:
    check_classes(log_p, target, weight)
    if log_p.ndim == 1:
        out = _nll_loss(log_p.unsqueeze(0), target.reshape(1), weight, ignore_index, reduction)
        return out.squeeze(0) if reduction == "none" else out
    if log_p.ndim == 3 or log_p.ndim > 4:  # as an image of one row
        n, classes, *rest = log_p.shape
        places = math.prod(rest)
        log_p = log_p.reshape(n, classes, 1, places)
        out = _nll_loss(log_p, target.reshape(n, 1, places), weight, ignore_index, reduction)
        return out.reshape(n, *rest) if reduction == "none" else out
    fixed = loss.nll_weights(target.long()._array, None if weight is None else weight._array, ignore_index,
                             log_p._array.shape, log_p._array.dtype)  # fmt: skip
    return recorded(loss.nll_loss)(log_p, *map(wrap, fixed), reduction=reduction)


_cross_entropy = recorded(loss.cross_entropy)


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
                  ignore_index: int = -100, reduce=None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Tensor:  # fmt: skip
    """−log softmax(input) at the target's class, averaged over the batch.

    Shape: scores (N, C, …) and classes (N, …), or probabilities of the shape of the scores.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    x = check_tensor("cross_entropy_loss", input)._array
    at = check_tensor("cross_entropy_loss", target, "target", 2)._array
    if weight is None and label_smoothing == 0.0 and reduction == "mean" and type(ignore_index) is int:
        if x.ndim == 2 and at.ndim == 1 and x.dtype.kind == "f" and at.dtype == int64.numpy and 0 < len(at) == len(x):
            if loss.check_targets(at, x.shape[1], ignore_index):
                return _cross_entropy(input, target)[0]
    check_number("cross_entropy_loss", ignore_index, "ignore_index", 5, "int")
    check_number("cross_entropy_loss", label_smoothing, "label_smoothing", 6, "float")
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.shape == target.shape:
        return _soft_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
    log_p = _log_softmax(input)
    hard = _nll_loss(log_p, target, weight, ignore_index, reduction)
    if label_smoothing <= 0:
        return hard
    # Smoothing spreads a part of the probability over all classes: the loss mixes in −Σ ln p.
    dim = 0 if input.ndim == 1 else 1
    ignored = target == ignore_index
    smooth = -(log_p if weight is None else log_p * _per_class(weight, input)).sum(dim)
    smooth = smooth.masked_fill(ignored.reshape(smooth.shape), 0.0)
    if reduction == "sum" or (reduction == "mean" and not smooth.numel()):
        smooth = smooth.sum()
    elif reduction == "mean":
        counts = ~ignored if weight is None else weight[target.masked_fill(ignored, 0).long()] * ~ignored
        smooth = smooth.sum() / counts.sum()
    return hard * (1 - label_smoothing) + smooth * (label_smoothing / input.shape[dim])


def _soft_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing) -> Tensor:
    if not target.is_floating_point():
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype.short}. A target "
            "of the shape of the scores holds probabilities: use .float(). Classes have no dimension for the scores."
        )
    if ignore_index >= 0:
        raise RuntimeError(
            "ignore_index is not supported for floating point target. Give the places to ignore probabilities of 0."
        )
    log_p, dim = _log_softmax(input), 0 if input.ndim == 1 else 1
    classes = input.shape[dim]
    if label_smoothing > 0:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        check_weight("cross_entropy: ", weight, classes)
        log_p = log_p * _per_class(weight, input)
    product = log_p * target
    if reduction == "none":
        return -product.sum(dim)
    total = -product.sum()
    if reduction == "sum":
        return total
    return recorded(loss.averaged)(total, count=input.numel() / classes) if input.numel() else total * float("nan")


def _log_softmax(scores: Tensor) -> Tensor:
    if scores.ndim and not scores.is_floating_point():
        raise NotImplementedError(
            f"\"log_softmax_lastdim_kernel_impl\" not implemented for '{scores.dtype.short}'. The scores come first, "
            "then the targets."
        )
    return scores.log_softmax(0 if scores.ndim == 1 else 1)


def _per_class(weight: Tensor, scores: Tensor) -> Tensor:
    """The weights of the classes, (C), shaped to go with the scores, (N, C, …)."""
    return weight if scores.ndim == 1 else weight.reshape(1, -1, *(1,) * (scores.ndim - 2))
