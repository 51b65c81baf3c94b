"""Nodes and arrows: what the pictures of chapter 03's exercises are drawn with.

Read in no chapter. matplotlib is loaded when a picture is drawn, and not by `import`.
"""

from __future__ import annotations

from learntorch.course.exercises.boxes import label

BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"


def node(ax, x: float, y: float, text: str, kind: str = "value") -> None:
    """A value as a round node, an operation as a square one."""
    shape = {"value": "circle,pad=0.45", "operation": "square,pad=0.45"}[kind]
    box = {"boxstyle": shape, "fc": "white", "ec": "black", "lw": 1.8}
    ax.text(x, y, text, ha="center", va="center", fontsize=14, bbox=box, zorder=3)


def arrow(ax, tail: tuple, head: tuple, text: str = "", *, back: bool = False, bend: float = 0.0, at=(0, 0)) -> None:
    """An arrow: solid for values on their way forward, dashed for gradients on their way back."""
    style = {"color": RED if back else BLUE, "ls": "--" if back else "-", "lw": 1.8, "arrowstyle": "-|>"}
    style |= {"shrinkA": 20, "shrinkB": 20, "mutation_scale": 16, "connectionstyle": f"arc3,rad={bend}"}
    ax.annotate("", head, tail, arrowprops=style)
    if text:
        label(ax, (tail[0] + head[0]) / 2 + at[0], (tail[1] + head[1]) / 2 + at[1], text, fontsize=13)
