"""Adapters: the learner's pieces in the signatures that the package calls.

Read in no chapter. slots.py puts them in. An adapter hands its piece what the exercise was about; what the exercise
left out, such as weight decay or an input of four dimensions, stays ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from ... import creation, functions
from ...base import Stamp, TensorBase, wrap
from ...devices import array_module
from ...dtypes import get_default_dtype, set_default_dtype
from ...errors import require
from ...methods.reading import borrowed, checked, writable
from ...modes import grad_mode, no_grad
from ...nn.layers import Linear
from ...nn.tree import Tree
from ...ops import activations, loss, reduction, shape
from ...ops.layout import arranged
from ...optim import SGD, Adam
from ...optim.optimizer import _observed, evaluate
from ...tensor import Size
from .trouble import EmptySlot

# Modules ─────────────────────────────────────────────────────────────────────────────────────────


def linear(piece: type, make: Callable = Linear.__init__, ours: Callable = Linear.forward) -> type:
    """A layer whose `__init__` takes a device and a dtype too, and whose `forward` takes rows in any arrangement."""

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        if not (isinstance(in_features, int) and isinstance(out_features, int) and in_features > 0):
            return make(self, in_features, out_features, bias, device, dtype)  # empty, or refused in PyTorch's words
        before = get_default_dtype()
        set_default_dtype(dtype or before)
        try:
            self._make(in_features, out_features, bias)
        finally:
            set_default_dtype(before)
        if device is not None:
            self.to(device)

    def forward(self, input):
        if not isinstance(input, TensorBase) or input.ndim < 2 or input.shape[-1] != self.in_features:
            return ours(self, input)  # no rows, or refused in PyTorch's words
        if input.ndim == 2:
            return self._compute(input)
        rows = self._compute(input.reshape(-1, self.in_features))
        return rows.reshape(*input.shape[:-1], self.out_features)

    methods = {key: value for key, value in vars(piece).items() if key not in ("__dict__", "__weakref__")}
    methods |= {"_make": methods["__init__"], "__init__": __init__}
    if "forward" in methods:  # a stand-in has nothing but an __init__ that refuses
        methods |= {"_compute": methods["forward"], "forward": forward}
    return type("Linear", (), methods)


def parameters(piece: Callable, ours: Callable = Tree.parameters) -> Callable:
    """`parameters` as a method, also for a module alone."""

    def parameters(self, recurse: bool = True) -> Iterator:
        return iter(piece(self)) if recurse else ours(self, recurse=False)

    return parameters


def mse_loss(piece: Callable, ours: Callable = loss.mse_loss.fn) -> Callable:
    """The value of the rule, from a function on tensors. Single losses, and what is empty, go to ours."""

    def mse_loss(x, target, *, reduction="mean"):
        if x.dtype.kind != "f" or not x.size or reduction == "none":
            return ours(x, target, reduction=reduction)
        xp = array_module(x)
        with _tensors_in_a_rule():
            found = piece(wrap(xp.asarray(x)), wrap(xp.asarray(target)), reduction)
        return xp.asarray(found._array, dtype=x.dtype)[()]

    return mse_loss


@contextmanager
def _tensors_in_a_rule() -> Iterator[None]:
    """Inside a rule everything is quiet already, and nothing is recorded; see Note [Quiet arithmetic]."""
    before = grad_mode.quietly
    grad_mode.quietly = lambda fn, *args, **options: fn(*args, **options)
    try:
        with no_grad():
            yield
    finally:
        grad_mode.quietly = before


# Optimizers ──────────────────────────────────────────────────────────────────────────────────────


def sgd(piece: Callable, ours: Callable = SGD.step) -> Callable:
    """`SGD.step` from the rule with momentum."""

    def move(p, state: dict, group: dict) -> None:
        if group["momentum"] and not state:
            state["momentum_buffer"] = wrap(np.zeros_like(p._array))
        v = state["momentum_buffer"] if group["momentum"] else wrap(np.zeros_like(p._array))
        piece(p, v, float(group["lr"]), group["momentum"])

    return _stepping(move, ours, ("dampening", "weight_decay", "nesterov", "maximize"))


def adam(piece: Callable, ours: Callable = Adam.step) -> Callable:
    """`Adam.step` from the rule. Its state has short names there, and PyTorch's names in the optimizer."""

    def move(p, state: dict, group: dict) -> None:
        short = {"t": int(state["step"]), "m": state["exp_avg"], "v": state["exp_avg_sq"]} if state else {}
        piece(p, short, float(group["lr"]), group["betas"], group["eps"])
        state["step"] = wrap(np.full((), short["t"], np.float32))
        state["exp_avg"], state["exp_avg_sq"] = short["m"].detach(), short["v"].detach()

    return _stepping(move, ours, ("weight_decay", "amsgrad", "maximize"))


def _stepping(move: Callable, ours: Callable, further: tuple[str, ...]) -> Callable:
    """A `step` that moves every parameter with a gradient; groups that set one of the `further` options are ours."""

    @np.errstate(all="ignore")
    def step(self, closure=None):
        value, groups = evaluate(closure), self.param_groups
        for group in groups:
            if any(group[option] for option in further):
                self.param_groups = [group]
                try:
                    ours.__wrapped__(self)
                finally:
                    self.param_groups = groups
                continue
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state.get(p, {})
                    version = p._version
                    move(p, state, group)
                    if p._version == version:  # written through `data`: a graph that saved the old numbers must notice
                        p._stamp = p._stamp or Stamp()
                        p._stamp.write()
                    if state:
                        self.state[p] = state
        return value

    return _observed(step)


# Functions of arrays and shapes ─────────────────────────────────────────────────────────────────


def of_many(piece: Callable, ours: Callable = functions.broadcast_shapes) -> Callable:
    """Apply a function of two shapes to any number of them. What it refuses is refused in PyTorch's words."""

    def broadcast_shapes(*shapes) -> Size:
        total = ()
        for size in shapes:
            try:
                total = tuple(piece(total, tuple(size)))
            except EmptySlot:
                raise
            except RuntimeError:
                ours(*shapes)
                raise
        return Size(total)

    return broadcast_shapes


def on_memory(piece: Callable, ours: Callable = creation.from_numpy) -> Callable:
    """from_numpy of one argument: find the block of memory in which an array lies, and the place where it begins. What
    is no array, empty, or not laid out in numbers of its own type goes to ours."""

    def from_numpy(ndarray) -> TensorBase:
        if not isinstance(ndarray, np.ndarray) or not ndarray.size:
            return ours(ndarray)
        array = writable(checked(ndarray))
        root = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        low, high = np.lib.array_utils.byte_bounds(root)
        apart = array.__array_interface__["data"][0] - low
        whole = not any(step % array.itemsize for step in (apart, *root.strides, *array.strides))
        if not whole or root.dtype != array.dtype or min((0, *root.strides)) < 0:
            return ours(ndarray)
        count = (high - low) // array.itemsize
        block = np.lib.stride_tricks.as_strided(root, (count,), (array.itemsize,))
        made = piece(array, wrap(block), apart // array.itemsize)
        return wrap(borrowed(array)) if _same_memory(made, array) else made  # the block is not to be seen from outside

    return from_numpy


def _same_memory(t: object, array: np.ndarray) -> bool:
    mine = getattr(t, "_array", None)
    keys = ("data", "shape", "typestr")
    return mine is not None and mine.strides == array.strides and all(
        mine.__array_interface__[key] == array.__array_interface__[key] for key in keys
    )  # fmt: skip


def each(piece: Callable, ours: Callable = activations.relu.fn) -> Callable:
    """A function of each element: the type of the numbers and their order in memory stay; bool goes to ours."""

    def value(x):
        if x.dtype.kind == "b":
            return ours(x)
        return arranged(in_type_of(x, piece(array_module(x).asarray(x))), x)

    return value


def with_slope(piece: Callable) -> Callable:
    """softplus of one argument, for any β: ln(1 + e^βx) / β; beyond the threshold, x."""
    value = each(piece)

    def softplus(x, *, beta=1.0, threshold=20.0):
        require("f", "softplus_cpu", x)
        z = x * beta
        return array_module(x).where(z > threshold, x, value(z) / beta)

    return softplus


def dim_by_dim(piece: Callable, g, shape: tuple, dim, keepdim: bool):
    """Apply a function that puts one dimension back, to all the dimensions that a sum took away."""
    if 0 in shape:
        return reduction.spread(g, shape, dim, keepdim)
    dims = reduction.dims_of(dim, len(shape))
    if keepdim:
        g = g.reshape(tuple(n for d, n in enumerate(shape) if d not in dims))
    for back in sorted(dims):
        g = piece(g, tuple(n for d, n in enumerate(shape) if d not in dims or d <= back), back)
    return g


def along(piece: Callable, ours: Callable = reduction.softmax.fn) -> Callable:
    """softmax of rows, along any dimension. What is empty, or no array of such numbers, goes to ours."""

    def softmax(x, *, dim):
        if not x.size or x.dtype.kind != "f" or not -max(x.ndim, 1) <= dim < max(x.ndim, 1):
            return ours(x, dim=dim)
        return _by_rows(piece, dim, x)

    return softmax


def gradient_along(piece: Callable, ours: Callable = reduction.softmax.formulas["x"]) -> Callable:
    """The gradient of softmax from that of rows, along any dimension."""

    def gradient(g, y, dim):
        return ours(g, y, dim) if 0 in y.shape else _by_rows(piece, dim, g, y)

    return gradient


def _by_rows(piece: Callable, dim: int, first, *others):
    """Apply a function that works along the last axis, along any dimension."""
    result = piece(*[x.swapaxes(dim, -1) if x.ndim else x.reshape(1) for x in (first, *others)])
    if not isinstance(first, TensorBase):
        result = in_type_of(first, result)
    result = result.swapaxes(dim, -1) if first.ndim else result.reshape(())
    return result if isinstance(first, TensorBase) else shape.row_major(result)


def in_type_of(x, found):
    """What a piece returned, as an array with elements of the type of x."""
    return array_module(x).asarray(found, dtype=x.dtype)
