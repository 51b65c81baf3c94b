"""Rules that compare, and that combine bits. They have no gradient: a small step changes nothing, or jumps.

Read in chapter 01.
"""

from __future__ import annotations

import numpy as np

from ..errors import require
from .elementary import zeros_like
from .rule import differentiable, is_number


def constant_in_place(name: str):
    """`differentiable` for a comparison. Its result, of type bool, has no history; but written over a tensor of
    numbers (`x.gt_(0)`) it cuts the tensor off from what it was computed from: the gradient is zero."""
    named = lambda b: f"{name}0" if is_number(b) else f"{name}1"  # noqa: E731
    return differentiable(a=lambda g: zeros_like(g), b=lambda g: zeros_like(g), name=named)


@constant_in_place("Eq")
def eq(a, b):
    """a = b, element by element."""
    return np.equal(a, b)


@constant_in_place("Ne")
def ne(a, b):
    """a ≠ b, element by element."""
    return np.not_equal(a, b)


@constant_in_place("Lt")
def lt(a, b):
    """a < b, element by element."""
    return np.less(a, b)


@constant_in_place("Le")
def le(a, b):
    """a ≤ b, element by element."""
    return np.less_equal(a, b)


@constant_in_place("Gt")
def gt(a, b):
    """a > b, element by element."""
    return np.greater(a, b)


@constant_in_place("Ge")
def ge(a, b):
    """a ≥ b, element by element."""
    return np.greater_equal(a, b)


@differentiable()
def logical_and(a, b):
    """Both are true (not zero)."""
    return np.logical_and(a, b)


@differentiable()
def logical_or(a, b):
    """At least one is true (not zero)."""
    return np.logical_or(a, b)


@differentiable()
def logical_xor(a, b):
    """Exactly one is true (not zero)."""
    return np.logical_xor(a, b)


@differentiable()
def logical_not(x):
    """True where x is zero."""
    return np.logical_not(x)


@differentiable()
def bitwise_and(a, b):
    """a & b, bit by bit."""
    require("biu", "bitwise_and_cpu", a, b)
    return np.bitwise_and(a, b)


@differentiable()
def bitwise_or(a, b):
    """a | b, bit by bit."""
    require("biu", "bitwise_or_cpu", a, b)
    return np.bitwise_or(a, b)


@differentiable()
def bitwise_xor(a, b):
    """a ^ b, bit by bit."""
    require("biu", "bitwise_xor_cpu", a, b)
    return np.bitwise_xor(a, b)


@differentiable()
def bitwise_left_shift(a, b):
    """a << b: the bits moved up, y = a · 2ᵇ."""
    require("iu", "lshift_cpu", a, b)
    return np.left_shift(a, b)


@differentiable()
def bitwise_right_shift(a, b):
    """a >> b: the bits moved down, y = ⌊a / 2ᵇ⌋."""
    require("iu", "rshift_cpu", a, b)
    return np.right_shift(a, b)


@differentiable()
def bitwise_not(x):
    """~x, bit by bit; for bool, not x."""
    return np.invert(x)


@differentiable()
def isnan(x):
    """True where x is not a number."""
    return np.isnan(x)


@differentiable()
def isinf(x):
    """True where x is infinite."""
    return np.isinf(x)


@differentiable()
def isfinite(x):
    """True where x is neither infinite nor NaN."""
    return np.isfinite(x)


@differentiable()
def isreal(x):
    """True everywhere: there are no complex numbers here."""
    return np.equal(x, x) | True


@differentiable()
def signbit(x):
    """True where the sign of x is minus, also for −0."""
    return np.signbit(x) if x.dtype.kind == "f" else x < x.dtype.type(0)


@differentiable()
def isclose(a, b, *, rtol, atol, equal_nan):
    """|a − b| ≤ atol + rtol·|b|, or a = b."""
    if a.dtype.kind != "f":  # distances of integers must not wrap around
        a, b = a.astype("float64"), b.astype("float64")
    close = (a == b) | (np.isfinite(b) & (np.abs(a - b) <= atol + np.abs(rtol * b)))
    return close | (np.isnan(a) & np.isnan(b)) if equal_nan else close
