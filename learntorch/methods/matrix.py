"""Methods for products of matrices and vectors.

Read in chapters 01 and 05.
"""

from __future__ import annotations

from ..base import TensorBase
from ..errors import argument_error
from ..ops import matrix as ops
from ..ops import shape
from ..recording import recorded


class MatrixMethods:
    __slots__ = ()

    mm = recorded(ops.mm)
    mv = recorded(ops.mv)
    dot = recorded(ops.dot)
    bmm = recorded(ops.bmm)

    def matmul(self, other):
        """The product that the numbers of dimensions ask for: dot, matrix–vector, matrix–matrix, or a batch of them."""
        if not isinstance(other, TensorBase):
            raise argument_error("matmul", "other", 1, "Tensor", other)
        p, q = self.ndim, other.ndim
        if p == 0 or q == 0:
            raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {p}D and {q}D. Use *.")
        if p == 1 and q == 1:
            return self.dot(other)
        if p == 2 and q == 1:
            return self.mv(other)
        if p == 1 and q == 2:
            return recorded(ops.vm)(self, other)
        if p == 2 and q == 2:
            return self.mm(other)
        if p == 1:
            y = recorded(ops.matmul)(self.unsqueeze(0), other)
            return recorded(shape.reshape)(y, size=y.shape[:-2] + y.shape[-1:])
        if q == 1:
            y = recorded(ops.matmul)(self, other.unsqueeze(-1))
            return recorded(shape.reshape)(y, size=y.shape[:-1])
        return recorded(ops.matmul)(self, other)

    def __matmul__(self, other):
        if not isinstance(other, TensorBase):
            return NotImplemented
        return self.matmul(other)

    def outer(self, vec2):
        """yᵢⱼ = aᵢ bⱼ."""
        for name, x in (("self", self), ("vec2", vec2)):
            if x.ndim != 1:
                raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {x.ndim}-D")
        return self.unsqueeze(1) * vec2

    def addmm(self, mat1, mat2, *, beta=1, alpha=1):
        """β·x + α·(mat1 @ mat2)."""
        return recorded(ops.addmm)(self, mat1, mat2, beta=beta, alpha=alpha)
