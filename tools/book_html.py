"""Turn notebooks, Markdown and source files into HTML for the book; tools/book.py puts pages around it.

nbconvert does the work, with the template in tools/book/. What is added here: mathematics becomes MathML while the
book is built, so that a page needs no script; headings get the addresses that JupyterLab gives them; and links to
files of the repository are marked, for whoever knows where those files ended up.
"""

from __future__ import annotations

import functools
import html
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import nbformat
from jinja2 import pass_context
from jupyterlab_pygments import JupyterStyle
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound

HERE = Path(__file__).resolve().parent
TAG = re.compile(r"<[^>]+>")
OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
MARK = "\ue000"  # begins what is not settled yet; a letter of no language, so that no text contains it
PLACE = re.compile(rf'\b(?P<name>href|src)="{MARK}(?P<path>[^"#]*)(?:#(?P<part>[^"]*))?"')
ID = re.compile(rf'\bid="{MARK}([^"]*)"')
# What `show` links to, in JupyterLab's words: the file, and the number of the line, counted from 0.
SHOWN = re.compile(r'\bhref="\.\./(learntorch/[\w/]+\.py)#line=(\d+)"')


@dataclass
class Body:
    """The inside of a page, its links and ids not yet settled."""

    source: str  # the file that it comes from, seen from the repository: 'chapters/03_autograd.ipynb'
    html: str
    title: str  # its first heading, as HTML
    sections: list[tuple[str, str]] = field(default_factory=list)  # its headings of the second level: (id, HTML)

    @property
    def links(self) -> set[str]:
        """The files of the repository that it links to."""
        return {html.unescape(unquote(match["path"])) for match in PLACE.finditer(self.html)}

    @property
    def places(self) -> list[str]:
        """The ids of its headings."""
        return [html.unescape(name) for name in ID.findall(self.html)]

    def settled(self, address, prefix: str = "") -> str:
        """The HTML with `address(path, part)` for every link, and `prefix` before every id.

        Where there is no address (None), the text of the link stays and the link goes.
        """

        def link(match: re.Match) -> str:
            found = address(html.unescape(unquote(match["path"])), html.unescape(match["part"] or ""))
            return "data-nowhere" if found is None else f'{match["name"]}="{html.escape(found)}"'

        return ID.sub(lambda m: f'id="{prefix}{m[1]}"', PLACE.sub(link, self.html))


class Renderer(IPythonRenderer):
    """Markdown → HTML, as described at the top of this file."""

    def __init__(self, source: str, headings: list[tuple[int, str, str]], **options):
        super().__init__(escape=False, exclude_anchor_links=True, **options)
        self.source, self.headings = source, headings

    def heading(self, text: str, level: int, **attrs) -> str:
        place = heading_id(html.unescape(TAG.sub("", text)))
        taken = {name for _, name, _ in self.headings}
        number, name = 1, place
        while name in taken:
            number += 1
            name = f"{place}-{number}"
        self.headings.append((level, name, text))
        return f'<h{level} id="{MARK}{html.escape(name)}">{text}</h{level}>\n'

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def block_math(self, body: str) -> str:
        return f'<div class="math">{mathml(body.strip(), displayed=True)}</div>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return f'<a href="{html.escape(self.place(url))}">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("attachment:"):
            url = self._embed_image_or_attachment(url)
        return f'<img src="{html.escape(self.place(url))}" alt="{html.escape(html.unescape(text))}">'

    def block_code(self, code: str, info: str | None = None) -> str:
        language = (info or "").split()
        lexer = PythonLexer() if language and language[0] in ("python", "py") else TextLexer()
        return highlight(code, lexer, HtmlFormatter())

    def place(self, url: str) -> str:
        """`url`, marked if it leads to a file of the repository."""
        if OUTSIDE.match(url):
            return url
        path, _, part = url.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.source), path)) if path else self.source
        return f"{MARK}{path}" + (f"#{part}" if part else "")


@functools.cache
def mathml(formula: str, displayed: bool = False) -> str:
    """A formula as MathML. An unknown command is an error: the author sees it, not the reader."""
    from math_core import LatexToMathML  # here, so that a book without formulas needs one package less

    return LatexToMathML().convert_with_local_state(formula, displaystyle=displayed)


def heading_id(text: str) -> str:
    """The address of a heading within its page, as JupyterLab forms it: blanks become hyphens.

    >>> heading_id("The order of the walk")
    'The-order-of-the-walk'
    """
    return text.strip().replace(" ", "-")


class Exporter(HTMLExporter):
    """nbconvert's exporter with the book's template and renderer."""

    def __init__(self, **options):
        super().__init__(template_name="book", extra_template_basedirs=[str(HERE)], **options)
        self.source, self.headings = "", []

    @pass_context
    def markdown2html(self, context, source):
        cell = context.get("cell", {})
        return self.render(source, attachments=cell.get("attachments", {}))

    def render(self, text: str, **options) -> str:
        renderer = Renderer(self.source, self.headings, **options)
        return MarkdownWithMath(renderer=renderer).render(text)

    def start(self, source: str) -> None:
        """Begin a page."""
        self.source, self.headings = source, []

    def body(self, content: str) -> Body:
        """The page begun, with this content."""
        title = next((text for level, _, text in self.headings if level == 1), self.source)
        return Body(self.source, content, title, [(name, text) for level, name, text in self.headings if level == 2])


def notebook_body(exporter: Exporter, path: Path, source: str) -> Body:
    """A notebook with the outputs that it was saved with; nothing is run."""
    exporter.start(source)
    content, _ = exporter.from_notebook_node(nbformat.read(path, as_version=4))
    return exporter.body(SHOWN.sub(lambda m: f'href="{MARK}{m[1]}#L-{int(m[2]) + 1}"', content))


def markdown_body(exporter: Exporter, path: Path, source: str) -> Body:
    """A page of Markdown."""
    exporter.start(source)
    return exporter.body(f'<div class="text">\n{exporter.render(path.read_text(encoding="utf-8"))}\n</div>')


def code_body(path: Path, source: str) -> Body:
    """A source file with colours and line numbers, each line with an id of its own: #L-12."""
    text = path.read_text(encoding="utf-8")
    try:
        lexer = get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = TextLexer()
    formatter = HtmlFormatter(linenos="inline", linespans="L", cssclass="highlight file")
    title = f"<code>{html.escape(source)}</code>"
    return Body(source, f"<h1>{title}</h1>\n{highlight(text, lexer, formatter)}", title)


def code_style() -> str:
    """The colours of code, as names of JupyterLab's colours; style.css gives them values in both schemes."""
    rules = HtmlFormatter(style=JupyterStyle).get_style_defs(".highlight").splitlines()
    return "\n".join(rule for rule in rules if rule.startswith(".highlight "))
