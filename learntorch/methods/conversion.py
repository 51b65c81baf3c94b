"""Methods that take a tensor into other types, to other places, and out into Python and NumPy.

Read in chapter 02.
"""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType

import numpy as np

from .. import devices, dtypes
from ..base import TensorBase, memory, wrap
from ..errors import warn_once
from ..modes import grad_mode
from ..ops import shape as shape_ops
from ..ops import strides
from ..recording import recorded
from .signatures import signature

_PYTHON_TYPES = {float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool}


def _as(dtype: dtypes.dtype) -> Callable:
    """The method that converts to `dtype`."""

    def convert(self, *, memory_format=None):
        return self._to(dtype, memory_format=memory_format)

    convert.__doc__ = f"As {dtype.name}."
    return convert


class ConversionMethods:
    __slots__ = ()

    @signature(
        "torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, bool copy = False, *, "
        "torch.memory_format memory_format = None",
        "torch.dtype dtype, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None",
        "Tensor tensor, bool non_blocking = False, bool copy = False, *, torch.memory_format memory_format = None",
    )
    def to(self, *args, **options):
        """The tensor in another type, on another device, or like another tensor; itself if it is that already."""
        names = ("device", "dtype", "non_blocking", "copy")
        if args and not isinstance(args[0], (str, int, devices.device, NoneType)):
            names = ("tensor" if isinstance(args[0], TensorBase) else "dtype", "non_blocking", "copy")
        options |= zip(names, args)
        like = options.pop("tensor", None)
        if like is not None:
            options |= {"device": like.device, "dtype": like.dtype}
        return self._to(**options)

    def _to(self, dtype=None, device=None, copy: bool = False, non_blocking: bool = False, memory_format=None):
        dtype = _PYTHON_TYPES.get(dtype, dtype) or self.dtype
        out = self
        if device is not None:
            place = devices.device(device)
            if place.type != self.device.type or place.index not in (None, self.device.index):
                out = recorded(shape_ops.transfer)(out, place=place)
        if dtype is not out.dtype or (copy and out is self):
            order = memory_format or strides.preserve_format
            out = recorded(shape_ops.convert)(out, dtype=dtype.numpy, memory_format=order)
        return out

    def type(self, dtype=None, non_blocking: bool = False):
        """Without an argument, the old type name, 'torch.FloatTensor'; with one, the tensor in that type."""
        if dtype is None:
            place = "cuda." if self.is_cuda else ""
            return f"torch.{place}{self.dtype.legacy}"
        if isinstance(dtype, type):  # torch.FloatTensor, or torch.Tensor for the default type
            known = getattr(dtype, "dtype", dtype.__name__)
            dtype = dtypes.get_default_dtype() if issubclass(dtype, TensorBase) else known
        if isinstance(dtype, str):
            names = {f"torch.{d.legacy}": d for d in dtypes.ALL}
            if dtype not in names:
                raise ValueError(f"invalid type: '{dtype}'. Try one of {', '.join(names)}.")
            dtype = names[dtype]
        if not isinstance(dtype, dtypes.dtype):
            raise TypeError("dtype must be a type, str, or dtype object. Try torch.float64.")
        return self._to(dtype)

    @signature("Tensor other")
    def type_as(self, other):
        """`self.type(other.type())`."""
        return self._to(other.dtype)

    float, double, half = _as(dtypes.float32), _as(dtypes.float64), _as(dtypes.float16)
    long, int, short, char = _as(dtypes.int64), _as(dtypes.int32), _as(dtypes.int16), _as(dtypes.int8)
    byte, bool = _as(dtypes.uint8), _as(dtypes.bool)

    def is_signed(self) -> bool:
        """True if the type of the elements has negative numbers."""
        return self.dtype.is_signed

    def is_complex(self) -> bool:
        """False: learntorch has no complex numbers."""
        return False

    def is_nonzero(self) -> bool:
        """True if the one element is not zero."""
        return bool(self)

    def cpu(self, memory_format=None):
        """On the CPU."""
        return self._to(device=devices.CPU)

    def cuda(self, device=None, non_blocking: bool = False, memory_format=None):
        """On a GPU.

        Raises:
            AssertionError: "Torch not compiled with CUDA enabled. …" where there is none.
        """
        return self._to(device=devices.device("cuda", 0 if device is None else devices.device(device).index))

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The same memory as a NumPy array.

        Raises:
            RuntimeError: "Can't call numpy() on Tensor that requires grad. …"
            TypeError: "can't convert cuda:0 device type tensor to numpy. …"
        """
        if force:
            return self.detach().cpu().numpy()
        if self.is_cuda:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to "
                "host memory first."
            )
        if grad_mode.enabled and self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return memory(self)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array, context=None, return_scalar: bool = False):
        """What a function of NumPy's gives for a tensor: a tensor again."""
        return wrap(np.asarray(array, dtype="uint8" if array.dtype == bool else None))

    def __dlpack__(self, **request):
        """The memory of the tensor, for another library to look at: `np.from_dlpack(x)` shares it."""
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return memory(self).__dlpack__(**request)

    def __dlpack_device__(self) -> tuple:
        return memory(self).__dlpack_device__()

    def item(self):
        """The one element, as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._array.size} elements cannot be converted to Scalar. Pick one "
                "element first, or use tolist()."
            )
        return self._array.item()

    def tolist(self):
        """The elements as nested lists of Python numbers."""
        return self._array.tolist()

    def __bool__(self) -> bool:
        if self._array.size != 1:
            what = "no values" if self._array.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous. Ask .any() or .all() of it.")
        return bool(self._array.item())

    def __float__(self) -> float:
        if self.requires_grad:
            warn_once(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                "Consider using tensor.detach() first."
            )
        return float(self._one())

    def __int__(self) -> int:
        return int(self._one())

    def _one(self):
        if self._array.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars. Pick one element first, or use tolist()."
            )
        return self._array.item()

    def __index__(self) -> int:
        if self._array.dtype.kind not in "biu" or self._array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __iter__(self):
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor. It holds one number: item() gives it.")
        return iter(self.unbind(0))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._array.ndim == 0 else object.__format__(self, spec)
