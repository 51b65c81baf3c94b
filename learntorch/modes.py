"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

Read in chapter 03.
"""

from __future__ import annotations

import contextvars
import inspect
import threading
import warnings
from collections.abc import Callable
from functools import wraps

import numpy as np

from .errors import argument_error


class GradMode(threading.local):
    """Whether operations are recorded. Each thread has its own.

    Note [Quiet arithmetic]: PyTorch lets 1/0 be inf and 0/0 be nan without a word; NumPy warns. `quietly(fn, x)`
    runs fn(x) in a context in which NumPy does not, which costs a tenth of `np.errstate`. Outside it, NumPy
    still warns about the user's own arrays.
    """

    enabled = True
    inference = False  # inside inference_mode, where enable_grad has no effect

    def __init__(self) -> None:
        quiet = contextvars.Context()
        quiet.run(np.seterr, all="ignore")
        self.quietly = quiet.run


class Rare:
    """What hardly ever is on, behind a flag that costs an operation nothing to read. All threads share it."""

    __slots__ = ("watching", "anomaly", "check_nan")

    def __init__(self) -> None:
        self.watching = False  # whether new tensors and nodes are looked at: since one of these modes was first used
        self.anomaly = False  # detect_anomaly: note where each node was made
        self.check_nan = True  # and stop at the first nan in a backward pass


grad_mode = GradMode()
rare = Rare()


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch the detection of anomalies in backward passes on or off."""
    rare.anomaly, rare.check_nan = bool(mode), bool(check_nan)
    rare.watching = rare.watching or rare.anomaly


def is_anomaly_enabled() -> bool:
    """True while anomalies are being detected."""
    return rare.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """True if the detection of anomalies stops at a nan."""
    return rare.check_nan


class Switch:
    """A mode for a `with` block, or as a decorator for every call of a function.

    The mode that was on before comes back on leaving, after an exception too.
    """

    def __init__(self) -> None:
        self.before: list[tuple[bool, bool]] = []  # a stack, so that one object may be entered again inside itself

    def wanted(self) -> tuple[bool, bool]:
        """What is on inside: (recording, inference mode)."""
        raise NotImplementedError

    def clone(self) -> Switch:
        """The same mode once more, for one call of a decorated function."""
        return type(self)()

    def __enter__(self) -> None:
        self.before.append((grad_mode.enabled, grad_mode.inference))
        grad_mode.enabled, grad_mode.inference = self.wanted()

    def __exit__(self, *error: object) -> None:
        grad_mode.enabled, grad_mode.inference = self.before.pop()

    def __call__(self, function: Callable) -> Callable:
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly "
                "decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
        elif inspect.isgeneratorfunction(function):
            return _generator(self.clone, function)

        def inside(*args, **kwargs):
            with self.clone():
                return function(*args, **kwargs)

        return inside if inspect.isclass(function) else wraps(function)(inside)


def _generator(mode: Callable, function: Callable) -> Callable:
    """A generator runs in the mode; while it waits at a `yield`, the caller has the caller's own."""

    @wraps(function)
    def inside(*args, **kwargs):
        steps = function(*args, **kwargs)
        try:
            with mode():
                item = next(steps)
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    with mode():
                        steps.close()
                    raise
                except BaseException as error:
                    with mode():
                        item = steps.throw(error)
                else:
                    with mode():
                        item = steps.send(sent)
        except StopIteration as end:
            return end.value

    return inside


class PlainSwitch(Switch):
    """A switch without a setting: as a decorator it may stand without brackets."""

    def __new__(cls, function: Callable | None = None):
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()
        return made(function)


class no_grad(PlainSwitch):
    """`with no_grad():` nothing inside is recorded. Also a decorator: `@no_grad()`."""

    def wanted(self) -> tuple[bool, bool]:
        return False, grad_mode.inference


class enable_grad(PlainSwitch):
    """`with enable_grad():` recording is on inside, even within `no_grad`."""

    def wanted(self) -> tuple[bool, bool]:
        return not grad_mode.inference, grad_mode.inference


class set_grad_enabled(Switch):
    """Switch recording on or off: as a call, as a `with` block, or as a decorator.

    >>> with set_grad_enabled(False):
    ...     is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        if not isinstance(mode, (bool, np.bool_)):
            raise argument_error("set_grad_enabled", "enabled", 1, "bool", mode)
        self.mode = bool(mode)
        self.first: tuple | None = (grad_mode.enabled, grad_mode.inference)  # what the call itself has changed
        grad_mode.enabled = self.wanted()[0]

    def wanted(self) -> tuple[bool, bool]:
        return self.mode and not grad_mode.inference, grad_mode.inference

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)

    def __enter__(self) -> None:
        super().__enter__()
        self.before[-1] = self.first

    def __call__(self, function: Callable) -> Callable:
        grad_mode.enabled = self.first[0]  # as a decorator, only the calls are affected
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


class inference_mode(Switch):
    """`with inference_mode():` as `no_grad`, and the tensors made inside can never take part in a recording."""

    def __new__(cls, mode: bool | Callable = True):
        made = super().__new__(cls)
        if isinstance(mode, (bool, np.bool_)):
            return made
        made.__init__()
        return made(mode)  # @inference_mode without brackets

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = bool(mode)

    def wanted(self) -> tuple[bool, bool]:
        return not self.mode, self.mode

    def clone(self) -> inference_mode:
        return inference_mode(self.mode)

    def __enter__(self) -> None:
        super().__enter__()
        rare.watching = True  # from now on there are tensors that may not be saved


def is_grad_enabled() -> bool:
    """True if operations are being recorded in this thread."""
    return grad_mode.enabled


def is_inference_mode_enabled() -> bool:
    """True inside `with inference_mode():`."""
    return grad_mode.inference
