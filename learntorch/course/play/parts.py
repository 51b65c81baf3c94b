"""What the pictures of tensors share: reading numbers, writing them, and the few shapes they are drawn with.

Read in chapter 01. A picture takes learntorch's tensors, PyTorch's and NumPy's arrays, and asks of them only
what all of them offer in public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import numpy as np

from ..svg import INK, LINE, MONO, card, length

PAGE = 820  # a picture wider than this is shrunk by a notebook, and its text with it
MARGIN = 18


class Picture:
    """A picture for a notebook, and the same in words for everything else."""

    def __init__(self, svg: str, words: str) -> None:
        self.svg, self.words = svg, words

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.words}


# ---------------------------------------------------------------------------------------------------
# Reading


def is_tensor(thing: object) -> bool:
    """Whether `thing` is a tensor, of learntorch or of PyTorch: something with a storage and strides."""
    return hasattr(thing, "untyped_storage") and hasattr(thing, "stride")


def as_array(thing: Any, caller: str) -> np.ndarray:
    """The numbers of a tensor, an array or a NumPy scalar. On the CPU the memory is shared.

    Raises:
        TypeError: "… draws a tensor or a NumPy array, not a list. …" for anything else, and for complex numbers.
    """
    if is_tensor(thing):
        here = thing.detach().cpu()
        try:
            found = here.numpy()
        except TypeError:  # bfloat16 has no counterpart in NumPy
            found = here.float().numpy()
    elif isinstance(thing, np.ndarray | np.generic):
        found = np.asarray(thing)
    else:
        raise TypeError(
            f"{caller} draws a tensor or a NumPy array, not a {type(thing).__name__}. "
            "Make one of it first: torch.tensor(...)."
        )
    if found.dtype.kind not in "biuf":
        raise TypeError(
            f"{caller} draws bool, whole numbers and fractions, not {found.dtype}. "
            "For complex numbers draw the real and the imaginary part, one at a time."
        )
    return found


def dtype_name(thing: Any) -> str:
    """`float32`, for a tensor as for an array."""
    return str(thing.dtype).removeprefix("torch.").removeprefix("learntorch.")


def named(things: tuple[Any, ...], caller: str) -> dict[str, Any]:
    """What was given, with names: `caller({"x": x})` gives them, `caller(x, y)` leaves them to be counted."""
    if len(things) == 1 and isinstance(things[0], Mapping):
        found = {str(name): thing for name, thing in things[0].items()}
    else:
        kinds = ["tensor" if is_tensor(thing) else "array" for thing in things]
        found = {f"{kind} {number}": thing for number, (kind, thing) in enumerate(zip(kinds, things), 1)}
    if not found:
        raise TypeError(f"{caller} needs at least one tensor. Name them to have the names drawn: {{'x': x}}.")
    return found


# ---------------------------------------------------------------------------------------------------
# Writing


def written(values: np.ndarray) -> list[str]:
    """The numbers as short texts, all in one manner: whole, with two decimals, or with two digits.

    >>> written(np.array([1.0, -2.5])), written(np.array([3.0, 4.0])), written(np.array([1e-5, np.nan]))
    (['1.00', '-2.50'], ['3.', '4.'], ['1e-05', 'nan'])
    """
    flat = np.asarray(values).ravel()
    if flat.dtype.kind != "f":
        return [str(value) for value in flat.tolist()]
    flat = flat.astype(np.float64)
    sizes = np.abs(flat[np.isfinite(flat) & (flat != 0)])
    if (sizes % 1 == 0).all() and (sizes < 1e5).all():
        manner = "{:.0f}."
    elif 0.1 <= sizes.max() < 1e4:
        manner = "{:.2f}"
    else:
        manner = "{:.2g}"
    # The second zero: what is rounded to -0.00 is written 0.00.
    return [
        manner.format((round(v, 2) if manner == "{:.2f}" else v) + 0.0) if np.isfinite(v) else str(v)
        for v in flat.tolist()
    ]


def brief(value: float) -> str:
    """One number with three digits, and no -0.

    >>> brief(-0.0), brief(31.6227), brief(29_000_000.0)
    ('0', '31.6', '2.9e+07')
    """
    return f"{value + 0.0:.3g}"


# ---------------------------------------------------------------------------------------------------
# Drawing


def text(
    x: float, y: float, words: str, *, size: float = 12, color: str = INK, anchor: str = "start",
    bold: bool = False, font: str = MONO,
) -> str:  # fmt: skip
    """A line of text; (x, y) lies on its baseline, at its start, its middle or its end."""
    weight = ' font-weight="600"' if bold else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{length(x)}" y="{length(y)}" font-family="{escape(font)}" font-size="{length(size)}"{weight} '
        f'fill="{color}"{place} xml:space="preserve">{escape(words)}</text>'
    )


def rect(
    x: float, y: float, width: float, height: float, *, fill: str = "#FFFFFF", stroke: str = LINE,
    thick: float = 1, dashed: bool = False, round_: float = 0,
) -> str:  # fmt: skip
    """A rectangle; dashed stands for something that is not there."""
    more = ' stroke-dasharray="3 3"' if dashed else ""
    more += f' rx="{length(round_)}"' if round_ else ""
    return (
        f'<rect x="{length(x)}" y="{length(y)}" width="{length(width)}" height="{length(height)}" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="{length(thick)}"{more}/>'
    )


def arrow(x: float, y: float, to_x: float, to_y: float, color: str, *, dashed: bool = False, thick: float = 1.8) -> str:
    """A straight arrow; its head is seven wide and eight long."""
    distance = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 1e-6)
    ux, uy = (to_x - x) / distance, (to_y - y) / distance
    neck_x, neck_y = to_x - 8 * ux, to_y - 8 * uy
    more = ' stroke-dasharray="5 3"' if dashed else ""
    corners = ((to_x, to_y), (neck_x - 4 * uy, neck_y + 4 * ux), (neck_x + 4 * uy, neck_y - 4 * ux))
    return (
        f'<path d="M{length(x)} {length(y)}L{length(neck_x)} {length(neck_y)}" stroke="{color}" '
        f'stroke-width="{length(thick)}" fill="none"{more}/>'
        f'<polygon points="{" ".join(f"{length(a)},{length(b)}" for a, b in corners)}" fill="{color}"/>'
    )


def sheet(width: float, height: float, title: str, words: str, parts: Iterable[str]) -> Picture:
    """The parts on a card of whole pixels, as a picture with its words."""
    return Picture(card(round(width), round(height), title, words, parts), words)
