"""The data behind the figures of the chapters: the validation of notebooks does not compare pictures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import figures
import pytest

ROOT = Path(__file__).parents[1]
RECORD = json.loads(figures.RECORD.read_text(encoding="utf-8"))


def shown(stem: str) -> list:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    program = [sys.executable, "-W", "ignore", str(ROOT / "tools" / "figures.py"), stem]
    return json.loads(subprocess.check_output(program, env=environment, text=True, encoding="utf-8"))


def agree(found: object, expected: object, where: str) -> None:
    """The same words, and numbers that are equal up to what adding up in another order changes."""
    assert type(found) is type(expected) or {type(found), type(expected)} == {int, float}, where
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected:
            agree(found[key], expected[key], f"{where}, {key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            agree(a, b, f"{where}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=5e-3, abs=1e-6, nan_ok=True), where
    else:
        assert found == expected, where


def test_every_chapter_with_figures_is_recorded():
    assert list(RECORD) == figures.chapters()
    for stem in RECORD:
        cells = json.loads((ROOT / "chapters" / f"{stem}.ipynb").read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        assert len(RECORD[stem]) == sum(source.count("plt.show()") for source in code), stem


@pytest.mark.parametrize("stem", RECORD)
def test_the_figures_show_what_was_recorded(stem):
    agree(shown(stem), RECORD[stem], stem)


@pytest.mark.parametrize("stem", RECORD)
def test_every_figure_shows_something(stem):
    for number, figure in enumerate(RECORD[stem], 1):
        seen = [ax["lines"] or ax["images"] or ax["points"] or ax["boxes"][0] or ax["words"] for ax in figure]
        assert any(seen), f"{stem}, figure {number}"


def test_another_curve_is_noticed():
    stem = next(stem for stem in RECORD if any(ax["lines"] for figure in RECORD[stem] for ax in figure))
    other = json.loads(json.dumps(RECORD[stem]))
    line = next(line for figure in other for ax in figure for line in ax["lines"])
    line[1][-1] = line[1][-1] * 1.05 + 0.01
    with pytest.raises(AssertionError):
        agree(other, RECORD[stem], stem)
