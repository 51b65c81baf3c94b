"""Where the boxes of a graph with groups go: each group is laid out alone, and is then one box of the group around it.

Read in chapter 03. Pure geometry. Lengths run along the arrows, breadths across them; they are turned into x and y
at the very end. So no box, arrow or name of one group can get into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .groups import Group
from .layout import Curve, Point, layered

PAD = 12.0  # between the frame of a group and what is in it
TITLE = 20.0  # the height of the line that holds a group's name
ASIDE = 10.0  # between that name and a frame or a line


class Frame(NamedTuple):
    """A group's frame (left, top, width, height), and where its name stands."""

    group: Group
    box: tuple[float, float, float, float]
    label: Point  # the left end of the name, at the top of its line
    depth: int


class Placed(NamedTuple):
    """The corner of every box, a curve for every edge, a frame for every group, and the size of the whole."""

    corners: list[Point]
    curves: list[Curve]
    frames: list[Frame]
    size: Point


class _Plan(NamedTuple):
    """One group, laid out alone: its size, its doors, and what is in it, seen from its own corner."""

    group: Group
    size: Point
    corners: dict[int, Point]  # the boxes that stand in the group itself
    inner: list[tuple[Point, _Plan]]
    doors: dict[tuple[bool, int], float]  # (inward, tail) → where across the arrows
    curves: dict[int, Curve]  # edge → its part in this group, between the groups inside and the frame
    label: Point


def place(
    root: Group,
    sizes: Sequence[Point],
    widths: dict[int, float],
    edges: Sequence[tuple[int, int]],
    asides: Sequence[bool],
    down: bool,
) -> Placed:
    """Place boxes of the given (width, height), and the groups round them, so that every edge runs right (or down).

    `widths` maps the id of a group to the width of its name. An edge that is an aside bends no other one.
    """
    cells = [(h, w) if down else (w, h) for w, h in sizes]
    home: dict[int, tuple[Group, ...]] = {}
    _homes(root, (root,), home)
    crossing: dict[int, list[int]] = {}  # id of a group → the edges with a part in it
    for number, (tail, head) in enumerate(edges):
        for group in dict.fromkeys((*home[tail], *home[head])):
            crossing.setdefault(id(group), []).append(number)
    plan = _plan(root, cells, widths, edges, asides, home, crossing, down)

    corners: list[Point] = [(0.0, 0.0)] * len(sizes)
    curves: list[Curve] = [[] for _ in edges]
    frames: list[Frame] = []
    parts: dict[int, list[tuple[Point, Curve]]] = {}
    todo = [((0.0, 0.0), 0, plan)]
    while todo:
        at, depth, plan_ = todo.pop()
        if depth:
            box = (*_turn(at, down), *_turn(plan_.size, down))
            label = _turn(at, down)
            frames.append(Frame(plan_.group, box, (label[0] + plan_.label[0], label[1] + plan_.label[1]), depth))
        for i, corner in plan_.corners.items():
            corners[i] = _turn(_plus(at, corner), down)
        for number, curve in plan_.curves.items():
            parts.setdefault(number, []).append((at, curve))
        todo += [(_plus(at, corner), depth + 1, inside) for corner, inside in reversed(plan_.inner)]
    for number, pieces in parts.items():
        # The parts of an arrow follow one another along it.
        moved = [[tuple(_plus(at, p) for p in step) for step in curve] for at, curve in pieces]
        moved.sort(key=lambda curve: curve[0][0][0])
        whole = moved[0]
        for piece in moved[1:]:
            whole = whole + piece[1:]
        curves[number] = [tuple(_turn(p, down) for p in step) for step in whole]
    return Placed(corners, curves, frames, _turn(plan.size, down))


def _turn(p: Point, down: bool) -> Point:
    return (p[1], p[0]) if down else p


def _plus(a: Point, b: Point) -> Point:
    return a[0] + b[0], a[1] + b[1]


def _homes(group: Group, way: tuple[Group, ...], home: dict[int, tuple[Group, ...]]) -> None:
    """Box → the groups that it stands in, the outermost first."""
    for child in group.children:
        if isinstance(child, Group):
            _homes(child, (*way, child), home)
        else:
            home[child] = way


def _level(group: Group, home: dict[int, tuple[Group, ...]]) -> int:
    """How many groups are round this one."""
    child = group
    while isinstance(child, Group):
        child = child.children[0]
    return home[child].index(group)


def _plan(
    group: Group,
    cells: Sequence[Point],
    widths: dict[int, float],
    edges: Sequence[tuple[int, int]],
    asides: Sequence[bool],
    home: dict[int, tuple[Group, ...]],
    crossing: dict[int, list[int]],
    down: bool,
) -> _Plan:
    inner = {
        id(c): _plan(c, cells, widths, edges, asides, home, crossing, down)
        for c in group.children
        if isinstance(c, Group)
    }
    numbers = crossing.get(id(group), ())
    level = _level(group, home)

    def place_of(i: int) -> int | None:
        """The id of the group inside this one that holds box `i`; None for a box of this very group."""
        return id(home[i][level + 1]) if len(home[i]) > level + 1 else None

    inside = {n: tuple(len(home[i]) > level and home[i][level] is group for i in edges[n]) for n in numbers}
    tails_in = list(dict.fromkeys(edges[n][0] for n in numbers if inside[n] == (False, True)))
    tails_out = list(dict.fromkeys(edges[n][0] for n in numbers if inside[n] == (True, False)))

    # The children in their order, doors in before what reads them, doors out last: tail < head for every edge.
    # Doors in stand amid the leaves, so that the main line runs through the middle of the group.
    members = [c.items() if isinstance(c, Group) else [c] for c in group.children]
    child_of = {i: k for k, inside_ in enumerate(members) for i in inside_}
    reader = min((child_of[edges[n][1]] for n in numbers if inside[n] == (False, True)), default=0)
    at: dict[tuple[str, int], int] = {}
    sizes: list[Point] = []
    keys = [
        (("group", id(c)), inner[id(c)].size) if isinstance(c, Group) else (("box", c), cells[c])
        for c in group.children
    ]
    keys[reader // 2 : reader // 2] = [(("in", t), (0.0, 0.0)) for t in tails_in]
    for key, size in (*keys, *((("out", t), (0.0, 0.0)) for t in tails_out)):
        at[key] = len(sizes)
        sizes.append(size)

    local: dict[tuple, int] = {}
    pairs, doors, aside_of, part = [], [], [], {}
    for n in numbers:
        tail, head = edges[n]
        tail_in, head_in = inside[n]
        from_group = place_of(tail) if tail_in else None
        to_group = place_of(head) if head_in else None
        if from_group is not None and from_group == to_group:
            continue  # it runs inside that group
        a = ("in", tail) if not tail_in else ("group", from_group) if from_group is not None else ("box", tail)
        b = ("out", tail) if not head_in else ("group", to_group) if to_group is not None else ("box", head)
        # Arrows that go through the same doors are one line; two arrows into one box are two.
        same = (a, b, tail, n if b[0] == "box" else None)
        if same not in local:
            local[same] = len(pairs)
            pairs.append((at[a], at[b]))
            leave = inner[from_group].doors[False, tail] - sizes[at[a]][1] / 2 if from_group is not None else None
            enter = inner[to_group].doors[True, tail] - sizes[at[b]][1] / 2 if to_group is not None else None
            doors.append((leave, enter))
            aside_of.append(asides[n])
        part[n] = local[same]

    layout = layered(sizes, pairs, doors=doors, first=[at["in", t] for t in tails_in], asides=aside_of)
    length, breadth = layout.size
    shift, label = (0.0, 0.0), (0.0, 0.0)
    size = layout.size
    if group.label:
        name = widths[id(group)]
        if down:
            breadth = max(breadth, name + 2 * ASIDE - 2 * PAD)
            aside = (breadth - layout.size[1]) / 2
            coming = [layout.corners[at["in", t]][1] + aside + PAD for t in tails_in]
            # Lines that come in must pass beside the name: in which corner is there room, or least to add?
            full = breadth + 2 * PAD
            at_left = max(0.0, name + 2 * ASIDE - min(coming, default=full))
            at_right = max(0.0, max(coming, default=0.0) + name + 2 * ASIDE - full)
            breadth += min(at_left, at_right)
            if at_left <= at_right:
                aside, left = aside + at_left, ASIDE
            else:
                left = full + at_right - ASIDE - name
            shift, label = (PAD + TITLE, PAD + aside), (left, 0.0)
            size = (length + 2 * PAD + TITLE, breadth + 2 * PAD)
        else:
            length = max(length, name + 2 * ASIDE - 2 * PAD)
            shift, label = (PAD + (length - layout.size[0]) / 2, PAD + TITLE), (ASIDE, 0.0)
            size = (length + 2 * PAD, breadth + 2 * PAD + TITLE)
    corners = {c: _plus(shift, layout.corners[at["box", c]]) for c in group.children if not isinstance(c, Group)}
    inner_plans = [
        (_plus(shift, layout.corners[at["group", id(c)]]), inner[id(c)]) for c in group.children if isinstance(c, Group)
    ]
    through = {(True, t): layout.corners[at["in", t]][1] + shift[1] for t in tails_in}
    through |= {(False, t): layout.corners[at["out", t]][1] + shift[1] for t in tails_out}
    curves = {}
    for n, number in part.items():
        curve: Curve = [tuple(_plus(shift, p) for p in step) for step in layout.curves[number]]
        if not inside[n][0]:  # from the frame to the first layer
            curve = [((0.0, curve[0][0][1]),), (curve[0][0],), *curve[1:]]
        if not inside[n][1]:
            curve = [*curve, ((size[0], curve[-1][-1][1]),)]
        curves[n] = curve
    return _Plan(group, size, corners, inner_plans, through, curves, label)
