"""What the matplotlib figures of the chapters show, as numbers and words: the data behind each picture.

    python tools/figures.py 04            print the data of a chapter's figures
    python tools/figures.py --record      write tests/golden/figures.json anew; read the difference before you keep it

The validation of notebooks does not compare PNG pictures. So a test runs the cells up to the last figure of each
chapter, takes the data out of matplotlib's objects where the cell says `plt.show()`, and compares them with the record.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path

os.environ["LEARNTORCH_WIDGETS"] = "off"
os.environ.setdefault("LEARNTORCH_HOME", ":memory:")
ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "tests" / "golden" / "figures.json"


def rounded(value: float) -> float:
    """Four digits, as a number that JSON knows, and never -0."""
    return float(f"{float(value):.4g}") + 0.0


def summary(values) -> list[float]:
    """How many there are, the first and the last, the least and the largest, and the mean."""
    import numpy as np

    values = np.asarray(values, dtype=float).ravel()
    if not values.size:
        return [0]
    return [int(values.size), *map(rounded, (values[0], values[-1], values.min(), values.max(), values.mean()))]


def axes_data(ax) -> dict:
    """The data of one pair of axes."""
    from matplotlib.patches import Rectangle

    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    words = [t.get_text() for t in ax.texts if t.get_text()]
    legend = ax.get_legend()
    return {
        "title": ax.get_title(),
        "labels": [ax.get_xlabel(), ax.get_ylabel()],
        "scales": [ax.get_xscale(), ax.get_yscale()],
        "lines": [[summary(line.get_xdata()), summary(line.get_ydata())] for line in ax.lines],
        "named": [t.get_text() for t in legend.get_texts()] if legend else [],
        "boxes": [len(boxes), *(rounded(sum(getattr(p, f"get_{w}")() for p in boxes)) for w in ("x", "y", "height"))],
        "points": [summary(c.get_offsets()) for c in ax.collections],
        "images": [[list(image.get_array().shape), summary(image.get_array())] for image in ax.images],
        "words": words,
    }


def figures_of(stem: str) -> list[list[dict]]:
    """For each figure of a chapter the data of its axes; the cells after the last figure are not run."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    notebook = json.loads((ROOT / "chapters" / f"{stem}.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    last = max((i for i, source in enumerate(cells) if "plt.show()" in source), default=-1)
    found: list[list[dict]] = []

    def show() -> None:
        for number in plt.get_fignums():
            found.append([axes_data(ax) for ax in plt.figure(number).axes])
        plt.close("all")

    plt.show = show
    names = {"__name__": "__main__"}
    os.chdir(ROOT / "chapters")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for source in cells[: last + 1]:
            with contextlib.suppress(Exception):  # some cells show an error on purpose; the validation compares it
                exec(compile(source, f"<{stem}>", "exec"), names)
    return found


def chapters() -> list[str]:
    """The chapters that have figures of matplotlib."""
    paths = sorted((ROOT / "chapters").glob("[0-9]*.ipynb"))
    return [path.stem for path in paths if "plt.show()" in path.read_text(encoding="utf-8")]


def main() -> None:
    sys.path.insert(0, str(ROOT))
    if "--record" in sys.argv:
        import subprocess

        record = {
            stem: json.loads(subprocess.check_output([sys.executable, __file__, stem], text=True))
            for stem in chapters()
        }
        RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    for stem in chapters():
        if sys.argv[1] in (stem, stem[:2]):
            print(json.dumps(figures_of(stem), ensure_ascii=False))


if __name__ == "__main__":
    main()
