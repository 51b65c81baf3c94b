"""Cases of tools/record_nn.py: what a module holds, its state, its hooks."""

from __future__ import annotations

from collections import OrderedDict

from recorder import case, complaint, numbers, warned

# Modules ──────────────────────────────────────────────────────────────────────────────────────────────────────


def tree(torch):
    """A module with all that a module can hold: parameters, buffers, empty places, inner and shared modules."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, shared):
            super().__init__()
            self.shared = shared
            self.scale = nn.Parameter(torch.ones(2))

        def forward(self, x):
            return self.shared(x) * self.scale

    class Tree(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(2))
            self.register_buffer("hidden", torch.zeros(3), persistent=False)
            self.register_buffer("nothing", None)
            self.register_parameter("empty", None)
            self.first = nn.Linear(2, 2)
            self.blocks = nn.Sequential(Block(self.first), nn.ReLU(), Block(nn.Linear(2, 2, bias=False)))
            self.weight = nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
            self.none = None
            self.add_module("late", nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1), nn.Tanh()]))

        def forward(self, x):
            return self.blocks(x) @ self.weight + self.mean

        def extra_repr(self):
            return "a line\nand another"

    return Tree()


@case("nn")
def walking(torch):
    net = tree(torch)
    kinds = [type(m).__name__ for m in net.modules()]
    return {
        "repr": repr(net),
        "parameters": [n for n, _ in net.named_parameters()],
        "with prefix": [n for n, _ in net.named_parameters(prefix="net")],
        "own": [n for n, _ in net.named_parameters(recurse=False)],
        "count": [len(list(net.parameters())), len(list(net.buffers()))],
        "buffers": [n for n, _ in net.named_buffers()],
        "own buffers": [n for n, _ in net.named_buffers(recurse=False)],
        "modules": [n for n, _ in net.named_modules()],
        "all modules": [n for n, _ in net.named_modules(remove_duplicate=False)],
        "kinds": kinds,
        "children": [n for n, _ in net.named_children()],
        "state": dict(net.state_dict()),
        "state with prefix": list(net.state_dict(prefix="net.")),
        "found": type(net.get_submodule("blocks.2.shared")).__name__,
        "names": [n for n in dir(net) if n in ("weight", "mean", "first", "forward", "empty")],
    }


@case("nn")
def changing_attributes(torch):
    net = tree(torch)
    net.first = torch.nn.Linear(2, 3)  # keeps its place
    net.weight = torch.nn.Parameter(torch.zeros(2, 2))
    net.mean = torch.ones(2)
    net.late = None
    net.extra = torch.nn.Parameter(torch.zeros(1))
    net.extra = None
    del net.hidden
    net.other = torch.zeros(3)
    net.other = torch.nn.Parameter(torch.zeros(3))  # a plain attribute becomes a parameter
    net.blocks[1] = torch.nn.Tanh()
    net.blocks.append(torch.nn.Sigmoid())
    return [list(net.state_dict()), [n for n, _ in net.named_modules()], repr(net), [n for n, _ in net.named_buffers()],
            repr(net.blocks[:2]), repr(net.blocks[-1]), len(net.blocks), "other" in net.__dict__]  # fmt: skip


@case("nn")
def states(torch):
    source, target = tree(torch), tree(torch)
    before = bool((source.first.weight == target.first.weight).all())
    answer = repr(target.load_state_dict(source.state_dict()))
    state = source.state_dict()
    shares = state["weight"].data_ptr() == source.weight.data_ptr()
    vars_ = source.state_dict(keep_vars=True)
    other = OrderedDict(state)
    del other["mean"]
    other["strange"] = torch.zeros(1)
    loose = target.load_state_dict(other, strict=False)
    other["weight"] = torch.zeros(3, 3)
    wrong = complaint(lambda: target.load_state_dict(other), whole=True)
    doubled = target.double().load_state_dict(state)
    return [before, answer, shares, state["weight"].requires_grad, vars_["weight"] is source.weight, repr(loose),
            loose.missing_keys, loose.unexpected_keys, wrong, repr(doubled), str(target.weight.dtype)]  # fmt: skip


@case("nn")
def moving(torch):
    net = tree(torch)
    net.register_buffer("count", torch.tensor(3))
    before = list(net.parameters())
    net(torch.ones(1, 2)).sum().backward()
    found = []
    for change in ("double", "half", "float"):
        same = getattr(net, change)() is net
        found.append(
            [same, str(net.weight.dtype), str(net.mean.dtype), str(net.count.dtype), str(net.weight.grad.dtype)]
        )
    for args in (("cpu",), (torch.float64,), ("cpu", torch.float32), (torch.ones(1, dtype=torch.float64),)):
        net.to(*args)
        found.append([str(net.weight.dtype), str(net.count.dtype), net.weight.requires_grad, net.weight.is_leaf])
    net.to(dtype=torch.float32).cpu()
    found.append([a is b for a, b in zip(before, net.parameters())])
    found.append([type(p).__name__ for p in net.parameters()])
    found.append(complaint(lambda: net.to(torch.int64)))
    return found


@case("nn")
def switches(torch):
    net = tree(torch)
    flags = [net.training, net.eval() is net, net.blocks[2].shared.training, net.train().blocks[1].training]
    frozen = [p.requires_grad for p in net.requires_grad_(False).parameters()]
    net.requires_grad_()
    net(torch.ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    zeros = net.weight.grad
    net.zero_grad()
    seen = []
    net.apply(lambda m: seen.append(type(m).__name__))
    return [flags, frozen, zeros, net.weight.grad, seen]


@case("nn")
def parameters(torch):
    Parameter = torch.nn.Parameter
    data = torch.ones(2)
    p = Parameter(data)
    data[0] = 5.0  # the memory is shared
    scalar = Parameter(torch.tensor(2.0))
    with torch.no_grad():
        scalar.mul_(3)
    return [repr(p), repr(Parameter(data, requires_grad=False)), p.is_leaf, p.requires_grad,
            isinstance(p, torch.Tensor), repr(p * 2),
            type(p * 2).__name__, repr(p.detach()), repr(p.data), repr(scalar), type(p.clone()).__name__,
            complaint(lambda: Parameter(torch.tensor([1]))), repr(Parameter(torch.tensor([1]), requires_grad=False)),
            hash(p) == hash(p), len({p, p, scalar})]  # fmt: skip


# Hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────


@case("nn")
def order_of_hooks(torch):
    """Every kind of hook on every module of a net: who is called when, with what."""
    nn = torch.nn
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Sequential(nn.Linear(2, 2), nn.Tanh()))
    calls = []
    for name, module in net.named_modules():
        module.register_forward_pre_hook(lambda m, args, n=name: calls.append([n, "pre", args]))
        module.register_forward_hook(lambda m, args, out, n=name: calls.append([n, "forward", args, out]))
        module.register_full_backward_hook(lambda m, gi, go, n=name: calls.append([n, "backward", gi, go]))
    net(numbers(torch, 2, 3).requires_grad_()).sum().backward()
    return calls


@case("nn")
def hooks_that_replace(torch):
    nn = torch.nn
    layer = nn.Linear(2, 2)
    x = numbers(torch, 1, 2).requires_grad_()
    handles = [layer.register_forward_pre_hook(lambda m, args: args[0] * 2),
               layer.register_forward_hook(lambda m, args, out: out + 1),
               layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))]  # fmt: skip
    y = layer(x)
    y.sum().backward()
    found = [y, x.grad, layer.weight.grad]
    for handle in handles:
        handle.remove()
    x.grad = None
    layer(x).sum().backward()
    return [*found, x.grad]


@case("nn")
def hooks_on_many_arguments(torch):
    class Two(torch.nn.Module):
        def forward(self, a, number, b, c):
            return a * number + b * 0, b + c

    two = Two()
    calls = []
    two.register_full_backward_hook(lambda m, gi, go: calls.append([gi, go]))
    a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
    first, second = two(a, 3.0, b, c)
    first.sum().backward(retain_graph=True)  # nothing comes back to c
    (first.sum() + second.sum()).backward()
    with torch.no_grad():
        quiet = two(a, 3.0, b, c)
    return [calls, a.grad, b.grad, c.grad, quiet]


@case("nn")
def full_hook_without_gradient_of_inputs(torch):
    layer = torch.nn.Linear(2, 2)
    calls = []
    layer.register_full_backward_hook(lambda m, gi, go: calls.append([gi, go]))
    y = layer(torch.ones(1, 2))
    caught, _ = warned(lambda: y.sum().backward())
    return [[[kind, text.split(". ")[0]] for kind, text in caught], calls, layer.bias.grad]


@case("nn")
def old_backward_hook(torch):
    nn = torch.nn
    found = []
    relu = nn.ReLU()
    x = numbers(torch, 2, 2).requires_grad_()
    relu.register_backward_hook(lambda m, gi, go: found.append([gi, go]))
    (relu(x * 1) * 3).sum().backward()
    relu = nn.ReLU()
    handle = relu.register_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    relu(x * 1).sum().backward()
    handle.remove()
    linear = nn.Linear(2, 2)
    linear.register_backward_hook(lambda m, gi, go: found.append([len(gi), go]))
    caught, y = warned(lambda: linear(x * 1))
    y.sum().backward()
    both = complaint(lambda: linear.register_full_backward_hook(print))
    leaf, _ = warned(lambda: relu.register_backward_hook(print) and relu(x))
    return [found, x.grad, caught, leaf, both, complaint(lambda: relu.register_full_backward_hook(print))]
