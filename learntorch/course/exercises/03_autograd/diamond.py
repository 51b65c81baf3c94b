"""Exercise 23: an engine that loses gradients."""

from learntorch.course.exercises.arrows import arrow, node
from learntorch.course.exercises.boxes import canvas
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "diamond",
    chapter=3,
    number=23,
    title="The engine that lost a gradient",
    kind="debug",
    minutes=10,
    prompt="""
    Here is a whole engine in six lines. It gets every chain right, and it has a mistake: for $y = (w + x)(w + 1)$ at
    $w = 1$ and $x = 2$ it says that the gradient of $w$ is 2. The chapter found 5.

    `tape` is the record, oldest operation first. Each entry is a result and the list of its inputs, each with the
    derivative of this one step. For the formula above:

    ```text
    [("a", [("w", 1.0), ("x", 1.0)]),      a = w + x
     ("b", [("w", 1.0)]),                  b = w + 1
     ("y", [("a", 2.0), ("b", 3.0)])]      y = a · b
    ```

    The engine returns a dictionary from every name to the gradient of the last result. All operations on the tape
    lead to the last one. `tape` stays as it is. Find the mistake and mend it.
    """,
    hints=(
        "Follow `w` through the loop by hand. How many shares arrive for it, and what happens to the first?",
        "What arrives for a name is added to what is there already. Where nothing is there yet, that is 0; "
        "`d.get(key, 0.0)` looks into a dictionary and gives 0.0 for a key that it does not have.",
        'Counting letters has the same shape. `for c in "noon": count[c] = count.get(c, 0) + 1` gives 2 for each '
        "of the two letters; with `count[c] = 1` it would forget the first of each.",
    ),
    why="When the loop reaches an operation, how do you know that the gradient of its result is complete?",
)


@ex.buggy
def backward(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in reversed(tape):
        for name, slope in inputs:
            grads[name] = grads[result] * slope
    return grads


@ex.solution
def backward(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in reversed(tape):
        for name, slope in inputs:
            grads[name] = grads.get(name, 0.0) + grads[result] * slope
    return grads


@ex.oracle
def expected(tape):
    """Without any order: every way from the last result down, each with the product of its slopes."""
    made_from, total = dict(tape), {}
    ways = [(tape[-1][0], 1.0)]
    while ways:
        name, product = ways.pop()
        total[name] = total.get(name, 0.0) + product
        ways += [(below, product * slope) for below, slope in made_from.get(name, [])]
    return total


@ex.cases
def cases(rng):
    yield ([("y", [("x", 3.0)])],)
    yield ([("b", [("a", 1.0), ("a", 1.0)]), ("c", [("b", 1.0), ("b", 1.0)])],)
    yield ([("a", [("w", 1.0), ("x", 1.0)]), ("b", [("w", 1.0)]), ("y", [("a", 2.0), ("b", 3.0)])],)
    yield ([("a", [("x", 0.1)]), ("b", [("a", -0.03)]), ("c", [("b", 0.5)])],)
    yield ([("p", [("x", 2.0)]), ("q", [("p", 3.0)]), ("r", [("p", 4.0), ("q", 5.0)])],)
    yield ([("a", [("x", 2.0), ("x", 3.0), ("x", 4.0)])],)
    a, b, c, d, e, f = (round(float(v), 1) for v in rng.uniform(1.5, 3, size=6) * rng.choice([-1, 1], size=6))
    yield ([("p", [("x", a)]), ("q", [("p", b)]), ("r", [("q", c), ("x", d)]), ("s", [("r", e), ("p", f)])],)
    yield ([("p", [("x", a), ("y", b)]), ("q", [("p", c), ("p", d)]), ("z", [("q", e), ("q", f), ("x", a)])],)


@ex.picture(
    "A diamond: from w at the top two arrows lead down to a and b, and from both an arrow leads to y at the bottom. x "
    "also leads to a. Dashed arrows come back with the shares 2 and 3 from y, and with 2 and 3 on to w, where a "
    "question mark stands.",
    "Figure E23. Two shares arrive at w, by two ways.",
)
def picture():
    figure, ax = canvas(13, 5.6, inches=6.5)
    at = {"w": (6.5, 0.8), "x": (1.6, 1.4), "a": (4.2, 2.8), "b": (8.8, 2.8), "y": (6.5, 4.8)}
    for tail, head, side in [("w", "a", -1), ("w", "b", 1), ("a", "y", -1), ("b", "y", 1)]:
        arrow(ax, at[tail], at[head], bend=0.12 * side)
        share = {"a": "2", "b": "3"}[head if tail == "w" else tail]
        up = -0.15 if tail == "w" else 0.15
        arrow(ax, at[head], at[tail], share, back=True, bend=0.12 * side, at=(0.65 * side, up))
    arrow(ax, at["x"], at["a"])
    for name, place in at.items():
        node(ax, *place, name)
    ax.text(7.5, 0.8, "?", fontsize=15, ha="center", va="center")
    return figure


@ex.right
def with_a_question(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in reversed(tape):
        for name, slope in inputs:
            share = grads[result] * slope
            if name in grads:
                grads[name] += share
            else:
                grads[name] = share
    return grads


@ex.right
def zeros_first(tape):
    grads = {name: 0.0 for _, inputs in tape for name, _ in inputs}
    last = tape[-1][0]
    grads[last] = 1.0
    for i in range(len(tape) - 1, -1, -1):
        result, inputs = tape[i]
        for name, slope in inputs:
            grads[name] += slope * grads[result]
    return grads


@ex.wrong(
    "Now the first share stays, and those that come later are lost. All shares are added.",
    ask="What should be in the dictionary when 3 has arrived, and then 2?",
)
def first_share_stays(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in reversed(tape):
        for name, slope in inputs:
            if name not in grads:
                grads[name] = grads[result] * slope
    return grads


@ex.wrong(
    "The first share is counted twice: it is there as the starting value, and then it is added.",
    ask="What is the gradient of a name before anything has arrived?",
)
def first_share_twice(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in reversed(tape):
        for name, slope in inputs:
            share = grads[result] * slope
            grads[name] = grads.get(name, share) + share
    return grads


@ex.wrong(
    "At every arrival the whole total is passed on, so what came first is passed on again. A node may work once, when "
    "its gradient is complete.",
    ask="When a second share of 1 reaches b, how much of b's total has a not seen yet?",
)
def total_passed_on_again(tape):
    made_from, grads = dict(tape), {}

    def arrive(name, share):
        grads[name] = grads.get(name, 0.0) + share
        for below, slope in made_from.get(name, []):
            arrive(below, grads[name] * slope)

    arrive(tape[-1][0], 1.0)
    return grads


@ex.wrong(
    "The shares of different operations are added, but an operation that uses a name twice counts it once, as in a + "
    "a.",
    ask="How many entries has the list of inputs of b = a + a?",
)
def once_for_each_operation(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in reversed(tape):
        for name, slope in dict(inputs).items():
            grads[name] = grads.get(name, 0.0) + grads[result] * slope
    return grads


@ex.wrong(
    "The tape is read from its beginning. There the gradients have not arrived yet, so zeros are passed on.",
    ask="Which operation is the first that knows its gradient?",
)
def oldest_first(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in tape:
        for name, slope in inputs:
            grads[name] = grads.get(name, 0.0) + grads.get(result, 0.0) * slope
    return grads


@ex.wrong(
    "The shares are added without the derivative of the step: each one has to be multiplied by its slope.",
    ask="For y = a · b with b = 3, how far does y move when a moves by 1?",
)
def without_the_slope(tape):
    grads = {tape[-1][0]: 1.0}
    for result, inputs in reversed(tape):
        for name, _ in inputs:
            grads[name] = grads.get(name, 0.0) + grads[result]
    return grads
