"""Exercise 1: the shapes of a few expressions."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "predict-shapes",
    chapter=1,
    number=1,
    title="Shapes",
    kind="predict",
    minutes=5,
    prompt="""
    Most mistakes in a network are mistakes in a shape. Who predicts the shape of every line finds them without
    running anything.

    ```python
    x = torch.zeros(2, 1, 3)
    ```

    Before you run anything: what is the shape of each of these? Write it as a tuple. A tensor without dimensions has
    the shape `()`.

    - **a** `x[0]`
    - **b** `x.sum(dim=0)`
    - **c** `x[:, :, 1]`
    - **d** `x.sum()`
    - **e** `x.permute(2, 0, 1)`
    """,
    hints=(
        "An index with a number takes one dimension away. Which one, in each case?",
        "A size of 1 is a dimension like any other: it stays until something removes it. In `permute`, each argument "
        "names the old dimension that comes to that place.",
        "For `y = torch.zeros(4, 1)`: `y[0]` is `(1,)`, `y.sum(dim=0)` is `(1,)`, `y[:, 0]` is `(4,)`, "
        "`y.permute(1, 0)` is `(1, 4)`.",
    ),
    why="Why is `x.sum()` a tensor of shape `()` and not of shape `(1,)`?",
)


@ex.oracle
def truth():
    x = torch.zeros(2, 1, 3)
    results = {"a": x[0], "b": x.sum(dim=0), "c": x[:, :, 1], "d": x.sum(), "e": x.permute(2, 0, 1)}
    return {name: tuple(y.shape) for name, y in results.items()}


@ex.picture(
    "Two tables, one behind the other. Each has one row of three boxes. An arrow to the right is dimension 2 of length "
    "3, an arrow downward is dimension 1 of length 1, an arrow to the back is dimension 0 of length 2.",
    "Figure E1. The tensor `x`: two tables, each with one row of three numbers.",
)
def picture():
    figure, ax = canvas(11, 4.6, inches=6.5)
    grid(ax, [[0, 0, 0]], 5.2, 0.9, SKY)
    grid(ax, [[0, 0, 0]], 4, 1.9, ORANGE)
    arrow = {"arrowstyle": "->", "lw": 1.5}
    for tail, head, at, text in [
        ((4, 3.3), (7, 3.3), (5.5, 3.8), "dimension 2, length 3"),
        ((3.6, 1.9), (3.6, 2.9), (1.9, 2.6), "dimension 1,\nlength 1"),
        ((3.6, 1.7), (4.9, 0.7), (2.4, 0.8), "dimension 0,\nlength 2"),
    ]:
        ax.annotate("", head, tail, arrowprops=arrow)
        label(ax, *at, text)
    return figure


ex.right(a=[1, 3], b=[1, 3], c=[2, 1], d=[], e=[3, 2, 1])
ex.right(a=torch.Size([1, 3]), b=(1, 3), c=(2, 1), d=(), e=(3, 2, 1))
ex.wrong("You dropped dimensions of size 1. They stay until something removes them.",
         ask="How many dimensions has x, and how many does one index number take away?",
         a=(3,), b=(3,), c=(2,))  # fmt: skip
ex.wrong("An index with a number removes its dimension. Yours are still there, with length 1.",
         ask="What is the difference between x[0] and x[0:1]?", a=(1, 1, 3), c=(2, 1, 1))  # fmt: skip
ex.wrong("A sum along a dimension removes it. Yours is still there, with length 1, as with keepdim=True.",
         ask="Which number vanishes from (2, 1, 3) when dimension 0 is summed up?", b=(1, 1, 3))  # fmt: skip
ex.wrong("You sent each dimension to the place that its argument names. It is the other way round: the argument at a "
         "place names the old dimension that comes there.",
         ask="The first argument is 2. Where does dimension 2, of length 3, stand now?", e=(1, 3, 2))  # fmt: skip
ex.wrong("permute does not reverse: its arguments say, place by place, which old dimension comes there.",
         ask="If permute reversed, what would its three arguments be for?", e=(3, 1, 2))  # fmt: skip
ex.wrong("A sum over everything has no dimension left: its shape is (), not (1,).",
         ask="How many index numbers do you need to name the only element?", d=(1,))  # fmt: skip
