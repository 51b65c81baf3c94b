"""`watch` and `curves`: what a loop logs is what the picture and its text say, live or not.

The behaviour of `learntorch.course.training`.
"""

import math
import sys
import types
from xml.etree import ElementTree

import pytest

import learntorch as torch
from learntorch.course import curves, training, watch
from learntorch.course.axes import STYLES

SVG = "{http://www.w3.org/2000/svg}"


def trained(values, **how):
    """A run over these values."""
    run = watch(values, **how)
    for value in run:
        run.log(value)
    return run


def drawn(picture):
    """The lines of a picture: for each its pieces, as lists of (x, y) in pixels."""
    found = []
    for path in ElementTree.fromstring(picture.svg).iter(f"{SVG}path"):
        if path.get("stroke-linejoin") == "round" and path.get("d"):
            pieces = path.get("d").split("M")[1:]
            found.append([[tuple(map(float, p.split())) for p in piece.split("L")] for piece in pieces])
    return found


def words(picture):
    return [text.text for text in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


# What is logged ------------------------------------------------------------------------------------


def test_the_loop_gets_the_steps_and_the_run_keeps_the_values(capsys):
    run, seen = watch("abc", unit="epoch"), []
    for i, letter in enumerate(run):
        seen.append(letter)
        run.log(torch.tensor([3.0 - i], requires_grad=True))
    assert seen == ["a", "b", "c"] and run.values == [3.0, 2.0, 1.0] and len(run) == 3
    assert capsys.readouterr().out == "loss 3 → below 2 after 3 epochs\n"
    assert repr(run) == "loss 3 → below 2 after 3 epochs"


def test_a_value_now_and_then(capsys):
    run = watch(range(100))
    for t in run:
        if t % 25 == 0:
            run.log(100.0 - t)
    assert run.points == [(0, 100), (25, 75), (50, 50), (75, 25)]
    assert repr(run) == "loss 100 → below 50 after 100 steps"


def test_a_loop_again_begins_anew(capsys):
    run = trained([3.0, 2.0])
    for value in run:
        run.log(value + 10)
    assert run.values == [13.0, 12.0]


def test_left_early_the_curve_up_to_there_is_shown(capsys):
    run = watch(range(100))
    for t in run:
        run.log(10.0 - t)
        if t == 4:
            break
    assert capsys.readouterr().out == "loss 10 → below 10 after 5 steps\n"
    with pytest.raises(KeyboardInterrupt):
        for t in run:
            run.log(10.0 - t)
            if t == 6:
                raise KeyboardInterrupt
    assert capsys.readouterr().out == "loss 10 → below 5 after 7 steps\n"
    assert run.values == [10.0 - t for t in range(7)]


def test_what_cannot_be_logged_or_watched():
    run = watch(range(2))
    with pytest.raises(TypeError, match=r"log\(\) takes a number .* not 'str'. Give it the loss"):
        run.log("0.5")
    with pytest.raises((RuntimeError, ValueError)):
        run.log(torch.ones(2))
    with pytest.raises(TypeError, match=r"not 500. Give it range\(500\)"):
        watch(500)
    assert repr(run) == "loss: nothing was logged. Call run.log(loss) in the loop."
    ElementTree.fromstring(run.curve.svg)


# What the text says --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([2.303, 0.047], "loss 2.3 → below 0.05 after 2 steps"),
        ([2.303, 0.047001], "loss 2.3 → below 0.05 after 2 steps"),
        ([2.9e7, 7.3e-6], "loss 2.9e7 → below 50 after 2 steps"),
        ([700.0, 1e-4], "loss 700 → below 0.001 after 2 steps"),
        ([1.0, 0.0], "loss 1 → 0 after 2 steps"),
        ([1.0, -2.345], "loss 1 → −2.3 after 2 steps"),
        ([1.0, 730.0], "loss 1 → above 500 after 2 steps"),
        ([1.0], "loss 1 → below 2 after 1 step"),
        ([1.0, math.nan], "loss 1 → nan after 2 steps; not a number (nan) from step 1 on"),
        ([1.0, 9e9, math.inf, math.nan], "loss 1 → nan after 4 steps; infinite (inf) from step 2 on"),
        ([1.0, math.nan, 0.3], "loss 1 → below 0.5 after 3 steps"),
        ([math.nan], "loss nan → nan after 1 step; not a number (nan) from step 0 on"),
    ],
)
def test_the_text(values, text, capsys):
    assert repr(trained(values)) == text
    ElementTree.fromstring(trained(values).curve.svg)


def test_the_bound_holds_for_any_end():
    for k in range(-120, 60):
        last = 1.37 ** (k / 2)
        low, high = training._bound(0.0, last), training._bound(math.inf, last)
        assert read(low, "above") < last < read(high, "below")
        assert read(high, "below") / read(low, "above") <= 5.01


def read(text, word):
    assert text.startswith(word + " ")
    return float(text.removeprefix(word + " ").replace("−", "-"))


def test_the_description_says_when_it_fell_below_each_power_of_ten(capsys):
    run = trained([500.0, 90.0, 80.0, 9.0, 0.5])
    description = ElementTree.fromstring(run.curve.svg).findtext(f"{SVG}desc")
    assert description.endswith("below 100 from step 1; below 10 from step 3; below 1 from step 4")


# What the picture shows ----------------------------------------------------------------------------


def test_the_line_goes_through_the_values(capsys):
    values = [4.0, 3.0, 2.0, 1.0]
    ((line,),) = drawn(trained(values, log=False).curve)
    xs, ys = zip(*line)
    assert len(line) == 4 and xs[0] == 62
    steps = [b - a for a, b in zip(xs, xs[1:])]
    assert max(steps) - min(steps) < 0.3  # one step as wide as the other
    falls = [b - a for a, b in zip(ys, ys[1:])]
    assert min(falls) > 0 and max(falls) - min(falls) < 0.3  # down in a picture is up in pixels


def test_a_wide_range_counts_in_powers_of_ten(capsys):
    values = [1000.0, 100.0, 10.0, 1.0]
    ((line,),) = drawn(trained(values).curve)
    falls = [b[1] - a[1] for a, b in zip(line, line[1:])]
    assert max(falls) - min(falls) < 0.3
    assert "loss (powers of ten)" in words(trained(values).curve)
    assert "loss" in words(trained([2.0, 1.0]).curve)
    assert not trained([1000.0, -1.0]).curve.log and not trained([1000.0, 0.0]).curve.log


def test_axes_are_labelled_and_the_end_has_its_value(capsys):
    found = words(trained([0.9, 0.5, 0.25], name="error", unit="epoch").curve)
    assert {"epoch", "error", "error, epoch by epoch", "0.25"} <= set(found)


def test_nan_breaks_the_line_and_is_said_in_words(capsys):
    for kind, said in ((math.nan, "nan from here"), (math.inf, "inf from here")):
        picture = trained([3.0, 2.0, kind, kind, kind, kind, kind]).curve
        ((line,),) = drawn(picture)
        assert len(line) == 2 and said in words(picture)
        assert ("nan" if math.isnan(kind) else "∞") in words(picture)  # at the end of the line: the last value
    ((first, second),) = drawn(trained([3.0, 2.0, math.nan, 1.0, 0.5]).curve)
    assert len(first) == len(second) == 2


def test_several_runs_are_told_apart_without_colour():
    values = {f"run {k}": [10.0 / (k + 1), 1.0 / (k + 1)] for k in range(6)}
    picture = curves(values)
    assert len(drawn(picture)) == 6
    paths = [p for p in ElementTree.fromstring(picture.svg).iter(f"{SVG}path") if p.get("stroke-linejoin")]
    assert len({p.get("stroke-dasharray") for p in paths}) == len({style.dash for style in STYLES}) == 6
    assert set(values) <= set(words(picture))
    assert repr(picture).splitlines()[1] == "run 1: loss 5 → below 1 after 2 steps"
    with pytest.raises(ValueError, match="6 runs apart, got 7"):
        curves(values | {"run 6": [1.0]})


def test_curves_takes_runs_lists_and_tensors(capsys):
    run = watch(range(4))
    for t in run:
        if t % 2 == 0:
            run.log(4.0 - t)
    picture = curves({"run": run, "list": [4.0, 2.0], "tensors": [torch.tensor(4.0), torch.tensor(2.0)]})
    assert picture.runs["run"] == [(0, 4), (2, 2)] and picture.runs["tensors"] == [(0, 4), (1, 2)]
    assert repr(picture).startswith("run: loss 4 → below 5 after 4 steps")
    assert repr(curves({})) == "no runs" and ElementTree.fromstring(curves({}).svg) is not None


def test_a_long_run_keeps_its_extremes_and_its_gaps():
    points = [(float(t), math.sin(t) + 2) for t in range(50_000)]
    points[31_234] = (31_234.0, 99.0)
    points[12_345] = (12_345.0, math.nan)
    kept = training.thinned(points)
    assert len(kept) < 5 * training.PIECES and kept[0] == points[0] and kept[-1] == points[-1]
    assert points[31_234] in kept and any(math.isnan(y) for _, y in kept)
    assert kept == sorted(kept, key=lambda p: p[0])


def test_the_same_bytes_on_every_run(capsys):
    one, two = (trained([3.0, 0.01, math.nan]).curve for _ in range(2))
    assert one.svg == two.svg and repr(one) == repr(two)


# Live ----------------------------------------------------------------------------------------------


class Handle:
    """Stands for an output of the notebook that can be drawn anew."""

    def __init__(self):
        self.pictures = []

    def update(self, picture):
        self.pictures.append(repr(picture))


@pytest.fixture
def notebook(monkeypatch):
    """A notebook whose clock moves 0.1 s with every look at it; what it displays is listed."""
    display, now = types.ModuleType("IPython.display"), iter(range(10**6))
    shown = []

    def show(picture, display_id=None):
        shown.append(Handle())
        shown[-1].update(picture)
        shown[-1].identified = display_id
        return shown[-1] if display_id else None

    display.display = show
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(training, "_in_notebook", lambda: True)
    monkeypatch.setattr(training, "_bar", lambda *_: None)
    monkeypatch.setattr(training.time, "monotonic", lambda: next(now) / 10)
    return shown


def test_live_it_is_drawn_a_few_times_in_one_place(notebook, monkeypatch):
    monkeypatch.setattr(training, "live", lambda: True)
    run = trained([1.0 / (t + 1) for t in range(100)])
    (output,) = notebook
    assert output.identified and output.pictures[-1] == repr(run) == "loss 1 → below 0.02 after 100 steps"
    # 100 steps of 0.1 s are 10 s; each drawing takes 0.1 s and may take 3 % of the time.
    assert 2 <= len(output.pictures) <= 6


def test_with_widgets_off_there_is_one_picture_at_the_end(notebook, monkeypatch):
    monkeypatch.setattr(training, "live", lambda: False)
    trained([1.0 / (t + 1) for t in range(100)])
    (output,) = notebook
    assert not output.identified and output.pictures == ["loss 1 → below 0.02 after 100 steps"]


def test_an_interrupt_draws_the_last_values(notebook, monkeypatch):
    monkeypatch.setattr(training, "live", lambda: True)
    run = watch(range(100))
    with pytest.raises(KeyboardInterrupt):
        for t in run:
            run.log(100.0 - t)
            if t == 49:
                raise KeyboardInterrupt
    assert notebook[0].pictures[-1] == "loss 100 → below 100 after 50 steps"


def test_the_bar_counts_the_steps_and_goes_away(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    monkeypatch.delenv("LEARNTORCH_WIDGETS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = training._bar(range(7), "loss", "epoch")
    assert (bar.total, bar.desc.rstrip(": "), bar.unit, bar.leave) == (7, "loss", "epoch", False)
    bar.close()
    bars = []
    monkeypatch.setattr(training, "_bar", lambda *given: bars.append(Bar(*given)) or bars[-1])
    trained([1.0, 2.0, 3.0])
    assert bars[0].count == 3 and bars[0].closed


def test_in_a_notebook_the_bar_leaves_an_empty_output(monkeypatch):
    pytest.importorskip("tqdm")
    ipython = pytest.importorskip("IPython.display")
    monkeypatch.delenv("LEARNTORCH_WIDGETS", raising=False)
    monkeypatch.setattr(training, "live", lambda: True)
    outputs = []

    class Output:
        def update(self, data, raw=False):
            outputs.append((data, raw))

    monkeypatch.setattr(ipython, "display", lambda shown, display_id: outputs.append(shown) or Output())
    bar = training._bar(range(7), "loss", "epoch")
    bar.update()
    assert outputs == [bar._bar.container] and (bar._bar.n, bar._bar.total) == (1, 7)
    bar.close()
    assert outputs[1:] == [({"text/plain": ""}, True)]


class Bar:
    def __init__(self, *given):
        self.count, self.closed = 0, False

    def update(self):
        self.count += 1

    def close(self):
        self.closed = True


def test_there_is_no_bar_where_outputs_are_compared(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("LEARNTORCH_WIDGETS", "off")
    assert training._bar(range(7), "loss", "epoch") is None
