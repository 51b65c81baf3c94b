"""Schedulers: how the learning rate changes while a model learns.

Read in chapter 09. `step()` counts one epoch further and writes the new learning rate of each parameter group.
A scheduler computes it from the last one, so that several can work on one optimizer; the closed form, computed
from the first one, is for jumps.
"""

from __future__ import annotations

import types
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from math import cos, pi

from .optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler, check_optimizer, rates_of, set_rate

__all__ = ["LRScheduler", "ReduceLROnPlateau"]


class _LRScheduler(LRScheduler):
    """The name of the base class in old programs."""


class LambdaLR(LRScheduler):
    """lrₜ = lr₀ · f(t), with one function for all groups or a list of one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | list, last_epoch: int = -1) -> None:
        groups = len(check_optimizer(optimizer).param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        self._now()
        return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, self.base_lrs)]

    def state_dict(self) -> dict:
        """Everything but the optimizer and plain functions; of a callable object, its attributes."""
        state = super().state_dict()
        del state["lr_lambdas"]
        kept = [None if isinstance(f, types.FunctionType) else dict(vars(f)) for f in self.lr_lambdas]
        return state | {"lr_lambdas": kept}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over a state that `state_dict` gave."""
        vars(self).update({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for f, saved in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            if saved is not None:
                vars(f).update(saved)


class MultiplicativeLR(LambdaLR):
    """lrₜ = lrₜ₋₁ · f(t)."""

    def get_lr(self) -> list[float]:
        rates = self._now()
        return rates if self._is_initial else [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, rates)]


class StepLR(LRScheduler):
    """lrₜ = lr₀ · γ^⌊t / step_size⌋: times γ every `step_size` epochs."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        is_due = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self._now(self.gamma if is_due else 1)

    def _get_closed_form_lr(self) -> list[float]:
        return self._first(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(LRScheduler):
    """Times γ at each epoch in `milestones`."""

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._now(self.gamma ** self.milestones[self.last_epoch] if self.last_epoch in self.milestones else 1)

    def _get_closed_form_lr(self) -> list[float]:
        return self._first(self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch))


class ConstantLR(LRScheduler):
    """Times `factor` until epoch `total_iters`, then the whole rate."""

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5,
                 last_epoch: int = -1) -> None:  # fmt: skip
        if not 0 <= factor <= 1:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._now(self.factor)
        return self._now(1.0 / self.factor if self.last_epoch == self.total_iters else 1)

    def _get_closed_form_lr(self) -> list[float]:
        return self._first(self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor))


class LinearLR(LRScheduler):
    """From lr₀ · start_factor in a straight line to lr₀ · end_factor at epoch `total_iters`."""

    def __init__(self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0,
                 total_iters: int = 5, last_epoch: int = -1) -> None:  # fmt: skip
        if not 0 < start_factor <= 1:
            raise ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if not 0 <= end_factor <= 1:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._now(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._now()
        rise = self.end_factor - self.start_factor
        return self._now(1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def _get_closed_form_lr(self) -> list[float]:
        way = min(self.total_iters, self.last_epoch) / self.total_iters
        return self._first(self.start_factor + (self.end_factor - self.start_factor) * way)


class ExponentialLR(LRScheduler):
    """lrₜ = lr₀ · γᵗ: times γ every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._now(1 if self._is_initial else self.gamma)

    def _get_closed_form_lr(self) -> list[float]:
        return self._first(self.gamma**self.last_epoch)


class PolynomialLR(LRScheduler):
    """lrₜ = lr₀ · (1 − t / total_iters)^power, down to zero."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._now()
        left, left_before = (1.0 - t / self.total_iters for t in (self.last_epoch, self.last_epoch - 1))
        return self._now((left / left_before) ** self.power)

    def _get_closed_form_lr(self) -> list[float]:
        return self._first((1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """lrₜ = η + (lr₀ − η) · (1 + cos(πt / T_max)) / 2: from lr₀ down to η = eta_min in T_max epochs, and up again.

    Source: Loshchilov and Hutter, 2017.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        rates, t, lowest = self._now(), self.last_epoch, self.eta_min
        if self._is_initial:
            return rates
        if self._step_count == 1 and t > 0:
            return self._get_closed_form_lr()
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:  # at the lowest point the ratio below would be 0 / 0
            rise = (1 - cos(pi / self.T_max)) / 2
            return [lr + (first - lowest) * rise for first, lr in zip(self.base_lrs, rates)]
        ratio = (1 + cos(pi * t / self.T_max)) / (1 + cos(pi * (t - 1) / self.T_max))
        return [ratio * (lr - lowest) + lowest for lr in rates]

    def _get_closed_form_lr(self) -> list[float]:
        share = (1 + cos(pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (lr - self.eta_min) * share for lr in self.base_lrs]


# Schedulers of schedulers ────────────────────────────────────────────────────────────────────────


class ChainedScheduler(LRScheduler):
    """Several schedulers that take their steps together."""

    def __init__(self, schedulers: list[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
        self.optimizer = optimizer or schedulers[0].optimizer
        check_together(self, schedulers)
        self._schedulers = schedulers
        self._last_lr = rates_of(self.optimizer)

    def step(self) -> None:
        """Go on to the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = rates_of(self.optimizer)

    def state_dict(self) -> dict:
        """Everything but the optimizer, with the states of the schedulers."""
        return super().state_dict() | {"_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over a state that `state_dict` gave."""
        vars(self).update({name: value for name, value in state_dict.items() if name != "_schedulers"})
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(saved)


class SequentialLR(ChainedScheduler):
    """One scheduler after the other: the next one takes over, at its own epoch 0, at each epoch in `milestones`."""

    def __init__(self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int],
                 last_epoch: int = -1) -> None:  # fmt: skip
        if not schedulers:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        self.optimizer = optimizer
        check_together(self, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to be "
                f"equal to {len(milestones)}"
            )
        self._schedulers, self._milestones, self.last_epoch = schedulers, milestones, last_epoch + 1
        for group in optimizer.param_groups:  # each scheduler has set its own first rate by now
            set_rate(group, group["initial_lr"])
        undo(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:
        """Go on to the next epoch."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def undo(scheduler: LRScheduler) -> None:
    """Take back the first step that each scheduler has done for itself."""
    for part in getattr(scheduler, "_schedulers", ()):
        undo(part)
    if not hasattr(scheduler, "_schedulers"):
        scheduler.last_epoch -= 1


def check_together(whole: ChainedScheduler, schedulers: list[LRScheduler]) -> None:
    """Refuse schedulers that cannot work together on the optimizer of `whole`."""
    name = type(whole).__name__
    for i, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to be "
                f"specified when calling `step`, but got one at index {i} in the given schedulers sequence."
            )
        if scheduler.optimizer is not whole.optimizer:
            raise ValueError(
                f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                f"{type(scheduler).__name__} at index {i} has {scheduler.optimizer}, which is different from "
                f"{type(whole.optimizer).__name__}."
            )
