"""Build the notebooks: read chapters/source/*.md, run every cell, write the .ipynb with its outputs.

    python tools/notebooks.py              build the notebooks that are older than their source
    python tools/notebooks.py --all        build every notebook
    python tools/notebooks.py 03 README    build these
    python tools/notebooks.py --check      build nothing; say which notebooks are not up to date
    python tools/notebooks.py --format     lay out the code cells of the sources as ruff does
    python tools/notebooks.py --count      how many code cells the notebooks hold

People edit the sources, MyST Markdown with {code-cell} blocks. Building twice gives the same bytes:
nothing that is written depends on the clock, on chance or on where the repository lies.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
import navigation
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
AT_A_TIME = 2  # kernels that run side by side
CELL_TIMEOUT = 120  # seconds

IMAGES = ("image/png", "image/jpeg", "image/svg+xml")
# Tags and comments that make the validation look away, each listed where tests/test_notebooks.py allows it.
UNCHECKED = re.compile(r"^\s*#\s*(?:NBVAL_IGNORE_OUTPUT|NBVAL_SKIP|PYTEST_VALIDATE_IGNORE_OUTPUT)\s*$", re.MULTILINE)
UNCHECKED_TAGS = {"nbval-ignore-output", "nbval-skip", "pytest-validate-ignore-output"}
# What differs from one machine to the next: memory addresses and absolute paths.
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/])(?:/(?:home|Users|root|tmp|usr|opt|var|private)/|~/|[A-Z]:\\)\S+")
ANSI = re.compile(r"\x1b\[[0-9;]*m")  # the colours of a traceback

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class BuildError(Exception):
    """What is wrong with a source, in words for its author."""


# --- Where things are ------------------------------------------------------------------------------


def sources(root: Path = ROOT) -> list[Path]:
    """Every source, the landing page first."""
    folder = root / "chapters" / "source"
    return sorted(folder.glob("*.md"), key=lambda path: (path.stem != "README", path.stem))


def notebook_of(source: Path) -> Path:
    """Where the notebook of `source` lies: the landing page at the root, a chapter in chapters/."""
    chapters = source.parent.parent
    folder = chapters.parent if source.stem == "README" else chapters
    return folder / f"{source.stem}.ipynb"


# --- Source → notebook without outputs -------------------------------------------------------------


def read_source(source: Path) -> nbformat.NotebookNode:
    """The notebook that `source` describes, with stable cell ids and no outputs."""
    try:
        notebook = jupytext.read(source, fmt="md:myst")
    except Exception as error:  # jupytext passes on whatever its YAML reader raises
        raise BuildError(
            f"{source.name} cannot be read: {error}. Does an :alt: text hold ': '? Put it in quotes."
        ) from error
    seen: dict[str, int] = {}
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and not cell.source.strip():
            raise BuildError(f"{source.name}, cell {number}: a code cell without code.")
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("alt", "tags")})
    navigation.add(notebook, source)
    for cell in notebook.cells:
        cell.id = _cell_id(cell.source, seen)
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _cell_id(text: str, seen: dict[str, int]) -> str:
    """The first ten hex digits of the text's sha1; a repeated text is told apart by its number."""
    repeat = seen[text] = seen.get(text, -1) + 1
    salt = f"\0{repeat}" if repeat else ""
    return hashlib.sha1((text + salt).encode()).hexdigest()[:10]


# --- Running ---------------------------------------------------------------------------------------


async def execute(
    notebook: nbformat.NotebookNode,
    folder: Path,
    *,
    timeout: int = CELL_TIMEOUT,
    kernels: KernelSpecManager | None = None,
    allow_errors: bool = False,
    home: str | None = None,
) -> None:
    """Run every code cell in a fresh kernel that works in `folder`; the outputs go into `notebook`.

    The kernel is this Python's own unless `kernels` holds another one. It sees an empty learner's
    home (or `home`), so that nobody's own answers get into a notebook.
    """
    # No folders to search: then the only kernel is the Python that runs this file.
    kernels = kernels or KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels)
    if os.name == "posix":
        manager.transport = "ipc"  # no ports to fight over when two kernels start at once
    with tempfile.TemporaryDirectory() as scratch:
        manager.connection_file = str(Path(scratch) / "kernel.json")
        env = os.environ | {
            "LEARNTORCH_HOME": home or str(Path(scratch) / "learner"),
            "LEARNTORCH_WIDGETS": "off",  # what is committed are the static pictures
            "PYTHONHASHSEED": "0",
        }
        env.pop("MPLBACKEND", None)  # the kernel chooses inline figures by itself
        env.setdefault("OPENBLAS_NUM_THREADS", "1")
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=timeout,
            allow_errors=allow_errors,
            coalesce_streams=True,
            record_timing=False,
            store_widget_state=False,
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            await client.async_execute(env=env)
        finally:  # nbclient leaves a kernel to whoever made its manager
            if client.kc is not None:
                client.kc.stop_channels()
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)


# --- Outputs that are the same on every machine ----------------------------------------------------


def strip_png(png: bytes) -> bytes:
    """`png` without its text and time chunks, which name the library's version and the date."""
    signature, position, kept = png[:8], 8, []
    while position < len(png):
        length = int.from_bytes(png[position : position + 4], "big")
        chunk = png[position : position + 12 + length]
        if chunk[4:8] not in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"):
            kept.append(chunk)
        position += 12 + length
    return signature + b"".join(kept)


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Number the cells from 1, drop what changes from run to run, describe the images."""
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("alt", "tags")})
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
            output.pop("transient", None)
            data = output.get("data", {})
            if "image/png" in data:
                png = strip_png(base64.b64decode(data["image/png"]))
                data["image/png"] = base64.b64encode(png).decode("ascii")
            for kind in IMAGES:
                if kind in data and "alt" in cell.metadata:
                    output.metadata.setdefault(kind, {})["alt"] = cell.metadata["alt"]
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})


def images(cell: nbformat.NotebookNode) -> list[tuple[nbformat.NotebookNode, str]]:
    """The images among the outputs of `cell`, each as (output, MIME type)."""
    return [(o, kind) for o in cell.get("outputs", []) for kind in IMAGES if kind in o.get("data", {})]


def texts(cell: nbformat.NotebookNode) -> list[str]:
    """Every piece of text among the outputs of `cell`, images apart."""
    found = []
    for output in cell.get("outputs", []):
        found += [output.get("text", ""), output.get("evalue", "")]
        found += [ANSI.sub("", line) for line in output.get("traceback", [])]
        found += [text for kind, text in output.get("data", {}).items() if kind not in IMAGES]
    return [text for text in found if isinstance(text, str)]


def problems(notebook: nbformat.NotebookNode) -> list[str]:
    """What would make the built `notebook` unreadable for someone, or different on another machine."""
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue

        def report(text: str, number: int = number, cell=cell) -> None:
            found.append(f"cell {number} ({cell.source.strip().splitlines()[0][:60]!r}): {text}")

        if cell.execution_count is None:
            report("was not run, so its outputs would not be compared.")
        for output, kind in images(cell):
            described = output.get("metadata", {}).get(kind, {}).get("alt")
            if not described and not (kind == "image/svg+xml" and "<title" in output.data[kind]):
                report("makes a figure without a description. Add the cell option `:alt: …`.")
        if any(kind != "image/svg+xml" for _, kind in images(cell)):
            following = notebook.cells[number] if number < len(notebook.cells) else None
            if following is None or following.cell_type != "markdown" or "*Figure" not in following.source:
                report("makes a figure without a caption. Follow it with Markdown: `*Figure N.k. …*`.")
            elif not following.source.lstrip().startswith("*Figure"):
                report("the Markdown after the figure does not begin with the caption `*Figure N.k. …*`.")
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                report(f"writes to stderr: {output.text.strip()[:200]!r}.")
        for text in texts(cell):
            for pattern, what in ((ADDRESS, "a memory address"), (ABSOLUTE_PATH, "an absolute path")):
                if match := pattern.search(text):
                    report(f"prints {what}, {match.group()}, which differs from machine to machine.")
            if str(ROOT) in text:
                report("prints the folder of this repository, which differs from machine to machine.")
    return found


# --- Building and checking -------------------------------------------------------------------------


async def build(source: Path) -> tuple[Path, int]:
    """Run `source` and write its notebook. Returns the notebook's path and its number of code cells."""
    target = notebook_of(source)
    notebook = read_source(source)
    try:
        await execute(notebook, target.parent)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise BuildError(f"{source.name} stopped.\n{error}") from error
    normalise(notebook)
    if found := problems(notebook):
        raise BuildError("\n".join(f"{source.name}, {problem}" for problem in found))
    nbformat.validate(notebook)
    target.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    return target, sum(cell.cell_type == "code" for cell in notebook.cells)


async def build_all(wanted: list[Path]) -> bool:
    """Build `wanted`, two at a time. True if all went well."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(source: Path) -> bool:
        async with gate:
            try:
                target, cells = await build(source)
            except BuildError as error:
                print(f"✗ {error}", file=sys.stderr, flush=True)
                return False
            print(f"✓ {target.name}: {cells} code cells", flush=True)
            return True

    return all(await asyncio.gather(*map(one, wanted)))


def outdated(source: Path) -> str | None:
    """Why the notebook of `source` is not up to date, or None if it is."""
    target = notebook_of(source)
    if not target.exists():
        return f"{target.name} is missing."
    wanted, built = read_source(source), nbformat.read(target, as_version=4)
    if len(wanted.cells) != len(built.cells):
        return f"{target.name} has {len(built.cells)} cells, its source {len(wanted.cells)}."
    for number, (new, old) in enumerate(zip(wanted.cells, built.cells, strict=True), 1):
        if any(new[field] != old.get(field) for field in ("cell_type", "id", "source", "metadata")):
            return f"{target.name}, cell {number}, differs from its source."
    return None


def orphans(root: Path = ROOT) -> list[Path]:
    """Notebooks in chapters/ that have no source."""
    known = {notebook_of(source) for source in sources(root)}
    return [path for path in sorted((root / "chapters").glob("*.ipynb")) if path not in known]


def check(root: Path = ROOT) -> list[str]:
    """One line for every notebook that disagrees with its source."""
    found = []
    for source in sources(root):
        try:
            reason = outdated(source)
        except BuildError as error:
            reason = str(error)
        if reason:
            found.append(reason)
    return found + [f"{path.name} has no source in chapters/source/." for path in orphans(root)]


def count(root: Path = ROOT) -> dict[str, int]:
    """The number of code cells in each notebook."""
    paths = [path for source in sources(root) if (path := notebook_of(source)).exists()]
    read = {path.name: nbformat.read(path, as_version=4) for path in paths}
    return {name: sum(cell.cell_type == "code" for cell in nb.cells) for name, nb in read.items()}


# --- Layout of the code in the sources -------------------------------------------------------------

CODE_CELL = re.compile(
    r"(?P<head>^```\{code-cell\}[^\n]*\n(?::[^\n]*\n)*\n?)(?P<code>.*?)(?P<tail>\n```[ \t]*$)",
    re.MULTILINE | re.DOTALL,
)


def format_source(source: Path) -> bool:
    """Lay out the code cells of `source` as `ruff format` does. True if the file changed."""
    text = source.read_text(encoding="utf-8")
    blocks = list(CODE_CELL.finditer(text))
    cells = [nbformat.v4.new_code_cell(block["code"]) for block in blocks]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.ipynb"
        nbformat.write(notebook, path)
        settings = Path(__file__).resolve().parent.parent / "pyproject.toml"
        command = [sys.executable, "-m", "ruff", "format", "--quiet", "--config", str(settings), str(path)]
        subprocess.run(command, check=True)
        formatted = nbformat.read(path, as_version=4).cells
    for block, cell in reversed(list(zip(blocks, formatted, strict=True))):
        text = text[: block.start("code")] + cell.source + text[block.end("code") :]
    if text == source.read_text(encoding="utf-8"):
        return False
    source.write_text(text, encoding="utf-8", newline="\n")
    return True


# --- The command line ------------------------------------------------------------------------------


def chosen(names: list[str], root: Path) -> list[Path]:
    """The sources that `names` mean: 03, 03_autograd, README, or a path to a source or notebook."""
    found = []
    for name in names:
        stem = Path(name).stem
        matches = [s for s in sources(root) if s.stem == stem or s.stem.split("_")[0] == stem]
        if not matches:
            raise SystemExit(f"There is no source named {name} in {root / 'chapters' / 'source'}.")
        found += matches
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="03, 03_autograd, README; default: what is out of date")
    parser.add_argument("--all", action="store_true", help="build every notebook")
    parser.add_argument("--check", action="store_true", help="build nothing, fail if one is out of date")
    parser.add_argument("--format", action="store_true", help="lay out the code in the sources")
    parser.add_argument("--count", action="store_true", help="print the number of code cells")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (for the tests)")
    options = parser.parse_args(arguments)
    root = options.root.resolve()

    if options.count:
        numbers = count(root)
        for name, number in numbers.items():
            print(f"{number:5}  {name}")
        print(f"{sum(numbers.values()):5}  code cells in {len(numbers)} notebooks")
        return 0
    if options.check:
        found = check(root)
        print("\n".join(found) or f"All {len(sources(root))} notebooks agree with their sources.")
        return bool(found)

    wanted = chosen(options.names, root) or sources(root)
    if options.format:
        for source in wanted:
            if format_source(source):
                print(f"{source.name}: laid out anew")
        return 0
    if not options.names and not options.all:
        wanted = [source for source in wanted if outdated(source)]
    if not wanted:
        print("Nothing to build: every notebook agrees with its source.")
        return 0
    return 0 if asyncio.run(build_all(wanted)) else 1


if __name__ == "__main__":
    sys.exit(main())
