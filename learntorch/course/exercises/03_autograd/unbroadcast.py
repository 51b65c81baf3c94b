"""Exercise 19: the way back from broadcasting."""

import math

import numpy as np

from learntorch.course.exercises.arrows import arrow
from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "unbroadcast",
    chapter=3,
    number=19,
    title="The way back from broadcasting",
    kind="function",
    minutes=12,
    slot="unbroadcast",
    builds="the engine's sum_to",
    result="any",
    prompt="""
    When a bias of shape `(3,)` is added to a batch of shape `(2, 3)`, each of its numbers is used twice. Two
    gradients come back for it, and they are added. Without this step no layer with a bias could learn.

    Write `unbroadcast(g, shape)`. `g` is a NumPy array, the gradient in the *large* shape. `shape` is a tuple, the
    shape that was broadcast to it. The result has this shape, and each of its elements is the sum of all the elements
    of `g` that it was copied to.

    Broadcasting lines the shapes up at their ends. It does two things, and each has its way back: it puts new
    dimensions in front, and it stretches dimensions of size 1. For example, with `g` of shape `(2, 3)`:

    ```text
    g = [[1, 2, 3],        unbroadcast(g, (3,))     is [5, 7, 9]
         [4, 5, 6]]        unbroadcast(g, (2, 1))   is [[6], [15]]
                           unbroadcast(g, ())       is 21
    ```

    `g.sum(axis=0)` adds up along an axis and removes it; with `keepdims=True` the axis stays, with size 1. `g` itself
    stays as it is.
    """,
    hints=(
        "For shape `(3, 1)` and g of shape `(2, 3, 4)`: which dimension of g is new, and which was stretched?",
        "First take away dimensions in front until there are as many as in `shape`. Then go through `shape`: where it "
        "says 1, add up along that axis, and keep the axis.",
        "For g of shape `(5, 4, 6)` and shape `(4, 1)`: the sum along axis 0 has shape `(4, 6)`, the sum along axis 1 "
        "of that, with the axis kept, has shape `(4, 1)`. Each number there is a sum of 5 · 6 = 30 numbers.",
    ),
    why="Which operation undoes yours, and what is the gradient of that one?",
)


@ex.solution
def unbroadcast(g, shape):
    # <blank>
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for d, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=d, keepdims=True)
    return g
    # </blank>


@ex.oracle
def expected(g, shape):
    """Each element of g is laid on the pile of the element that it was copied from."""
    piles = {at: [] for at in np.ndindex(shape)}
    for at in np.ndindex(g.shape):
        own = at[g.ndim - len(shape) :]
        piles[tuple(0 if n == 1 else i for i, n in zip(own, shape))].append(float(g[at]))
    out = np.zeros(shape)
    for at, pile in piles.items():
        out[at] = math.fsum(pile)
    return out


@ex.cases
def cases(rng):
    yield np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (3,)
    yield np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (2, 1)
    yield np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]]), ()
    yield rng.normal(size=(2, 3)), (2, 3)
    yield rng.normal(size=(2, 3)), (1, 3)
    yield rng.normal(size=(3, 3)), (3, 1)
    yield rng.normal(size=(4, 2, 3)), (2, 1)
    yield rng.normal(size=(4, 2, 3)), (1, 1)
    yield rng.normal(size=(2, 3, 2)), (1, 3, 1)
    yield rng.normal(size=(1, 3)), (3,)
    yield rng.normal(size=(2, 4, 3)), (3,)
    yield rng.normal(size=(2, 1, 2, 3)), (1,)


@ex.picture(
    "On the left a row of three boxes, b0, b1 and b2. A solid arrow leads to a table of two rows and three columns "
    "that holds the row twice. Below, a dashed arrow leads back from a table of six gradients to a row of three "
    "question marks.",
    "Figure E19. Forward, a row of shape `(3,)` is copied into two rows. What goes back?",
)
def picture():
    figure, ax = canvas(12, 6.4, inches=6.5)
    grid(ax, [["b₀", "b₁", "b₂"]], 0.6, 1.2, SKY)
    grid(ax, [["b₀", "b₁", "b₂"]] * 2, 8, 0.7, SKY)
    arrow(ax, (3.2, 1.7), (8.4, 1.7), "broadcast", at=(0, -0.4))
    grid(ax, [["g₀₀", "g₀₁", "g₀₂"], ["g₁₀", "g₁₁", "g₁₂"]], 8, 3.7, ORANGE)
    grid(ax, [["?", "?", "?"]], 0.6, 4.2, ORANGE)
    arrow(ax, (8.4, 4.7), (3.2, 4.7), "unbroadcast", back=True, at=(0, -0.4))
    for x, y, shape in [(2.1, 2.6, "(3,)"), (9.5, 3.1, "(2, 3)"), (2.1, 5.6, "(3,)"), (9.5, 6.1, "(2, 3)")]:
        label(ax, x, y, shape)
    return figure


@ex.right
def all_axes_at_once(g, shape):
    extra = g.ndim - len(shape)
    axes = list(range(extra)) + [extra + d for d, n in enumerate(shape) if n == 1]
    return g.sum(axis=tuple(axes)).reshape(shape)


@ex.right
def from_the_back(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    for d in range(g.ndim - 1, -1, -1):
        if padded[d] != g.shape[d]:
            g = np.add.reduce(g, axis=d, keepdims=True)
    return np.reshape(g, shape)


@ex.wrong(
    "The new dimensions in front are gone, but a dimension of size 1 that was stretched is still long.",
    ask="What did broadcasting do to the 1 in (2, 1), and what undoes it?",
)
def in_front_only(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    return g


@ex.wrong(
    "You took the mean. A number that was used twice gets both of its gradients, added.",
    ask="If a bias is used in a thousand rows, does it move the result more or less than one that is used once?",
)
def mean_for_sum(g, shape):
    while g.ndim > len(shape):
        g = g.mean(axis=0)
    for d, n in enumerate(shape):
        if n == 1:
            g = g.mean(axis=d, keepdims=True)
    return g


@ex.wrong(
    "A dimension of size 1 has vanished: the sum along an axis removes it, unless it is told to keep it.",
    ask="What shape has g.sum(axis=1) for g of shape (2, 3), and what shape was asked for?",
)
def axis_not_kept(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for d in range(len(shape) - 1, -1, -1):
        if shape[d] == 1:
            g = g.sum(axis=d)
    return g


@ex.wrong(
    "The stretched dimensions are added up, but the new ones in front are still there.",
    ask="How many dimensions has g, and how many has shape?",
)
def stretched_only(g, shape):
    extra = g.ndim - len(shape)
    axes = tuple(extra + d for d, n in enumerate(shape) if n == 1)
    return g.sum(axis=axes, keepdims=True)


@ex.wrong(
    "You took one of the copies and left the others. The gradients of all copies are added.",
    ask="Which rows of g hold a gradient for the first number of the bias?",
)
def first_copy(g, shape):
    while g.ndim > len(shape):
        g = g[0]
    for d, n in enumerate(shape):
        if n == 1:
            g = g.take([0], axis=d)
    return g


@ex.wrong(
    "Everything was added up into one number, which then stands at every place.",
    ask="Which elements of g were copied from the first element, and which from the second?",
)
def one_total(g, shape):
    return np.zeros(shape) + g.sum()
