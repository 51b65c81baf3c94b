"""The house has floors, and imports go one way only: upward. See docs/architecture.md.

A file may import from its own floor and from below. The imports are read from the source, those inside
functions too, so that a forbidden arrow fails here before it becomes a circle.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "learntorch"
LONGEST = 420  # lines: what one sitting can read

# Every file of the package, by floor. A new file gets its line here, on the right floor.
FLOORS = [
    ["devices.py", "dtypes.py"],
    ["errors.py", "printing.py", "ops/*.py"],
    [
        "modes.py",
        "hooks.py",
        "base.py",
        "generator.py",
        "random.py",
        "choices.py",
        "nodes.py",
        "graph.py",
        "recording.py",
        "writing.py",
    ],
    ["methods/*.py", "tensor.py"],
    ["out.py", "functions.py", "joining.py", "creation.py", "sampling.py", "contraction.py", "linalg.py"],
    ["autograd/*.py"],
    [
        "nn/functional.py",
        "nn/checks.py",
        "nn/criteria.py",
        "nn/norms.py",
        "nn/windows.py",
        "nn/pooling.py",
        "nn/init.py",
    ],
    [
        "nn/__init__.py",
        "nn/parameter.py",
        "nn/hooks.py",
        "nn/tree.py",
        "nn/state.py",
        "nn/module.py",
        "nn/layers.py",
        "nn/activations.py",
        "nn/convolution.py",
        "nn/normalization.py",
        "nn/containers.py",
        "nn/losses.py",
        "nn/modules.py",
        "nn/utils/*.py",
    ],
    ["optim/*.py", "utils/*.py", "serialization.py"],
    ["cuda.py", "accelerator.py", "settings.py", "backends/*.py", "__init__.py"],
    ["course/*.py", "course/**/*.py"],
]


def files(package: Path) -> dict[str, ast.Module]:
    """Every file of the package: its path inside the package, and its syntax tree."""
    paths = sorted(package.rglob("*.py"))
    return {p.relative_to(package).as_posix(): ast.parse(p.read_text(encoding="utf-8")) for p in paths}


def floor_of(name: str) -> int | None:
    """The floor that `name` lies on; None if the list of floors does not know it."""
    for floor, patterns in enumerate(FLOORS):
        if any(fnmatch(name, pattern) for pattern in patterns):
            return floor
    return None


def file_of(module: list[str], known: dict[str, ast.Module]) -> str | None:
    """The file that holds the module learntorch.<module>."""
    for name in ("/".join(module) + ".py", "/".join([*module, "__init__.py"])):
        if name in known:
            return name
    return None


def arrows(name: str, known: dict[str, ast.Module]) -> list[tuple[int, str, str, str]]:
    """What `name` imports from the package, as (line, file, name there or '', name here)."""
    here = name.removesuffix(".py").split("/")
    found = []
    for node in ast.walk(known[name]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first, *rest = alias.name.split(".")
                if first == "learntorch" and (target := file_of(rest, known) or "__init__.py"):
                    found.append((node.lineno, target, "", alias.asname or first))
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = here[: len(here) - node.level] + (node.module.split(".") if node.module else [])
            elif (node.module or "").split(".")[0] == "learntorch":
                base = node.module.split(".")[1:]
            else:
                continue
            for alias in node.names:
                bound = alias.asname or alias.name
                if module := file_of([*base, alias.name], known):
                    found.append((node.lineno, module, "", bound))
                elif package := file_of(base, known):
                    found.append((node.lineno, package, alias.name, bound))
                else:
                    found.append((node.lineno, "/".join([*base, alias.name]), "", bound))
    return found


def downward(known: dict[str, ast.Module]) -> list[str]:
    """The imports that run from a file to a higher floor."""
    found = []
    for name in known:
        for line, target, _, _ in arrows(name, known):
            if (floor_of(target) or 0) > (floor_of(name) or 0):
                found.append(f"{name}:{line} imports {target}, floor {floor_of(name)} → {floor_of(target)}")
            elif target not in known:
                found.append(f"{name}:{line} imports {target}, which does not exist")
    return found


CATALOGUE = "course/practice/definition.py"  # finds the definitions of the exercises by walking their folders


def hidden(known: dict[str, ast.Module]) -> list[str]:
    """Imports that the list of arrows cannot see: by star, by name at run time, through sys.modules."""
    found = []
    for name, tree in known.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                found.append(f"{name}:{node.lineno} imports *")
            elif isinstance(node, ast.Name) and node.id in ("__import__", "import_module"):
                found.append(f"{name}:{node.lineno} uses {node.id}")
            elif isinstance(node, ast.Attribute) and node.attr == "import_module" and name != CATALOGUE:
                found.append(f"{name}:{node.lineno} uses import_module")
            elif (
                isinstance(node, ast.Attribute)
                and node.attr == "modules"
                and isinstance(node.value, ast.Name)
                and node.value.id == "sys"
                and not name.startswith("course/")
            ):
                found.append(f"{name}:{node.lineno} reaches into sys.modules")
    return found


def patches(known: dict[str, ast.Module]) -> list[str]:
    """Places where a file sets an attribute of a module, class or function that another file defines."""
    found = []
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for name, tree in known.items():
        foreign = set()
        for _, target, there, bound in arrows(name, known):
            body = known[target].body if target in known else []
            if not there or any(isinstance(node, definitions) and node.name == there for node in body):
                foreign.add(bound)
        for node in _unshadowed(tree, frozenset(foreign)):
            found.append(f"{name}:{node.lineno} sets an attribute of something that another file defines")
    return found


def _unshadowed(tree: ast.AST, foreign: frozenset[str]) -> list[ast.AST]:
    """The nodes of `tree` that set an attribute of a name in `foreign`, local names of a function apart."""
    found = []
    for node in ast.iter_child_nodes(tree):
        inside = foreign
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            arguments = node.args
            local = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
            local |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a}
            stored = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            inside = foreign - local - {n.id for n in stored}
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in foreign:
                found.append(node)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("setattr", "delattr")
            and node.args
            and isinstance(node.args[0], ast.Name)
            and node.args[0].id in foreign
        ):
            found.append(node)
        found += _unshadowed(node, inside)
    return found


def circles(known: dict[str, ast.Module]) -> list[str]:
    """The files of a circle of imports, if there is one. A package's own __init__ stands above its rooms."""
    graph = {name: {target for _, target, _, _ in arrows(name, known) if target != name} for name in known}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


KNOWN = files(PACKAGE)


def test_the_package_is_there():
    assert {"__init__.py", "devices.py", "graph.py", "tensor.py", "autograd/__init__.py"} <= set(KNOWN)


def test_every_file_has_a_floor():
    unknown = [name for name in KNOWN if floor_of(name) is None]
    assert not unknown, f"Give these files a floor in {Path(__file__).name}: {unknown}"


def test_imports_go_upward_only():
    assert not downward(KNOWN)


def test_imports_make_no_circle():
    assert not circles(KNOWN)


def test_no_hidden_imports():
    assert not hidden(KNOWN)


def test_nobody_patches_another_file():
    assert not patches(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_is_one_sitting(name):
    lines = len((PACKAGE / name).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{name} has {lines} lines. Give a part of it a room of its own."


@pytest.mark.parametrize("name", [name for name, tree in KNOWN.items() if tree.body])
def test_a_file_says_what_it_holds_and_where_it_is_read(name):
    a_definition = "/exercises/" in name and Path(name).parent.name[:2].isdigit()  # its chapter is its folder
    wanted = "Exercise " if a_definition else "Read in "
    assert wanted in (ast.get_docstring(KNOWN[name]) or ""), f"{name}: no '{wanted}…' in its docstring."


def test_importing_the_package_loads_numpy_and_nothing_else():
    program = (
        "import sys; before = set(sys.modules); import learntorch; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"learntorch", "numpy"} <= loaded
    assert not loaded - set(sys.stdlib_module_names) - {"learntorch", "numpy"}


# --- The checks themselves: each of them finds what it is for ---------------------------------------


def package(tmp_path: Path, **sources: str) -> dict[str, ast.Module]:
    """A package with the given files; `nn__layers` stands for nn/layers.py."""
    for name, text in sources.items():
        path = tmp_path / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return files(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "from learntorch.tensor import Tensor",
        "from .tensor import Tensor",
        "from . import tensor",
        "import learntorch.tensor",
        "import learntorch.tensor as t",
        "def f():\n    from .tensor import Tensor",
    ],
)
def test_a_downward_arrow_is_found(tmp_path, statement):
    known = package(tmp_path, graph=statement, tensor="class Tensor: pass")
    assert len(downward(known)) == 1
    assert not downward(package(tmp_path, graph="", tensor="from .graph import Node"))


def test_arrows_out_of_a_folder_are_found(tmp_path):
    known = package(tmp_path, ops__rule="from ..graph import Node", graph="class Node: pass")
    assert downward(known) == ["ops/rule.py:1 imports graph.py, floor 1 → 2"]


def test_the_course_is_above_everything(tmp_path):
    known = package(tmp_path, cuda="from .course.source import show", course__source="def show(): pass")
    assert len(downward(known)) == 1


def test_a_file_without_a_floor_is_found():
    assert floor_of("helpers.py") is None
    assert floor_of("nn/more.py") is None


def test_hidden_imports_are_found(tmp_path):
    known = package(
        tmp_path,
        tensor="from .graph import *",
        graph="import importlib\nimportlib.import_module('learntorch.tensor')",
        random="import sys\nsys.modules['learntorch']",
    )
    assert len(hidden(known)) == 3


@pytest.mark.parametrize(
    "statement",
    ["Tensor.relu = 1", "tensor.x = 1", "setattr(Tensor, 'x', 1)", "def f():\n    Tensor.a.b = 2"],
)
def test_patches_are_found(tmp_path, statement):
    source = f"from . import tensor\nfrom .tensor import Tensor\n{statement}"
    assert len(patches(package(tmp_path, tensor="class Tensor: pass", random=source))) == 1


def test_a_local_name_is_no_patch(tmp_path):
    source = "from . import tensor\ndef f(tensor):\n    tensor.grad = None"
    assert not patches(package(tmp_path, tensor="class Tensor: pass", random=source))


def test_a_circle_is_found(tmp_path):
    known = package(tmp_path, ops__rule="from .shape import a", ops__shape="from .rule import b")
    assert circles(known)
