"""PyTorch's switches for the libraries that it computes with: `torch.backends.cudnn.deterministic = True`.

Read in chapter 02. NumPy has none of them: they can be set and read, and change nothing.
"""

from . import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
