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
    """The names that this exercise is about and that the answer uses ready-made: "for" is any loop, "@" the product.
    A name stands for all its spellings: "log_softmax" for LogSoftmax and log_softmax_ too. A text that is such a name
    counts as one."""
    tree = ast.parse(source)
    own = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    names = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    names += [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id not in own]
    names += [n.name for n in ast.walk(tree) if isinstance(n, ast.alias)]
    names += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    names += ["for" for n in ast.walk(tree) if isinstance(n, (ast.For, ast.While, ast.comprehension))]
    names += ["@" for n in ast.walk(tree) if isinstance(n, ast.MatMult)]
    spelt = {_plainly(name) for name in names}
    return [name for name in ex.forbids if _plainly(name) in spelt]


def _plainly(name: str) -> str:
    """A name without capitals and inner underscores; a leading one stays: `_modules` is not `modules`."""
    return "_" * name.startswith("_") + name.lower().replace("_", "")


# Note [Out of bounds]: an answer is written with np, torch, nn, F, math and plain Python. What looks into the running
# program (frames, modules, the course itself), calls things by computed names or rewrites the libraries is refused
# before it runs. This keeps mistakes and curiosity from passing for answers; it is no prison, and guard.py puts back
# what an answer has changed all the same.
MODULES = {"bisect", "collections", "contextlib", "copy", "dataclasses", "fractions", "functools", "heapq",
           "itertools", "math", "numbers", "numpy", "operator", "random", "re", "statistics", "string", "sys", "time",
           "types", "typing", "warnings"}  # fmt: skip
OURS = {"learntorch", "learntorch.nn", "learntorch.nn.functional", "learntorch.optim", "learntorch.utils.data"}
LIBRARIES = {"np", "numpy", "torch", "learntorch", "nn", "F", "math", "optim"}
CALLS = {"eval", "exec", "compile", "globals", "locals", "open", "breakpoint"}
PARTS = {"importlib", "inspect", "gc", "ctypes", "builtins", "course", "practice", "ops", "sys", "f_back", "f_locals",
         "f_globals", "f_builtins", "tb_frame", "tb_next", "gi_frame", "cr_frame", "ag_frame", "_getframe",
         "_current_frames", "settrace", "setprofile"}  # fmt: skip
DUNDERS = {"__init__", "__enter__", "__exit__", "__call__", "__setattr__", "__name__", "__doc__"}
BY_NAME = {"getattr": 1, "hasattr": 1, "setattr": 1, "delattr": 1, "attrgetter": 0, "methodcaller": 0}  # which argument


def out_of_bounds(source: str) -> str | None:
    """What an answer may not do, as it is written there; None if all is well. See Note [Out of bounds]."""
    tree = ast.parse(source)
    called = {id(n.func): n for n in ast.walk(tree) if isinstance(n, ast.Call)}
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    for n in ast.walk(tree):
        if isinstance(n, (ast.Import, ast.ImportFrom)):
            wrong = not _may_import(n)
        elif isinstance(n, (ast.Name, ast.Attribute)):
            wrong = _reaches_out(n, called.get(id(n)), own)
        else:
            wrong = False
        if wrong:
            text = ast.unparse(called.get(id(n), n))
            return text if len(text) < 60 else text[:60] + "…"
    return None


def _may_import(n: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(n, ast.Import):
        return all(a.name in OURS or a.name.split(".")[0] in MODULES for a in n.names)
    module = n.module or ""
    return not n.level and module != "sys" and (module in OURS or module.split(".")[0] in MODULES) and not any(
        _banned(a.name) or a.name == "*" for a in n.names
    )  # fmt: skip


def _reaches_out(n: ast.Name | ast.Attribute, call: ast.Call | None, own: set[str]) -> bool:
    name = n.id if isinstance(n, ast.Name) else n.attr
    if isinstance(n, ast.Name) and name not in BY_NAME and name != "vars":
        return name in CALLS - own or (_banned(name) and name not in PARTS)
    if isinstance(n, ast.Attribute) and _banned(name):
        return True
    if name in BY_NAME:
        texts = [a.value for a in call.args[BY_NAME[name] :][:1] if isinstance(a, ast.Constant)] if call else []
        changes = name in ("setattr", "delattr") and call and _of_library(call.args[0])
        return changes or not texts or not isinstance(texts[0], str) or _banned(texts[0])
    if name == "vars":
        return call is None or not call.args or _of_library(call.args[0])
    if isinstance(n, ast.Attribute):
        if isinstance(n.value, ast.Name) and n.value.id == "sys":
            return name not in ("exit", "maxsize", "float_info")
        return not isinstance(n.ctx, ast.Load) and _of_library(n.value)
    return False


def _banned(name: str) -> bool:
    return name in PARTS or (name.startswith("__") and name.endswith("__") and name not in DUNDERS)


def _of_library(n: ast.AST) -> bool:
    """True for np, torch.nn, F and so on."""
    while isinstance(n, ast.Attribute):
        n = n.value
    return isinstance(n, ast.Name) and n.id in LIBRARIES


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


PIECE = re.compile(r"<([a-z0-9-]+): mine>")  # the file of an answer that was loaded for its slot


def load(ex: Exercise, source: str, label: str = "answer") -> Loaded:
    """Run a source in a fresh namespace and take the function or class that it defines."""
    file = f"<{ex.id}: {label}>"
    tree = ast.parse(source)
    name = next(n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)))
    space = namespace(f"learntorch.mine.{ex.id}")
    exec(compile(source, file, "exec"), space)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return Loaded(space[name], file)


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
