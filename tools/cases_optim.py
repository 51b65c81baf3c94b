"""Cases of tools/record_nn.py: optimizers."""

from __future__ import annotations

from recorder import case, complaint, numbers

# Optimizers ───────────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = {
    "SGD": ("SGD", {"lr": 0.1}),
    "SGD as it comes": ("SGD", {}),
    "SGD weight_decay": ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    "SGD momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "SGD momentum and weight_decay": ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    "SGD dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    "SGD nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "SGD nesterov and weight_decay": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "SGD maximize": ("SGD", {"lr": 0.1, "momentum": 0.5, "maximize": True}),
    "Adam": ("Adam", {"lr": 0.1}),
    "Adam as it comes": ("Adam", {}),
    "Adam betas": ("Adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3}),
    "Adam weight_decay": ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    "Adam decoupled": ("Adam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "Adam amsgrad": ("Adam", {"lr": 0.1, "amsgrad": True}),
    "Adam amsgrad and weight_decay": ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
    "Adam maximize": ("Adam", {"lr": 0.1, "maximize": True}),
    "Adam fused": ("Adam", {"lr": 0.1, "foreach": False}),
}


def small_net(torch):
    nn = torch.nn
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def train(torch, net, optimizer, steps: int) -> list:
    """Five-step training on fixed data; the losses."""
    x, y = numbers(torch, 6, 3), numbers(torch, 6, 2).abs()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def optimizer_case(torch, setting: str):
    kind, options = SETTINGS[setting]
    net = small_net(torch)
    optimizer = getattr(torch.optim, kind)(net.parameters(), **options)
    losses = train(torch, net, optimizer, 5)
    return {
        "losses": losses,
        "parameters": list(net.parameters()),
        "state": optimizer.state_dict(),
        "repr": repr(optimizer),
    }


for _name in SETTINGS:
    case("optim", _name, setting=_name)(optimizer_case)


@case("optim")
def a_long_run(torch):
    net = small_net(torch)
    losses = train(torch, net, torch.optim.Adam(net.parameters(), lr=0.01), 60)
    losses += train(torch, net, torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9), 60)
    return losses[::10]


@case("optim")
def groups(torch):
    net = small_net(torch)
    optimizer = torch.optim.SGD(
        [{"params": net[0].parameters(), "lr": 0.5}, {"params": net[2].bias}], lr=0.1, momentum=0.9
    )
    optimizer.add_param_group({"params": [net[2].weight], "momentum": 0.0})
    train(torch, net, optimizer, 2)
    optimizer.param_groups[1]["lr"] = 0.0
    train(torch, net, optimizer, 2)
    named = torch.optim.SGD(net.named_parameters(), lr=0.1)
    return [list(net.parameters()), optimizer.state_dict(), repr(optimizer), len(optimizer.state),
            named.state_dict()["param_groups"], len(named.param_groups[0]["params"])]  # fmt: skip


@case("optim")
def going_on_from_a_state(torch):
    """Three steps, save, load into a fresh pair, two more: the same as five."""
    found = []
    for kind, options in (("Adam", {"lr": 0.1, "amsgrad": True}), ("SGD", {"lr": 0.1, "momentum": 0.9})):
        make = getattr(torch.optim, kind)
        net = small_net(torch)
        optimizer = make(net.parameters(), **options)
        train(torch, net, optimizer, 3)
        fresh = small_net(torch).double()
        fresh.load_state_dict(net.state_dict())
        other = make(fresh.parameters(), lr=77.0)
        other.load_state_dict(optimizer.state_dict())
        types = [str(v.dtype) for s in other.state.values() for v in s.values()]
        fresh.float()
        other.load_state_dict(optimizer.state_dict())
        losses = train(torch, fresh, other, 2)
        found.append([losses, list(fresh.parameters()), types, other.param_groups[0]["lr"]])
    return found


@case("optim")
def what_a_step_touches(torch):
    a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
    optimizer = torch.optim.SGD([a, b], lr=0.5)
    (a * c).sum().backward()
    address = a.data_ptr()
    answer = optimizer.step()
    found = [a, b, c, answer, a.data_ptr() == address, a.is_leaf, len(optimizer.state), b.grad]
    optimizer.zero_grad(set_to_none=False)
    found.append([a.grad, c.grad])
    optimizer.zero_grad()
    found.append([a.grad, c.grad])

    def closure():
        optimizer.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        found += [optimizer.step(closure), a]
    scalar = torch.tensor(2.0, requires_grad=True)
    for kind in (torch.optim.SGD, torch.optim.Adam):
        optimizer = kind([scalar], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            (scalar * scalar).backward()
            optimizer.step()
        found.append(scalar.item())
    stale = (a * a).sum()
    torch.optim.SGD([a], lr=0.1).step()
    found.append(complaint(stale.backward)[0])
    turned = torch.nn.Parameter(torch.ones(2, 3).t())
    (turned * numbers(torch, 3, 2)).sum().backward()
    torch.optim.Adam([turned], lr=torch.tensor(0.1)).step()
    return [*found, turned]
