"""Layers and losses as functions: `import learntorch.nn.functional as F`.

Read in chapter 04 (activations), 08 (convolution, losses) and 10 (cross-entropy).
"""

from __future__ import annotations

import warnings

import numpy as np

from .. import random
from ..base import TensorBase, wrap
from ..dtypes import int64, uint8
from ..errors import argument_error, broadcast_error
from ..functions import broadcast_tensors, one_hot
from ..ops import activations, convolution, loss, matrix
from ..recording import inplace as overwriting
from ..recording import recorded
from ..tensor import Tensor

__all__ = ["one_hot"]

# Activations ─────────────────────────────────────────────────────────────────────────────────────


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    if not isinstance(input, TensorBase):
        raise argument_error("relu", "input", 1, "Tensor", input)
    return input.relu_() if inplace else input.relu()


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else slope·x."""
    return (overwriting if inplace else recorded)(activations.leaky_relu)(input, slope=negative_slope)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""
    return input.tanh()


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """ln(1 + e^βx) / β; where βx > threshold, x itself."""
    return recorded(activations.softplus)(input, beta=beta, threshold=threshold)


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """Positive numbers that add up to 1 along `dim`."""
    return input.softmax(_implicit_dim("softmax", input, dim), dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """The logarithm of softmax."""
    return input.log_softmax(_implicit_dim("log_softmax", input, dim), dtype)


def _implicit_dim(name: str, x: Tensor, dim: int | None) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=3,
    )
    return 0 if x.ndim in (0, 1, 3) else 1


# Layers ──────────────────────────────────────────────────────────────────────────────────────────

_linear = recorded(matrix.linear)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b.

    Shape: input (…, D_in), weight (D_out, D_in), bias (D_out) → (…, D_out).
    Raises:
        RuntimeError: "mat1 and mat2 shapes cannot be multiplied (5x4 and 3x2). …"
    """
    if not isinstance(input, TensorBase):
        raise argument_error("linear", "input", 1, "Tensor", input)
    return _linear(input, weight) if bias is None else _linear(input, weight, bias)


def pair(n) -> tuple[int, int]:
    """One number for both directions, or one for each."""
    return (n, n) if isinstance(n, int) else tuple(n)


def _batched(name: str, x: Tensor, call) -> Tensor:
    """Run `call` on a batch of images; a single image (C, H, W) becomes a batch of one."""
    if not isinstance(x, TensorBase):
        raise argument_error(name, "input", 1, "Tensor", x)
    if x.ndim == 3:
        return call(x.unsqueeze(0)).squeeze(0)
    if x.ndim != 4:
        raise RuntimeError(
            f"Expected 3D (unbatched) or 4D (batched) input to {name}, but got input of size: {list(x.shape)}"
        )
    return call(x)


def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0, dilation=1,
           groups: int = 1) -> Tensor:  # fmt: skip
    """Slide `weight` over the image: each output is the sum of a patch times the kernel, plus the bias.

    Shape: input (N, C, H, W), weight (O, C/groups, K, L), bias (O) → (N, O, P, Q) with
    P = (H + 2·padding − dilation·(K − 1) − 1) / stride + 1, rounded down, and Q likewise.
    """
    dilation = pair(dilation)
    if min(pair(stride)) <= 0:
        raise RuntimeError("non-positive stride is not supported. The kernel has to move: stride is 1 or more.")
    if padding == "valid":
        padding = 0
    elif padding == "same":
        reach = [dilation[d] * (weight.shape[2 + d] - 1) for d in (0, 1)]
        if any(r % 2 for r in reach):
            raise NotImplementedError("padding='same' is here for odd kernel sizes only: give the padding as a number.")
        padding = (reach[0] // 2, reach[1] // 2)
    if min(pair(padding)) < 0:
        raise RuntimeError("negative padding is not supported. To drop the edges, slice the image.")
    options = {"stride": pair(stride), "padding": pair(padding), "dilation": dilation, "groups": groups}
    extra = () if bias is None else (bias,)
    return _batched("conv2d", input, lambda x: recorded(convolution.conv2d)(x, weight, *extra, **options))


def max_pool2d(input: Tensor, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
               return_indices: bool = False) -> Tensor:  # fmt: skip
    """The largest element of each window.

    Shape: (N, C, H, W) → (N, C, P, Q); without `stride`, windows lie side by side.
    """
    if ceil_mode or return_indices:
        raise NotImplementedError("max_pool2d: ceil_mode and return_indices are not in learntorch.")
    kernel, padding = pair(kernel_size), pair(padding)
    if any(p > k // 2 for p, k in zip(padding, kernel)):
        raise RuntimeError(
            f"pad should be at most half of effective kernel size, but got pad={max(padding)}, "
            f"kernel_size={max(kernel)} and dilation={dilation}"
        )
    options = {"kernel": kernel, "stride": pair(kernel_size if stride is None else stride), "padding": padding,
               "dilation": pair(dilation)}  # fmt: skip
    return _batched("max_pool2d", input, lambda x: recorded(convolution.max_pool2d)(x, **options))


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zero each element with probability p and scale the others by 1/(1 − p)."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    keep = random.bernoulli(1 - p, input.shape, input.dtype)
    mask = wrap(keep / keep.dtype.type(1 - p) if p < 1 else keep)
    return input.mul_(mask) if inplace else input * mask


# Losses ──────────────────────────────────────────────────────────────────────────────────────────


def reduction_of(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction asked for, by its name or by the two switches of old tutorials."""
    if size_average is None and reduce is None:
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(f"{reduction} is not a valid value for reduction")
        return reduction
    size_average, reduce = size_average is not False, reduce is not False
    name = "none" if not reduce else "mean" if size_average else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{name}' instead.", stacklevel=4
    )
    return name


def mse_loss(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean") -> Tensor:
    """Squared error: the mean (or sum) of (input − target)²."""
    if not isinstance(target, TensorBase):
        raise argument_error("mse_loss", "target", 2, "Tensor", target)
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=2,
        )
        clash = broadcast_error(input.shape, target.shape)
        if clash is not None:
            raise clash
        input, target = broadcast_tensors(input, target)
    if not (input.is_floating_point() or target.is_floating_point()):
        raise NotImplementedError(f"\"mse_cpu\" not implemented for '{_kind(input)}'. Convert the input with .float().")
    return recorded(loss.mse_loss)(input, target, reduction=reduction_of(reduction, size_average, reduce))


def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
             ignore_index: int = -100, reduce=None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """−log p of the target's class, from log-probabilities (N, C, …) and classes (N, …)."""
    reduction = reduction_of(reduction, size_average, reduce)
    if input.ndim == 1:
        out = nll_loss(input.unsqueeze(0), target.unsqueeze(0), weight, None, ignore_index, None, reduction)
        return out.squeeze(0) if reduction == "none" else out
    _check_classes(input, target, weight)
    target = target.long()
    W = loss.nll_weights(target._array, None if weight is None else weight._array, ignore_index, reduction,
                         input._array.shape, input._array.dtype)  # fmt: skip
    return recorded(loss.nll_loss)(input, wrap(W), reduction=reduction)


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
                  ignore_index: int = -100, reduce=None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Tensor:  # fmt: skip
    """−log softmax(input) at the target's class, averaged over the batch.

    Shape: scores (N, C, …) and classes (N, …), or probabilities of the shape of the scores.
    """
    reduction = reduction_of(reduction, size_average, reduce)
    for name, value, position in (("self", input, 1), ("target", target, 2)):
        if not isinstance(value, TensorBase):
            raise argument_error("cross_entropy_loss", name, position, "Tensor", value)
    plain = weight is None and label_smoothing == 0.0 and reduction == "mean" and input.ndim == 2
    if plain and target.ndim == 1 and target._array.dtype == np.int64 and len(target) == len(input):
        if not (target._array == ignore_index).any():
            return recorded(loss.cross_entropy)(input, target)
    log_p = input.log_softmax(0 if input.ndim == 1 else 1)
    if input.shape == target.shape:
        return _soft_cross_entropy(log_p, target, weight, reduction, label_smoothing)
    hard = nll_loss(log_p, target, weight, None, ignore_index, None, reduction)
    if label_smoothing == 0.0:
        return hard
    if input.ndim == 1:
        log_p, target = log_p.unsqueeze(0), target.unsqueeze(0)
    classes = log_p.shape[1]
    counts = (target != ignore_index).to(log_p.dtype)
    scaled = log_p if weight is None else log_p * weight.reshape(1, -1, *(1,) * (log_p.ndim - 2))
    smooth = -scaled.sum(1) * counts
    if reduction == "mean":
        total = counts.sum() if weight is None else (weight[target.clamp(min=0)] * counts).sum()
        smooth = smooth.sum() / total
    elif reduction == "sum":
        smooth = smooth.sum()
    return hard * (1 - label_smoothing) + smooth * (label_smoothing / classes)


def _soft_cross_entropy(log_p, target, weight, reduction, label_smoothing) -> Tensor:
    dim = 0 if log_p.ndim == 1 else 1
    if not target.is_floating_point():
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {_kind(target)}. A target of the "
            "shape of the scores holds probabilities: use .float(). Classes have no dimension for the scores."
        )
    classes = log_p.shape[dim]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        log_p = log_p * (weight if dim == 0 else weight.reshape(1, -1, *(1,) * (log_p.ndim - 2)))
    each = -(log_p * target).sum(dim)
    if reduction == "none":
        return each
    return each.sum() / max(each.numel(), 1) if reduction == "mean" else each.sum()


def _kind(x: Tensor) -> str:
    return x.dtype.legacy.removesuffix("Tensor")


def _check_classes(scores: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Refuse classes that do not fit the scores, in PyTorch's words."""
    wanted, got = (scores.shape[0], *scores.shape[2:]), tuple(target.shape)
    if got[:1] != wanted[:1]:
        raise ValueError(
            f"Expected input batch_size ({wanted[0]}) to match target batch_size ({got[0] if got else 0}). There is "
            "one target for each row of scores."
        )
    if len(got) != len(wanted) and scores.ndim == 2:
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported. This target has the shape {list(got)}; "
            "squeeze() takes away dimensions of size 1."
        )
    if got != wanted:
        raise RuntimeError(f"Expected target size {list(wanted)}, got {list(got)}. It holds one class for each place.")
    if target.dtype not in (int64, uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {_kind(target)}. Classes are whole numbers: use "
            ".long()."
        )
    if weight is not None and weight.shape != (scores.shape[1],):
        raise RuntimeError(
            f"weight tensor should be defined either for all {scores.shape[1]} classes or no classes but got weight "
            f"tensor of shape: {list(weight.shape)}"
        )
