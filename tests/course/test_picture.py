"""`show_tensor`: which tables, which shades, which words.

The behaviour of `learntorch.course.play.picture` and of the shared parts it is drawn with.
"""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import learntorch as torch
from learntorch.course import show_tensor
from learntorch.course.play.parts import arrow, brief, dtype_name, written
from learntorch.course.play.picture import LEVELS, Scale, plan

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture):
    """The lines of text of a picture, as (x, y, anchor, size, words)."""
    found = ET.fromstring(picture.svg).iter(SVG + "text")
    return [
        (float(t.get("x")), float(t.get("y")), t.get("text-anchor"), float(t.get("font-size")), t.text) for t in found
    ]


def contrast(one, other):
    """The contrast of two colours, as WCAG defines it."""

    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class TestNumbers:
    def test_a_matrix_is_one_table_with_every_number_in_its_place(self):
        x = torch.arange(6).view(2, 3)
        picture = show_tensor(x, name="x")
        cells = [(px, py, t) for px, py, anchor, size, t in texts(picture) if anchor == "end" and size == 12]
        assert [t for _, _, t in cells] == ["0", "1", "2", "3", "4", "5"]
        assert len({py for _, py, _ in cells}) == 2 and len({px for px, _, _ in cells}) == 3
        assert cells[0][0] == cells[3][0] and cells[0][1] == cells[2][1]  # right aligned in columns, level in rows

    def test_shape_dtype_and_axes_are_written(self):
        said = [t for *_, t in texts(show_tensor(torch.zeros(2, 3, dtype=torch.float64), name="w"))]
        assert "w: shape (2, 3), float64" in said
        assert {"← dim 0", "dim 1 →"} <= set(said)

    @pytest.mark.parametrize(
        ("shape", "tiles", "table"),
        [
            ((), [()], (1, 1)),
            ((4,), [()], (1, 4)),
            ((2, 3), [()], (2, 3)),
            ((3, 2, 2), [(0,), (1,), (2,)], (2, 2)),
            ((2, 2, 1, 3), [(0, 0), (0, 1), (1, 0), (1, 1)], (1, 3)),
        ],
    )
    def test_every_number_of_dimensions(self, shape, tiles, table):
        values = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        planned = plan(values)
        assert planned.numbers and [tile.index for tile in planned.tiles] == tiles
        assert all(tile.values.shape == table for tile in planned.tiles)
        assert np.array_equal(np.concatenate([tile.values.ravel() for tile in planned.tiles]), values.ravel())

    def test_text_plain_says_the_same(self):
        assert repr(show_tensor(torch.tensor([[1.0, -2.5], [10.0, 0.0]]))) == (
            "shape (2, 2), float32, from -2.5 to 10\n[ 1.00 -2.50]\n[10.00  0.00]"
        )
        assert repr(show_tensor(torch.arange(4).view(2, 1, 2))).splitlines()[1:] == ["[0]", "[0 1]", "[1]", "[2 3]"]

    def test_what_is_no_number_is_marked_by_letters_and_by_corners(self):
        picture = show_tensor(torch.tensor([1.0, float("nan"), float("-inf")]))
        assert {"nan", "-inf"} <= {t for *_, t in texts(picture)}
        assert "1 nan, 1 -inf" in repr(picture)
        plain = show_tensor(torch.tensor([1.0, 2.0, 3.0]))
        assert picture.svg.count("<path") == 2 and plain.svg.count("<path") == 0

    def test_numbers_are_written_in_one_manner(self):
        assert written(np.array([True, False])) == ["True", "False"]
        assert written(np.array([-0.001, 0.5])) == ["0.00", "0.50"]  # never -0.00
        assert written(np.array([1e-7, 2.0e-6])) == ["1e-07", "2e-06"]
        assert written(np.array([])) == []
        assert brief(-0.0) == "0"


class TestShades:
    def test_a_large_tensor_is_shaded_and_an_image_keeps_its_pixels(self):
        image = np.linspace(0, 1, 28 * 28).reshape(28, 28)
        planned = plan(image)
        assert not planned.numbers and planned.block == (1, 1)
        assert np.array_equal(planned.tiles[0].values, image)
        assert planned.scale == Scale(0.0, 1.0, False)
        assert [planned.scale.level(v) for v in (0.0, 0.5, 1.0)] == [0, LEVELS // 2, LEVELS]

    def test_blocks_are_means_also_at_the_ragged_end(self):
        values = np.arange(100.0).reshape(1, 100)  # blocks of two
        drawn = plan(values).tiles[0].values
        assert plan(values).block == (1, 2) and drawn.shape == (1, 50)
        assert np.allclose(drawn, values.reshape(50, 2).mean(axis=1))
        ragged = np.arange(130.0).reshape(1, 130)  # blocks of three: the last has one number
        assert plan(ragged).block == (1, 3) and plan(ragged).tiles[0].values[0, -1] == 129.0

    def test_both_signs_have_one_scale_with_zero_in_the_middle(self):
        planned = plan(np.linspace(-1, 4, 400).reshape(20, 20))
        assert planned.scale == Scale(-4.0, 4.0, True)
        assert planned.scale.level(4.0) == LEVELS and planned.scale.level(-1.0) == round(-LEVELS / 4)
        assert planned.scale.level(0.0) == 0

    def test_a_negative_shade_has_a_stroke_and_not_only_a_colour(self):
        values = np.ones((20, 20))
        values[3, 4] = values[7, 0] = -1.0
        svg = show_tensor(values).svg
        image = svg[: svg.index(">-1<")]  # what stands before the words of the legend
        strokes = re.search(r'<path d="([^"]*)" stroke="#1A1A1A" stroke-width="0.8"', image)
        assert strokes.group(1).count("M") == 2

    def test_nan_and_inf_do_not_spoil_the_scale_and_are_in_the_legend(self):
        values = np.zeros((30, 30), dtype=np.float32)
        values[0, 0], values[1, 1], values[2, 2], values[3, 3] = np.nan, np.inf, -np.inf, 8
        assert plan(values).scale == Scale(0.0, 8.0, False)
        picture = show_tensor(values)
        assert {"nan", "inf", "-inf"} <= {t for *_, t in texts(picture)}
        assert "1 nan, 1 inf, 1 -inf" in repr(picture)

    def test_a_nan_in_a_block_is_seen(self):
        values = np.zeros((200, 200))
        values[17, 23] = np.nan
        drawn = plan(values).tiles[0].values
        assert np.isnan(drawn).sum() == 1 and np.isnan(drawn[17 // 4, 23 // 4])

    def test_images_of_a_batch_begin_a_new_row_each(self):
        places = {t: (x, y) for x, y, _, _, t in texts(show_tensor(np.random.RandomState(0).rand(2, 3, 28, 28)))}
        assert places["[0, 0]"][1] == places["[0, 2]"][1] < places["[1, 0]"][1] == places["[1, 2]"][1]
        assert places["[0, 1]"][0] == places["[1, 1]"][0]

    def test_tiles_that_are_left_out_are_counted(self):
        planned = plan(np.zeros((40, 5, 5)))
        assert len(planned.tiles) == 32 and planned.left_out == 8
        assert "8 more are not drawn" in repr(show_tensor(np.zeros((40, 5, 5))))

    def test_shades_grow_darker_away_from_zero(self):
        scale = Scale(-1.0, 1.0, True)
        for sign in (1, -1):
            darkness = [contrast(scale.color(sign * k), "#FFFFFF") for k in range(LEVELS + 1)]
            assert darkness == sorted(darkness)
            assert darkness[-1] > 4.5


class TestAnyTensor:
    def test_arrays_tensors_and_those_that_record(self):
        w = torch.ones(2, 2, requires_grad=True)
        same = [repr(show_tensor(thing)) for thing in (w, w * 1, w.detach().numpy())]
        assert same[0] == same[1] == same[2]
        assert dtype_name(torch.zeros(1, dtype=torch.int32)) == dtype_name(np.zeros(1, np.int32)) == "int32"

    def test_nothing_is_written_into_the_tensor(self):
        x = torch.randn(30, 30)
        before = x.clone()
        show_tensor(x)
        assert torch.equal(x, before)

    def test_empty_ones(self):
        assert "no elements" in repr(show_tensor(torch.zeros(0, 3)))
        assert "no elements" in [t for *_, t in texts(show_tensor(torch.zeros(0)))]

    def test_no_picture_is_wider_than_a_page(self):
        for shape in ((40, 5, 5), (3, 8, 8), (2, 3, 28, 28), (64, 1000), (1, 100), (256,), (16, 16)):
            svg = ET.fromstring(show_tensor(np.random.RandomState(0).randn(*shape)).svg)
            assert float(svg.get("width")) <= 820, shape

    def test_a_tensor_has_no_html_of_its_own(self):
        assert not hasattr(torch.zeros(2), "_repr_html_")

    def test_the_bundle_has_picture_and_words_and_is_the_same_every_time(self):
        x = torch.arange(6.0).view(2, 3)
        one, two = (show_tensor(x)._repr_mimebundle_() for _ in range(2))
        assert one == two and set(one) == {"image/svg+xml", "text/plain"}
        assert ET.fromstring(one["image/svg+xml"]).find(SVG + "desc").text == one["text/plain"]


class TestErrors:
    def test_each_says_what_to_do(self):
        with pytest.raises(TypeError, match=r"not a list\. Make one of it first: torch\.tensor"):
            show_tensor([[1, 2]])
        with pytest.raises(TypeError, match=r"not complex128\. For complex numbers"):
            show_tensor(np.array([1j]))
        with pytest.raises(ValueError, match=r"up to 4 dimensions, and this tensor has 5\. Pick a part"):
            show_tensor(torch.zeros(1, 1, 1, 1, 1))
        with pytest.raises(ValueError, match=r"no room for the numbers of a tensor of shape \(64, 64\)"):
            show_tensor(torch.zeros(64, 64), numbers=True)

    def test_shades_can_be_asked_for(self):
        assert not plan(np.eye(3), numbers=False).numbers


def test_the_head_of_an_arrow_lies_at_its_end():
    assert 'points="10,0 2,4 2,-4"' in arrow(0, 0, 10, 0, "#000000")
