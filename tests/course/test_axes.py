"""`Axes` and `chart`: numbers land on the right pixels, nothing leaves the frame, no label hides another.

The behaviour of `learntorch.course.axes`.
"""

import itertools
import math
import re
import xml.etree.ElementTree as ET

import pytest

from learntorch.course.axes import STYLES, Axes, chart, log_ticks, mark, number, span, spread, ticks

SVG = "{http://www.w3.org/2000/svg}"


def coordinates(path):
    """The points of every piece of a path of straight lines."""
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", path)]
    return [*zip(numbers[::2], numbers[1::2])]


def drawn(part):
    return ET.fromstring(part).get("d")


@pytest.fixture
def axes():
    return Axes(50, 20, 200, 100, (-1.0, 1.0), (0.0, 10.0))


def test_corners_and_middle(axes):
    assert axes.at(-1, 0) == (50, 120)
    assert axes.at(1, 10) == (250, 20)
    assert axes.at(0, 5) == (150, 70)


def test_a_logarithmic_axis_gives_each_power_the_same_room():
    axes = Axes(0, 0, 100, 300, (0, 1), (0.01, 10.0), log=True)
    assert [axes.at(0, v)[1] for v in (0.01, 0.1, 1, 10)] == pytest.approx([300, 200, 100, 0])
    assert math.isnan(axes.at(0, 0)[1]) and math.isnan(axes.at(0, -3)[1])


@pytest.mark.parametrize("x, y, log", [((1, 1), (0, 1), False), ((0, 1), (2, 1), False), ((0, 1), (0, 1), True)])
def test_ranges_that_do_not_grow_are_refused(x, y, log):
    with pytest.raises(ValueError, match="ranges that grow"):
        Axes(0, 0, 10, 10, x, y, log)


def test_a_line_is_cut_at_the_frame(axes):
    path = drawn(axes.line([(-3, 5), (3, 5)], STYLES[0]))
    assert path == "M50 70L250 70"
    steep = coordinates(drawn(axes.line([(0, -10), (0.5, 30)], STYLES[0])))
    assert steep == [(162.5, 120.0), (175.0, 20.0)]


def test_a_line_outside_is_not_drawn(axes):
    assert drawn(axes.line([(-3, 20), (3, 20)], STYLES[0])) == ""
    assert drawn(axes.line([(2, 0), (2, 9)], STYLES[0])) == ""


def test_a_line_is_interrupted_where_a_value_is_missing(axes):
    path = drawn(axes.line([(-1, 1), (-0.5, 1), (0, math.nan), (0.5, 1), (1, 1)], STYLES[0]))
    assert path.count("M") == 2
    path = drawn(axes.line([(-1, 1), (0, math.inf), (1, 1)], STYLES[0]))
    assert path == ""


def test_a_line_that_leaves_and_comes_back_is_two_pieces(axes):
    points = [(-1, 5), (-0.5, 15), (0.5, 15), (1, 5)]
    path = drawn(axes.line(points, STYLES[0]))
    assert path.count("M") == 2
    assert all(50 <= x <= 250 and 20 <= y <= 120 for x, y in coordinates(path))


def test_a_mark_outside_is_not_drawn(axes):
    assert axes.mark(2, 5, STYLES[0]) == ""
    assert ET.fromstring(axes.mark(0, 5, STYLES[0])).get("cx") == "150"


@pytest.mark.parametrize("style", STYLES)
def test_every_mark_is_a_shape(style):
    assert ET.fromstring(mark(5, 5, style.mark, style.color)).tag in ("circle", "rect", "path", "polygon")


def test_an_unknown_mark_is_refused():
    with pytest.raises(ValueError, match="it can be circle"):
        mark(0, 0, "moon", "#000000")


def test_styles_differ_without_colour():
    assert len({style.dash for style in STYLES}) == len({style.mark for style in STYLES}) == len(STYLES)


@pytest.mark.parametrize("low, high, count", [(-5, 5, 5), (0, 0.003, 4), (17, 23, 3), (-1e6, 4e6, 6), (0.1, 0.9, 2)])
def test_ticks_are_round_and_inside(low, high, count):
    found = ticks(low, high, count)
    assert 2 <= len(found) <= count + 2
    assert all(low - 1e-9 <= t <= high + 1e-9 for t in found)
    steps = {f"{b - a:.3g}" for a, b in itertools.pairwise(found)}
    assert len(steps) == 1 and f"{float(steps.pop()):e}"[0] in "125"


def test_log_ticks():
    assert log_ticks(0.005, 200) == [0.01, 0.1, 1.0, 10.0, 100.0]
    assert len(log_ticks(1e-12, 1e12)) <= 6


def test_span():
    assert span([1, 3], pad=0.5) == (0.0, 4.0)
    assert span([2.0, math.nan, math.inf, 4.0], pad=0) == (2.0, 4.0)
    low, high = span([5, 5])
    assert low < 5 < high
    assert span([]) == (0.0, 1.0)
    assert span([0.0, -1.0, 0.1, 10.0], pad=0, log=True) == pytest.approx((0.1, 10.0))


def test_spread_keeps_order_gap_and_bounds():
    wanted = [50, 51, 52, 10, 98, 99]
    places = spread(wanted, 12, 0, 100)
    ordered = sorted(range(6), key=lambda i: wanted[i])
    assert sorted(range(6), key=lambda i: places[i]) == ordered
    in_order = sorted(places)
    assert all(b - a >= 12 - 1e-9 for a, b in itertools.pairwise(in_order))
    assert in_order[0] >= 0 and in_order[-1] <= 100
    assert spread([30, 60], 12, 0, 100) == [30, 60]


@pytest.mark.parametrize(
    "value, text",
    [(0.1234, "0.123"), (-2.0, "−2"), (12345.6, "12346"), (1234567.0, "1.23e6"), (math.inf, "∞"), (math.nan, "nan")],
)
def test_number(value, text):
    assert number(value) == text


def sines():
    return {
        f"a line with number {k}": [(x / 10, math.sin(x / 10) / (k + 1)) for x in range(32)] for k in range(len(STYLES))
    }


@pytest.mark.parametrize("log", [False, True])
def test_a_chart_labels_every_line_inside_the_card(log):
    lines = sines()
    root = ET.fromstring(chart(lines, "Six lines", "Six lines that fall together.", xlabel="x", ylabel="y", log=log))
    width, height = float(root.get("width")), float(root.get("height"))
    texts = {t.text: t for t in root.iter(f"{SVG}text")}
    assert root.find(f"{SVG}title").text == "Six lines" and root.find(f"{SVG}desc").text.startswith("Six lines that")
    ends = [texts[name] for name in lines]
    assert all(float(t.get("x")) + 0.62 * 13 * len(t.text) <= width for t in ends)
    heights = sorted(float(t.get("y")) for t in ends)
    assert all(b - a >= 13 for a, b in itertools.pairwise(heights)) and heights[-1] < height - 10
    assert all(float(t.get("font-size")) >= 12 for t in root.iter(f"{SVG}text"))


def test_a_chart_is_the_same_every_time_and_has_no_ids():
    first, second = (chart(sines(), "t", "d") for _ in range(2))
    assert first == second and " id=" not in first


def test_a_chart_of_one_point_or_none():
    assert "0 lines" in chart({}, "Empty", "0 lines")
    assert ">loss</text>" in chart({"loss": [(0.0, 1.0)]}, "One", "One point")


def test_too_many_lines():
    with pytest.raises(ValueError, match="Draw two charts"):
        chart({str(k): [(0, 1), (1, 2)] for k in range(7)}, "t", "d")
