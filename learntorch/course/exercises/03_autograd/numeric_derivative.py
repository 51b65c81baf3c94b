"""Exercise 15: the gradient by trying."""

import numpy as np

from learntorch.course.exercises.arrows import BLUE, GREEN, RED
from learntorch.course.practice.compare import text
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "numeric-derivative",
    chapter=3,
    number=15,
    title="The gradient by trying",
    kind="function",
    minutes=12,
    prompt="""
    Every formula that you write in this notebook needs a judge that knows nothing about formulas. The numeric
    derivative is one: move a number a little to both sides, and see how far the result moves.

    Write `numeric_gradient(f, x, h)`. `f` takes an array and returns one number; `x` is a NumPy array of any shape;
    `h` is the size of a step. The result has the shape of `x`. At each place it holds

    $$\\frac{f(x \\text{ with this element raised by } h) - f(x \\text{ with this element lowered by } h)}{2h}$$

    One element moves at a time, the others stay. For $x^2$ at $x = 3$ with $h = 0.5$ this is
    $(3.5^2 - 2.5^2) / 1 = 6$. Leave `x` as it was.
    """,
    hints=(
        "When the second element is moved, where should the first one be?",
        "A step is an array of zeros with `h` at one place. If it is flat, one number names the place, and "
        "`.reshape(x.shape)` then gives it the shape of `x`. Adding it to `x` makes a new array and leaves `x` alone.",
        "By hand, for f(p, q) = p·q² at (2, 3) with h = 1. The place of p: (3·9 − 1·9) / 2 = 9. The place of q: "
        "(2·16 − 2·4) / 2 = 12. Four calls of f for two numbers.",
    ),
    why="For x² the result is exact with any h; for x³ it is too large by h². When do the two sides' errors cancel?",
    show=lambda f, x, h: f"f(x) = {f.__doc__}\nx = {text(x)}\nh = {h:g}",
)


@ex.solution
def numeric_gradient(f, x, h):
    # <blank>
    gradient = np.zeros(x.size)
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = h
        step = step.reshape(x.shape)
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient.reshape(x.shape)
    # </blank>


def squares(x):
    """the sum of x²"""
    return (x * x).sum()


def cubes(x):
    """the sum of x³"""
    return (x * x * x).sum()


def product(x):
    """all the elements of x multiplied"""
    return x.prod()


def weighted(x):
    """1·x₁² + 2·x₂² + 3·x₃² + …"""
    return (np.arange(1, x.size + 1).reshape(x.shape) * x * x).sum()


@ex.oracle
def expected(f, x, h):
    flat = [float(v) for v in x.reshape(-1)]
    if f is squares:
        slopes = [2 * v for v in flat]
    elif f is cubes:
        slopes = [3 * v * v + h * h for v in flat]  # ((v + h)³ − (v − h)³) / 2h
    elif f is product:
        slopes = [float(np.prod(flat[:i] + flat[i + 1 :])) for i in range(len(flat))]
    else:
        slopes = [2 * (i + 1) * v for i, v in enumerate(flat)]
    return np.array(slopes).reshape(x.shape)


@ex.cases
def cases(rng):
    yield squares, np.array([3.0]), 0.5
    yield cubes, np.array([1.0, -2.0]), 0.5
    yield product, np.array([2.0, 3.0, 5.0]), 0.5
    yield weighted, np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]]), 0.25
    yield cubes, rng.normal(size=(3, 3)), 0.125
    yield product, rng.normal(size=(2, 1, 2)), 0.25
    yield cubes, np.array(1.5), 0.25


@ex.picture(
    "A curve that rises and bends. Two points on it, at x − h and x + h, are joined by a dashed line; between them "
    "lies the point at x, and a dotted line touches the curve there. The two lines are nearly parallel.",
    "Figure E15. The slope at x, and the slope of the line through its two neighbours.",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.4))
    ax = figure.add_axes((0.02, 0.12, 0.96, 0.85))
    x, h, at = 1.0, 0.7, np.linspace(-0.2, 2.1, 100)
    ax.plot(at, at**3, color=BLUE, lw=2.2)
    slope = ((x + h) ** 3 - (x - h) ** 3) / (2 * h)
    ends = np.array([x - h - 0.2, x + h + 0.15])
    ax.plot(ends, (x - h) ** 3 + slope * (ends - x + h), color=RED, ls="--", lw=2)
    ax.plot(ends[[0, 1]] * 0.7 + 0.3, 1 + 3 * (ends * 0.7 + 0.3 - 1), color=GREEN, ls=":", lw=2.5)
    ax.plot([x - h, x, x + h], [(x - h) ** 3, 1, (x + h) ** 3], "o", color="black", ms=8)
    for place, text_ in [(x - h, "x − h"), (x, "x"), (x + h, "x + h")]:
        ax.vlines(place, -2.2, place**3, color="black", lw=0.8)
        ax.text(place + 0.03, -2.1, text_, fontsize=13)
    ax.set_ylim(-2.3, 7.5)
    ax.axis("off")
    return figure


@ex.right
def with_places(f, x, h):
    slopes = np.empty_like(x)
    for at in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[at] += h
        down[at] -= h
        slopes[at] = (f(up) - f(down)) / h / 2
    return slopes


@ex.right
def with_the_rows_of_a_table(f, x, h):
    steps = h * np.eye(x.size)
    return np.array([f(x + s.reshape(x.shape)) - f(x - s.reshape(x.shape)) for s in steps]).reshape(x.shape) / (2 * h)


@ex.wrong(
    "This is a step to one side only. On a curve that bends, it measures the slope beside the point.",
    ask="Which two points lie equally far from x, one on each side?",
)
def forward_difference(f, x, h):
    slopes = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[at] = h
        slopes[at] = (f(x + step) - f(x)) / h
    return slopes


@ex.wrong(
    "Every slope is twice as large as it should be: the two points lie 2h apart, and you divide by h.",
    ask="How far is it from x − h to x + h?",
)
def missing_two(f, x, h):
    slopes = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[at] = h
        slopes[at] = (f(x + step) - f(x - step)) / h
    return slopes


@ex.wrong(
    "The slopes are right, but x is not what it was: your steps were written into it.",
    ask="Who else may be using the array that was given to you?",
)
def writes_into_x(f, x, h):
    slopes = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        here = x[at]
        x[at] = here + h
        above = f(x)
        x[at] = here - h
        slopes[at] = (above - f(x)) / (2 * h)
        x[at] = here
    x += h
    return slopes


@ex.wrong(
    "All elements move at once, so every place gets the sum of all slopes.",
    ask="If p and q both move, how do you tell which of them moved the result?",
)
def all_at_once(f, x, h):
    return np.zeros(x.shape) + (f(x + h) - f(x - h)) / (2 * h)


@ex.wrong(
    "The steps pile up: when an element has had its turn, it is not put back before the next one moves.",
    ask="Where does the first element stand while the second is measured?",
)
def steps_pile_up(f, x, h):
    slopes, step = np.zeros(x.shape), np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        step[at] = h
        up = f(x + step)
        down = step.copy()
        down[at] = -h
        slopes[at] = (up - f(x + down)) / (2 * h)
    return slopes


@ex.wrong(
    "The slopes are right and lie in a flat row. The gradient has the shape of x.",
    ask="If x is a table, which place in the gradient belongs to x[1, 0]?",
)
def in_a_row(f, x, h):
    steps = h * np.eye(x.size)
    return np.array([(f(x + s.reshape(x.shape)) - f(x - s.reshape(x.shape))) / (2 * h) for s in steps])


ex.equivalents = {
    "gradient = np.zeros(x.size) → gradient = np.ones(x.size)": "Every element is written to afterwards.",
}
