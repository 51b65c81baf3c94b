"""Methods that make a tensor like this one, or fill this one at random.

Read in chapter 01.
"""

from __future__ import annotations

import numpy as np

from .. import random
from ..base import TensorBase, memory, wrap
from ..devices import module_for, move
from ..recording import check_writable, write
from .shape import ints


class FillingMethods:
    __slots__ = ()

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad: bool = False):
        """A tensor with a copy of `data`, in this tensor's type and on its device."""
        array = np.array(getattr(data, "_array", data), (dtype or self.dtype).numpy)
        return wrap(move(array, device or self.device)).requires_grad_(requires_grad)

    def _new(self, maker: str, size: tuple, dtype, device, requires_grad: bool, *value):
        array = getattr(module_for(device or self.device), maker)(ints(size), *value, dtype=(dtype or self.dtype).numpy)
        return wrap(array).requires_grad_(requires_grad)

    def new_empty(self, *size, dtype=None, device=None, requires_grad: bool = False):
        """Uninitialised memory in this tensor's type and on its device."""
        return self._new("empty", size, dtype, device, requires_grad)

    def new_zeros(self, *size, dtype=None, device=None, requires_grad: bool = False):
        """Zeros in this tensor's type and on its device."""
        return self._new("zeros", size, dtype, device, requires_grad)

    def new_ones(self, *size, dtype=None, device=None, requires_grad: bool = False):
        """Ones in this tensor's type and on its device."""
        return self._new("ones", size, dtype, device, requires_grad)

    def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad: bool = False):
        """One number everywhere, in this tensor's type and on its device."""
        return self._new("full", (size,), dtype, device, requires_grad, fill_value)

    # Random numbers in place

    def _draw(self, array):
        check_writable(self, ())
        write(self, move(array, self.device), None, needs=False)
        return self

    def uniform_(self, low: float = 0.0, high: float = 1.0, *, generator=None):
        """Uniform numbers from `low` up to but without `high`."""
        if low > high:
            raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
        return self._draw(random.uniform(self.shape, low, high, self.dtype, generator))

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator=None):
        """Normal numbers of this mean and standard deviation."""
        if std < 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        return self._draw(random.normal(self.shape, mean, std, self.dtype, generator))

    def random_(self, low: int = 0, high: int | None = None, *, generator=None):
        """Whole numbers from `low` up to but without `high` (by default, as large as the type holds exactly)."""
        low, high = (0, low) if high is None and low else (low, high)
        return self._draw(random.integers(self.shape, low, high, self.dtype, generator))

    def bernoulli_(self, p=0.5, *, generator=None):
        """1 with probability `p`, else 0."""
        p = memory(p) if isinstance(p, TensorBase) else float(p)
        return self._draw(random.bernoulli(p, self.shape, self.dtype, generator))
