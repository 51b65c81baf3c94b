"""Small changes to a right answer, each of which should make it wrong.

`mutants(source)` yields (description, source) pairs: another axis, no keepdims, another sign, sum for mean, `>=` for
`>`, a dropped transpose, a dropped upstream gradient, an argument written to, off by one, swapped arguments, a missing
statement. tools/prove_exercises.py runs them against the checks.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
          ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip
COMPARE = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
           ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}  # fmt: skip
NAMES = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum",
         "zeros": "ones", "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like", "argmax": "argmin",
         "exp": "log", "log": "exp", "sinh": "cosh", "append": "extend"}  # fmt: skip
TRANSPOSES = ("T", "mT")
TRANSPOSING = ("t", "transpose", "swapaxes")


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """All single changes of a function, each with a line that says what was changed."""
    tree = ast.parse(source)
    before, seen = ast.unparse(tree), set()
    for index, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            twin = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(twin)) if i == index)
            new = change(target)
            if new is not None:
                twin = _Replace(target, new).visit(twin)
            ast.fix_missing_locations(twin)
            after = ast.unparse(twin)
            if after != before and after not in seen:
                seen.add(after)
                yield _describe(before, after), after + "\n"


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _describe(before: str, after: str) -> str:
    """The first line that differs: 'x.sum(axis=-1)' → 'x.sum(axis=0)'."""
    old, new = before.splitlines(), after.splitlines()
    for a, b in zip(old, new):
        if a != b:
            return f"{a.strip()} → {b.strip()}" if len(old) == len(new) else f"without: {a.strip()}"
    return f"without: {old[len(new)].strip()}" if len(old) > len(new) else "longer"


def _changes(node: ast.AST) -> list[Callable]:
    """What can be changed at a node. A change edits its node in place, or returns another one for it."""
    found: list[Callable] = []
    if isinstance(node, ast.BinOp):
        if type(node.op) in BINARY:
            found.append(lambda n: setattr(n, "op", BINARY[type(n.op)]()))
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)):
            found.append(_swap_sides)
        if (
            isinstance(node.op, (ast.Mult, ast.Div))
            and isinstance(node.left, ast.Name)
            and node.left.id in ("g", "grad")
        ):
            found.append(lambda n: n.right)  # the upstream gradient is dropped
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        found.append(lambda n: n.operand)
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        found.append(lambda n: n.ops.__setitem__(0, COMPARE[type(n.ops[0])]()))
    elif isinstance(node, ast.BoolOp):
        found.append(lambda n: setattr(n, "op", ast.Or() if isinstance(n.op, ast.And) else ast.And()))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            found.append(lambda n: setattr(n, "value", not n.value))
        elif isinstance(node.value, (int, float)):
            found.append(lambda n: setattr(n, "value", n.value + 1))
            found.append(lambda n: setattr(n, "value", n.value - 1))
    elif isinstance(node, ast.keyword) and node.arg in ("axis", "dim"):
        found.append(lambda n: setattr(n, "value", ast.Constant(0)))
        found.append(lambda n: setattr(n, "value", ast.Constant(-1)))
    elif isinstance(node, ast.Attribute):
        if node.attr in TRANSPOSES:
            found.append(lambda n: n.value)
        elif node.attr in NAMES:
            found.append(lambda n: setattr(n, "attr", NAMES[n.attr]))
    elif isinstance(node, ast.Call):
        if len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args):
            found.append(lambda n: n.args.reverse())
        if (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in TRANSPOSING
            and not isinstance(node.func.value, ast.Name)
        ):
            found.append(lambda n: n.func.value)
        for i, word in enumerate(node.keywords):
            if word.arg in ("keepdims", "keepdim"):
                found.append(lambda n, i=i: n.keywords.pop(i) and None)
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        found.append(lambda n: n.elts.reverse())
    if isinstance(getattr(node, "body", None), list):
        for i, statement in enumerate(node.body):
            if not _is_docstring(statement):
                found.append(lambda n, i=i: n.body.__setitem__(i, ast.Pass()))
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp):
                found.append(lambda n, i=i: _in_place(n, i))
    return found


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _swap_sides(node: ast.BinOp) -> None:
    node.left, node.right = node.right, node.left


def _in_place(node: ast.AST, i: int) -> None:
    """`z = x - m` becomes `x -= m; z = x`: the argument is overwritten."""
    statement = node.body[i]
    left = statement.value.left
    if isinstance(left, ast.Name):
        write = ast.AugAssign(ast.Name(left.id, ast.Store()), statement.value.op, statement.value.right)
        node.body[i : i + 1] = [write, ast.Assign(statement.targets, ast.Name(left.id, ast.Load()))]
