"""Exercise 32: which curve belongs to which line of code?"""

import math

import numpy as np

import learntorch as torch
import learntorch.nn.functional as F
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "match-curves",
    chapter=4,
    number=32,
    title="Which curve is it?",
    kind="choose",
    minutes=6,
    prompt="""
    ```python
    x = torch.linspace(-4, 4, 161)


    def slope(f, points):
        x = points.detach().clone().requires_grad_()
        f(x).sum().backward()
        return x.grad
    ```

    Each line below gives one of the curves A to F. One curve is left over. Which belongs to which? Answer with letters,
    for example `a="F"`.

    - **a** `F.relu(x)`
    - **b** `F.gelu(x)`
    - **c** `torch.tanh(x)`
    - **d** `torch.sigmoid(x)`
    - **e** `slope(torch.sigmoid, x)`

    One of them is new. `F.gelu(x)` is $x \\cdot \\Phi(x)$, where $\\Phi$ is an S from 0 to 1 much like the sigmoid,
    only steeper. You can find its curve by asking what the product is at −4, at −1, at 0 and at 4.
    """,
    hints=(
        "What is the value of each at x = 0? And far out, at −4 and at 4?",
        "A slope is no value: where a curve is flat, the curve of its slope is at 0; where a curve is steepest, its "
        "slope is highest. And if a positive share multiplies a negative number, the product is negative.",
        "For softplus, which is not among them: its value at 0 is 0.693, at −4 it is 0.018 and at 4 it is 4.018. Its "
        "slope is nearly 0 at −4, 0.5 at 0, and nearly 1 at 4: an S.",
    ),
    why="The curve that is left over is also a slope. Of which function, and how do you see it from its height?",
)


# What the picture shows, in mathematics; the answers come from running the code of the prompt.
CURVES = {
    "A": lambda v: 1 / (1 + math.exp(-v)),
    "B": lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2,
    "C": lambda v: 1 / math.cosh(v) ** 2,
    "D": lambda v: max(v, 0.0),
    "E": lambda v: 1 / (2 * math.cosh(v / 2)) ** 2,
    "F": math.tanh,
}
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000")


@ex.picture(
    "Six panels on one scale, x from minus 4 to 4, y from minus 1 to 2. A is an S from 0 to 1, at one half for x = 0. "
    "B is near 0 on the left, dips a little below 0 at about minus 0.75, passes the origin and rises out of the panel. "
    "C is a bell of height 1 at x = 0. D is 0 up to x = 0 and from there, with a sharp kink, rises out of the panel. "
    "E is a low, wide bell of height one quarter. F is an S from minus 1 to 1 through the origin.",
    "Figure E32. Six curves on the same scale. The dotted lines are at 1 and at −1.",
)
def figure():
    from matplotlib.figure import Figure

    x = np.linspace(-4, 4, 161)
    fig = Figure(figsize=(9, 5.6), layout="tight")
    for k, ((letter, f), color) in enumerate(zip(CURVES.items(), COLORS), 1):
        ax = fig.add_subplot(2, 3, k)
        for level in (-1, 1):
            ax.axhline(level, color="#767676", linestyle=":", linewidth=1)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(0, color="black", linewidth=0.8)
        ax.plot(x, [f(v) for v in x], color=color, linewidth=2.5)
        ax.set_ylim(-1.4, 2.4)
        ax.set_xticks([-4, -2, 0, 2, 4])
        ax.set_yticks([-1, 0, 1, 2])
        ax.tick_params(labelsize=11)
        ax.text(-3.7, 1.8, letter, fontsize=16, fontweight="bold")
        if k > 3:
            ax.set_xlabel("x", fontsize=12)
    return fig


def slope(f, points):
    """The derivative of f at each of the points, as in the chapter."""
    x = points.detach().clone().requires_grad_()
    f(x).sum().backward()
    return x.grad


@ex.oracle
def truth():
    x = torch.linspace(-4, 4, 161)
    results = {
        "a": F.relu(x),
        "b": F.gelu(x),
        "c": torch.tanh(x),
        "d": torch.sigmoid(x),
        "e": slope(torch.sigmoid, x),
    }
    drawn = {letter: np.array([f(v) for v in x.tolist()]) for letter, f in CURVES.items()}
    return {name: min(drawn, key=lambda letter: np.abs(drawn[letter] - y.numpy()).max()) for name, y in results.items()}


ex.right(a="D", b="B", c="F", d="A", e="E")
ex.right(a="d", b="b", c="f", d="a", e=" e ")
ex.wrong(
    "Relu and gelu are exchanged. Relu has a sharp kink at 0 and is never negative; gelu is smooth and dips below 0.",
    ask="What is x · Φ(x) at x = −1, where Φ is about 0.16?",
    a="B",
    b="D",
)
ex.wrong(
    "Tanh and sigmoid are exchanged. Both are an S; one of them passes through the origin.",
    ask="What are tanh(0) and sigmoid(0)?",
    c="A",
    d="F",
)
ex.wrong(
    "For the sigmoid you took its slope, and for its slope the sigmoid. A sigmoid rises all the way, so its slope is a "
    "hill: high where the S is steep, and near 0 where it is flat.",
    ask="At x = 4 the sigmoid is almost flat. What is its value there, and what is its slope?",
    d="E",
    e="A",
)
ex.wrong(
    "The slope of the sigmoid is a bell, but not this one: yours is 1 at the top, which is the slope of tanh.",
    ask="σ′ = σ(1 − σ). What is that at x = 0, where σ is one half?",
    e="C",
)
ex.wrong(
    "For tanh you took a bell, and tanh is the S through the origin: the bell is its slope.",
    ask="Is tanh(−2) positive or negative? And is the bell negative anywhere?",
    c="C",
)
