"""Rules for products of matrices and vectors.

Read in chapters 03 and 05. The shapes say which way a transpose goes: for y = a b with a (N, K) and
b (K, M), the gradient g has the shape of y, (N, M), so ∂a must be g bᵀ and ∂b must be aᵀ g.
"""

from __future__ import annotations

import numpy as np

from ..devices import array_module
from ..dtypes import of_numpy
from ..errors import broadcast_error, c_name
from .reduction import sum
from .rule import EXACT, differentiable
from .shape import reshape, sum_to, t, transpose, unsqueeze


def _same_type(name: str, a, b) -> None:
    if a.dtype != b.dtype:
        first, second = (c_name(x) for x in (a, b))
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {first} != {second}. Convert one of them, for "
            "example with .to(other.dtype)."
        )


@differentiable(EXACT, a=lambda g, b: mm(g, t(b)),  # (N, M) (M, K) → (N, K)
                b=lambda g, a: mm(t(a), g))         # (K, N) (N, M) → (K, M)
def mm(a, b):
    """Matrix product: yᵢⱼ = Σₖ aᵢₖ bₖⱼ."""
    if a.ndim != 2 or b.ndim != 2:
        which, x = ("self", a) if a.ndim != 2 else ("mat2", b)
        raise RuntimeError(
            f"{which} must be a matrix. It has {x.ndim} dimension{'' if x.ndim == 1 else 's'}; for other than 2 use "
            "matmul."
        )
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]}). "
            "The columns of the first must be as many as the rows of the second; a transpose may be missing."
        )
    _same_type("mm", a, b)
    return a.dot(b)


@differentiable(EXACT, a=lambda g, b: bmm(g, transpose(b, dim0=1, dim1=2)),
                b=lambda g, a: bmm(transpose(a, dim0=1, dim1=2), g))  # fmt: skip
def bmm(a, b):
    """One matrix product for each entry of a batch."""
    if a.ndim != 3 or b.ndim != 3:
        which = "batch1" if a.ndim != 3 else "batch2"
        raise RuntimeError(f"{which} must be a 3D tensor. For other numbers of dimensions use matmul.")
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] but got: "
            f"[{b.shape[0]}, {b.shape[1]}]."
        )
    _same_type("bmm", a, b)
    return np.matmul(a, b)


@differentiable(EXACT, a=lambda g, b: mm(unsqueeze(g, dim=1), unsqueeze(b, dim=0)),
                b=lambda g, a: mv(t(a), g))  # fmt: skip
def mv(a, b):
    """Matrix times vector: yᵢ = Σₖ aᵢₖ bₖ."""
    if a.ndim != 2 or b.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got 1, {a.ndim}, {b.ndim}. "
            "For other numbers of dimensions use matmul."
        )
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})"
        )
    _same_type("mv", a, b)
    return a.dot(b)


@differentiable(EXACT, a=lambda g, b: mv(b, g), b=lambda g, a: mm(unsqueeze(a, dim=1), unsqueeze(g, dim=0)),
                name="Squeeze4")  # fmt: skip
def vm(a, b):
    """Vector times matrix: yⱼ = Σₖ aₖ bₖⱼ."""
    return mm.fn(a[None], b)[0]


@differentiable(EXACT, x=lambda g, x_shape, beta: sum_to(g * beta, shape=x_shape),
                a=lambda g, b, alpha: mm(g, t(b)) * alpha, b=lambda g, a, alpha: mm(t(a), g) * alpha)  # fmt: skip
def addmm(x, a, b, *, beta=1, alpha=1):
    """y = β·x + α·(a b), with x broadcast to the product's shape."""
    _same_type("addmm", x, a)
    product = mm.fn(a, b)
    clash = broadcast_error(x.shape, product.shape)
    if clash is not None or x.ndim > 2:
        raise clash or RuntimeError(f"expand: x has {x.ndim} dimensions, but addmm adds it to a matrix.")
    return (x if beta == 1 else x * beta) + (product if alpha == 1 else product * alpha)


@differentiable(EXACT, a=lambda g, b: g * b, b=lambda g, a: g * a)
def dot(a, b):
    """Inner product of two vectors: y = Σₖ aₖ bₖ."""
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors. For matrices use mm or matmul."
        )
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same "
            f"number of elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {_kind(a)} and {_kind(b)}. Convert one of "
            "them, for example with .to(other.dtype)."
        )
    return a.dot(b)


def _kind(x) -> str:
    return of_numpy(x.dtype).legacy.removesuffix("Tensor")


def _stacked(g, a, b):
    """∂a of a batched product, with broadcast batch dimensions summed."""
    return sum_to(matmul(g, transpose(b, dim0=-1, dim1=-2)), shape=tuple(a.shape))


@differentiable(EXACT, a=_stacked, b=lambda g, a, b: sum_to(
                    matmul(transpose(a, dim0=-1, dim1=-2), g), shape=tuple(b.shape)), name="UnsafeView")  # fmt: skip
def matmul(a, b):
    """Matrix products over the last two dimensions; the dimensions before them are broadcast."""
    if a.shape[-1] != b.shape[-2] and a.ndim > 2 and b.ndim > 2:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[-1]}] but got: "
            f"[{b.shape[0]}, {b.shape[-2]}]. The last size of the first must be the last but one of the second."
        )
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]}). "
            "The last size of the first must be the last but one of the second."
        )
    _same_type("matmul", a, b)
    return np.matmul(a, b)


def _rows(x):
    """x with all dimensions but the last run together."""
    return x if len(x.shape) == 2 else reshape(x, size=(-1, x.shape[-1]))


def _like_rows(y, g):
    """y, made from the rows of g, with the leading dimensions of g."""
    return y if len(g.shape) == 2 else reshape(y, size=(*g.shape[:-1], y.shape[1]))


# The last of the operations that PyTorch records, by the number of dimensions of x: with and without a bias.
_LINEAR_NAMES = (("", "View", "Addmm", "View"), ("", "Squeeze4", "Mm", "UnsafeView"))


@differentiable(EXACT, x=lambda g, weight: _like_rows(mm(_rows(g), weight), g),  # (N, D_out) (D_out, D_in)
                weight=lambda g, x: mm(t(_rows(g)), _rows(x)),                   # (D_out, N) (N, D_in)
                bias=lambda g: _column_sums(_rows(g)),
                name=lambda x, bias: _LINEAR_NAMES[bias is None][min(len(x.shape), 3)])  # fmt: skip
def linear(x, weight, bias=None):
    """y = x Wᵀ + b, with x (…, D_in), W (D_out, D_in) and b (D_out)."""
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        rows = x.size // x.shape[-1] if x.ndim and x.shape[-1] else 1
        last = x.shape[-1] if x.ndim else 1
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{last} and {weight.shape[-1]}x{weight.shape[0]}). "
            f"The last size of the input must be the layer's in_features, {weight.shape[-1]}."
        )
    if bias is None:
        _same_type("linear", x, weight)
    elif x.dtype != weight.dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {_kind(x)} and {_kind(weight)}. Convert the input, "
            "for example with .to(weight.dtype)."
        )
    y = (x if x.ndim <= 2 else x.reshape(-1, x.shape[-1])).dot(weight.T)
    if bias is not None:
        y += bias
    return y if x.ndim <= 2 else y.reshape(*x.shape[:-1], -1)


def _column_sums(g):
    """Σ over the rows. Note [Ones]: for an array, a product with ones is four times faster than sum(0)."""
    return array_module(g).ones(len(g), g.dtype).dot(g) if hasattr(g, "dot") and hasattr(g, "flags") else sum(g, dim=0)
