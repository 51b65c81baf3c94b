"""`draw`: the computation graph that a tensor carries, as a picture and as text.

Read in chapter 03. What the graph holds is read in graphs.py, grouped in groups.py, shortened in repeats.py and
placed in nested.py; here it becomes boxes, arrows and words. No other program or package is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from .graphs import SYMBOLS, Item, Shown, read
from .groups import Group, by_module, names_of, plain
from .layout import Curve
from .nested import Frame, place
from .repeats import collapse as collapsed
from .repeats import local
from .svg import (
    BLUE,
    EM,
    GREEN,
    GREY,
    INK,
    LINE,
    MONO,
    ORANGE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_GREY,
    PALE_ORANGE,
    PALE_PURPLE,
    PURPLE,
    SANS,
    card,
    length,
)

PAGE = 820  # a picture wider than this is shrunk by a notebook, and its text with it
MOST = 500  # more boxes than this are not a picture


def draw(
    tensor: Any,
    *,
    names: Mapping[str, Any] | None = None,
    values: bool = False,
    gradients: bool = False,
    saved: bool = False,
    module: Any = None,
    collapse: bool = True,
    direction: str | None = None,
) -> Drawing:
    """Draw the graph that `tensor` was computed with: leaves first, arrows the way the values went.

    On an arrow stands the shape of what goes there, where the record tells it.

    Args:
        names: `{"w": w}` labels tensors, leaves or results of any step.
        values: write the values of small tensors, and the gradients that they keep.
        gradients: walk backward once on the side and write every small gradient; no `.grad` changes.
        saved: show what each operation keeps for its gradient.
        module: the net that was run. Its parameters get their names, and its operations a frame for each module. An
            operation belongs to the module whose parameters it reads; one without parameters to a module of its
            name that comes next, or else to what is round its neighbours.
        collapse: draw four or more equal blocks in a row, or operations, once, with their number.
        direction: "right" or "down"; left out, it is "right" unless that is wider than a page.

    Raises:
        ValueError: "draw() needs a tensor with a recorded graph. …" for a tensor without one, and "draw() shows at
            most 500 boxes, …" for a graph with more.
    """
    if direction not in (None, "right", "down"):
        raise ValueError(f"draw() got direction={direction!r}; it can be 'right' or 'down'.")
    known = {} if module is None else names_of(module)
    record = read(tensor, dict(names or {}), Shown(values, gradients, saved), known)
    items, root = record.items, plain(record.items)
    if module is not None:
        owners = {i: tuple(known[key].split(".")[:-1]) for i, key in record.leaves.items() if key in known}
        root = by_module(items, owners, module)
    if collapse:
        items, root = collapsed(items, root)
    if len(items) > 1:  # the result itself says what arrives there
        last = items[-1].inputs[0]
        items[last] = items[last]._replace(flow=(), back=())
    if len(items) > MOST:
        after = "after repeats were drawn once" if collapse else "with collapse=False"
        raise ValueError(
            f"draw() shows at most {MOST} boxes, and this graph has {len(items)}, {after}. "
            "Draw a tensor from an earlier step, or run fewer steps of the loop."
        )
    return Drawing(items, direction, root)


class Drawing:
    """A graph that a notebook shows as a picture, and everything else as text."""

    def __init__(self, items: list[Item], direction: str | None = None, root: Group | None = None) -> None:
        self.items = items
        self.root = plain(items) if root is None else root
        self.edges = [(tail, head) for head, item in enumerate(items) for tail in (*item.inputs, *item.keeps)]
        self.asides = [tail in items[head].keeps for tail, head in self.edges]
        self._homes: list[tuple[Group, ...]] = [()] * len(items)
        self._find_homes(self.root, ())
        steps = [0] * len(items)
        for tail, head in self.edges:
            steps[head] = max(steps[head], steps[tail] + 1)
        # So many boxes in a row cannot fit on a page: there is no need to try.
        down = direction == "down" or (direction is None and 56 * max(steps) > PAGE)
        self._place(down)
        if direction is None and not down and self.layout.size[0] + 2 * MARGIN > PAGE:
            self._place(True)

    def _find_homes(self, group: Group, around: tuple[Group, ...]) -> None:
        for child in group.children:
            if isinstance(child, Group):
                self._find_homes(child, (*around, child))
            else:
                self._homes[child] = around

    def _place(self, down: bool) -> None:
        self.down = down
        boxes = [_box(item, homes, down) for item, homes in zip(self.items, self._homes, strict=True)]
        widths = {id(g): len(g.label) * NOTE * EM for homes in self._homes for g in homes}
        whole = place(self.root, [box.cell for box in boxes], widths, self.edges, self.asides, down)
        corners = [box.inside(corner, down) for box, corner in zip(boxes, whole.corners, strict=True)]
        curves = []
        for (tail, _), curve in zip(self.edges, whole.curves, strict=True):
            # Beside what stands on an arrow, the arrow runs straight: from the box to the end of its cell.
            box, (x, y) = boxes[tail], corners[tail]
            start = (x + box.width / 2, y + box.height) if down else (x + box.width, y + box.height / 2)
            curves.append(curve if start == curve[0][0] else [(start,), *curve])
        self.boxes = boxes
        self.layout = whole._replace(corners=corners, curves=curves)

    def __repr__(self) -> str:
        kind = max(len(item.kind) for item in self.items)
        digits = len(str(len(self.items)))
        lines = []
        for number, (item, homes) in enumerate(zip(self.items, self._homes, strict=True), 1):
            # For an operation the name says more than the symbol, for what is saved the lines say all.
            words = item.notes if item.kind in ("operation", "saved") else (item.title, *item.notes)
            words += (*item.flow, *item.back, *([f"× {item.count}"] if item.count > 1 else []))
            line = f"{number:>{digits}}  {item.kind:<{kind}}  {', '.join(words)}"
            for word, others in (("from", item.inputs), ("keeps", item.keeps)):
                line += f" {word} " + ", ".join(str(i + 1) for i in others) if others else ""
            lines.append(line + (f" in {' / '.join(g.label for g in homes)}" if homes else ""))
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        """The picture, as the text of an SVG file."""
        return _svg(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}


# ---------------------------------------------------------------------------------------------------
# Boxes and what stands beside them

STYLE = {
    "leaf": (BLUE, PALE_BLUE, "leaf: a tensor you made"),
    "operation": (ORANGE, PALE_ORANGE, "operation"),
    "saved": (PURPLE, PALE_PURPLE, "saved for the gradient"),
    "result": (GREEN, PALE_GREEN, "result"),
    "module": ("#767676", PALE_GREY, "module"),
}
BIG, TEXT, NOTE = 19, 15, 12  # font sizes: a symbol, a name, a note
ROW = 15  # between two lines of notes
MARGIN, LEGEND, LEGEND_ROW = 20, 34, 22
ARROW, PORT = 9, 12
ASIDE = 8  # between an arrow and what stands on it
FOLD = 11  # the corner of a saved value that is folded over


class Box(NamedTuple):
    """The size of an item's box, its lines of text as (text, font size), and the cell with its arrow's first part."""

    width: float
    height: float
    lines: tuple[tuple[str, int], ...]
    cell: tuple[float, float]

    def inside(self, corner: tuple[float, float], down: bool) -> tuple[float, float]:
        """The corner of the box in its cell: at its start, in the middle across the arrow."""
        x, y = corner
        return (x + (self.cell[0] - self.width) / 2, y) if down else (x, y + (self.cell[1] - self.height) / 2)


def _box(item: Item, homes: tuple[Group, ...], down: bool) -> Box:
    title = local(item.title, homes[-1].path) if homes else item.title
    size = BIG if title in SYMBOLS.values() and len(title) < 4 else TEXT
    lines = [(title, size), *((note, NOTE) for note in item.notes)]
    if item.kind == "saved":
        lines = lines[1:]  # its shape says what it is
    if item.count > 1:
        lines.append((f"× {item.count}", TEXT))
    width = max(len(text) * size * EM for text, size in lines) + 20
    height = round(sum(size * 1.35 for _, size in lines) + 12)
    if item.kind != "operation":
        width += 14  # round and cut corners take room from the text
    width = round(max(width, 56))
    ahead, against = (max((len(t) * NOTE * EM for t in texts), default=0.0) for texts in (item.flow, item.back))
    rows = max(len(item.flow), len(item.back))
    across, along = (width, height) if down else (height, width)
    if rows:
        across = max(across, 2 * (max(ahead, against) + ASIDE) if down else 2 * (rows * ROW + ASIDE))
        along += rows * ROW + ASIDE if down else max(ahead, against) + 2 * ASIDE
    # Arrows that arrive side by side must all meet the box, and not only its cell.
    needed = min(across, PORT * (len(item.inputs) + 2 * len(item.keeps) + 1))
    width, height = (max(width, needed), height) if down else (width, max(height, needed))
    cell = (across, along) if down else (along, across)
    return Box(float(width), float(height), tuple(lines), (float(cell[0]), float(cell[1])))


def _beside(item: Item, box: Box, corner: tuple[float, float], down: bool) -> str:
    """What stands on the arrow that leaves a box: forward on one side, the gradient on the other."""
    x, y = corner
    out = []
    for texts, forward in ((item.flow, True), (item.back, False)):
        for row, text in enumerate(texts):
            if down:
                at = x + box.width / 2 + (ASIDE if forward else -ASIDE)
                line = y + box.height + ROW * (row + 1)
                anchor = "start" if forward else "end"
            else:
                at, anchor = x + box.width + ASIDE, "start"
                line = y + box.height / 2 + (-6 - ROW * (len(texts) - 1 - row) if forward else ROW * (row + 1))
            colour = INK if forward else PURPLE
            out.append(
                f'<text x="{length(at)}" y="{length(line)}" font-size="{NOTE}" fill="{colour}" '
                f'text-anchor="{anchor}">{escape(text)}</text>'
            )
    return "".join(out)


# ---------------------------------------------------------------------------------------------------
# The picture. Shapes say what the colours say.


def _svg(drawing: Drawing) -> str:
    items, layout = drawing.items, drawing.layout
    kinds = [kind for kind in STYLE if any(item.kind == kind for item in items)]
    kinds += ["module"] * any(frame.group.path is not None for frame in layout.frames)
    legend, legend_width, rows = _legend(kinds, max(layout.size[0], 380.0))
    width = max(layout.size[0], legend_width) + 2 * MARGIN
    height = layout.size[1] + LEGEND + LEGEND_ROW * (rows - 1) + 2 * MARGIN
    shift = (width - 2 * MARGIN - layout.size[0]) / 2
    kept = drawing.asides
    drawn = list(zip(items, drawing.boxes, layout.corners, strict=True))
    parts = [
        f'<g transform="translate({length(MARGIN + shift)} {MARGIN})">',
        *(_frame(frame) for frame in layout.frames),
        f'<g fill="none" stroke="{LINE}" stroke-width="1.6">',
        *(_line(curve) for curve, k in zip(layout.curves, kept, strict=True) if not k),
        f'</g><g fill="{LINE}">',
        *(_head(curve) for curve, k in zip(layout.curves, kept, strict=True) if not k),
        f'</g><g fill="none" stroke="{PURPLE}" stroke-width="1.4" stroke-dasharray="4 3">' if any(kept) else "</g><g>",
        *(_line(curve) for curve, k in zip(layout.curves, kept, strict=True) if k),
        f'</g><g text-anchor="middle" font-family="{MONO}">',
        *(_drawn(*each) for each in drawn),
        *(_beside(*each, drawing.down) for each in drawn if each[0].flow or each[0].back),
        "</g></g>",
        f'<g transform="translate({MARGIN} {length(height - MARGIN - 8 - LEGEND_ROW * (rows - 1))})" '
        f'font-family="{SANS}" font-size="{NOTE}" fill="{GREY}">{legend}</g>',
    ]
    return card(width, height, f"Computation graph of {items[-1].title}", repr(drawing), parts)


def _frame(frame: Frame) -> str:
    x, y, width, height = frame.box
    stroke, fill, _ = STYLE["module"]
    fill = fill if frame.depth % 2 else "#FFFFFF"
    left, top = frame.label
    place = f'x="{length(x)}" y="{length(y)}" width="{length(width)}" height="{length(height)}"'
    return (
        f'<rect {place} rx="6" fill="{fill}" stroke="{stroke}"/>'
        f'<text x="{length(left)}" y="{length(top + 17)}" font-family="{MONO}" font-size="{NOTE}" '
        f'font-weight="600" fill="{INK}">{escape(frame.group.label)}</text>'
    )


def _shape(kind: str, x: float, y: float, width: float, height: float) -> str:
    """A leaf is a pill, an operation a rectangle, a result has cut corners and a double line.

    A saved value is a sheet with a folded corner, a module a thin frame.
    """
    stroke, fill, _ = STYLE[kind]
    paint = f'fill="{fill}" stroke="{stroke}" stroke-width="{1 if kind == "module" else 1.8}"'
    if kind == "saved":
        fold, right, bottom = min(FOLD, height / 2), x + width, y + height
        sheet = ((x, y), (right - fold, y), (right, y + fold), (right, bottom), (x, bottom))
        ear = ((right - fold, y), (right - fold, y + fold), (right, y + fold))
        return (
            f'<polygon points="{_corners(sheet)}" {paint}/>'
            f'<polyline points="{_corners(ear)}" fill="none" stroke="{stroke}"/>'
        )
    if kind != "result":
        radius = min(height / 2, 26) if kind == "leaf" else 3
        place = f'x="{length(x)}" y="{length(y)}" width="{length(width)}" height="{length(height)}"'
        return f'<rect {place} rx="{length(radius)}" {paint}/>'
    outer = _octagon(x, y, width, height, min(9, height / 3))
    if height < 20:
        return f'<polygon points="{outer}" {paint}/>'
    inner = _octagon(x + 3.5, y + 3.5, width - 7, height - 7, 7.5)
    return f'<polygon points="{outer}" {paint}/><polygon points="{inner}" fill="none" stroke="{stroke}"/>'


def _octagon(x: float, y: float, width: float, height: float, cut: float) -> str:
    right, bottom = x + width, y + height
    corners = (
        (x + cut, y), (right - cut, y), (right, y + cut), (right, bottom - cut),
        (right - cut, bottom), (x + cut, bottom), (x, bottom - cut), (x, y + cut),
    )  # fmt: skip
    return _corners(corners)


def _corners(points: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{length(x)},{length(y)}" for x, y in points)


def _drawn(item: Item, box: Box, corner: tuple[float, float]) -> str:
    x, y = corner
    out = [_shape(item.kind, x, y, box.width, box.height)]
    # A box that was made higher for its arrows has its text in the middle.
    baseline = y + (box.height - sum(size * 1.35 for _, size in box.lines)) / 2
    for row, (text, size) in enumerate(box.lines):
        baseline += size * 1.35
        strong = row == 0 and item.kind != "saved"
        look = f'font-weight="600" fill="{INK}"' if strong else f'fill="{GREY}"'
        out.append(
            f'<text x="{length(x + box.width / 2)}" y="{length(baseline - size * 0.36)}" font-size="{size}" {look}>'
            f"{escape(text)}</text>"
        )
    return "".join(out)


def _points(step: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{length(x)} {length(y)}" for x, y in step)


def _line(curve: Curve) -> str:
    path = [f"M{_points(curve[0])}"]
    path += [f"{'C' if len(step) == 3 else 'L'}{_points(step)}" for step in curve[1:]]
    return f'<path d="{"".join(path)}"/>'


def _head(curve: Curve) -> str:
    """The arrow's head: it touches the box, in the direction in which the last step arrives."""
    x, y = curve[-1][-1]
    # The last point before the end tells right from down: an arrow always arrives straight.
    before = curve[-1][-2] if len(curve[-1]) > 1 else curve[-2][-1]
    if abs(before[1] - y) < abs(before[0] - x):
        return f'<path d="M{length(x)} {length(y)}l{-ARROW} -4.5v9z"/>'
    return f'<path d="M{length(x)} {length(y)}l-4.5 {-ARROW}h9z"/>'


def _legend(kinds: list[str], room: float) -> tuple[str, float, int]:
    """What the shapes mean, in as many rows as it takes; its width and the number of rows."""
    out: list[str] = []
    x, widest, row = 0.0, 0.0, 0
    for kind in kinds:
        label = STYLE[kind][2]
        width = 31 + len(label) * NOTE * EM
        if x and x + width > room:
            x, row = 0.0, row + 1
        out.append(_shape(kind, x, row * LEGEND_ROW - 4, 24, 14))
        out.append(f'<text x="{length(x + 31)}" y="{row * LEGEND_ROW + 7}">{label}</text>')
        widest = max(widest, x + width)
        x += width + 16
    return "".join(out), widest, row + 1
