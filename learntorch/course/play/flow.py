"""`show_flow`: the two-layer net as blocks, with the values that went forward and the gradients that came back.

Read in chapter 05, 06 and 07. The gradients are those that were made by hand, or those that the tensors keep
after `backward()`: the picture computes none of its own.
"""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

import numpy as np

from ..svg import BLUE, GREY, INK, LINE, PALE_BLUE, PALE_ORANGE, SANS, length
from ..widgets import Playable
from .parts import Picture, arrow, as_array, brief, is_tensor, rect, sheet, text

RUST = "#A84300"  # orange, darkened so that text in it can be read
BINS = 15  # an odd number, so that zero lies in the middle of a bar


def show_flow(
    *, x: Any, w1: Any, h: Any, h_relu: Any, w2: Any, y_pred: Any, loss: Any,
    grad_w1: Any = None, grad_h: Any = None, grad_h_relu: Any = None, grad_w2: Any = None, grad_y_pred: Any = None,
) -> Flow:  # fmt: skip
    """Draw the two-layer net: values forward, gradients back, each with its shape, its size and its zeros.

    Takes tensors or arrays under the names of the chapters. A gradient that is left out is read from the
    tensor: `w1.grad` after `backward()`, and `h.grad` if `h.retain_grad()` came before it. The size of a
    tensor is the root of the mean of its squares. With a kernel, walk through the stages one by one.

    Shape: x (N, D_in), w1 (D_in, H), h and h_relu (N, H), w2 (H, D_out), y_pred (N, D_out), loss ().

    Raises:
        TypeError: "show_flow() draws a tensor or a NumPy array, not a list. …"
        ValueError: "show_flow() needs h of shape (64, 100), …" when shapes do not fit together.
    """
    given = {"x": x, "w1": w1, "h": h, "h_relu": h_relu, "w2": w2, "y_pred": y_pred, "loss": loss}
    grads = {"w1": grad_w1, "h": grad_h, "h_relu": grad_h_relu, "w2": grad_w2, "y_pred": grad_y_pred}
    return Flow(read(given, grads))


# ---------------------------------------------------------------------------------------------------
# Reading


class Summary(NamedTuple):
    """What is drawn of a tensor: how large its numbers are, how many are zero, and how they are spread."""

    size: float  # the root of the mean square
    zeros: float  # the share of exact zeros
    limit: float  # the histogram runs from -limit to limit
    bars: tuple[int, ...]  # how many numbers in each of 15 equal parts of that range
    strange: int  # how many are nan or inf


class Block(NamedTuple):
    """A tensor of the net and its gradient; `missing` says why there is no gradient."""

    shape: tuple[int, ...]
    value: Summary
    grad: Summary | None
    missing: str
    dead: int = 0  # columns of h_relu that are zero for every example: units that learn nothing here


def summarize(values: np.ndarray) -> Summary:
    """Size, zeros and histogram.

    >>> summarize(np.array([3.0, -4.0, 0.0, 0.0]))[:3]
    (2.5, 0.5, 4.0)
    """
    flat = values.astype(np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    limit = float(np.abs(finite).max(initial=0.0))
    bars, _ = np.histogram(finite, bins=BINS, range=(-limit, limit) if limit else (-1, 1))
    size = float(np.sqrt(np.square(finite).mean())) if finite.size else 0.0
    zeros = float((flat == 0).mean()) if flat.size else 0.0
    return Summary(size, zeros, limit, tuple(bars.tolist()), flat.size - finite.size)


def read(given: dict[str, Any], grads: dict[str, Any]) -> dict[str, Block]:
    """A block for each tensor of the net, after the shapes were found to fit together."""
    caller = "show_flow()"
    plain = {"loss": np.float64(given["loss"])} if isinstance(given["loss"], float) else {}  # loss.item() will do
    values = {name: as_array(plain.get(name, thing), caller) for name, thing in given.items()}
    for name in ("x", "w1", "w2"):
        if values[name].ndim != 2:
            raise ValueError(f"{caller} needs {name} as a matrix, and its shape is {values[name].shape}. Reshape it.")
    (n, _), (d_in, hidden), (_, d_out) = (values[name].shape for name in ("x", "w1", "w2"))
    fitting = {"x": (n, d_in), "h": (n, hidden), "h_relu": (n, hidden), "w2": (hidden, d_out), "y_pred": (n, d_out)}
    for name, shape in (fitting | {"loss": ()}).items():
        if values[name].shape != shape:
            raise ValueError(
                f"{caller} needs {name} of shape {shape}, and got {values[name].shape}. "
                "Pass the tensors of one and the same forward pass."
            )
    blocks = {}
    for name, value in values.items():
        grad, missing = grads.get(name), ""
        if grad is None:
            grad, missing = _kept(name, given[name])
        if grad is not None:
            grad = as_array(grad, caller)
            if grad.shape != value.shape:
                raise ValueError(
                    f"{caller} needs grad_{name} in the shape of {name}, {value.shape}, and got {grad.shape}. "
                    "A transpose may be missing in the backward pass."
                )
        dead = int((value == 0).all(axis=0).sum()) if name == "h_relu" else 0
        blocks[name] = Block(value.shape, summarize(value), None if grad is None else summarize(grad), missing, dead)
    return blocks


def _kept(name: str, thing: Any) -> tuple[Any, str]:
    """The gradient that a tensor keeps, or why it has none."""
    if name == "x":
        reason = "data: not needed"
    elif name == "loss":
        return None, "the start: 1"
    elif is_tensor(thing) and thing.requires_grad:
        # Asking a tensor for a gradient that it does not keep would warn.
        if not (thing.is_leaf or thing.retains_grad):
            return None, "not kept"
        reason = "no backward() yet"
    else:
        return None, "not given"
    return (thing.grad if is_tensor(thing) else None), reason


# ---------------------------------------------------------------------------------------------------
# The stages


class Stage(NamedTuple):
    """A line of the forward or the backward pass: what it makes, the formula, and why in a sentence."""

    direction: str  # 'forward' or 'backward'
    makes: str
    formula: str
    why: str


STAGES = (
    Stage("forward", "h", "h = x @ w1", "Each hidden unit is a weighted sum of all inputs."),
    Stage("forward", "h_relu", "h_relu = max(h, 0)", "relu lets positive values pass and makes the others zero."),
    Stage("forward", "y_pred", "y_pred = h_relu @ w2", "Each output is a weighted sum of what passed relu."),
    Stage("forward", "loss", "loss = Σ (y_pred − y)²", "One number for how wrong the prediction is."),
    Stage("backward", "y_pred", "grad_y_pred = 2 (y_pred − y)", "The way back begins: the derivative of the square."),
    Stage("backward", "w2", "grad_w2 = h_reluᵀ @ grad_y_pred", "The first gradient that the update will use."),
    Stage("backward", "h_relu", "grad_h_relu = grad_y_pred @ w2ᵀ", "Through the second product, to its other factor."),
    Stage("backward", "h", "grad_h = grad_h_relu, but 0 where h < 0", "Where relu was shut, nothing comes back."),
    Stage(
        "backward",
        "w1",
        "grad_w1 = xᵀ @ grad_h",
        "The second gradient that the update will use. x is data and gets none.",
    ),
)


def said_of(stage: int, blocks: dict[str, Block]) -> str:
    """The words for a stage: 0 is before the first line, 9 after the last."""
    if stage == 0:
        return "Given are the data x and the weights w1 and w2. Nothing has been computed."
    now = STAGES[stage - 1]
    block = blocks[now.makes]
    summary = block.value if now.direction == "forward" else block.grad
    found = _in_words(summary) if summary else f"this gradient is not there ({block.missing})"
    if now.formula.startswith("h_relu"):
        found += f"; {_dead(block)}"
    return f"{stage} of {len(STAGES)}, {now.direction}: {now.formula}. {now.why} Shape {block.shape}, {found}."


def _dead(h_relu: Block) -> str:
    return f"{h_relu.dead} of {h_relu.shape[1]} units are zero for every example"


def words(blocks: dict[str, Block]) -> str:
    """The whole picture in words, a line for each tensor."""
    lines = []
    for name, block in blocks.items():
        grad = _in_words(block.grad) if block.grad else block.missing
        value = brief(block.value.size) if block.shape == () else _in_words(block.value)
        lines.append(f"{name:<6} {block.shape!s:<12} value: {value}; gradient: {grad}")
    lines.append(f"h_relu: {_dead(blocks['h_relu'])}")
    return "\n".join(lines)


def _in_words(summary: Summary) -> str:
    strange = f", {summary.strange} nan or inf" if summary.strange else ""
    return f"size {brief(summary.size)}, {summary.zeros:.0%} zeros{strange}"


# ---------------------------------------------------------------------------------------------------
# The picture

WIDE, PANEL = 126.0, 84.0  # a block, and each of its two panels
PITCH, LEFT = 164.0, 19.0
CHAIN = ("x", "h", "h_relu", "y_pred", "loss")
TOP_WEIGHT, TOP_CHAIN = 54.0, 350.0
TALL = 44 + 2 * PANEL


def _corner(name: str) -> tuple[float, float]:
    """The upper left corner of a block. A weight stands above the arrow that it belongs to."""
    if name in CHAIN:
        return LEFT + CHAIN.index(name) * PITCH, TOP_CHAIN
    return LEFT + (0.5 if name == "w1" else 2.5) * PITCH, TOP_WEIGHT


def picture(blocks: dict[str, Block], stage: int | None = None) -> Picture:
    """The net after `stage` lines, with the last of them marked; all of it, unmarked, for None."""
    done = STAGES if stage is None else STAGES[:stage]
    forward = {"x", "w1", "w2"} | {s.makes for s in done if s.direction == "forward"}
    backward = {s.makes for s in done if s.direction == "backward"}
    now = STAGES[stage - 1] if stage else None
    if stage is None or stage == len(STAGES):
        backward |= {"x"}
    if stage is None or stage > 3:
        backward |= {"loss"}
    parts = [
        text(LEFT, 24, "forward →", size=14, color=BLUE, bold=True, font=SANS),
        text(LEFT + 84, 24, "values, solid arrows", size=12, color=GREY, font=SANS),
        text(LEFT + 240, 24, "← backward", size=14, color=RUST, bold=True, font=SANS),
        text(LEFT + 342, 24, "gradients, dashed arrows", size=12, color=GREY, font=SANS),
    ]
    for line in STAGES:
        parts += _step(line, line in done, line is now)
    for name, block in blocks.items():
        here = now is not None and now.makes == name
        parts += _block(name, block, name in forward, name in backward, now.direction if here else "")
    note = "size: root of the mean square.  bars: how many numbers, from −limit to limit, zero at the mark"
    bottom = TOP_CHAIN + TALL + 84
    parts.append(text(LEFT, bottom, note, size=12, color=GREY, font=SANS))
    title = "The two-layer net, forward and backward"
    said = words(blocks) if stage is None else said_of(stage, blocks)
    return sheet(2 * LEFT + 4 * PITCH + WIDE, bottom + 16, title, said, parts)


def _block(name: str, block: Block, forward: bool, backward: bool, marked: str) -> list[str]:
    x, y = _corner(name)
    out = [
        rect(x, y, WIDE, TALL, stroke=INK if forward else LINE, thick=1.4, dashed=not forward, round_=6),
        text(x + WIDE / 2, y + 18, name, size=15, bold=True, anchor="middle"),
        text(x + WIDE / 2, y + 35, str(block.shape), size=12, anchor="middle", color=GREY),
    ]
    for row, (summary, there) in enumerate(((block.value, forward), (block.grad, backward))):
        top = y + 44 + row * PANEL
        color, pale = ((BLUE, PALE_BLUE), (RUST, PALE_ORANGE))[row]
        hot = marked == ("forward", "backward")[row]
        out.append(
            rect(x + 4, top, WIDE - 8, PANEL - 4, fill=pale if there else "#FFFFFF", stroke=color if there else LINE,
                 thick=3.5 if hot else 1, dashed=not there, round_=3)
        )  # fmt: skip
        if not there:
            continue
        if summary is None:
            out.append(text(x + WIDE / 2, top + PANEL / 2, block.missing, size=12, anchor="middle", font=SANS))
        elif block.shape == ():
            out.append(text(x + WIDE / 2, top + PANEL / 2, brief(summary.size), size=15, bold=True, anchor="middle"))
        else:
            out += _histogram(summary, x + 12, top + 4, color)
    return out


def _histogram(summary: Summary, left: float, top: float, color: str) -> list[str]:
    width, tall = (WIDE - 24) / BINS, 36.0
    most = max(*summary.bars, 1)
    base = top + tall
    # A bar that is not empty is at least a pixel high: few is not none.
    heights = [max(count / most * tall, 1.0) if count else 0.0 for count in summary.bars]
    bars = "".join(
        f"M{length(left + k * width + 0.5)} {length(base)}v-{length(h)}h{length(width - 1)}v{length(h)}z"
        for k, h in enumerate(heights)
        if h
    )
    middle = left + (WIDE - 24) / 2
    last = f"{summary.strange} nan or inf" if summary.strange else f"{summary.zeros:.0%} zeros"
    return [
        f'<path d="{bars}" fill="{color}"/>',
        f'<path d="M{length(left)} {length(base)}h{length(WIDE - 24)}M{length(middle)} {length(base)}v4" '
        f'stroke="{INK}" stroke-width="1"/>',
        text(middle, base + 18, f"size {brief(summary.size)}", size=12, anchor="middle"),
        text(middle, base + 33, last, size=12, anchor="middle", bold=summary.zeros > 0.01 or summary.strange > 0),
    ]


def _step(stage: Stage, done: bool, now: bool) -> list[str]:
    """The arrow and the formula of one line."""
    color = {"forward": BLUE, "backward": RUST}[stage.direction] if done else "#9A9A9A"
    words_color = (BLUE if stage.direction == "forward" else RUST) if done else LINE
    back, thick = stage.direction == "backward", 3.4 if now else 1.8
    left, equals, right = stage.formula.partition(" = ")
    lines = [left + " =", *(part.strip() for part in right.replace(", but", ",|").split("|"))]
    if stage.makes in ("w1", "w2"):  # up to the weight, beside the way down
        x, y = _corner(stage.makes)
        up, level = x + WIDE / 2 + 3, TOP_CHAIN + 44 + PANEL * 1.2
        side = x + WIDE / 2 + (PITCH - WIDE) / 2
        out = [
            f'<path d="M{length(side)} {length(level)}H{length(up)}" stroke="{color}" stroke-width="{thick}" '
            f'stroke-dasharray="5 3" fill="none"/>',
            arrow(up, level, up, y + TALL + 3, color, dashed=True, thick=thick),
        ]
        at, line_y, anchor = x + WIDE / 2 + 12, y + TALL + 24, "start"
    else:
        k = CHAIN.index(stage.makes) + (1 if back else 0)
        right_x = LEFT + k * PITCH
        line = TOP_CHAIN + 44 + PANEL * (1.5 if back else 0.5)
        start, end = right_x - (PITCH - WIDE) + 3, right_x - 3
        out = [
            arrow(*((end, line, start, line) if back else (start, line, end, line)), color, dashed=back, thick=thick)
        ]
        at, anchor = (start + end) / 2, "middle"
        line_y = TOP_CHAIN + TALL + 22 if back else TOP_CHAIN - 30
        if stage.makes in ("h", "y_pred") and not back:  # the weight comes down into this product
            x, y = _corner("w1" if stage.makes == "h" else "w2")
            out.append(arrow(x + WIDE / 2 - 9, y + TALL + 3, x + WIDE / 2 - 9, line - 3, color, thick=thick))
            at, anchor, line_y = x + WIDE / 2 - 18, "end", y + TALL + 24
    for row, words_ in enumerate(lines):
        out.append(text(at, line_y + row * 15, words_, size=12, color=words_color, anchor=anchor, bold=now))
    return out


# ---------------------------------------------------------------------------------------------------
# Playing


class Flow(Playable):
    """The net: `static()` is the whole of it, `widget()` goes through it line by line."""

    def __init__(self, blocks: dict[str, Block]) -> None:
        self.blocks = blocks

    def static(self) -> dict[str, str]:
        drawn = picture(self.blocks)
        return {"image/svg+xml": drawn.svg, "text/plain": drawn.words}

    def scene(self, stage: int) -> tuple[str, str]:
        """The picture after so many lines, and the words for the last of them."""
        return picture(self.blocks, stage).svg, said_of(stage, self.blocks)

    def widget(self) -> Any:
        from ipywidgets import HTML, Button, HBox, IntSlider, Layout, VBox

        slider = IntSlider(
            0, 0, len(STAGES), description="Line", style={"description_width": "initial"}, layout=Layout(width="420px")
        )
        back, forth = Button(description="Back"), Button(description="Next")
        drawn, said = HTML(), HTML()

        def show(_: object = None) -> None:
            svg, sentences = self.scene(slider.value)
            drawn.value = svg
            said.value = (
                f'<p role="status" style="max-width: 820px; min-height: 4em; margin: 4px 0">{escape(sentences)}</p>'
            )

        def go(by: int) -> None:
            slider.value = min(max(slider.value + by, 0), len(STAGES))

        slider.observe(show, "value")
        back.on_click(lambda _: go(-1))
        forth.on_click(lambda _: go(1))
        show()
        return VBox([HBox([slider, back, forth]), said, drawn])
