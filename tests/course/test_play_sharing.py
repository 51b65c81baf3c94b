"""`show_sharing`: which names have one memory, which cells each of them reads, and what a write reaches."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import learntorch as torch
from learntorch.course import show_sharing
from learntorch.course.play.sharing import read, ways

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [t.text for t in ET.fromstring(svg).iter(SVG + "text")]


def shared(tensor, array):
    """Whether a write to the tensor shows in the array: the test of chapter 02, with no word to numpy.shares_memory."""
    before = array.copy()
    tensor.fill_(123)
    return not np.array_equal(array, before)


class TestReading:
    def test_the_figure_of_the_chapter(self):
        array = np.array([1.0, 2.0, 3.0])
        things = {
            "array": array,
            "shared": torch.from_numpy(array),
            "shared_too": torch.as_tensor(array),
            "copied": torch.tensor(array),
            "converted": torch.as_tensor(array, dtype=torch.float32),
        }
        array[0] = 99
        blocks, names = read(things)
        assert [name.block for name in names] == [0, 0, 0, 1, 2]
        assert [block.numbers for block in blocks] == [["99.", "2.", "3."], ["1.", "2.", "3."], ["1.", "2.", "3."]]
        assert names[4].what == "tensor (3,), float32"

    def test_the_cells_of_a_slice_of_a_transpose(self):
        a = np.arange(12.0).reshape(3, 4)
        _, names = read({"a": a, "t": torch.from_numpy(a.T[1:])})
        assert names[1].cells == [1, 5, 9, 2, 6, 10, 3, 7, 11]
        assert names[1].cells == a.T[1:].ravel().astype(int).tolist()

    def test_parts_that_do_not_meet_are_two_blocks_until_a_third_joins_them(self):
        a = np.arange(8)
        left, right = torch.from_numpy(a[:4]), torch.from_numpy(a[4:])
        assert [n.block for n in read({"left": left, "right": right})[1]] == [0, 1]
        blocks, names = read({"left": left, "right": right, "a": a})
        assert len(blocks) == 1 and names[1].cells == [4, 5, 6, 7]

    def test_interleaved_parts_do_not_share(self):
        a = np.arange(8)
        assert [n.block for n in read({"even": a[::2], "odd": torch.from_numpy(a[1::2])})[1]] == [0, 1]

    def test_smaller_numbers_in_the_same_memory(self):
        t = torch.arange(2)
        blocks, names = read({"t": t, "halves": t.numpy().view(np.int32)})
        assert blocks[0].itemsize == 4 and len(blocks[0].numbers) == 4
        assert (names[0].cells, names[0].wide) == ([0, 2], 2) and (names[1].cells, names[1].wide) == ([0, 1, 2, 3], 1)

    def test_one_that_walks_backwards(self):
        a = np.arange(4)
        assert read({"a": a, "b": a[::-1]})[1][1].cells == [3, 2, 1, 0]


class TestPicture:
    def test_words(self):
        t = torch.zeros(2)
        said = repr(show_sharing({"t": t, "window": t.numpy(), "copy": t.numpy().copy()}))
        assert said.splitlines()[0] == "block 1, one memory with 2 names: t, window"
        assert "block 2, a memory of its own: copy" in said

    def test_an_arrow_for_every_name_and_round_corners_for_tensors(self):
        a = np.zeros(2)
        svg = show_sharing({"a": a, "t": torch.from_numpy(a), "c": torch.tensor(a)}).static()["image/svg+xml"]
        assert svg.count("<polygon") == 3
        assert svg.count('rx="14"') == 2
        assert {"one memory, 2 names", "a memory of its own"} <= set(texts(svg))

    def test_names_that_were_not_given(self):
        said = repr(show_sharing(torch.zeros(1), np.zeros(1)))
        assert "tensor 1: tensor (1,), float32" in said and "array 2: array (1,), float64" in said

    def test_no_picture_is_wider_than_a_page(self):
        torch.manual_seed(0)
        for thing in (torch.randn(48), torch.randn(6, 8), torch.tensor(3.0), torch.zeros(0, 2)):
            drawn = show_sharing({"the tensor": thing, "the window": thing.numpy()}).static()
            svg = ET.fromstring(drawn["image/svg+xml"])
            assert float(svg.get("width")) <= 820
            assert svg.find(SVG + "desc").text == drawn["text/plain"]


class TestPlaying:
    SHARING = {"a = t.numpy()", "t = torch.from_numpy(a)", "t = torch.as_tensor(a)", "t = torch.from_numpy(a[::2])"}

    def test_every_way_is_drawn_as_it_is(self):
        start = torch.arange(6.0)
        for name, make in ways(start).items():
            played = show_sharing(start)
            played.play(name)
            drawn = "are two names of one memory" in played.scene()[1]
            assert drawn == shared(*make()) == (name in self.SHARING), name

    def test_a_way_gives_the_type_it_says(self):
        for name, make in ways(torch.arange(6.0)).items():
            tensor, array = make()
            assert isinstance(tensor, torch.Tensor) and isinstance(array, np.ndarray), name
        tensor, array = ways(torch.arange(6.0))["a = t.numpy().astype(np.float64)"]()
        assert (tensor.dtype, array.dtype) == (torch.float32, np.float64)

    def test_a_write_is_seen_on_the_other_side_or_not(self):
        played = show_sharing(torch.arange(3.0))
        played.write("t", 1, 50)
        assert played.array[1] == 50 and "You wrote through t. a shows it too." in played.scene()[1]
        played.play("t = torch.tensor(a)")
        played.write("a", 1, 50)
        assert played.tensor[1] == 1 and "You wrote through a. t did not change." in played.scene()[1]

    def test_a_write_where_the_other_has_no_cell_is_not_seen(self):
        played = show_sharing(torch.arange(6.0))
        played.play("t = torch.from_numpy(a[::2])")
        played.write("a", 1, 50)
        assert played.tensor.tolist() == [0, 2, 4] and "t did not change" in played.scene()[1]
        played.write("a", 2, 60)
        assert played.tensor.tolist() == [0, 60, 4] and "t shows it too" in played.scene()[1]

    def test_playing_leaves_what_was_given_alone(self):
        t = torch.arange(3.0)
        a = t.numpy()
        for start in (t, a):
            played = show_sharing(start)
            before = played.static()
            for name in played.ways:
                played.play(name)
                played.write("t", 0, 99)
                played.write("a", 1, 99)
            assert t.tolist() == [0, 1, 2] and a.tolist() == [0, 1, 2]
            assert played.static() == before

    def test_the_widget(self):
        box = show_sharing(torch.arange(3.0)).widget()
        choice, row, said, drawn = box.children
        place, number, by_tensor, by_array, reset = row.children
        assert "a = t.numpy(): t and a are two names of one memory." in said.value
        place.value, number.value = 2, 7
        by_array.click()
        assert "You wrote through a. t shows it too." in said.value and texts(drawn.value).count("7.") == 1
        choice.value = "a = t.clone().numpy()"
        assert "have a memory each" in said.value and "7." not in texts(drawn.value)
        by_tensor.click()
        assert "You wrote through t. a did not change." in said.value
        assert texts(drawn.value).count("7.") == 1 and texts(drawn.value).count("2.") == 1
        reset.click()
        assert "7." not in texts(drawn.value) and "You wrote" not in said.value
        assert all(part.description for part in (choice, *row.children))


class TestErrors:
    def test_each_says_what_to_do(self):
        with pytest.raises(TypeError, match=r"not a list\. Make one of it first"):
            show_sharing([1, 2])
        with pytest.raises(ValueError, match=r"'a' has 100\. Take a smaller one"):
            show_sharing({"a": np.zeros(100)})
        with pytest.raises(ValueError, match=r"has 100\."):
            show_sharing({"part": np.zeros(100)[::99]})

        class OnACard:  # a tensor as seen from here
            device, stride = "cuda:0", None

            def untyped_storage(self):
                raise AssertionError("its memory must not be asked for")

        with pytest.raises(ValueError, match=r"'t' lives on cuda:0\. .* call \.cpu\(\)"):
            show_sharing({"t": OnACard()})
