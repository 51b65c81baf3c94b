"""Exercise 26: relu, the simplest bend."""

import numpy as np

from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "relu",
    chapter=4,
    number=26,
    title="Relu",
    kind="fill-in",
    minutes=5,
    slot="relu",
    builds="learntorch.relu",
    forbids=("relu", "relu_", "relu6", "leaky_relu"),
    prompt="""
    Two matrices in a row are only one matrix. A bend between them prevents that, and the simplest bend lets positive
    numbers through and turns negative ones into 0:

    $$\\text{relu}(x) = \\max(x, 0)$$

    `relu(x)` takes an array of any shape and returns a **new** array of the same shape; `[-2, 0, 3]` gives
    `[0, 0, 3]`. Each element is treated by itself. The argument stays as it is: in a net other code may still need it.
    """,
    hints=(
        "What should happen to −2, to 0 and to 3? Does what happens to one of them depend on the others?",
        "NumPy has two kinds of maximum: `x.max()` takes the largest number of one array, and a function of two "
        "arguments compares them element by element. A number broadcasts against an array.",
        "Cutting off from above instead: `np.minimum([-2, 0, 3], 1)` is `[-2, 0, 1]`, and the list stays as it was.",
    ),
    why="A net with relu can follow a curve, and a net without it cannot. What does relu do that no matrix can do?",
    equivalents={
        "return np.maximum(x, 0) → return np.maximum(0, x)": "The larger of two numbers does not depend on their order."
    },
)


@ex.picture(
    "Six bars, the elements of x: 2, minus 1, 0.5, minus 3, 0 and 1.5. The two bars below the zero line are hatched "
    "and marked: cut off.",
    "Figure E26. Six elements of x. The hatched bars are to become 0, the others keep their height.",
)
def figure():
    from matplotlib.figure import Figure

    values = [2, -1, 0.5, -3, 0, 1.5]
    fig = Figure(figsize=(6, 3), layout="tight")
    ax = fig.add_subplot()
    for i, v in enumerate(values):
        below = v < 0
        ax.bar(i, v, color="white" if below else "#0072B2", edgecolor="black", hatch="//" if below else "")
        if below:
            ax.text(i, v - 0.15, "cut off", ha="center", va="top", fontsize=11)
    ax.axhline(0, color="black", linewidth=1)
    ax.set_ylim(-4.2, 2.6)
    ax.set_xticks(range(6), [f"x[{i}]" for i in range(6)], fontsize=11)
    ax.set_ylabel("value", fontsize=12)
    ax.tick_params(axis="y", labelsize=11)
    return fig


@ex.solution
def relu(x):
    # <blank> return ...  # each element of x, but 0 where it is negative
    return np.maximum(x, 0)
    # </blank>


@ex.oracle
def expected(x):
    out = np.empty_like(x)
    for at in np.ndindex(x.shape):
        out[at] = x[at] if x[at] > 0 else 0.0
    return out


@ex.cases
def cases(rng):
    yield np.array([-2.0, 0.0, 3.0])
    yield np.array(-1.5)
    yield np.array(2.5)
    yield np.array([[-0.5]])
    yield np.array([-0.25, 0.25, 0.5, 1.0])
    yield rng.normal(size=(3, 3)) * 2
    yield rng.normal(size=(2, 5)) * 3
    yield np.array([[1e300, -1e300], [-1e-3, 1e-3]])
    yield np.array([1e-6, -1e-6])
    yield -rng.uniform(1, 2, size=(2, 1, 3))


@ex.right
def by_choice(x):
    return np.where(x > 0, x, 0.0)


@ex.right
def by_mask(x):
    return x * (x > 0)


@ex.right
def on_a_copy(x):
    y = x.copy()
    y[y < 0] = 0
    return y


@ex.right
def by_absolute_value(x):
    return x / 2 + np.abs(x) / 2


@ex.wrong(
    "Negative numbers come back with a plus sign: that is the absolute value, a V. Relu is flat on the left.",
    ask="What should −2 become: 2 or 0?",
)
def absolute(x):
    return np.abs(x)


@ex.wrong(
    "A little of the negative numbers is left: that is the leaky relu, with a slope of 0.01 on the left side.",
    ask="How much of −100 may pass through a relu?",
)
def leaky(x):
    return np.where(x > 0, x, 0.01 * x)


@ex.wrong(
    "The zeros are in the right places, but you wrote them into the argument itself, and whoever needs x has lost it.",
    ask="After `y = relu(x)`, what does x hold? Which operation makes a new array?",
)
def in_place(x):
    x[x < 0] = 0
    return x


@ex.wrong(
    "The other half is kept: negative numbers pass and positive ones become 0.",
    ask="Of 3 and 0, which one is relu(3)? Is that the larger or the smaller of the two?",
)
def the_other_half(x):
    return np.minimum(x, 0)


@ex.wrong(
    "This is a step, 0 or 1: it says that a number passes. Relu passes the number itself.",
    ask="Your answer has the same value for 0.5 and for 3. What should relu give for each?",
)
def step(x):
    return np.where(x > 0, 1.0, 0.0)


@ex.wrong(
    "Python's own `max` and `if` want one answer for the whole array, and here there is one for each element.",
    ask="Which NumPy function compares an array and a number element by element?",
)
def of_python(x):
    return max(x, 0)


@ex.wrong(
    "Large numbers are cut off as well. Relu has a floor, 0, and no ceiling.",
    ask="What is relu(3)? What does your function give?",
)
def with_a_ceiling(x):
    return np.clip(x, 0, 1)
