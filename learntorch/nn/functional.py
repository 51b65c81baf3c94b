"""Layers and losses as functions: `import learntorch.nn.functional as F`.

Read in chapter 04 (activations), 08 (convolution, losses) and 10 (cross-entropy). Convolution and pooling stand
in windows.py and pooling.py, normalization in norms.py, the losses in criteria.py.
"""

from __future__ import annotations

import math
import warnings

from .. import creation
from ..dtypes import int64
from ..errors import no_such_name as _no_such_name
from ..modes import grad_mode
from ..ops import activations, matrix
from ..ops import embedding as tables
from ..ops.rule import Rule
from ..recording import recorded
from ..tensor import Tensor
from ..writing import inplace as overwriting
from .checks import check_number, check_tensor
from .criteria import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from .norms import batch_norm, cosine_similarity, group_norm, layer_norm, normalize
from .pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
)
from .windows import conv1d, conv2d, conv_transpose1d, conv_transpose2d, fold, pad, unfold

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_similarity",
    "cross_entropy",
    "fold",
    "group_norm",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "mse_loss",
    "nll_loss",
    "normalize",
    "pad",
    "smooth_l1_loss",
    "unfold",
]


# Activations ─────────────────────────────────────────────────────────────────────────────────────


def _activate(name: str, rule: Rule, x: Tensor, inplace: bool = False, **options) -> Tensor:
    """Run the rule of an activation, into a new tensor or over `x`."""
    return (overwriting if inplace else recorded)(rule)(check_tensor(name, x), **options)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return check_tensor("relu", input).relu_() if inplace else check_tensor("relu", input).relu()


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else slope·x."""
    check_number("leaky_relu", negative_slope, "negative_slope", 2)
    return _activate("leaky_relu", activations.leaky_relu, input, inplace, slope=negative_slope)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x, but not below `min_val` and not above `max_val`."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val. Swap them.")
    return _activate("hardtanh", activations.hardtanh, input, inplace, low=min_val, high=max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return _activate("relu6", activations.hardtanh, input, inplace, low=0.0, high=6.0)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else α(eˣ − 1)."""
    check_number("elu", alpha, "alpha", 2)
    return _activate("elu", activations.elu, input, inplace, alpha=alpha)


def relu_(input: Tensor) -> Tensor:
    """In-place form of `relu`."""
    return relu(input, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In-place form of `leaky_relu`."""
    return leaky_relu(input, negative_slope, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """In-place form of `hardtanh`."""
    return hardtanh(input, min_val, max_val, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place form of `elu`."""
    return elu(input, alpha, inplace=True)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x·Φ(x), with the normal distribution Φ; `approximate="tanh"` is a little faster and a little off."""
    if not isinstance(approximate, str):
        raise TypeError(f"gelu(): argument 'approximate' must be str, not {type(approximate).__name__}")
    return _activate("gelu", activations.gelu, input, approximate=approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x·σ(x), also called swish."""
    return _activate("silu", activations.silu, input, inplace)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """ln(1 + e^βx) / β; where βx > threshold, x itself."""
    check_number("softplus", beta, "beta", 2)
    check_number("softplus", threshold, "threshold", 3)
    return _activate("softplus", activations.softplus, input, beta=beta, threshold=threshold)


def logsigmoid(input: Tensor) -> Tensor:
    """ln σ(x)."""
    return _activate("log_sigmoid", activations.log_sigmoid, input)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return check_tensor("sigmoid", input).sigmoid()


def tanh(input: Tensor) -> Tensor:
    """(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""
    return check_tensor("tanh", input).tanh()


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (check_tensor("softsign", input).abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x − tanh x."""
    return input - check_tensor("tanhshrink", input).tanh()


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """Positive numbers that add up to 1 along `dim`."""
    return check_tensor("softmax", input).softmax(_implicit_dim("softmax", input, dim), dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """The softmax of −x."""
    return (-check_tensor("softmin", input)).softmax(_implicit_dim("softmin", input, dim), dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """The logarithm of softmax."""
    return check_tensor("log_softmax", input).log_softmax(_implicit_dim("log_softmax", input, dim), dtype)


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
    x, w = check_tensor("linear", input)._array, check_tensor("linear", weight, "weight", 2)._array
    if w.ndim == 1 or x.ndim == 0:
        return _short_linear(input, weight, bias)
    if bias is None:
        return _linear(input, weight)
    check_tensor("linear", bias, "bias", 3)
    return _linear(input, weight, bias) if x.ndim == 2 else _linear_rows(input, weight, bias)


def _linear_rows(input: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x Wᵀ + b for an x that is no matrix. As in PyTorch the result is a view of all rows, if x lies row by row."""
    *sizes, last = input.shape
    if not input.is_contiguous():
        return _linear(input, weight) + bias
    return _linear(input.view(math.prod(sizes), last), weight, bias).view(*sizes, len(weight))


def _short_linear(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x · w + b for a weight of one dimension: a single number for each row."""
    if 0 in (input.ndim, weight.ndim):
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {input.ndim}D and {weight.ndim}D"
        )
    return input.matmul(weight) if bias is None else input.matmul(weight) + bias


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zero each element with probability p and scale the others by 1/(1 − p)."""
    if p < 0 or p > 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or check_tensor("dropout", input).numel() == 0:
        return check_tensor("dropout", input)
    if p == 1:
        mask = creation.zeros((), dtype=input.dtype, device=input.device)
    else:
        mask = creation.empty_like(input).bernoulli_(1 - p).div_(1 - p)
    return input.mul_(mask) if inplace else input * mask


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
              norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:  # fmt: skip
    """The row of `weight` for each number in `input`. The row `padding_idx` gets no gradient.

    Shape: input (…) of whole numbers, weight (V, D) → (…, D).
    Raises:
        IndexError: "index out of range in self. …"
    """
    only_plain(max_norm, scale_grad_by_freq, sparse)
    check_tensor("embedding", weight, "weight", 1)
    check_tensor("embedding", input, "indices", 2)
    if weight.ndim == 0 and weight.requires_grad and grad_mode.enabled:  # recording asks how many rows there are
        raise IndexError("Dimension specified as 0 but tensor has no dimensions. A weight has one row for each index.")
    padding_idx = -1 if padding_idx is None else padding_row(padding_idx, len(weight) if weight.ndim else 1)
    return recorded(tables.embedding)(weight, input, padding_idx=padding_idx)


def only_plain(max_norm: float | None, scale_grad_by_freq: bool, sparse: bool) -> None:
    """Say which variants of an embedding are not here."""
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise NotImplementedError("embedding: max_norm, scale_grad_by_freq and sparse are not in learntorch.")


def padding_row(padding_idx: int, rows: int) -> int:
    """`padding_idx` counted from the front."""
    if not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % rows


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """A row of zeros with a 1 at the class, for each class in `input`. Without `num_classes`, there are as many as
    the largest class says.

    Shape: (…) → (…, num_classes).
    """
    if check_tensor("one_hot", input).dtype is not int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor. Use .long().")
    check_number("one_hot", num_classes, "num_classes", 2, "int")
    if input.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor. Give num_classes.")
        return creation.zeros(*input.shape, num_classes, dtype=int64, device=input.device)
    if input.min() < 0:
        raise RuntimeError("Class values must be non-negative. Classes count from 0.")
    if num_classes == -1:
        num_classes = int(input.max()) + 1
    elif input.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes. Classes count from 0.")
    return (input.unsqueeze(-1) == creation.arange(num_classes, device=input.device)).long()


__getattr__ = _no_such_name(__name__)
