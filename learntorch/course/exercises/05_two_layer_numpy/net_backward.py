"""Exercise 34: the backward pass of the two-layer net, by hand."""

import numpy as np

from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "net-backward",
    chapter=5,
    number=34,
    title="Backward, by hand",
    kind="function",
    minutes=15,
    slot="net-backward",
    builds="the backward pass of your two-layer net",
    prompt="""
    Once in your life, write a backward pass without help. The forward pass was

    ```python
    h = x.dot(w1)                 # (N, H)
    h_relu = np.maximum(h, 0)     # (N, H)
    y_pred = h_relu.dot(w2)       # (N, D_out)
    loss = np.square(y_pred - y).sum()
    ```

    Write `backward(x, y, w2, h, h_relu, y_pred)`. It returns two arrays, `grad_w1` of shape `(D_in, H)` and `grad_w2`
    of shape `(H, D_out)`: the gradients of the loss. Walk from the loss to the weights, one line for each array, and
    check the shape of each line before you write the next. The arguments stay as they are.

    The tests use unequal sizes, so that a wrong transpose cannot hide, and one square net.
    """,
    hints=(
        "Which array stands last before the loss, and how does the loss move when one of its elements grows?",
        "A gradient has the shape of its array. For a product c = a.dot(b), the gradient of a is that of c times b "
        "transposed, and the gradient of b is a transposed times that of c. relu stops what arrives where its input "
        "was negative.",
        "One row through another net: r = [[2, 0]] times v = [[1], [3]] is 2, the target is 5, so the gradient of the "
        "prediction is −6. The gradient of v is [[2], [0]] times [[−6]], which is [[−12], [0]]; that of r is [[−6]] "
        "times [[1, 3]], which is [[−6, −18]].",
    ),
    why="w1 does not appear among the arguments. Why is it not needed, when w2 is?",
)


@ex.solution
def backward(x, y, w2, h, h_relu, y_pred):
    # <blank>
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.T.dot(grad_y_pred)
    grad_h_relu = grad_y_pred.dot(w2.T)
    grad_h = grad_h_relu.copy()
    grad_h[h < 0] = 0
    grad_w1 = x.T.dot(grad_h)
    return grad_w1, grad_w2
    # </blank>


@ex.oracle
def expected(x, y, w2, h, h_relu, y_pred):
    (n, d_in), (hidden, d_out) = x.shape, w2.shape
    grad_w1, grad_w2 = np.zeros((d_in, hidden)), np.zeros((hidden, d_out))
    for i in range(n):
        for d in range(d_out):
            slope = 2.0 * float(y_pred[i, d] - y[i, d])
            for k in range(hidden):
                grad_w2[k, d] += slope * h_relu[i, k]
                if h[i, k] >= 0:
                    for j in range(d_in):
                        grad_w1[j, k] += slope * w2[k, d] * x[i, j]
    return grad_w1, grad_w2


@ex.cases
def cases(rng):
    given = ([[1.0]], [[1.0]], [[3.0], [1.0]], [[2.0, -1.0]], [[2.0, 0.0]], [[6.0]])
    yield tuple(np.array(numbers) for numbers in given)
    given = ([[1.0]], [[1.0]], [[3.0], [1.0]], [[1e-6, -1e-6]], [[1e-6, 0.0]], [[3e-6]])
    yield tuple(np.array(numbers) for numbers in given)
    sizes = [(2, 3, 4, 1), (3, 3, 3, 3), (4, 2, 5, 3), (1, 4, 3, 2), (6, 5, 2, 4)]
    for n, d_in, hidden, d_out in sizes:
        x, y, w1, w2 = (rng.normal(size=s) for s in [(n, d_in), (n, d_out), (d_in, hidden), (hidden, d_out)])
        h = x.dot(w1)
        h_relu = np.maximum(h, 0)
        yield x, y, w2, h, h_relu, h_relu.dot(w2)


@ex.picture(
    "A row of five boxes joined by arrows to the right: x, h, h_relu, y_pred, loss. The arrow from x to h carries the "
    "name w1, the arrow from h_relu to y_pred the name w2. Below, dashed arrows lead back from the loss to h, and two "
    "more lead from there to w1 and w2, each with a question mark.",
    "Figure E34. Forward along the solid arrows, backward along the dashed ones. Each `?` is a line for you.",
)
def picture():
    figure, ax = canvas(15, 6, inches=7)
    names = ["x", "h", "h_relu", "y_pred", "loss"]
    for i, name in enumerate(names):
        label(ax, 1 + 3.2 * i, 1.8, name, family="monospace", bbox={"fc": SKY, "ec": "black", "pad": 6})
    for i, name in enumerate(["w1", "relu", "w2", ""]):
        ax.annotate("", (3.2 + 3.2 * i, 1.8), (1.8 + 3.2 * i, 1.8), arrowprops={"arrowstyle": "->", "lw": 2})
        box = {"bbox": {"fc": ORANGE, "ec": "black", "pad": 4}} if name.startswith("w") else {}
        label(ax, 2.6 + 3.2 * i, 0.7, name, family="monospace", **box)
    back = {"arrowstyle": "->", "lw": 2, "ls": "--", "color": "#D55E00"}
    for i in (3, 2, 1):
        ax.annotate("", (1 + 3.2 * i, 3.3), (4.0 + 3.2 * i, 3.3), arrowprops=back)
        label(ax, 2.6 + 3.2 * i, 3.8, "?", fontsize=14)
    for i, name in [(0, "w1"), (2, "w2")]:
        ax.annotate("", (2.6 + 3.2 * i, 4.9), (4.2 + 3.2 * i, 3.4), arrowprops=back)
        label(ax, 2.6 + 3.2 * i, 5.4, f"gradient of {name}: ?")
    return figure


@ex.right
def with_a_mask_as_a_factor(x, y, w2, h, h_relu, y_pred):
    g = (y_pred - y) + (y_pred - y)
    return x.T @ ((g @ w2.T) * (h > 0)), h_relu.T @ g


@ex.right
def with_einsum(x, y, w2, h, h_relu, y_pred):
    g = 2 * (y_pred - y)
    g_h = np.where(h < 0, 0.0, np.einsum("nd,kd->nk", g, w2))
    return np.einsum("nj,nk->jk", x, g_h), np.einsum("nk,nd->kd", h_relu, g)


@ex.wrong(
    "Nothing was stopped at relu: every hidden value passed its gradient on. (h_relu is never negative, so a mask from "
    "h_relu < 0 stops nothing.)",
    ask="Where relu put a 0, how much does the loss move when h moves a little?",
)
def nothing_stopped(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    g_h = g.dot(w2.T)
    g_h[h_relu < 0] = 0
    return x.T.dot(g_h), h_relu.T.dot(g)


@ex.wrong(
    "The mask is turned round: the gradient was stopped where relu was open.",
    ask="relu passed 3 on unchanged and turned −2 into 0. Which of the two still moves the loss?",
)
def mask_turned_round(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    g_h = g.dot(w2.T)
    g_h[h > 0] = 0
    return x.T.dot(g_h), h_relu.T.dot(g)


@ex.wrong(
    "The mask was taken from the gradient itself: it stops negative gradients, wherever relu was open.",
    ask="Whose sign decided in the forward pass what relu let through?",
)
def mask_from_the_gradient(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    g_h = np.maximum(g.dot(w2.T), 0)
    return x.T.dot(g_h), h_relu.T.dot(g)


@ex.wrong(
    "A factor 2 is missing: the derivative of a square is twice the difference.",
    ask="How much larger is 3.01² than 3², and what is that divided by 0.01?",
)
def two_forgotten(x, y, w2, h, h_relu, y_pred):
    g = y_pred - y
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    return x.T.dot(g_h), h_relu.T.dot(g)


@ex.wrong(
    "Both gradients have the wrong sign: a prediction that is too large must have a positive gradient.",
    ask="If y_pred is above y and grows, does the loss grow or fall?",
)
def difference_turned_round(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y - y_pred)
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    return x.T.dot(g_h), h_relu.T.dot(g)


@ex.wrong(
    "Both gradients lie on their side: the factors of the last products were exchanged, and the other one transposed.",
    ask="Which shape has w2, and which shape has your gradient of it?",
)
def gradients_transposed(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    return g_h.T.dot(x), g.T.dot(h_relu)


@ex.wrong(
    "w2 was not transposed on the way to h_relu. That fails unless H and D_out are equal, and then it is wrong.",
    ask="(N, D_out) times what gives (N, H)?",
)
def w2_not_transposed(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    g_h = g.dot(w2)
    g_h[h < 0] = 0
    return x.T.dot(g_h), h_relu.T.dot(g)


@ex.wrong(
    "The gradients are those of a mean. This loss is the sum of the squares: nothing is divided.",
    ask="Is there a division anywhere in np.square(y_pred - y).sum()?",
)
def of_the_mean(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y) / y.size
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    return x.T.dot(g_h), h_relu.T.dot(g) + 0.0


@ex.wrong(
    "The gradients are right, but y_pred was overwritten on the way: -= writes into the array that you were given.",
    ask="Which line makes a new array, d = y_pred - y or y_pred -= y?",
)
def prediction_overwritten(x, y, w2, h, h_relu, y_pred):
    y_pred -= y
    g = 2.0 * y_pred
    g_h = g.dot(w2.T)
    g_h[h < 0] = 0
    return x.T.dot(g_h), h_relu.T.dot(g)


ex.equivalents = {
    "grad_h[h < 0] = 0 → grad_h[h <= 0] = 0": "at exactly 0 relu has no derivative; both choices are accepted",
}
