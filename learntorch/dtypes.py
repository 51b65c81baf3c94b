"""Element types, and which type comes out when two of them meet.

Read in chapter 01.
"""

from __future__ import annotations

import numpy as np


class dtype:
    """An element type such as `float32`. It prints as PyTorch's: `torch.float32`.

    >>> float32, float32.itemsize, int64.is_floating_point
    (torch.float32, 4, False)
    """

    __slots__ = ("name", "numpy", "legacy", "short", "is_floating_point", "is_signed")

    def __init__(self, name: str, legacy: str) -> None:
        self.name = name
        self.numpy = np.dtype(name)
        self.legacy = legacy  # the old name of a CPU tensor of this type: FloatTensor
        self.short = legacy.removesuffix("Tensor")  # what PyTorch's sentences call the type: Float
        self.is_floating_point = self.numpy.kind == "f"
        self.is_signed = self.numpy.kind in "fi"

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.numpy.itemsize

    @property
    def is_complex(self) -> bool:
        """False: learntorch has no complex numbers."""
        return False

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # copies and pickles as the one object of that name


float16 = half = dtype("float16", "HalfTensor")
float32 = float = dtype("float32", "FloatTensor")
float64 = double = dtype("float64", "DoubleTensor")
uint8 = dtype("uint8", "ByteTensor")
int8 = dtype("int8", "CharTensor")
int16 = short = dtype("int16", "ShortTensor")
int32 = int = dtype("int32", "IntTensor")
int64 = long = dtype("int64", "LongTensor")
bool = dtype("bool", "BoolTensor")

ALL = (float16, float32, float64, uint8, int8, int16, int32, int64, bool)
_OF_NUMPY = {d.numpy: d for d in ALL}

# The type of a Python number: bool → bool, int → int64, float → the default dtype.
_BOOL, _INT, _FLOAT = type(True), type(0), type(0.0)
_default = float32


def get_default_dtype() -> dtype:
    """The type that new floating-point tensors get: float32 unless changed."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Make `d` the type of new floating-point tensors.

    Raises:
        TypeError: "only floating-point types are supported as the default type. Try torch.float64."
    """
    global _default
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type. Try torch.float64.")
    _default = d


def of_numpy(d: np.dtype) -> dtype:
    """The dtype of a NumPy type.

    Raises:
        TypeError: "can't convert np.ndarray of type numpy.object_. …"
    """
    try:
        return _OF_NUMPY[d]
    except KeyError:
        pass
    native = _OF_NUMPY.get(np.dtype(d).newbyteorder("="))
    if native is not None:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion "
            "between byte orders is currently not supported."
        )
    names = ", ".join(t.name for t in ALL)
    raise TypeError(
        f"can't convert np.ndarray of type {np.dtype(d).type.__module__}.{np.dtype(d).type.__name__}. "
        f"The only supported types are: {names}."
    )


def of_scalar(value: object) -> dtype:
    """The type that a Python number has when it becomes a tensor."""
    kind = type(value)
    if kind is _BOOL:
        return bool
    if kind is _INT or isinstance(value, _INT):
        return int64
    return _default


def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest type that holds both, a floating-point one if either is.

    >>> promote_types(int64, float16), promote_types(uint8, int8)
    (torch.float16, torch.int16)
    """
    if a is b:
        return a
    if a.is_floating_point != b.is_floating_point:
        return a if a.is_floating_point else b
    return _OF_NUMPY[np.promote_types(a.numpy, b.numpy)]


def can_cast(from_: dtype, to: dtype) -> bool:
    """True if numbers of the one type may be written over numbers of the other: never from floating-point to
    integer, and never from anything else to bool."""
    if from_.is_floating_point:
        return to.is_floating_point
    return from_ is bool or to is not bool


class finfo:
    """The limits of a floating-point type.

    >>> finfo(float32).eps, finfo(float16).max
    (1.1920928955078125e-07, 65504.0)
    """

    def __init__(self, type: dtype | None = None) -> None:
        type = type or _default
        if not type.is_floating_point:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.{type.name}'"
            )
        limits = np.finfo(type.numpy)
        self.dtype, self.bits = type.name, limits.bits
        self.eps, self.max, self.min = (limits.dtype.type(x).item() for x in (limits.eps, limits.max, limits.min))
        self.tiny = self.smallest_normal = limits.tiny.item()
        self.resolution = 10.0**-limits.precision

    def __repr__(self) -> str:
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")  # fmt: skip


class iinfo:
    """The limits of an integer type.

    >>> iinfo(int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    def __init__(self, type: dtype) -> None:
        if type.numpy.kind not in "iu":
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.{type.name}'"
            )
        limits = np.iinfo(type.numpy)
        self.dtype, self.bits, self.min, self.max = type.name, limits.bits, limits.min, limits.max

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def _meet(strong: dtype | None, weak: dtype | None) -> dtype | None:
    """`strong` keeps its type unless `weak` is of a higher kind (bool < integer < floating)."""
    if strong is None or weak is None:
        return strong or weak
    if strong.is_floating_point:
        return strong
    if strong is bool or weak.is_floating_point:
        return promote_types(strong, weak)
    return strong


def result_dtype(*operands: object) -> dtype:
    """The type of an operation on arrays and Python numbers, by PyTorch's rule.

    Arrays with dimensions speak first; 0-d arrays only if they are of a higher kind
    (bool < integer < floating); Python numbers last, likewise.

    >>> result_dtype(np.ones(3, "float32"), np.float64(2))
    torch.float32
    >>> result_dtype(np.ones(3, "int64"), 0.5)
    torch.float32
    """
    with_dims = without_dims = number = None
    for x in operands:
        if not hasattr(x, "dtype"):
            number = _join(number, of_scalar(x))
        elif x.ndim:
            with_dims = _join(with_dims, _OF_NUMPY[x.dtype])
        else:
            without_dims = _join(without_dims, _OF_NUMPY[x.dtype])
    return _meet(with_dims, _meet(without_dims, number))


def _join(a: dtype | None, b: dtype) -> dtype:
    return b if a is None else promote_types(a, b)
