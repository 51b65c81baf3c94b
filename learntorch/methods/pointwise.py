"""Methods that act on each element. Each comes from its rule: `x.exp()` records the rule `exp`, and
`x.exp_()` writes the result over x.

Read in chapters 01 and 03.
"""

from __future__ import annotations

import numpy as np

from ..base import TensorBase
from ..ops import activations, elementary, special
from ..ops import pointwise as ops
from ..recording import operator, recorded
from ..writing import inplace, inplace_operator
from .comparison import of_tensors
from .signatures import signature


class PointwiseMethods:
    __slots__ = ()

    # Arithmetic: as an operator, as a method, in place.
    __add__ = __radd__ = operator(ops.add)
    __iadd__ = inplace_operator(ops.add)
    add, add_ = recorded(ops.add), inplace(ops.add)
    __sub__ = operator(ops.sub)
    __rsub__ = operator(ops.rsub)
    __isub__ = inplace_operator(ops.sub)
    sub = subtract = recorded(ops.sub)
    sub_ = subtract_ = inplace(ops.sub)
    __mul__ = __rmul__ = operator(ops.mul)
    __imul__ = inplace_operator(ops.mul)
    mul = multiply = recorded(ops.mul)
    mul_ = multiply_ = inplace(ops.mul)
    __truediv__ = operator(ops.div)
    __itruediv__ = inplace_operator(ops.div)
    true_divide, true_divide_ = recorded(ops.div), inplace(ops.div)
    __pow__ = operator(ops.pow)
    __ipow__ = inplace_operator(ops.pow)
    pow, pow_ = recorded(ops.pow), inplace(ops.pow)
    __floordiv__ = operator(ops.floor_divide)
    __ifloordiv__ = inplace_operator(ops.floor_divide_)
    floor_divide, floor_divide_ = recorded(ops.floor_divide), inplace(ops.floor_divide_)
    __mod__ = operator(ops.remainder)
    __rmod__ = operator(ops.rremainder)
    __imod__ = inplace_operator(ops.remainder)
    remainder, remainder_ = recorded(ops.remainder), inplace(ops.remainder)
    fmod, fmod_ = recorded(ops.fmod), inplace(ops.fmod)
    __neg__ = neg = negative = recorded(elementary.neg)
    neg_ = negative_ = inplace(elementary.neg)
    __abs__ = abs = absolute = recorded(elementary.abs)
    abs_ = absolute_ = inplace(elementary.abs)

    def __rtruediv__(self, other):
        return self.reciprocal() * other

    def __rpow__(self, other):
        return operator(ops.pow)(other, self)

    def __rfloordiv__(self, other):
        return operator(ops.floor_divide)(other, self)

    def positive(self):
        """The tensor itself."""
        if self._array.dtype == bool:
            raise RuntimeError("The `+` operator, on a bool tensor is not supported. Convert it first, with .long().")
        return self

    __pos__ = positive

    def div(self, other, *, rounding_mode: str | None = None):
        """Quotient: y = x / other; with `rounding_mode` "floor" or "trunc" a whole number."""
        if rounding_mode is None:
            return recorded(ops.div)(self, other)
        return recorded(ops.round_divide)(self, other, rounding_mode=rounding_mode)

    def div_(self, other, *, rounding_mode: str | None = None):
        """In-place form of `div`."""
        if rounding_mode is None:
            return inplace(ops.div)(self, other)
        return inplace(ops.round_divide)(self, other, rounding_mode=rounding_mode)

    divide, divide_ = div, div_

    # Functions of one number
    exp, exp_ = recorded(elementary.exp), inplace(elementary.exp)
    expm1, expm1_ = recorded(elementary.expm1), inplace(elementary.expm1)
    log, log_ = recorded(elementary.log), inplace(elementary.log)
    log1p, log1p_ = recorded(elementary.log1p), inplace(elementary.log1p)
    log2, log2_ = recorded(elementary.log2), inplace(elementary.log2)
    log10, log10_ = recorded(elementary.log10), inplace(elementary.log10)
    sqrt, sqrt_ = recorded(elementary.sqrt), inplace(elementary.sqrt)
    rsqrt, rsqrt_ = recorded(elementary.rsqrt), inplace(elementary.rsqrt)
    square, square_ = recorded(elementary.square), inplace(elementary.square)
    reciprocal, reciprocal_ = recorded(elementary.reciprocal), inplace(elementary.reciprocal)
    sin, sin_ = recorded(elementary.sin), inplace(elementary.sin)
    cos, cos_ = recorded(elementary.cos), inplace(elementary.cos)
    tan, tan_ = recorded(elementary.tan), inplace(elementary.tan)
    asin = arcsin = recorded(elementary.asin)
    asin_ = arcsin_ = inplace(elementary.asin)
    acos = arccos = recorded(elementary.acos)
    acos_ = arccos_ = inplace(elementary.acos)
    atan = arctan = recorded(elementary.atan)
    atan_ = arctan_ = inplace(elementary.atan)
    sinh, sinh_ = recorded(elementary.sinh), inplace(elementary.sinh)
    cosh, cosh_ = recorded(elementary.cosh), inplace(elementary.cosh)
    sign, sign_ = recorded(elementary.sign), inplace(elementary.sign)
    sgn, sgn_ = recorded(elementary.sgn), inplace(elementary.sgn)
    ceil, ceil_ = recorded(elementary.ceil), inplace(elementary.ceil)
    floor, floor_ = recorded(elementary.floor), inplace(elementary.floor)
    trunc = fix = recorded(elementary.trunc)
    trunc_ = fix_ = inplace(elementary.trunc)
    round, round_ = recorded(elementary.round), inplace(elementary.round)
    frac, frac_ = recorded(elementary.frac), inplace(elementary.frac)
    erf, erf_ = recorded(special.erf), inplace(special.erf)
    erfc, erfc_ = recorded(special.erfc), inplace(special.erfc)
    relu, relu_ = recorded(activations.relu), inplace(activations.relu)
    sigmoid, sigmoid_ = recorded(activations.sigmoid), inplace(activations.sigmoid)
    tanh, tanh_ = recorded(activations.tanh), inplace(activations.tanh)

    @signature("float? eps = None")
    def logit(self, eps: float | None = None):
        """The inverse of `sigmoid`: y = ln(x / (1 − x)), with x first clamped to [eps, 1 − eps]."""
        return recorded(ops.logit)(self, eps=eps)

    @signature("float? eps = None")
    def logit_(self, eps: float | None = None):
        """In-place form of `logit`."""
        return inplace(ops.logit)(self, eps=eps)

    @signature("float? nan = None, float? posinf = None, float? neginf = None")
    def nan_to_num(self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None):
        """x with numbers in the place of NaN and ±∞; by default 0 and the largest and smallest of the type."""
        return recorded(elementary.nan_to_num)(self, nan=nan, posinf=posinf, neginf=neginf)

    @signature("float? nan = None, float? posinf = None, float? neginf = None")
    def nan_to_num_(self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None):
        """In-place form of `nan_to_num`."""
        return inplace(elementary.nan_to_num)(self, nan=nan, posinf=posinf, neginf=neginf)

    # Two and three tensors
    maximum, minimum = of_tensors(recorded(ops.maximum)), of_tensors(recorded(ops.minimum))
    fmax, fmin = of_tensors(recorded(ops.fmax)), of_tensors(recorded(ops.fmin))
    hypot, hypot_ = of_tensors(recorded(ops.hypot)), of_tensors(inplace(ops.hypot))
    atan2 = arctan2 = of_tensors(recorded(ops.atan2))
    atan2_ = arctan2_ = of_tensors(inplace(ops.atan2))
    logaddexp = of_tensors(recorded(ops.logaddexp))
    lerp, lerp_ = recorded(ops.lerp), inplace(ops.lerp)
    addcmul, addcmul_ = recorded(ops.addcmul), inplace(ops.addcmul)
    addcdiv, addcdiv_ = recorded(ops.addcdiv), inplace(ops.addcdiv)
    clamp_min, clamp_min_ = recorded(ops.clamp_min), inplace(ops.clamp_min)
    clamp_max, clamp_max_ = recorded(ops.clamp_max), inplace(ops.clamp_max)

    def clamp(self, min=None, max=None):
        """x, but not below `min` and not above `max` (numbers, or tensors)."""
        return _clamp(recorded, self, min, max)

    def clamp_(self, min=None, max=None):
        """In-place form of `clamp`."""
        return _clamp(inplace, self, min, max)

    clip, clip_ = clamp, clamp_


_BOUNDS = {float, int, type(None)}


def _clamp(form, x, low, high):
    if low is None and high is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None. Give one of them.")
    if type(low) not in _BOUNDS or type(high) not in _BOUNDS:
        given = [bound for bound in (low, high) if bound is not None]
        if all(isinstance(bound, TensorBase) for bound in given):
            return form(ops.clamp_between)(x, low, high)
        if not all(isinstance(bound, (int, float, np.number)) or getattr(bound, "ndim", 1) == 0 for bound in given):
            kinds = ", ".join(type(bound).__name__ for bound in given)
            raise TypeError(
                f"clamp() received an invalid combination of arguments - got ({kinds}). Give two numbers or two "
                "tensors."
            )
        low, high = (bound.item() if isinstance(bound, TensorBase) else bound for bound in (low, high))
    return form(ops.clamp)(x, min=low, max=high)
