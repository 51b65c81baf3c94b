"""`Tensor`: numbers with a shape, a type, a device, and (if asked) a history.

Read in chapter 01. What a tensor computes stands in methods/; here is what it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import devices, dtypes
from .base import TensorBase, memory, new, wrap
from .graph import address
from .methods.conversion import ConversionMethods
from .methods.filling import FillingMethods
from .methods.history import HistoryMethods
from .methods.indexing import IndexingMethods
from .methods.matrix import MatrixMethods
from .methods.pointwise import PointwiseMethods
from .methods.reduction import ReductionMethods
from .methods.shape import ShapeMethods
from .modes import grad_mode
from .ops import shape as shape_ops
from .ops import strides
from .printing import format_tensor
from .recording import recorded


class Size(tuple):
    """The shape of a tensor: a tuple that prints as `torch.Size([2, 3])`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def numel(self) -> int:
        """The number of elements of a tensor of this size."""
        return int(np.prod(self, dtype=np.int64))

    def __add__(self, other: tuple) -> Size:
        return Size(tuple(self) + tuple(other))

    def __getitem__(self, at):
        part = super().__getitem__(at)
        return Size(part) if isinstance(at, slice) else part


class Tensor(
    PointwiseMethods,
    ReductionMethods,
    ShapeMethods,
    IndexingMethods,
    MatrixMethods,
    FillingMethods,
    ConversionMethods,
    HistoryMethods,
    TensorBase,
    plain=True,
):
    """A multi-dimensional array whose operations can be recorded for differentiation.

    `Tensor(2, 3)` is uninitialised memory of that shape, `Tensor([1, 2])` holds these numbers; both are
    of the default type. New code uses `torch.tensor` and `torch.empty`.
    """

    __slots__ = ()
    __array_priority__ = 1000  # NumPy leaves `array * tensor` to the tensor

    def __new__(cls, *data, device=None):
        return legacy(cls, data, dtypes.get_default_dtype(), device)

    @staticmethod
    def __record__(rule) -> Callable:
        return recorded(rule)

    def __hash__(self) -> int:
        return id(self)  # by identity: == compares the elements

    # What it is ──────────────────────────────────────────────────────────────────────────────────

    @property
    def shape(self) -> Size:
        """The number of elements along each dimension."""
        return Size(self._array.shape)

    def size(self, dim: int | None = None):
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self._array.shape[shape_ops.wrap_dim(dim, self.ndim)]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return int(self._array.size)

    nelement = numel

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor. It holds one number: item() gives it.")
        return self._array.shape[0]

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.of_numpy(self._array.dtype)

    @property
    def device(self) -> devices.device:
        """Where the elements are."""
        return devices.device_of(self._array)

    @property
    def layout(self) -> str:
        """How the elements are stored; always strided."""
        return strided

    @property
    def is_cuda(self) -> bool:
        """True if the tensor is on a GPU."""
        return self.device.type == "cuda"

    def is_floating_point(self) -> bool:
        """True for float16, float32 and float64."""
        return self._array.dtype.kind == "f"

    def element_size(self) -> int:
        """Bytes per element."""
        return self._array.dtype.itemsize

    itemsize = property(element_size)
    nbytes = property(lambda self: self._array.nbytes)

    # Memory ──────────────────────────────────────────────────────────────────────────────────────

    def stride(self, dim: int | None = None):
        """How many elements to step over to reach the next one, along each dimension or along `dim`."""
        array = memory(self)
        if array.size == 0:  # NumPy leaves these open; PyTorch counts an empty dimension as one
            steps = tuple(int(np.prod([max(n, 1) for n in array.shape[d + 1 :]])) for d in range(array.ndim))
        else:
            steps = tuple(s // array.dtype.itemsize for s in array.strides)
        return steps if dim is None else steps[shape_ops.wrap_dim(dim, self.ndim)]

    def storage_offset(self) -> int:
        """Where in its memory the tensor begins, in elements."""
        array = memory(self)
        return (self.data_ptr() - address(_owner(array))) // array.dtype.itemsize

    def data_ptr(self) -> int:
        """The address of the first element."""
        return address(memory(self))

    def is_contiguous(self) -> bool:
        """True if the elements lie in memory row by row without gaps."""
        return bool(self._array.flags.c_contiguous)

    def is_pinned(self) -> bool:
        """True if the memory is page-locked; never here."""
        return False

    def pin_memory(self) -> Tensor:
        """Page-locked memory speeds up copies to a GPU; without one, PyTorch's error.

        Raises:
            RuntimeError: "Cannot access accelerator device when none is available."
        """
        if not devices.cuda_is_available():
            raise RuntimeError("Cannot access accelerator device when none is available. Leave pin_memory=False.")
        return self

    def _restride(self, size: tuple, stride: tuple, offset: int) -> Tensor:
        """A view of the tensor's whole storage."""
        root = self if self._base is None else self._base
        array = memory(root)
        flat_base = (offset - root.storage_offset(), size, stride)
        steps = tuple(s // array.dtype.itemsize for s in array.strides)
        last = flat_base[0] + sum((n - 1) * s for n, s in zip(size, stride)) if 0 not in size else 0
        room = _owner(array).size - root.storage_offset()
        if last >= room or flat_base[0] < 0:
            raise RuntimeError(
                f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize "
                f"{self.element_size()} requiring a storage size of {(last + 1) * self.element_size()} are out of "
                f"bounds for storage of size {room * self.element_size()}"
            )
        return recorded(strides.restride)(root, layout=(array.shape, steps, size, stride, flat_base[0]))

    def _become(self, other: Tensor) -> Tensor:
        """Take over the view `other` of this tensor: for t_() and the like."""
        if self._requires_grad and self._edge is None and grad_mode.enabled:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. Use the form "
                "without the trailing underscore."
            )
        if other is not self:
            self._array, self._edge = other._array, other._edge
        return self

    def __repr__(self, *, tensor_contents=None) -> str:
        edge = self.grad_fn
        return format_tensor(
            self.detach().cpu()._array,
            requires_grad=self._requires_grad and edge is None,
            grad_fn_name=None if edge is None else type(edge).__name__,
            device=str(self.device) if self.is_cuda else None,
        )

    def __deepcopy__(self, memo: dict) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment. Use detach().clone() for a copy without history."
            )
        copy = new(type(self))
        copy._array, copy._requires_grad = memory(self).copy(), self._requires_grad
        copy._edge = copy._base = copy._stamp = None
        copy._grad = None if self._grad is None else self._grad.clone()
        memo[id(self)] = copy
        return copy


class strided:
    """The layout of every tensor: elements at regular steps in memory."""

    def __repr__(self) -> str:
        return "torch.strided"


strided = strided()


def _owner(array):
    """The array that owns the memory which `array` sees."""
    while array.base is not None:
        base = array.base if isinstance(array.base, type(array)) else getattr(array.base, "base", None)
        if not isinstance(base, type(array)):  # as_strided puts an object of its own in between
            break
        array = base
    return array


def legacy(cls: type, data: tuple, dtype: dtypes.dtype, device) -> Tensor:
    """`FloatTensor(2, 3)`: memory of that size; `FloatTensor([2, 3])`: these numbers."""
    if all(type(n) is int for n in data):
        array = np.empty(data, dtype.numpy) if data else np.empty((0,), dtype.numpy)
    elif len(data) > 1:
        raise TypeError("new(): give either sizes, as in FloatTensor(2, 3), or one list, as in FloatTensor([2, 3])")
    elif isinstance(data[0], Size):
        array = np.empty(data[0], dtype.numpy)
    elif isinstance(data[0], TensorBase):
        if data[0]._array.dtype != dtype.numpy:
            raise TypeError(f"expected {dtype} (got {data[0].dtype}): convert it with .to()")
        return data[0].detach()
    else:
        array = np.array([np.asarray(getattr(row, "_array", row)) for row in data[0]] if isinstance(data[0], list)
                         and any(isinstance(row, TensorBase) for row in data[0]) else data[0], dtype.numpy)  # fmt: skip
    out = wrap(devices.move(array, devices.device(device)) if device is not None else array)
    return out
