"""Exercise 8: every number of one vector times every number of another."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, YELLOW, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "outer",
    chapter=1,
    number=8,
    title="A table without a loop",
    kind="visual",
    minutes=8,
    slot="outer",
    builds="learntorch.outer",
    forbids=(
        "outer",
        "ger",
        "einsum",
        "tensordot",
        "mm",
        "matmul",
        "bmm",
        "baddbmm",
        "addbmm",
        "addmm",
        "linear",
        "bilinear",
        "addr",
        "kron",
        "@",
        "for",
        "map",
    ),  # fmt: skip
    prompt="""
    The multiplication table from school is a broadcast: a column of numbers times a row of numbers. Its name is
    **outer product**.

    Write `outer(u, v)` for two vectors of shapes `(N,)` and `(M,)`. The result has shape `(N, M)`, and its element
    `[i, j]` is `u[i] * v[j]`. No loop is needed, and none is allowed, nor a ready-made product of matrices: two shapes
    that meet in the right way do it all. The arguments stay as they are.

    For `u = [1, 2, 3]` and `v = [10, 100]` the result is `[[10, 100], [20, 200], [30, 300]]`.
    """,
    hints=(
        "Which shape must u have, so that its numbers run downward?",
        "Aligned on the right, `(N, 1)` and `(M,)` give `(N, M)`. A new dimension of length 1 comes from `unsqueeze`, "
        "from `view`, or from `None` in an index.",
        "A table of sums from a = [1, 2] and b = [10, 20, 30]: `a.view(2, 1) + b` is "
        "`[[11, 21, 31], [12, 22, 32]]`. It has shape `(2, 3)`.",
    ),
    why="How many multiplications are there, and how many numbers of u and v does the computer have to store for them?",
)


@ex.solution
def outer(u, v):
    # <blank>
    return u[:, None] * v
    # </blank>


@ex.oracle
def expected(u, v):
    return torch.tensor([[a * b for b in v.tolist()] for a in u.tolist()], dtype=u.dtype).reshape(len(u), len(v))


@ex.cases
def cases(rng):
    yield torch.tensor([1, 2, 3]), torch.tensor([10, 100])
    yield torch.tensor([1, 2]), torch.tensor([3, 4, 5])
    yield torch.tensor([1, 2, 3]), torch.tensor([1, 2, -3])
    yield torch.tensor([1]), torch.tensor([4, 5])
    yield torch.tensor([0, 49]), torch.tensor([7, 0, 49])
    yield torch.tensor([2, 3]), torch.tensor([4])
    yield torch.tensor([1.5]), torch.tensor([-2.0])
    yield torch.tensor(rng.normal(size=4)), torch.tensor(rng.normal(size=3))


@ex.picture(
    "A column of three boxes with 1, 2, 3, a row of two boxes with 10 and 100 above to the right, and between them an "
    "empty table of three rows and two columns with question marks.",
    "Figure E8. Each place of the table takes one number from the column and one from the row.",
)
def picture():
    figure, ax = canvas(10, 5, inches=5.5)
    grid(ax, [[1], [2], [3]], 2, 1.8, ORANGE)
    grid(ax, [[10, 100]], 4, 0.4, SKY)
    grid(ax, [["?"] * 2 for _ in range(3)], 4, 1.8, YELLOW, style="--")
    label(ax, 1.2, 3.3, "u")
    label(ax, 6.5, 0.9, "v")
    label(ax, 7.9, 3.3, "u[i] * v[j]", family="monospace")
    return figure


@ex.right
def with_unsqueeze(u, v):
    return torch.mul(u.unsqueeze(1), v.unsqueeze(0))


@ex.right
def with_view(u, v):
    return u.reshape(-1, 1) * v.reshape(1, -1)


@ex.right
def a_transposed_row(u, v):
    return (v.view(-1, 1) * u).t().clone()


@ex.wrong(
    "You multiplied element by element: the first number with the first, the second with the second. Every number of "
    "u should meet every number of v.",
    ask="What are the shapes of u and v in your product, and which of them has a dimension of length 1?",
)
def element_by_element(u, v):
    return u * v


@ex.wrong(
    "The table is transposed: u should run downward and v to the right.",
    ask="Which of the two became a column in your product?",
)
def transposed(u, v):
    return u * v[:, None]


@ex.wrong(
    "The products are right, in one long row. They should be a table of shape (N, M).",
    ask="Which of your steps has thrown the shape away?",
)
def one_long_row(u, v):
    return (u[:, None] * v).flatten()


@ex.wrong(
    "There is one dimension too many, of length 1: a vector has been given more new dimensions than it needs.",
    ask="What are the shapes on both sides of your product, aligned on the right?",
)
def one_dimension_too_many(u, v):
    return u[:, None, None] * v[None, :]


@ex.wrong(
    "You added where you should multiply: this is a table of sums.",
    ask="What is 1 times 10, and what stands in your upper left corner?",
)
def a_table_of_sums(u, v):
    return u[:, None] + v


@ex.wrong(
    "You have added the products up to one number. Here each one keeps its own place.",
    ask="How many numbers are in a table of shape (N, M)?",
)
def added_up(u, v):
    return (u[:, None] * v).sum()
