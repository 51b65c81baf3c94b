"""Exercise 9: a view that cannot exist."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, YELLOW, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "pixel-rows",
    chapter=1,
    number=9,
    title="The view that refuses",
    kind="debug",
    minutes=8,
    result="any",
    prompt="""
    A batch of `N` pictures lies in memory colour by colour: shape `(N, C, P)`, with `C` colours and `P` pixels. A
    program wants one row for each picture, **pixel by pixel**: all the colours of pixel 0, then those of pixel 1, and
    so on. The shape is then `(N, P * C)`.

    The function below was written for that, and it stops with an error. Find the reason and mend it. The error going
    away is not enough: the numbers must stand in the right order, and `x` must stay as it is.

    For one picture with three colours and two pixels, `[[[1, 2], [3, 4], [5, 6]]]`, the result is
    `[[1, 3, 5, 2, 4, 6]]`.
    """,
    hints=(
        "Read the numbers of `y` in order, last dimension fastest. Through which places of memory does that go, and "
        "are the steps between them equal?",
        "After a transpose the numbers do not lie in memory in the order in which they are read. `view` refuses to "
        "copy; two other methods of the chapter make the ordered copy.",
        "For the matrix `m = torch.arange(6).view(2, 3)`: `m.t()` reads 0, 3, 1, 4, 2, 5. The steps between these "
        "places are 3, −2, 3, −2, 3, and one dimension has one step, so `m.t().view(6)` is refused. `m.view(6)` is "
        "not, and reads 0, 1, 2, 3, 4, 5: no error, and another order.",
    ),
    equivalents={"y = x.transpose(1, 2) → y = x.transpose(2, 1)": "a swap of two dimensions has no direction"},
    why="For which C or P would the handed-out function have worked, and why is that the worst kind of mistake?",
)


@ex.buggy
def pixel_rows(x):
    n, c, p = x.shape
    y = x.transpose(1, 2)  # (N, P, C)
    return y.view(n, p * c)


@ex.solution
def pixel_rows(x):
    n, c, p = x.shape
    y = x.transpose(1, 2)  # (N, P, C)
    return y.reshape(n, p * c)


@ex.oracle
def expected(x):
    pictures = x.tolist()
    rows = [[colours[p] for p in range(x.shape[2]) for colours in picture] for picture in pictures]
    return torch.tensor(rows, dtype=x.dtype)


@ex.cases
def cases(rng):
    yield torch.arange(1, 13).view(2, 3, 2)
    yield torch.tensor([[[1, 2], [3, 4], [5, 6]]])
    yield torch.arange(12).view(2, 2, 3)
    yield torch.arange(24).view(4, 3, 2)
    yield torch.arange(8).view(2, 2, 2)
    yield torch.arange(6).view(2, 1, 3)
    yield torch.arange(6).view(3, 2, 1)
    yield torch.tensor(rng.normal(size=(3, 2, 4)))


@ex.picture(
    "Two strips of six boxes. In the first, colour by colour, they are labelled r0, r1, g0, g1, b0, b1. In the second, "
    "pixel by pixel, r0, g0, b0, r1, g1, b1. The letters stand for the colours red, green and blue, the digits for "
    "the pixels.",
    "Figure E9. The same picture of two pixels, colour by colour and pixel by pixel.",
)
def picture():
    figure, ax = canvas(12, 4, inches=6.5)
    strips = [(0.8, "colour by colour", ["r0", "r1", "g0", "g1", "b0", "b1"]),
              (2.4, "pixel by pixel", ["r0", "g0", "b0", "r1", "g1", "b1"])]  # fmt: skip
    colors = {"r": ORANGE, "g": YELLOW, "b": SKY}
    for top, name, names in strips:
        label(ax, 2.4, top + 0.5, name)
        for i, box in enumerate(names):
            grid(ax, [[box]], 5 + i, top, colors[box[0]])
    return figure


@ex.right
def with_contiguous(x):
    n, c, p = x.shape
    return x.transpose(1, 2).contiguous().view(n, p * c)


@ex.right
def with_permute(x):
    return x.permute(0, 2, 1).flatten(1)


@ex.right
def pixel_by_pixel(x):
    return torch.cat([x[:, :, p] for p in range(x.shape[2])], dim=1)


@ex.wrong(
    "The error is gone, and so is the transpose: these are the numbers of x in their old order, colour by colour.",
    ask="Which numbers should stand next to each other in a row, and which do in yours?",
)
def the_transpose_left_out(x):
    n, c, p = x.shape
    return x.view(n, p * c)


@ex.wrong(
    "It still asks for a view that cannot exist. If you called contiguous(): it leaves its tensor as it is and returns "
    "another one.",
    ask="Which tensor does your view read, and do its numbers lie in order?",
)
def contiguous_thrown_away(x):
    n, c, p = x.shape
    y = x.transpose(1, 2)
    y.contiguous()
    return y.view(n, p * c)


@ex.wrong(
    "You swapped the dimensions 0 and 1: now the pictures of the batch are mixed with each other.",
    ask="Which dimension of (N, C, P) must stay in its place?",
)
def the_wrong_dimensions(x):
    n, c, p = x.shape
    return x.transpose(0, 1).reshape(n, p * c)


@ex.wrong(
    "The order is right, but the batch is gone: all pictures lie in one row. Each should have a row of its own.",
    ask="Which dimension may flatten not touch?",
)
def the_batch_flattened(x):
    return x.transpose(1, 2).flatten()


@ex.wrong(
    "The numbers are in the right order, but the shape is still (N, P, C): the last two dimensions should become one.",
    ask="Into what shape does the last line of the handed-out function cut the numbers?",
)
def not_flattened(x):
    return x.transpose(1, 2).contiguous()


@ex.wrong(
    "The result is right, but x has changed: a method with an underscore at its end wrote into the argument.",
    ask="Which of your methods ends in an underscore, and what does that always mean?",
)
def transposed_in_place(x):
    n, c, p = x.shape
    return x.transpose_(1, 2).reshape(n, p * c)
