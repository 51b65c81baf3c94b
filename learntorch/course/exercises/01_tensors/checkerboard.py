"""Exercise 5: a checkerboard of zeros and ones."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "checkerboard",
    chapter=1,
    number=5,
    title="Checkerboard",
    kind="visual",
    minutes=8,
    types="exact",
    prompt="""
    A pattern is an index with a step. Write `checkerboard(rows, columns)`: a tensor of shape `(rows, columns)` that
    holds the whole numbers 0 and 1 (`dtype=torch.long`), in turn along each row and along each column, as the light and
    dark squares of a board. The upper left corner is 0.

    ```text
    checkerboard(3, 4)      0 1 0 1
                            1 0 1 0
                            0 1 0 1
    ```

    If yours differs, you will see it next to the target.
    """,
    hints=(
        "In row 0, which columns hold a 1? And in row 1?",
        "A slice may have a step: `start:end:step`. `x[::2]` picks the rows 0, 2, 4, and so on, and `x[1::2]` the "
        "others. An index on the left of `=` writes to all the places that it picks.",
        "A striped row, two dark and one light: `v = torch.ones(7)` and then `v[2::3] = 0` gives "
        "`1, 1, 0, 1, 1, 0, 1`.",
    ),
    why="For which sizes is the lower right corner 0, and how do you see that without building the board?",
)


@ex.solution
def checkerboard(rows, columns):
    # <blank>
    board = torch.zeros(rows, columns, dtype=torch.long)
    board[::2, 1::2] = 1
    board[1::2, ::2] = 1
    return board
    # </blank>


@ex.oracle
def expected(rows, columns):
    return torch.tensor([[(i + j) % 2 for j in range(columns)] for i in range(rows)], dtype=torch.int64)


@ex.cases
def cases(rng):
    yield 2, 3
    yield 3, 4
    yield 4, 4
    yield 5, 3
    yield 1, 1
    yield 1, 4
    yield 3, 1
    yield tuple(int(n) for n in rng.integers(5, 9, size=2))
    yield 11, 10


@ex.picture(
    "Two rows of eight places, 0 to 7. In the first, the places 0, 2, 4 and 6 are hatched: the slice with step 2. In "
    "the second, the places 1, 4 and 7 are hatched: the slice that starts at 1, with step 3.",
    "Figure E5. A slice with a step: `v[::2]` and `v[1::3]` pick the hatched places.",
)
def picture():
    figure, ax = canvas(12, 3.6, inches=6.5)
    for top, name, picked in [(0.4, "v[::2]", range(0, 8, 2)), (2.1, "v[1::3]", range(1, 8, 3))]:
        grid(ax, [range(8)], 3.2, top)
        for place in picked:
            grid(ax, [[place]], 3.2 + place, top, ORANGE, hatch="//")
        label(ax, 1.6, top + 0.5, name, family="monospace")
    return figure


@ex.right
def by_the_sum_of_places(rows, columns):
    return (torch.arange(rows)[:, None] + torch.arange(columns)) % 2


@ex.right
def square_by_square(rows, columns):
    board = torch.zeros((rows, columns), dtype=torch.int64)
    for i in range(rows):
        for j in range(columns):
            if i % 2 != j % 2:
                board[i, j] = 1
    return board


@ex.right
def from_lists(rows, columns):
    lines = [[0, 1] * columns, [1, 0] * columns]
    return torch.tensor([lines[i % 2][:columns] for i in range(rows)])


@ex.wrong("The pattern is right and inverted: the upper left corner is 1.", ask="Which squares do you set to 1?")
def inverted(rows, columns):
    board = torch.zeros(rows, columns, dtype=torch.long)
    board[::2, ::2] = 1
    board[1::2, 1::2] = 1
    return board


@ex.wrong(
    "These are stripes that lie: whole rows change. Along a row, too, the squares must alternate.",
    ask="In your index, what does the missing second part say about the columns?",
)
def lying_stripes(rows, columns):
    board = torch.zeros(rows, columns, dtype=torch.long)
    board[1::2] = 1
    return board


@ex.wrong(
    "These are stripes that stand: whole columns change. Down a column, too, the squares must alternate.",
    ask="Do the rows 0 and 1 begin with the same number?",
)
def standing_stripes(rows, columns):
    board = torch.zeros(rows, columns, dtype=torch.long)
    board[:, 1::2] = 1
    return board


@ex.wrong(
    "Half of the ones are there: every second row is still empty.",
    ask="The rows 0, 2, 4 are done. Which columns come in the rows 1, 3, 5?",
)
def every_second_row(rows, columns):
    board = torch.zeros(rows, columns, dtype=torch.long)
    board[::2, 1::2] = 1
    return board


@ex.wrong(
    "With an even number of columns these are stripes: you alternate along the whole sequence, and each row begins "
    "where the last one ended.",
    ask="If a row has 4 squares and ends with 1, with what does the next one begin?",
)
def along_the_sequence(rows, columns):
    return torch.arange(rows * columns).view(rows, columns) % 2


@ex.wrong(
    "The pattern is right, but the numbers are fractions; whole numbers were asked for.",
    ask="Which type has torch.zeros if you name none?",
)
def fractions(rows, columns):
    board = torch.zeros(rows, columns)
    board[::2, 1::2] = 1
    board[1::2, ::2] = 1
    return board
