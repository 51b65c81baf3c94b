"""Exercise 27: a sigmoid that never overflows."""

import math

import numpy as np

from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "sigmoid",
    chapter=4,
    number=27,
    title="A safe sigmoid",
    kind="fill-in",
    minutes=8,
    slot="sigmoid",
    builds="learntorch.sigmoid",
    forbids=("sigmoid", "log_sigmoid", "expit", "tanh", "softmax", "log_softmax", "seterr", "errstate"),
    prompt="""
    The sigmoid turns any number into a share between 0 and 1:

    $$\\sigma(x) = \\frac{1}{1 + e^{-x}} = \\frac{e^{x}}{1 + e^{x}}$$

    The two forms are equal. The left one computes $e^{1000}$ when $x = -1000$, the right one when $x = 1000$, and no
    float is that large. The left one happens to end well, since $1/\\infty = 0$; but NumPy warns, and the next formula
    with an overflow in it may not be so lucky. Write a sigmoid in which `exp` sees **no positive number at all**.

    `sigmoid(x)` takes an array of any shape and returns a new one. `np.where(condition, a, b)` computes *both* `a` and
    `b` in full and then chooses. So an overflow on the side that is not chosen counts too: the check sees it.
    """,
    hints=(
        "For x = −1000, which of the two forms is safe? And for x = 1000? What do the two safe exponentials, "
        "one for each side, have in common?",
        "One exponential serves both sides: with the exponent −|x| it lies between 0 and 1. Where x ≥ 0 it is "
        "e⁻ˣ, and the left form needs that one. Where x < 0 it is eˣ, which the right form needs.",
        "The same plan for another function, 1 / (1 + 2⁻ˣ): with t = 2^(−|x|), x = 3 gives t = 1/8 and 1 / (1 + t) = "
        "8/9; x = −3 gives t = 1/8 too, and t / (1 + t) = 1/9.",
    ),
    why="Your two answers for 3 and −3 add up to 1. Where do the two branches show that this is so for every x?",
    equivalents={
        "return np.where(x >= 0, 1 / (1 + e), e / (1 + e)) → return np.where(x > 0, 1 / (1 + e), e / (1 + e))": (
            "At x = 0 both forms give 1/2."
        )
    },
)


@ex.picture(
    "Powers of ten against x from minus 1000 to 1000. The line of e to the x rises from left to right, the dashed line "
    "of e to the minus x falls. A dotted level line marks the largest float, ten to the 308. Each of the two crosses "
    "it on one side only, e to the x at x about 710, e to the minus x at about minus 710.",
    "Figure E27. The dotted line is the largest float. Each exponential crosses it on one side only: there it "
    "becomes infinite.",
)
def figure():
    from matplotlib.figure import Figure

    fig = Figure(figsize=(6, 3.2), layout="tight")
    ax = fig.add_subplot()
    x = np.array([-1000.0, 1000.0])
    ax.plot(x, x / math.log(10), color="#0072B2", linewidth=2)
    ax.plot(x, -x / math.log(10), color="#D55E00", linewidth=2, linestyle="--")
    ax.axhline(308.25, color="black", linestyle=":", linewidth=2)
    ax.text(390, 190, r"$e^{x}$", fontsize=14, ha="right")
    ax.text(-390, 190, r"$e^{-x}$", fontsize=14, ha="left")
    ax.text(0, 325, "the largest float", fontsize=11, ha="center")
    ax.set_ylim(-150, 450)
    ax.set_yticks([-100, 0, 100, 200, 300], ["$10^{-100}$", "1", "$10^{100}$", "$10^{200}$", "$10^{300}$"], fontsize=11)
    ax.tick_params(axis="x", labelsize=11)
    ax.set_xlabel("x", fontsize=12)
    return fig


@ex.solution
def sigmoid(x):
    # <blank> e = ...  # 1: an exponential that is never larger than 1
    e = np.exp(-np.abs(x))
    # </blank>
    # <blank> return ...  # 2: one form where x is not negative, the other one elsewhere
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    # </blank>


@ex.oracle
def expected(x):
    out = np.empty_like(x)
    for at in np.ndindex(x.shape):
        out[at] = 0.5 * (1 + math.tanh(0.5 * x[at])) if x[at] > -20 else math.exp(x[at] - math.log1p(math.exp(x[at])))
    return out


@ex.judged
def judged(sigmoid, x):
    """The result; an error if it is right and an exponential has overflowed all the same, or if x was overwritten."""
    before, overflows = x.copy(), []
    with np.errstate(over="call", invalid="ignore", call=lambda kind, flag: overflows.append(kind)):
        y = sigmoid(x)
    if not np.array_equal(x, before):
        raise ValueError("the numbers in the argument x are no longer what they were.")
    if overflows and np.shape(y) == x.shape and np.allclose(y, expected(x), rtol=1e-5, atol=1e-12):
        raise OverflowError("the result is fine, but on the way an exponential became infinite.")
    return y


@ex.cases
def cases(rng):
    yield np.array([0.0, 1.0])
    yield np.array(-2.0)
    yield np.array([[3.0], [-3.0]])
    yield rng.normal(size=(3, 3)) * 3
    yield np.array([-1000.0, 0.5])
    yield np.array([1000.0, 0.5])
    yield np.array([-33.0, -36.0])
    yield np.array([[-800.0, -30.0, 0.0], [30.0, 800.0, -0.5]])
    yield np.array([-100.0, 0.0, 100.0], dtype=np.float32)
    yield rng.normal(size=(2, 1, 4)) * 30


@ex.right
def with_masks(x):
    out = np.empty_like(x)
    right = x >= 0
    out[right] = 1 / (1 + np.exp(-x[right]))
    e = np.exp(x[~right])
    out[~right] = e / (1 + e)
    return out


@ex.right
def two_exponentials(x):
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


@ex.right
def element_by_element(x):
    def one(v):
        if v >= 0:
            return 1 / (1 + math.exp(-v))
        return math.exp(v) / (1 + math.exp(v))

    return np.array([one(v) for v in x.ravel().tolist()], dtype=x.dtype).reshape(x.shape)


@ex.wrong(
    "The numbers are right, and still an exponential overflows: this form computes e¹⁰⁰⁰ when x is −1000.",
    ask="Of the two forms in the task, which one is safe for negative x? How can each element get its own form?",
)
def naive(x):
    return 1 / (1 + np.exp(-x))


@ex.wrong(
    "Large numbers give nan: this form computes e¹⁰⁰⁰ when x is 1000, and then ∞/∞.",
    ask="Which form of the sigmoid has an exponential that is small for large x?",
)
def the_other_naive(x):
    e = np.exp(x)
    return e / (1 + e)


@ex.wrong(
    "`np.where` chooses between two finished results: the branch that it throws away was computed too, and overflowed.",
    ask="Which exponent is never positive, whichever side x is on?",
)
def both_branches(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


@ex.wrong(
    "The branches are exchanged: each side gets the form whose exponential is too large there.",
    ask="For x = 1000, is it e^x or e^−x that stays small? Which form uses that one?",
)
def exchanged_branches(x):
    return np.where(x < 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


@ex.wrong(
    "Your S falls from 1 to 0: what you compute is σ(−x). A sign is wrong, or the two sides are exchanged.",
    ask="σ(1000) is nearly 1. What is your exponential for x = 1000, and what does the fraction make of it?",
)
def falling(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, e / (1 + e), 1 / (1 + e))


@ex.wrong(
    "Your exponential has the exponent +|x|, which is never negative: it grows on both sides, and overflows on both.",
    ask="Which exponent is never positive, whichever side x is on?",
)
def growing_exponential(x):
    e = np.exp(np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


@ex.wrong(
    "Both sides get the same form, so that σ(−3) equals σ(3) and no share is below one half.",
    ask="For x = −3 your exponential is e⁻³. Is 1 / (1 + e⁻³) the sigmoid of −3, or of 3?",
)
def one_form_for_both(x):
    return 1 / (1 + np.exp(-np.abs(x)))


@ex.wrong(
    "Clipping x avoids the overflow by answering another question: every x below −5 gets the share of −5.",
    ask="σ(−30) is about 9e-14. What does your function give, and is that difference always harmless?",
)
def clipped(x):
    return 1 / (1 + np.exp(-np.clip(x, -5, 5)))


@ex.wrong(
    "The shares are right, but your code wrote into its argument on the way.",
    ask="Which of your operators makes a new array, and which one writes into the old one?",
)
def in_place(x):
    positive = x >= 0
    np.abs(x, out=x)
    e = np.exp(-x)
    return np.where(positive, 1 / (1 + e), e / (1 + e))
