"""Exercise 38: the mean squared error, and the broadcast that spoils it."""

import math

import learntorch as torch
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "mse-loss",
    chapter=8,
    number=38,
    title="Mean squared error",
    kind="function",
    minutes=8,
    slot="mse-loss",
    builds="learntorch.nn.functional.mse_loss",
    forbids=("mse_loss", "MSELoss"),
    prompt="""
    The loss of your nets so far was a sum of squares. A mean of squares has a size that does not grow with the batch.
    Write both in one function, on tensors.

    `mse_loss(y_pred, y, reduction="mean")` returns a tensor without dimensions: the mean of the squares of all
    differences, or their sum if `reduction` is `"sum"`. It must let gradients through.

    There is a trap. If `y_pred` has shape `(N, 1)` and `y` has shape `(N,)`, their difference broadcasts to `(N, N)`:
    every prediction is compared with every target, no error is raised, and the net learns nonsense. So refuse: if the
    two shapes differ, raise a `ValueError`.

    For example, `[1, 5]` and `[1, 2]` have the squares 0 and 9: the sum is 9 and the mean 4.5.
    """,
    hints=(
        "How many differences are there for shapes (N, D_out), and by how many does a mean divide?",
        "The difference, its square and then a mean or a sum over everything: three operations of chapter 06 and none "
        "more. The shapes of two tensors can be compared with == and !=.",
        "The same for absolute values: [1, 5] and [2, 2] differ by −1 and 3, the sum of absolute differences is 4 and "
        "their mean is 2. A mean divides by the number of all elements, however many rows they stand in.",
    ),
    why="Which learning rate makes the same steps with the mean as 1e-4 does with the sum, for 640 numbers?",
)


@ex.solution
def mse_loss(y_pred, y, reduction="mean"):
    # <blank>
    if y_pred.shape != y.shape:
        raise ValueError(f"the shapes differ: {tuple(y_pred.shape)} and {tuple(y.shape)}")
    squares = (y_pred - y).pow(2)
    return squares.sum() if reduction == "sum" else squares.mean()
    # </blank>


@ex.judged
def judged(mse_loss, y_pred, y, reduction):
    """The loss and the gradient of the prediction; or that it was refused."""
    before = y_pred.detach().clone(), y.clone()
    try:
        loss = mse_loss(y_pred, y, reduction) if reduction != "default" else mse_loss(y_pred, y)
    except ValueError:
        return "refused with a ValueError"
    if not (torch.equal(y_pred, before[0]) and torch.equal(y, before[1])):
        return "the predictions or the targets were written to"
    if not torch.is_tensor(loss):
        return {"loss": loss, "gradient": "none: it is no tensor"}
    if not loss.requires_grad:
        return {"loss": loss, "gradient": "none: the record was cut"}
    loss.sum().backward()
    return {"loss": loss.detach(), "gradient": y_pred.grad}


@ex.oracle
def expected(y_pred, y, reduction):
    if y_pred.shape != y.shape:
        return "refused with a ValueError"
    p, t = y_pred.detach().numpy(), y.numpy()
    count = 1 if reduction == "sum" else p.size
    total = math.fsum((a - b) ** 2 for a, b in zip(p.ravel().tolist(), t.ravel().tolist()))
    return {"loss": torch.tensor(total / count, dtype=torch.float64), "gradient": torch.tensor(2 * (p - t) / count)}


@ex.cases
def cases(rng):
    def draw(*shape):
        return torch.tensor(rng.normal(size=shape)).requires_grad_()

    yield torch.tensor([1.0, 5.0], dtype=torch.float64).requires_grad_(), torch.tensor([1.0, 2.0]).double(), "default"
    yield draw(3, 2), draw(3, 2).detach(), "mean"
    yield draw(3, 2), draw(3, 2).detach(), "sum"
    yield draw(4, 4), draw(4, 4).detach(), "default"
    yield draw(), draw().detach(), "mean"
    yield draw(2, 3, 4), draw(2, 3, 4).detach(), "sum"
    yield draw(3, 1), draw(3).detach(), "mean"
    yield draw(3), draw(1, 3).detach(), "sum"
    yield draw(1, 1), draw(1).detach(), "mean"
    yield draw(3, 1), draw(3, 2).detach(), "mean"
    yield draw(2, 3), draw(1, 3).detach(), "sum"
    yield (draw(2, 2) * 100).detach().requires_grad_(), draw(2, 2).detach(), "mean"


@ex.picture(
    "A column of three predictions on the left, a row of three targets on top, and between them a grid of three times "
    "three differences. The three cells of the diagonal are hatched.",
    "Figure E38. `(3, 1)` minus `(3,)`: nine differences. The hatched ones were meant.",
)
def picture():
    from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label

    figure, ax = canvas(12, 5.2, inches=5.5)
    grid(ax, [["p0"], ["p1"], ["p2"]], 2.6, 1.8, SKY)
    grid(ax, [["t0", "t1", "t2"]], 5.2, 0.4, SKY)
    for i in range(3):
        for j in range(3):
            same = i == j
            grid(ax, [["" if same else "×"]], 5.2 + j, 1.8 + i, ORANGE if same else "white", hatch="//" if same else "")
    label(ax, 1.3, 3.3, "y_pred\n(3, 1)")
    label(ax, 9.6, 0.9, "y  (3,)")
    label(ax, 10.0, 3.3, "difference\n(3, 3)")
    return figure


@ex.right
def through_the_count(y_pred, y, reduction="mean"):
    if tuple(y_pred.shape) != tuple(y.shape):
        raise ValueError("predictions and targets must have the same shape")
    difference = y_pred - y
    total = (difference * difference).sum()
    return total if reduction == "sum" else total / y.numel()


@ex.right
def with_a_power(y_pred, y, reduction="mean"):
    if y_pred.ndim != y.ndim or list(y_pred.shape) != list(y.shape):
        raise ValueError("different shapes")
    squares = (y - y_pred) ** 2
    return {"mean": torch.mean, "sum": torch.sum}[reduction](squares)


@ex.wrong(
    "Different shapes were broadcast. For (N, 1) and (N,) that compares every prediction with every target.",
    ask="What shape has torch.zeros(3, 1) - torch.zeros(3)?",
)
def broadcasts(y_pred, y, reduction="mean"):
    squares = (y_pred - y).pow(2)
    return squares.sum() if reduction == "sum" else squares.mean()


@ex.wrong(
    "It is always the sum: reduction is never asked.",
    ask="By how much do the two reductions differ for a tensor of 640 numbers?",
)
def always_the_sum(y_pred, y, reduction="mean"):
    if y_pred.shape != y.shape:
        raise ValueError("different shapes")
    return (y_pred - y).pow(2).sum()


@ex.wrong(
    "The sum was divided by the number of rows. The mean is over all elements.",
    ask="How many squares were added up, for shapes (N, D_out)?",
)
def mean_over_rows(y_pred, y, reduction="mean"):
    if y_pred.shape != y.shape:
        raise ValueError("different shapes")
    total = (y_pred - y).pow(2).sum()
    return total if reduction == "sum" or y.ndim == 0 else total / y.shape[0]


@ex.wrong(
    "Every loss is half as large as it should be. Some books put ½ in front of the square; here it is not there.",
    ask="What is the squared error of the prediction 5 and the target 2?",
)
def halved(y_pred, y, reduction="mean"):
    if y_pred.shape != y.shape:
        raise ValueError("different shapes")
    squares = (y_pred - y).pow(2) / 2
    return squares.sum() if reduction == "sum" else squares.mean()


@ex.wrong(
    "The number is right, and no gradient can flow: it was taken out of the graph.",
    ask="What does item() give, and what would backward have to walk through?",
)
def taken_out(y_pred, y, reduction="mean"):
    if y_pred.shape != y.shape:
        raise ValueError("different shapes")
    squares = (y_pred - y).pow(2)
    return squares.sum().item() if reduction == "sum" else squares.mean().item()


@ex.wrong(
    "Absolute differences were added up, and not squares.",
    ask="How much more does a difference of 10 count than one of 1, in a sum of squares?",
)
def absolute_error(y_pred, y, reduction="mean"):
    if y_pred.shape != y.shape:
        raise ValueError("different shapes")
    differences = (y_pred - y).abs()
    return differences.sum() if reduction == "sum" else differences.mean()


@ex.wrong(
    "Different shapes were made to fit with reshape or view. Nobody can know then which target belongs to which "
    "prediction; they are to be refused.",
    ask="If the shapes differ, is it certain that the elements stand in the same order?",
)
def made_to_fit(y_pred, y, reduction="mean"):
    squares = (y_pred - y.reshape(y_pred.shape)).pow(2)
    return squares.sum() if reduction == "sum" else squares.mean()


ex.equivalents = {
    "squares = (y_pred - y).pow(2) → squares = (y - y_pred).pow(2)": "a square does not know its sign",
}
