"""The graph: nodes, the clock that numbers them, and the walk backward.

Read in chapter 03. Every recorded operation leaves a node that points to the nodes of its inputs.
Node numbers come from one clock, so *newest first* is a topological order: when a node's turn comes,
everything that used its output has already sent its gradient.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Sequence
from functools import cache
from heapq import heappop, heappush

import numpy as np

from .base import Stamp, TensorBase, memory, new, tick, twin, wrap
from .hooks import Hooks, RemovableHandle
from .modes import grad_mode
from .ops.rule import Rule
from .ops.shape import convert, sum_to
from .ops.strides import as_strided, as_strided_scatter

NO_EDGE = (None, 0)
Edge = tuple  # (node, output number)


def edge_of(t: TensorBase) -> Edge:
    """Where the gradient of `t` goes: the node that made it, or the AccumulateGrad of a leaf."""
    if t._base is not None:
        refresh(t)
    if t._edge is not None:
        return t._edge
    if not t._requires_grad:
        return NO_EDGE
    # Weak on this side, strong on the node's: leaf and node form no cycle.
    reference = getattr(t, "_accumulator", None)
    node = reference() if reference is not None else None
    if node is None:
        node = AccumulateGrad(t)
        t._accumulator = weakref.ref(node)
    return (node, 0)


def refresh(view: TensorBase) -> None:
    """Bring the history of a view up to date after a write to the memory that it shares."""
    base, stamp = view._base, view._base._stamp
    if stamp is None or stamp.last <= view._seen or not (base._requires_grad and view._array.dtype.kind == "f"):
        return
    view._seen = stamp.last
    layout = Layout(view, base)
    node = new(node_class("AsStridedBackward0", as_strided))
    node.number = tick()
    node.next_functions = (edge_of(base),)
    node.saved, node.like, node.hooks = (layout,), None, None
    view._requires_grad, view._edge = True, (node, 0)


class Layout(tuple):
    """How a view lies in its base: (base shape, base strides, view shape, view strides, offset), in elements."""

    def __new__(cls, view: TensorBase, base: TensorBase) -> Layout:
        v, b = memory(view), memory(base)
        size = v.dtype.itemsize
        steps = [tuple(stride // size for stride in array.strides) for array in (b, v)]
        return super().__new__(cls, (b.shape, steps[0], v.shape, steps[1], (address(v) - address(b)) // size))


def address(array) -> int:
    """Where the first element of an array lies in memory."""
    return array.__array_interface__["data"][0] if isinstance(array, np.ndarray) else array.data.ptr


@cache
def node_class(name: str, rule: Rule) -> type:
    """The class of the nodes of a rule, named as PyTorch names it: MulBackward0."""
    prefix = "" if name[-1].isdigit() else "torch::autograd::"  # PyTorch's nodes that are written by hand
    return type(name, (Node,), {"__slots__": (), "rule": rule, "prefix": prefix, "__module__": __name__})


class Node:
    """One recorded operation: its rule, the edges to the nodes of its inputs, what was saved, its number."""

    __slots__ = ("number", "next_functions", "saved", "like", "hooks", "__weakref__")
    rule: Rule
    outputs = 1  # how many outputs take part in differentiation
    prefix = ""

    def name(self) -> str:
        """The operation's name: 'MulBackward0'."""
        return self.prefix + type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    def apply(self, g, create: bool) -> Sequence:
        """The gradients of the inputs, from the gradient of the output.

        Arrays in, arrays out; with `create`, tensors in and tensors out, recorded on the way.
        """
        rule = self.rule
        saved = self.saved
        if rule.tensor_count:
            saved = self.unpack(create)
        if rule.is_variadic:
            found = rule.gradients[0](g, saved)
            return [gi if gi is None else fit(gi, *like) for gi, like in zip(found, self.like, strict=True)]
        like = self.like
        found = []
        for i, edge in enumerate(self.next_functions):
            gradient = rule.gradients[i]
            if edge[0] is None or gradient is None:
                found.append(None)
                continue
            gi = gradient(g, saved)
            if like is not None:
                gi = fit(gi, *like[i])
            found.append(gi)
        return found

    def unpack(self, create: bool) -> list:
        """The saved values, checked: not freed, and not written to since they were saved."""
        if self.saved is None:
            raise RuntimeError(FREED)
        values = list(self.saved)
        for i in range(self.rule.tensor_count):
            t = values[i]
            if not isinstance(t, TensorBase):
                continue  # a Python number, or not needed
            if t._stamp is not None and t._stamp.last > self.number:
                if i >= len(self.rule.saved_inputs):
                    t._edge = (self, 0)
                raise RuntimeError(modified(t, self.number))
            if not create:
                values[i] = t._array
            elif i >= len(self.rule.saved_inputs):  # an output: give the twin its history back
                values[i] = t = twin(t)
                t._requires_grad, t._edge = True, (self, 0)
        return values

    def release(self) -> None:
        """Let go of the saved tensors."""
        if self.rule.tensor_count:
            self.saved = None

    def register_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after this node; it may return other grad_inputs."""
        return self._own_hooks().add("after", hook)

    def register_prehook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(grad_outputs)` before this node; it may return other grad_outputs."""
        return self._own_hooks().add("before", hook)

    def _own_hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks


class AccumulateGrad(Node):
    """The end of the walk at a leaf: adds the gradient to `variable.grad`."""

    __slots__ = ("variable",)
    prefix = "torch::autograd::"

    def __init__(self, variable: TensorBase) -> None:
        self.variable = variable
        self.number = tick()
        self.next_functions = ()
        self.saved, self.like, self.hooks = (), None, None

    def apply(self, g, create: bool) -> Sequence:
        leaf = self.variable
        if leaf._grad is None:
            if create:
                leaf._grad = g
            else:
                own, here = g.flags, leaf._array
                alike = own.c_contiguous if here.flags.c_contiguous else g.strides == here.strides
                if getattr(g, "base", None) is not None or not alike:
                    g = _like_memory(g, here)
                leaf._grad = wrap(g)
        elif create:
            leaf._grad = leaf._grad + g
        else:
            total = memory(leaf._grad)
            total += g
            if leaf._grad._stamp is None:
                leaf._grad._stamp = Stamp()
            leaf._grad._stamp.write()
        return ()

    def release(self) -> None:
        pass


def _like_memory(g, array):
    """A copy of `g` whose elements lie in memory in the order of `array`."""
    if array.flags.c_contiguous:
        return g.copy(order="C") if hasattr(g, "copy") else g
    order = sorted(range(array.ndim), key=lambda d: -array.strides[d])
    return np.ascontiguousarray(g.transpose(order)).transpose(np.argsort(order))


FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
    "if you need to access saved tensors after calling backward."
)


def modified(t: TensorBase, saved_at: int) -> str:
    """PyTorch's sentence for a saved tensor that was written to."""
    node, number = edge_of(t) if t._edge is not None or t._base is not None else NO_EDGE
    origin = "" if node is None else f", which is output {number} of {re.sub('Backward[0-9]*$', '', node.name())},"
    kind = {"float16": "Half", "float32": "Float", "float64": "Double"}.get(str(t._array.dtype), "Long")
    return (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.{kind}Tensor {list(t._array.shape)}]{origin} is at version {t._stamp.version}; expected "
        f"version {t._stamp.version_at(saved_at)} instead. Hint: write the operation without its trailing "
        "underscore, or give it a clone() to change."
    )


def fit(g, shape: tuple, dtype: np.dtype):
    """Undo broadcasting and promotion: `g` with the shape and type of the input that it belongs to."""
    array = g._array if isinstance(g, TensorBase) else g
    if array.shape != shape:
        g = sum_to(g, shape=shape)
    if array.dtype != dtype:
        g = convert(g, dtype=dtype)
    return g


@np.errstate(all="ignore")  # see Note [Quiet arithmetic]
def run_backward(roots: list, *, create_graph: bool, retain_graph: bool, wanted: dict | None = None,
                 accumulate: bool = True) -> dict:  # fmt: skip
    """Send gradients from the roots to the leaves, newest node first.

    `roots` are pairs of an edge and a gradient (an array, or a tensor if `create_graph`). With `wanted`
    (a set of edges) only nodes on a way to these edges run; the result maps each to its gradient.
    """
    needed = None if wanted is None else _ancestors_needed([edge[0] for edge, _ in roots], wanted)
    nodes_wanted = {} if wanted is None else {edge[0] for edge in wanted}
    captured: dict = {}
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
            leaf = type(node) is AccumulateGrad
            hooks = getattr(node.variable, "_hooks", None) if leaf else node.hooks
            if hooks is not None:
                grads = _boxed(hooks.on_outputs, create_graph, [g] if node.outputs == 1 else g)
                g = grads[0] if node.outputs == 1 else grads
                if leaf and not create_graph:
                    g = g.copy()  # the hook may have kept the tensor that it saw
            if needed is not None:
                if node in nodes_wanted:
                    for number, got in enumerate([g] if node.outputs == 1 else g):
                        captured[node, number] = got
                if node not in needed or (leaf and not accumulate):
                    continue
            found = node.apply(g, create_graph)
            if hooks is not None:
                if leaf:
                    for hook in hooks.of("accumulated"):
                        hook(node.variable)
                elif hooks.of("after"):
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


def _ancestors_needed(roots: list[Node], wanted: dict) -> set[Node]:
    """The nodes that lie on a way from a root to a wanted edge."""
    reached = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node is not None and node not in reached:
            reached.add(node)
            stack.extend(edge[0] for edge in node.next_functions)
    needed: set[Node] = set()
    for node in sorted(reached, key=lambda n: n.number):  # inputs come before what uses them
        if any(edge in wanted or edge[0] in needed for edge in node.next_functions):
            needed.add(node)
    return needed | {edge[0] for edge in wanted if type(edge[0]) is AccumulateGrad}


class CopySlices(Node):
    """A write through a view: the part of the gradient that lies in the view takes its own way.

    The base had the history of its first edge; the operation `inner` then replaced the elements that
    the view covers.
    """

    __slots__ = ("inner", "layout")
    prefix = "torch::autograd::"

    def __init__(self, base_edge: Edge, inner: Node, layout: Layout) -> None:
        self.inner, self.layout = inner, layout
        self.number = tick()
        self.next_functions = (base_edge, *inner.next_functions[1:])
        self.saved, self.like, self.hooks = (), None, None

    def apply(self, g, create: bool) -> Sequence:
        inside = as_strided(g, layout=self.layout)
        if not create:
            inside = inside.copy()
        first, *others = self.inner.apply(inside, create)
        if first is None:
            first = inside * 0
        return [as_strided_scatter(g, first, layout=self.layout), *others]

    def release(self) -> None:
        self.inner.release()
