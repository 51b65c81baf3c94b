"""The flat functions: `torch.add(x, y)` is `x.add(y)`, and it can write into `out=`.

Read in chapter 01.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .base import TensorBase, wrap
from .dtypes import result_dtype
from .errors import argument_error, shifted
from .methods import reduction
from .methods.choosing import choose
from .methods.signatures import function_signature
from .ops import comparison, pointwise
from .out import into, options_for, refuse_gradients
from .recording import recorded
from .tensor import Size, Tensor


def _tensor(function: str, name: str, x: object, position: int = 1) -> TensorBase:
    if not isinstance(x, TensorBase):
        raise argument_error(function, name, position, "Tensor", x)
    return x


def _quotient(a, b, *, rounding_mode: str | None = None):
    return pointwise.round_divide(a, b, rounding_mode=rounding_mode) if rounding_mode else pointwise.div(a, b)


NUMBER_FIRST = {  # operations of which the first operand may be a number too: torch.mul(2, x)
    "add": pointwise.add, "sub": pointwise.sub, "subtract": pointwise.sub, "mul": pointwise.mul,
    "multiply": pointwise.mul, "div": _quotient, "divide": _quotient, "true_divide": pointwise.div,
    "floor_divide": pointwise.floor_divide, "remainder": lambda a, b: pointwise.rremainder(b, a),
    "bitwise_and": comparison.bitwise_and, "bitwise_or": comparison.bitwise_or, "bitwise_xor": comparison.bitwise_xor,
    "bitwise_left_shift": comparison.bitwise_left_shift, "bitwise_right_shift": comparison.bitwise_right_shift,
}  # fmt: skip


def function(name: str, method: Callable | None = None) -> Callable:
    """The flat form of the method `name`: the tensor comes first, and `out=` takes the result."""
    method, number_first = method or getattr(Tensor, name), NUMBER_FIRST.get(name)
    run = getattr(method, "together", method)

    def call(input, *args, out=None, **options):
        if out is not None:
            options = options_for(name, out, options, (input, *args))
        try:
            if number_first and isinstance(input, (int, float)) and isinstance(args[0], TensorBase):
                result = number_first(input, *args, **options)
            else:
                result = run(_tensor(name, "input", input), *args, **options)
        except TypeError as error:
            raise shifted(error) from None
        return result if out is None else into(name, out, result, (input, *args, *options.values()))

    call.__name__ = call.__qualname__ = name
    call.__doc__, call.__wrapped__ = method.__doc__, method
    call.rule = getattr(method, "rule", None)
    return call


def functions(names: str) -> list[Callable]:
    """The flat forms of several methods."""
    return [function(name) for name in names.split()]


# Each element by itself
abs, absolute, neg, negative, positive, sign, sgn, exp, expm1, log, log1p, log2, log10 = functions(
    "abs absolute neg negative positive sign sgn exp expm1 log log1p log2 log10"
)
sqrt, rsqrt, square, reciprocal, sin, cos, tan, asin, acos, atan, arcsin, arccos, arctan, sinh, cosh, tanh = functions(
    "sqrt rsqrt square reciprocal sin cos tan asin acos atan arcsin arccos arctan sinh cosh tanh"
)
sigmoid, relu, erf, erfc, logit, ceil, floor, trunc, fix, frac, round, nan_to_num = functions(
    "sigmoid relu erf erfc logit ceil floor trunc fix frac round nan_to_num"
)
clamp, clip, clamp_min, clamp_max = functions("clamp clip clamp_min clamp_max")
isnan, isinf, isfinite, isreal, signbit, logical_not, bitwise_not = functions(
    "isnan isinf isfinite isreal signbit logical_not bitwise_not"
)

# The same, written over the tensor
abs_, neg_, negative_, exp_, expm1_, log_, log1p_, log2_, log10_, sqrt_, rsqrt_, square_, reciprocal_ = functions(
    "abs_ neg_ negative_ exp_ expm1_ log_ log1p_ log2_ log10_ sqrt_ rsqrt_ square_ reciprocal_"
)
sin_, cos_, tan_, asin_, acos_, atan_, arcsin_, arccos_, arctan_, sinh_, cosh_, tanh_ = functions(
    "sin_ cos_ tan_ asin_ acos_ atan_ arcsin_ arccos_ arctan_ sinh_ cosh_ tanh_"
)
sigmoid_, relu_, erf_, erfc_, logit_, ceil_, floor_, trunc_, fix_, frac_, round_, nan_to_num_ = functions(
    "sigmoid_ relu_ erf_ erfc_ logit_ ceil_ floor_ trunc_ fix_ frac_ round_ nan_to_num_"
)
clamp_, clip_, clamp_min_, clamp_max_ = functions("clamp_ clip_ clamp_min_ clamp_max_")

# Two and three tensors
add, sub, subtract, mul, multiply, div, divide, true_divide, floor_divide, remainder, fmod = functions(
    "add sub subtract mul multiply div divide true_divide floor_divide remainder fmod"
)
maximum, minimum, fmax, fmin, hypot, atan2, arctan2, logaddexp, lerp, addcmul, addcdiv, masked_fill = functions(
    "maximum minimum fmax fmin hypot atan2 arctan2 logaddexp lerp addcmul addcdiv masked_fill"
)
eq, ne, lt, le, gt, ge, not_equal, less, less_equal, greater, greater_equal = functions(
    "eq ne lt le gt ge not_equal less less_equal greater greater_equal"
)
logical_and, logical_or, logical_xor, bitwise_and, bitwise_or, bitwise_xor = functions(
    "logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor"
)
bitwise_left_shift, bitwise_right_shift, equal, isclose, allclose = functions(
    "bitwise_left_shift bitwise_right_shift equal isclose allclose"
)

# Many elements together
sum, mean, prod, cumsum, cumprod, max, min, amax, amin, argmax, argmin = functions(
    "sum mean prod cumsum cumprod max min amax amin argmax argmin"
)
sort, argsort, topk, all, any, var, std, norm, softmax, log_softmax, logsumexp = functions(
    "sort argsort topk all any var std norm softmax log_softmax logsumexp"
)
aminmax, cummax, cummin, count_nonzero, nansum, nanmean, kthvalue, median, mode, bincount = functions(
    "aminmax cummax cummin count_nonzero nansum nanmean kthvalue median mode bincount"
)
unique, unique_consecutive = functions("unique unique_consecutive")
std_mean, var_mean = function("std_mean", reduction.std_mean), function("var_mean", reduction.var_mean)

# Shapes and parts
reshape, ravel, flatten, unflatten, transpose, swapaxes, swapdims, permute, movedim, moveaxis, t, adjoint = functions(
    "reshape ravel flatten unflatten transpose swapaxes swapdims permute movedim moveaxis t adjoint"
)
squeeze, unsqueeze, select, narrow, narrow_copy, unbind, chunk, split_with_sizes, tensor_split = functions(
    "squeeze unsqueeze select narrow narrow_copy unbind chunk split_with_sizes tensor_split"
)
hsplit, vsplit, dsplit, tile, flip, fliplr, flipud, roll, rot90, as_strided, clone = functions(
    "hsplit vsplit dsplit tile flip fliplr flipud roll rot90 as_strided clone"
)
diagonal, diag, diag_embed, diagflat, tril, triu = functions("diagonal diag diag_embed diagflat tril triu")
broadcast_to, index_select, index_add, index_copy, index_fill, masked_select, masked_scatter, gather, numel = functions(
    "broadcast_to index_select index_add index_copy index_fill masked_select masked_scatter gather numel"
)
scatter, scatter_add, scatter_reduce, take, take_along_dim, put, nonzero, argwhere = functions(
    "scatter scatter_add scatter_reduce take take_along_dim put nonzero argwhere"
)
select_scatter, slice_scatter, diagonal_scatter = functions("select_scatter slice_scatter diagonal_scatter")
index_put, is_floating_point, is_complex, is_nonzero, is_inference, detach = functions(
    "index_put is_floating_point is_complex is_nonzero is_inference detach"
)

# Matrices
mm, mv, dot, vdot, bmm, matmul, inner, outer, ger = functions("mm mv dot vdot bmm matmul inner outer ger")
addmm, addmv, addbmm, baddbmm, trace = functions("addmm addmv addbmm baddbmm trace")


def searchsorted(sorted_sequence: Tensor, input, *, out_int32: bool = False, right: bool = False, side=None) -> Tensor:
    """Where each number of `input` would stand in a sorted row: before its equals, or (`right`) after them."""
    row, numbers = sorted_sequence._array, input._array if isinstance(input, TensorBase) else np.asarray(input)
    if side not in (None, "left", "right") or (side == "left" and right):
        raise RuntimeError(
            f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}" if side not in ("left", "right")
            else "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )  # fmt: skip
    if row.ndim != 1 and row.shape[:-1] != numbers.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got boundaries tensor {list(row.shape)} and input value "
            f"tensor {list(numbers.shape)}"
        )
    place = "right" if right or side == "right" else "left"
    if row.ndim == 1:
        found = np.searchsorted(row, numbers, place)
    else:
        found = np.empty(numbers.shape, np.int64)
        for at in np.ndindex(row.shape[:-1]):
            found[at] = np.searchsorted(row[at], numbers[at], place)
    return wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


def bucketize(input, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the interval between `boundaries` in which each number of `input` lies."""
    if boundaries.ndim != 1:
        raise RuntimeError(
            f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim}). Use searchsorted for several rows."
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def rsub(input: Tensor, other, *, alpha=1) -> Tensor:
    """other − α·input."""
    return recorded(pointwise.rsub)(input * alpha if alpha != 1 else input, other)


def pow(input, exponent, *, out=None) -> Tensor:
    """Power: inputᵉˣᵖᵒⁿᵉⁿᵗ. One of the two may be a number."""
    if not isinstance(exponent, TensorBase):
        _tensor("pow", "input", input)
    if out is not None:
        refuse_gradients("pow", (input, exponent, out))
    result = recorded(pointwise.pow)(input, exponent)
    return result if out is None else into("pow", out, result)


@function_signature(
    "Tensor condition", "Tensor condition, Tensor input, Tensor other, *, Tensor? out = None",
    "Tensor condition, Number self, Tensor other", "Tensor condition, Tensor input, Number other",
    "Tensor condition, Number self, Number other",
)  # fmt: skip
def where(condition: Tensor, input=None, other=None, *, self=None, out=None):
    """`input` where the condition holds, else `other`; with the condition alone, where it holds."""
    if other is None:
        return condition.nonzero(as_tuple=True)
    result = choose(condition, self if input is None else input, other)
    return result if out is None else into("where", out, result, (input, other))


def broadcast_shapes(*shapes) -> tuple:
    """The shape that these shapes give together."""
    total = ()
    for i, shape in enumerate(shapes):
        for back, (n, size) in enumerate(zip(reversed(total), reversed(tuple(shape))), 1):
            if 1 not in (n, size) and n != size:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {size} at -{back}! Mismatching argument at index "
                    f"{i} had {shape}; but expected shape should be broadcastable to {list(total)}"
                )
        total = np.broadcast_shapes(total, tuple(shape))
    return Size(total)


def result_type(a, b):
    """The type that an operation on `a` and `b` gives."""
    for i, x in enumerate((a, b)):
        if not isinstance(x, (TensorBase, int, float, np.number)):
            raise argument_error("result_type", f"tensor{i + 1}", i + 1, "Tensor or Number", x)
    return result_dtype(*(x._array if isinstance(x, TensorBase) else x for x in (a, b)))


def is_tensor(obj: object) -> bool:
    """True if obj is a Tensor."""
    return isinstance(obj, TensorBase)
