"""What losses and layers ask of their inputs, in PyTorch's words.

Read in chapter 08. They are called by the functions of `learntorch.nn.functional`.
"""

from __future__ import annotations

import math

import numpy as np

from ..base import TensorBase
from ..dtypes import int64, uint8
from ..errors import argument_error, broadcast_error, final, not_implemented, shape_mismatch
from ..modes import grad_mode
from ..tensor import Tensor


def check_tensor(function: str, x: object, name: str = "input", position: int = 1) -> Tensor:
    """Refuse what is not a tensor."""
    if not isinstance(x, TensorBase):
        raise argument_error(function, name, position, "Tensor", x)
    return x


def check_number(function: str, x: object, name: str, position: int, wanted: str = "Number") -> None:
    """Refuse what is not a number (or, if an int is wanted, not a whole one)."""
    if not isinstance(x, int if wanted == "int" else (int, float)):
        raise argument_error(function, name, position, wanted, x)


# Losses ────────────────────────────────────────────────────────────────────────────────────────


def check_growth(x: Tensor, *others: Tensor) -> None:
    """Refuse weights with which the losses would get another shape than `x`."""
    clash = broadcast_error(*(t.shape for t in others))
    together = x.shape if clash else np.broadcast_shapes(*(t.shape for t in others))
    if together != x.shape:
        clash = shape_mismatch(x.shape, together)
    if clash is not None:
        raise clash


def check_constant(function: str, name: str, x: Tensor) -> None:
    """Refuse an argument that would want a gradient where the function has none for it."""
    if x.requires_grad and grad_mode.enabled:
        raise RuntimeError(
            f"The function '{function}' is not differentiable with respect to argument '{name}'. This input cannot "
            "have requires_grad True. Give it as detach()."
        )


def cannot_hold(result: Tensor, target: Tensor) -> RuntimeError:
    return RuntimeError(
        f"result type {result.dtype.short} can't be cast to the desired output type {target.dtype.short}. Convert the "
        f"{target.dtype.short} tensor with .float()."
    )


def check_classes(scores: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Refuse classes that do not fit the scores, in PyTorch's words."""
    if scores.ndim == 0:
        raise ValueError("Expected 1 or more dimensions (got 0). There is one score for each class.")
    wanted, got = (scores.shape[0], *scores.shape[2:]), tuple(target.shape)
    if scores.ndim == 1 and len(got) == 1 and got != (1,):
        _check_class_type(target)
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {got[0]}. It is one class.")
    if scores.ndim > 1 and got[:1] != wanted[:1]:
        raise ValueError(
            f"Expected input batch_size ({wanted[0]}) to match target batch_size ({got[0] if got else 0}). There is "
            "one target for each row of scores."
        )
    if scores.ndim <= 2 and len(got) > 1:
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported. This target has the shape {list(got)}; "
            "squeeze() takes away dimensions of size 1."
        )
    if scores.ndim == 4 and len(got) != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(got)}. There "
            "is one target for each place of each image."
        )
    if scores.ndim == 4 and got != wanted:
        raise RuntimeError(f"size mismatch (got input: {list(scores.shape)} , target: {list(got)}")
    if scores.ndim > 2 and got != wanted:
        raise RuntimeError(f"Expected target size {list(wanted)}, got {list(got)}. It holds one class for each place.")
    if target.dtype is uint8 and scores.ndim > 2:
        raise RuntimeError("expected scalar type Long but found Byte. Classes are whole numbers: use .long().")
    _check_class_type(target)
    if weight is not None:
        check_weight("", weight, scores.shape[min(scores.ndim - 1, 1)])
    if not scores.is_floating_point():
        raise NotImplementedError(
            f"\"nll_loss_out_frame\" not implemented for '{scores.dtype.short}'. The input holds logarithms of "
            "probabilities."
        )
    if weight is not None:
        if weight.dtype != scores.dtype:
            raise RuntimeError(
                f"expected scalar type {scores.dtype.short} but found {weight.dtype.short}. Convert it with .to()."
            )
        not_learned("nll_loss_forward", weight)


def _check_class_type(target: Tensor) -> None:
    if target.dtype not in (int64, uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.short}. Classes are whole numbers: use "
            ".long()."
        )


def check_weight(caller: str, weight: Tensor, classes: int) -> None:
    if weight.shape != (classes,):
        raise RuntimeError(
            f"{caller}weight tensor should be defined either for all {classes} classes or no classes but got weight "
            f"tensor of shape: {list(weight.shape)}. There is one weight for each class."
        )


def not_learned(function: str, weight: Tensor) -> Tensor:
    if weight.requires_grad:
        raise final(
            RuntimeError(
                f"The function '{function}' is not differentiable with respect to argument 'weight'. This input cannot "
                "have requires_grad True."
            )
        )
    return weight


# Normalization ─────────────────────────────────────────────────────────────────────────────────


def check_spread(size: tuple) -> None:
    """Refuse to normalize single numbers: their variance is 0."""
    if math.prod((size[0], *size[2:])) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {size}. Use larger batches, or "
            "eval() outside training."
        )


def check_channels(x: Tensor, values: dict[str, Tensor | None], training: bool) -> None:
    """Refuse parameters and statistics of another number of channels than the input (N, C, …) has."""
    channels = x.shape[1] if x.ndim > 1 else 0
    for name, value in values.items():
        if value is None:
            if name.startswith("running") and not training:
                raise RuntimeError(f"{name} must be defined in evaluation mode. Pass it, or pass training=True.")
        elif value.numel() != channels and x.numel():
            raise RuntimeError(
                f"{name} should contain {channels} elements not {value.numel()}. The input has {channels} channels: "
                "the layer's num_features must be that number."
            )
    if x.ndim < 2:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [-1, {x.ndim - 1}], but got 1). It is (N, C, …)."
        )
    if training and (values["running_mean"] is None) != (values["running_var"] is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if not x.is_floating_point():
        raise not_implemented("batch_norm", x._array)
    check_alike(x, *values.values())


def check_alike(x: Tensor, *others: Tensor | None) -> None:
    """Refuse parameters of another type than the input, except float32 ones for float16."""
    kinds = [other.dtype.short for other in others if other is not None]
    if any(k != x.dtype.short for k in kinds):
        wrong = next((k for k in kinds if k != "Float"), None)
        if wrong is not None or x.dtype.short != "Half":
            advice = f"The input is {x.dtype.short}, the layer {wrong or 'Float'}: convert one of them with .to()."
            which = "expect parameter to have scalar type of Float" if wrong else "all inputs must share same datatype"
            raise RuntimeError(f"mixed dtype (CPU): {which}. {advice}")
