"""`show_memory`: which place of which storage every element is drawn at, and what playing does to the memory."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import learntorch as torch
from learntorch.course import show_memory
from learntorch.course.play.memory import operations, picture, position, read

SVG = "{http://www.w3.org/2000/svg}"


def table():
    return torch.arange(12).view(3, 4)


def texts(svg):
    return [t.text for t in ET.fromstring(svg).iter(SVG + "text")]


class TestReading:
    @pytest.mark.parametrize(
        ("view", "places", "contiguous"),
        [
            (lambda x: x, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], True),
            (lambda x: x.t(), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], False),
            (lambda x: x[1:], [4, 5, 6, 7, 8, 9, 10, 11], True),
            (lambda x: x[:, ::2], [0, 2, 4, 6, 8, 10], False),
            (lambda x: x[1:, 1:3], [5, 6, 9, 10], False),
            (lambda x: x[0].expand(3, 4), [0, 1, 2, 3] * 3, False),
            (lambda x: x.flatten().unfold(0, 3, 4), [0, 1, 2, 4, 5, 6, 8, 9, 10], False),
            (lambda x: x[2, 3], [11], True),
            (lambda x: x[3:], [], True),
        ],
    )
    def test_the_places_of_a_view(self, view, places, contiguous):
        x = table()
        storages, views = read({"x": x, "v": view(x)})
        assert len(storages) == 1 and [v.storage for v in views] == [0, 0]
        assert views[1].places == places
        assert views[1].contiguous is contiguous
        # x holds at every place the number of that place: what the view holds are its places
        assert view(x).flatten().tolist() == places

    def test_copies_have_a_storage_of_their_own(self):
        x = table()
        storages, views = read({"x": x, "copy": x.clone(), "shuffled": x.t().reshape(12), "view": x[1:]})
        assert [v.storage for v in views] == [0, 1, 2, 0]
        assert [s.name for s in storages] == ["A", "B", "C"]
        assert storages[2].numbers == ["0", "4", "8", "1", "5", "9", "2", "6", "10", "3", "7", "11"]

    def test_a_view_alone_shows_the_whole_storage(self):
        storages, views = read({"v": table()[2:]})
        assert len(storages[0].numbers) == 12 and views[0].places == [8, 9, 10, 11]

    def test_an_array_below_keeps_its_strides(self):
        a = np.arange(12.0).reshape(3, 4)
        storages, views = read({"t": torch.from_numpy(a.T[1:])})
        first = views[0].offset
        assert views[0].stride == (1, 4)
        assert views[0].places == [first + i for i in (0, 4, 8, 1, 5, 9, 2, 6, 10)]
        assert [storages[0].numbers[p] for p in views[0].places] == [f"{v:.0f}." for v in a.T[1:].ravel()]

    def test_the_formula_of_the_chapter(self):
        _, views = read({"y": table().t()})
        assert position(views[0], 2 * 3 + 1) == "y[2, 1] lies at 0 + 2·1 + 1·4 = 6"
        _, views = read({"s": torch.tensor(3.0)})
        assert position(views[0], 0) == "s lies at 0 = 0"


class TestPicture:
    def test_the_static_picture_says_all_in_words(self):
        x = table()
        said = show_memory({"x": x, "x.t()": x.t(), "c": x.clone()}).static()["text/plain"]
        assert "storage A: 12 places, [0, 1, 2" in said
        assert "  x.t(): shape (4, 3), stride (1, 4), offset 0, contiguous: no\n    reads places 0 4 8 1 5" in said
        assert said.endswith("c has a storage of its own: it is a copy, or was made apart.")

    def test_every_cell_of_a_view_names_its_place(self):
        x = table()
        svg = show_memory({"v": x[1:, 1:3]}).static()["image/svg+xml"]
        assert [t for t in texts(svg) if t.startswith("@")] == ["@5", "@6", "@9", "@10"]

    def test_places_that_a_view_skips_are_dashed(self):
        svg = show_memory({"v": table()[:, ::2]}).static()["image/svg+xml"]
        assert svg.count("stroke-dasharray") == 6

    def test_a_place_read_more_than_once_says_how_often(self):
        svg = show_memory({"v": torch.arange(3).expand(4, 3)}).static()["image/svg+xml"]
        assert texts(svg).count("×4") == 3

    def test_the_marked_element_stands_out_in_storage_strip_and_table(self):
        x = table()
        storages, views = read({"x": x, "x.t()": x.t()})
        svg = picture(storages, views, (1, 1)).svg  # x.t()[0, 1], place 4
        assert len(re.findall(r'stroke="#D55E00"', svg)) == 3
        assert len(re.findall(r'stroke="#D55E00"', picture(storages, views).svg)) == 0

    @pytest.mark.parametrize("shape", [(3, 4), (48,), (2, 4, 6), (1, 40), (40, 1), ()])
    def test_no_picture_is_wider_than_a_page(self, shape):
        torch.manual_seed(0)
        x = torch.randn(shape)
        drawn = show_memory({"a tensor": x, "its copy": x.clone()}).static()
        svg = ET.fromstring(drawn["image/svg+xml"])
        assert float(svg.get("width")) <= 820
        assert svg.find(SVG + "desc").text == drawn["text/plain"]

    def test_what_is_drawn_was_true_when_the_cell_ran(self):
        x = table()
        shown = show_memory(x)
        before = shown.static()
        x[0, 0] = 99
        assert shown.static() == before


class TestPlaying:
    def test_every_operation_can_be_chosen_for_every_number_of_dimensions(self):
        for shape in ((), (6,), (3, 4), (2, 3, 2)):
            played = show_memory(torch.arange(int(np.prod(shape))).reshape(shape))
            for name in operations(len(shape)):
                played.play(name)
                svg, said = played.scene(0)
                assert said and svg.startswith("<svg")

    def test_a_view_that_cannot_be_is_refused_in_words(self):
        played = show_memory(table())
        played.play("x.transpose(0, 1).view(-1)")
        _, said = played.scene(0)
        assert said.startswith("x.transpose(0, 1).view(-1) is refused: view size is not compatible")

    @pytest.mark.parametrize(
        ("operation", "element", "reaches"),
        [("x.t()", 1, (1, 0)), ("x[1:]", 0, (1, 0)), ("x[0].expand(3, -1)", 6, (0, 2)), ("x.view(-1)", 11, (2, 3))],
    )
    def test_writing_through_a_view_reaches_the_base(self, operation, element, reaches):
        x = table()
        played = show_memory(x)
        played.play(operation)
        played.write(element, 99)
        expected = table()
        expected[reaches] = 99
        assert torch.equal(played.base, expected)
        assert torch.equal(x, table())  # the tensor itself stays as it is
        assert "is written in x" in played.scene(element)[1]

    @pytest.mark.parametrize("operation", ["x.clone()", "x[[0, 1]]", "x.transpose(0, 1).reshape(-1)"])
    def test_writing_into_a_copy_does_not(self, operation):
        played = show_memory(table())
        played.play(operation)
        played.write(0, 99)
        assert torch.equal(played.base, table()) and played.view.flatten()[0] == 99
        assert "does not reach x" in played.scene(0)[1]

    def test_the_widget(self):
        box = show_memory(table()).widget()
        (choice, slider), (number, put, reset), said, drawn = (getattr(part, "children", part) for part in box.children)
        assert said.value.count("x[0, 0] lies at 0 + 0·4 + 0·1 = 0")
        choice.value = "x.t()"
        slider.value = 4
        assert "x.t()[1, 1] lies at 0 + 1·1 + 1·4 = 5, and the number there is 5." in said.value
        number.value = -7
        put.click()
        assert "the number there is -7." in said.value and texts(drawn.value).count("-7") == 3  # storage, x, view
        choice.value = "x[1:]"
        assert slider.max == 7 and slider.value == 0 and "-7" not in texts(drawn.value)
        slider.value = 3
        reset.click()
        assert slider.value == 0 and "x[1:][0, 0] lies at 4" in said.value
        assert all(part.description for part in (choice, slider, number, put, reset))


class TestErrors:
    def test_each_says_what_to_do(self):
        with pytest.raises(TypeError, match=r"'a' is a ndarray\. Make a tensor of it with torch\.tensor"):
            show_memory({"a": np.zeros(3)})
        with pytest.raises(ValueError, match=r"'x' has 2 in a storage of 100\. Take a smaller one"):
            show_memory({"x": torch.zeros(100)[:2]})
        with pytest.raises(ValueError, match="draws up to 48 numbers"):
            show_memory(torch.zeros(1).expand(100))
        with pytest.raises(TypeError, match=r"needs at least one tensor"):
            show_memory()
