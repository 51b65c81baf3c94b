"""`draw` on graphs of the package: nothing overlaps, modules have frames, repeats have counts, the docs have pictures.

The behaviour of `learntorch.course.graphs`, `groups`, `repeats` and `nested`, and of tools/pictures.py.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import learntorch as torch
from learntorch import nn
from learntorch.course import draw
from learntorch.course.groups import Group
from learntorch.course.svg import EM

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def load_pictures():
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "tools" / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pictures = load_pictures()


# ---------------------------------------------------------------------------------------------------
# Nothing overlaps


def texts(svg):
    """Every text of a picture, and a box that surely holds it."""

    def walk(element, x, y, style):
        style = {**style, **{k: v for k, v in element.attrib.items() if k in ("font-size", "text-anchor")}}
        if move := re.fullmatch(r"translate\((\S+) (\S+)\)", element.get("transform", "")):
            x, y = x + float(move[1]), y + float(move[2])
        if element.tag == SVG + "text":
            size, at, line = float(style["font-size"]), x + float(element.get("x")), y + float(element.get("y"))
            width = len(element.text) * size * EM
            left = at - {"middle": width / 2, "end": width}.get(style.get("text-anchor"), 0.0)
            yield element.text, (left, line - 0.76 * size, left + width, line + 0.24 * size)
        for child in element:
            yield from walk(child, x, y, style)

    return list(walk(ET.fromstring(svg), 0.0, 0.0, {}))


def points(curve, steps=16):
    """Points along a curve, close together."""
    (start,) = curve[0]
    for step in curve[1:]:
        for k in range(steps + 1):
            p = [start, *step]
            while len(p) > 1:  # de Casteljau
                t = k / steps
                p = [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in itertools.pairwise(p)]
            yield p[0]
        start = step[-1]


def meet(a, b, space=0.0):
    return a[0] < b[2] + space and b[0] < a[2] + space and a[1] < b[3] + space and b[1] < a[3] + space


def within(a, b, space=0.0):
    return b[0] + space <= a[0] and b[1] + space <= a[1] and a[2] <= b[2] - space and a[3] <= b[3] - space


def assert_tidy(drawing):
    """No two texts overlap, none leaves its place, and no arrow crosses what it has nothing to do with."""
    svg = drawing.svg
    card = [float(x) for x in re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()]
    move = [float(x) for x in re.search(r"translate\((\S+) (\S+)\)", svg).groups()]
    found = texts(svg)
    for (_, a), (_, b) in itertools.combinations(found, 2):
        assert not meet(a, b), (a, b)
    for text, box in found:
        assert within(box, (0, 0, *card), 4), text

    layout = drawing.layout
    boxes = [(x, y, x + b.width, y + b.height) for (x, y), b in zip(layout.corners, drawing.boxes, strict=True)]
    boxes = [(a + move[0], b + move[1], c + move[0], d + move[1]) for a, b, c, d in boxes]
    lines = [line for line, _ in found]
    for item, box, shape in zip(drawing.items, boxes, drawing.boxes, strict=True):
        for line, _ in shape.lines:  # each box has its lines in it
            assert any(t == line and within(b, box, 1) for t, b in found), (item, line)
        assert all(label in lines for label in (*item.flow, *item.back))
    for a, b in itertools.combinations(boxes, 2):
        assert not meet(a, b, 8)
    for text, at in found:  # a text is in a box or beside all of them
        assert all(within(at, box, 1) or not meet(at, box) for box in boxes), text

    paths = [[(x + move[0], y + move[1]) for x, y in points(curve)] for curve in layout.curves]
    for (tail, head), path in zip(drawing.edges, paths, strict=True):
        for i, box in enumerate(boxes):
            if i not in (tail, head):
                assert not any(box[0] - 2 < x < box[2] + 2 and box[1] - 2 < y < box[3] + 2 for x, y in path)
        for text, (left, top, right, bottom) in found:
            assert not any(left < x < right and top < y < bottom for x, y in path), text
        # It starts on the edge of one box and ends on the edge of the other.
        for (x, y), box in ((path[0], boxes[tail]), (path[-1], boxes[head])):
            assert box[0] - 0.1 <= x <= box[2] + 0.1 and box[1] - 0.1 <= y <= box[3] + 0.1
        along = int(drawing.down)
        assert all(q[along] - p[along] > -1e-6 for p, q in itertools.pairwise(path))  # never backwards

    frames = {}
    for frame in layout.frames:
        x, y, width, height = frame.box
        frames[frame.group] = (x + move[0], y + move[1], x + move[0] + width, y + move[1] + height)
    for group, frame in frames.items():
        inside = set(group.items())
        for i, box in enumerate(boxes):
            assert within(box, frame, 4) if i in inside else not meet(box, frame), (group.label, i)
        assert any(t == group.label and within(b, frame, 1) for t, b in found)
    for a, b in itertools.combinations(frames.values(), 2):
        assert within(a, b) or within(b, a) or not meet(a, b)


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_the_pictures_of_the_docs_are_tidy(name):
    assert_tidy(pictures.PICTURES[name]())


def test_the_check_sees_what_it_should():
    class Spoilt:
        def __init__(self, drawing, svg):
            self.drawing, self.svg = drawing, svg

        def __getattr__(self, name):
            return getattr(self.drawing, name)

    drawing = pictures.formula()
    label = re.search(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*text-anchor="start">\(1,\)', drawing.svg)
    for spoilt in (
        drawing.svg.replace(label[0], label[0].replace(f'y="{label[2]}"', f'y="{float(label[2]) + 10:g}"')),
        drawing.svg.replace(label[0], label[0].replace(f'x="{label[1]}"', 'x="5"')),
        drawing.svg.replace(">AddBackward0<", ">AddBackward0AddBackward0<"),
        drawing.svg.replace(label[0], label[0].replace(f'y="{label[2]}"', f'y="{float(label[2]) + 26:g}"')),
    ):
        assert spoilt != drawing.svg
        with pytest.raises(AssertionError):
            assert_tidy(Spoilt(drawing, spoilt))


@st.composite
def programs(draw_from):
    """A tensor computed by random operations from random leaves."""
    pick = draw_from
    leaves = [torch.full((2,), float(i), requires_grad=True) for i in range(pick(st.integers(1, 4)))]
    made = list(leaves)
    for _ in range(pick(st.integers(1, 14))):
        a, b = pick(st.sampled_from(made)), pick(st.sampled_from(made))
        operation = pick(st.sampled_from(["add", "mul", "exp", "sin", "relu", "log_softmax", "stack"]))
        if operation in ("add", "mul"):
            made.append(getattr(a, operation)(b))
        elif operation == "log_softmax":
            made.append(a.log_softmax(0))
        elif operation == "stack":
            made.append(torch.stack([a, b, *made[-3:]]).sum(0))
        else:
            made.append(getattr(a, operation)())
    names = {f"name{i}": t for i, t in enumerate(made) if pick(st.booleans())}
    return torch.stack(made[-4:]).sum(), names


@settings(max_examples=60, deadline=None)
@given(programs(), st.sampled_from([None, "right", "down"]), st.booleans(), st.booleans(), st.booleans())
def test_drawn_graphs_are_tidy(program, direction, numbers, saved, collapse):
    tensor, names = program
    assert_tidy(
        draw(tensor, names=names, values=numbers, gradients=numbers, saved=saved, collapse=collapse,
             direction=direction)
    )  # fmt: skip


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


@st.composite
def nets(draw_from, depth=2):
    pick = draw_from
    layers = []
    for _ in range(pick(st.integers(1, 4))):
        kind = pick(st.sampled_from(["linear", "relu", "nested", "residual", "same"] if depth else ["linear", "relu"]))
        if kind == "linear":
            layers.append(nn.Linear(3, 3, bias=pick(st.booleans())))
        elif kind == "relu":
            layers.append(nn.ReLU())
        elif kind == "same" and layers:
            layers.append(layers[0])  # one module, called twice
        else:
            inner = pick(nets(depth - 1))
            layers.append(Residual(inner) if kind == "residual" else inner)
    return nn.Sequential(*layers)


@settings(max_examples=60, deadline=None)
@given(nets(), st.sampled_from([None, "right", "down"]), st.booleans(), st.booleans())
def test_nets_are_tidy(net, direction, saved, collapse):
    loss = net(torch.ones(2, 3, requires_grad=True)).sum()
    drawing = draw(loss, module=net, saved=saved, collapse=collapse, direction=direction)
    assert_tidy(drawing)
    again = draw(loss, module=net, saved=saved, collapse=collapse, direction=direction)
    assert (drawing.svg, repr(drawing)) == (again.svg, repr(again))


# ---------------------------------------------------------------------------------------------------
# The committed pictures


def test_the_committed_pictures_are_what_the_tool_writes():
    for path, text in pictures.pictures():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python tools/pictures.py"
    assert {p.stem for p in pictures.FOLDER.glob("*.svg")} == set(pictures.PICTURES)


def test_the_page_shows_every_picture_with_words():
    page = (ROOT / "docs" / "pictures.md").read_text(encoding="utf-8")
    shown = {path: alt for alt, path in re.findall(r"!\[([^\]]+)\]\(images/graphs/(\w+)\.svg\)", page)}
    assert set(shown) == set(pictures.PICTURES)
    assert all(len(alt.split()) > 12 for alt in shown.values())
    assert "(pictures.md)" in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------
# Shapes, values, gradients, what is saved


def formula():
    w, x = torch.tensor([1.0], requires_grad=True), torch.tensor([2.0], requires_grad=True)
    y = (w + x) * (w + 1)
    return y, {"w": w, "x": x, "y": y}


def test_values_and_gradients_on_the_arrows():
    y, names = formula()
    assert repr(draw(y, names=names, values=True, gradients=True)).splitlines() == [
        "1  leaf       w, (1,), value [1], grad [5]",
        "2  leaf       x, (1,), value [2], grad [2]",
        "3  operation  AddBackward0, (1,), value [3], grad [2] from 1, 2",
        "4  operation  AddBackward0, (1,), value [2], grad [3] from 1",
        "5  operation  MulBackward0 from 3, 4",
        "6  result     y, (1,), value [6], grad [1] from 5",
    ]
    assert names["w"].grad is None  # the walk was on the side
    y.backward()  # and the graph is still there
    assert names["w"].grad.tolist() == [5.0]


def test_shapes_on_the_arrows_are_those_of_the_tensors():
    w1, w2 = torch.ones(5, 3, requires_grad=True), torch.ones(3, 2, requires_grad=True)
    a = torch.ones(4, 5).mm(w1)
    b = a.clamp(min=0)
    c = b.mm(w2)
    d = c - torch.ones(4, 2)
    e = d.pow(2)
    drawing = draw(e.sum())
    shapes = [item.flow[0] for item in drawing.items if item.kind == "operation" and item.flow]
    assert shapes == [str(tuple(t.shape)) for t in (a, b, c, d, e)]


def test_what_is_saved_is_said_and_so_is_that_it_is_freed():
    y, names = formula()
    drawing = draw(y, names=names, values=True, saved=True)
    assert repr(drawing).splitlines()[4:6] == [
        "5  saved      other [2], self [3]",
        "6  operation  MulBackward0 from 3, 4 keeps 5",
    ]
    assert "stroke-dasharray" in drawing.svg and "saved for the gradient" in drawing.svg
    assert "stroke-dasharray" not in draw(y, names=names).svg
    y.backward()
    assert "saved      freed" in repr(draw(y, names=names, saved=True))
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        draw(y, gradients=True)


def test_a_saved_tensor_that_was_written_over_is_said_to_be():
    x = torch.ones(2, requires_grad=True)
    a = x * 1
    y = (a * a).sum()
    a.add_(1)
    assert "saved      overwritten" in repr(draw(y, saved=True))


def test_what_a_function_of_ones_own_saves():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            return 3 * g * ctx.saved_tensors[0] ** 2

    x = torch.ones(2, requires_grad=True)
    assert "saved      0 (2,)" in repr(draw(Cube.apply(x), saved=True))


# ---------------------------------------------------------------------------------------------------
# Modules


def homes(drawing):
    """Each item's name → the labels of the frames round it."""
    return {
        (i.title if i.kind == "leaf" else i.notes[0]): [g.label for g in around]
        for i, around in zip(drawing.items, drawing._homes, strict=True)
    }


def test_modules_have_frames():
    found = homes(pictures.two_layers())
    assert found["0.weight"] == found["0.bias"] == ["Sequential", "0 · Linear"]
    assert found["2.weight"] == found["AddmmBackward0"] == ["Sequential", "2 · Linear"]
    assert found["ReluBackward0"] == ["Sequential"]
    assert found["MseLossBackward0"] == []  # the loss is computed from the net, and not in it
    assert [i.title for i in pictures.two_layers().items if i.kind == "result"] == ["loss"]


def test_a_name_of_the_users_own_goes_before_the_parameters():
    net = nn.Linear(2, 1)
    drawing = draw(net(torch.ones(1, 2)), names={"slope": net.weight}, module=net)
    assert [i.title for i in drawing.items if i.kind == "leaf"] == ["slope", "bias"]
    assert homes(drawing)["slope"] == ["Linear"]


def test_a_module_that_is_left_and_called_again_has_no_frame():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = nn.Linear(2, 2)

        def forward(self, x):
            return self.step(self.step(x).exp() + x).sum()

    net = Loop()
    drawing = draw(net(torch.ones(1, 2, requires_grad=True)), module=net)
    assert_tidy(drawing)
    assert not any("step" in g.label for around in drawing._homes for g in around)
    assert homes(drawing)["step.weight"] == ["Loop"]


# ---------------------------------------------------------------------------------------------------
# Repeats


def blocks(n):
    inner = nn.Sequential(*(nn.Sequential(nn.Linear(3, 3), nn.ReLU()) for _ in range(n)))
    net = nn.Sequential(nn.Linear(2, 3), inner, nn.Linear(3, 1))
    return net, net(torch.ones(4, 2)).sum()


def test_twelve_equal_blocks_are_drawn_once():
    net, loss = blocks(12)
    drawing = draw(loss, module=net)
    assert len(drawing.items) == 12
    assert [g.label for g in drawing._homes[4]] == [
        "Sequential", "1 · Sequential", "0 … 11 · Sequential × 12", "0 · Linear",
    ]  # fmt: skip
    assert drawing.items[5].inputs == (2, 3, 4)  # it reads what the first of the twelve reads
    assert len(draw(loss, module=net, collapse=False).items) == 12 + 11 * 4
    assert " × " not in draw(loss, module=net, collapse=False).svg
    net, loss = blocks(3)
    assert len(draw(loss, module=net).items) == 12 + 2 * 4  # few enough to be drawn


def test_blocks_that_differ_are_all_drawn():
    sizes = [2, 3, 4, 5, 6, 7]
    net = nn.Sequential(*(nn.Linear(a, b) for a, b in itertools.pairwise(sizes)))
    drawing = draw(net(torch.ones(1, 2)), module=net)
    assert sum(i.kind == "operation" for i in drawing.items) == 5
    assert all(i.count == 1 for i in drawing.items)


def test_a_loop_and_a_loop_in_a_loop():
    x = torch.ones(2, requires_grad=True)
    y = x
    for _ in range(5):
        for _ in range(4):
            y = y.exp()
        y = y.sin()
    drawing = draw(y)
    assert [(i.title, i.count) for i in drawing.items] == [("leaf", 1), ("exp", 4), ("sin", 1), ("result", 1)]
    assert [g.label for g in drawing._homes[1]] == ["× 5"]


def test_what_is_read_from_the_middle_is_not_hidden():
    x = torch.ones(2, requires_grad=True)
    made = [x]
    for _ in range(8):
        made.append(made[-1].exp())
    drawing = draw(made[8] + made[4])
    assert sum(i.count for i in drawing.items if i.title == "exp") == 8
    (add,) = (i for i in drawing.items if i.title == "+")
    first, second = add.inputs
    assert first != second and drawing.items[first].title == drawing.items[second].title == "exp"


def test_equal_branches_side_by_side_are_no_chain():
    x = torch.ones(2, requires_grad=True)
    drawing = draw(torch.stack([x.exp() for _ in range(6)]))
    assert sum(i.title == "exp" for i in drawing.items) == 6


def test_values_that_differ_are_all_shown():
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(5):
        y = y.sin()
    assert sum(i.title == "sin" for i in draw(y, values=True).items) == 5
    assert len(draw(y).items) == 3


def test_more_than_a_picture_can_hold_is_an_error():
    x = torch.ones(2, requires_grad=True)
    y = x
    for _ in range(600):
        y = y.exp()
    with pytest.raises(ValueError, match=r"at most 500 boxes, and this graph has 602, with collapse=False\. Draw a"):
        draw(y, collapse=False)
    assert len(draw(y).items) == 3


def test_five_hundred_boxes_take_about_a_second():
    x = torch.ones(2, requires_grad=True)
    y = x
    for i in range(490):
        y = [y.exp, y.sin, y.relu, lambda y=y: y * x, lambda y=y: y + x][i * i % 5]()
    draw(x.exp())  # imports and first calls are not what is measured
    took = []
    for _ in range(3):
        start = time.process_time()
        drawing = draw(y, collapse=False)
        _ = drawing.svg
        took.append(time.process_time() - start)
    assert len(drawing.items) > 490
    assert min(took) < 1.5  # a second, and half of one for a slow machine


def test_groups_hold_every_box_once():
    drawing = pictures.repeats()
    assert sorted(drawing.root.items()) == list(range(len(drawing.items)))
    assert isinstance(drawing.root, Group)
