"""The ten chapters and the landing page, as they are committed: built, up to date, fit for every machine."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

import notebooks

ROOT = notebooks.ROOT
STEMS = [
    "01_tensors",
    "02_numpy_interop",
    "03_autograd",
    "04_activations",
    "05_two_layer_numpy",
    "06_two_layer_tensors",
    "07_two_layer_autograd",
    "08_two_layer_nn",
    "09_two_layer_optim",
    "10_fizzbuzz",
]
HEADINGS = ["What you will be able to do", "Before you start", "Summary", "What comes next"]

# Cells whose outputs the validation may ignore: notebook → first lines of the cells. It is empty, and
# a cell that wants to be here needs a reason beside it.
UNCHECKED_ALLOWED: dict[str, set[str]] = {}

PATHS = {stem: ROOT / "chapters" / f"{stem}.ipynb" for stem in STEMS} | {"README": ROOT / "README.ipynb"}
every_notebook = pytest.mark.parametrize("stem", PATHS)
every_chapter = pytest.mark.parametrize("stem", STEMS)


def read(stem: str) -> nbformat.NotebookNode:
    return nbformat.read(PATHS[stem], as_version=4)


def markdown(stem: str) -> str:
    return "\n\n".join(cell.source for cell in read(stem).cells if cell.cell_type == "markdown")


def test_the_ten_chapters_and_nothing_else():
    assert sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb")) == STEMS
    assert sorted(path.stem for path in notebooks.sources()) == sorted([*STEMS, "README"])


def test_every_notebook_agrees_with_its_source():
    assert notebooks.check() == []


@every_notebook
def test_outputs_are_the_same_everywhere_and_figures_are_described(stem):
    assert notebooks.problems(read(stem)) == []


@every_notebook
def test_nothing_hides_from_the_validation(stem):
    for cell in read(stem).cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and (tags & notebooks.UNCHECKED_TAGS or notebooks.UNCHECKED.search(cell.source)):
            assert cell.source.strip().splitlines()[0] in UNCHECKED_ALLOWED.get(stem, set())


@every_chapter
def test_a_chapter_has_code_and_all_its_parts(stem):
    number = int(stem[:2])
    text = markdown(stem)
    assert re.match(rf"# {number} · \S", text), "The title is `# N · Title`."
    positions = [text.lower().find(heading.lower()) for heading in HEADINGS]
    assert -1 not in positions, f"It lacks {HEADINGS[positions.index(-1)]!r}."
    assert positions == sorted(positions), f"The order is {HEADINGS}."
    assert re.search(r"about \d+ minutes", text, re.IGNORECASE), "It says how long it takes."
    assert text.count("**Predict.**") >= 1
    assert sum(cell.cell_type == "code" for cell in read(stem).cells) >= 10


@every_chapter
def test_a_chapter_opens_with_two_questions(stem):
    text = markdown(stem)
    start = text.lower().index("before you start")
    end = text.find("\n## ", start)
    section = text[start : end if end > 0 else None]
    assert section.count("<details>") == section.count("</details>") == section.count("<summary>Answer") >= 2


CAPTION = re.compile(r"\*Figure (\d+)\.(\d+)\. \S")


def pictures(stem: str):
    """The code cells that show a picture, each with the Markdown after it."""
    cells = read(stem).cells
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        kinds = {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}
        walk = any("<svg" in output.get("data", {}).get("text/html", "") for output in cell.get("outputs", []))
        if walk or kinds & set(notebooks.IMAGES):
            yield cell, following.source if following is not None and following.cell_type == "markdown" else ""


@every_chapter
def test_a_picture_has_a_caption_and_the_captions_count_up(stem):
    captions = [CAPTION.match(text) for _, text in pictures(stem)]
    assert None not in captions, [cell.source for cell, text in pictures(stem) if not CAPTION.match(text)]
    assert [(int(m[1]), int(m[2])) for m in captions] == [(int(stem[:2]), k + 1) for k in range(len(captions))]
    mentioned = {int(k) for k in re.findall(rf"[Ff]igure {int(stem[:2])}\.(\d+)", markdown(stem))}
    assert mentioned <= set(range(1, len(captions) + 1))


@every_chapter
def test_a_picture_says_in_words_what_it_shows(stem):
    for cell, _ in pictures(stem):
        for output in cell.outputs:
            shown = output.get("data", {})
            for drawn in [
                shown.get("image/svg+xml", ""),
                *re.findall(r"(?s)<svg.*?</svg>", shown.get("text/html", "")),
            ]:
                if drawn:
                    assert re.search(r"<title>[^<]+</title>\s*<desc>[^<]+</desc>", drawn), cell.source
                    assert shown["text/plain"].strip(), cell.source


def test_the_validation_looks_away_from_pictures_alone():
    """Each pattern of tools/nbval.cfg finds a picture, whole, beside a text that is compared."""
    settings = (ROOT / "tools" / "nbval.cfg").read_text(encoding="ascii")
    patterns = [re.compile(line) for line in re.findall(r"^regex: (.*)$", settings, re.MULTILINE)]
    assert len(patterns) >= 4 == settings.count("\nreplace: <")
    assert '"nbval.cfg"' in (ROOT / "conftest.py").read_text(encoding="utf-8")
    found = dict.fromkeys(patterns, 0)
    for stem in PATHS:
        for cell in read(stem).cells:
            for output in cell.get("outputs", []):
                for kind, text in {**output.get("data", {}), "text": output.get("text", "")}.items():
                    for pattern in patterns:
                        if isinstance(text, str) and (match := pattern.search(text)):
                            assert kind in ("image/svg+xml", "text/html") and match.group() == text.strip()
                            assert output.data["text/plain"].strip()
                            found[pattern] += 1
    assert all(found.values()), found


@every_chapter
def test_a_chapter_links_to_its_neighbours(stem):
    position = STEMS.index(stem)
    text = markdown(stem)
    neighbours = [STEMS[i] for i in (position - 1, position + 1) if 0 <= i < len(STEMS)]
    for neighbour in neighbours:
        assert f"({neighbour}.ipynb)" in text
    assert "(../README.ipynb)" in text


def test_the_landing_page_links_to_every_chapter():
    text = markdown("README")
    for stem in STEMS:
        assert f"(chapters/{stem}.ipynb)" in text


@every_chapter
def test_the_landing_page_and_the_chapter_agree_on_the_time(stem):
    minutes = re.search(r"about (\d+) minutes", markdown(stem), re.IGNORECASE)[1]
    row = next(line for line in markdown("README").splitlines() if f"(chapters/{stem}.ipynb)" in line)
    assert row.rstrip(" |").endswith(f"| {minutes}")


LINK = re.compile(r"\]\(([^)\s]+)\)")


@every_notebook
def test_links_lead_somewhere(stem):
    folder = PATHS[stem].parent
    for link in LINK.findall(markdown(stem)):
        target = unquote(link.split("#")[0])
        if target and not re.match(r"https?:|mailto:", target):
            assert (folder / target).exists(), f"{stem} links to {link}"


@every_chapter
def test_chapters_never_import_pytorch(stem):
    code = "\n".join(cell.source for cell in read(stem).cells if cell.cell_type == "code")
    assert not re.search(r"^\s*(import|from)\s+torch\b", code, re.MULTILINE)


@every_notebook
def test_a_notebook_carries_nothing_of_the_machine_that_built_it(stem):
    notebook = read(stem)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    text = Path(PATHS[stem]).read_text(encoding="utf-8")
    assert str(ROOT) not in text and str(Path.home()) + "/" not in text
