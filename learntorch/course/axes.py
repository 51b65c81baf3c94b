"""The small chart that the course draws itself: axes with ticks, lines told apart by dash and label, marks.

Read in chapter 04. Numbers become pixels in `Axes.at` and nowhere else. What lies outside the frame is cut off
here, by arithmetic: an SVG clip needs an id, and two pictures on one page would share it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from .svg import BLUE, EDGE, EM, GREEN, GREY, INK, LINE, ORANGE, PURPLE, SANS, card, length

Point = tuple[float, float]
Range = tuple[float, float]

FONT = 13  # pixels; no text in a picture of the course is smaller than 12


class Style(NamedTuple):
    """How a line looks. No two lines differ by colour alone: each has its own dash and its own mark."""

    color: str
    dash: str  # lengths of strokes and gaps; '' draws through
    mark: str  # 'circle', 'square', 'triangle', 'diamond', 'star' or 'cross'
    width: float = 2.2


STYLES = (
    Style(BLUE, "", "circle"),
    Style(ORANGE, "9 4", "square"),
    Style(GREEN, "2 4", "triangle", 2.8),
    Style(PURPLE, "12 4 2 4", "diamond"),
    Style(INK, "5 3", "star"),
    Style(GREY, "16 5", "cross"),
)


def number(value: float, digits: int = 3) -> str:
    """A number as a reader writes it: at most so many significant digits, a true minus, and never -0.

    >>> number(-0.5), number(1200.0), number(-0.0), number(3e-07)
    ('−0.5', '1200', '0', '3e−7')
    """
    if value != value:
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:.{digits}g}" if size < 10**digits else f"{value:.0f}"
    if size >= 1e5 or (0 < size < 1e-4):
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}e{int(power)}"
    return ("0" if float(text) == 0 else text).replace("-", "−")


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high, about `count` of them: steps of 1, 2 or 5 times a power of ten.

    >>> ticks(-5, 5), ticks(0, 1, 4)
    ([-4.0, -2.0, 0.0, 2.0, 4.0], [0.0, 0.5, 1.0])
    """
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    enough = next(m for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    for m in (enough, enough / 2, enough / 5, enough / 10):  # finer where the range holds no two of them
        step = {2.5: 2.0, 0.4: 0.5}.get(m, m) * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last > first:
            break
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Powers of ten from low to high, every n-th where there are many."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    each = max(1, math.ceil((last - first + 1) / count))
    return [10.0**k for k in range(first, last + 1) if k % each == 0]


def span(values: Iterable[float], pad: float = 0.06, log: bool = False) -> Range:
    """The range that an axis needs for these values, with a little room; what is not finite does not count."""
    found = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    if not found:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = min(found), max(found)
    if log:
        low, high = math.log10(low), math.log10(high)
    room = (high - low) * pad if high > low else abs(high) * 0.1 or 0.5
    low, high = low - room, high + room
    return (10.0**low, 10.0**high) if log else (low, high)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as may be to the wanted ones, in the same order, at least `gap` apart, from low to high."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = [0.0] * len(wanted)
    floor = low
    for i in order:
        floor = places[i] = max(wanted[i], floor)
        floor += gap
    ceiling = high
    for i in reversed(order):
        ceiling = places[i] = min(places[i], ceiling)
        ceiling -= gap
    return places


def label(
    x: float, y: float, text: str, anchor: str = "start", bold: bool = False, halo: bool = False, size: float = FONT
) -> str:
    """A word in the picture, in ink. `halo` puts a white rim around it, for a word that stands on a line."""
    more = ' font-weight="600"' if bold else ""
    more += ' stroke="#FFFFFF" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{length(x)}" y="{length(y)}" font-family="{SANS}" font-size="{length(size)}" '
        f'fill="{INK}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
    )


def sample(x: float, y: float, style: Style, run: float = 30) -> str:
    """A short piece of a line, for the legend."""
    dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
    return (
        f'<path d="M{length(x)} {length(y)}h{length(run)}" fill="none" stroke="{style.color}" '
        f'stroke-width="{length(style.width)}"{dash}/>'
    )


def mark(x: float, y: float, shape: str, color: str, size: float = 5) -> str:
    """A mark at a pixel, with a white rim that keeps it apart from what lies below."""
    look = f'fill="{color}" stroke="#FFFFFF" stroke-width="1.2"'
    if shape == "circle":
        return f'<circle cx="{length(x)}" cy="{length(y)}" r="{length(size)}" {look}/>'
    if shape == "square":
        corner, side = (length(x - size), length(y - size)), length(2 * size)
        return f'<rect x="{corner[0]}" y="{corner[1]}" width="{side}" height="{side}" {look}/>'
    if shape == "cross":
        ends = [(x - size, y - size, x + size, y + size), (x - size, y + size, x + size, y - size)]
        path = " ".join(f"M{length(a)} {length(b)}L{length(c)} {length(d)}" for a, b, c, d in ends)
        return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2.4"/>'
    turns = {"triangle": (3, 1.0, 1.3), "diamond": (4, 1.0, 1.3), "star": (5, 0.45, 1.6)}
    if shape not in turns:
        raise ValueError(f"mark() got shape={shape!r}; it can be circle, square, triangle, diamond, star or cross.")
    corners, waist, scale = turns[shape]
    around = [(k * math.pi / corners, 1.0 if k % 2 == 0 else waist) for k in range(2 * corners)]
    if waist == 1.0:
        around = around[::2]
    points = " ".join(
        f"{length(x + scale * size * r * math.sin(a))},{length(y - scale * size * r * math.cos(a))}" for a, r in around
    )
    return f'<polygon points="{points}" {look}/>'


class Axes:
    """A frame on the card, `left`, `top`, `width` and `height` in pixels, that holds the ranges `x` and `y`."""

    def __init__(
        self, left: float, top: float, width: float, height: float, x: Range, y: Range, log: bool = False
    ) -> None:
        if not (x[0] < x[1] and y[0] < y[1]) or (log and y[0] <= 0):
            raise ValueError(f"Axes need ranges that grow, got x={x}, y={y}{', log' * log}. Give (low, high).")
        self.left, self.top, self.width, self.height, self.x, self.y, self.log = left, top, width, height, x, y, log
        self.right, self.bottom = left + width, top + height

    def at(self, x: float, y: float) -> Point:
        """The pixel of the point (x, y); nan where a logarithmic axis has no place for it."""
        low, high = self.y
        if self.log:
            low, high = math.log10(low), math.log10(high)
            y = math.log10(y) if y > 0 else math.nan
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        return self.left + self.width * across, self.bottom - self.height * (y - low) / (high - low)

    def inside(self, x: float, y: float) -> bool:
        """Whether the point (x, y) lies in the frame."""
        return self.x[0] <= x <= self.x[1] and self.y[0] <= y <= self.y[1]

    def frame(self, xlabel: str = "", ylabel: str = "", title: str = "") -> list[str]:
        """The border, the grid with its numbers, and the names. It needs 46 px on the left, 44 below, 44 above."""
        parts = []
        for value in ticks(*self.x, count=max(2, int(self.width / 80))):
            x, _ = self.at(value, self.y[0])
            parts.append(_rule(x, self.top, x, self.bottom, EDGE))
            parts.append(label(x, self.bottom + 17, number(value), "middle"))
        steps = log_ticks(*self.y) if self.log else ticks(*self.y, count=max(2, int(self.height / 45)))
        for value in steps:
            _, y = self.at(self.x[0], value)
            parts.append(_rule(self.left, y, self.right, y, EDGE))
            parts.append(label(self.left - 6, y + 4.5, number(value), "end"))
        parts.append(
            f'<rect x="{length(self.left)}" y="{length(self.top)}" width="{length(self.width)}" '
            f'height="{length(self.height)}" fill="none" stroke="{LINE}"/>'
        )
        if xlabel:
            parts.append(label(self.left + self.width / 2, self.bottom + 36, xlabel, "middle"))
        if ylabel:  # above the axis and level: text on its side is hard to read
            parts.append(label(self.left, self.top - 8, ylabel))
        if title:
            parts.append(label(self.left, self.top - 27, title, bold=True, size=FONT + 1))
        return parts

    def line(self, points: Iterable[Point], style: Style, width: float | None = None) -> str:
        """A line through the points, cut off at the frame and interrupted where a value is not finite."""
        pieces: list[list[Point]] = []
        before: Point | None = None
        for point in points:
            here: Point | None = self.at(*point) if all(map(math.isfinite, point)) else None
            if here and not math.isfinite(here[1]):
                here = None
            if before and here and (kept := self._cut(before, here)):
                if pieces and pieces[-1][-1] == kept[0]:
                    pieces[-1].append(kept[1])
                else:
                    pieces.append([*kept])
            before = here
        path = "".join("M" + "L".join(f"{length(x)} {length(y)}" for x, y in piece) for piece in pieces)
        dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
        return (
            f'<path d="{path}" fill="none" stroke="{style.color}" '
            f'stroke-width="{length(width or style.width)}" stroke-linejoin="round"{dash}/>'
        )

    def mark(self, x: float, y: float, style: Style, size: float = 5) -> str:
        """The mark of this style at the point (x, y); nothing where the point lies outside the frame."""
        return mark(*self.at(x, y), style.mark, style.color, size) if self.inside(x, y) else ""

    def ends(self, ends: Sequence[tuple[str, Point, Style]]) -> list[str]:
        """A label to the right of the frame for each line's end, moved apart where they would overlap."""
        heights = []
        for _, (x, y), _ in ends:
            _, height = self.at(x, y)
            heights.append(min(max(height, self.top), self.bottom) if math.isfinite(height) else self.top)
        places = spread(heights, FONT + 4, self.top + 4, self.bottom)
        parts = []
        for (text, _, style), height, place in zip(ends, heights, places):
            parts.append(_rule(self.right + 2, height, self.right + 12, place, LINE))
            parts.append(sample(self.right + 14, place, style))
            parts.append(label(self.right + 49, place + 4.5, text))
        return parts

    def _cut(self, a: Point, b: Point) -> tuple[Point, Point] | None:
        """The part of the segment from a to b that lies in the frame (Liang and Barsky, 1984)."""
        start, end = 0.0, 1.0
        run = (b[0] - a[0], b[1] - a[1])
        for axis, low, high in ((0, self.left, self.right), (1, self.top, self.bottom)):
            if run[axis] == 0:
                if not low <= a[axis] <= high:
                    return None
                continue
            enter, leave = sorted(((low - a[axis]) / run[axis], (high - a[axis]) / run[axis]))
            start, end = max(start, enter), min(end, leave)
        if start > end:
            return None
        first = a if start == 0.0 else (a[0] + start * run[0], a[1] + start * run[1])
        last = b if end == 1.0 else (a[0] + end * run[0], a[1] + end * run[1])
        return first, last


def _rule(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f'<path d="M{length(x1)} {length(y1)}L{length(x2)} {length(y2)}" stroke="{color}"/>'


def chart(
    lines: Mapping[str, Sequence[Point]],
    title: str,
    text: str,
    *,
    xlabel: str = "",
    ylabel: str = "",
    log: bool = False,
    x: Range | None = None,
    y: Range | None = None,
    width: float = 720,
    height: float = 340,
) -> str:
    """A whole picture of up to six lines, each with its label at its end; `text` says in words what it shows.

    `lines` maps a label to its points (x, y). `log` makes the y axis logarithmic. The ranges `x` and `y` are
    taken from the points where they are left out.

    Raises:
        ValueError: "A chart tells 6 lines apart, got …" for more lines than there are styles.
    """
    if len(lines) > len(STYLES):
        raise ValueError(f"A chart tells {len(STYLES)} lines apart, got {len(lines)}. Draw two charts.")
    every = [point for points in lines.values() for point in points]
    margin = 60 + max((len(name) for name in lines), default=0) * FONT * EM
    x = x or span((p[0] for p in every), pad=0)
    y = y or span((p[1] for p in every), log=log)
    axes = Axes(62, 52, width - 62 - margin, height - 52 - 48, x, y, log)
    parts = axes.frame(xlabel, ylabel, title)
    ends = []
    for (name, points), style in zip(lines.items(), STYLES):
        parts.append(axes.line(points, style))
        drawn = [p for p in points if all(map(math.isfinite, axes.at(*p)))] if points else []
        if drawn:
            ends.append((name, drawn[-1], style))
    return card(width, height, title, text, [*parts, *axes.ends(ends)])
