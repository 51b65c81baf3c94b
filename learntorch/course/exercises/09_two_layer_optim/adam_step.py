"""Exercise 40: one step of Adam."""

import math

import numpy as np

import learntorch as torch
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "adam-step",
    chapter=9,
    number=40,
    title="Adam, a step size for every weight",
    kind="function",
    minutes=15,
    slot="adam-step",
    builds="the rule of learntorch.optim.Adam",
    forbids=("Adam", "AdamW", "optim"),
    prompt="""
    Adam is the rule that most programs use, and five lines long. With t the number of the step, counted from 1:

    $$m \\leftarrow \\beta_1 m + (1-\\beta_1)\\,g, \\qquad v \\leftarrow \\beta_2 v + (1-\\beta_2)\\,g^2,$$
    $$\\hat m = \\frac{m}{1-\\beta_1^t}, \\qquad \\hat v = \\frac{v}{1-\\beta_2^t}, \\qquad
    w \\leftarrow w - \\text{lr}\\,\\frac{\\hat m}{\\sqrt{\\hat v} + \\varepsilon}$$

    Write `adam_step(w, state, lr, betas, eps)` for one parameter. `w` asks for gradients and has one in `w.grad`;
    `betas` is the pair (β₁, β₂). `state` is the memory of this one parameter: a dictionary that is empty before the
    first step. Fill it then, and renew it in each step. `state["t"]` is the count, a whole number; `state["m"]` and
    `state["v"]` are tensors like `w` that start at zero. Write the new numbers into `w`; return nothing; record
    nothing.
    """,
    hints=(
        "What must be in the state before the first step, and how can you see that it is the first?",
        "m and v are two tensors, and the state keeps them without their hats: the hats are computed anew in each "
        "step. ε is added to the root. The update stands in no_grad.",
        "A first step with lr = 1, betas = (0.5, 0.75), g = 4, ε = 0: m = 2, v = 4; the divisors are 0.5 and 0.25, so "
        "the hats are 4 and 16, and the weight moves by 4 / √16 = 1.",
    ),
    why="In the first step every weight moves by about lr, whatever its gradient. Which two hats show it?",
    show=lambda w, grads, lr, betas, eps: (
        f"w = {w.detach().tolist()}, state = {{}}, lr = {lr}, betas = {betas}, eps = {eps}\n"
        f"the gradients, step by step:\n" + "\n".join(str([round(x, 4) for x in g.flatten().tolist()]) for g in grads)
    ),
)


@ex.solution
def adam_step(w, state, lr, betas, eps):
    # <blank>
    beta1, beta2 = betas
    if not state:
        state["t"] = 0
        state["m"] = torch.zeros_like(w)
        state["v"] = torch.zeros_like(w)
    state["t"] += 1
    t, m, v = state["t"], state["m"], state["v"]
    with torch.no_grad():
        m.mul_(beta1).add_((1 - beta1) * w.grad)
        v.mul_(beta2).add_((1 - beta2) * w.grad * w.grad)
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        w.sub_(lr * m_hat / (v_hat.sqrt() + eps))
    # </blank>


@ex.judged
def judged(adam_step, w, grads, lr, betas, eps):
    """A parameter and its memory after a few steps; between them a second parameter takes steps of its own."""
    state, other, others_state = {}, torch.ones(2, dtype=torch.float64).requires_grad_(), {}
    for g in grads:
        w.grad = g.clone()
        other.grad = torch.tensor([5.0, -0.1], dtype=torch.float64)
        adam_step(w, state, lr, betas, eps)
        adam_step(other, others_state, lr, betas, eps)
    found = {"w": w.detach(), **{name: state.get(name) for name in ("t", "m", "v")}}
    if not w.requires_grad:
        return "w asks for no gradient any more"
    return {**found, "another parameter": other.detach(), "last gradient": w.grad}


def by_hand(numbers, grads, lr, betas, eps):
    """Adam on plain numbers, with every average as a weighted sum of all gradients so far."""
    path = np.array(numbers, dtype=float)
    for t in range(1, len(grads) + 1):
        ages = range(t)
        m = sum((1 - betas[0]) * betas[0] ** age * grads[t - 1 - age] for age in ages)
        v = sum((1 - betas[1]) * betas[1] ** age * grads[t - 1 - age] ** 2 for age in ages)
        total_m, total_v = (sum((1 - b) * b**age for age in ages) for b in betas)
        path = path - lr * (m / total_m) / (np.sqrt(v / total_v) + eps)
    return path, m, v


@ex.oracle
def expected(w, grads, lr, betas, eps):
    path, m, v = by_hand(w.detach().numpy(), [g.numpy() for g in grads], lr, betas, eps)
    other, _, _ = by_hand([1.0, 1.0], [np.array([5.0, -0.1])] * len(grads), lr, betas, eps)
    return {"w": torch.tensor(path), "t": len(grads), "m": torch.tensor(m), "v": torch.tensor(v),
            "another parameter": torch.tensor(other), "last gradient": grads[-1]}  # fmt: skip


@ex.cases
def cases(rng):
    def weight(values):
        return torch.tensor(values, dtype=torch.float64).requires_grad_()

    def gradients(*shape, steps=1, scale=1.0):
        return [torch.tensor(scale * rng.normal(size=shape)) for _ in range(steps)]

    yield weight([1.0]), [torch.tensor([4.0]).double()], 0.1, (0.5, 0.75), 1.0
    yield weight([1.0]), [torch.tensor([4.0]).double(), torch.tensor([-2.0]).double()], 0.1, (0.5, 0.75), 1.0
    yield weight(rng.normal(size=(2, 3))), gradients(2, 3, steps=3), 0.01, (0.9, 0.999), 1e-8
    yield weight(rng.normal(size=4)), gradients(4, steps=4, scale=1e-3), 0.1, (0.9, 0.99), 0.01
    yield weight(rng.normal(size=(2, 2))), gradients(2, 2, steps=2, scale=500.0), 1e-3, (0.8, 0.9), 0.5


@ex.picture(
    "Two panels with two bars each, for the gradients 0.003 and minus 500. Left, the size of the gradient on a "
    "logarithmic axis: one bar is short, the other reaches five powers of ten higher. Right, the length of Adam's "
    "first step with a learning rate of 0.1: both bars are 0.1.",
    "Figure E40. Two gradients of very different size (left), and the first steps that Adam makes of them (right).",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 3))
    axes = figure.subplots(1, 2)
    names = ["g = 0.003", "g = −500"]
    for ax, heights, title in [
        (axes[0], [0.003, 500], "size of the gradient"),
        (axes[1], [0.1, 0.1], "length of the step"),
    ]:
        bars = ax.bar(names, heights, color=["#E69F00", "#56B4E9"], edgecolor="black", width=0.6)
        bars[0].set_hatch("//")
        ax.set_title(title, fontsize=12)
        ax.tick_params(labelsize=11)
    axes[0].set_yscale("log")
    axes[0].set_ylim(1e-3, 1e3)
    axes[1].set_ylim(0, 0.14)
    figure.tight_layout()
    return figure


@ex.right
def with_one_step_size(w, state, lr, betas, eps):
    state.setdefault("t", 0)
    state.setdefault("m", torch.zeros(w.shape, dtype=w.dtype))
    state.setdefault("v", torch.zeros(w.shape, dtype=w.dtype))
    state["t"] = state["t"] + 1
    state["m"] = betas[0] * state["m"] + (1 - betas[0]) * w.grad
    state["v"] = betas[1] * state["v"] + (1 - betas[1]) * w.grad**2
    step = lr / (1 - betas[0] ** state["t"])
    size = state["v"].sqrt() / math.sqrt(1 - betas[1] ** state["t"]) + eps
    w.data -= step * state["m"] / size


@ex.right
def moved_towards_the_gradient(w, state, lr, betas, eps):
    with torch.no_grad():
        if "t" not in state:
            state.update(t=0, m=w * 0, v=w * 0)
        state["t"] += 1
        state["m"] += (1 - betas[0]) * (w.grad - state["m"])
        state["v"] += (1 - betas[1]) * (w.grad.pow(2) - state["v"])
        m_hat, v_hat = (state[name] / (1 - beta ** state["t"]) for name, beta in zip("mv", betas))
        w -= lr * m_hat / (v_hat**0.5 + eps)


@ex.wrong(
    "The hats are missing: the averages start at zero and are too small at first, and nothing makes up for it.",
    ask="With β₁ = 0.9, how large is m after one step with the gradient 1?",
)
def without_hats(w, state, lr, betas, eps):
    if not state:
        state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    state["t"] += 1
    with torch.no_grad():
        m = state["m"].mul_(betas[0]).add_((1 - betas[0]) * w.grad)
        v = state["v"].mul_(betas[1]).add_((1 - betas[1]) * w.grad * w.grad)
        w.sub_(lr * m / (v.sqrt() + eps))


@ex.wrong(
    "ε stands inside the root. For ε = 1e-8 its root is 1e-4, and small gradients are held back far too much.",
    ask="In the formula, what comes first: the root or the sum?",
)
def eps_inside_the_root(w, state, lr, betas, eps):
    if not state:
        state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        m = state["m"].mul_(betas[0]).add_((1 - betas[0]) * w.grad)
        v = state["v"].mul_(betas[1]).add_((1 - betas[1]) * w.grad * w.grad)
        w.sub_(lr * (m / (1 - betas[0] ** t)) / (v / (1 - betas[1] ** t) + eps).sqrt())


@ex.wrong(
    "m and v are one tensor under two names: each writes over the other.",
    ask="How many tensors does m = v = torch.zeros_like(w) make?",
)
def one_tensor_for_both(w, state, lr, betas, eps):
    if not state:
        state["t"] = 0
        state["m"] = state["v"] = torch.zeros_like(w)
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        m = state["m"].mul_(betas[0]).add_((1 - betas[0]) * w.grad)
        v = state["v"].mul_(betas[1]).add_((1 - betas[1]) * w.grad * w.grad)
        w.sub_(lr * (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps))


@ex.wrong(
    "The averages with their hats were put back into the state, so the correction is applied again in every step.",
    ask="Which of the two belongs to the memory: m, or what this one step makes of it?",
)
def hats_kept(w, state, lr, betas, eps):
    if not state:
        state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        state["m"] = (betas[0] * state["m"] + (1 - betas[0]) * w.grad) / (1 - betas[0] ** t)
        state["v"] = (betas[1] * state["v"] + (1 - betas[1]) * w.grad * w.grad) / (1 - betas[1] ** t)
        w.sub_(lr * state["m"] / (state["v"].sqrt() + eps))


@ex.wrong(
    "The first step was counted as number 0. Then 1 − β⁰ is 0, and everything is divided by zero.",
    ask="Which t must stand in the formula when the first gradient arrives?",
)
def counted_from_zero(w, state, lr, betas, eps):
    if not state:
        state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    t = state["t"]
    with torch.no_grad():
        m = state["m"].mul_(betas[0]).add_((1 - betas[0]) * w.grad)
        v = state["v"].mul_(betas[1]).add_((1 - betas[1]) * w.grad * w.grad)
        w.sub_(lr * (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps))
    state["t"] = t + 1


@ex.wrong(
    "The count stays at 1: the hats of the first step are used in all of them.",
    ask="By what should m be divided in step 100, when 0.9¹⁰⁰ is nearly 0?",
)
def count_stands_still(w, state, lr, betas, eps):
    if not state:
        state.update(t=1, m=torch.zeros_like(w), v=torch.zeros_like(w))
    with torch.no_grad():
        m = state["m"].mul_(betas[0]).add_((1 - betas[0]) * w.grad)
        v = state["v"].mul_(betas[1]).add_((1 - betas[1]) * w.grad * w.grad)
        w.sub_(lr * (m / (1 - betas[0])) / ((v / (1 - betas[1])).sqrt() + eps))


@ex.wrong(
    "The root is missing: the step is divided by the average of the squares itself.",
    ask="A gradient ten times as large: how much larger is its square, and how much larger its root?",
)
def without_the_root(w, state, lr, betas, eps):
    if not state:
        state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        m = state["m"].mul_(betas[0]).add_((1 - betas[0]) * w.grad)
        v = state["v"].mul_(betas[1]).add_((1 - betas[1]) * w.grad * w.grad)
        w.sub_(lr * (m / (1 - betas[0] ** t)) / (v / (1 - betas[1] ** t) + eps))


@ex.wrong(
    "The parameter has not moved: w = … made a new tensor, and the net still holds the old one.",
    ask="Which operation writes into the tensor that the net holds?",
)
def weight_rebound(w, state, lr, betas, eps):
    if not state:
        state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        m = state["m"].mul_(betas[0]).add_((1 - betas[0]) * w.grad)
        v = state["v"].mul_(betas[1]).add_((1 - betas[1]) * w.grad * w.grad)
        w = w - lr * (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps)


@ex.wrong(
    "The betas were exchanged: β₁ belongs to the gradient, β₂ to its square.",
    ask="Which of the two averages should remember longer?",
)
def betas_exchanged(w, state, lr, betas, eps):
    if not state:
        state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        m = state["m"].mul_(betas[1]).add_((1 - betas[1]) * w.grad)
        v = state["v"].mul_(betas[0]).add_((1 - betas[0]) * w.grad * w.grad)
        w.sub_(lr * (m / (1 - betas[1] ** t)) / ((v / (1 - betas[0] ** t)).sqrt() + eps))
