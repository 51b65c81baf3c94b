"""Stochastic gradient descent.

Read in chapter 09.
"""

from __future__ import annotations

import numpy as np

from ..base import wrap
from .optimizer import Optimizer, check_positive


class SGD(Optimizer):
    """p ← p − lr·g; with momentum μ: v ← μ·v + g, p ← p − lr·v.

    Source: Sutskever et al., 2013, for the momentum; the velocity starts as the first gradient.
    """

    def __init__(self, params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
                 nesterov: bool = False, *, maximize: bool = False) -> None:  # fmt: skip
        check_positive(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                                  "nesterov": nesterov, "maximize": maximize})  # fmt: skip

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        momentum = group["momentum"]
        if group["maximize"]:
            g = -g
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        if momentum:
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = wrap(np.array(g, p.dtype))
                v = state["momentum_buffer"]._array
            else:
                v = state["momentum_buffer"]._array
                v *= momentum
                v += g if group["dampening"] == 0 else (1 - group["dampening"]) * g
            g = g + momentum * v if group["nesterov"] else v
        p -= group["lr"] * g
