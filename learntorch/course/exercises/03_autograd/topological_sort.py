"""Exercise 22: put the lines of the topological sort in order."""

from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "topological-sort",
    chapter=3,
    number=22,
    title="In which order?",
    kind="parsons",
    minutes=8,
    prompt="""
    The walk backward may visit a node only after *everything that used its result*. `parents` maps each node to the
    list of the nodes that it was computed from; the result lists the nodes in an order for the walk, the last node
    first. Put the lines in order. One of them is not needed.
    """,
    hints=(
        "In `b = a + a; c = b + b`, how often would a be visited without a record of what was seen?",
        "A node may be written down only after all its parents are; then the list is turned round.",
        "For socks and shoes: put on what others depend on first, then reverse the list to take everything off.",
    ),
    why="What would go wrong with the gradients if a node were visited before all its users?",
    lines={
        "A": "def order(last, parents):",
        "B": "    found, seen = [], set()",
        "C": "    def visit(node):",
        "D": "        if node in seen: return",
        "E": "        seen.add(node)",
        "F": "        for parent in parents[node]: visit(parent)",
        "G": "        found.append(node)",
        "H": "    visit(last)",
        "I": "    return found[::-1]",
        "J": "    return sorted(found)",
    },
    distractors=("J",),
)
ex.answer = "A B C D E F G H I"


@ex.oracle
def valid(last, parents):
    return True


@ex.judged
def judged(order, last, parents):
    """True if each node comes once, and before the nodes that it was computed from."""
    found = order(last, parents)
    place = {node: i for i, node in enumerate(found)}
    reachable, stack = set(), [last]
    while stack:
        node = stack.pop()
        if node not in reachable:
            reachable.add(node)
            stack.extend(parents[node])
    return (
        len(found) == len(place)
        and set(place) == reachable
        and all(place[node] < place[parent] for node in place for parent in parents[node])
    )


@ex.cases
def cases(rng):
    yield "a", {"a": []}
    yield "c", {"a": [], "b": ["a", "a"], "c": ["b", "b"]}
    yield "d", {"a": [], "b": ["a"], "c": ["a"], "d": ["c", "b"]}
    yield "e", {"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"], "e": ["d", "b"]}


ex.right("A B C E F G H I".replace("C E", "C D E"))
ex.right("ABCDEFGHI")
ex.wrong("Preorder: a node is written down before its parents, so the turned list ends with the last node.",
         ask="Which node must the walk backward visit first?", answer="A B C D E G F H I")  # fmt: skip
ex.wrong("Without a record of what was seen, a node that is used twice is listed twice.",
         ask="How often is a listed for b = a + a?", answer="A B C F G H I")  # fmt: skip
ex.wrong("A topological order is not an alphabetical one.",
         ask="What does the name of a node say about when it was computed?", answer="A B C D E F G H J")  # fmt: skip
