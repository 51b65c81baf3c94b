"""The book and what every reader needs of a page: pictures in words, headings in order, links that lead somewhere."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import book
import book_html
import nbformat
import pytest

import notebooks

ROOT = notebooks.ROOT
NOTEBOOKS = [
    ROOT / "README.ipynb",
    *(p for d in ("chapters", "exercises", "solutions") for p in (ROOT / d).glob("*.ipynb")),
]
DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
every_notebook = pytest.mark.parametrize("path", sorted(NOTEBOOKS), ids=lambda p: p.relative_to(ROOT).as_posix())
every_document = pytest.mark.parametrize("path", sorted(DOCUMENTS), ids=lambda p: p.relative_to(ROOT).as_posix())
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
ID = re.compile(r'<\w+(?: [^<>]*?)? id="([^"]+)"')
HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)


def prose(markdown: str) -> str:
    """Markdown without its blocks of code."""
    return re.sub(r"^(```+|~~~+).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)


def markdown_of(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(prose(cell.source) for cell in cells if cell.cell_type == "markdown")


def check_alt(alt: str, name: str) -> None:
    """A description says something: several words, which the name of a file is not."""
    assert len(alt.split()) >= 4, f"The alt text {alt!r} of {name} says too little."
    assert Path(name).name.lower() not in alt.lower(), f"{alt!r} names the file and not what it shows."


def check_headings(text: str) -> None:
    levels = [len(marks) for marks, _ in HEADING.findall(text)]
    assert levels.count(1) == 1 and levels[0] == 1, "A page has one heading of the first level, at its top."
    for (_, above), before, after in zip(HEADING.findall(text), levels, levels[1:]):
        assert after <= before + 1, f"Below {above!r} a level of headings is left out."


# --- What every reader needs, read from the notebooks themselves -----------------------------------


@every_notebook
def test_every_picture_of_a_notebook_is_described(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for alt, name in PICTURE.findall(cell.source if cell.cell_type == "markdown" else ""):
            check_alt(alt, name)
        for output, kind in notebooks.images(cell):
            described = output.metadata.get(kind, {}).get("alt", "")
            if kind == "image/svg+xml":
                picture = output.data[kind]
                words = re.findall(r"<(?:title|desc)>([^<]*)</", picture) + re.findall(r'aria-label="([^"]*)"', picture)
                described = " ".join([described, *words])
            check_alt(described, kind)


@every_document
def test_every_picture_of_a_document_is_described(path):
    for alt, name in PICTURE.findall(prose(path.read_text(encoding="utf-8"))):
        check_alt(alt, name)


@every_notebook
def test_the_headings_of_a_notebook_are_in_order(path):
    check_headings(markdown_of(path))


@every_document
def test_the_headings_of_a_document_are_in_order(path):
    check_headings(prose(path.read_text(encoding="utf-8")))


# --- The pages -------------------------------------------------------------------------------------


def page_from(tmp_path: Path, *cells: nbformat.NotebookNode, source: str = "chapters/01_a.ipynb") -> book_html.Body:
    path = tmp_path / source
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    return book_html.notebook_body(book_html.Exporter(), path, source)


def text_cell(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def test_headings_have_the_addresses_of_jupyterlab_and_each_its_own(tmp_path):
    body = page_from(tmp_path, text_cell("# A *b*\n\n## Why `view` x\n\n### Look\n\n### Look"), text_cell("## Look"))
    assert body.places == ["A-b", "Why-view-x", "Look", "Look-2", "Look-3"]
    assert body.title == "A <em>b</em>"
    assert [name for name, _ in body.sections] == ["Why-view-x", "Look-3"]


@pytest.mark.parametrize(
    ("link", "href"),
    [
        ("02_b.ipynb#Some-part", "02_b.html#Some-part"),
        ("../README.ipynb", "../index.html"),
        ("../learntorch/nn/layers.py", "../learntorch/nn/layers.py.html"),
        ("../docs/glossary.md", "../docs/glossary.html"),
        ("#Below", "01_a.html#Below"),
        ("https://pytorch.org/", "https://pytorch.org/"),
    ],
)
def test_links_lead_to_the_pages_of_the_book(tmp_path, link, href):
    body = page_from(tmp_path, text_cell(f"# A\n\n[there]({link})"))
    settled = body.settled(book.addresses("chapters/01_a.html", {}))
    assert f'<a href="{href}">there</a>' in settled and book_html.MARK not in settled


def test_a_link_that_leads_nowhere_stops_the_book(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\n[gone](b.md)\n", encoding="utf-8")
    nbformat.write(nbformat.v4.new_notebook(cells=[text_cell("# A")]), tmp_path / "README.ipynb")
    with pytest.raises(SystemExit, match="docs/a.md links to docs/b.md, which does not exist"):
        book.read_all(tmp_path)


def test_outputs_are_shown_as_they_were_saved(tmp_path):
    outputs = [
        nbformat.v4.new_output("stream", text="a < b\n"),
        nbformat.v4.new_output("display_data", data={"text/html": "<b>bold</b>", "text/plain": "plain"}),
        nbformat.v4.new_output(
            "display_data", data={"image/png": "QUJD"}, metadata={"image/png": {"alt": 'A "line".'}}
        ),
        nbformat.v4.new_output("execute_result", data={"text/plain": "tensor([1.])"}, execution_count=1),
    ]
    body = page_from(tmp_path, text_cell("# A"), nbformat.v4.new_code_cell("x = 1", outputs=outputs))
    for piece in ("a &lt; b", "<b>bold</b>", "tensor([1.])", 'src="data:image/png;base64,QUJD"'):
        assert piece in body.html
    assert "plain</pre>" not in body.html
    (picture,) = re.findall(r"<img[^>]*>", body.html)
    assert html.unescape(re.search(r"alt=(['\"])(.*?)\1 ", picture)[2]) == 'A "line".'


def test_formulas_become_mathml(tmp_path):
    pytest.importorskip("math_core", reason="`make book` installs it")
    body = page_from(tmp_path, text_cell("# A\n\nHere $\\frac{1}{2}$ and\n\n$$\\sum_j x_j$$\n"))
    assert body.html.count("<math") == 2 and "<mfrac>" in body.html and "$" not in body.html


def test_a_source_file_has_its_lines_numbered(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n", encoding="utf-8")
    body = book_html.code_body(tmp_path / "a.py", "learntorch/a.py")
    assert 'id="L-1"' in body.html and 'id="L-2"' in body.html and body.title == "<code>learntorch/a.py</code>"


def test_the_printed_book_links_within_itself():
    mark = book_html.MARK
    text = f'<h2 id="{mark}B">B</h2><a href="{mark}x.py">x</a>'
    body = book_html.Body("chapters/01_a.ipynb", text, "1 · A", [("B", "B")])
    other = book_html.Body("chapters/02_b.ipynb", f'<a href="{mark}chapters/01_a.ipynb#B">b</a>', "2 · B", [])
    first, second = book.parts({"chapters/01_a.ipynb": body, "chapters/02_b.ipynb": other})
    assert first.body == '<h2 id="chapters-01_a--B">B</h2><a data-nowhere>x</a>'
    assert second.body == '<a href="#chapters-01_a--B">b</a>'
    assert (first.opens, second.opens) == ("Chapters", "") and first.sections == [("chapters-01_a--B", "B")]


# --- The book of this course -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    """Every page of the book by its address."""
    pytest.importorskip("math_core", reason="`make book` installs it")
    out = tmp_path_factory.mktemp("book")
    assert book.main(["--html", "--out", str(out)]) == 0
    return {
        path.relative_to(out / "html").as_posix(): path.read_text("utf-8") for path in (out / "html").rglob("*.html")
    }


def test_everything_is_in_the_book(pages):
    wanted = {book.page_of(path.relative_to(ROOT).as_posix()) for path in NOTEBOOKS}
    assert wanted | {"index.html", "docs/glossary.html"} <= set(pages)


def test_every_link_between_pages_leads_to_its_target(pages):
    ids = {page: set(map(html.unescape, ID.findall(text))) for page, text in pages.items()}
    for page, text in pages.items():
        for link in map(html.unescape, re.findall(r'<a [^>]*?href="([^"]+)"', text)):
            if re.match(r"[a-z]+:", link) or link.endswith((".pdf", ".png")):
                continue
            path, _, part = link.partition("#")
            target = book.posixpath.normpath(book.posixpath.join(book.posixpath.dirname(page), unquote(path)))
            target = target if path else page
            assert target in pages, f"{page} links to {link}"
            assert not part or unquote(part) in ids[target], f"{page} links to {link}"


def test_nothing_is_fetched_from_elsewhere(pages):
    for page, text in pages.items():
        assert not re.search(r'<script|@import|<(?:img|link|iframe)[^>]+(?:src|href)="(?:https?:)?//', text), page


def test_no_two_places_of_a_page_share_an_address(pages):
    for page, text in pages.items():
        outside = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
        twice = [name for name, count in Counter(ID.findall(outside)).items() if count > 1]
        assert not twice, f"{page}: {twice}"
