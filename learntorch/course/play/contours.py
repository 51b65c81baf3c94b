"""Lines of equal height over a grid, by marching squares.

Read in chapter 09. Source: Lorensen and Cline, "Marching cubes" (1987), in two dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]
Edge = tuple[int, int, int]  # row, column, and 0 for the edge to the right or 1 for the edge upward


def contours(
    xs: Sequence[float], ys: Sequence[float], heights: Sequence[Sequence[float]], level: float
) -> list[list[Point]]:
    """The lines on which a surface is `level` high; `heights[i][j]` is its height at (xs[j], ys[i]).

    >>> contours([0, 1], [0, 1], [[0, 1], [0, 1]], 0.25)
    [[(0.25, 0), (0.25, 1)]]
    """
    next_to: dict[Edge, list[Edge]] = {}
    for i in range(len(ys) - 1):
        for j in range(len(xs) - 1):
            for a, b in _crossing(heights, i, j, level):
                next_to.setdefault(a, []).append(b)
                next_to.setdefault(b, []).append(a)

    lines, seen = [], set()
    # Open lines first, from an end; what is left are rings.
    for edge in sorted(next_to, key=lambda e: len(next_to[e])):
        if edge in seen:
            continue
        line, here = [edge], edge
        seen.add(edge)
        while onward := [e for e in next_to[here] if e not in seen]:
            here = onward[0]
            seen.add(here)
            line.append(here)
        if len(line) > 2 and edge in next_to[here]:
            line.append(edge)
        lines.append([_place(xs, ys, heights, e, level) for e in line])
    return lines


def _crossing(heights: Sequence[Sequence[float]], i: int, j: int, level: float) -> list[tuple[Edge, Edge]]:
    """The pieces of the line in one square: from which of its edges to which."""
    corners = heights[i][j], heights[i][j + 1], heights[i + 1][j + 1], heights[i + 1][j]
    if any(h != h for h in corners):
        return []
    above = [h > level for h in corners]
    bottom, right, top, left = (i, j, 0), (i, j + 1, 1), (i + 1, j, 0), (i, j, 1)
    edges = [bottom, right, top, left]
    crossed = [e for k, e in enumerate(edges) if above[k] != above[(k + 1) % 4]]
    if len(crossed) == 4:  # a saddle: the height in the middle says which corners belong together
        middle = sum(corners) / 4 > level
        return [(bottom, right), (top, left)] if middle == above[0] else [(left, bottom), (right, top)]
    return [(crossed[0], crossed[1])] if crossed else []


def _place(
    xs: Sequence[float], ys: Sequence[float], heights: Sequence[Sequence[float]], edge: Edge, level: float
) -> Point:
    """Where on an edge the line passes, between the heights at its ends."""
    i, j, upward = edge
    a, b = heights[i][j], heights[i + 1][j] if upward else heights[i][j + 1]
    share = (level - a) / (b - a)
    if upward:
        return xs[j], ys[i] + share * (ys[i + 1] - ys[i])
    return xs[j] + share * (xs[j + 1] - xs[j]), ys[i]
