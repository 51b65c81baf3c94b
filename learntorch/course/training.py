"""`watch`: a training loop with a progress bar and a loss curve that grows; `curves`: several runs in one picture.

Read in chapter 09. The bar and the growing curve need a kernel with widgets. The final picture and its text need
nothing; the text gives the end as a bound, since after many steps processors differ in the last digits.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .axes import FONT, STYLES, Axes, Point, label, number, span
from .svg import EM, INK, card, length
from .widgets import live

WIDTH, HEIGHT = 720, 340
PIECES = 240  # a long run is drawn by the lowest and highest value in each of so many pieces
PAUSE = 0.5  # seconds from one drawing to the next, at least
SHARE = 0.03  # of the time of a loop, what drawing may take
FLOOR = 1e-6  # times the first value: what lies below it is rounding in float32, and differs between processors
DECADES = 100  # from the lowest value to the highest, the ratio from which the axis counts in powers of ten


def watch(steps: Iterable[Any], *, name: str = "loss", unit: str = "step", log: bool | None = None) -> Run:
    """Go through `steps` with a progress bar; what the loop hands to `log` becomes a curve.

        run = watch(range(500))
        for t in run:
            ...
            run.log(loss)

    `name` and `unit` label the axes. `log` makes the upright axis logarithmic; left out, it is where the values
    span two powers of ten. Interrupted, or left with `break`, the loop leaves the curve up to there.

    >>> run = watch([0.5, 0.25], unit="epoch")
    >>> for value in run:
    ...     run.log(value)
    loss 0.5 → below 0.5 after 2 epochs

    Raises:
        TypeError: "watch() needs something to go through, …" for a number of steps.
    """
    if not hasattr(steps, "__iter__"):
        raise TypeError(f"watch() needs something to go through, not {steps!r}. Give it range(500), or a DataLoader.")
    return Run(steps, name, unit, log)


def curves(runs: Mapping[str, Any], *, name: str = "loss", unit: str = "step", log: bool | None = None) -> Curves:
    """Up to six runs in one picture. `runs` maps a label to what `watch` gave back, or to a list of values.

    Raises:
        ValueError: "curves() tells 6 runs apart, got …" for more.
    """
    if len(runs) > len(STYLES):
        raise ValueError(f"curves() tells {len(STYLES)} runs apart, got {len(runs)}. Draw two pictures.")
    points = {each: _points(run) for each, run in runs.items()}
    return Curves(points, {each: len(run) for each, run in runs.items()}, name, unit, log)


class Run:
    """One training loop: what it goes through, and what it has logged."""

    def __init__(self, steps: Iterable[Any], name: str = "loss", unit: str = "step", log: bool | None = None) -> None:
        self.steps, self.name, self.unit, self.logarithmic = steps, name, unit, log
        self.points: list[Point] = []  # (step, value)
        self._at = 0
        self._done = 0
        self._bar: Any = None
        self._shown: Any = None  # the output that is drawn anew
        self._next = math.inf  # the time of the next drawing; never, where nothing is live

    def __len__(self) -> int:
        """How many steps it has taken; one that was logged and then left counts."""
        return max(self._done, int(self.points[-1][0]) + 1 if self.points else 0)

    def __iter__(self) -> Iterator[Any]:
        self.points, self._at, self._done, self._shown, self._next = [], 0, 0, None, math.inf
        self._bar = _bar(self.steps, self.name, self.unit)
        if live():
            self._next = time.monotonic() + PAUSE
        try:
            for at, step in enumerate(self.steps):
                self._at = at
                yield step
                self._done += 1
                if self._bar is not None:
                    self._bar.update()
        finally:  # also where the loop is left by `break`, by an error or by an interrupt
            self._next = math.inf
            if self._bar is not None:
                self._bar.close()
            self._show()

    def log(self, value: Any) -> None:
        """Note the value of this step: a number, or a tensor of one element."""
        value = value.item() if hasattr(value, "item") else value
        if not isinstance(value, (int, float)):
            raise TypeError(
                f"log() takes a number or a tensor of one element, not {type(value).__name__!r}. Give it the loss."
            )
        self.points.append((float(self._at), float(value)))
        now = time.monotonic() if self._next < math.inf else 0.0
        if now >= self._next < math.inf:
            self._show()
            if self._bar is not None:
                self._bar.set_postfix({self.name: f"{value:.3g}"}, refresh=False)
            spent = time.monotonic() - now
            self._next = now + spent + max(PAUSE, spent / SHARE)

    @property
    def values(self) -> list[float]:
        """What was logged, without the steps."""
        return [value for _, value in self.points]

    @property
    def curve(self) -> Curves:
        """The picture of what has been logged so far."""
        return Curves({self.name: self.points}, {self.name: len(self)}, self.name, self.unit, self.logarithmic)

    def _show(self) -> None:
        """Draw for the first time, or in place of what stands there. Where there is no notebook, print."""
        if self._shown is not None:
            self._shown.update(self.curve)
        elif not _in_notebook():
            print(self.curve)
        else:
            from IPython.display import display

            # Only what is drawn anew has an identity: it would differ from run to run.
            self._shown = display(self.curve, display_id=True) if live() else display(self.curve)

    def __repr__(self) -> str:
        return repr(self.curve)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.curve._repr_mimebundle_()


class Curves:
    """The picture of one run or of several: an SVG, and a line of text for each."""

    def __init__(self, runs: Mapping[str, Sequence[Point]], lengths: Mapping[str, int], name: str, unit: str,
                 log: bool | None) -> None:  # fmt: skip
        self.runs = {each: list(points) for each, points in runs.items()}
        self.lengths, self.name, self.unit = dict(lengths), name, unit
        every = [value for points in runs.values() for _, value in points if math.isfinite(value)]
        spread = bool(every) and min(every) > 0 and max(every) / min(every) >= DECADES
        self.log = spread if log is None else log

    def __repr__(self) -> str:
        if not self.runs:
            return "no runs"
        return "\n".join(self._told(each) for each in self.runs)

    def _told(self, each: str) -> str:
        points, count = self.runs[each], self.lengths[each]
        what = self.name if each == self.name else f"{each}: {self.name}"
        if not points:
            return f"{what}: nothing was logged. Call run.log(loss) in the loop."
        first, last = points[0][1], points[-1][1]
        text = f"{what} {number(first)} → {_bound(first, last)} after {count} {self.unit}{'s' * (count != 1)}"
        lost = _lost(points)
        return text if lost is None else f"{text}; {_kind(lost[1])} from {self.unit} {number(lost[0])} on"

    @property
    def svg(self) -> str:
        """The picture, as the text of an SVG file."""
        lines = {each: thinned(points) for each, points in self.runs.items()}
        ends = {each: _last(points, self.log) for each, points in self.runs.items()}
        # A run alone has its last value at its end, one of several its label.
        written = {each: number(run[-1][1]) if run and each == self.name else each for each, run in self.runs.items()}
        every = [point for points in self.runs.values() for point in points]
        margin = 60 + max((len(text) for text in written.values()), default=0) * FONT * EM
        high = max([p[0] for p in every] + [count - 1.0 for count in self.lengths.values()] + [1.0])
        y = span((p[1] for p in every), log=self.log)
        axes = Axes(62, 52, WIDTH - 62 - margin, HEIGHT - 52 - 48, (0.0, high), y, self.log)
        scale = f"{self.name} (powers of ten)" if self.log else self.name
        title = f"{self.name}, {self.unit} by {self.unit}"
        parts = axes.frame(self.unit, scale, title)
        parts += [axes.line(line, style) for line, style in zip(lines.values(), STYLES)]
        for points, style in zip(self.runs.values(), STYLES):
            lost = _lost(points)
            if lost is not None:
                parts += _end_of_numbers(axes, lost, _last(points, self.log), style.color)
        parts += axes.ends([(written[each], end, style) for (each, end), style in zip(ends.items(), STYLES) if end])
        return card(WIDTH, HEIGHT, f"Training curve: {title}", self._words(), parts)

    def _words(self) -> str:
        """What the picture shows: the text, and when each run first fell below each power of ten."""
        return "\n".join("; ".join([self._told(each), *self._falls(each)]) for each in self.runs)

    def _falls(self, each: str) -> list[str]:
        points = [p for p in self.runs[each] if math.isfinite(p[1])]
        if not (self.log and points and points[0][1] > 0):
            return []
        found, power = [], math.ceil(math.log10(points[0][1]) - 1e-9) - 1
        for step, value in points:
            if 0 < value < 10.0**power:
                power = math.ceil(math.log10(value) - 1e-9)
                found.append(f"below {number(10.0**power)} from {self.unit} {number(step)}")
                power -= 1
        return found

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}


# ---------------------------------------------------------------------------------------------------
# Numbers


def thinned(points: Sequence[Point]) -> list[Point]:
    """The same curve in fewer points: in each piece of a long run its ends, its lowest and its highest.

    >>> len(thinned([(float(t), 1.0) for t in range(100_000)])) <= 4 * PIECES
    True
    """
    if len(points) <= 4 * PIECES:
        return list(points)
    kept: list[Point] = []
    for piece in range(PIECES):
        part = points[piece * len(points) // PIECES : (piece + 1) * len(points) // PIECES]
        low, high = min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])
        lost = [p for p in part if not math.isfinite(p[1])][:1]  # a gap in the line must not be lost
        kept += sorted({part[0], low, high, *lost, part[-1]}, key=lambda p: p[0])
    return kept


def _bound(first: float, last: float) -> str:
    """Where a run ended: the next of 1, 2, 5, 10, … that it is below, or above if it rose.

    The same on every processor, unless a run ends right at such a number.
    """
    if not math.isfinite(last) or last == 0:
        return number(last)
    if last < 0:
        return number(last, 2)
    last = max(last, first * FLOOR) if math.isfinite(first) else last
    power = 10.0 ** math.floor(math.log10(last))
    ladder = [m * power for m in (0.5, 1, 2, 5, 10, 20)]
    if last <= first or not math.isfinite(first):
        return f"below {number(next(step for step in ladder if step > last))}"
    return f"above {number(next(step for step in reversed(ladder) if step < last))}"


def _points(run: Any) -> list[Point]:
    if isinstance(run, Run):
        return run.points
    pairs = ((t, value.item() if hasattr(value, "item") else value) for t, value in enumerate(run))
    return [(float(t), float(value)) for t, value in pairs]


def _last(points: Sequence[Point], log: bool) -> Point | None:
    """The last point that has a place on the axis."""
    return next((p for p in reversed(points) if math.isfinite(p[1]) and (p[1] > 0 or not log)), None)


def _lost(points: Sequence[Point]) -> Point | None:
    """The first of the values, all of them not finite, that a run ends with; None if its end is a number."""
    found = None
    for point in reversed(points):
        if math.isfinite(point[1]):
            break
        found = point
    return found


def _kind(value: float) -> str:
    return "not a number (nan)" if math.isnan(value) else "infinite (inf)"


def _end_of_numbers(axes: Axes, lost: Point, before: Point | None, color: str) -> list[str]:
    """A cross where the line breaks off, and what comes after it in words."""
    x, y = axes.at(lost[0], before[1] if before else axes.y[0])
    y = min(max(y, axes.top + 12), axes.bottom - 12)
    arm = "l12 12m0 -12l-12 12"
    # The words stand on the side where there is room, across and upright.
    below = 22 if y < (axes.top + axes.bottom) / 2 else -14
    left = x > axes.right - 15 * FONT * EM
    return [
        f'<path d="M{length(x - 6)} {length(y - 6)}{arm}" fill="none" stroke="{color if before else INK}" '
        f'stroke-width="2.6"/>',
        label(x - 12 if left else x + 12, y + below, f"{lost[1]:.0f} from here", "end" if left else "start", halo=True),
    ]


# ---------------------------------------------------------------------------------------------------
# Where it runs


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")  # not imported, so not running in it
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None


def _bar(steps: Iterable[Any], name: str, unit: str) -> Any:
    """A progress bar, in a notebook and in a terminal; none where outputs are compared or stored."""
    if os.environ.get("LEARNTORCH_WIDGETS") == "off" or not (live() or sys.stderr.isatty()):
        return None
    total = len(steps) if hasattr(steps, "__len__") else None
    with suppress(ImportError):
        if live():
            return _LabBar(total, name, unit)
        from tqdm import tqdm

        return tqdm(total=total, desc=name, unit=unit, leave=False)
    return None


class _LabBar:
    """tqdm's bar for notebooks. A notebook that is saved and opened again would ask in vain for its widget, so it
    leaves an empty output behind."""

    def __init__(self, total: int | None, name: str, unit: str) -> None:
        from IPython.display import display
        from tqdm.notebook import tqdm

        self._bar = tqdm(total=total, desc=name, unit=unit, display=False)
        self._output = display(self._bar.container, display_id=True)
        self.update, self.set_postfix = self._bar.update, self._bar.set_postfix

    def close(self) -> None:
        self._bar.close()
        self._output.update({"text/plain": ""}, raw=True)
