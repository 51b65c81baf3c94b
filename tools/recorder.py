"""What the recorder of nn, optim and utils.data and their tests share: the table of cases, running, comparing.

A case is a function that is given the package, `torch` or `learntorch`, and returns what has to be the same:
tensors, numbers, texts, and lists and dicts of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "nn.json"
CASES: dict[str, dict[str, Callable]] = {"nn": {}, "errors": {}, "optim": {}, "data": {}}


def case(group: str, title: str | None = None, **options) -> Callable:
    """Register a function as a case; with options, as the case of that name with these options."""

    def register(function: Callable) -> Callable:
        CASES[group][title or function.__name__] = lambda torch: function(torch, **options)
        return function

    return register


def plain(result):
    """A result as JSON holds it; floats keep the nine digits of a float32."""
    if hasattr(result, "tolist"):
        return plain(result.tolist())
    if isinstance(result, dict):
        return {str(key): plain(value) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [plain(value) for value in result]
    return float(f"{result:.9g}") if isinstance(result, float) else result


def run(function: Callable, torch):
    """What a case gives, from a fixed seed. A warning that it does not expect is an error."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return plain(function(torch))


def complaint(call: Callable, whole: bool = False) -> list[str]:
    """The type of the error that `call` raises, and its first sentence, or the whole text."""
    try:
        call()
    except Exception as error:
        text = error.args[0] if isinstance(error, KeyError) else str(error)
        return [type(error).__name__, text if whole else text.split(". ")[0].rstrip(".")]
    return ["no error", ""]


def warned(call: Callable) -> list:
    """The types and texts of the warnings, then the result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return [[[w.category.__name__, str(w.message)] for w in caught], result]


def differences(ours, golden, where: str = "") -> list[str]:
    """Where two results are not the same. Numbers may differ by the rounding of float32, texts not at all."""
    is_number = [isinstance(x, (int, float)) and not isinstance(x, bool) for x in (ours, golden)]
    if all(is_number):
        same = np.isclose(ours, golden, rtol=3e-6, atol=1e-6, equal_nan=True)
    elif type(ours) is not type(golden):
        same = False
    elif isinstance(golden, list) and len(ours) == len(golden):
        return [d for i, pair in enumerate(zip(ours, golden)) for d in differences(*pair, f"{where}[{i}]")]
    elif isinstance(golden, dict) and ours.keys() == golden.keys():
        return [d for key in golden for d in differences(ours[key], golden[key], f"{where}.{key}")]
    else:
        same = ours == golden
    return [] if same else [f"{where}: {ours!r} instead of {golden!r}"]


def numbers(torch, *shape: int):
    """Values that no seed touches: sin of 1, 2, 3, …"""
    return torch.tensor(np.sin(np.arange(1, 1 + int(np.prod(shape)))).reshape(shape).tolist())
