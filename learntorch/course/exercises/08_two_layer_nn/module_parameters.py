"""Exercise 37: find every parameter of a module."""

import learntorch as torch
from learntorch import nn
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "module-parameters",
    chapter=8,
    number=37,
    title="Find every parameter",
    kind="function",
    minutes=12,
    slot="module-parameters",
    builds="learntorch.nn.Module.parameters",
    forbids=("parameters", "named_parameters", "named_modules", "modules", "state_dict", "apply"),
    prompt="""
    A training loop is short because somebody else walks through the net and lists what is to be learned. Here that
    somebody is you.

    `Module.__setattr__` has sorted everything into two dictionaries: `module._parameters`, from names to parameters,
    and `module._modules`, from names to the modules directly inside. Either may hold `None` for an empty place.

    Write `parameters(module)`. It returns a list of all parameters: first the module's own, in the order of the
    dictionary, then those of each module inside, in order, with everything inside *them*. A parameter that can be
    reached in two ways comes once, at the first place. What lies in a plain Python list or is a plain tensor does not
    count.
    """,
    hints=(
        "What is the list of a module without modules inside? And how does it grow for a module that holds two such?",
        "The function may call itself for each module inside. A parameter is the same if it is the same object: a set "
        "of id(p) remembers which were seen; == on tensors compares numbers.",
        "All files below a folder, with folders as {'files': […], 'folders': […]}: "
        "def files(f): return f['files'] + [name for inner in f['folders'] for name in files(inner)].",
    ),
    why="Two layers share one weight. What would an optimizer do to it if the weight were listed twice?",
    show=lambda tree: "a module with\n" + "\n".join(drawn(tree)),
)


def drawn(tree, indent="    "):
    """A tree of modules as lines."""
    lines = []
    for name, value in tree.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}: a module with", *drawn(value, indent + "    ")]
        elif isinstance(value, list):
            lines.append(f"{indent}{name}: a Python list of modules")
        elif value is None or value == "no module":
            lines.append(f"{indent}{name}: an empty place for a {'module' if value else 'parameter'}")
        elif value.startswith("@"):
            lines.append(f"{indent}{name}: the same module as {value[1:]}")
        else:
            lines.append(f"{indent}{name}: " + ("a plain tensor" if value == "plain" else f"the parameter {value!r}"))
    return lines


def grown(tree, known, top):
    """The module that a tree describes: 'a' is the parameter a, '@inner' the module that is called inner already."""
    module = nn.Module()
    for name, value in tree.items():
        if isinstance(value, dict):
            setattr(module, name, grown(value, known, top or module))
        elif isinstance(value, list):
            setattr(module, name, [grown(part, known, top or module) for part in value])
        elif value is None:
            module.register_parameter(name, None)
        elif value == "no module":
            module.add_module(name, None)
        elif value == "plain":
            setattr(module, name, torch.ones(2))
        elif value.startswith("@"):
            setattr(module, name, getattr(top or module, value[1:]))
        else:
            setattr(module, name, known.setdefault(value, nn.Parameter(torch.ones(1 + len(value)))))
    return module


@ex.solution
def parameters(module):
    # <blank>
    found = [p for p in module._parameters.values() if p is not None]
    for child in module._modules.values():
        if child is not None:
            found += parameters(child)
    seen = set()
    return [p for p in found if not (id(p) in seen or seen.add(id(p)))]
    # </blank>


@ex.judged
def judged(parameters, tree):
    """The names of the parameters that were found, in order."""
    known = {}
    module = grown(tree, known, None)
    names = {id(p): name for name, p in known.items()}
    found = parameters(module)
    if not isinstance(found, list):
        return f"the result is a {type(found).__name__}, and no list"
    return [names.get(id(p), "something that is no parameter of it") for p in found]


@ex.oracle
def expected(tree):
    found, waiting = [], [tree]
    while waiting:
        part = waiting.pop()
        part = tree[part[1:]] if isinstance(part, str) else part
        found += [v for v in part.values() if isinstance(v, str) and v[0] != "@" and v not in ("plain", "no module")]
        inside = [v for v in part.values() if isinstance(v, dict) or (isinstance(v, str) and v.startswith("@"))]
        waiting += inside[::-1]
    return sorted(set(found), key=found.index)


@ex.cases
def cases(rng):
    yield ({"weight": "a", "bias": "b"},)
    yield ({"weight": "a", "bias": None},)
    yield ({"first": {"weight": "a"}, "second": {"weight": "b", "bias": "c"}},)
    yield ({"inner": {"weight": "a"}, "own": "b"},)
    yield ({"own": "a", "block": {"layer": {"weight": "b"}, "scale": "c"}},)
    yield ({"first": {"weight": "a"}, "last": {"weight": "a", "bias": "b"}},)
    yield ({"first": {"weight": "a", "bias": "b"}, "middle": {"weight": "c"}, "last": "@first"},)
    yield ({"layers": [{"weight": "a"}, {"weight": "b"}], "own": "c", "offset": "plain"},)
    yield ({},)
    yield ({"own": "a", "head": "no module", "tail": {"weight": "b"}},)
    yield ({"block": {"part": {"layer": {"weight": "a"}, "own": "b"}}, "last": {"weight": "c"}},)
    names = list(rng.permutation(list("pqrstu")))
    yield (
        {
            names[0]: "a",
            names[1]: {names[2]: {names[3]: "b", "x": "c"}, "y": "a"},
            names[4]: {"z": "d"},
            names[5]: None,
        },
    )


@ex.picture(
    "A tree. At the top a box named net. Under it three boxes, first, block and last. block holds a box named layer. "
    "Rounded boxes for parameters hang below: weight and bias under first, scale under block, weight under layer. A "
    "dashed line leads from last to the weight of first.",
    "Figure E37. Boxes with corners are modules, rounded ones parameters. Two ways lead to one of them.",
)
def picture():
    from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, label

    figure, ax = canvas(14, 7, inches=6.5)
    at = {"net": (7, 0.8), "first": (2.5, 2.8), "block": (7, 2.8), "last": (11.5, 2.8), "layer": (8.3, 4.6)}
    leaves = [("first", "weight", 1.3, 4.8), ("first", "bias", 3.7, 4.8), ("block", "scale", 5.6, 4.6),
              ("layer", "weight", 8.3, 6.3)]  # fmt: skip
    for a, b in [("net", "first"), ("net", "block"), ("net", "last"), ("block", "layer")]:
        ax.plot(*zip(at[a], at[b]), color="black", lw=1.5, zorder=1)
    for parent, name, x, y in leaves:
        ax.plot([at[parent][0], x], [at[parent][1], y], color="black", lw=1.5, zorder=1)
        label(ax, x, y, name, bbox={"fc": ORANGE, "ec": "black", "boxstyle": "round,pad=0.4"})
    ax.plot([11.5, 11.5, 1.3, 1.3], [2.8, 6.8, 6.8, 5.3], color="#D55E00", ls="--", lw=2, zorder=0)
    for name, (x, y) in at.items():
        label(ax, x, y, name, bbox={"fc": SKY, "ec": "black", "boxstyle": "square,pad=0.4"})
    return figure


@ex.right
def with_a_helper_that_yields(module):
    seen = set()

    def walk(m):
        for p in m._parameters.values():
            if p is not None and id(p) not in seen:
                seen.add(id(p))
                yield p
        for child in m._modules.values():
            if child is not None:
                yield from walk(child)

    return list(walk(module))


@ex.right
def with_a_stack(module):
    found, waiting = {}, [module]
    while waiting:
        m = waiting.pop()
        for p in m._parameters.values():
            if p is not None:
                found.setdefault(id(p), p)
        waiting.extend(reversed(list(m.children())))
    return list(found.values())


@ex.wrong(
    "Only the module's own parameters are found. Those of the modules inside it are missing.",
    ask="Where do the weights of nn.Sequential(nn.Linear(3, 2)) live: in the Sequential or in the Linear?",
)
def own_ones_only(module):
    return [p for p in module._parameters.values() if p is not None]


@ex.wrong(
    "You looked one floor down and no deeper: modules inside the modules inside are missing.",
    ask="How deep can a net be, and what calls itself once for each floor?",
)
def one_floor_down(module):
    found, seen = [], set()
    for m in [module, *module.children()]:
        for p in m._parameters.values():
            if p is not None and id(p) not in seen:
                seen.add(id(p))
                found.append(p)
    return found


@ex.wrong(
    "A parameter that is shared is listed twice.",
    ask="How can you tell whether two entries are the same object?",
)
def shared_ones_twice(module):
    found = [p for p in module._parameters.values() if p is not None]
    for child in module._modules.values():
        if child is not None:
            found.extend(shared_ones_twice(child))
    return found


@ex.wrong(
    "Empty places are listed too: there is a None among the parameters.",
    ask="What does a layer with bias=False keep in its dictionary under the name bias?",
)
def empty_places_too(module):
    found, seen = [], set()
    for p in [*module._parameters.values(), *(p for c in module.children() for p in empty_places_too(c))]:
        if id(p) not in seen:
            seen.add(id(p))
            found.append(p)
    return found


@ex.wrong(
    "Modules in a plain Python list were searched as well. nn.Module does not look there: what is in a list is not on "
    "its lists.",
    ask="Which of the two dictionaries did __setattr__ file the Python list in?",
)
def lists_too(module):
    found, seen = [], set()
    parts = [m for value in vars(module).values() if isinstance(value, list) for m in value]
    inside = [p for m in [*parts, *module.children()] for p in lists_too(m)]
    for p in [*module._parameters.values(), *inside]:
        if p is not None and id(p) not in seen:
            seen.add(id(p))
            found.append(p)
    return found


@ex.wrong(
    "The modules inside come before the module's own parameters.",
    ask="Which line should run first: the one that reads _parameters, or the one that walks through _modules?",
)
def inside_first(module):
    found, seen = [], set()
    inside = [p for child in module.children() for p in inside_first(child)]
    for p in [*inside, *module._parameters.values()]:
        if p is not None and id(p) not in seen:
            seen.add(id(p))
            found.append(p)
    return found


@ex.wrong(
    "Parameters were compared with `in`, and `in` asks ==, which compares their numbers: equal numbers are taken for "
    "one parameter, and different shapes raise an error.",
    ask="Two layers may start with equal biases. Are they then one parameter?",
)
def compared_by_their_numbers(module):
    found = []
    inside = [p for child in module.children() for p in compared_by_their_numbers(child)]
    for p in [*module._parameters.values(), *inside]:
        if p is not None and p not in found:
            found.append(p)
    return found
