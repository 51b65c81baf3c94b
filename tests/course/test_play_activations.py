"""`show_activations`: the curves are the library's, the words are true, and the sliders do what they say.

The behaviour of `learntorch.course.play.activations`.
"""

import math
import xml.etree.ElementTree as ET

import pytest

import learntorch as torch
import learntorch.nn.functional as F
from learntorch.course import show_activations
from learntorch.course.play.activations import CHOICES, Curve, flat, trace

SVG = "{http://www.w3.org/2000/svg}"

# Slopes by textbook formula, to hold against autograd's.
SLOPES = {
    "relu": lambda x: float(x > 0),
    "leaky_relu": lambda x: 1.0 if x > 0 else 0.01,
    "elu": lambda x: 1.0 if x > 0 else math.exp(x),
    "gelu": lambda x: 0.5 * (1 + math.erf(x / 2**0.5)) + x * math.exp(-x * x / 2) / (2 * math.pi) ** 0.5,
    "silu": lambda x: (s := 1 / (1 + math.exp(-x))) + x * s * (1 - s),
    "softplus": lambda x: 1 / (1 + math.exp(-x)),
    "sigmoid": lambda x: (s := 1 / (1 + math.exp(-x))) * (1 - s),
    "tanh": lambda x: 1 - math.tanh(x) ** 2,
}


def my_swish(x):
    return x * torch.sigmoid(3 * x)


def control(box, description):
    """The one visible or hidden control with this label."""
    return next(c for c in box.children if getattr(c, "description", "") == description)


@pytest.mark.parametrize("name", CHOICES)
def test_values_are_the_library_s_and_slopes_are_right(name):
    curve = show_activations().curve(name)
    assert len(curve.x) == 201 and curve.x[0] == -5 and curve.x[100] == 0 and curve.x[-1] == 5
    assert curve.y == getattr(F, name)(torch.tensor(curve.x, dtype=torch.float64)).tolist()
    assert curve.slope == pytest.approx([SLOPES[name](x) for x in curve.x], rel=1e-12, abs=1e-14)


def test_options_reach_the_function():
    view = show_activations()
    assert view.point("leaky_relu", -2.0, negative_slope=0.25) == (-0.5, 0.25)
    assert view.point("elu", -1.0, alpha=2.0) == pytest.approx((2 * (math.exp(-1) - 1), 2 * math.exp(-1)))
    assert view.point("softplus", 0.0, beta=2.0) == pytest.approx((math.log(2) / 2, 0.5))


def test_a_function_of_the_learner_s_own():
    view = show_activations(my_swish, "relu", low=-3, high=3)
    assert [*view.functions] == ["my_swish", "relu"]
    y, slope = view.point("my_swish", 0.5)
    s = 1 / (1 + math.exp(-1.5))
    assert (y, slope) == pytest.approx((0.5 * s, s + 1.5 * s * (1 - s)))
    assert "my_swish" in repr(view)


def test_a_module_is_a_function_too():
    view = show_activations(torch.nn.Tanh())
    assert view.point("Tanh", 0.3) == pytest.approx((math.tanh(0.3), 1 - math.tanh(0.3) ** 2))


def test_where_functions_saturate():
    view = show_activations()
    assert flat(view.curve("relu")) == [(-5.0, 0.0)]
    assert flat(view.curve("leaky_relu")) == []
    assert flat(view.curve("silu")) == []  # its slope passes through zero, and the curve turns there
    (a, b), (c, d) = flat(view.curve("sigmoid"))
    assert (a, d) == (-5.0, 5.0) and b == pytest.approx(-4.6) and c == pytest.approx(4.6)
    assert SLOPES["sigmoid"](b) < 0.01 < SLOPES["sigmoid"](b + 0.05)


def test_a_stretch_up_to_the_end_counts_and_a_turning_point_does_not():
    xs = [float(i) for i in range(8)]
    assert flat(Curve(xs, xs, [1, 1, 1, 0, 0, 0, 0, 0])) == [(3.0, 7.0)]
    assert flat(Curve(xs, xs, [1, 0.5, 0.005, 0.001, -0.001, -0.005, -0.5, -1])) == []


def test_words():
    view = show_activations()
    assert view.words("tanh", 0.0).startswith(
        "At x = 0.00 the value is 0.0000 and the slope 1.0000. The slope is below"
    )
    assert "Near zero: a gradient ends here." in view.words("relu", -1.0)
    assert "no gradient gets through" in view.words("relu", 1.0)
    assert "hardly any gradient gets through" in view.words("tanh", 1.0)
    assert "does not saturate there" in view.words("silu", 1.0)


def test_text_has_every_function_and_three_decimals():
    lines = repr(show_activations()).splitlines()
    assert lines[0].split() == ["x", "−5", "−2.5", "0", "2.5", "5"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:] if not line.startswith(" ") and ":" not in line}
    assert [*rows] == [*CHOICES]
    assert rows["tanh"] == ["−1.000", "−0.987", "0.000", "0.987", "1.000"]
    assert "-0.000" not in "".join(lines)


@pytest.mark.parametrize("functions", [(), ("relu",), (torch.sin, "tanh"), (my_swish, "relu", "gelu", "elu")])
def test_the_picture_has_a_panel_for_each_and_words(functions):
    view = show_activations(*functions)
    text = view.static()["image/svg+xml"]
    assert text == view.static()["image/svg+xml"]
    root = ET.fromstring(text)
    words = [t.text for t in root.iter(f"{SVG}text")]
    assert all(name in words for name in view.functions)
    assert "the function" in words and "its slope" in words
    curves = [p for p in root.iter(f"{SVG}path") if p.get("fill") == "none" and len(p.get("d")) > 300]
    assert len(curves) >= len(view.functions)
    assert float(root.get("width")) <= 820
    assert all(float(t.get("font-size")) >= 12 for t in root.iter(f"{SVG}text"))
    assert "saturate" in root.find(f"{SVG}desc").text


def test_the_point_stands_on_the_curve():
    view = show_activations()
    root = ET.fromstring(view.picture("tanh", 0.0))
    point = next(c for c in root.iter(f"{SVG}circle"))
    square = next(r for r in root.iter(f"{SVG}rect") if r.get("fill") == "#D55E00")
    half = float(square.get("width")) / 2
    assert float(point.get("cx")) == 52 + 560 / 2 == pytest.approx(float(square.get("x")) + half, abs=0.1)
    assert float(square.get("y")) + half < float(point.get("cy"))  # the slope 1 lies above the value 0


def test_the_widget_follows_its_sliders():
    view = show_activations()
    box = view.widget()
    choice, x = control(box, "function"), control(box, "x")
    slope = control(box, "negative_slope")
    words, picture = box.children[-2:]
    assert choice.value == "relu" and slope.layout.display == "none"
    assert picture.value == view.picture("relu", 1.0)
    choice.value = "leaky_relu"
    assert slope.layout.display is None
    x.value = -2.0
    slope.value = 0.5
    assert "the value is −1.0000 and the slope 0.5000" in words.value
    assert picture.value == view.picture("leaky_relu", -2.0, negative_slope=0.5)
    choice.value = "tanh"
    assert slope.layout.display == "none" and picture.value == view.picture("tanh", -2.0)


def test_a_function_of_the_same_name_gets_no_slider():
    def elu(x):
        return torch.tanh(x)

    box = show_activations(elu).widget()
    assert not any(getattr(c, "description", "") == "alpha" for c in box.children)


def test_errors():
    with pytest.raises(ValueError, match=r"knows no 'rleu'\. Choose among relu"):
        show_activations("rleu")
    with pytest.raises(TypeError, match="torch.tanh, not torch.tanh"):
        show_activations(torch.ones(2))
    with pytest.raises(ValueError, match="low end below"):
        show_activations(low=1, high=1)
    with pytest.raises(ValueError, match="each x into one value"):
        show_activations(lambda x: x.sum())
    with pytest.raises(ValueError, match="element by element"):
        show_activations(lambda x: F.softmax(x, dim=0))
    with pytest.raises(RuntimeError, match="carries no graph"):
        show_activations(lambda x: (x > 0).double())
    with pytest.raises(ValueError, match="float back"):
        trace(lambda x: 1.0, [0.0, 1.0])


def test_inside_no_grad_there_are_slopes_too():
    with torch.no_grad():
        view = show_activations("tanh")
        assert view.point("tanh", 0.0) == (0.0, 1.0)
