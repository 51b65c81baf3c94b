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
SWEEPS = 12


class Layout(NamedTuple):
    """The corner of every box, a curve for every edge, and the size of the whole."""

    corners: list[Point]
    curves: list[Curve]
    size: Point


def layered(sizes: Sequence[Point], edges: Sequence[tuple[int, int]], down: bool = False) -> Layout:
    """Place boxes of the given (width, height) so that every edge runs right (or down).

    Boxes are numbered so that each edge (tail, head) has tail < head.
    """
    # One set of formulas for both directions: `length` along the arrows, `breadth` across them.
    length = [h if down else w for w, h in sizes]
    breadth = [w if down else h for w, h in sizes]

    layer = _layers(len(sizes), edges)
    chains, layer, breadth = _lanes(edges, layer, breadth)
    rows = _order(chains, layer)
    middle = _coordinates(rows, chains, breadth, len(sizes))
    starts, ends = _bands(rows, chains, layer, middle, length)

    low = min(m - b / 2 for m, b in zip(middle, breadth, strict=True))
    middle = [m - low for m in middle]
    ports = _ports(chains, middle, breadth)
    curves = [
        _curve(chain, port, layer, middle, length, starts, ends) for chain, port in zip(chains, ports, strict=True)
    ]
    corners = []
    for i in range(len(sizes)):
        along = (starts[layer[i]] + ends[layer[i]] - length[i]) / 2
        corners.append((along, middle[i] - breadth[i] / 2))
    size = (ends[-1], max(m + b / 2 for m, b in zip(middle, breadth, strict=True)))
    if down:
        corners = [_swap(p) for p in corners]
        curves = [[tuple(map(_swap, step)) for step in curve] for curve in curves]
        size = _swap(size)
    return Layout(corners, curves, size)


def _swap(p: Point) -> Point:
    return p[1], p[0]


def _layers(n: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Longest path to the last box, so that every box stands right before its first reader."""
    to_end = [0] * n
    for tail, head in sorted(edges, key=lambda e: -e[1]):  # a head before anything that leads to it
        to_end[tail] = max(to_end[tail], to_end[head] + 1)
    last = max(to_end)
    return [last - d for d in to_end]


def _lanes(
    edges: Sequence[tuple[int, int]], layer: list[int], breadth: list[float]
) -> tuple[list[list[int]], list[int], list[float]]:
    """Each edge as a chain of neighbours; an edge past a layer gets a thin box, a lane, there.

    Edges that leave the same box share its lanes: they run as one line until they part.
    """
    layer, breadth, chains = list(layer), list(breadth), []
    lanes: dict[tuple[int, int], int] = {}
    for tail, head in edges:
        chain = [tail]
        for between in range(layer[tail] + 1, layer[head]):
            if (tail, between) not in lanes:
                lanes[tail, between] = len(layer)
                layer.append(between)
                breadth.append(0.0)
            chain.append(lanes[tail, between])
        chains.append([*chain, head])
    return chains, layer, breadth


def _links(chains: list[list[int]]) -> list[tuple[int, int]]:
    """Every pair of neighbours, each once."""
    return list(dict.fromkeys(pair for chain in chains for pair in zip(chain, chain[1:], strict=False)))


def _order(chains: list[list[int]], layer: list[int]) -> list[list[int]]:
    """The boxes of each layer, in the order with the fewest crossings found.

    Barycentre sweeps: sort a layer by the mean position of its neighbours, forth and back.
    """
    before: list[list[int]] = [[] for _ in layer]
    after: list[list[int]] = [[] for _ in layer]
    key = list(range(len(layer)))
    for chain in chains:
        for lane in chain[1:-1]:
            key[lane] = chain[0]  # a lane starts out beside the box that it comes from
    for a, b in _links(chains):
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


def _coordinates(rows: list[list[int]], chains: list[list[int]], breadth: list[float], boxes: int) -> list[float]:
    """The middle of every box across the arrows: as near to its neighbours as the spacing allows."""
    before: list[list[tuple[int, float]]] = [[] for _ in breadth]
    after: list[list[tuple[int, float]]] = [[] for _ in breadth]
    for a, b in _links(chains):
        weight = 1.0 + 3.0 * (a >= boxes) + 3.0 * (b >= boxes)  # a long arrow wants to be straight
        before[b].append((a, weight))
        after[a].append((b, weight))
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
            for i, o in zip(row, offset, strict=True):
                weight = sum(w for _, w in pulls[i])
                wanted = sum(w * middle[j] for j, w in pulls[i]) / weight if weight else middle[i]
                wish.append(wanted - o)
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
    chains: list[list[int]],
    layer: list[int],
    middle: list[float],
    length: list[float],
) -> tuple[list[float], list[float]]:
    """Where each layer starts and ends. Steep arrows between two layers get a wider gap."""
    steepest = [0.0] * len(rows)
    for a, b in _links(chains):
        steepest[layer[a]] = max(steepest[layer[a]], abs(middle[a] - middle[b]))
    starts, ends, at = [], [], 0.0
    for number, row in enumerate(rows):
        starts.append(at)
        ends.append(at + max((length[i] for i in row if i < len(length)), default=0.0))
        at = ends[-1] + min(max(GAP, 0.3 * steepest[number]), GAP_MOST)
    return starts, ends


def _ports(chains: list[list[int]], middle: list[float], breadth: list[float]) -> list[float]:
    """Where each edge meets its head: side by side, in the order in which they arrive."""
    arriving: dict[int, list[int]] = {}
    for number, chain in enumerate(chains):
        arriving.setdefault(chain[-1], []).append(number)
    ports = [0.0] * len(chains)
    for head, numbers in arriving.items():
        numbers.sort(key=lambda n: middle[chains[n][-2]])
        step = min(PORT, (breadth[head] - PORT) / len(numbers))
        for rank, number in enumerate(numbers):
            ports[number] = middle[head] + step * (rank - (len(numbers) - 1) / 2)
    return ports


def _curve(
    chain: list[int],
    port: float,
    layer: list[int],
    middle: list[float],
    length: list[float],
    starts: list[float],
    ends: list[float],
) -> Curve:
    """Straight beside the boxes of a layer, bent only in the gap between two layers."""
    tail, head = chain[0], chain[-1]
    centre = (starts[layer[tail]] + ends[layer[tail]]) / 2
    at = (centre + length[tail] / 2, middle[tail])
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
    centre = (starts[layer[head]] + ends[layer[head]]) / 2
    line_to((centre - length[head] / 2, port))
    return curve
