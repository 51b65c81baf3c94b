"""The learner's layer, walk, loss and optimizers in the package: a right piece changes nothing that can be seen."""

import math
import re
import warnings

import pytest

import learntorch as torch
import learntorch.nn.functional as F
from learntorch import nn, optim
from learntorch.course.practice import slots
from learntorch.course.practice.answer import filled, load
from learntorch.course.practice.definition import find

# The package itself broadcasts and warns, as PyTorch does, before it asks for the loss of equal shapes.
UNSEEN = {("mse-loss", "broadcasts"), ("mse-loss", "made_to_fit")}


def digits(values) -> list:
    """The numbers of a tensor, without what rounding may change."""
    return [tuple(values.shape), str(values.dtype), [float(f"{v:.5g}") + 0.0 for v in values.flatten().tolist()]]


NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")


def alike(one: object, two: object) -> bool:
    """True if two lists of what was seen say the same, but for a last digit that may be rounded the other way."""
    texts = [str(one), str(two)]
    if NUMBER.sub("#", texts[0]) != NUMBER.sub("#", texts[1]):
        return False
    return all(
        math.isclose(float(a), float(b), rel_tol=3e-4, abs_tol=2e-4) for a, b in zip(*map(NUMBER.findall, texts))
    )


def tried(call) -> str:
    try:
        return repr(call())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def layers() -> list:
    """What layers print, own, compute, differentiate (twice) and refuse."""
    torch.manual_seed(0)
    layer, double = nn.Linear(3, 2), nn.Linear(3, 2, bias=False, dtype=torch.float64)
    found = [repr(layer), repr(double), list(double.state_dict()), double.bias is None]
    found += [digits(p) for p in (*layer.parameters(), *double.parameters())]
    for x in (torch.ones(5, 3), torch.ones(2, 4, 3), torch.ones(3), torch.ones(0, 3)):
        x.requires_grad_()
        y = layer(x)
        first = torch.autograd.grad((y**2).sum(), [x, layer.weight, layer.bias], create_graph=True)
        (second,) = torch.autograd.grad(sum((g**2).sum() for g in first), layer.weight)
        found += [digits(t) for t in (y, *first, second)]
    found += [tried(lambda x=x: layer(x)) for x in (torch.ones(5, 4), [1, 2, 3], torch.ones(()))]
    found += [tried(lambda: nn.Linear("a", 2)), tried(lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU()))]
    layer.reset_parameters()
    return [*found, digits(layer.weight)]


def lists() -> list:
    """What is listed of nets with shared layers, empty places, Python lists and parameters of their own."""

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.hidden = nn.Linear(5, 1), [nn.Linear(9, 9)]
            self.own = nn.Parameter(torch.ones(7))

    shared = nn.Linear(2, 2)
    net = nn.Sequential(shared, nn.ReLU(), shared, nn.Sequential(nn.Linear(2, 1, bias=False)))
    optimizer = optim.SGD(net.parameters(), lr=1.0)
    return [
        [
            [tuple(p.shape) for p in module.parameters(recurse=r)]
            for module in (Own(), net, shared)
            for r in (True, False)
        ],
        next(net.parameters()) is shared.weight,
        [any(p is q for q in net.parameters()) for p in optimizer.param_groups[0]["params"]],
    ]


def losses() -> list:
    """Squared errors of several types, their gradients (twice), and what is warned of or refused."""
    torch.manual_seed(0)
    found = []
    for dtype in (torch.float32, torch.float64):
        for reduction in ("mean", "sum", "none"):
            a, b = (torch.randn(3, 2).to(dtype).requires_grad_() for _ in range(2))
            y = F.mse_loss(a, b, reduction=reduction)
            first = torch.autograd.grad((y * y).sum(), [a, b], create_graph=True)
            (second,) = torch.autograd.grad(sum((g**2).sum() for g in first), a)
            found += [y.grad_fn.name(), *(digits(t) for t in (y, *first, second))]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found += [tried(lambda: F.mse_loss(torch.ones(3, 1), torch.zeros(3))), [str(w.message) for w in caught]]
    for a, b in ((torch.ones(3, 2), torch.ones(5, 2)), (torch.ones(0), torch.ones(0)), (torch.ones(2).half(),) * 2,
                 (torch.tensor([1, 2]),) * 2, ([1], 2)):  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(tried(lambda a=a, b=b: F.mse_loss(a, b)))
    return [*found, digits(nn.MSELoss()(torch.ones(()), torch.zeros(())))]


def runs(kind: type, *settings: dict) -> list:
    """Training with groups, schedules, closures, hooks, a frozen weight, and a state that is saved and loaded."""
    found = []
    for options in settings:
        torch.manual_seed(0)
        net, x, y = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), torch.randn(5, 3), torch.randn(5, 2)

        def optimizer(lr, net=net, options=options):
            groups = [{"params": net[0].parameters()}, {"params": net[2].parameters(), "lr": 5 * lr}]
            return kind(groups, lr=lr, **options)

        def closure(net=net, x=x, y=y):
            loss = (net(x) - y).pow(2).sum()
            loss.backward()
            return loss

        calls, o = [], optimizer(0.01)
        o.register_step_post_hook(lambda *args, calls=calls: calls.append(1))
        schedule = optim.lr_scheduler.StepLR(o, 2, 0.5)
        for i in range(5):
            o.zero_grad()
            if i == 3:
                net[0].weight.requires_grad_(False)
                saved, o = o.state_dict(), optimizer(1.0)
                found += [
                    (k, name, digits(v)) for k, state in saved["state"].items() for name, v in sorted(state.items())
                ]
                o.load_state_dict(saved)
            found += [tried(lambda o=o: o.step(closure)), repr(o)]
            schedule.step()
        found += [len(calls), *(digits(p) for p in net.parameters())]
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    kept = (w * w).sum()
    w.grad = torch.ones(2)
    kind([w], lr=0.1).step()
    return [*found, "inplace operation" in tried(kept.backward)]  # the graph that saved the old numbers notices


def descents() -> list:
    further = [{"nesterov": True}, {"dampening": 0.5, "nesterov": False}, {"weight_decay": 0.1}, {"maximize": True}]
    return runs(optim.SGD, {}, {"momentum": 0.9}, *({"momentum": 0.9, **option} for option in further))


def adams() -> list:
    plain = runs(optim.Adam, {}, {"betas": (0.5, 0.9), "eps": 0.1}, {"amsgrad": True}, {"weight_decay": 0.1})
    return plain + runs(optim.AdamW, {})


SEEN = {
    "linear-layer": layers,
    "module-parameters": lists,
    "mse-loss": losses,
    "sgd-step": descents,
    "adam-step": adams,
}


@pytest.mark.parametrize("id", SEEN)
def test_a_right_piece_changes_nothing_a_wrong_one_shows_and_ours_comes_back(id):
    ex, seen = find(id), SEEN[id]
    slot, ours = slots.slots()[ex.slot], seen()
    answers = [(ex.answer, True), *((right.answer, True) for right in ex.rights)]
    answers += [(wrong.answer, False) for wrong in ex.wrongs if (id, wrong.name) not in UNSEEN]
    for answer, right in answers:
        try:
            slot.install(load(ex, filled(ex.source(answer)), "mine").object)
            try:
                now = seen()
            except Exception as error:
                now = error
            assert alike(now, ours) == right, answer.__name__
        finally:
            slot.restore()
    assert seen() == ours
    slots.poison(slot, id)
    try:
        assert "is not yours yet" in tried(seen)
    finally:
        slot.restore()


@pytest.mark.parametrize("name", ["net-forward", "net-backward", "tensor-backward", "training-loop"])
def test_a_shelf_lends_ours_until_a_piece_comes(name):
    slot = slots.slots()[name]
    lent = slots.mine(name)
    try:
        slot.install(len)
        assert slots.mine(name) is len
        slots.poison(slot, name)
        with pytest.raises(slots.EmptySlot, match="is not yours yet"):
            slots.mine(name)()
    finally:
        slot.restore()
    assert slots.mine(name) is lent
