"""Normalization as functions: by channel, by row, by group; to length 1.

Read in chapter 08. They are part of `learntorch.nn.functional`.
"""

from __future__ import annotations

from ..errors import argument_error
from ..joining import broadcast_tensors
from ..modes import no_grad
from ..ops import normalization
from ..recording import recorded
from ..tensor import Tensor
from .checks import check_alike, check_channels, check_spread, check_tensor


def batch_norm(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
               bias: Tensor | None = None, training: bool = False, momentum: float = 0.1,
               eps: float = 1e-05) -> Tensor:  # fmt: skip
    """(x − μ) / √(σ² + eps) · weight + bias, channel by channel.

    In training, μ and σ² are those of the batch, and the running ones move towards them by the part `momentum`.
    Otherwise they are the running ones.

    Shape: input (N, C, …), all others (C) → (N, C, …).
    Raises:
        ValueError: "Expected more than 1 value per channel when training, got input size torch.Size([1, 3]). …"
    """
    check_tensor("batch_norm", input)
    if training:
        check_spread(input.shape)
    if eps < 0 or (training and eps == 0):
        needed = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {needed}, but got {eps}. It keeps the divisor away from 0.")
    if not input.numel():  # nothing to normalize, whatever the others are
        out = input.clone()
        out = out if weight is None else out * weight[0]
        return out if bias is None else out + bias[0]
    running = {"running_mean": running_mean, "running_var": running_var}
    for position, (name, value) in enumerate({"weight": weight, "bias": bias, **running}.items(), 2):
        if value is not None:
            check_tensor("batch_norm", value, name, position)
    check_channels(input, {**running, "weight": weight, "bias": bias}, training)
    if training:
        if running_mean is not None:
            _follow(input, running_mean, running_var, momentum)
        return recorded(normalization.batch_norm)(input, weight, bias, eps=eps)
    return recorded(normalization.fixed_norm)(input, weight, bias, running_mean, running_var, eps=eps)


@no_grad()
def _follow(x: Tensor, running_mean: Tensor, running_var: Tensor, momentum: float) -> None:
    """Let the running statistics move towards those of this batch by the part `momentum`."""
    dims = [d for d in range(x.ndim) if d != 1]
    for running, now in (running_mean, x.mean(dims)), (running_var, x.var(dims)):
        running.mul_(1 - momentum).add_(now.to(running.dtype) * momentum)


def layer_norm(input: Tensor, normalized_shape: tuple, weight: Tensor | None = None, bias: Tensor | None = None,
               eps: float = 1e-05) -> Tensor:  # fmt: skip
    """(x − μ) / √(σ² + eps) · weight + bias, with μ and σ² over the last dimensions, those of `normalized_shape`.

    Shape: input (*, normalized_shape), weight and bias normalized_shape → as the input.
    """
    check_tensor("layer_norm", input)
    if not isinstance(normalized_shape, (tuple, list)):
        raise argument_error("layer_norm", "normalized_shape", 2, "tuple of ints", normalized_shape)
    size = list(normalized_shape)
    for i, n in enumerate(size):
        if not isinstance(n, int):
            raise TypeError(
                "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, but found element of "
                f"type {type(n).__name__} at pos {i}"
            )
    if not size:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, value in ("weight", weight), ("bias", bias):
        if value is not None and list(value.shape) != size:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(value.shape)} and normalized_shape = {size}"
            )
    if list(input.shape[-len(size) :]) != size or input.ndim < len(size):
        raise RuntimeError(
            f"Given normalized_shape={size}, expected input with shape [*, {', '.join(map(str, size))}], but got input "
            f"of size{list(input.shape)}. These are the last sizes of the input."
        )
    check_alike(input, weight, bias)
    if not input.is_floating_point():
        raise NotImplementedError(f"\"LayerNormKernelImpl\" not implemented for '{input.dtype.short}'. Use .float().")
    return recorded(normalization.layer_norm)(input, weight, bias, dims=len(size), eps=eps)


def group_norm(input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
               eps: float = 1e-05) -> Tensor:  # fmt: skip
    """(x − μ) / √(σ² + eps) · weight + bias, with μ and σ² over each of `num_groups` groups of channels.

    Shape: input (N, C, …), weight and bias (C) → (N, C, …).
    """
    size = check_tensor("group_norm", input).shape
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    check_spread([size[0] * size[1] // num_groups, num_groups, *size[2:]])
    if size[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(size)} and num_groups={num_groups}"
        )
    for name, value in ("weight", weight), ("bias", bias):
        if value is not None and value.shape != (size[1],):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {list(value.shape)} and input of shape {list(size)}"
            )
    check_alike(input, weight, bias)
    return recorded(normalization.group_norm)(input, weight, bias, groups=num_groups, eps=eps)


# Lengths and angles ──────────────────────────────────────────────────────────────────────────────


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """x divided by its norm along `dim` (by `eps`, where the norm is smaller)."""
    lengths = check_tensor("normalize", input).norm(p, dim, keepdim=True).clamp(min=eps).expand_as(input)
    return input / lengths if out is None else out.copy_(input / lengths)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """The cosine of the angle between x1 and x2 along `dim`: their product over the product of their lengths."""
    check_tensor("cosine_similarity", x1, "x1")
    a, b = broadcast_tensors(x1, check_tensor("cosine_similarity", x2, "x2", 2))
    if not (a.is_floating_point() or b.is_floating_point()):
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {a.dtype.short}. Convert them with "
            ".float()."
        )
    return (_directed(a, dim, eps) * _directed(b, dim, eps)).sum(dim)


def _directed(x: Tensor, dim: int, eps: float) -> Tensor:
    """x divided by its length. As in PyTorch, the gradient does not know of the lower bound `eps`."""
    length = x.norm(2, dim, True).clone()
    with no_grad():
        length.clamp_(min=eps)
    return x / length
