"""Taking the answers out of a learner's notebook, without running it.

Read in no chapter. Outputs are ignored: only what stands in the cells counts.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path

CALLS = ("predict", "parsons")


@dataclass
class Answers:
    """The answers in a notebook, by exercise: a source, a dict of predictions, or an order."""

    file: Path
    found: dict[str, object] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)  # the whole cell of each
    unreadable: list[str] = field(default_factory=list)  # what could not be taken, in words


def answers_in(file: Path) -> Answers:
    """The answers in the code cells of a notebook; the last one counts, if there are several."""
    try:
        cells = json.loads(file.read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file.name} cannot be read as a notebook ({type(error).__name__}).") from None
    answers = Answers(file)
    for number, cell in enumerate(cells, 1):
        if cell.get("cell_type") == "code":
            source = cell.get("source", "")
            _read("".join(source), number, answers)
    return answers


def _read(source: str, number: int, answers: Answers) -> None:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        if not any(line.startswith(("%", "!")) for line in source.splitlines()):
            answers.unreadable.append(f"cell {number}: Python cannot read line {error.lineno}: {error.msg}")
        for id in _named(source):
            answers.found[id], answers.cells[id] = source, source
        return
    lines = source.splitlines()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for decorator in node.decorator_list:
                id = _id_of(decorator, ("exercise",))
                if id:
                    answers.found[id] = "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n"
                    answers.cells[id] = source
        elif isinstance(node, ast.Expr) and (id := _id_of(node.value, CALLS)):
            answers.found[id] = _given(node.value)
            answers.cells[id] = source


def _id_of(node: ast.AST, names: tuple[str, ...]) -> str | None:
    """The exercise that a call such as `predict("shapes", …)` is about."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value
    return None


def _named(source: str) -> list[str]:
    """The exercises that a cell which Python cannot read is about."""
    found = []
    for line in source.splitlines():
        if line.startswith('@exercise("') and line.count('"') >= 2:
            found.append(line.split('"')[1])
    return found


def _given(call: ast.Call) -> object:
    """The answers of a call: the order of a Parsons problem, or a dict of predictions."""
    if call.func.id == "parsons":
        return _value(call.args[1]) if len(call.args) > 1 else ...
    return {word.arg: _value(word.value) for word in call.keywords if word.arg}


def _value(node: ast.AST) -> object:
    """A literal, or a name such as `torch.float32`; anything else is as good as no answer."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        pass
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "torch":
        import learntorch

        return getattr(learntorch, node.attr, ...)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Size" and node.args:
        return tuple(ast.literal_eval(node.args[0]))
    return ...
