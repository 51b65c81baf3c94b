"""The flat functions: `torch.add(x, y)` is `x.add(y)`, and it can write into `out=`.

Read in chapter 01.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import wraps

import numpy as np

from .base import TensorBase, wrap
from .dtypes import result_dtype
from .errors import argument_error, broadcast_error, shifted
from .modes import grad_mode
from .ops import pointwise, shape
from .recording import recorded
from .tensor import Size, Tensor


def _tensor(function: str, name: str, x: object, position: int = 1) -> TensorBase:
    if not isinstance(x, TensorBase):
        raise argument_error(function, name, position, "Tensor", x)
    return x


def function(name: str) -> Callable:
    """The flat form of the method `name`: the tensor comes first, and `out=` takes the result."""
    method = getattr(Tensor, name)

    @wraps(method)
    def call(input, *args, out=None, **options):
        try:
            result = method(_tensor(name, "input", input), *args, **options)
        except TypeError as error:
            raise shifted(error) from None
        return result if out is None else into(name, out, result)

    call.__name__ = call.__qualname__ = name
    call.rule = getattr(method, "rule", None)
    return call


def functions(names: str) -> list[Callable]:
    """The flat forms of several methods."""
    return [function(name) for name in names.split()]


def into(name: str, out, result):
    """Write a result into the tensor that the caller brought."""
    if isinstance(result, tuple):
        for o, r in zip(out, result, strict=True):
            into(name, o, r)
        return type(result)(*out) if hasattr(result, "_fields") else tuple(out)
    if grad_mode.enabled and (result._requires_grad or out._requires_grad):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad. Leave out= away, or work inside torch.no_grad()."
        )
    if result._array.dtype.kind == "f" and out._array.dtype.kind != "f":
        raise RuntimeError(
            f"result type {result.dtype.legacy.removesuffix('Tensor')} can't be cast to the desired output type "
            f"{out.dtype.legacy.removesuffix('Tensor')}. Give an out= tensor of type {result.dtype}."
        )
    if out._array.shape != result._array.shape:
        if out._array.size:
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does "
                f"not match the required output shape {list(result.shape)}. Give an out= tensor of that shape, or "
                "an empty one.",
                stacklevel=4,
            )
        out._array = np.empty(result._array.shape, out._array.dtype)
    out.detach().copy_(result)
    return out


# Each element by itself
abs, absolute, neg, negative, sign, exp, expm1, log, log1p, log2, log10 = functions(
    "abs absolute neg negative sign exp expm1 log log1p log2 log10"
)
sqrt, rsqrt, square, reciprocal, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh = functions(
    "sqrt rsqrt square reciprocal sin cos tan asin acos atan sinh cosh tanh"
)
sigmoid, relu, ceil, floor, trunc, round, clamp, clip = functions("sigmoid relu ceil floor trunc round clamp clip")
abs_, neg_, exp_, log_, sqrt_, sin_, cos_, tanh_, sigmoid_, relu_, clamp_ = functions(
    "abs_ neg_ exp_ log_ sqrt_ sin_ cos_ tanh_ sigmoid_ relu_ clamp_"
)
isnan, isinf, isfinite, logical_not, bitwise_not = functions("isnan isinf isfinite logical_not bitwise_not")

# Two and three tensors
add, sub, subtract, mul, multiply, div, divide, true_divide, floor_divide, remainder, fmod = functions(
    "add sub subtract mul multiply div divide true_divide floor_divide remainder fmod"
)
maximum, minimum, lerp, addcmul, addcdiv, masked_fill = functions("maximum minimum lerp addcmul addcdiv masked_fill")
eq, ne, lt, le, gt, ge, not_equal, less, less_equal, greater, greater_equal = functions(
    "eq ne lt le gt ge not_equal less less_equal greater greater_equal"
)
logical_and, logical_or, logical_xor, bitwise_and, bitwise_or, bitwise_xor = functions(
    "logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor"
)
equal, isclose, allclose = functions("equal isclose allclose")

# Many elements together
sum, mean, prod, cumsum, cumprod, max, min, amax, amin, argmax, argmin = functions(
    "sum mean prod cumsum cumprod max min amax amin argmax argmin"
)
sort, argsort, topk, all, any, var, std, norm, softmax, log_softmax, logsumexp = functions(
    "sort argsort topk all any var std norm softmax log_softmax logsumexp"
)

# Shapes and parts
reshape, transpose, swapaxes, permute, movedim, t, squeeze, unsqueeze, flatten, unflatten = functions(
    "reshape transpose swapaxes permute movedim t squeeze unsqueeze flatten unflatten"
)
select, narrow, unbind, split, chunk, diagonal, diag, flip, tril, triu, as_strided, clone = functions(
    "select narrow unbind split chunk diagonal diag flip tril triu as_strided clone"
)
broadcast_to, index_select, index_add, masked_select, gather, scatter, scatter_add, take, nonzero, numel = functions(
    "broadcast_to index_select index_add masked_select gather scatter scatter_add take nonzero numel"
)
index_put, is_floating_point, detach = functions("index_put is_floating_point detach")

# Matrices
mm, mv, dot, bmm, matmul, outer, addmm = functions("mm mv dot bmm matmul outer addmm")


def rsub(input: Tensor, other, *, alpha=1) -> Tensor:
    """other − α·input."""
    return recorded(pointwise.rsub)(input * alpha if alpha != 1 else input, other)


def pow(input, exponent, *, out=None) -> Tensor:
    """Power: inputᵉˣᵖᵒⁿᵉⁿᵗ. One of the two may be a number."""
    if not isinstance(exponent, TensorBase):
        _tensor("pow", "input", input)
    result = recorded(pointwise.pow)(input, exponent)
    return result if out is None else into("pow", out, result)


def where(condition: Tensor, input=None, other=None, *, out=None):
    """`input` where the condition holds, else `other`; with the condition alone, where it holds."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    _tensor("where", "condition", condition)
    result = recorded(pointwise.where)(condition, input, other)
    return result if out is None else into("where", out, result)


def _list(name: str, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    if isinstance(tensors, TensorBase) or not isinstance(tensors, (list, tuple)):
        raise argument_error(name, "tensors", 1, "tuple of Tensors", tensors)
    for i, x in enumerate(tensors):
        if not isinstance(x, TensorBase):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}. Wrap it in torch.tensor."
            )
    return tensors


def cat(tensors: Sequence[Tensor], dim: int = 0, *, out=None) -> Tensor:
    """The tensors one after the other along `dim`, which exists already."""
    result = recorded(shape.cat)(*_list("cat", tensors), dim=dim)
    return result if out is None else into("cat", out, result)


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0, *, out=None) -> Tensor:
    """The tensors side by side along a new dimension `dim`."""
    result = recorded(shape.stack)(*_list("stack", tensors), dim=dim)
    return result if out is None else into("stack", out, result)


def broadcast_shapes(*shapes) -> tuple:
    """The shape that these shapes give together."""
    try:
        return Size(np.broadcast_shapes(*shapes))
    except ValueError:
        raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape") from None


def broadcast_tensors(*tensors: Tensor) -> tuple:
    """The tensors expanded to their common shape."""
    clash = broadcast_error(*(x.shape for x in tensors))
    if clash is not None:
        raise clash
    size = broadcast_shapes(*(x.shape for x in tensors))
    return tuple(x.expand(size) for x in tensors)


def result_type(a, b):
    """The type that an operation on `a` and `b` gives."""
    return result_dtype(*(x._array if isinstance(x, TensorBase) else x for x in (a, b)))


def is_tensor(x: object) -> bool:
    """True if x is a Tensor."""
    return isinstance(x, TensorBase)


def one_hot(target: Tensor, num_classes: int = -1) -> Tensor:
    """A row of zeros with a 1 at the class, for each entry of `target`."""
    classes = target._array
    n = int(classes.max()) + 1 if num_classes == -1 else num_classes
    if classes.size and classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if classes.size and classes.max() >= n:
        raise RuntimeError("Class values must be smaller than num_classes. Classes count from 0.")
    return wrap(np.eye(n, dtype=np.int64)[classes])
