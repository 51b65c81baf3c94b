"""The walk backward: from the outputs to the leaves, newest node first.

Read in chapter 03. Node numbers come from one clock, so *newest first* is a topological order: when a node's
turn comes, everything that used its output has already sent its gradient.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from heapq import heappop, heappush

import numpy as np

from .base import wrap
from .modes import grad_mode, rare
from .nodes import AccumulateGrad, Edge, Node


@np.errstate(all="ignore")  # see Note [Quiet arithmetic]
def run_backward(roots: list, *, create_graph: bool, retain_graph: bool, wanted: set | None = None,
                 accumulate: bool = True) -> dict:  # fmt: skip
    """Send gradients from the roots to the leaves, newest node first.

    `roots` are pairs of an edge and a gradient (an array, or a tensor if `create_graph`). With `wanted`
    (a set of edges) only nodes on a way to these edges run. Without `accumulate` the gradients do not go into
    the leaves: the result maps each wanted edge to its gradient.
    """
    needed = alive = None  # the nodes that run, and those that are sent something; None: all of them
    targets = set() if wanted is None else {edge[0] for edge in wanted}
    if wanted is not None:
        needed = _on_the_way([edge[0] for edge, _ in roots], targets)
        alive = needed | targets
        if accumulate:
            needed, targets = alive, set()
    captured: dict = {}
    pending: dict = {}  # node → what has arrived so far for its output (a list, if it has several)
    heap: list = []  # (−number, node): the newest on top
    watched = rare.anomaly
    before = grad_mode.enabled
    grad_mode.enabled = create_graph
    try:
        for edge, g in roots:
            _deliver(edge, g, pending, heap)
        while heap:
            node = heappop(heap)[1]
            g = pending.pop(node)
            leaf = type(node) is AccumulateGrad
            hooks = getattr(node.variable, "_hooks", None) if leaf else node.hooks
            if needed is not None:
                runs = node in needed
                if node in targets:  # a node that runs is asked before its hooks, another one after them, as in PyTorch
                    seen = g if runs or hooks is None else _hooked(hooks.on_tensors, node, g, create_graph)
                    captured |= {(node, i): part for i, part in enumerate([seen] if node.outputs == 1 else seen)}
                if not runs:
                    continue
            if hooks is not None:
                g = _hooked(hooks.on_outputs, node, g, create_graph)
                if g is None:
                    continue
                if leaf and not create_graph:
                    g = g.copy()  # the hook may have kept the tensor that it saw
            if watched:
                found = _watched(node, g, create_graph, alive)
            else:
                found = node.apply(g, create_graph, alive)
            if hooks is not None:
                if leaf:
                    hooks.on_accumulated(node.variable)
                found = _boxed(hooks.on_inputs, create_graph, found, [g] if node.outputs == 1 else g)
            if not retain_graph:
                node.release()
            for edge, gi in zip(node.next_functions, found):
                parent = edge[0]
                if parent is None or gi is None:
                    continue
                if (gi is g or hooks) and type(parent) is AccumulateGrad and not create_graph:
                    gi = gi.copy()  # it may go to another leaf too, or a hook may have kept it
                if parent.outputs == 1 and parent not in pending:
                    pending[parent] = gi
                    heappush(heap, (-parent.number, parent))
                else:
                    _deliver(edge, gi, pending, heap)
    finally:
        grad_mode.enabled = before
    return captured


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
