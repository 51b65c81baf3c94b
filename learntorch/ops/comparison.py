"""Rules that compare, and that combine bits. They have no gradient: a small step changes nothing, or jumps.

Read in chapter 01.
"""

from __future__ import annotations

import numpy as np

from .rule import differentiable


@differentiable()
def eq(a, b):
    """a = b, element by element."""
    return np.equal(a, b)


@differentiable()
def ne(a, b):
    """a ≠ b, element by element."""
    return np.not_equal(a, b)


@differentiable()
def lt(a, b):
    """a < b, element by element."""
    return np.less(a, b)


@differentiable()
def le(a, b):
    """a ≤ b, element by element."""
    return np.less_equal(a, b)


@differentiable()
def gt(a, b):
    """a > b, element by element."""
    return np.greater(a, b)


@differentiable()
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
    return np.bitwise_and(a, b)


@differentiable()
def bitwise_or(a, b):
    """a | b, bit by bit."""
    return np.bitwise_or(a, b)


@differentiable()
def bitwise_xor(a, b):
    """a ^ b, bit by bit."""
    return np.bitwise_xor(a, b)


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
