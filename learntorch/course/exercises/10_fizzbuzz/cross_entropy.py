"""Exercise 43: cross-entropy and its gradient."""

import math

import numpy as np

from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "cross-entropy",
    chapter=10,
    number=43,
    title="Cross-entropy",
    kind="function",
    minutes=15,
    slot="cross-entropy",
    builds="learntorch.nn.functional.cross_entropy",
    forbids=("cross_entropy", "CrossEntropyLoss", "log_softmax", "softmax", "nll_loss", "logsumexp", "backward"),
    prompt="""
    Counting mistakes gives no slope to follow. Cross-entropy does: for every row it looks at the probability of the
    right kind, and takes $-\\ln p$. And its gradient is as plain as can be, the probabilities minus 1 at the right
    kind. Here you write both, and from then on every `nn.CrossEntropyLoss` runs on your lines.

    Write `cross_entropy(scores, labels)` with arrays. `scores` has the shape `(N, C)`: a row of raw scores for each of
    N numbers. `labels` holds N whole numbers from 0 to C − 1. The result is a pair.

    - `loss`, one number: the mean over the rows of $\\ln \\sum_j e^{z_j} - z_\\text{right}$
    - `slope`, shape `(N, C)`: the gradient of this mean with respect to the scores

    A score of 1000 must not overflow: shift each row first, so that its largest score is 0. Both arguments stay as
    they are. For the scores `[[0, 0]]` and the label `[1]` the loss is ln 2 ≈ 0.693 and the slope `[[0.5, -0.5]]`.
    """,
    hints=(
        "For a row of C scores: how many of them decide which probability is looked at, and how many have a part in "
        "its size?",
        "After the shift: the logarithm of the row's sum of exponentials, minus the score at the label. Two lists of "
        "N indices pick one number of each row: `a[np.arange(N), columns]`. In the gradient each row has the weight "
        "1 / N, because the loss is a mean over N rows.",
        "Two rows of scores `[[2, 2], [0, 0]]`, labels `[0, 1]`. All probabilities are ½, so both losses are ln 2, and "
        "so is their mean. The slope is `[[½ − 1, ½], [½, ½ − 1]]` divided by 2: `[[-0.25, 0.25], [0.25, -0.25]]`.",
    ),
    equivalents={
        "total = e.sum(axis=1, keepdims=True) → total = e.sum(axis=-1, keepdims=True)": "axis 1 is the last one",
        "z = scores - scores.max(axis=1, keepdims=True) → z = scores - scores.max(axis=-1, keepdims=True)": "the same",
        "loss = (np.log(total[:, 0]) - z[rows, labels]).mean() → "
        "loss = (np.log(total[:, -1]) - z[rows, labels]).mean()": "there is one column",
        "without: slope = e / total": "e is divided in place and then called slope; nobody needs the old e",
    },
    why="Every row of the slope adds up to 0. What would happen to the scores if it did not?",
)


@ex.solution
def cross_entropy(scores, labels):
    # <blank>
    rows = np.arange(len(labels))
    z = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - z[rows, labels]).mean()
    slope = e / total
    slope[rows, labels] -= 1
    return loss, slope / len(labels)
    # </blank>


@ex.oracle
def expected(scores, labels):
    losses, slope = [], np.zeros(scores.shape)
    for row, (z, label) in enumerate(zip(scores.tolist(), labels.tolist())):
        top = max(z)
        log_total = top + math.log(math.fsum(math.exp(v - top) for v in z))
        losses.append(log_total - z[label])
        for kind, v in enumerate(z):
            slope[row, kind] = (math.exp(v - log_total) - (kind == label)) / len(scores)
    return math.fsum(losses) / len(losses), slope


@ex.cases
def cases(rng):
    yield np.array([[0.0, 0.0]]), np.array([1])
    yield np.array([[1.0, 3.0, 0.0, 0.0], [2.0, 1.0, 0.0, -1.0]]), np.array([1, 2])
    yield rng.normal(size=(5, 4)) * 2, rng.integers(0, 4, 5)
    yield rng.normal(size=(3, 3)), np.array([2, 0, 2])
    yield rng.normal(size=(1, 6)), np.array([5])
    yield np.array([[1000.0, 1001.0], [-1000.0, -1003.0]]), np.array([0, 1])
    yield np.array([[200.0, 0.0, 0.0, 0.0]]), np.array([1])
    yield np.array([[0.5, 0.5, -900.0], [3.0, -2.0, 1.0]]), np.array([2, 0])


@ex.picture(
    "A curve over the probability p of the right kind, from 0 to 1. Its height is the loss of one row. It falls from "
    "far above 4 on the left through 0.69 at p = 0.5 to 0 at p = 1. Two points are marked: a circle at p = 0.25, loss "
    "1.39, and a square at p = 0.9, loss 0.11.",
    "Figure E43. What one row costs: −ln p of the right kind. Circle: a guess among four kinds. Square: fairly sure.",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3), layout="constrained")
    ax = figure.subplots()
    p = np.linspace(0.01, 1, 200)
    ax.plot(p, -np.log(p), color="#0072B2", linewidth=2)
    for at, marker, color, beside in [(0.25, "o", "#D55E00", 0.28), (0.9, "s", "#009E73", 0.72)]:
        loss = -math.log(at)
        ax.plot([at], [loss], marker=marker, color=color, markersize=9, linestyle="")
        ax.text(beside, loss + 0.7, f"p = {at}, loss {loss:.2f}", fontsize=11)
    ax.set_xlabel("probability p of the right kind", fontsize=12)
    ax.set_ylabel("loss of one row", fontsize=12)
    ax.tick_params(labelsize=11)
    return figure


@ex.right
def with_a_one_hot_matrix(scores, labels):
    n, kinds = scores.shape
    one_hot = (np.arange(kinds) == labels[:, None]).astype(scores.dtype)
    shifted = scores - scores.max(axis=1)[:, None]
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1))[:, None]
    return -(log_p * one_hot).sum() / n, (np.exp(log_p) - one_hot) / n


@ex.right
def row_by_row(scores, labels):
    loss, slope = 0.0, np.zeros_like(scores)
    for i, label in enumerate(labels):
        top = scores[i].max()
        log_total = top + math.log(np.exp(scores[i] - top).sum())
        loss += (log_total - scores[i, label]) / len(labels)
        slope[i] = np.exp(scores[i] - log_total) / len(labels)
        slope[i, label] -= 1 / len(labels)
    return loss, slope


@ex.wrong(
    "You added the rows up and did not divide by their number: the loss is a mean over the rows.",
    ask="Would the loss of a batch grow if every row stood in it twice? Should it?",
)
def summed_up(scores, labels):
    rows = np.arange(len(labels))
    z = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = (np.log(np.exp(z).sum(axis=1)) - z[rows, labels]).sum()
    p[rows, labels] -= 1
    return loss, p


@ex.wrong(
    "The loss is right. Its slope is N times too large: the mean divides each row's part by N.",
    ask="By how much does the mean of N losses change if one of them changes by 1?",
)
def slope_of_the_sum(scores, labels):
    rows = np.arange(len(labels))
    z = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = (np.log(np.exp(z).sum(axis=1)) - z[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p


@ex.wrong(
    "You took the logarithm of the scores. Scores can be negative; only probabilities have a logarithm to take.",
    ask="What must be done to the scores before they are probabilities?",
)
def log_of_the_scores(scores, labels):
    rows = np.arange(len(labels))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    slope = e / e.sum(axis=1, keepdims=True)
    slope[rows, labels] -= 1
    return -np.log(scores[rows, labels]).mean(), slope / len(labels)


@ex.wrong(
    "You took −ln p of all kinds. Only the right kind of each row counts.",
    ask="How many of the C probabilities of a row does the label choose?",
)
def all_classes(scores, labels):
    z = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p.mean(), (p - 1 / scores.shape[1]) / len(labels)


@ex.wrong(
    "Large scores give infinity or nan: nothing was subtracted before the exponentials.",
    ask="What can you subtract from a row without changing its probabilities?",
)
def without_the_shift(scores, labels):
    rows = np.arange(len(labels))
    e = np.exp(scores)
    total = e.sum(axis=1, keepdims=True)
    slope = e / total
    slope[rows, labels] -= 1
    return (np.log(total[:, 0]) - scores[rows, labels]).mean(), slope / len(labels)


@ex.wrong(
    "A probability was rounded to 0 before its logarithm was taken: the loss is infinite, and it should be about 900.",
    ask="ln(a / b) can be written as a difference. Which of the two forms needs no tiny number?",
)
def log_of_a_rounded_share(scores, labels):
    rows = np.arange(len(labels))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p / len(labels)


@ex.wrong(
    "The slope has lost the label: the probabilities alone push every score down, the right one too.",
    ask="In which direction must the score of the right kind go?",
)
def only_the_probabilities(scores, labels):
    rows = np.arange(len(labels))
    z = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(z)
    loss = (np.log(e.sum(axis=1)) - z[rows, labels]).mean()
    return loss, e / e.sum(axis=1, keepdims=True) / len(labels)


@ex.wrong(
    "The slope has the wrong sign: it points downhill, and a gradient points uphill.",
    ask="The optimizer subtracts the gradient. What then happens to the score of the right kind?",
)
def downhill(scores, labels):
    rows = np.arange(len(labels))
    z = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(z)
    loss = (np.log(e.sum(axis=1)) - z[rows, labels]).mean()
    slope = -e / e.sum(axis=1, keepdims=True)
    slope[rows, labels] += 1
    return loss, slope / len(labels)


@ex.wrong(
    "The scores are gone: your code wrote into its argument.",
    ask="Which of your operators makes a new array, and which one writes into the old one?",
)
def in_place(scores, labels):
    rows = np.arange(len(labels))
    scores -= scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    loss = (np.log(e.sum(axis=1)) - scores[rows, labels]).mean()
    slope = e / e.sum(axis=1, keepdims=True)
    slope[rows, labels] -= 1
    return loss, slope / len(labels)
