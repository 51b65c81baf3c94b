"""Random numbers: uniform, normal, whole, and orders, number for number those of PyTorch on a CPU.

Read in chapter 01. A draw turns words of a `Generator` into numbers. The draws here return arrays and take as
many words as PyTorch takes, in the same order, so that the same seed gives the same numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from . import dtypes
from .devices import move
from .dtypes import dtype
from .errors import broadcast_error, c_name
from .generator import (  # noqa: F401
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)


def memory_order(array) -> list[int]:
    """The dimensions of an array, the one with the longest steps first."""
    return sorted(range(array.ndim), key=lambda d: -array.strides[d])


def in_memory_order(array, draw: Callable) -> np.ndarray:
    """The numbers of `draw(shape)` for an array, drawn in the order in which they lie in its memory."""
    if array.flags.c_contiguous:
        return draw(array.shape)
    order = memory_order(array)
    return draw(tuple(array.shape[d] for d in order)).transpose(np.argsort(order).tolist())


# Uniform numbers ─────────────────────────────────────────────────────────────────────────────────


def unit(n: int, real: np.dtype, generator: Generator) -> np.ndarray:
    """`n` numbers in [0, 1): the low 53 bits of a long word for float64, 24 bits of a short one for float32.

    As many bits as the type has digits: every number is exact, and all are equally likely.
    """
    if real == np.float64:
        return (generator.long_words(n) & np.uint64(2**53 - 1)) * 2.0**-53
    return (generator.words(n) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2**-24)


def working(d: dtype) -> np.dtype:
    """The type to compute in: float16 is drawn as float32 and rounded at the end."""
    return np.dtype(np.float32) if d is dtypes.float16 else d.numpy


def uniform(
    shape: Sequence[int] = (),
    low: float = 0.0,
    high: float = 1.0,
    dtype: dtype | None = None,
    generator: Generator | None = None,
) -> np.ndarray:
    """Numbers in [low, high), all equally likely: low + (high − low) · u.

    >>> uniform((2,), generator=Generator().manual_seed(0))
    array([0.4962566, 0.7682218], dtype=float32)

    Raises:
        RuntimeError: "uniform_ expects to return a [from, to) range, but found from=2 > to=1. …"
    """
    dtype = floating(dtype, "check_uniform_bounds")
    limit = float(np.finfo(dtype.numpy).max)
    for name, bound in ("from", low), ("to", high):
        if not -limit <= bound <= limit:
            raise RuntimeError(f"{name} is out of bounds for {dtype.name}. Choose a bound up to {limit:.4g}.")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}. Swap them."
        )
    if high - low > limit:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{dtype.short}>::max(), but found to={high:g} and "
            f"from={low:g} which result in to-from to exceed the limit. Choose closer bounds."
        )
    real = working(dtype)
    x = unit(size_of(shape), real, generator or default_generator)
    if (low, high) != (0, 1):
        start, stop = real.type(low), real.type(high)
        x = _multiply_add(x, stop - start, start)
    x = x.astype(dtype.numpy, copy=False)
    x[x == dtype.numpy.type(high)] = low  # rounding may reach the end, which is not in the range
    return x.reshape(shape)


def _multiply_add(x: np.ndarray, scale: np.floating, shift: np.floating) -> np.ndarray:
    """x · scale + shift, rounded once, as the processor's fused instruction does it for PyTorch."""
    if x.dtype == np.float32:  # the product of two 24-bit numbers is exact in float64
        return (x * np.float64(scale) + np.float64(shift)).astype(np.float32)
    product, product_error = _exact_product(x, scale)
    total = product + shift
    part = total - product
    total_error = (product - (total - part)) + (shift - part)
    return total + (product_error + total_error)


def _exact_product(a: np.ndarray, b: np.floating) -> tuple[np.ndarray, np.ndarray]:
    """a · b as a rounded product and what rounding took away. Source: Dekker (1971)."""

    def halves(x):
        upper = x * 134217729.0  # 2**27 + 1
        high = upper - (upper - x)
        return high, x - high

    product = a * b
    (a_high, a_low), (b_high, b_low) = halves(a), halves(b)
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


# Normal numbers ──────────────────────────────────────────────────────────────────────────────────

# Note [Two normal numbers from two uniform ones]
# Take a point (x, y) whose coordinates are independent and normal. Its direction is uniform, and the square
# of its distance from the origin is exponential. Both are easy to draw: the angle is θ = 2πu, the distance is
# r = √(−2 ln v). Then x = r cos θ and y = r sin θ are two independent normal numbers (Box and Muller, 1958).

# Note [Few and many normal numbers]
# PyTorch makes the pairs of Note [Two normal numbers from two uniform ones] in two ways.
# - Fewer than 16, or into memory that is not filled row by row: one at a time. A cosine comes out first; its sine
#   waits in the generator for the next number, even if that belongs to another tensor. So randn(1) twice is randn(2).
# - 16 or more: in blocks of 16. Eight distances and eight angles fill a block: eight cosines first, then
#   their sines. If the size is not a multiple of 16, sixteen new uniform numbers are drawn and the *last 16*
#   places are filled with them: the end of the last full block is overwritten.
# That is why the first numbers of randn(15) and randn(16) differ under the same seed. The uniform numbers of
# the first way have 53 bits, those of the second as many as the tensor's type has.
# Logarithm and sine are computed in float64 here and rounded once. PyTorch's float32 ones are fast
# approximations: two numbers of three are equal, one in thirty thousand differs by 3 units in the last place.


def _few_normals(n: int, generator: Generator) -> np.ndarray:
    """`n` standard normal numbers in float64, one at a time, by Note [Few and many normal numbers]."""
    waiting = [] if generator.spare is None or n == 0 else [generator.spare]
    pairs = (n - len(waiting) + 1) // 2
    u, v = unit(2 * pairs, np.dtype(np.float64), generator).reshape(pairs, 2).T
    r, theta = np.sqrt(-2 * np.log1p(-v)), 2 * np.pi * u
    drawn = np.concatenate([waiting, np.stack([r * np.cos(theta), r * np.sin(theta)], axis=1).ravel()])
    if n:
        generator.spare = float(drawn[n]) if len(drawn) > n else None
    return drawn[:n]


def _many_normals(n: int, d: dtype, generator: Generator) -> np.ndarray:
    """`n` ≥ 16 standard normal numbers in float64, by Note [Few and many normal numbers]."""
    real, full = working(d), n - n % 16
    # float16 takes no uniform numbers for the places after the last full block.
    uniforms = unit(full if d is dtypes.float16 else n, real, generator)[:full]
    if full < n:
        uniforms = np.concatenate([uniforms, unit(16, real, generator)])
    v, u = np.swapaxes(uniforms.reshape(-1, 2, 8), 0, 1)  # (blocks, 8) each
    r = np.sqrt(-2 * np.log(1 - v, dtype=np.float64))
    theta = (u * real.type(2 * np.pi)).astype(np.float64)
    drawn = np.stack([r * np.cos(theta), r * np.sin(theta)], axis=1).ravel()
    return drawn if full == n else np.concatenate([drawn[: n - 16], drawn[-16:]])


@np.errstate(over="ignore")  # float16 ends at 65504
def normal(
    shape: Sequence[int] | None = None,
    mean: float | np.ndarray = 0.0,
    std: float | np.ndarray = 1.0,
    dtype: dtype | None = None,
    generator: Generator | None = None,
    dense: bool = True,
) -> np.ndarray:
    """Normal numbers: mean + std · z. Where mean or std is an array, each number has its own.

    Without `dense`, for memory that is not filled row by row, many numbers are drawn as few.

    Raises:
        RuntimeError: "normal expects std >= 0.0, but found std -1. …"
    """
    generator, mean, std = generator or default_generator, on_cpu(mean), on_cpu(std)
    arrays = [x for x in (mean, std) if isinstance(x, np.ndarray)]
    if arrays:
        dtype = dtype or dtypes.of_numpy(arrays[0].dtype)
        shape = _common_shape(*(x.shape for x in arrays)) if shape is None else shape
    dtype, shape = floating(dtype, "normal_kernel_cpu"), shape or ()
    if not np.all(std >= 0):
        many = isinstance(std, np.ndarray)
        found = "all elements of std >= 0.0" if many else f"std >= 0.0, but found std {std:g}"
        raise RuntimeError(f"normal expects {found}. A standard deviation has no sign: take abs().")
    if arrays:
        z = normal(shape, 0.0, 1.0 if isinstance(std, np.ndarray) else std, dtype, generator)
        if isinstance(std, np.ndarray):
            np.multiply(z, std, out=z, casting="unsafe")
        return np.add(z, mean, out=z, casting="unsafe")
    n = size_of(shape)
    z = _many_normals(n, dtype, generator) if n >= 16 and dense else _few_normals(n, generator)
    return (z * std + mean).astype(dtype.numpy).reshape(shape)


@np.errstate(over="ignore")
def exponential(
    shape: Sequence[int] = (),
    rate: float = 1.0,
    dtype: dtype | None = None,
    generator: Generator | None = None,
) -> np.ndarray:
    """Waiting times: −ln(1 − u) / rate.

    Raises:
        RuntimeError: "exponential_ expects lambda > 0.0, but found lambda=0. …"
    """
    dtype = floating(dtype, "exponential_cpu")
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}. It is one over the mean.")
    u = unit(size_of(shape), np.dtype(np.float64), generator or default_generator)
    return (-1.0 / rate * np.log1p(-u)).astype(dtype.numpy).reshape(shape)


# Whole numbers ───────────────────────────────────────────────────────────────────────────────────


def integers(
    shape: Sequence[int] = (),
    low: int | None = None,
    high: int | None = None,
    dtype: dtype | None = None,
    generator: Generator | None = None,
) -> np.ndarray:
    """Whole numbers from low to high − 1: low + word mod (high − low).

    Without `high`, up to the largest of the type; for a floating-point type, as far as there are no gaps.

    Raises:
        RuntimeError: "random_ expects 'from' to be less than 'to', but got from=5 >= to=5. …"
    """
    dtype, generator, n = dtype or dtypes.int64, generator or default_generator, size_of(shape)
    if low is None and high is None:
        low, span, long = 0, _largest(dtype) + 1, dtype in (dtypes.int64, dtypes.float64)
    else:
        low, stop = _range(low or 0, _largest(dtype) + 1 if high is None else high, dtype)
        span = stop - low
        long = span >= 2**28  # so that the remainder is still nearly uniform
    drawn = generator.long_words(n) if long else generator.words(n)
    if span == 2**64:  # every word counts as it is
        return drawn.view(np.int64).astype(dtype.numpy).reshape(shape)
    drawn %= np.uint64(span)
    return (drawn.view(np.int64) + np.int64(low)).astype(dtype.numpy).reshape(shape)


def _largest(d: dtype) -> int:
    """The end of the whole numbers that `d` holds without gaps: 2**24 for float32."""
    if d is dtypes.bool:
        return 1
    return 2 ** (np.finfo(d.numpy).nmant + 1) if d.is_floating_point else int(np.iinfo(d.numpy).max)


def _range(low: int, stop: int, d: dtype) -> tuple[int, int]:
    """[low, stop) after PyTorch's checks; for floating-point types, its ends as that type can write them."""
    if low >= stop:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={stop}. "
            "The upper end itself is never drawn."
        )
    if d.is_floating_point:
        info = np.finfo(d.numpy)
        after, before = _rounded(low + 1, d), _rounded(stop - 1, d)
        if after < low:
            low = after + 2 ** (abs(low + 1).bit_length() - 1 - info.nmant)
        if before >= stop:
            stop = before - 2 ** (abs(stop - 1).bit_length() - 1 - info.nmant)
        bottom, top = int(info.min), int(info.max)
    else:
        bottom, top = (0, 1) if d is dtypes.bool else (int(np.iinfo(d.numpy).min), _largest(d))
    for name, end in ("from", low), ("to - 1", stop - 1):
        if not bottom <= end <= top:
            kind = c_name(np.empty(0, d.numpy))
            raise RuntimeError(f"{name} is out of bounds for {kind}. It holds {bottom} to {top}.")
        if d.is_floating_point and abs(end) > _largest(d):
            digits = info.nmant + 1
            warnings.warn(
                f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations {d.name} "
                "can support discrete uniform distribution only within this range. Take an integer type.",
                stacklevel=3,
            )
    return low, stop


def _rounded(x: int, d: dtype) -> int:
    """The number of type `d` next to `x`; `x` itself if that is beyond 64 bits."""
    with np.errstate(over="ignore"):
        near = float(np.float64(x).astype(d.numpy))
    return int(near) if abs(near) < 2**63 else x


def permutation(n: int, dtype: dtype | None = None, generator: Generator | None = None) -> np.ndarray:
    """0 … n − 1 in random order: each place swaps with one of those from itself on (Fisher and Yates).

    >>> permutation(5, generator=Generator().manual_seed(0))
    array([4, 0, 1, 3, 2])

    Raises:
        RuntimeError: "Trying to create tensor with negative dimension -1: [-1]. …"
    """
    dtype = dtype or dtypes.int64
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]. Take n >= 0.")
    if n > _largest(dtype) + 1:
        raise RuntimeError(f"{n} cannot be converted to type {dtype.name} without overflow. Take a wider type.")
    places = np.arange(max(n - 1, 0), dtype=np.uint64)
    words = (generator or default_generator).words(len(places))
    order = list(range(n))
    for i, j in enumerate((places + words % (np.uint64(n) - places)).tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype.numpy)


# Small things ────────────────────────────────────────────────────────────────────────────────────


def size_of(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def on_cpu(x: float | np.ndarray) -> float | np.ndarray:
    return x if isinstance(x, (int, float, np.generic)) else move(x, "cpu")


def _common_shape(*shapes: tuple) -> tuple:
    error = broadcast_error(*shapes)
    if error is not None:
        raise error
    return np.broadcast_shapes(*shapes)


def floating(d: dtype | None, kernel: str) -> dtype:
    d = d or dtypes.get_default_dtype()
    if not d.is_floating_point:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{d.short}'. Take a floating-point dtype.")
    return d
