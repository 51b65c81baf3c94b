"""Running code that may loop, sleep, fill the memory, exit or scribble on its arguments.

Read in no chapter. `guarded(call, seconds)` runs a call and describes what became of it, as an `Outcome`. Nothing
that the call does leaves this function as an exception, but for a stop by the user.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import io
import math
import random as python_random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from mmap import PAGESIZE
from operator import is_, itemgetter
from types import FrameType, ModuleType

import numpy as np

from ...base import TensorBase
from ...generator import default_generator
from ...modes import grad_mode
from .answer import PIECE

MEMORY = 1 << 30  # bytes that one check may take beyond what the process has


class Overtime(BaseException):
    """Raised inside the learner's code when its time is up. No `except Exception` catches it."""


class Overweight(BaseException):
    """Raised inside the learner's code when it takes too much memory."""


@dataclass
class Outcome:
    """What became of a call."""

    value: object = None
    error: BaseException | None = None
    how: str = "returned"  # or "raised", "overtime", "overweight", "exited", "patched", "left off"
    line: int | None = None  # the learner's line in which it stopped
    printed: str = ""
    slow: str = ""  # the piece of the learner's torch that took most of the time, if it ran out of it

    @property
    def returned(self) -> bool:
        """True if the call came back with a value."""
        return self.how == "returned"


def guarded(call: Callable[[], object], seconds: float, file: str = "") -> Outcome:
    """Run `call` under a limit of time and memory; `file` is the name of the learner's source, for line numbers."""
    printed = io.StringIO()
    outcome = Outcome()
    recording, errors = grad_mode.enabled, np.geterr()
    with _limits(seconds) as watch, contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _attempt(call, outcome)
        except (Overtime, Overweight) as error:  # a second one, while the first was being noted
            outcome.how, outcome.error = "overtime", error
        while True:
            try:
                while not watch.done.is_set():
                    watch.over()
                break
            except (Overtime, Overweight):  # or on the way out
                continue
    if outcome.how == "overtime":
        outcome.slow = watch.slow()
    if outcome.error is not None:
        outcome.line = line_of(outcome.error, file)
        outcome.error.__traceback__ = None  # frames hold the arguments, and those may be large
    outcome.printed = printed.getvalue()[:2000]
    _tidy(outcome, recording, errors)
    return outcome


def _attempt(call: Callable[[], object], outcome: Outcome) -> None:
    """Run a call and note what became of it."""
    try:
        outcome.value = call()
    except Overtime as error:
        outcome.how, outcome.error = "overtime", error
    except (Overweight, MemoryError) as error:
        outcome.how, outcome.error = "overweight", error
    except SystemExit as error:
        outcome.how, outcome.error = "exited", error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        outcome.how, outcome.error = "raised", error


def _tidy(outcome: Outcome, recording: bool, errors: dict) -> None:
    """Put back what a call has changed for everybody, and let it fail for that."""
    changed = [name for names in _kept for name in names.restore()]
    if changed:
        outcome.how, outcome.error, outcome.value = "patched", RuntimeError(changed[0]), None
    elif outcome.returned and (grad_mode.enabled != recording or np.geterr() != errors):
        what = "the recording of gradients" if grad_mode.enabled != recording else "NumPy's warnings"
        outcome.how, outcome.error, outcome.value = "left off", RuntimeError(what), None
    grad_mode.enabled = recording
    np.seterr(**errors)


class Names:
    """What the names of np, torch, the course and Python itself mean, so that it can be put back."""

    def __init__(self) -> None:
        self.before = [(owner, dict(vars(owner))) for owner in _watched()]

    def restore(self) -> list[str]:
        """Put everything back; the names that were changed. New modules are no change: libraries load them late."""
        changed = []
        for owner, names in self.before:
            now = vars(owner)
            if len(now) == len(names) and all(map(is_, now.values(), names.values())):
                continue
            wrong = [k for k, v in names.items() if now.get(k, self) is not v]
            wrong += [k for k, v in now.items() if k not in names and not isinstance(v, ModuleType) and k[0] != "_"]
            for name in wrong:
                if name in names:
                    setattr(owner, name, names[name])
                else:
                    delattr(owner, name)
            changed += [f"{owner.__name__}.{name}" for name in wrong]
        return changed


def _watched() -> list:
    """The modules and classes that an answer may use and not change."""
    import builtins
    import math

    import learntorch as torch

    for name in dir(torch):  # what is loaded on demand would look like a change when it comes
        getattr(torch, name)
    course = [module for name, module in sys.modules.items() if name.startswith("learntorch.course.practice.")]
    course = [module for module in course if not module.__name__.endswith(".notebook")]  # it keeps what goes on
    places = [torch, torch.nn, torch.nn.functional, torch.optim, torch.autograd]
    classes = {value: None for place in places for value in vars(place).values() if isinstance(value, type)}
    ours = [value for value in (*classes, TensorBase) if value.__module__.startswith("learntorch.")]
    return [np, np.linalg, np.random, math, builtins, *places, *ours, *course]


_kept: list[Names] = []  # of the check that is going on


def line_of(error: BaseException | None, file: str) -> int | None:
    """The last line of the learner's own code that an error went through. A second stop may come while the first is
    being noted; the line is where the first came."""
    while error is not None:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        if lines:
            return lines[-1]
        error = error.__context__
    return None


def piece_at_work(frame: FrameType | None) -> str | None:
    """The exercise whose installed piece runs in this frame, or called it; None where there is none."""
    while frame is not None:
        if named := PIECE.fullmatch(frame.f_code.co_filename):
            return named[1]
        frame = frame.f_back
    return None


class _Watch:
    """Raises in the thread of the learner's code, again and again until it gives up: a bare `except:` in a loop
    swallows the first."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.deadline = math.inf  # until the call begins
        self.memory = _memory()[1] + MEMORY
        self.looks: Counter[str | None] = Counter()  # how often each piece of the learner's torch was seen at work
        self.done = threading.Event()
        self.lock = threading.Lock()
        self.sent = False

    def begin(self, seconds: float) -> None:
        """The call begins: it has this long."""
        self.deadline = time.monotonic() + seconds

    def over(self) -> None:
        """The call has ended: raise no more."""
        with self.lock:
            self.done.set()

    def run(self) -> None:
        pause = 0.02
        while not self.done.wait(pause):
            self.looks[piece_at_work(sys._current_frames().get(self.thread))] += 1
            late, heavy = time.monotonic() > self.deadline, _memory()[1] > self.memory
            if late or heavy:
                with self.lock:
                    if not self.done.is_set():
                        self.interrupt(Overtime if late else Overweight)
                pause = 0.1  # time for `finally` blocks

    def slow(self) -> str:
        """The piece of the learner's torch that took most of the time; empty if none did."""
        piece, times = max(self.looks.items(), key=itemgetter(1), default=(None, 0))
        return piece if piece and 2 * times > self.looks.total() else ""

    def interrupt(self, error: type[BaseException]) -> None:
        self.sent = True
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread), ctypes.py_object(error))

    def settle(self) -> None:
        """An exception that was sent and has not arrived yet must not go off later: another one takes its place, and
        is waited for. (Python can also be told to forget it, and would then look for it at every step for ever: on
        3.11 a debugger or profiler never comes to an end after that.)"""
        while self.sent:
            try:
                self.interrupt(Overtime)
                while True:
                    pass
            except (Overtime, Overweight):
                self.sent = False


@contextlib.contextmanager
def _limits(seconds: float):
    """A watching thread; on POSIX, in the main thread, an alarm too (it ends `time.sleep`), and a roof over memory."""
    watch = _Watch()
    thread = threading.Thread(target=watch.run, daemon=True)
    main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")

    def ring(number, frame):
        if not watch.done.is_set() and _attempts(frame):
            raise Overtime

    roof = _lower_roof()
    thread.start()
    if main:
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds + 0.05, 0.2)
    try:
        watch.begin(seconds)
        yield watch
    finally:
        watch.over()
        if main:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        _raise_roof(roof)
        thread.join()
        watch.settle()


def _attempts(frame: FrameType | None) -> bool:
    """True while the call is going on, and not what is done before and after it."""
    while frame is not None and frame.f_code is not _attempt.__code__:
        frame = frame.f_back
    return frame is not None


def _memory() -> tuple[int, int]:
    """The addresses that this process holds and the memory that it occupies, in bytes; 0 where that cannot be asked."""
    try:
        with open("/proc/self/statm", "rb") as file:
            held, resident = file.read().split()[:2]
        return int(held) * PAGESIZE, int(resident) * PAGESIZE
    except OSError:
        return 0, 0


def _lower_roof():
    """Refuse single allocations beyond the limit, where the system can (POSIX)."""
    held, _ = _memory()
    if not held:
        return None
    try:
        import resource

        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (held + 2 * MEMORY, before[1]))
        return before
    except (ImportError, OSError, ValueError):
        return None


def _raise_roof(before) -> None:
    if before is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, before)


@contextlib.contextmanager
def quiet_state():
    """Leave the random streams, the grad mode and the names of the libraries as they were found, whatever the
    learner's code does to them."""
    numpy_state, python_state = np.random.get_state(), python_random.getstate()
    torch_state, recording = default_generator.get_state(), grad_mode.enabled
    _kept.append(Names())
    try:
        yield
    finally:
        _kept.pop().restore()
        np.random.set_state(numpy_state)
        python_random.setstate(python_state)
        default_generator.set_state(torch_state)
        grad_mode.enabled = recording


def copied(case: tuple) -> tuple:
    """A case of one's own, so that the learner's code may do to it what it likes."""
    return tuple(_copy(part) for part in case)


def _copy(part: object) -> object:
    if isinstance(part, TensorBase):
        other = part.detach().clone()
        other.requires_grad_(part.requires_grad)
        if part.grad is not None:
            other.grad = part.grad.clone()
        return other
    if isinstance(part, np.ndarray):
        return part.copy()
    if isinstance(part, (list, tuple)) and type(part) in (list, tuple):
        return type(part)(_copy(x) for x in part)
    if isinstance(part, dict):
        return {key: _copy(value) for key, value in part.items()}
    if callable(part) or isinstance(part, (str, int, float, bool, type(None), range, slice)):
        return part
    return copy.deepcopy(part)


def unchanged(before: object, after: object) -> bool:
    """True if an argument still holds what it held."""
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(unchanged(before[k], after[k]) for k in before)
    a, b = (x._array if isinstance(x, TensorBase) else x for x in (before, after))
    if isinstance(a, (np.ndarray, np.generic)):
        same = np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
        return a.shape == b.shape and a.dtype == b.dtype and bool(same)
    return True


def shares_memory(value: object, case: object, parts: Callable = any) -> bool:
    """True if a result lies in the memory of an argument; of several results, any of them, or all (`parts=all`)."""
    if isinstance(value, (list, tuple)):
        return bool(value) and parts(shares_memory(v, case) for v in value)
    if isinstance(case, (list, tuple)):
        return any(shares_memory(value, c) for c in case)
    a, b = (x._array if isinstance(x, TensorBase) else x for x in (value, case))
    arrays = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    return arrays and bool(np.shares_memory(np.asarray(a), np.asarray(b)))
