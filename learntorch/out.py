"""`out=`: the result of a function in a tensor that the caller brought.

Read in chapter 01.
"""

from __future__ import annotations

import warnings

import numpy as np

from .base import TensorBase, memory
from .errors import c_name, final, kind_of, shape_mismatch, type_name
from .graph import resized
from .methods.results import filled
from .modes import grad_mode
from .nodes import check_mode
from .ops.strides import strided
from .writing import check_overlap

# Functions whose `out=` must have the type of the result, and how PyTorch says so.
_EXPECTED = "Expected out tensor to have dtype {result_c}, but got {out_c} instead"
_SAME = dict.fromkeys(
    "mm matmul bmm addmm addbmm baddbmm gather scatter scatter_add scatter_reduce index_add index_copy max min sort "
    "topk kthvalue median mode argmax argmin tril triu".split(),
    _EXPECTED,
) | {
    "index_select": "index_select(): self and result must have the same scalar type",
    "masked_select": "masked_select(): self and result must have the same scalar type",
    "take": "take(): self and out expected to have the same dtype, but got self.dtype = {result} and out.dtype = {out}",
    "where": "Expected out type to be {result} but got {out}",
    "dot": "result dtype {out} does not match input dtype {result}",
    "amax": "Expected the dtype for input and out to match, but got {result} for input's dtype and {out} for out's "
    "dtype",
    "nonzero": "nonzero: Expected out tensor to have scalar type {result} but got scalar type{out}",
}  # fmt: skip
_SAME["amin"] = _SAME["amax"]
_SAME |= dict.fromkeys(
    "abs absolute neg negative bitwise_not sign sgn ceil floor round trunc fix frac".split(),
    "Found dtype {out} but expected {result}",
)
_BY_NUMBERS = {"clamp", "clip", "clamp_min", "clamp_max"}  # strict if their bounds are numbers
_SAME["clamp by numbers"] = _SAME["abs"]
_SAME["nan_to_num"] = "nan_to_num: dtype of out: {out} should be same as input: {result}"
_SAME["signbit"] = "signbit does not support non-boolean outputs"

# Functions without `out=`, besides those with an underscore: mostly views.
_WITHOUT = frozenset(
    "adjoint allclose argsort argwhere as_strided bincount broadcast_to chunk clone count_nonzero detach diag_embed "
    "diagflat diagonal diagonal_scatter dsplit equal flatten flip fliplr flipud hsplit index_fill index_put isclose "
    "isfinite isinf isnan isreal is_floating_point masked_fill masked_scatter moveaxis movedim narrow numel permute "
    "positive put ravel relu repeat_interleave reshape roll rot90 select select_scatter slice_scatter "
    "split_with_sizes squeeze swapaxes swapdims t tensor_split tile trace transpose unbind unflatten unique "
    "unique_consecutive unsqueeze vsplit".split()
)

# Functions that autograd knows nothing of: they write into a leaf too.
_UNRECORDED = frozenset(
    "eq ne lt le gt ge equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor "
    "logical_not floor_divide all any argmax argmin".split()
)

# Functions that look at the type of `out` before all else: at dim, at the positions, at a product of bools.
_TYPE_FIRST = {"amax", "amin", "index_select", "mm"}

# Functions that compute in the type of `out`.
_IN_TYPE_OF_OUT = frozenset("sum nansum mean nanmean prod cumsum cumprod".split())


def into(name: str, out, result, inputs: tuple = ()):
    """Write a result into the tensor that the caller brought, or several into several.

    Raises:
        RuntimeError: "add(): functions with out=... arguments don't support automatic differentiation, …"
    """
    if not isinstance(result, tuple):
        if name in ("max", "min") and len(inputs) > 1:  # of two tensors
            name += "imum"
        if name in _BY_NUMBERS and not any(isinstance(x, TensorBase) for x in inputs[1:]):
            name = "clamp by numbers"
        return _write(name, out, result, inputs)
    if not isinstance(out, (tuple, list)):
        raise final(TypeError(f"{name}(): argument 'out' must be tuple of Tensors, not {type(out).__name__}"))
    if len(out) != len(result):
        raise final(TypeError(f"{name}(): argument 'out' must be a tuple of {len(result)} Tensors, not {len(out)}"))
    for o, r in zip(out, result, strict=True):
        _check(name, o, r)
    parts = [_write(name, o, r, inputs) for o, r in zip(out, result, strict=True)]
    return tuple(parts) if type(result) is tuple else filled(type(result))(parts)


def options_for(name: str, out, options: dict, inputs: tuple = ()) -> dict:
    """The options of a call with `out`: some functions compute in its type, others know no `out`."""
    if name in _WITHOUT or name[-1] == "_":
        raise final(TypeError(f"{name}() got an unexpected keyword argument 'out'"))
    refuse_gradients(name, (*inputs, *options.values(), *(out if isinstance(out, tuple) else (out,))))
    if name in _TYPE_FIRST and all(isinstance(x, TensorBase) for x in (out, inputs[0])):
        _check_type(name, out, inputs[0])
    if name in _IN_TYPE_OF_OUT and isinstance(out, TensorBase) and "dtype" not in options:
        return options | {"dtype": out.dtype}
    return options


def refuse_gradients(name: str, tensors: tuple) -> None:
    """Refuse `out=` where the result would have a history."""
    if name in _UNRECORDED or not grad_mode.enabled:
        return
    if any(isinstance(x, TensorBase) and x.requires_grad for x in tensors):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad. Leave out= away, or work inside torch.no_grad()."
        )


def _check(name: str, out, result) -> None:
    """Refuse an `out` that cannot take the result."""
    if not isinstance(out, TensorBase):
        raise final(TypeError(f"{name}(): argument 'out' must be Tensor, not {kind_of(out)}"))
    refuse_gradients(name, (result, out))
    _check_type(name, out, result)


def _check_type(name: str, out, result) -> None:
    """Refuse an `out` of a type that the function does not write."""
    r, o = result._array, out._array
    if r.dtype == o.dtype:
        return
    if name in _SAME:
        words = {"result": type_name(r), "out": type_name(o), "result_c": c_name(r), "out_c": c_name(o)}
        raise RuntimeError(_SAME[name].format(**words) + f". Give an out= tensor of type {result.dtype}.")
    if name in ("all", "any") and o.dtype != np.uint8:
        raise RuntimeError(f"{name} only supports bool tensor for result, got: {type_name(o)}")
    if (r.dtype.kind == "f" and o.dtype.kind != "f") or o.dtype == bool:
        raise RuntimeError(
            f"result type {type_name(r)} can't be cast to the desired output type {type_name(o)}. Give an out= tensor "
            f"of type {result.dtype}."
        )


def _write(name: str, out, result, inputs: tuple):
    _check(name, out, result)
    check_mode(out)
    if out._array.shape != result._array.shape:
        if any(x is out for x in inputs) and _fits(out, result):
            raise shape_mismatch(out._array.shape, result._array.shape)
        _resize(out, result._array)
    for x in inputs:  # a function of single elements reads while it writes
        if isinstance(x, TensorBase) and x._stamp is not None and x._stamp is out._stamp and _fits(x, result):
            check_overlap(memory(out), memory(x))
    out.detach().copy_(result)
    return out


def _fits(x, result) -> bool:
    shape = result._array.shape
    try:
        return np.broadcast_shapes(x._array.shape, shape) == shape
    except ValueError:
        return False


def _resize(out, result) -> None:
    """Give `out` the shape of the result, in the memory that it has if that is large enough."""
    array = memory(out)
    if array.size:
        warnings.warn(
            f"An output with one or more elements was resized since it had shape {list(array.shape)}, which does "
            f"not match the required output shape {list(result.shape)}. Give an out= tensor of that shape, or "
            "an empty one.",
            stacklevel=5,
        )
    fresh = np.empty_like(result, array.dtype)
    reused = array.reshape(-1) if array.flags.c_contiguous and array.size >= result.size else fresh
    resized(out)
    out._array = strided(reused, fresh.shape, fresh.strides)
