"""Exercise 41: a training loop with two mistakes."""

import numpy as np

import learntorch as torch
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "training-loop",
    chapter=7,
    number=41,
    title="Fix the training loop",
    kind="debug",
    minutes=12,
    slot="training-loop",
    builds="the training loop of your two-layer net",
    rtol=1e-7,
    prompt="""
    Where a training program does not learn, look at its loop first: few mistakes there raise an error. This one has
    two. The first stops it in the second step. The second raises nothing, and spoils the curve.

    `train(x, y, w1, w2, learning_rate, steps)` should train the two weights, which ask for gradients, and return a list
    with the loss of every step, as a plain number. The weights that are handed in are the ones to be moved. Mend both
    mistakes.
    """,
    hints=(
        "What does a graph describe, and for how many walks back does it serve? And what does backward do with a "
        "gradient that is there already?",
        "Each step needs a forward pass of its own, since the weights have moved. And between an update and the next "
        "walk back, the gradients that were used must go.",
        "Measuring a room day by day: read the thermometer anew each morning, and empty the rain gauge after each "
        "reading. A gauge that nobody empties shows the rain of all days, and one that is emptied before it is read "
        "shows nothing.",
    ),
    why="Neither mistake shows in the first step. For how many steps must a loop run at least, to be tested?",
)


@ex.buggy
def train(x, y, w1, w2, learning_rate, steps):
    losses = []
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    for _ in range(steps):
        loss = (y_pred - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
    return losses


@ex.solution
def train(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        y_pred = x.mm(w1).clamp(min=0).mm(w2)
        loss = (y_pred - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
            w1.grad.zero_()
            w2.grad.zero_()
    return losses


# The ways in which a walk back can fail, told apart by what the message says.
STOPS = {words: type("RuntimeError", (RuntimeError,), {}) for words in ("second time", "inplace", "does not require")}


@ex.judged
def judged(train, x, y, w1, w2, learning_rate, steps):
    """The losses that a run returns, and where the weights of the caller are afterwards."""
    try:
        losses = train(x, y, w1, w2, learning_rate, steps)
    except RuntimeError as error:
        kind = next((kind for words, kind in STOPS.items() if words in str(error)), RuntimeError)
        raise kind(str(error)).with_traceback(error.__traceback__) from None
    if not (w1.requires_grad and w2.requires_grad):
        return "the weights no longer ask for gradients"
    return {"losses": losses, "w1": w1.detach(), "w2": w2.detach()}


@ex.oracle
def expected(x, y, w1, w2, learning_rate, steps):
    x, y, w1, w2 = (t.detach().numpy().copy() for t in (x, y, w1, w2))
    losses = []
    for _ in range(steps):
        h = x.dot(w1)
        slope = 2 * (np.maximum(h, 0).dot(w2) - y)
        losses.append(float(np.square(slope / 2).sum()))
        change_1 = x.T.dot(slope.dot(w2.T) * (h > 0))
        change_2 = np.maximum(h, 0).T.dot(slope)
        w1, w2 = w1 - learning_rate * change_1, w2 - learning_rate * change_2
    return {"losses": losses, "w1": torch.tensor(w1), "w2": torch.tensor(w2)}


@ex.cases
def cases(rng):
    small = ([[1.0], [2.0]], [[1.0], [0.0]], [[1.0, -1.0]], [[2.0], [1.0]])
    x, y, w1, w2 = (torch.tensor(numbers, dtype=torch.float64) for numbers in small)
    for steps in (1, 2):
        yield x, y, w1.clone().requires_grad_(), w2.clone().requires_grad_(), 0.01, steps
    for n, d_in, hidden, d_out, rate, steps in [(2, 3, 4, 1, 0.005, 2), (3, 3, 3, 3, 0.002, 4), (5, 2, 4, 3, 0.002, 3)]:
        shapes = [(n, d_in), (n, d_out), (d_in, hidden), (hidden, d_out)]
        x, y, w1, w2 = (torch.tensor(rng.normal(size=shape)) for shape in shapes)
        yield x, y, w1.requires_grad_(), w2.requires_grad_(), rate, steps


@ex.picture(
    "Loss against step for 60 steps, on a logarithmic axis. A solid line falls steadily. A dashed line falls a little "
    "faster for a few steps, then swings up and down and stays far above.",
    "Figure E41. The curve as it should be (solid), and after mending the first mistake alone (dashed).",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 3.2))
    ax = figure.subplots()
    for clear, color, style, name in [(True, "#0072B2", "-", "both mended"), (False, "#D55E00", "--", "one mended")]:
        generator = np.random.default_rng(1)
        shapes = [(20, 10), (20, 4), (10, 12), (12, 4)]
        x, y, w1, w2 = (torch.tensor(generator.normal(size=shape)) for shape in shapes)
        losses, sums = [], (torch.zeros_like(w1), torch.zeros_like(w2))
        for _ in range(60):
            a, b = w1.clone().requires_grad_(), w2.clone().requires_grad_()
            loss = (x.mm(a).clamp(min=0).mm(b) - y).pow(2).sum()
            losses.append(loss.item())
            loss.backward()
            sums = (a.grad, b.grad) if clear else (sums[0] + a.grad, sums[1] + b.grad)
            w1, w2 = w1 - 2e-4 * sums[0], w2 - 2e-4 * sums[1]
        ax.plot(losses, color=color, linestyle=style, linewidth=2, label=name)
    ax.set_yscale("log")
    ax.set_xlabel("step", fontsize=12)
    ax.set_ylabel("loss", fontsize=12)
    ax.tick_params(labelsize=11)
    ax.legend(fontsize=11)
    figure.tight_layout()
    return figure


@ex.right
def cleared_at_the_top(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        w1.grad = w2.grad = None
        loss = ((x @ w1).clamp(min=0) @ w2 - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w.sub_(learning_rate * w.grad)
        losses.append(loss.item())
    return losses


@ex.right
def without_dot_grad(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        loss = (torch.relu(x.mm(w1)).mm(w2) - y).pow(2).sum()
        g1, g2 = torch.autograd.grad(loss, [w1, w2])
        w1.data -= learning_rate * g1
        w2.data -= learning_rate * g2
        losses.append(loss.item())
    return losses


@ex.wrong(
    "The gradients are never cleared: from the second step on, the update uses the sum of all of them.",
    ask="backward adds. What is in w1.grad after the second walk back?",
)
def never_cleared(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
    return losses


@ex.wrong(
    "Only the gradient of w1 is cleared; that of w2 keeps piling up.",
    ask="How many tensors does one call of zero_() clear?",
)
def one_of_two_cleared(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
            w1.grad.zero_()
    return losses


@ex.wrong(
    "The gradients are cleared between the walk back and the update, so the update finds zeros and nothing moves.",
    ask="Who writes into w1.grad, who reads it, and where may it be cleared?",
)
def cleared_too_early(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1.grad.zero_()
            w2.grad.zero_()
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
    return losses


@ex.wrong(
    "The prediction is still computed once, before the loop. Its graph belongs to the first weights, and serves one "
    "walk back.",
    ask="Which lines must run again as soon as the weights have moved?",
)
def stale_prediction(x, y, w1, w2, learning_rate, steps):
    losses = []
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    for _ in range(steps):
        loss = (y_pred - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
            w1.grad.zero_()
            w2.grad.zero_()
    return losses


@ex.wrong(
    "With retain_graph the old graph is kept, but it still describes the old weights, and they were overwritten.",
    ask="The loss of step 2 should belong to the new weights. Where in your code are they used?",
)
def graph_retained(x, y, w1, w2, learning_rate, steps):
    losses = []
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    for _ in range(steps):
        loss = (y_pred - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward(retain_graph=True)
        with torch.no_grad():
            w1 -= learning_rate * w1.grad
            w2 -= learning_rate * w2.grad
            w1.grad.zero_()
            w2.grad.zero_()
    return losses


@ex.wrong(
    "The update comes before the walk back. It uses the gradient of the last step, and changes what this walk needs.",
    ask="Which line makes the gradient that the update is to use?",
)
def update_first(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        losses.append(loss.item())
        with torch.no_grad():
            if w1.grad is not None:
                w1 -= learning_rate * w1.grad
                w2 -= learning_rate * w2.grad
                w1.grad.zero_()
                w2.grad.zero_()
        loss.backward()
    return losses


@ex.wrong(
    "w1 = w1 - … made a new tensor. It asks for no gradient, and the weights that were handed in have not moved.",
    ask="Which of w1 -= d and w1 = w1 - d keeps the leaf?",
)
def new_tensors(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w1 = w1 - learning_rate * w1.grad
            w2 = w2 - learning_rate * w2.grad
    return losses


@ex.wrong(
    "The losses are right, but the weights that were handed in have not moved: you trained new tensors.",
    ask="Who else holds w1, and which tensor does that name still mean after w1 = …?",
)
def new_leaves(x, y, w1, w2, learning_rate, steps):
    losses = []
    for _ in range(steps):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        w1 = (w1 - learning_rate * w1.grad).detach().requires_grad_()
        w2 = (w2 - learning_rate * w2.grad).detach().requires_grad_()
    return losses


ex.equivalents = {
    "loss = (y_pred - y).pow(2).sum() → loss = (y - y_pred).pow(2).sum()": "a square does not know its sign",
}
