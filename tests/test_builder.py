"""The builder of the notebooks: same source, same bytes; and it refuses what a reader could not use."""

from __future__ import annotations

import asyncio
import base64
import textwrap
from pathlib import Path

import nbformat
import pytest

import graduate
import notebooks

HEADER = "---\nkernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n\n"
FIGURE = """
```{code-cell} ipython3
:alt: A rising line.
import matplotlib.pyplot as plt
plt.plot([0, 1])
plt.show()
```

*Figure 1. A line that rises.*
"""


def repository(tmp_path: Path, text: str, stem: str = "01_sample") -> Path:
    """A repository with one source; returns the source's path."""
    source = tmp_path / "chapters" / "source" / f"{stem}.md"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(HEADER + textwrap.dedent(text), encoding="utf-8")
    return source


def code(text: str) -> str:
    return f"```{{code-cell}} ipython3\n{text}\n```\n"


def build(source: Path) -> nbformat.NotebookNode:
    target, _ = asyncio.run(notebooks.build(source))
    return nbformat.read(target, as_version=4)


def test_a_second_build_has_the_same_bytes(tmp_path):
    source = repository(tmp_path, "# 1\n\n" + code("print({'a', 'b', 'c'})") + code("1 + 1") + FIGURE)
    build(source)
    first = notebooks.notebook_of(source).read_bytes()
    build(source)
    assert notebooks.notebook_of(source).read_bytes() == first
    assert notebooks.check(tmp_path) == []


def test_the_built_notebook(tmp_path):
    notebook = build(repository(tmp_path, code("print('a')\nprint('b')") + code("1 + 1") + FIGURE))
    printed, value, figure = (cell for cell in notebook.cells if cell.cell_type == "code")
    assert [o.text for o in printed.outputs] == ["a\nb\n"]
    assert value.outputs[0].data == {"text/plain": "2"}
    assert [cell.execution_count for cell in (printed, value, figure)] == [1, 2, 3]
    assert figure.outputs[0].metadata["image/png"]["alt"] == figure.metadata["alt"] == "A rising line."
    assert b"tEXt" not in base64.b64decode(figure.outputs[0].data["image/png"])
    assert "execution" not in printed.metadata
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_cells_with_the_same_text_have_their_own_ids(tmp_path):
    source = repository(tmp_path, code("print(1)") + code("print(1)"))
    first, second = (cell.id for cell in notebooks.read_source(source).cells)
    assert first != second and len(first) == len(second) == 10


def test_the_learner_s_home_is_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("LEARNTORCH_HOME", "/somewhere/else")
    notebook = build(
        repository(tmp_path, code("import os\nhome = os.environ['LEARNTORCH_HOME']\nprint(os.path.exists(home))"))
    )
    assert notebook.cells[0].outputs[0].text == "False\n"


def test_the_landing_page_is_built_at_the_root(tmp_path):
    source = repository(tmp_path, "# Hello\n", stem="README")
    assert notebooks.notebook_of(source) == tmp_path / "README.ipynb"


def test_an_error_stops_the_build(tmp_path):
    source = repository(tmp_path, code("1 / 0"))
    with pytest.raises(notebooks.BuildError, match="ZeroDivisionError"):
        build(source)
    assert not notebooks.notebook_of(source).exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (FIGURE.replace(":alt: A rising line.\n", ""), "description"),
        (FIGURE.replace("*Figure 1.", "Figure 1."), "caption"),
        (FIGURE.replace("*Figure 1.", "As seen before. *Figure 1."), "begin with the caption"),
        (code("print(object())"), "memory address"),
        (code("print('/home/someone/file')"), "absolute path"),
        (code("import warnings\nwarnings.warn('careful')"), "stderr"),
    ],
)
def test_what_a_reader_could_not_use_is_refused(tmp_path, text, complaint):
    source = repository(tmp_path, text)
    with pytest.raises(notebooks.BuildError, match=complaint):
        build(source)
    assert not notebooks.notebook_of(source).exists()


def test_an_empty_code_cell_is_refused(tmp_path):
    with pytest.raises(notebooks.BuildError, match="without code"):
        notebooks.read_source(repository(tmp_path, "```{code-cell} ipython3\n```\n"))


def test_a_colon_in_a_description_is_explained(tmp_path):
    with pytest.raises(notebooks.BuildError, match="quotes"):
        notebooks.read_source(repository(tmp_path, "```{code-cell}\n:alt: a: b: c\n1\n```\n"))


def test_check_tells_what_is_out_of_date(tmp_path):
    source = repository(tmp_path, "# 1\n\n" + code("print(1)"))
    assert notebooks.check(tmp_path) == ["01_sample.ipynb is missing."]
    build(source)
    assert notebooks.check(tmp_path) == []
    repository(tmp_path, "# 1\n\n" + code("print(2)"))
    assert notebooks.check(tmp_path) == ["01_sample.ipynb, cell 2, differs from its source."]
    repository(tmp_path, "# 1\n")
    assert notebooks.check(tmp_path) == ["01_sample.ipynb has 2 cells, its source 1."]
    source.unlink()
    assert notebooks.check(tmp_path) == ["01_sample.ipynb has no source in chapters/source/."]


def test_a_cell_that_was_not_run_is_found():
    cells = [nbformat.v4.new_code_cell("1 + 1")]
    found = notebooks.problems(nbformat.v4.new_notebook(cells=cells))
    assert len(found) == 1 and "was not run" in found[0]


def test_format_lays_out_the_code_and_keeps_the_rest(tmp_path):
    text = "Some  text.\n\n```{code-cell} ipython3\n:alt: A thing.\nx = f( 1,2 )\nx\n```\n\nMore.\n"
    source = repository(tmp_path, text)
    assert notebooks.format_source(source)
    assert source.read_text(encoding="utf-8") == HEADER + text.replace("f( 1,2 )", "f(1, 2)")
    assert not notebooks.format_source(source)


def test_graduation_sets_the_course_s_own_cells_aside():
    cells = [
        "import learntorch as torch",
        "from learntorch.course import show, draw as paint",
        "show(torch.mul)",
        "y = x * 2",
        "paint(y)",
        "from learntorch import course",
        "course.show(y)",
        "%matplotlib inline\ny",
    ]
    assert graduate.set_aside(cells) == [False, True, True, False, True, True, True, False]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("import learntorch as torch", "import torch as torch"),
        ("import learntorch.nn as nn", "import torch.nn as nn"),
        ("from learntorch import optim", "from torch import optim"),
        (
            "def f():\n    from learntorch.autograd import grad",
            "def f():\n    from torch.autograd import grad",
        ),
        ("print('learntorch')", "print('learntorch')"),
        ("import learntorching", "import learntorching"),
    ],
)
def test_graduation_changes_the_imports_only(ours, theirs):
    assert graduate.on_pytorch(ours) == theirs


def test_graduation_compares_text_and_not_images():
    shown = nbformat.v4.new_output("display_data", data={"image/png": "AAAA", "text/plain": "<Figure>"})
    again = nbformat.v4.new_output("display_data", data={"image/png": "BBBB", "text/plain": "<Figure>"})
    first = nbformat.v4.new_code_cell(outputs=[shown])
    second = nbformat.v4.new_code_cell(outputs=[again])
    assert graduate.printed(first) == graduate.printed(second) == "[image]<Figure>\n"
    third = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text="0.5\n")])
    assert graduate.printed(third) == "0.5\n"
