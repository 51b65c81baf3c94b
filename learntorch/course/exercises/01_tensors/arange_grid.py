"""Exercise 2: numbers in a row, cut into a table."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "arange-grid",
    chapter=1,
    number=2,
    title="Numbered seats",
    kind="fill-in",
    minutes=6,
    prompt="""
    A table with known numbers in known places is the best test piece there is: whatever you do to it, you see at
    once where each number went. Write `seats(rows, columns, first)`. It numbers the seats of a hall row by row,
    beginning with the number `first`.

    The result is a tensor of shape `(rows, columns)` that holds whole numbers. For example, `seats(2, 3, 10)` is
    `[[10, 11, 12], [13, 14, 15]]`.
    """,
    hints=(
        "How many seats are there, and what is the number of the last one?",
        "`torch.arange(start, end)` stops before its end, so a row of n numbers that starts at s ends before s + n. "
        "Then the row is cut into lines of equal length, in order.",
        "Days 8 to 21 as a calendar of two weeks: `torch.arange(8, 22)` holds 14 numbers, and `.view(2, 7)` makes two "
        "weeks of them, the first from 8 to 14.",
    ),
    why="How far apart are two seats of one column, and which of your arguments decides it?",
)


@ex.solution
def seats(rows, columns, first):
    # <blank> numbers = ...  # 1: all the numbers, in one row
    numbers = torch.arange(first, first + rows * columns)
    # </blank>
    # <blank> return ...  # 2: the same numbers as a table
    return numbers.view(rows, columns)
    # </blank>


@ex.oracle
def expected(rows, columns, first):
    return torch.tensor([[first + i * columns + j for j in range(columns)] for i in range(rows)])


@ex.cases
def cases(rng):
    yield 2, 3, 0
    yield 2, 3, 10
    yield 1, 1, 5
    yield 3, 3, 1
    yield 4, 1, 7
    yield 1, 5, -2
    yield 2, 2, 12345
    yield tuple(int(n) for n in rng.integers(2, 7, size=2)) + (int(rng.integers(100)),)


@ex.picture(
    "A table of two rows and three columns with the numbers 10 to 15. A dashed line runs along the first row from "
    "left to right, then along the second.",
    "Figure E2. `seats(2, 3, 10)`: the numbers run along the first row, then along the second.",
)
def picture():
    figure, ax = canvas(9, 3.6, inches=6)
    grid(ax, [[10, 11, 12], [13, 14, 15]], 3, 0.8, ORANGE)
    for i in range(2):
        ax.annotate(
            "", (6.6, 1.05 + i), (2.4, 1.05 + i), arrowprops={"arrowstyle": "->", "lw": 1.5, "ls": "--"}, zorder=99
        )
    label(ax, 1.3, 1.05, "first row")
    label(ax, 1.3, 2.05, "second row")
    label(ax, 4.5, 3.2, "shape [2, 3]")
    return figure


@ex.right
def counted_from_zero(rows, columns, first):
    return torch.arange(rows * columns).reshape(rows, columns) + first


@ex.right
def by_broadcasting(rows, columns, first):
    starts = torch.arange(rows) * columns + first
    return starts[:, None] + torch.arange(columns)


@ex.right
def written_one_by_one(rows, columns, first):
    x = torch.zeros(rows, columns, dtype=torch.long)
    for i in range(rows):
        for j in range(columns):
            x[i, j] = first + columns * i + j
    return x


@ex.wrong(
    "Every seat is one number too high: your row begins after first.",
    ask="Which number belongs on the very first seat?",
)
def starts_one_late(rows, columns, first):
    return torch.arange(first + 1, first + rows * columns + 1).view(rows, columns)


@ex.wrong(
    "The second argument of arange is the end, not how many: with another first, there are not enough numbers.",
    ask="Where must a row of 6 numbers end that begins at 10?",
)
def end_taken_for_a_count(rows, columns, first):
    return torch.arange(first, rows * columns).view(rows, columns)


@ex.wrong(
    "There is one number missing: arange stops before its end.",
    ask="How many numbers does torch.arange(0, 5) hold?",
)
def end_thought_included(rows, columns, first):
    return torch.arange(first, first + rows * columns - 1).view(rows, columns)


@ex.wrong(
    "The numbers are right, but they are fractions. A seat has a whole number.",
    ask="Which of the arguments of arange decide the type of what it gives?",
)
def fractions(rows, columns, first):
    return torch.arange(float(first), first + rows * columns).view(rows, columns)


@ex.wrong(
    "The numbers run down the columns. They should run along the rows.",
    ask="Which dimension is the fastest when you read a tensor in order?",
)
def down_the_columns(rows, columns, first):
    return torch.arange(first, first + rows * columns).view(columns, rows).t()


@ex.wrong(
    "Rows and columns are exchanged in the shape.",
    ask="In a shape of two numbers, which one says how many rows there are?",
)
def sizes_exchanged(rows, columns, first):
    return torch.arange(first, first + rows * columns).view(columns, rows)
