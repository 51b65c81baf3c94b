"""`Function`: an operation with a backward of one's own. Its `ctx` is the node of the graph.

Read in chapter 03.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import wraps

import numpy as np

from ..base import Stamp, TensorBase, memory, tick, twin, wrap
from ..modes import grad_mode, no_grad, rare
from ..nodes import CUSTOM, FREED, NO_EDGE, Node, edge_of, fit, modified, watch
from ..tensor import Tensor
from ..writing import check_writable, rebase

__all__ = ["Function", "once_differentiable"]


class FunctionNode(Node):
    """The node of a `Function`, which is also the `ctx` that its forward and backward are given."""

    function: type[Function]

    def __init__(self, args: tuple) -> None:
        self.number = 0
        self.saved, self.like, self.hooks = (), None, None
        self.needs_input_grad = tuple(isinstance(x, TensorBase) and x.requires_grad for x in args)
        self.is_tensor = tuple(isinstance(x, TensorBase) for x in args)
        tensors = [x for x in args if isinstance(x, TensorBase)]
        self.next_functions = tuple(edge_of(x) if x.requires_grad else NO_EDGE for x in tensors)
        self.to_save = self.dirty_tensors = self.non_differentiable = ()
        self.materialize_grads = True

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors for the backward pass; they are checked for in-place writes there."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor) -> None:
        """Keep tensors for forward-mode differentiation, which learntorch does not have: nothing happens."""

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say of outputs that they have no gradient."""
        self.non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say of inputs that forward has written to them. They must be outputs, too."""
        self.dirty_tensors = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (True) or None for outputs that were not used."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple:
        """What `save_for_backward` kept."""
        if self.saved is None:
            raise RuntimeError(FREED)
        found = []
        for t, output in self.saved:
            if t is not None and t._stamp is not None and t._stamp.last > self.number:
                raise RuntimeError(modified(t, self.number, None if output is None else (self, output)))
            if output is not None:
                t = twin(t)
                t._requires_grad, t._edge = True, (self, output)
            found.append(t)
        return tuple(found)

    # After forward: the outputs get this node as their history

    def finish(self, inputs: tuple, results: tuple) -> tuple:
        """Wire the results of forward to this node."""
        self._check_marks()
        dirty, constant = ids(self.dirty_tensors), ids(self.non_differentiable)
        if not dirty <= ids(results):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                "are modified inplace must all be outputs of the Function."
            )
        given = ids(x for x in inputs if isinstance(x, TensorBase))
        places = {id(t): i for i, t in enumerate(results)}
        self.outputs = len(results)
        self.like = [(x._array.shape, x._array.dtype) for x in inputs if isinstance(x, TensorBase)]
        self.out_like = [(t._array.shape, t._array.dtype) if isinstance(t, TensorBase) else None for t in results]
        self.number = tick()
        made: dict[int, object] = {}
        for i, t in enumerate(results):
            if isinstance(t, TensorBase) and id(t) not in constant and t._array.dtype.kind == "f":
                made[id(t)] = self._output(t, i, id(t) in dirty, id(t) in given)
            elif isinstance(t, TensorBase) and id(t) in given:
                made[id(t)] = t.detach()
        self.saved = tuple(
            (t, None) if t is None or id(t) not in made or (id(t) in given and id(t) not in dirty)
            else (twin(t), places[id(t)]) for t in self.to_save
        )  # fmt: skip
        self.to_save = self.dirty_tensors = self.non_differentiable = ()
        if rare.watching:
            watch(self)
        return tuple(made.get(id(t), t) for t in results)

    def _output(self, t: TensorBase, i: int, dirty: bool, given: bool) -> TensorBase:
        """The output `t` of forward with this node as its history."""
        if dirty:
            if t.requires_grad and t.is_leaf:
                raise RuntimeError(
                    "a leaf Variable that requires grad has been used in an in-place operation. Give apply() a clone()."
                )
            check_writable(t, ())
            if t._stamp is None:
                t._stamp = Stamp()
            t._stamp.write()
            self.number = tick()
            rebase(t, self, i)
            return t
        if given or t._base is not None:  # an input as it is, or a view of one: no recorded write may come through
            base = t if t._base is None else t._base
            twin(t)  # from now on its writes are counted
            out = wrap(memory(t))
            out._base, out._stamp, out._origin = base, t._stamp, CUSTOM
            t = out
            t._seen = t._stamp.last
        t._requires_grad, t._edge = True, (self, i)
        return t

    def _check_marks(self) -> None:
        for i, t in enumerate(self.to_save):
            if t is not None and not isinstance(t, TensorBase):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(t).__name__}. Set "
                    "an attribute of ctx instead."
                )
        for t in (*self.dirty_tensors, *self.non_differentiable):
            if not isinstance(t, TensorBase):
                mark = "mark_dirty can only accept variables" if t in self.dirty_tensors else (
                    "mark_non_differentiable only accepts variable arguments")  # fmt: skip
                raise RuntimeError(f"{mark}, but got {type(t).__name__}. Give it tensors only.")

    # In the backward pass

    def apply(self, g, create: bool, alive: set | None = None) -> Sequence:
        received = list(g) if self.outputs > 1 else [g]
        for i, gi in enumerate(received):
            if gi is None and self.materialize_grads and self.out_like[i] is not None:
                gi = np.zeros(*self.out_like[i])
                received[i] = wrap(gi) if create else gi
        tensors = [t if t is None or create else wrap(t) for t in received]
        result = self.function._backward()(self, *tensors)
        result = list(result) if isinstance(result, tuple) else [result]
        expected = len(self.is_tensor)
        if len(result) > expected and all(r is None for r in result[expected:]):
            result = result[:expected]
        if len(result) != expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                f"{len(result)}). Return a tuple with one for every argument of forward; None will do for what has no "
                "gradient."
            )
        for i, (r, is_tensor) in enumerate(zip(result, self.is_tensor)):
            if r is not None and not is_tensor:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {i + 1}, but the "
                    "corresponding forward input was not a Variable. Return None there."
                )
        kept = [r for r, is_tensor in zip(result, self.is_tensor) if is_tensor]
        return [self._checked(i, r, create) for i, r in enumerate(kept)]

    def _checked(self, i: int, g: Tensor | None, create: bool):
        """A gradient that backward returned, in the shape and type of its input."""
        if g is not None and not isinstance(g, TensorBase):
            raise RuntimeError(f"expected Variable or None (got {type(g).__name__}). Wrap it in torch.tensor.")
        if g is None or self.next_functions[i][0] is None:
            return None
        shape, dtype = self.like[i]
        try:
            fits = np.broadcast_shapes(g._array.shape, shape) == g._array.shape
        except ValueError:
            fits = False
        if not fits:
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {i} - got {list(g.shape)} but "
                f"expected shape compatible with {list(shape)}"
            )
        g = fit(g, shape, dtype) if create else fit(g._array, shape, dtype)
        return g if create else g.copy()  # it may be a saved tensor

    def release(self) -> None:
        if self.saved:
            self.saved = None


def ids(objects) -> set[int]:
    """Who they are, whatever they are equal to."""
    return {id(t) for t in objects}


class Function:
    """An operation with a backward of its own.

    Subclass it with static methods `forward(ctx, …)` and `backward(ctx, *gradients)`; call `apply`.
    """

    _node: type[FunctionNode]

    def __init_subclass__(cls) -> None:
        cls._node = type(f"{cls.__name__}Backward", (FunctionNode,), {"function": cls, "__module__": cls.__module__})

    def __init__(self, *args, **kwargs) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method: call apply(…) on the class."
        )

    @staticmethod
    def forward(*args, **kwargs):
        """Compute the result. What backward will need goes through `ctx.save_for_backward`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """With this method defined, `forward` takes no ctx, and what is to be saved is saved here."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """From the gradients of the outputs, the gradient of every argument of forward. Also called `vjp`."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @classmethod
    def _backward(cls) -> Callable:
        own, other = cls.backward is not Function.backward, cls.vjp is not Function.vjp
        if own and other:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return cls.vjp if other else cls.backward

    @classmethod
    def apply(cls, *args, **kwargs):
        """Run forward and record it."""
        separate = cls.setup_context is not Function.setup_context
        if separate:
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        node = cls._node(args)
        records = grad_mode.enabled and any(node.needs_input_grad)
        with no_grad():
            if separate:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(node, args, result)
            else:
                result = cls.forward(node, *args, **kwargs)
        if not records:
            return _unrecorded(result, args, node.dirty_tensors)
        if not isinstance(result, tuple):
            return node.finish(args, (result,))[0]
        return node.finish(args, result)


def _unrecorded(result, args: tuple, dirty: tuple):
    """The result of forward where nothing is recorded. An input comes back as a tensor of its own, as always."""
    if isinstance(result, tuple):
        return tuple(_unrecorded(t, args, dirty) for t in result)
    given = isinstance(result, TensorBase) and id(result) in ids(args)
    return result.view_as(result) if given and id(result) not in ids(dirty) else result


class _Twice(Function):
    """Lets gradients through, and refuses when they are to be differentiated."""

    @staticmethod
    def forward(ctx, *gradients):
        return tuple(g.clone() for g in gradients)

    @staticmethod
    def backward(ctx, *gradients):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


_Twice._node = type("Error", (FunctionNode,), {"function": _Twice, "prefix": "torch::autograd::"})


def once_differentiable(backward: Callable) -> Callable:
    """Mark a `backward` that computes with more than recorded operations: it cannot be differentiated again."""

    @wraps(backward)
    def inside(ctx, *gradients):
        with no_grad():
            found = backward(ctx, *gradients)
        if not (grad_mode.enabled and any(isinstance(g, TensorBase) and g.requires_grad for g in gradients)):
            return found
        several = found if isinstance(found, tuple) else (found,)
        known = iter(_Twice.apply(*(g.detach().requires_grad_() for g in several if g is not None)))
        result = tuple(g if g is None else next(known) for g in several)
        return result if isinstance(found, tuple) else result[0]

    return inside
