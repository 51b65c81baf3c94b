"""Layers that slide a window over a signal or an image: convolution and pooling.

Read in chapter 08.
"""

from __future__ import annotations

from .. import creation
from ..tensor import Tensor
from . import pooling, windows
from .layers import draw_uniform
from .module import Module
from .parameter import Parameter

_MODES = ("zeros", "reflect", "replicate", "circular")


class Convolution(Module):
    """What Conv1d and Conv2d share: a kernel for each output channel."""

    dims: int  # 1 for signals, 2 for images
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device=None,
        dtype=None,
        *,
        output_padding=0,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string '{padding}', should be one of {{'same', 'valid'}}")
        if padding == "same" and any(s != 1 for s in self._for_each(stride)):
            raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode must be one of {set(_MODES)}, but got padding_mode='{padding_mode}'")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = self._for_each(kernel_size), self._for_each(stride)
        self.padding = padding if isinstance(padding, str) else self._for_each(padding)
        self.dilation, self.output_padding = self._for_each(dilation), self._for_each(output_padding)
        self.padding_mode = padding_mode
        channels = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(creation.empty(*channels, *self.kernel_size, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(creation.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _for_each(self, value) -> tuple[int, ...]:
        """One number for all directions, or one for each."""
        return tuple(value) if isinstance(value, (tuple, list)) else (value,) * self.dims

    def reset_parameters(self) -> None:
        """Draw new weights."""
        draw_uniform(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        convolve = windows.conv1d if self.dims == 1 else windows.conv2d
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = windows.pad(input, self._border(), self.padding_mode), 0
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def _border(self) -> tuple[int, ...]:
        """The padding as `pad` counts it: (left, right, top, bottom)."""
        if self.padding == "valid":
            return (0, 0) * self.dims
        if self.padding == "same":
            reach = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
            return tuple(n for r in reversed(reach) for n in (r // 2, r - r // 2))
        return tuple(n for p in reversed(self.padding) for n in (p, p))

    def extra_repr(self) -> str:
        zeros, ones = (0,) * len(self.padding), (1,) * self.dims
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != zeros:
            text += f", padding={self.padding}"
        if self.dilation != ones:
            text += f", dilation={self.dilation}"
        if any(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class Conv1d(Convolution):
    """Slide kernels along a signal: one output channel for each kernel.

    Shape: (N, in_channels, L) → (N, out_channels, P).
    """

    dims = 1


class Conv2d(Convolution):
    """Slide kernels over an image: one output channel for each kernel.

    Shape: (N, in_channels, H, W) → (N, out_channels, P, Q).
    """

    dims = 2


class TransposedConvolution(Convolution):
    """What ConvTranspose1d and ConvTranspose2d share: the way back of a convolution, from its output's shape to its
    input's."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups: int = 1,
        bias: bool = True,
        dilation=1,
        padding_mode: str = "zeros",
        device=None,
        dtype=None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                         device, dtype, output_padding=output_padding)  # fmt: skip

    def forward(self, input: Tensor, output_size=None) -> Tensor:
        transpose = windows.conv_transpose1d if self.dims == 1 else windows.conv_transpose2d
        extra = self.output_padding if output_size is None else self._to_reach(input, tuple(output_size))
        return transpose(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _to_reach(self, x: Tensor, wanted: tuple[int, ...]) -> list[int]:
        """The output_padding that gives an output of this size."""
        around = x.ndim - self.dims
        if len(wanted) == around + self.dims:
            wanted = wanted[around:]
        if len(wanted) != self.dims:
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {x.ndim}D input, output_size must have {self.dims} or "
                f"{around + self.dims} elements (got {len(wanted)})"
            )
        inner = x.shape[around:]
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(inner, self.stride, self.padding, self.dilation, self.kernel_size)
        ]
        most = [m + s - 1 for m, s in zip(least, self.stride)]
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most)):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {least} to {most} (for an input of "
                f"{inner})"
            )
        return [n - low for n, low in zip(wanted, least)]


class ConvTranspose1d(TransposedConvolution):
    """Spread each element of a signal over a patch.

    Shape: (N, in_channels, L) → (N, out_channels, P).
    """

    dims = 1


class ConvTranspose2d(TransposedConvolution):
    """Spread each element of an image over a patch.

    Shape: (N, in_channels, H, W) → (N, out_channels, P, Q).
    """

    dims = 2


# Pooling ─────────────────────────────────────────────────────────────────────────────────────────


class MaxPool2d(Module):
    """The largest element of each window.

    Shape: (N, C, H, W) → (N, C, P, Q).
    """

    pool = staticmethod(pooling.max_pool2d)

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices: bool = False,
                 ceil_mode: bool = False) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
                         self.return_indices)  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(MaxPool2d):
    """The largest element of each window.

    Shape: (N, C, L) → (N, C, P).
    """

    pool = staticmethod(pooling.max_pool1d)


class AvgPool2d(Module):
    """The mean of each window.

    Shape: (N, C, H, W) → (N, C, P, Q).
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
                 divisor_override: int | None = None) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return pooling.avg_pool2d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                                  self.count_include_pad, self.divisor_override)  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(Module):
    """The mean of each window.

    Shape: (N, C, L) → (N, C, P).
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode: bool = False,
                 count_include_pad: bool = True) -> None:  # fmt: skip
        super().__init__()
        single = ((value,) if isinstance(value, int) else value for value in (
            kernel_size, kernel_size if stride is None else stride, padding))  # fmt: skip
        self.kernel_size, self.stride, self.padding = single
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return pooling.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                                  self.count_include_pad)  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool2d(Module):
    """The means of `output_size` windows that together cover the image.

    Shape: (N, C, H, W) → (N, C, *output_size).
    """

    pool = staticmethod(pooling.adaptive_avg_pool2d)

    def __init__(self, output_size) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(AdaptiveAvgPool2d):
    """The means of `output_size` windows that together cover the signal.

    Shape: (N, C, L) → (N, C, output_size).
    """

    pool = staticmethod(pooling.adaptive_avg_pool1d)
