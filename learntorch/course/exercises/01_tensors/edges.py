"""Exercise 4: the four edges of a table, as views."""

import learntorch as torch
from learntorch.course.exercises.boxes import GREY, ORANGE, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "edges",
    chapter=1,
    number=4,
    title="The four edges",
    kind="fill-in",
    minutes=8,
    result="view",
    prompt="""
    A program that draws a frame around a picture needs its four edges: first row, last row, first column, last column.
    Write `edges(x)` for a matrix of shape `(N, M)`.

    Each edge keeps **two dimensions**: the rows have shape `(1, M)`, the columns `(N, 1)`. So they can be joined and
    broadcast without a thought about where they came from. And each one is a **view**: `top.fill_(0)` shall be seen in
    `x`. The function itself writes nothing. The first edge is there as an example.
    """,
    hints=(
        "What does an index do to a dimension, and what does a slice do to it?",
        "A slice `start:end` keeps its dimension and excludes the end; without an end it runs to the last. "
        "Negative places count from the back. A slice is a view, picking with a list is a copy.",
        "For a row of numbers, `v = torch.arange(5)`: `v[:2]` holds the first two, `v[-2:]` the last two, and `v[2:3]` "
        "has shape `(1,)` and holds the one in the middle.",
    ),
    why="What would `x[:1].fill_(0)` do to `x`, and what does it do to `left`?",
)


@ex.solution
def edges(x):
    top = x[:1]
    # <blank> bottom = ...  # 1: the last row, shape (1, M)
    bottom = x[-1:]
    # </blank>
    # <blank> left = ...    # 2: the first column, shape (N, 1)
    left = x[:, :1]
    # </blank>
    # <blank> right = ...   # 3: the last column, shape (N, 1)
    right = x[:, -1:]
    # </blank>
    return top, bottom, left, right


@ex.oracle
def expected(x):
    table = x.tolist()
    parts = [table[0]], [table[-1]], [[row[0]] for row in table], [[row[-1]] for row in table]
    return tuple(torch.tensor(part, dtype=x.dtype) for part in parts)


@ex.cases
def cases(rng):
    yield torch.tensor([[1, 2, 3], [4, 5, 6]])
    yield torch.arange(12).view(4, 3)
    yield torch.arange(16).view(4, 4)
    yield torch.tensor([[7]])
    yield torch.tensor([[1, 2, 3]])
    yield torch.tensor([[1], [2], [3]])
    yield torch.tensor(rng.normal(size=(5, 4)))


@ex.picture(
    "A table of four rows and five columns of grey boxes. An outline with the label top goes around the first row; "
    "others, labelled bottom, left and right, go around the last row, the first column and the last column.",
    "Figure E4. The four edges. Two of them meet in every corner.",
)
def picture():
    from matplotlib.patches import Rectangle

    figure, ax = canvas(10, 6, inches=6)
    grid(ax, [[""] * 5 for _ in range(4)], 2.5, 1, GREY)
    frames = [(2.5, 1, 5, 1, "-"), (2.5, 4, 5, 1, "--"), (2.5, 1, 1, 4, ":"), (6.5, 1, 1, 4, "-.")]
    for left, top, width, height, style in frames:
        inner = Rectangle((left + 0.1, top + 0.1), width - 0.2, height - 0.2, fill=False, ec="black", lw=2.5, ls=style)
        inner.set_zorder(99)
        ax.add_patch(inner)
    ax.add_patch(Rectangle((2.5, 1), 5, 1, fc=ORANGE, ec="none", alpha=0.6, zorder=98))
    for x, y, text in [(5, 0.5, "top, (1, M)"), (5, 5.5, "bottom, (1, M)"), (1.2, 3, "left,\n(N, 1)"),
                       (8.8, 3, "right,\n(N, 1)")]:  # fmt: skip
        label(ax, x, y, text)
    return figure


@ex.right
def with_lengths(x):
    n, m = x.shape
    return x[0:1, :], x[n - 1 : n, :], x[:, 0:1], x[:, m - 1 : m]


@ex.right
def with_a_new_dimension(x):
    return x[0].unsqueeze(0), x[-1].unsqueeze(0), x[:, 0].unsqueeze(1), x[:, -1].unsqueeze(1)


@ex.wrong(
    "The numbers are right, but each edge has lost a dimension: an index removes it, a slice keeps it.",
    ask="What is the difference in shape between x[0] and x[0:1]?",
)
def with_indices(x):
    return x[:1], x[-1], x[:, 0], x[:, -1]


@ex.wrong(
    "The end of a slice is not included: from the first place to the place 0 there is nothing.",
    ask="How many places does the slice 0:0 hold?",
)
def end_thought_included(x):
    return x[:1], x[-1:], x[:, 0:0], x[:, -1:]


@ex.wrong(
    "Some of your edges are empty: a slice that ends at −1 stops before the last place, so -1:-1 holds nothing.",
    ask="How do you write a slice that runs to the very end?",
)
def ends_before_the_last(x):
    return x[:1], x[-1:-1], x[:, :1], x[:, -1:-1]


@ex.wrong(
    "The numbers are right, but some edges are copies: a write to them never reaches x. Picking with a list makes a "
    "copy, and so does clone.",
    ask="Which ways of picking return a view, and which a copy?",
)
def copies(x):
    return x[:1], x[[-1]], x[:, [0]], x[:, [-1]]


@ex.wrong(
    "Rows and columns are mixed up: the first place in the brackets is the row, the second the column.",
    ask="What does the lone colon in x[:, 0] say about the rows?",
)
def rows_for_columns(x):
    return x[:1], x[:, -1:], x[:1], x[-1:]


@ex.wrong(
    "The columns lie down: with shape (1, N) each is a row. A column of N numbers has shape (N, 1).",
    ask="Where must the dimension of length 1 stand, so that N is the number of rows?",
)
def columns_as_rows(x):
    return x[:1], x[-1:], x[:, 0][None], x[:, -1][None]
