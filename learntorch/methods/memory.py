"""Methods that tell how a tensor lies in memory, and those that lay it out anew.

Read in chapter 01.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..base import Stamp, memory, wrap
from ..devices import array_module, device_of
from ..dtypes import of_numpy
from ..errors import final, warn_once
from ..modes import grad_mode
from ..nodes import address, node_class
from ..ops import strides
from ..recording import recorded
from ..writing import check_history, check_mode
from .signatures import signature


class UntypedStorage:
    """The piece of memory that a tensor and its views share: a row of bytes."""

    def __init__(self, array) -> None:
        self._array = array  # the array that owns the memory
        self._row = self._elements()

    def _elements(self):
        return _row(self._array).view(np.uint8)

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return address(self._array)

    def nbytes(self) -> int:
        """The number of bytes."""
        return self._array.nbytes

    def __len__(self) -> int:
        return self._row.size

    def size(self) -> int:
        """How many numbers are in the row."""
        return len(self)

    @property
    def device(self):
        """Where the memory lies."""
        return device_of(self._array)

    def __getitem__(self, at: int):
        return self._row[self._place(at)].item()

    def __setitem__(self, at: int | slice, value: float) -> None:
        self._row[at if isinstance(at, slice) else self._place(at)] = value

    def _place(self, at: int) -> int:
        if isinstance(at, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__. Write tolist()[1:3].")
        if not isinstance(at, int):
            kind = f"<class 'torch.storage.{type(self).__name__}'>"
            raise RuntimeError(f"can't index a {kind} with {type(at)}. Write a whole number.")
        if not -len(self) <= at < len(self):
            raise IndexError(f"index {at} out of range for storage of size {len(self)}")
        return at

    def tolist(self) -> list:
        """The numbers as a list."""
        return self._row.tolist()

    def fill_(self, value: float) -> UntypedStorage:
        """The same number everywhere."""
        self._row[:] = value
        return self

    def _kind(self) -> str:
        return f"UntypedStorage(device={self.device})"

    def __repr__(self) -> str:
        return (
            "\n".join(f" {value}" for value in self.tolist()) + f"\n[torch.storage.{self._kind()} of size {len(self)}]"
        )


class TypedStorage(UntypedStorage):
    """The same memory as a row of elements, as `x.storage()` gives it in old tutorials."""

    def _elements(self):
        return _row(self._array)

    @property
    def dtype(self):
        """The type of the elements."""
        return of_numpy(self._array.dtype)

    def element_size(self) -> int:
        """The bytes of one element."""
        return self._array.itemsize

    def _kind(self) -> str:
        return f"TypedStorage(dtype={self.dtype}, device={self.device})"


def owner(array):
    """The array that owns the memory which `array` sees."""
    while array.base is not None:
        base = array.base if isinstance(array.base, type(array)) else getattr(array.base, "base", None)
        if not isinstance(base, type(array)):  # as_strided puts an object of its own in between
            break
        array = base
    return array


def _row(array):
    """All elements of the memory that `array` owns, in a row."""
    return strides.strided(array, (array.size,), (array.dtype.itemsize,)) if array.size else array.reshape(-1)


def _steps(shape: tuple) -> tuple:
    """The strides of a row-major tensor, in elements; an empty dimension counts as one."""
    return tuple(prod(max(n, 1) for n in shape[d + 1 :]) for d in range(len(shape)))


class MemoryMethods:
    __slots__ = ()

    def stride(self, dim: int | None = None):
        """How many elements to step over to reach the next one, along each dimension or along `dim`."""
        return self._steps() if dim is None else self._step(dim)

    @signature("int dim", name="stride")
    def _step(self, dim: int) -> int:
        return self._steps()[self._dimension(dim)]

    def _steps(self) -> tuple:
        array = memory(self)
        if array.size == 0 and not any(array.strides):  # what NumPy says of fresh memory; PyTorch counts on
            return _steps(array.shape)
        size = array.dtype.itemsize
        return tuple([s // size for s in array.strides])

    def storage_offset(self) -> int:
        """Where in its memory the tensor begins, in elements."""
        array = memory(self)
        return (self.data_ptr() - address(owner(array))) // array.dtype.itemsize

    def data_ptr(self) -> int:
        """The address of the first element."""
        return address(memory(self))

    def is_contiguous(self, *, memory_format=strides.contiguous_format) -> bool:
        """True if the elements lie in memory row by row without gaps."""
        return memory_format.holds(memory(self))

    def untyped_storage(self) -> UntypedStorage:
        """The memory that the tensor shares with its views."""
        return UntypedStorage(owner(memory(self)))

    def storage(self) -> TypedStorage:
        """The memory that the tensor shares with its views, under its old name."""
        warn_once(
            "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage "
            "class. This should only matter to you if you are using storages directly.  To access UntypedStorage "
            "directly, use tensor.untyped_storage() instead of tensor.storage()"
        )
        return TypedStorage(owner(memory(self)))

    @signature("Tensor tensor")
    def is_set_to(self, tensor) -> bool:
        """True if both see the same memory in the same way."""
        return (self.data_ptr(), self.shape, self.stride()) == (tensor.data_ptr(), tensor.shape, tensor.stride())

    def _is_view(self) -> bool:
        return self._base is not None

    def _restride(self, size: tuple, stride: tuple, offset: int):
        """A view of the tensor's whole storage."""
        if len(size) != len(stride):
            raise RuntimeError("mismatch in length of strides and shape. Give one stride for each size.")
        if any(step < 0 for step in stride):
            raise RuntimeError(
                f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}. Use flip."
            )
        if offset < 0:
            raise RuntimeError(f"Tensor: invalid storage offset {offset}. Count from the beginning of the memory.")
        if any(n < 0 for n in size):
            raise RuntimeError(
                f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}. Sizes are "
                "not negative."
            )
        array = memory(self)
        start, room = self.storage_offset(), owner(array).size
        last = offset + sum((n - 1) * s for n, s in zip(size, stride))
        if last >= room and 0 not in size:
            raise RuntimeError(
                f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize "
                f"{self.element_size()} requiring a storage size of {(last + 1) * self.element_size()} are out of "
                f"bounds for storage of size {room * self.element_size()}"
            )
        steps = tuple(s // array.dtype.itemsize for s in array.strides)
        return recorded(strides.restride)(self, layout=(array.shape, steps, size, stride, offset - start))

    def _become(self, name: str, number: int, *args):
        """Turn into the view that the method `name` gives, for t_() and the like; PyTorch gives their nodes numbers
        of their own: TBackward1."""
        check_history(self, ())
        view = getattr(self, name)(*args)
        check_mode(self)
        if view is not self:
            if view._edge is not self._edge and view._edge is not None and view._base is not None:
                node = view._edge[0]
                node.__class__ = node_class(f"{node.name()[:-1]}{int(node.name()[-1]) + number}", node.rule)
            self._array = view._array
            if grad_mode.enabled:
                self._edge = view._edge
        if self._stamp is None:
            self._stamp = Stamp()
        self._stamp.write()
        if self._base is not None and grad_mode.enabled:
            self._seen = self._stamp.last
        return self

    # A new size for the same tensor

    @signature("sizes size, *, torch.memory_format memory_format = None")
    def resize_(self, size, *, memory_format=None):
        """Another size on the same memory, row by row; where that is too small, on a larger copy of it."""
        if self._requires_grad:
            raise RuntimeError("cannot resize variables that require grad. Use reshape, or detach() it first.")
        shape = tuple(size)
        if any(n < 0 for n in shape):
            raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
        check_mode(self)
        if shape == self.shape:
            return self
        row, start = _row(owner(memory(self))), self.storage_offset()
        if start + prod(shape) > row.size:
            larger = array_module(row).zeros(start + prod(shape), row.dtype)
            larger[: row.size] = row
            row = larger
        self._array = row[start : start + prod(shape)].reshape(shape)
        return self

    @signature("Tensor the_template, *, torch.memory_format memory_format = None")
    def resize_as_(self, the_template, *, memory_format=None):
        """`resize_` to the size of another tensor."""
        return self.resize_(the_template.shape)

    def set_(self, source=None, storage_offset: int = 0, size=None, stride=None):
        """See the memory of another tensor, or a part of a storage; without a source, none."""
        if source is None:
            source = wrap(np.empty(0, self._array.dtype))
        if not hasattr(source, "_array"):
            raise final(TypeError(
                f"set_() received an invalid combination of arguments - got ({type(source).__name__}), but expected "
                "one of:\n * ()\n * (Tensor source)\n * (torch.Storage source, int storage_offset, tuple of ints size)"
            ))  # fmt: skip
        if of_numpy(source._array.dtype) is not self.dtype:
            raise RuntimeError(
                f"Could not set tensor of type {of_numpy(source._array.dtype)} to a tensor of type {self.dtype}. "
                "Convert it first."
            )
        if isinstance(source, UntypedStorage):
            source = wrap(_row(source._array))
        if size is not None:
            source = source.as_strided(size, _steps(tuple(size)) if stride is None else stride, storage_offset)
        check_mode(self)
        if source._stamp is None:
            source._stamp = Stamp()
        self._array, self._stamp = source._array, source._stamp
        return self
