"""Exercise 21: the gradient of a sum along a dimension."""

import numpy as np

from learntorch.course.exercises.arrows import arrow
from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "sum-gradient",
    chapter=3,
    number=21,
    title="The gradient of a sum",
    kind="function",
    minutes=10,
    slot="sum-gradient",
    builds="the gradient of learntorch.sum",
    result="any",
    prompt="""
    Every loss ends in a sum or a mean, so this is the first node that any walk back meets.

    Write `sum_gradient(g, shape, dim)` for `y = x.sum(dim)`. `shape` is the shape of `x`, a tuple. `g` is an array,
    the gradient that arrives at `y`; it has one dimension fewer than `x`, since the sum took `dim` away. The result
    is the gradient for `x`, in the shape of `x`. `dim` may be negative and then counts from the back, as always. `g`
    stays as it is.

    For example, if `x` has shape `(2, 3)` and `dim` is 1, then `y` has shape `(2,)`. With `g = [10, 20]` the gradient
    is `[[10, 10, 10], [20, 20, 20]]`.

    `g.reshape(…)` takes a list of sizes; together with broadcasting, it is all that you need.
    """,
    hints=(
        "If one element of x is raised by 1, which elements of y move, and how far?",
        "Each element of x is one of the summands of one element of y, with slope 1. Give g its lost dimension back, "
        "with size 1; broadcasting then fills a whole shape with it.",
        "For x of shape `(4, 5, 6)` and dim 1, g has shape `(4, 6)`. As `(4, 1, 6)` it lines up with `(4, 5, 6)`; as "
        "`(4, 6)` it would be lined up at its end, and 4 would stand under 5.",
    ),
    why="Exercise 19 ends in a sum, and this one in broadcasting. What does each of the two have to do with the other?",
)


@ex.solution
def sum_gradient(g, shape, dim):
    # <blank>
    kept = list(shape)
    kept[dim] = 1
    return g.reshape(kept) + np.zeros(shape)
    # </blank>


@ex.oracle
def expected(g, shape, dim):
    at_dim = dim % len(shape)
    out = np.zeros(shape)
    for at in np.ndindex(shape):
        out[at] = float(g[at[:at_dim] + at[at_dim + 1 :]])
    return out


@ex.cases
def cases(rng):
    yield np.array(5.0), (3,), 0
    yield np.array([10.0, 20.0]), (2, 3), 1
    yield np.array([1.0, -2.0, 3.0]), (2, 3), 0
    yield np.array([1.0, 2.0, 4.0]), (3, 3), 1
    yield rng.normal(size=(2,)), (2, 3), -1
    yield rng.normal(size=(2, 4)), (2, 3, 4), 1
    yield rng.normal(size=(3, 3)), (3, 3, 3), -3
    yield rng.normal(size=(2, 3, 2)), (2, 3, 4, 2), 2
    yield rng.normal(size=(4,)), (4, 1), 1
    yield rng.normal(size=(3,)), (1, 3), -2


@ex.picture(
    "Above, a table of two rows and three columns; a solid arrow leads to a column of two sums. Below, a dashed arrow "
    "leads back from a column with the gradients 10 and 20 to a table of six question marks.",
    "Figure E21. Forward, each row is added up. Backward, one gradient arrives for each row.",
)
def picture():
    figure, ax = canvas(12, 6.2, inches=6.5)
    grid(ax, [["x₀₀", "x₀₁", "x₀₂"], ["x₁₀", "x₁₁", "x₁₂"]], 0.8, 0.6, SKY)
    grid(ax, [["y₀"], ["y₁"]], 9.4, 0.6, SKY)
    arrow(ax, (3.5, 1.6), (9.7, 1.6), "sum over dim 1", at=(0, -0.4))
    grid(ax, [["?"] * 3] * 2, 0.8, 3.5, ORANGE)
    grid(ax, [[10], [20]], 9.4, 3.5, ORANGE)
    arrow(ax, (9.7, 4.5), (3.5, 4.5), "and back", back=True, at=(0, -0.4))
    for x, y, text in [(2.3, 3.0, "(2, 3)"), (9.9, 3.0, "(2,)"), (2.3, 5.9, "(2, 3)"), (9.9, 5.9, "(2,)")]:
        label(ax, x, y, text)
    return figure


@ex.right
def with_numpy(g, shape, dim):
    return np.broadcast_to(np.expand_dims(g, dim), shape)


@ex.right
def copies_side_by_side(g, shape, dim):
    return np.stack([g] * shape[dim], axis=dim)


@ex.right
def times_ones(g, shape, dim):
    sizes = [1 if d == dim % len(shape) else n for d, n in enumerate(shape)]
    return np.ones(shape) * np.reshape(g, sizes)


@ex.wrong(
    "These are the slopes, all 1. What arrived, g, is missing.",
    ask="If the first row's sum counts ten times as much as the second's, should both rows get the same gradient?",
)
def ones(g, shape, dim):
    return np.ones(shape)


@ex.wrong(
    "g was lined up at its end, as broadcasting does. Its lost dimension has to come back first, at its own place.",
    ask="Which dimension of x does the only dimension of g belong to?",
)
def lined_up_at_the_end(g, shape, dim):
    return np.zeros(shape) + g


@ex.wrong(
    "You divided by the number of summands. That is the gradient of a mean.",
    ask="If one summand rises by 1, by how much does the sum rise?",
)
def shared_out(g, shape, dim):
    return np.stack([g / shape[dim]] * shape[dim], axis=dim)


@ex.wrong(
    "The lost dimension is back, but with size 1: each summand needs a gradient of its own.",
    ask="How many elements has x along dim, and how many has your result?",
)
def not_spread(g, shape, dim):
    kept = list(shape)
    kept[dim] = 1
    return g.reshape(kept) + 0


@ex.wrong(
    "Everything that arrived was added up. But each element of x is in one sum only, and gets the gradient of that "
    "one.",
    ask="Does x[1, 0] take part in the sum of row 0?",
)
def all_together(g, shape, dim):
    return np.zeros(shape) + g.sum()


@ex.wrong(
    "The right numbers, in the order of the last dimension: for another dim the copies stand in the wrong places.",
    ask="For dim 0, are the elements that belong to one sum neighbours in a row, or do they stand in a column?",
)
def always_the_last(g, shape, dim):
    return np.repeat(g, shape[dim]).reshape(shape)


ex.equivalents = {
    "return g.reshape(kept) + np.zeros(shape) → return g.reshape(kept) - np.zeros(shape)": "The zeros give the shape "
    "alone; added or subtracted, they change no number.",
}
