"""Methods for differentiation: whether a tensor is recorded, its gradient, the walk backward, hooks.

Read in chapter 03.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from .. import devices
from ..base import INFERENCE, DetachedStamp, Stamp, TensorBase, memory, wrap
from ..errors import argument_error, c_name
from ..graph import run_backward
from ..hooks import RemovableHandle
from ..modes import grad_mode
from ..nodes import NO_EDGE, AccumulateGrad, edge_of, refresh


class HistoryMethods:
    __slots__ = ()

    @property
    def requires_grad(self) -> bool:
        """True if operations on this tensor are recorded."""
        base = self._base
        if self._edge is NO_EDGE:
            return base._requires_grad
        return self._requires_grad or (base is not None and base._requires_grad and self._array.dtype.kind == "f")

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        if value and self._array.dtype.kind != "f":
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients. Convert it first, for example "
                "with .float()."
            )
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True):
        """Switch recording on or off for a leaf.

        Raises:
            RuntimeError: "only Tensors of floating point dtype can require gradients"
        """
        if not isinstance(requires_grad, bool):
            raise argument_error("requires_grad_", "requires_grad", 1, "bool", requires_grad)
        if requires_grad and self._array.dtype.kind != "f":
            raise RuntimeError(
                "only Tensors of floating point dtype can require gradients. Convert it first, for "
                "example with .float()."
            )
        if not requires_grad and not self.is_leaf:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if requires_grad and self.is_inference() and not grad_mode.inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed. Make a clone() "
                "outside inference_mode first."
            )
        if self.is_leaf:
            self._requires_grad, self._edge = requires_grad, None
        return self

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made this tensor."""
        return self.grad_fn is None

    @property
    def grad_fn(self):
        """The node of the operation that made this tensor; None for a leaf."""
        if self._base is not None:
            refresh(self, True)
        return None if self._edge is None else self._edge[0]

    @property
    def output_nr(self) -> int:
        """Which output of its node this tensor is."""
        return 0 if self._edge is None else self._edge[1]

    @property
    def grad(self):
        """The gradient that backward() has added up; None before."""
        if self._grad is None and self._edge not in (None, NO_EDGE) and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor.",
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value) -> None:
        if value is not None:
            if not isinstance(value, TensorBase):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}. "
                    "Wrap it in torch.tensor."
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad. Give it a clone().")
            if value._array.dtype != self._array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{c_name(value._array)}' to a tensor with grad_dtype "
                    f"'{self.dtype.short}'. Convert it with .to(tensor.dtype)."
                )
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size "
                    f"'{list(self.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def backward(
        self, gradient=None, retain_graph: bool | None = None, create_graph: bool = False, inputs=None
    ) -> None:
        """Add the gradient of this tensor to `.grad` of every leaf that it came from.

        Raises:
            RuntimeError: "grad can be implicitly created only for scalar outputs"
        """
        several = gradient is not None and not isinstance(gradient, TensorBase)  # PyTorch takes a list of one, too
        backward([self], list(gradient) if several else [gradient], retain_graph, create_graph, inputs)

    def detach(self):
        """The same memory without the history."""
        memory(self)
        if self._stamp is None:
            self._stamp = Stamp()
        out = wrap(self._array)
        out._stamp = DetachedStamp() if self.is_inference() and not grad_mode.inference else self._stamp
        return out

    def detach_(self):
        """Forget the history, in place."""
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._edge, self._requires_grad = None, False
        return self

    @property
    def data(self):
        """The same memory without the history, and without the check for writes. Use `detach()` in new code."""
        out = wrap(memory(self))
        if self.is_inference():
            out._stamp = INFERENCE if grad_mode.inference else DetachedStamp()
        else:
            out._stamp = None
        return out

    @data.setter
    def data(self, value: TensorBase) -> None:
        if not isinstance(value, TensorBase):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(value).__name__}. Wrap it in torch.tensor."
            )
        if self._requires_grad and value._array.dtype.kind != "f":
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex dtype. Convert it with "
                ".float()."
            )
        self._array = memory(value)

    def _is_view(self) -> bool:
        return self._base is not None

    def is_inference(self) -> bool:
        """True for a tensor made in inference_mode, which no recording may save."""
        return self._stamp is not None and self._stamp.inference

    @property
    def _version(self) -> int:
        return 0 if self._stamp is None else self._stamp.version

    def register_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(gradient)` when the gradient of this tensor is known; it may return another."""
        if not self.requires_grad:
            raise RuntimeError(
                "cannot register a hook on a tensor that doesn't require gradient. Use requires_grad_() first."
            )
        node, number = edge_of(self)
        return node._own_hooks().add(number, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(tensor)` each time the gradient of this leaf has been added up."""
        if not self.requires_grad:
            raise RuntimeError(
                "cannot register a hook on a tensor that doesn't require gradient. Use requires_grad_() first."
            )
        if not self.is_leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return edge_of(self)[0]._own_hooks().add("accumulated", hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor too, although it is not a leaf."""
        if not self.requires_grad:
            raise RuntimeError(
                "can't retain_grad on Tensor that has requires_grad=False. Use requires_grad_() on a leaf first."
            )
        if not self.is_leaf:
            node, number = self._edge
            node._own_hooks().keep(number, self)

    @property
    def retains_grad(self) -> bool:
        """True if `retain_grad` was asked of this tensor."""
        node, number = self._edge or NO_EDGE
        return node is not None and node.hooks is not None and node.hooks.keeps(number)


def backward(tensors: list, gradients: list, retain_graph=None, create_graph=False, inputs=None) -> None:
    """Send gradients from `tensors` back to the leaves (or to `inputs` alone) and add them to `.grad`."""
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid "
            "this. If you have to use this function, make sure to reset the .grad fields of your parameters to None "
            "after use to break the cycle and avoid the leak.",
            stacklevel=3,
        )
    wanted = None
    start = roots(tensors, gradients, create_graph, may_share=inputs is None)
    if inputs is not None:
        inputs = chosen("backward", inputs)
        for t in inputs:
            t.retain_grad()
        wanted = {edge_of(t) for t in inputs}
    retain_graph = create_graph if retain_graph is None else retain_graph
    run_backward(start, create_graph=create_graph, retain_graph=retain_graph, wanted=wanted)


def chosen(function: str, inputs) -> list:
    """The argument `inputs` of `backward` and `grad`: one tensor, several, or a dict of them."""
    if isinstance(inputs, dict):
        inputs = inputs.values()
    inputs = [inputs] if isinstance(inputs, TensorBase) else list(inputs)
    if not inputs:
        raise RuntimeError(f"`inputs` argument to `{function}()` cannot be empty. Name at least one tensor.")
    for t in inputs:
        if not isinstance(t, TensorBase):
            raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(t).__name__}.")
    return inputs


def roots(tensors: list, gradients: list, create_graph: bool, may_share: bool = False) -> list:
    """Pairs of edge and gradient to start from, a copy: it may become the `.grad` of a leaf.

    With `may_share` a gradient that starts at an operation is not copied: no formula writes into what it is given.
    """
    pairs = starts(tensors, gradients)
    if create_graph:
        return pairs
    return [
        (edge, g._array if may_share and type(edge[0]) is not AccumulateGrad else g._array.copy()) for edge, g in pairs
    ]


def starts(tensors: list, gradients: list) -> list:
    """Pairs of edge and gradient, as a tensor; a scalar starts with 1."""
    given = [_gradient_of(i, t, g) for i, (t, g) in enumerate(zip(tensors, gradients))]
    if len(gradients) < len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(gradients)} gradients. Give one for each, or None.")
    edges = [edge_of(t) for t in tensors]
    for i, edge in enumerate(edges):
        if edge[0] is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn. Some tensor that it was "
                "made from must have requires_grad=True."
            )
    return list(zip(edges, given))


def _gradient_of(i: int, t, g):
    """The gradient to start from at `t`, checked: the one given, or 1 for a scalar."""
    if not isinstance(t, TensorBase):
        raise AssertionError(f"Expected output to be a torch.Tensor. Output {i} is of type {type(t).__name__}.")
    if g is None:
        array = t._array
        if array.size != 1 and t.requires_grad:
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs. Reduce the tensor first, for example "
                "with .sum(), or give backward() a gradient of its shape."
            )
        if isinstance(array, np.generic):
            return wrap(array.dtype.type(1))
        return wrap(devices.array_module(array).ones(array.shape, array.dtype))
    if not isinstance(g, TensorBase):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(g).__name__}. Wrap it in torch.tensor."
        )
    if g._array.shape != t._array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a shape of {t.shape}. "
            "The gradient has one number for each of the tensor's."
        )
    return g if g._array.dtype == t._array.dtype else g.to(t.dtype)
