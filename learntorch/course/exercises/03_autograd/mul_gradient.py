"""Exercise 17: the gradient of a product."""

import numpy as np

from learntorch.course.exercises.arrows import arrow, node
from learntorch.course.exercises.boxes import canvas
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "mul-gradient",
    chapter=3,
    number=17,
    title="The gradient of a product",
    kind="fill-in",
    minutes=8,
    slot="mul-gradient",
    builds="the gradient of learntorch.mul",
    prompt="""
    The product is the operation that a net uses most. Its rule needs two formulas, one for each factor, and they are
    yours from now on.

    Fill in `mul_gradient(g, a, b)` for $y = a \\cdot b$, element by element. `g` is the gradient that arrives at $y$:
    how far the final result moves when $y$ moves by 1. Return two gradients: how far the result moves when `a` moves,
    and how far when `b` moves. All are arrays of one shape. Nothing is written to.

    For example, with `g = 10`, `a = 2` and `b = 3`: raise `a` by 0.1, and `y` rises by 0.3, so the result rises by 3.
    The gradient for `a` is 30.

    Use operators such as `*`, and no functions of NumPy: then your formulas work on arrays and on tensors, and the
    engine can differentiate them once more.
    """,
    hints=(
        "If a is raised by 1, by how much does a · b rise?",
        "Each gradient is what arrives, times the derivative of the output by that input. In a product, the derivative "
        "by one factor is the other factor.",
        "The same for a quotient y = a / b, with g = 10, a = 6, b = 2: the derivative by a is 1 / b, so a gets "
        "10 · 0.5 = 5. By b it is −a / b², so b gets 10 · (−1.5) = −15.",
    ),
    why="To compute your two gradients, what must the product remember until the walk comes back?",
)


@ex.solution
def mul_gradient(g, a, b):
    # <blank> to_a = ...  # 1: what goes back to a
    to_a = g * b
    # </blank>
    # <blank> to_b = ...  # 2: what goes back to b
    to_b = g * a
    # </blank>
    return to_a, to_b


@ex.oracle
def expected(g, a, b):
    """By trying: the result is Σ g·a·b, a straight line in each element, so a step of 1 is exact."""
    to_a, to_b = np.zeros(np.shape(g)), np.zeros(np.shape(g))
    for at in np.ndindex(np.shape(g)):
        g_, a_, b_ = float(g[at]), float(a[at]), float(b[at])
        to_a[at] = (g_ * ((a_ + 0.5) * b_) - g_ * ((a_ - 0.5) * b_)) / 1.0
        to_b[at] = (g_ * (a_ * (b_ + 0.5)) - g_ * (a_ * (b_ - 0.5))) / 1.0
    return to_a, to_b


@ex.cases
def cases(rng):
    yield np.array(10.0), np.array(2.0), np.array(3.0)
    yield np.array([1.0, 10.0, -2.0]), np.array([2.0, -3.0, 0.0]), np.array([5.0, 0.5, 4.0])
    yield tuple(rng.normal(size=(3, 2, 3)))
    yield tuple(rng.normal(size=(3, 3, 3)))
    yield np.array([[0.0]]), np.array([[4.0]]), np.array([[-2.0]])
    yield np.array([2.0, -1.0]), np.array([0.0, 0.0]), np.array([3.0, 7.0])


@ex.picture(
    "Two round nodes, a and b, with solid arrows to a square node, a dot for the product, and a solid arrow from it to "
    "y. A dashed arrow comes back from y with the letter g. Two dashed arrows lead on to a and b, each with a question "
    "mark.",
    "Figure E17. Forward, a and b meet in the product. On the way back g arrives, and one gradient leaves for each.",
)
def picture():
    figure, ax = canvas(12, 5, inches=6.5)
    for y, name, side in [(1, "a", -1), (4, "b", 1)]:
        arrow(ax, (1.5, y), (6, 2.5), bend=0.12 * side)
        arrow(ax, (6, 2.5), (1.5, y), "?", back=True, bend=0.12 * side, at=(-0.9, -0.2 * side))
        node(ax, 1.5, y, name)
    arrow(ax, (6, 2.3), (10.5, 2.3))
    arrow(ax, (10.5, 2.7), (6, 2.7), "g", back=True, at=(0, 0.5))
    node(ax, 6, 2.5, "·", "operation")
    node(ax, 10.5, 2.5, "y")
    return figure


@ex.right
def factors_first(g, a, b):
    return b * g, a * g


@ex.right
def as_a_list(g, a, b):
    to_a, to_b = [g * factor for factor in (b, a)]
    return to_a, to_b


@ex.wrong(
    "The two gradients are exchanged: what goes back to a was multiplied by a itself.",
    ask="If a is raised by 1, by how much does a · b rise: by a, or by b?",
)
def swapped(g, a, b):
    return g * a, g * b


@ex.wrong(
    "The factors are right, but what arrived is missing: g says how much the output of this product counts.",
    ask="If something ten times as large comes after the product, what happens to both gradients?",
)
def without_what_arrived(g, a, b):
    return b + 0, a + 0


@ex.wrong(
    "Only one gradient comes back. A product has two inputs, and each of them waits for its own.",
    ask="Who tells b how to change?",
)
def only_one(g, a, b):
    return g * b


@ex.wrong(
    "You multiplied by the whole product. The derivative by one factor is the other factor alone.",
    ask="What is the derivative of 2 · b by b?",
)
def times_the_product(g, a, b):
    return g * a * b, g * a * b


@ex.wrong(
    "The first gradient is right; in the second, what arrived is missing.",
    ask="Does b stand any nearer to the final result than a does?",
)
def g_for_the_first_only(g, a, b):
    return g * b, a + 0
