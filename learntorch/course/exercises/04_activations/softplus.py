"""Exercise 29: mend a softplus that overflows."""

import math

import numpy as np

from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "softplus",
    chapter=4,
    number=29,
    title="The softplus that explodes",
    kind="debug",
    minutes=8,
    slot="softplus",
    builds="learntorch.nn.functional.softplus",
    forbids=("softplus", "logaddexp", "log_sigmoid", "logsigmoid", "logsumexp"),
    prompt="""
    Softplus is a relu without a kink:

    $$\\text{softplus}(x) = \\ln(1 + e^{x})$$

    The code below says exactly that, and for everyday numbers it is right. For $x = 1000$ it gives `inf`. The true
    value is an ordinary number: 1000, as far as a float can tell. One infinite number in one unit is enough to fill a
    net with `nan` a step later.

    Mend it for every finite `x`, large, small, of either sign. Near 0 nothing may change: `softplus(0)` is 0.693.
    `softplus(x)` takes an array of any shape and returns a new one.
    """,
    hints=(
        "For large x, 1 is nothing beside eˣ. Which simple function does ln(1 + eˣ) come close to on the right, and "
        "what is the difference between the two at x = 0?",
        "Take eˣ out of the logarithm where x is large: ln(1 + eˣ) = x + ln(1 + e⁻ˣ). This holds for every x, and it "
        "is safe on the right. The old form is safe on the left. With |x| and relu one line can say both.",
        "The same step for ln(e^1000 + e^997): take the larger exponent out, 1000 + ln(1 + e^−3) = 1000.0486. "
        "What is left in the exponent is minus the distance between the two.",
    ),
    why="softplus(x) − softplus(−x) is x, for every x. Which part of your code stays the same when x changes its sign?",
    equivalents={
        "return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) → "
        "return np.maximum(0, x) + np.log1p(np.exp(-np.abs(x)))": (
            "The larger of two numbers does not depend on their order."
        )
    },
)


@ex.picture(
    "Value against x from minus 1000 to 1000. The true softplus, a thick pale line, is 0 on the left and the diagonal "
    "on the right. The line of the code below runs on top of it and ends at x about 710 in a cross marked: infinite "
    "from here on.",
    "Figure E29. The true softplus (thick), and what the code below computes (dashed). It breaks off where the "
    "exponential leaves the floats.",
)
def figure():
    from matplotlib.figure import Figure

    fig = Figure(figsize=(6, 3.2), layout="tight")
    ax = fig.add_subplot()
    x = np.linspace(-1000, 1000, 401)
    ax.plot(x, np.logaddexp(0, x), color="#E69F00", linewidth=7, alpha=0.6, label="softplus")
    ends = np.log(np.finfo(np.float64).max)
    safe = x[x < ends]
    ax.plot(safe, np.log(1 + np.exp(safe)), color="#000000", linestyle="--", linewidth=2, label="the code")
    ax.plot(ends, ends, marker="X", markersize=12, color="#D55E00", markeredgecolor="black")
    ax.text(ends - 50, ends + 20, "infinite from here on", fontsize=11, ha="right")
    ax.set_xlabel("x", fontsize=12)
    ax.set_ylabel("value", fontsize=12)
    ax.tick_params(labelsize=11)
    ax.legend(loc="lower right", fontsize=11)
    return fig


@ex.buggy
def softplus(x):
    return np.log(1 + np.exp(x))


@ex.solution
def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@ex.oracle
def expected(x):
    out = np.empty_like(x)
    for at in np.ndindex(x.shape):
        v = float(x[at])
        out[at] = math.log1p(math.exp(v)) if v < 30 else v + math.exp(-v)
    return out


@ex.cases
def cases(rng):
    yield np.array([0.0, 1.0])
    yield np.array(-1.0)
    yield np.array([[2.0], [-2.0]])
    yield rng.normal(size=(3, 3)) * 2
    yield np.array([1000.0, 0.0])
    yield np.array([-1000.0, 0.5])
    yield np.array([3.0, 6.0, 12.0, 16.0])
    yield np.array([50.0, 60.0])
    yield np.array([[-700.0, -20.0, 20.0], [700.0, 720.0, -720.0]])
    yield np.array([-100.0, 0.0, 100.0], dtype=np.float32)


@ex.right
def with_a_threshold(x):
    return np.where(x > 30, x, np.log1p(np.exp(np.minimum(x, 30))))


@ex.right
def by_sides(x):
    out = np.empty_like(x)
    out[x > 0] = x[x > 0] + np.log(1 + np.exp(-x[x > 0]))
    out[x <= 0] = np.log(1 + np.exp(x[x <= 0]))
    return out


@ex.right
def through_the_mean(x):
    return x / 2 + np.abs(x) / 2 + np.log(1 + np.exp(-np.abs(x)))


@ex.wrong(
    "Large numbers are still infinite: log1p is more exact near 0, but the exponential before it overflows as before.",
    ask="Which of the two functions in your line becomes infinite first, and what must its argument not be?",
)
def still_naive(x):
    return np.log1p(np.exp(x))


@ex.wrong(
    "There is no inf any more, and no right number either: all large x get the same value, that of the clip.",
    ask="softplus(1000) is 1000. What does your function give, and what slope does it have out there?",
)
def clipped(x):
    return np.log(1 + np.exp(np.clip(x, -50, 50)))


@ex.wrong(
    "Your threshold comes too early: where you switch to x, softplus still differs from x, and the curve jumps.",
    ask="softplus(3) is 3.0486. From which x on does a float no longer see the difference?",
)
def early_threshold(x):
    return np.where(x > 2, x, np.log(1 + np.exp(np.minimum(x, 2))))


@ex.wrong(
    "ln(1 + e^−|x|) alone is a bump, as high on the right as on the left: the straight line on the right is missing.",
    ask="What do you have to add for x = 1000, and what for x = −1000, to get 1000 and 0?",
)
def only_the_bump(x):
    return np.log1p(np.exp(-np.abs(x)))


@ex.wrong(
    "The right side is mended, and now the left side overflows: x + ln(1 + e^−x) computes e¹⁰⁰⁰ when x is −1000.",
    ask="Which exponent is never positive, whichever side x is on?",
)
def mended_on_one_side(x):
    return x + np.log(1 + np.exp(-x))


@ex.wrong(
    "The bump is added to x itself, on both sides. On the left softplus comes close to 0, not to x.",
    ask="What is softplus(−1000)? Which function of x is x on the right and 0 on the left?",
)
def line_on_both_sides(x):
    return x + np.log1p(np.exp(-np.abs(x)))


@ex.wrong(
    "That is a relu: the kink is back. Near 0 softplus is larger, and at 0 it is ln 2 = 0.693.",
    ask="What is the difference between softplus and relu at 0, and how quickly does it fade?",
)
def relu_instead(x):
    return np.maximum(x, 0)
