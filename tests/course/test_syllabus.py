"""The chapters keep to the syllabus: no name before the chapter that introduces it, none without a word.

The behaviour of `learntorch.course.syllabus` and `learntorch.course.names`.
"""

import io
import re
import tokenize

import pytest
from syllabus import chapters, table

from learntorch.course.names import FORMS, NAMESPACES, names_used
from learntorch.course.syllabus import CHAPTERS, known_in
from learntorch.tensor import Tensor
from notebooks import ROOT, read_source

STEMS = [
    "01_tensors", "02_numpy_interop", "03_autograd", "04_activations", "05_two_layer_numpy",
    "06_two_layer_tensors", "07_two_layer_autograd", "08_two_layer_nn", "09_two_layer_optim", "10_fizzbuzz",
]  # fmt: skip
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)


@pytest.fixture(scope="module")
def cells():
    """Chapter → its cells, in order."""
    return {source.stem: read_source(source).cells for source in chapters()}


def used(chapter_cells):
    code = [cell.source for cell in chapter_cells if cell.cell_type == "code"]
    return code, names_used(code, dir(Tensor))


def spelled(name):
    return name[1] if name[0] in ("torch", "object") else f"{name[0]}.{name[1]}"


# ---------------------------------------------------------------------------------------------------
# The chapters


def test_the_table_has_the_ten_chapters(cells):
    assert [chapter.stem for chapter in CHAPTERS] == STEMS == list(cells)
    for chapter in CHAPTERS:
        assert chapter.number == int(chapter.stem[:2])
        heading = next(line for line in cells[chapter.stem][0].source.splitlines() if line.startswith("# "))
        assert heading == f"# {chapter.number} · {chapter.title}"


@each_chapter
def test_no_name_comes_before_the_chapter_that_introduces_it(chapter, cells):
    code, names = used(cells[chapter.stem])
    early = [
        f"{spelled(name)} in code cell {cell + 1}: {code[cell].splitlines()[0]}"
        for name, cell in names.items()
        if name not in known_in(chapter.number)
    ]
    assert not early, "write the table anew with `python tools/syllabus.py`:\n" + "\n".join(early)


@each_chapter
def test_a_chapter_uses_what_it_introduces_and_nobody_introduced_it_before(chapter, cells):
    assert set(chapter.introduces) <= set(NAMESPACES)
    _, names = used(cells[chapter.stem])
    assert not chapter.names - set(names), "these names stand in the table and not in the chapter"
    assert not chapter.names & known_in(chapter.number - 1)


def _comments(code):
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def told(markdown):
    """The words of a piece of prose that can introduce a name: code, headings, and any word of four
    letters or more. A short word such as `t` or `add` counts only where it is meant as code."""
    return [
        *re.findall(r"```.*?```|``.+?``|`[^`]+`", markdown, re.S),
        *re.findall(r"^#.*$", markdown, re.M),
        *re.findall(r"\w{4,}", markdown),
    ]


@each_chapter
def test_a_name_is_introduced_in_prose_before_it_is_used(chapter, cells):
    code, names = used(cells[chapter.stem])
    so_far, said = [], []
    for cell in cells[chapter.stem]:
        if cell.cell_type == "markdown":
            so_far += told(cell.source)
        else:
            so_far += _comments(cell.source)
            said.append(" ".join(so_far))
    silent = [
        f"{spelled(name)} in code cell {cell + 1}: {code[cell].splitlines()[0]}"
        for name, cell in names.items()
        # How a figure is drawn need not be read, as chapter 01 says; what stands inside is being shown.
        if name in chapter.names and name[0] not in ("plt", "inside") and not _mentions(said[cell], name[1])
    ]
    assert not silent, "say in one clause what these are, at or before the cell:\n" + "\n".join(silent)


def _mentions(text, name):
    return re.search(rf"(?<!\w){re.escape(name.rpartition('.')[2])}(?!\w)", text)


def test_the_table_is_what_the_tool_writes():
    text = (ROOT / "learntorch" / "course" / "syllabus.py").read_text(encoding="utf-8")
    assert text.endswith(table()), "write the table anew with `python tools/syllabus.py`"


def test_every_file_of_the_package_says_where_it_is_read():
    package = ROOT / "learntorch"
    silent = [
        file.relative_to(package).as_posix()
        for file in sorted(package.rglob("*.py"))
        if not file.parent.name[:2].isdigit()  # the folder of an exercise names its chapter
        and (text := file.read_text(encoding="utf-8")).strip()
        and "Read in " not in text[:2000]
    ]
    assert not silent


# ---------------------------------------------------------------------------------------------------
# The reader of names


def read(*cells, tensor=("abs", "sum", "shape", "split", "item", "backward")):
    return names_used(cells, tensor)


def test_names_of_modules_under_any_spelling():
    assert read(
        "import learntorch as torch",
        "import learntorch.nn as nn\nimport learntorch.nn.functional as F\nfrom learntorch import optim",
        "from learntorch.autograd import Variable\nfrom learntorch.course import show, draw",
        "torch.nn.Linear, nn.functional.relu, F.relu, nn.init.zeros_, torch.optim.SGD, optim.Adam",
        "torch.cuda.is_available(), torch.utils.data.DataLoader, torch.float32",
    ) == {
        ("torch", "autograd.Variable"): 2,
        ("course", "show"): 2,
        ("course", "draw"): 2,
        ("nn", "Linear"): 3,
        ("F", "relu"): 3,
        ("nn", "init.zeros_"): 3,
        ("optim", "SGD"): 3,
        ("optim", "Adam"): 3,
        ("torch", "cuda.is_available"): 4,
        ("torch", "utils.data.DataLoader"): 4,
        ("torch", "float32"): 4,
    }


def test_methods_and_attributes():
    names = read("import learntorch as torch\nx = torch.ones(2).abs()\nx.sum().item\nnn.weight\ntorch.Tensor.abs")
    assert list(names) == [
        ("torch", "ones"), ("Tensor", "abs"), ("Tensor", "sum"), ("Tensor", "item"), ("object", "weight"),
        ("torch", "Tensor"),
    ]  # fmt: skip


def test_python_itself_does_not_count():
    assert not read("print(str(error).split('. ')[0].splitlines())", "'a b'.split(), f'{1}'.split()", "[].append(1)")
    assert not read("{}.items(), 'x'.join(y), error.args, function.__name__, x.__class__")


def test_what_the_cells_define_does_not_count():
    cell = "class Net:\n  def __init__(self):\n    self.conv = 1\n  def go(self):\n    self.conv\nNet().go()"
    assert not read(cell)
    # A tensor's own names count, unless they are the class's own.
    assert list(read("class A:\n  def sum(self):\n    return self.sum\nx.sum()")) == [("Tensor", "sum")]


def test_figures_are_told_from_tensors():
    names = read(
        "import matplotlib.pyplot as plt\nimport numpy as np",
        "fig, (left, right) = plt.subplots(1, 2)\nleft.plot(np.random.default_rng(0).random(3))",
        "for panel, values in zip(fig.axes, data):\n    panel.set_title('')\n    values.flags",
    )
    assert names == {
        ("plt", "subplots"): 1,
        ("plt", "plot"): 1,
        ("numpy", "random.default_rng"): 1,
        ("object", "random"): 1,
        ("plt", "axes"): 2,
        ("plt", "set_title"): 2,
        ("object", "flags"): 2,
    }


def test_the_library_of_python_and_the_inside_of_the_package():
    assert read(
        "import math\nmath.sqrt(2)\nfrom collections import OrderedDict",
        "import learntorch.graph as g\ng.Node",
    ) == {
        ("python", "math"): 0,
        ("python", "math.sqrt"): 0,
        ("python", "collections.OrderedDict"): 0,
        ("inside", "graph.Node"): 1,
    }


def test_two_forms_of_one_name_are_known_together():
    for space, name in CHAPTERS[0].names:
        if space in FORMS:
            assert {(form, name) for form in FORMS} <= known_in(1)


def test_prose_that_introduces():
    text = " ".join(told("# With `relu_`\nWe add, and `x.t()` turns. The shape matters:\n```\ncode\n```"))
    assert all(_mentions(text, name) for name in ("relu_", "t", "shape", "code", "nn.shape"))
    assert not any(_mentions(text, name) for name in ("add", "relu", "shapes"))
