"""Adam: steps scaled by running averages of the gradient and of its square.

Read in chapter 09.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from ..base import wrap
from ..creation import tensor
from .optimizer import Optimizer, check_positive


class Adam(Optimizer):
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²; p ← p − lr · m̂ / (√v̂ + ε), with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ).

    The division by 1 − βᵗ makes up for the averages' start at zero. Source: Kingma and Ba, 2015.
    """

    def __init__(self, params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, maximize: bool = False) -> None:  # fmt: skip
        check_positive(lr=lr, eps=eps, weight_decay=weight_decay)
        for i, beta in enumerate(betas):
            if not 0 <= beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                  "amsgrad": amsgrad, "maximize": maximize})  # fmt: skip

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        (beta1, beta2), eps = group["betas"], group["eps"]
        if not state:
            state["step"] = tensor(0.0)
            state["exp_avg"], state["exp_avg_sq"] = wrap(np.zeros_like(p)), wrap(np.zeros_like(p))
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = wrap(np.zeros_like(p))
        state["step"]._array = state["step"]._array + np.float32(1)
        t = float(state["step"]._array)
        m, v = state["exp_avg"]._array, state["exp_avg_sq"]._array
        if group["maximize"]:
            g = -g
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        m += (g - m) * (1 - beta1)
        v *= beta2
        v += g * g * (1 - beta2)
        if group["amsgrad"]:
            v = np.maximum(state["max_exp_avg_sq"]._array, v, out=state["max_exp_avg_sq"]._array)
        size = np.sqrt(v)
        size /= sqrt(1 - beta2**t)
        size += eps
        p -= m / size * (group["lr"] / (1 - beta1**t))
