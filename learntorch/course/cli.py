"""The command line: `learntorch lab`, `check`, `hint`, `progress`, `validate`, `reset`, `doctor`, `class report`.

Read in no chapter; `learntorch --help` lists the commands.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .practice import notebook as practice
from .practice.definition import Exercise, find, of_chapter
from .practice.extract import answers_in
from .practice.kinds import kept, patience
from .practice.progress import Progress
from .practice.validate import Validation, chapter_of
from .practice.validate import validate as validated
from .practice.worker import Verdict, check_all

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The exercises of learntorch, from the command line."
)
classes = typer.Typer(no_args_is_help=True, help="For teachers.")
app.add_typer(classes, name="class")
out = Console(highlight=False, soft_wrap=True)

SIGNS = {"right": "●", "wrong": "◐", "stopped": "◐", "open": "○", "not started": "○", "missing": "○"}


def fail(sentence: str, code: int = 2) -> typer.Exit:
    """Say what is wrong, and leave."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(sentence, markup=False)
    return typer.Exit(code)


def known(id: str) -> Exercise:
    """The exercise of this id, or a sentence and exit 2."""
    try:
        return find(id)
    except KeyError as error:
        raise fail(f"{error}".replace("progress()", "learntorch progress")) from None


def show(found: practice.Table) -> None:
    """A table, and the line below it."""
    table = Table(*found.heading)
    for row in found.rows:
        table.add_row(*row)
    out.print(table)
    out.print(found.note, markup=False)


def root() -> Path | None:
    """The clone of the course that we are in."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "exercises").is_dir() and (folder / "chapters").is_dir():
            return folder
    return None


def notebooks(chapter: str | None) -> list[Path]:
    """The learner's exercise notebooks, all or those of a chapter."""
    here = root()
    if here is None:
        raise fail("This is not inside a clone of the course: there is no exercises/ here or above.")
    found = sorted((here / "exercises").glob("[0-9][0-9]_*.ipynb"))
    if chapter is not None:
        found = [file for file in found if file.name.startswith(chapter.zfill(2))]
        if not found:
            raise fail(f"There are no exercises for chapter {chapter}.")
    return found


# For learners ────────────────────────────────────────────────────────────────────────────────────


@app.command()
def lab() -> None:
    """Open the course in JupyterLab."""
    here = root()
    if here is None:
        raise fail("This is not inside a clone of the course: there is no chapters/ here or above.")
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": str(here / "jupyter")}
    raise typer.Exit(subprocess.run([sys.executable, "-m", "jupyter", "lab"], cwd=here, env=environment).returncode)


@app.command()
def check(
    chapter: Annotated[str | None, typer.Argument(help="The number of a chapter, such as 03; default: all.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a notebook is saved.")] = False,
) -> None:
    """Check the answers in your saved exercise notebooks."""
    files = notebooks(chapter)
    results = [_check(file) for file in files]
    if not watch:
        raise typer.Exit(0 if all(results) else 1)
    out.print("Watching. Save a notebook to check it; Ctrl+C ends.")
    saved = {file: file.stat().st_mtime_ns for file in files}
    try:
        while True:
            time.sleep(0.5)
            for file in files:
                if file.exists() and file.stat().st_mtime_ns != saved[file]:
                    saved[file] = file.stat().st_mtime_ns
                    _check(file)
    except KeyboardInterrupt:
        return


def _check(file: Path) -> bool:
    try:
        answers = answers_in(file)
    except ValueError as error:
        out.print(f"{error}", markup=False)
        return False
    ids = [ex.id for ex in of_chapter(chapter_of(file))]
    out.print(f"\n{file.name}", style="bold", markup=False)
    for id in ids:
        if wait := patience(find(id), answers.found.get(id)):
            out.print(wait, markup=False)
    verdicts = check_all(answers.found, ids)
    progress = Progress()
    for verdict in verdicts:
        say(verdict)
        if verdict.status == "right":
            progress.record(verdict.id, passed=True, source=kept(find(verdict.id), answers.found[verdict.id]))
    return all(v.status == "right" for v in verdicts)


def say(verdict: Verdict) -> None:
    """One exercise, with what its check had to say."""
    text = verdict.text or f"{SIGNS[verdict.status]} {verdict.id}: {verdict.status}."
    if verdict.status in ("missing", "stopped"):
        text = f"{SIGNS[verdict.status]} {verdict.id}: {verdict.status}. {verdict.text}"
    out.print(text if verdict.status != "right" else text.splitlines()[0], markup=False)


@app.command()
def hint(id: str) -> None:
    """The next hint for an exercise."""
    known(id)
    practice.hint(id)


@app.command()
def progress() -> None:
    """How far you are."""
    show(practice.progress())


@app.command()
def whose() -> None:
    """Which pieces of your torch are yours."""
    practice.use("auto")
    show(practice.whose())


@app.command()
def reset(id: str) -> None:
    """Begin an exercise again; your answer moves to .learntorch/drafts."""
    known(id)
    practice.reset(id)


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(metavar="NOTEBOOK…", help="Notebooks of exercises/.")],
    begun: Annotated[bool, typer.Option("--begun", help="Pass over what you have not begun.")] = False,
    summary: Annotated[Path | None, typer.Option("--summary", help="Add a table in Markdown to this file.")] = None,
) -> None:
    """Are these exercise notebooks done? Exit code 0 only if every exercise is right and agrees with the reference."""
    found: list[tuple[Path, Validation]] = []
    for file in files:
        try:
            found.append((file, validated(file)))
        except ValueError as error:
            raise fail(str(error)) from None
        _report(*found[-1], begun)
    if summary is not None:
        with summary.open("a", encoding="utf-8") as handle:
            handle.write(_markdown(found))
    done = all(result.ok or (begun and not _amiss(result)) for _, result in found)
    raise typer.Exit(0 if done else 1)


def _report(file: Path, found: Validation, begun: bool) -> None:
    for verdict in found.verdicts:
        if not (begun and verdict.status in ("not started", "missing")):
            say(verdict)
    for line in found.answers.unreadable:
        out.print(line, markup=False)
    out.print(f"{file.name}: {_right(found)} of {len(found.verdicts)} exercises are right.", markup=False)
    if found.agrees is False:
        out.print(DISAGREES)


DISAGREES = "Its cells do not give the reference's outputs: run it from the top, and look for a changed cell."


def _right(found: Validation) -> int:
    return sum(verdict.status == "right" for verdict in found.verdicts)


def _amiss(found: Validation) -> list[str]:
    """What is wrong in a notebook, whatever is still open in it: one line each."""
    wrong = [verdict for verdict in found.verdicts if verdict.status in ("wrong", "stopped")]
    lines = [(v.text.splitlines() or [v.status])[0] if v.status == "wrong" else f"◐ {v.id}: {v.text}" for v in wrong]
    return lines + found.answers.unreadable + ([DISAGREES] if found.agrees is False else [])


def _markdown(found: list[tuple[Path, Validation]]) -> str:
    """The results as a table, and what is to be mended below it."""
    lines = ["## Exercises", "", "| | Notebook | Right | To mend | Open |", "|:-:|:--|--:|--:|--:|"]
    for file, result in found:
        right, amiss, of = _right(result), len(_amiss(result)), len(result.verdicts)
        wrong = sum(verdict.status in ("wrong", "stopped") for verdict in result.verdicts)
        sign = "●" if result.ok else "◐" if amiss else "○"
        lines.append(f"| {sign} | {file.stem} | {right} of {of} | {amiss or ''} | {of - right - wrong or ''} |")
    mend = [(file.stem, line) for file, result in found for line in _amiss(result)]
    fenced = ["", "```text", *(f"{stem}  {line}" for stem, line in mend), "```"] if mend else []
    return "\n".join([*lines, *fenced, ""])


@app.command()
def doctor() -> None:
    """Is everything here that the course needs?"""
    good = True
    for name, ok, advice in _findings():
        good = good and ok
        out.print(f"{'●' if ok else '◐'} {name}" + ("" if ok else f". {advice}"), markup=False)
    raise typer.Exit(0 if good else 1)


def _findings():
    version = platform.python_version()
    yield f"Python {version}", sys.version_info >= (3, 11), "The course needs Python 3.11 or newer."
    for package in ("numpy", "matplotlib", "jupyterlab", "ipywidgets", "nbval", "safetensors"):
        yield (
            package,
            importlib.util.find_spec(package) is not None,
            f"It is missing: run make lab, or pip install {package}.",
        )
    here = root()
    yield "a clone of the course", here is not None, "Go to the folder that holds chapters/ and exercises/."
    folder = Progress().folder
    if folder is None:
        yield "your progress is kept in memory (LEARNTORCH_HOME is :memory:)", True, ""
        return
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    yield f"your progress is kept in {folder.name}", os.access(nearest, os.W_OK), "This folder cannot be written to."
    from ..cuda import is_available

    yield f"GPU: {'found' if is_available() else 'none, and none is needed'}", True, ""


# For teachers ────────────────────────────────────────────────────────────────────────────────────


@classes.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A folder of notebooks, or of one folder for each learner.")],
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write the results there too.")] = None,
) -> None:
    """Check the notebooks of a class, with fresh seeds, each in a process of its own under limits."""
    if not folder.is_dir():
        raise fail(f"There is no folder {folder}.")
    files = sorted(f for f in folder.rglob("[0-9][0-9]_*.ipynb") if ".ipynb_checkpoints" not in f.parts)
    if not files:
        raise fail(
            f"There are no exercise notebooks in {folder}: names begin as in exercises/, such as 03_autograd.ipynb."
        )
    rows: list[dict[str, str]] = []
    for file in files:
        learner = str(file.parent.relative_to(folder))
        try:
            ids = [ex.id for ex in of_chapter(chapter_of(file))]
            verdicts = check_all(answers_in(file).found, ids, seeds=(101, 102, 103))
        except ValueError as error:
            out.print(f"◐ {learner}/{file.name}: {error}", markup=False)
            continue
        rows += [
            {
                "learner": learner,
                "notebook": file.name,
                "exercise": v.id,
                "status": v.status,
                "misconception": v.misconception,
            }
            for v in verdicts
        ]
    _summary(rows)
    if csv_file is not None:
        with csv_file.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, ["learner", "notebook", "exercise", "status", "misconception"])
            writer.writeheader()
            writer.writerows(rows)
        out.print(f"{len(rows)} rows written to {csv_file.name}", markup=False)


def _summary(rows: list[dict[str, str]]) -> None:
    table = Table("learner", "notebook", "right", "wrong", "not done")
    for learner, file in sorted({(row["learner"], row["notebook"]) for row in rows}):
        states = Counter(row["status"] for row in rows if (row["learner"], row["notebook"]) == (learner, file))
        wrong = states["wrong"] + states["stopped"]
        table.add_row(
            learner, file, str(states["right"]), str(wrong), str(sum(states.values()) - states["right"] - wrong)
        )
    out.print(table)
    mistakes = Counter((row["exercise"], row["misconception"]) for row in rows if row["misconception"])
    if mistakes:
        histogram = Table("exercise", "misconception", "learners")
        for (exercise, name), count in sorted(mistakes.items(), key=lambda item: (-item[1], item[0])):
            says = next(w.says for w in find(exercise).wrongs if w.name == name)
            histogram.add_row(exercise, says, f"{'█' * count} {count}")
        out.print(histogram)


if __name__ == "__main__":
    app()
