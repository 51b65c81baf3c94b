"""docs/sources.md names a chapter and a section for every topic of the sources, and each of them exists."""

import re

from syllabus import chapters

from notebooks import ROOT, read_source

TEXT = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!Topic)(.+) \| (\d\d) \| ?(.*?) ?\|$", TEXT, re.M)


def headings():
    """Chapter number → the headings of its sections."""
    return {
        source.stem[:2]: {
            heading
            for cell in read_source(source).cells
            if cell.cell_type == "markdown"
            for heading in re.findall(r"^##+ (.+?) *$", cell.source, re.M)
        }
        for source in chapters()
    }


def test_every_row_was_read():
    lines = [line for line in TEXT.splitlines() if line.startswith("|")]
    tables = TEXT.count("| Topic of the source | Chapter | Section |")
    assert tables == 5
    assert len(ROWS) == len(lines) - 2 * tables > 100


def test_every_section_exists():
    known = headings()
    missing = [
        f"chapter {number}: {section or '(no section named)'}, for: {topic}"
        for topic, number, sections in ROWS
        for section in sections.split("; ")
        if section not in known.get(number, ())
    ]
    assert not missing, "\n".join(missing)


def test_every_chapter_covers_something():
    assert {number for _, number, _ in ROWS} == set(headings())
