"""Questions about GPUs: `torch.cuda.is_available()`.

Read in chapter 02.
"""

from __future__ import annotations

from .devices import cuda_device_count as device_count
from .devices import cuda_is_available as is_available
from .devices import cuda_module

__all__ = ["current_device", "device_count", "get_device_name", "is_available", "synchronize"]


def current_device() -> int:
    """The number of the GPU in use."""
    return cuda_module().cuda.runtime.getDevice()


def get_device_name(device: int = 0) -> str:
    """The name of a GPU."""
    return cuda_module().cuda.runtime.getDeviceProperties(device)["name"].decode()


def synchronize() -> None:
    """Wait until the GPU has finished."""
    cuda_module().cuda.Stream.null.synchronize()
