"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`.

Read in chapter 03.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from functools import wraps

import numpy as np


class GradMode(threading.local):
    """Whether operations are recorded. Each thread has its own.

    Note [Quiet arithmetic]: PyTorch lets 1/0 be inf and 0/0 be nan without a word; NumPy warns. `quietly(fn, x)`
    runs fn(x) in a context in which NumPy does not, which costs a tenth of `np.errstate`. Outside it, NumPy
    still warns about the user's own arrays.
    """

    enabled = True

    def __init__(self) -> None:
        quiet = contextvars.Context()
        quiet.run(np.seterr, all="ignore")
        self.quietly = quiet.run


grad_mode = GradMode()


class set_grad_enabled:
    """Switch recording on or off: as a call, as a `with` block, or as a decorator.

    >>> with set_grad_enabled(False):
    ...     is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.before = grad_mode.enabled
        self.mode = grad_mode.enabled = bool(mode)

    def __enter__(self) -> None:
        grad_mode.enabled = self.mode

    def __exit__(self, *error: object) -> None:
        grad_mode.enabled = self.before

    def __call__(self, function: Callable) -> Callable:
        grad_mode.enabled = self.before  # as a decorator, only the calls are affected
        mode = self.mode

        @wraps(function)
        def inside(*args, **kwargs):
            with set_grad_enabled(mode):
                return function(*args, **kwargs)

        return inside


class no_grad:
    """`with no_grad():` nothing inside is recorded. Also a decorator: `@no_grad()`.

    The mode that was on before comes back on leaving, after an exception too.
    """

    mode = False

    def __init__(self) -> None:
        self.before = []  # a stack, so that one object may be entered again inside itself

    def __new__(cls, function: Callable | None = None):
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()
        return made(function)  # @no_grad without brackets

    def __enter__(self) -> None:
        self.before.append(grad_mode.enabled)
        grad_mode.enabled = self.mode

    def __exit__(self, *error: object) -> None:
        grad_mode.enabled = self.before.pop()

    def __call__(self, function: Callable) -> Callable:
        kind = type(self)

        @wraps(function)
        def inside(*args, **kwargs):
            with kind():
                return function(*args, **kwargs)

        return inside


class enable_grad(no_grad):
    """`with enable_grad():` recording is on inside, even within `no_grad`."""

    mode = True


def is_grad_enabled() -> bool:
    """True if operations are being recorded in this thread."""
    return grad_mode.enabled
