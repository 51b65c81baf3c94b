"""What the graph knows of a tensor, and the write log of its memory.

Read in chapter 03.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from types import FunctionType

import numpy as np

from .modes import grad_mode, rare

tick = count(1).__next__  # the one clock: numbers nodes and stamps in-place writes


class Stamp:
    """The write log of one piece of memory. Every tensor that sees the memory shares it.

    A saved tensor whose last write is newer than the node that saved it no longer holds what the
    backward formula needs.
    """

    __slots__ = ("version", "last", "recent")
    inference = False  # whether the memory was made in inference mode

    def __init__(self) -> None:
        self.version = 0  # how many writes
        self.last = 0  # when the last one was
        self.recent = None  # when the latest ones were, for the error message

    def write(self) -> None:
        self.version += 1
        self.last = tick()
        if self.recent is None:
            self.recent = deque(maxlen=64)
        self.recent.append(self.last)

    def version_at(self, time: int) -> int:
        """The version that the memory had at `time`."""
        return self.version - sum(when > time for when in self.recent or ())


class InferenceStamp(Stamp):
    """The one stamp of all tensors made in inference mode: their writes are not counted."""

    __slots__ = ()
    inference = True

    @property
    def version(self) -> int:
        raise RuntimeError("Inference tensors do not track version counter. Ask a clone() made outside inference_mode.")

    def __init__(self) -> None:
        self.last = 0

    def write(self) -> None:
        pass


INFERENCE = InferenceStamp()


class DetachedStamp(Stamp):
    """The write log of `x.data` and `x.detach()`, taken outside inference mode of a tensor that was made inside."""

    __slots__ = ()
    inference = True


class TensorBase:
    """What the graph knows of a tensor. `Tensor` adds the methods."""

    __slots__ = (
        "_array",  # the numbers: a NumPy or CuPy array (a NumPy scalar for a fresh 0-d result)
        "_requires_grad",
        "_edge",  # (node, output number) that made this tensor; None for a leaf
        "_grad",
        "_base",  # for a view: the tensor whose memory it sees
        "_stamp",  # the write log, once somebody else looks at the same memory
        "_seen",  # for a view: when its edge was last known to be right
        "_origin",  # for a view: what forbids recorded writes through it, if anything
        "_accumulator",  # for a leaf: weak reference to its AccumulateGrad
        "_hooks",  # for a leaf: its gradient hooks
        "__weakref__",
        "__dict__",
    )
    _plain: type  # the class of every result: Tensor

    def __init_subclass__(cls, plain: bool = False) -> None:
        if plain:
            TensorBase._plain = cls
            for room in cls.__mro__:  # errors say sum(), as the learner wrote it, and not ReductionMethods.sum()
                for method in vars(room).values():
                    if isinstance(method, FunctionType):
                        method.__qualname__ = method.__name__


new = object.__new__


def wrap(array) -> TensorBase:
    """A fresh tensor around `array`, without history."""
    t = new(TensorBase._plain)
    t._array = array
    t._requires_grad = False
    t._edge = t._grad = t._base = t._stamp = None
    if rare.watching and grad_mode.inference:
        t._stamp = INFERENCE
    return t


def twin(t: TensorBase) -> TensorBase:
    """The same memory and write log without the history: what a node keeps of its own output.

    If it kept the output itself, output and node would point at each other, and only the garbage
    collector could free the graph.
    """
    if t._stamp is None:
        t._stamp = Stamp()
    other = wrap(memory(t))
    other._stamp = t._stamp
    return other


def memory(t: TensorBase):
    """The array of `t`, as an array: a 0-d result that is still a NumPy scalar gets its own memory."""
    array = t._array
    if isinstance(array, np.generic):
        array = t._array = np.asarray(array)
    return array
