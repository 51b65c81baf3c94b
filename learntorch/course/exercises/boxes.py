"""Boxes with something in them. Exercise pictures of chapter 01 are drawn with these three functions.

Read in no chapter. matplotlib is loaded when a picture is drawn, and not by `import`.
"""

from __future__ import annotations

ORANGE, SKY, YELLOW, GREY = "#E69F00", "#56B4E9", "#F0E442", "#DDDDDD"


def canvas(width: float, height: float, inches: float = 7.0):
    """An empty figure, `width` boxes wide and `height` boxes high; y grows downward, as rows do."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(inches, inches * height / width))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_aspect("equal")
    ax.axis("off")
    return figure, ax


def grid(ax, rows, left: float, top: float, color: str = "white", hatch: str = "", style: str = "-") -> None:
    """A list of rows as boxes; the upper left corner of the first is at (left, top)."""
    from matplotlib.patches import Rectangle

    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            layer = len(ax.patches)  # what is drawn later lies on top
            ax.add_patch(
                Rectangle((left + j, top + i), 1, 1, fc=color, ec="black", hatch=hatch, ls=style, zorder=layer)
            )
            paper = {"bbox": {"fc": "white", "ec": "none", "pad": 1.5}} if hatch else {}
            label(ax, left + j + 0.5, top + i + 0.5, value, zorder=layer + 0.5, **paper)


def label(ax, x: float, y: float, text: object, **options) -> None:
    """A text around a point."""
    ax.text(x, y, str(text), **{"ha": "center", "va": "center", "fontsize": 12, **options})
