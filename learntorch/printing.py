"""How a tensor is written: choose the digits, cut out the middle, break the lines, add the suffixes.

Read in chapter 01. `format_tensor` is what `repr(tensor)` shows; `set_printoptions` changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf, isfinite
from types import SimpleNamespace
from typing import Any

import numpy as np

from .devices import array_module, move
from .dtypes import bool as bool_
from .dtypes import get_default_dtype, int64, of_numpy


class PrintOptions(SimpleNamespace):
    """What `set_printoptions` sets. What was not set is as it stands here."""

    precision: int = 4  # digits after the point
    threshold: float = 1000  # arrays with more elements lose their middle
    edgeitems: int = 3  # what is kept of them on either side of each axis
    linewidth: int = 80
    sci_mode: bool | None = None  # None: choose by the values


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=inf),
}
_options = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors print. What is None stays as it is; `sci_mode=None` means automatic.

    `profile` is "default", "short" or "full" and sets all of them; the other arguments override it.
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    base = _as_dict(_PROFILES.get(profile, _options))
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in (base | chosen | {"sci_mode": sci_mode}).items():
        setattr(_options, name, value)


def get_printoptions() -> dict[str, Any]:
    """The options in force, ready for `set_printoptions(**options)`."""
    return _as_dict(_options)


def _as_dict(options: PrintOptions) -> dict[str, Any]:
    return {name: getattr(options, name) for name in PrintOptions.__annotations__}


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """`with printoptions(precision=2): …` changes the options for the block alone."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def format_tensor(
    array: np.ndarray,
    *,
    prefix: str = "tensor(",
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    device: object = None,
) -> str:
    """The text of a tensor that holds `array`. `device` is named if it is given.

    >>> print(format_tensor(np.array([[1, 2.5], [3, 4]])))
    tensor([[1.0000, 2.5000],
            [3.0000, 4.0000]], dtype=torch.float64)
    """
    dtype = of_numpy(array.dtype)
    obvious = {get_default_dtype()} if array.size == 0 else {get_default_dtype(), int64, bool_}
    suffixes = []
    if device is not None:
        suffixes.append(f"device='{device}'")
    if (array.size == 0 and array.ndim != 1) or (array.size and not _options.edgeitems):
        suffixes.append(f"size={tuple(array.shape)}")
    if dtype not in obvious:
        suffixes.append(f"dtype={dtype}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return _append(prefix + _contents(array, len(prefix)), suffixes, len(prefix))


def _append(text: str, suffixes: list[str], indent: int) -> str:
    """`text`, the suffixes and ")": each suffix on the last line if it fits, else below the numbers."""
    used = len(text.rpartition("\n")[2]) + 2  # room for ", "
    for suffix in suffixes:
        if used + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"


def _contents(array: np.ndarray, indent: int) -> str:
    """The brackets and numbers. The first bracket stands in column `indent`."""
    if array.size == 0:
        return "[]"
    cuts = [False] * array.ndim  # which axes lose their middle
    if array.size > _options.threshold:
        cuts = [length > 2 * _options.edgeitems for length in array.shape]
        if array.ndim and not _options.edgeitems:
            return "[...]"
        array = _edges(array, cuts)
    array = np.asarray(move(array, "cpu"))
    write, width = _number_format(array)
    return _nested(array.tolist(), cuts, indent, write, width)


def _edges(array: np.ndarray, cuts: list[bool]) -> np.ndarray:
    """The first and last `edgeitems` along every axis that is cut, and nothing between them."""
    xp, edge = array_module(array), _options.edgeitems
    for axis, cut in enumerate(cuts):
        if cut:
            along = (slice(None),) * axis
            array = xp.concatenate([array[*along, :edge], array[*along, -edge:]], axis)
    return array


def _nested(values: Any, cuts: list[bool], indent: int, write: Callable[[Any], str], width: int) -> str:
    """Nested lists as text: vectors wrap, a matrix has a row per line, a blank line parts two matrices."""
    if not cuts:
        return write(values)
    cut, *inner = cuts
    if inner:
        items = [_nested(value, inner, indent + 1, write, width) for value in values]
        if cut:
            items.insert(_options.edgeitems, "...")
        rows, gap = items, "\n" * len(inner)
    else:
        items = [write(value) for value in values]
        if cut:
            items.insert(_options.edgeitems, " ...")
        per_line = max(1, (_options.linewidth - indent) // (width + 2))
        rows = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
        gap = "\n"
    return "[" + ("," + gap + " " * (indent + 1)).join(rows) + "]"


def _number_format(array: np.ndarray) -> tuple[Callable[[Any], str], int]:
    """How to write one number of `array`, and the column width, so that all of them line up.

    Note: zeros, inf and nan do not count for the choice. They stretch neither the range of values
    nor the columns.
    """
    if array.dtype.kind != "f":
        width = max(map(len, map(str, array.ravel().tolist())))
        return lambda value: str(value).rjust(width), width

    counting = array[np.isfinite(array) & (array != 0)].astype(float)
    if counting.size == 0:
        return _whole, 1
    low, high = np.abs(counting).min().item(), np.abs(counting).max().item()
    scientific = _options.sci_mode
    if scientific is None:
        scientific = high / low > 1000 or high > 1e8 or low < 1e-4
    if scientific:
        text = f"{{:.{_options.precision}e}}".format
    elif (counting == np.ceil(counting)).all():
        text = _whole
    else:
        text = f"{{:.{_options.precision}f}}".format
    width = max(map(len, map(text, counting.tolist())))
    return lambda value: text(value).rjust(width), width


def _whole(value: float) -> str:
    """A float without decimals keeps its point, so that it does not look like an int: `3.`"""
    return f"{value:.0f}" + "." * isfinite(value)
