"""Exercise 31: the gradient of softmax."""

import numpy as np

from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "softmax-gradient",
    chapter=4,
    number=31,
    title="Softmax backward",
    kind="function",
    minutes=12,
    slot="softmax-gradient",
    builds="the gradient of learntorch.softmax",
    forbids=("softmax", "log_softmax", "grad", "backward", "jacobian", "vjp", "jvp", "autograd"),
    prompt="""
    What one class wins, the others lose: a higher score for one class moves *every* share of its row. So the
    derivative of softmax is a table for each row, with $\\delta_{ij} = 1$ if $i = j$ and 0 otherwise:

    $$\\frac{\\partial y_i}{\\partial x_j} = y_i\\,(\\delta_{ij} - y_j)$$

    Going backward, the gradient $g_i$ arrives for each share, and score $j$ collects what comes along all of them:

    $$\\text{gradient}_j = \\sum_i g_i\\,\\frac{\\partial y_i}{\\partial x_j}$$

    Write `softmax_gradient(g, y)`: `y` holds the shares that came out of softmax, `g` the gradients that arrive for
    them, both of the same shape, such as `(N, C)`, with the classes along the last axis. The result, the gradient of
    the scores, has that shape too. Work the sum out on paper first, and no table is needed. The arguments stay as they
    are. To test with: the shares `[0.25, 0.75]` and the gradients `[2, 0]` give `[0.375, -0.375]`.
    """,
    hints=(
        "Put the table into the sum. Of Σ gᵢ yᵢ (δᵢⱼ − yⱼ), what is left of the part with δᵢⱼ? In the other part, what "
        "can be taken out of the sum?",
        "gradientⱼ = yⱼ (gⱼ − m), where m = Σ gᵢ yᵢ is the mean of the arriving gradients, weighted with the shares. "
        "There is one m for each row, so for `(N, C)` it needs the shape `(N, 1)`.",
        "With three classes: y = [0.5, 0.25, 0.25] and g = [4, 0, 8] give m = 2 + 0 + 2 = 4. The differences are "
        "[0, −4, 4], and times the shares that is [0, −1, 1]. The three add up to 0.",
    ),
    why="If every share of a row gets the same gradient, the result is 0. Why can it not be otherwise?",
)


@ex.picture(
    "Pairs of bars for the classes a, b, c and d. The plain bars are the shares 0.4, 0.2, 0.3 and 0.1. The hatched "
    "bars are the shares after the score of b alone has been raised by 1: b has grown to 0.4, and a, c and d have all "
    "shrunk by the same factor, to 0.3, 0.22 and 0.07.",
    "Figure E31. Only the score of b was raised, by 1. All four shares have moved.",
)
def figure():
    from matplotlib.figure import Figure

    shares = np.array([0.4, 0.2, 0.3, 0.1])
    raised = shares * np.exp([0, 1, 0, 0])
    raised /= raised.sum()
    at = np.arange(4)
    fig = Figure(figsize=(6, 3), layout="tight")
    ax = fig.add_subplot()
    ax.bar(at - 0.2, shares, 0.4, color="#0072B2", edgecolor="black", label="before")
    ax.bar(at + 0.2, raised, 0.4, color="#E69F00", edgecolor="black", hatch="//", label="score of b raised by 1")
    ax.set_xticks(at, ["a", "b", "c", "d"], fontsize=12)
    ax.set_ylabel("share", fontsize=12)
    ax.set_ylim(0, 0.6)
    ax.tick_params(axis="y", labelsize=11)
    ax.legend(loc="upper right", fontsize=11)
    return fig


@ex.solution
def softmax_gradient(g, y):
    # <blank> ...
    m = (g * y).sum(axis=-1, keepdims=True)  # (N, 1)
    return y * (g - m)
    # </blank>


@ex.oracle
def expected(g, y):
    out = np.empty_like(y)
    for at in np.ndindex(y.shape[:-1]):
        for j in range(y.shape[-1]):
            terms = [g[at][i] * y[at][i] * ((i == j) - y[at][j]) for i in range(y.shape[-1])]
            out[at][j] = sum(terms)
    return out


def shares(scores):
    """Shares of rows, for the cases."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@ex.cases
def cases(rng):
    yield np.array([2.0, 0.0]), np.array([0.25, 0.75])
    yield np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]), np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]])
    yield rng.normal(size=(3, 3)), shares(rng.normal(size=(3, 3)))
    yield rng.normal(size=(2, 5)), shares(rng.normal(size=(2, 5)) * 2)
    yield np.ones((2, 3)), shares(rng.normal(size=(2, 3)))
    yield np.array([[3.0, -4.0, 1.0]]), np.array([[0.0, 1.0, 0.0]])
    yield rng.normal(size=(4, 1)), np.ones((4, 1))
    yield rng.normal(size=(2, 3, 4)), shares(rng.normal(size=(2, 3, 4)))


@ex.right
def with_the_table(g, y):
    table = y[..., :, None] * (np.eye(y.shape[-1]) - y[..., None, :])
    return (g[..., None, :] @ table)[..., 0, :]


@ex.right
def two_products(g, y):
    gy = g * y
    return gy - y * np.sum(gy, axis=-1, keepdims=True)


@ex.right
def row_by_row(g, y):
    out = np.zeros_like(y)
    for at in np.ndindex(y.shape[:-1]):
        out[at] = y[at] * (g[at] - g[at] @ y[at])
    return out


@ex.wrong(
    "You took the diagonal of the table only, as if a score moved its own share and no other one.",
    ask="In Figure E31 only the score of b was raised. Which of the shares moved?",
)
def diagonal_only(g, y):
    return g * y * (1 - y)


@ex.wrong(
    "Only the first part of the table is used, the one with δ: you left out what one class takes from the others.",
    ask="In yᵢ (δᵢⱼ − yⱼ), what becomes of the part with −yⱼ when you sum over i?",
)
def first_part_only(g, y):
    return g * y


@ex.wrong(
    "The sum runs along axis 0: it mixes the rows of the batch, and softmax never compared these with each other.",
    ask="Which numbers added up to 1 on the way forward, those of a row or those of a column?",
)
def down_the_columns(g, y):
    return y * (g - (g * y).sum(axis=0, keepdims=True))


@ex.wrong(
    "The gradient that arrives is not used: for any g your answer is the same.",
    ask="If g were twice as large, what would the chain rule make of your result?",
)
def ignores_what_arrives(g, y):
    return y * (1 - y)


@ex.wrong(
    "One number m is subtracted in the whole matrix. Each row needs an m of its own, since each row is a softmax of "
    "its own.",
    ask="What shape has (g * y).sum(), and which shape must m have to fit (N, C) row by row?",
)
def one_sum(g, y):
    return y * (g - (g * y).sum())


@ex.wrong(
    "The plain mean of the gradients is subtracted. The mean that the formula asks for is weighted with the shares.",
    ask="In Σ gᵢ yᵢ (δᵢⱼ − yⱼ), with which factor does gᵢ enter the sum?",
)
def plain_mean(g, y):
    return y * (g - g.mean(axis=-1, keepdims=True))


@ex.wrong(
    "The plain sum of the gradients is subtracted: the shares are missing from the sum. (It is the gradient of the "
    "logarithm of softmax that has such a sum.)",
    ask="In Σ gᵢ yᵢ (δᵢⱼ − yⱼ), with which factor does gᵢ enter the sum?",
)
def sum_without_shares(g, y):
    return y * (g - g.sum(axis=-1, keepdims=True))


@ex.wrong(
    "The difference from the mean is right, but the factor yⱼ before it is missing. A class whose share is 0 "
    "has no influence, and the gradient of its score should be 0.",
    ask="What is your result for a class whose share is 0? Does a small change of its score change anything?",
)
def without_the_factor(g, y):
    return g - (g * y).sum(axis=-1, keepdims=True)


@ex.wrong(
    "Every number has the wrong sign: the mean minus the gradient instead of the gradient minus the mean.",
    ask="A share whose gradient is above the mean: should the gradient of its score be positive or negative?",
)
def turned_round(g, y):
    return y * ((g * y).sum(axis=-1, keepdims=True) - g)


@ex.wrong(
    "Without keepdims the sums lie along the wrong axis, and broadcasting subtracts those of other rows, or fails.",
    ask="What shape has the sum along axis −1 of an (N, C) array, and how does it line up with (N, C)?",
)
def without_keepdims(g, y):
    return y * (g - (g * y).sum(axis=-1))
