"""`torch.linalg`: the length of vectors.

Read in chapter 04. What else PyTorch has here (decompositions, solvers) is not in learntorch.
"""

from __future__ import annotations

from .methods.reduction import vector_norm as _vector_norm
from .out import into
from .tensor import Tensor


def vector_norm(x: Tensor, ord=2, dim=None, keepdim: bool = False, *, dtype=None, out: Tensor | None = None) -> Tensor:
    """(Σ |x|ᵖ)^(1/p) with p = ord, of all elements or over `dim`."""
    result = _vector_norm(x, ord, dim, keepdim, dtype=dtype)
    return result if out is None else into("linalg_vector_norm", out, result)


def norm(A: Tensor, ord=None, dim=None, keepdim: bool = False, *, out: Tensor | None = None, dtype=None) -> Tensor:
    """The length of A: without `ord` the square root of Σ x², else a norm of vectors, or of matrices."""
    dims = (dim,) if isinstance(dim, int) else tuple(range(A.ndim)) if dim is None else tuple(dim)
    if ord is None or len(dims) == 1 or (ord == "fro" and len(dims) == 2):
        return vector_norm(A, 2 if ord in (None, "fro") else ord, dim, keepdim, dtype=dtype, out=out)
    if len(dims) != 2:
        raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Give dim.")
    return matrix_norm(A, ord, dims, keepdim, dtype=dtype, out=out)


def matrix_norm(A: Tensor, ord="fro", dim=(-2, -1), keepdim: bool = False, *, dtype=None,
                out: Tensor | None = None) -> Tensor:  # fmt: skip
    """ "fro": the square root of Σ x²; ±1: the largest (smallest) column sum of |x|; ±∞: the same of the rows."""
    if ord == "fro":
        return vector_norm(A, 2, dim, keepdim, dtype=dtype, out=out)
    if ord in ("nuc", 2, -2):
        raise NotImplementedError(f"the norm of order {ord} needs singular values, which learntorch does not have.")
    if abs(ord) not in (1, float("inf")):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported. Give 'fro', ±1, or ±inf.")
    rows, columns = (d % A.ndim for d in dim)
    summed, other = (rows, columns) if abs(ord) == 1 else (columns, rows)
    if not keepdim and summed < other:
        other -= 1
    sums = vector_norm(A, 1, summed, keepdim, dtype=dtype)
    result = sums.amax(other, keepdim) if ord > 0 else sums.amin(other, keepdim)
    return result if out is None else into("linalg_matrix_norm", out, result)
