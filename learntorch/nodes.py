"""Nodes: what a recorded operation leaves behind, and where the gradient of a tensor goes.

Read in chapter 03. A node points to the nodes of its inputs. Node numbers come from one clock, so a node is
always newer than the nodes that it points to. The walk over them is in graph.py.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from .base import INFERENCE, Stamp, TensorBase, memory, new, tick, twin, wrap
from .errors import invalid_gradient, shape_mismatch
from .hooks import Hooks, RemovableHandle
from .modes import grad_mode, rare
from .ops.elementary import zeros_like
from .ops.pointwise import copy
from .ops.rule import Rule
from .ops.shape import convert, sum_to
from .ops.strides import as_strided, as_strided_scatter

NO_EDGE = (None, 0)
Edge = tuple  # (node, output number)


def edge_of(t: TensorBase) -> Edge:
    """Where the gradient of `t` goes: the node that made it, or the AccumulateGrad of a leaf."""
    if t._base is not None:
        refresh(t, True)
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


@cache
def node_class(name: str, rule: Rule) -> type:
    """The class of the nodes of a rule, named as PyTorch names it: MulBackward0."""
    by_hand = not (name[-1].isdigit() or name.endswith("_copy"))  # PyTorch's others are generated
    prefix = "torch::autograd::" if by_hand else ""
    about = {"__slots__": (), "rule": rule, "prefix": prefix, "__module__": __name__}
    return type(name, (Node,), about | {f"_saved_{what}": saved(i) for i, what in enumerate(saved_names(rule))})


def saved(i: int) -> property:
    """One of the values that a node saves, for those who ask: `y.grad_fn._saved_result`."""
    return property(lambda node: node.unpack(True)[i])


class Node:
    """One recorded operation: its rule, the edges to the nodes of its inputs, what was saved, its number."""

    __slots__ = ("number", "next_functions", "saved", "like", "hooks", "_notes", "__weakref__")
    rule: Rule
    outputs = 1  # how many outputs take part in differentiation
    prefix = ""

    def name(self) -> str:
        """The operation's name: 'MulBackward0'."""
        return self.prefix + type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    def __call__(self, *gradients):
        """The gradients of the inputs, as tensors, for these gradients of the outputs."""
        found = self.apply([g._array for g in gradients] if self.outputs > 1 else gradients[0]._array, False)
        found = tuple(g if g is None else wrap(g) for g in found)
        return found if len(found) != 1 else found[0]

    @property
    def metadata(self) -> dict:
        """A place for whatever one wants to note of a node."""
        if getattr(self, "_notes", None) is None:
            self._notes = {}
        return self._notes

    def apply(self, g, create: bool, alive: set | None = None) -> Sequence:
        """The gradients of the inputs, from the gradient of the output.

        Arrays in, arrays out; with `create`, tensors in and tensors out, recorded on the way. With `alive`
        (a set of nodes), only what goes to one of these nodes is computed.
        """
        rule, saved = self.rule, self.saved
        if rule.tensor_count or saved is None:
            saved = self.unpack(create)
        if rule.is_variadic:
            found = rule.gradients[0](g, saved)
        else:
            found = []
            for edge, gradient in zip(self.next_functions, rule.gradients):
                if edge[0] is None or (alive is not None and edge[0] not in alive):
                    found.append(None)
                else:
                    found.append(gradient(g, saved))
        if self.like is not None:
            return [gi if gi is None else fit(gi, *like) for gi, like in zip(found, self.like, strict=True)]
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
                raise RuntimeError(modified(t, self.number, (self, 0) if self._is_own(i, t) else None))
            if not create:
                values[i] = t._array
            elif self._is_own(i, t):  # give the twin its history back
                values[i] = t = twin(t)
                t._requires_grad, t._edge = True, (self, 0)
        return values

    def _is_own(self, i: int, t: TensorBase) -> bool:
        """True if the saved value `i` is an output of this node (and not its indices)."""
        return i >= len(self.rule.saved_inputs) and t._array.dtype.kind == "f"

    def release(self) -> None:
        """Let go of the saved tensors, if there are any."""
        keeps = self.rule.keeps
        if all(keeps) or any(keep and edge[0] is not None for keep, edge in zip(keeps, self.next_functions)):
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


HERE = os.path.dirname(__file__)


def watch(node: Node) -> None:
    """Look at a new node: note where it was made, if anomalies are detected, and refuse what it may not save."""
    if rare.anomaly:
        import traceback

        frames = [frame for frame in traceback.extract_stack() if not frame.filename.startswith(HERE)]
        node.metadata["traceback_"] = traceback.format_list(frames)
    for t in node.saved:
        if isinstance(t, TensorBase) and t._stamp is not None and t._stamp.inference and not grad_mode.inference:
            raise RuntimeError(
                "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
                "in computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
                "and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
            )


def saved_names(rule: Rule) -> list[str]:
    """What PyTorch calls the values that a node of this rule saves: self, other, result, and the options."""
    inputs = dict(zip(rule.inputs, ("self", "other")))
    outputs = {name: name for name in rule.outputs} if len(rule.outputs) > 1 else {rule.outputs[0]: "result"}
    extras = {f"{name}_shape": f"{given}_sym_sizes" for name, given in inputs.items()}
    names = inputs | outputs | extras
    return [names.get(name, name) for name in (*rule.saved_inputs, *rule.saved_outputs, *rule.saved_extras)]


def check_mode(target: TensorBase) -> None:
    """Refuse to change a tensor of inference mode outside of it."""
    if target._stamp is INFERENCE and not grad_mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
            "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )


class AccumulateGrad(Node):
    """The end of the walk at a leaf: adds the gradient to `variable.grad`."""

    __slots__ = ("variable",)
    prefix = "torch::autograd::"

    def __init__(self, variable: TensorBase) -> None:
        self.variable = variable
        self.number = tick()
        self.next_functions = ()
        self.saved, self.like = (), None
        self.hooks = variable._hooks = getattr(variable, "_hooks", None)  # the leaf's: they stay when this node goes

    def apply(self, g, create: bool, alive: set | None = None) -> Sequence:
        leaf = self.variable
        if not leaf._requires_grad:
            return ()  # it was switched off after it had been recorded
        if leaf._grad is None:
            if create:
                leaf._grad = copy(_like_memory(g._array, leaf._array), g)
            else:
                if g.base is not None or g.strides != leaf._array.strides:
                    g = _like_memory(g, leaf._array)
                leaf._grad = wrap(g)
        elif create:
            leaf._grad = leaf._grad + g
        else:
            total = memory(leaf._grad)
            check_mode(leaf._grad)
            try:
                total += g
            except ValueError:  # the leaf has another shape now: `x.data = …`
                raise shape_mismatch(total.shape, g.shape) from None
            if leaf._grad._stamp is None:
                leaf._grad._stamp = Stamp()
            leaf._grad._stamp.write()
        return ()

    def release(self) -> None:
        pass

    def _own_hooks(self) -> Hooks:
        self.variable._hooks = super()._own_hooks()
        return self.hooks


def _like_memory(g, array):
    """A copy of `g` whose elements lie in memory in the order of `array`."""
    order = sorted(range(array.ndim), key=lambda d: -array.strides[d])
    if array.flags.c_contiguous or not array.transpose(order).flags.c_contiguous:  # a leaf with gaps: row by row
        return g.copy(order="C") if hasattr(g, "copy") else g
    return np.ascontiguousarray(g.transpose(order)).transpose(np.argsort(order))


FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
    "if you need to access saved tensors after calling backward."
)

TYPES = {"float16": "torch.HalfTensor", "float32": "torch.FloatTensor", "float64": "torch.DoubleTensor",
         "uint8": "torch.ByteTensor", "int8": "torch.CharTensor", "int16": "torch.ShortTensor",
         "int32": "torch.IntTensor", "int64": "torch.LongTensor", "bool": "CPUBoolType"}  # fmt: skip


def short(node: Node) -> str:
    """The name of a node in errors: 'Mul' for MulBackward0, 'Clamp1' for ClampBackward1."""
    return node.name().replace("Backward0", "").replace("Backward", "")


def modified(t: TensorBase, saved_at: int, edge: Edge | None = None) -> str:
    """PyTorch's sentence for a saved tensor that was written to."""
    node, number = edge or (edge_of(t) if t._edge is not None or t._base is not None else NO_EDGE)
    origin = "" if node is None else f", which is output {number} of {short(node)},"
    return (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{TYPES[t._array.dtype.name]} {list(t._array.shape)}]{origin} is at version {t._stamp.version}; expected "
        f"version {t._stamp.version_at(saved_at)} instead. Hint: write the operation without its trailing "
        "underscore, or give it a clone() to change."
    )


def fit(g, shape: tuple, dtype: np.dtype):
    """Undo broadcasting and promotion: `g` with the shape and type of the input that it belongs to."""
    array = g._array if isinstance(g, TensorBase) else g
    if array.shape != shape:
        try:
            g = sum_to(g, shape=shape)
        except ValueError:  # the output was transposed in place where nothing was recorded
            raise invalid_gradient(array.shape, shape) from None
    if array.dtype != dtype:
        g = convert(g, dtype=dtype)
    return g


# Views and writes ────────────────────────────────────────────────────────────────────────────────


def refresh(view: TensorBase, asked: bool = False) -> None:
    """Bring the history of a view up to date after a write to the memory that it shares.

    While nothing is recorded this can wait, unless somebody has asked for the history.
    """
    base = view._base
    if not base._requires_grad or view._array.dtype.kind != "f":
        if view._edge is NO_EDGE:
            view._requires_grad, view._edge = False, None
        return
    if not view._requires_grad:  # it was made where nothing was recorded, so it leads nowhere
        view._requires_grad, view._edge = True, NO_EDGE
    stamp = base._stamp
    if stamp.last <= view._seen or not (grad_mode.enabled or asked):
        return
    check_origin(view, "its base or another view of its base has been")
    view._seen = stamp.last
    layout = Layout(view, base)
    node = new(node_class("AsStridedBackward0", as_strided))
    node.number = tick()
    node.next_functions = (edge_of(base),)
    node.saved, node.like, node.hooks = (layout,), None, None
    rewire(view, node)


def rewire(t: TensorBase, node: Node, number: int = 0) -> None:
    """Let `t` be an output of `node` from now on; if its gradient is kept, it is the one that arrives there."""
    before, place = t._edge or NO_EDGE
    if before is not None and before.hooks is not None and before.hooks.keeps(place):
        before.hooks.kept.pop(place)
        node._own_hooks().keep(number, t)
    t._requires_grad, t._edge = True, (node, number)


# How a view was made (`_origin`), where that forbids recorded writes through it. For one of several outputs of an
# operation it is its number.
NO_GRAD, INFERENCE_MODE, CUSTOM = "no_grad", "inference_mode", "custom function"
ORIGINS = {
    int: "This view is the output of a function that returns multiple views. Such functions do not allow the "
    "output views to be modified inplace. You should replace the inplace operation by an out-of-place one.",
    CUSTOM: "This view was created inside a custom Function (or because an input was returned as-is) and the "
    "autograd logic to handle view+inplace would override the custom backward associated with the custom Function, "
    "leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom "
    "Function.",
}


def check_origin(view: TensorBase, what: str = "is being") -> None:
    """Refuse a recorded write to a view, or to what it sees, where the view was made in a way that forbids it."""
    origin = view._origin
    if origin is None:
        return
    known = view._edge not in (None, NO_EDGE)
    if known:
        node, number = view._edge
        if type(origin) is int and short(node).startswith(("Split", "Unbind")):  # and no view of one of its outputs
            number = origin
        start = f"Output {number} of {short(node)} is a view"
    if origin in (NO_GRAD, INFERENCE_MODE) or not known:
        mode, now = "no_grad", "with grad mode enabled"
        if origin == INFERENCE_MODE:
            mode, now = "inference", "in normal mode"
        who = f"{start} of a view which" if known else "A view"
        start = f"{who} was created in {mode} mode and {what} modified inplace {now}"
    else:
        start = f"{start} and {what} modified inplace"
    rest = ORIGINS.get(int if type(origin) is int else origin) or (
        "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving "
        f"both the view and the inplace either both inside the {origin} block (if you don't want the inplace to be "
        "tracked) or both outside (if you want the inplace to be tracked)."
    )
    raise RuntimeError(f"{start}. {rest}")


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

    def apply(self, g, create: bool, alive: set | None = None) -> Sequence:
        if self.inner is None:
            raise RuntimeError(FREED)
        inside = as_strided(g, layout=self.layout)
        if not create:
            inside = inside.copy()
        first, *others = self.inner.apply(inside, create)
        if first is None:
            first = zeros_like(inside)
        return [as_strided_scatter(g, first, layout=self.layout), *others]

    def release(self) -> None:
        self.inner = None
