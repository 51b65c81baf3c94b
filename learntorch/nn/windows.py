"""Functions that slide a kernel over a signal or an image: convolution, and the borders that go with it.

Read in chapter 08. They are part of `learntorch.nn.functional`.
"""

from __future__ import annotations

import warnings

from ..base import TensorBase
from ..errors import argument_error, c_name, dimension_error
from ..ops import convolution, padding
from ..recording import recorded
from ..tensor import Tensor


def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0, dilation=1,
           groups: int = 1) -> Tensor:  # fmt: skip
    """Slide `weight` along the signal: each output is the sum of a patch times the kernel, plus the bias.

    Shape: input (N, C, L), weight (O, C/groups, K), bias (O) → (N, O, P) with
    P = (L + 2·padding − dilation·(K − 1) − 1) / stride + 1, rounded down.
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0, dilation=1,
           groups: int = 1) -> Tensor:  # fmt: skip
    """Slide `weight` over the image: each output is the sum of a patch times the kernel, plus the bias.

    Shape: input (N, C, H, W), weight (O, C/groups, K, L), bias (O) → (N, O, P, Q) with
    P = (H + 2·padding − dilation·(K − 1) − 1) / stride + 1, rounded down, and Q likewise.
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def _convolve(name: str, dims: int, x, weight, bias, stride, padding, dilation, groups: int) -> Tensor:
    alone = _is_alone(name, dims, x, weight, bias)
    if alone:
        x = x.unsqueeze(0)
    kernel = weight.shape[2:]
    stride = _to_match("stride", stride, dims, len(kernel))
    dilation = _to_match("dilation", dilation, dims, len(kernel))
    if isinstance(padding, str):
        x, padding = _padding_by_name(x, padding, kernel, stride, dilation)
    options = {"stride": stride, "padding": _to_match("padding", padding, dims, len(kernel)), "dilation": dilation,
               "groups": groups}  # fmt: skip
    _check_settings(**options)
    _check_fit(x, weight, bias, **options)
    y = recorded(convolution.convolution)(x, weight, *(() if bias is None else (bias,)), **options)
    return y.squeeze(0) if alone else y


def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0,
                     output_padding=0, groups: int = 1, dilation=1) -> Tensor:  # fmt: skip
    """The way back of `conv1d`: each input spreads over a patch.

    Shape: input (N, C, L), weight (C, O/groups, K), bias (O) → (N, O, P) with
    P = (L − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1.
    """
    return _transpose("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride=1, padding=0,
                     output_padding=0, groups: int = 1, dilation=1) -> Tensor:  # fmt: skip
    """The way back of `conv2d`: each input spreads over a patch.

    Shape: input (N, C, H, W), weight (C, O/groups, K, L), bias (O) → (N, O, P, Q) with
    P = (H − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1, and Q likewise.
    """
    return _transpose("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _transpose(name: str, dims: int, x, weight, bias, stride, padding, output_padding, groups, dilation) -> Tensor:
    alone = _is_alone(name, dims, x, weight, bias)
    if alone:
        x = x.unsqueeze(0)
    kernel = weight.shape[2:]
    named = {"stride": stride, "padding": padding, "dilation": dilation, "output_padding": output_padding}
    options = {key: _to_match(key, value, dims, len(kernel)) for key, value in named.items()}
    extra = options.pop("output_padding")
    _check_settings(**options, groups=groups, output_padding=extra)
    _check_fit(x, weight, bias, **options, groups=groups, transposed=True)
    stride, padding, dilation = options.values()
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            + " ".join(
                f"{key}_{side}: {number}"
                for key, numbers in (("output_padding", extra), ("stride", stride), ("dilation", dilation))
                for side, number in zip(("height", "width"), numbers)
            )
        )
    inner = (
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(x.shape[2:], stride, padding, dilation, kernel, extra)
    )
    size = (x.shape[0], weight.shape[1] * groups, *inner)
    if min(size[2:]) < 1:
        raise RuntimeError(
            f"Given input size per channel: {_by(x.shape[2:])}. Calculated output size per channel: "
            f"{_by(size[2:])}. Output size is too small"
        )
    if any(e >= s for e, s in zip(extra, stride)):  # a kernel would find room for another step: a step of zeros
        x = pad(x, tuple(n for e, s in zip(reversed(extra), reversed(stride)) for n in (0, e // s)))
    y = recorded(convolution.convolution_transpose)(
        x, weight, *(() if bias is None else (bias,)), size=size, groups=groups, **options
    )
    return y.squeeze(0) if alone else y


# What a convolution is given ─────────────────────────────────────────────────────────────────────


def _is_alone(name: str, dims: int, x, weight, bias) -> bool:
    """True for an input without the batch dimension."""
    for position, (argument, value) in enumerate({"input": x, "weight": weight, "bias": bias}.items(), 1):
        if not isinstance(value, TensorBase) and not (argument == "bias" and value is None):
            raise argument_error(name, argument, position, "Tensor", value)
    if x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name}, but got input of size: "
            f"{list(x.shape)}"
        )
    if weight.ndim < 3:
        raise RuntimeError("weight should have at least three dimensions: channels out, channels in, and the kernel.")
    return x.ndim == dims + 1


def _to_match(name: str, value, dims: int, count: int) -> tuple[int, ...]:
    """One number for all directions, or one for each: `dims` of them for the function, `count` for the kernel."""
    numbers = value if isinstance(value, (tuple, list)) else (value,) * dims
    if any(not isinstance(n, int) for n in numbers):
        raise TypeError(f"{name} must be an int or a tuple of ints, not {value!r}.")
    if len(numbers) == 1:
        numbers = tuple(numbers) * count
    if len(numbers) != count:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {count} values to match the convolution "
            f"dimensions, but got {name}={list(numbers)}"
        )
    return tuple(numbers)


def _padding_by_name(x: Tensor, name: str, kernel: tuple, stride: tuple, dilation: tuple):
    """The padding that 'valid' (none) and 'same' (the output is as large as the input) stand for."""
    if name not in ("same", "valid"):
        raise RuntimeError(f"Invalid padding string: '{name}'. It is 'same', 'valid' or a number.")
    if name == "valid":
        return x, 0
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions. Give the padding as a number.")
    reach = [d * (k - 1) for d, k in zip(dilation, kernel)]
    if any(r % 2 for r in reach):  # the two borders differ: the longer one is added here
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the "
            "input be created",
            stacklevel=4,
        )
        x = pad(x, tuple(n for r in reversed(reach) for n in (0, r % 2)))
    return x, tuple(r // 2 for r in reach)


def _check_settings(stride: tuple, padding: tuple, dilation: tuple, groups: int, output_padding: tuple = ()) -> None:
    if groups < 1:
        raise RuntimeError("non-positive groups is not supported. Groups are 1 or more.")
    for name, numbers in (("padding", padding), ("output_padding", output_padding)):
        if min(numbers, default=0) < 0:
            raise RuntimeError(f"negative {name} is not supported. To drop the edges, slice the image.")
    if min(stride) < 1:
        raise RuntimeError("non-positive stride is not supported. The kernel has to move: stride is 1 or more.")
    if min(dilation) < 1:
        but = f", but got {list(dilation)}" if min(dilation) == 0 else ""
        raise RuntimeError(f"dilation should be greater than zero{but}")


def _check_fit(x, weight, bias, stride, padding, dilation, groups: int, transposed: bool = False) -> None:
    """Refuse shapes and types that do not go together."""
    shape, kernels = tuple(x.shape), tuple(weight.shape)
    if x.ndim != weight.ndim:
        raise RuntimeError(
            f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight {list(kernels)}, but "
            f"got {x.ndim}-dimensional input of size {list(shape)} instead"
        )
    if kernels[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{list(kernels)} instead"
        )
    if kernels[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size [{list(kernels)}] instead"
        )
    wanted = kernels[0] if transposed else kernels[1] * groups
    if shape[1] != wanted:
        raise RuntimeError(
            f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size {list(kernels)}, expected "
            f"input{list(shape)} to have {wanted} channels, but got {shape[1]} channels instead. The channels "
            "that one layer gives must be those that the next one takes."
        )
    out = kernels[1] * groups if transposed else kernels[0]
    if bias is not None and bias.shape != (out,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {list(kernels)}, expected bias to be "
            f"1-dimensional with {out} elements, but got bias of size {list(bias.shape)} instead"
        )
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernels[2:])]
    room = [n + 2 * p for n, p in zip(shape[2:], padding)]
    if not transposed and any(r > n for r, n in zip(reach, room)):
        raise RuntimeError(
            f"Calculated padded input size per channel: {_by(room)}. Kernel size: {_by(reach)}. Kernel size can't be "
            "greater than actual input size"
        )
    if 0 in kernels[2:]:
        sides = (f"kernel_{side}: {n}" for side, n in zip(("height", "width"), kernels[2:]))
        raise RuntimeError(f"kernel size should be greater than zero, but got {' '.join(sides)}")
    advice = "Convert the input with .to(weight.dtype)."
    if bias is not None and bias.dtype != x.dtype:
        raise RuntimeError(
            f"Input type ({c_name(x._array)}) and bias type ({c_name(bias._array)}) should be the same. {advice}"
        )
    if weight.dtype != x.dtype:
        raise RuntimeError(f"expected scalar type {x.dtype.short} but found {weight.dtype.short}. {advice}")
    if x.dtype.short == "Bool":
        raise NotImplementedError("\"slow_conv2d_cpu\" not implemented for 'Bool'. Convert the input with .float().")


def _by(sizes) -> str:
    return f"({' x '.join(map(str, sizes))})"


# Patches ─────────────────────────────────────────────────────────────────────────────────────────


def unfold(input: Tensor, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """Every patch of the image as a column.

    Shape: (N, C, H, W) → (N, C·K·L, number of patches).
    """
    window = _window(kernel_size, dilation, padding, stride)
    if input.ndim < 3:
        raise dimension_error(2, input.ndim)
    alone = input.ndim == 3
    x = input.unsqueeze(0) if alone else input
    if x.ndim != 4:
        raise RuntimeError(
            f"Expected 3D or 4D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    _count(f"Given input with spatial size {tuple(x.shape[2:])}", x.shape[2:], window)
    y = recorded(convolution.im2col)(x, **window)
    return y.squeeze(0) if alone else y


def fold(input: Tensor, output_size, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """The way back of `unfold`: columns added up to an image, each where its patch lies.

    Shape: (N, C·K·L, number of patches) → (N, C, *output_size).
    """
    window, size = _window(kernel_size, dilation, padding, stride), _to_match("output_size", output_size, 2, 2)
    alone = input.ndim == 2
    x = input.unsqueeze(0) if alone else input
    if x.ndim != 3:
        raise RuntimeError(
            f"Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    kernel = window["kernel"]
    if x.shape[1] % (kernel[0] * kernel[1]):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={x.shape[1]} and kernel_size={kernel}"
        )
    p, q = _count(given := f"Given output_size={size}", size, window)
    if p * q != x.shape[2]:
        raise RuntimeError(
            f"{given}, {_said(window)}, stride={window['stride']}, expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {p} * {q} = {p * q}, but got input.size(2)={x.shape[2]}"
        )
    y = recorded(convolution.col2im)(x, size=size, **window)
    return y.squeeze(0) if alone else y


def _window(kernel_size, dilation, padding, stride) -> dict[str, tuple]:
    window = {"kernel": kernel_size, "dilation": dilation, "padding": padding, "stride": stride}
    window = {name: _to_match(name, value, 2, 2) for name, value in window.items()}
    for name in ("kernel", "stride", "dilation"):
        height, width = window[name]
        if min(height, width) < 1:
            raise RuntimeError(
                f"{'kernel size' if name == 'kernel' else name} should be greater than zero, but got "
                f"{name}_height: {height} {name}_width: {width}"
            )
    return window


def _count(given: str, inner: tuple, window: dict) -> tuple[int, int]:
    count = convolution.grid(tuple(inner), **window)
    if min(count) < 1:
        raise RuntimeError(
            f"{given}, {_said(window)}, calculated shape of the array of sliding blocks as {count}, but its "
            "components must be at least one"
        )
    return count


def _said(window: dict) -> str:
    return f"kernel_size={window['kernel']}, dilation={window['dilation']}, padding={window['padding']}"


# Borders ─────────────────────────────────────────────────────────────────────────────────────────


def pad(input: Tensor, pad, mode: str = "constant", value: float | None = None) -> Tensor:
    """A border around the last dimensions: pad = (left, right, top, bottom, …); negative numbers cut off.

    mode: "constant" (of `value`), "reflect" (mirrored), "replicate" (the edge), "circular" (the other side).
    """
    if not isinstance(input, TensorBase):
        raise argument_error("pad", "input", 1, "Tensor", input)
    for i, n in enumerate(pad):
        if not isinstance(n, int):
            raise TypeError(
                f"pad(): argument 'pad' (position 2) must be tuple of ints, but found element of type "
                f"{type(n).__name__} at pos {i}"
            )
    pad, ndim = tuple(pad), input.ndim
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2. It holds two numbers for each dimension.")
    if len(pad) > 2 * ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {ndim}"
        )
    around = padding.pairs(pad, ndim)
    if mode == "constant":
        if any(n + min(a, 0) + min(b, 0) < 0 for n, (a, b) in zip(input.shape, around)):
            raise RuntimeError("narrow(): length must be non-negative. The padding cuts off more than there is.")
        return recorded(padding.constant_pad_nd)(input, pad=pad, value=0 if value is None else value)
    if value is not None:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if len(pad) not in (2, 4, 6) or ndim not in (len(pad) // 2 + 1, len(pad) // 2 + 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {ndim}D input tensor. Padding by '{mode}' is of the last "
            "dimension of 2D or 3D, the last two of 3D or 4D, the last three of 4D or 5D."
        )
    _check_border(input, pad, around, mode)
    return recorded(padding.edge_pad)(input, pad=pad, mode=mode)


def _check_border(x: Tensor, pad: tuple, around: list, mode: str) -> None:
    dims = len(pad) // 2
    inner = x.shape[-dims:]
    out = [n + before + after for n, (before, after) in zip(inner, around[-dims:])]
    if 0 in inner or min(out) < 0 or max(out) == 0:
        raise RuntimeError(
            f"Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(x.shape)}"
        )
    for i in range(dims):
        n, (before, after) = x.shape[-1 - i], around[-1 - i]
        if mode == "circular" and max(before, after) > n:
            raise RuntimeError("Padding value causes wrapping around more than once. It is at most the size itself.")
        if mode == "reflect" and max(before, after) >= n:
            raise RuntimeError(
                f"Argument #{4 + 2 * i}: Padding size should be less than the corresponding input dimension, but got: "
                f"padding ({before}, {after}) at dimension {x.ndim - 1 - i} of input {list(x.shape)}"
            )
    if mode != "circular" and x.dtype.short == "Bool":
        name = {"reflect": "reflection", "replicate": "replication"}[mode]
        raise NotImplementedError(f"\"{name}_pad{dims}d\" not implemented for 'Bool'. Convert the input with .float().")
