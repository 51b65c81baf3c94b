"""Stochastic gradient descent: downhill, with or without a memory of the way.

Read in chapter 09.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base import wrap
from ..devices import ON_GPU
from ..ops import kernels
from ..tensor import Tensor
from .optimizer import Optimizer, check_settings, choices, evaluate


class SGD(Optimizer):
    """p ← p − lr·g; with momentum μ: v ← μ·v + (1 − dampening)·g, p ← p − lr·v.

    The velocity v starts as the first gradient. Source: Sutskever et al., 2013, for both kinds of momentum.

    Raises:
        ValueError: "Invalid learning rate: -0.1"
    """

    def __init__(self, params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
                 nesterov: bool = False, *, maximize: bool = False, **how) -> None:  # fmt: skip
        check_settings(lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize,
            **choices(self, how, foreach=None, differentiable=False, fused=None),
        })  # fmt: skip

    @np.errstate(all="ignore")
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Move every parameter p against its gradient g."""
        loss = evaluate(closure)
        for p, g, state, group in self.updates():
            if type(p) in ON_GPU:
                _step_on_gpu(p, g, state, group)
                continue
            momentum = group["momentum"]
            if group["maximize"]:
                g = -g
            if group["weight_decay"]:
                g = g + group["weight_decay"] * p
            room = self.room_like(p)
            if momentum:
                if state:
                    v = state["momentum_buffer"]._array
                    v *= momentum
                    v += np.multiply(g, 1 - group["dampening"], out=room) if group["dampening"] else g
                else:
                    v = np.empty_like(p)
                    v[...] = g
                    state["momentum_buffer"] = wrap(v)
                # Nesterov's looks one step ahead.
                g = np.add(g, np.multiply(v, momentum, out=room), out=room) if group["nesterov"] else v
            p -= np.multiply(g, float(group["lr"]), out=room)
        return loss


def _step_on_gpu(p, g, state: dict, group: dict) -> None:
    """The same in one launch."""
    first = not state
    if group["momentum"] and first:
        state["momentum_buffer"] = wrap(np.empty_like(p))
    v = state["momentum_buffer"]._array if group["momentum"] else None
    kernels.sgd(p, g, v, first, group)
