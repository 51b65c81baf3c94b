"""Exercise 33: the forward pass of the two-layer net, on arrays."""

import numpy as np

from learntorch.course.exercises.boxes import ORANGE, SKY, YELLOW, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "net-forward",
    chapter=5,
    number=33,
    title="Forward, in three lines",
    kind="fill-in",
    minutes=6,
    slot="net-forward",
    builds="the forward pass of your two-layer net",
    prompt="""
    The way back needs what the way forward computed. So a forward pass that is to be trained hands over the results
    in the middle, and not the prediction alone.

    Write `forward(x, w1, w2)` for an array `x` of shape `(N, D_in)` and weights of the shapes `(D_in, H)` and
    `(H, D_out)`. It returns three arrays: `h`, the product of the first layer; `h_relu`, where relu has put 0 in the
    place of negative values; and `y_pred`, the product of the second layer. There is no bias, and nothing happens to
    the output. The arguments stay as they are.

    For example, with `x = [[1, 2]]`, `w1 = [[1, -3], [1, 1]]` and `w2 = [[-4], [5]]`, `h` is `[[3, -1]]`, `h_relu` is
    `[[3, 0]]` and `y_pred` is `[[-12]]`.
    """,
    hints=(
        "Which dimension of x must meet which dimension of w1, so that one number per example and hidden unit is left?",
        "h is (N, D_in) times (D_in, H). h_relu has the shape of h and is a new array: h is needed later, as it was. "
        "y_pred is (N, H) times (H, D_out), and may be negative.",
        "A layer of another net, with rows a = [[2, 0]] and weights v = [[1, 4], [7, 7]]: a.dot(v) is [[2, 8]]. And "
        "np.maximum([[5, -6]], 0) is [[5, 0]].",
    ),
    why="Which of the three results does the backward pass need, and for which of its lines?",
)


@ex.solution
def forward(x, w1, w2):
    # <blank> h = ...  # 1: (N, D_in) and (D_in, H) give (N, H)
    h = x.dot(w1)
    # </blank>
    # <blank> h_relu = ...  # 2: nothing below 0, in a new array
    h_relu = np.maximum(h, 0)
    # </blank>
    # <blank> y_pred = ...  # 3: (N, H) and (H, D_out) give (N, D_out)
    y_pred = h_relu.dot(w2)
    # </blank>
    return h, h_relu, y_pred


@ex.oracle
def expected(x, w1, w2):
    def product(a, b):
        return np.array(
            [[sum(p * q for p, q in zip(row, column)) for column in zip(*b.tolist())] for row in a.tolist()]
        )

    h = product(x, w1)
    h_relu = np.array([[v if v > 0 else 0.0 for v in row] for row in h.tolist()])
    return h, h_relu, product(h_relu, w2)


@ex.cases
def cases(rng):
    yield np.array([[1.0, 2.0]]), np.array([[1.0, -3.0], [1.0, 1.0]]), np.array([[-4.0], [5.0]])
    for n, d_in, hidden, d_out in [(2, 3, 4, 1), (3, 3, 3, 3), (5, 2, 3, 4), (1, 1, 1, 1), (4, 1, 6, 2)]:
        yield rng.normal(size=(n, d_in)), rng.normal(size=(d_in, hidden)), rng.normal(size=(hidden, d_out))
    yield np.zeros((2, 3)), rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
    yield np.array([[1e-6, -1e-6]]), np.array([[2.0, -3.0], [1.0, 1.0]]), np.array([[1.0], [2.0]])


@ex.picture(
    "Two tables side by side. x has 2 rows and 3 columns, its rows named N and its columns D_in. w1 has 3 rows and 4 "
    "columns, its rows named D_in and its columns H. After an arrow stands a question mark for the shape of h.",
    "Figure E33. The inner sizes meet and disappear. Which shape is left?",
)
def picture():
    figure, ax = canvas(14, 5.2, inches=6.5)
    grid(ax, [[""] * 3] * 2, 1.6, 1.5, SKY)
    grid(ax, [[""] * 4] * 3, 6.2, 1.0, ORANGE, hatch="..")
    grid(ax, [["?"]], 12.2, 2.0, YELLOW, style="--")
    for x, y, text in [(0.7, 2.5, "N"), (3.1, 0.8, "D_in"), (5.4, 2.5, "D_in"), (8.2, 0.5, "H")]:
        label(ax, x, y, text)
    for x, y, text in [(3.1, 4.6, "x"), (8.2, 4.6, "w1"), (12.7, 4.6, "h")]:
        label(ax, x, y, text, family="monospace", fontsize=13)
    ax.annotate("", (12.0, 2.5), (10.6, 2.5), arrowprops={"arrowstyle": "->", "lw": 2})
    return figure


@ex.right
def with_the_operator(x, w1, w2):
    h = x @ w1
    h_relu = np.where(h > 0, h, 0.0)
    return h, h_relu, h_relu @ w2


@ex.right
def relu_by_an_index(x, w1, w2):
    h = np.matmul(x, w1)
    h_relu = h.copy()
    h_relu[h < 0] = 0
    return [h, h_relu, np.matmul(h_relu, w2)]


@ex.wrong(
    "There is a relu behind the second layer too, so no prediction can be negative.",
    ask="The targets are drawn from both sides of 0. How could this net ever reach a negative one?",
)
def relu_on_the_output(x, w1, w2):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0)
    return h, h_relu, np.maximum(h_relu.dot(w2), 0)


@ex.wrong(
    "The prediction was made from h, and relu has no part in it: the two layers collapse into one.",
    ask="Which of the two middle arrays does the second layer receive?",
)
def second_layer_on_h(x, w1, w2):
    h = x.dot(w1)
    return h, np.maximum(h, 0), h.dot(w2)


@ex.wrong(
    "The relu stands in front of the first layer: it has cut the input, and h passed as it was.",
    ask="In the chapter, which array is compared with 0: x or h?",
)
def relu_on_the_input(x, w1, w2):
    h = np.maximum(x, 0).dot(w1)
    return h, h, h.dot(w2)


@ex.wrong(
    "The factors of a product stand in the wrong order: the weights come first.",
    ask="Which two sizes stand next to each other in (D_in, H) times (N, D_in)?",
)
def weights_first(x, w1, w2):
    h = w1.dot(x)
    h_relu = np.maximum(h, 0)
    return h, h_relu, w2.dot(h_relu)


@ex.wrong(
    "h_relu is right, and h is lost: relu wrote into h, and both names now mean one array.",
    ask="The way back asks where h was negative. What would it find?",
)
def relu_in_place(x, w1, w2):
    h = x.dot(w1)
    h_relu = np.maximum(h, 0, out=h)
    return h, h_relu, h_relu.dot(w2)


@ex.wrong(
    "Negative values have lost their sign instead of becoming 0: that is the absolute value, not relu.",
    ask="What does relu make of −2?",
)
def absolute_value(x, w1, w2):
    h = x.dot(w1)
    h_relu = np.abs(h)
    return h, h_relu, h_relu.dot(w2)


ex.equivalents = {
    "h_relu = np.maximum(h, 0) → h_relu = np.maximum(0, h)": "the larger of two numbers does not depend on their order",
}
