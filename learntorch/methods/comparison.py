"""Methods that compare, and that combine truth values and bits. None of them has a gradient.

Read in chapter 01.
"""

from __future__ import annotations

from collections.abc import Callable

from ..base import TensorBase
from ..errors import argument_error
from ..ops import comparison as ops
from ..recording import operator, recorded
from ..writing import inplace, inplace_operator
from .signatures import signature


def of_tensors(call: Callable) -> Callable:
    """`call` for an operation whose second operand PyTorch wants to be a tensor: a number is refused."""

    def method(input, other):
        if not isinstance(other, TensorBase):
            raise argument_error(call.__name__, "other", 1, "Tensor", other)
        return call(input, other)

    method.__name__, method.__doc__, method.rule = call.__name__, call.__doc__, call.rule
    return method


class ComparisonMethods:
    __slots__ = ()

    # Comparing: the result is a tensor of bool; the forms in place keep the type, with 1 for True.
    __eq__ = operator(ops.eq)
    eq, eq_ = recorded(ops.eq), inplace(ops.eq)
    __ne__ = operator(ops.ne)
    ne = not_equal = recorded(ops.ne)
    ne_ = not_equal_ = inplace(ops.ne)
    __lt__ = operator(ops.lt)
    lt = less = recorded(ops.lt)
    lt_ = less_ = inplace(ops.lt)
    __le__ = operator(ops.le)
    le = less_equal = recorded(ops.le)
    le_ = less_equal_ = inplace(ops.le)
    __gt__ = operator(ops.gt)
    gt = greater = recorded(ops.gt)
    gt_ = greater_ = inplace(ops.gt)
    __ge__ = operator(ops.ge)
    ge = greater_equal = recorded(ops.ge)
    ge_ = greater_equal_ = inplace(ops.ge)
    isnan, isinf, isfinite = recorded(ops.isnan), recorded(ops.isinf), recorded(ops.isfinite)
    isreal, signbit = recorded(ops.isreal), recorded(ops.signbit)

    @signature("Tensor other")
    def equal(self, other) -> bool:
        """True if both have the same shape and the same elements."""
        return self.shape == other.shape and bool(recorded(ops.eq)(self, other)._array.all())

    @signature("Tensor other, float rtol = 1e-05, float atol = 1e-08, bool equal_nan = False")
    def isclose(self, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False):
        """Element by element: |x − other| ≤ atol + rtol·|other|."""
        if self.dtype is not other.dtype:
            a, b = (x.dtype.short for x in (self, other))
            raise RuntimeError(f"{a} did not match {b}. Convert one of them, for example with .to(other.dtype).")
        for name, tolerance in (("rtol", rtol), ("atol", atol)):
            if tolerance < 0:
                raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")
        return recorded(ops.isclose)(self.detach(), other.detach(), rtol=rtol, atol=atol, equal_nan=equal_nan)

    @signature("Tensor other, float rtol = 1e-05, float atol = 1e-08, bool equal_nan = False")
    def allclose(self, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
        """True if all elements are close: |x − other| ≤ atol + rtol·|other|."""
        return bool(self.isclose(other, rtol, atol, equal_nan)._array.all())

    # Truth values
    logical_not, logical_not_ = recorded(ops.logical_not), inplace(ops.logical_not)
    logical_and, logical_and_ = of_tensors(recorded(ops.logical_and)), of_tensors(inplace(ops.logical_and))
    logical_or, logical_or_ = of_tensors(recorded(ops.logical_or)), of_tensors(inplace(ops.logical_or))
    logical_xor, logical_xor_ = of_tensors(recorded(ops.logical_xor)), of_tensors(inplace(ops.logical_xor))

    # Bits
    __and__ = __rand__ = operator(ops.bitwise_and)
    __iand__ = inplace_operator(ops.bitwise_and)
    bitwise_and, bitwise_and_ = recorded(ops.bitwise_and), inplace(ops.bitwise_and)
    __or__ = __ror__ = operator(ops.bitwise_or)
    __ior__ = inplace_operator(ops.bitwise_or)
    bitwise_or, bitwise_or_ = recorded(ops.bitwise_or), inplace(ops.bitwise_or)
    __xor__ = __rxor__ = operator(ops.bitwise_xor)
    __ixor__ = inplace_operator(ops.bitwise_xor)
    bitwise_xor, bitwise_xor_ = recorded(ops.bitwise_xor), inplace(ops.bitwise_xor)
    __lshift__ = operator(ops.bitwise_left_shift)
    __ilshift__ = inplace_operator(ops.bitwise_left_shift)
    bitwise_left_shift, bitwise_left_shift_ = recorded(ops.bitwise_left_shift), inplace(ops.bitwise_left_shift)
    __rshift__ = operator(ops.bitwise_right_shift)
    __irshift__ = inplace_operator(ops.bitwise_right_shift)
    bitwise_right_shift, bitwise_right_shift_ = recorded(ops.bitwise_right_shift), inplace(ops.bitwise_right_shift)
    bitwise_not, bitwise_not_ = recorded(ops.bitwise_not), inplace(ops.bitwise_not)

    def __rlshift__(self, other):
        return operator(ops.bitwise_left_shift)(other, self)

    def __rrshift__(self, other):
        return operator(ops.bitwise_right_shift)(other, self)

    def __invert__(self):
        if self._array.dtype.kind == "f":
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors. For other types, write "
                "x == 0 or logical_not(x)."
            )
        return self.bitwise_not()
