"""Derivatives of functions: Jacobians, Hessians, and their products with vectors.

Read in chapter 03. A function takes one tensor or a tuple of them and returns one or a tuple; what comes back
is nested in the same way. With `create_graph` the result can be differentiated again; with `strict`
it is an error, not a zero, that something does not depend on an input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..base import TensorBase
from ..creation import zeros_like
from ..joining import stack
from ..modes import enable_grad, grad_mode, set_grad_enabled
from ..tensor import Tensor
from .gradients import grad

__all__ = ["vjp", "jvp", "jacobian", "hessian", "hvp", "vhp"]


def vjp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False) -> tuple:
    """The outputs, and vᵀJ: the vector v times the Jacobian. v is like the outputs."""
    with enable_grad():
        single_in, inputs = _tensors(inputs, "inputs", "vjp")
        inputs = _fresh(inputs, create_graph, True)
        single_out, outputs = _outputs(func, inputs, "vjp", strict)
        if v is not None:
            v = _vector(v, outputs, single_out, "vjp", create_graph)
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
    with set_grad_enabled(create_graph or grad_mode.enabled):
        found = _filled(_grad(outputs, inputs, v, create_graph), inputs, strict, create_graph, "jacobian",
                        "The output of the user-provided function is independent of input {}.")  # fmt: skip
    return _given(outputs, create_graph, single_out), _given(found, create_graph, single_in)


def jvp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False) -> tuple:
    """The outputs, and Jv: the Jacobian times the vector v. v is like the inputs.

    vᵀJ is linear in v, and its own vjp is Jv: the trick of differentiating backward twice.
    """
    with enable_grad():
        single_in, inputs = _tensors(inputs, "inputs", "jvp")
        inputs = _fresh(inputs, create_graph, True)
        v = _direction(v, inputs, single_in, "jvp", create_graph)
        single_out, outputs = _outputs(func, inputs, "jvp", strict)
        weights = [zeros_like(y, requires_grad=True) for y in outputs]
        through = _grad(outputs, inputs, weights, True)
        _depends(through, strict,
                 "The gradient with respect to input {} is independent of the inputs of the user-provided function.",
                 "The output of the user-provided function is independent of input {}.")  # fmt: skip
    with set_grad_enabled(create_graph or grad_mode.enabled):
        found = _filled(
            _grad(through, weights, v, create_graph), outputs, strict, create_graph, "jacobian",
            "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the "
            "double backward trick to compute forward mode gradients.")  # fmt: skip
    return _given(outputs, create_graph, single_out), _given(found, create_graph, single_out)


def jacobian(func: Callable, inputs, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode"):  # fmt: skip
    """J[…][…] = ∂output[…] / ∂input[…], with the shape of the output followed by the shape of the input.

    `vectorize` changes nothing here: the rows are computed one after the other.

    >>> from learntorch import tensor
    >>> jacobian(lambda x: x * x, tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _reverse_mode(strategy, "jacobian", "Jacobian")
    if vectorize and strict:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
            "Please either set `strict=False` or `vectorize=False`."
        )
    with enable_grad():
        single_in, inputs = _tensors(inputs, "inputs", "jacobian")
        inputs = _fresh(inputs, create_graph, True)
        single_out, outputs = _outputs(func, inputs, "jacobian", strict)
        table = []
        for i, y in enumerate(outputs):
            rows = [_row(i, part, inputs, create_graph, strict) for part in y.reshape(-1)]
            columns = zip(*rows) if rows else [[] for _ in inputs]
            table.append([
                stack(column).view(y.shape + x.shape) for column, x in zip(columns, inputs)
            ])  # fmt: skip
    rows = [_given(row, create_graph, single_in) for row in table]
    return rows[0] if single_out else tuple(rows)


def _row(i: int, part: Tensor, inputs: Sequence[Tensor], create_graph: bool, strict: bool) -> list:
    """The gradients of one element of output `i`."""
    found = _grad([part], inputs, None, create_graph, retain_graph=True)
    for j, g in enumerate(found):
        if strict and g is None:
            raise RuntimeError(
                f"Output {i} of the user-provided function is independent of input {j}. This is not allowed in strict "
                "mode."
            )
        if strict and create_graph and not g.requires_grad:
            raise RuntimeError(
                f"The jacobian of the user-provided function is independent of input {i}. This is not allowed in "
                "strict mode when create_graph=True."
            )
    return [zeros_like(x) if g is None else g for g, x in zip(found, inputs)]


def hessian(func: Callable, inputs, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode"):  # fmt: skip
    """H[i][j] = ∂²output / ∂input[i] ∂input[j], for a function that returns one number.

    >>> from learntorch import tensor
    >>> hessian(lambda x: (x * x * x).sum(), tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    single_in, inputs = _tensors(inputs, "inputs", "hessian")
    _reverse_mode(outer_jacobian_strategy, "hessian", "Hessian")

    def number(*inputs):
        _, (y,) = _scalar(func, inputs, "hessian", strict)
        return y.squeeze()

    def first(*inputs):
        found = jacobian(number, inputs, create_graph=True)
        _depends(found, strict, _FLAT)
        return found

    table = jacobian(first, tuple(inputs), create_graph, strict, vectorize)
    return table[0][0] if single_in else table


def vhp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False) -> tuple:
    """The output, and vᵀH: the vector v times the Hessian, for a function that returns one number."""
    with enable_grad():
        single_in, inputs, v, outputs, first = _first(func, inputs, v, create_graph, strict, "vhp")
    with set_grad_enabled(create_graph or grad_mode.enabled):
        found = _filled(_grad(first, inputs, v, create_graph), inputs, strict, create_graph, "hessian",
                        "The jacobian of the user-provided function is independent of input {}.")  # fmt: skip
    return _given(outputs, create_graph, True), _given(found, create_graph, single_in)


def hvp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False) -> tuple:
    """The output, and Hv: the Hessian times the vector v. `vhp` is faster, and H is symmetric."""
    with enable_grad():
        single_in, inputs, v, outputs, first = _first(func, inputs, v, create_graph, strict, "hvp")
        weights = [zeros_like(x, requires_grad=True) for x in inputs]
        twice = _grad(first, inputs, weights, True)
    with set_grad_enabled(create_graph or grad_mode.enabled):
        found = _filled(
            _grad(twice, weights, v, create_graph), inputs, strict, create_graph, "hessian",
            "The hessian of the user-provided function is independent of entry {} in the grad_jacobian.",
            " as it prevents from using the double backward trick to replace forward mode AD")  # fmt: skip
    return _given(outputs, create_graph, True), _given(found, create_graph, single_in)


def _first(func: Callable, inputs, v, create_graph: bool, strict: bool, name: str) -> tuple:
    """The gradient of a function that returns one number, recorded, with all that leads to it."""
    single_in, inputs = _tensors(inputs, "inputs", name)
    inputs = _fresh(inputs, create_graph, True)
    v = _direction(v, inputs, single_in, name, create_graph)
    _, outputs = _scalar(func, inputs, name, strict)
    first = _grad(outputs, inputs, None, True)
    _depends(first, strict, _FLAT, "The output of the user-provided function is independent of input {}.")
    return single_in, inputs, v, outputs, first


# What goes in, and what comes out ────────────────────────────────────────────────────────────────

_FLAT = ("While computing the hessian, found that the jacobian of the user-provided function with respect to input {} "
         "is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
         "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear "
         "function for example).")  # fmt: skip


def _tensors(x, what: str, name: str) -> tuple[bool, tuple]:
    """Whether `x` is a single tensor, and the tuple of tensors."""
    single = not isinstance(x, tuple)
    tensors = (x,) if single else x
    for i, t in enumerate(tensors):
        if not isinstance(t, TensorBase):
            place = f"given {what}" if single else f"value at index {i}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the {place} has type "
                f"{type(t)}."
            )
    return single, tensors


def _fresh(tensors: Sequence[Tensor], create_graph: bool, requires_grad: bool) -> list:
    """Tensors of our own, so that those which the function knows from elsewhere are not differentiated."""
    return [
        t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_(requires_grad) for t in tensors
    ]


def _outputs(func: Callable, inputs: Sequence[Tensor], name: str, strict: bool) -> tuple[bool, tuple]:
    single, outputs = _tensors(func(*inputs), "outputs of the user-provided function", name)
    _depends(outputs, strict, "Output {} of the user-provided function does not require gradients. The outputs must be "
             "computed in a differentiable manner from the input when running in strict mode.")  # fmt: skip
    return single, outputs


def _scalar(func: Callable, inputs: Sequence[Tensor], name: str, strict: bool) -> tuple[bool, tuple]:
    single, outputs = _outputs(func, inputs, name, strict)
    if not single:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return single, outputs


def _vector(v, like: Sequence[Tensor], single: bool, name: str, create_graph: bool) -> list:
    """The vector v, checked against the tensors that it has to be like."""
    _, v = _tensors(v, "v", name)
    v = _fresh(v, create_graph, False)
    if len(v) != len(like):
        raise RuntimeError("The given v should contain a single Tensor." if single else
                           f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")  # fmt: skip
    for i, (part, t) in enumerate(zip(v, like)):
        if part.shape != t.shape:
            entry = "" if single else f"Entry {i} in "
            raise RuntimeError(f"{entry}v has invalid size: should be {t.shape} but got {part.shape}.")
    return v


def _direction(v, inputs: Sequence[Tensor], single: bool, name: str, create_graph: bool) -> list | None:
    """A vector like the inputs; for a single number it may be left out."""
    if v is not None:
        return _vector(v, inputs, single, name, create_graph)
    if len(inputs) != 1 or inputs[0].numel() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single "
            "element."
        )
    return None


def _grad(outputs: Sequence, inputs: Sequence[Tensor], v: Sequence | None, create_graph: bool,
          retain_graph: bool | None = None) -> Sequence:  # fmt: skip
    """`grad` that lets outputs pass which are None or constant."""
    pairs = [(y, g) for y, g in zip(outputs, v or [None] * len(outputs)) if y is not None and y.requires_grad]
    if not pairs:
        return [None] * len(inputs)
    outputs, v = zip(*pairs)
    return grad(outputs, inputs, v, retain_graph, create_graph, allow_unused=True)


def _depends(tensors: Sequence, strict: bool, flat: str, unused: str = "{}") -> None:
    """In strict mode, refuse what is None (`unused`) or constant (`flat`)."""
    for i, t in enumerate(tensors if strict else ()):
        if t is None or not t.requires_grad:
            message = (unused if t is None else flat).format(i)
            rest = "" if "strict mode" in message else " This is not allowed in strict mode."
            raise RuntimeError(message + rest)


def _filled(found: Sequence, like: Sequence[Tensor], strict: bool, create_graph: bool, kind: str, unused: str,
            why: str = "") -> list:  # fmt: skip
    """Zeros in place of None; in strict mode an error, as for what is constant but should be differentiable."""
    for i, g in enumerate(found if strict else ()):
        if g is None:
            raise RuntimeError(f"{unused.format(i)} This is not allowed in strict mode{why}.")
        if create_graph and not g.requires_grad:
            raise RuntimeError(
                f"The {kind} of the user-provided function is independent of input {i}. This is not allowed in strict "
                "mode when create_graph=True."
            )
    return [zeros_like(t) if g is None else g for g, t in zip(found, like)]


def _given(tensors: Sequence[Tensor], create_graph: bool, single: bool):
    """What the caller gets: without history unless it was asked for, and in a tuple only if there was one."""
    result = tuple(t if create_graph else t.detach() for t in tensors)
    return result[0] if single else result


def _reverse_mode(strategy: str, name: str, what: str) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    if strategy == "forward-mode":
        raise NotImplementedError(
            f"torch.autograd.functional.{name}: learntorch differentiates backward only; leave "
            f'strategy="reverse-mode", which gives the same {what}.'
        )
