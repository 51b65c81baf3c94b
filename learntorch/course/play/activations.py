"""`show_activations`: activations and their slopes, with a point to move along them.

Read in chapter 04. Every value comes from the function itself and every slope from its backward pass: no
derivative is written here, so a function of your own is drawn the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import learntorch as torch
import learntorch.nn.functional as F

from ..axes import FONT, STYLES, Axes, Style, label, number, sample, span
from ..svg import INK, card
from ..widgets import Playable

FLAT = 0.01  # below this size a slope counts as near zero
POINTS = 201
CURVE, SLOPE, TANGENT = STYLES[0], STYLES[1], Style(INK, "2 3", "circle", 1.8)


class Option(NamedTuple):
    """A number that a function takes besides x, and the range of its slider."""

    name: str
    low: float
    high: float
    value: float


# The activations to choose from, all found in learntorch.nn.functional.
CHOICES: dict[str, tuple[Option, ...]] = {
    "relu": (),
    "leaky_relu": (Option("negative_slope", 0.0, 1.0, 0.01),),
    "elu": (Option("alpha", 0.1, 3.0, 1.0),),
    "gelu": (),
    "silu": (),
    "softplus": (Option("beta", 0.2, 5.0, 1.0),),
    "sigmoid": (),
    "tanh": (),
}


class Curve(NamedTuple):
    """A function along a line: the places, the values there, and the slopes that autograd found."""

    x: list[float]
    y: list[float]
    slope: list[float]


def show_activations(*functions: str | Callable, low: float = -5.0, high: float = 5.0, x: float = 1.0) -> Activations:
    """Activations and their slopes from `low` to `high`; where widgets run, `x` is a point to move.

    Without `functions` these are relu, leaky_relu, elu, gelu, silu, softplus, sigmoid and tanh. Give their
    names, or functions of your own that work element by element: `show_activations("relu", my_swish)`.

    Raises:
        ValueError: "show_activations() knows no 'rleu'. …" for a name it does not know, and for a function
            that does not give one value for each x.
        TypeError: for something that is neither a name nor a function.
        RuntimeError: for a function whose result autograd knows nothing about.

    >>> print(show_activations("relu", low=-2, high=2))
    x                  −2      −1       0       1       2
    relu            0.000   0.000   0.000   1.000   2.000
      its slope     0.000   0.000   0.000   1.000   1.000
    relu: The slope is 0 from −2 to 0: there the function saturates and no gradient gets through.
    """
    return Activations(functions or tuple(CHOICES), low, high, x)


def trace(function: Callable, xs: list[float], options: dict[str, float] | None = None, name: str = "") -> Curve:
    """The values and slopes of `function` at `xs`, in float64: one forward and one backward pass."""
    name = name or _name(function)
    x = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():  # also where the learner asks from inside no_grad()
        y = function(x, **(options or {}))
    if not isinstance(y, torch.Tensor) or y.shape != x.shape:
        got = f"shape {tuple(y.shape)}" if isinstance(y, torch.Tensor) else type(y).__name__
        raise ValueError(
            f"show_activations() gave {name} a tensor of shape {tuple(x.shape)} and got {got} back. "
            "Use a function that turns each x into one value."
        )
    if not y.requires_grad:
        raise RuntimeError(
            f"show_activations() cannot find the slope of {name}: its result carries no graph. "
            "Compute it from x with tensor operations, without detach(), numpy() or comparisons alone."
        )
    with torch.enable_grad():
        total = y.sum()
    total.backward()
    return Curve(xs, y.tolist(), x.grad.tolist())


def flat(curve: Curve) -> list[tuple[float, float]]:
    """The stretches from a to b where the slope is below a hundredth in size; a turning point is none."""
    stretches, first = [], None
    for i, slope in enumerate([*curve.slope, math.inf]):
        near = abs(slope) < FLAT
        if near and first is None:
            first = i
        elif not near and first is not None:
            if i - first > 2 and not _turns(curve.slope[max(first - 1, 0) : i + 1]):
                stretches.append((curve.x[first], curve.x[i - 1]))
            first = None
    return stretches


def in_words(curve: Curve) -> str:
    """Where the slope is near zero, and what that means for a gradient."""
    stretches = flat(curve)
    if not stretches:
        return f"The slope stays near zero nowhere from {_ends(curve.x)}: the function does not saturate there."
    parts = []
    for a, b in stretches:
        exactly = all(s == 0 for x, s in zip(curve.x, curve.slope) if a <= x <= b)
        size = "0" if exactly else f"below {FLAT} in size"
        parts.append((size, f"from {number(a)} to {number(b)}", exactly))
    nothing = all(exactly for *_, exactly in parts)
    where = " and ".join(place for _, place, _ in parts)
    left = "no gradient gets through" if nothing else "hardly any gradient gets through"
    sizes = parts[0][0] if len({size for size, *_ in parts}) == 1 else f"below {FLAT} in size"
    return f"The slope is {sizes} {where}: there the function saturates and {left}."


class Activations(Playable):
    """A few functions of one number: a panel for each on a page, one of them with a point to move in a widget."""

    def __init__(self, functions: tuple[str | Callable, ...], low: float, high: float, x: float) -> None:
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"show_activations() got low={low}, high={high}. Give a low end below a high end.")
        self.low, self.high = float(low), float(high)
        self.x = min(max(float(x), self.low), self.high)
        self.functions = dict(map(_named, functions))
        for name in self.functions:
            self._check(name)

    def curve(self, name: str, **options: float) -> Curve:
        """The function called `name` over the whole range."""
        step = (self.high - self.low) / (POINTS - 1)
        xs = [round(self.low + step * i, 9) for i in range(POINTS)]
        return trace(self.functions[name], xs, options, name)

    def point(self, name: str, x: float, **options: float) -> tuple[float, float]:
        """The value and the slope at one x."""
        curve = trace(self.functions[name], [x], options, name)
        return curve.y[0], curve.slope[0]

    def picture(self, name: str, x: float, **options: float) -> str:
        """One function with its slope, and the tangent at the point x."""
        curve = self.curve(name, **options)
        y, slope = self.point(name, x, **options)
        axes = Axes(52, 54, 560, 300, (self.low, self.high), span([*curve.y, *curve.slope, 1.0, 0.0]))
        tangent = [(end, y + slope * (end - x)) for end in (self.low, self.high)]
        parts = axes.frame("x", "", name + _options(options))
        parts += [axes.line(zip(curve.x, curve.slope), SLOPE), axes.line(zip(curve.x, curve.y), CURVE)]
        parts += [axes.line(tangent, TANGENT), axes.mark(x, y, CURVE, 7), axes.mark(x, slope, SLOPE, 5.5)]
        ends = [("the function", (self.high, curve.y[-1]), CURVE), ("its slope", (self.high, curve.slope[-1]), SLOPE)]
        ends.append(("tangent at x", tangent[1], TANGENT))
        return card(780, 404, f"{name} and its slope", self.words(name, x, **options), [*parts, *axes.ends(ends)])

    def words(self, name: str, x: float, **options: float) -> str:
        """What the point shows: the value, the slope, and where the function saturates."""
        y, slope = self.point(name, x, **options)
        here = " Near zero: a gradient ends here." if abs(slope) < FLAT else ""
        return f"At x = {x:.2f} the value is {y + 0.0:.4f} and the slope {slope + 0.0:.4f}.{here} ".replace(
            "-", "−"
        ) + in_words(self.curve(name, **options))

    def static(self) -> dict[str, str]:
        return {"text/plain": self._table(), "image/svg+xml": self._panels()}

    def widget(self) -> Any:
        import ipywidgets as ui

        wide = {"description_width": "130px"}
        choice = ui.Dropdown(options=list(self.functions), description="function", style=wide)
        step = (self.high - self.low) / (POINTS - 1)
        across = ui.Layout(width="500px")
        x = ui.FloatSlider(
            value=self.x, min=self.low, max=self.high, step=step, description="x", style=wide, layout=across
        )
        sliders = {}
        for name in self.functions:
            for o in self._options_of(name):
                room = ui.Layout(width="500px", display="none")
                sliders[name, o.name] = ui.FloatSlider(
                    value=o.value, min=o.low, max=o.high, step=0.01, description=o.name, style=wide, layout=room
                )
        picture, words = ui.HTML(), ui.HTML()

        def redraw(_: object = None) -> None:
            options = {option: s.value for (name, option), s in sliders.items() if name == choice.value}
            for (name, _option), slider in sliders.items():
                slider.layout.display = None if name == choice.value else "none"
            picture.value = self.picture(choice.value, x.value, **options)
            words.value = f"<p>{self.words(choice.value, x.value, **options)}</p>"

        for control in (choice, x, *sliders.values()):
            control.observe(redraw, "value")
        redraw()
        return ui.VBox([choice, x, *sliders.values(), words, picture])

    def _check(self, name: str) -> None:
        """One value for each x means: alone or in a row, x gives the same."""
        curve = self.curve(name)
        middle = POINTS // 3
        alone, _ = self.point(name, curve.x[middle])
        if not math.isclose(alone, curve.y[middle], rel_tol=1e-9, abs_tol=1e-12) and alone == alone:
            raise ValueError(
                f"show_activations() draws functions that work element by element, and {name} gives another value "
                "when x stands in a row with others, as softmax does. Look at one output of it at a time."
            )

    def _options_of(self, name: str) -> tuple[Option, ...]:
        ours = name in CHOICES and self.functions[name] is getattr(F, name)
        return CHOICES[name] if ours else ()

    def _table(self) -> str:
        """Five points of each function and what the slope says, for a reader without the picture."""
        xs = [self.low + (self.high - self.low) * share for share in (0, 0.25, 0.5, 0.75, 1)]
        first = max(len(name) for name in [*self.functions, "  its slope"]) + 2
        lines = [f"{'x':{first}}" + "".join(f"{number(x):>8}" for x in xs)]
        for name, function in self.functions.items():
            at = trace(function, xs, name=name)
            for title, values in ((name, at.y), ("  its slope", at.slope)):
                row = "".join(f"{f'{round(v, 3) + 0.0:.3f}'.replace('-', '−'):>8}" for v in values)
                lines.append(f"{title:{first}}{row}")
        return "\n".join(lines + [f"{name}: {in_words(self.curve(name))}" for name in self.functions])

    def _panels(self) -> str:
        """A panel for each function, three in a row; each has a scale of its own."""
        across = min(3, len(self.functions))
        width, height = 262, 222
        title = "Activations and their slopes" if across > 1 else f"{[*self.functions][0]} and its slope"
        parts = [label(20, 28, title, bold=True, size=FONT + 2)]
        key = 20 if across < 3 else 400
        top = 24 if across == 3 else 50
        for k, (text, style) in enumerate((("the function", CURVE), ("its slope", SLOPE))):
            parts += [sample(key + 140 * k, top, style), label(key + 38 + 140 * k, top + 4.5, text)]
        for i, name in enumerate(self.functions):
            left, upper = 52 + width * (i % across), top + 52 + height * (i // across)
            curve = self.curve(name)
            axes = Axes(left, upper, width - 58, height - 84, (self.low, self.high), span([*curve.y, *curve.slope]))
            parts += axes.frame("x", "", "")
            parts.append(label(left, upper - 8, name, bold=True))
            parts += [axes.line(zip(curve.x, curve.slope), SLOPE), axes.line(zip(curve.x, curve.y), CURVE)]
        rows = math.ceil(len(self.functions) / across)
        words = f"Curves of {', '.join(self.functions)}, each with its slope. " + self._table()
        size = (max(20 + width * across, 330), top + 20 + height * rows)
        return card(*size, title, words, parts)


def _named(function: str | Callable) -> tuple[str, Callable]:
    if isinstance(function, str):
        if function not in CHOICES:
            raise ValueError(
                f"show_activations() knows no {function!r}. Choose among {', '.join(CHOICES)}, or pass a function."
            )
        return function, getattr(F, function)
    if not callable(function):
        raise TypeError(
            f"show_activations() draws functions, got {type(function).__name__}. Pass a function without calling it: "
            "torch.tanh, not torch.tanh(x)."
        )
    return _name(function), function


def _name(function: Callable) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


def _options(options: dict[str, float]) -> str:
    return "".join(f", {name} = {number(value)}" for name, value in options.items())


def _turns(slopes: list[float]) -> bool:
    """Whether the slope changes its sign: the curve turns there, it does not flatten out."""
    return min(slopes) < 0 < max(slopes)


def _ends(xs: list[float]) -> str:
    return f"{number(xs[0])} to {number(xs[-1])}"
