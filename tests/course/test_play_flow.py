"""`show_flow`: the numbers of the two-layer net of chapters 05, 06 and 07, and the walk through its lines."""

import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import learntorch as torch
from learntorch.course import show_flow
from learntorch.course.play.flow import BINS, STAGES, picture, read, said_of, summarize

SVG = "{http://www.w3.org/2000/svg}"
N, D_IN, H, D_OUT = 8, 6, 5, 3


def data():
    torch.manual_seed(0)
    return [torch.randn(*shape) for shape in ((N, D_IN), (N, D_OUT), (D_IN, H), (H, D_OUT))]


def by_hand_on_arrays():
    """Chapter 05: arrays, and a backward pass by hand."""
    x, y, w1, w2 = (t.numpy().copy() for t in data())
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)
    loss = np.square(y_pred - y).sum()
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.T.dot(grad_y_pred)
    grad_h_relu = grad_y_pred.dot(w2.T)
    grad_h = grad_h_relu.copy()
    grad_h[h < 0] = 0
    grad_w1 = x.T.dot(grad_h)
    values = {"x": x, "w1": w1, "h": h, "h_relu": h_relu, "w2": w2, "y_pred": y_pred, "loss": loss}
    grads = {"w1": grad_w1, "h": grad_h, "h_relu": grad_h_relu, "w2": grad_w2, "y_pred": grad_y_pred}
    return values | {f"grad_{name}": grad for name, grad in grads.items()}


def by_hand_on_tensors():
    """Chapter 06: the same on tensors, with the loss as a number."""
    given = by_hand_on_arrays()
    return {name: torch.from_numpy(np.asarray(value)) for name, value in given.items()} | {"loss": float(given["loss"])}


def by_autograd(keep=("h", "h_relu", "y_pred"), backward=True):
    """Chapter 07: the gradients that the tensors keep."""
    x, y, w1, w2 = data()
    w1.requires_grad_(), w2.requires_grad_()
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    y_pred = h_relu.mm(w2)
    loss = (y_pred - y).pow(2).sum()
    given = {"x": x, "w1": w1, "h": h, "h_relu": h_relu, "w2": w2, "y_pred": y_pred, "loss": loss}
    for name in keep:
        given[name].retain_grad()
    if backward:
        loss.backward()
    return given


def blocks_of(given):
    return show_flow(**given).blocks


def texts(svg):
    return [t.text for t in ET.fromstring(svg).iter(SVG + "text")]


class TestReading:
    def test_the_three_chapters_give_one_picture(self):
        one, two, three = (blocks_of(make()) for make in (by_hand_on_arrays, by_hand_on_tensors, by_autograd))
        for name in one:
            for other in (two, three):
                assert one[name].shape == other[name].shape
                assert one[name].value.size == pytest.approx(other[name].value.size, rel=1e-5)
                assert (one[name].grad is None) == (other[name].grad is None)
                if one[name].grad:
                    assert one[name].grad.size == pytest.approx(other[name].grad.size, rel=1e-4)
                    assert one[name].grad.zeros == other[name].grad.zeros
        assert {name for name in one if one[name].grad is None} == {"x", "loss"}

    def test_size_zeros_and_histogram_are_those_of_the_numbers(self):
        given = by_hand_on_arrays()
        block = blocks_of(given)["h"]
        grad = given["grad_h"]
        assert block.grad.size == pytest.approx(np.sqrt(np.mean(grad.astype(float) ** 2)))
        assert block.grad.zeros == (grad == 0).mean() == (given["h"] < 0).mean() > 0
        assert sum(block.grad.bars) == grad.size and block.grad.limit == np.abs(grad).max()

    def test_a_histogram_has_zero_in_the_middle(self):
        found = summarize(np.array([0.0, 0.0, 0.0, 10.0, -5.0]))
        assert found.bars[BINS // 2] == 3 and found.bars[-1] == 1 and sum(found.bars) == 5
        assert sum(summarize(np.zeros(4)).bars) == 4

    def test_what_is_no_number_is_counted_and_spoils_nothing(self):
        found = summarize(np.array([1.0, np.nan, np.inf, -1.0]))
        assert (found.size, found.strange, found.limit) == (1.0, 2, 1.0)

    def test_dead_units_are_columns_of_zeros(self):
        given = by_hand_on_arrays()
        given["h_relu"] = given["h_relu"].copy()
        given["h_relu"][:, [1, 3]] = 0
        given["h_relu"][0, 0] = 0  # one example alone does not make a unit dead
        assert blocks_of(given)["h_relu"].dead == 2 + (given["h_relu"][:, [0, 2, 4]] == 0).all(axis=0).sum()
        assert "h_relu: 2 of 5 units are zero for every example" in repr(show_flow(**given))

    def test_why_a_gradient_is_missing(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # reading a gradient that is not kept would warn
            some = blocks_of(by_autograd(keep=("h",)))
            none = blocks_of(by_autograd(keep=("h",), backward=False))
        assert some["h"].grad is not None and some["w1"].grad is not None
        assert (some["h_relu"].missing, some["y_pred"].missing) == ("not kept", "not kept")
        assert (some["x"].missing, some["loss"].missing) == ("data: not needed", "the start: 1")
        assert (none["w1"].missing, none["h"].missing) == ("no backward() yet", "no backward() yet")
        given = by_hand_on_arrays()
        del given["grad_h"]
        assert blocks_of(given)["h"].missing == "not given"


class TestPicture:
    def test_words_for_every_tensor(self):
        said = repr(show_flow(**by_hand_on_arrays())).splitlines()
        assert [line.split()[0] for line in said[:7]] == ["x", "w1", "h", "h_relu", "w2", "y_pred", "loss"]
        assert "gradient: data: not needed" in said[0] and "% zeros; gradient: size " in said[2]

    def test_what_is_written_in_the_picture_is_what_was_found(self):
        shown = show_flow(**by_hand_on_arrays())
        seen = texts(shown.static()["image/svg+xml"])
        for name in ("w1", "h", "h_relu", "w2", "y_pred"):
            block = shown.blocks[name]
            assert name in seen and str(block.shape) in seen
            for summary in (block.value, block.grad):
                assert f"size {summary.size:.3g}" in seen and f"{summary.zeros:.0%} zeros" in seen

    def test_every_formula_is_on_an_arrow(self):
        seen = texts(show_flow(**by_hand_on_arrays()).static()["image/svg+xml"])
        for line in ("grad_w1 =", "xᵀ @ grad_h", "grad_h =", "0 where h < 0", "grad_h_relu =", "grad_y_pred @ w2ᵀ"):
            assert line in seen

    def test_after_so_many_lines_the_rest_is_empty(self):
        blocks = read_all()
        panels = [picture(blocks, stage).svg.count('fill="#E8F3FA"') for stage in range(10)]
        back = [picture(blocks, stage).svg.count('fill="#FEF3EA"') for stage in range(10)]
        assert panels == [3, 4, 5, 6, 7, 7, 7, 7, 7, 7]  # x, w1, w2, and then one by one
        assert back == [0, 0, 0, 0, 1, 2, 3, 4, 5, 7]  # the loss starts; x, which gets none, says so at the end
        whole = picture(blocks).svg
        assert (whole.count('fill="#E8F3FA"'), whole.count('fill="#FEF3EA"')) == (7, 7)

    def test_one_panel_is_marked_in_each_stage_and_none_in_the_whole(self):
        blocks = read_all()
        assert [picture(blocks, stage).svg.count('stroke-width="3.5"') for stage in range(10)] == [0] + [1] * 9
        assert 'stroke-width="3.5"' not in picture(blocks).svg

    def test_width_and_description(self):
        drawn = show_flow(**by_autograd()).static()
        svg = ET.fromstring(drawn["image/svg+xml"])
        assert float(svg.get("width")) <= 820
        assert svg.find(SVG + "desc").text == drawn["text/plain"]

    def test_what_is_drawn_was_true_when_the_cell_ran(self):
        given = by_hand_on_arrays()
        shown = show_flow(**given)
        before = shown.static()
        given["w1"] *= 0
        assert shown.static() == before


def read_all():
    return blocks_of(by_hand_on_arrays())


class TestPlaying:
    def test_the_order_is_that_of_the_chapter(self):
        makes = [("grad_" if s.direction == "backward" else "") + s.makes for s in STAGES]
        assert makes == (
            ["h", "h_relu", "y_pred", "loss", "grad_y_pred", "grad_w2", "grad_h_relu", "grad_h", "grad_w1"]
        )
        assert all(s.formula.startswith(made + " = ") for s, made in zip(STAGES, makes, strict=True))

    def test_the_words_of_a_stage_have_its_numbers(self):
        given = by_hand_on_arrays()
        said = said_of(8, blocks_of(given))
        zeros = (given["grad_h"] == 0).mean()
        assert said.startswith("8 of 9, backward: grad_h = grad_h_relu, but 0 where h < 0.")
        assert f"{zeros:.0%} zeros" in said
        assert "(not kept)" in said_of(5, blocks_of(by_autograd(keep=())))

    def test_the_widget(self):
        (row, said, drawn) = show_flow(**by_autograd()).widget().children
        slider, back, forth = row.children
        assert "Nothing has been computed" in said.value
        back.click()
        assert slider.value == 0
        forth.click()
        assert "1 of 9, forward: h = x @ w1." in said.value
        slider.value = 9
        forth.click()
        assert slider.value == 9 and "9 of 9, backward: grad_w1 = xᵀ @ grad_h." in said.value
        assert drawn.value == picture(blocks_of(by_autograd()), 9).svg
        assert all(part.description for part in row.children)


class TestErrors:
    def test_each_says_what_to_do(self):
        given = by_hand_on_arrays()
        with pytest.raises(ValueError, match=r"needs h of shape \(8, 5\), and got \(5, 8\)\. Pass the tensors of one"):
            show_flow(**given | {"h": given["h"].T})
        with pytest.raises(ValueError, match=r"grad_w2 in the shape of w2, \(5, 3\), and got \(3, 5\)\. A transpose"):
            show_flow(**given | {"grad_w2": given["grad_w2"].T})
        with pytest.raises(ValueError, match=r"needs x as a matrix"):
            show_flow(**given | {"x": given["x"][0]})
        with pytest.raises(ValueError, match=r"needs loss of shape \(\)"):
            show_flow(**given | {"loss": np.zeros(2)})
        with pytest.raises(TypeError, match=r"not a list"):
            show_flow(**given | {"x": [[1.0]]})

    def test_read_takes_no_gradient_for_what_has_none(self):
        given = by_autograd()
        assert read(given, {})["w1"].grad is not None
