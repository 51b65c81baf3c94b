"""Exercise 13: a helper that spoils the data of its caller."""

import numpy as np

import learntorch as torch
from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label
from learntorch.course.practice.compare import kind_of
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "centred-columns",
    chapter=2,
    number=13,
    title="The data that changed",
    kind="debug",
    minutes=10,
    prompt="""
    Data are prepared in NumPy and trained on in torch, and the arrays are often needed again: for a plot, or for the
    next run. A helper that writes into them spoils both, and nothing is reported.

    `centred(tables)` takes a list of arrays of shape `(N, D)`. It returns a list of tensors of the same type, in which
    each column has mean 0: the mean of the column is taken away from every number. The function below returns the
    right numbers. But after the call, neither the list nor the arrays in it are what they were.

    Mend it. Both must stay as they were, and a later write to a result must not reach an array.

    For `[[1, 5], [3, 9]]` the means are 2 and 7, and the result is `[[-1, -2], [1, 2]]`.
    """,
    hints=(
        "How many lists does the function handle? And how many blocks of memory are there for each table?",
        "A second name for the caller's list is no second list, and a tensor made from an array has no memory of its "
        "own. In the loop one line writes into the numbers and one into the list, and the caller sees both. `t - m` "
        "makes new memory, `t -= m` does not.",
        "With `prices = np.array([2.0, 4.0])` and `t = torch.from_numpy(prices)`: after `t *= 10` the array shows 20 "
        "and 40. After `t = t * 10` it shows 2 and 4 still, because the product has memory of its own.",
    ),
    why="How would you notice such a mistake in a program that plots the data at the end?",
)


@ex.buggy
def centred(tables):
    result = tables
    for i in range(len(result)):
        t = torch.from_numpy(result[i])
        t -= t.mean(dim=0)
        result[i] = t
    return result


@ex.solution
def centred(tables):
    result = []
    for i in range(len(tables)):
        t = torch.from_numpy(tables[i])
        t = t - t.mean(dim=0)
        result.append(t)
    return result


@ex.judged
def judged(centred, tables):
    """The tensors, and what became of the list and of the arrays that were handed over."""
    arrays, before = list(tables), [table.copy() for table in tables]
    found = centred(tables)
    if not isinstance(found, list) or not all(isinstance(t, torch.Tensor) for t in found):
        inside = f" with {kind_of(found[0])} in it" if isinstance(found, list) and found else ""
        return {**expected(before), "what comes back": kind_of(found) + inside}
    kept = len(tables) == len(arrays) and all(a is b for a, b in zip(tables, arrays))
    same = all(np.array_equal(a, b) for a, b in zip(arrays, before))
    apart = not any(np.shares_memory(t.detach().numpy(), a) for t in found for a in arrays)
    return {
        "what comes back": "a list of tensors",
        "tensors": [t.detach().numpy().copy() for t in found],
        "the list": "as it was" if kept else "changed",
        "the arrays": "as they were" if same else "changed",
        "memory of the results": "their own" if apart else "that of the arrays",
    }


@ex.oracle
def expected(tables):
    def centre(table):
        means = [sum(float(x) for x in column) / len(column) for column in table.T]
        return np.array([[x - m for x, m in zip(row, means)] for row in table], dtype=table.dtype)

    return {
        "what comes back": "a list of tensors",
        "tensors": [centre(table) for table in tables],
        "the list": "as it was",
        "the arrays": "as they were",
        "memory of the results": "their own",
    }


@ex.cases
def cases(rng):
    yield [np.array([[1.0, 5.0], [3.0, 9.0]])]
    yield [rng.normal(size=(4, 3)), rng.normal(size=(2, 3)) + 5]
    yield [np.array([[1.0, -2.0], [-1.0, 2.0]])]
    yield [rng.normal(size=(3, 3)).astype(np.float32)]
    yield [rng.normal(size=(5, 1)), rng.normal(size=(1, 2)), rng.normal(size=(2, 2))]


@ex.picture(
    "Three columns. On the left the list tables, a box with two places. From each place an arrow leads to a table of "
    "numbers in the middle, the arrays. On the right two dashed tables with question marks, the tensors, under the "
    "question: whose memory?",
    "Figure E13. The caller's list and the caller's arrays: both must be as before when the function returns.",
)
def picture():
    figure, ax = canvas(13, 6.2, inches=6.5)
    label(ax, 1.4, 0.6, "the list")
    label(ax, 6, 0.6, "the arrays")
    label(ax, 10.6, 0.6, "the tensors: whose memory?")
    grid(ax, [["·"], ["·"]], 0.9, 2.1, SKY)
    for row, (top, numbers) in enumerate([(1.1, [[1, 5], [3, 9]]), (3.7, [[2, 0], [4, 6]])]):
        grid(ax, numbers, 5, top, ORANGE)
        grid(ax, [["?", "?"], ["?", "?"]], 9.6, top, style="--")
        ax.annotate("", (4.9, top + 1), (1.5, 2.6 + row), arrowprops={"arrowstyle": "->", "lw": 1.5})
        ax.annotate("", (9.5, top + 1), (7.1, top + 1), arrowprops={"arrowstyle": "->", "lw": 1.5, "ls": "--"})
    return figure


@ex.right
def copied_first(tables):
    result = []
    for table in tables:
        t = torch.tensor(table)
        t -= t.mean(dim=0)
        result.append(t)
    return result


@ex.right
def in_numpy(tables):
    return [torch.from_numpy(table - table.mean(axis=0)) for table in tables]


@ex.wrong(
    "Only the list is a new one. The tensors lie in the memory of the arrays still, and `-=` writes there.",
    ask="What does a copy of a list copy: the arrays, or the arrows to them?",
)
def shallow_copy(tables):
    result = tables.copy()
    for i in range(len(result)):
        t = torch.from_numpy(result[i])
        t -= t.mean(dim=0)
        result[i] = t
    return result


@ex.wrong(
    "The arrays are saved, and the list is not: `result` is another name for the caller's list.",
    ask="How many lists are there after the line result = tables?",
)
def the_same_list(tables):
    result = tables
    for i in range(len(result)):
        t = torch.from_numpy(result[i])
        t = t - t.mean(dim=0)
        result[i] = t
    return result


@ex.wrong(
    "The copy comes too late: when it is made, the array has been overwritten already.",
    ask="At which line must the independent memory exist?",
)
def cloned_at_the_end(tables):
    result = []
    for table in tables:
        t = torch.from_numpy(table)
        t -= t.mean(dim=0)
        result.append(t.clone())
    return result


@ex.wrong(
    "You put the old numbers back, and the results lost theirs: they lie in the same memory.",
    ask="If array and tensor share, can they hold different numbers?",
)
def put_back_afterwards(tables):
    result = []
    for table in tables:
        before = table.copy()
        t = torch.from_numpy(table)
        t -= t.mean(dim=0)
        table[:] = before
        result.append(t)
    return result


@ex.wrong(
    "Where the means are 0 already, you return the array's own memory: a later write to the result reaches the data.",
    ask="May it depend on the numbers whether a result is independent?",
)
def a_short_cut(tables):
    result = []
    for table in tables:
        t = torch.from_numpy(table)
        if t.mean(dim=0).abs().max().item() > 0:
            t = t - t.mean(dim=0)
        result.append(t)
    return result


@ex.wrong(
    "The arrays are saved, but each row has mean 0 now, not each column.",
    ask="Along which dimension do you go when you run down a column?",
)
def along_the_rows(tables):
    return [torch.from_numpy(table) - torch.from_numpy(table).mean(dim=1, keepdim=True) for table in tables]
