"""`show`: the real source of a piece of the package, in the notebook and without leaving it.

Read in chapter 01.
"""

from __future__ import annotations

import functools
import html
import inspect
import io
import keyword
import sys
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import NamedTuple

from .formulas import rule_of, table

ELISION = "    # …\n"  # stands where a selection leaves lines of a class out


def show(thing: object, *more: object, methods: Iterable[str] = ()) -> Listing:
    """Look inside: the Python source of `thing`, and of each of `more` in order.

    A function, class, method, property, module or operation rule shows its own source; any other
    object shows the source of its class. `methods` picks parts of one class, in the order of the file.

    Raises:
        TypeError: "show() needs something written in Python; … is not." for what has no source.

    >>> show(textwrap.dedent, methods=["x"])
    Traceback (most recent call last):
    TypeError: show() takes methods=… for one class, not for the function 'dedent'.
    """
    wanted = (methods,) if isinstance(methods, str) else tuple(methods)
    if wanted:
        if more or not isinstance(thing, type):
            what = "several things" if more else _describe(thing)
            raise TypeError(f"show() takes methods=… for one class, not for {what}.")
        return Listing((_selection(thing, wanted),))
    return Listing(tuple(_excerpt(x) for x in (thing, *more)))


class Excerpt(NamedTuple):
    """A piece of a source file: where it stands, and its text."""

    place: str  # 'learntorch/nn/layers.py', or 'this notebook'
    line: int
    text: str
    derivatives: str = ""  # for a rule: its formulas as mathematics, in HTML

    @property
    def link(self) -> str:
        """The address of the line, seen from a folder of notebooks; "" for what is not part of this package.

        The same from every folder, so that a page does not change with the place it was made in: a browser, and
        JupyterLab, takes `..` at the top for the top. `#line=39` puts JupyterLab's cursor behind line 39.
        """
        return f"../{self.place}#line={self.line - 1}" if self.place.startswith("learntorch/") else ""

    @property
    def header(self) -> str:
        """The place and the line: `learntorch/nn/layers.py · line 40`."""
        return f"{self.place} · line {self.line}"


class Listing:
    """What `show` gives back: coloured source in a notebook, plain source elsewhere."""

    def __init__(self, excerpts: tuple[Excerpt, ...]) -> None:
        self.excerpts = excerpts

    def __repr__(self) -> str:
        return "\n\n".join(f"{e.header}\n\n{e.text}" for e in self.excerpts)

    def _repr_html_(self) -> str:
        return _STYLE + "".join(
            f'<details class="lt-source" open><summary>{html.escape(e.header)}</summary>'
            # A box that scrolls needs the focus, so that the arrow keys can scroll it.
            f'<pre tabindex="0" role="region" aria-label="Source of {html.escape(e.header)}">'
            f"{highlight(e.text)}</pre>{e.derivatives}{_opens(e)}</details>"
            for e in self.excerpts
        )


def _opens(excerpt: Excerpt) -> str:
    if not excerpt.link:
        return ""
    return f'<p><a href="{html.escape(excerpt.link)}">Open {html.escape(excerpt.place)} at line {excerpt.line}</a></p>'


# ---------------------------------------------------------------------------------------------------
# Finding the source


def _excerpt(thing: object) -> Excerpt:
    target = _target(thing)
    lines, line = _lines(target, thing)
    rule = rule_of(thing)
    derivatives = table(rule) if rule is not None and target is rule.fn else ""
    return Excerpt(_place(target), line, _tidy("".join(lines)), derivatives)


def _selection(cls: type, wanted: tuple[str, ...]) -> Excerpt:
    """The class statement and the methods named, with `# …` where lines are left out."""
    lines, first = _lines(cls, cls)
    spans = []
    for name in wanted:
        if name not in vars(cls):
            raise AttributeError(f"class {cls.__name__} defines no method {name!r} of its own.")
        body, start = _lines(_target(vars(cls)[name]), vars(cls)[name])
        spans.append((start - first, start - first + len(body)))
    spans.sort()
    end = _header_length(lines)
    shown = lines[:end]
    for start, stop in spans:
        left_out = "".join(lines[end:start]).strip()
        shown += ["\n"] * (end > _header_length(lines)) + [ELISION, "\n"] * bool(left_out)
        shown += lines[start:stop]
        end = stop
    if "".join(lines[end:]).strip():
        shown += ["\n", ELISION]
    return Excerpt(_place(cls), first, _tidy("".join(shown)))


def _header_length(lines: list[str]) -> int:
    """How many lines the decorators and the `class …:` statement take."""
    depth, statement = 0, False
    for token in tokenize.generate_tokens(iter(lines).__next__):
        statement = statement or token[:2] == (tokenize.NAME, "class")
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if statement and depth == 0 and token.string == ":":
            return token.start[0]
    return 1


def _target(thing: object) -> object:
    """The object that Python's `inspect` can read, for whatever the user has in hand."""
    if isinstance(thing, (staticmethod, classmethod, MethodType)):
        return _target(thing.__func__)
    if isinstance(thing, property):
        return _target(thing.fget)
    if isinstance(thing, (functools.partial, functools.cached_property)):
        return _target(thing.func)
    # A public operation, and a node of the graph, comes from a rule, and a reader wants to see that. A class
    # is passed by: asked for a class, show the class.
    rule = None if isinstance(thing, type) else getattr(thing, "rule", thing)
    if isinstance(getattr(rule, "fn", None), FunctionType):
        return rule.fn
    if isinstance(thing, (FunctionType, type, ModuleType)):
        return thing
    if inspect.isroutine(thing):
        return thing  # written in C: `_lines` says so
    return type(thing)


def _lines(target: object, thing: object) -> tuple[list[str], int]:
    try:
        if isinstance(target, ModuleType):
            return inspect.getsource(target).splitlines(keepends=True), 1
        return inspect.getsourcelines(target)
    except (TypeError, OSError):
        raise TypeError(
            f"show() needs something written in Python; {_describe(thing)} is not. "
            "Give it a function, a class, a method or a module, without calling it."
        ) from None


def _describe(thing: object) -> str:
    if isinstance(thing, ModuleType):
        return f"the module {thing.__name__!r}"
    if isinstance(thing, type):
        return f"the class {thing.__name__!r}"
    if inspect.isroutine(thing):
        return f"the function {thing.__name__!r}"
    return f"an object of type {type(thing).__name__!r}"


def _place(target: object) -> str:
    """The file, seen from the folder that holds its package, with forward slashes everywhere."""
    target = inspect.unwrap(target) if callable(target) else target
    file = Path(inspect.getsourcefile(target) or inspect.getfile(target))
    module = target.__name__ if isinstance(target, ModuleType) else target.__module__
    if module == "__main__":
        return "this notebook"  # its cells have file names that differ from run to run
    package = sys.modules[module.partition(".")[0]]
    home = Path(package.__file__).parent
    if hasattr(package, "__path__"):
        home = home.parent
    return file.relative_to(home).as_posix() if file.is_relative_to(home) else file.name


def _tidy(source: str) -> str:
    return textwrap.dedent(source).rstrip()


# ---------------------------------------------------------------------------------------------------
# Colouring it


def highlight(source: str) -> str:
    """`source` as HTML: escaped, and each token in a `<span>` that names its kind.

    >>> highlight("return 1 < x")
    '<span class="k">return</span> <span class="n">1</span> &lt; x'
    """
    out, row, column = [], 1, 0
    lines = source.splitlines(keepends=True)

    def plain(until_row: int, until_column: int) -> str:
        """The text from where we are to there."""
        if until_row == row:
            return lines[row - 1][column:until_column] if row <= len(lines) else ""
        between = lines[row - 1][column:] + "".join(lines[row : until_row - 1])
        return between + (lines[until_row - 1][:until_column] if until_row <= len(lines) else "")

    for kind, start, end in _kinds(source):
        out.append(html.escape(plain(*start), quote=False))
        row, column = start
        text = html.escape(plain(*end), quote=False)
        out.append(f'<span class="{kind}">{text}</span>')
        row, column = end
    out.append(html.escape(plain(len(lines) + 1, 0), quote=False))
    return "".join(out)


Position = tuple[int, int]


def _kinds(source: str) -> Iterator[tuple[str, Position, Position]]:
    """Each token that has a colour: its kind, where it starts, where it ends.

    Kinds: k keyword, s string, n number, c comment, d name being defined, a decorator.
    """
    before, opened, started = "", 0, (1, 0)
    for token in _tokens(source):
        name = tokenize.tok_name[token.type]
        # Before Python 3.12 an f-string is one token, since then it is many. Joined here, so that
        # a page looks the same, byte for byte, under every Python.
        if name.endswith("STRING_START"):
            started = started if opened else token.start
            opened += 1
        elif name.endswith("STRING_END"):
            opened -= 1
            if not opened:
                yield "s", started, token.end
        elif opened:
            pass
        elif name == "COMMENT":
            yield "c", token.start, token.end
        elif name == "STRING":
            yield "s", token.start, token.end
        elif name == "NUMBER":
            yield "n", token.start, token.end
        elif name == "NAME" and before in ("def", "class"):
            yield "d", token.start, token.end
        elif name == "NAME" and before == "@":
            yield "a", token.start, token.end
        elif name == "NAME" and keyword.iskeyword(token.string):
            yield "k", token.start, token.end
        # `@` decorates only where a line begins; elsewhere it multiplies matrices.
        starts_line = not token.line[: token.start[1]].strip()
        before = token.string if token.string != "@" or starts_line else ""


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of `source`, up to the first place that Python cannot read."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(source).readline)
    except (tokenize.TokenError, SyntaxError):
        return


# Text and background are JupyterLab's own, in its light and in its dark theme; the second value is for every other
# page. The colours of the code are not: some of its own are too pale to read (contrast below 4.5 : 1). The name is
# doubled because JupyterLab has rules for every table and every `pre`, and the more specific rule wins.
_STYLE = """<style>
.lt-source.lt-source { border: 1px solid var(--jp-border-color2, #bdbdbd); border-radius: 4px; margin: 4px 0;
  color: var(--jp-content-font-color1, #212121); background: var(--jp-cell-editor-background, #f7f7f7) }
.lt-source.lt-source summary { cursor: pointer; padding: 4px 10px;
  font: 600 var(--jp-ui-font-size1, 13px) var(--jp-ui-font-family, sans-serif) }
.lt-source.lt-source pre { margin: 0; padding: 8px 12px; max-height: 32em; overflow: auto; tab-size: 4;
  border-top: 1px solid var(--jp-border-color2, #bdbdbd); white-space: pre; text-align: left;
  background: transparent; color: inherit;
  font: var(--jp-code-font-size, 13px)/1.45 var(--jp-code-font-family, Menlo, Consolas, monospace) }
.lt-source.lt-source p { margin: 0; padding: 4px 12px; border-top: 1px solid var(--jp-border-color2, #bdbdbd);
  font: var(--jp-ui-font-size1, 13px) var(--jp-ui-font-family, sans-serif) }
.lt-source.lt-source a { color: inherit; text-decoration: underline }
.lt-source.lt-source .lt-maths { display: block; overflow-x: auto; margin: 0; padding: 4px 12px 8px; border: 0;
  border-top: 1px solid var(--jp-border-color2, #bdbdbd); border-collapse: collapse; color: inherit;
  font: var(--jp-ui-font-size1, 13px)/1.5 var(--jp-ui-font-family, sans-serif) }
.lt-source.lt-source .lt-maths caption { display: block; padding: 0 0 4px; text-align: left; color: inherit }
.lt-source.lt-source .lt-maths tr { background: transparent }
.lt-source.lt-source .lt-maths th { padding: 4px 16px 4px 0; border: 0; font-weight: 400; text-align: left;
  white-space: nowrap }
.lt-source.lt-source .lt-maths td { padding: 4px 0; border: 0; text-align: left; white-space: nowrap }
.lt-source.lt-source math { font-size: 1.2em }
.lt-source.lt-source .k { color: #00682a; font-weight: 600 }
.lt-source.lt-source .s { color: #a11515 }
.lt-source.lt-source .n { color: #006a43 }
.lt-source.lt-source .c { color: #4a6969; font-style: italic }
.lt-source.lt-source .d { color: #0000c8; font-weight: 600 }
.lt-source.lt-source .a { color: #8700b8 }
[data-jp-theme-light="false"] .lt-source.lt-source .k { color: #81c784 }
[data-jp-theme-light="false"] .lt-source.lt-source .s { color: #ff9e93 }
[data-jp-theme-light="false"] .lt-source.lt-source .n { color: #a5d6a7 }
[data-jp-theme-light="false"] .lt-source.lt-source .c { color: #9fb8b8 }
[data-jp-theme-light="false"] .lt-source.lt-source .d { color: #82b1ff }
[data-jp-theme-light="false"] .lt-source.lt-source .a { color: #d7a3ff }
</style>
"""
