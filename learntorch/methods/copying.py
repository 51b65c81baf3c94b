"""What `copy` and `pickle` do with a tensor.

Read in chapter 03.
"""

from __future__ import annotations

from copy import deepcopy

from ..base import INFERENCE, Stamp, memory, new
from ..modes import grad_mode
from ..nodes import address
from ..ops.strides import strided
from .memory import owner


class CopyingMethods:
    __slots__ = ()

    def __copy__(self):
        """A leaf that sees the same memory."""
        if self._stamp is None:
            self._stamp = Stamp()
        return self._leaf(memory(self), self._stamp, self.__dict__)

    def __deepcopy__(self, memo: dict):
        """A leaf with memory of its own. Tensors that share memory share it in the copy, too.

        Raises:
            RuntimeError: "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol…"
        """
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment. Use detach().clone() for a copy without history."
            )
        array = memory(self)
        whole = owner(array)
        flat = memo.get(id(whole))
        if flat is None:
            flat = memo[id(whole)] = whole.ravel(order="K").copy()
            memo.setdefault("kept", []).append(whole)  # the name in the memo is good while the array lives
        start = (address(array) - address(whole)) // array.dtype.itemsize
        view = strided(flat[start:], array.shape, array.strides) if array.size else array.copy()
        stamp = INFERENCE if grad_mode.inference else None
        copy = memo[id(self)] = self._leaf(view, stamp, deepcopy(self.__dict__, memo))
        copy._grad = deepcopy(self._grad, memo)
        return copy

    def _leaf(self, array, stamp: Stamp | None, attributes: dict):
        out = new(type(self))
        out._array, out._stamp, out._requires_grad = array, stamp, self.requires_grad
        out._edge = out._base = out._grad = None
        out.__dict__.update(attributes)
        return out

    def __reduce_ex__(self, protocol: int):
        raise TypeError(
            "a Tensor cannot be pickled: reading a pickle can run any code. Save it with torch.save(tensor, path), and "
            "read it with torch.load(path)."
        )
