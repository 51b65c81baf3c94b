"""Exercise 30: softmax, row by row."""

import math

import numpy as np

from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "softmax",
    chapter=4,
    number=30,
    title="Softmax",
    kind="fill-in",
    minutes=10,
    slot="softmax",
    builds="learntorch.softmax",
    forbids=("softmax", "log_softmax"),
    prompt="""
    A net gives each class a score. **Softmax** turns the scores of a row into shares: positive numbers that
    add up to 1.

    $$p_i = \\frac{e^{z_i}}{\\sum_j e^{z_j}}$$

    Write it for an array whose last axis runs over the classes, such as a batch of shape `(N, C)`. Each row is divided
    by its own total. A score of 1000 must not overflow: shift each row first, so that its largest score is 0. The
    argument stays as it is.
    """,
    hints=(
        "Which numbers must add up to 1: those of a row, those of a column, or all of them?",
        "`x.max(axis=-1, keepdims=True)` has shape `(N, 1)`: one maximum for each row, ready to broadcast.",
        "The same two steps for shares of a plain sum: `[[1, 3], [2, 2]] / [[4], [4]]` is "
        "`[[0.25, 0.75], [0.5, 0.5]]`. The divisor has one number for each row, in a column.",
    ),
    why="Adding 5 to all scores of a row changes no share. Which line of your code shows it?",
)


@ex.picture(
    "A table of the exponentials of two rows of scores: 1, 2, 5 and 4, 4, 2. An arrow leads from each row to a box on "
    "its right: total 8 for the first row, total 10 for the second.",
    "Figure E30. Two rows of exponentials. Each row has a total of its own, and is divided by that one.",
)
def figure():
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    rows = [[1, 2, 5], [4, 4, 2]]
    fig = Figure(figsize=(6, 2.4), layout="tight")
    ax = fig.add_subplot()
    for i, (row, color) in enumerate(zip(rows, ["#56B4E9", "#E69F00"])):
        for j, value in enumerate(row):
            ax.add_patch(Rectangle((j, 1 - i), 1, 1, fc=color, ec="black", alpha=0.5))
            ax.text(j + 0.5, 1.5 - i, str(value), ha="center", va="center", fontsize=14)
        ax.annotate("", (4.4, 1.5 - i), (3.1, 1.5 - i), arrowprops={"arrowstyle": "->", "linewidth": 1.5})
        ax.add_patch(Rectangle((4.5, 1 - i), 1, 1, fc=color, ec="black", alpha=0.5))
        ax.text(5, 1.5 - i, str(sum(row)), ha="center", va="center", fontsize=14)
    ax.text(1.5, 2.15, "exponentials", ha="center", fontsize=12)
    ax.text(5, 2.15, "totals", ha="center", fontsize=12)
    for i in range(2):
        ax.text(-0.15, 1.5 - i, f"row {i}", ha="right", va="center", fontsize=12)
    ax.set_xlim(-1, 6)
    ax.set_ylim(-0.1, 2.5)
    ax.set_aspect("equal")
    ax.axis("off")
    return fig


@ex.solution
def softmax(x):
    # <blank> z = ...  # 1: shift each row, for safety
    z = x - x.max(axis=-1, keepdims=True)
    # </blank>
    e = np.exp(z)
    # <blank> return ...  # 2: divide each row by its own total
    return e / e.sum(axis=-1, keepdims=True)
    # </blank>


@ex.oracle
def expected(x):
    out = np.empty_like(x)
    for at in np.ndindex(x.shape[:-1]):
        row = [float(v) for v in x[at]]
        top = max(row)
        shares = [math.exp(v - top) for v in row]
        out[at] = [s / math.fsum(shares) for s in shares]
    return out


@ex.cases
def cases(rng):
    yield np.array([0.0, 1.0])
    yield np.array([[1.0, 2.0, 4.0], [0.0, 0.0, 0.0]])
    yield rng.normal(size=(3, 3))
    yield rng.normal(size=(2, 5)) * 3
    yield np.array([[1000.0, 1001.0], [-1000.0, -1000.0]])
    yield np.array([[0.0, 3000.0]])
    yield np.array([[1000.0, 1001.0], [0.0, 1.0]])
    yield np.array([[0.0, 1000.0]])
    yield rng.normal(size=(2, 3, 4))
    yield rng.normal(size=(4, 1))


@ex.right
def in_one_line(x):
    return np.exp(x - x.max(axis=-1, keepdims=True)) / np.exp(x - x.max(axis=-1, keepdims=True)).sum(-1, keepdims=True)


@ex.right
def through_the_logarithm(x):
    top = np.max(x, axis=-1, keepdims=True)
    return np.exp(x - top - np.log(np.sum(np.exp(x - top), axis=-1, keepdims=True)))


@ex.wrong(
    "Rows do not sum to 1: you divided by one total for the whole matrix.",
    ask="Which axis must the sum run along, so that each row keeps a total of its own?",
)
def one_total(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum()


@ex.wrong(
    "The columns sum to 1, not the rows: the sum runs along axis 0.",
    ask="Which axis disappears in x.sum(axis=0), and which one should?",
)
def down_the_columns(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


@ex.wrong(
    "Large scores give nan: exp overflows before anything is divided.",
    ask="What can you subtract from a row without changing its shares?",
)
def without_the_shift(x):
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


@ex.wrong(
    "The shares are right, but the scores are gone: your code wrote into its argument.",
    ask="Which of your operators makes a new array, and which one writes into the old one?",
)
def in_place(x):
    x -= x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    return x / x.sum(axis=-1, keepdims=True)


@ex.wrong(
    "Without keepdims the totals lie along the wrong axis, and broadcasting divides by the wrong ones.",
    ask="What shape has x.sum(axis=-1), and how does it line up with (N, C)?",
)
def without_keepdims(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1)


@ex.wrong(
    "You shifted all rows by the largest score of the whole matrix. A row that lies far below it becomes 0/0, nan.",
    ask="In the row [−1000, −1000], which shift makes its own largest score 0?",
)
def one_shift(x):
    e = np.exp(x - x.max())
    return e / e.sum(axis=-1, keepdims=True)


@ex.wrong(
    "The mean is too small a shift: in a row such as [0, 3000] the largest score stays at 1500, and exp overflows.",
    ask="Which number of the row must become 0, so that no exponential is larger than 1?",
)
def shifted_by_the_mean(x):
    e = np.exp(x - x.mean(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
