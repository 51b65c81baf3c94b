"""Methods for products of matrices and vectors.

Read in chapters 01 and 05.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..base import TensorBase
from ..errors import broadcast_error
from ..ops import matrix as ops
from ..ops.shape import reshape
from ..recording import recorded
from ..writing import inplace
from .signatures import signature


class MatrixMethods:
    __slots__ = ()

    mm = recorded(ops.mm)
    mv = recorded(ops.mv)
    dot = recorded(ops.dot)

    def vdot(self, other):
        """The product of two vectors; for real numbers it is `dot`."""
        return recorded(ops.dot)(self, other)

    bmm = recorded(ops.bmm)
    addmm, addmm_ = recorded(ops.addmm), inplace(ops.addmm)
    addmv, addmv_ = recorded(ops.addmv), inplace(ops.addmv)
    addbmm, addbmm_ = recorded(ops.addbmm), inplace(ops.addbmm)
    baddbmm, baddbmm_ = recorded(ops.baddbmm), inplace(ops.baddbmm)
    trace = recorded(ops.trace)

    @signature("Tensor other")
    def matmul(self, other):
        """The product that the numbers of dimensions ask for: dot, matrix–vector, matrix–matrix, or a batch of them."""
        return _product(self, other)

    def __matmul__(self, other):
        if not isinstance(other, TensorBase):
            return NotImplemented
        return _product(self, other)

    @signature("Tensor other")
    def inner(self, other):
        """Σ over the last dimension of both: yᵢⱼ = Σₖ aᵢₖ bⱼₖ."""
        if self.ndim == 0 or other.ndim == 0:
            return self * other
        if self.shape[-1] != other.shape[-1]:
            raise RuntimeError(
                f"inner() the last dimension must match on both input tensors but got shapes {list(self.shape)} and "
                f"{list(other.shape)}. For a matrix product use matmul."
            )
        return contract(self, other, (-1,), (-1,))

    @signature("Tensor vec2")
    def outer(self, vec2):
        """yᵢⱼ = aᵢ bⱼ."""
        for name, x in (("self", self), ("vec2", vec2)):
            if x.ndim != 1:
                raise RuntimeError(
                    f"outer: Expected 1-D argument {name}, but got {x.ndim}-D. Flatten it, or take a part."
                )
        return self.reshape(-1, 1) * vec2

    ger = outer


def _product(a, b):
    p, q = a.ndim, b.ndim
    if p == 0 or q == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {p}D and {q}D. Use *.")
    if p == 1 and q == 1:
        return a.dot(b)
    if p == 2 and q == 1:
        return a.mv(b)
    if p == 1 and q == 2:
        return recorded(ops.squeezed)(a.unsqueeze(0).mm(b), dim=0)
    if p == 2 and q == 2:
        return a.mm(b)
    if q <= 2 and _folds(a, b):
        return _folded(a, b)
    if p == 1 and _folds(b.mT, a):
        return _folded(b.mT, a)
    if p == 2 and a.requires_grad:
        return _folded(b.mT, a.t()).mT.contiguous()
    return _batched(a, b)


# Products of more than two dimensions. Note [Folding]: a batch of matrices times one matrix is one product of a taller
# matrix, if the rows of the batch follow one another in memory. Where they do not, the one matrix is repeated; but
# not if it needs a gradient, since that would be as large as the batch.


def _folds(batch, single) -> bool:
    """True if the batch is to be folded into one matrix."""
    if single.requires_grad:
        return True
    shape, step = batch.shape, batch.stride()
    return batch.numel() == 0 or all(step[d] == step[d + 1] * shape[d + 1] for d in range(batch.ndim - 2))


def _fresh(y, size: tuple):
    return recorded(reshape)(y, size=tuple(size))


def _folded(batch, single):
    *lead, n = batch.shape
    rows = batch.reshape(prod(lead), n)
    return _fresh(rows.mv(single), lead) if single.ndim == 1 else _fresh(rows.mm(single), (*lead, single.shape[1]))


def _batched(a, b):
    """Products over the last two dimensions; the dimensions before them are broadcast."""
    if a.ndim == b.ndim == 3 and a.shape[0] != b.shape[0]:  # see Note [Folding]
        if a.shape[0] == 1 and a.requires_grad:
            return _product(a.squeeze(0), b)
        if b.shape[0] == 1 and b.requires_grad:
            return _product(a, b.squeeze(0))
    rows, columns = a.shape[-2:-1], b.shape[-1:] if b.ndim > 1 else ()
    lead = tuple(a.shape[:-2]), tuple(b.shape[:-2])
    clash = broadcast_error(*lead)
    if clash is not None:
        raise clash
    lead = np.broadcast_shapes(*lead)
    n = prod(lead)
    left = a.expand(*lead, *(rows or (1,)), a.shape[-1]).reshape(n, *(rows or (1,)), a.shape[-1])
    if b.ndim == 1:
        right = b.expand(*lead, b.shape[0]).reshape(n, b.shape[0]).unsqueeze(2)
        return _fresh(left.bmm(right).squeeze(-1), (*lead, *rows))
    right = b.expand(*lead, *b.shape[-2:]).reshape(n, *b.shape[-2:])
    return _fresh(left.bmm(right), (*lead, *rows, *columns))


def contract(a, b, over_a: tuple, over_b: tuple):
    """Multiply a and b and sum over pairs of dimensions, one of a and one of b each; the others stay, a's first."""
    over_a, over_b = ([d % x.ndim for d in dims] for x, dims in ((a, over_a), (b, over_b)))
    keep_a, keep_b = ([d for d in range(x.ndim) if d not in dims] for x, dims in ((a, over_a), (b, over_b)))
    size = [a.shape[d] for d in keep_a] + [b.shape[d] for d in keep_b]
    if a.dtype is not b.dtype:
        raise RuntimeError("both inputs should have same dtype. Convert one of them: .to(other.dtype).")
    n = prod(a.shape[d] for d in over_a)
    a, b = a.permute(*keep_a, *over_a), b.permute(*over_b, *keep_b)
    if not size:
        return a.reshape(n).dot(b.reshape(n)).reshape(())
    rows, columns = prod(size[: len(keep_a)]), prod(size[len(keep_a) :])
    return a.reshape(rows, n).mm(b.reshape(n, columns)).reshape(size)
