"""The error function, which NumPy does not have, from rational approximations.

Read in chapter 04.
"""

from __future__ import annotations

import math

import numpy as np

from ..devices import array_module
from .elementary import exp
from .rule import FLOAT, differentiable

# Note [Cody's approximations]: three regions of |x|, each with a quotient of two polynomials that is right to
# the last digit of a float64. Coefficients from the highest power down. Source: W. J. Cody, Rational Chebyshev
# Approximations for the Error Function, Mathematics of Computation 23 (1969), as printed in SPECFUN's CALERF.
_NEAR_ZERO = (  # erf(x)/x in x², for |x| ≤ 0.46875
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (  # eˣ²·erfc(x) in x, up to 4
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_FAR = (  # (1/√π − x·eˣ²·erfc(x))·x² in 1/x², beyond 4
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip


def _quotient(polynomials: tuple, x):
    """One polynomial divided by another, by Horner's rule."""
    above, below = (coefficients[0] for coefficients in polynomials)
    for p, q in zip(polynomials[0][1:], polynomials[1][1:], strict=True):
        above, below = above * x + p, below * x + q
    return above / below


def _near_and_tail(x) -> tuple:
    """Where x is near zero, erf(x) there, and erfc(|x|) for the other x; all in float64."""
    where = array_module(x).where
    size = np.abs(x.astype("float64", copy=False))
    y = np.clip(size, 0.46875, 28)  # beyond 28, erfc is 0 in float64
    z = 1 / (y * y)
    scaled = where(y <= 4, _quotient(_MIDDLE, y), (1 / math.sqrt(math.pi) - z * _quotient(_FAR, z)) / y)
    # e^−y² in two factors: the square of s, which is y to four binary places, is exact.
    s = np.floor(y * 16) / 16
    tail = np.exp(-s * s) * np.exp((s - y) * (s + y)) * scaled
    near = np.minimum(size, 0.46875)
    return size <= 0.46875, near * _quotient(_NEAR_ZERO, near * near), tail


@differentiable(FLOAT, x=lambda g, x: g * (2 / math.sqrt(math.pi) * exp(-x * x)))
def erf(x):
    """Error function: y = 2/√π · ∫₀ˣ e^−t² dt."""
    is_near, near, tail = _near_and_tail(x)
    return np.copysign(array_module(x).where(is_near, near, 1 - tail), x).astype(x.dtype, copy=False)


@differentiable(FLOAT, x=lambda g, x: g * (-2 / math.sqrt(math.pi) * exp(-x * x)))
def erfc(x):
    """What the error function leaves to 1, exact for large x: y = 1 − erf(x)."""
    is_near, near, tail = _near_and_tail(x)
    where = array_module(x).where
    return where(x > 0, where(is_near, 1 - near, tail), where(is_near, 1 + near, 2 - tail)).astype(x.dtype, copy=False)
