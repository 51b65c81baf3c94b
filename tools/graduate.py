"""Run the chapters on real PyTorch and compare what they print: `make graduate`.

    python tools/graduate.py --python path/to/python/with/torch [03 07 …]

In every code cell `learntorch` becomes `torch` in the imports; nothing else changes. Cells that use
`learntorch.course`, which PyTorch does not have, are set aside; but a loop that `watch` looks on at runs
without being watched. The text of every other cell must be the committed one, character by character.
Images are not compared.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import copy
import difflib
import json
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager

from notebooks import ANSI, AT_A_TIME, IMAGES, ROOT, execute

IMPORT = re.compile(r"^(\s*(?:import|from)\s+)learntorch\b", re.MULTILINE)
WATCH = re.compile(r"^from learntorch\.course import watch$", re.MULTILINE)
UNWATCHED = """class watch(list):
    def __init__(self, steps, **words):
        super().__init__(steps)
        self.values = []

    def log(self, value):
        self.values.append(value.item() if hasattr(value, "item") else value)"""
CURVE = 'aria-label="Training curve: '  # in the picture that watch() leaves


@dataclass
class Grade:
    """What became of one chapter."""

    name: str
    compared: int = 0
    aside: int = 0
    differences: list[str] = field(default_factory=list)


def course_names(tree: ast.AST) -> set[str]:
    """The names that an import of `learntorch.course` binds in `tree`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("learntorch.course"):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "learntorch":
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "course"}
        elif isinstance(node, ast.Import):
            names |= {a.asname for a in node.names if a.name.startswith("learntorch.course") and a.asname}
    return names


def set_aside(cells: list[str]) -> list[bool]:
    """For each code cell: does it use what only the course has?"""
    known: set[str] = set()
    answers = []
    for source in cells:
        lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
        tree = ast.parse("\n".join(lines))
        imported = course_names(tree)
        known |= imported
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        answers.append("learntorch.course" in source or bool(imported or known & used))
    return answers


def on_pytorch(source: str) -> str:
    """`source` with PyTorch in the place of learntorch.

    >>> on_pytorch("import learntorch as torch")
    'import torch as torch'
    >>> on_pytorch("from learntorch.autograd import Variable")
    'from torch.autograd import Variable'
    """
    return IMPORT.sub(r"\1torch", source)


def printed(cell: nbformat.NotebookNode) -> str:
    """Everything that `cell` printed or showed as text, in order."""
    pieces = []
    for output in cell.outputs:
        if CURVE in output.get("data", {}).get("image/svg+xml", ""):
            continue
        if output.output_type == "stream":
            pieces.append(output.text if output.name == "stdout" else f"[stderr] {output.text}")
        elif output.output_type == "error":
            pieces.append(f"{output.ename}: {ANSI.sub('', output.evalue)}\n")
        else:
            data = output.data
            text = data.get("text/plain", "")
            pieces.append(f"{'[image]' if any(kind in data for kind in IMAGES) else ''}{text}\n")
    return "".join(pieces)


async def grade(path: Path, kernels: KernelSpecManager) -> Grade:
    """Run the notebook at `path` on PyTorch and compare."""
    committed = nbformat.read(path, as_version=4)
    cells = [cell for cell in committed.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.source = WATCH.sub(UNWATCHED, cell.source)
    aside = set_aside([cell.source for cell in cells])
    run = copy.deepcopy(committed)
    run.cells = [copy.deepcopy(cell) for cell, skip in zip(cells, aside, strict=True) if not skip]
    for cell in run.cells:
        cell.source, cell.outputs, cell.execution_count = on_pytorch(cell.source), [], None
    await execute(run, path.parent, kernels=kernels, allow_errors=True, timeout=600)  # PyTorch takes its time

    result = Grade(path.stem, aside=sum(aside))
    kept = [(number, cell) for number, cell in enumerate(cells, 1) if not aside[number - 1]]
    for (number, ours), theirs in zip(kept, run.cells, strict=True):
        result.compared += 1
        if (here := printed(ours)) != (there := printed(theirs)):
            pair = (here.splitlines(), there.splitlines(), "learntorch", "PyTorch")
            difference = "\n".join(difflib.unified_diff(*pair, lineterm="", n=1))
            result.differences.append(
                f"{path.stem}, code cell {number}:\n{_indent(ours.source)}\n{_indent(difference, '  | ')}"
            )
    return result


def _indent(text: str, by: str = "    ") -> str:
    return "\n".join(by + line for line in text.splitlines())


async def grade_all(paths: list[Path], python: Path) -> list[Grade]:
    """Grade the notebooks, a few at a time, with kernels of `python`."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(path: Path) -> Grade:
        async with gate:
            return await grade(path, kernels)

    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "kernels" / "python3"
        spec.mkdir(parents=True)
        command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel = {"argv": command, "display_name": "PyTorch", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
        kernels = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
        return await asyncio.gather(*map(one, paths))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="chapters such as 03 or 03_autograd; default: all")
    parser.add_argument("--python", required=True, help="a Python that has torch, matplotlib and ipykernel")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (for the tests)")
    options = parser.parse_args(arguments)
    paths = sorted((options.root.resolve() / "chapters").glob("*.ipynb"))
    wanted = {Path(name).stem for name in options.names}
    paths = [p for p in paths if not wanted or p.stem in wanted or p.stem.split("_")[0] in wanted]
    if not paths:
        print("There is no such chapter to compare.", file=sys.stderr)
        return 1

    # Not resolve(): a virtual environment's python is a link, and the link is what makes it that one.
    grades = asyncio.run(grade_all(paths, Path(options.python).absolute()))
    for difference in (d for g in grades for d in g.differences):
        print(difference, end="\n\n")
    print(f"{'chapter':24} {'compared':>9} {'set aside':>10} {'different':>10}")
    for g in grades:
        print(f"{g.name:24} {g.compared:9} {g.aside:10} {len(g.differences):10}")
    total = Grade("all", sum(g.compared for g in grades), sum(g.aside for g in grades))
    different = sum(len(g.differences) for g in grades)
    print(f"{total.name:24} {total.compared:9} {total.aside:10} {different:10}")
    return 1 if different or not total.compared else 0


if __name__ == "__main__":
    sys.exit(main())
