"""`step`: the recorded walk is the real one, leaves nothing behind, and says what happened.

The behaviour of `learntorch.course.tracing`, `learntorch.course.walking` and `learntorch.course.stepping`.
"""

import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import learntorch as torch
from learntorch import nn
from learntorch.course import step
from learntorch.course.formulas import written
from learntorch.course.stepping import SPEEDS
from learntorch.course.tracing import MOST, trace
from learntorch.course.walking import CORNER, MARKS, PAGE, WINDOW, brief, corner

# Drawn graphs ────────────────────────────────────────────────────────────────────────────────────


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def write_through_a_view(x, y):
    out = x.clone()
    out[:1] = out[:1].clone() * y[:1]
    return out


def unbind(x, y):
    first, *others = x.unbind(0)
    return torch.stack([first * 2, *others], 0) + y


BINARY = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "same": lambda x, y: x * x,
    "div": lambda x, y: x / (y * y + 1), "where": lambda x, y: torch.where(x > y, x, y), "view": write_through_a_view,
    "cat": lambda x, y: torch.cat([x, y], 0)[: x.shape[0]], "split": unbind,
    "mm": lambda x, y: x @ x.t() @ y / 9,
}  # fmt: skip
UNARY = {
    "relu": torch.relu, "tanh": torch.tanh, "sum": lambda x: x + x.sum(0),
    "mean": lambda x: x - x.mean(1, keepdim=True),
    "transpose": lambda x: x.t().reshape(x.shape), "own": Twice.apply, "in-place": lambda x: (x + 0).mul_(3).tanh_(),
    "column": lambda x: x * x[:, :1], "row": lambda x: x + x[1], "detached": lambda x: x * x.detach(),
}  # fmt: skip


@st.composite
def programs(draw):
    """A list of steps, each an operation and the earlier results that it is given."""
    count = draw(st.integers(1, 9))
    found = []
    for i in range(count):
        at = st.integers(0, i + 2)  # three leaves stand before the results
        name = draw(st.sampled_from(sorted(BINARY) + sorted(UNARY)))
        found.append((name, draw(at), draw(at)))
    return found, draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([torch.float32, torch.float64]))


def run(program):
    steps, seed, dtype = program
    numbers = np.random.default_rng(seed)
    shapes = [(3, 4), (4,), (3, 1)]  # the small ones are broadcast
    leaves = [torch.tensor(numbers.normal(size=shape), dtype=dtype, requires_grad=True) for shape in shapes]
    made = [leaf.expand(3, 4) if leaf.shape != (3, 4) else leaf for leaf in leaves]
    made[1:] = [leaf + torch.zeros(3, 4, dtype=dtype) for leaf in leaves[1:]]
    for name, i, j in steps:
        made.append(BINARY[name](made[i], made[j]) if name in BINARY else UNARY[name](made[i]))
    return leaves, made


def drawn(test):
    return settings(max_examples=80, deadline=None, derandomize=True)(given(programs(), st.booleans())(test))


def bits(t):
    return None if t is None else (t.dtype, tuple(t.shape), np.ascontiguousarray(t.detach().numpy()).tobytes())


def state(tensors):
    """All that a walk could change, as far as it can be seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [(bits(t), bits(t.grad), id(t.grad), t._version, t.requires_grad, id(t.grad_fn)) for t in tensors]


def nodes_of(root):
    found, todo = {root}, [root]
    while todo:
        for parent, _ in todo.pop().next_functions:
            if parent is not None and parent not in found:
                found.add(parent)
                todo.append(parent)
    return found


def after(walk):
    """Place → what its `.grad` becomes, for the leaves of a walk."""
    return {s.place: s.after for s in walk.steps if walk.places[s.place].kind == "leaf"}


@drawn
def test_the_trace_ends_in_the_gradients_of_backward_bit_for_bit(program, again):
    leaves, made = run(program)
    names = {"p": leaves[0], "q": leaves[1], "r": leaves[2]}
    if again:  # there are gradients already, and the new ones are added
        made[-1].sum().backward(retain_graph=True)
    loss = (made[-1] * made[0]).sum()
    walk = trace(loss, names=names)
    loss.backward(retain_graph=True)
    found = {walk.places[place].called: g for place, g in after(walk).items()}
    for name, leaf in names.items():
        assert bits(found.get(name)) == bits(leaf.grad) or (name not in found and not again)
    assert [n for n in found if names[n].grad is None] == []


@drawn
def test_the_trace_leaves_nothing_behind(program, again):
    leaves, made = run(program)
    loss = made[-1].sum()
    if again:
        loss.backward(retain_graph=True)
    made[-1].retain_grad() if not made[-1].is_leaf else None
    everything = [*leaves, *made, loss]
    before, hooks = state(everything), {node: node.hooks for node in nodes_of(loss.grad_fn)}
    step(loss).static()
    assert state(everything) == before
    assert {node: node.hooks for node in nodes_of(loss.grad_fn)} == hooks
    loss.backward()  # nothing was freed


@drawn
def test_what_arrives_is_the_sum_of_what_was_passed_on_and_newest_comes_first(program, _):
    _, made = run(program)
    loss = made[-1].sum()
    order = sorted(nodes_of(loss.grad_fn), key=lambda node: -node.number)
    walk = trace(loss)
    assert [walk.places[s.place].name for s in walk.steps] == [n.name().split("::")[-1] for n in order]
    arrived: dict = {}
    for k, one in enumerate(walk.steps, 1):
        if k > 1 and len(one.incoming) == 1:
            assert bits(arrived[one.place]) == bits(one.incoming[0])
        for part in one.parts:
            if part.gradient is not None:
                # Unbinding is the only operation with several outputs here; each of them has a sum of its own.
                if walk.places[part.place].name != "UnbindBackward0":
                    sums = [arrived[part.place] + part.gradient] if part.place in arrived else [part.gradient]
                    assert bits(part.total) == bits(sums[0])
                arrived[part.place] = part.total
        for place, g in walk.arrived(k).items():
            if place in arrived:
                assert bits(g) == bits(arrived[place]) or walk.places[place].name == "UnbindBackward0"


@drawn
def test_each_gradient_is_that_of_the_node_itself(program, _):
    """A node, called by hand with what it received, gives what the trace says it passed on."""
    _, made = run(program)
    loss = made[-1].sum()
    order = sorted(nodes_of(loss.grad_fn), key=lambda node: -node.number)
    for node, one in zip(order, trace(loss).steps, strict=True):
        if one.parts and all(g is not None for g in one.incoming):
            found = node(*one.incoming)
            found = found if isinstance(found, tuple) else (found,)
            assert [bits(g) for g in found] == [bits(part.gradient) for part in one.parts]


@drawn
def test_every_formula_is_the_one_in_the_rule(program, _):
    _, made = run(program)
    loss = made[-1].sum()
    order = sorted(nodes_of(loss.grad_fn), key=lambda node: -node.number)
    for node, one in zip(order, trace(loss).steps, strict=True):
        for part in one.parts:
            name = one and type(node).__name__
            if name == "CopySlices":
                assert part.formula.endswith(tuple(written(node.inner.rule).values()))
            elif name == "TwiceBackward":
                assert part.formula == "Twice.backward(ctx, g)"
            else:
                assert part.formula == written(node.rule)[part.name.split("[")[0]]


# A graph to follow by hand ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def expression():
    w, x = torch.tensor(2.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    return (w + x) * (w + 1), {"w": w, "x": x}


TABLE = """\
step  node          g arrives  formula, as written                passes on  to                     there so far
────  ────────────  ─────────  ─────────────────────────────────  ─────────  ─────────────────────  ────────────
1     MulBackward0  1          a: g * b                           3          AddBackward0 (step 3)  3
                               b: g * a                           3          AddBackward0 (step 2)  3
2     AddBackward0  3          a: g                               3          w (step 5)             3
3     AddBackward0  3          a: g                               3          w (step 5)             6
                               b: g if alpha == 1 else g * alpha  3          x (step 4)             3
4     x             3          .grad = g                                                            .grad 3
5     w             6          .grad = g                                                            .grad 6"""


def test_the_table_is_the_walk(expression):
    y, names = expression
    assert repr(step(y, names=names)) == TABLE


def test_the_sum_at_a_shared_leaf_grows(expression):
    y, names = expression
    walk = trace(y, names=names)
    (w,) = (i for i, place in enumerate(walk.places) if place.called == "w")
    assert [walk.arrived(k).get(w) for k in range(1, 6)] == [None, 3, 6, 6, 6]


def test_a_gradient_that_is_there_already_is_added_to(expression):
    y, names = expression
    names["w"].grad = torch.tensor(10.0)
    shown = step(y, names=names)
    assert shown.sentence(5) == "Step 5 of 5. At w, 6 has arrived. Its .grad was 10 and becomes 16."
    assert shown.rows(5) == [("5", "w", "6", ".grad += g", "", "", ".grad 16")]
    assert names["w"].grad == 10


def test_a_leaf_that_was_switched_off_keeps_nothing(expression):
    y, names = expression
    names["x"].requires_grad_(False)
    shown = step(y, names=names)
    assert shown.sentence(4).endswith("It no longer requires grad, so nothing is kept.")
    y.backward()
    assert names["x"].grad is None and names["w"].grad == 6


def test_a_leaf_alone():
    w = torch.tensor(2.0, requires_grad=True)
    assert step(w, names={"w": w}).sentence(1) == "Step 1 of 1. At w, 1 has arrived. Its .grad becomes 1."


def test_broadcasting_is_undone_before_the_eyes():
    x, b = torch.ones(2, 3), torch.ones(3, requires_grad=True)
    y = (x + b).sum()
    (row,) = step(y, names={"b": b}).rows(2)
    assert row[3] == "b: g if alpha == 1 else g * alpha, summed to (3,)" and row[4] == "[2, 2, 2]"
    assert "broadcasting undone" in step(y).panel(2)


def test_a_gradient_to_start_with():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    walk = trace(w * w, torch.tensor([1.0, 10.0]))
    assert walk.steps[-1].after.tolist() == [2.0, 40.0]
    given_ = torch.tensor([1.0, 10.0])
    walk = trace(w + 1, given_)
    given_.zero_()
    assert walk.steps[-1].after.tolist() == [1.0, 10.0]  # the trace has copies


def test_hooks_run_as_in_any_walk_and_retained_gradients_stay():
    w = torch.tensor(3.0, requires_grad=True)
    h = w * 2
    h.register_hook(lambda g: g * 10)
    h.retain_grad()
    handle = w.register_hook(lambda g: g + 1)
    y = h * h
    walk = trace(y)
    assert h.grad is None and [s.incoming[0].item() for s in walk.steps] == [1, 120, 241]
    y.backward()
    assert w.grad == 241 and h.grad == 120
    handle.remove()


def test_a_hook_that_raises_leaves_no_hook_behind():
    w = torch.tensor(3.0, requires_grad=True)
    h = w * 2

    def broken(g):
        raise KeyError("broken")

    handle = h.register_hook(broken)
    y = h * h
    with pytest.raises(KeyError):
        step(y)
    handle.remove()
    assert y.grad_fn.hooks is None
    y.backward()
    assert w.grad == 24


def test_the_optimizer_of_a_hook_does_not_run():
    w = torch.tensor(3.0, requires_grad=True)
    seen = []
    w.register_post_accumulate_grad_hook(seen.append)
    step(w * w)
    assert seen == []


# What cannot be walked ───────────────────────────────────────────────────────────────────────────


def chain(n):
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(n):
        y = y + 1
    return y


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: torch.ones(()), RuntimeError, "step() needs a tensor with a recorded graph"),
        (lambda: 1.5, TypeError, "step() needs a tensor, not 'float'. Give it the loss itself"),
        (lambda: torch.ones(2, 3, requires_grad=True) * 2, RuntimeError, "and this one has shape (2, 3)"),
        (lambda: chain(MOST), ValueError, "step() walks through at most 200 nodes, and this graph has more."),
    ],
    ids=["no graph", "no tensor", "no scalar", "too long"],
)  # fmt: skip
def test_what_cannot_be_walked_is_said(make, error, words):
    with pytest.raises(error, match=re.escape(words)):
        step(make())


def test_the_longest_walk():
    assert len(step(chain(MOST - 1))) == MOST


@pytest.mark.parametrize("write", [False, True])
def test_a_freed_graph_is_said(write):
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    y = w * w
    if write:
        y[0] = y[0].clone() * w[1]
    loss = y.sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"freed what its nodes had saved.*call step\(\) before backward\(\)"):
        step(loss)


def test_a_saved_tensor_that_was_written_to_is_said():
    w = torch.tensor(3.0, requires_grad=True)
    h = w * 1
    y = h * h
    h.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        step(y)
    assert y.grad_fn.hooks is None


# Numbers in few words ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (-1e-9, "0"), (-0.0, "0"), (2.0, "2"), (0.12345, "0.123"), (0.00012345, "0.00012"), (1.5e-5, "1.5e-05"),
        (123456.78, "123457"), (1e9, "1.000e+09"), (float("nan"), "nan"), ([1.0, float("inf")], "[1, inf]"),
        ([[1.0, 2.0]], "[[1, 2]]"), ([1, 2], "[1, 2]"), ([0.5, 1e-5], "[0.5, 0]"), ([], "[]"),
    ],
)  # fmt: skip
def test_small_tensors_are_written_out(values, text):
    assert brief(torch.tensor(values)) == text


def test_double_precision_has_four_decimals():
    assert brief(torch.tensor(1 / 3, dtype=torch.float64)) == "0.3333"


def test_large_tensors_are_told_by_shape_norm_and_corner():
    t = torch.arange(20.0).reshape(4, 5)
    assert brief(t) == "(4, 5), norm 49.7"
    assert corner(t) == " 0  1  2 …\n 5  6  7 …\n10 11 12 …\n…"
    assert corner(torch.ones(2, 2)) == "" and CORNER == 3
    assert corner(torch.ones(2, 3, 3)).splitlines() == ["1 1 1", "1 1 1", "1 1 1", "…"]


# The picture and the pages ───────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    loss = ((model(torch.randn(6, 5)) - 1) ** 2).mean()
    return step(loss, names=dict(model.named_parameters()))


SVG = "{http://www.w3.org/2000/svg}"


def test_the_marks_of_a_step(expression):
    y, names = expression
    shown = step(y, names=names)
    marks = []
    for k in range(1, 7):
        texts = [t.text for t in ET.fromstring(shown.picture.svg(k, "")).find(f"{SVG}svg").iter(f"{SVG}text")]
        marks.append(" ".join(sorted(t for t in texts if t[0] in {mark for mark, *_ in MARKS.values()})))
    assert marks == [
        "▶ × ○ w ○ x ● + ● +", "▶ + ○ + ○ x ● w ✓ ×", "▶ + ● w ● x ✓ + ✓ ×",
        "▶ x ○ w ✓ + ✓ + ✓ ×", "▶ w ✓ + ✓ + ✓ x ✓ ×", "✓ + ✓ + ✓ w ✓ x ✓ ×",
    ]  # fmt: skip


def test_the_gradients_in_the_picture(net):
    picture = net.picture
    for k in range(1, len(net) + 1):
        texts = [t.text for t in ET.fromstring(picture.svg(k, "")).find(f"{SVG}svg").iter(f"{SVG}text")]
        shown = [t for t in texts if t and t.startswith(("g = ", "‖g‖ = "))]
        wanted = [brief(g) for g in net.trace.arrived(k).values()]
        assert sorted(t.split(" = ")[1] for t in shown) == sorted(t.split("norm ")[-1] for t in wanted)
        # As many broken arrows as gradients that are passed on: a line and a head each.
        arrows = [p for p in ET.fromstring(picture.svg(k, "")).iter(f"{SVG}path") if p.get("stroke-dasharray")]
        assert len(arrows) == sum(part.gradient is not None for part in net.trace.steps[k - 1].parts)


def test_every_line_fits_its_box(net):
    for (width, height), word, note in zip(net.picture.sizes, net.picture.words, net.picture.notes, strict=True):
        assert len(f"○ {word}") * 15 * 0.62 <= width and len(note) * 12 * 0.62 <= width and height >= 60


def test_the_window_shows_the_current_node_and_where_its_gradient_goes(net):
    for k in range(1, len(net) + 1):
        inner = ET.fromstring(net.picture.svg(k, "", window=True)).find(f"{SVG}svg")
        left, top, width, height = map(float, inner.get("viewBox").split())
        assert width <= PAGE + 40 and height <= WINDOW + 40
        step_ = net.trace.steps[k - 1]
        for place in {step_.place, *(p.place for p in step_.parts if p.gradient is not None)}:
            (x, y), (w, h) = net.picture.layout.corners[place], net.picture.sizes[place]
            assert left <= x and top <= y and x + w <= left + width and y + h <= top + height


def parsed(page):
    return ET.fromstring(f"<page>{page.replace('<br>', '<br/>')}</page>")


def test_the_static_page(net):
    page = parsed(net.static()["text/html"])
    (table,) = page.iter("table")
    assert table.find("caption").text == "The walk backward, step by step"
    heads = list(table.iter("th"))
    assert {th.get("scope") for th in heads} == {"col", "row"} and all(th.text for th in heads)
    assert [th.text for th in heads if th.get("scope") == "row"] == [str(k) for k in range(1, len(net) + 1)]
    said = "".join(page.itertext())
    for k in range(1, len(net) + 1):
        assert net.sentence(k) in said  # in the description of the picture
        for row in net.rows(k):
            assert all(cell in said for cell in row)


def test_the_panel(net):
    for k in range(1, len(net) + 1):
        page = parsed(net.panel(k))
        assert page.find(".//p").text == net.sentence(k) and page.find(".//p").get("aria-live") == "polite"
        assert all(table.find("caption") is not None for table in page.iter("table"))
        leaves = [[("".join(c.itertext())) for c in row] for row in page.findall(".//table")[-1].find("tbody")]
        assert len(leaves) == 4
        for name, arrived, grad in leaves:
            turn = int(re.search(r"step (\d+)", name)[1])
            assert grad == ("None" if turn > k else arrived)


def test_the_pages_are_the_same_bytes_in_another_process():
    program = (
        "import learntorch as torch; from learntorch.course import step; torch.manual_seed(0)\n"
        "m = torch.nn.Linear(5, 4); s = step(m(torch.randn(3, 5)).relu().sum(), names=dict(m.named_parameters()))\n"
        "print(s.static(), *[s.scene(k) + s.panel(k) for k in range(1, len(s) + 1)])"
    )
    found = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
             for _ in range(2)]  # fmt: skip
    assert found[0] == found[1] and "0x" not in found[0]


def test_importing_the_course_is_light():
    program = (
        "import sys; import learntorch.course; "
        "print([m for m in ('ipywidgets', 'matplotlib', 'IPython', 'learntorch.course.stepping') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The widget, without a browser ───────────────────────────────────────────────────────────────────


@pytest.fixture
def live(net):
    pytest.importorskip("ipywidgets")
    box = net.widget()
    row, slider, scene, panel, clock = box.children
    buttons = {b.description: b for b in row.children[:-1]}
    return net, slider, scene, panel, buttons, row.children[-1], clock


def at(live, k):
    net, slider, scene, panel, _, _, clock = live
    assert slider.value == clock.value == k
    assert scene.value == net.scene(k) and panel.value == net.panel(k)


def test_the_buttons(live):
    n, buttons = len(live[0]), live[4]
    assert list(buttons) == ["First", "Back", "Forward", "Last", "Play"]
    at(live, 1)
    for word, k in [
        ("Back", 1),
        ("Forward", 2),
        ("Forward", 3),
        ("Back", 2),
        ("Last", n),
        ("Forward", n),
        ("First", 1),
    ]:
        buttons[word].click()
        at(live, k)


def test_the_slider(live):
    slider = live[1]
    assert (slider.min, slider.max, slider.description) == (1, len(live[0]), "Step")
    for k in range(1, slider.max + 1):
        slider.value = k
        at(live, k)


def test_playing(live):
    net, slider, _, _, buttons, speed, clock = live
    play = buttons["Play"]
    play.click()
    assert clock.playing and (play.description, play.icon) == ("Pause", "pause")
    clock.value = 2  # what the browser's clock does
    at(live, 2)
    play.click()
    assert not clock.playing and play.description == "Play"
    play.click()
    buttons["Forward"].click()  # a step of one's own ends the playing
    assert not clock.playing and play.description == "Play"
    at(live, 3)
    buttons["Last"].click()
    play.click()  # at the end it starts over
    assert clock.playing
    at(live, 1)
    for label, milliseconds in SPEEDS.items():
        speed.label = label
        assert clock.interval == milliseconds and speed.description == "Speed"
