"""`show_memory`: which place of a storage each element of a tensor lies at, as a picture to play with.

Read in chapter 01. position = offset + i · stride₀ + j · stride₁: the picture computes it for every element,
from what `untyped_storage`, `storage_offset` and `stride` say in public, and draws what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, NamedTuple

import numpy as np

from ..svg import BLUE, EM, GREY, INK, ORANGE, PALE_BLUE, PALE_ORANGE, SANS
from ..widgets import Playable
from .parts import MARGIN, PAGE, Picture, as_array, is_tensor, named, rect, sheet, text, written

ROOM = 48  # places of a storage, and elements of a tensor, that can be drawn with their numbers
CELL = 27.0  # the height of a cell


def show_memory(*tensors: Any) -> Memory:
    """Draw the memory behind tensors: `show_memory({"x": x, "x.t()": x.t()})`, or without names `show_memory(x, y)`.

    One row of cells for each storage, and under it what every tensor reads of it, in which order. With a
    kernel: choose a view of the first tensor, step through its elements, and write into it. The playing
    happens on a copy, so the tensor itself stays as it is.

    Raises:
        TypeError: "show_memory() draws tensors, …" for anything else.
        ValueError: "show_memory() draws up to 48 numbers, …" for larger ones.
    """
    return Memory(named(tensors, "show_memory()"))


# ---------------------------------------------------------------------------------------------------
# Reading


class Storage(NamedTuple):
    """A block of memory: its name, and the numbers in it."""

    name: str  # 'A', 'B'
    numbers: list[str]


class View(NamedTuple):
    """What one tensor reads: of which storage, and which place for each element, in reading order."""

    name: str
    storage: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    contiguous: bool
    places: list[int]

    @property
    def facts(self) -> list[str]:
        """Shape, stride, offset and whether the places are read in order."""
        return [
            f"shape {self.shape}",
            f"stride {self.stride}, offset {self.offset}",
            f"contiguous: {'yes' if self.contiguous else 'no'}",
        ]


def read(tensors: Mapping[str, Any]) -> tuple[list[Storage], list[View]]:
    """The storages of some tensors, each once, and what each tensor reads."""
    storages: list[Storage] = []
    views: list[View] = []
    number: dict[tuple[int, str], int] = {}
    for name, tensor in tensors.items():
        if not is_tensor(tensor):
            raise TypeError(
                f"show_memory() draws tensors, and {name!r} is a {type(tensor).__name__}. "
                "Make a tensor of it with torch.tensor(...), or torch.from_numpy(...) to keep its memory."
            )
        data = tensor.detach()
        size = data.untyped_storage().nbytes() // data.element_size()
        if max(size, data.numel()) > ROOM:
            raise ValueError(
                f"show_memory() draws up to {ROOM} numbers, and {name!r} has {data.numel()} in a storage of {size}. "
                "Take a smaller one, such as torch.arange(12).view(3, 4)."
            )
        key = (data.untyped_storage().data_ptr() if size else -len(views), str(data.dtype))
        if key not in number:
            number[key] = len(storages)
            storages.append(Storage(chr(ord("A") + len(storages)), written(_everything(data))))
        shape, stride, offset = tuple(data.shape), tuple(data.stride()), data.storage_offset()
        places = [offset + sum(i * s for i, s in zip(index, stride, strict=True)) for index in np.ndindex(shape)]
        views.append(View(name, number[key], shape, stride, offset, data.is_contiguous(), places))
    return storages, views


def _everything(data: Any) -> np.ndarray:
    """All numbers of the storage of a tensor, whether or not the tensor reads them."""
    kind = as_array(data, "show_memory()").dtype
    if kind.itemsize != data.element_size():  # bfloat16 has no counterpart in NumPy
        return as_array(data.as_strided((data.untyped_storage().nbytes() // 2,), (1,), 0), "show_memory()")
    return np.frombuffer(bytes(data.untyped_storage().tolist()), dtype=kind)


def words(storages: list[Storage], views: list[View]) -> str:
    """The picture in words."""
    lines = []
    for number, storage in enumerate(storages):
        lines.append(f"storage {storage.name}: {len(storage.numbers)} places, [{', '.join(storage.numbers)}]")
        for view in views:
            if view.storage == number:
                lines.append(f"  {view.name}: {', '.join(view.facts)}")
                lines.append(f"    reads places {' '.join(map(str, view.places)) or 'none'}")
    first = {view.storage: view.name for view in reversed(views)}
    for view in views:
        if view.storage != views[0].storage and first[view.storage] == view.name:
            lines.append(f"{view.name} has a storage of its own: it is a copy, or was made apart.")
    return "\n".join(lines)


def position(view: View, element: int) -> str:
    """The formula of the chapter for one element: `x[1, 2] lies at 0 + 1·4 + 2·1 = 6`."""
    index = tuple(int(i) for i in np.unravel_index(element, view.shape)) if view.shape else ()
    # An expression keeps its meaning without brackets only if nothing loose stands in it.
    what = f"{view.name}{list(index)}" if index else view.name
    steps = "".join(f" + {i}·{s}" for i, s in zip(index, view.stride, strict=True))
    return f"{what} lies at {view.offset}{steps} = {view.places[element]}"


# ---------------------------------------------------------------------------------------------------
# The picture


def picture(storages: list[Storage], views: list[View], marked: tuple[int, int] | None = None) -> Picture:
    """All storages, one under the other; `marked=(view, element)` stands out in the storage and in its table."""
    parts: list[str] = []
    y, wide = float(MARGIN), 0.0
    names = max(len(view.name) for view in views)
    left = MARGIN + max(names * 12 * EM, 78) + 10
    for number, storage in enumerate(storages):
        mine = [(k, view) for k, view in enumerate(views) if view.storage == number]
        cell = max(max(map(len, storage.numbers), default=1) * 12 * EM + 8, CELL)
        per_line = max(1, min(len(storage.numbers), int((PAGE - MARGIN - left) // cell)))
        parts.append(text(MARGIN, y + 12, f"storage {storage.name}", bold=True, size=13))
        y += 22
        for start in range(0, len(storage.numbers), per_line):
            line = range(start, min(start + per_line, len(storage.numbers)))
            y = _line(parts, storage, mine, marked, line, (left, y, cell)) + 10
        wide = max(wide, left + per_line * cell)
        y, right = _tables(parts, storage, mine, marked, y + 6)
        wide, y = max(wide, right), y + 12
    note = "in a cell: the number, and @ its place in the storage;  in a strip: which element in reading order"
    parts.append(text(MARGIN, y + 8, note, size=12, color=GREY, font=SANS))
    width = max(wide, len(note) * 12 * 0.55) + MARGIN
    return sheet(width, y + MARGIN + 4, "Memory of " + ", ".join(v.name for v in views), words(storages, views), parts)


def _line(
    parts: list[str], storage: Storage, mine: list[tuple[int, View]], marked: tuple[int, int] | None,
    line: range, place: tuple[float, float, float],
) -> float:  # fmt: skip
    """A line of a storage: addresses, numbers, and one strip for each tensor. Gives back where it ends."""
    left, y, cell = place
    hot = {view.places[marked[1]] for k, view in mine if marked and k == marked[0]}
    parts.append(text(MARGIN, y + 12, "place", size=11, color=GREY))
    parts.append(text(MARGIN, y + 34, "number", size=12))
    for at in sorted(line, key=hot.__contains__):  # what is marked is drawn last, over its neighbours
        x = left + (at - line[0]) * cell
        parts.append(text(x + cell / 2, y + 12, str(at), size=11, color=GREY, anchor="middle"))
        fill, thick, stroke = (PALE_ORANGE, 3, ORANGE) if at in hot else ("#FFFFFF", 1.2, INK)
        parts.append(rect(x, y + 17, cell, CELL, fill=fill, stroke=stroke, thick=thick))
        parts.append(text(x + cell / 2, y + 35, storage.numbers[at], anchor="middle", bold=at in hot))
    y += 17 + CELL + 5
    for k, view in mine:
        parts.append(text(MARGIN, y + 14, view.name, bold=True, color=BLUE))
        order: dict[int, list[int]] = {}
        for element, at in enumerate(view.places):
            order.setdefault(at, []).append(element)
        for at in sorted(line, key=hot.__contains__):
            x = left + (at - line[0]) * cell
            if at not in order:
                parts.append(rect(x + 2, y + 2, cell - 4, 16, stroke="#B8B8B8", dashed=True))
                continue
            here = marked is not None and k == marked[0] and marked[1] in order[at]
            times = order[at]
            label = str(marked[1] if here else times[0]) if len(times) == 1 or here else f"×{len(times)}"
            fill, stroke = (PALE_ORANGE, ORANGE) if here else (PALE_BLUE, BLUE)
            parts.append(rect(x + 2, y + 2, cell - 4, 16, fill=fill, stroke=stroke, thick=2.5 if here else 1.2))
            parts.append(text(x + cell / 2, y + 14, label, size=11, anchor="middle"))
        y += 21
    return y


def _tables(
    parts: list[str], storage: Storage, mine: list[tuple[int, View]], marked: tuple[int, int] | None, top: float
) -> tuple[float, float]:
    """Every tensor as a table of numbers with their places, side by side. Gives back where they end."""
    x, y, tall, right = float(MARGIN), top, 0.0, 0.0
    for k, view in mine:
        rows, columns = ((1, 1) + view.shape)[-2:]
        tables = len(view.places) // max(rows * columns, 1)
        cell = max(max((len(storage.numbers[p]) for p in view.places), default=1) * 12 * EM + 12, 40.0)
        captions = [view.name, *view.facts]
        per_line = max(1, min(columns, int((PAGE - 2 * MARGIN) // cell)))  # a long row is folded
        lines = -(-columns // per_line) * rows
        space = max(per_line * cell, max(map(len, captions)) * 12 * EM) + 26
        if x > MARGIN and x + space - 26 > PAGE - MARGIN:
            x, y, tall = float(MARGIN), y + tall + 10, 0.0
        for line, caption in enumerate(captions):
            parts.append(text(x, y + 14 + line * 16, caption, bold=line == 0, color=INK if line else BLUE))
        table_top = y + 14 + len(captions) * 16 - 6
        for element, at in sorted(enumerate(view.places), key=lambda each: (k, each[0]) == marked):
            table, inside = divmod(element, rows * columns)
            row, column = divmod(inside, columns)
            line = table * lines + row * (lines // rows) + column // per_line
            cx, cy = x + column % per_line * cell, table_top + table * 8 + line * 36
            here = marked == (k, element)
            fill, stroke = (PALE_ORANGE, ORANGE) if here else (PALE_BLUE, BLUE)
            parts.append(rect(cx, cy, cell, 36, fill=fill, stroke=stroke, thick=3 if here else 1.2))
            parts.append(text(cx + cell / 2, cy + 15, storage.numbers[at], anchor="middle", bold=here))
            parts.append(text(cx + cell / 2, cy + 30, f"@{at}", size=11, color=GREY, anchor="middle"))
        tall = max(tall, table_top + tables * (lines * 36 + 8) - y)
        x += space
        right = max(right, x - 26)
    return y + tall, right


# ---------------------------------------------------------------------------------------------------
# Playing


def operations(ndim: int) -> dict[str, Callable[[Any], Any]]:
    """What can be done to a tensor x of so many dimensions, by the text a learner would write."""
    common: dict[str, Callable[[Any], Any]] = {
        "x": lambda x: x,
        "x[1:]": lambda x: x[1:],
        "x[::2]": lambda x: x[::2],
        "x[[0, 1]]": lambda x: x[[0, 1]],
        "x.view(-1)": lambda x: x.view(-1),
        "x.unsqueeze(0)": lambda x: x.unsqueeze(0),
        "x.clone()": lambda x: x.clone(),
        "x.unfold(0, 2, 1)": lambda x: x.unfold(0, 2, 1),
    }
    if ndim == 0:
        return {name: common[name] for name in ("x", "x.view(-1)", "x.unsqueeze(0)", "x.clone()")}
    if ndim == 1:
        return common | {"x.expand(2, -1)": lambda x: x.expand(2, -1)}
    several = {
        "x.transpose(0, 1)": lambda x: x.transpose(0, 1),
        "x[0]": lambda x: x[0],
        "x[:, 1]": lambda x: x[:, 1],
        "x[:, ::2]": lambda x: x[:, ::2],
        "x.flatten()": lambda x: x.flatten(),
        "x.transpose(0, 1).reshape(-1)": lambda x: x.transpose(0, 1).reshape(-1),
        "x.transpose(0, 1).view(-1)": lambda x: x.transpose(0, 1).view(-1),
        "x.transpose(0, 1).contiguous()": lambda x: x.transpose(0, 1).contiguous(),
    }
    matrix = {"x.t()": lambda x: x.t(), "x[0].expand(3, -1)": lambda x: x[0].expand(3, -1)} if ndim == 2 else {}
    return common | matrix | several


class Memory(Playable):
    """The memory of some tensors: `static()` draws them all, `widget()` plays with the first."""

    def __init__(self, tensors: dict[str, Any]) -> None:
        # Read now: what is drawn is what was true when the cell ran.
        self.storages, self.views = read(tensors)
        self.start = next(iter(tensors.values())).detach().clone()
        self.operations = operations(self.start.ndim)
        self.play("x")

    def static(self) -> dict[str, str]:
        drawn = picture(self.storages, self.views)
        return {"image/svg+xml": drawn.svg, "text/plain": drawn.words}

    def play(self, operation: str) -> None:
        """Begin again with a fresh copy of the first tensor, and apply an operation to it."""
        self.base = self.start.clone()
        self.refused = ""
        try:
            self.view = self.operations[operation](self.base)
        except (RuntimeError, IndexError, ValueError) as error:
            self.view, self.refused = self.base, f"{operation} is refused: {str(error).splitlines()[0]}"
        self.operation = "x" if self.refused else operation

    def write(self, element: int, number: float) -> None:
        """Write a number into the view, at an element counted in reading order."""
        if self.view.numel():
            shape = tuple(self.view.shape)
            self.view[tuple(int(i) for i in np.unravel_index(element, shape)) if shape else ...] = number

    def scene(self, element: int) -> tuple[str, str]:
        """The picture of base and view with one element marked, and the sentences that go with it."""
        things = {"x": self.base} | ({} if self.operation == "x" else {self.operation: self.view})
        storages, views = read(things)
        view = views[-1]
        if not view.places:
            return picture(storages, views).svg, f"{self.operation} has no elements."
        number = storages[view.storage].numbers[view.places[element]]
        said = [f"{position(view, element)}, and the number there is {number}."]
        if view.storage == views[0].storage:
            said.append("" if len(views) == 1 else "It reads the memory of x: a number written here is written in x.")
        else:
            said.append("It is a copy in a storage of its own: a number written here does not reach x.")
        return picture(storages, views, (len(views) - 1, element)).svg, " ".join([self.refused, *said]).strip()

    def widget(self) -> Any:
        from ipywidgets import HTML, Button, Dropdown, FloatText, HBox, IntSlider, Layout, VBox

        wide = {"description_width": "initial"}
        choice = Dropdown(options=list(self.operations), description="Tensor", style=wide)
        slider = IntSlider(0, 0, max(self.view.numel() - 1, 0), description="Element", style=wide)
        number = FloatText(99, description="Number", style=wide, layout=Layout(width="170px"))
        put, reset = Button(description="Write it there"), Button(description="Start again")
        drawn, said = HTML(), HTML()

        def show(_: object = None) -> None:
            svg, sentences = self.scene(slider.value)
            drawn.value = svg
            said.value = (
                f'<p role="status" style="max-width: {PAGE}px; min-height: 4em; margin: 4px 0">{escape(sentences)}</p>'
            )

        def choose(_: object = None) -> None:
            self.play(choice.value)
            slider.max = max(self.view.numel() - 1, 0)
            slider.value = 0
            show()

        def write(_: object) -> None:
            self.write(slider.value, number.value)
            show()

        choice.observe(choose, "value")
        slider.observe(show, "value")
        put.on_click(write)
        reset.on_click(choose)
        choose()
        return VBox([HBox([choice, slider]), HBox([number, put, reset]), said, drawn])
