"""The accelerator of this machine, whatever its kind: `torch.accelerator.is_available()`.

Read in chapter 02. The only kind that learntorch knows is an NVIDIA GPU.
"""

from __future__ import annotations

from .cuda import current_device as current_device_index
from .cuda import device_count, is_available, synchronize
from .devices import device

__all__ = ["current_accelerator", "current_device_index", "device_count", "is_available", "synchronize"]


def current_accelerator(check_available: bool = False) -> device | None:
    """`device("cuda")` where there is a GPU, else None."""
    return device("cuda") if is_available() else None
