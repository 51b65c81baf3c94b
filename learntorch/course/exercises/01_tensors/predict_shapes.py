"""Exercise 1: the shapes of a few expressions."""

import learntorch as torch
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "predict-shapes",
    chapter=1,
    number=1,
    title="Shapes",
    kind="predict",
    minutes=5,
    prompt="""
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
        "A size of 1 is a dimension like any other: it stays until something removes it.",
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


ex.right(a=[1, 3], b=[1, 3], c=[2, 1], d=[], e=[3, 2, 1])
ex.right(a=torch.Size([1, 3]), b=(1, 3), c=(2, 1), d=(), e=(3, 2, 1))
ex.wrong("You dropped dimensions of size 1. They stay until something removes them.",
         ask="How many dimensions has x, and how many does one index number take away?",
         a=(3,), b=(3,), c=(2,))  # fmt: skip
ex.wrong("permute does not reverse: its arguments say, place by place, which old dimension comes there.",
         ask="Which old dimension does the first argument of permute name?", e=(3, 1, 2))  # fmt: skip
ex.wrong("A sum over everything has no dimension left: its shape is (), not (1,).",
         ask="How many index numbers do you need to name the only element?", d=(1,))  # fmt: skip
