"""Rules for products of matrices and vectors.

Read in chapters 03 and 05. The shapes say which way a transpose goes: for y = a b with a (N, K) and
b (K, M), the gradient g has the shape of y, (N, M), so ∂a must be g bᵀ and ∂b must be aᵀ g.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from ..errors import c_name, not_implemented, type_name
from .reduction import sum
from .rule import ANY, EXACT, differentiable
from .shape import broadcast_layout, diagonal_scatter, expand, reshape, sum_to, t, transpose, unsqueeze


def _same_type(a, b) -> None:
    if a.dtype != b.dtype:
        first, second = (c_name(x) for x in (a, b))
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {first} != {second}. Convert one of them, for "
            "example with .to(other.dtype)."
        )


def _no_bool(kernel: str, x) -> None:
    if x.dtype == bool:
        raise not_implemented(kernel, x)


def _matrix(name: str, x) -> None:
    if x.ndim != 2:
        raise RuntimeError(f"{name} must be a matrix, got {x.ndim}-D tensor. For other than 2 dimensions use matmul.")


@differentiable(EXACT, a=lambda g, b: mm(g, t(b)),  # (N, M) (M, K) → (N, K)
                b=lambda g, a: mm(t(a), g))         # (K, N) (N, M) → (K, M)
def mm(a, b):
    """Matrix product: yᵢⱼ = Σₖ aᵢₖ bₖⱼ."""
    if not a.ndim == b.ndim == 2:
        which, x = ("self", a) if a.ndim != 2 else ("mat2", b)
        raise RuntimeError(
            f"{which} must be a matrix. It has {x.ndim} dimension{'' if x.ndim == 1 else 's'}; for other than 2 use "
            "matmul."
        )
    if a.shape[1] != b.shape[0] or a.dtype != b.dtype or a.dtype.kind == "b":
        _fitting(a, b)
        _same_type(a, b)
        if a.size and b.size:
            _no_bool("addmm_impl_cpu_", a)
    if a.shape[1] == 1:  # one term each: BLAS would skip the zeros, and 0 · inf is nan
        return np.multiply(a, b, order="C")
    return a.dot(b)


def _fitting(a, b) -> None:
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]}). "
            "The columns of the first must be as many as the rows of the second; a transpose may be missing."
        )


@differentiable(ANY, a=lambda g, b: bmm(g, transpose(b, dim0=1, dim1=2)),
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
    if not (a.size and b.size):  # PyTorch asks for one type only where there is something to multiply
        return np.zeros((*a.shape[:2], b.shape[2]), b.dtype)
    _no_bool("bmm", a)
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"expected scalar type {type_name(a)} but found {type_name(b)}. Convert one of them, for example "
            "with .to(other.dtype)."
        )
    return np.matmul(a, b)


@differentiable(EXACT, a=lambda g, b: mm(unsqueeze(g, dim=1), unsqueeze(b, dim=0)),
                b=lambda g, a: mv(t(a), g))  # fmt: skip
def mv(a, b):
    """Matrix times vector: yᵢ = Σₖ aᵢₖ bₖ."""
    _matrix_and_vector(None, a, b)
    if a.size:
        _no_bool("addmv_impl_cpu", a)
    return a[:, 0] * b if len(b) == 1 else a.dot(b)  # as in mm


def _matrix_and_vector(x, a, b) -> None:
    """Check a matrix a, a vector b, and a vector x to which their product is added, if there is one."""
    dims = 1 if x is None else x.ndim
    if a.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions. A matrix has two.")
    if a.ndim != 2 or b.ndim != 1 or dims > 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got {dims}, {a.ndim}, {b.ndim}. For other numbers of dimensions use "
            "matmul."
        )
    rows = a.shape[0] if x is None else x.size
    if a.shape[1] != b.shape[0] or rows not in (1, a.shape[0]):
        raise RuntimeError(
            f"size mismatch, got input ({rows}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]}). The vector must "
            "be as long as the rows of the matrix."
        )
    types = [type_name(v) for v in (b if x is None else x, a, b)]
    if len(set(types)) > 1:
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {types[0]}, {types[1]}, and {types[2]}. Convert "
            "them, for example with .to(other.dtype)."
        )


@differentiable(EXACT, a=lambda g, b: g * b, b=lambda g, a: g * a)
def dot(a, b):
    """Inner product of two vectors: y = Σₖ aₖ bₖ."""
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors. For matrices use mm or matmul."
        )
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {type_name(a)} and {type_name(b)}. "
            "Convert one of them, for example with .to(other.dtype)."
        )
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same "
            f"number of elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )
    _no_bool("dot", a)
    return a.dot(b)


# A product added to something: y = β·x + α·product ────────────────────────────────────────────────


def _added(x, product, beta, alpha):
    """β·x + α·product, with x broadcast to the product's shape; β = 0 leaves x out, NaN and all."""
    broadcast_layout(x, product.shape)
    if product.dtype.kind != "f":
        beta, alpha = int(beta), int(alpha)
    product = product if alpha == 1 else product * alpha
    return product if beta == 0 else product + (x if beta == 1 else x * beta)


def _equal_types(x, a, b) -> None:
    for first, second in ((x, b), (a, b)):
        if first.dtype != second.dtype:
            raise RuntimeError(
                f"{'self' if first is x else 'mat1'} and mat2 must have the same dtype, but got "
                f"{type_name(first)} and {type_name(second)}. Convert one of them, for example with "
                ".to(other.dtype)."
            )


def _addend(g, x_shape, beta):
    return sum_to(g * beta, shape=x_shape)


@differentiable(EXACT, x=_addend, a=lambda g, b, alpha: mm(g, t(b)) * alpha,
                b=lambda g, a, alpha: mm(t(a), g) * alpha)  # fmt: skip
def addmm(x, a, b, *, beta=1, alpha=1):
    """y = β·x + α·(a b), with x broadcast to the product's shape."""
    _matrix("mat1", a)
    _matrix("mat2", b)
    _equal_types(x, a, b)
    _fitting(a, b)
    return _added(x, mm.fn(a, b), beta, alpha)


@differentiable(EXACT, x=_addend, a=lambda g, b, alpha: mm(unsqueeze(g, dim=1), unsqueeze(b, dim=0)) * alpha,
                b=lambda g, a, alpha: mv(t(a), g) * alpha)  # fmt: skip
def addmv(x, a, b, *, beta=1, alpha=1):
    """y = β·x + α·(a b) for a matrix a and a vector b."""
    _matrix_and_vector(x, a, b)
    return _added(x, mv.fn(a, b), beta, alpha)


@differentiable(EXACT, x=_addend, a=lambda g, b, alpha: bmm(g, transpose(b, dim0=1, dim1=2)) * alpha,
                b=lambda g, a, alpha: bmm(transpose(a, dim0=1, dim1=2), g) * alpha)  # fmt: skip
def baddbmm(x, a, b, *, beta=1, alpha=1):
    """y = β·x + α·(a b), one matrix product for each entry of a batch."""
    _batches(x, a, b, (*a.shape[:2], *b.shape[2:]))
    if not x.dtype == a.dtype == b.dtype:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {c_name(x)}, batch1: {c_name(a)}, batch2: {c_name(b)}. Convert "
            "them, for example with .to(other.dtype)."
        )
    return _added(x, bmm.fn(a, b), beta, alpha)


def _batches(x, a, b, size: tuple) -> None:
    for name, batch in (("batch1", a), ("batch2", b)):
        if batch.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor. For matrices use addmm.")
    broadcast_layout(x, size)


def _for_each(g, batch):
    """The gradient of a sum over a batch, once for each entry."""
    return expand(unsqueeze(g, dim=0), size=(batch.shape[0], *g.shape))


@differentiable(EXACT, x=_addend,
                a=lambda g, b, alpha: bmm(_for_each(g, b), transpose(b, dim0=1, dim1=2)) * alpha,
                b=lambda g, a, alpha: bmm(transpose(a, dim0=1, dim1=2), _for_each(g, a)) * alpha)  # fmt: skip
def addbmm(x, a, b, *, beta=1, alpha=1):
    """y = β·x + α·Σ (a b), the matrix products of a batch added up."""
    _batches(x, a, b, (*a.shape[1:2], *b.shape[2:]))
    _equal_types(x, a, b)
    return _added(x, bmm.fn(a, b).sum(0, dtype=a.dtype), beta, alpha)


@differentiable(EXACT, x=lambda g, x_shape: diagonal_scatter(
                    expand(g, size=(min(x_shape),)), shape=x_shape, offset=0, dim1=0, dim2=1))  # fmt: skip
def trace(x):
    """The sum of the diagonal: y = Σ xᵢᵢ."""
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x.ndim}. Give it two dimensions.")
    return x.trace(dtype=x.dtype if x.dtype.kind == "f" else np.int64)


@differentiable(EXACT, x=lambda g, x_shape: reshape(g, size=x_shape), name="Squeeze4")
def squeezed(x, *, dim):
    """A fresh result without its dimension `dim`, which has size 1."""
    return x.squeeze(dim)


# Layers ──────────────────────────────────────────────────────────────────────────────────────────


def _rows(x):
    """x with all dimensions but the last run together."""
    return x if len(x.shape) == 2 else reshape(x, size=(prod(x.shape[:-1]), x.shape[-1]))


def _like_rows(y, g):
    """y, made from the rows of g, with the leading dimensions of g."""
    return y if len(g.shape) == 2 else reshape(y, size=(*g.shape[:-1], y.shape[1]))


# The last of the operations that PyTorch records without a bias, by the number of dimensions of x.
_LINEAR_NAMES = ("", "Squeeze4", "Mm", "UnsafeView")


@differentiable(EXACT, x=lambda g, weight: _like_rows(mm(_rows(g), weight), g),  # (N, D_out) (D_out, D_in)
                weight=lambda g, x: mm(t(_rows(g)), _rows(x)),                   # (D_out, N) (N, D_in)
                bias=lambda g: _column_sums(_rows(g)),
                name=lambda x, bias: _LINEAR_NAMES[min(len(x.shape), 3)] if bias is None else "Addmm")  # fmt: skip
def linear(x, weight, bias=None):
    """y = x Wᵀ + b, with x (…, D_in), W (D_out, D_in) and b (D_out)."""
    if weight.ndim != 2 or not x.ndim or x.shape[-1] != weight.shape[1] or x.dtype != weight.dtype or x.dtype == bool:
        _check_linear(x, weight, bias)
    y = (x if x.ndim <= 2 else x.reshape(prod(x.shape[:-1]), x.shape[-1])).dot(weight.T)
    if bias is not None:
        if bias.dtype != y.dtype:
            raise RuntimeError(
                f"self and mat2 must have the same dtype, but got {type_name(bias)} and {type_name(y)}. "
                "Convert the bias."
            )
        try:
            y += bias
        except ValueError:
            raise RuntimeError(
                f"The expanded size of the tensor ({y.shape[-1]}) must match the existing size ({bias.shape[-1]}) at "
                f"non-singleton dimension {y.ndim - 1}. The bias has one number for each output."
            ) from None
    return y if x.ndim <= 2 else y.reshape(*x.shape[:-1], y.shape[-1])


def _check_linear(x, weight, bias) -> None:
    """Say what is wrong with the inputs of `linear`, if anything is."""
    if x.ndim == 0 or weight.ndim == 0:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {x.ndim}D and {weight.ndim}D. A weight is "
            "a matrix: (D_out, D_in)."
        )
    if weight.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {weight.ndim}D. A weight is "
            "a matrix: (D_out, D_in)."
        )
    if weight.ndim != 2 or x.shape[-1] != weight.shape[1]:
        rows = x.size // x.shape[-1] if x.shape[-1] else 1
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and "
            f"{weight.shape[-1]}x{weight.shape[0]}). The last size of the input must be the layer's in_features, "
            f"{weight.shape[-1]}."
        )
    if bias is None:
        _same_type(x, weight)
    elif x.dtype != weight.dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {type_name(x)} and {type_name(weight)}. "
            "Convert the input, for example with .to(weight.dtype)."
        )
    if x.dtype.kind == "b" and x.size and weight.size:
        raise not_implemented("addmm_impl_cpu_", x)


def _column_sums(g):
    """Σ over the rows. Note [Ones]: for an array, a product with ones is four times faster than sum(0)."""
    return _ones(len(g), g.dtype).dot(g) if type(g) is np.ndarray else sum(g, dim=0)


@lru_cache(8)
def _ones(n: int, dtype: np.dtype):
    return np.ones(n, dtype)
