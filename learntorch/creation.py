"""Making tensors: from data, from a value, at random.

Read in chapters 01 and 02.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from . import devices, dtypes, random
from .base import TensorBase, memory, wrap
from .devices import module_for
from .methods.shape import ints
from .modes import grad_mode
from .random import Generator
from .tensor import Tensor, legacy, strided

# From data ───────────────────────────────────────────────────────────────────────────────────────


def tensor(data: object, *, dtype: dtypes.dtype | None = None, device=None, requires_grad: bool = False,
           pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A new tensor with a copy of `data`: a number, nested lists, an array.

    >>> tensor([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    """
    array = _read(data, dtype)
    if array is getattr(data, "_array", data) or array.base is not None:
        array = array.copy()
    return _finish(array, device, requires_grad, pin_memory)


def as_tensor(data: object, dtype: dtypes.dtype | None = None, device=None) -> Tensor:
    """A tensor that shares memory with `data` where it can: a tensor or an array of the same type."""
    if isinstance(data, TensorBase):
        return data.to(*(a for a in (dtype, device) if a is not None))
    out = from_numpy(data) if isinstance(data, np.ndarray) else wrap(_read(data, dtype))
    return out.to(*(a for a in (dtype, device) if a is not None))


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor on the memory of a NumPy array: a write through one is seen by the other.

    Raises:
        TypeError: "expected np.ndarray (got list)"
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__}). For other data use torch.tensor.")
    dtypes.of_numpy(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    return wrap(ndarray)


def _read(data: object, dtype: dtypes.dtype | None) -> np.ndarray:
    """`data` as an array of the type asked for, or else of the type that PyTorch infers."""
    wanted = None if dtype is None else _dtype(dtype).numpy
    if isinstance(data, TensorBase):
        array = memory(data)
    elif isinstance(data, np.ndarray) or isinstance(data, np.generic):
        array = np.asarray(data)
        dtypes.of_numpy(array.dtype)
    else:
        array = _from_lists(data)
        wanted = wanted or _inferred(data, array)
    return array if wanted is None or array.dtype == wanted else grad_mode.quietly(array.astype, wanted)


def _inferred(data: object, array: np.ndarray) -> np.dtype:
    """The type of lists: the default one for Python's floats and for nothing, else the common type of the parts."""
    if array.size == 0 or (array.dtype.kind == "f" and not _holds_arrays(data)):
        return dtypes.get_default_dtype().numpy
    return functools.reduce(dtypes.promote_types, _leaf_types(data)).numpy if _holds_arrays(data) else array.dtype


def _leaf_types(data: object) -> set[dtypes.dtype]:
    """The types of the numbers and arrays in nested lists."""
    if isinstance(data, (list, tuple)):
        return set().union(*(_leaf_types(x) for x in data))
    return {dtypes.of_numpy(memory(data).dtype if isinstance(data, TensorBase) else data.dtype)
            if hasattr(data, "dtype") else dtypes.of_scalar(data)}  # fmt: skip


def _holds_arrays(data: object) -> bool:
    """True if there are tensors or arrays in nested lists."""
    if isinstance(data, (list, tuple)):
        return any(_holds_arrays(x) for x in data)
    return hasattr(data, "dtype")


def _from_lists(data: object) -> np.ndarray:
    if isinstance(data, str) or not isinstance(data, (int, float, Sequence)) and not hasattr(data, "__array__"):
        if isinstance(data, str):
            raise TypeError(
                "new(): invalid data type 'str'. A tensor holds numbers: convert the text with float() or int()."
            )
        raise RuntimeError(
            f"Could not infer dtype of {type(data).__name__}. Give numbers, lists of numbers, or an array."
        )
    plain = _plain(data)
    shape = _shape_of(plain, 0)
    try:
        array = np.array(plain)
    except (ValueError, OverflowError) as error:
        if not isinstance(error, OverflowError):
            raise
        raise ValueError("Overflow when unpacking long long. Integers must fit into 64 bits.") from None
    if array.dtype == object or array.dtype.kind in "SUMmVc":
        flat = [x for x in array.reshape(-1) if not isinstance(x, (int, float))] or [array.reshape(-1)[0]]
        if isinstance(flat[0], str):
            raise TypeError(
                "new(): invalid data type 'str'. A tensor holds numbers: convert the text with float() or int()."
            )
        if all(isinstance(x, int) for x in flat):
            raise ValueError("Overflow when unpacking long long. Integers must fit into 64 bits.")
        raise RuntimeError(
            f"Could not infer dtype of {type(flat[0]).__name__}. Give numbers, lists of numbers, or an array."
        )
    if array.dtype == np.uint64:
        raise ValueError("Overflow when unpacking long long. Integers must fit into 64 bits.")
    return array.astype(np.int64) if array.dtype == np.int32 and not _holds_arrays(data) else array.reshape(shape)


def _plain(data: object) -> object:
    """Tensors inside lists as their values."""
    if isinstance(data, TensorBase):
        return data._array
    return [_plain(x) for x in data] if isinstance(data, (list, tuple, range)) else data


def _shape_of(data: object, depth: int) -> tuple:
    """The shape of nested lists; PyTorch's sentence where a row has another length."""
    if hasattr(data, "shape"):
        return tuple(data.shape)
    if not isinstance(data, list):
        return ()
    shapes = [_shape_of(x, depth + 1) for x in data]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            if len(shape) and len(shapes[0]):
                raise ValueError(
                    f"expected sequence of length {shapes[0][0]} at dim {depth + 1} (got {shape[0]}). "
                    "Every row must have the same length."
                )
            if len(shapes[0]):
                raise TypeError(
                    f"not a sequence. Position {i} at dim {depth} holds a number, and the first one holds a list of "
                    f"{shapes[0][0]}."
                )
            number = "must be real number, not list" if isinstance(data[0], float) else (
                "'list' object cannot be interpreted as an integer")  # fmt: skip
            raise TypeError(f"{number}. Position {i} at dim {depth} holds a list, and the first one holds a number.")
    return (len(data), *(shapes[0] if shapes else ()))


def _dtype(dtype: dtypes.dtype | None, default: dtypes.dtype | None = None) -> dtypes.dtype:
    if dtype is None:
        return default or dtypes.get_default_dtype()
    if dtype in (float, int, bool):  # Python's own types stand for PyTorch's
        return {float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool}[dtype]
    if not isinstance(dtype, dtypes.dtype):
        raise TypeError(
            f"argument 'dtype' must be torch.dtype, not {type(dtype).__name__}: write, for example, dtype=torch.float32"
        )
    return dtype


def _finish(array, device, requires_grad: bool, pin_memory: bool = False) -> Tensor:
    out = wrap(array if device is None else devices.move(array, device))
    if pin_memory:
        out = out.pin_memory()
    if requires_grad:
        if array.dtype.kind != "f":
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients. Give dtype=torch.float32."
            )
        out._requires_grad = True
    return out


def _deliver(array, out: Tensor | None, device, requires_grad: bool, pin_memory: bool = False) -> Tensor:
    """A new tensor around `array`, or `out` filled with it."""
    if out is None:
        return _finish(array, device, requires_grad, pin_memory)
    out.data = wrap(array.astype(out._array.dtype, copy=False)) if out._array.shape != array.shape else out.data
    out.detach().copy_(wrap(array))
    return out


# By value ────────────────────────────────────────────────────────────────────────────────────────


def _filled(maker: str, size: tuple, out, dtype, device, requires_grad, layout=strided, pin_memory=False) -> Tensor:
    xp, shape = module_for(device), ints(size)
    for n in shape:
        if n < 0:
            if maker == "zeros":
                raise RuntimeError(f"zeros: Dimension size must be non-negative. One of {list(shape)} is not.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    if out is not None and dtype is None:
        dtype = out.dtype
    array = getattr(xp, maker)(shape, _dtype(dtype).numpy)
    return _deliver(array, out, device, requires_grad, pin_memory)


def empty(*size, out=None, dtype=None, layout=strided, device=None, requires_grad=False, pin_memory=False) -> Tensor:
    """Memory of this shape as it is found: the numbers in it mean nothing."""
    return _filled("empty", size, out, dtype, device, requires_grad, layout, pin_memory)


def zeros(*size, out=None, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """Zeros of this shape."""
    return _filled("zeros", size, out, dtype, device, requires_grad)


def ones(*size, out=None, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """Ones of this shape."""
    return _filled("ones", size, out, dtype, device, requires_grad)


def full(size, fill_value, *, out=None, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """One number everywhere; its type is that of the number unless `dtype` is given."""
    value = fill_value.item() if isinstance(fill_value, TensorBase) else fill_value
    array = module_for(device).full(ints((size,)), value, _dtype(dtype, dtypes.of_scalar(value)).numpy)
    return _deliver(array, out, device, requires_grad)


def eye(n: int, m: int | None = None, *, out=None, dtype=None, layout=strided, device=None,
        requires_grad=False) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an n × m matrix, zeros elsewhere."""
    return _deliver(module_for(device).eye(n, m, dtype=_dtype(dtype).numpy), out, device, requires_grad)


def arange(start, end=None, step=1, *, out=None, dtype=None, layout=strided, device=None,
           requires_grad=False) -> Tensor:  # fmt: skip
    """start, start + step, … up to but without `end`.

    >>> arange(5)
    tensor([0, 1, 2, 3, 4])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (x.item() if isinstance(x, TensorBase) else x for x in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero. The default is 1.")
    if (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign. To count down, give a negative step."
        )
    whole = all(isinstance(x, (int, np.integer)) for x in (start, end, step))
    kind = _dtype(dtype, dtypes.int64 if whole else None)
    count = math.ceil((end - start) / step)
    array = (start + np.arange(count, dtype=np.int64 if whole else np.float64) * step).astype(kind.numpy)
    return _deliver(array, out, device, requires_grad)


def linspace(start, end, steps: int, *, out=None, dtype=None, layout=strided, device=None,
             requires_grad=False) -> Tensor:  # fmt: skip
    """`steps` numbers at equal distances, from `start` to `end`, both included."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    start, end = (x.item() if isinstance(x, TensorBase) else x for x in (start, end))
    kind = _dtype(dtype)
    if steps == 1 or not kind.is_floating_point:
        return _deliver(np.linspace(start, end, steps).astype(kind.numpy), out, device, requires_grad)
    # From both ends towards the middle, in the type of the result: as PyTorch rounds.
    t, half = kind.numpy.type, steps // 2
    step = (t(end) - t(start)) / t(max(steps - 1, 1))
    i = np.arange(steps, dtype=kind.numpy)
    array = np.where(np.arange(steps) < half, t(start) + step * i, t(end) - step * (t(steps - 1) - i))
    return _deliver(array.astype(kind.numpy), out, device, requires_grad)


# At random ───────────────────────────────────────────────────────────────────────────────────────


def rand(*size, generator: Generator | None = None, out=None, dtype=None, layout=strided, device=None,
         requires_grad=False) -> Tensor:  # fmt: skip
    """Uniform numbers from 0 up to but without 1."""
    return _deliver(random.uniform(ints(size), 0.0, 1.0, _dtype(dtype), generator), out, device, requires_grad)


def randn(*size, generator: Generator | None = None, out=None, dtype=None, layout=strided, device=None,
          requires_grad=False) -> Tensor:  # fmt: skip
    """Standard normal numbers: mean 0, standard deviation 1."""
    return _deliver(random.normal(ints(size), 0.0, 1.0, _dtype(dtype), generator), out, device, requires_grad)


def randint(low: int, high=None, size=None, *, generator: Generator | None = None, out=None, dtype=None,
            layout=strided, device=None, requires_grad=False) -> Tensor:  # fmt: skip
    """Whole numbers from `low` (0 unless given) up to but without `high`."""
    if size is None and not isinstance(high, int):  # randint(high, size)
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if high <= low:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    array = random.integers(ints((size,)), low, high, _dtype(dtype, dtypes.int64), generator)
    return _deliver(array, out, device, requires_grad)


def randperm(n: int, *, generator: Generator | None = None, out=None, dtype=None, layout=strided, device=None,
             requires_grad=False) -> Tensor:  # fmt: skip
    """The whole numbers from 0 to n − 1 in random order."""
    return _deliver(random.permutation(n, _dtype(dtype, dtypes.int64), generator), out, device, requires_grad)


def normal(mean, std=1.0, size=None, *, generator: Generator | None = None, out=None, dtype=None, device=None,
           requires_grad=False) -> Tensor:  # fmt: skip
    """Normal numbers; `mean` and `std` are numbers (then give `size`) or tensors, one for each result."""
    if size is not None:
        return _deliver(random.normal(ints((size,)), mean, std, _dtype(dtype), generator), out, device, requires_grad)
    mean, std = (memory(x) if isinstance(x, TensorBase) else x for x in (mean, std))
    return _deliver(random.normal(None, mean, std, None, generator), out, device, requires_grad)


def bernoulli(input: Tensor, *, generator: Generator | None = None, out=None) -> Tensor:
    """1 with probability `input`, else 0, for each element."""
    return _deliver(random.bernoulli(memory(input), generator=generator), out, None, False)


# Like another tensor ─────────────────────────────────────────────────────────────────────────────


def _like(input: Tensor, dtype, device) -> dict:
    return {"dtype": dtype or input.dtype, "device": input.device if device is None else device}


def _filled_like(maker: str, input: Tensor, dtype, device, requires_grad: bool, *value) -> Tensor:
    """A tensor like `input`, its dimensions in the same order in memory."""
    options = _like(input, dtype, device)
    place, kind = devices.device(options["device"]), _dtype(options["dtype"]).numpy
    array = memory(input)
    xp = devices.array_module(array)
    order = "C" if 0 in array.strides else "K"
    return _finish(getattr(xp, f"{maker}_like")(array, *value, dtype=kind, order=order), place, requires_grad)


def empty_like(input: Tensor, *, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """Uninitialised memory with the shape, type and device of `input`."""
    return _filled_like("empty", input, dtype, device, requires_grad)


def zeros_like(input: Tensor, *, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """Zeros with the shape, type and device of `input`."""
    return _filled_like("zeros", input, dtype, device, requires_grad)


def ones_like(input: Tensor, *, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """Ones with the shape, type and device of `input`."""
    return _filled_like("ones", input, dtype, device, requires_grad)


def full_like(input: Tensor, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """One number everywhere, with the shape, type and device of `input`."""
    value = fill_value.item() if isinstance(fill_value, TensorBase) else fill_value
    return _filled_like("full", input, dtype, device, requires_grad, value)


def rand_like(input: Tensor, *, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """Uniform numbers with the shape, type and device of `input`."""
    return rand(input.shape, **_like(input, dtype, device), requires_grad=requires_grad)


def randn_like(input: Tensor, *, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """Standard normal numbers with the shape, type and device of `input`."""
    return randn(input.shape, **_like(input, dtype, device), requires_grad=requires_grad)


def randint_like(input: Tensor, low: int, high=None, *, dtype=None, layout=None, device=None,
                 requires_grad=False) -> Tensor:  # fmt: skip
    """Whole numbers from `low` up to but without `high`, with the shape, type and device of `input`."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, tuple(input.shape), **_like(input, dtype, device), requires_grad=requires_grad)


# The typed constructors of old tutorials ─────────────────────────────────────────────────────────


def _typed(kind: dtypes.dtype) -> type:
    class Typed(type):
        def __instancecheck__(cls, x: object) -> bool:
            return isinstance(x, Tensor) and x.dtype is kind

    return Typed(
        kind.legacy,
        (),
        {"__new__": lambda cls, *data, device=None: legacy(Tensor, data, kind, device), "dtype": kind,
         "__doc__": f"`torch.tensor(data, dtype={kind})`, as old tutorials write it.", "__module__": __name__},
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
