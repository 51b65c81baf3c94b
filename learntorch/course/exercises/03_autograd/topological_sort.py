"""Exercise 22: put the lines of the topological sort in order."""

from learntorch.course.exercises.arrows import arrow, node
from learntorch.course.exercises.boxes import canvas
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "topological-sort",
    chapter=3,
    number=22,
    title="In which order?",
    kind="parsons",
    minutes=8,
    prompt="""
    The walk back may visit a node only when its gradient is complete: after *everything that used its result*. For a
    chain that is easy. Where a result is used in several places, an order has to be found.

    `parents` is a dictionary. It maps each node to the list of the nodes that it was computed from. The result of
    `order(last, parents)` is the list of all nodes on the way from `last` down, each of them once, in an order for
    the walk: `last` comes first, and every node comes before its parents. For `c = b + b` and `b = a + a` it is
    `["c", "b", "a"]`.

    Put the lines in order, and write their letters as a text. Two of the lines are not needed.
    """,
    hints=(
        "In `b = a + a` and `c = b + b`, how often is `a` reached, and how often should it stand in the list?",
        "A node may be written down only after everything below it is written down. The list then begins at the "
        "bottom, so at the end it is turned round.",
        "Packing a bag: before the shoes go in, what lies under them must be in. For `shoes: [shirt, socks]` and "
        "`shirt: [socks]` the bag is packed as socks, shirt, shoes, and unpacked as shoes, shirt, socks.",
    ),
    why="The real engine does not sort. It takes the node that was made last. Why is that an order of this kind too?",
    lines={
        "A": "        if node not in written:",
        "B": "            written.append(node)",
        "C": "    written = []",
        "D": "                visit(parent)",
        "E": "    return written[::-1]",
        "F": "    def visit(node):",
        "G": "    visit(last)",
        "H": "def order(last, parents):",
        "I": "    return written",
        "J": "            for parent in parents[node]:",
        "K": "        if node in parents:",
    },
    distractors=("I", "K"),
)
ex.answer = "H C F A J D B G E"

VALID = "every node once, and before its parents"


@ex.oracle
def expected(last, parents):
    return VALID


@ex.judged
def judged(order, last, parents):
    """What is true of the order that was found, in words."""
    found = order(last, parents)
    if not isinstance(found, list):
        return f"the result is {type(found).__name__}, and no list"
    below, stack = {}, [last]
    while stack:
        node = stack.pop()
        if node not in below:
            below[node] = None
            stack.extend(parents[node])
    for name in below:
        if found.count(name) != 1:
            return f"{name} stands in the list {found.count(name)} times: {', '.join(found)}"
    for child in below:
        for parent in parents[child]:
            if found.index(parent) < found.index(child):
                return f"{parent} comes before {child}, which was computed from it: {', '.join(found)}"
    return VALID if len(found) == len(below) else f"there is more in the list than was reached: {', '.join(found)}"


@ex.cases
def cases(rng):
    yield "a", {"a": []}
    yield "c", {"a": [], "b": ["a", "a"], "c": ["b", "b"]}
    yield "d", {"a": [], "b": ["a"], "c": ["a"], "d": ["c", "b"]}
    yield "e", {"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"], "e": ["d", "b"]}
    yield "y", {"w": [], "x": [], "p": ["w", "x"], "q": ["w"], "y": ["p", "q"], "z": ["y", "w"]}


@ex.picture(
    "Five nodes from left to right. Arrows lead from a to b, from b to c, from a and c to d, from d to e, and a long "
    "one from b to e.",
    "Figure E22. A graph as it was computed, from left to right. b was used in c and in e: e must not be the only one "
    "that b waits for.",
)
def picture():
    figure, ax = canvas(14, 5, inches=6.5)
    at = {"a": (1.2, 2.5), "b": (4, 1.4), "c": (6.8, 2.5), "d": (9.6, 3.4), "e": (12.6, 2.2)}
    for tail, head in ["ab", "bc", "cd", "de"]:
        arrow(ax, at[tail], at[head])
    arrow(ax, at["a"], at["d"], bend=0.25)
    arrow(ax, at["b"], at["e"], bend=-0.2)
    for name, place in at.items():
        node(ax, *place, name)
    return figure


ex.right("H F A J D B C G E")
ex.right("hcfajdbge")
ex.wrong("Each node is written down before its parents, and then the list is turned round: the last node comes last.",
         ask="After turning, where does a node stand that was written down first?",
         answer="H C F A B J D G E")  # fmt: skip
ex.wrong("Nothing records what was written down, so a node that is used twice stands in the list twice.",
         ask="Which line asks whether the node has had its turn?", answer="H C F K J D B G E")  # fmt: skip
ex.wrong("The list still begins at the bottom: it was not turned round.",
         ask="What stands first in the list, the last node or a leaf?", answer="H C F A J D B G I")  # fmt: skip
ex.wrong("Each node is written down when it is first reached. In a chain that is enough; but where two ways of "
         "different length lead to a node, it comes too early.",
         ask="In the picture, d leads to a straight away. Has b had its turn by then?",
         answer="H C F A B J D G I")  # fmt: skip
ex.wrong("The node is written down once for each of its parents, inside the loop, and a leaf never.",
         ask="How often does the body of the loop run for a leaf, and how often for b = a + a?",
         answer="H C F A J B D G E")  # fmt: skip
