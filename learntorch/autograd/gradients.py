"""`grad` gives gradients back, `backward` puts them into the leaves.

Read in chapter 03.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from ..base import TensorBase, memory, wrap
from ..graph import run_backward
from ..joining import stack
from ..methods.history import backward as _backward
from ..methods.history import chosen, starts
from ..modes import no_grad
from ..nodes import address, edge_of
from ..tensor import Tensor

__all__ = ["backward", "grad"]


def sequence(x) -> list:
    """One tensor, or several, as a list."""
    return [x] if isinstance(x, TensorBase) else list(x)


def backward(tensors, grad_tensors=None, retain_graph: bool | None = None, create_graph: bool = False,
             grad_variables=None, inputs=None) -> None:  # fmt: skip
    """Add the gradients of `tensors` to `.grad` of the leaves that they came from."""
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    tensors = sequence(tensors)
    given = [None] * len(tensors) if grad_tensors is None else sequence(grad_tensors)
    _backward(tensors, given, retain_graph, create_graph, inputs)


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool | None = None, create_graph: bool = False,
         only_inputs: bool = True, allow_unused: bool | None = None, is_grads_batched: bool = False,
         materialize_grads: bool = False) -> tuple | dict:  # fmt: skip
    """The gradients of `outputs` with respect to `inputs`; `.grad` of the leaves is left alone.

    `grad_outputs` are the gradients to start from, in the shapes of the outputs; with `is_grads_batched` each
    holds many of them along a first dimension more, and so do the results. `inputs` may be a dict.

    Raises:
        RuntimeError: "The differentiated Tensor at index 0 appears to not have been used in the graph. …"
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if isinstance(inputs, dict):
        found = grad(outputs, list(inputs.values()), grad_outputs, retain_graph, create_graph, True, allow_unused,
                     is_grads_batched, materialize_grads)  # fmt: skip
        return dict(zip(inputs, found, strict=True))
    outputs, inputs = sequence(outputs), chosen("grad", inputs)
    retain_graph = create_graph if retain_graph is None else retain_graph
    given = [None] * len(outputs) if grad_outputs is None else sequence(grad_outputs)
    if is_grads_batched:
        found = _batched(outputs, inputs, given, retain_graph, create_graph)
    else:
        found = _gradients(outputs, inputs, given, retain_graph, create_graph)
    for i, g in enumerate(found):
        if g is None and materialize_grads:
            found[i] = wrap(np.zeros_like(inputs[i]._array)).requires_grad_(create_graph)
        elif g is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
    return tuple(found)


def _gradients(outputs: list, inputs: list, given: list, retain_graph: bool, create_graph: bool) -> list:
    """One walk backward; None for an input that it does not come to."""
    start = starts(outputs, given)
    for t in inputs:
        if not t.requires_grad:
            raise RuntimeError(
                "One of the differentiated Tensors does not require grad. Create it with requires_grad=True."
            )
    edges = [edge_of(t) for t in inputs]
    passed_on = [g for (_, g), own in zip(start, given) if own is not None]
    if not create_graph:
        start = [(edge, memory(g)) for edge, g in start]
    found = run_backward(start, create_graph=create_graph, retain_graph=retain_graph, wanted=set(edges),
                         accumulate=False)  # fmt: skip
    gradients = [found.get(edge) for edge in edges]
    tensors = {id(g): g if g is None or create_graph else _tensor(g, passed_on) for g in gradients}
    return [tensors[id(g)] for g in gradients]  # an input named twice has one gradient


def _tensor(g, given: list) -> Tensor:
    """The tensor of a gradient: one that was given, where the walk only passed it on, or a view of it, or a new one."""
    for own in given:
        if own._array is g:
            return own
        if isinstance(g, np.ndarray) and g.size and np.may_share_memory(own._array, g):
            steps = [step // g.itemsize for step in g.strides]
            first = (address(g) - address(own._array)) // g.itemsize
            with no_grad():
                return own.as_strided(g.shape, steps, own.storage_offset() + first)
    return wrap(g)


def _batched(outputs: list, inputs: list, given: Sequence[Tensor], retain_graph: bool, create_graph: bool) -> list:
    """A walk for each entry of the batch, and the gradients stacked."""
    rows = []
    for i in reversed(range(next(len(g) for g in given if g is not None))):
        parts = [g if g is None else g[i] for g in given]
        rows.insert(0, _gradients(outputs, inputs, parts, retain_graph or i > 0, create_graph))
    return [None if column[0] is None else stack(column) for column in zip(*rows, strict=True)]
