"""What repeats in a graph is drawn once, with a count: equal blocks in a row, and long chains of one operation.

Read in chapter 08. Elements in a row, single boxes or groups, repeat with a period p if each equals the one p places
before it and reads the same places before itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .graphs import Item
from .groups import Group, Path, sources

REPEATS = 4  # fewer equal ones are all drawn
PERIOD = 64  # a longer pattern is not looked for, so that the search stays linear in the number of elements


class _Row(NamedTuple):
    """The elements of one group, ready to be compared."""

    children: list[int | Group]
    cores: list[int]  # equal numbers for elements that look the same inside
    reads: list[tuple]  # where the arrows into each element come from: (element or None, place in it or item, reader)
    last_reader: list[int]  # the last element of the row that reads it
    members: list[list[int]]


class _Repeat(NamedTuple):
    start: int
    period: int
    count: int


def collapse(items: Sequence[Item], root: Group) -> tuple[list[Item], Group]:
    """The graph with its repeats drawn once: `count` says how often, and the last of the equals stands for all."""
    items = list(items)
    readers: list[set[int]] = [set() for _ in items]
    for i, item in enumerate(items):
        for j in sources(item):
            readers[j].add(i)
    _collapse(root, items, readers)
    kept = sorted(root.items())
    number = {old: new for new, old in enumerate(kept)}
    _renumber(root, number)
    return [
        items[i]._replace(
            inputs=tuple(number[j] for j in items[i].inputs), keeps=tuple(number[j] for j in items[i].keeps)
        )
        for i in kept
    ], root


def _renumber(group: Group, number: dict[int, int]) -> None:
    for k, child in enumerate(group.children):
        if isinstance(child, Group):
            _renumber(child, number)
        else:
            group.children[k] = number[child]


def _collapse(group: Group, items: list[Item], readers: list[set[int]]) -> None:
    for child in group.children:
        if isinstance(child, Group):
            _collapse(child, items, readers)
    # What was folded may repeat in its turn.
    while found := _repeats(row := _row(group, items, readers)):
        children: list[int | Group] = []
        at = 0
        for repeat in found:
            children += group.children[at : repeat.start]
            shown = _folded(group, row, repeat, items, readers)
            if repeat.period > 1 and isinstance(shown[0], Group):
                _collapse(shown[0], items, readers)  # a loop in a loop
            children += shown
            at = repeat.start + repeat.period * repeat.count
        group.children = children + group.children[at:]


def _row(group: Group, items: Sequence[Item], readers: Sequence[set[int]]) -> _Row:
    members = [c.items() if isinstance(c, Group) else [c] for c in group.children]
    where = {i: (e, rank) for e, inside in enumerate(members) for rank, i in enumerate(inside)}
    known: dict[tuple, int] = {}
    cores, reads = [], []
    last_reader = list(range(len(members)))
    for e, (child, inside) in enumerate(zip(group.children, members, strict=True)):
        core = _core(child, items, group.path, outermost=True)
        cores.append(known.setdefault(core, len(known)))
        from_outside = []
        for rank, i in enumerate(inside):
            for j in sources(items[i]):
                tail, place = where.get(j, (None, j))
                if tail != e:
                    from_outside.append((tail, place, rank))
                    if tail is not None:
                        last_reader[tail] = max(last_reader[tail], e)
        reads.append(tuple(from_outside))
    for i, (e, _) in where.items():
        if any(reader not in where for reader in readers[i]):  # what is read outside is read after all of the row
            last_reader[e] = len(members) + PERIOD * len(members)
    return _Row(group.children, cores, reads, last_reader, members)


def _core(child: int | Group, items: Sequence[Item], path: Path | None, outermost: bool = False) -> tuple:
    """What an element looks like, apart from its own name and from what it reads outside itself."""
    if not isinstance(child, Group):
        item = items[child]
        # The first of several layers often keeps less than the others, for its input needs no gradient.
        notes = () if item.kind == "saved" else item.notes
        return (item.kind, local(item.title, path), notes, item.flow, item.back, item.count)
    inside = {i: rank for rank, i in enumerate(child.items())}
    edges = tuple((inside[j], rank) for i, rank in inside.items() for j in sources(items[i]) if j in inside)
    label = child.label.partition(" · ")[2] if outermost else child.label
    return (label, child.count, edges, tuple(_core(c, items, child.path) for c in child.children))


def local(title: str, path: Path | None) -> str:
    """A parameter's name as it is called inside its module: `0.weight` in the module `0` is `weight`."""
    return title.removeprefix(".".join(path) + ".") if path else title


def _repeats(row: _Row) -> list[_Repeat]:
    """The repeats of a row: those that cover most of it, none on top of another, in their order."""
    n = len(row.children)
    found = []
    for period in range(1, min(PERIOD, n // REPEATS) + 1):
        e = period
        while e < n:
            if row.cores[e] != row.cores[e - period]:
                e += 1
                continue
            start = e - period
            while e < n and row.cores[e] == row.cores[e - period]:
                e += 1
            found += _stretches(row, start, period, (e - start) // period)
    found.sort(key=lambda r: (-r.period * r.count, r.period, r.start))
    taken = [False] * n
    chosen = []
    for repeat in found:
        span = range(repeat.start, repeat.start + repeat.period * repeat.count)
        if not (taken[span[0]] or taken[span[-1]] or any(taken[i] for i in span)):
            for i in span:
                taken[i] = True
            chosen.append(repeat)
    return sorted(chosen)


def _stretches(row: _Row, start: int, p: int, count: int) -> list[_Repeat]:
    """The parts of `count` look-alikes in a row in which each reads the one before, as that one does."""
    found = []
    first = 0
    for k in range(1, count + 1):
        # The first may read something else, or nothing: what came before it is not its like.
        good = k < count and _follows(row, start + k * p, p, strict=k > first + 1)
        if good:
            continue
        if k - first >= REPEATS and _closed(row, start + first * p, p, k - first):
            found.append(_Repeat(start + first * p, p, k - first))
        first = k
    return found


def _follows(row: _Row, at: int, p: int, strict: bool) -> bool:
    """True if the p elements from `at` read the p before them, and other things only where those do."""
    linked = False
    for e in range(at, at + p):
        now, then = row.reads[e], row.reads[e - p]
        linked = linked or any(tail is not None and at - p <= tail < at for tail, _, _ in now)
        if not strict:
            now = tuple(r for r in now if r[0] is not None and r[0] >= at)
            then = tuple(r for r in then if r[0] is not None and r[0] >= at - p)
        if len(now) != len(then):
            return False
        for (tail, place, reader), (tail_then, place_then, reader_then) in zip(now, then, strict=True):
            moved = tail is not None and tail_then is not None and tail - tail_then == p
            if (place, reader) != (place_then, reader_then) or not (moved or tail == tail_then):
                return False
    return linked


def _closed(row: _Row, start: int, p: int, count: int) -> bool:
    """True if all but the last are read only by themselves and by the next."""
    return all(
        row.last_reader[e] < start + (k + 2) * p
        for k in range(count - 1)
        for e in range(start + k * p, start + (k + 1) * p)
    )


def _folded(group: Group, row: _Row, repeat: _Repeat, items: list[Item], readers: list[set[int]]) -> list[int | Group]:
    """The last of the equals, reading what the first one read."""
    start, p, count = repeat
    last = start + (count - 1) * p
    inside = {i for e in range(start, last + p) for i in row.members[e]}
    kept = {i for e in range(last, last + p) for i in row.members[e]}
    for e in range(p):
        for i, like in zip(row.members[last + e], row.members[start + e], strict=True):
            # Where the last one reads its neighbour, the first one reads what stands before all of them.
            before = iter([j for j in items[like].inputs if j not in inside and j not in items[i].inputs])
            own = [j if j in kept or j not in inside else next(before, None) for j in items[i].inputs]
            items[i] = items[i]._replace(inputs=tuple(j for j in (*own, *before) if j is not None))
    for i in inside:
        for j in sources(items[i]):
            (readers[j].add if i in kept else readers[j].discard)(i)
    children = row.children[last : last + p]
    for begin, child in zip(row.children[start : start + p], children, strict=True):
        if isinstance(begin, Group) and isinstance(child, Group):
            child.label = _span(begin.label, child.label)
    if p > 1:
        return [Group(f"× {count}", list(children), group.path, count)]
    (child,) = children
    if isinstance(child, Group):
        child.label, child.count = f"{child.label} × {count}", child.count * count
    else:
        items[child] = items[child]._replace(count=items[child].count * count)
    return [child]


def _span(first: str, last: str) -> str:
    """`layers.0 · Block` to `layers.11 · Block` is `layers.0 … 11 · Block`."""
    (a, _, kind), (b, _, _) = first.partition(" · "), last.partition(" · ")
    if not kind or a == b:
        return last
    above = a.rpartition(".")[0]
    return f"{a} … {b.removeprefix(above + '.') if above else b} · {kind}"
