"""`show`: it finds the right lines, gives them as text, and colours them without changing a letter.

The behaviour of `learntorch.course.source`.
"""

import functools
import html
import importlib
import inspect
import json
import re
import sys
import textwrap
import tokenize
from pathlib import Path

import pytest

import learntorch
from learntorch.course import show, source
from learntorch.devices import CPU, device, device_of
from learntorch.dtypes import dtype

PACKAGE = Path(learntorch.__file__).parent


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """A package of two files, with an operation made from a rule in the way the engine makes them."""
    (tmp_path / "sample_pkg").mkdir()
    (tmp_path / "sample_pkg" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "sample_pkg" / "ops.py").write_text(
        textwrap.dedent(
            '''\
            """Two operations."""
            import functools

            class Rule:
                def __init__(self, fn):
                    self.fn = self.__wrapped__ = fn

            def differentiable(**formulas):
                return Rule

            def recorded(rule):
                def call(*inputs):
                    return rule.fn(*inputs)
                call.rule = rule
                return call

            @differentiable(a=lambda g, b: g * b,  # first
                            b=lambda g, a: g * a)
            def mul(a, b):
                """Elementwise product."""
                return a * b

            times = recorded(mul)

            @functools.cache
            def wrapped(x):
                return x

            class Box:
                """A node of a graph: the class knows its rule."""
                rule = mul

                def first(self):
                    return 1

                @property
                def second(self):
                    return 2

                @staticmethod
                def third():
                    return 3

                def last(self):
                    return f"{self.second:>{self.first()}} and {'text'!r}"
            '''
        ),
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("sample_pkg.ops")
    for name in ("sample_pkg", "sample_pkg.ops"):
        del sys.modules[name]


def test_a_function_shows_its_file_line_and_text():
    lines, line = inspect.getsourcelines(device_of)
    assert repr(show(device_of)) == f"learntorch/devices.py · line {line}\n\n" + "".join(lines).rstrip()


def test_the_path_is_relative_and_has_forward_slashes():
    assert show(device_of).excerpts[0].place == "learntorch/devices.py"
    assert show(source.Listing).excerpts[0].place == "learntorch/course/source.py"
    assert show(json.dumps).excerpts[0].place == "json/__init__.py"
    assert show(textwrap.dedent).excerpts[0].place == "textwrap.py"


def test_an_operation_shows_its_rule_with_the_formulas(sample):
    for thing in (sample.times, sample.mul):
        text = repr(show(thing))
        assert text.startswith("sample_pkg/ops.py · line 17\n\n@differentiable(a=lambda g, b: g * b,")
        assert text.endswith("    return a * b")


def test_every_kind_of_thing(sample):
    first = {
        sample.Box: "class Box:",
        sample.Box().last: "def last(self):",
        sample.Box.second: "@property",
        sample.Box.__dict__["third"]: "@staticmethod",
        sample.wrapped: "@functools.cache",
        functools.partial(sample.recorded, None): "def recorded(rule):",
        sample: '"""Two operations."""',
        source.Excerpt("", 0, ""): "class Excerpt(NamedTuple):",
        sample.Box(): "@differentiable(a=lambda g, b: g * b,  # first",  # a node of a graph: its rule
    }
    for thing, line in first.items():
        assert show(thing).excerpts[0].text.splitlines()[0] == line
    assert show(sample).excerpts[0].line == 1
    assert show(CPU).excerpts[0].text.startswith("class device:")
    assert show(dtype.itemsize).excerpts[0].text.startswith("@property\ndef itemsize(")


def test_several_in_order():
    names = re.findall(r"^(?:def|class) (\w+)", repr(show(device_of, device, device_of)), re.M)
    assert names == ["device_of", "device", "device_of"]


def test_a_method_starts_at_the_margin(sample):
    assert show(sample.Box.last).excerpts[0].text.splitlines()[1].startswith("    return")


def test_parts_of_a_class(sample):
    # In the order of the file, whatever the order asked for; `# …` only where lines are left out.
    assert show(sample.Box, methods=("third", "second")).excerpts[0].text == textwrap.dedent(
        """\
        class Box:
            # …

            @property
            def second(self):
                return 2

            @staticmethod
            def third():
                return 3

            # …"""
    )
    assert show(sample.Box, methods="last").excerpts[0].text.endswith("{'text'!r}\"")


def test_parts_of_a_class_with_a_long_header(tmp_path, monkeypatch):
    (tmp_path / "long_header.py").write_text(
        "def mark(**k):\n    return lambda c: c\n\n\n@mark(a={1: 2})\nclass Long(\n    dict,\n):\n"
        "    def only(self):\n        pass\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("long_header")
    assert show(module.Long, methods=["only"]).excerpts[0].text == (
        "@mark(a={1: 2})\nclass Long(\n    dict,\n):\n    def only(self):\n        pass"
    )


def test_what_has_no_source_is_refused_in_a_sentence():
    for thing, words in (
        (len, "the function 'len'"),
        (3, "an object of type 'int'"),
        (sys, "the module 'sys'"),
        (dict, "the class 'dict'"),
    ):
        with pytest.raises(TypeError) as error:
            show(thing)
        assert str(error.value).startswith(f"show() needs something written in Python; {words} is not. Give")


def test_a_wrong_selection_is_refused():
    with pytest.raises(AttributeError, match="class device defines no method 'forward' of its own"):
        show(device, methods=["forward"])
    with pytest.raises(TypeError, match="for one class, not for several things"):
        show(device, device_of, methods=["__init__"])


def test_notebook_code_has_no_file_name(monkeypatch):
    # A notebook's cells have file names that hold a process number.
    import linecache

    text = "def cell():\n    return 1\n"
    name = "/somewhere/ipykernel_123/456.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space = {"__name__": "__main__"}
    exec(compile(text, name, "exec"), space)
    assert repr(show(space["cell"])) == "this notebook · line 1\n\n" + text.rstrip()
    del linecache.cache[name]


def _plain(coloured: str) -> str:
    return html.unescape(re.sub(r"</?span[^>]*>", "", coloured))


FILES = sorted(file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES)
def test_colouring_changes_no_letter(file):
    text = (PACKAGE / file).read_text(encoding="utf-8")
    assert _plain(source.highlight(text)) == text


ODD = ["", "x", "(", "'never closed", 'x = """a\nb', "a\n\n\n", "\tif é < 2:\n\t\tπ = 'ü'", "a\r\nb"]


@pytest.mark.parametrize("text", ODD)
def test_colouring_survives_any_text(text):
    assert _plain(source.highlight(text)) == text


def test_the_kinds_that_are_coloured():
    assert source.highlight("@cache\ndef f(x):  # why\n    return x @ 'a' if x else 1") == (
        '@<span class="a">cache</span>\n<span class="k">def</span> <span class="d">f</span>(x):  '
        '<span class="c"># why</span>\n    <span class="k">return</span> x @ <span class="s">\'a\'</span> '
        '<span class="k">if</span> x <span class="k">else</span> <span class="n">1</span>'
    )


def test_an_f_string_is_one_piece_under_every_python():
    text = """f"a {x!r} {f'{y}':{3}} b" """
    assert source.highlight(text) == f'<span class="s">{text.strip()}</span> '


def test_an_f_string_in_pieces_is_joined(monkeypatch):
    # What Python 3.12 and later hand out for f"{x!r}f" if 1, whatever Python runs the test.
    for number, name in ((901, "FSTRING_START"), (902, "FSTRING_MIDDLE"), (903, "FSTRING_END")):
        monkeypatch.setitem(tokenize.tok_name, number, name)
    line = 'f"{x!r}f" if 1'
    parts = [(901, 'f"', 0), (tokenize.OP, "{", 2), (tokenize.NAME, "x", 3), (tokenize.OP, "!", 4),
             (tokenize.NAME, "r", 5), (tokenize.OP, "}", 6), (902, "f", 7), (903, '"', 8),
             (tokenize.NAME, "if", 10), (tokenize.NUMBER, "1", 13)]  # fmt: skip
    tokens = [tokenize.TokenInfo(t, s, (1, at), (1, at + len(s)), line) for t, s, at in parts]
    monkeypatch.setattr(source, "_tokens", lambda text: iter(tokens))
    assert source.highlight(line) == (
        '<span class="s">f"{x!r}f"</span> <span class="k">if</span> <span class="n">1</span>'
    )


def test_the_page_is_escaped_scrolls_and_takes_the_themes_colours(sample):
    page = show(sample.Box)._repr_html_()
    assert "sample_pkg/ops.py · line 29</summary>" in page
    assert '<details class="lt-source" open>' in page and 'tabindex="0"' in page
    assert "max-height" in page and "overflow: auto" in page
    assert "&gt;{self.first()}" in page


def luminance(colour: str) -> float:
    """The relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("theme", "grounds"), [("", ("#ffffff", "#f5f5f5")), ("dark", ("#111111", "#212121"))])
def test_the_colours_of_the_code_can_be_read_in_both_themes(theme, grounds):
    rules = re.findall(r"(.*)\.lt-source\.lt-source \.([ksncda]) \{ color: (#\w+)", source._STYLE)
    colours = {kind: colour for selector, kind, colour in rules if bool(selector) == bool(theme)}
    assert set(colours) == set("ksncda")
    for colour in colours.values():
        for ground in grounds:
            low, high = sorted((luminance(colour), luminance(ground)))
            assert (high + 0.05) / (low + 0.05) >= 4.5


def test_the_same_on_every_run():
    assert show(device)._repr_html_() == show(device)._repr_html_()
    assert " at 0x" not in repr(show(device))


# The link and the mathematics ------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [device, show, learntorch.nn.Linear, learntorch.mul, learntorch.nn.functional])
def test_the_link_leads_to_the_line_from_every_folder_of_notebooks(thing, monkeypatch, tmp_path):
    (excerpt,) = show(thing).excerpts
    path, _, line = excerpt.link.partition("#line=")
    file = (PACKAGE.parent / "chapters" / path).resolve()
    assert file.is_file() and file == (PACKAGE.parent / "exercises" / path).resolve()
    rows = file.read_text(encoding="utf-8").splitlines()
    assert rows[int(line)].strip() == excerpt.text.splitlines()[0]  # #line=0 is the first line
    page = show(thing)._repr_html_()
    assert f'<a href="{excerpt.link}">Open {excerpt.place} at line {excerpt.line}</a>' in page
    monkeypatch.chdir(tmp_path)
    assert show(thing)._repr_html_() == page


def test_no_link_to_what_is_not_beside_the_notebooks(sample):
    assert "<a " not in show(sample.Box)._repr_html_() + show(textwrap)._repr_html_()


def test_a_rule_shows_its_derivatives_as_mathematics_and_nothing_else_does():
    node = (learntorch.ones(1, requires_grad=True) * 2).grad_fn
    for thing in (learntorch.mul, learntorch.Tensor.mul, node):
        page = show(thing)._repr_html_()
        assert page.count('<table class="lt-maths">') == 1 and "with respect to b" in page
    for thing in (learntorch.nn.Linear, learntorch.logical_and, learntorch.zeros):
        assert "<table" not in show(thing)._repr_html_()


def test_the_text_is_the_source_alone():
    assert repr(show(learntorch.mul)).endswith("def mul(a, b):\n" + inspect.getsource(learntorch.mul.rule.fn).partition(
        "def mul(a, b):\n")[2].rstrip())  # fmt: skip
