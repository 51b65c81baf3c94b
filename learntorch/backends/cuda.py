"""The switches for matrix products on a GPU, which CuPy does not ask.

Read in chapter 02.
"""

from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False)
