"""Rules for activations: the nonlinear steps between the linear ones.

Read in chapter 04. Where the output y says more than the input, the formula uses y: it is there already.
"""

from __future__ import annotations

import math

import numpy as np

from ..devices import array_module
from ..errors import require
from .elementary import exp, zeros_like
from .pointwise import kept, where
from .rule import ANY, FLOAT, differentiable
from .special import erf


@differentiable(x=lambda g: zeros_like(g))
def step(x, *, below):
    """1 where x > 0, else `below`: the slope of a line with a kink. The slope of the step itself is zero."""
    above = (x > 0).astype(x.dtype)
    return above + (1 - above) * below


@differentiable(a=lambda g, x: gate(g, x), x=lambda g: zeros_like(g))
def gate(a, x):
    """a where x > 0, else 0, even if a is infinite: what passes back through a line that is flat below 0."""
    return kept(a, ~(x <= 0))


@differentiable(x=lambda g, y: gate(g, y))
def relu(x):
    """Rectified linear unit: y = max(x, 0)."""
    if x.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu. Convert the tensor first, with .float().")
    # Note [An array of zeros]: NumPy compares with an array two to three times as fast as with a number, and the result
    # takes its place. `zeros` costs less than `zeros_like`, which keeps an order of memory that is not row by row.
    xp = array_module(x)
    y = xp.zeros(x.shape, x.dtype) if x.flags.c_contiguous else xp.zeros_like(x)
    return np.maximum(x, y, out=y)


@differentiable(FLOAT, x=lambda g, y: g * (y * (1 - y)))  # dσ/dx = σ(1 − σ)
def sigmoid(x):
    """Logistic function: y = 1 / (1 + e⁻ˣ)."""
    return 1 / (1 + np.exp(-x))


@differentiable(FLOAT, x=lambda g, y: g * (1 - y * y))  # d tanh/dx = 1 − tanh²
def tanh(x):
    """Hyperbolic tangent: y = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""
    return np.tanh(x)


def _softplus_slope(g, x, beta, threshold):
    z = x if beta == 1 else x * beta
    line, slope = z > threshold, g * sigmoid(z)
    return where(line, g, slope) if line.any() else slope


@differentiable(x=_softplus_slope)
def softplus(x, *, beta=1.0, threshold=20.0):
    """y = ln(1 + e^βx) / β; where βx > threshold, y = x."""
    require("f", "softplus_cpu", x)
    z = x if beta == 1 else x * beta
    y = np.log1p(np.exp(z))
    y = y if beta == 1 else y / beta
    line = z > threshold
    return array_module(x).where(line, x, y) if line.any() else y


@differentiable(x=lambda g, x, slope: g * step(x, below=slope))
def leaky_relu(x, *, slope=0.01):
    """y = x where x > 0, else slope·x."""
    require("f", "leaky_relu_cpu", x)
    return array_module(x).where(x > 0, x, x * slope)


# The inner `where` keeps e^x finite on the side that is not chosen; d/dx αeˣ counts for x < 0 only.
def _elu_slope(g, x, alpha):
    return where(x <= 0, g * alpha * exp(where(x < 0, x, 0)), g)


@differentiable(g=lambda h, x, alpha: _elu_slope(h, x, alpha),  # times x < 0, as in PyTorch: ∞ · 0 is NaN
                x=lambda h, g, x, alpha: exp(x) * alpha * g * h * (x < 0), name="EluBackwardBackward0")  # fmt: skip
def elu_gradient(g, x, *, alpha):
    """The gradient for the input of `elu`."""
    return _elu_slope(g, x, alpha)


@differentiable(x=lambda g, x, alpha: elu_gradient(g, x, alpha=alpha))
def elu(x, *, alpha=1.0):
    """Exponential linear unit: y = x where x > 0, else α(eˣ − 1)."""
    require("f", "elu_cpu", x)
    return array_module(x).where(x <= 0, np.expm1(x) * alpha, x)


@differentiable(x=lambda g, x: g * _silu_slope(x, sigmoid(x)))
def silu(x):
    """Sigmoid linear unit (swish): y = x·σ(x)."""
    require("f", "silu_cpu", x)
    return x / (1 + np.exp(-x))


def _silu_slope(x, s):
    return s * (1 + x * (1 - s))


@differentiable(x=lambda g, x, approximate: g * _gelu_slope(x, approximate))
def gelu(x, *, approximate="none"):
    """Gaussian error linear unit: y = x·Φ(x); Φ with the error function, or (approximate="tanh") with tanh."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    require("f", "GeluKernelImpl", x)
    return x * _normal_cdf(x, approximate)


def _normal_cdf(x, approximate):
    """Φ(x): how likely it is that a standard normal number is smaller than x."""
    if approximate == "none":
        return 0.5 * (1 + erf(x * math.sqrt(1 / 2)))
    return 0.5 * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def _gelu_slope(x, approximate):
    """Φ(x) + x·Φ′(x)."""
    cdf = _normal_cdf(x, approximate)
    if approximate == "none":
        return cdf + x * (exp(x * x * -0.5) / math.sqrt(2 * math.pi))
    # Φ = (1 + t)/2 = σ(2u), so Φ′ = 2Φ(1 − Φ)·u′
    return cdf + x * (2 * cdf * (1 - cdf) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x))


@differentiable(ANY, x=lambda g, x: g * sigmoid(-x))  # d ln σ/dx = 1 − σ(x) = σ(−x)
def log_sigmoid(x):
    """Logarithm of the logistic function: y = ln σ(x) = −ln(1 + e⁻ˣ)."""
    require("f", "log_sigmoid_cpu", x)
    return array_module(x).asarray(np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), order="C")  # e^−|x| cannot overflow


@differentiable(x=lambda g, x, low, high: gate(gate(g, x - low), high - x))
def hardtanh(x, *, low=-1.0, high=1.0):
    """x, but not below `low` and not above `high`."""
    if x.dtype == bool:
        raise RuntimeError("Bool inputs not supported for hardtanh. Convert the tensor first, with .float().")
    return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))
