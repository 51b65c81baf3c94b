"""Adam: steps scaled by running averages of the gradient and of its square.

Read in chapter 09.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from ..base import wrap
from ..devices import ON_GPU
from ..ops import kernels
from ..tensor import Tensor
from .optimizer import Optimizer, check_settings, choices, evaluate

AVERAGES = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")  # what is remembered of a parameter


class Adam(Optimizer):
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²; p ← p − lr · m̂ / (√v̂ + ε), with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ).

    The averages m and v start at zero; dividing by 1 − βᵗ makes up for that. Source: Kingma and Ba, 2015;
    amsgrad: Reddi et al., 2018.

    Raises:
        ValueError: "Invalid beta parameter at index 0: 1.0"
    """

    def __init__(self, params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, maximize: bool = False,
                 decoupled_weight_decay: bool = False, **how) -> None:  # fmt: skip
        check_settings(lr, eps=eps)
        for i in (0, 1):
            if not 0 <= betas[i] < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")
        check_settings(lr, weight_decay=weight_decay)
        if not all(isinstance(beta, float) for beta in betas):
            raise ValueError("betas must be either both floats or both Tensors. Write 0.0 for 0.")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize,
            **choices(self, how, foreach=None, capturable=False, differentiable=False, fused=None),
            "decoupled_weight_decay": decoupled_weight_decay,
        })  # fmt: skip

    @np.errstate(all="ignore")
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Move every parameter p by about lr, against the average m of its gradient g."""
        loss = evaluate(closure)
        for p, g, state, group in self.updates():
            lr, (beta1, beta2) = float(group["lr"]), group["betas"]
            if not state:
                state["step"] = wrap(np.zeros((), np.float32))
                for name in AVERAGES[: 3 if group["amsgrad"] else 2]:
                    state[name] = wrap(np.zeros_like(p))
            state["step"]._array += 1
            t = int(state["step"]._array)
            if type(p) in ON_GPU:
                averages = [state[name]._array for name in AVERAGES[: 3 if group["amsgrad"] else 2]]
                kernels.adam(p, g, averages, t, group)
                continue
            m, v = state["exp_avg"]._array, state["exp_avg_sq"]._array
            if group["maximize"]:
                g = -g
            if group["decoupled_weight_decay"]:
                p *= 1 - lr * group["weight_decay"]
            elif group["weight_decay"]:
                g = g + group["weight_decay"] * p

            room = self.room_like(p)
            m += np.multiply(np.subtract(g, m, out=room), 1 - beta1, out=room)  # β₁m + (1 − β₁)g
            v *= beta2
            v += np.multiply(np.multiply(g, g, out=room), 1 - beta2, out=room)  # β₂v + (1 − β₂)g²
            if group["amsgrad"]:
                largest = state["max_exp_avg_sq"]._array
                v = np.maximum(largest, v, out=largest)

            size = np.sqrt(v, out=room)
            size /= sqrt(1 - beta2**t)  # √v̂
            size += group["eps"]
            step = np.divide(m, size, out=room)
            step *= lr / (1 - beta1**t)  # lr · m̂ / (√v̂ + ε)
            p -= step
        return loss


class AdamW(Adam):
    """Adam, with weight decay beside the averages: p ← p − lr·λ·p, then Adam's step.

    Source: Loshchilov and Hutter, 2019.
    """

    def __init__(self, params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, **how) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, decoupled_weight_decay=True, **how)
