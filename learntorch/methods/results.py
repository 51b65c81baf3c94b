"""Tuples with names: what an operation with several outputs returns.

Read in chapter 01. They print as PyTorch's: torch.return_types.max(values=…, indices=…).
"""

from __future__ import annotations

from functools import cache
from operator import itemgetter


class Result(tuple):
    """Several outputs, by number and by name."""

    __slots__ = ()
    _names: tuple[str, ...]

    def __repr__(self) -> str:
        parts = ",\n".join(f"{name}={value!r}" for name, value in zip(self._names, self))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"


def result(operation: str, names: tuple[str, ...] = ("values", "indices")) -> type[Result]:
    """The class of the results of an operation."""
    parts = {name: property(itemgetter(i)) for i, name in enumerate(names)}
    return type(operation, (Result,), {"__slots__": (), "__module__": "torch.return_types", "_names": names, **parts})


@cache
def filled(kind: type[Result]) -> type[Result]:
    """The class of the same results in tensors that were given as `out=`."""
    return result(f"{kind.__name__}_out", kind._names)
