"""The learner's source: which blanks are open, what it may not call, and how it becomes a function again.

Read in no chapter. An answer is always run from its source, in a namespace of its own. So what passes here also
runs in a later chapter, where the variables of this notebook do not exist.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from .definition import Exercise

BLANK = re.compile(r"^(?P<indent>\s*)# <blank>(?P<given>.*)$")
END = re.compile(r"^\s*# </blank>\s*$")


def with_blanks(source: str) -> str:
    """The source as the learner gets it: each marked region replaced by the line that stands for it."""
    lines, skipping = [], False
    for line in source.splitlines():
        start = BLANK.match(line)
        if start:
            skipping = True
            given = start["given"].strip()
            lines.append((start["indent"] + given) if given else start["indent"] + "...")
        elif END.match(line):
            skipping = False
        elif not skipping:
            lines.append(line)
    return "\n".join(lines) + "\n"


def filled(source: str) -> str:
    """The source of the solution, without the marks."""
    lines = [line for line in source.splitlines() if not BLANK.match(line) and not END.match(line)]
    return "\n".join(lines) + "\n"


def open_lines(source: str) -> list[int]:
    """The lines that still hold a `…` to be replaced, counted from 1. `x[..., 0]` is not one of them."""
    tree = ast.parse(source)
    inside = {id(n) for s in ast.walk(tree) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
    return sorted(
        n.lineno for n in ast.walk(tree) if isinstance(n, ast.Constant) and n.value is Ellipsis and id(n) not in inside
    )


def same_code(a: str, b: str) -> bool:
    """True if two sources say the same, whatever their layout and comments."""
    try:
        return ast.dump(ast.parse(a)) == ast.dump(ast.parse(b))
    except SyntaxError:
        return False


def borrowed(ex: Exercise, source: str) -> list[str]:
    """The names that this exercise is about and that the answer uses ready-made: "for" is any loop, "@" the product."""
    tree = ast.parse(source)
    own = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    names = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    names += [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id not in own]
    names += ["for" for n in ast.walk(tree) if isinstance(n, (ast.For, ast.While, ast.comprehension))]
    names += ["@" for n in ast.walk(tree) if isinstance(n, ast.MatMult)]
    return [name for name in ex.forbids if name in names]


def written(answer: Callable) -> tuple[str, int]:
    """The source of a function or class, and the line of its file or cell in which it begins.

    Raises:
        OSError: if there is no source to be found
    """
    methods = [value for value in vars(answer).values() if inspect.isfunction(value)] if inspect.isclass(answer) else []
    for method in methods:  # inspect finds the file of a class by its module, and a notebook's has none
        lines = linecache.getlines(method.__code__.co_filename)
        for node in ast.walk(ast.parse("".join(lines))):
            if (isinstance(node, ast.ClassDef) and node.name == answer.__name__
                    and node.lineno <= method.__code__.co_firstlineno <= node.end_lineno):  # fmt: skip
                return "".join(lines[node.lineno - 1 : node.end_lineno]), node.lineno
    lines, first = inspect.getsourcelines(answer)
    return "".join(lines), first


def plain(source: str) -> tuple[str, int]:
    """A cell's source without its decorators and what stands before them; and how many lines that was."""
    text = textwrap.dedent(source)
    tree = ast.parse(text)
    node = next(n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)))
    return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno]) + "\n", node.lineno - 1


def namespace(name: str) -> dict:
    """The names that every answer may use: NumPy, the package under its usual names, and math."""
    import math

    import numpy as np

    import learntorch as torch

    return {
        "__name__": name, "__builtins__": builtins, "np": np, "math": math, "torch": torch, "nn": torch.nn,
        "F": torch.nn.functional,
    }  # fmt: skip


@dataclass
class Loaded:
    """An answer that can be called."""

    object: object
    file: str  # the name under which tracebacks know its source
    known: frozenset[str]  # the global names that it may use


def load(ex: Exercise, source: str, label: str = "answer") -> Loaded:
    """Run a source in a fresh namespace and take the function or class that it defines."""
    file = f"<{ex.id}: {label}>"
    tree = ast.parse(source)
    name = next(n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)))
    space = namespace(f"learntorch.mine.{ex.id}")
    known = frozenset(space)
    exec(compile(source, file, "exec"), space)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return Loaded(space[name], file, known)


def notebook_names(source: str) -> list[str]:
    """The global names that an answer uses and that its own namespace will not have."""
    tree = ast.parse(source)
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.name}
    bound |= {(a.asname or a.name).split(".")[0] for n in ast.walk(tree)
              if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}  # fmt: skip
    known = set(namespace("")) | set(vars(builtins)) | bound
    used = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return sorted({name for name in used if name not in known})
