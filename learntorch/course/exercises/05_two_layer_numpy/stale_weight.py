"""Exercise 45: a training step that changes a weight too early."""

import numpy as np

from learntorch.course.exercises.boxes import ORANGE, SKY, YELLOW, canvas, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "stale-weight",
    chapter=5,
    number=45,
    title="Which w2?",
    kind="debug",
    minutes=8,
    prompt="""
    This step was written to save memory: each weight moves as soon as its gradient is known, and then that gradient
    is no longer needed. All shapes fit, no error is raised, and the loss falls. Yet `w1` is moved by the wrong amount.

    `train_step(x, y, w1, w2, learning_rate)` writes the new numbers into `w1` and `w2` and returns nothing. Find out
    what is wrong with the gradient of `w1`, and mend it.
    """,
    hints=(
        "Go through the lines in order. Which numbers are in w2 when the forward pass uses it, and which when the "
        "backward pass does?",
        "A gradient belongs to one place: the weights at which the loss was computed. Until every gradient is known, "
        "no weight may change.",
        "For y = a · b with a = 2 and b = 3, the gradients are 3 for a and 2 for b. Whoever sets b = 1 in between and "
        "then asks for the gradient of a gets 1.",
    ),
    why="With a very small learning rate this mistake hardly shows. Why is that?",
)


@ex.buggy
def train_step(x, y, w1, w2, learning_rate):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)

    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.T.dot(grad_y_pred)
    w2 -= learning_rate * grad_w2

    grad_h = grad_y_pred.dot(w2.T)
    grad_h[h < 0] = 0
    grad_w1 = x.T.dot(grad_h)
    w1 -= learning_rate * grad_w1


@ex.solution
def train_step(x, y, w1, w2, learning_rate):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)

    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.T.dot(grad_y_pred)
    grad_h = grad_y_pred.dot(w2.T)
    grad_h[h < 0] = 0
    grad_w1 = x.T.dot(grad_h)

    w1 -= learning_rate * grad_w1
    w2 -= learning_rate * grad_w2


@ex.judged
def judged(train_step, x, y, w1, w2, learning_rate):
    """The two weights after the step."""
    before = x.copy(), y.copy()
    train_step(x, y, w1, w2, learning_rate)
    found = {"w1": w1, "w2": w2}
    if not (np.array_equal(x, before[0]) and np.array_equal(y, before[1])):
        found["x and y"] = "were written to"
    return found


@ex.oracle
def expected(x, y, w1, w2, learning_rate):
    h = np.einsum("nj,jk->nk", x, w1)
    is_open = (h >= 0).astype(float)
    slope = 2 * (np.einsum("nk,kd->nd", h * is_open, w2) - y)
    return {
        "w1": w1 - learning_rate * np.einsum("nj,nk,nd,kd->jk", x, is_open, slope, w2),
        "w2": w2 - learning_rate * np.einsum("nk,nd->kd", h * is_open, slope),
    }


@ex.cases
def cases(rng):
    yield np.array([[1.0]]), np.array([[2.0]]), np.array([[1.0]]), np.array([[3.0]]), 0.5
    for n, d_in, hidden, d_out, rate in [(3, 2, 4, 1, 0.1), (3, 3, 3, 3, 0.01), (5, 4, 3, 2, 0.05), (2, 1, 6, 3, 1.0)]:
        shapes = [(n, d_in), (n, d_out), (d_in, hidden), (hidden, d_out)]
        yield *(rng.normal(size=shape) for shape in shapes), rate


@ex.picture(
    "Five boxes in a row, joined by arrows: forward with w2, gradient of w2, w2 moves, gradient of h with w2, "
    "w1 moves. The third box has a thick dashed frame; a question mark stands over the fourth.",
    "Figure E45. The order of the step. Which numbers does `w2` hold at the question mark?",
)
def picture():
    figure, ax = canvas(17, 4.2, inches=7.5)
    steps = [
        ("forward\nwith w2", SKY, "-"),
        ("gradient\nof w2", SKY, "-"),
        ("w2 moves", ORANGE, "--"),
        ("gradient of h\nwith w2", SKY, "-"),
        ("w1 moves", YELLOW, "-"),
    ]
    for i, (text, color, style) in enumerate(steps):
        box = {"fc": color, "ec": "black", "pad": 6, "ls": style, "lw": 2.5 if style == "--" else 1}
        label(ax, 1.6 + 3.45 * i, 2.4, text, bbox=box)
        if i:
            ax.annotate("", (0.3 + 3.45 * i, 2.4), (-0.35 + 3.45 * i, 2.4), arrowprops={"arrowstyle": "->", "lw": 2})
    label(ax, 1.6 + 3.45 * 3, 0.7, "?", fontsize=18)
    return figure


@ex.right
def with_a_copy_of_the_old_weight(x, y, w1, w2, learning_rate):
    old = w2.copy()
    h = x.dot(w1)
    g = 2.0 * (np.maximum(h, 0).dot(w2) - y)
    w2 -= learning_rate * np.maximum(h, 0).T.dot(g)
    g_h = g.dot(old.T) * (h > 0)
    w1 -= learning_rate * x.T.dot(g_h)


@ex.right
def written_through_an_index(x, y, w1, w2, learning_rate):
    h = x @ w1
    h_relu = np.where(h > 0, h, 0.0)
    g = 2.0 * (h_relu @ w2 - y)
    new_w1 = w1 - learning_rate * (x.T @ np.where(h > 0, g @ w2.T, 0.0))
    w2[:] = w2 - learning_rate * (h_relu.T @ g)
    w1[:] = new_w1


@ex.wrong(
    "The gradient of w1 still sees the new w2. (A line such as old = w2 gives a second name, and no copy.)",
    ask="How many arrays are there after old = w2, and which of them does w2 -= … write into?",
)
def second_name(x, y, w1, w2, learning_rate):
    old = w2
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    g = 2.0 * (h_relu.dot(w2) - y)
    w2 -= learning_rate * h_relu.T.dot(g)
    g_h = g.dot(old.T)
    g_h[h < 0] = 0
    w1 -= learning_rate * x.T.dot(g_h)


@ex.wrong(
    "The weights that were handed in have not moved: w = w - … makes a new array, and the name of the caller keeps "
    "the old one.",
    ask="Which of w -= d and w = w - d writes into the array that the caller holds?",
)
def new_arrays(x, y, w1, w2, learning_rate):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    g = 2.0 * (h_relu.dot(w2) - y)
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    w1 = w1 - learning_rate * x.T.dot(g_h)
    w2 = w2 - learning_rate * h_relu.T.dot(g)


@ex.wrong(
    "Only one of the two weights moves: the update of w2 is gone.",
    ask="Which line trained the second layer before you changed the order?",
)
def second_update_gone(x, y, w1, w2, learning_rate):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    g = 2.0 * (h_relu.dot(w2) - y)
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    w1 -= learning_rate * x.T.dot(g_h)


@ex.wrong(
    "The way back runs at two places: after w2 had moved, the prediction was computed again for the gradient of w1.",
    ask="At which weights was the loss of this step computed, and how often?",
)
def forward_again(x, y, w1, w2, learning_rate):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    g = 2.0 * (h_relu.dot(w2) - y)
    w2 -= learning_rate * h_relu.T.dot(g)
    g = 2.0 * (h_relu.dot(w2) - y)
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    w1 -= learning_rate * x.T.dot(g_h)


@ex.wrong(
    "The weights move uphill: the gradient is added.",
    ask="A weight with a positive gradient makes the loss larger when it grows. Which way should it go?",
)
def uphill(x, y, w1, w2, learning_rate):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    g = 2.0 * (h_relu.dot(w2) - y)
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    w1 += learning_rate * x.T.dot(g_h)
    w2 += learning_rate * h_relu.T.dot(g)


ex.equivalents = {
    "h_relu = np.maximum(h, 0) → h_relu = np.maximum(0, h)": "the larger of two numbers does not depend on their order",
    "grad_h[h < 0] = 0 → grad_h[h <= 0] = 0": "at exactly 0 relu has no derivative; both choices are accepted",
}
