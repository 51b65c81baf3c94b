"""Find the way: the reading time of a chapter, and its links to what comes before, after and beside it.

tools/notebooks.py adds both while it builds a chapter, so that no source holds them. The links are relative:
they work in JupyterLab, where a git host shows the notebooks, and in the book (tools/book.py).

The reading time is a rule, not a measurement: 200 words of text a minute, 3 seconds for a line of code that is
not blank, 10 seconds for a code cell, in which to run it and to look at what it gives; rounded up to 5 minutes.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import jupytext
import nbformat

from learntorch.course.exercises import __file__ as _exercises
from learntorch.course.syllabus import CHAPTERS, Chapter

WORDS_A_MINUTE = 200
SECONDS_A_LINE = 3
SECONDS_A_CELL = 10
STEP = 5  # minutes; a rule as rough as this one has no business with single minutes

EXERCISES = Path(_exercises).parent
STEMS = [chapter.stem for chapter in CHAPTERS]
NOT_PROSE = re.compile(r"<[^>]+>|\]\([^)]*\)|^\s*\|?[-:| ]+\|?\s*$", re.MULTILINE)  # tags, addresses, rules of tables
WORD = re.compile(r"\w[\w'’.,-]*")
ROW = re.compile(r"^(\|.*\(chapters/(?P<stem>\w+)\.ipynb\).*\| )(?:\d+|…) \|$", re.MULTILINE)  # of the map
BLOCK = re.compile(r"^```\{exercise\} ", re.MULTILINE)


def reading_time(cells: list[nbformat.NotebookNode]) -> int:
    """The minutes that it takes to read and run `cells`, by the rule above.

    >>> reading_time([nbformat.v4.new_markdown_cell("word " * 1000), nbformat.v4.new_code_cell("1 + 1")])
    10
    """
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    lines = sum(bool(line.strip()) for source in code for line in source.splitlines())
    seconds = 60 * words(cells) / WORDS_A_MINUTE + SECONDS_A_LINE * lines + SECONDS_A_CELL * len(code)
    return STEP * math.ceil(seconds / 60 / STEP)


def words(cells: list[nbformat.NotebookNode]) -> int:
    """How many words of text there are, without tags and the addresses of links."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return len(WORD.findall(NOT_PROSE.sub(" ", text)))


def exercises_of(stem: str) -> int:
    """How many exercises belong to a chapter."""
    return len(BLOCK.findall((EXERCISES / stem / "notebook.md").read_text(encoding="utf-8")))


def neighbours(stem: str) -> tuple[Chapter | None, Chapter | None]:
    """The chapters before and after."""
    position = STEMS.index(stem)
    before = CHAPTERS[position - 1] if position else None
    after = CHAPTERS[position + 1] if position + 1 < len(CHAPTERS) else None
    return before, after


def opening(stem: str, cells: list[nbformat.NotebookNode]) -> str:
    """The line below a chapter's title."""
    code = sum(cell.cell_type == "code" for cell in cells)
    return (
        f"*About {reading_time(cells)} minutes · {code} cells to run · {_exercises_link(stem)} · "
        "[contents](../README.ipynb)*"
    )


def closing(stem: str) -> str:
    """The line at a chapter's end: back, to the exercises, the contents and the glossary, and on."""
    before, after = neighbours(stem)
    links = [f"[← {before.number} · {before.title}]({before.stem}.ipynb)"] if before else []
    links += [_exercises_link(stem), "[contents](../README.ipynb)", "[glossary](../docs/glossary.md)"]
    links += [f"[{after.number} · {after.title} →]({after.stem}.ipynb)"] if after else []
    return " · ".join(links)


def _exercises_link(stem: str) -> str:
    count = exercises_of(stem)
    return f"[{count} exercise{'s' * (count != 1)}](../exercises/{stem}.ipynb)"


def add(notebook: nbformat.NotebookNode, source: Path) -> None:
    """Put both lines into the notebook of a chapter, and the minutes into the map of the landing page.

    Any other notebook stays as it is.
    """
    if source.stem == "README":
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = ROW.sub(lambda row: row[1] + _minutes(source, row["stem"]) + " |", cell.source)
    elif source.stem in STEMS:
        first = notebook.cells[0]
        line = opening(source.stem, notebook.cells)  # before anything is added: the lines do not count themselves
        title, _, rest = first.source.partition("\n")
        first.source = f"{title}\n\n{line}\n\n{rest.lstrip()}".rstrip()
        notebook.cells.append(nbformat.v4.new_markdown_cell(closing(source.stem)))


def _minutes(landing: Path, stem: str) -> str:
    """The reading time of the chapter whose source lies beside the source of the landing page."""
    chapter = jupytext.read(landing.with_name(f"{stem}.md"), fmt="md:myst")
    return str(reading_time(chapter.cells))
