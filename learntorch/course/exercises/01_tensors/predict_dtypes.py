"""Exercise 3: what comes of two types that meet."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, YELLOW, canvas, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "predict-dtypes",
    chapter=1,
    number=3,
    title="When types meet",
    kind="predict",
    minutes=5,
    prompt="""
    A wrong type seldom stops a program. It doubles the memory, or it loses the fraction, and nobody says a word.
    So it pays to know the type before the line runs.

    ```python
    whole = torch.tensor([1, 2])                            # int64
    half = torch.tensor([0.5, 0.5], dtype=torch.float16)
    double = torch.tensor([0.5, 0.5], dtype=torch.float64)
    mask = torch.tensor([True, False])                      # bool
    ```

    What is the `dtype` of each of these? Answer with `torch.float32`, `torch.int64` and so on.

    - **a** `whole + 0.5`
    - **b** `half + 2.0`
    - **c** `whole + half`
    - **d** `half + double`
    - **e** `whole / 2`
    - **f** `mask + whole`
    """,
    hints=(
        "Which of the two has the higher kind: bool, whole numbers, or fractions?",
        "The higher kind wins and keeps its size. Within one kind the larger type wins. A plain Python number decides "
        "the kind only; if it raises the kind, the usual type of that kind is taken.",
        "With `small = torch.tensor([1], dtype=torch.int32)`: `small + 5` stays `torch.int32`, `small + 0.5` is "
        "`torch.float32`, and `small + torch.tensor([1])` is `torch.int64`.",
    ),
    why="Why may a Python number not decide the size? Think of a large tensor of float16 and the line `x * 2.0`.",
)


@ex.oracle
def truth():
    whole = torch.tensor([1, 2])
    half = torch.tensor([0.5, 0.5], dtype=torch.float16)
    double = torch.tensor([0.5, 0.5], dtype=torch.float64)
    mask = torch.tensor([True, False])
    results = {"a": whole + 0.5, "b": half + 2.0, "c": whole + half, "d": half + double, "e": whole / 2}
    return {**{name: y.dtype for name, y in results.items()}, "f": (mask + whole).dtype}


@ex.picture(
    "Three groups of boxes from left to right, with a < sign between them: bool; then uint8, int32, int64; then "
    "float16, float32, float64. Inside a group the types go from smaller to larger. int64 and float32 have a star.",
    "Figure E3. The three kinds, lowest on the left. A star marks the usual type of a kind.",
)
def picture():
    figure, ax = canvas(16, 3.4, inches=7)
    groups = [(0.3, "True or False", ["bool"], ORANGE), (3.3, "whole numbers", ["uint8", "int32", "int64 *"], SKY),
              (10, "fractions", ["float16", "float32 *", "float64"], YELLOW)]  # fmt: skip
    for left, kind, names, color in groups:
        for i, name in enumerate(names):
            wide(ax, name, left + 1.9 * i, color)
        label(ax, left + 0.95 * len(names), 0.7, kind, weight="bold")
        if len(names) > 1:
            label(ax, left + 0.95 * len(names), 2.8, "smaller → larger")
    for at in (2.75, 9.5):
        label(ax, at, 1.7, "<", fontsize=18, weight="bold")
    return figure


def wide(ax, name, left, color):
    """A box that is wide enough for the name of a type."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((left, 1.2), 1.9, 1, fc=color, ec="black"))
    label(ax, left + 0.95, 1.7, name, fontsize=11)


ex.right(a=torch.float32, b=torch.float16, c=torch.float16, d=torch.float64, e=torch.float32, f=torch.int64)
ex.right(a=torch.float, b=torch.half, c=torch.half, d=torch.double, e=torch.float, f=torch.long)
ex.right(a="float32", b="float16", c="float16", d="torch.float64", e="float32", f="int64")
_64, _32, _16, _whole = torch.float64, torch.float32, torch.float16, torch.int64
ex.wrong("You made everything float64, as Python's own fractions are. Tensors have another usual type, and a type that "
         "is there already keeps its size.",
         ask="What is the usual type for fractions in this package?", a=_64, b=_64, c=_64, e=_64)  # fmt: skip
ex.wrong("The type on the left does not decide. The higher kind wins, on whichever side it stands.",
         ask="Would x + y and y + x have different types?", a=_whole, c=_whole, d=_16, e=_whole)  # fmt: skip
ex.wrong("None of these is an error. Types that differ are promoted to one that suits both.",
         ask="Which kind can hold both a whole number and a fraction?", c="error")  # fmt: skip
ex.wrong("A Python number brings no size. It decides the kind, and half is of that kind already.",
         ask="Which kind is 2.0, and of which kind is half already?", b=_32)  # fmt: skip
ex.wrong("Here you let the size decide before the kind: int64 has more bits, and float16 has the higher kind.",
         ask="Which rule comes first, the one about the kind or the one about the size?", c=_64)  # fmt: skip
ex.wrong("A tensor of fractions keeps its size when it meets whole numbers, even if it is not the usual one.",
         ask="When is the usual type taken: when the kind comes from a tensor, or from a Python number?",
         c=_32)  # fmt: skip
ex.wrong("The division / always gives fractions, for whole numbers too.",
         ask="What is 1 / 2, and could a whole number hold it?", e=_whole)  # fmt: skip
ex.wrong("A mask counts as the lowest kind: with whole numbers, True and False become 1 and 0.",
         ask="What is True + 1 in Python?", f=torch.bool)  # fmt: skip
