"""Exercise 39: one step of gradient descent with momentum."""

import numpy as np

import learntorch as torch
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "sgd-step",
    chapter=9,
    number=39,
    title="A ball that rolls",
    kind="fill-in",
    minutes=8,
    slot="sgd-step",
    builds="the rule of learntorch.optim.SGD",
    forbids=("SGD", "optim"),
    prompt="""
    An optimizer is a rule and a memory. Here is the rule of `SGD` with momentum, for one parameter.

    $$v \\leftarrow \\mu v + g, \\qquad w \\leftarrow w - \\text{lr}\\cdot v$$

    Write `sgd_step(w, v, lr, momentum)`. `w` is a tensor that asks for gradients and has one in `w.grad`; `v` is its
    velocity, a tensor of the same shape, zero before the first step. The function writes the new numbers **into** `w`
    and `v`, leaves the gradient as it is, and returns nothing. Nothing of it is recorded.

    For example, with `w = 1`, `v = 2`, a gradient of 3, `lr = 0.1` and `momentum = 0.5`, the velocity becomes 4 and the
    weight 0.6.
    """,
    hints=(
        "Which of the two changes first, and does the other one use the old value or the new one?",
        "Both tensors must keep their memory: the optimizer and the net hold them too. The methods with an underscore "
        "write in place: mul_, add_, sub_.",
        "A bank account v with interest r and a salary s: v.mul_(1 + r) and then v.add_(s). For v = 100, r = 0.5 and "
        "s = 20 that gives 170, in the same tensor.",
    ),
    why="In a constant slope g, which velocity no longer grows? Set v on both sides of the first formula.",
    show=lambda w, grads, lr, momentum: (
        f"w = {w.detach().tolist()}, v = 0, lr = {lr}, momentum = {momentum}\nthe gradients, step by step:\n"
        + "\n".join(str([round(x, 4) for x in g.flatten().tolist()]) for g in grads)
    ),
)


@ex.solution
def sgd_step(w, v, lr, momentum):
    with torch.no_grad():
        # <blank> ...  # 1: the velocity fades, and the gradient pushes it
        v.mul_(momentum).add_(w.grad)
        # </blank>
        # <blank> ...  # 2: the weight rolls
        w.sub_(lr * v)
        # </blank>


@ex.judged
def judged(sgd_step, w, grads, lr, momentum):
    """The weight and its velocity after a few steps, and what became of the last gradient."""
    v = torch.zeros_like(w)
    for g in grads:
        w.grad = g.clone()
        sgd_step(w, v, lr, momentum)
    if not w.requires_grad or v.requires_grad:
        return "w should ask for gradients as before, and v should not"
    return {"w": w.detach(), "v": v.detach(), "last gradient": w.grad}


@ex.oracle
def expected(w, grads, lr, momentum):
    # Every gradient pushes in all later steps, a little less each time: the sum of lr · g · (1 + μ + μ² + …).
    moved = np.array(w.detach().numpy())
    total = np.zeros_like(moved)
    for i, g in enumerate(grads):
        later = len(grads) - i
        moved -= lr * sum(momentum**k for k in range(later)) * g.numpy()
        total += momentum ** (later - 1) * g.numpy()
    return {"w": torch.tensor(moved), "v": torch.tensor(total), "last gradient": grads[-1]}


@ex.cases
def cases(rng):
    def weight(values):
        return torch.tensor(values, dtype=torch.float64).requires_grad_()

    yield weight([1.0]), [torch.tensor([3.0]).double()], 0.1, 0.5
    yield weight([1.0]), [torch.tensor([3.0]).double(), torch.tensor([-1.0]).double()], 0.1, 0.5
    for shape, steps, lr, momentum in [
        ((2, 3), 3, 0.01, 0.9),
        ((4,), 2, 1.0, 0.0),
        ((), 4, 0.5, 1.0),
        ((2, 2), 5, 2, 0.3),
    ]:
        yield weight(rng.normal(size=shape)), [torch.tensor(rng.normal(size=shape)) for _ in range(steps)], lr, momentum


@ex.picture(
    "Three arrows, tip to tail. From a ball at the left, a dashed arrow marked old v, faded runs to the right. From "
    "its tip a dotted arrow marked pushed by the gradient runs down. A solid arrow from the ball to the end is new v.",
    "Figure E39. The velocity in two steps, as arrows: it fades, then the slope pushes it.",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3))
    ax = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    ax.axis("off")
    ax.set_xlim(-0.6, 6)
    ax.set_ylim(-2.4, 0.9)
    for tail, head, color, style in [
        ((0, 0), (4, 0), "#0072B2", "--"),
        ((4, 0), (4, -1.8), "#D55E00", ":"),
        ((0, 0), (4, -1.8), "#000000", "-"),
    ]:
        look = {"arrowstyle": "-|>", "lw": 2.5, "ls": style, "color": color, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", head, tail, arrowprops=look)
    ax.plot(0, 0, "o", ms=18, color="#E69F00", mec="black")
    ax.text(2, 0.25, "old v, faded", ha="center", fontsize=12, color="#0072B2")
    ax.text(4.15, -0.9, "pushed by\nthe gradient", va="center", fontsize=12, color="#D55E00")
    ax.text(1.5, -1.35, "new v", ha="center", fontsize=12)
    return figure


@ex.right
def through_data(w, v, lr, momentum):
    v.copy_(momentum * v + w.grad)
    w.data -= lr * v


@ex.right
def written_into_every_place(w, v, lr, momentum):
    with torch.no_grad():
        v[...] = w.grad + v * momentum
        w -= v * lr


@ex.wrong(
    "The weight moves uphill: the velocity is added.",
    ask="A positive gradient says that the loss grows with w. Which way is down?",
)
def uphill(w, v, lr, momentum):
    with torch.no_grad():
        v.mul_(momentum).add_(w.grad)
        w.add_(lr * v)


@ex.wrong(
    "The gradient was scaled by 1 − momentum: that is a running average, as Adam keeps one. The velocity of SGD takes "
    "the whole gradient.",
    ask="How large does the velocity become in a constant slope: g, or g / (1 − μ)?",
)
def running_average(w, v, lr, momentum):
    with torch.no_grad():
        v.mul_(momentum).add_((1 - momentum) * w.grad)
        w.sub_(lr * v)


@ex.wrong(
    "The velocity that was handed in is still 0: v = … made a new tensor, and the memory of the ball is lost.",
    ask="Who holds the velocity between two steps, and which tensor is that after v = …?",
)
def velocity_rebound(w, v, lr, momentum):
    with torch.no_grad():
        v = momentum * v + w.grad
        w.sub_(lr * v)


@ex.wrong(
    "The weight has not moved: w = … made a new tensor, and the net still holds the old one.",
    ask="Which of w -= d and w = w - d writes into the tensor that the net holds?",
)
def weight_rebound(w, v, lr, momentum):
    with torch.no_grad():
        v.mul_(momentum).add_(w.grad)
        w = w - lr * v


@ex.wrong(
    "The weight uses the gradient alone, as without momentum: the velocity is computed and never used.",
    ask="What moves the ball in the second formula, the slope or its speed?",
)
def plain_descent(w, v, lr, momentum):
    with torch.no_grad():
        v.mul_(momentum).add_(w.grad)
        w.sub_(lr * w.grad)


@ex.wrong(
    "The weight rolls with the old velocity: the two lines are in the wrong order.",
    ask="In the very first step v is 0. Should the weight stay where it is?",
)
def rolls_first(w, v, lr, momentum):
    with torch.no_grad():
        w.sub_(lr * v)
        v.mul_(momentum).add_(w.grad)


@ex.wrong(
    "The new gradient faded too: the momentum multiplies the sum of both.",
    ask="With momentum 0 the rule should be plain descent. What does yours do then?",
)
def all_of_it_fades(w, v, lr, momentum):
    with torch.no_grad():
        v.add_(w.grad).mul_(momentum)
        w.sub_(lr * v)


@ex.wrong(
    "The learning rate went into the velocity. The weight is right as long as the rate never changes; the velocity is "
    "not.",
    ask="If lr is halved in mid-run, by how much should the very next step shrink?",
)
def rate_in_the_velocity(w, v, lr, momentum):
    with torch.no_grad():
        v.mul_(momentum).add_(lr * w.grad)
        w.sub_(v)


@ex.wrong(
    "The update was recorded, and a leaf that asks for gradients refuses that.",
    ask="Is the update a part of the formula of the loss?",
)
def recorded(w, v, lr, momentum):
    v.mul_(momentum).add_(w.grad)
    w.sub_(lr * v)
