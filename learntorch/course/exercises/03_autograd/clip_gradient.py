"""Exercise 25: a hook that clips."""

import learntorch as torch
from learntorch.course.exercises.arrows import arrow, node
from learntorch.course.exercises.boxes import canvas, label
from learntorch.course.practice.compare import text
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "clip-gradient",
    chapter=3,
    number=25,
    title="A hook that clips",
    kind="function",
    minutes=10,
    prompt="""
    One huge gradient can throw a whole training off. A hook can stop it halfway, where it arises, and the rest of the
    walk goes on with what the hook returns.

    Write `clip_gradient(t, limit)`. It hangs a hook on the tensor `t`. From then on, a gradient that arrives at `t`
    is clipped: each of its elements that is above `limit` becomes `limit`, each that is below `-limit` becomes
    `-limit`. The walk goes on with the clipped gradient. `clip_gradient` returns the handle, so that the hook can be
    taken down again.

    For example, with `limit` 5 a gradient of (2, 8, −18) becomes (2, 5, −5).

    The gradient itself is not yours to write to: in `y = h + k` the same numbers go to `h` and to `k`. The numbers of
    `t` stay as they are too.
    """,
    hints=(
        "What does the engine do with a hook that returns nothing?",
        "A hook is a function of one argument, the gradient, and what it returns takes the place of the gradient. A "
        "function inside a function may use the arguments of the outer one. The method `clamp` makes a new tensor, "
        "`clamp_` writes.",
        "A hook that doubles: `t.register_hook(lambda g: 2 * g)`. With a gradient of (1, −3), (2, −6) goes on. The "
        "call returns a handle, and `handle.remove()` ends the doubling.",
    ),
    why="With the hook on `h` and `h = x * x`, may the gradient of `x` still be larger than `limit`?",
    show=lambda x, weights, limit: (
        f"x = {text(x)}\nweights = {text(weights)}\nh = x * x\nk = 1 * x\n"
        f"loss = ((h + k) * weights).sum()\nhandle = clip_gradient(h, {limit:g})\n"
        "loss.backward(), another walk, and one more after handle.remove()"
    ),
)


@ex.solution
def clip_gradient(t, limit):
    # <blank>
    def hook(g):
        return g.clamp(-limit, limit)

    return t.register_hook(hook)
    # </blank>


@ex.judged
def judged(clip_gradient, x, weights, limit):
    """What arrives where, with the hook and after it was taken down."""
    x = x.detach().requires_grad_()
    k = 1 * x
    h = x * x
    k.retain_grad()
    before = h.detach().clone()
    handle = clip_gradient(h, limit)
    loss = ((h + k) * weights).sum()
    loss.backward(retain_graph=True)
    found = {"x.grad": x.grad.clone(), "k.grad": k.grad.clone()}
    if not torch.equal(h.detach(), before):
        found["h"] = "was written to"
    x.grad = None
    loss.backward(retain_graph=True)
    found["x.grad of another walk"] = x.grad.clone()
    if not hasattr(handle, "remove"):
        return {**found, "x.grad without it": "there is no handle"}
    handle.remove()
    x.grad = None
    loss.backward()
    return {**found, "x.grad without it": x.grad}


@ex.oracle
def expected(x, weights, limit):
    """h gets the weight, clipped, and passes it on times 2x; k gets the weight, and passes it on."""

    def table(entry):
        pairs = zip(x.reshape(-1).tolist(), weights.reshape(-1).tolist())
        return torch.tensor([entry(v, w) for v, w in pairs], dtype=torch.float64).reshape(x.shape)

    return {
        "x.grad": table(lambda v, w: max(-limit, min(limit, w)) * 2 * v + w),
        "k.grad": table(lambda v, w: w),
        "x.grad of another walk": table(lambda v, w: max(-limit, min(limit, w)) * 2 * v + w),
        "x.grad without it": table(lambda v, w: w * 2 * v + w),
    }


@ex.cases
def cases(rng):
    yield torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64), torch.tensor([2.0, 8.0, -18.0], dtype=torch.float64), 5.0
    yield torch.tensor(3.0, dtype=torch.float64), torch.tensor(-7.0, dtype=torch.float64), 0.5
    yield torch.tensor([1.0, -1.0], dtype=torch.float64), torch.tensor([0.5, -0.5], dtype=torch.float64), 1.0
    yield torch.tensor(rng.normal(size=(2, 3))), torch.tensor(rng.normal(size=(2, 3)) * 10), 2.0
    yield torch.tensor(rng.normal(size=(3, 3))), torch.tensor(rng.normal(size=(3, 3)) * 3), 1.5


@ex.picture(
    "A recorded graph: from x two arrows lead to h and k, both lead to a plus, and that to the loss. Dashed arrows "
    "come back the same way with the gradient g. On the dashed arrow from the plus to h hangs a small box with the "
    "word hook.",
    "Figure E25. The same g is on its way to h and to k. Only the way to h has a hook.",
)
def picture():
    figure, ax = canvas(14, 5.4, inches=6.5)
    at = {"x": (1.4, 2.7), "h": (5, 1.2), "k": (5, 4.2), "+": (9, 2.7), "loss": (12.6, 2.7)}
    for tail, head, bend in [("x", "h", -1), ("x", "k", 1), ("h", "+", -1), ("k", "+", 1), ("+", "loss", -1)]:
        arrow(ax, at[tail], at[head], bend=0.1 * bend)
        arrow(ax, at[head], at[tail], back=True, bend=0.1 * bend)
    for name, place in at.items():
        node(ax, *place, name, "operation" if name == "+" else "value")
    label(ax, 10.7, 3.4, "g", fontsize=14)
    label(ax, 7.2, 4.0, "g", fontsize=14)
    label(ax, 6.6, 2.3, "hook", bbox={"fc": "#F0E442", "ec": "black", "pad": 4})
    return figure


@ex.right
def with_a_lambda(t, limit):
    return t.register_hook(lambda g: torch.clamp(g, -limit, limit))


@ex.right
def with_a_copy(t, limit):
    def hook(g):
        mine = g.clone()
        mine[mine > limit] = limit
        mine[mine < -limit] = -limit
        return mine

    return t.register_hook(hook)


@ex.wrong(
    "Your hook clips and returns nothing, so the walk goes on with the gradient as it was.",
    ask="Where does the result of clamp go?",
)
def returns_nothing(t, limit):
    def hook(g):
        g.clamp(-limit, limit)

    return t.register_hook(hook)


@ex.wrong(
    "Your hook writes into the gradient. The same numbers were on their way to another node, and it got them clipped.",
    ask="Which other tensor receives this g?",
)
def writes_into_it(t, limit):
    def hook(g):
        return g.clamp_(-limit, limit)

    return t.register_hook(hook)


@ex.wrong(
    "Your hook clips the numbers of t and sends them back as if they were its gradient.",
    ask="What does the engine hand to the hook, and what is t?",
)
def wrong_tensor(t, limit):
    return t.register_hook(lambda g: t.detach().clamp(-limit, limit))


@ex.wrong(
    "Only one side is clipped: gradients far below zero still pass.",
    ask="What should become of −18 if the limit is 5?",
)
def one_side(t, limit):
    return t.register_hook(lambda g: g.clamp(max=limit))


@ex.wrong(
    "The gradient is right, but the handle is lost, so nobody can take the hook down again.",
    ask="What does register_hook give back, and to whom?",
)
def no_handle(t, limit):
    t.register_hook(lambda g: g.clamp(-limit, limit))


@ex.wrong(
    "You scaled the whole gradient down. Clipping leaves the elements within the limit as they are.",
    ask="What should become of the 2 in (2, 8, −18)?",
)
def scaled(t, limit):
    return t.register_hook(lambda g: g * (limit / max(limit, g.abs().max().item())))


@ex.wrong(
    "You clipped t itself. Its numbers belong to the formula; what is too large is the gradient.",
    ask="At what moment is there a gradient to clip?",
)
def clips_the_values(t, limit):
    with torch.no_grad():
        t.clamp_(-limit, limit)
    return t.register_hook(lambda g: g)
