"""`show_descent`: a loss with two weights as a map, and the way an optimizer takes down.

Read in chapter 09. The map is made of values of the loss; the way is made by the library's own optimizer and
its own backward pass, and nothing here knows how either works.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import learntorch as torch
from learntorch import optim

from ..axes import STYLES, Axes, Range, Style, label, mark, number, sample
from ..svg import INK, LINE, card, length
from ..widgets import Playable
from .contours import contours

OPTIMIZERS = {"SGD": optim.SGD, "Adam": optim.Adam}
FAR = 1e12  # a loss beyond this is not followed any further
SETTLED = 0.02  # converged: the slope has fallen below this share of the first one
GRID = 61  # heights along each side of the map


def bowl(p: torch.Tensor) -> torch.Tensor:
    """½(p₀² + 20 p₁²): twenty times steeper upward than across."""
    return 0.5 * (p[0] ** 2 + 20 * p[1] ** 2)


def valley(p: torch.Tensor) -> torch.Tensor:
    """(1 − p₀)² + 5(p₁ − p₀²)²: a narrow valley that bends, lowest at (1, 1)."""
    return (1 - p[0]) ** 2 + 5 * (p[1] - p[0] ** 2) ** 2


def hills(p: torch.Tensor) -> torch.Tensor:
    """(p₀² − 4)²/8 + p₀/2 + p₁² + 2: two hollows with a pass between them, the left one deeper."""
    return (p[0] ** 2 - 4) ** 2 / 8 + p[0] / 2 + p[1] ** 2 + 2


Run = Mapping[str, Any]


class Surface(NamedTuple):
    """A loss with two weights, and what a map of it needs."""

    loss: Callable[[torch.Tensor], torch.Tensor]
    start: tuple[float, float]
    across: Range
    upward: Range
    levels: tuple[float, ...]
    runs: tuple[Run, ...]  # a small rate, a good one, and momentum
    steps: int


SURFACES = {
    "bowl": Surface(
        bowl,
        (-8.0, 2.0),
        (-9.0, 4.0),
        (-2.7, 2.7),
        (1, 4, 10, 20, 40, 60),
        ({"lr": 0.01}, {"lr": 0.085}, {"lr": 0.01, "momentum": 0.9}),
        40,
    ),
    "valley": Surface(
        valley,
        (-1.5, 2.6),
        (-2.0, 2.0),
        (-1.0, 3.0),
        (0.3, 1, 3, 8, 20, 50),
        ({"lr": 0.003}, {"lr": 0.02}, {"lr": 0.01, "momentum": 0.9}),
        100,
    ),
    "hills": Surface(
        hills,
        (3.4, 1.6),
        (-3.7, 3.9),
        (-2.0, 2.0),
        (1.3, 2, 2.8, 3.5, 4.5, 6, 9),
        ({"lr": 0.01}, {"lr": 0.1}, {"lr": 0.03, "momentum": 0.9}),
        80,
    ),
}


class Path(NamedTuple):
    """A way down: every place, the loss at each, and the length of the gradient at each."""

    places: list[tuple[float, float]]
    losses: list[float]
    slopes: list[float]

    @property
    def turns(self) -> int:
        """How many moves went back against the move before."""
        moves = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(self.places, self.places[1:])]
        return sum(u[0] * v[0] + u[1] * v[1] < 0 for u, v in zip(moves, moves[1:]))

    @property
    def state(self) -> str:
        """'diverges', 'converged', 'oscillates' or 'still on its way'."""
        if not self.losses[-1] <= self.losses[0]:  # nan included
            return "diverges"
        if self.slopes[-1] <= SETTLED * self.slopes[0]:
            return "converged"
        return "oscillates" if self.turns > (len(self.places) - 2) / 3 else "still on its way"


def descend(loss: Callable, start: Sequence[float], optimizer: str = "SGD", steps: int = 40, **options: float) -> Path:
    """Follow `optimizer` from `start` for `steps` steps: clear, forward, loss, backward, update.

    >>> descend(bowl, (-8, 2), lr=0.01, steps=1).places
    [(-8.0, 2.0), (-7.92, 1.6)]
    """
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"descend() knows no optimizer {optimizer!r}. Choose one of {', '.join(OPTIMIZERS)}.")
    p = torch.tensor([float(v) for v in start], dtype=_dtype(loss, start), requires_grad=True)
    rule = OPTIMIZERS[optimizer]([p], **options)
    places, losses, slopes = [], [], []
    for step in range(steps + 1):
        rule.zero_grad()
        with torch.enable_grad():  # also where the learner asks from inside no_grad()
            height = _height(loss, p)
        height.backward()
        if p.grad is None:
            raise RuntimeError("The loss does not depend on p. Compute it from p[0] and p[1] with tensor operations.")
        places.append((p[0].item(), p[1].item()))
        losses.append(height.item())
        slopes.append(math.hypot(*p.grad.tolist()))
        if step == steps or not abs(losses[-1]) < FAR:
            break
        rule.step()
    return Path(places, losses, slopes)


def _dtype(loss: Callable, start: Sequence[float]) -> torch.dtype:
    """float64, unless the loss multiplies by matrices of its own that are float32."""
    try:
        with torch.no_grad():
            loss(torch.tensor([float(v) for v in start], dtype=torch.float64))
    except RuntimeError:
        return torch.float32
    return torch.float64


def _height(loss: Callable, p: torch.Tensor) -> torch.Tensor:
    height = loss(p)
    if not isinstance(height, torch.Tensor) or height.numel() != 1:
        got = f"shape {tuple(height.shape)}" if isinstance(height, torch.Tensor) else type(height).__name__
        raise ValueError(
            f"A loss on a map turns p, a tensor of two numbers, into one number; this one gave {got}. "
            "Sum it up, or return a single element."
        )
    if not height.requires_grad:
        raise RuntimeError(
            "The loss carries no graph, so there is no gradient to follow. Compute it from p with tensor "
            "operations, without detach(), item() or numpy()."
        )
    return height


def heights(loss: Callable, xs: Sequence[float], ys: Sequence[float]) -> list[list[float]]:
    """The loss at every place of a grid, row by row: at once where `loss` allows it, else place by place."""
    dtype = _dtype(loss, (xs[0], ys[0]))
    across = torch.tensor(list(xs), dtype=dtype).expand(len(ys), len(xs))
    upward = torch.tensor(list(ys), dtype=dtype).unsqueeze(1).expand(len(ys), len(xs))

    def one(i: int, j: int) -> float:
        return float(loss(torch.tensor([xs[j], ys[i]], dtype=dtype)).item())

    with torch.no_grad():
        try:
            grid = loss(torch.stack([across, upward]))  # (2, rows, columns)
        except Exception:  # a loss written for two numbers and no more: any error means, ask for each place
            grid = None
        if isinstance(grid, torch.Tensor) and grid.shape == across.shape:
            probes = [(0, 0), (len(ys) // 3, len(xs) // 2), (len(ys) - 1, len(xs) - 2)]
            if all(math.isclose(grid[i, j].item(), one(i, j), rel_tol=1e-5, abs_tol=1e-7) for i, j in probes):
                return grid.tolist()
        return [[one(i, j) for j in range(len(xs))] for i in range(len(ys))]


def show_descent(
    loss: str | Callable = "bowl",
    runs: Sequence[Run] | None = None,
    *,
    start: Sequence[float] | None = None,
    steps: int | None = None,
    across: Range | None = None,
    upward: Range | None = None,
) -> Descent:
    """The way an optimizer takes down a loss with two weights, on a map with lines of equal loss.

    `loss` is "bowl", "valley", "hills", or a function of `p`, a tensor of two numbers. Each of `runs` is one way,
    given by the options of its optimizer: `{"lr": 0.01, "momentum": 0.9}` or `{"optimizer": "Adam", "lr": 0.3}`.
    `across` and `upward` are the ranges of the map. Where widgets run, sliders take the place of `runs`.

    Raises:
        ValueError: "show_descent() knows no surface 'bowle'. …", for a loss that is not one number, and for
            options that the optimizer refuses.
        RuntimeError: for a loss without a graph.

    >>> show_descent("bowl", [{"lr": 0.105}])
    A map of bowl, ½(p₀² + 20 p₁²). Start (−8, 2), loss 72.
    SGD, lr 0.105: diverges; loss 81936 after 40 steps, at (−0.0946, 90.5); 39 of 39 moves turn back
    """
    if isinstance(loss, str):
        if loss not in SURFACES:
            raise ValueError(
                f"show_descent() knows no surface {loss!r}. Choose among {', '.join(SURFACES)}, or pass a function."
            )
        surface = SURFACES[loss]
    elif callable(loss):
        surface = Surface(loss, (-2.0, 2.0), (-3.0, 3.0), (-3.0, 3.0), (), SURFACES["valley"].runs, 40)
    else:
        raise TypeError(f"show_descent() needs a name or a function, got {type(loss).__name__}. Pass a function of p.")
    moved = start is not None and not (across or upward)
    begin = tuple(float(v) for v in (surface.start if start is None else start))
    if steps is not None and steps < 1:
        raise ValueError(f"show_descent() got steps={steps}. Give 1 or more.")
    if len(begin) != 2:
        raise ValueError(f"show_descent() got a start of {len(begin)} numbers. Give two: one for each weight.")
    if moved:
        across, upward = _room(surface.across, begin[0]), _room(surface.upward, begin[1])
    surface = surface._replace(start=begin, across=across or surface.across, upward=upward or surface.upward)
    surface = surface._replace(steps=surface.steps if steps is None else steps, runs=tuple(runs or surface.runs))
    if len(surface.runs) > 4:
        raise ValueError(f"show_descent() tells 4 runs apart on one map, got {len(surface.runs)}. Draw two maps.")
    return Descent(surface)


class Descent(Playable):
    """A map with the ways of a few runs on it; in a widget, one way with sliders."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        (x0, x1), (y0, y1) = surface.across, surface.upward
        if not (x0 < x1 and y0 < y1):
            raise ValueError(f"show_descent() got across={(x0, x1)}, upward={(y0, y1)}. Give each as (low, high).")
        self.xs = [x0 + (x1 - x0) * i / (GRID - 1) for i in range(GRID)]
        self.ys = [y0 + (y1 - y0) * i / (GRID - 1) for i in range(GRID)]
        self.paths = {_said(run): self.path(**run) for run in surface.runs}
        self.heights = heights(surface.loss, self.xs, self.ys)
        self.levels = surface.levels or _levels([h for row in self.heights for h in row])

    def path(self, optimizer: str = "SGD", steps: int | None = None, **options: float) -> Path:
        """The way of one run over this surface."""
        steps = self.surface.steps if steps is None else steps
        return descend(self.surface.loss, self.surface.start, optimizer, steps, **options)

    def words(self, path: Path) -> str:
        """What became of a run: its state, its last loss, and how often it turned back."""
        steps = len(path.places) - 1
        end = path.losses[-1]
        loss = "below 0.0001" if 0 < end < 0.0001 else _short(end)
        x, y = path.places[-1]
        back = f"; {path.turns} of {steps - 1} moves turn back" if path.turns > 1 else ""
        return f"{path.state}; loss {loss} after {steps} step{'s' * (steps != 1)}, at ({_short(x)}, {_short(y)}){back}"

    def picture(self, paths: Mapping[str, Path]) -> str:
        """The map, and on it the ways: told apart by line, mark and the legend below."""
        axes = Axes(58, 54, 700, 350, self.surface.across, self.surface.upward)
        parts = axes.frame("p[0]", "p[1]", f"Lines of equal loss: {_title(self.surface.loss)}")
        parts += self._lines(axes, paths)
        styles = [*zip(paths, STYLES)]
        for name, style in styles:
            places = paths[name].places
            parts.append(axes.line(places, style, 1.8))
            parts += [axes.mark(*place, style, 3.4) for place in _apart(axes, places)]
        for name, style in styles:
            parts.append(axes.mark(*paths[name].places[-1], style, 6.5))
        x, y = axes.at(*self.surface.start)
        parts.append(mark(x, y, "circle", INK, 6))
        near = "start" if x < axes.right - 60 else "end"
        parts.append(label(x + (10 if near == "start" else -10), y - 9, "start", near, bold=True, halo=True))
        for k, (name, style) in enumerate(styles):
            row = axes.bottom + 64 + 24 * k
            parts += [sample(58, row, style), mark(73, row, style.mark, style.color, 5.5)]
            parts.append(label(98, row + 4.5, f"{name}: {self.words(paths[name]).partition(', at')[0]}"))
        height = axes.bottom + 64 + 24 * len(styles)
        said = " ".join(f"{name}: {self.words(path)}." for name, path in paths.items())
        return card(790, height, "Descent on a map of the loss", f"{self._about()} {said}", parts)

    def static(self) -> dict[str, str]:
        lines = [f"{name}: {self.words(path)}" for name, path in self.paths.items()]
        return {"text/plain": "\n".join([self._about(), *lines]), "image/svg+xml": self.picture(self.paths)}

    def widget(self) -> Any:
        import ipywidgets as ui

        first = {"optimizer": "SGD", "momentum": 0.0, "lr": 0.01, **self.surface.runs[-1]}
        look = {"style": {"description_width": "110px"}, "layout": ui.Layout(width="500px")}
        kind = ui.Dropdown(options=list(OPTIMIZERS), value=first["optimizer"], description="optimizer", **look)
        rate = ui.FloatLogSlider(
            value=first["lr"], min=-4, max=0.5, step=0.02, description="lr", readout_format=".3g", **look
        )
        momentum = ui.FloatSlider(value=first["momentum"], min=0, max=0.99, step=0.01, description="momentum", **look)
        steps = ui.IntSlider(value=self.surface.steps, min=1, max=200, description="steps", **look)
        picture, words = ui.HTML(), ui.HTML()

        def redraw(_: object = None) -> None:
            momentum.disabled = kind.value != "SGD"  # Adam keeps averages of its own
            more = {"momentum": momentum.value} if kind.value == "SGD" and momentum.value else {}
            run = {"optimizer": kind.value, "lr": float(f"{rate.value:.3g}"), **more}
            path = self.path(steps=steps.value, **run)
            picture.value = self.picture({_said(run): path})
            words.value = f"<p>{escape(_said(run))}: {escape(self.words(path))}.</p>"

        for control in (kind, rate, momentum, steps):
            control.observe(redraw, "value")
        redraw()
        return ui.VBox([kind, rate, momentum, steps, words, picture])

    def _lines(self, axes: Axes, paths: Mapping[str, Path]) -> list[str]:
        """The contour lines, and on each its height, where it is far from the ways and from other heights."""
        style = Style(LINE, "", "circle", 1.0)
        taken = [axes.at(*place) for path in paths.values() for place in path.places if axes.inside(*place)]
        drawn, words = [], []
        for level in self.levels:
            lines = contours(self.xs, self.ys, self.heights, level)
            drawn += [axes.line(line, style) for line in lines]
            spots = [axes.at(*point) for line in lines for point in line]
            spots = [
                (x, y)
                for x, y in spots
                if axes.left + 24 < x < axes.right - 24 and axes.top + 14 < y < axes.bottom - 14
            ]
            if spots:
                best = max(spots, key=lambda s: min((math.dist(s, t) for t in taken), default=0.0))
                taken.append(best)
                text = number(level)
                wide = 8 * len(text) + 4
                words.append(
                    f'<rect x="{length(best[0] - wide / 2)}" y="{length(best[1] - 8)}" '
                    f'width="{wide}" height="16" fill="#FFFFFF"/>'
                )
                words.append(label(best[0], best[1] + 4.5, text, "middle", size=12))
        return drawn + words

    def _about(self) -> str:
        start, loss = self.surface.start, self.surface.loss
        first = next(iter(self.paths.values())).losses[0]
        return f"A map of {_title(loss)}. Start ({number(start[0])}, {number(start[1])}), loss {number(first)}."


def _said(run: Run) -> str:
    """A run in words: 'SGD, lr 0.01, momentum 0.9'."""
    options = [f"{name} {number(value) if isinstance(value, float) else value}" for name, value in run.items()]
    return ", ".join([run.get("optimizer", "SGD"), *(o for o in options if not o.startswith("optimizer "))])


def _short(value: float) -> str:
    """Three digits, and none beyond the fourth decimal: these digits are the same on every machine."""
    return number(round(value, 4) if math.isfinite(value) else value)


def _title(loss: Callable) -> str:
    ours = {surface.loss: name for name, surface in SURFACES.items()}
    name = ours.get(loss) or getattr(loss, "__name__", None) or type(loss).__name__
    return f"{name}, {loss.__doc__.partition(':')[0]}" if loss in ours else name


def _apart(axes: Axes, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The places to mark: every one that lies far enough from the mark before to be told from it."""
    kept = [places[0]]
    for place in places[1:]:
        if math.dist(axes.at(*place), axes.at(*kept[-1])) >= 7:
            kept.append(place)
    return kept


def _room(side: Range, value: float) -> Range:
    """The range, widened so that a start of the learner's choice lies on the map."""
    room = 0.08 * (side[1] - side[0])
    return min(side[0], value - room), max(side[1], value + room)


def _levels(values: Sequence[float]) -> tuple[float, ...]:
    """Six heights for the lines of a function that we do not know: close together below, wider apart above."""
    finite = sorted(v for v in values if math.isfinite(v))
    if not finite or finite[0] == finite[-1]:
        raise ValueError("The loss is the same all over the map, so there is nothing to descend. Widen the map.")
    low, high = finite[0], finite[int(0.97 * (len(finite) - 1))]
    return tuple(sorted({float(f"{low + (high - low) * (k / 6.5) ** 2:.2g}") for k in range(1, 7)}))
