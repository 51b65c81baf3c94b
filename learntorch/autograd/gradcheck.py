"""Checking a gradient against differences: `gradcheck` and, for second derivatives, `gradgradcheck`.

Read in chapter 03.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import product

from ..base import TensorBase
from ..creation import zeros, zeros_like
from ..dtypes import float64, promote_types
from ..tensor import Tensor
from .gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """What `gradcheck` and `gradgradcheck` raise."""


def gradcheck(func: Callable, inputs, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
              check_grad_dtypes: bool = False, check_batched_grad: bool = False,
              check_batched_forward_grad: bool = False, check_forward_ad: bool = False, check_backward_ad: bool = True,
              fast_mode: bool = False, masked: bool | None = None) -> bool:  # fmt: skip
    """Compare the gradients of `func` with central differences, (f(x + ε) − f(x − ε)) / 2ε. Use float64 inputs.

    All elements are compared, under `fast_mode` too. Forward mode, and so `check_forward_ad`, does not exist here.

    Raises:
        GradcheckError: "Jacobian mismatch for output 0 with respect to input 0, …"
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_forward_ad or check_batched_forward_grad:
        raise NotImplementedError("gradcheck: learntorch differentiates backward only; leave check_forward_ad=False.")
    try:
        inputs = as_tuple(inputs)
        _check_inputs(inputs)
        outputs = differentiable(func(*inputs))
        _check_values(func, inputs, outputs, eps, atol, rtol, nondet_tol, check_grad_dtypes)
        if outputs:
            _check_zeros(outputs, inputs)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def as_tuple(x) -> tuple:
    """One thing, or several, as a tuple."""
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def differentiable(outputs) -> tuple:
    """The outputs that require a gradient."""
    return tuple(y for y in as_tuple(outputs) if y.requires_grad)


def _is_checked(x: object) -> bool:
    return isinstance(x, TensorBase) and x.requires_grad


def _check_inputs(inputs: tuple) -> None:
    for i, x in enumerate(inputs):
        if not _is_checked(x):
            continue
        if x.dtype is not float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=3,
            )
        if any(step == 0 and n > 1 for step, n in zip(x.stride(), x.shape)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )
    if not any(map(_is_checked, inputs)):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _check_values(func: Callable, inputs: tuple, outputs: tuple, eps: float, atol: float, rtol: float,
                  nondet_tol: float, check_grad_dtypes: bool) -> None:  # fmt: skip
    """Compare every Jacobian, one input and one output at a time."""
    checked = [x for x in inputs if _is_checked(x)]
    numeric = [numeric_jacobians(lambda: as_tuple(func(*inputs)), x, eps) for x in checked]  # [input][output]
    wanted = [i for i, y in enumerate(as_tuple(func(*inputs))) if y.requires_grad]
    if not outputs and any((J != 0).any() for column in numeric for J in column):
        raise GradcheckError("Numerical gradient for function expected to be zero")
    for i, y in enumerate(outputs):
        found, again = analytic_jacobians(y, checked, check_grad_dtypes), analytic_jacobians(y, checked, False)
        if any(J.numel() and (J - K).abs().max() > nondet_tol for J, K in zip(found, again)):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                "gives different values, although analytical gradient matches numerical gradient."
                f"The tolerance for nondeterminism was {nondet_tol}."
            )
        for j, J in enumerate(found):
            expected = numeric[j][wanted[i]]
            common = promote_types(J.dtype, expected.dtype)
            if not J.to(common).allclose(expected.to(common), rtol, atol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {i} with respect to input {j},\nnumerical:{expected}\n"
                    f"analytical:{J}\n"
                )


def numeric_jacobians(fn: Callable[[], Sequence[Tensor]], x: Tensor, eps: float) -> list[Tensor]:
    """∂y/∂x of every output y by central differences: a row for each element of x, which moves and comes back."""
    x = x.data
    rows = []
    for at in product(*map(range, x.shape)):
        here = x[at].clone()
        x[at] = here - eps
        below = [y.detach().clone() for y in fn()]
        x[at] = here + eps
        above = [y.detach().clone() for y in fn()]
        x[at] = here
        rows.append([((b - a) / (2 * eps)).reshape(-1) for a, b in zip(below, above)])
    found = [zeros(x.numel(), y.numel(), dtype=y.dtype) for y in fn()]
    for k, row in enumerate(rows):
        for J, part in zip(found, row):
            J[k] = part.to(J.dtype)
    return found


def analytic_jacobians(y: Tensor, inputs: list[Tensor], check_dtypes: bool) -> list[Tensor]:
    """∂y/∂x of every input x by backward: a column for each element of y."""
    found = [x.new_zeros(x.numel(), y.numel()) for x in inputs]
    for k in range(y.numel()):
        seed = zeros(y.numel(), dtype=y.dtype)
        seed[k] = 1
        for J, x, g in zip(found, inputs, grad(y, inputs, seed.view(y.shape), retain_graph=True, allow_unused=True)):
            if g is None:
                continue
            if check_dtypes and g.dtype is not x.dtype:
                raise GradcheckError("Gradient has dtype mismatch")
            J[:, k] = g.reshape(-1)
    return found


def _check_zeros(outputs: tuple, inputs: tuple) -> None:
    """A gradient of zeros must arrive as zeros."""
    checked = [x for x in inputs if _is_checked(x)]
    for g in grad(outputs, checked, [zeros_like(y) for y in outputs], retain_graph=True, allow_unused=True):
        if g is not None and not g.eq(0).all():
            raise GradcheckError("backward not multiplied by grad_output")


def gradgradcheck(func: Callable, inputs, grad_outputs=None, *, eps: float = 1e-6, atol: float = 1e-5,
                  rtol: float = 1e-3, gen_non_contig_grad_outputs: bool = False, raise_exception: bool = True,
                  nondet_tol: float = 0.0, check_undefined_grad: bool = True, check_grad_dtypes: bool = False,
                  check_batched_grad: bool = False, check_fwd_over_rev: bool = False, check_rev_over_rev: bool = True,
                  fast_mode: bool = False, masked: bool = False) -> bool:  # fmt: skip
    """Compare the second derivatives of `func` with central differences of the first ones."""
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    inputs = as_tuple(inputs)
    if grad_outputs is None:
        grad_outputs = [_upstream(y, gen_non_contig_grad_outputs) for y in differentiable(func(*inputs))]
    upstream = as_tuple(grad_outputs)
    moved = [i for i, x in enumerate((*inputs, *upstream)) if _is_checked(x)]

    def first(*both):
        both = [x.requires_grad_() if i in moved else x for i, x in enumerate(both)]
        xs, gs = both[: len(inputs)], both[len(inputs) :]
        wanted = [x for i, x in enumerate(xs) if i in moved]
        found = grad(differentiable(func(*xs)), wanted, gs, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(first, (*inputs, *upstream), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
                     nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad,
                     check_grad_dtypes=check_grad_dtypes, check_batched_grad=check_batched_grad,
                     check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev)  # fmt: skip


def _upstream(y: Tensor, apart: bool) -> Tensor:
    """A gradient between −1 and 1 to start from, at every second place in memory if `apart`."""
    g = y.new_empty(*y.shape, 2 if apart else 1).uniform_(-1, 1)[..., 0]
    return (g if apart else g.contiguous()).detach().requires_grad_()
