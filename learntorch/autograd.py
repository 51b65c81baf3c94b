"""Differentiation as a library: `grad`, `Function`, `gradcheck`, and the old name `Variable`.

Read in chapter 03.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .base import TensorBase, tick, twin, wrap
from .graph import FREED, NO_EDGE, Node, edge_of, fit, modified, run_backward
from .methods.history import backward as _backward
from .methods.history import roots
from .modes import enable_grad, grad_mode, is_grad_enabled, no_grad, set_grad_enabled
from .tensor import Tensor

__all__ = ["Function", "Variable", "backward", "enable_grad", "grad", "gradcheck", "is_grad_enabled", "no_grad",
           "set_grad_enabled"]  # fmt: skip


def _sequence(x) -> list:
    return [x] if isinstance(x, TensorBase) else list(x)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph: bool = False, inputs=None) -> None:
    """Add the gradients of `tensors` to `.grad` of the leaves that they came from."""
    _backward(_sequence(tensors), None if grad_tensors is None else _sequence(grad_tensors), retain_graph,
              create_graph, inputs)  # fmt: skip


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool | None = None, create_graph: bool = False,
         allow_unused: bool | None = None, materialize_grads: bool = False) -> tuple:  # fmt: skip
    """The gradients of `outputs` with respect to `inputs`; `.grad` of the leaves is left alone.

    Raises:
        RuntimeError: "The differentiated Tensor at index 0 appears to not have been used in the graph. …"
    """
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    if retain_graph is None:
        retain_graph = create_graph
    for t in inputs:
        if not t.requires_grad:
            raise RuntimeError(
                "One of the differentiated Tensors does not require grad. Create it with requires_grad=True."
            )
    given = None if grad_outputs is None else _sequence(grad_outputs)
    edges = [edge_of(t) for t in inputs]
    found = run_backward(roots(outputs, given, create_graph), create_graph=create_graph, retain_graph=retain_graph,
                         wanted=set(edges), accumulate=False)  # fmt: skip
    results = []
    for i, (t, edge) in enumerate(zip(inputs, edges)):
        g = found.get(edge)
        if g is None:
            if materialize_grads:
                g = np.zeros_like(t._array)
            elif not allow_unused:
                raise RuntimeError(
                    f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior."
                )
        results.append(g if g is None or isinstance(g, TensorBase) else wrap(g))
    return tuple(results)


class Variable(Tensor):
    """The old name for a tensor that takes part in differentiation. Today every Tensor can.

    >>> Variable(wrap(np.ones(2)), requires_grad=True)
    tensor([1., 1.], dtype=torch.float64, requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Tensor:
        if not isinstance(data, TensorBase):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(data).__name__}. Wrap it in torch.tensor."
            )
        return data.detach().requires_grad_(requires_grad)


# An operation of one's own ───────────────────────────────────────────────────────────────────────


class FunctionNode(Node):
    """The node of a `Function`, which is also the `ctx` that its forward and backward are given."""

    function: type
    outputs = 1

    def __init__(self) -> None:
        self.number = 0
        self.next_functions, self.saved, self.like, self.hooks = (), (), None, None
        self._to_save: tuple = ()
        self.needs_input_grad: tuple = ()
        self._not_differentiable: set[int] = set()
        self._dirty: set[int] = set()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors for the backward pass; they are checked for in-place writes there."""
        self._to_save = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say of outputs that they have no gradient."""
        self._not_differentiable = {id(t) for t in tensors}

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say of inputs that forward has written to them."""
        self._dirty = {id(t) for t in tensors}

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (True) or None for outputs that were not used."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple:
        """What `save_for_backward` kept."""
        if self.saved is None:
            raise RuntimeError(FREED)
        found = []
        for t, output in self.saved:
            if t is not None and t._stamp is not None and t._stamp.last > self.number:
                raise RuntimeError(modified(t, self.number))
            if output is not None:
                t = twin(t)
                t._requires_grad, t._edge = True, (self, output)
            found.append(t)
        return tuple(found)

    def finish(self, inputs: tuple, results: tuple) -> tuple:
        """Wire the results of forward to this node."""
        outs = []
        for t in results:
            if isinstance(t, TensorBase) and any(t is x for x in inputs) and id(t) not in self._dirty:
                t = t.detach()
            outs.append(t)
        at = {id(t): i for i, t in enumerate(results) if isinstance(t, TensorBase)}
        inputs_ids = {id(x) for x in inputs}
        self.saved = tuple(
            (t, None) if t is None or id(t) not in at or id(t) in inputs_ids else (twin(t), at[id(t)])
            for t in self._to_save
        )
        self._to_save = ()
        self.outputs = len(results)
        self._shapes = [t._array if isinstance(t, TensorBase) else None for t in outs]
        self._shapes = [None if a is None else (a.shape, a.dtype) for a in self._shapes]
        self.next_functions = tuple(
            edge_of(x) if x.requires_grad else NO_EDGE for x in inputs if isinstance(x, TensorBase)
        )
        self.like = tuple((x._array.shape, x._array.dtype) for x in inputs if isinstance(x, TensorBase))
        self._tensor_at = tuple(isinstance(x, TensorBase) for x in inputs)
        self.number = tick()
        for i, (t, original) in enumerate(zip(outs, results)):
            if (
                isinstance(t, TensorBase)
                and t._array.dtype.kind == "f"
                and id(original) not in self._not_differentiable
            ):
                t._requires_grad, t._edge = True, (self, i)
        return tuple(outs)

    def apply(self, g, create: bool) -> Sequence:
        received = list(g) if self.outputs > 1 else [g]
        for i, gi in enumerate(received):
            if gi is None and self._materialize and self._shapes[i] is not None:
                gi = np.zeros(*self._shapes[i])
                received[i] = wrap(gi) if create else gi
        tensors = [t if t is None or create else wrap(t) for t in received]
        result = self.function.backward(self, *tensors)
        result = list(result) if isinstance(result, (tuple, list)) else [result]
        if len(result) > len(self._tensor_at) and all(r is None for r in result[len(self._tensor_at) :]):
            result = result[: len(self._tensor_at)]
        if len(result) != len(self._tensor_at):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{len(self._tensor_at)}, got {len(result)}). Return one for every argument of forward; None will do "
                "for what has no gradient."
            )
        kept = [r for r, is_tensor in zip(result, self._tensor_at) if is_tensor]
        return [self._checked(i, r, create) for i, r in enumerate(kept)]

    def _checked(self, i: int, g: Tensor | None, create: bool):
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


class Function:
    """An operation with a backward of its own.

    Subclass it with static methods `forward(ctx, …)` and `backward(ctx, *gradients)`; call `apply`.
    """

    _node: type[FunctionNode]

    def __init_subclass__(cls) -> None:
        cls._node = type(f"{cls.__name__}Backward", (FunctionNode,), {"function": cls, "__module__": cls.__module__})

    @staticmethod
    def forward(ctx, *args, **kwargs):
        """Compute the result. What backward will need goes through `ctx.save_for_backward`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """With this method defined, `forward` takes no ctx, and what is to be saved is saved here."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """From the gradients of the outputs, the gradient of every argument of forward."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    @classmethod
    def apply(cls, *args, **kwargs):
        """Run forward and record it."""
        node = cls._node()
        node.needs_input_grad = tuple(isinstance(x, TensorBase) and x.requires_grad for x in args)
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(node, args, result)
            else:
                result = cls.forward(node, *args, **kwargs)
        several = isinstance(result, (tuple, list))
        if not (grad_mode.enabled and any(node.needs_input_grad)):
            return result
        outs = node.finish(args, tuple(result) if several else (result,))
        return outs if several else outs[0]


# Checking a gradient against differences ─────────────────────────────────────────────────────────


def numeric_jacobian(fn: Callable[[], np.ndarray], x: np.ndarray, eps: float) -> np.ndarray:
    """∂fn/∂x by central differences, one column per element of x; x is changed in place and restored."""
    columns = []
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + eps
        above = fn()
        x[i] = here - eps
        below = fn()
        x[i] = here
        columns.append((above - below).reshape(-1) / (2 * eps))
    return np.stack(columns, 1) if columns else np.zeros((fn().size, 0))


def gradcheck(func: Callable, inputs, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True) -> bool:  # fmt: skip
    """Compare the gradients of `func` with central differences. Use float64 inputs.

    Raises:
        RuntimeError: "Jacobian mismatch for output 0 with respect to input 0, …"
    """
    inputs = tuple(_sequence(inputs))
    checked = [(i, x) for i, x in enumerate(inputs) if isinstance(x, TensorBase) and x.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    outputs = func(*inputs)
    outputs = [y for y in _sequence(outputs) if isinstance(y, TensorBase) and y.requires_grad]
    for n, y in enumerate(outputs):
        for i, x in checked:

            def value(n=n):
                with no_grad():
                    result = _sequence(func(*inputs))
                return np.array([t for t in result if t.is_floating_point()][n]._array)

            expected = numeric_jacobian(value, x.data._array, eps)
            rows = []
            for j in range(y.numel()):
                seed = np.zeros(y.numel(), y._array.dtype)
                seed[j] = 1
                (g,) = grad(y, x, wrap(seed.reshape(y.shape)), retain_graph=True, allow_unused=True)
                rows.append(np.zeros(x.numel()) if g is None else g._array.reshape(-1))
            found = np.stack(rows) if rows else np.zeros((0, x.numel()))
            if not np.allclose(found, expected, rtol, atol):
                if not raise_exception:
                    return False
                raise RuntimeError(
                    f"Jacobian mismatch for output {n} with respect to input {i},\nnumerical:{expected}\n"
                    f"analytical:{found}\n"
                )
    return True


def gradgradcheck(func: Callable, inputs, grad_outputs=None, *, eps: float = 1e-6, atol: float = 1e-5,
                  rtol: float = 1e-3, raise_exception: bool = True) -> bool:  # fmt: skip
    """Compare the second derivatives of `func` with central differences of the first ones."""
    inputs = tuple(_sequence(inputs))
    outputs = _sequence(func(*inputs))
    if grad_outputs is None:
        generator = np.random.default_rng(0)
        grad_outputs = [wrap(generator.normal(size=y.shape)).requires_grad_() for y in outputs if y.requires_grad]
    upstream = tuple(_sequence(grad_outputs))

    def first(*both):
        xs, gs = both[: len(inputs)], both[len(inputs) :]
        ys = [y for y in _sequence(func(*xs)) if y.requires_grad]
        wanted = [x for x in xs if isinstance(x, TensorBase) and x.requires_grad]
        with enable_grad():
            return grad(ys, wanted, gs, create_graph=True, allow_unused=True, materialize_grads=True)

    return _check_under_grad(first, (*inputs, *upstream), eps, atol, rtol, raise_exception)


def _check_under_grad(func, inputs, eps, atol, rtol, raise_exception) -> bool:
    """gradcheck for a function that needs recording even while values are compared."""

    def recorded(*args):
        with enable_grad():
            return func(*args)

    return gradcheck(recorded, inputs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception)
