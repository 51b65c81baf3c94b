"""Exercise 11: which tensors see a write to the array."""

import numpy as np

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "predict-aliasing",
    chapter=2,
    number=11,
    title="Who sees the write?",
    kind="predict",
    minutes=6,
    prompt="""
    A crossing that shares memory is free of cost, and it lets a write on one side change the other. Who knows where
    memory is shared is never surprised by it.

    ```python
    array = np.zeros(3)
    a = torch.from_numpy(array)
    b = torch.as_tensor(array)
    c = torch.tensor(array)
    d = torch.as_tensor(array, dtype=torch.float32)
    e = torch.as_tensor(array, dtype=torch.float64)
    f = a.numpy()
    array[0] = 7
    array = array + 1
    ```

    Before you run anything: which number stands in the first place of each of them now?

    - **a** … **e** `a[0]`, `b[0]`, `c[0]`, `d[0]`, `e[0]`
    - **f** `f[0]`, in the second array
    """,
    hints=(
        "For each line: is new memory needed, or is the old memory good enough as it is?",
        "`from_numpy` and `.numpy()` share, `tensor` copies. `as_tensor` copies only if the array cannot serve: if the "
        "type is another one. And `array + 1` makes a new array; only the name `array` moves to it.",
        "With `counts = np.zeros(2, dtype=np.int32)`: `torch.as_tensor(counts)` shares. `torch.as_tensor(counts, "
        "dtype=torch.int64)` copies, since an int64 does not fit into four bytes. After `counts += 5` the first shows "
        "5 and the second 0. After a further `counts = counts * 2` both are as before.",
    ),
    why="`as_tensor` shares or copies, as the array requires it. When is that what you want, and when is it a trap?",
)


@ex.oracle
def truth():
    array = np.zeros(3)
    a = torch.from_numpy(array)
    b = torch.as_tensor(array)
    c = torch.tensor(array)
    d = torch.as_tensor(array, dtype=torch.float32)
    e = torch.as_tensor(array, dtype=torch.float64)
    f = a.numpy()
    array[0] = 7
    array = array + 1
    return {name: float(x[0]) for name, x in zip("abcdef", (a, b, c, d, e, f))}


@ex.picture(
    "On the left six name tags, a to f, one above the other. On the right a block of memory with three boxes 0, 0, 0, "
    "labelled: the memory of array; and below it a dashed block with question marks, labelled: memory of its own. From "
    "each tag two thin arrows with question marks lead to the two blocks.",
    "Figure E11. Before the write: to which memory does each of the six names lead?",
)
def picture():
    figure, ax = canvas(13, 6.4, inches=6.5)
    grid(ax, [[0, 0, 0]], 8, 1.3, ORANGE)
    label(ax, 9.5, 0.8, "the memory of array")
    grid(ax, [["?", "?", "?"]], 8, 4.3, SKY, style="--")
    label(ax, 9.5, 3.8, "memory of its own")
    for i, name in enumerate("abcdef"):
        height = 0.7 + i
        for target in (1.8, 4.8):
            arrow = {"arrowstyle": "->", "lw": 0.8, "ls": ":", "color": "black"}
            ax.annotate("", (7.9, target), (2.1, height), arrowprops=arrow)
        label(ax, 1.7, height, name, bbox={"boxstyle": "round", "fc": "white", "ec": "black"}, family="monospace")
    label(ax, 5, 0.6, "?", fontsize=14)
    label(ax, 5, 5.9, "?", fontsize=14)
    return figure


ex.right(a=7, b=7, c=0, d=0, e=7, f=7)
ex.right(a=7.0, b=7.0, c=0.0, d=0.0, e=7.0, f=7.0)
ex.wrong("You expect a copy everywhere. Then a large array would be in memory seven times.",
         ask="Which of the lines need memory of their own, and which can do with what is there?",
         a=0, b=0, e=0, f=0)  # fmt: skip
ex.wrong("You expect sharing everywhere. One of the functions always copies, and one had to.",
         ask="Which function of the chapter promises independence?", c=7, d=7)  # fmt: skip
ex.wrong("Sharing cannot survive a change of type: one block of memory holds float64 or float32, not both.",
         ask="How many bytes does d need for a number, and how many has the array?", d=7)  # fmt: skip
ex.wrong("torch.tensor always copies, even where sharing would be possible.",
         ask="Which of the three ways into torch is the safe one?", c=7)  # fmt: skip
ex.wrong("You follow the name `array`. The line `array = array + 1` makes a new array, and nobody else moves there.",
         ask="What is the difference between array += 1 and array = array + 1?", a=8, b=8, e=8, f=8)  # fmt: skip
ex.wrong("as_tensor copies only where it must, and with its own type the array can serve as it is.",
         ask="What would a copy be good for in b and e?", b=0, e=0)  # fmt: skip
ex.wrong("Naming a type does not force a copy: the array holds float64 already, so nothing has to change.",
         ask="Of which type is np.zeros(3)?", e=0)  # fmt: skip
ex.wrong("The way back shares too: .numpy() shows the memory of the tensor, and that is the memory of the array.",
         ask="How many blocks of memory do array, a and f have together?", f=0)  # fmt: skip
