"""Which library names a chapter's code uses: the syllabus is held to what this finds.

Read in no chapter: it serves the people who write them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator
from types import FunctionType

Name = tuple[str, str]  # ("nn", "Linear"), ("Tensor", "backward"), ("torch", "cuda.is_available")

# Where a name lives, by what stands before it in a chapter's code. "object" holds the methods and
# attributes of everything that is neither a tensor nor a figure: modules, optimizers, arrays, nodes.
# "inside" holds what the public names do not reach and a chapter shows all the same.
NAMESPACES = (
    "torch", "Tensor", "nn", "F", "optim", "numpy", "plt", "python", "course", "inside", "object",
)  # fmt: skip

FORMS = ("torch", "Tensor")  # `torch.abs(x)` and `x.abs()` are one name in two forms

MODULES = {  # module → its namespace, and what its names begin with there
    "learntorch": ("torch", ""),
    "learntorch.nn": ("nn", ""),
    "learntorch.nn.functional": ("F", ""),
    "learntorch.nn.init": ("nn", "init."),
    "learntorch.optim": ("optim", ""),
    "learntorch.autograd": ("torch", "autograd."),
    "learntorch.cuda": ("torch", "cuda."),
    "learntorch.utils": ("torch", "utils."),
    "learntorch.utils.data": ("torch", "utils.data."),
    "learntorch.course": ("course", ""),
    "numpy": ("numpy", ""),
    "numpy.random": ("numpy", "random."),
    "numpy.linalg": ("numpy", "linalg."),
    "numpy.testing": ("numpy", "testing."),
    "matplotlib": ("plt", ""),
    "matplotlib.pyplot": ("plt", ""),
}
BUILTIN = frozenset(
    name for kind in (*vars(builtins).values(), FunctionType) if isinstance(kind, type) for name in dir(kind)
)


def names_used(cells: Iterable[str], tensor: Collection[str]) -> dict[Name, int]:
    """Every library name that the code cells use, with the number of the first cell that does.

    Python's own functions and what the cells define themselves do not count. `tensor` holds the
    names of a tensor's methods and attributes.

    >>> names_used(["import learntorch as torch", "print(torch.ones(2).sum())"], {"sum"})
    {('torch', 'ones'): 1, ('Tensor', 'sum'): 1}
    """
    trees = [ast.parse(cell) for cell in cells]
    reader = _Reader(frozenset(tensor), {name for tree in trees for name in _defined(tree)})
    for number, tree in enumerate(trees):
        reader.cell = number
        reader.visit(tree)
    return reader.found


def _defined(tree: ast.AST) -> Iterator[str]:
    """Attributes and methods that the code makes itself: `self.conv1 = …`, `def forward(…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield part.name


class _Reader(ast.NodeVisitor):
    """Walks the cells in order and notes the first use of every name."""

    def __init__(self, tensor: frozenset[str], defined: set[str]) -> None:
        self.tensor, self.defined = tensor, defined
        self.found: dict[Name, int] = {}
        self.figures = {"ax"}  # what the cells call a figure and its panels
        self.module: dict[str, str] = {}  # alias → module: np → numpy
        self.cell = 0

    def note(self, space: str, name: str) -> None:
        self.found.setdefault((space, name), self.cell)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            self.module[alias.asname or name] = name
            if name.partition(".")[0] not in MODULES:
                self.note("python", name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if whole in MODULES:
                self.module[alias.asname or alias.name] = whole
            elif node.module != "__future__":
                self.of_module(node.module or "", [alias.name])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        # A call is visited from the outside in; the names of `a.b().c` count in the order written.
        chain = _chain(node)
        if chain and chain[0] in self.module:
            self.of_module(self.module[chain[0]], chain[1:])
            return
        self.visit(node.value)
        root = _root(node)
        own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "ctx")
        if root in self.figures:
            self.note("plt", node.attr)
        elif root != "str" and not (own and node.attr in self.defined):
            self.of_object(node.attr)

    def visit_Assign(self, node: ast.Assign) -> None:
        if self.module.get(_root(node.value)) == "matplotlib.pyplot":  # fig, axes = plt.subplots()
            self.figures |= {name for target in node.targets for name in _bound(target)}
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        targets, values = [node.target], [node.iter]
        if isinstance(node.iter, ast.Call) and _root(node.iter) == "zip" and isinstance(node.target, ast.Tuple):
            targets, values = node.target.elts, node.iter.args
        for target, value in zip(targets, values, strict=False):
            if _root(value) in self.figures:  # for panel, curve in zip(axes, curves)
                self.figures |= set(_bound(target))
        self.generic_visit(node)

    def of_module(self, module: str, names: list[str]) -> None:
        """`names` after a module: more modules, then one name, then attributes of that."""
        while names and f"{module}.{names[0]}" in MODULES:
            module, names = f"{module}.{names[0]}", names[1:]
        if not names:
            return
        if module in MODULES:
            space, prefix = MODULES[module]
        elif module.startswith("learntorch."):
            space, prefix = "inside", module.removeprefix("learntorch.") + "."
        else:
            space, prefix = "python", module + "."
        self.note(space, prefix + names[0])
        for name in names[1:]:
            self.of_object(name)

    def of_object(self, name: str) -> None:
        if name.startswith("__"):
            return
        if name in self.tensor:
            self.note("Tensor", name)
        elif name not in self.defined and name not in BUILTIN:
            self.note("object", name)


def _bound(target: ast.AST) -> Iterator[str]:
    """The names that a target such as `fig, (left, right)` binds."""
    return (part.id for part in ast.walk(target) if isinstance(part, ast.Name))


def _chain(node: ast.expr) -> list[str]:
    """`a.b.c` as ["a", "b", "c"]; anything that does not begin with a plain name as []."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def _root(node: ast.expr) -> str:
    """What a chain of calls and indices begins with: `ax` in `ax[0].plot`, `str` in `str(e).split`."""
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            return "str"
        else:
            return node.id if isinstance(node, ast.Name) else ""
