"""Exercise 18: the gradient of relu."""

import numpy as np

from learntorch.course.exercises.arrows import BLUE
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "relu-gradient",
    chapter=3,
    number=18,
    title="The gradient at a bend",
    kind="function",
    minutes=8,
    slot="relu-gradient",
    builds="the gradient of learntorch.relu",
    prompt="""
    The function that bends most nets is **relu**: it passes positive numbers on, and turns all others into 0. So
    `relu` of −2, 0 and 3 is 0, 0 and 3. Forward it is a gate for numbers. Backward it is a gate for gradients, and a
    gate that is wrong lets a net learn from units that were silent.

    Write `relu_gradient(g, x)`. `x` is what went into relu, `g` is the gradient that arrives at its output; both are
    arrays of one shape. The result is the gradient for `x`. At the bend, $x = 0$, two slopes are possible; as in
    PyTorch, yours is 0 there. Neither argument is written to.

    With operators, such as `*` and the comparisons, it works on arrays and on tensors.
    """,
    hints=(
        "If an element of x is −2 and moves a little, how far does relu of it move?",
        "The slope is 1 on the one side and 0 on the other. A comparison gives True or False for each element, and "
        "beside a `*` they count as 1 and 0.",
        "The absolute value has a bend too: its slope is 1 right of 0 and −1 left of it. For x = (−2, 5) and "
        "g = (10, 20) the gradient is (−10, 20).",
    ),
    why="An element of x was −0.1, and the gradient that arrives at its output is huge. What does x get, and why?",
)


@ex.solution
def relu_gradient(g, x):
    # <blank>
    return g * (x > 0)
    # </blank>


@ex.oracle
def expected(g, x):
    """The slope of the line from x to a point a little to the left: at the bend, that is the flat side."""
    out = np.zeros(np.shape(x))
    for at in np.ndindex(np.shape(x)):
        v, step = float(x[at]), 0.25
        while v > 0 and v - step < 0:
            step /= 2
        out[at] = float(g[at]) * round((max(v, 0.0) - max(v - step, 0.0)) / step)
    return out


@ex.cases
def cases(rng):
    yield np.array([10.0, 20.0]), np.array([-2.0, 3.0])
    yield np.array([5.0, -5.0, 7.0]), np.array([0.0, 0.5, -0.5])
    yield np.array(4.0), np.array(2.0)
    yield rng.normal(size=(2, 3)), np.array([[1.0, -1.0, 2.0], [-3.0, 0.0, 0.25]])
    yield rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    yield np.array([[-3.0, 2.0]]), np.array([[1000.0, -1000.0]])
    yield np.array([2.0, 3.0, 4.0, 5.0]), np.array([0.0625, -0.0625, 1e-9, -1e-9])


@ex.picture(
    "The graph of relu: a flat line at height 0 that comes from the left, a bend at x = 0 marked with a dot, and a "
    "straight line that rises to the right.",
    "Figure E18. relu has two slopes, and a bend between them.",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3))
    ax = figure.add_subplot()
    ax.plot([-3, 0, 3], [0, 0, 3], color=BLUE, lw=2.5)
    ax.plot([0], [0], "o", color="black", ms=8)
    ax.annotate("the bend", (0, 0), (0.6, -0.9), fontsize=12, va="center", arrowprops={"arrowstyle": "->"})
    ax.set_xlabel("x", fontsize=12)
    ax.set_ylabel("relu of x", fontsize=12)
    ax.set_ylim(-1.4, 3.2)
    ax.grid(alpha=0.3)
    ax.tick_params(labelsize=11)
    return figure


@ex.right
def with_a_choice(g, x):
    return np.where(x > 0, g, 0.0)


@ex.right
def with_a_copy(g, x):
    out = g.copy()
    out[x <= 0] = 0
    return out


@ex.right
def by_element(g, x):
    out = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        if x[at] > 0:
            out[at] = g[at]
    return out


@ex.wrong(
    "At the bend itself, x = 0, your gate is open. The slope there is 0.",
    ask="Which of your comparisons is true for 0?",
)
def open_at_the_bend(g, x):
    return g * (x >= 0)


@ex.wrong(
    "Your gate looks at the gradient. It must look at x: what was positive on the way forward lets everything back, "
    "negative gradients too.",
    ask="When a positive x is moved, does relu of it move? Does the sign of g change that?",
)
def looks_at_the_gradient(g, x):
    return g * (g > 0)


@ex.wrong(
    "The numbers are right, but you wrote them over g, and g may be on its way to another node too.",
    ask="Which of your lines changes an array that you did not make?",
)
def in_place(g, x):
    g[x <= 0] = 0
    return g


@ex.wrong(
    "These are the slopes, 1 and 0. What arrived, g, is missing.",
    ask="The chain rule multiplies two things. Which is the other one?",
)
def without_what_arrived(g, x):
    return (x > 0) * 1.0


@ex.wrong(
    "You multiplied by relu of x, which is its value. The chain rule asks for its slope.",
    ask="How steep is relu at x = 1000?",
)
def value_for_slope(g, x):
    return g * np.maximum(x, 0)


@ex.wrong(
    "The gate is the wrong way round: what was negative gets the gradient.",
    ask="Which elements of x can move the output at all?",
)
def other_way_round(g, x):
    return g * (x < 0)
