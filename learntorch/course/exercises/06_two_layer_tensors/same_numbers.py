"""Exercise 35: which numbers stay equal when a program moves from arrays to tensors."""

import numpy as np

import learntorch as torch
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "same-numbers",
    chapter=6,
    number=35,
    title="Swap the engine: what stays equal?",
    kind="predict",
    minutes=7,
    prompt="""
    Two programs that should agree seldom agree to the last digit. Who knows why can tell a rounding from a mistake.

    ```python
    array = np.array([0.1])
    typed = torch.tensor([0.1])
    taken = torch.tensor(array)

    big, one = torch.tensor(1e8), torch.tensor(1.0)

    p, q = 29_000_000.0, 29_000_002.0     # the first loss of two programs
    ```

    Before you run anything: what does each line give? Answer a, b, e and f with `True` or `False`, c and d with a
    number.

    - **a** `typed.item() == array[0].item()`
    - **b** `taken.item() == array[0].item()`
    - **c** `((big + one) - big).item()`
    - **d** `((big - big) + one).item()`
    - **e** `abs(p - q) < 1e-3`
    - **f** `abs(p - q) / q < 1e-3`
    """,
    hints=(
        "Of which type are the numbers in array, in typed and in taken? And how many digits does a float32 keep?",
        "A list of Python numbers becomes float32, an array keeps its type. A float32 has about seven digits: near 1e8 "
        "its neighbours are 8 apart. A tolerance that divides by the value asks how many digits agree.",
        "In float32, 3e8 + 4 is 3e8 again, since the neighbours there are 32 apart; so (3e8 + 4) - 3e8 is 0, and "
        "(3e8 - 3e8) + 4 is 4. For 500 and 501 the difference is 1, and divided by 501 it is below 1e-2.",
    ),
    why="A sum of a thousand products: how many orders are there to add them up, and who chooses one?",
)


@ex.oracle
def truth():
    array = np.array([0.1])
    typed = torch.tensor([0.1])
    taken = torch.tensor(array)
    big, one = torch.tensor(1e8), torch.tensor(1.0)
    p, q = 29_000_000.0, 29_000_002.0
    return {
        "a": typed.item() == array[0].item(),
        "b": taken.item() == array[0].item(),
        "c": ((big + one) - big).item(),
        "d": ((big - big) + one).item(),
        "e": abs(p - q) < 1e-3,
        "f": abs(p - q) / q < 1e-3,
    }


@ex.picture(
    "A line with five long marks, 8 apart, around one hundred million: the float32 numbers there. A dashed arrow "
    "points at a place one eighth of the way from the middle mark to the next, where there is no mark.",
    "Figure E35. The float32 numbers near 1e8. Every result is rounded to one of the marks.",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 2.2))
    ax = figure.add_axes((0.03, 0.05, 0.94, 0.9))
    ax.axis("off")
    ax.set_xlim(-20, 20)
    ax.set_ylim(-1.6, 1.9)
    ax.plot([-20, 20], [0, 0], color="#000000", lw=1)
    for step in (-16, -8, 0, 8, 16):
        ax.plot([step, step], [-0.35, 0.35], color="#0072B2", lw=3)
        ax.text(step, -1.0, f"1e8 {'+' if step > 0 else '−'} {abs(step)}" if step else "1e8", ha="center", fontsize=12)
    ax.annotate("", (1, 0.05), (1, 1.2), arrowprops={"arrowstyle": "->", "lw": 2, "ls": "--", "color": "#D55E00"})
    ax.text(1, 1.35, "1e8 + 1", ha="center", fontsize=12, color="#D55E00")
    return figure


ex.right(a=False, b=True, c=0, d=1, e=False, f=True)
ex.right(a=False, b=True, c=0.0, d=1.0, e=False, f=True)
ex.wrong("You took the two 0.1 for one number. torch.tensor makes a float32 of a Python number, and NumPy a float64: "
         "each rounds 0.1 in its own place.",
         ask="After how many digits does a float32 stop, and after how many a float64?", a=True)  # fmt: skip
ex.wrong("You changed the type on the way. A tensor that is made from an array keeps the array's type, float64, and "
         "with it every digit.",
         ask="What does torch.tensor(np.zeros(3)).dtype say?", b=False)  # fmt: skip
ex.wrong("You added as on paper, where the order does not matter. In float32 the 1 is lost in the larger number before "
         "the larger number goes away.",
         ask="Which float32 lies nearest to 100,000,001, if the neighbours of 1e8 are 8 apart?", c=1.0)  # fmt: skip
ex.wrong("You lost the 1 in both orders. When the large numbers have cancelled, nothing is left to lose it in.",
         ask="What is big - big, before the 1 comes?", d=0.0)  # fmt: skip
ex.wrong("Your tolerance does not know how large the numbers are: 1e-3 of 29 million is 29,000, but 1e-3 alone is far "
         "finer than a float32 can be there.",
         ask="By how much do p and q differ, before anything is divided?", e=True)  # fmt: skip
ex.wrong("You asked for the last digit. The two losses agree in seven digits, which is all that a float32 has.",
         ask="What is 2 divided by 29 million, roughly?", f=False)  # fmt: skip
