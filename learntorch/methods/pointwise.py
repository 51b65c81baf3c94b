"""Methods that act on each element. Each comes from its rule: `x.exp()` records the rule `exp`, and
`x.exp_()` writes the result over x.

Read in chapters 01 and 03.
"""

from __future__ import annotations

from ..base import TensorBase
from ..errors import argument_error
from ..ops import activations, comparison
from ..ops import pointwise as ops
from ..recording import inplace, inplace_operator, operator, recorded


class PointwiseMethods:
    __slots__ = ()

    # Arithmetic: as an operator, as a method, in place.
    __add__ = __radd__ = operator(ops.add)
    add = recorded(ops.add)
    __sub__ = operator(ops.sub)
    sub = subtract = recorded(ops.sub)
    __rsub__ = operator(ops.rsub)
    __mul__ = __rmul__ = operator(ops.mul)
    mul = multiply = recorded(ops.mul)
    __truediv__ = operator(ops.div)
    true_divide = recorded(ops.div)
    __neg__ = neg = negative = recorded(ops.neg)
    __pow__ = operator(ops.pow)
    pow = recorded(ops.pow)
    __floordiv__ = operator(ops.floor_divide)
    floor_divide = recorded(ops.floor_divide)
    __mod__ = operator(ops.remainder)
    remainder = recorded(ops.remainder)
    __abs__ = abs = absolute = recorded(ops.abs)
    fmod = recorded(ops.fmod)
    __iadd__ = inplace_operator(ops.add)
    add_ = inplace(ops.add)
    __isub__ = inplace_operator(ops.sub)
    sub_ = subtract_ = inplace(ops.sub)
    __imul__ = inplace_operator(ops.mul)
    mul_ = multiply_ = inplace(ops.mul)
    __itruediv__ = inplace_operator(ops.div)
    true_divide_ = inplace(ops.div)
    __ipow__ = inplace_operator(ops.pow)
    pow_ = inplace(ops.pow)
    __ifloordiv__ = inplace_operator(ops.floor_divide)
    floor_divide_ = inplace(ops.floor_divide)
    __imod__ = inplace_operator(ops.remainder)
    remainder_ = inplace(ops.remainder)
    neg_, abs_, fmod_ = inplace(ops.neg), inplace(ops.abs), inplace(ops.fmod)

    def __pos__(self):
        return self

    def __rtruediv__(self, other):
        return self.reciprocal() * other

    def __rpow__(self, other):
        return operator(ops.pow)(other, self)

    def __rfloordiv__(self, other):
        return operator(ops.floor_divide)(other, self)

    def __rmod__(self, other):
        return operator(ops.remainder)(other, self)

    def div(self, other, *, rounding_mode: str | None = None):
        """Quotient: y = x / other; with `rounding_mode` "floor" or "trunc" a whole number."""
        if rounding_mode is None:
            return recorded(ops.div)(self, other)
        return recorded(ops.round_divide)(self, other, rounding_mode=rounding_mode)

    divide = div

    def div_(self, other, *, rounding_mode: str | None = None):
        """In-place form of `div`."""
        if rounding_mode is None:
            return inplace(ops.div)(self, other)
        return inplace(ops.round_divide)(self, other, rounding_mode=rounding_mode)

    divide_ = div_

    # Functions of one number
    exp, exp_ = recorded(ops.exp), inplace(ops.exp)
    expm1, expm1_ = recorded(ops.expm1), inplace(ops.expm1)
    log, log_ = recorded(ops.log), inplace(ops.log)
    log1p, log1p_ = recorded(ops.log1p), inplace(ops.log1p)
    log2, log2_ = recorded(ops.log2), inplace(ops.log2)
    log10, log10_ = recorded(ops.log10), inplace(ops.log10)
    sqrt, sqrt_ = recorded(ops.sqrt), inplace(ops.sqrt)
    rsqrt, rsqrt_ = recorded(ops.rsqrt), inplace(ops.rsqrt)
    square, square_ = recorded(ops.square), inplace(ops.square)
    reciprocal, reciprocal_ = recorded(ops.reciprocal), inplace(ops.reciprocal)
    sin, sin_ = recorded(ops.sin), inplace(ops.sin)
    cos, cos_ = recorded(ops.cos), inplace(ops.cos)
    tan, tan_ = recorded(ops.tan), inplace(ops.tan)
    asin, asin_ = recorded(ops.asin), inplace(ops.asin)
    acos, acos_ = recorded(ops.acos), inplace(ops.acos)
    atan, atan_ = recorded(ops.atan), inplace(ops.atan)
    sinh, sinh_ = recorded(ops.sinh), inplace(ops.sinh)
    cosh, cosh_ = recorded(ops.cosh), inplace(ops.cosh)
    sign, sign_ = recorded(ops.sign), inplace(ops.sign)
    ceil, ceil_ = recorded(ops.ceil), inplace(ops.ceil)
    floor, floor_ = recorded(ops.floor), inplace(ops.floor)
    trunc, trunc_ = recorded(ops.trunc), inplace(ops.trunc)
    round, round_ = recorded(ops.round), inplace(ops.round)
    relu, relu_ = recorded(activations.relu), inplace(activations.relu)
    sigmoid, sigmoid_ = recorded(activations.sigmoid), inplace(activations.sigmoid)
    tanh, tanh_ = recorded(activations.tanh), inplace(activations.tanh)

    # Two and three tensors
    maximum, minimum = recorded(ops.maximum), recorded(ops.minimum)
    lerp, lerp_ = recorded(ops.lerp), inplace(ops.lerp)
    addcmul, addcmul_ = recorded(ops.addcmul), inplace(ops.addcmul)
    addcdiv, addcdiv_ = recorded(ops.addcdiv), inplace(ops.addcdiv)

    def clamp(self, min=None, max=None):
        """x, but not below `min` and not above `max` (numbers or tensors)."""
        if isinstance(min, TensorBase) or isinstance(max, TensorBase):
            return recorded(ops.clamp_between)(self, min, max)
        return recorded(ops.clamp)(self, **_bounds(min, max))

    clip = clamp

    def clamp_(self, min=None, max=None):
        """In-place form of `clamp`, for bounds that are numbers."""
        return inplace(ops.clamp)(self, **_bounds(min, max))

    clip_ = clamp_

    def where(self, condition, other):
        """x where the condition holds, else `other`."""
        return recorded(ops.where)(condition, self, other)

    def masked_fill(self, mask, value):
        """x with `value` wherever the mask is True."""
        return recorded(ops.masked_fill)(self, _mask("masked_fill", mask), value)

    def masked_fill_(self, mask, value):
        """In-place form of `masked_fill`."""
        return inplace(ops.masked_fill)(self, _mask("masked_fill_", mask), value)

    # Comparing: the result is a tensor of bool
    __eq__ = operator(comparison.eq)
    eq = recorded(comparison.eq)
    __ne__ = operator(comparison.ne)
    ne = not_equal = recorded(comparison.ne)
    __lt__ = operator(comparison.lt)
    lt = less = recorded(comparison.lt)
    __le__ = operator(comparison.le)
    le = less_equal = recorded(comparison.le)
    __gt__ = operator(comparison.gt)
    gt = greater = recorded(comparison.gt)
    __ge__ = operator(comparison.ge)
    ge = greater_equal = recorded(comparison.ge)
    isnan, isinf, isfinite = recorded(comparison.isnan), recorded(comparison.isinf), recorded(comparison.isfinite)

    # Logic and bits
    logical_and, logical_or = recorded(comparison.logical_and), recorded(comparison.logical_or)
    logical_xor, logical_not = recorded(comparison.logical_xor), recorded(comparison.logical_not)
    __and__ = __rand__ = operator(comparison.bitwise_and)
    bitwise_and = recorded(comparison.bitwise_and)
    __or__ = __ror__ = operator(comparison.bitwise_or)
    bitwise_or = recorded(comparison.bitwise_or)
    __xor__ = __rxor__ = operator(comparison.bitwise_xor)
    bitwise_xor = recorded(comparison.bitwise_xor)
    bitwise_not = recorded(comparison.bitwise_not)

    def __invert__(self):
        if self._array.dtype.kind == "f":
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors. For other types, write "
                "x == 0 or logical_not(x)."
            )
        return self.bitwise_not()

    __iand__ = inplace_operator(comparison.bitwise_and)
    bitwise_and_ = inplace(comparison.bitwise_and)
    __ior__ = inplace_operator(comparison.bitwise_or)
    bitwise_or_ = inplace(comparison.bitwise_or)
    __ixor__ = inplace_operator(comparison.bitwise_xor)
    bitwise_xor_ = inplace(comparison.bitwise_xor)


def _bounds(low, high) -> dict:
    if low is None and high is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None. Give one of them.")
    return {"min": low, "max": high}


def _mask(name: str, mask):
    if not isinstance(mask, TensorBase):
        raise argument_error(name, "mask", 1, "Tensor", mask)
    if mask._array.dtype != bool:
        kind = mask.dtype.legacy.removesuffix("Tensor").lower()
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {kind}. Compare, for example mask != 0."
        )
    return mask
