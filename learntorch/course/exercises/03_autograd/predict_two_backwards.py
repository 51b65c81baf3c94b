"""Exercise 16: what is in .grad after several walks."""

import learntorch as torch
from learntorch.course.exercises.arrows import arrow, node
from learntorch.course.exercises.boxes import ORANGE, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "predict-two-backwards",
    chapter=3,
    number=16,
    title="What has gathered in .grad?",
    kind="predict",
    minutes=6,
    prompt="""
    Nothing in a training loop goes wrong as often and as silently as a gradient that was left over. Read this
    program, and say what each of the four numbers is, before anything runs.

    ```python
    x = torch.tensor(3.0, requires_grad=True)

    (x * x).backward()
    a = x.grad.item()

    (5 * x).backward()
    b = x.grad.item()

    x.grad.zero_()
    (x * x + x).backward()
    c = x.grad.item()

    x.grad = None
    y = x * x.detach()
    (y + y).backward()
    d = x.grad.item()
    ```
    """,
    hints=(
        "Which of the lines clear what has gathered, and which add to it?",
        "Each use of x sends one share, and a walk adds up the shares of all uses. The next walk adds to what it "
        "finds. What `detach` returns is a constant for the walk.",
        "At x = 2, with a fresh gradient: `(x * x * x)` brings 12. After it, `(4 * x)` brings 4 more, so 16 is there. "
        "Where `x.grad` was set to None in between, it would be 4.",
    ),
    why="Who would lose something if `backward()` began with an empty `.grad` each time?",
)


@ex.oracle
def truth():
    x = torch.tensor(3.0, requires_grad=True)
    (x * x).backward()
    a = x.grad.item()
    (5 * x).backward()
    b = x.grad.item()
    x.grad.zero_()
    (x * x + x).backward()
    c = x.grad.item()
    x.grad = None
    y = x * x.detach()
    (y + y).backward()
    d = x.grad.item()
    return {"a": a, "b": b, "c": c, "d": d}


@ex.picture(
    "Two recorded graphs, one above the other: x times x, and five times x. From each of them a dashed arrow, the walk "
    "back, leads into the same box, which is labelled x.grad and holds a question mark.",
    "Figure E16. Two graphs, two walks, one `x.grad`.",
)
def picture():
    figure, ax = canvas(12, 5, inches=6.5)
    for y, name, walk in [(1.2, "x · x", "first walk"), (3.8, "5 · x", "second walk")]:
        node(ax, 6.2, y, name, "operation")
        arrow(ax, (2.4, 2.5), (6.2, y))
        arrow(ax, (6.2, y), (9.8, 2.5), walk, back=True, at=(0.8, 0.5 if y > 2 else -0.5))
    node(ax, 2.4, 2.5, "x")
    label(ax, 1.2, 2.5, "3.0", fontsize=13)
    grid(ax, [["?"]], 9.5, 2, ORANGE)
    label(ax, 11.2, 2.5, "x.grad", fontsize=13, family="monospace")
    return figure


ex.right(a=6, b=11, c=7, d=6)
ex.right(a=6.0, b=11.0, c=7.0, d=6.0)
ex.wrong("You let the second walk overwrite the first. backward() adds to what it finds in .grad.",
         ask="What was in x.grad when the second walk began?", b=5)  # fmt: skip
ex.wrong("x is used twice in x * x, and you counted one of its shares. Both arrive, and they are added.",
         ask="What is the derivative of x² at 3?", a=3)  # fmt: skip
ex.wrong("The gradient was cleared before the third walk, and your number still holds what was there before.",
         ask="What does x.grad hold right after zero_()?", c=18)  # fmt: skip
ex.wrong("zero_() empties .grad once. It does not switch anything off: the next walk fills it again.",
         ask="What does the third walk add to 0?", c=0)  # fmt: skip
ex.wrong("detach() makes a constant of one factor, and you let its share arrive too.",
         ask="With the second factor fixed at 3, what is y as a formula in x?", d=12)  # fmt: skip
ex.wrong("y is used twice in y + y, and you counted one of its shares.",
         ask="By how much does y + y move when y moves by 1?", d=3)  # fmt: skip
