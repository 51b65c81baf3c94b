"""Functions that sum up the windows of a signal or an image: the largest element, or the mean.

Read in chapter 08. They are part of `learntorch.nn.functional`.
"""

from __future__ import annotations

from ..base import TensorBase
from ..errors import argument_error
from ..ops import pooling
from ..ops.windows import grid
from ..recording import recorded
from ..tensor import Tensor

# The largest element ─────────────────────────────────────────────────────────────────────────────


def max_pool2d(input: Tensor, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
               return_indices: bool = False) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
    """The largest element of each window; with `return_indices` also where it stands.

    Shape: (N, C, H, W) → (N, C, P, Q); without `stride`, windows lie side by side.
    """
    _tensor("max_pool2d", input)
    window = _window("max_pool2d", kernel_size, stride, padding, dilation)
    if input.ndim not in (3, 4):
        raise RuntimeError(
            "non-empty 3D or 4D (batch mode) tensor expected for input. Its shape is (N, C, H, W) or (C, H, W), but "
            f"got {list(input.shape)}"
        )
    _check("max_pool2d", input, **window, ceil_mode=ceil_mode)
    y = recorded(pooling.max_pool2d)(input, **window, ceil_mode=ceil_mode)
    if return_indices:
        return y, recorded(pooling.max_pool2d_indices)(input, **window, ceil_mode=ceil_mode)
    return y


def max_pool2d_with_indices(input: Tensor, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
                            return_indices: bool = True) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`max_pool2d` with `return_indices`."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


def max_pool1d(input: Tensor, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
               return_indices: bool = False) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
    """The largest element of each window; with `return_indices` also where it stands.

    Shape: (N, C, L) → (N, C, P); without `stride`, windows lie side by side.
    """
    _tensor("max_pool1d", input)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:"
            f"{list(input.shape)}"
        )
    stride = kernel_size if stride is None else stride
    given = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    for name, value in given.items():
        if isinstance(value, (tuple, list)):
            if len(value) != 1:
                raise RuntimeError(
                    f"max_pool1d() {name} must be an int, list of ints or tuple of ints of size 1 but got size "
                    f"{len(value)}"
                )
            (value,) = value
        if value < (name != "padding"):
            least = "non-negative" if name == "padding" else "greater than zero"
            raise RuntimeError(f"max_pool1d() {name} must be {least}, but got {value}")
        given[name] = value
    k, s, p, d = given.values()
    if p > k // 2:
        raise RuntimeError(
            f"max_pool1d() padding should be at most half of kernel size, but got padding={p} and kernel_size={k}"
        )
    (size,) = grid(input.shape, (k,), (s,), (p,), (d,), ceil_mode)
    if size <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {size}. The window is longer than the signal.")
    y = max_pool2d(input.unsqueeze(-2), (1, k), (1, s), (0, p), (1, d), ceil_mode, return_indices)
    return tuple(part.squeeze(-2) for part in y) if return_indices else y.squeeze(-2)


def max_pool1d_with_indices(input: Tensor, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
                            return_indices: bool = True) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`max_pool1d` with `return_indices`."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


# The mean ────────────────────────────────────────────────────────────────────────────────────────


def avg_pool2d(input: Tensor, kernel_size, stride=None, padding=0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:  # fmt: skip
    """The mean of each window. The border's zeros count unless told otherwise; `divisor_override` divides instead.

    Shape: (N, C, H, W) → (N, C, P, Q); without `stride`, windows lie side by side.
    """
    _tensor("avg_pool2d", input)
    window = _window("avg_pool2d", kernel_size, stride, padding, 1)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    if input.ndim < 3:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-input.ndim}, {input.ndim - 1}], but got -3). The "
            "image is (N, C, H, W) or (C, H, W)."
        )
    _check("avg_pool2d", input, **window, ceil_mode=ceil_mode)
    del window["dilation"]
    return recorded(pooling.avg_pool2d)(input, **window, ceil_mode=ceil_mode, count_include_pad=count_include_pad,
                                        divisor_override=divisor_override)  # fmt: skip


def avg_pool1d(input: Tensor, kernel_size, stride=None, padding=0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Tensor:  # fmt: skip
    """The mean of each window.

    Shape: (N, C, L) → (N, C, P); without `stride`, windows lie side by side.
    """
    _line("avg_pool1d", input)
    stride = kernel_size if stride is None else stride
    k, s, p = (
        _one("avg_pool1d", name, value)
        for name, value in (("kernel_size", kernel_size), ("stride", stride), ("padding", padding))
    )
    x = input.unsqueeze(-2)
    return avg_pool2d(x, (1, k), (1, s), (0, p), ceil_mode, count_include_pad).squeeze(-2)


def adaptive_avg_pool2d(input: Tensor, output_size) -> Tensor:
    """The means of as many windows as `output_size` says, which together cover the image.

    Shape: (N, C, H, W) → (N, C, *output_size); a size of None keeps the input's.
    """
    _tensor("adaptive_avg_pool2d", input)
    size = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    if len(size) != 2:
        raise RuntimeError("adaptive_avg_pool2d: output_size must be 2. It is one number, or height and width.")
    size = tuple(n if s is None else s for s, n in zip(size, input.shape[-2:]))
    if input.ndim not in (3, 4):
        raise RuntimeError(f"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got {list(input.shape)}")
    if min(size) < 0:
        raise RuntimeError(
            "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received "
            f"{{{size[0]}, {size[1]}}}"
        )
    if size == (1, 1):
        return input.mean((-1, -2), keepdim=True)
    for dim in range(input.ndim - 3, input.ndim):
        if input.shape[dim] == 0:
            raise RuntimeError(
                "adaptive_avg_pool2d(): Expected input to have non-zero size for non-batch dimensions, but input has "
                f"sizes {list(input.shape)} with dimension {dim} being empty"
            )
    _numbers_for("adaptive_avg_pool2d", input, "f")
    return recorded(pooling.adaptive_avg_pool2d)(input, size=size)


def adaptive_avg_pool1d(input: Tensor, output_size) -> Tensor:
    """The means of `output_size` windows that together cover the signal.

    Shape: (N, C, L) → (N, C, output_size).
    """
    _line("adaptive_avg_pool1d", input)
    size = _one("adaptive_avg_pool1d", "output_size", output_size)
    return adaptive_avg_pool2d(input.unsqueeze(-2), (1, size)).squeeze(-2)


# What a pooling is given ─────────────────────────────────────────────────────────────────────────


def _tensor(name: str, x) -> None:
    if not isinstance(x, TensorBase):
        raise argument_error(name, "input", 1, "Tensor", x)


def _line(name: str, x) -> None:
    _tensor(name, x)
    if x.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {x.ndim}-dimensional tensor for argument #1 'self' (while checking "
            f"arguments for {name}). A signal is (N, C, L) or (C, L)."
        )


def _one(name: str, argument: str, value) -> int:
    numbers = value if isinstance(value, (tuple, list)) else (value,)
    if len(numbers) != 1:
        raise RuntimeError(f"{name}() argument '{argument}' should contain one int (got {len(numbers)})")
    return numbers[0]


def _window(name: str, kernel_size, stride, padding, dilation) -> dict[str, tuple[int, int]]:
    """Kernel, stride, padding and dilation as pairs: one number stands for both directions."""
    stride = kernel_size if stride is None or stride == () or stride == [] else stride
    given = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    window = {}
    for position, (key, value) in enumerate(given.items(), 2):
        pair = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        if any(not isinstance(n, int) for n in pair):
            raise argument_error(name, key, position, "tuple of ints", value)
        if len(pair) not in (1, 2):
            omitted = "be omitted, a single int" if key == "stride" else "be a single int"
            raise RuntimeError(f"{name}: {key} must either {omitted}, or a tuple of two ints")
        window[key.removesuffix("_size")] = pair if len(pair) == 2 else pair * 2
    return window


def _check(name: str, x: Tensor, kernel, stride, padding, dilation, ceil_mode: bool) -> None:
    """Refuse windows that do not fit, in PyTorch's words and order."""
    for k, s, p, d in zip(kernel, stride, padding, dilation):
        if s == 0:
            raise RuntimeError("stride should not be zero. The window has to move.")
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )
    named = (("kernel size", "k", kernel), ("stride", "d", stride), ("dilation", "dilation", dilation))
    for what, short, (h, w) in named:
        if min(h, w) <= 0:
            raise RuntimeError(f"{what} should be greater than zero, but got {short}H: {h} {short}W: {w}")
    if x.ndim > 4 or 0 in x.shape[-3:]:
        raise RuntimeError(
            f"Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:{list(x.shape)}"
        )
    if any(p > k // 2 for p, k in zip(padding, kernel)):
        raise RuntimeError(
            f"pad should be smaller than or equal to half of kernel size, but got padW = {padding[1]}, padH = "
            f"{padding[0]}, kW = {kernel[1]}, kH = {kernel[0]}"
        )
    p, q = grid(x.shape, kernel, stride, padding, dilation, ceil_mode)
    if min(p, q) < 1:
        c, h, w = x.shape[-3:]
        raise RuntimeError(
            f"Given input size: ({c}x{h}x{w}). Calculated output size: ({c}x{p}x{q}). Output size is too small"
        )
    _numbers_for(name, x, "fiu" if name == "max_pool2d" else "f")


def _numbers_for(name: str, x: Tensor, kinds: str) -> None:
    long = name == "avg_pool2d" and x._array.dtype == "int64"
    if x._array.dtype.kind not in kinds and not long:
        raise NotImplementedError(f"\"{name}\" not implemented for '{x.dtype.short}'. Convert the input with .float().")
