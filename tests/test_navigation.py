"""The ways through the course: reading times, the links at both ends of a chapter, and the glossary."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import jupytext
import navigation
import nbformat
import pytest

import notebooks
from learntorch.course.syllabus import CHAPTERS

ROOT = notebooks.ROOT
GLOSSARY = ROOT / "docs" / "glossary.md"
every_chapter = pytest.mark.parametrize("stem", navigation.STEMS)


def text(words: int) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell("word " * words)


def built(stem: str) -> nbformat.NotebookNode:
    return notebooks.read_source(ROOT / "chapters" / "source" / f"{stem}.md")


# --- Reading time ----------------------------------------------------------------------------------


def test_two_hundred_words_a_minute_in_steps_of_five():
    assert navigation.reading_time([text(1000)]) == 5
    assert navigation.reading_time([text(1001)]) == 10


def test_lines_and_cells_of_code_take_time_and_blank_lines_none():
    lines = "\n\n\n".join(["x = 1"] * 90)  # 270 s, and 10 s for the cell
    assert navigation.reading_time([nbformat.v4.new_code_cell(lines)]) == 5
    assert navigation.reading_time([nbformat.v4.new_code_cell(lines)] * 2) == 10
    more = "\n".join(["x = 1"] * 97)  # 291 s: with the cell more than 5 minutes
    assert navigation.reading_time([nbformat.v4.new_code_cell(more)]) == 10


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("Two words.", 2),
        ("[two words](a/long/address.ipynb#and-more-of-it)", 2),
        ("<details><summary>Answer</summary>\n\nyes\n\n</details>", 2),
        ("| a | b |\n|---|--:|\n| c | d |", 4),
    ],
)
def test_what_counts_as_a_word(source, count):
    assert navigation.words([nbformat.v4.new_markdown_cell(source)]) == count


@every_chapter
def test_the_lines_of_the_builder_do_not_change_the_time(stem):
    source = jupytext.read(ROOT / "chapters" / "source" / f"{stem}.md", fmt="md:myst")
    assert f"*About {navigation.reading_time(source.cells)} minutes · " in built(stem).cells[0].source


# --- Links -----------------------------------------------------------------------------------------


@every_chapter
def test_a_chapter_opens_and_closes_with_its_links(stem):
    first, last = built(stem).cells[0].source, built(stem).cells[-1].source
    assert first.startswith(f"# {int(stem[:2])} · ")
    count = navigation.exercises_of(stem)
    for line in (first.split("\n")[2], last):
        assert re.search(rf"\[{count} exercises?\]\(\.\./exercises/{stem}\.ipynb\)", line)
        assert "[contents](../README.ipynb)" in line
    before, after = navigation.neighbours(stem)
    assert ("[← " in last, " →]" in last) == (before is not None, after is not None)
    for chapter in filter(None, (before, after)):
        assert f"{chapter.number} · {chapter.title}" in last and f"({chapter.stem}.ipynb)" in last


def test_the_neighbours_are_the_chapters_in_order():
    pairs = [navigation.neighbours(stem) for stem in navigation.STEMS]
    assert [before for before, _ in pairs[1:]] == list(CHAPTERS[:-1])
    assert [after for _, after in pairs[:-1]] == list(CHAPTERS[1:])
    assert pairs[0][0] is None and pairs[-1][1] is None


def test_the_number_of_exercises_is_that_of_their_notebook():
    for stem in navigation.STEMS:
        notebook = nbformat.read(ROOT / "exercises" / f"{stem}.ipynb", as_version=4)
        headings = [c for c in notebook.cells if c.cell_type == "markdown" and re.match(r"### \d+ · ", c.source)]
        assert navigation.exercises_of(stem) == len(headings)


@every_chapter
def test_no_source_writes_by_hand_what_the_builder_adds(stem):
    source = (ROOT / "chapters" / "source" / f"{stem}.md").read_text(encoding="utf-8")
    assert not re.search(r"about \d+ minutes", source, re.IGNORECASE)
    assert "(../README.ipynb)" not in source and "→]" not in source


def test_the_map_gets_the_minutes():
    page = "\n".join(cell.source for cell in built("README").cells)
    rows = re.findall(r"\(chapters/(\w+)\.ipynb\).*\| (\S+) \|$", page, re.MULTILINE)
    assert [stem for stem, _ in rows] == navigation.STEMS
    for stem, minutes in rows:
        assert f"*About {minutes} minutes" in built(stem).cells[0].source


def test_other_notebooks_stay_as_they_are(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title\n\nText.")])
    navigation.add(notebook, tmp_path / "01_sample.md")
    assert [cell.source for cell in notebook.cells] == ["# Title\n\nText."]


# --- The glossary ----------------------------------------------------------------------------------

ENTRY = re.compile(r"^\*\*`?(?P<term>[^*`]+)`?\*\* · (?P<meaning>.+) \*\[Chapter (?P<number>\d+), (?P<name>.+)\]"
                   r"\(\.\./chapters/(?P<stem>\w+)\.ipynb#(?P<place>\S+)\)\*$", re.MULTILINE)  # fmt: skip
ENTRIES = list(ENTRY.finditer(GLOSSARY.read_text(encoding="utf-8")))
every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["term"])


def sections(path: Path) -> dict[str, str]:
    """Heading, as plain text → what stands below it, up to the next heading."""
    found, heading, inside = {}, "", False
    for line in path.read_text(encoding="utf-8").splitlines():
        inside ^= line.startswith("```")
        if not inside and (match := re.match(r"#+ (.+)", line)):
            heading = match[1].replace("`", "")
            assert heading not in found or heading in ("Look inside", "Break it and see"), f"{path.name}: {heading}"
        found[heading] = found.get(heading, "") + line + "\n"
    return found


def test_every_paragraph_of_the_glossary_is_an_entry():
    paragraphs = GLOSSARY.read_text(encoding="utf-8").strip().split("\n\n")[2:]
    assert len([p for p in paragraphs if not p.startswith("## ")]) == len(ENTRIES) >= 60


def test_the_glossary_is_in_alphabetical_order_under_its_letters():
    terms = [entry["term"] for entry in ENTRIES]
    keys = [re.sub(r"[-_]", " ", term.lower()) for term in terms]
    assert keys == sorted(keys) and len(set(keys)) == len(keys)
    blocks = re.split(r"^## (\w)$", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for letter, block in zip(blocks[::2], blocks[1::2], strict=True):
        assert {entry["term"][0].upper() for entry in ENTRY.finditer(block)} == {letter}


@every_entry
def test_a_term_stands_in_the_section_that_the_glossary_names(entry):
    assert entry["stem"].startswith(f"{int(entry['number']):02}_")
    found = sections(ROOT / "chapters" / "source" / f"{entry['stem']}.md")
    assert entry["name"] in found, f"{entry['stem']} has no heading {entry['name']!r}."
    assert unquote(entry["place"]) == entry["name"].replace(" ", "-")
    assert entry["term"].lower() in found[entry["name"]].lower()


@every_entry
def test_an_entry_says_little(entry):
    sentences = re.findall(r"[.!?](?=\s|$|\))", entry["meaning"])
    assert 1 <= len(sentences) <= 3 and entry["meaning"].rstrip(")").endswith(".")
