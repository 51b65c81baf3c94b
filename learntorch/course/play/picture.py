"""`show_tensor`: a tensor as a picture, as a table of its numbers or as shades.

Read in chapter 01. `plan` decides what is drawn, `show_tensor` draws it. The shades run from pale to dark blue; with
both signs from blue (above zero) to orange with a stroke through it (below zero), so that nothing hangs on colour.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

import numpy as np

from ..svg import EM, GREY, INK, LINE, PALE_GREY, SANS, length
from .parts import MARGIN, PAGE, Picture, as_array, brief, dtype_name, rect, sheet, text, written

ROWS, CELLS = 16, 256  # a table with more rows, or a tensor with more numbers, is drawn as shades
SIDE = 64  # an image with more rows or columns is averaged down
TILES = 32
LEVELS = 10  # shades on either side of zero
BLUES = ((244, 249, 253), (86, 160, 210), (0, 52, 92))
ORANGES = ((253, 246, 240), (232, 130, 60), (122, 44, 0))


def show_tensor(tensor: Any, *, name: str = "", numbers: bool | None = None) -> Picture:
    """A picture of a tensor: small ones as tables of their numbers, large ones as shades.

    A matrix is one table, (D, rows, columns) a row of D tables, and (N, D, rows, columns) N such rows.
    `numbers=True` or `False` decides between table and shades; left out, the size does.

    Raises:
        TypeError: "show_tensor() draws a tensor or a NumPy array, not a list. …"
        ValueError: "show_tensor() draws up to 4 dimensions, and this tensor has 5. …", or when `numbers=True`
            and there are too many of them.

    >>> show_tensor(np.array([[1.0, 2.5]]), name="w")
    w: shape (1, 2), float64, from 1 to 2.5
    [1.00 2.50]
    """
    values = as_array(tensor, "show_tensor()")
    planned = plan(values, numbers)
    what = f"shape {tuple(tensor.shape)}, {dtype_name(tensor)}"
    head = f"{name}: {what}" if name else what
    words = "\n".join([f"{head}{_range_in_words(values)}", *_in_words(values, planned)])
    return _draw(planned, head, words, name or "a tensor")


# ---------------------------------------------------------------------------------------------------
# What is drawn


class Scale(NamedTuple):
    """What a shade means: level 0 to 10 from low to high, or -10 to 10 with zero in the middle."""

    low: float
    high: float
    signed: bool

    def level(self, value: float) -> int:
        """The shade of a finite number."""
        share = value / self.high if self.signed else (value - self.low) / ((self.high - self.low) or 1.0)
        return round(LEVELS * share)

    def color(self, level: int) -> str:
        """The shade as a colour."""
        pale, middle, dark = ORANGES if level < 0 else BLUES
        share = abs(level) / LEVELS * 2
        start, end = (pale, middle) if share <= 1 else (middle, dark)
        mixed = [round(a + (b - a) * (share - (share > 1))) for a, b in zip(start, end, strict=True)]
        return "#" + "".join(f"{part:02X}" for part in mixed)


class Tile(NamedTuple):
    """One table: which one of the tensor it is, and its numbers in rows."""

    index: tuple[int, ...]
    values: np.ndarray  # (rows, columns)


class Plan(NamedTuple):
    """What is drawn, without a single coordinate."""

    tiles: list[Tile]
    numbers: bool  # a table of numbers, or shades
    scale: Scale
    block: tuple[int, int]  # how many rows and columns one shade stands for
    left_out: int  # tiles that are not drawn
    shape: tuple[int, ...]  # of the whole tensor


def plan(values: np.ndarray, numbers: bool | None = None) -> Plan:
    """Decide: numbers or shades, which tiles, which scale."""
    if values.ndim > 4:
        raise ValueError(
            f"show_tensor() draws up to 4 dimensions, and this tensor has {values.ndim}. "
            "Pick a part of it: tensor[0], for example."
        )
    rows, columns = ((1, 1) + values.shape)[-2:]
    stack = values.reshape((-1, rows, columns)) if values.size else values.reshape((0, rows, columns))
    fits = rows <= ROWS and values.size <= CELLS and len(stack) <= TILES
    fits = fits and columns * _cell_width(values) <= PAGE - 2 * MARGIN - 40
    if numbers and not fits:
        raise ValueError(
            f"show_tensor() has no room for the numbers of a tensor of shape {values.shape}. "
            "Leave numbers=True out and see it as shades, or pick a part of it: tensor[:8, :8]."
        )
    places = list(np.ndindex(values.shape[:-2]))[:TILES] if values.size else []
    block = (1, 1)
    if not (as_numbers := fits if numbers is None else numbers):
        block = (ceil(rows / SIDE), ceil(columns / SIDE))
        stack = np.array([_averaged(one, *block) for one in stack[:TILES].astype(np.float64)])
    tiles = [Tile(place, one) for place, one in zip(places, stack, strict=False)]
    left_out = (int(np.prod(values.shape[:-2])) if values.size else 0) - len(tiles)
    return Plan(tiles, as_numbers, _scale(stack[: len(tiles)]), block, left_out, values.shape)


def _averaged(image: np.ndarray, down: int, across: int) -> np.ndarray:
    """The mean of each block; a block with a nan or an inf in it has that for its mean."""
    if (down, across) == (1, 1):
        return image
    with np.errstate(invalid="ignore"):  # inf - inf
        rows = np.add.reduceat(image, range(0, len(image), down), axis=0)
        sums = np.add.reduceat(rows, range(0, image.shape[1], across), axis=1)
    ones = np.add.reduceat(np.ones_like(image), range(0, len(image), down), axis=0)
    return sums / np.add.reduceat(ones, range(0, image.shape[1], across), axis=1)


def _scale(values: np.ndarray) -> Scale:
    finite = values[np.isfinite(values)].astype(np.float64)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low < 0 < high:
        limit = max(-low, high)
        return Scale(-limit, limit, True)
    if low < 0:  # nothing above zero: the signs still have to be seen
        return Scale(low, -low, True)
    return Scale(low, high, False)


def _range_in_words(values: np.ndarray) -> str:
    parts = []
    finite = values[np.isfinite(values)]
    if not values.size:
        parts.append("no elements")
    elif finite.size and values.dtype.kind == "b":
        parts.append(f"{int(values.sum())} of {values.size} True")
    elif finite.size > 1:
        parts.append(f"from {brief(float(finite.min()))} to {brief(float(finite.max()))}")
    for what, found in (("nan", np.isnan(values)), ("inf", values == np.inf), ("-inf", values == -np.inf)):
        if count := int(np.count_nonzero(found)):
            parts.append(f"{count} {what}")
    return "".join(", " + part for part in parts)


def _in_words(values: np.ndarray, planned: Plan) -> list[str]:
    lines = []
    if planned.numbers:
        cells = written(values)
        wide = max(map(len, cells), default=0)
        at = 0
        for tile in planned.tiles:
            lines += [f"{list(tile.index)}"] if tile.index else []
            for row in tile.values:
                lines.append("[" + " ".join(cell.rjust(wide) for cell in cells[at : at + len(row)]) + "]")
                at += len(row)
    elif planned.tiles:
        rows, columns = planned.block
        kind = f"the mean of a block of up to {rows} × {columns} numbers" if rows * columns > 1 else "a number"
        if planned.scale.signed:
            sides = "blue above zero, orange with a stroke below"
        else:
            sides = "the larger, the darker"
        lines.append(f"drawn as shades, each {kind}; {sides}")
    if planned.left_out:
        lines.append(f"{planned.left_out} more are not drawn")
    return lines


# ---------------------------------------------------------------------------------------------------
# How it is drawn


def _cell_width(values: np.ndarray) -> float:
    return max(max(map(len, written(values)), default=1) * 12 * EM + 12, 26) if values.size <= CELLS else PAGE


def _draw(planned: Plan, head: str, words: str, title: str) -> Picture:
    parts = [text(MARGIN, MARGIN + 10, head, size=13, bold=True)]
    wide, bottom = len(head) * 13 * EM, MARGIN + 24.0
    if not planned.tiles:
        parts.append(text(MARGIN, bottom + 14, "no elements", color=GREY, font=SANS))
        return sheet(wide + 2 * MARGIN, bottom + 14 + MARGIN, f"Picture of {title}", words, parts)
    rows, columns = planned.tiles[0].values.shape
    room = 700 if rows == 1 else 250 if len(planned.tiles) == 1 else 112
    width = height = float(max(3, min(16, room // max(rows, columns))))
    cells: list[list[str]] = [[] for _ in planned.tiles]
    if planned.numbers:
        every = np.array([tile.values for tile in planned.tiles])
        width, height = _cell_width(every), 26.0
        cells = [list(row) for row in np.array(written(every), dtype=object).reshape(len(planned.tiles), -1)]
    x, y, tall, line = 0.0, bottom, 0.0, ()
    for tile, numbers in zip(planned.tiles, cells, strict=True):
        rows, columns = tile.values.shape
        space = (34 + columns * width + 14, 20 + 16 * bool(tile.index) + 16 + rows * height + 12)
        # A new row for every image of a batch, and where the page is full.
        if x and (x + space[0] > PAGE - 2 * MARGIN or (len(tile.index) == 2 and tile.index[:1] != line)):
            x, y = 0.0, y + tall
        line, tall = tile.index[:1], space[1]
        left, top = MARGIN + x + 34, y + 36 + 16 * bool(tile.index)
        if tile.index:
            parts.append(text(left, y + 14, f"{list(tile.index)}", bold=True))
        parts += _axes(left, top, (rows, columns), (width, height), planned)
        parts += _table(tile.values, numbers, left, top, width, height) if planned.numbers else []
        parts += [] if planned.numbers else _shades(tile.values, left, top, width, planned.scale)
        x += space[0]
        wide, bottom = max(wide, x), y + tall
    if not planned.numbers:
        bottom += 8
        parts += _legend(planned, bottom)
        wide, bottom = max(wide, 470), bottom + 42
    return sheet(wide + 2 * MARGIN, bottom + MARGIN - 6, f"Picture of {title}", words, parts)


def _axes(left: float, top: float, shape: tuple[int, int], size: tuple[float, float], planned: Plan) -> list[str]:
    """Which dimension runs where, and the index of the rows and columns."""
    (rows, columns), (width, height), ndim = shape, size, len(planned.shape)
    out = []
    if ndim > 0:
        out.append(text(left, top - 18, f"dim {ndim - 1} →", size=11, color=GREY))
    if ndim > 1:
        middle = max(top + rows * height / 2, top + 24)
        turned = text(0, 0, f"← dim {ndim - 2}", size=11, color=GREY, anchor="middle")
        out.append(f'<g transform="translate({length(left - 22)} {length(middle)}) rotate(-90)">{turned}</g>')
    if ndim > 0:
        for j in range(columns) if planned.numbers else sorted({0, columns - 1}):
            if planned.numbers or j == 0 or columns * width > 40:
                index = planned.shape[-1] - 1 if j == columns - 1 else j
                out.append(text(left + (j + 0.5) * width, top - 4, str(index), size=11, color=GREY, anchor="middle"))
    if ndim > 1:
        for i in range(rows) if planned.numbers else sorted({0, rows - 1}):
            if planned.numbers or i == 0 or rows * height > 24:
                index = planned.shape[-2] - 1 if i == rows - 1 else i
                out.append(text(left - 4, top + (i + 0.5) * height + 4, str(index), size=11, color=GREY, anchor="end"))
    return out


def _table(values: np.ndarray, numbers: list[str], left: float, top: float, width: float, height: float) -> list[str]:
    out = []
    for place, value in enumerate(values.ravel().tolist()):
        x, y = left + place % values.shape[1] * width, top + place // values.shape[1] * height
        strange = isinstance(value, float) and not np.isfinite(value)
        out.append(rect(x, y, width, height, fill=PALE_GREY if strange else "#FFFFFF"))
        if strange:  # marked by the corners too, not by the grey alone
            corners = f"M{length(x + 1)} {length(y + 8)}l7 -7M{length(x + width - 8)} {length(y + height - 1)}l7 -7"
            out.append(f'<path d="{corners}" stroke="{INK}" stroke-width="1.5"/>')
        out.append(text(x + width - 6, y + height / 2 + 4.5, numbers[place], anchor="end"))
    return out


def _shades(values: np.ndarray, left: float, top: float, size: float, scale: Scale) -> list[str]:
    """The cells of one shade as one path, and over them the strokes of what is below zero or no number."""
    places: dict[str, list[str]] = {}
    strokes, marks = [], []
    for (i, j), value in np.ndenumerate(values):
        x, y = left + j * size, top + i * size
        if np.isfinite(value):
            level = scale.level(float(value))
            color = scale.color(level)
            if level < 0:
                strokes.append(f"M{length(x + size * 0.2)} {length(y + size / 2)}h{length(size * 0.6)}")
        else:
            color = PALE_GREY if np.isnan(value) else INK
            marks.append((_cross if np.isnan(value) else _plus if value > 0 else _minus)(x, y, size, value))
        places.setdefault(color, []).append(f"M{length(x)} {length(y)}h{length(size)}v{length(size)}h-{length(size)}z")
    out = [f'<path d="{"".join(cells)}" fill="{color}"/>' for color, cells in places.items()]
    if strokes:
        out.append(f'<path d="{"".join(strokes)}" stroke="{INK}" stroke-width="0.8" fill="none"/>')
    frame = rect(left, top, values.shape[1] * size, values.shape[0] * size, fill="none")
    return ['<g shape-rendering="crispEdges">', *out, "</g>", *marks, frame]


def _cross(x: float, y: float, size: float, _: float) -> str:
    s = length(size - 1)
    path = f"M{length(x + 0.5)} {length(y + 0.5)}l{s} {s}m-{s} 0l{s} -{s}"
    return f'<path d="{path}" stroke="{INK}" stroke-width="1" fill="none"/>'


def _minus(x: float, y: float, size: float, _: float) -> str:
    path = f"M{length(x + 0.5)} {length(y + size / 2)}h{length(size - 1)}"
    return f'<path d="{path}" stroke="#FFFFFF" stroke-width="1.4" fill="none"/>'


def _plus(x: float, y: float, size: float, _: float) -> str:
    upright = f"M{length(x + size / 2)} {length(y + 0.5)}v{length(size - 1)}"
    return _minus(x, y, size, _) + f'<path d="{upright}" stroke="#FFFFFF" stroke-width="1.4" fill="none"/>'


def _legend(planned: Plan, top: float) -> list[str]:
    """The scale with its two ends, and a sample of each thing that is no number."""
    scale = planned.scale
    levels = range(-LEVELS if scale.signed else 0, LEVELS + 1)
    size = 10.0
    ramp = np.array([[scale.low + (scale.high - scale.low) * (k - levels[0]) / (len(levels) - 1) for k in levels]])
    out = _shades(ramp, MARGIN, top, size, scale)
    right = MARGIN + len(levels) * size
    out.append(text(MARGIN, top + 25, brief(scale.low), size=12, color=GREY))
    if scale.signed:
        out.append(text((MARGIN + right) / 2, top + 25, "0", size=12, color=GREY, anchor="middle"))
    out.append(text(right, top + 25, brief(scale.high), size=12, color=GREY, anchor="end"))
    x = right + 24
    values = np.array([tile.values for tile in planned.tiles])
    signs = (("nan", _cross, np.isnan(values)), ("inf", _plus, values == np.inf), ("-inf", _minus, values == -np.inf))
    for what, mark, found in signs:
        if found.any():
            out.append(rect(x, top, 12, 12, fill=PALE_GREY if what == "nan" else INK, stroke=LINE))
            out += [mark(x, top, 12, 0.0), text(x + 18, top + 10, what, color=GREY)]
            x += 60
    if planned.block != (1, 1):
        out.append(
            text(x, top + 10, f"a shade: mean of {planned.block[0]} × {planned.block[1]}", color=GREY, font=SANS)
        )
    if planned.left_out:
        out.append(text(MARGIN, top + 42, f"{planned.left_out} more are not drawn", color=GREY, font=SANS))
    return out
