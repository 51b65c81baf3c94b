"""Exercise 7: the shape that two shapes give together."""

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, YELLOW, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "broadcast-shapes",
    chapter=1,
    number=7,
    title="The rule of broadcasting",
    kind="function",
    minutes=12,
    slot="broadcast-shapes",
    builds="learntorch.broadcast_shapes",
    forbids=("broadcast_shapes", "broadcast_tensors", "broadcast_arrays", "broadcast", "broadcast_to"),
    prompt="""
    Every `+` between two tensors asks one question first: which shape will this be? If you can write the answer down
    as a program, no broadcast will surprise you again.

    Write `broadcast_shapes(p, q)`. The arguments are two shapes, tuples of lengths; the result is their common
    shape, a tuple. Aligned on the right, two lengths go together if they are equal or if one of them is 1; missing
    lengths on the left count as 1. If two lengths do not go together, stop with
    `raise RuntimeError("these shapes do not go together")`.

    | p | q | result |
    |---|---|---|
    | `(3, 1)` | `(4,)` | `(3, 4)` |
    | `(2, 3)` | `(2,)` | an error |
    | `(2, 1)` | `(0,)` | `(2, 0)`: a length of 0 is repeated by nobody, and the 1 above it becomes 0 |
    """,
    hints=(
        "Which length of p stands above the last length of q? And what stands above the others, if p is shorter?",
        "Make both shapes equally long first, with ones on the left: `(1,) * n` is a tuple of n ones. Then go through "
        "the pairs: equal lengths stay, a 1 gives way to the other, and anything else is an error.",
        "Row above row: `(8, 1, 6)` and `(7, 1)` become `(8, 1, 6)` and `(1, 7, 1)`. From the pairs 8 and 1, 1 and 7, "
        "6 and 1 come 8, 7 and 6, so the result is `(8, 7, 6)`.",
    ),
    why="Why is it always right to align on the right? Think of a bias of shape `(H,)` and a batch of shape `(N, H)`.",
    equivalents={
        "n = max(len(p), len(q)) → n = max(len(q), len(p))": "the larger of two numbers",
        "for a, b in zip(p, q): → for a, b in zip(q, p):": "broadcasting does not ask which shape came first",
    },
    show=lambda p, q: f"p = {p}\nq = {q}",
)


@ex.solution
def broadcast_shapes(p, q):
    # <blank>
    n = max(len(p), len(q))
    p = (1,) * (n - len(p)) + tuple(p)
    q = (1,) * (n - len(q)) + tuple(q)
    result = []
    for a, b in zip(p, q):
        if a != b and a != 1 and b != 1:
            raise RuntimeError("these shapes do not go together")
        result.append(b if a == 1 else a)
    return tuple(result)
    # </blank>


@ex.judged
def judged(answer, p, q):
    """The shape as a text, or that it was refused."""
    try:
        found = answer(p, q)
    except RuntimeError as error:
        return "refused with a RuntimeError" if type(error) is RuntimeError else f"stopped by {type(error).__name__}"
    return str(tuple(found)) if isinstance(found, tuple) else f"{found!r}, which is not a tuple"


@ex.oracle
def expected(p, q):
    """The definition, read from the right: what the dimension at each distance from the end has to be."""
    shape = []
    for back in range(1, max(len(p), len(q)) + 1):
        lengths = {size[-back] for size in (p, q) if back <= len(size)} - {1}
        if len(lengths) > 1:
            return "refused with a RuntimeError"
        shape.insert(0, lengths.pop() if lengths else 1)
    return str(tuple(shape))


@ex.cases
def cases(rng):
    yield (3,), (3,)
    yield (3, 1), (4,)
    yield (4,), (3, 1)
    yield (2, 3), (3,)
    yield (2, 3), (2,)
    yield (2,), (4, 2, 2)
    yield (4, 1, 3), (2, 1)
    yield (), (2, 3)
    yield (2, 1), (0,)
    yield (0,), (3,)
    yield (3,), (0,)
    yield (0,), (2, 1)
    yield (2,), (4,)
    yield (6, 3), (2, 3)
    yield (2, 3), (5, 3)
    yield (1, 1), (1,)


@ex.picture(
    "A column of three boxes and a row of four boxes, with dashed copies that fill both up to three rows and four "
    "columns. Below, the shapes 3, 1 and blank, 4 stand one under the other, aligned on the right, and question marks "
    "stand under the line.",
    "Figure E7. A column plus a row, and their shapes written below each other.",
)
def picture():
    figure, ax = canvas(17, 5, inches=7)
    for left, rows, columns, color in [(0.4, 3, 1, ORANGE), (5.4, 1, 4, SKY)]:
        grid(ax, [[""] * 4 for _ in range(3)], left, 1, style="--")
        grid(ax, [[""] * columns for _ in range(rows)], left, 1, color)
    label(ax, 4.9, 2.5, "+", fontsize=18)
    label(ax, 2.4, 4.5, "p = (3, 1)")
    label(ax, 7.4, 4.5, "q = (4,)")
    for top, first, second, color in [(1, "3", "1", ORANGE), (2, "", "4", SKY), (3.4, "?", "?", YELLOW)]:
        grid(ax, [[first, second]], 13, top, color)
    ax.plot([12.6, 15.4], [3.2, 3.2], color="black", lw=2)
    for top, name in [(1.5, "p"), (2.5, "q"), (3.9, "together")]:
        label(ax, 12.7, top, name, ha="right")
    return figure


@ex.right
def from_the_back(p, q):
    result = ()
    for i in range(1, max(len(p), len(q)) + 1):
        a = p[-i] if i <= len(p) else 1
        b = q[-i] if i <= len(q) else 1
        if a == 1:
            result = (b, *result)
        elif b == 1 or a == b:
            result = (a, *result)
        else:
            raise RuntimeError(f"{a} and {b} do not go together")
    return result


@ex.right
def by_adding_two_tensors(p, q):
    return (torch.zeros(p) + torch.zeros(q)).shape


@ex.wrong(
    "You aligned the shapes on the left. They are aligned on the right: the last lengths stand below each other.",
    ask="A bias of shape (3,) meets a batch of shape (2, 3). Which length should the 3 stand under?",
)
def aligned_on_the_left(p, q):
    n = max(len(p), len(q))
    p, q = (*p, *(1,) * (n - len(p))), (*q, *(1,) * (n - len(q)))
    if any(a != b and 1 not in (a, b) for a, b in zip(p, q)):
        raise RuntimeError("these shapes do not go together")
    return tuple(b if a == 1 else a for a, b in zip(p, q))


@ex.wrong(
    "Yours takes the larger length and never refuses: 2 and 3 do not go together.",
    ask="How would you repeat 2 numbers to make 3 of them?",
)
def larger_without_a_check(p, q):
    n = max(len(p), len(q))
    p, q = ((1,) * (n - len(size)) + tuple(size) for size in (p, q))
    return tuple(max(a, b) for a, b in zip(p, q))


@ex.wrong(
    "A length of 0 next to a 1 became 1. The 1 gives way to any other length, and 0 is one of them.",
    ask="How many numbers are in a tensor of shape (0,), and how many can there be after adding 5 to each?",
)
def zero_taken_for_one(p, q):
    n = max(len(p), len(q))
    p, q = ((1,) * (n - len(size)) + tuple(size) for size in (p, q))
    if any(a != b and 1 not in (a, b) for a, b in zip(p, q)):
        raise RuntimeError("these shapes do not go together")
    return tuple(max(a, b) for a, b in zip(p, q))


@ex.wrong(
    "The result is too short: zip stops at the end of the shorter shape, so lengths are lost.",
    ask="What should count as the missing lengths of the shorter shape?",
)
def cut_to_the_shorter(p, q):
    pairs = list(zip(reversed(p), reversed(q)))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        raise RuntimeError("these shapes do not go together")
    return tuple(b if a == 1 else a for a, b in reversed(pairs))


@ex.wrong(
    "The lengths come out in the opposite order: you went from the back, and the result was never turned round.",
    ask="If you collect the last length first, where does it stand in your list?",
)
def left_reversed(p, q):
    result = []
    for i in range(1, max(len(p), len(q)) + 1):
        a = p[-i] if i <= len(p) else 1
        b = q[-i] if i <= len(q) else 1
        if a != b and 1 not in (a, b):
            raise RuntimeError("these shapes do not go together")
        result.append(b if a == 1 else a)
    return tuple(result)


@ex.wrong(
    "Only equal lengths pass in yours. A length of 1 goes together with every other: it is repeated.",
    ask="Which two lengths of a column (3, 1) and a row (4,) meet, and which one can be repeated?",
)
def equal_lengths_only(p, q):
    n = max(len(p), len(q))
    p, q = ((1,) * (n - len(size)) + tuple(size) for size in (p, q))
    if p != q:
        raise RuntimeError("these shapes do not go together")
    return p
