"""`show_sharing`: which tensors and arrays are names of one memory, as a picture to play with.

Read in chapter 02. Nothing is taken from the names of functions: `np.shares_memory` is asked about the memory
itself, and every number is found by its address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, NamedTuple

import numpy as np

import learntorch as torch

from ..svg import BLUE, EM, GREEN, GREY, INK, ORANGE, PALE_BLUE, PALE_GREEN, PALE_ORANGE, PALE_PURPLE, PURPLE, SANS
from ..widgets import Playable
from .parts import MARGIN, PAGE, Picture, arrow, as_array, dtype_name, is_tensor, named, rect, sheet, text, written

ROOM = 48  # numbers of one block that can be drawn
COLORS = ((BLUE, PALE_BLUE), (GREEN, PALE_GREEN), (PURPLE, PALE_PURPLE), (ORANGE, PALE_ORANGE))


def show_sharing(*things: Any) -> Sharing:
    """Draw who shares memory: `show_sharing({"array": a, "t": t})`, or without names `show_sharing(a, t)`.

    Tensors and NumPy arrays are tags with arrows to blocks of memory: one block, one memory. With a kernel:
    choose how an array is made from a tensor, write through one side and see whether the other side changes.
    The playing happens on a copy of the first thing, so that itself stays as it is.

    Raises:
        TypeError: "show_sharing() draws a tensor or a NumPy array, not a list. …"
        ValueError: for a tensor on a graphics card, or a block of more than 48 numbers.
    """
    return Sharing(named(things, "show_sharing()"))


# ---------------------------------------------------------------------------------------------------
# Reading


class Name(NamedTuple):
    """One tensor or array: what it is, its block, and the cell of the block for each of its elements."""

    name: str
    kind: str  # 'tensor' or 'array'
    what: str  # 'tensor (3,), float32'
    block: int
    cells: list[int]
    wide: int  # how many cells an element takes: 1, unless a name with smaller numbers shares the block


class Block(NamedTuple):
    """One memory: its numbers, and how many bytes each takes."""

    numbers: list[str]
    itemsize: int


def read(things: Mapping[str, Any]) -> tuple[list[Block], list[Name]]:
    """The blocks of memory behind some tensors and arrays, and which cells each of them uses."""
    arrays = {name: _memory(name, thing) for name, thing in things.items()}
    groups: list[list[str]] = []
    for name, array in arrays.items():
        # Two parts of one array need not meet; a third name that covers both joins them.
        meeting = [group for group in groups if any(_touches(array, arrays[other]) for other in group)]
        groups = [group for group in groups if group not in meeting] + [sum(meeting, []) + [name]]
    order = list(arrays)
    groups = sorted((sorted(group, key=order.index) for group in groups), key=lambda group: order.index(group[0]))

    blocks: list[Block] = []
    names: list[Name] = []
    for number, group in enumerate(groups):
        bounds = [np.lib.array_utils.byte_bounds(arrays[name]) for name in group if arrays[name].size]
        first, end = min((low for low, _ in bounds), default=0), max((high for _, high in bounds), default=0)
        itemsize = min(arrays[name].itemsize for name in group)
        if (end - first) // itemsize > ROOM:
            raise ValueError(
                f"show_sharing() draws blocks of up to {ROOM} numbers, and that of {group[0]!r} has "
                f"{(end - first) // itemsize}. Take a smaller one, such as np.arange(6.0)."
            )
        numbers = ["·"] * ((end - first) // itemsize)  # a number that no name reaches stays a point
        for name in group:
            array = arrays[name]
            cells = [(address - first) // itemsize for address in _addresses(array)]
            if array.itemsize == itemsize:
                for cell, number_text in zip(cells, written(array), strict=True):
                    numbers[cell] = number_text
            kind = "tensor" if is_tensor(things[name]) else "array"
            what = f"{kind} {tuple(things[name].shape)}, {dtype_name(things[name])}"
            names.append(Name(name, kind, what, number, cells, array.itemsize // itemsize))
        blocks.append(Block(numbers, itemsize))
    return blocks, sorted(names, key=lambda name: order.index(name.name))


def _memory(name: str, thing: Any) -> np.ndarray:
    """The thing itself as an array on its own memory, without a copy."""
    if is_tensor(thing) and str(thing.device) != "cpu":
        raise ValueError(
            f"show_sharing() compares memory of this computer, and {name!r} lives on {thing.device}. "
            "A graphics card shares nothing with NumPy; call .cpu() for a copy here."
        )
    return as_array(thing, "show_sharing()")


def _touches(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.shares_memory(a, b))


def _addresses(array: np.ndarray) -> list[int]:
    """The address of each element, in reading order."""
    start = array.__array_interface__["data"][0]
    return [start + sum(i * s for i, s in zip(at, array.strides, strict=True)) for at in np.ndindex(array.shape)]


def words(blocks: list[Block], names: list[Name]) -> str:
    """The picture in words."""
    lines = []
    for number, block in enumerate(blocks):
        mine = [name for name in names if name.block == number]
        who = ", ".join(name.name for name in mine)
        shared = f"one memory with {len(mine)} names: {who}" if len(mine) > 1 else f"a memory of its own: {who}"
        lines.append(f"block {number + 1}, {shared}")
        lines.append(f"  [{', '.join(block.numbers)}]")
        for name in mine:
            lines.append(f"  {name.name}: {name.what}, cells {' '.join(map(str, name.cells)) or 'none'}")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------
# The picture


def picture(blocks: list[Block], names: list[Name], written_at: tuple[str, int] | None = None) -> Picture:
    """Tags on the left with arrows to blocks on the right; `written_at=(name, element)` marks one cell."""
    parts: list[str] = []
    tag = max(max(len(n.name) * 14, len(n.what) * 11) for n in names) * EM + 24
    left = MARGIN + tag + 78
    y, wide = MARGIN + 4.0, 0.0
    for number, block in enumerate(blocks):
        mine = [name for name in names if name.block == number]
        cell = max(max(map(len, block.numbers), default=1) * 13 * EM + 12, 34.0)
        per_line = max(1, min(len(block.numbers) or 1, int((PAGE - MARGIN - left) // cell)))
        lines = max(1, -(-len(block.numbers) // per_line))
        deep = lines * (34 + 8 * len(mine) + 22)
        tall = max(len(mine) * 56.0, deep + 26.0)
        middle = y + tall / 2
        top = middle - deep / 2 + 10
        hot = {n.cells[written_at[1]] for n in mine if written_at and n.name == written_at[0] and n.cells}
        said = f"one memory, {len(mine)} names" if len(mine) > 1 else "a memory of its own"
        parts.append(text(left, top - 20, said, font=SANS, size=13, bold=True))
        parts += [] if block.numbers else [text(left, top + 21, "no numbers", font=SANS, color=GREY)]
        for at in sorted(range(len(block.numbers)), key=hot.__contains__):
            x = left + at % per_line * cell
            cy = top + at // per_line * (34 + 8 * len(mine) + 22)
            fill, stroke, thick = (PALE_ORANGE, ORANGE, 3) if at in hot else ("#FFFFFF", INK, 1.2)
            parts.append(text(x + cell / 2, cy - 4, str(at), size=11, color=GREY, anchor="middle"))
            parts.append(rect(x, cy, cell, 34, fill=fill, stroke=stroke, thick=thick))
            parts.append(text(x + cell / 2, cy + 22, block.numbers[at], size=13, anchor="middle", bold=at in hot))
            for row, name in enumerate(mine):  # one line under the cell for each name that reads it
                if any(cell <= at < cell + name.wide for cell in name.cells):
                    color = COLORS[names.index(name) % len(COLORS)][0]
                    parts.append(rect(x + 2, cy + 38 + row * 8, cell - 4, 5, fill=color, stroke=color))
        for row, name in enumerate(mine):
            color, pale = COLORS[names.index(name) % len(COLORS)]
            at = middle + (row - (len(mine) - 1) / 2) * 56
            # A tensor has round corners, an array square ones.
            parts.append(
                rect(MARGIN, at - 22, tag, 44, fill=pale, stroke=color, thick=1.8, round_=14 * (name.kind == "tensor"))
            )
            parts.append(text(MARGIN + tag / 2, at - 3, name.name, size=14, bold=True, anchor="middle"))
            parts.append(text(MARGIN + tag / 2, at + 14, name.what, size=11, anchor="middle"))
            goal = (
                top + 17
                if lines > 1 or len(mine) == 1
                else top + 17 + (row - (len(mine) - 1) / 2) * min(10, 30 / len(mine))
            )
            parts.append(arrow(MARGIN + tag + 2, at, left - 4, goal, color))
        wide = max(wide, left + per_line * cell, left + len(said) * 13 * 0.6)
        y += tall + 14
    note = "lines under a cell: who reads it, in the order of the tags"
    parts.append(text(MARGIN, y + 8, note, size=12, color=GREY, font=SANS))
    said = words(blocks, names)
    return sheet(max(wide, 430) + MARGIN, y + 8 + MARGIN, "Who shares memory with whom", said, parts)


# ---------------------------------------------------------------------------------------------------
# Playing

Pair = tuple[Any, Any]


def ways(tensor: Any) -> dict[str, Callable[[], Pair]]:
    """How an array `a` and a tensor `t` can come from each other; each makes a fresh pair (tensor, array)."""

    def t() -> Any:
        return torch.tensor(as_array(tensor, "show_sharing()"))

    def a() -> np.ndarray:
        return as_array(tensor, "show_sharing()").copy()

    def from_tensor(make: Callable[[Any], np.ndarray]) -> Callable[[], Pair]:
        return lambda: (lambda one: (one, make(one)))(t())

    def from_array(make: Callable[[np.ndarray], Any]) -> Callable[[], Pair]:
        return lambda: (lambda one: (make(one), one))(a())

    wider = np.float32 if a().dtype == np.float64 else np.float64
    return {
        "a = t.numpy()": from_tensor(lambda t: t.numpy()),
        "a = t.numpy().copy()": from_tensor(lambda t: t.numpy().copy()),
        "a = t.clone().numpy()": from_tensor(lambda t: t.clone().numpy()),
        "a = np.array(t)": from_tensor(lambda t: np.array(t)),
        f"a = t.numpy().astype(np.{wider.__name__})": from_tensor(lambda t: t.numpy().astype(wider)),
        "t = torch.from_numpy(a)": from_array(torch.from_numpy),
        "t = torch.as_tensor(a)": from_array(torch.as_tensor),
        "t = torch.tensor(a)": from_array(torch.tensor),
        f"t = torch.from_numpy(a.astype(np.{wider.__name__}))": from_array(lambda a: torch.from_numpy(a.astype(wider))),
        "t = torch.from_numpy(a[::2])": from_array(lambda a: torch.from_numpy(a[::2])),
    }


class Sharing(Playable):
    """Who shares memory: `static()` draws what was given, `widget()` plays with tensor and array."""

    def __init__(self, things: dict[str, Any]) -> None:
        # Read now: what is drawn is what was true when the cell ran.
        self.blocks, self.names = read(things)
        first = next(iter(things.values()))
        numbers = as_array(first, "show_sharing()").copy()
        self.start = first.detach().clone() if is_tensor(first) else numbers
        self.ways = ways(self.start)
        if not numbers.ndim:
            del self.ways["t = torch.from_numpy(a[::2])"]
        self.play("a = t.numpy()")

    def static(self) -> dict[str, str]:
        drawn = picture(self.blocks, self.names)
        return {"image/svg+xml": drawn.svg, "text/plain": drawn.words}

    def play(self, way: str) -> None:
        """Make a fresh tensor and a fresh array in one of the ways."""
        self.tensor, self.array = self.ways[way]()
        self.way, self.last = way, None

    def write(self, side: str, element: int, number: float) -> None:
        """Write a number through the tensor ("t") or the array ("a"), at an element in reading order."""
        thing = self.tensor if side == "t" else self.array
        shape = tuple(thing.shape)
        element = min(element, int(np.prod(shape)) - 1)
        if element < 0:
            return
        thing[tuple(int(i) for i in np.unravel_index(element, shape)) if shape else ...] = number
        self.last = (side, element)

    def scene(self) -> tuple[str, str]:
        """The picture of the pair, and the sentences that go with it."""
        blocks, names = read({"t": self.tensor, "a": self.array})
        shared = len(blocks) == 1
        said = [f"{self.way}: t and a {'are two names of one memory' if shared else 'have a memory each'}."]
        if self.last:
            side, element = self.last
            this, other = ("t", "a") if side == "t" else ("a", "t")
            cells = {name.name: name.cells for name in names}
            seen = shared and cells[this][element] in cells[other]
            said.append(f"You wrote through {this}. {other} {'shows it too' if seen else 'did not change'}.")
        return picture(blocks, names, self.last).svg, " ".join(said)

    def widget(self) -> Any:
        from ipywidgets import HTML, BoundedIntText, Button, Dropdown, FloatText, HBox, Layout, VBox

        wide = {"description_width": "initial"}
        choice = Dropdown(options=list(self.ways), description="Made by", style=wide, layout=Layout(width="420px"))
        last = max(int(np.prod(self.start.shape)) - 1, 0)
        place = BoundedIntText(0, 0, last, description="Element", style=wide, layout=Layout(width="140px"))
        number = FloatText(99, description="Number", style=wide, layout=Layout(width="150px"))
        by_tensor, by_array = Button(description="Write through t"), Button(description="Write through a")
        reset = Button(description="Start again")
        drawn, said = HTML(), HTML()

        def show() -> None:
            svg, sentences = self.scene()
            drawn.value = svg
            said.value = (
                f'<p role="status" style="max-width: {PAGE}px; min-height: 4em; margin: 4px 0">{escape(sentences)}</p>'
            )

        def choose(_: object = None) -> None:
            self.play(choice.value)
            show()

        def writer(side: str) -> Callable[[object], None]:
            def write(_: object) -> None:
                self.write(side, place.value, number.value)
                show()

            return write

        choice.observe(choose, "value")
        by_tensor.on_click(writer("t"))
        by_array.on_click(writer("a"))
        reset.on_click(choose)
        choose()
        return VBox([choice, HBox([place, number, by_tensor, by_array, reset]), said, drawn])
