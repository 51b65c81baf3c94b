"""Rules that act on each element by itself.

Read in chapters 03 and 04. In the formulas, g is the gradient of the output y.
"""

from __future__ import annotations

import math

import numpy as np

from ..devices import array_module
from ..dtypes import result_dtype
from .rule import ANY, FLOAT, NUMBERS, PROMOTE, differentiable


def _scalar_form(scalar: str, tensor: str):
    """The name of an operation that PyTorch has twice: with a number b, and with a tensor b."""
    return lambda b: scalar if isinstance(b, (int, float)) else tensor


# Arithmetic ──────────────────────────────────────────────────────────────────────────────────────


@differentiable(a=lambda g: g,                      # ∂(a + αb)/∂a = 1
                b=lambda g, alpha: g if alpha == 1 else g * alpha)  # ∂(a + αb)/∂b = α
def add(a, b, *, alpha=1):
    """Sum: y = a + α·b."""
    return a + b if alpha == 1 else a + b * alpha


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
    return a - b if alpha == 1 else a - b * alpha


@differentiable(NUMBERS, a=lambda g: -g, b=lambda g: g, name=_scalar_form("Rsub1", "Rsub0"))
def rsub(a, b):
    """Difference the other way round: y = b − a."""
    return b - a


@differentiable(a=lambda g, b: g * b,               # ∂(ab)/∂a = b
                b=lambda g, a: g * a)               # ∂(ab)/∂b = a
def mul(a, b):
    """Elementwise product: y = a · b."""
    return a * b


@differentiable(FLOAT, a=lambda g, b: g / b,        # ∂(a/b)/∂a = 1/b
                b=lambda g, b, y: -g * y / b)       # ∂(a/b)/∂b = −a/b² = −y/b
def div(a, b):
    """Quotient: y = a / b."""
    return a / b


@differentiable(a=lambda g: -g)
def neg(a):
    """Negative: y = −a."""
    if a.dtype == bool:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    return -a


@differentiable(FLOAT, x=lambda g, y: -g * y * y)   # d(1/x)/dx = −1/x²
def reciprocal(x):
    """y = 1 / x."""
    return 1 / x


def _power_rule(g, a, b):
    if isinstance(b, (int, float)):  # a number: the common cases without a power
        return g * 0 if b == 0 else g * (a * 2) if b == 2 else g * (b * a ** (b - 1))
    return where(b == 0, g * 0, g * (b * a ** (b - 1)))


def _exponent_rule(g, a, b, y):
    if isinstance(a, (int, float)):  # a number has no type of its own to give to the gradient
        return g * (y * math.log(a)) if a > 0 else where(b >= 0, g * 0, g * (y * -math.inf)) if a == 0 else g * math.nan
    return where((a == 0) & (b >= 0), g * 0, g * y * log(a))


@differentiable(a=_power_rule,                      # ∂aᵇ/∂a = b·aᵇ⁻¹
                b=lambda g, a, b, y: _exponent_rule(g, a, b, y),  # ∂aᵇ/∂b = aᵇ·ln a
                name=lambda a, b: "Pow0" if isinstance(b, (int, float)) else "Pow2" if isinstance(a, (int, float))
                else "Pow1")  # fmt: skip
def pow(a, b):
    """Power: y = aᵇ."""
    if isinstance(b, (int, np.integer)) and b < 0 and a.dtype.kind in "iu":
        raise RuntimeError("Integers to negative integer powers are not allowed. Use .float() first.")
    _no_bool("pow", a)
    return a**b


@differentiable(x=lambda g, x: g * (x * 2), name="Pow0")
def square(x):
    """y = x²."""
    return x * x


def _no_bool(name: str, a) -> None:
    if getattr(a, "dtype", None) == bool:
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool'. Convert the tensor first, with .long().")


def _whole(name: str, a, b, divide):
    """An integer division; by zero it is an error, as in PyTorch."""
    _no_bool(name, a)
    if getattr(b, "dtype", np.dtype(float)).kind in "iu" and not np.all(b):
        raise RuntimeError(
            "ZeroDivisionError. An integer tensor was divided by zero; with .float() the result would be inf or nan."
        )
    return divide(a, b)


@differentiable()
def floor_divide(a, b):
    """Quotient rounded down: y = ⌊a / b⌋."""
    return _whole("div_floor_cpu", a, b, np.floor_divide)


@differentiable(a=lambda g: g * 0, b=lambda g: g * 0, name="Div2")
def round_divide(a, b, *, rounding_mode):
    """Quotient rounded down ("floor") or towards zero ("trunc")."""
    if rounding_mode == "floor":
        return _whole("div_floor_cpu", a, b, np.floor_divide)
    if rounding_mode != "trunc":
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    exact = getattr(a, "dtype", np.dtype(float)).kind != "f"  # a whole quotient must not pass through floats
    return _whole("div_trunc_cpu", a, b, lambda a, b: (a - np.fmod(a, b)) // b if exact else np.trunc(a / b))


@differentiable(a=lambda g: g, b=lambda g, a, b: -g * floor_divide(a, b),
                name=_scalar_form("Remainder0", "Remainder1"))  # fmt: skip
def remainder(a, b):
    """What is left after floor division, with the sign of b: y = a − b·⌊a / b⌋."""
    return _whole("remainder_cpu", a, b, np.remainder)


@differentiable(a=lambda g: g, b=lambda g, a, b: -g * trunc(a / b), name=_scalar_form("Fmod0", "Fmod1"))
def fmod(a, b):
    """What is left after division towards zero, with the sign of a."""
    return _whole("fmod_cpu", a, b, np.fmod)


def _share(g, a, b):
    """g where a > b, half of it at a tie."""
    return where(a == b, g / 2, where(a > b, g, g * 0))


@differentiable(a=lambda g, a, b: _share(g, a, b), b=lambda g, a, b: _share(g, b, a))
def maximum(a, b):
    """The larger of the two; at a tie the gradient is shared."""
    return np.maximum(a, b)


@differentiable(a=lambda g, a, b: _share(g, b, a), b=lambda g, a, b: _share(g, a, b))
def minimum(a, b):
    """The smaller of the two; at a tie the gradient is shared."""
    return np.minimum(a, b)


@differentiable(a=lambda g, weight: g * (1 - weight), b=lambda g, weight: g * weight,
                weight=lambda g, a, b: g * (b - a),
                name=lambda weight: "Lerp0" if isinstance(weight, (int, float)) else "Lerp1")  # fmt: skip
def lerp(a, b, weight):
    """A point on the way from a to b: y = a + w·(b − a)."""
    return a + weight * (b - a)


@differentiable(x=lambda g: g, a=lambda g, b, value: g * (b * value), b=lambda g, a, value: g * (a * value))
def addcmul(x, a, b, *, value=1):
    """y = x + v·a·b."""
    return x + value * a * b


@differentiable(FLOAT, x=lambda g: g, a=lambda g, b, value: g * (value / b),
                b=lambda g, a, b, value: -g * (value * a / (b * b)))  # fmt: skip
def addcdiv(x, a, b, *, value=1):
    """y = x + v·a/b."""
    return x + value * a / b


# Exponentials, roots, circles ────────────────────────────────────────────────────────────────────


@differentiable(FLOAT, x=lambda g, y: g * y)        # d eˣ/dx = eˣ = y
def exp(x):
    """y = eˣ."""
    return np.exp(x)


@differentiable(FLOAT, x=lambda g, y: g * (y + 1), name="Expm1Backward0")
def expm1(x):
    """y = eˣ − 1, exact near zero."""
    return np.expm1(x)


@differentiable(FLOAT, x=lambda g, x: g / x)        # d ln x/dx = 1/x
def log(x):
    """Natural logarithm: y = ln x."""
    return np.log(x)


@differentiable(FLOAT, x=lambda g, x: g / (x + 1), name="Log1P")
def log1p(x):
    """y = ln(1 + x), exact near zero."""
    return np.log1p(x)


@differentiable(FLOAT, x=lambda g, x: g / (x * 0.6931471805599453), name="Log2Backward0")
def log2(x):
    """Logarithm to base 2."""
    return np.log2(x)


@differentiable(FLOAT, x=lambda g, x: g / (x * 2.302585092994046), name="Log10Backward0")
def log10(x):
    """Logarithm to base 10."""
    return np.log10(x)


@differentiable(FLOAT, x=lambda g, y: g / (y * 2))  # d√x/dx = 1/(2√x)
def sqrt(x):
    """Square root."""
    return np.sqrt(x)


@differentiable(FLOAT, x=lambda g, y: g * (y * y * y * -0.5))
def rsqrt(x):
    """y = 1 / √x."""
    return 1 / np.sqrt(x)


@differentiable(FLOAT, x=lambda g, x: g * cos(x))
def sin(x):
    """Sine of x (in radians)."""
    return np.sin(x)


@differentiable(FLOAT, x=lambda g, x: -g * sin(x))
def cos(x):
    """Cosine of x (in radians)."""
    return np.cos(x)


@differentiable(FLOAT, x=lambda g, y: g * (y * y + 1))
def tan(x):
    """Tangent of x (in radians)."""
    return np.tan(x)


@differentiable(FLOAT, x=lambda g, x: g * rsqrt(1 - x * x))
def asin(x):
    """The angle whose sine is x."""
    return np.arcsin(x)


@differentiable(FLOAT, x=lambda g, x: -g * rsqrt(1 - x * x))
def acos(x):
    """The angle whose cosine is x."""
    return np.arccos(x)


@differentiable(FLOAT, x=lambda g, x: g / (x * x + 1))
def atan(x):
    """The angle whose tangent is x."""
    return np.arctan(x)


@differentiable(FLOAT, x=lambda g, x: g * cosh(x))
def sinh(x):
    """Hyperbolic sine: y = (eˣ − e⁻ˣ)/2."""
    return np.sinh(x)


@differentiable(FLOAT, x=lambda g, x: g * sinh(x))
def cosh(x):
    """Hyperbolic cosine: y = (eˣ + e⁻ˣ)/2."""
    return np.cosh(x)


# Steps: constant between jumps, so their gradient is zero ────────────────────────────────────────


@differentiable(x=lambda g, x: g * sign(x))
def abs(x):
    """Absolute value: y = |x|."""
    return np.abs(x)


@differentiable(x=lambda g: g * 0)
def sign(x):
    """−1, 0 or 1."""
    return np.sign(x)


@differentiable(x=lambda g: g * 0)
def ceil(x):
    """The next whole number up."""
    return np.ceil(x)


@differentiable(x=lambda g: g * 0)
def floor(x):
    """The next whole number down."""
    return np.floor(x)


@differentiable(x=lambda g: g * 0)
def trunc(x):
    """x without its fraction."""
    return np.trunc(x)


@differentiable(x=lambda g: g * 0)
def round(x, *, decimals=0):
    """The nearest whole number; halves go to the even one."""
    return np.round(x, decimals)


@differentiable(x=lambda g, x, min, max: g * _inside(x, min, max) + 0, name="Clamp1")
def clamp(x, *, min=None, max=None):
    """x, but not below `min` and not above `max`."""
    dtype = result_dtype(x, *(bound for bound in (min, max) if bound is not None)).numpy
    y = x.astype(dtype, copy=False)
    y = y if min is None else np.maximum(y, dtype.type(min))
    return y if max is None else np.minimum(y, dtype.type(max))


def _inside(x, low, high):
    if high is None:
        return x >= low
    return x <= high if low is None else (x >= low) & (x <= high)


@differentiable(x=lambda g, x, low, high: where(_inside(x, low, high), g, g * 0),
                low=lambda g, x, low, high: where(_under(x, low, high), g, g * 0),
                high=lambda g, x, low, high: where(_over(x, low, high), g, g * 0), name="Clamp0")  # fmt: skip
def clamp_between(x, low=None, high=None):
    """x, but not below `low` and not above `high`, which are arrays."""
    y = x if low is None else np.maximum(x, low)
    return y if high is None else np.minimum(y, high)


def _under(x, low, high):
    return x < low if high is None else (x < low) & (low < high)


def _over(x, low, high):
    return x > high if low is None else (x > high) | (high < low)


# Choosing ────────────────────────────────────────────────────────────────────────────────────────


@differentiable(PROMOTE, a=lambda g, condition: where(condition, g, g * 0),
                b=lambda g, condition: where(condition, g * 0, g))  # fmt: skip
def where(condition, a, b):
    """a where the condition holds, else b."""
    return array_module(condition).where(condition, a, b)


@differentiable(PROMOTE, x=lambda g, mask: where(mask, g * 0, g),
                value=lambda g, mask: where(mask, g, g * 0),
                name=lambda value: "MaskedFill0" if isinstance(value, (int, float)) else "MaskedFill1")  # fmt: skip
def masked_fill(x, mask, value):
    """x with `value` wherever the mask holds."""
    return array_module(x).where(mask, value, x).astype(x.dtype)


@differentiable(ANY, a=lambda g: g * 0, b=lambda g: g, name="CopyBackwards")
def copy(a, b):
    """b in the place of a: what `a.copy_(b)` records."""
    return b


@differentiable(ANY, x=lambda g: g * 0, name="Fill2")
def fill(x, *, value):
    """One number in the place of every element: what `x.fill_(value)` records."""
    return array_module(x).full_like(x, value)


@differentiable(ANY, x=lambda g: g * 0)
def zero(x):
    """Zeros in the place of the elements: what `x.zero_()` records."""
    return array_module(x).zeros_like(x)
