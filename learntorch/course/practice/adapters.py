"""Adapters: the learner's layer, walk, loss and rules of optimizers, in the signatures that the package calls.

Read in no chapter. slots.py puts them in. An adapter hands its piece what the exercise was about; what the exercise
left out, such as weight decay or an input of four dimensions, stays ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from ...base import Stamp, TensorBase, wrap
from ...devices import array_module
from ...dtypes import get_default_dtype, set_default_dtype
from ...modes import grad_mode, no_grad
from ...nn.layers import Linear
from ...nn.tree import Tree
from ...ops import loss
from ...optim import SGD, Adam
from ...optim.optimizer import _observed, evaluate

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
