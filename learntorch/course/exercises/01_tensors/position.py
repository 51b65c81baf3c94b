"""Exercise 6: where in memory an element lies."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "position",
    chapter=1,
    number=6,
    title="From strides to a place in memory",
    kind="function",
    minutes=8,
    prompt="""
    Memory is a single row of numbers. Everything else about a tensor, its rows, its transposes, its slices, is
    arithmetic on places. Here you write that arithmetic for any number of dimensions.

    Write `position(index, stride, offset)`. `index` and `stride` are tuples of whole numbers, one for each dimension;
    `offset` is the place where the tensor begins. The result is a whole number: the place of the element in memory,
    counted in numbers and not in bytes.

    With `stride = (4, 1)` and `offset = 5`, the element `[1, 1]` lies at place 10. A tensor without dimensions has an
    empty index and an empty stride.
    """,
    hints=(
        "By how many places do you move when only the first index grows by one? And when two indices grow?",
        "position = offset + index₀ · stride₀ + index₁ · stride₁ + … `zip(index, stride)` gives the pairs, one for "
        "each dimension.",
        "A tensor of shape [2, 3, 4] has stride (12, 4, 1). Its element [1, 0, 2] lies at 0 + 1 · 12 + 0 · 4 + 2 · 1 "
        "= 14. After `permute(2, 0, 1)` the stride is (1, 12, 4), and the same number, now [2, 1, 0], lies at "
        "2 · 1 + 1 · 12 + 0 · 4 = 14 as before.",
    ),
    equivalents={
        "for i, step in zip(index, stride): → for i, step in zip(stride, index):": "only the product of the two is used"
    },
    why="The shape appears nowhere in your function. What does the shape still decide?",
)


@ex.solution
def position(index, stride, offset):
    # <blank>
    place = offset
    for i, step in zip(index, stride):
        place += i * step
    return place
    # </blank>


@ex.oracle
def expected(index, stride, offset):
    """Lay the tensor into a memory that holds the number of each place, and read the element there."""
    size = tuple(i + 1 for i in index)
    memory = torch.arange(offset + sum(i * step for i, step in zip(index, stride)) + 1)
    return torch.as_strided(memory, size, stride, offset)[index].item() if index else memory[offset].item()


@ex.cases
def cases(rng):
    yield (1, 2), (3, 1), 0
    yield (1, 2), (1, 4), 0
    yield (1, 1), (4, 1), 5
    yield (3,), (2,), 1
    yield (2, 3), (0, 1), 2
    yield (0, 0, 0), (12, 4, 1), 7
    yield (1, 2, 3), (1, 12, 2), 4
    yield (), (), 6
    yield (1, 0, 2, 3), (24, 12, 4, 1), 2
    yield tuple(map(int, rng.integers(1, 5, 3))), tuple(map(int, rng.permutation([1, 5, 20]))), int(rng.integers(1, 9))


@ex.picture(
    "On the left a table of two rows and two columns with the numbers 5, 6 and 9, 10. On the right a strip of twelve "
    "memory places from 0 to 11. The places 5, 6, 9 and 10 are hatched. An arrow marks the beginning at place 5.",
    "Figure E6. A slice with stride (4, 1) that begins at place 5. Its element [1, 1] lies at 5 + 1 · 4 + 1 · 1.",
)
def picture():
    figure, ax = canvas(17, 5, inches=7)
    grid(ax, [[5, 6], [9, 10]], 0.6, 1.2, ORANGE, hatch="//")
    label(ax, 1.6, 0.6, "the tensor")
    grid(ax, [range(12)], 4.2, 1.7)
    for place in (5, 6, 9, 10):
        grid(ax, [[place]], 4.2 + place, 1.7, ORANGE, hatch="//")
    label(ax, 10.2, 0.6, "memory")
    ax.annotate("", (9.7, 2.8), (9.7, 3.9), arrowprops={"arrowstyle": "->", "lw": 1.5})
    label(ax, 9.7, 4.3, "offset 5")
    ax.annotate("", (13.7, 3.1), (9.9, 3.1), arrowprops={"arrowstyle": "->", "lw": 1.5, "ls": "--"})
    label(ax, 12.1, 3.6, "stride₀ = 4")
    return figure


@ex.right
def as_a_sum(index, stride, offset):
    return offset + sum(i * s for i, s in zip(index, stride))


@ex.right
def one_dimension_at_a_time(index, stride, offset):
    if not index:
        return offset
    return one_dimension_at_a_time(index[1:], stride[1:], offset + index[0] * stride[0])


@ex.wrong(
    "You gave the last stride to the first index. The first index goes with the first stride.",
    ask="For a tensor of shape [3, 4] in order, which index takes you 4 places on?",
)
def column_major(index, stride, offset):
    return offset + sum(i * s for i, s in zip(index, reversed(stride)))


@ex.wrong(
    "The offset is missing: a slice does not begin at place 0 of its memory.",
    ask="Where does x[1:, 1:] begin, if x begins at 0?",
)
def without_the_offset(index, stride, offset):
    return sum(i * s for i, s in zip(index, stride))


@ex.wrong(
    "You count bytes. Strides and positions are counted in numbers, whatever their size.",
    ask="By how many numbers does a stride of 1 move?",
)
def in_bytes(index, stride, offset):
    return 4 * (offset + sum(i * s for i, s in zip(index, stride)))


@ex.wrong(
    "The offset is added once for each dimension. A tensor begins in one place only.",
    ask="What should come out for the index (0, 0, 0)?",
)
def offset_in_every_dimension(index, stride, offset):
    return sum(offset + i * s for i, s in zip(index, stride))


@ex.wrong(
    "You count as if indices began at 1. The first element has index 0.",
    ask="At which place lies the first element, and what does your function say?",
)
def counted_from_one(index, stride, offset):
    return offset + sum((i - 1) * s for i, s in zip(index, stride))


@ex.wrong(
    "Only the last index counts in yours: each step replaces what the steps before it had found.",
    ask="In a loop, what does = do to the old value, and what does += do?",
)
def only_the_last(index, stride, offset):
    place = offset
    for i, s in zip(index, stride):
        place = offset + i * s
    return place
