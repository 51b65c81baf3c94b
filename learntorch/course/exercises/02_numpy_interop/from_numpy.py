"""Exercise 12: from an array to a tensor without moving a number."""

import numpy as np

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, canvas, grid, label
from learntorch.course.practice.compare import kind_of
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "from-numpy",
    chapter=2,
    number=12,
    title="What from_numpy does",
    kind="fill-in",
    minutes=10,
    slot="from-numpy",
    builds="learntorch.from_numpy",
    forbids=("from_numpy", "as_tensor", "asarray", "from_dlpack", "frombuffer"),
    prompt="""
    `torch.from_numpy` takes a billion numbers as fast as one, because it moves none. It describes memory that is
    there already: a shape, a stride, and where to begin.

    Write `from_numpy(array, memory, start)`. `array` is any slice or transpose of some block of numbers. `memory` is
    a tensor with one dimension over the whole block; it shares. `start` is the place in it, counted in numbers, where
    the array begins. The result is a tensor with the shape, the strides and the type of `array`, in the same memory.

    `memory.as_strided(size, stride, start)` gives the tensor that begins at `start` and goes through memory in these
    steps. It counts in numbers. NumPy counts in bytes: `array.strides` is what a step takes along each dimension, and
    `array.itemsize` is the number of bytes of one number.

    For a block of six `float64` in rows of three, `block.T[1:]` has shape (2, 2), strides of (8, 24) bytes, and
    begins at place 1.
    """,
    hints=(
        "A step of 24 bytes through numbers of 8 bytes: how many numbers is that?",
        "There is one step for each dimension, so the stride is a tuple as long as the shape, () for an array without "
        "dimensions. The shapes of the array and of the tensor are equal.",
        "An array of `int16` has 2 bytes for a number. With shape (3, 4) and strides (40, 4) in bytes, the tensor "
        "steps by (20, 2): each row begins 20 numbers after the last one, and every second number is taken.",
    ),
    why="Why can from_numpy not choose float32 for you, although nearly every net wants it?",
)


@ex.solution
def from_numpy(array, memory, start):
    # <blank> stride = ...  # 1: from bytes to numbers, for each dimension
    stride = tuple(step // array.itemsize for step in array.strides)
    # </blank>
    # <blank> return ...  # 2: the tensor in the same memory
    return memory.as_strided(array.shape, stride, start)
    # </blank>


# The cases are a block of memory and the way in which the array looks at it, because a copy of the array itself would
# have a memory and strides of its own.


def look(block, how):
    """The array, a tensor over the whole block, and the place where the array begins."""
    array = eval(how, {"block": block})  # one of the expressions below
    begin = array.__array_interface__["data"][0] - block.__array_interface__["data"][0]
    return array, torch.as_tensor(block.reshape(-1)), begin // block.itemsize


ex.show = lambda block, how: f"array = {how}\nblock = an array of shape {block.shape} and type {block.dtype}"


@ex.judged
def judged(from_numpy, block, how):
    """The tensor's shape, type and numbers, and whether a write to the array shows in it."""
    array, memory, start = look(block, how)
    t = from_numpy(array, memory, start)
    if not isinstance(t, torch.Tensor):
        return {**expected(block, how), "type": kind_of(t)}
    found = {"shape": tuple(t.shape), "type": str(t.dtype), "numbers": np.array(t.tolist())}
    block.reshape(-1)[:] = np.arange(block.size)[::-1] % 2
    same = tuple(t.shape) == array.shape and bool((np.array(t.tolist()) == array).all())
    return {**found, "after a write to the block": "as the array" if same else "not as the array"}


@ex.oracle
def expected(block, how):
    array, _, _ = look(block, how)
    found = {"shape": array.shape, "type": f"torch.{array.dtype}", "numbers": np.array(array.tolist())}
    return {**found, "after a write to the block": "as the array"}


@ex.cases
def cases(rng):
    yield np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "block"
    yield np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "block.T[1:]"
    yield rng.normal(size=7), "block[2:]"
    yield np.arange(12, dtype=np.int32).reshape(3, 4), "block[1:, ::2]"
    yield rng.normal(size=(3, 3)).astype(np.float32), "block.T"
    yield rng.normal(size=(2, 3, 4)), "block.transpose(2, 0, 1)[:, 1:]"
    yield rng.normal(size=(4, 1)), "block[2:3]"
    yield np.array([3.5, 1.5]), "block[1:].reshape(())"


@ex.picture(
    "On top a strip of memory with the six numbers 1 to 6, below it a ruler with the byte at which each number begins: "
    "0, 8, 16, 24, 32, 40. Below, the array block.T[1:], a table with the rows 2, 5 and 3, 6. The numbers 2, 3, 5 "
    "and 6 are hatched in both. An arrow from 2 to 5 along the strip is marked: one step to the right in the table, "
    "24 bytes.",
    "Figure E12. `block.T[1:]` and the memory behind it. One step to the right is 24 bytes long.",
)
def picture():
    figure, ax = canvas(13, 6, inches=6.5)
    label(ax, 1.6, 1.9, "memory")
    grid(ax, [range(1, 7)], 3.5, 1.4)
    for number in (2, 3, 5, 6):
        grid(ax, [[number]], 2.5 + number, 1.4, ORANGE, hatch="//")
    for i in range(6):
        label(ax, 3.5 + i, 2.7, 8 * i, fontsize=11)
    label(ax, 1.6, 2.7, "byte", fontsize=11)
    ax.annotate("", (8, 1.2), (5, 1.2), arrowprops={"arrowstyle": "->", "lw": 1.5})
    label(ax, 6.5, 0.7, "one step to the right: 24 bytes")
    grid(ax, [[2, 5], [3, 6]], 3.5, 3.6, ORANGE, hatch="//")
    label(ax, 1.6, 4.6, "block.T[1:]", family="monospace")
    return figure


@ex.right
def with_a_loop(array, memory, start):
    stride = []
    for step in array.strides:
        stride.append(int(step / array.itemsize))
    return torch.as_strided(memory, tuple(array.shape), tuple(stride), start)


@ex.right
def after_leaving_the_front_out(array, memory, start):
    size = array.dtype.itemsize
    return memory[start:].as_strided(array.shape, [s // size for s in array.strides], start)


@ex.wrong(
    "The tensor does not notice a write to the array: you made a copy.",
    ask="What does torch.tensor always do with the numbers that it is given?",
)
def copies(array, memory, start):
    return torch.tensor(array)


@ex.wrong(
    "The type has changed. Only a copy can have another type, and the memory is not shared any more.",
    ask="What is the type of memory, and who asked for another one?",
)
def casts(array, memory, start):
    stride = tuple(step // array.itemsize for step in array.strides)
    return memory.as_strided(array.shape, stride, start).float()


@ex.wrong(
    "The numbers have lost their shape: you returned a row of them.",
    ask="Which part of as_strided says how many dimensions there are?",
)
def drops_the_shape(array, memory, start):
    return memory[start : start + array.size]


@ex.wrong(
    "The steps are too long: NumPy's strides are in bytes, and as_strided counts in numbers.",
    ask="How many bytes has one number of the array?",
)
def in_bytes(array, memory, start):
    return memory.as_strided(array.shape, array.strides, start)


@ex.wrong(
    "A slice that begins later in memory comes out as if it began at place 0.",
    ask="What has start to do with the first number of the result?",
)
def without_the_start(array, memory, start):
    stride = tuple(step // array.itemsize for step in array.strides)
    return memory.as_strided(array.shape, stride, 0)


@ex.wrong(
    "You read memory row by row. A transpose or a slice with steps goes through it in another order.",
    ask="What do the strides of block.T say about the way from one column to the next?",
)
def row_by_row(array, memory, start):
    return memory[start : start + array.size].view(array.shape)


@ex.wrong(
    "Every number has 8 bytes only in float64 and int64. In this case the numbers are smaller.",
    ask="Which attribute of the array tells how many bytes a number has?",
)
def always_eight_bytes(array, memory, start):
    return memory.as_strided(array.shape, tuple(step // 8 for step in array.strides), start)
