"""`draw`: the computation graph that a tensor carries, as a picture and as text.

Read in chapter 03. It reads what every node offers, `name()`, `next_functions` and, on a leaf,
`variable`, and asks for no other program or package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from .layout import Curve, Layout, layered

PAGE = 820  # a picture wider than this is shrunk by a notebook, and its text with it
SMALL = 4  # a tensor of at most so many elements has its values written out

# How an operation is written in a formula. Other nodes are called by their own name.
SYMBOLS = {
    "Add": "+", "Sub": "−", "Rsub": "−", "Mul": "×", "Div": "÷", "Neg": "−x", "Pow": "xⁿ", "Mm": "@",
    "Mv": "@", "Dot": "@", "Bmm": "@", "Sum": "Σ", "Sqrt": "√", "Abs": "|x|", "T": "xᵀ",
    "Addmm": "b + x @ w", "MaxPool2DWithIndices": "max_pool2d",
}  # fmt: skip


def draw(
    tensor: Any,
    *,
    names: Mapping[str, Any] | None = None,
    values: bool = False,
    direction: str | None = None,
) -> Drawing:
    """Draw the graph that `tensor` was computed with: leaves first, arrows the way the values went.

    `names={"w": w}` labels tensors, leaves or results of any step. `values=True` writes the values
    and gradients of small leaves and named tensors. `direction` is "right" or "down"; left out, it is
    "right" unless that is wider than a page.

    Raises:
        ValueError: "draw() needs a tensor with a recorded graph. …" for a tensor without one.
    """
    if direction not in (None, "right", "down"):
        raise ValueError(f"draw() got direction={direction!r}; it can be 'right' or 'down'.")
    return Drawing(_read(tensor, dict(names or {}), values), direction)


class Item(NamedTuple):
    """One box: what it is, its lines of text, and the numbers of the items it is computed from."""

    kind: str  # 'leaf', 'operation' or 'result'
    title: str  # 'w', '×', 'y'
    notes: tuple[str, ...]  # '(2, 3)', 'MulBackward0', 'value [1.0]'
    inputs: tuple[int, ...]


class Drawing:
    """A graph that a notebook shows as a picture, and everything else as text."""

    def __init__(self, items: list[Item], direction: str | None = None) -> None:
        self.items = items
        self.boxes = [_box(item) for item in items]
        sizes = [(box.width, box.height) for box in self.boxes]
        edges = [(tail, head) for head, item in enumerate(items) for tail in item.inputs]
        self.layout = layered(sizes, edges, down=direction == "down")
        if direction is None and self.layout.size[0] > PAGE:
            self.layout = layered(sizes, edges, down=True)

    def __repr__(self) -> str:
        kind = max(len(item.kind) for item in self.items)
        digits = len(str(len(self.items)))
        lines = []
        for number, item in enumerate(self.items, 1):
            # For an operation the name says more than the symbol.
            words = item.notes if item.kind == "operation" else (item.title, *item.notes)
            source = " from " + ", ".join(str(i + 1) for i in item.inputs) if item.inputs else ""
            lines.append(f"{number:>{digits}}  {item.kind:<{kind}}  {', '.join(words)}{source}")
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        """The picture, as the text of an SVG file."""
        return _svg(self.items, self.boxes, self.layout, repr(self))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}


# ---------------------------------------------------------------------------------------------------
# Reading the graph


def _read(tensor: Any, names: dict[str, Any], values: bool) -> list[Item]:
    """Every node of the graph, each after the nodes it is computed from, and the result last."""
    name_of = {id(t): name for name, t in names.items()}
    made_by = {id(t.grad_fn): t for t in names.values() if t is not tensor and t.grad_fn is not None}
    root = getattr(tensor, "grad_fn", None)
    if root is None:
        if not getattr(tensor, "requires_grad", False):
            raise ValueError(
                "draw() needs a tensor with a recorded graph. Compute one from a tensor that was "
                "made with requires_grad=True, and outside no_grad()."
            )
        return [_tensor_item("leaf", tensor, name_of, values, ())]

    items: list[Item] = []
    number: dict[int, int] = {}
    # Nodes are told apart by identity, so each is kept alive until the walk is over.
    alive = [root, *names.values()]
    todo = [(root, _parents(root))]
    entered = {id(root)}
    while todo:  # a stack of our own: a long chain must not meet Python's recursion limit
        node, parents = todo[-1]
        unseen = next((p for p in parents if id(p) not in entered), None)
        if unseen is not None:
            entered.add(id(unseen))
            alive.append(unseen)
            todo.append((unseen, _parents(unseen)))
            continue
        todo.pop()
        inputs = tuple(number[id(p)] for p in parents)
        number[id(node)] = len(items)
        if hasattr(node, "variable"):
            items.append(_tensor_item("leaf", node.variable, name_of, values, ()))
        else:
            notes: tuple[str, ...] = (node.name(),)
            if id(node) in made_by:
                named = _tensor_item("", made_by[id(node)], name_of, values, ())
                notes += (f"{named.title} {named.notes[0]}", *named.notes[1:])
            items.append(Item("operation", _readable(node.name()), notes, inputs))
    items.append(_tensor_item("result", tensor, name_of, values, (number[id(root)],)))
    return items


def _parents(node: Any) -> list[Any]:
    # An input that needs no gradient has no node: PyTorch writes None there.
    return [parent for parent, _ in node.next_functions if parent is not None]


def _tensor_item(kind: str, tensor: Any, name_of: dict[int, str], values: bool, inputs: tuple[int, ...]) -> Item:
    shape = tuple(tensor.shape)
    notes = [str(shape)]
    if values and tensor.numel() <= SMALL:
        notes.append(f"value {_written(tensor.tolist())}")
        # Asking a tensor for a gradient that it does not keep would warn.
        grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
        if grad is not None:
            notes.append(f"grad {_written(grad.tolist())}")
    return Item(kind, name_of.get(id(tensor), kind), tuple(notes), inputs)


def _written(value: Any) -> str:
    """A number with four digits, or a list of such."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)  # + 0.0: no -0


def _readable(name: str) -> str:
    """What a formula calls the operation: MulBackward0 is ×, LogSoftmaxBackward0 is log_softmax."""
    core = re.sub(r"Backward\d*$", "", name)
    if core in SYMBOLS:
        return SYMBOLS[core]
    if name.endswith("Backward"):  # a Function of the user's own keeps its name
        return core
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", core).lower()


# ---------------------------------------------------------------------------------------------------
# The picture. Colours are Okabe and Ito's, told apart with any kind of colour vision; shapes say the
# same once more. It stands on a white card, so that it reads the same in a dark theme.

STYLE = {
    "leaf": ("#0072B2", "#E8F3FA", "leaf: a tensor you made"),
    "operation": ("#D55E00", "#FEF3EA", "operation"),
    "result": ("#009E73", "#E7F6F1", "result"),
}
INK, GREY, LINE = "#1A1A1A", "#4D4D4D", "#5F5F5F"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
EM = 0.62  # the width of a letter of a monospaced font, at most
BIG, TEXT, NOTE = 19, 15, 12  # font sizes: a symbol, a name, a note
MARGIN, LEGEND = 20, 34
ARROW = 9


class Box(NamedTuple):
    """The size of an item's box, and its lines of text as (text, font size)."""

    width: float
    height: float
    lines: tuple[tuple[str, int], ...]


def _box(item: Item) -> Box:
    size = BIG if item.title in SYMBOLS.values() and len(item.title) < 4 else TEXT
    lines = ((item.title, size), *((note, NOTE) for note in item.notes))
    width = max(len(text) * size * EM for text, size in lines)
    height = sum(size * 1.35 for _, size in lines) + 12
    if item.kind != "operation":
        width += 14  # round and cut corners take room from the text
    return Box(float(round(max(width + 20, 56))), float(round(height)), lines)


def _svg(items: list[Item], boxes: list[Box], layout: Layout, text: str) -> str:
    kinds = [kind for kind in STYLE if any(item.kind == kind for item in items)]
    legend, legend_width = _legend(kinds)
    width = max(layout.size[0], legend_width) + 2 * MARGIN
    height = layout.size[1] + LEGEND + 2 * MARGIN
    shift = (width - 2 * MARGIN - layout.size[0]) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Computation graph" '
        f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}">',
        f"<title>Computation graph of {escape(items[-1].title)}</title>",
        f"<desc>{escape(text)}</desc>",
        f'<rect x="0.5" y="0.5" width="{_n(width - 1)}" height="{_n(height - 1)}" rx="8" '
        f'fill="#FFFFFF" stroke="#D0D0D0"/>',
        f'<g transform="translate({_n(MARGIN + shift)} {MARGIN})">',
        f'<g fill="none" stroke="{LINE}" stroke-width="1.6">',
        *(_line(curve) for curve in layout.curves),
        f'</g><g fill="{LINE}">',
        *(_head(curve) for curve in layout.curves),
        f'</g><g text-anchor="middle" font-family="{MONO}">',
        *(_drawn(*each) for each in zip(items, boxes, layout.corners, strict=True)),
        "</g></g>",
        f'<g transform="translate({MARGIN} {_n(height - MARGIN - 8)})" font-family="{SANS}" '
        f'font-size="{NOTE}" fill="{GREY}">{legend}</g></svg>',
    ]
    return "\n".join(parts)


def _n(value: float) -> str:
    """A length, to a tenth of a pixel; 0.0 is added so that no -0 is written."""
    return f"{round(value, 1) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"


def _shape(kind: str, x: float, y: float, width: float, height: float) -> str:
    """A leaf is a pill, an operation a rectangle, a result has cut corners and a double line."""
    stroke, fill, _ = STYLE[kind]
    paint = f'fill="{fill}" stroke="{stroke}" stroke-width="1.8"'
    if kind != "result":
        radius = min(height / 2, 26) if kind == "leaf" else 3
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        return f'<rect {place} rx="{_n(radius)}" {paint}/>'
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
    return " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)


def _drawn(item: Item, box: Box, corner: tuple[float, float]) -> str:
    x, y = corner
    out = [_shape(item.kind, x, y, box.width, box.height)]
    baseline = y + 6
    for row, (text, size) in enumerate(box.lines):
        baseline += size * 1.35
        look = f'font-weight="600" fill="{INK}"' if row == 0 else f'fill="{GREY}"'
        out.append(
            f'<text x="{_n(x + box.width / 2)}" y="{_n(baseline - size * 0.36)}" font-size="{size}" {look}>'
            f"{escape(text)}</text>"
        )
    return "".join(out)


def _points(step: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{_n(x)} {_n(y)}" for x, y in step)


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
        return f'<path d="M{_n(x)} {_n(y)}l{-ARROW} -4.5v9z"/>'
    return f'<path d="M{_n(x)} {_n(y)}l-4.5 {-ARROW}h9z"/>'


def _legend(kinds: list[str]) -> tuple[str, float]:
    out, x = [], 0.0
    for kind in kinds:
        label = STYLE[kind][2]
        out.append(_shape(kind, x, -4, 24, 14))
        out.append(f'<text x="{_n(x + 31)}" y="7">{label}</text>')
        x += 31 + len(label) * NOTE * 0.58 + 18
    return "".join(out), x - 18
