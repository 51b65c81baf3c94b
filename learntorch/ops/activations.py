"""Rules for activations: the nonlinear steps between the linear ones.

Read in chapter 04. Where the output y says more than the input, the formula uses y: it is there already.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from .pointwise import where
from .rule import FLOAT, differentiable


@differentiable(x=lambda g, y: g * (y > 0) + 0)     # 1 where x > 0, else 0; + 0 turns −0 into 0
def relu(x):
    """Rectified linear unit: y = max(x, 0)."""
    # Note [An array of zeros]: NumPy compares with an array twice as fast as with a number.
    return np.maximum(x, array_module(x).zeros_like(x))


@differentiable(FLOAT, x=lambda g, y: g * (y * (1 - y)))  # dσ/dx = σ(1 − σ)
def sigmoid(x):
    """Logistic function: y = 1 / (1 + e⁻ˣ)."""
    return 1 / (1 + np.exp(-x))


@differentiable(FLOAT, x=lambda g, y: g * (1 - y * y))  # d tanh/dx = 1 − tanh²
def tanh(x):
    """Hyperbolic tangent: y = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""
    return np.tanh(x)


@differentiable(x=lambda g, x, beta, threshold: g * _softplus_slope(x, beta, threshold))
def softplus(x, *, beta=1.0, threshold=20.0):
    """y = ln(1 + e^βx) / β; where βx > threshold, y = x."""
    z = x * beta
    # e^−|z| cannot overflow: ln(1 + eᶻ) = max(z, 0) + ln(1 + e^−|z|)
    y = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta
    return array_module(x).where(z > threshold, x, y).astype(x.dtype)


def _softplus_slope(x, beta, threshold):
    z = x * beta
    return where(z > threshold, 1.0 + z * 0, sigmoid(z))


@differentiable(x=lambda g, y, slope: g * where(y > 0, y * 0 + 1, y * 0 + slope))
def leaky_relu(x, *, slope=0.01):
    """y = x where x > 0, else slope·x."""
    return array_module(x).where(x > 0, x, x * slope).astype(x.dtype)
