"""Rules that combine numbers element by element: arithmetic, powers, bounds, choices.

Read in chapters 03 and 04. In the formulas, g is the gradient of the output y.
"""

from __future__ import annotations

import math

import numpy as np

from ..devices import array_module
from ..dtypes import get_default_dtype, result_dtype
from ..errors import argument_error, c_name, require, type_name
from .elementary import exp, log, trunc, zeros_like
from .layout import arranged
from .promotion import no_bool_difference, number, promote
from .rule import ANY, FLOAT, HELD, NUMBERS, differentiable, is_number
from .shape import row_major

# Arithmetic ──────────────────────────────────────────────────────────────────────────────────────


@differentiable(a=lambda g: g,                      # ∂(a + αb)/∂a = 1
                b=lambda g, alpha: g if alpha == 1 else g * alpha)  # ∂(a + αb)/∂b = α
def add(a, b, *, alpha=1):
    """Sum: y = a + α·b."""
    return a + b if alpha == 1 and alpha is not True else a + _times(b, alpha, a)


@differentiable(NUMBERS,
                a=lambda g: g,                      # ∂(a − αb)/∂a = 1
                b=lambda g, alpha: g * -alpha)      # ∂(a − αb)/∂b = −α
def sub(a, b, *, alpha=1):
    """Difference: y = a − α·b."""
    if getattr(a, "dtype", None) == bool and getattr(b, "dtype", None) == bool:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    return a - b if alpha == 1 and alpha is not True else a - _times(b, alpha, a)


def _times(b, alpha, a):
    """α·b in the type of the sum."""
    if not is_number(alpha):
        raise TypeError(f"add(): argument 'alpha' must be Number, not {type(alpha).__name__}")
    dtype = np.result_type(a, b)
    if isinstance(alpha, bool) and dtype != bool:
        raise RuntimeError("Boolean alpha only supported for Boolean results. Write a number.")
    if dtype.kind == "f":
        return b * alpha
    if isinstance(alpha, (float, np.floating)):
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number. Convert with .float()."
        )
    return b * number(alpha, dtype)


@differentiable(NUMBERS, a=lambda g: -g, b=lambda g: g, name=lambda b: "Rsub1" if is_number(b) else "Rsub0")
def rsub(a, b):
    """Difference the other way round: y = b − a."""
    return b - a


@differentiable(a=lambda g, b: g * b,               # ∂(ab)/∂a = b
                b=lambda g, a: g * a)               # ∂(ab)/∂b = a
def mul(a, b):
    """Elementwise product: y = a · b."""
    return a * b


@differentiable(FLOAT, a=lambda g, b: g / b,        # ∂(a/b)/∂a = 1/b
                b=lambda g, a, b: -g * (a / b / b)) # ∂(a/b)/∂b = −a/b²
def div(a, b):
    """Quotient: y = a / b."""
    return a / b


def _power_rule(g, a, b):
    if is_number(b):  # the common cases without a power
        return zeros_like(g) if b == 0 else g * (a * 2) if b == 2 else g * (b * a ** (b - 1))
    if getattr(b, "_array", b).dtype == bool:
        raise no_bool_difference()
    return where(b == 0, 0, g * (b * a ** (b - 1)))


def _exponent_rule(g, a, b, y):
    if is_number(a):  # it has no type of its own to give to the gradient
        return g * (y * math.log(a)) if a > 0 else where(b >= 0, 0, g * (y * -math.inf)) if a == 0 else g * math.nan
    return g * where((a == 0) & (b >= 0), 0, y * log(a))


@differentiable(HELD, a=_power_rule,                # ∂aᵇ/∂a = b·aᵇ⁻¹
                b=lambda g, a, b, y: _exponent_rule(g, a, b, y),  # ∂aᵇ/∂b = aᵇ·ln a
                name=lambda a, b: "Pow0" if is_number(b) else "Pow2" if is_number(a) else "Pow1")  # fmt: skip
def pow(a, b):
    """Power: y = aᵇ."""
    if isinstance(b, bool) and a.dtype == bool:
        return a | (not b)
    require("iuf", "pow", a, b)
    if getattr(a, "dtype", None) is not None and a.dtype.kind == "i" and np.any(b < 0):
        if getattr(b, "ndim", 0) == 0:  # one exponent for all
            raise RuntimeError("Integers to negative integer powers are not allowed. Use .float() first.")
        whole = np.where(np.abs(a) == 1, a ** (b & 1), 0)  # 1/aⁿ without its fraction
        return arranged(np.where(b < 0, whole, a ** np.maximum(b, 0)), a, b)
    return row_major(a**b) if is_number(a) else a**b


def _whole(kernel: str, a, b, divide):
    """A division without a remainder, or what it leaves; of an integer by zero it is an error, as in PyTorch."""
    require("iuf", kernel, a, b)
    if getattr(b, "dtype", np.dtype(float)).kind in "iu" and not np.all(b) and np.size(a):
        raise RuntimeError(
            "ZeroDivisionError. An integer tensor was divided by zero; with .float() the result would be inf or nan."
        )
    return divide(a, b)


def _quotient_towards_zero(a, b):
    exact = getattr(a, "dtype", np.dtype(float)).kind != "f"  # a whole quotient must not pass through floats
    return (a - np.fmod(a, b)) // b if exact else np.trunc(a / b)


def _no_derivative(name: str):
    """The formula of an operation that PyTorch does not differentiate: it may run, but not backward."""

    def formula(g):
        raise RuntimeError(
            f"derivative for aten::{name} is not implemented. PyTorch has none either: use detach(), or a / b."
        )

    return formula


@differentiable(a=_no_derivative("floor_divide"), b=_no_derivative("floor_divide"), name="NotImplemented")
def floor_divide(a, b):
    """Quotient rounded down: y = ⌊a / b⌋."""
    return _whole("div_floor_cpu", a, b, np.floor_divide)


@differentiable(a=_no_derivative("floor_divide_"), b=_no_derivative("floor_divide_"), name="NotImplemented")
def floor_divide_(a, b):
    """The same, written over a."""
    return floor_divide.fn(a, b)


@differentiable(a=lambda g, b: zeros_like(g),       # like PyTorch's, they ask for operands that they do not need:
                b=lambda g, a, b: zeros_like(g), name="Div2")  # a second backward has to be allowed
def round_divide(a, b, *, rounding_mode):
    """Quotient rounded down ("floor") or towards zero ("trunc")."""
    if rounding_mode == "floor":
        return _whole("div_floor_cpu", a, b, np.floor_divide)
    if rounding_mode != "trunc":
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return _whole("div_trunc_cpu", a, b, _quotient_towards_zero)


@differentiable(a=lambda g: g, b=lambda g, a, b: -g * round_divide(a, b, rounding_mode="floor"),
                name=lambda b: "Remainder0" if is_number(b) else "Remainder1")  # fmt: skip
def remainder(a, b):
    """What is left after floor division, with the sign of b: y = a − b·⌊a / b⌋."""
    return _whole("remainder_cpu", a, b, np.remainder)


@differentiable(a=_no_derivative("remainder"), name="NotImplemented")
def rremainder(a, b):
    """The remainder the other way round, of a number by a tensor: y = b − a·⌊b / a⌋."""
    return remainder.fn(b, a)


@differentiable(a=lambda g: g, b=lambda g, a, b: -g * trunc(a / b),
                name=lambda b: "Fmod0" if is_number(b) else "Fmod1")  # fmt: skip
def fmod(a, b):
    """What is left after division towards zero, with the sign of a."""
    return _whole("fmod_cpu", a, b, np.fmod)


def _share(g, a, b):
    """g where a > b, half of it at a tie. NaN is neither: there both get it, as in PyTorch."""
    return where(a == b, g / 2, where(a < b, 0, g))


@differentiable(a=lambda g, a, b: _share(g, a, b), b=lambda g, a, b: _share(g, b, a))
def maximum(a, b):
    """The larger of the two; at a tie the gradient is shared."""
    return np.maximum(a, b)


@differentiable(a=lambda g, a, b: _share(g, b, a), b=lambda g, a, b: _share(g, a, b))
def minimum(a, b):
    """The smaller of the two; at a tie the gradient is shared."""
    return np.minimum(a, b)


@differentiable(a=lambda g, a, b: where((a >= b) | (b != b), g, 0), b=lambda g, a, b: where((a >= b) | (b != b), 0, g))
def fmax(a, b):
    """The larger of the two, or the one that is a number; at a tie it is a."""
    return np.fmax(a, b)


@differentiable(a=lambda g, a, b: where((a <= b) | (b != b), g, 0), b=lambda g, a, b: where((a <= b) | (b != b), 0, g))
def fmin(a, b):
    """The smaller of the two, or the one that is a number; at a tie it is a."""
    return np.fmin(a, b)


@differentiable(ANY, a=lambda g, weight: g * (1 - weight), b=lambda g, weight: g * weight,
                weight=lambda g, a, b: g * (b - a),
                name=lambda weight: "Lerp0" if is_number(weight) else "Lerp1")  # fmt: skip
def lerp(a, b, weight):
    """A point on the way from a to b: y = a + w·(b − a)."""
    if not hasattr(b, "dtype"):
        raise argument_error("lerp", "end", 1, "Tensor", b)
    for name, x in (("end", b), ("weight", weight)):
        if getattr(x, "dtype", a.dtype) != a.dtype and (name == "end" or x.ndim):
            raise RuntimeError(
                f"expected dtype {c_name(a)} for `{name}` but got dtype {c_name(x)}. Convert one with .to(x.dtype)."
            )
    if getattr(weight, "dtype", a.dtype) != a.dtype:  # a weight without dimensions may have another type
        a, b, weight = promote((a, b, weight))
    require("f", "lerp_kernel_" + ("tensor" if hasattr(weight, "dtype") else "scalar"), a)
    # From the end that is nearer, so that weight 1 gives exactly b.
    y = array_module(a).where(np.abs(weight) < 0.5, a + weight * (b - a), b - (b - a) * (1 - weight))
    return arranged(y, a, b, weight)


@differentiable(x=lambda g: g, a=lambda g, b, value: g * (b * value), b=lambda g, a, value: g * (a * value))
def addcmul(x, a, b, *, value=1):
    """y = x + v·a·b."""
    require("iuf", "addcmul_cpu_out", x)
    return arranged(x + number(value, x.dtype) * a * b, x, a, b)


def _divided(value, b):
    """v/b as PyTorch's backward pass computes it: in the memory of a tensor like b, which must hold fractions."""
    held = getattr(b, "_array", b)
    if held.dtype.kind != "f":
        raise RuntimeError(
            f"result type {get_default_dtype().short} can't be cast to the desired output type {type_name(held)}. "
            "Convert the divisor first, with .float()."
        )
    return value / b


@differentiable(ANY, x=lambda g: g, a=lambda g, b, value: g * _divided(value, b),
                b=lambda g, a, b, value: -g * (value * a / (b * b)))  # fmt: skip
def addcdiv(x, a, b, *, value=1):
    """y = x + v·a/b."""
    if a.dtype.kind != "f" and b.dtype.kind != "f":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. Convert the tensors first, with .float()."
        )
    x, a, b = promote((x, a, b))
    return arranged(x + value * a / b, x, a, b)


@differentiable(a=lambda g, a, y: g * (a / y), b=lambda g, b, y: g * (b / y))
def hypot(a, b):
    """The long side of a right triangle: y = √(a² + b²)."""
    require("f", "hypot_cpu", a)
    return np.hypot(a, b)


@differentiable(FLOAT, a=lambda g, a, b: _turn(g, b, a * a + b * b), b=lambda g, a, b: _turn(g, -a, a * a + b * b),
                name="Atan2Backward0")  # fmt: skip
def atan2(a, b):
    """The angle of the point (b, a), between −π and π: atan(a / b) in the right quadrant."""
    return np.arctan2(a, b)


def _turn(g, step, square):
    """g · step / r², and no turning at the origin."""
    return where(square == 0, 0, g * step / where(square == 0, 1, square))


@differentiable(a=lambda g, a, b: g / (1 + exp(b - a)), b=lambda g, a, b: g / (1 + exp(a - b)))
def logaddexp(a, b):
    """Sum of two numbers that are given by their logarithms: y = ln(eᵃ + eᵇ)."""
    require("f", "logaddexp_cpu", a)
    return np.logaddexp(a, b)


# Bounds ──────────────────────────────────────────────────────────────────────────────────────────


@differentiable(x=lambda g, x, min, max: masked_fill(g, ~_inside(x, min, max), 0), name="Clamp1")
def clamp(x, *, min=None, max=None):
    """x, but not below `min` and not above `max`."""
    dtype, y = x.dtype, x
    if dtype.kind != "f":
        dtype = result_dtype(x, *(bound for bound in (min, max) if bound is not None)).numpy
        y = x.astype(dtype, copy=False)
        require("iuf", "clamp_scalar_cpu", y)
    y = y if min is None else np.maximum(y, number(min, dtype))
    return y if max is None else np.minimum(y, number(max, dtype))


def _inside(x, low, high):
    if high is None:
        return x >= low
    return x <= high if low is None else (x >= low) & (x <= high)


@differentiable(x=lambda g, x, low, high: where(_inside(x, low, high), g, 0),
                low=lambda g, x, low, high: where(_under(x, low, high), g, 0),
                high=lambda g, x, low, high: where(_over(x, low, high), g, 0), name="Clamp0")  # fmt: skip
def clamp_between(x, low=None, high=None):
    """x, but not below `low` and not above `high`, which are arrays."""
    require("biuf" if low is None or high is None else "iuf", "clamp_cpu", x)
    y = x if low is None else np.maximum(x, low)
    return arranged(y if high is None else np.minimum(y, high), *(a for a in (x, low, high) if a is not None))


def _under(x, low, high):
    return x < low if high is None else (x < low) & (low < high)


def _over(x, low, high):
    return x > high if low is None else (x > high) | (high < low)


@differentiable(HELD, x=lambda g, x, min: where(x >= min, g, 0), min=lambda g, x, min: where(x < min, g, 0),
                name=lambda min: "ClampMin0" if is_number(min) else "ClampMin1")  # fmt: skip
def clamp_min(x, min):
    """x, but not below `min`, a number or an array."""
    return np.maximum(x, min)


@differentiable(HELD, x=lambda g, x, max: where(x <= max, g, 0), max=lambda g, x, max: where(x > max, g, 0),
                name=lambda max: "ClampMax0" if is_number(max) else "ClampMax1")  # fmt: skip
def clamp_max(x, max):
    """x, but not above `max`, a number or an array."""
    return np.minimum(x, max)


@differentiable(FLOAT, x=lambda g, x, eps: where((x < (eps or 0)) | (x > 1 - (eps or 0)),
                                                 math.nan if eps is None else 0, g / (x * (1 - x))))  # fmt: skip
def logit(x, *, eps=None):
    """The inverse of the logistic function: y = ln(x / (1 − x)), with x first clamped to [eps, 1 − eps]."""
    if eps is not None:
        x = np.clip(x, x.dtype.type(eps), x.dtype.type(1 - eps))
    return np.log(x / (1 - x))


# Choosing ────────────────────────────────────────────────────────────────────────────────────────


@differentiable(HELD, a=lambda g, condition: where(condition, g, 0),
                b=lambda g, condition: where(condition, 0, g))  # fmt: skip
def where(condition, a, b):
    """a where the condition holds, else b."""
    return arranged(array_module(condition).where(condition, a, b), condition, a, b)


def kept(x, mask):
    """The array x where the mask holds, else 0.

    Note [A mask times bits]: as integers, the bits of x times 0 or 1 are 0 or x, whatever x is, where inf · 0 would be
    nan. NumPy is ten times slower at choosing by a mask without a pattern.
    """
    bits = x.view(f"i{x.dtype.itemsize}")
    if type(x) is np.ndarray and x.flags.c_contiguous and mask.flags.c_contiguous and x.shape == mask.shape:
        y = np.empty(x.shape, x.dtype)
        product = y.view(bits.dtype)
        product[...] = mask  # a conversion of its own: a fifth faster than inside the product
        product *= bits
        return y
    return (bits * mask).view(x.dtype)


@differentiable(ANY, x=lambda g, mask: where(mask, 0, g),
                value=lambda g, mask: where(mask, g, 0),
                name=lambda value: "MaskedFill0" if is_number(value) else "MaskedFill1")  # fmt: skip
def masked_fill(x, mask, value):
    """x with `value` wherever the mask holds."""
    if type(value) is int and value == 0 and x.dtype.kind == "f":  # in the formulas
        return kept(x, ~mask)
    y = array_module(x).broadcast_to(x, np.broadcast_shapes(mask.shape, x.shape)).copy()
    np.copyto(y, value, "unsafe", mask)
    return y


@differentiable(ANY, a=lambda g: zeros_like(g), b=lambda g: g, name="CopyBackwards")
def copy(a, b):
    """b in the place of a: what `a.copy_(b)` records."""
    return b.astype(a.dtype, copy=False)


@differentiable(ANY, x=lambda g: zeros_like(g), value=lambda g: g,
                name=lambda value: "Fill2" if isinstance(value, (int, float)) else "Fill3")  # fmt: skip
def fill(x, value):
    """One number in the place of every element: what `x.fill_(value)` records."""
    return array_module(x).full_like(x, value)


@differentiable(ANY, x=lambda g: zeros_like(g))
def zero(x):
    """Zero in the place of every element: what `x.zero_()` records."""
    return array_module(x).broadcast_to(x.dtype.type(0), x.shape)
