"""The record of one walk backward: what each node received, what its formulas made of it, and where that went.

Read in chapter 03. The engine walks, not this file: hooks on the nodes look on. What a hook could not see is put
back afterwards, so a graph that was traced is as it was: nothing freed, no gradient added, no hook left.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..base import TensorBase, wrap
from ..graph import run_backward
from ..methods.history import roots
from ..modes import no_grad
from ..nodes import AccumulateGrad, Node
from ..ops.rule import FLOAT, NUMBERS, PROMOTE
from .formulas import written

MOST = 200  # nodes: a longer walk is no longer read step by step


class Place(NamedTuple):
    """A node as a reader calls it, and the numbers of the places that its gradients go to."""

    kind: str  # 'leaf' or 'operation'
    title: str  # 'leaf' or 'mul'
    called: str  # what the reader calls the tensor: 'w', or ''
    name: str  # 'AccumulateGrad' or 'MulBackward0'
    shape: tuple[int, ...] | None  # of a leaf
    parents: tuple[int, ...]


class Part(NamedTuple):
    """One input of a node: its formula, what the formula gave, and what has arrived there with it."""

    name: str
    formula: str  # as written in the rule
    note: str  # what the engine did to the formula's value
    place: int | None  # where it goes; None if nobody there needs a gradient
    gradient: Any  # a tensor, or None
    total: Any  # all that has arrived there so far, this included


class Step(NamedTuple):
    """The visit of one node."""

    place: int
    incoming: tuple[Any, ...]  # for each output a tensor, or None
    parts: tuple[Part, ...]
    saved: dict[str, Any]  # the values that the formulas name besides g
    before: Any = None  # of a leaf: its .grad before this walk, and as this walk would leave it
    after: Any = None


class Trace(NamedTuple):
    """A whole walk. Places are numbered so that what uses a place comes after it."""

    places: tuple[Place, ...]
    steps: tuple[Step, ...]
    turn: dict[int, int]  # place → when it is visited, from 1

    def arrived(self, k: int) -> dict[int, Any]:
        """What has arrived at each place once step `k` is done, counted from 1."""
        found: dict[int, Any] = {}
        for step in self.steps[:k]:
            found |= {part.place: part.total for part in step.parts if part.total is not None}
            for g in step.incoming:  # hooks may have changed it
                if g is not None:
                    found[step.place] = g
        return found


def trace(tensor: Any, gradient: Any = None, names: Mapping[str, Any] | None = None) -> Trace:
    """Walk backward from `tensor` and write down every step. The leaves keep the `.grad` that they have.

    Raises:
        RuntimeError: "step() needs a tensor with a recorded graph. …", or what backward() would raise.
        ValueError: "step() walks through at most 200 nodes …"
    """
    start = _start(tensor, gradient)
    nodes = sorted(_reached(start[0][0][0]), key=lambda node: node.number)
    if any(_freed(node) for node in nodes):
        raise RuntimeError(
            "Trying to backward through the graph a second time: an earlier backward() has freed what its nodes had "
            "saved. Compute the tensor again and call step() before backward(), or call backward(retain_graph=True)."
        )
    seen: dict[Node, tuple] = {}  # node → what it received, and what it passed on
    leaves = {(node, 0) for node in nodes if isinstance(node, AccumulateGrad)}
    with _watched(nodes, seen):
        found = run_backward(start, create_graph=False, retain_graph=True, wanted=leaves, accumulate=False)
    with no_grad():
        for (leaf, _), g in found.items():
            if g is not None:
                seen[leaf] = ((wrap(g).clone(),), ())
        return _told(nodes, seen, _names(names or {}))


def _start(tensor: Any, gradient: Any) -> list:
    """Where the walk starts, and with what: the checks of backward(), with advice for step()."""
    if not isinstance(tensor, TensorBase):
        raise TypeError(
            f"step() needs a tensor, not {type(tensor).__name__!r}. Give it the loss itself, not its item()."
        )
    if not tensor.requires_grad:
        raise RuntimeError(
            "step() needs a tensor with a recorded graph: this one does not require grad and does not have a grad_fn. "
            "Compute one from a tensor that was made with requires_grad=True, and outside no_grad()."
        )
    if gradient is None and tensor.numel() != 1:
        raise RuntimeError(
            f"grad can be implicitly created only for scalar outputs, and this one has shape {tuple(tensor.shape)}. "
            "Step through its sum(), or say where to start: step(y, gradient=torch.ones_like(y))."
        )
    return roots([tensor], [gradient], False)


def _reached(root: Node) -> list[Node]:
    """Every node of the graph, once."""
    found, todo = {root}, [root]
    while todo:
        for parent, _ in todo.pop().next_functions:
            if parent is not None and parent not in found:
                found.add(parent)
                todo.append(parent)
        if len(found) > MOST:
            raise ValueError(
                f"step() walks through at most {MOST} nodes, and this graph has more. Step through a smaller net, or "
                "through the loss of one step of the loop."
            )
    return list(found)


def _freed(node: Node) -> bool:
    # A write through a view keeps the operation that it runs, and lets go of it.
    return node.saved is None or getattr(node, "inner", node) is None


@contextmanager
def _watched(nodes: list[Node], seen: dict[Node, tuple]) -> Iterator[None]:
    """Note in `seen` what passes through each node; afterwards the nodes are as before."""
    hooks = [node.hooks for node in nodes]
    kept = [ref() for own in hooks if own is not None for ref in own.kept.values()]
    gradients = [(t, t.grad) for t in kept if t is not None]  # retain_grad() asks every walk for them
    handles = [node.register_hook(_note(node, seen)) for node in nodes if not isinstance(node, AccumulateGrad)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for node, own in zip(nodes, hooks, strict=True):
            if own is None and not isinstance(node, AccumulateGrad):
                node.hooks = None  # a node without hooks takes the short way
        for t, g in gradients:
            t.grad = g


def _note(node: Node, seen: dict[Node, tuple]):
    def hook(passed_on: tuple, received: tuple) -> None:
        # Copies: a gradient may share its memory with a saved tensor, and that may be written to later.
        seen[node] = tuple(tuple(g if g is None else g.clone() for g in group) for group in (received, passed_on))

    return hook


# ---------------------------------------------------------------------------------------------------
# Telling it


def _names(names: Mapping[str, Any]) -> dict[int, str]:
    """What the reader calls a leaf, or the node that made a tensor."""
    return {id(t if t.is_leaf else t.grad_fn): name for name, t in names.items()}


def _told(nodes: list[Node], seen: dict[Node, tuple], called: dict[int, str]) -> Trace:
    number = {node: i for i, node in enumerate(nodes)}
    places = tuple(_place(node, number, called) for node in nodes)
    totals: dict[tuple, Any] = {}
    steps = []
    for node in sorted(seen, key=lambda n: -n.number):  # the order of the walk
        received, passed_on = seen[node]
        if isinstance(node, AccumulateGrad):
            steps.append(_arrival(node, number[node], received))
            continue
        parts = []
        for i, (edge, g) in enumerate(zip(node.next_functions, passed_on, strict=True)):
            if g is not None and edge[0] is not None:
                totals[edge] = totals[edge] + g if edge in totals else g  # as the engine adds
            name, formula = _formula(node, i)
            total = None if g is None else totals[edge]
            parts.append(Part(name, formula, _fitted(node, received, g), number.get(edge[0]), g, total))
        steps.append(Step(number[node], received, tuple(parts), _saved(node, parts)))
    return Trace(places, tuple(steps), {step.place: k for k, step in enumerate(steps, 1)})


def _place(node: Node, number: dict[Node, int], called: dict[int, str]) -> Place:
    name = node.name().removeprefix("torch::autograd::")
    parents = tuple(number[parent] for parent, _ in node.next_functions if parent is not None)
    if isinstance(node, AccumulateGrad):
        leaf = node.variable
        return Place("leaf", "leaf", called.get(id(leaf), ""), name, tuple(leaf.shape), parents)
    rule = getattr(node, "rule", None)
    title = re.sub(r"Backward\d*$", "", name) if rule is None else rule.__name__
    return Place("operation", title, called.get(id(node), ""), name, None, parents)


def _arrival(node: AccumulateGrad, place: int, received: tuple) -> Step:
    """The visit of a leaf: what has arrived is added to its `.grad`."""
    leaf = node.variable
    before = None if leaf.grad is None else leaf.grad.detach().clone()
    if not leaf.requires_grad:  # switched off after it had been recorded
        return Step(place, received, (), {}, before, before)
    return Step(place, received, (), {}, before, received[0] if before is None else before + received[0])


def _formula(node: Node, i: int) -> tuple[str, str]:
    """The name of input `i` of a node, and the formula of its gradient as it is written."""
    inner = getattr(node, "inner", None)
    if inner is not None:
        name, formula = _formula(inner, i)
        return name, formula if i else f"outside the view g, inside it {formula}"
    function = getattr(node, "function", None)
    if function is not None:
        return f"argument {i + 1}", f"{function.__name__}.backward(ctx, g)"
    rule = node.rule
    if rule.is_variadic:
        (name,) = rule.inputs
        return f"{name}[{i}]", written(rule)[name]
    name = rule.inputs[rule.differentiable[i]]
    return name, written(rule)[name]


def _fitted(node: Node, received: tuple, g: Any) -> str:
    """What the engine did to the value of a formula: it undoes broadcasting."""
    rule = getattr(node, "rule", None)
    elementwise = rule is not None and rule.types in (PROMOTE, NUMBERS, FLOAT) and node.like is not None
    if elementwise and g is not None and g.numel() < received[0].numel():
        return f"summed to {tuple(g.shape)}"
    return ""


def _saved(node: Node, parts: list[Part]) -> dict[str, Any]:
    """The values that the formulas of the asked inputs name: inputs, outputs, options and shapes."""
    rule = getattr(node, "rule", None)
    if rule is None or rule.is_variadic:
        return {}
    ran = [part.name for part in parts if part.gradient is not None]
    named = {name for target in ran for name in list(inspect.signature(rule.formulas[target]).parameters)[1:]}
    values = zip((*rule.saved_inputs, *rule.saved_outputs, *rule.saved_extras), node.unpack(False), strict=True)
    return {name: wrap(value).clone() if hasattr(value, "dtype") else value for name, value in values if name in named}
