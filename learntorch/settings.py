"""Settings that PyTorch's programs make at the start: threads, deterministic algorithms, precision of products.

Read in chapter 02. NumPy decides how many threads it computes with when it is imported, its algorithms are
deterministic, and its products exact to the last digit of float32. So these are remembered and change nothing.
"""

from __future__ import annotations

import os
import warnings

from .errors import argument_error, kind_of


class _Settings:
    def __init__(self) -> None:
        self.threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
        self.deterministic = self.warn_only = False
        self.precision = "highest"


_settings = _Settings()


def get_num_threads() -> int:
    """The number of threads that was asked for."""
    return _settings.threads


def set_num_threads(num: int) -> None:
    """Remember a number of threads. NumPy's is that of the environment variable OMP_NUM_THREADS at the start."""
    if type(num) is not int:
        raise RuntimeError(f"set_num_threads expects an int, but got {kind_of(num)}. Write a whole number.")
    if num < 1:
        raise RuntimeError("set_num_threads expects a positive integer. One thread is the least.")
    _settings.threads = num


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for algorithms that give the same numbers in every run, as all of learntorch's do."""
    for position, (name, value) in enumerate({"mode": mode, "warn_only": warn_only}.items(), 1):
        if not isinstance(value, bool):
            raise argument_error("_set_deterministic_algorithms", name, position, "bool", value)
    _settings.deterministic, _settings.warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """True after `use_deterministic_algorithms(True)`."""
    return _settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """True after `use_deterministic_algorithms(True, warn_only=True)`."""
    return _settings.warn_only


def get_float32_matmul_precision() -> str:
    """The precision that was asked for: "highest" unless changed."""
    return _settings.precision


def set_float32_matmul_precision(precision: str) -> None:
    """Remember how exact products of float32 have to be ("highest", "high", "medium"). They are exact in any case."""
    if not isinstance(precision, str):
        raise RuntimeError(f'set_float32_matmul_precision expects a str, but got {kind_of(precision)}. Try "high".')
    if precision in ("highest", "high", "medium"):
        _settings.precision = precision
    else:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setFloat32MatmulPrecision call has "
            "no effect.",
            stacklevel=2,
        )
