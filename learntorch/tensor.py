"""`Tensor`: numbers with a shape, a type, a device, and (if asked) a history.

Read in chapter 01. What a tensor computes stands in methods/; here is what it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import devices, dtypes
from .base import TensorBase
from .methods.choosing import ChoosingMethods
from .methods.comparison import ComparisonMethods
from .methods.conversion import ConversionMethods
from .methods.copying import CopyingMethods
from .methods.filling import FillingMethods, legacy
from .methods.history import HistoryMethods
from .methods.indexing import IndexingMethods
from .methods.matrix import MatrixMethods
from .methods.memory import MemoryMethods
from .methods.parts import PartMethods
from .methods.pointwise import PointwiseMethods
from .methods.reduction import ReductionMethods
from .methods.scatter import ScatterMethods
from .methods.shape import ShapeMethods
from .methods.sorting import SortingMethods
from .ops import shape as shape_ops
from .printing import format_tensor
from .recording import recorded


class Size(tuple):
    """The shape of a tensor: a tuple that prints as `torch.Size([2, 3])`."""

    __slots__ = ()
    __module__ = "torch"

    def __new__(cls, sizes=()) -> Size:
        sizes = tuple(sizes)
        for i, n in enumerate(sizes):
            if not hasattr(n, "__index__"):
                raise TypeError(f"torch.Size() takes an iterable of 'int' (item {i} is '{type(n).__name__}')")
        return tuple.__new__(cls, [n.__index__() for n in sizes])

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def numel(self) -> int:
        """The number of elements of a tensor of this size."""
        return int(np.prod(self, dtype=np.int64))

    def __add__(self, other: tuple) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size. Make it a tuple.")
        return Size((*self, *other))

    def __radd__(self, other: tuple) -> Size:
        return Size((*other, *self))

    def __mul__(self, times: int) -> Size:
        return Size(tuple(self) * times)

    __rmul__ = __mul__

    def __getitem__(self, at):
        part = super().__getitem__(at)
        return Size(part) if isinstance(at, slice) else part


class Tensor(
    TensorBase,  # first, because `isinstance` goes through the bases in this order
    PointwiseMethods,
    ComparisonMethods,
    ReductionMethods,
    SortingMethods,
    ShapeMethods,
    PartMethods,
    MemoryMethods,
    IndexingMethods,
    ScatterMethods,
    ChoosingMethods,
    MatrixMethods,
    FillingMethods,
    ConversionMethods,
    HistoryMethods,
    CopyingMethods,
    plain=True,
):
    """A multi-dimensional array whose operations can be recorded for differentiation.

    `Tensor(2, 3)` is uninitialised memory of that shape, `Tensor([1, 2])` holds these numbers; both are
    of the default type. New code uses `torch.tensor` and `torch.empty`.
    """

    __slots__ = ()
    __array_priority__ = 1000  # NumPy leaves `array * tensor` to the tensor

    def __new__(cls, *data, device=None):
        return legacy(data, dtypes.get_default_dtype().numpy, device, any_type=True)

    @staticmethod
    def __record__(rule) -> Callable:
        return recorded(rule)

    def __hash__(self) -> int:
        return id(self)  # by identity: == compares the elements

    # What it is ──────────────────────────────────────────────────────────────────────────────────

    @property
    def shape(self) -> Size:
        """The number of elements along each dimension."""
        return tuple.__new__(Size, self._array.shape)

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

    def is_pinned(self, device=None) -> bool:
        """True if the memory is page-locked; never here."""
        return False

    def pin_memory(self, device=None) -> Tensor:
        """Page-locked memory speeds up copies to a GPU; without one, PyTorch's error.

        Raises:
            RuntimeError: "Cannot access accelerator device when none is available."
        """
        if not devices.cuda_is_available():
            raise RuntimeError("Cannot access accelerator device when none is available. Leave pin_memory=False.")
        return self

    def __repr__(self, *, tensor_contents=None) -> str:
        try:
            node = self.grad_fn
            name = None if node is None else type(node).__name__
        except RuntimeError:  # a view that may not be used any more
            name = "Invalid"
        return format_tensor(
            self.detach().cpu()._array,
            requires_grad=self._requires_grad and name is None,
            grad_fn_name=name,
            device=str(self.device) if self.is_cuda else None,
        )


class layout:
    """The layout of every tensor: elements at regular steps in memory."""

    def __repr__(self) -> str:
        return "torch.strided"


strided = layout()
