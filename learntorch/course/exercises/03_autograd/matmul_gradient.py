"""Exercise 20: the gradient of a matrix product."""

import numpy as np

from learntorch.course.exercises.boxes import GREY, ORANGE, SKY, canvas, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "matmul-gradient",
    chapter=3,
    number=20,
    title="Which way do the transposes go?",
    kind="function",
    minutes=12,
    slot="matmul-gradient",
    builds="the gradient of learntorch.mm",
    prompt="""
    A layer of a net is a matrix product, and nearly all the work of training is in its two gradients. Nobody needs to
    learn by heart where the transposes stand: the shapes leave only one way.

    Write `matmul_gradient(g, a, b)` for `y = a @ b`. The shapes are: `a` is `(N, D)`, `b` is `(D, H)`, and `g`, the
    gradient that arrives at `y`, is `(N, H)`. Return the gradient for `a` and the gradient for `b`; each has the
    shape of what it belongs to. Nothing is written to.

    The smallest example: `a = [[2, 3]]`, `b = [[5], [7]]`, so `y = [[31]]`. With `g = [[10]]` the gradient for `a` is
    `[[50, 70]]`, and the one for `b` is `[[20], [30]]`.

    Use `@` and `.T`, which arrays and tensors share.
    """,
    hints=(
        "What shape must the gradient for a have, and which of g, a and b does it depend on?",
        "A matrix product of an (N, H) and an (H, D) is an (N, D). Which of the three matrices has the letters H and "
        "D, and what has to be done so that H comes first?",
        "Another product, y = u @ v @ w, with the shapes (n, p), (p, q) and (q, m). What arrives, g, has the shape of "
        "y, (n, m). The gradient for v must be a (p, q). Only one order of the factors gives that: u.T, a (p, n), "
        "times g, (n, m), times w.T, a (m, q).",
    ),
    why="The gradient for b adds something up over N. What does that say about a batch of examples?",
)


@ex.solution
def matmul_gradient(g, a, b):
    # <blank>
    return g @ b.T, a.T @ g
    # </blank>


@ex.oracle
def expected(g, a, b):
    """Term by term: y[n, h] holds a[n, d]·b[d, h], so g[n, h] sends b[d, h] of it to a[n, d], a[n, d] of it to b."""
    to_a, to_b = np.zeros(a.shape), np.zeros(b.shape)
    for n, d in np.ndindex(a.shape):
        for h in range(b.shape[1]):
            to_a[n, d] += float(g[n, h]) * float(b[d, h])
            to_b[d, h] += float(g[n, h]) * float(a[n, d])
    return to_a, to_b


@ex.cases
def cases(rng):
    yield np.array([[10.0]]), np.array([[2.0, 3.0]]), np.array([[5.0], [7.0]])
    yield np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    for n, d, h in [(2, 3, 4), (4, 1, 2), (1, 3, 3), (3, 3, 3), (3, 2, 1)]:
        yield rng.normal(size=(n, h)), rng.normal(size=(n, d)), rng.normal(size=(d, h))


@ex.picture(
    "Three rectangles in a row: a is N high and D wide, b is D high and H wide, and y is N high and H wide. Between "
    "them stand an at sign and an equals sign. Below y lies g, with the same shape as y.",
    "Figure E20. The shapes of a matrix product, and of the gradient that arrives.",
)
def picture():
    from matplotlib.patches import Rectangle

    figure, ax = canvas(14, 6.4, inches=6.5)
    n, d, h = 2.0, 3.2, 1.4
    for x, y, tall, wide, name, sides, color, hatch in [
        (1.2, 0.9, n, d, "a", "ND", SKY, ""),
        (6.4, 0.9, d, h, "b", "DH", GREY, ""),
        (10.6, 0.9, n, h, "y", "NH", SKY, ""),
        (10.6, 3.8, n, h, "g", "NH", ORANGE, "/"),
    ]:
        ax.add_patch(Rectangle((x, y), wide, tall, fc=color, ec="black", lw=1.5, hatch=hatch))
        place = {"fontsize": 16, "bbox": {"fc": "white", "ec": "none", "pad": 2}}
        label(ax, x + wide / 2, y + tall / 2, name, **place)
        label(ax, x - 0.4, y + tall / 2, sides[0], fontsize=14)
        label(ax, x + wide / 2, y - 0.4, sides[1], fontsize=14)
    label(ax, 5.2, 1.9, "@", fontsize=18)
    label(ax, 9.2, 1.9, "=", fontsize=18)
    return figure


@ex.right
def with_names(g, a, b):
    to_a = np.matmul(g, np.transpose(b))
    to_b = np.matmul(np.transpose(a), g)
    return to_a, to_b


@ex.right
def transposed_twice(g, a, b):
    return (b @ g.T).T, (g.T @ a).T


@ex.right
def by_sums(g, a, b):
    to_a = (g[:, None, :] * b[None, :, :]).sum(axis=2)
    to_b = (a[:, :, None] * g[:, None, :]).sum(axis=0)
    return to_a, to_b


@ex.wrong(
    "Both gradients are right and in the wrong order: the first belongs to a.",
    ask="Which of your results has the shape of a?",
)
def exchanged(g, a, b):
    return a.T @ g, g @ b.T


@ex.wrong(
    "The transposes are missing. With unequal sizes the product cannot even be formed; with square ones it is wrong.",
    ask="g is (N, H) and b is (D, H). Which letter must the two share in the middle?",
)
def without_transposes(g, a, b):
    return g @ b, a @ g


@ex.wrong(
    "You multiplied element by element, as for `*`. In a matrix product every element of a meets a whole row of b.",
    ask="How many elements of y does the element a[0, 0] reach?",
)
def element_by_element(g, a, b):
    return g * b, g * a


@ex.wrong(
    "The factors stand on the wrong sides: the order in a matrix product counts, for gradients too.",
    ask="Which letter do b.T and g share, and where does it stand in each?",
)
def wrong_sides(g, a, b):
    return b.T @ g, g @ a.T


@ex.wrong(
    "Each gradient lies on its side: it has the shape of what it belongs to, transposed.",
    ask="If (x @ z).T is z.T @ x.T, what is the transpose of your first result?",
)
def on_their_sides(g, a, b):
    return b @ g.T, g.T @ a


@ex.wrong(
    "What arrived is missing: you computed as if g were 1 everywhere.",
    ask="If the second column of y counts for nothing in the result, what should b's second column get?",
)
def without_what_arrived(g, a, b):
    ones = np.ones(g.shape)
    return ones @ b.T, a.T @ ones
