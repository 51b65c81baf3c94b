"""Exercise 10: the matrix product, from its definition."""

import learntorch as torch
from learntorch.course.exercises.boxes import GREY, ORANGE, SKY, YELLOW, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "matmul",
    chapter=1,
    number=10,
    title="The matrix product by hand",
    kind="function",
    minutes=12,
    forbids=(
        "matmul",
        "mm",
        "mv",
        "bmm",
        "dot",
        "vdot",
        "vecdot",
        "inner",
        "einsum",
        "tensordot",
        "addmm",
        "addmv",
        "addbmm",
        "baddbmm",
        "linear",
        "bilinear",
        "multi_dot",
        "@",
    ),  # fmt: skip
    prompt="""
    Every layer of a network is a matrix product. Write it once from its definition, and the shapes in all later
    chapters will explain themselves.

    $$c_{ik} = \\sum_j a_{ij} \\, b_{jk}$$

    Write `matmul(a, b)` for two matrices of fractions, `a` of shape `(N, M)` and `b` of shape `(M, K)`. The result is a
    matrix of shape `(N, K)`. Loops are welcome; ready-made products are not. The arguments stay as they are.

    For `a = [[1, 2]]` and `b = [[3], [4]]` the result is `[[11]]`, from 1 · 3 + 2 · 4.
    """,
    hints=(
        "Which row of a and which column of b does the element c[i, k] need?",
        "Begin with a matrix of zeros of shape `(N, K)`. Three indices take part: i runs over N, k over K, and j, the "
        "one that is summed over, runs over M.",
        "One entry, with a row `[2, 0, 1]` and a column `[5, 6, 7]`: three products, 10, 0 and 7, whose sum is 17. The "
        "row comes from a, the column from b.",
    ),
    equivalents={
        "c = torch.zeros(a.shape[0], b.shape[1], dtype=a.dtype) → "
        "c = torch.ones(a.shape[0], b.shape[1], dtype=a.dtype)": "every element is written afterwards",
    },
    why="How many multiplications does your function make for (N, M) times (M, K)? And for 1000 of each?",
)


@ex.solution
def matmul(a, b):
    # <blank>
    c = torch.zeros(a.shape[0], b.shape[1], dtype=a.dtype)
    for i in range(a.shape[0]):
        for k in range(b.shape[1]):
            c[i, k] = (a[i] * b[:, k]).sum()
    return c
    # </blank>


@ex.oracle
def expected(a, b):
    rows, columns = a.tolist(), list(zip(*b.tolist()))
    return torch.tensor(
        [[sum(p * q for p, q in zip(row, column)) for column in columns] for row in rows], dtype=a.dtype
    )


@ex.cases
def cases(rng):
    yield torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]])
    yield torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0, 6.0], [7.0, 9.0]])
    yield torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    yield torch.tensor([[2.0]]), torch.tensor([[-3.0]])
    yield torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0, 5.0]])
    yield torch.tensor(rng.normal(size=(3, 2))), torch.tensor(rng.normal(size=(2, 4)))
    yield torch.tensor(rng.normal(size=(2, 5))), torch.tensor(rng.normal(size=(5, 3)))


@ex.picture(
    "A matrix a of two rows and three columns with its second row hatched, a matrix b of three rows and two columns "
    "with its first column hatched, and a matrix c of two rows and two columns in which the element in row 1, column "
    "0, is marked with a question mark.",
    "Figure E10. The element c[1, 0] comes from row 1 of a and column 0 of b.",
)
def picture():
    figure, ax = canvas(15, 5, inches=6.5)
    grid(ax, [[1, 2, 3], [4, 5, 6]], 0.8, 1.3, GREY)
    grid(ax, [[4, 5, 6]], 0.8, 2.3, ORANGE, hatch="//")
    grid(ax, [[1, 0], [0, 1], [1, 1]], 6.4, 0.8, GREY)
    grid(ax, [[1], [0], [1]], 6.4, 0.8, SKY, hatch="\\\\")
    grid(ax, [["", ""], ["", ""]], 11.4, 1.3, GREY)
    grid(ax, [["?"]], 11.4, 2.3, YELLOW)
    for at, text in [(5.1, "times"), (9.9, "=")]:
        label(ax, at, 2.3, text, fontsize=14)
    for at, text in [(2.3, "a, (2, 3)"), (7.4, "b, (3, 2)"), (12.4, "c, (2, 2)")]:
        label(ax, at, 4.4, text)
    return figure


@ex.right
def three_loops(a, b):
    c = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        for k in range(b.shape[1]):
            for j in range(a.shape[1]):
                c[i, k] += a[i, j] * b[j, k]
    return c


@ex.right
def by_broadcasting(a, b):
    return (a[:, :, None] * b).sum(dim=1)


@ex.right
def column_times_row(a, b):
    c = torch.zeros(a.shape[0], b.shape[1], dtype=a.dtype)
    for j in range(a.shape[1]):
        c += a[:, j : j + 1] * b[j]
    return c


@ex.wrong(
    "You multiplied element by element. An entry of a matrix product is a whole row times a whole column, summed.",
    ask="How many numbers of a, and how many of b, does c[0, 0] need?",
)
def element_by_element(a, b):
    return a * b


@ex.wrong(
    "The indices of b are exchanged: you walk along its row k, and should walk down its column k.",
    ask="In bⱼₖ, which of the two indices names the row?",
)
def rows_of_b(a, b):
    c = torch.zeros(a.shape[0], b.shape[1], dtype=a.dtype)
    for i in range(a.shape[0]):
        for k in range(b.shape[1]):
            for j in range(a.shape[1]):
                c[i, k] += a[i, j] * b[k, j]
    return c


@ex.wrong(
    "The result is transposed: (N, M) times (M, K) is (N, K), with the rows of a as its rows.",
    ask="Which matrix does the first index of c belong to?",
)
def transposed(a, b):
    c = torch.zeros(b.shape[1], a.shape[0], dtype=a.dtype)
    for i in range(a.shape[0]):
        for k in range(b.shape[1]):
            c[k, i] = (a[i] * b[:, k]).sum()
    return c


@ex.wrong(
    "Only the last product of each sum is left: = replaces what the loop had found before.",
    ask="What must happen to the products of j = 0, 1, 2, and so on?",
)
def only_the_last_product(a, b):
    c = torch.zeros(a.shape[0], b.shape[1], dtype=a.dtype)
    for i in range(a.shape[0]):
        for k in range(b.shape[1]):
            for j in range(a.shape[1]):
                c[i, k] = a[i, j] * b[j, k]
    return c


@ex.wrong(
    "The sum begins with 1 and should begin with 0: every entry is 1 too large.",
    ask="What should be in c before anything is added?",
)
def began_with_ones(a, b):
    c = torch.ones(a.shape[0], b.shape[1], dtype=a.dtype)
    for j in range(a.shape[1]):
        c += a[:, j : j + 1] * b[j]
    return c


@ex.wrong(
    "This is one number, the sum of everything. Each entry of the result has a sum of its own.",
    ask="Which of your dimensions should disappear in the sum, and which should stay?",
)
def one_sum(a, b):
    return (a[:, :, None] * b).sum()
