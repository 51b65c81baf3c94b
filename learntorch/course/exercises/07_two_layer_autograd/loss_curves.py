"""Exercise 47: four training loops and their loss curves."""

from functools import cache

import learntorch as torch
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "loss-curves",
    chapter=7,
    number=47,
    title="Which loop drew which curve?",
    kind="choose",
    minutes=6,
    prompt="""
    A loss curve is the first thing that you see of a training run, and often the only thing that says something is
    wrong. Four loops train the same net on the same data from the same start. Three of them use the same learning
    rate.

    - **loop** the loop of the chapter: forward, `loss.backward()`, update in `no_grad`, `zero_()`
    - **no_zero** the same without `zero_()`
    - **plus** the same with `w1 += learning_rate * w1.grad`, and so for `w2`
    - **small** the loop of the chapter with a hundredth of the learning rate

    Which curve, A, B, C or D, belongs to which? Answer with letters.
    """,
    hints=(
        "Which of the curves go down at every step? Of those, which is the quick one and which the slow one?",
        "A step against the gradient lowers the loss, and a hundredth of that step lowers it by about a hundredth as "
        "much. A sum of all gradients keeps pushing when the bottom is already passed.",
        "Four sledges on a slope. One has brakes and stops in the valley. One has none, runs up the other side and "
        "comes back. One is let down inch by inch and is still near the top. One is pulled uphill.",
    ),
    why="Two of the curves agree in their first two points. Which two, and why no longer?",
)
RATE, STEPS = 2e-4, 60
PROGRAMS = {
    "no_zero": {"clear": False},
    "small": {"rate": RATE / 100},
    "plus": {"rate": -RATE},
    "loop": {},
}  # the order of the letters in the picture: A, B, C, D


@cache
def run(clear=True, rate=RATE):
    """The losses of one run."""
    generator = torch.Generator().manual_seed(4)
    x, y, w1, w2 = (torch.randn(*shape, generator=generator) for shape in [(20, 10), (20, 4), (10, 12), (12, 4)])
    w1.requires_grad_()
    w2.requires_grad_()
    losses = []
    for _ in range(STEPS):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= rate * w.grad
                if clear:
                    w.grad.zero_()
    return losses


@ex.oracle
def truth():
    drawn = {letter: run(**how) for letter, how in zip("ABCD", PROGRAMS.values())}
    wanted = {"loop": {}, "no_zero": {"clear": False}, "plus": {"rate": -RATE}, "small": {"rate": RATE / 100}}
    return {name: next(k for k, curve in drawn.items() if curve is run(**how)) for name, how in wanted.items()}


@ex.picture(
    "Four curves of the loss against the step, on a logarithmic axis. A, dashed with circles, falls fast, then swings "
    "up and down. B, dotted with squares, stays almost level. C, dash-dotted with triangles, rises out of the "
    "picture. D, solid with diamonds, falls at every step and ends lowest.",
    "Figure E47. Four loops, one net, one start.",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 3.6))
    ax = figure.subplots()
    looks = [("#D55E00", "--", "o"), ("#009E73", ":", "s"), ("#CC79A7", "-.", "^"), ("#0072B2", "-", "D")]
    for letter, how, (color, style, marker) in zip("ABCD", PROGRAMS.values(), looks):
        ax.plot(run(**how), color=color, ls=style, marker=marker, markevery=6, lw=2, label=letter)
    ax.set_yscale("log")
    ax.set_ylim(10, 1e6)
    ax.set_xlabel("step", fontsize=12)
    ax.set_ylabel("loss", fontsize=12)
    ax.tick_params(labelsize=11)
    ax.legend(fontsize=12)
    figure.tight_layout()
    return figure


ex.right(loop="D", no_zero="A", plus="C", small="B")
ex.right(loop="d", no_zero="a", plus="c", small="b")
ex.wrong("You gave the swinging curve to the correct loop. A loop that clears its gradients goes down step by step "
         "here; what swings is the sum of old gradients, which runs past the bottom.",
         ask="Which gradients still push in step 20, if nothing was ever cleared?", loop="A", no_zero="D")  # fmt: skip
ex.wrong("You took the level curve for the loop that forgot zero_(). Forgetting makes the steps longer, and not "
         "shorter: old gradients are added to the new ones.",
         ask="After three equal gradients, how large is their sum?", no_zero="B", small="A")  # fmt: skip
ex.wrong("You took the rising curve for the missing zero_(). That one falls at first, since its first update is right; "
         "the rising one goes uphill from the first step.",
         ask="In which step do the gradients first pile up?", no_zero="C", plus="A")  # fmt: skip
ex.wrong("You gave the slow curve to the correct loop. It and the fast one are the same program, and one of them has a "
         "hundredth of the learning rate.",
         ask="Which of two curves falls less in each step, if its steps are a hundredth as long?",
         loop="B", small="D")  # fmt: skip
