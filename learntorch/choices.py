"""Random choices: yes or no, and one of several, number for number those of PyTorch on a CPU.

Read in chapter 01.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import dtypes
from .dtypes import dtype
from .generator import Generator, default_generator
from .random import exponential, floating, in_memory_order, on_cpu, size_of, unit, working


def bernoulli(
    p: float | np.ndarray,
    shape: Sequence[int] | None = None,
    dtype: dtype | None = None,
    generator: Generator | None = None,
) -> np.ndarray:
    """1 with probability p, else 0: u < p. An array `p` gives each number its own.

    With a number `p`, as in dropout, PyTorch draws by MKL on Intel processors: other zeros and ones there.

    Raises:
        RuntimeError: "bernoulli_ expects p to be in [0, 1], but got p=1.5. …"
    """
    p, real = on_cpu(p), np.dtype(np.float64)
    if isinstance(p, np.ndarray):
        own = floating(dtypes.of_numpy(p.dtype), "bernoulli_tensor_cpu_p_")
        dtype, shape, real = dtype or own, p.shape if shape is None else shape, working(own)
    if not np.all((p >= 0) & (p <= 1)):
        found = "other values" if isinstance(p, np.ndarray) else f"p={p:g}"
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got {found}. Pass probabilities.")
    dtype, shape = dtype or dtypes.get_default_dtype(), shape or ()
    u = unit(size_of(shape), real, generator or default_generator)
    return np.asarray(u.reshape(shape) < p).astype(dtype.numpy)


def multinomial(
    weights: np.ndarray,
    num_samples: int,
    replacement: bool = False,
    generator: Generator | None = None,
) -> np.ndarray:
    """Indices drawn with the given weights, which need not add up to 1. Each row draws for itself.

    Shape: (n,) → (num_samples,) or (m, n) → (m, num_samples)

    Raises:
        RuntimeError: "cannot sample n_sample > prob_dist.size(-1) samples without replacement. …"
    """
    weights = on_cpu(weights)
    _check_weights(weights, num_samples, replacement)
    if not replacement or num_samples == 1:
        # Of waiting times with rates w, number i is the shortest with probability w_i / Σw.
        kind = dtypes.of_numpy(weights.dtype)
        waiting = in_memory_order(weights, lambda shape: exponential(shape, 1.0, kind, generator))
        with np.errstate(divide="ignore", invalid="ignore"):
            order = np.argsort(-(weights / waiting), axis=-1, kind="stable")
        return order[..., :num_samples].copy()
    rows = weights.reshape(-1, weights.shape[-1])
    u = unit(len(rows) * num_samples, np.dtype(np.float64), generator or default_generator)
    drawn = []
    for row, u_row in zip(rows, u.reshape(len(rows), num_samples)):
        reached = np.cumsum(row, dtype=row.dtype)
        reached /= reached[-1]
        reached[-1] = 1
        drawn.append(np.searchsorted(reached.astype(np.float64), u_row))
    return np.array(drawn, np.int64).reshape(*weights.shape[:-1], num_samples)


def _check_weights(weights: np.ndarray, num_samples: int, replacement: bool) -> None:
    d = dtypes.of_numpy(weights.dtype)
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim. Reshape it, one row per distribution.")
    if not d.is_floating_point:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {d.short}. Call .float() first."
        )
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples. Take at least one.")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement. Take fewer, or pass "
            "replacement=True."
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError(
            "probability tensor contains either `inf`, `nan` or element < 0. Look where the weights come from."
        )
    if (weights.sum(-1) == 0).any():
        raise RuntimeError(
            "invalid multinomial distribution (sum of probabilities <= 0). Give one index a positive weight."
        )
