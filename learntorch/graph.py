"""The walk backward: from the outputs to the leaves, newest node first.

Read in chapter 03. Node numbers come from one clock, so *newest first* is a topological order: when a node's
turn comes, everything that used its output has already sent its gradient.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from heapq import heappop, heappush

import numpy as np

from .base import TensorBase, wrap
from .errors import invalid_gradient
from .modes import grad_mode, rare
from .nodes import AccumulateGrad, Edge, Node
from .ops.shape import expand


@np.errstate(all="ignore")  # see Note [Quiet arithmetic]
def run_backward(roots: list, *, create_graph: bool, retain_graph: bool, wanted: set | None = None,
                 accumulate: bool = True) -> dict:  # fmt: skip
    """Send gradients from the roots to the leaves, newest node first.

    `roots` are pairs of an edge and a gradient (an array, or a tensor if `create_graph`). With `wanted`
    (a set of edges) only nodes on a way to these edges run. Without `accumulate` the gradients do not go into
    the leaves: the result maps each wanted edge to its gradient.
    """
    choice = None if wanted is None else _Choice(roots, wanted, accumulate)
    plain = choice is None and not rare.anomaly
    pending: dict = {}  # node → what has arrived so far for its output (a list, if it has several)
    heap: list = []  # (−number, node): the newest on top
    before = grad_mode.enabled
    grad_mode.enabled = create_graph
    try:
        for edge, g in roots:
            _deliver(edge, g, pending, heap)
        while heap:
            node = heappop(heap)[1]
            g = pending.pop(node)
            if plain and node.hooks is None:
                found = node.apply(g, create_graph)
            else:
                found = _visit(node, g, create_graph, choice)
            if not retain_graph and (choice is None or node in choice.runs):
                node.release()
            for edge, gi in zip(node.next_functions, found):
                parent = edge[0]
                if gi is None or parent is None:
                    continue
                if gi is g and accumulate and type(parent) is AccumulateGrad and not create_graph:
                    gi = gi.copy()  # it may go to another leaf too
                if parent in pending or parent.outputs > 1:
                    _deliver(edge, gi, pending, heap)
                else:
                    pending[parent] = gi
                    heappush(heap, (-parent.number, parent))
    finally:
        grad_mode.enabled = before
    return {} if choice is None else choice.captured


class _Choice:
    """A walk to chosen edges: which nodes run, and what has arrived at the edges."""

    def __init__(self, roots: list, wanted: set, accumulate: bool) -> None:
        targets = {edge[0] for edge in wanted}
        on_the_way = _on_the_way([edge[0] for edge, _ in roots], targets)
        self.alive = on_the_way | targets  # these are sent something
        self.runs = self.alive if accumulate else on_the_way
        self.targets = set() if accumulate else targets
        self.captured: dict = {}

    def capture(self, node: Node, g) -> None:
        """Keep what has arrived at a node."""
        if type(node) is Resized:
            node.check(g)
        for i, part in enumerate([g] if node.outputs == 1 else g):
            self.captured[node, i] = part


def _visit(node: Node, g, create_graph: bool, choice: _Choice | None) -> Sequence:
    """`node.apply` with what is rare: hooks, a choice of nodes, a watch for anomalies."""
    hooks = node.hooks
    runs = choice is None or node in choice.runs
    if choice is not None and node in choice.targets:
        # A node that runs is asked before its hooks, another one after them, as in PyTorch.
        seen = g if runs or hooks is None else _hooked(hooks.on_tensors, node, g, create_graph)
        choice.capture(node, seen)
    if runs and hooks is not None:
        g = _hooked(hooks.on_outputs, node, g, create_graph)
    if not runs or g is None:
        return ()
    leaf = type(node) is AccumulateGrad
    if leaf and hooks is not None and not create_graph:
        g = g.copy()  # the hook may have kept the tensor that it saw
    apply = _watched if rare.anomaly else type(node).apply
    found = apply(node, g, create_graph, None if choice is None else choice.alive)
    if hooks is not None:
        if leaf:
            hooks.on_accumulated(node.variable)
        found = _boxed(hooks.on_inputs, create_graph, found, [g] if node.outputs == 1 else g)
        if not create_graph:
            to_leaf = [type(edge[0]) is AccumulateGrad for edge in node.next_functions]
            found = [gi.copy() if leaf and gi is not None else gi for gi, leaf in zip(found, to_leaf)]  # it may be kept
    return found


def _boxed(call: Callable, create_graph: bool, *groups: Sequence) -> list:
    """Call hooks, which take and return tensors, from a walk that works on arrays."""
    if create_graph:
        return call(*groups)
    boxed = [[g if g is None else wrap(g) for g in group] for group in groups]
    return [g if g is None else g._array for g in call(*boxed)]


def _hooked(call: Callable, node: Node, g, create_graph: bool):
    """What has arrived for a node, led through hooks that see a list."""
    if node.outputs > 1:
        return _boxed(call, create_graph, g)
    return _boxed(call, create_graph, [g])[0]


def _watched(node: Node, g, create_graph: bool, alive: set | None) -> Sequence:
    """`node.apply` under detect_anomaly: what goes wrong tells where the node was made."""
    try:
        found = node.apply(g, create_graph, alive)
        for i, gi in enumerate(found if rare.check_nan else ()):
            if gi is not None and np.isnan(getattr(gi, "_array", gi)).any():
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")
    except Exception:
        made = node.metadata.get("traceback_")
        warnings.warn(
            f"Error detected in {node.name()}. "
            + (
                "No forward pass information available. Enable detect anomaly during forward pass for more information."
                if made is None
                else "Traceback of forward call that caused the error:\n" + "".join(made)
            ),
            stacklevel=2,
        )
        raise
    return found


def _deliver(edge: Edge, g, pending: dict, heap: list) -> None:
    """Add `g` to what has arrived for an output, and queue its node at the first arrival."""
    node, number = edge
    if node not in pending:
        heappush(heap, (-node.number, node))
        pending[node] = g if node.outputs == 1 else [None] * node.outputs
        if node.outputs == 1:
            return
    if node.outputs == 1:
        pending[node] = pending[node] + g
    else:
        slots = pending[node]
        slots[number] = g if slots[number] is None else slots[number] + g


def _on_the_way(roots: list[Node], targets: set[Node]) -> set[Node]:
    """The nodes that lie on a way from a root to a target, without the targets themselves."""
    reached = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node is not None and node not in reached:
            reached.add(node)
            stack.extend(edge[0] for edge in node.next_functions)
    found: set[Node] = set()
    for node in sorted(reached, key=lambda n: n.number):  # inputs come before what uses them
        if any(edge[0] in targets or edge[0] in found for edge in node.next_functions):
            found.add(node)
    return found


class Resized(AccumulateGrad):
    """The end of the walk at a leaf to which `out=` gave another shape: the graph still sends it the old one."""

    __slots__ = ()

    def name(self) -> str:
        return self.prefix + "AccumulateGrad"

    def check(self, g) -> None:
        """Refuse what has not the shape that the leaf had."""
        found, expected = tuple(g.shape), self.saved[0]
        if found != expected:
            raise invalid_gradient(found, expected)

    def apply(self, g, create: bool, alive: set | None = None) -> Sequence:
        self.check(g)
        now, array = self.variable._array, getattr(g, "_array", g)
        alike = all(n == 1 or s == t for n, s, t in zip(array.shape, array.strides, now.strides))
        return super().apply(g if alike else expand(g, size=now.shape), create)  # PyTorch takes over what lies alike


def resized(leaf: TensorBase) -> None:
    """Note that `leaf` is about to get another shape, if there is a graph that knows the one that it has."""
    reference = getattr(leaf, "_accumulator", None)
    node = None if reference is None else reference()
    if type(node) is AccumulateGrad:
        node.saved, node.__class__ = (leaf._array.shape,), Resized
