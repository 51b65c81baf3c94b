"""`Generator`: a stream of random words that starts at a seed, word for word PyTorch's on a CPU.

Read in chapter 01. The stream is the Mersenne Twister, which NumPy has too. How words become numbers stands
in random.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .base import TensorBase, memory, wrap
from .devices import cuda_module, device

_FIRST_SEED = 67280421310721  # PyTorch's seed of a new Generator

# The memory of PyTorch's CPU generator, byte for byte. `left` counts down to the next twist of the 624 words.
_STATE = np.dtype(
    [
        ("seed", "u8"),
        ("left", "i4"),
        ("seeded", "i4"),
        ("next", "u8"),
        ("words", "u8", 624),
        ("unused", "f8"),
        ("spare", "f8"),
        ("unused_too", "f8"),
        ("has_spare", "i4"),
        ("unused_float", "f4"),
        ("has_float", "?"),
    ],
    align=True,
)


class Generator:
    """A stream of random words that starts at a seed.

    >>> Generator().manual_seed(0).words(2)
    array([2357136044, 2546248239], dtype=uint64)
    """

    def __init__(self, device: str | device = "cpu") -> None:
        self.device = _device(device)
        self.manual_seed(_FIRST_SEED)

    def manual_seed(self, seed: int) -> Generator:
        """Start again at `seed`, a number of at most 64 bits; a negative one counts from 2**64 down.

        Raises:
            RuntimeError: "manual_seed expected a long, but got float. …"
            ValueError: "Overflow when unpacking long long. …"
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}. Write a whole number.")
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long. A seed lies between -2**63 and 2**64 - 1.")
        self._seed = int(seed) % 2**64
        self._twister = None  # made at the first draw: `import numpy.random` takes a while
        self.spare = None  # a normal number that waits, see random.py
        return self

    def seed(self) -> int:
        """Start again at a seed that nobody can foresee, and return it."""
        self.manual_seed(int.from_bytes(os.urandom(7), "little") % 2**53)
        return self._seed

    def initial_seed(self) -> int:
        """The seed that the stream started at."""
        return self._seed

    def get_state(self) -> TensorBase:
        """Where the stream stands: the 5056 bytes of PyTorch's `get_state()`."""
        state = np.zeros((), _STATE)
        key, position = self._key_and_position()
        state["seed"], state["words"], state["seeded"] = self._seed, key, 1
        state["left"] = 625 - position
        state["next"] = 0 if self._twister is None else position
        if self.spare is not None:
            state["spare"], state["has_spare"] = self.spare, 1
        return wrap(np.frombuffer(state.tobytes(), np.uint8).copy())

    def clone_state(self) -> Generator:
        """A generator of its own that stands where this one stands."""
        other = Generator(self.device)
        other.set_state(self.get_state())
        return other

    def set_state(self, new_state: TensorBase) -> None:
        """Go on where `get_state()` was called.

        Raises:
            RuntimeError: "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state
            size to be 5. …"
        """
        if not isinstance(new_state, TensorBase):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}. Pass a saved state.")
        state = memory(new_state)
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor. Pass what get_state() returned.")
        if state.size != _STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input RNG state "
                f"size to be {state.size}. Pass what get_state() returned."
            )
        state = np.frombuffer(state.tobytes(), _STATE)[0]
        if not (state["seeded"] == 1 and 0 < state["left"] <= 624 and state["next"] <= 624):
            raise RuntimeError("Invalid mt19937 state. Pass what get_state() returned.")
        self.manual_seed(int(state["seed"]))
        self.spare = float(state["spare"]) if state["has_spare"] else None
        if (state["left"], state["next"]) != (1, 0):
            self._twister = _twister(state["words"].astype(np.uint32), 625 - int(state["left"]))

    def _key_and_position(self) -> tuple[np.ndarray, int]:
        if self._twister is not None:
            inner = self._twister.state["state"]
            return inner["key"], inner["pos"]
        _, key, position, *_ = np.random.RandomState(self._seed % 2**32).get_state()
        return key, position

    def words(self, n: int) -> np.ndarray:
        """The next `n` random words of 32 bits, as uint64."""
        if n == 0:
            return np.zeros(0, np.uint64)
        if self._twister is None:
            self._twister = _twister(*self._key_and_position())
        return self._twister.random_raw(n)

    def long_words(self, n: int) -> np.ndarray:
        """The next `n` random words of 64 bits: two short ones each, the high half first."""
        words = self.words(2 * n)
        return words[0::2] << np.uint64(32) | words[1::2]


def _twister(key: np.ndarray, position: int) -> np.random.MT19937:
    twister = np.random.MT19937(0)
    twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
    return twister


def _device(where: str | device) -> device:
    where = device(where)
    if where.type == "cuda":
        cuda_module()
    return where


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Seed the generator that all draws use by default, and return it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator with a number that nobody can foresee, and return that number."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> TensorBase:
    """Where the default stream stands, for `set_rng_state`."""
    return default_generator.get_state()


def set_rng_state(new_state: TensorBase) -> None:
    """Let the default stream go on where `get_rng_state()` was called."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng() -> Iterator[None]:
    """Inside the block draw what you like: behind it the default stream goes on as if nothing had been drawn."""
    before = default_generator.get_state()
    try:
        yield
    finally:
        default_generator.set_state(before)
