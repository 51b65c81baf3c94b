"""Methods for differentiation: whether a tensor is recorded, its gradient, the walk backward, hooks.

Read in chapter 03.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from .. import devices
from ..base import Stamp, TensorBase, memory, wrap
from ..graph import edge_of, refresh, run_backward
from ..hooks import Hooks, RemovableHandle


class HistoryMethods:
    __slots__ = ()

    @property
    def requires_grad(self) -> bool:
        """True if operations on this tensor are recorded."""
        if self._base is not None:
            refresh(self)
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True):
        """Switch recording on or off for a leaf.

        Raises:
            RuntimeError: "only Tensors of floating point dtype can require gradients"
        """
        if requires_grad and self._array.dtype.kind != "f":
            raise RuntimeError(
                "only Tensors of floating point dtype can require gradients. Convert it first, for "
                "example with .float()."
            )
        if not requires_grad and self._edge is not None:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        self._requires_grad = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made this tensor."""
        return self.grad_fn is None

    @property
    def grad_fn(self):
        """The node of the operation that made this tensor; None for a leaf."""
        if self._base is not None:
            refresh(self)
        return None if self._edge is None else self._edge[0]

    @property
    def output_nr(self) -> int:
        """Which output of its node this tensor is."""
        return 0 if self._edge is None else self._edge[1]

    @property
    def grad(self):
        """The gradient that backward() has added up; None before."""
        if self._grad is None and self._edge is not None and not self.retains_grad:
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
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: {list(value.shape)} against {list(self.shape)}"
                )
            if value._array.dtype != self._array.dtype:
                raise RuntimeError("assigned grad has data of a different type. Convert it with .to(tensor.dtype).")
        self._grad = value

    def backward(
        self, gradient=None, retain_graph: bool | None = None, create_graph: bool = False, inputs=None
    ) -> None:
        """Add the gradient of this tensor to `.grad` of every leaf that it came from.

        Raises:
            RuntimeError: "grad can be implicitly created only for scalar outputs"
        """
        backward([self], [gradient], retain_graph, create_graph, inputs)

    def detach(self):
        """The same memory without the history."""
        memory(self)
        if self._stamp is None:
            self._stamp = Stamp()
        out = wrap(self._array)
        out._stamp = self._stamp
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
        return wrap(memory(self))

    @data.setter
    def data(self, value: TensorBase) -> None:
        self._array = value._array

    @property
    def _version(self) -> int:
        return 0 if self._stamp is None else self._stamp.version

    def register_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(gradient)` when the gradient of this tensor is known; it may return another."""
        if not self.requires_grad:
            raise RuntimeError(
                "cannot register a hook on a tensor that doesn't require gradient. Use requires_grad_() first."
            )
        if self._edge is None:
            if getattr(self, "_hooks", None) is None:
                self._hooks = Hooks()
            return self._hooks.add(0, hook)
        node, number = self._edge
        return node._own_hooks().add(number, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(tensor)` each time the gradient of this leaf has been added up."""
        if not self.is_leaf or not self._requires_grad:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if getattr(self, "_hooks", None) is None:
            self._hooks = Hooks()
        return self._hooks.add("accumulated", hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor too, although it is not a leaf."""
        if not self.requires_grad:
            raise RuntimeError(
                "can't retain_grad on Tensor that has requires_grad=False. Use requires_grad_() on a leaf first."
            )
        if self._edge is not None:
            node, number = self._edge
            node._own_hooks().keep(number, self)

    @property
    def retains_grad(self) -> bool:
        """True if `retain_grad` was asked of this tensor."""
        if self._edge is None or self._edge[0].hooks is None:
            return False
        return self._edge[0].hooks.keeps(self._edge[1])


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None) -> None:
    """Send gradients from `tensors` back to the leaves (or to `inputs` alone) and add them to `.grad`."""
    if retain_graph is None:
        retain_graph = create_graph
    wanted = None
    if inputs is not None:
        inputs = [inputs] if isinstance(inputs, TensorBase) else list(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty. Leave it out for all leaves.")
        wanted = {edge_of(t) for t in inputs}
    found = run_backward(roots(tensors, grad_tensors, create_graph), create_graph=create_graph,
                         retain_graph=retain_graph, wanted=wanted)  # fmt: skip
    for t in inputs or ():
        if t._edge is not None and edge_of(t) in found:
            g = found[edge_of(t)]
            g = g if create_graph else wrap(g)
            t._grad = g if t._grad is None else t._grad + g


def roots(tensors, gradients, create_graph: bool) -> list:
    """Pairs of edge and gradient to start from; a scalar starts with 1."""
    pairs = []
    for t, g in zip(tensors, gradients or [None] * len(tensors), strict=True):
        if not t.requires_grad:
            raise RuntimeError(
                "element 0 of tensors does not require grad and does not have a grad_fn. Some tensor that it was "
                "made from must have requires_grad=True."
            )
        if g is None:
            if t._array.size != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs. Reduce the tensor first, for example "
                    "with .sum(), or give backward() a gradient of its shape."
                )
            g = wrap(devices.array_module(t._array).ones_like(t._array))
        elif not isinstance(g, TensorBase):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(g).__name__}. Wrap it in torch.tensor."
            )
        elif g._array.shape != t._array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[0] has a shape of {g.shape} and output[0] has a shape of {t.shape}. "
                "The gradient has one number for each of the tensor's."
            )
        pairs.append((edge_of(t), g if create_graph else g._array.copy()))
    return pairs
