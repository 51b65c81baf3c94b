"""Methods that make a tensor like this one, or fill this one at random.

Read in chapter 01.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np

from .. import choices, random
from ..base import TensorBase, memory, wrap
from ..devices import array_module, module_for, move
from ..errors import c_name, final, kind_of
from ..ops import arranging
from ..ops.strides import preserve_format, strided
from ..recording import recorded
from ..writing import inplace
from .reading import read
from .signatures import signature

_OPTIONS = (
    "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, bool pin_memory = False, "
    "bool requires_grad = False"
)


class FillingMethods:
    __slots__ = ()

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad: bool = False):
        """A tensor with a copy of `data`, in this tensor's type and on its device."""
        if isinstance(data, TensorBase):
            warn_of_copies("tensor.new_tensor(sourceTensor)")
        array = preserve_format.copy(read(data, self._made(dtype)))
        return wrap(move(array, device or self.device))._asking(requires_grad)

    def _made(self, dtype) -> np.dtype:
        return (dtype or self.dtype).numpy if dtype not in PYTHON else PYTHON[dtype]

    def _asking(self, requires_grad: bool):
        """The tensor itself, a fresh one, as a leaf that asks for its gradient or not."""
        if requires_grad:
            if self._array.dtype.kind != "f":
                raise RuntimeError(
                    "Only Tensors of floating point and complex dtype can require gradients. Give dtype=torch.float32."
                )
            self._requires_grad = True
        return self

    def _new(self, maker: str, size, dtype, device, requires_grad: bool, *value):
        xp = module_for(device or self.device)
        array = getattr(xp, maker)(not_negative(size), *value, dtype=self._made(dtype))
        return wrap(array)._asking(requires_grad)

    @signature(f"sizes size, *, {_OPTIONS}")
    def new_empty(self, size, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
        """Uninitialised memory in this tensor's type and on its device."""
        return self._new("empty", size, dtype, device, requires_grad)

    @signature(f"sizes size, *, {_OPTIONS}")
    def new_zeros(self, size, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
        """Zeros in this tensor's type and on its device."""
        return self._new("zeros", size, dtype, device, requires_grad)

    @signature(f"sizes size, *, {_OPTIONS}")
    def new_ones(self, size, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
        """Ones in this tensor's type and on its device."""
        return self._new("ones", size, dtype, device, requires_grad)

    @signature(f"sizes size, Number fill_value, *, {_OPTIONS}")
    def new_full(self, size, fill_value, *, dtype=None, layout=None, device=None, pin_memory=False,
                 requires_grad=False):  # fmt: skip
        """One number everywhere, in this tensor's type and on its device."""
        return self._new("full", size, dtype, device, requires_grad, fitting(fill_value, self._made(dtype)))

    @signature(f"sizes size, sizes stride, *, {_OPTIONS}")
    def new_empty_strided(self, size, stride, *, dtype=None, layout=None, device=None, pin_memory=False,
                          requires_grad=False):  # fmt: skip
        """Uninitialised memory with these strides, in this tensor's type and on its device."""
        array = empty_strided(module_for(device or self.device), size, stride, self._made(dtype))
        return wrap(array)._asking(requires_grad)

    def new(self, *data, device=None):
        """`Tensor(…)` in this tensor's type."""
        return legacy(data, self._array.dtype, device)

    # Random numbers in place. Their node has no gradient to send back: what was there before is gone.

    def _draw(self, draw: Callable, form: str):
        """Fill the tensor with the numbers of `draw(shape)`, drawn in the order in which they lie in memory."""
        numbers = move(random.in_memory_order(memory(self), draw), self.device)
        return inplace(arranging.drawn)(self, numbers=numbers, form=form)

    def uniform_(self, *limits, generator=None, **named):
        """Uniform numbers `from` a number up `to` but without another: 0 and 1, unless given."""
        low, high = _limits("uniform_", "float", limits, named, 0.0, 1.0)
        return self._draw(lambda shape: random.uniform(shape, low, high, self.dtype, generator), "Uniform")

    @signature("float mean = 0, float std = 1, *, torch.Generator generator = None")
    def normal_(self, mean=0.0, std=1.0, *, generator=None):
        """Normal numbers of this mean and standard deviation."""
        dense = is_dense(memory(self))
        return self._draw(lambda shape: random.normal(shape, mean, std, self.dtype, generator, dense), "Normal")

    def random_(self, *limits, generator=None, **named):
        """Whole numbers `from` a number up `to` but without another; by default, as far as the type is exact."""
        if len(limits) == 1 and not named:
            limits, named = (), {"to": limits[0]}
        form = 0 if limits or "from" in named else 1 if named else 2
        low, high = _limits("random_", "int", limits, named, None, None)
        return self._draw(lambda shape: random.integers(shape, low, high, self.dtype, generator), f"Random{form}")

    @signature("Tensor p, *, torch.Generator generator = None", "float p = 0.5, *, torch.Generator generator = None")
    def bernoulli_(self, p=0.5, *, generator=None):
        """1 with probability `p`, else 0."""
        if isinstance(p, TensorBase):
            chances = memory(p.expand(self.shape).permute(random.memory_order(memory(self))))
            return self._draw(lambda shape: choices.bernoulli(chances, shape, self.dtype, generator), "Bernoulli1")
        return self._draw(lambda shape: choices.bernoulli(float(p), shape, self.dtype, generator), "Bernoulli2")

    @signature("float lambd = 1, *, torch.Generator generator = None")
    def exponential_(self, lambd=1.0, *, generator=None):
        """Waiting times between events of which `lambd` happen per unit of time."""
        if not self.is_floating_point():
            raise RuntimeError(
                "Exponential distribution is a continuous probability distribution. dtype must be a floating point but "
                f"you specified {self.dtype.short}. Convert it with .float()."
            )
        return self._draw(lambda shape: random.exponential(shape, lambd, self.dtype, generator), "Exponential")

    # Random numbers whose distribution is this tensor

    @signature("*, torch.Generator generator = None", "float p, *, torch.Generator generator = None")
    def bernoulli(self, p=None, *, generator=None):
        """1 with the probability that stands here, or with probability `p`, else 0."""
        if p is not None:
            return random_like(self, lambda x: x.bernoulli_(p, generator=generator))
        chances = memory(self)
        if chances.dtype.kind == "f" and not ((chances >= 0) & (chances <= 1)).all():
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false. Pass probabilities.")
        numbers = choices.bernoulli(chances, generator=generator)
        return recorded(arranging.drawn_from)(self, numbers=numbers, form="Bernoulli0")

    @signature("int num_samples, bool replacement = False, *, torch.Generator generator = None")
    def multinomial(self, num_samples: int, replacement: bool = False, *, generator=None):
        """Indices drawn with the weights that stand here, row by row."""
        return wrap(choices.multinomial(memory(self), num_samples, replacement, generator))


PYTHON = {float: np.dtype("float64"), int: np.dtype("int64"), bool: np.dtype("bool")}


def random_like(x, fill: Callable):
    """A new tensor like `x`, filled by an in-place method."""
    return fill(wrap(array_module(x._array).empty_like(memory(x), order="C" if 0 in memory(x).strides else "K")))


def is_dense(array) -> bool:
    """True if the elements lie in memory row by row."""
    return bool(array.flags.c_contiguous)


def _limits(name: str, kind: str, limits: tuple, named: dict, low, high) -> tuple:
    """The arguments `from` and `to`: the first is a keyword of Python's, so no parameter can be called so."""
    values = {"from": low, "to": high}
    if len(limits) > 2:
        raise final(TypeError(f"{name}() takes from 0 to 2 positional arguments but {len(limits)} were given"))
    for key in named:
        if key not in values:
            raise final(TypeError(f"{name}() got an unexpected keyword argument '{key}'"))
    values |= dict(zip(values, limits)) | named
    for i, (key, value) in enumerate(values.items()):
        number = isinstance(value, (int, np.integer) if kind == "int" else (int, float, np.number))
        if not number and not (value is None and high is None):
            place = f" (position {i + 1})" if i < len(limits) else ""
            raise final(TypeError(f"{name}(): argument '{key}'{place} must be {kind}, not {type(value).__name__}"))
    return values["from"], values["to"]


def warn(message: str) -> None:
    """A warning at the line of the caller's caller."""
    warnings.warn(message, UserWarning, stacklevel=5)


def warn_of_copies(instead_of: str) -> None:
    """PyTorch's advice to those who make a tensor of a tensor."""
    warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {instead_of}."
    )


def warn_of_size(shape, count: int) -> None:
    """PyTorch's warning for an `out` that does not fit a range."""
    warn(
        f"The number of elements in the out tensor of shape {list(shape)} is {math.prod(shape)} which does not match "
        f"the computed number of elements {count}. Note that this may occur as a result of rounding error. The out "
        f"tensor will be resized to a tensor of shape ({count},)."
    )


def not_negative(size) -> tuple:
    """`size`, if it can be one."""
    for n in size:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(size)}")
    return tuple(size)


def fitting(value, kind: np.dtype):
    """A number to fill a tensor of this type with; PyTorch's error if the type cannot hold it."""
    value = value.item() if hasattr(value, "item") else value
    if kind.kind == "b":
        return bool(value)
    if kind.kind == "f":
        if abs(value) <= float(np.finfo(kind).max) or abs(value) in (float("inf"),) or value != value:
            return value
    elif value == value and abs(value) < 2**64:
        limits, whole = np.iinfo(kind), int(value)
        low = limits.min if isinstance(value, float) else limits.min or -limits.max  # −1 counts from the top down
        if low <= value <= limits.max:
            return whole % (limits.max + 1) if limits.min == 0 else whole
    elif isinstance(value, int):
        raise OverflowError("int too big to convert. Integers must fit into 64 bits.")
    what = _C_NAMES[kind.name]
    raise RuntimeError(f"value cannot be converted to type {what} without overflow. Choose a wider type.")


_C_NAMES = {"float16": "c10::Half", "float32": "float", "float64": "double", "int64": "int64_t", "int32": "int",
            "int16": "int16_t", "int8": "int8_t", "uint8": "uint8_t", "bool": "bool"}  # fmt: skip


def empty_strided(xp, size, stride, kind: np.dtype):
    """Uninitialised memory that is seen with these strides."""
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)}). Give one "
            "stride for each size."
        )
    if any(n < 0 for n in (*size, *stride)):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}. Neither is "
            "negative."
        )
    room = 0 if 0 in size else 1 + sum((n - 1) * step for n, step in zip(size, stride))
    return strided(xp.empty(room, kind), tuple(size), tuple(step * kind.itemsize for step in stride))


def _traits(kind: np.dtype) -> str:
    return (
        f"TensorOptions(dtype={c_name(np.empty(0, kind))}, device=cpu, layout=Strided, requires_grad=false (default), "
        "pinned_memory=false (default), memory_format=(nullopt))"
    )


def legacy(data: tuple, kind: np.dtype, device, any_type: bool = False):
    """`FloatTensor(2, 3)`: memory of that size; `FloatTensor([2, 3])`: these numbers."""
    first = data[0] if data else None
    if all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in data):
        array = np.empty(not_negative(data) if data else (0,), kind)
    elif len(data) > 1:
        got = ", ".join(type(x).__name__ for x in data)
        raise TypeError(
            f"new() received an invalid combination of arguments - got ({got}), but expected one of:\n"
            " * (tuple of ints size), as in FloatTensor(2, 3)\n * (object data), as in FloatTensor([2, 3])"
        )
    elif type(first).__name__ == "Size":
        array = np.empty(first, kind)
    elif isinstance(first, TensorBase):
        if first._array.dtype != kind and not any_type:
            raise TypeError(f"expected {_traits(kind)} (got {_traits(first._array.dtype)}). Convert it with .to().")
        return first.detach()
    elif isinstance(first, np.ndarray) and not first.ndim and first.dtype.kind in "iu":
        array = np.empty(int(first), kind)
    elif hasattr(first, "__len__") and not isinstance(first, dict):
        array = read(first, kind).copy()
    else:
        raise TypeError(f"new(): data must be a sequence (got {kind_of(first)}). Write torch.tensor(…) instead.")
    return wrap(array if device is None else move(array, device))
