"""Exercise 28: tanh from the sigmoid."""

import math

import numpy as np

from learntorch.course.practice.compare import text
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "tanh",
    chapter=4,
    number=28,
    title="Tanh is a sigmoid",
    kind="function",
    minutes=6,
    slot="tanh",
    show=lambda x, sigmoid: "x = " + text(x).replace("\n", "\n    "),
    builds="learntorch.tanh",
    forbids=("tanh", "tanh_", "sinh", "cosh"),
    prompt="""
    Tanh and the sigmoid are the same S, drawn at another size and place. The sigmoid goes from 0 to 1; tanh goes from
    −1 to 1, and it is twice as quick: as far as the sigmoid has come at x = 2, tanh has come at x = 1.

    Write `tanh(x, sigmoid)`. The second argument is a function that works on arrays and is safe for large numbers; call
    it, and you need no exponential of your own. When this passes, `learntorch.tanh` calls your function and hands it
    the sigmoid of your torch: your own one, if that has passed.

    The result is a new array in the shape of `x`. Two numbers to test with: `tanh(0)` is 0, and `tanh(1)` is 0.7616.
    """,
    hints=(
        "The sigmoid lies between 0 and 1. What must you do to a number between 0 and 1, so that it lies between "
        "−1 and 1?",
        "Two changes are needed. Inside: the argument of the sigmoid, because tanh is twice as quick. Outside: twice "
        "the height, and then down until the middle of the S is at 0.",
        "Another S, from −3 to 3 and five times as quick as the sigmoid: 6 times the sigmoid of 5x, minus 3. "
        "At x = 0 it gives 6 · 0.5 − 3 = 0.",
    ),
    why="The slope of the sigmoid at 0 is 1/4, and that of tanh is 1. Which two factors in your line make the 4?",
)


@ex.picture(
    "Two S-shaped curves over x from minus four to four. The dashed one, sigmoid, rises from 0 to 1 and passes 0.5 at "
    "x = 0. The solid one, tanh, rises from minus 1 to 1, passes the origin and is steeper.",
    "Figure E28. The sigmoid (dashed) and tanh (solid). How do you get from one to the other?",
)
def figure():
    from matplotlib.figure import Figure

    x = np.linspace(-4, 4, 161)
    fig = Figure(figsize=(6, 3.2), layout="tight")
    ax = fig.add_subplot()
    ax.plot(x, np.tanh(x), color="#009E73", linewidth=2.5, label="tanh")
    ax.plot(x, (1 + np.tanh(x / 2)) / 2, color="#D55E00", linewidth=2.5, linestyle="--", label="sigmoid")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks([-1, -0.5, 0, 0.5, 1])
    ax.tick_params(labelsize=11)
    ax.set_xlabel("x", fontsize=12)
    ax.legend(loc="upper left", fontsize=12)
    return fig


def sigmoid(x):
    """What the checks hand to the answer: safe, and another way than the exercise before."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


@ex.solution
def tanh(x, sigmoid):
    # <blank> ...
    return 2 * sigmoid(2 * x) - 1
    # </blank>


@ex.oracle
def expected(x, sigmoid):
    return np.array([math.tanh(v) for v in x.ravel()]).reshape(x.shape)


@ex.cases
def cases(rng):
    yield np.array([0.0, 1.0]), sigmoid
    yield np.array(-0.5), sigmoid
    yield np.array([[2.0], [-2.0]]), sigmoid
    yield rng.normal(size=(3, 3)), sigmoid
    yield rng.normal(size=(2, 5)) * 3, sigmoid
    yield np.array([-1000.0, 1000.0]), sigmoid
    yield np.array([5.0, -6.0]), sigmoid
    yield np.array([[-400.0, 0.001, 400.0]]), sigmoid


@ex.right
def difference_of_two(x, sigmoid):
    return sigmoid(2 * x) - sigmoid(-2 * x)


@ex.right
def from_above(x, sigmoid):
    return 1 - 2 * sigmoid(-2 * x)


@ex.right
def in_steps(x, sigmoid):
    share = sigmoid(x + x)
    return share + share - 1


@ex.wrong(
    "The range is right, −1 to 1, but the S is too slow: you stretched it upward and did not squeeze it sideways.",
    ask="Your function gives 0.462 at x = 1. At which x does tanh have that value, and how is it related to 1?",
)
def too_slow(x, sigmoid):
    return 2 * sigmoid(x) - 1


@ex.wrong(
    "The speed is right, but the S still goes from 0 to 1: only the inside was changed.",
    ask="What does your function give for −1000? What should it give, and what takes 0 to −1 and 1 to 1?",
)
def not_stretched(x, sigmoid):
    return sigmoid(2 * x)


@ex.wrong(
    "Every number is 1 too large: the S has the right height, and it has not been moved down.",
    ask="tanh(0) is 0. What does your function give at 0?",
)
def not_moved(x, sigmoid):
    return 2 * sigmoid(2 * x)


@ex.wrong(
    "The S is moved before it is stretched: from 0 to 1 it has come to −1 to 0, and it is only half as high.",
    ask="How high is your S from its lowest to its highest value, and how high is tanh?",
)
def half_as_high(x, sigmoid):
    return sigmoid(2 * x) - 1


@ex.wrong(
    "The S is squeezed the wrong way: x/2 makes it slower, and tanh is quicker than the sigmoid.",
    ask="If tanh(1) belongs to the sigmoid's value at 2, what is the argument of the sigmoid for tanh(x)?",
)
def squeezed_the_wrong_way(x, sigmoid):
    return 2 * sigmoid(x / 2) - 1


@ex.wrong(
    "This is right for small numbers, and for large ones it is ∞/∞. The exponentials overflow; the sigmoid that you "
    "were given does not.",
    ask="Which formula for tanh needs no exponential beside the sigmoid?",
)
def with_exponentials(x, sigmoid):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


@ex.wrong(
    "The numbers are right, but you doubled the argument itself: x is no longer what it was.",
    ask="What is the difference between x *= 2 and 2 * x?",
)
def in_place(x, sigmoid):
    x *= 2
    return 2 * sigmoid(x) - 1
