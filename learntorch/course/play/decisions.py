"""`show_decisions`: what a net answers to each number, epoch by epoch, and which digits its answer hangs on.

Read in chapter 10. A view is handed the inputs and the right answers, and called now and then in training; it
keeps the answers only, and what is shown later needs neither the net nor its scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

import learntorch as torch

from ..axes import FONT, label
from ..svg import BLUE, GREEN, INK, LINE, ORANGE, PALE_BLUE, PALE_GREEN, PALE_ORANGE, card, length
from ..widgets import Playable

# How a class looks: the letters in a cell, the shade, and the edge. The letters alone tell them apart.
LOOKS = (("", "#FFFFFF", LINE), ("F", PALE_BLUE, BLUE), ("B", PALE_ORANGE, ORANGE), ("FB", PALE_GREEN, GREEN))
CLASSES = ("number", "fizz", "buzz", "fizzbuzz")
COLUMNS = 10
CELL = 25  # pixels, in a grid of three; the widget's single grid has larger cells


class Snapshot(NamedTuple):
    """The answers of a net after so many epochs: to each number, and to each number with one digit flipped."""

    epoch: int
    answers: list[int]
    flipped: list[list[int]]  # flipped[i][d]: the answer when digit d of number i is flipped


def show_decisions(
    inputs: torch.Tensor,
    labels: torch.Tensor,
    *,
    numbers: Sequence[int] | None = None,
    classes: Sequence[str] = CLASSES,
    every: int = 1,
) -> Decisions:
    """A view that watches a net learn: call it in training with the epoch and the net, show it afterwards.

        view = show_decisions(testX, testY, every=100)
        for epoch in range(10000):
            ...
            view(epoch, model)
        view

    Shape: inputs (N, D), the binary digits, the ones first; labels (N,), whole numbers, one for each class.
    `numbers` are read from the digits where they are left out. Every `every`-th epoch is kept. Instead of a net,
    `view(epoch, f)` takes any function that turns (M, D) inputs into (M, C) scores.

    Raises:
        ValueError: for inputs that are not rows of 0 and 1, labels that do not fit them, or unordered epochs.
        RuntimeError: when the view is shown before a first snapshot.

    >>> digits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> view = show_decisions(digits, torch.tensor([0, 0, 1]), classes=("number", "fizz"))
    >>> view(0, lambda x: torch.stack([1.5 - x.sum(1), x.sum(1) - 1.5], dim=1))
    >>> print(view)
    epoch 0: 3 of 3 right; number 2 of 2, fizz 1 of 1
    """
    return Decisions(inputs, labels, numbers, tuple(classes), every)


class Decisions(Playable):
    """The answers of a net to a list of numbers, at several epochs."""

    def __init__(
        self,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        numbers: Sequence[int] | None,
        classes: tuple[str, ...],
        every: int,
    ) -> None:
        digits = _digits(inputs)
        if labels.shape != (len(digits),):
            raise ValueError(
                f"show_decisions() got {len(digits)} rows of digits and labels of shape {tuple(labels.shape)}. "
                "Give one label for each row."
            )
        if every < 1:
            raise ValueError(
                f"show_decisions() got every={every}. Give the number of epochs between snapshots, 1 or more."
            )
        if not 2 <= len(classes) <= len(LOOKS):
            raise ValueError(f"show_decisions() tells 2 to {len(LOOKS)} classes apart, got {len(classes)}.")
        self.labels = [int(v) for v in labels.tolist()]
        if not all(0 <= v < len(classes) for v in self.labels):
            raise ValueError(
                f"show_decisions() got labels from {min(self.labels)} to {max(self.labels)} and {len(classes)} "
                f"classes, so they can be 0 to {len(classes) - 1}. Pass all names with classes=[…]."
            )
        self.numbers = [sum(b << d for d, b in enumerate(row)) for row in digits] if numbers is None else [*numbers]
        self.places = _places(digits, self.numbers)
        self.digits, self.classes, self.every = digits, classes, every
        self.snapshots: list[Snapshot] = []
        x = inputs.detach().cpu().unsqueeze(1)  # (N, 1, D)
        one = torch.eye(x.shape[2], dtype=x.dtype).unsqueeze(0)  # (1, D, D): row d is 1 at digit d
        self._rows = torch.cat([x, (x - one).abs()], dim=1).flatten(0, 1)  # (N · (1 + D), D)

    def __call__(self, epoch: int, net: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Keep the answers of `net` after this epoch, if the epoch is one of every `every`."""
        if epoch % self.every == 0:
            self.keep(epoch, net)

    def keep(self, epoch: int, net: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Keep the answers of `net` whatever the epoch: for the last one."""
        if self.snapshots and epoch <= self.snapshots[-1].epoch:
            raise ValueError(
                f"This view has a snapshot of epoch {self.snapshots[-1].epoch}, and epoch {epoch} is not after it. "
                "Make a new view with show_decisions() for a new training run."
            )
        scores = _scores(net, self._rows)
        if scores.shape != (len(self._rows), len(self.classes)):
            raise ValueError(
                f"The net turned {tuple(self._rows.shape)} inputs into scores of shape {tuple(scores.shape)}, and "
                f"{len(self.classes)} classes need {(len(self._rows), len(self.classes))}. Give one score per class."
            )
        best = scores.argmax(1).reshape(len(self.numbers), -1).tolist()
        self.snapshots.append(Snapshot(epoch, [row[0] for row in best], [row[1:] for row in best]))

    def counts(self, snapshot: Snapshot) -> list[tuple[int, int]]:
        """For each class, how many of its numbers are answered right, and how many there are."""
        pairs = [*zip(snapshot.answers, self.labels)]
        return [(sum(a == b == k for a, b in pairs), sum(b == k for _, b in pairs)) for k in range(len(self.classes))]

    def words(self, snapshot: Snapshot) -> str:
        """How many are right, in all and of each class."""
        counts = self.counts(snapshot)
        each = ", ".join(f"{name} {right} of {total}" for name, (right, total) in zip(self.classes, counts) if total)
        return f"epoch {snapshot.epoch}: {sum(r for r, _ in counts)} of {len(self.labels)} right; {each}"

    def flips(self, snapshot: Snapshot, number: int) -> list[tuple[int, int, int, int]]:
        """For each digit of `number`: its place value, the digit, the number with it flipped, the answer then."""
        i = self._index(number)
        found = []
        for d, place in enumerate(self.places):
            digit = self.digits[i][d]
            found.append((place, digit, number - place if digit else number + place, snapshot.flipped[i][d]))
        return found

    def flips_in_words(self, snapshot: Snapshot, number: int) -> str:
        """Which digits the answer to `number` hangs on."""
        i = self._index(number)
        answer, right = self._say(number, snapshot.answers[i]), self._say(number, self.labels[i])
        verdict = "right" if snapshot.answers[i] == self.labels[i] else f"wrong: it is {right}"
        flips = self.flips(snapshot, number)
        changed = [place for place, *_, after in flips if after != snapshot.answers[i]]
        kept = [place for place, *_, after in flips if after == snapshot.answers[i]]
        if not changed:
            hangs = "Flipped one at a time, no digit changes the kind of its answer."
        elif not kept:
            hangs = "Flipped one at a time, every digit changes the kind of its answer."
        else:
            one = f"digit for {changed[0]} changes" if len(changed) == 1 else f"digits for {_list(changed)} change"
            hangs = f"Flipped one at a time, the {one} the kind of its answer; the others do not."
        return f"The net says {answer} to {number} ({verdict}). {hangs}"

    def static(self) -> dict[str, str]:
        """The first, a middle and the last snapshot, side by side.

        The counts stand in the picture. The plain text is compared from machine to machine, and after thousands of
        steps of training a few answers may differ, so it says of each snapshot only what holds everywhere.
        """
        shots = self._three()
        guess = max(total for _, total in self.counts(shots[0]))
        lines = []
        for shot in shots:
            more = "more" if sum(right for right, _ in self.counts(shot)) > guess else "no more"
            lines.append(f"epoch {shot.epoch}: {more} right than by one answer to all ({guess} of {len(self.labels)})")
        return {"text/plain": "\n".join(lines), "image/svg+xml": self._side_by_side(shots)}

    def __repr__(self) -> str:
        return "\n".join(self.words(shot) for shot in self._three()) if self.snapshots else "no snapshot yet"

    def widget(self) -> Any:
        import ipywidgets as ui

        self._three()
        look = {"style": {"description_width": "110px"}, "layout": ui.Layout(width="500px")}
        epochs = [(str(shot.epoch), k) for k, shot in enumerate(self.snapshots)]
        epoch = ui.SelectionSlider(options=epochs, value=len(epochs) - 1, description="epoch", **look)
        chosen = ui.SelectionSlider(options=self.numbers, value=self.numbers[0], description="number", **look)
        words, picture = ui.HTML(), ui.HTML()

        def redraw(_: object = None) -> None:
            shot = self.snapshots[epoch.value]
            said = f"{self.words(shot)}. {self.flips_in_words(shot, chosen.value)}"
            words.value = f"<p>{escape(said[0].upper() + said[1:])}</p>"
            picture.value = self.picture(shot, chosen.value)

        for control in (epoch, chosen):
            control.observe(redraw, "value")
        redraw()
        return ui.VBox([epoch, chosen, words, picture])

    def picture(self, snapshot: Snapshot, number: int) -> str:
        """One snapshot large, with the chosen number framed twice, and what each flipped digit turns it into."""
        side = 38
        rows = math.ceil(len(self.numbers) / COLUMNS)
        parts = [label(20, 30, f"Epoch {snapshot.epoch}", bold=True, size=FONT + 1)]
        parts += self._grid(20, 44, side, snapshot, chosen=number)
        left = 20 + side * COLUMNS + 34
        parts.append(label(left, 30, f"Flip one digit of {number}", bold=True, size=FONT + 1))
        i = self._index(number)
        for name, x in (("digit for", 0), ("", 84), ("becomes", 122), ("the net says", 214)):
            parts.append(label(left + x, 58, name))
        for k, (place, digit, other, answer) in enumerate(self.flips(snapshot, number)):
            y = 84 + 28 * k
            parts += [label(left + 44, y, str(place), "end"), label(left + 70, y, f"{digit} → {1 - digit}")]
            parts.append(label(left + 160, y, str(other), "end"))
            parts += _cell(left + 214, y - 17, 24, LOOKS[answer], "", wrong=self._right(other) not in (answer, None))
            changed = answer != snapshot.answers[i]
            word = self._say(other, answer) + ("" if changed else " (same kind)")
            parts.append(label(left + 246, y, word, bold=changed))
        bottom = max(44 + side * rows, 84 + 28 * len(self.places)) + 24
        parts += self._key(20, bottom + 4)
        text = f"{self.words(snapshot)}. {self.flips_in_words(snapshot, number)}"
        return card(806, bottom + 30, f"Answers of the net at epoch {snapshot.epoch}", text, parts)

    def _side_by_side(self, shots: list[Snapshot]) -> str:
        rows = math.ceil(len(self.numbers) / COLUMNS)
        wide, top = CELL * COLUMNS + 10, 66
        parts = []
        for k, shot in enumerate(shots):
            left = 14 + wide * k
            right = sum(r for r, _ in self.counts(shot))
            parts.append(label(left, 30, f"Epoch {shot.epoch}", bold=True, size=FONT + 1))
            parts.append(label(left, 52, f"{right} of {len(self.labels)} right"))
            parts += self._grid(left, top, CELL, shot)
        bottom = top + CELL * rows + 28
        parts += self._key(14, bottom)
        for k, shot in enumerate(shots):
            parts.append(label(14, bottom + 34 + 22 * k, self.words(shot).capitalize()))
        text = ". ".join(self.words(shot) for shot in shots)
        width = max(14 + wide * len(shots) + 4, 640)
        return card(width, bottom + 22 * len(shots) + 30, "Answers of the net in training", text, parts)

    def _grid(self, left: float, top: float, side: float, shot: Snapshot, chosen: int | None = None) -> list[str]:
        parts, last = [], []
        for i, (number, answer, right) in enumerate(zip(self.numbers, shot.answers, self.labels)):
            x, y = left + side * (i % COLUMNS), top + side * (i // COLUMNS)
            # Where a cell has room, the number stands above the letters; in a small one, letters replace it.
            parts += _cell(x, y, side, LOOKS[answer], str(number), wrong=answer != right)
            if number == chosen:
                size = length(side - 2)
                last.append(
                    f'<rect x="{length(x + 1)}" y="{length(y + 1)}" width="{size}" height="{size}" '
                    f'fill="none" stroke="{INK}" stroke-width="3.5"/>'
                )
        return parts + last

    def _key(self, left: float, y: float) -> list[str]:
        """What the letters and the cross mean."""
        parts = []
        for k, name in enumerate(self.classes):
            x = left + 118 * k
            parts += _cell(x, y - 16, 22, LOOKS[k], "7" if k == 0 else "")
            parts.append(label(x + 30, y, name))
        x = left + 118 * len(self.classes)
        parts += _cell(x, y - 16, 22, LOOKS[0], "", wrong=True)
        return [*parts, label(x + 30, y, "wrong")]

    def _three(self) -> list[Snapshot]:
        shots = self.snapshots
        if not shots:
            raise RuntimeError("This view has no snapshot yet. Call view(epoch, model) in the training loop first.")
        return [shots[k] for k in sorted({0, len(shots) // 2, len(shots) - 1})]

    def _right(self, number: int) -> int | None:
        """The right answer to a number that need not be among ours; None where the game is another one."""
        if number in self.numbers:
            return self.labels[self.numbers.index(number)]
        return _fizzbuzz(number) if self.labels == [*map(_fizzbuzz, self.numbers)] else None

    def _index(self, number: int) -> int:
        if number not in self.numbers:
            raise ValueError(
                f"This view does not hold the number {number}. "
                f"Choose one from {min(self.numbers)} to {max(self.numbers)}."
            )
        return self.numbers.index(number)

    def _say(self, number: int, kind: int) -> str:
        return self.classes[kind] if kind else str(number)


def _list(places: list[int]) -> str:
    return ", ".join(map(str, places[:-1])) + f" and {places[-1]}"


def _fizzbuzz(number: int) -> int:
    """0: the number itself, 1: fizz, 2: buzz, 3: fizzbuzz."""
    return (number % 3 == 0) + 2 * (number % 5 == 0)


def _cell(x: float, y: float, side: float, look: tuple[str, str, str], number: str, wrong: bool = False) -> list[str]:
    """One answer: shade and letters, the number where there is room, a frame and a cross where it is wrong."""
    letters, shade, edge = look
    size = length(side - 2)
    parts = [
        f'<rect x="{length(x + 1)}" y="{length(y + 1)}" width="{size}" height="{size}" rx="2" '
        f'fill="{shade}" stroke="{edge}"/>'
    ]
    if wrong:
        a, b, c, d = (length(v) for v in (x + 2, y + 2, x + side - 2, y + side - 2))
        # In a small cell the cross leaves the middle to the letters.
        arm = length(side - 4 if side > 30 else 7)
        corners = ((a, b, "", ""), (c, b, "-", ""), (a, d, "", "-"), (c, d, "-", "-"))
        strokes = "".join(f"M{x} {y}l{across}{arm} {up}{arm}" for x, y, across, up in corners)
        parts.append(f'<path d="{strokes}" stroke="{INK}" stroke-width="1.4"/>')
        parts.append(f'<path d="M{a} {b}H{c}V{d}H{a}Z" fill="none" stroke="{INK}" stroke-width="2"/>')
    # A rim around the words keeps them readable where the cross passes below.
    middle = x + side / 2
    if side > 30:
        parts.append(label(middle, y + 15, number, "middle", halo=wrong, size=12))
        parts.append(label(middle, y + side - 7, letters, "middle", bold=True, halo=wrong))
    else:
        text = letters or number
        parts.append(label(middle, y + side / 2 + 4.5, text, "middle", bold=bool(letters), halo=wrong, size=12))
    return parts


def _digits(inputs: torch.Tensor) -> list[list[int]]:
    if not isinstance(inputs, torch.Tensor) or inputs.dim() != 2 or not inputs.numel():
        got = f"shape {tuple(inputs.shape)}" if isinstance(inputs, torch.Tensor) else type(inputs).__name__
        raise ValueError(f"show_decisions() needs a tensor of shape (N, D), one row of digits per number, got {got}.")
    rows = inputs.tolist()
    if any(v not in (0, 1) for row in rows for v in row):
        raise ValueError("show_decisions() flips binary digits, and these inputs hold others. Give rows of 0 and 1.")
    return [[int(v) for v in row] for row in rows]


def _places(digits: list[list[int]], numbers: list[int]) -> list[int]:
    """What each digit is worth: the ones first, as the chapter writes them, or last."""
    if len(numbers) != len(digits):
        raise ValueError(
            f"show_decisions() got {len(digits)} rows of digits and {len(numbers)} numbers. Give one each."
        )
    ones_first = [2**d for d in range(len(digits[0]))]
    for places in (ones_first, ones_first[::-1]):
        if all(sum(p * b for p, b in zip(places, row)) == number for row, number in zip(digits, numbers)):
            return places
    raise ValueError(
        "show_decisions() got numbers that are not what their digits say, in either order. "
        "Leave numbers= out, and they are read from the digits."
    )


def _scores(net: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor) -> torch.Tensor:
    """The scores for all rows at once: without a graph, with dropout off, and on the device of the net."""
    is_module = isinstance(net, torch.nn.Module)
    modes = [(module, module.training) for module in net.modules()] if is_module else []
    first = next(iter(net.parameters()), None) if is_module else None
    try:
        for module, _ in modes:
            module.eval()
        with torch.no_grad():
            scores = net(rows if first is None else rows.to(first.device))
    finally:
        for module, mode in modes:  # parents come first, so that each child ends in its own mode
            module.train(mode)
    if not isinstance(scores, torch.Tensor):
        raise ValueError(
            f"The net returned {type(scores).__name__}, no tensor. Return one row of scores per input row."
        )
    return scores.cpu()
