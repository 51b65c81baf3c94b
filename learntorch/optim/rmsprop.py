"""RMSprop: steps scaled by a running average of the squared gradient.

Read in chapter 09.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base import wrap
from ..tensor import Tensor
from .optimizer import Optimizer, check_settings, choices, evaluate


class RMSprop(Optimizer):
    """v ← αv + (1−α)g²; p ← p − lr · g / (√v + ε).

    `centered` takes √(v − m²) with the average gradient m ← αm + (1−α)g; with momentum μ the step is
    b ← μ·b + g / (√v + ε). Source: Hinton's lecture 6e, 2012; centered: Graves, 2013.
    """

    def __init__(self, params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
                 momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
                 maximize: bool = False, differentiable: bool = False) -> None:  # fmt: skip
        check_settings(lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        choices(
            self, {"capturable": capturable, "differentiable": differentiable}, capturable=False, differentiable=False
        )
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        })  # fmt: skip

    @np.errstate(all="ignore")
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Move every parameter p against its gradient g, by steps of about the same size everywhere."""
        loss = evaluate(closure)
        for p, g, state, group in self.updates():
            lr, alpha, momentum = float(group["lr"]), group["alpha"], group["momentum"]
            if not state:
                state["step"] = wrap(np.zeros((), np.float32))
                state["square_avg"] = wrap(np.zeros_like(p))
                if momentum > 0:
                    state["momentum_buffer"] = wrap(np.zeros_like(p))
                if group["centered"]:
                    state["grad_avg"] = wrap(np.zeros_like(p))
            state["step"]._array += 1
            if group["maximize"]:
                g = -g
            if group["weight_decay"]:
                g = g + group["weight_decay"] * p
            v = state["square_avg"]._array
            v *= alpha
            v += (1 - alpha) * g * g
            if group["centered"]:
                m = state["grad_avg"]._array
                m += (1 - alpha) * (g - m)
                v = v - m * m
            step = g / (np.sqrt(v) + group["eps"])
            if momentum > 0:
                b = state["momentum_buffer"]._array
                b *= momentum
                b += step
                step = b
            p -= lr * step
        return loss
