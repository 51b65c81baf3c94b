"""Questions about GPUs: `torch.cuda.is_available()`.

Read in chapter 02.
"""

from __future__ import annotations

from .devices import cuda_device_count as device_count
from .devices import cuda_is_available as is_available
from .devices import cuda_module

__all__ = [
    "current_device", "device_count", "empty_cache", "get_device_name", "is_available", "manual_seed",
    "manual_seed_all", "synchronize",
]  # fmt: skip


def current_device() -> int:
    """The number of the GPU in use."""
    return cuda_module().cuda.runtime.getDevice()


def get_device_name(device: int = 0) -> str:
    """The name of a GPU."""
    return cuda_module().cuda.runtime.getDeviceProperties(device)["name"].decode()


def synchronize() -> None:
    """Wait until the GPU has finished."""
    cuda_module().cuda.Stream.null.synchronize()


def manual_seed(seed: int) -> None:
    """Nothing: the random numbers of a GPU are drawn on the CPU, from the stream of `torch.manual_seed`."""


def empty_cache() -> None:
    """Give memory that no tensor uses back to the system."""
    if is_available():
        cuda_module().get_default_memory_pool().free_all_blocks()


manual_seed_all = manual_seed
