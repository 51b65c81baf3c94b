"""Methods that take a tensor into other types, to other places, and out into Python and NumPy.

Read in chapter 02.
"""

from __future__ import annotations

import numpy as np

from .. import devices, dtypes
from ..base import TensorBase, memory
from ..ops import shape as shape_ops
from ..recording import recorded


class ConversionMethods:
    __slots__ = ()

    def to(self, *args, dtype=None, device=None, copy: bool = False, non_blocking: bool = False):
        """The tensor in another type, on another device, or like another tensor; itself if it is that already."""
        for a in args:
            if isinstance(a, dtypes.dtype):
                dtype = a
            elif isinstance(a, TensorBase):
                dtype, device = a.dtype, a.device
            elif isinstance(a, (str, devices.device)) or type(a) is int:
                device = a
            elif a is not None and not isinstance(a, bool):
                raise TypeError(
                    f"to() received an invalid combination of arguments: {type(a).__name__} is neither a "
                    "dtype, a device nor a Tensor"
                )
        out = self
        if device is not None:
            place = devices.device(device)
            if place.type != self.device.type or place.index not in (None, self.device.index):
                out = recorded(shape_ops.transfer)(out, place=place)
        if dtype is not None and dtype is not out.dtype:
            out = recorded(shape_ops.convert)(out, dtype=dtype.numpy)
        return out.clone() if copy and out is self else out

    def type(self, dtype=None):
        """Without an argument, the old type name, 'torch.FloatTensor'; with one, the tensor in that type."""
        if dtype is None:
            place = "cuda." if self.is_cuda else ""
            return f"torch.{place}{self.dtype.legacy}"
        if isinstance(dtype, str):
            names = {f"torch.{d.legacy}": d for d in dtypes.ALL}
            if dtype not in names:
                raise ValueError(f"invalid type: '{dtype}'. Try one of {', '.join(names)}.")
            dtype = names[dtype]
        return self.to(getattr(dtype, "dtype", dtype) if not isinstance(dtype, dtypes.dtype) else dtype)

    def type_as(self, other):
        """`self.type(other.type())`."""
        return self.to(other.dtype)

    def float(self):
        """As float32."""
        return self.to(dtypes.float32)

    def double(self):
        """As float64."""
        return self.to(dtypes.float64)

    def half(self):
        """As float16."""
        return self.to(dtypes.float16)

    def long(self):
        """As int64."""
        return self.to(dtypes.int64)

    def int(self):
        """As int32."""
        return self.to(dtypes.int32)

    def short(self):
        """As int16."""
        return self.to(dtypes.int16)

    def bool(self):
        """As bool: True where not zero."""
        return self.to(dtypes.bool)

    def byte(self):
        """As uint8."""
        return self.to(dtypes.uint8)

    def cpu(self):
        """On the CPU."""
        return self.to(devices.CPU)

    def cuda(self, device=None):
        """On a GPU.

        Raises:
            AssertionError: "Torch not compiled with CUDA enabled. …" where there is none.
        """
        return self.to(devices.device("cuda", 0 if device is None else devices.device(device).index))

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
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return memory(self)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        array = self.numpy()
        return array if dtype is None or array.dtype == dtype else array.astype(dtype)

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
        if self._array.dtype.kind not in "iu" or self._array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __contains__(self, element) -> bool:
        return bool((self._array == getattr(element, "_array", element)).any())

    def __iter__(self):
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor. It holds one number: item() gives it.")
        return iter(self.unbind(0))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._array.ndim == 0 else object.__format__(self, spec)
