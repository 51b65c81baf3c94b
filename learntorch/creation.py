"""Making tensors: from data, from a value, as a row of numbers, like another tensor.

Read in chapters 01 and 02. Those at random stand in sampling.py.
"""

from __future__ import annotations

import math

import numpy as np

from . import devices, dtypes
from .base import TensorBase, memory, wrap
from .devices import module_for
from .errors import final, kind_of, warn_once
from .methods import filling
from .methods.filling import fitting, not_negative, warn_of_copies
from .methods.reading import borrowed, checked, read
from .methods.signatures import function_signature
from .modes import grad_mode
from .ops.strides import preserve_format
from .tensor import Tensor, legacy
from .writing import is_expanded

MAKING = (
    "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, bool pin_memory = False, "
    "bool requires_grad = False"
)
INTO = f"Tensor out = None, {MAKING}"
LIKE = f"Tensor input, *, {MAKING}, torch.memory_format memory_format = None"

# From data ───────────────────────────────────────────────────────────────────────────────────────


def tensor(data: object, *, dtype: dtypes.dtype | None = None, device=None, requires_grad: bool = False,
           pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A new tensor with a copy of `data`: a number, nested lists, an array.

    >>> tensor([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    """
    if isinstance(data, TensorBase):
        warn_of_copies("torch.tensor(sourceTensor)")
    array = read(data, None if dtype is None else _kind(dtype, "tensor"))
    if hasattr(data, "dtype"):
        array = preserve_format.copy(array)
    return finish(array if array.ndim else array[()], device, requires_grad, pin_memory)


def as_tensor(data: object, *, dtype: dtypes.dtype | None = None, device=None) -> Tensor:
    """A tensor that shares memory with `data` where it can: a tensor or an array of the same type."""
    wanted = None if dtype is None else _kind(dtype, "as_tensor")
    if not isinstance(data, TensorBase):
        array = read(data, wanted)
        data = wrap(borrowed(array) if array is data else array)
    return data.to(device=device, dtype=dtype) if device is not None or dtype is not None else data


def asarray(obj: object, *, dtype: dtypes.dtype | None = None, device=None, copy: bool | None = None,
            requires_grad: bool | None = None) -> Tensor:  # fmt: skip
    """A tensor from anything: sharing memory if it can (copy=None), always (False) or never (True)."""
    if copy is False and not isinstance(obj, (TensorBase, np.ndarray)):
        raise ValueError("can't alias arbitrary sequence into a tensor. Leave copy=False away.")
    if isinstance(obj, TensorBase) and obj.requires_grad and requires_grad is None:
        warn_once("torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of False.")
    out = as_tensor(obj, dtype=dtype, device=device)
    if copy is False and isinstance(obj, (TensorBase, np.ndarray)) and out._array.dtype != _array(obj).dtype:
        here, there = (dtypes.of_numpy(a.dtype).short for a in (_array(obj), out._array))
        raise ValueError(f"can't alias tensor with dtype '{here}' into dtype '{there}'. Leave copy=False away.")
    if copy and np.shares_memory(memory(out), _array(obj)):
        out = out.clone()
    if requires_grad is False and out.requires_grad:
        return out.detach()
    return out._asking(True) if requires_grad and not out.requires_grad else out


def _array(obj: object):
    return memory(obj) if isinstance(obj, TensorBase) else np.asarray(obj)


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor on the memory of a NumPy array: a write through one is seen by the other.

    Raises:
        TypeError: "expected np.ndarray (got list)"
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {kind_of(ndarray)}). For other data use torch.tensor.")
    return wrap(borrowed(checked(ndarray)))


def from_dlpack(ext_tensor: object, *, device=None, copy: bool | None = None) -> Tensor:
    """A tensor on the memory of another library's array, by the protocol that they share (`__dlpack__`)."""
    if device is not None or copy:
        shared = from_dlpack(ext_tensor)
        return shared.to(device, copy=bool(copy)) if device is not None else shared.clone()
    if isinstance(ext_tensor, TensorBase):
        ext_tensor.__dlpack__()  # refuses a tensor that requires a gradient
        return ext_tensor.data  # another library would not count the writes either
    if not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you "
            "might have already constructed a tensor from it once. For numbers and lists use torch.tensor."
        )
    array = ext_tensor if isinstance(ext_tensor, np.ndarray) else np.from_dlpack(ext_tensor)
    return wrap(borrowed(checked(array)))


def _kind(dtype, function: str) -> np.dtype:
    """NumPy's name for an element type; Python's own types stand for PyTorch's."""
    if dtype is None:
        return dtypes.get_default_dtype().numpy
    if not isinstance(dtype, dtypes.dtype) and dtype not in filling.PYTHON:
        kind = type(dtype).__name__
        raise final(TypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {kind}. Write torch.float32."))
    return filling.PYTHON[dtype] if dtype in filling.PYTHON else dtype.numpy


def finish(array, device, requires_grad: bool, pin_memory: bool = False) -> Tensor:
    """A new leaf around `array`."""
    out = wrap(devices.settle(array, device))
    return (out.pin_memory() if pin_memory else out)._asking(requires_grad)


def deliver(array, out: Tensor | None, dtype, device, requires_grad: bool, pin_memory: bool = False) -> Tensor:
    """A new tensor around `array`, or `out` resized and filled with it."""
    if out is None:
        return finish(array, device, requires_grad, pin_memory)
    prepare(out, array.shape, dtype).copy_(wrap(array))
    return out._asking(requires_grad)


def prepare(out: Tensor, shape: tuple, dtype) -> Tensor:
    """`out` of this shape, ready to be written to."""
    if dtype is not None and _kind(dtype, "out") != out._array.dtype:
        asked = dtypes.of_numpy(_kind(dtype, "out")).short
        raise RuntimeError(
            f"dtype {asked} does not match dtype of out parameter ({out.dtype.short}). Leave dtype away."
        )
    if out._requires_grad and grad_mode.enabled:
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad. Detach it first."
        )
    return out if out.shape == shape else out.resize_(shape)


def into_type(out: Tensor | None, dtype, function: str) -> np.dtype:
    """The type of a result: that of `out`, the one asked for, or the default."""
    return out._array.dtype if out is not None and dtype is None else _kind(dtype, function)


# By value ────────────────────────────────────────────────────────────────────────────────────────


@function_signature(f"sizes size, *, {INTO}, torch.memory_format memory_format = None")
def empty(size, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False,
          memory_format=None) -> Tensor:  # fmt: skip
    """Memory of this shape as it is found: the numbers in it mean nothing."""
    array = module_for(device).empty(not_negative(size), into_type(out, dtype, "empty"))
    array = memory_format.copy(array) if memory_format else array
    return deliver(array, out, dtype, device, requires_grad, pin_memory)


@function_signature(f"sizes size, *, {INTO}")
def zeros(size, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False) -> Tensor:
    """Zeros of this shape."""
    if any(n < 0 for n in size):
        raise RuntimeError(f"zeros: Dimension size must be non-negative. One of {list(size)} is not.")
    array = module_for(device).zeros(tuple(size), into_type(out, dtype, "zeros"))
    return deliver(array, out, dtype, device, requires_grad, pin_memory)


@function_signature(f"sizes size, *, {INTO}")
def ones(size, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False) -> Tensor:
    """Ones of this shape."""
    array = module_for(device).ones(not_negative(size), into_type(out, dtype, "ones"))
    return deliver(array, out, dtype, device, requires_grad, pin_memory)


@function_signature(f"sizes size, Number fill_value, *, {INTO}")
def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, pin_memory=False,
         requires_grad=False) -> Tensor:  # fmt: skip
    """One number everywhere; its type is that of the number unless `dtype` is given."""
    kind = into_type(out, dtype or (None if out is not None else dtypes.of_scalar(fill_value)), "full")
    array = module_for(device).full(not_negative(size), fitting(fill_value, kind), kind)
    return deliver(array, out, dtype, device, requires_grad, pin_memory)


@function_signature(f"sizes size, sizes stride, *, {MAKING}")
def empty_strided(size, stride, *, dtype=None, layout=None, device=None, pin_memory=False,
                  requires_grad=False) -> Tensor:  # fmt: skip
    """Memory as it is found, seen with these strides."""
    array = filling.empty_strided(module_for(device), size, stride, _kind(dtype, "empty_strided"))
    return finish(array, device, requires_grad, pin_memory)


@function_signature(f"int n, *, {INTO}", f"int n, int m, *, {INTO}")
def eye(n: int, m: int | None = None, *, out=None, dtype=None, layout=None, device=None, pin_memory=False,
        requires_grad=False) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an n × m matrix, zeros elsewhere."""
    for name, size in ("n", n), ("m", m or 0):
        if size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    array = module_for(device).eye(n, m, dtype=into_type(out, dtype, "eye"))
    if out is not None and out.shape == array.shape and is_expanded(out):  # PyTorch writes zeros, then the diagonal
        out.zero_().as_strided((min(out.shape),), (sum(out.stride()),)).fill_(1)
        return out._asking(requires_grad)
    return deliver(array, out, dtype, device, requires_grad, pin_memory)


# Rows of numbers ─────────────────────────────────────────────────────────────────────────────────


@function_signature(f"Number end, *, {INTO}", f"Number start, Number end, *, {INTO}",
                    f"Number start, Number end, Number step = 1, *, {INTO}")  # fmt: skip
def arange(start=None, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, pin_memory=False,
           requires_grad=False) -> Tensor:  # fmt: skip
    """start, start + step, … up to but without `end`.

    >>> arange(5)
    tensor([0, 1, 2, 3, 4])
    """
    start, end = (0, start) if end is None else (0 if start is None else start, end)
    if (dtype or getattr(out, "dtype", None)) in (dtypes.bool, bool):
        raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'. Compare a range of numbers.")
    start, end, step = _range(start, end, step)
    whole = all(isinstance(x, int) for x in (start, end, step))
    kind = into_type(out, dtype or (dtypes.int64 if whole and out is None else None), "arange")
    if kind == np.int64:  # PyTorch cuts the ends and the step down to whole numbers first
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero. Less than 1 is 0 as a whole number.")
    count = max(-((start - end) // step) if kind == np.int64 else math.ceil((end - start) / step), 0)
    if kind.kind != "f":
        start, step = int(start), int(step)
    array = start + np.arange(count, dtype=np.float64 if kind.kind == "f" else np.int64) * step
    if out is not None and out.numel() not in (0, count):
        filling.warn_of_size(out.shape, count)
    return deliver(array.astype(kind), out, dtype, device, requires_grad, pin_memory)


@function_signature(f"Number start, Number end, Number step = 1, *, {INTO}")
def range(start, end, step=1, *, out=None, dtype=None, layout=None, device=None, pin_memory=False,
          requires_grad=False) -> Tensor:  # fmt: skip
    """start, start + step, … up to and with `end`: old code has it where new code has `arange`."""
    filling.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end)."
    )
    start, end, step = _range(start, end, step)
    array = start + np.arange(math.floor((end - start) / step) + 1) * step
    return deliver(array.astype(into_type(out, dtype, "range")), out, dtype, device, requires_grad, pin_memory)


def _range(start, end, step) -> tuple:
    if step == 0 or step != step:
        raise RuntimeError("step must be nonzero. The default is 1.")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}. Both ends have to be finite.")
    if (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign. To count down, give a negative step."
        )
    return tuple(x.item() if isinstance(x, np.generic) else x for x in (start, end, step))


_ENDS = [f"{a} start, {b} end, int steps" for a in ("Tensor", "Number") for b in ("Tensor", "Number")]


@function_signature(*[f"{ends}, *, {INTO}" for ends in _ENDS])
def linspace(start, end, steps: int, *, out=None, dtype=None, layout=None, device=None, pin_memory=False,
             requires_grad=False) -> Tensor:  # fmt: skip
    """`steps` numbers at equal distances, from `start` to `end`, both included."""
    kind = into_type(out, dtype, "linspace")
    array = _equal_steps("linspace", start, end, steps, kind)
    return deliver(array.astype(kind), out, dtype, device, requires_grad, pin_memory)


@function_signature(*[f"{ends}, float base = 10.0, *, {INTO}" for ends in _ENDS])
def logspace(start, end, steps: int, base: float = 10.0, *, out=None, dtype=None, layout=None, device=None,
             pin_memory=False, requires_grad=False) -> Tensor:  # fmt: skip
    """`base` to the power of `steps` numbers at equal distances from `start` to `end`."""
    kind = into_type(out, dtype, "logspace")
    exponents = _equal_steps("logspace", start, end, steps, kind)
    with np.errstate(all="ignore"):
        array = np.power(float(base), exponents.astype(np.float64)).astype(kind)
    return deliver(array, out, dtype, device, requires_grad, pin_memory)


def _equal_steps(name: str, start, end, steps: int, kind: np.dtype) -> np.ndarray:
    """From both ends towards the middle, in the type of the result: as PyTorch rounds."""
    for side, x in ("start", start), ("end", end):
        if isinstance(x, TensorBase) and x.ndim:
            raise RuntimeError(
                f"{name} only supports 0-dimensional start and end tensors, but got {side} with {x.ndim} dimension(s). "
                "Take one number of it."
            )
    start, end = (x.item() if isinstance(x, TensorBase) else x for x in (start, end))
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative. None at all make an empty tensor.")
    if steps == 0:
        return np.empty(0, kind)
    if kind.kind == "b" and steps > 1:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for 'Bool'. Compare a row of numbers.")
    t = kind.type if kind.kind == "f" else np.float64
    end = start if steps == 1 else end
    ends = (t(start), t(end)) if kind.kind == "f" else (t(fitting(start, kind)), t(fitting(end, kind)))
    with np.errstate(all="ignore"):
        step = (ends[1] - ends[0]) / t(max(steps - 1, 1))
        i = np.arange(steps, dtype=t)
        array = np.where(i < steps // 2, ends[0] + step * i, ends[1] - step * (t(steps - 1) - i))
    return array if steps != 1 else np.array([ends[0]])


def _triangle(name: str, row: int, col: int, offset: int, dtype, device, requires_grad: bool) -> Tensor:
    for side, n in ("row", row), ("col", col):
        if n < 0:
            raise RuntimeError(f"{side} must be non-negative, got{n}. It is a number of {side}s.")
    kind = np.dtype("int64") if dtype is None else _kind(dtype, name)
    if kind.kind not in "iu":
        what = dtypes.of_numpy(kind).short
        raise NotImplementedError(f"\"{name}\" not implemented for '{what}'. Indices are whole numbers.")
    places = getattr(np, f"{name}_from")(np.empty((row, col)), offset)
    return finish(np.array(places, kind), device, requires_grad)


@function_signature(f"int row, int col, int offset = 0, *, {MAKING}")
def tril_indices(row: int, col: int, offset: int = 0, *, dtype=None, layout=None, device=None, pin_memory=False,
                 requires_grad=False) -> Tensor:  # fmt: skip
    """Rows and columns of the lower triangle of a row × col matrix."""
    return _triangle("tril_indices", row, col, offset, dtype, device, requires_grad)


@function_signature(f"int row, int col, int offset = 0, *, {MAKING}")
def triu_indices(row: int, col: int, offset: int = 0, *, dtype=None, layout=None, device=None, pin_memory=False,
                 requires_grad=False) -> Tensor:  # fmt: skip
    """Rows and columns of the upper triangle of a row × col matrix."""
    return _triangle("triu_indices", row, col, offset, dtype, device, requires_grad)


# Like another tensor ─────────────────────────────────────────────────────────────────────────────


def like(maker: str, input: Tensor, options: dict, *value) -> Tensor:
    """A tensor like `input`, its dimensions in the same order in memory unless a format is asked for."""
    given = {"dtype": input.dtype, "device": input.device} | {k: v for k, v in options.items() if v is not None}
    array, kind = memory(input), _kind(given["dtype"], f"{maker}_like")
    value = [fitting(v, kind) for v in value]
    order = "C" if 0 in array.strides else "K"
    made = getattr(devices.array_module(array), f"{maker}_like")(array, *value, dtype=kind, order=order)
    if given.get("memory_format") is not None:
        made = given["memory_format"].copy(made)
    return finish(made, devices.device(given["device"]), given.get("requires_grad", False), given.get("pin_memory"))


@function_signature(LIKE)
def empty_like(input: Tensor, **options) -> Tensor:
    """Uninitialised memory with the shape, type and device of `input`."""
    return like("empty", input, options)


@function_signature(LIKE)
def zeros_like(input: Tensor, **options) -> Tensor:
    """Zeros with the shape, type and device of `input`."""
    return like("zeros", input, options)


@function_signature(LIKE)
def ones_like(input: Tensor, **options) -> Tensor:
    """Ones with the shape, type and device of `input`."""
    return like("ones", input, options)


@function_signature(LIKE.replace("*", "Number fill_value, *", 1))
def full_like(input: Tensor, fill_value, **options) -> Tensor:
    """One number everywhere, with the shape, type and device of `input`."""
    return like("full", input, options, fill_value)


# The typed constructors of old tutorials ─────────────────────────────────────────────────────────


def _typed(kind: dtypes.dtype) -> type:
    class Typed(type):
        def __instancecheck__(cls, x: object) -> bool:
            return isinstance(x, Tensor) and x.dtype is kind

    return Typed(
        kind.legacy,
        (),
        {"__new__": lambda cls, *data, device=None: legacy(data, kind.numpy, device), "dtype": kind,
         "__doc__": f"`torch.tensor(data, dtype={kind})`, as old tutorials write it.", "__module__": "torch"},
    )  # fmt: skip


FloatTensor = _typed(dtypes.float32)
DoubleTensor = _typed(dtypes.float64)
HalfTensor = _typed(dtypes.float16)
LongTensor = _typed(dtypes.int64)
IntTensor = _typed(dtypes.int32)
ShortTensor = _typed(dtypes.int16)
CharTensor = _typed(dtypes.int8)
ByteTensor = _typed(dtypes.uint8)
BoolTensor = _typed(dtypes.bool)


def set_default_tensor_type(t: type | str) -> None:
    """Make the element type of `t`, such as torch.DoubleTensor, that of new floating-point tensors."""
    warn_once(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
        "torch.set_default_device() as alternatives."
    )
    named = {f"torch.{d.legacy}": d for d in dtypes.ALL}
    kind = named.get(t) if isinstance(t, str) else getattr(t, "dtype", None)
    if kind is None:
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    dtypes.set_default_dtype(kind)
