"""`draw`: it reads any graph of nodes, says the same as text, and nothing in the picture overlaps.

The behaviour of `learntorch.course.drawing` and `learntorch.course.layout`. The nodes here are small
stand-ins with what every node has: `name()`, `next_functions` and, on a leaf, `variable`.
"""

import itertools
import random
import re
import textwrap
import xml.etree.ElementTree as ET

import pytest

from learntorch.course import draw
from learntorch.course.drawing import ARROW, STYLE, Drawing
from learntorch.course.graphs import Item
from learntorch.course.layout import layered
from learntorch.course.svg import EM, GREY, INK, LINE, PALE_GREY, PURPLE


class Node:
    def __init__(self, name, *inputs):
        self._name, self.next_functions = name, tuple((node, 0) for node in inputs)

    def name(self):
        return self._name


class Tensor:
    """A tensor with a node, or a leaf that requires a gradient."""

    retains_grad = False

    def __init__(self, *shape, node=None, value=None, grad=None):
        self.shape, self.grad_fn, self.is_leaf, self.requires_grad = shape, node, node is None, True
        self.value, self._grad = value, grad
        if node is None:
            self.node = Node("AccumulateGrad")
            self.node.variable = self

    @property
    def grad(self):
        assert self.is_leaf or self.retains_grad, "reading this gradient would warn"
        return self._grad

    def numel(self):
        size = 1
        for n in self.shape:
            size *= n
        return size

    def tolist(self):
        return self.value


def compute(name, *inputs, shape=(1,), **more):
    """A tensor computed by the operation `name`; None stands for an input without a gradient."""
    nodes = [x and (x.grad_fn or x.node) for x in inputs]
    return Tensor(*shape, node=Node(name + "Backward0", *nodes), **more)


def formula():
    w = Tensor(1, value=[1.0], grad=Tensor(1, value=[5.0]))
    x = Tensor(1, value=[2.0], grad=Tensor(1, value=[2.0]))
    a, b = compute("Add", w, x, value=[3.0]), compute("Add", w, None, value=[2.0])
    y = compute("Mul", a, b, value=[6.0])
    return y, {"w": w, "x": x, "a": a, "y": y}


def chain(n=6):
    x = Tensor(3)
    y = x
    for _ in range(n):
        y = compute("Exp", y)
    return y, {"x": x}


def diamond():
    a = Tensor()
    b = compute("Add", a, a, shape=())
    return compute("Add", b, b, shape=()), {"a": a}


def two_layers():
    w1, w2 = Tensor(1000, 100), Tensor(100, 10)
    h = compute("Mm", None, w1, shape=(64, 100))
    y = compute("Mm", compute("Clamp", h), w2)
    loss = compute("Sum", compute("Pow", compute("Sub", y, None)), shape=())
    return loss, {"w1": w1, "w2": w2, "loss": loss, "h": h}


def convolutions():
    names = {}
    x = None
    for i, (out, c) in enumerate(((6, 1), (15, 6)), 1):
        weight, bias = Tensor(out, c, 5, 5), Tensor(out)
        names |= {f"conv{i}.weight": weight, f"conv{i}.bias": bias}
        x = compute("MaxPool2DWithIndices", compute("Relu", compute("Convolution", x, weight, bias)))
    return compute("Mean", x, shape=()), names


def shared():
    u = Tensor(3)
    z = u
    for _ in range(5):
        z = compute("Add", compute("Mul", z, z), u)
    return z, {"u": u}


def tangle(n=9, seed=0):
    rng = random.Random(seed)
    made = [Tensor(2) for _ in range(n)]
    for _ in range(3 * n):
        inputs = rng.choices(made, k=rng.randint(1, 3))
        made.append(compute(rng.choice(["Add", "Mul", "LogSoftmax"]), *inputs))
    return compute("Stack", *made[-n:]), {}


GRAPHS = [formula, chain, diamond, two_layers, convolutions, shared, tangle]
every_graph = pytest.mark.parametrize("graph", GRAPHS, ids=lambda g: g.__name__)
both_ways = pytest.mark.parametrize("direction", ["right", "down"])


def picture(graph, direction=None, values=True) -> Drawing:
    tensor, names = graph()
    return draw(tensor, names=names, values=values and graph is formula, direction=direction, collapse=False)


def rectangles(drawing):
    for (x, y), box in zip(drawing.layout.corners, drawing.boxes, strict=True):
        yield x, y, x + box.width, y + box.height


def points(curve, steps=24):
    """Points along a curve, close together."""
    (start,) = curve[0]
    for step in curve[1:]:
        controls = (start, *step)
        for k in range(steps + 1):
            t = k / steps
            p = list(controls)
            while len(p) > 1:  # de Casteljau
                p = [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in itertools.pairwise(p)]
            yield p[0]
        start = step[-1]


# ---------------------------------------------------------------------------------------------------
# The picture


@every_graph
@both_ways
def test_boxes_keep_apart_and_inside(graph, direction):
    drawing = picture(graph, direction)
    boxes = list(rectangles(drawing))
    for a, b in itertools.combinations(boxes, 2):
        apart = a[2] + 12 <= b[0] or b[2] + 12 <= a[0] or a[3] + 12 <= b[1] or b[3] + 12 <= a[1]
        assert apart, (a, b)
    width, height = drawing.layout.size
    for left, top, right, bottom in boxes:
        assert left >= -1e-6 and top >= -1e-6 and right <= width + 1e-6 and bottom <= height + 1e-6


@every_graph
@both_ways
def test_arrows_run_from_box_to_box_and_touch_no_other(graph, direction):
    drawing = picture(graph, direction)
    boxes = list(rectangles(drawing))
    edges = [(tail, head) for head, item in enumerate(drawing.items) for tail in item.inputs]
    assert len(edges) == len(drawing.layout.curves)
    along = direction == "down"  # the index of the coordinate that grows along the arrows
    for (tail, head), curve in zip(edges, drawing.layout.curves, strict=True):
        path = list(points(curve))
        assert path[0][along] == pytest.approx(boxes[tail][2 + along])
        assert path[-1][along] == pytest.approx(boxes[head][along])
        assert boxes[head][1 - along] < path[-1][1 - along] < boxes[head][3 - along]
        assert all(q[along] - p[along] > -1e-6 for p, q in itertools.pairwise(path))  # never backwards
        for i, (left, top, right, bottom) in enumerate(boxes):
            if i not in (tail, head):
                assert not any(left - 3 < x < right + 3 and top - 3 < y < bottom + 3 for x, y in path)


@every_graph
@both_ways
def test_text_is_legible_and_stays_in_its_box(graph, direction):
    drawing = picture(graph, direction)
    root = ET.fromstring(drawing.svg)
    texts = [
        e for e in root.iter("{http://www.w3.org/2000/svg}text") if e.get("font-size") and not e.get("text-anchor")
    ]
    assert len(texts) == sum(len(box.lines) for box in drawing.boxes)
    assert all(float(e.get("font-size")) >= 12 for e in root.iter() if e.get("font-size"))
    owners = [r for r, box in zip(rectangles(drawing), drawing.boxes, strict=True) for _ in box.lines]
    for text, (left, top, right, bottom) in zip(texts, owners, strict=True):
        x, y, size = (float(text.get(k)) for k in ("x", "y", "font-size"))
        half = len(text.text) * size * EM / 2
        assert left + 4 <= x - half and x + half <= right - 4
        assert top + 1 <= y - 0.76 * size and y + 0.24 * size <= bottom - 1
    # Within a box, one line ends above the next.
    for (a, r), (b, s) in itertools.pairwise(zip(texts, owners, strict=True)):
        if r == s:
            assert float(b.get("y")) - float(a.get("y")) >= float(b.get("font-size"))


@every_graph
def test_straight_where_it_can_be(graph):
    # A box with one input, which nothing else reads, stands in line with it.
    drawing = picture(graph, "right")
    middle = [(top + bottom) / 2 for _, top, _, bottom in rectangles(drawing)]
    readers = [i for item in drawing.items for i in item.inputs]
    if graph in (chain, two_layers, convolutions):
        single = [(i, item.inputs[0]) for i, item in enumerate(drawing.items) if len(item.inputs) == 1]
        assert single and all(middle[i] == pytest.approx(middle[j], abs=0.5) for i, j in single)
        assert all(readers.count(j) == 1 for _, j in single)


def test_a_tree_is_drawn_without_crossings():
    leaves = [Tensor(2) for _ in range(8)]
    level = leaves
    while len(level) > 1:
        level = [compute("Add", a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
    drawing = draw(level[0], direction="right")
    tops = [top for (_, top), item in zip(drawing.layout.corners, drawing.items, strict=True)
            if item.kind == "leaf"]  # fmt: skip
    assert tops == sorted(tops)


def test_a_crossing_that_is_not_needed_is_undone():
    # Two boxes in the wrong order: 0 → 3 and 1 → 2 cross unless one layer is turned.
    layout = layered([(10, 10)] * 5, [(0, 3), (1, 2), (2, 4), (3, 4)])
    y = [corner[1] for corner in layout.corners]
    assert (y[0] < y[1]) == (y[3] < y[2])


def test_leaves_stand_right_before_their_first_reader():
    loss, names = two_layers()
    drawing = draw(loss, names=names, direction="right")
    place = {item.title: x for (x, _), item in zip(drawing.layout.corners, drawing.items, strict=True)}
    assert abs(place["w2"] - place["clamp"]) < 40 < place["w2"] - place["w1"]


def test_wide_graphs_run_down():
    assert draw(two_layers()[0]).layout.size[0] < draw(two_layers()[0], direction="right").layout.size[0]
    y, names = formula()
    assert draw(y, names=names).svg == draw(y, names=names, direction="right").svg
    with pytest.raises(ValueError, match="direction='left'; it can be 'right' or 'down'"):
        draw(y, direction="left")


def contrast(a, b):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_meets_wcag_aa():
    assert contrast(INK, PALE_GREY) >= 4.5 and contrast(PURPLE, PALE_GREY) >= 4.5  # on a module's ground
    for stroke, fill, _ in STYLE.values():
        assert contrast(INK, fill) >= 4.5 and contrast(GREY, fill) >= 4.5
        assert contrast(stroke, "#FFFFFF") >= 3 and contrast(stroke, fill) >= 3, fill
    assert contrast(LINE, "#FFFFFF") >= 3 and contrast(GREY, "#FFFFFF") >= 4.5


def test_kinds_differ_in_shape_and_not_only_in_colour():
    svg = re.sub(r"#[0-9A-F]{6}", "colour", picture(formula).svg)
    leaf, operation, result = (
        re.search(rf'<(rect|polygon)[^>]*?(rx="[\d.]+")?[^>]*/>(<polygon[^>]*/>)?<text[^>]*>{title}<', svg)
        for title in ("w", r"\+", "y")
    )
    assert leaf[1] == operation[1] == "rect" and result[1] == "polygon" and result[3]
    assert float(re.search(r'rx="([\d.]+)"', leaf[0])[1]) > 20
    assert float(re.search(r'rx="([\d.]+)"', operation[0])[1]) < 5


def test_it_speaks_to_screen_readers_and_is_valid():
    drawing = picture(formula)
    root = ET.fromstring(drawing.svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img" and root.get("aria-label") == "Computation graph of y"
    assert root.find(space + "title").text == "Computation graph of y"
    assert root.find(space + "desc").text == repr(drawing)


def test_names_are_escaped():
    x = Tensor(1)
    svg = draw(compute("Exp", x), names={"<script>&": x}).svg
    assert "<script>" not in svg and "&lt;script&gt;&amp;" in svg
    ET.fromstring(svg)


# ---------------------------------------------------------------------------------------------------
# The text, and what is read


def test_the_text_of_a_formula():
    y, names = formula()
    assert repr(draw(y, names=names)) == textwrap.dedent(
        """\
        1  leaf       w, (1,)
        2  leaf       x, (1,)
        3  operation  AddBackward0, a (1,) from 1, 2
        4  operation  AddBackward0 from 1
        5  operation  MulBackward0 from 3, 4
        6  result     y, (1,) from 5"""
    )
    assert repr(draw(y)) == textwrap.dedent(
        """\
        1  leaf       leaf, (1,)
        2  leaf       leaf, (1,)
        3  operation  AddBackward0 from 1, 2
        4  operation  AddBackward0 from 1
        5  operation  MulBackward0 from 3, 4
        6  result     result, (1,) from 5"""
    )


def test_values_of_small_tensors():
    y, names = formula()
    lines = repr(draw(y, names=names, values=True)).splitlines()
    assert lines[0] == "1  leaf       w, (1,), value [1], grad [5]"
    assert lines[2] == "3  operation  AddBackward0, a (1,), value [3] from 1, 2"
    assert lines[5] == "6  result     y, (1,), value [6] from 5"


def test_values_are_rounded_and_large_tensors_left_out():
    small = Tensor(2, 2, value=[[1 / 3, -0.0], [12345.678, 1e-7]])
    large = Tensor(5, value=[1.0] * 5)
    lines = repr(draw(compute("Add", small, large, shape=(5,)), values=True)).splitlines()
    assert lines[0] == "1  leaf       leaf, (2, 2), value [[0.3333, 0], [1.235e+04, 1e-07]]"
    assert lines[1] == "2  leaf       leaf, (5,)"


def test_the_gradient_of_a_step_is_written_only_if_it_was_kept():
    y, names = formula()
    names["a"].retains_grad, names["a"]._grad = True, Tensor(1, value=[2.0])
    assert "a (1,), value [3], grad [2] from" in repr(draw(y, names=names, values=True))


def test_a_node_that_two_read_is_one_box_with_two_arrows():
    c, names = diamond()
    drawing = draw(c, names=names)
    assert [item.inputs for item in drawing.items] == [(), (0, 0), (1, 1), (2,)]
    ends = [curve[-1][-1] for curve in drawing.layout.curves]
    assert len(set(ends)) == len(ends) == 5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MulBackward0", "×"), ("AddBackward0", "+"), ("SubBackward0", "−"), ("MmBackward0", "@"),
        ("SumBackward1", "Σ"), ("ClampBackward1", "clamp"), ("LogSoftmaxBackward0", "log_softmax"),
        ("NllLossBackward0", "nll_loss"), ("MaxPool2DWithIndicesBackward0", "max_pool2d"),
        ("MyReLUBackward", "MyReLU"), ("CopySlices", "copy_slices"), ("AddmmBackward0", "b + x @ w"),
    ],
)  # fmt: skip
def test_operations_have_readable_names(name, words):
    drawing = draw(Tensor(1, node=Node(name, Tensor(1).node)))
    assert drawing.items[1] == Item("operation", words, (name,), (0,))


def test_a_leaf_alone():
    w = Tensor(2, 3)
    assert repr(draw(w, names={"w": w})) == "1  leaf  w, (2, 3)"
    ET.fromstring(draw(w).svg)


def test_without_a_graph_it_says_what_to_do():
    x = Tensor(2)
    x.requires_grad = False
    with pytest.raises(ValueError, match=r"needs a tensor with a recorded graph\. Compute one from"):
        draw(x)
    with pytest.raises(ValueError, match="needs a tensor with a recorded graph"):
        draw(3)


def test_long_chains_meet_no_recursion_limit():
    assert repr(draw(chain(3000)[0])).splitlines() == [
        "1  leaf       leaf, (3,)",
        "2  operation  ExpBackward0, × 3000 from 1",
        "3  result     result, (1,) from 2",
    ]


def test_five_hundred_nodes_with_one_leaf_read_by_all():
    u = Tensor(3)
    z = u
    for _ in range(249):
        z = compute("Add", compute("Mul", z, None), u)
    drawing = draw(z, names={"u": u}, collapse=False)
    assert len(drawing.items) == 500
    for a, b in itertools.combinations(rectangles(drawing), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@every_graph
def test_the_same_on_every_run(graph):
    bundle = picture(graph)._repr_mimebundle_()
    assert bundle == picture(graph)._repr_mimebundle_(include=None, exclude=None)
    assert sorted(bundle) == ["image/svg+xml", "text/plain"]
    assert " at 0x" not in bundle["image/svg+xml"] and "-0 " not in bundle["image/svg+xml"]


def test_the_arrow_heads_point_along_the_arrows():
    for direction, head in (("right", (f"-{ARROW}", "-4.5")), ("down", ("-4.5", f"-{ARROW}"))):
        svg = picture(formula, direction).svg
        assert set(re.findall(r"l(-?[\d.]+) (-?[\d.]+)[vh]9z", svg)) == {head}
