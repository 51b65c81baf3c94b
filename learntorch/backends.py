"""PyTorch's switches for the libraries that it computes with: `torch.backends.cudnn.deterministic = True`.

Read in chapter 02. NumPy has none of them: the switches can be set and read, and change nothing.
"""

from __future__ import annotations

from types import SimpleNamespace

cudnn = SimpleNamespace(
    enabled=True, benchmark=False, deterministic=False, allow_tf32=True, is_available=lambda: False
)  # fmt: skip
cuda = SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False))
mps = SimpleNamespace(is_available=lambda: False, is_built=lambda: False)
