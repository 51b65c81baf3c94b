"""How one moment of a walk backward looks: the picture of the graph, and gradients in few words.

Read in chapter 03. The picture says by mark, by outline and by colour where the walk is: a node is still to come,
is being sent a gradient, is the current one, or is done.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from . import svg
from .drawing import SYMBOLS
from .layout import Curve, layered
from .tracing import Place, Trace

SMALL = 4  # a tensor of at most so many elements is written out
CORNER = 3  # so many rows and columns are shown of a larger one
ROUGH = 3  # digits of the norm and of the numbers in the corner of a tensor that is not written out
PAGE, WINDOW = 820, 400  # pixels: a wider picture runs downward; a live one shows at most a window of it


# ---------------------------------------------------------------------------------------------------
# Numbers in few words


def brief(t: Any) -> str:
    """A small tensor written out; a larger one as its shape and its norm, the root of the sum of all squares.

    >>> import learntorch as torch
    >>> brief(torch.tensor([1.0, 2.5])), brief(torch.full((64, 10), 0.5))
    ('[1, 2.5]', '(64, 10), norm 12.6')
    """
    if not hasattr(t, "numel"):
        return repr(t)
    a = _array(t)
    if a.size <= SMALL:
        return _nested(a, _writer(a))
    if a.dtype.kind != "f":
        return f"{a.shape}"
    norm = np.sqrt(np.square(a, dtype=np.float64).sum()).astype(a.dtype)
    return f"{a.shape}, norm {_writer(norm, ROUGH)(norm)}"


def corner(t: Any) -> str:
    """The first rows and columns of a tensor that is not small, one row a line; '' for a small one."""
    if not hasattr(t, "numel") or t.numel() <= SMALL or t.dim() == 0:
        return ""
    a = _array(t)
    front = a[(0,) * (a.ndim - 2)] if a.ndim > 2 else a
    write = _writer(a, ROUGH)
    rows = np.atleast_2d(front)
    lines = [[write(v) for v in row[:CORNER]] for row in rows[:CORNER]]
    width = max(len(word) for line in lines for word in line)
    more = " …" * (rows.shape[1] > CORNER)
    text = [" ".join(f"{word:>{width}}" for word in line) + more for line in lines]
    return "\n".join(text + ["…"] * (len(rows) > CORNER or a.ndim > 2))


def _array(t: Any) -> np.ndarray:
    return t.detach().cpu().numpy()


def _nested(a: np.ndarray, write: Any) -> str:
    return write(a) if a.ndim == 0 else "[" + ", ".join(_nested(row, write) for row in a) + "]"


def _writer(a: Any, most_digits: int | None = None) -> Any:
    """How the numbers of `a` are written: alike, and alike on every machine.

    Three decimals (four of float64). Where all are small there are two significant digits of the largest; what is
    smaller than rounding errors of ordinary numbers is 0. `most_digits` says how many digits the largest may have:
    few of them hide where two processors add up a long sum in another order.
    """
    if a.dtype.kind != "f":
        return lambda v: str(v.item())
    places, digits, nothing = (4, 11, 1e-10) if a.dtype == np.float64 else (3, 6, 1e-6)
    digits = digits if most_digits is None else most_digits
    finite = np.abs(a[np.isfinite(a)]) if a.ndim else np.abs(np.atleast_1d(a)[np.isfinite(np.atleast_1d(a))])
    most = float(finite.max(initial=0))
    size = math.floor(math.log10(most)) if most else 0
    if most > nothing and size < 1 - places:
        places = 1 - size
    places = max(0, min(places, digits - 1 - size))

    def write(v: Any) -> str:
        v = float(v)
        if not math.isfinite(v):
            return str(v)
        v = round(v, places) + 0.0  # + 0.0: no -0
        if v and (size < -4 or size > min(6, digits)):
            return f"{v:.1e}" if size < 0 else f"{v:.{min(3, digits - 1)}e}"
        text = f"{v:.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    return write


# ---------------------------------------------------------------------------------------------------
# The picture

MARKS = {  # the state of a node → its mark, the word for it, its line, its fill, the width of its outline
    "wait": ("○", "to come", svg.LINE, "#FFFFFF", 1.3),
    "send": ("●", "is sent a gradient", svg.GREEN, svg.PALE_GREEN, 2.6),
    "now": ("▶", "now", svg.ORANGE, svg.PALE_ORANGE, 4.0),
    "done": ("✓", "done", svg.LINE, svg.PALE_GREY, 1.3),
}
TITLE, NOTE = 15, 12  # font sizes
MARGIN, LEGEND = 18, 34
ARROW = 10


class Picture:
    """The graph of a walk, laid out once, and drawn at any of its steps."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.words = [title(place) for place in trace.places]
        self.notes = [_note(trace, i) for i in range(len(trace.places))]
        values: list[list[str]] = [[] for _ in trace.places]  # all that a box will ever say of its gradient
        for k in range(1, len(trace.steps) + 1):
            for i, g in trace.arrived(k).items():
                values[i].append(_gradient(g))
        self.sizes = [
            (_width(f"○ {word}", note, *said), 66.0)
            for word, note, said in zip(self.words, self.notes, values, strict=True)
        ]
        edges = [(tail, head) for head, place in enumerate(trace.places) for tail in place.parents]
        self.layout = layered(self.sizes, edges)
        self.down = self.layout.size[0] > PAGE
        if self.down:
            self.layout = layered(self.sizes, edges, down=True)
        self.edges = edges

    def svg(self, k: int, text: str, window: bool = False) -> str:
        """The graph once step `k` is done; one past the last step, the graph when the walk is over.

        With `window` at most a window of it is shown, around the current node.
        """
        n = len(self.trace.steps)
        arrived, state = self.trace.arrived(k), self._states(k)
        current, sent = self._sent(k)
        active = [head == current and tail in sent for tail, head in self.edges]
        curves = list(zip(self.layout.curves, active, strict=True))
        legend, least = _legend() if k <= n else _key()
        (left, top), (width, height) = self._view(current, window)
        width, height = width + 2 * MARGIN, height + 2 * MARGIN
        page = max(width, least + 2 * MARGIN)
        view = " ".join(svg.length(v) for v in (left - MARGIN, top - MARGIN, width, height))
        return svg.card(
            page,
            height + LEGEND,
            f"Step {k} of {n} of the walk backward" if k <= n else "The walk backward, done",
            text,
            [
                f'<svg x="{svg.length((page - width) / 2)}" y="1" width="{svg.length(width)}" '
                f'height="{svg.length(height)}" viewBox="{view}">',
                f'<g fill="none" stroke="{svg.LINE}" stroke-width="1.3">',
                *(f'<path d="{_path(curve)}"/>' for curve, on in curves if not on),
                "</g>",
                *(_backward(curve) for curve, on in curves if on),
                f'<g text-anchor="middle" font-family="{svg.MONO}">',
                *(self._box(i, state[i], arrived.get(i)) for i in range(len(state))),
                "</g></svg>",
                f'<g transform="translate({MARGIN} {svg.length(height + LEGEND - 14)})" '
                f'font-family="{svg.SANS}" font-size="{NOTE}" fill="{svg.INK}">{legend}</g>',
            ],
        )

    def _sent(self, k: int) -> tuple[int | None, set[int | None]]:
        """The current place, and the places that it sends a gradient to."""
        if k > len(self.trace.steps):
            return None, set()
        step = self.trace.steps[k - 1]
        return step.place, {part.place for part in step.parts if part.gradient is not None}

    def _states(self, k: int) -> list[str]:
        current, sent = self._sent(k)
        found = []
        for i in range(len(self.trace.places)):
            before = self.trace.turn.get(i, math.inf) < k
            found.append("now" if i == current else "send" if i in sent else "done" if before else "wait")
        return found

    def _view(self, current: int | None, window: bool) -> tuple[tuple[float, float], tuple[float, float]]:
        """The corner and the size of what is shown."""
        whole = self.layout.size
        if not window or current is None:
            return (0.0, 0.0), whole
        shown = (min(whole[0], PAGE), min(whole[1], WINDOW))
        middle = [c + s / 2 for c, s in zip(self.layout.corners[current], self.sizes[current], strict=True)]
        # A gradient goes to what stands before a node, so that side gets more room.
        share = (0.5, 0.65) if self.down else (0.65, 0.5)
        corner = [min(max(m - p * s, 0.0), w - s) for m, p, s, w in zip(middle, share, shown, whole, strict=True)]
        return (corner[0], corner[1]), shown

    def _box(self, i: int, state: str, g: Any) -> str:
        mark, _, stroke, fill, thick = MARKS[state]
        (x, y), (width, height) = self.layout.corners[i], self.sizes[i]
        radius = 26 if self.trace.places[i].kind == "leaf" else 3
        dash = ' stroke-dasharray="7 4"' if state == "send" else ""
        centre = svg.length(x + width / 2)
        lines = [(f"{mark} {self.words[i]}", 21, f'font-size="{TITLE}" font-weight="600" fill="{svg.INK}"')]
        lines.append((self.notes[i], 38, f'font-size="{NOTE}" fill="{svg.GREY}"'))
        if g is not None:
            lines.append((_gradient(g), 55, f'font-size="{NOTE}" fill="{svg.INK}"'))
        return (
            f'<rect x="{svg.length(x)}" y="{svg.length(y)}" width="{svg.length(width)}" height="{svg.length(height)}" '
            f'rx="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="{thick:g}"{dash}/>'
        ) + "".join(
            f'<text x="{centre}" y="{svg.length(y + down)}" {look}>{escape(text)}</text>' for text, down, look in lines
        )


def title(place: Place) -> str:
    """What a leaf is called; what a formula calls an operation (× for mul), and the name of its result."""
    if place.kind == "leaf":
        return place.called or place.title
    symbol = SYMBOLS.get(place.name.partition("Backward")[0], place.title)
    return f"{symbol} → {place.called}" if place.called else symbol


def _note(trace: Trace, i: int) -> str:
    place = trace.places[i]
    turn = f"{trace.turn[i]}: " if i in trace.turn else ""
    return turn + (f"leaf {place.shape}" if place.kind == "leaf" else place.name)


def _gradient(g: Any) -> str:
    text = brief(g)
    _, _, norm = text.partition("norm ")
    return f"‖g‖ = {norm}" if norm else f"g = {text}"


def _width(first: str, *others: str) -> float:
    widest = max(len(first) * TITLE * svg.EM, *(len(text) * NOTE * svg.EM for text in others))
    return float(round(widest + 26))


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{svg.length(x)} {svg.length(y)}" for x, y in points)


def _path(curve: Curve) -> str:
    return f"M{_points(curve[0])}" + "".join(f"{'C' if len(s) == 3 else 'L'}{_points(s)}" for s in curve[1:])


def _backward(curve: Curve) -> str:
    """The way of a gradient: a thick broken line against the way of the values, with a head where it ends."""
    (x, y), after = curve[0][0], curve[1][0]
    across = abs(after[0] - x) >= abs(after[1] - y)
    head = f"l{ARROW} -6v12z" if across else f"l-6 {ARROW}h12z"
    return (
        f'<path d="{_path(curve)}" fill="none" stroke="{svg.GREEN}" stroke-width="3" stroke-dasharray="7 4"/>'
        f'<path d="M{_points([(x, y)])}{head}" fill="{svg.GREEN}"/>'
    )


def _legend() -> tuple[str, float]:
    out, x = [], 0.0
    for mark, word, stroke, fill, thick in MARKS.values():
        dash = ' stroke-dasharray="5 3"' if mark == MARKS["send"][0] else ""
        out.append(
            f'<rect x="{svg.length(x + 1)}" y="-13" width="24" height="17" rx="3" fill="{fill}" stroke="{stroke}" '
            f'stroke-width="{min(thick, 2.6):g}"{dash}/><text x="{svg.length(x + 13)}" y="0" text-anchor="middle">'
            f'{mark}</text><text x="{svg.length(x + 32)}" y="0">{word}</text>'
        )
        x += 32 + len(word) * NOTE * 0.54 + 20
    return "".join(out), x - 18


def _key() -> tuple[str, float]:
    words = "1, 2, 3 …: when a node is visited. g: the gradient that arrived there, ‖g‖ its norm."
    return f"<text>{words}</text>", len(words) * NOTE * 0.56
