"""What a recorded graph holds: its nodes as a list, with the shapes, values and gradients that belong to them.

Read in chapter 03. It reads what every node offers, `name()`, `next_functions`, on a leaf `variable`, and the
attributes `_saved_…`, so it reads PyTorch's own graphs too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

SMALL = 4  # a tensor of at most so many elements has its values written out

# How an operation is written in a formula. Other nodes are called by their own name.
SYMBOLS = {
    "Add": "+", "Sub": "−", "Rsub": "−", "Mul": "×", "Div": "÷", "Neg": "−x", "Pow": "xⁿ", "Mm": "@",
    "Mv": "@", "Dot": "@", "Bmm": "@", "Sum": "Σ", "Sqrt": "√", "Abs": "|x|", "T": "xᵀ",
    "Addmm": "b + x @ w", "MaxPool2DWithIndices": "max_pool2d",
}  # fmt: skip

# Options of an operation that say nothing about its gradient's size, and what PyTorch keeps for itself.
UNTOLD = {"alpha", "beta", "reduction", "groups", "ignore_index", "total_weight"}

# Operations whose result has the shape of what they read.
UNCHANGED = {
    "Relu", "LeakyRelu", "Elu", "Silu", "Gelu", "Sigmoid", "LogSigmoid", "Tanh", "Softplus", "Exp", "Log", "Sqrt",
    "Abs", "Neg", "Sin", "Cos", "Softmax", "LogSoftmax", "Clamp",
}  # fmt: skip
ARITHMETIC = {"Add", "Sub", "Rsub", "Mul", "Div"}


class Item(NamedTuple):
    """One box: what it is, its lines of text, and the numbers of the items it is computed from."""

    kind: str  # 'leaf', 'operation', 'saved' or 'result'
    title: str  # 'w', '×', 'y'
    notes: tuple[str, ...]  # in the box: '(2, 3)', 'MulBackward0', 'value [1.0]'
    inputs: tuple[int, ...]
    flow: tuple[str, ...] = ()  # on the arrow that leaves it: 'a', '(2, 3)', 'value [1.0]'
    back: tuple[str, ...] = ()  # against that arrow: 'grad [2.0]'
    keeps: tuple[int, ...] = ()  # the item that holds what it keeps for backward
    count: int = 1  # how many equal ones in a row it stands for


class Shown(NamedTuple):
    """What a picture is to show beside the shapes."""

    values: bool = False
    gradients: bool = False
    saved: bool = False


class Record(NamedTuple):
    """A graph as a list: every node after the nodes it is computed from, and the result last."""

    items: list[Item]
    leaves: dict[int, int]  # the number of a leaf's item → the id of the tensor


def read(tensor: Any, names: Mapping[str, Any], shown: Shown, known: Mapping[int, str] | None = None) -> Record:
    """The graph that `tensor` was computed with.

    `known` maps the id of a leaf to the name that it has unless `names` gives it another.
    """
    name_of = {**(known or {}), **{id(t): name for name, t in names.items()}}
    root = getattr(tensor, "grad_fn", None)
    if root is None:
        if not getattr(tensor, "requires_grad", False):
            raise ValueError(
                "draw() needs a tensor with a recorded graph. Compute one from a tensor that was "
                "made with requires_grad=True, and outside no_grad()."
            )
        title, notes, back = _leaf(tensor, name_of, shown.values, None)
        return Record([Item("leaf", title, (*notes, *back), ())], {0: id(tensor)})

    nodes, parents = _walk(root)
    made_by = {id(t.grad_fn): t for t in names.values() if t is not tensor and t.grad_fn is not None}
    arrived = _gradients(tensor, nodes) if shown.gradients else {}
    kept = [_kept(node) for node in nodes]
    shapes, held = _outputs(tensor, nodes, kept, arrived)

    items: list[Item] = []
    leaves: dict[int, int] = {}
    number: dict[int, int] = {}
    for node, from_nodes, keeps in zip(nodes, parents, kept, strict=True):
        key = id(node)
        grad = arrived.get(key)
        inputs = tuple(number[id(p)] for p in from_nodes)
        if hasattr(node, "variable"):
            title, notes, back = _leaf(node.variable, name_of, shown.values, grad)
            item = Item("leaf", title, (*notes, *back), inputs)
            leaves[len(items)] = id(node.variable)
        else:
            saved = ()
            if shown.saved and (lines := _lines(keeps, shown.values)):
                saved = (len(items),)
                items.append(Item("saved", "saved", lines, ()))
            flow: tuple[str, ...] = ()
            back = ()
            if key in made_by:
                title, notes, back = _leaf(made_by[key], name_of, shown.values, grad)
                flow = (f"{title} {notes[0]}", *notes[1:])
            elif key in shapes:
                value = held.get(key)
                flow = (str(shapes[key]),)
                if shown.values and value is not None and value.numel() <= SMALL:
                    flow += (f"value {written(value.tolist())}",)
                back = _grad_line(grad)
            item = Item("operation", readable(node.name()), (node.name(),), inputs, flow, back, saved)
        number[key] = len(items)
        items.append(item)
    title, notes, back = _leaf(tensor, name_of, shown.values, arrived.get(id(root)), "result")
    items.append(Item("result", title, (*notes, *back), (number[id(root)],)))
    return Record(items, leaves)


def _walk(root: Any) -> tuple[list[Any], list[list[Any]]]:
    """The nodes, parents first, and the parents of each."""
    nodes, parents = [], []
    todo = [(root, _parents(root))]
    entered = {id(root)}  # nodes are told apart by identity; the lists keep each of them alive
    alive = [root]
    place = [0]  # how many parents of each node on the stack have been looked at
    while todo:  # a stack of our own: a long chain must not meet Python's recursion limit
        node, above = todo[-1]
        if place[-1] < len(above):
            parent = above[place[-1]]
            place[-1] += 1
            if id(parent) not in entered:
                entered.add(id(parent))
                alive.append(parent)
                todo.append((parent, _parents(parent)))
                place.append(0)
            continue
        todo.pop()
        place.pop()
        nodes.append(node)
        parents.append(above)
    return nodes, parents


def _parents(node: Any) -> list[Any]:
    # An input that needs no gradient has no node: PyTorch writes None there.
    return [parent for parent, _ in node.next_functions if parent is not None]


# ---------------------------------------------------------------------------------------------------
# What nodes keep, and what that tells about the tensors between them


def _kept(node: Any) -> dict[str, Any] | str:
    """Name → what the node keeps for its gradient; a word instead where that cannot be had any more."""
    found: dict[str, Any] = {}
    try:
        for name in dir(type(node)):
            if name.startswith("_saved_"):
                found[name.removeprefix("_saved_")] = getattr(node, name)
        for i, value in enumerate(getattr(node, "saved_tensors", None) or ()):
            found[str(i)] = value
    except RuntimeError as error:
        return "freed" if "freed" in str(error) else "overwritten"
    return found


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "grad_fn") and hasattr(value, "numel")


def _lines(keeps: dict[str, Any] | str, values: bool) -> tuple[str, ...]:
    """The lines of the box that shows what a node keeps."""
    if isinstance(keeps, str):
        return (keeps,)
    lines = []
    for name, value in keeps.items():
        if _is_tensor(value):
            small = values and value.numel() <= SMALL
            lines.append(f"{name} {written(value.tolist()) if small else tuple(value.shape)}")
        elif name.endswith("_sym_sizes"):
            if not _is_tensor(keeps.get(name.removesuffix("_sym_sizes"))):
                lines.append(f"shape of {name.removesuffix('_sym_sizes')} {tuple(value)}")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and name not in UNTOLD:
            lines.append(f"{name} {written(value)}")
    return tuple(lines)


def _outputs(
    tensor: Any, nodes: Sequence[Any], kept: Sequence[dict[str, Any] | str], arrived: Mapping[int, Any]
) -> tuple[dict[int, tuple[int, ...]], dict[int, Any]]:
    """The shape of the output of each node, and the output itself, for those of which something tells it."""
    shapes: dict[int, tuple[int, ...]] = {}
    held: dict[int, Any] = {}
    single = {id(node): getattr(node, "outputs", 1) == 1 for node in nodes}
    for node, keeps in zip(nodes, kept, strict=True):
        outputs = getattr(node, "_input_metadata", ())  # PyTorch notes the outputs' shapes here
        if outputs:
            single[id(node)] = len(outputs) == 1
            shapes[id(node)] = tuple(outputs[0].shape)
        for i, like in enumerate(getattr(node, "like", None) or ()):  # learntorch, where an input was broadcast
            parent = node.next_functions[i][0] if i < len(node.next_functions) else None
            if parent is not None and like is not None:
                shapes[id(parent)] = tuple(like[0])
        if isinstance(keeps, str):
            continue
        for name, value in keeps.items():
            if name == "self_sym_sizes" and node.next_functions and node.next_functions[0][0] is not None:
                shapes.setdefault(id(node.next_functions[0][0]), tuple(value))
            # A saved tensor knows the node that made it.
            if _is_tensor(value) and value.grad_fn is not None:
                shapes[id(value.grad_fn)] = tuple(value.shape)
                held[id(value.grad_fn)] = value
    for key, gradient in arrived.items():
        shapes.setdefault(key, tuple(gradient.shape))
    shapes[id(nodes[-1])], held[id(nodes[-1])] = tuple(tensor.shape), tensor
    _spread(nodes, shapes)
    return {k: s for k, s in shapes.items() if single.get(k)}, held


def _spread(nodes: Sequence[Any], shapes: dict[int, tuple[int, ...]]) -> None:
    """Pass shapes on through operations that do not change them, both ways."""
    same = []
    for node in nodes:
        core, parents = _core(node.name()), _parents(node)
        # learntorch notes the shapes of two inputs only if they differ from the result's.
        alike = core in ARITHMETIC and getattr(node, "like", ()) is None
        if alike or (core in UNCHANGED and len(parents) == 1):
            same += [(id(node), id(parent)) for parent in parents]
    for node, parent in same:
        if parent in shapes:
            shapes.setdefault(node, shapes[parent])
    for node, parent in reversed(same):
        if node in shapes:
            shapes.setdefault(parent, shapes[node])


def _gradients(tensor: Any, nodes: Sequence[Any]) -> dict[int, Any]:
    """The gradient of every node's output, from a walk backward on the side: no `.grad` changes."""
    arrived: dict[int, Any] = {}

    def note(key: int):
        def hook(gradients):
            if len(gradients) == 1 and gradients[0] is not None:
                arrived[key] = gradients[0]

        return hook

    leaves = [node for node in nodes if hasattr(node, "variable")]
    handles = [node.register_prehook(note(id(node))) for node in nodes if not hasattr(node, "variable")]
    engine = sys.modules[type(tensor).__module__.partition(".")[0]].autograd
    try:
        variables = [node.variable for node in leaves]
        found = engine.grad(tensor, variables, retain_graph=True, allow_unused=True) if variables else ()
    finally:
        for handle in handles:
            handle.remove()
    return arrived | {id(node): g for node, g in zip(leaves, found, strict=True) if g is not None}


# ---------------------------------------------------------------------------------------------------
# Words


def _leaf(
    tensor: Any, name_of: Mapping[int, str], values: bool, grad: Any, kind: str = "leaf"
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The name of a tensor, its shape and value, and its gradient."""
    notes = [str(tuple(tensor.shape))]
    if values and tensor.numel() <= SMALL:
        notes.append(f"value {written(tensor.tolist())}")
        if grad is None:
            # Asking a tensor for a gradient that it does not keep would warn.
            grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
    return name_of.get(id(tensor), kind), tuple(notes), _grad_line(grad)


def _grad_line(grad: Any) -> tuple[str, ...]:
    return () if grad is None or grad.numel() > SMALL else (f"grad {written(grad.tolist())}",)


def written(value: Any) -> str:
    """A number with four digits, or a list of such."""
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    # Four digits hide where two processors round differently; + 0.0: no -0.
    return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)


def _core(name: str) -> str:
    return re.sub(r"Backward\d*$", "", name)


def readable(name: str) -> str:
    """What a formula calls the operation: MulBackward0 is ×, LogSoftmaxBackward0 is log_softmax."""
    core = _core(name)
    if core in SYMBOLS:
        return SYMBOLS[core]
    if name.endswith("Backward"):  # a Function of the user's own keeps its name
        return core
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", core).lower()
