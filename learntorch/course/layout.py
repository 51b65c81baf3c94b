"""Where the boxes and arrows of a graph go: layers, little crossing, straight arrows.

Read in chapter 03. Pure geometry: sizes and edges in, positions and curves out.

Source: the four steps of K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of
hierarchical system structures, 1981: layers, order within a layer, coordinates, curves.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import NamedTuple

Point = tuple[float, float]
# A curve is a start (p,), then lines to (p,) and cubic Bézier curves (control, control, p).
Curve = list[tuple[Point, ...]]

SPACE = 18.0  # between two boxes of a layer
LANE = 14.0  # between an arrow that passes a layer and what stands beside it
PORT = 12.0  # between two arrows that end at one box
GAP = 38.0  # between two layers, at least
GAP_MOST = 110.0
DOORSTEP = 8.0  # between a layer of nothing but doors, boxes without a size, and the next one
SWEEPS = 12


class Layout(NamedTuple):
    """The corner of every box, a curve for every edge, and the size of the whole."""

    corners: list[Point]
    curves: list[Curve]
    size: Point


# Where an edge leaves its tail and enters its head, counted from their middles; None: as is best.
Doors = tuple["float | None", "float | None"]


def layered(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    down: bool = False,
    doors: Sequence[Doors] | None = None,
    first: Sequence[int] = (),
    asides: Sequence[bool] | None = None,
) -> Layout:
    """Place boxes of the given (width, height) so that every edge runs right (or down).

    Boxes are numbered so that each edge (tail, head) has tail < head. `doors` says for each edge where it
    meets its two boxes, if that is fixed; the boxes in `first` stand in the first layer. An edge that is an
    aside bends no other one.
    """
    asides = asides or [False] * len(edges)
    doors = doors or [(None, None)] * len(edges)
    # One set of formulas for both directions: `length` along the arrows, `breadth` across them.
    length = [h if down else w for w, h in sizes]
    breadth = [w if down else h for w, h in sizes]

    layer = _layers(len(sizes), edges, set(first))
    chains, layer, breadth = _lanes(edges, layer, breadth, doors)
    links = _links(chains, doors, asides)
    rows = _order(chains, links, layer)
    middle = _coordinates(rows, links, breadth, len(sizes))
    starts, ends = _bands(rows, links, layer, middle, length)

    low = min(m - b / 2 for m, b in zip(middle, breadth, strict=True))
    middle = [m - low for m in middle]
    ports = _ports(chains, middle, breadth, doors, asides)
    late = {tail for (tail, _), aside in zip(edges, asides, strict=True) if aside}  # near what they are an aside to
    along = [
        ends[layer[i]] - b if i in late else (starts[layer[i]] + ends[layer[i]] - b) / 2 for i, b in enumerate(length)
    ]
    curves = [
        _curve(chain, middle[chain[0]] + (door[0] or 0.0), port, layer, middle, length, along, starts, ends)
        for chain, port, door in zip(chains, ports, doors, strict=True)
    ]
    corners = [(along[i], middle[i] - breadth[i] / 2) for i in range(len(sizes))]
    size = (ends[-1], max(m + b / 2 for m, b in zip(middle, breadth, strict=True)))
    if down:
        corners = [_swap(p) for p in corners]
        curves = [[tuple(map(_swap, step)) for step in curve] for curve in curves]
        size = _swap(size)
    return Layout(corners, curves, size)


def _swap(p: Point) -> Point:
    return p[1], p[0]


def _layers(n: int, edges: Sequence[tuple[int, int]], first: set[int]) -> list[int]:
    """Longest path to the last box, so that every box stands right before its first reader."""
    to_end = [0] * n
    for tail, head in sorted(edges, key=lambda e: -e[1]):  # a head before anything that leads to it
        to_end[tail] = max(to_end[tail], to_end[head] + 1)
    last = max(to_end)
    return [0 if i in first else last - d for i, d in enumerate(to_end)]


def _lanes(
    edges: Sequence[tuple[int, int]], layer: list[int], breadth: list[float], doors: Sequence[Doors]
) -> tuple[list[list[int]], list[int], list[float]]:
    """Each edge as a chain of neighbours; an edge past a layer gets a thin box, a lane, there.

    Edges that leave a box by the same door share its lanes: they run as one line until they part.
    """
    layer, breadth, chains = list(layer), list(breadth), []
    lanes: dict[tuple[int, float | None, int], int] = {}
    for (tail, head), (door, _) in zip(edges, doors, strict=True):
        chain = [tail]
        for between in range(layer[tail] + 1, layer[head]):
            if (tail, door, between) not in lanes:
                lanes[tail, door, between] = len(layer)
                layer.append(between)
                breadth.append(0.0)
            chain.append(lanes[tail, door, between])
        chains.append([*chain, head])
    return chains, layer, breadth


class Link(NamedTuple):
    """Two neighbours, and where the line between them meets each, counted from its middle."""

    a: int
    b: int
    leave: float
    enter: float
    aside: bool


def _links(chains: list[list[int]], doors: Sequence[Doors], asides: Sequence[bool]) -> list[Link]:
    """Every pair of neighbours, each once."""
    links: dict[Link, None] = {}
    for chain, (leave, enter), aside in zip(chains, doors, asides, strict=True):
        for a, b in zip(chain, chain[1:], strict=False):
            at_a = (leave or 0.0) if a == chain[0] else 0.0
            at_b = (enter or 0.0) if b == chain[-1] else 0.0
            links[Link(a, b, at_a, at_b, aside)] = None
    return list(links)


def _order(chains: list[list[int]], links: list[Link], layer: list[int]) -> list[list[int]]:
    """The boxes of each layer, in the order with the fewest crossings found.

    Barycentre sweeps: sort a layer by the mean position of its neighbours, forth and back.
    """
    before: list[list[int]] = [[] for _ in layer]
    after: list[list[int]] = [[] for _ in layer]
    key = list(range(len(layer)))
    for chain in chains:
        for lane in chain[1:-1]:
            key[lane] = chain[0]  # a lane starts out beside the box that it comes from
    for a, b in dict.fromkeys((link.a, link.b) for link in links):
        after[a].append(b)
        before[b].append(a)
    rows: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for i in sorted(range(len(layer)), key=lambda i: (key[i], i)):
        rows[layer[i]].append(i)

    best, fewest = [list(r) for r in rows], _crossings(rows, after)
    place = [0] * len(layer)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forth = sweep % 2 == 0
        for row in rows if forth else reversed(rows):
            neighbours = before if forth else after
            here = {i: place for place, i in enumerate(row)}
            mean = {
                i: sum(place[j] for j in neighbours[i]) / len(neighbours[i]) if neighbours[i] else here[i] for i in row
            }
            row.sort(key=mean.__getitem__)
            for position, i in enumerate(row):
                place[i] = position
        crossings = _crossings(rows, after)
        if crossings < fewest:
            best, fewest = [list(r) for r in rows], crossings
    return best


def _crossings(rows: list[list[int]], after: list[list[int]]) -> int:
    """How often two links cross: inversions between neighbouring layers."""
    place = {i: position for row in rows for position, i in enumerate(row)}
    total = 0
    for row in rows:
        seen: list[int] = []
        for i in row:
            ends = sorted(place[j] for j in after[i])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _coordinates(rows: list[list[int]], links: list[Link], breadth: list[float], boxes: int) -> list[float]:
    """The middle of every box across the arrows: as near to its neighbours as the spacing allows."""
    before: list[list[tuple[int, float, float]]] = [[] for _ in breadth]  # who pulls, where to, how much
    after: list[list[tuple[int, float, float]]] = [[] for _ in breadth]
    for a, b, leave, enter, aside in links:
        weight = 1.0 + 3.0 * (a >= boxes) + 3.0 * (b >= boxes)  # a long arrow wants to be straight
        if (a < boxes and not breadth[a]) or (b < boxes and not breadth[b]):
            weight = 1e4  # and one through a door even more: it goes on behind it
        if aside:
            weight = 1e-3
        before[b].append((a, leave - enter, weight))
        after[a].append((b, enter - leave, weight))
    middle = [0.0] * len(breadth)
    offsets = []
    for row in rows:
        offset, total = [0.0], 0.0
        for a, b in zip(row, row[1:], strict=False):
            space = SPACE if a < boxes and b < boxes else LANE
            total += breadth[a] / 2 + space + breadth[b] / 2
            offset.append(total)
        offsets.append(offset)
        for i, o in zip(row, offset, strict=True):
            middle[i] = o - total / 2
    pairs = list(zip(rows, offsets, strict=True))
    for sweep in range(SWEEPS):
        # Forth, each layer looks at the one before it; back, at the one after. The last sweep goes
        # back, so that a chain ends up in line with what reads it.
        forth = sweep % 2 == 0
        pulls = before if forth else after
        for row, offset in pairs if forth else reversed(pairs):
            wish, weights = [], []
            for i, offset_i in zip(row, offset, strict=True):
                weight = sum(w for _, _, w in pulls[i])
                wanted = sum(w * (middle[j] + o) for j, o, w in pulls[i]) / weight if weight else middle[i]
                wish.append(wanted - offset_i)
                weights.append(weight or 0.1)
            for i, o, w in zip(row, offset, _increasing(wish, weights), strict=True):
                middle[i] = o + w
    return middle


def _increasing(wish: list[float], weight: list[float]) -> list[float]:
    """The nearest values to `wish` that never fall (weighted least squares): pool neighbours that do."""
    pools: list[list[float]] = []  # value, weight, how many
    for value, w in zip(wish, weight, strict=True):
        pools.append([value, w, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            b, a = pools.pop(), pools.pop()
            total = a[1] + b[1]
            pools.append([(a[0] * a[1] + b[0] * b[1]) / total, total, a[2] + b[2]])
    return [value for value, _, count in pools for _ in range(int(count))]


def _bands(
    rows: list[list[int]],
    links: list[Link],
    layer: list[int],
    middle: list[float],
    length: list[float],
) -> tuple[list[float], list[float]]:
    """Where each layer starts and ends. Steep arrows between two layers get a wider gap."""
    steepest = [0.0] * len(rows)
    for a, b, leave, enter, _ in links:
        steepest[layer[a]] = max(steepest[layer[a]], abs(middle[a] + leave - middle[b] - enter))
    lengths = [max((length[i] for i in row if i < len(length)), default=0.0) for row in rows]
    starts, ends, at = [], [], 0.0
    for number, here in enumerate(lengths):
        starts.append(at)
        ends.append(at + here)
        empty = not here or not lengths[min(number + 1, len(lengths) - 1)]
        at = ends[-1] + min(max(DOORSTEP if empty else GAP, 0.3 * steepest[number]), GAP_MOST)
    return starts, ends


def _ports(
    chains: list[list[int]],
    middle: list[float],
    breadth: list[float],
    doors: Sequence[Doors],
    asides: Sequence[bool],
) -> list[float]:
    """Where each edge meets its head: side by side, in the order in which they arrive, asides at the edges."""
    arriving: dict[int, list[int]] = {}
    ports = [0.0] * len(chains)
    for number, (chain, (_, door)) in enumerate(zip(chains, doors, strict=True)):
        if door is None and breadth[chain[-1]]:
            arriving.setdefault(chain[-1], []).append(number)
        else:
            ports[number] = middle[chain[-1]] + (door or 0.0)
    for head, numbers in arriving.items():
        numbers.sort(key=lambda n: middle[chains[n][-2]])
        main = [n for n in numbers if not asides[n]]
        beside = [n for n in numbers if asides[n]]
        step = min(PORT, (breadth[head] - PORT) / (len(main) + 2 * len(beside)))
        low = [n for n in beside if middle[chains[n][-2]] < middle[head]]
        for rank, number in enumerate([*low, *main, *beside[len(low) :]], -len(low)):
            ports[number] = middle[head] + step * (rank - (len(main) - 1) / 2)
    return ports


def _curve(
    chain: list[int],
    start: float,
    port: float,
    layer: list[int],
    middle: list[float],
    length: list[float],
    along: list[float],
    starts: list[float],
    ends: list[float],
) -> Curve:
    """Straight beside the boxes of a layer, bent only in the gap between two layers."""
    tail, head = chain[0], chain[-1]
    # A door is as long as its layer: its line begins and ends with the layer.
    at = (along[tail] + length[tail] if length[tail] else starts[layer[tail]], start)
    curve: Curve = [(at,)]

    def line_to(p: Point) -> None:
        if p != curve[-1][-1]:
            curve.append((p,))

    for a, b in zip(chain, chain[1:], strict=False):
        y = port if b == head else middle[b]
        leave = (ends[layer[a]], curve[-1][-1][1])
        enter = (starts[layer[b]], y)
        line_to(leave)
        half = (leave[0] + enter[0]) / 2
        if abs(leave[1] - y) < 0.05:
            line_to(enter)
        else:
            curve.append(((half, leave[1]), (half, y), enter))
        if b != head:
            line_to((ends[layer[b]], y))
    line_to((along[head], port))
    return curve
