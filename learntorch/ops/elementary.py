"""Rules for functions of one number: exponentials, roots, circles, steps.

Read in chapters 03 and 04. In the formulas, g is the gradient of the output y.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from ..errors import require
from .rule import ANY, FLOAT, differentiable


@differentiable(ANY)
def zeros_like(g):
    """Zeros: the gradient of what moves in steps only. Not g · 0, which is NaN where g is infinite."""
    return array_module(g).zeros_like(g)


# Exponentials and roots ──────────────────────────────────────────────────────────────────────────


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


@differentiable(x=lambda g, x: g * (x * 2), name="Pow0")
def square(x):
    """y = x²."""
    return x * (x.astype("int64") if x.dtype == bool else x)


@differentiable(FLOAT, x=lambda g, y: -g * y * y)   # d(1/x)/dx = −1/x²
def reciprocal(x):
    """y = 1 / x."""
    return 1 / x


# Circles and hyperbolas ──────────────────────────────────────────────────────────────────────────


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


# Signs and steps: constant between jumps, so their gradient is zero ──────────────────────────────


@differentiable(a=lambda g: -g)
def neg(a):
    """Negative: y = −a."""
    if a.dtype == bool:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    return -a


@differentiable(x=lambda g, x: g * sgn(x))
def abs(x):
    """Absolute value: y = |x|."""
    require("iuf", "abs_cpu", x)
    return np.abs(x)


@differentiable(x=lambda g: zeros_like(g))
def sign(x):
    """−1, 0 or 1."""
    return x | False if x.dtype == bool else (x > 0).astype(x.dtype) - (x < 0)  # 0 for NaN, as in PyTorch


@differentiable(x=lambda g: zeros_like(g))
def sgn(x):
    """−1, 0 or 1: the same as `sign` where there are no complex numbers."""
    return sign(x)


def _whole(name: str, ufunc, x):
    """A rounding function; whole numbers are what they should be already."""
    require("iuf", f"{name}_vml_cpu", x)
    return ufunc(x) if x.dtype.kind == "f" else x + 0


@differentiable(x=lambda g: zeros_like(g))
def ceil(x):
    """The next whole number up."""
    return _whole("ceil", np.ceil, x)


@differentiable(x=lambda g: zeros_like(g))
def floor(x):
    """The next whole number down."""
    return _whole("floor", np.floor, x)


@differentiable(x=lambda g: zeros_like(g))
def trunc(x):
    """x without its fraction."""
    return _whole("trunc", np.trunc, x)


@differentiable(x=lambda g: zeros_like(g), name=lambda decimals: "Round1" if decimals else "Round0")
def round(x, *, decimals=0):
    """The nearest whole number, or multiple of 10^−decimals; halves go to the even one."""
    if decimals:
        require("f", "round_cpu", x)
        return np.round(x, decimals)
    return _whole("round", np.rint, x)


@differentiable(x=lambda g: g)
def frac(x):
    """The fraction of x, with its sign: y = x − trunc(x)."""
    require("f", "frac_cpu", x)
    return x - np.trunc(x)


@differentiable(x=lambda g, x: g * (x - x == 0))    # no gradient where x was replaced: there x − x is NaN
def nan_to_num(x, *, nan=0.0, posinf=None, neginf=None):
    """x with numbers in the place of NaN and of ±∞ (by default 0 and the largest and smallest of the type)."""
    return np.nan_to_num(x, nan=nan or 0.0, posinf=posinf, neginf=neginf)
