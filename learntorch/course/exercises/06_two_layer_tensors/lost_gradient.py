"""Exercise 46: a backward pass on tensors that overwrites one of its own results."""

import numpy as np

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "lost-gradient",
    chapter=6,
    number=46,
    title="The gradient that got lost",
    kind="debug",
    minutes=8,
    slot="tensor-backward",
    builds="the backward pass of your net on tensors",
    prompt="""
    Somebody translated the backward pass of chapter 05 into tensors and trained with it, and the loss fell as it
    should. Then she wanted to look at the gradient *behind* the relu too, and had the function return it. It was wrong.

    `backward(x, y, w2, h, h_relu, y_pred)` returns `grad_w1`, `grad_w2` and `grad_h_relu`. The first two are right. The
    third should be the gradient that arrives at `h_relu`, with nothing stopped yet. Mend it. The arguments stay as they
    are.
    """,
    hints=(
        "After which line is grad_h_relu still right, and after which is it not?",
        "An assignment to a name makes no tensor. Two names for one tensor see the same zeros; a tensor of its own "
        "comes from an operation, or from a copy.",
        "With a = torch.tensor([1.0, 2.0]), b = a and b[0] = 9, a is [9, 2]. With b = a + 0 in between, a keeps its 1.",
    ),
    why="Why were grad_w1 and grad_w2 right all the same?",
)


@ex.buggy
def backward(x, y, w2, h, h_relu, y_pred):
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y_pred)
    grad_h_relu = grad_y_pred.mm(w2.t())
    grad_h = grad_h_relu
    grad_h[h < 0] = 0
    grad_w1 = x.t().mm(grad_h)
    return grad_w1, grad_w2, grad_h_relu


@ex.solution
def backward(x, y, w2, h, h_relu, y_pred):
    grad_y_pred = 2.0 * (y_pred - y)
    grad_w2 = h_relu.t().mm(grad_y_pred)
    grad_h_relu = grad_y_pred.mm(w2.t())
    grad_h = grad_h_relu.clone()
    grad_h[h < 0] = 0
    grad_w1 = x.t().mm(grad_h)
    return grad_w1, grad_w2, grad_h_relu


@ex.oracle
def expected(x, y, w2, h, h_relu, y_pred):
    x, y, w2, h, h_relu, y_pred = (t.numpy() for t in (x, y, w2, h, h_relu, y_pred))
    slope = 2 * (y_pred - y)
    arrives = np.einsum("nd,kd->nk", slope, w2)
    grad_w1 = np.einsum("nj,nk,nk->jk", x, arrives, (h >= 0).astype(float))
    return tuple(torch.tensor(a) for a in (grad_w1, np.einsum("nk,nd->kd", h_relu, slope), arrives))


@ex.cases
def cases(rng):
    given = ([[1.0]], [[1.0]], [[3.0], [1.0]], [[2.0, -1.0]], [[2.0, 0.0]], [[6.0]])
    yield tuple(torch.tensor(numbers, dtype=torch.float64) for numbers in given)
    for n, d_in, hidden, d_out in [(2, 3, 4, 1), (3, 3, 3, 3), (4, 2, 5, 3), (5, 4, 2, 2)]:
        shapes = [(n, d_in), (n, d_out), (d_in, hidden), (hidden, d_out)]
        x, y, w1, w2 = (torch.tensor(rng.normal(size=shape)) for shape in shapes)
        h = x.mm(w1)
        h_relu = h.clamp(min=0)
        yield x, y, w2, h, h_relu, h_relu.mm(w2)


@ex.picture(
    "On the left, two names, grad_h_relu and grad_h, with arrows to one row of four boxes that holds 10, 0, 30, 0. On "
    "the right, the row as it arrived: 10, 20, 30, 40.",
    "Figure E46. What arrived (right), and what both names show at the end (left).",
)
def picture():
    figure, ax = canvas(15, 4.2, inches=7)
    grid(ax, [[10, 0, 30, 0]], 4.3, 1.5, ORANGE, hatch="//")
    grid(ax, [[10, 20, 30, 40]], 10.3, 1.5, SKY)
    for y, name in [(0.9, "grad_h_relu"), (3.1, "grad_h")]:
        label(ax, 1.7, y, name, family="monospace")
        ax.annotate("", (4.2, 2.0), (3.4, y), arrowprops={"arrowstyle": "->", "lw": 2})
    label(ax, 12.3, 3.3, "what arrived")
    label(ax, 6.5, 3.3, "at the end")
    return figure


@ex.right
def multiplied_by_the_mask(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    grad_h_relu = g.mm(w2.t())
    return x.t().mm(grad_h_relu * (h >= 0)), h_relu.t().mm(g), grad_h_relu


@ex.right
def with_where(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    grad_h_relu = g @ w2.T
    grad_h = torch.where(h < 0, torch.zeros_like(h), grad_h_relu)
    return x.T @ grad_h, h_relu.T @ g, grad_h_relu


@ex.right
def computed_twice(x, y, w2, h, h_relu, y_pred):
    grad_y_pred = 2.0 * (y_pred - y)
    grad_h = grad_y_pred.mm(w2.t())
    grad_h[h < 0] = 0
    return x.t().mm(grad_h), h_relu.t().mm(grad_y_pred), grad_y_pred.mm(w2.t())


@ex.wrong(
    "grad_h_relu still carries the zeros: it and grad_h lie in one memory, or the copy was made after the zeros.",
    ask="How many tensors does grad_h = grad_h_relu make, and at which line must there be two?",
)
def copied_too_late(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    grad_h_relu = g.mm(w2.t())
    grad_h_relu[h < 0] = 0
    grad_h = grad_h_relu.clone()
    return x.t().mm(grad_h), h_relu.t().mm(g), grad_h_relu


@ex.wrong(
    "grad_h_relu is right now, but nothing is stopped at relu any more, and grad_w1 has become wrong.",
    ask="Where h was negative, how much does the loss move when h moves a little?",
)
def mask_taken_away(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    grad_h_relu = g.mm(w2.t())
    return x.t().mm(grad_h_relu), h_relu.t().mm(g), grad_h_relu


@ex.wrong(
    "You copied h: grad_h then holds hidden values, and no gradient.",
    ask="Which tensor arrives from behind, and is to be passed on with zeros in it?",
)
def copy_of_h(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    grad_h = h.clone()
    grad_h[h < 0] = 0
    return x.t().mm(grad_h), h_relu.t().mm(g), g.mm(w2.t())


@ex.wrong(
    "The copy is there, but the zeros went into the wrong one: grad_w1 is computed from the gradient without zeros.",
    ask="Which of the two tensors belongs to h, in front of the relu?",
)
def zeros_in_the_wrong_one(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    grad_h_relu = g.mm(w2.t())
    grad_h = grad_h_relu.clone()
    grad_h_relu[h < 0] = 0
    return x.t().mm(grad_h), h_relu.t().mm(g), grad_h_relu


@ex.wrong(
    "The mask stops negative gradients. relu stops by the sign of its own input, h.",
    ask="What does relu look at on the way forward: h, or a gradient that does not exist yet?",
)
def mask_from_the_gradient(x, y, w2, h, h_relu, y_pred):
    g = 2.0 * (y_pred - y)
    grad_h_relu = g.mm(w2.t())
    return x.t().mm(grad_h_relu.clamp(min=0)), h_relu.t().mm(g), grad_h_relu


ex.equivalents = {
    "grad_h[h < 0] = 0 → grad_h[h <= 0] = 0": "at exactly 0 relu has no derivative; both choices are accepted",
}
