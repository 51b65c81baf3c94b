"""What all schedulers share: counting epochs, and writing the learning rates into the groups of an optimizer.

Read in chapter 09.
"""

from __future__ import annotations

import warnings

from ..base import TensorBase
from ..modes import no_grad
from .optimizer import Optimizer


class LRScheduler:
    """What all schedulers share: a subclass defines `get_lr`, the list of the next learning rates.

    Raises:
        TypeError: "Linear is not an Optimizer"
        KeyError: "param 'initial_lr' is not specified in param_groups[0] when resuming scheduler …"
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = check_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    "last_epoch >= 0.\nThis typically happens when:\n1. You're trying to resume training from a "
                    "checkpoint but haven't properly loaded the optimizer state\n2. You're using last_epoch >= 0 for "
                    "a fresh training run (not recommended)"
                )
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the learning rates of the first epoch."""
        self._step_count, self._is_initial = 0, True
        try:
            self.step()
        finally:
            self._is_initial = False

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch, after the optimizer's steps of the last one."""
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you "
                "should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to "
                "do this will result in PyTorch skipping the first value of the learning rate schedule. See more "
                "details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            jumps = epoch is not None and hasattr(self, "_get_closed_form_lr")
            rates = self._get_closed_form_lr() if jumps else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, rates):
            set_rate(group, lr)
        self._last_lr = rates_of(self.optimizer)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group, as the last `step` set it."""
        return self._last_lr

    def get_lr(self) -> list[float]:
        """The next learning rate of each group: called by `step`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr: define it in the class.")

    def _now(self, factor: float = 1) -> list[float]:
        """The present learning rates times `factor`."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.", stacklevel=3
            )
        if factor == 1:
            return rates_of(self.optimizer)
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _first(self, factor: float) -> list[float]:
        """The first learning rates times `factor`."""
        return [lr * factor for lr in self.base_lrs]

    def state_dict(self) -> dict:
        """Everything but the optimizer."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over a state that `state_dict` gave."""
        vars(self).update(state_dict)


def check_optimizer(optimizer: object) -> Optimizer:
    """The optimizer itself, or an error if it is none."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer. A scheduler is given the optimizer.")
    return optimizer


def copied(lr):
    """A learning rate; one that is a tensor is copied, so that nobody changes it by the way."""
    return lr.clone() if isinstance(lr, TensorBase) else lr


def rates_of(optimizer: Optimizer, name: str = "lr") -> list[float]:
    """The learning rate of each group."""
    return [copied(group[name]) for group in optimizer.param_groups]


def set_rate(group: dict, lr: float) -> None:
    """Give a group a new learning rate; one that is a tensor stays the same tensor."""
    if isinstance(group["lr"], TensorBase):
        with no_grad():
            group["lr"].fill_(lr.item() if isinstance(lr, TensorBase) else lr)
    else:
        group["lr"] = lr


def warn_of_epoch() -> None:
    """The warning for `step(epoch)`."""
    warnings.warn(
        "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please "
        "use `scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the "
        "closed form is used instead of the new chainable form, where available.",
        stacklevel=3,
    )
