"""Adagrad: steps that shrink with the sum of all squared gradients.

Read in chapter 09.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base import memory, wrap
from ..tensor import Tensor
from .optimizer import Optimizer, check_settings, choices, evaluate


class Adagrad(Optimizer):
    """s ← s + g²; p ← p − lr / (1 + (t − 1)·lr_decay) · g / (√s + ε), t counting the steps.

    Source: Duchi, Hazan and Singer, 2011.
    """

    def __init__(self, params, lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
                 initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
                 maximize: bool = False, **how) -> None:  # fmt: skip
        check_settings(lr, lr_decay=lr_decay, weight_decay=weight_decay,
                       initial_accumulator_value=initial_accumulator_value, eps=eps)  # fmt: skip
        how = choices(self, how | {"foreach": foreach}, foreach=None, differentiable=False, fused=None)
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": how["differentiable"], "fused": how["fused"],
        })  # fmt: skip

    def add_param_group(self, param_group: dict) -> None:
        """Add parameters with settings of their own; their sums start here, not at the first step."""
        super().add_param_group(param_group)
        for p in param_group["params"]:
            start = np.full_like(memory(p), param_group["initial_accumulator_value"])
            self.state[p] = {"step": wrap(np.zeros((), np.float32)), "sum": wrap(start)}

    @np.errstate(all="ignore")
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Move every parameter p against its gradient g, the less the more it has moved."""
        loss = evaluate(closure)
        for p, g, state, group in self.updates():
            state["step"]._array += 1
            t, s = float(state["step"]._array), state["sum"]._array
            if group["maximize"]:
                g = -g
            if group["weight_decay"]:
                g = g + group["weight_decay"] * p
            s += g * g
            lr = float(group["lr"]) / (1 + (t - 1) * group["lr_decay"])
            p -= lr * (g / (np.sqrt(s) + group["eps"]))
        return loss
