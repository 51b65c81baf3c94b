"""Where an array lives: `device`, and the array module (NumPy or CuPy) that computes on it.

Read in chapter 02.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType

import numpy as np

# type(x) → the module that made it. NumPy scalars and Python numbers count as NumPy's.
# CuPy adds its own array type the first time a tensor goes to a GPU.
_MODULES: dict[type, ModuleType] = {}

# The same for a question that must cost nothing on the CPU: `type(x) in ON_GPU`. Where the answer is yes, a rule that
# would take several launches calls one kernel instead (ops/kernels.py).
ON_GPU: set[type] = set()
WHEN_FOUND: list[Callable] = []  # called when CuPy has found a GPU


def array_module(x: object) -> ModuleType:
    """The module that computes on `x`: `numpy`, or `cupy` for an array on a GPU.

    >>> array_module(np.ones(3)).__name__
    'numpy'
    """
    return _MODULES.get(type(x), np)


@cache
def _cupy() -> ModuleType | None:
    """CuPy if it is installed and sees a GPU, else None. Asked once, and only when needed.

    `import cupy` takes half a second and succeeds without a driver, and `getDeviceCount()`
    raises there; `is_available()` is the question that always has an answer.
    """
    try:
        import cupy
    except ImportError:
        return None
    if not cupy.cuda.is_available():
        return None
    _MODULES[cupy.ndarray] = cupy
    ON_GPU.add(cupy.ndarray)
    for prepare in WHEN_FOUND:
        prepare()
    return cupy


def cuda_is_available() -> bool:
    """True if CuPy is installed and finds a GPU."""
    return _cupy() is not None


def cuda_device_count() -> int:
    """How many GPUs CuPy sees."""
    cupy = _cupy()
    return cupy.cuda.runtime.getDeviceCount() if cupy else 0


def cuda_module() -> ModuleType:
    """CuPy, ready for use.

    Raises:
        AssertionError: "Torch not compiled with CUDA enabled. …" where there is no GPU.
    """
    cupy = _cupy()
    if cupy is None:
        raise AssertionError(
            "Torch not compiled with CUDA enabled. No NVIDIA GPU with CuPy was found here: stay on "
            'the CPU, or write device = "cuda" if torch.cuda.is_available() else "cpu".'
        )
    return cupy


class device:
    """A place for tensors: `device("cpu")`, `device("cuda")`, `device("cuda", 1)`.

    >>> device("cuda:0")
    device(type='cuda', index=0)
    >>> str(device("cpu"))
    'cpu'
    """

    __slots__ = ("type", "index")

    def __init__(self, type: str | device | int, index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int):
            type, index = "cuda", type
        elif not isinstance(type, str):
            raise TypeError(
                f"device(): argument 'type' must be a string such as 'cpu' or 'cuda:0', not {type.__class__.__name__}"
            )
        name, colon, number = type.partition(":")
        if name not in ("cpu", "cuda"):
            raise RuntimeError(f"Expected one of cpu, cuda device type at start of device string: {name}")
        if colon and not number.isdigit():
            raise RuntimeError(f"Invalid device string: '{type}'. Write the number after the colon, as in 'cuda:0'.")
        self.type = name
        self.index = int(number) if colon else index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        """`with torch.device("cuda"):` new tensors live there inside."""
        _defaults.append(self)
        return self

    def __exit__(self, *error) -> None:
        _defaults.pop()


CPU = device("cpu")
_place = device  # where a parameter has that name
_defaults = [CPU]  # where new tensors live; the last one holds


def set_default_device(device: str | device | int | None) -> None:
    """Make `device` the place of new tensors; None: the CPU again."""
    _defaults[-1] = CPU if device is None else _place(device)


def get_default_device() -> device:
    """The place of new tensors."""
    return _defaults[-1]


def device_of(array: object) -> device:
    """The device that holds `array`."""
    if array_module(array) is np:
        return CPU
    return device("cuda", array.device.id)


def move(array, to: device | str | int):
    """`array` on device `to`: the same array if it is there already, else a copy."""
    to = device(to)
    here = device_of(array)
    if to.type == here.type and to.index in (None, here.index):
        return array
    if to.type == "cpu":
        return array.get()
    cupy = cuda_module()
    with cupy.cuda.Device(to.index or 0):
        return cupy.asarray(array)


def module_for(place: device | str | int | None) -> ModuleType:
    """The array module that creates arrays on `place` (None: on the default device)."""
    return np if device(_defaults[-1] if place is None else place).type == "cpu" else cuda_module()


def settle(array, place: device | str | int | None):
    """A new `array` on `place` (None: on the default device)."""
    return array if place is None and _defaults[-1] is CPU else move(array, _defaults[-1] if place is None else place)
