"""Named tuples: what an operation with several outputs returns.

Read in chapter 01. They print as PyTorch's: torch.return_types.max(values=…, indices=…).
"""

from __future__ import annotations

from collections import namedtuple


def result(name: str, fields: tuple[str, ...] = ("values", "indices")) -> type:
    """The class of the results of the operation `name`; `filled` is its class for tensors given as `out=`."""
    made = _result(name, fields)
    made.filled = _result(f"{name}_out", fields)
    return made


def _result(name: str, fields: tuple[str, ...]) -> type:
    made = namedtuple(name, fields, module="torch.return_types")

    def __repr__(self) -> str:
        parts = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self))
        return f"torch.return_types.{name}(\n{parts})"

    made.__repr__ = __repr__
    return made
