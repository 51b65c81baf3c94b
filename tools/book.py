"""Make the book: the whole course as HTML pages and as one PDF, from the notebooks as they are saved. `make book`.

    python tools/book.py               build/book/html/ and build/book/learntorch.pdf
    python tools/book.py --html        the pages only (no browser needed)

Nothing is run, and nothing is fetched, neither while the book is made nor while it is read: the pages have no
scripts, and formulas are MathML. A file of the repository that a page links to becomes a page as well.
"""

from __future__ import annotations

import argparse
import io
import posixpath
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import navigation
import nbformat
from book_html import HERE, Body, Exporter, code_body, code_style, markdown_body, notebook_body
from jinja2 import Environment, FileSystemLoader

import learntorch
from learntorch.course import show
from learntorch.course.syllabus import CHAPTERS
from notebooks import ROOT

LANDING = "README.ipynb"  # in the book, links to it lead to the list of contents
GLOSSARY = "docs/glossary.md"
TABS = [("docs/glossary.html", "Glossary"), ("lab.html", "Working in JupyterLab")]
PICTURES = (".png", ".svg", ".jpg")
TEMPLATES = Environment(loader=FileSystemLoader(HERE / "book"), autoescape=False)
TEMPLATES.filters["css_string"] = lambda text: '"' + re.sub(r'["\\]', r"\\\g<0>", text) + '"'


# --- Pages -----------------------------------------------------------------------------------------


def page_of(source: str) -> str:
    """The address of a file's page within the book.

    >>> page_of("chapters/03_autograd.ipynb"), page_of("learntorch/graph.py"), page_of("README.ipynb")
    ('chapters/03_autograd.html', 'learntorch/graph.py.html', 'lab.html')
    """
    if source == LANDING:
        return "lab.html"
    stem, suffix = posixpath.splitext(source)
    if suffix in (".ipynb", ".md"):
        return stem + ".html"
    return source if suffix in PICTURES else source + ".html"


def first_sources(root: Path) -> list[str]:
    """What the book consists of, in its order; what these link to comes on top."""
    found = [LANDING]
    for folder in ("chapters", "exercises", "solutions"):
        found += sorted(f"{folder}/{path.name}" for path in (root / folder).glob("[0-9]*.ipynb"))
    return found + sorted(f"docs/{path.name}" for path in (root / "docs").glob("*.md"))


def read_all(root: Path) -> tuple[dict[str, Body], list[str]]:
    """Every page of the book by its source, and the pictures that the pages show."""
    exporter = Exporter()
    bodies: dict[str, Body] = {}
    pictures: list[str] = []
    waiting = first_sources(root)
    while waiting:
        source = waiting.pop(0)
        path = root / source
        if source in bodies or source in pictures:
            continue
        if path.suffix in PICTURES:
            pictures.append(source)
            continue
        if path.suffix == ".ipynb":
            bodies[source] = notebook_body(exporter, path, source)
        elif path.suffix == ".md":
            bodies[source] = markdown_body(exporter, path, source)
        else:
            bodies[source] = code_body(path, source)
        for link in sorted(bodies[source].links):
            if (root / link).is_file():
                waiting.append(link)
            elif link != source:
                raise SystemExit(f"{source} links to {link}, which does not exist. Mend the link and build again.")
    return bodies, pictures


def addresses(page: str, bodies: dict[str, Body]):
    """A function that says how `page` links to a file of the repository."""
    folder = posixpath.dirname(page) or "."

    def address(path: str, part: str) -> str:
        target = "index.html" if path == LANDING else page_of(path)
        return quote(posixpath.relpath(target, folder)) + (f"#{place_in(bodies.get(path), part)}" if part else "")

    return address


def place_in(body: Body | None, part: str) -> str:
    """The id on a page that a link means by `part`: JupyterLab's form, or a git host's, which has small letters."""
    small = {name.lower(): name for name in body.places} if body else {}
    return quote(small.get(unquote(part).lower(), unquote(part)))


def write_html(root: Path, out: Path, bodies: dict[str, Body], pictures: list[str]) -> int:
    """Write every page, the list of contents, the pictures and the stylesheet. Returns the number of pages."""
    for source, body in bodies.items():
        page = page_of(source)
        write_page(out, page, body.title, body.settled(addresses(page, bodies)), body.sections)
    write_page(out, "index.html", "Learn PyTorch by reading one", contents(root, bodies), [])
    for picture in pictures:
        (out / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / picture, out / picture)
    (out / "style.css").write_text(style(), encoding="utf-8")
    return len(bodies) + 1


def write_page(out: Path, page: str, title: str, body: str, sections: list[tuple[str, str]]) -> None:
    up = "../" * page.count("/")
    text = TEMPLATES.get_template("page.html.j2").render(
        title=title, page=page, body=body, sections=sections, up=up, tabs=TABS, version=learntorch.__version__
    )
    (out / page).parent.mkdir(parents=True, exist_ok=True)
    (out / page).write_text(text, encoding="utf-8")


def contents(root: Path, bodies: dict[str, Body]) -> str:
    """The first page."""
    rows = []
    for chapter in CHAPTERS:
        source = f"chapters/{chapter.stem}.ipynb"
        sections = [
            f'<a href="chapters/{chapter.stem}.html#{quote(name)}">{text}</a>' for name, text in bodies[source].sections
        ]
        rows.append(
            {
                "number": chapter.number,
                "stem": chapter.stem,
                "title": bodies[source].title,
                "minutes": navigation.reading_time(nbformat.read(root / source, as_version=4).cells),
                "exercises": navigation.exercises_of(chapter.stem),
                "sections": sections,
            }
        )
    more = [(page_of(s), body.title) for s, body in bodies.items() if s == LANDING or s.startswith("docs/")]
    return TEMPLATES.get_template("contents.html.j2").render(chapters=rows, more=more)


def style() -> str:
    """The stylesheet: ours, the colours of code, and what `show` means for a dark JupyterLab for a dark page."""
    shown = show(page_of)._repr_html_()
    dark = "\n".join(
        f":root {rule}" for rule in re.findall(r'^\[data-jp-theme-light="false"\] (.*)$', shown, re.MULTILINE)
    )
    parts = [(HERE / "book" / "style.css").read_text(encoding="utf-8"), code_style()]
    return "\n".join([*parts, f"@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}", ""])


# --- The PDF ---------------------------------------------------------------------------------------


@dataclass
class Part:
    """A part of the printed book: one notebook, or the glossary."""

    key: str  # the start of all its ids
    title: str
    running: str  # what stands at the head of its pages
    body: str
    sections: list[tuple[str, str]]
    opens: str = ""  # a heading above it in the list of contents


def parts(bodies: dict[str, Body]) -> list[Part]:
    """The chapters, the exercises, the solutions and the glossary, their links made into links within one file."""
    order = [s for s in bodies if s.split("/")[0] in ("chapters", "exercises", "solutions")]
    order += [GLOSSARY] if GLOSSARY in bodies else []
    keys = {source: re.sub(r"\W+", "-", page_of(source).removesuffix(".html")) for source in order}

    def address(path: str, part: str) -> str | None:
        if path == LANDING:
            return "#contents"
        if path not in keys:
            return None  # a file that is not printed
        return f"#{keys[path]}--{place_in(bodies[path], part)}" if part else f"#{keys[path]}"

    found, before = [], ""
    for source in order:
        body, key, folder = bodies[source], keys[source], source.split("/")[0]
        plain = re.sub(r"<[^>]+>", "", body.title)
        settled = body.settled(address, prefix=f"{key}--").replace("<details>", "<details open>")
        sections = [(f"{key}--{name}", text) for name, text in body.sections] if folder == "chapters" else []
        opens = {"docs": "Glossary"}.get(folder, folder.capitalize()) if folder != before else ""
        found.append(Part(key, body.title, plain, settled, sections, opens))
        before = folder
    return found


def write_pdf(bodies: dict[str, Body], out: Path, chromium: str) -> int:
    """Print the book twice: the first print tells on which page everything is. Returns the number of pages."""
    from playwright.sync_api import sync_playwright
    from pypdf import PdfReader

    text, pages, found = out.with_suffix(".html"), {}, parts(bodies)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page()
        page.set_default_timeout(300_000)
        for _ in range(2):
            filled = TEMPLATES.get_template("print.html.j2").render(
                parts=found, pages=pages, style=style(), version=learntorch.__version__
            )
            text.write_text(filled, encoding="utf-8")
            page.goto(text.resolve().as_uri())
            page.emulate_media(media="print", color_scheme="light")
            pdf = page.pdf(format="A4", prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
            reader = PdfReader(io.BytesIO(pdf))
            pages = {
                unquote(name.removeprefix("/")): reader.get_destination_page_number(place) + 1
                for name, place in reader.named_destinations.items()
            }
        browser.close()
    out.write_bytes(pdf)
    text.unlink()
    return len(reader.pages)


# --- The command line ------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--html", action="store_true", help="the pages only, no PDF")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book")
    parser.add_argument("--chromium", default=None, help="default: what is on the PATH")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (for the tests)")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    bodies, pictures = read_all(options.root.resolve())
    pages = options.out / "html"
    shutil.rmtree(pages, ignore_errors=True)
    count = write_html(options.root.resolve(), pages, bodies, pictures)
    print(f"{count} pages in {pages}: open {pages / 'index.html'} ({time.monotonic() - start:.0f} s)", flush=True)
    if not options.html:
        from browser import browser_of

        pdf = options.out / "learntorch.pdf"
        sheets = write_pdf(bodies, pdf, browser_of(options.chromium))
        print(f"{pdf}: {sheets} pages, {pdf.stat().st_size / 1e6:.1f} MB ({time.monotonic() - start:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
