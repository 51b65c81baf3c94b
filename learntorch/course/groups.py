"""Which module an operation belongs to, and which parts of a graph repeat.

Read in chapter 08. A graph does not record modules. What it tells is which parameters an operation reads, and
parameters have dotted names: `layers.0.weight` belongs to the module `layers.0`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any

from .graphs import Item

Path = tuple[str, ...]  # ('layers', '0'); () is the whole net

# What may stand between a parameter and the operation of its module: the same numbers, seen another way.
SEEN_ANEW = {"T", "Transpose", "Permute", "View", "UnsafeView", "Reshape", "Expand", "ToCopy", "Unsqueeze"}


@dataclass(eq=False)  # groups are told apart by identity
class Group:
    """Boxes with a frame round them: numbers of items, and groups, each after what it is computed from."""

    label: str  # '0 · Linear'; the whole picture has none
    children: list[int | Group] = field(default_factory=list)
    path: Path | None = None
    count: int = 1

    def items(self) -> list[int]:
        """The numbers of all boxes in it."""
        found: list[int] = []
        for child in self.children:
            found += child.items() if isinstance(child, Group) else [child]
        return found


def sources(item: Item) -> tuple[int, ...]:
    """The items with an arrow or a line to this one."""
    return (*item.inputs, *item.keeps)


def names_of(module: Any) -> dict[int, str]:
    """The id of each parameter → its dotted name."""
    return {id(p): name for name, p in module.named_parameters()}


def plain(items: Sequence[Item]) -> Group:
    """All boxes, without a frame."""
    return Group("", list(range(len(items))))


def by_module(items: Sequence[Item], leaf_paths: dict[int, Path], module: Any) -> Group:
    """The boxes in groups, a group for each module. `leaf_paths`: the items that are its parameters, and whose."""
    classes = {tuple(name.split(".")) if name else (): type(m).__name__ for name, m in module.named_modules()}
    homes = _homes(items, leaf_paths, module)
    root = Group("")
    groups: dict[Path, Group] = {}

    def group_of(path: Path) -> Group:
        if path not in groups:
            above = group_of(path[:-1]) if path else root
            groups[path] = Group("", path=path)
            above.children.append(groups[path])
        return groups[path]

    for i, home in enumerate(homes):
        (root if home is None else group_of(home)).children.append(i)
    _sort(root, items)
    _label(root, (), classes)
    return root


def _homes(items: Sequence[Item], leaf_paths: dict[int, Path], module: Any) -> list[Path | None]:
    """The module of each item; None outside."""
    homes: list[Path | None] = [leaf_paths.get(i) for i in range(len(items))]
    own: dict[int, Path] = dict(leaf_paths)  # parameters, also turned or reshaped
    # 1. An operation that reads parameters belongs to the module that has them.
    for i, item in enumerate(items):
        paths = [own[j] for j in item.inputs if j in own]
        if item.kind != "operation" or not paths:
            continue
        homes[i] = _common(paths)
        core = item.notes[0].partition("Backward")[0]
        if len(paths) == len(item.inputs) == 1 and core in SEEN_ANEW:
            own[i] = paths[0]
    # 2. A module without parameters, such as ReLU, is known by its name, between its neighbours.
    order = [(tuple(name.split(".")) if name else (), m) for name, m in module.named_modules()]
    position = {path: k for k, (path, _) in enumerate(order)}
    has_own = [bool(list(m.named_parameters(recurse=False))) for _, m in order]
    at = 0
    for i, item in enumerate(items):
        if item.kind != "operation":
            continue
        if homes[i] is not None:
            at = max(at, position.get(homes[i], 0))
            continue
        wanted = item.title.replace("_", "")
        for k in range(at + 1, len(order)):
            path, m = order[k]
            if has_own[k]:
                break
            if type(m).__name__.lower() == wanted:
                homes[i], at = path[:-1], k
                break
    # 3. Every other operation belongs to what is round all its neighbours, before and after it.
    before, after = list(homes), list(homes)
    for i, item in enumerate(items):
        if item.kind == "operation" and homes[i] is None:
            before[i] = _common([before[j] for j in item.inputs if items[j].kind == "operation"])
    reached: list[list[Path | None]] = [[] for _ in items]
    for i in range(len(items) - 1, -1, -1):
        if items[i].kind == "operation" and homes[i] is None:
            after[i] = _common(reached[i])
        for j in items[i].inputs:
            reached[j].append(after[i])
    again = _called_again(items, leaf_paths)
    for i, item in enumerate(items):
        if item.kind == "operation" and homes[i] is None and before[i] is not None and after[i] is not None:
            home = _common([before[i], after[i]])
            while home and home in again:  # what lies between two calls of a module is not in it
                home = home[:-1]
            homes[i] = home
    for i, item in enumerate(items):
        for j in item.keeps:
            homes[j] = homes[i]
    return homes


def _called_again(items: Sequence[Item], leaf_paths: dict[int, Path]) -> set[Path]:
    """The modules all of whose parameters are read more than once."""
    readers = [0] * len(items)
    for item in items:
        for j in set(item.inputs):
            readers[j] += 1
    around = [(path[:n], readers[i] > 1) for i, path in leaf_paths.items() for n in range(len(path) + 1)]
    return {path for path, _ in around} - {path for path, twice in around if not twice}


def _common(paths: Sequence[Path | None]) -> Path | None:
    """The innermost module round all of these; None if none of them is in a module."""
    known = [path for path in paths if path is not None]
    if not known:
        return None
    common = known[0]
    for path in known[1:]:
        length = 0
        while length < min(len(common), len(path)) and common[length] == path[length]:
            length += 1
        common = common[:length]
    return common


def _sort(group: Group, items: Sequence[Item]) -> None:
    """Put children in an order in which each comes after what it reads, and open groups that forbid one.

    A module that is called, left and called again would have to stand before and after what lies between.
    """
    while True:
        at = {i: k for k, child in enumerate(group.children) for i in _members(child)}
        reads: list[dict[int, None]] = [{} for _ in group.children]
        readers: list[dict[int, None]] = [{} for _ in group.children]
        for i, k in at.items():
            for j in sources(items[i]):
                if at.get(j, k) != k:
                    reads[k][at[j]] = None
                    readers[at[j]][k] = None
        # The first item of a child decides where it stands among those that are ready.
        order = _ready(reads, readers, [min(_members(c)) for c in group.children])
        if len(order) == len(group.children):
            break
        back = set(_ready(readers, reads, [0] * len(group.children)))
        stuck = set(range(len(group.children))) - set(order) - back
        opened: list[int | Group] = []
        for k, child in enumerate(group.children):
            opened += child.children if k in stuck and isinstance(child, Group) else [child]
        group.children = opened
    group.children = [group.children[k] for k in order]
    for child in group.children:
        if isinstance(child, Group):
            _sort(child, items)


def _members(child: int | Group) -> list[int]:
    return child.items() if isinstance(child, Group) else [child]


def _ready(reads: list[dict[int, None]], readers: list[dict[int, None]], rank: list[int]) -> list[int]:
    """Kahn's order, by rank where there is a choice; what is in a circle, or behind one, is left out."""
    missing = [len(r) for r in reads]
    heap = [(rank[k], k) for k, m in enumerate(missing) if not m]
    heapify(heap)
    order = []
    while heap:
        k = heappop(heap)[1]
        order.append(k)
        for reader in readers[k]:
            missing[reader] -= 1
            if not missing[reader]:
                heappush(heap, (rank[reader], reader))
    return order


def _label(group: Group, above: Path, classes: dict[Path, str]) -> None:
    """Name the groups; a group in a group, alone, shares its frame and has the longer name."""
    for k, child in enumerate(group.children):
        if not isinstance(child, Group):
            continue
        while len(child.children) == 1 and isinstance(child.children[0], Group):
            child = child.children[0]
        group.children[k] = child
        name, kind = ".".join(child.path[len(above) :]), classes.get(child.path, "")
        child.label = f"{name} · {kind}" if name else kind
        _label(child, child.path, classes)
