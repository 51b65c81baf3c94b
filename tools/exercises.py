"""Build the exercise notebooks: exercises/ with blanks to fill, solutions/ with the answers, both executed.

    python tools/exercises.py              build what is older than its definitions
    python tools/exercises.py --all        build all of them
    python tools/exercises.py 03           build these
    python tools/exercises.py --check      build nothing; say which notebooks are not up to date

A notebook's text is learntorch/course/exercises/NN_topic/notebook.md; each of its {exercise} blocks names a definition
beside it. Nothing is written twice: prompts, blanks and solutions come from the definitions.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import os
import re
import sys
import textwrap
from pathlib import Path

import jupytext
import nbformat

import notebooks
from notebooks import ROOT, BuildError

os.environ["LEARNTORCH_HOME"] = ":memory:"

from learntorch.course.practice.answer import filled, with_blanks
from learntorch.course.practice.definition import FOLDER, Exercise, find

BLOCK = re.compile(r"^```\{exercise\} (?P<id>[a-z0-9-]+)\n```$", re.MULTILINE)
KINDS = ("exercises", "solutions")


def sources() -> list[Path]:
    """The texts of all exercise notebooks."""
    return sorted(FOLDER.glob("*/notebook.md"))


def target(source: Path, kind: str, root: Path = ROOT) -> Path:
    """Where a notebook lies: exercises/04_activations.ipynb."""
    return root / kind / f"{source.parent.name}.ipynb"


# --- One exercise as cells -------------------------------------------------------------------------


def prompt_of(ex: Exercise) -> str:
    """The Markdown above the cell: title, time, what it builds, the task, the picture, where help is."""
    builds = f" · builds {ex.builds}" if ex.builds else ""
    parts = [f"### {ex.number} · {ex.title}", f"*About {ex.minutes} minutes{builds}*", ex.prompt]
    if ex.kind == "parsons":
        width = max(map(len, ex.lines))
        parts.append("```text\n" + "\n".join(f"{k:>{width}}  {line}" for k, line in ex.lines.items()) + "\n```")
    if ex.figure is not None:
        parts.append(f"![{ex.alt}](attachment:{ex.id}.png)\n\n*{ex.caption}*")
    parts.append(f'Stuck? Run `hint("{ex.id}")` in a new cell.')
    return "\n\n".join(parts)


def code_of(ex: Exercise, kind: str) -> str:
    """The cell in which the learner works, empty or filled."""
    if ex.is_code:
        given = ex.source(ex.given or ex.answer)
        body = with_blanks(given) if kind == "exercises" else filled(ex.source(ex.answer))
        return f'@exercise("{ex.id}")\n{body}'.rstrip()
    if ex.kind == "parsons":
        return f'parsons("{ex.id}", "{ex.answer if kind == "solutions" else "..."}")'
    answers = {name: repr(value) if kind == "solutions" else "..." for name, value in ex.compute().items()}
    lines = [f'    "{ex.id}",', *(f"    {name}={value}," for name, value in answers.items())]
    return "\n".join(["predict(", *(line.replace("'", '"') for line in lines), ")"])


def picture_of(ex: Exercise) -> str:
    """The picture as base64 PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = ex.figure()
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=100, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    return base64.b64encode(notebooks.strip_png(out.getvalue())).decode("ascii")


# --- A notebook ------------------------------------------------------------------------------------


def read(source: Path, kind: str) -> nbformat.NotebookNode:
    """The notebook that a text describes, its exercises put in, with stable cell ids and without outputs."""
    text = source.read_text(encoding="utf-8")
    inside: list[Exercise] = []

    def cells(block: re.Match) -> str:
        ex = find(block["id"])
        inside.append(ex)
        return f"+++\n\n{prompt_of(ex)}\n\n```{{code-cell}} ipython3\n{code_of(ex, kind)}\n```"

    title = "solutions" if kind == "solutions" else "exercises"
    text = BLOCK.sub(cells, text).replace("{{kind}}", title)
    notebook = jupytext.reads(text, fmt="md:myst")
    pictures = {ex.id: picture_of(ex) for ex in inside if ex.figure is not None}
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("alt", "tags")})
        cell.id = notebooks._cell_id(cell.source, seen)
        shown = re.findall(r"\(attachment:([a-z0-9-]+)\.png\)", cell.source)
        if shown:
            cell["attachments"] = {f"{id}.png": {"image/png": pictures[id]} for id in shown}
    missing = {file.stem for file in source.parent.glob("[a-z]*.py")} - {ex.file.stem for ex in inside}
    if missing:
        raise BuildError(f"{source.parent.name}: notebook.md has no block for {', '.join(sorted(missing))}")
    notebook.metadata = nbformat.from_dict({"kernelspec": notebooks.KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


async def build(source: Path, kind: str) -> tuple[Path, int]:
    """Run a notebook and write it with its outputs."""
    path = target(source, kind)
    notebook = read(source, kind)
    path.parent.mkdir(exist_ok=True)
    await notebooks.execute(notebook, path.parent, home=":memory:")
    notebooks.normalise(notebook)
    if found := notebooks.problems(notebook):
        raise BuildError("\n".join(f"{kind}/{path.name}, {problem}" for problem in found))
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    return path, sum(cell.cell_type == "code" for cell in notebook.cells)


def outdated(source: Path, kind: str) -> str | None:
    """Why a notebook is not up to date, or None if it is. Pictures are compared by their names alone."""
    path = target(source, kind)
    name = f"{kind}/{path.name}"
    if not path.exists():
        return f"{name} is missing."
    wanted, built = read(source, kind), nbformat.read(path, as_version=4)
    if len(wanted.cells) != len(built.cells):
        return f"{name} has {len(built.cells)} cells, its definitions give {len(wanted.cells)}."
    for number, (new, old) in enumerate(zip(wanted.cells, built.cells, strict=True), 1):
        same = all(new[field] == old.get(field) for field in ("cell_type", "id", "source", "metadata"))
        if not same or set(new.get("attachments", ())) != set(old.get("attachments", ())):
            return f"{name}, cell {number}, differs from its definitions."
    return None


def check() -> list[str]:
    """One line for every notebook that disagrees with its definitions."""
    found = [reason for source in sources() for kind in KINDS if (reason := outdated(source, kind))]
    known = {target(source, kind) for source in sources() for kind in KINDS}
    strays = [path for kind in KINDS for path in sorted((ROOT / kind).glob("*.ipynb")) if path not in known]
    return found + [f"{path.parent.name}/{path.name} has no text in {FOLDER.name}/." for path in strays]


async def build_all(wanted: list[tuple[Path, str]]) -> bool:
    """Build notebooks, two at a time. True if all went well."""
    gate = asyncio.Semaphore(notebooks.AT_A_TIME)

    async def one(source: Path, kind: str) -> bool:
        async with gate:
            try:
                path, cells = await build(source, kind)
            except Exception as error:
                print(
                    f"✗ {kind}/{source.parent.name}: {textwrap.shorten(str(error), 2000)}", file=sys.stderr, flush=True
                )
                return False
            print(f"✓ {kind}/{path.name}: {cells} code cells", flush=True)
            return True

    return all(await asyncio.gather(*(one(*pair) for pair in wanted)))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="03 or 03_autograd; default: what is out of date")
    parser.add_argument("--all", action="store_true", help="build every notebook")
    parser.add_argument("--check", action="store_true", help="build nothing, fail if one is out of date")
    options = parser.parse_args(arguments)
    if options.check:
        found = check()
        print("\n".join(found) or f"All {len(sources()) * len(KINDS)} notebooks agree with their definitions.")
        return bool(found)
    named = [s for s in sources() if s.parent.name in options.names or s.parent.name[:2] in options.names]
    pairs = [(source, kind) for source in (named or sources()) for kind in KINDS]
    if not options.names and not options.all:
        pairs = [pair for pair in pairs if outdated(*pair)]
    if not pairs:
        print("Nothing to build: every notebook agrees with its definitions.")
        return 0
    return 0 if asyncio.run(build_all(pairs)) else 1


if __name__ == "__main__":
    sys.exit(main())
