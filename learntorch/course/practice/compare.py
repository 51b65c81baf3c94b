"""`difference`: does an answer agree with the expected one, and if not, in what?

Read in no chapter. Compares type, then shape, then kind of numbers, then values, and never asks the learner's
own `==`. What it returns is for people: a short name of the difference and a sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...base import TensorBase


@dataclass(frozen=True)
class Difference:
    """What is different: `what` for programs ("shape", "values", …), `says` for people."""

    what: str
    says: str


def array_of(value: object) -> np.ndarray | None:
    """The numbers of a tensor, array or number as an array; None if it is something else."""
    if isinstance(value, TensorBase):
        value = value._array
    if isinstance(value, (bool, int, float, np.generic)):
        return np.asarray(value)
    return np.asarray(value) if isinstance(value, np.ndarray) else None  # of a subclass, the plain array


def kind_of(value: object) -> str:
    """What a value is, in a learner's words."""
    if value is None:
        return "None"
    if isinstance(value, TensorBase):
        return "a tensor"
    if isinstance(value, np.ndarray):
        return "an array"
    if isinstance(value, (bool, np.bool_)):
        return "True or False"
    if isinstance(value, (int, np.integer)):
        return "a whole number"
    if isinstance(value, (float, np.floating)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if callable(value):
        return "a function"
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


_NUMBERS = {"b": "True and False", "i": "whole numbers", "u": "whole numbers", "f": "floating-point numbers"}


def difference(
    found: object, expected: object, *, types: str = "array", rtol: float | None = None
) -> Difference | None:
    """The first way in which `found` is not `expected`; None if they agree.

    With types "array" a NumPy array and a tensor are as good as each other. With "same" they are not, and an array
    of fractions must be as wide as expected; with "exact" the dtype must be the same altogether.
    """
    if found is NotImplemented or found is Ellipsis:
        return Difference("type", "There is still a … in your answer.")
    a, b = array_of(found), array_of(expected)
    if b is not None:
        if a is None:
            forgot = " Is a return missing?" if found is None else ""
            return Difference("type", f"Your answer is {kind_of(found)}; {kind_of(expected)} was expected.{forgot}")
        boxed = [isinstance(x, (np.ndarray, TensorBase)) for x in (found, expected)]
        if boxed[0] != boxed[1] and (types == "exact" or expected is True or expected is False or a.ndim):
            return Difference("type", f"Your answer is {kind_of(found)}; {kind_of(expected)} was expected.")
        if types != "array" and isinstance(found, TensorBase) != isinstance(expected, TensorBase):
            return Difference("type", f"Your answer is {kind_of(found)}; {kind_of(expected)} was expected.")
        if types == "same" and not isinstance(expected, TensorBase) and a.dtype.kind == b.dtype.kind == "f":
            types = "exact"
        return _arrays(a, b, types, rtol)
    if isinstance(expected, (tuple, list)):
        return _sequences(found, expected, types, rtol)
    if isinstance(expected, dict):
        return _mappings(found, expected, types, rtol)
    if type(found) is not type(expected):
        return Difference("type", f"Your answer is {kind_of(found)}; {kind_of(expected)} was expected.")
    if isinstance(expected, str) and str.__ne__(found, expected):
        return Difference("values", f"{found!r} is not {expected!r}.")
    if expected is not None and not isinstance(expected, str) and found is not expected and found != expected:
        return Difference("values", f"{found!r} is not {expected!r}.")
    return None


def _arrays(a: np.ndarray, b: np.ndarray, types: str, rtol: float | None) -> Difference | None:
    if a.shape != b.shape:
        return Difference("shape", f"Your answer has shape {a.shape}; {b.shape} was expected.")
    kinds = ["i" if x.dtype.kind == "u" else x.dtype.kind for x in (a, b)]
    if kinds[0] != kinds[1]:
        return Difference("dtype", f"Your answer holds {_NUMBERS.get(kinds[0], a.dtype)}; "
                                   f"{_NUMBERS.get(kinds[1], b.dtype)} were expected.")  # fmt: skip
    if types == "exact" and a.dtype != b.dtype:
        return Difference("dtype", f"Your answer is of type {a.dtype}; {b.dtype} was expected.")
    if a.size == 0 or close(a, b, rtol).all():
        return None
    wrong = ~close(a, b, rtol)
    if np.isnan(a[wrong]).any() if a.dtype.kind == "f" else False:
        return Difference("nan", "There is a nan (not a number) in your answer, and none was expected there.")
    if a.ndim == 0:
        return Difference("values", "{} is not {}.".format(*apart(a, b)))
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = "[" + ", ".join(map(str, at)) + "]"
    return Difference("values", f"{int(wrong.sum())} of {a.size} numbers differ; "
                                "the first at {}: {} instead of {}.".format(where, *apart(a[at], b[at])))  # fmt: skip


def close(a: np.ndarray, b: np.ndarray, rtol: float | None = None) -> np.ndarray:
    """Where two arrays of one shape agree up to rounding."""
    if a.dtype.kind != "f" or b.dtype.kind != "f":
        return a == b
    if rtol is None:
        rtol = 1e-9 if a.dtype == b.dtype == np.float64 else 1e-5
    finite = b[np.isfinite(b)]
    scale = float(np.abs(finite).max()) if finite.size else 0.0
    return np.isclose(a, b, rtol=rtol, atol=rtol * max(scale, 1e-6), equal_nan=True)


def _sequences(found, expected, types, rtol) -> Difference | None:
    if not isinstance(found, (tuple, list)):
        return Difference("type", f"Your answer is {kind_of(found)}; {kind_of(expected)} was expected.")
    if types == "exact" and isinstance(found, tuple) != isinstance(expected, tuple):
        return Difference("type", f"Your answer is {kind_of(found)}; {kind_of(expected)} was expected.")
    if len(found) != len(expected):
        parts = "1 part" if len(found) == 1 else f"{len(found)} parts"
        return Difference("length", f"Your answer has {parts}, not {len(expected)}.")
    for i, (mine, right) in enumerate(zip(found, expected)):
        inner = difference(mine, right, types=types, rtol=rtol)
        if inner is not None:
            return Difference(inner.what, f"Part {i + 1}: {_inside(inner.says)}")
    return None


def _mappings(found, expected, types, rtol) -> Difference | None:
    if not isinstance(found, dict):
        return Difference("type", f"Your answer is {kind_of(found)}; {kind_of(expected)} was expected.")
    missing = [k for k in expected if k not in found]
    extra = [k for k in found if k not in expected]
    for name, right in expected.items():
        inner = difference(found[name], right, types=types, rtol=rtol) if name not in missing else None
        if inner is not None:
            return Difference(inner.what, f"At {name!r}: {_inside(inner.says)}")
    if missing or extra:
        parts = [f"{', '.join(map(repr, missing))} missing"] * bool(missing)
        parts += [f"{', '.join(map(repr, extra))} not expected"] * bool(extra)
        return Difference("length", f"The names differ: {'; '.join(parts)}.")
    return None


def _inside(says: str) -> str:
    """A sentence about a part: it goes on after a colon."""
    small = says[0].lower() if says.startswith(("Your ", "There ", "The ", "Part ", "At ")) else says[0]
    return small + says[1:].removesuffix(" Is a return missing?")


def number(x: object) -> str:
    """A number as short as it can be read: 4 digits, and no −0."""
    x = x.item() if isinstance(x, (np.ndarray, np.generic)) else x
    if isinstance(x, float) and math.isfinite(x):
        return f"{x + 0.0:.4g}"
    return str(x)


def apart(x: object, y: object) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart."""
    short = number(x), number(y)
    if short[0] != short[1]:
        return short
    for digits in (7, 10, 17):
        long = f"{float(x):.{digits}g}", f"{float(y):.{digits}g}"
        if long[0] != long[1]:
            return long
    return short


def text(value: object) -> str:
    """A value as it is shown in feedback: short, and the same on every run."""
    array = array_of(value)
    if array is not None and not isinstance(value, (bool, int, float, np.generic)):
        if array.ndim == 0:
            return number(array)
        if array.size == 0:
            return f"[], of shape {array.shape}"
        with np.printoptions(precision=4, suppress=True, threshold=64, edgeitems=2, linewidth=72, floatmode="maxprec"):
            return np.array2string(array + 0 if array.dtype.kind == "f" else array, separator=", ")
    if isinstance(value, (float, np.generic)) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, (tuple, list)):
        inner = ", ".join(text(x) for x in value)
        if isinstance(value, tuple):
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        return f"[{inner}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {text(v)}" for k, v in value.items()) + "}"
    if callable(value):
        return getattr(value, "__name__", "a function")
    if isinstance(value, (str, int, bool, type(None))):
        return repr(value) if len(repr(value)) < 400 else repr(value)[:400] + "…"
    return kind_of(value)
