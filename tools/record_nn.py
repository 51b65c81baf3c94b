"""Records what real PyTorch's nn, optim and utils.data do into tests/golden/nn.json.

Run it with a Python that has PyTorch 2.13: `python tools/record_nn.py`.
A case is a function that is given the package, `torch` or `learntorch`, and returns what has to be the same:
tensors, numbers, texts, and lists and dicts of them. The tests call the same functions with learntorch.
"""

from __future__ import annotations

import json
import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "nn.json"
CASES: dict[str, dict[str, Callable]] = {"nn": {}, "errors": {}, "optim": {}, "data": {}}


def case(group: str, title: str | None = None, **options) -> Callable:
    """Register a function as a case; with options, as the case of that name with these options."""

    def register(function: Callable) -> Callable:
        CASES[group][title or function.__name__] = lambda torch: function(torch, **options)
        return function

    return register


def plain(result):
    """A result as JSON holds it; floats keep the nine digits of a float32."""
    if hasattr(result, "tolist"):
        return plain(result.tolist())
    if isinstance(result, dict):
        return {str(key): plain(value) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [plain(value) for value in result]
    return float(f"{result:.9g}") if isinstance(result, float) else result


def run(function: Callable, torch):
    """What a case gives, from a fixed seed. A warning that it does not expect is an error."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return plain(function(torch))


def complaint(call: Callable, whole: bool = False) -> list[str]:
    """The type of the error that `call` raises, and its first sentence, or the whole text."""
    try:
        call()
    except Exception as error:
        text = error.args[0] if isinstance(error, KeyError) else str(error)
        return [type(error).__name__, text if whole else text.split(". ")[0].rstrip(".")]
    return ["no error", ""]


def warned(call: Callable) -> list:
    """The types and texts of the warnings, then the result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return [[[w.category.__name__, str(w.message)] for w in caught], result]


def differences(ours, golden, where: str = "") -> list[str]:
    """Where two results are not the same. Numbers may differ by the rounding of float32, texts not at all."""
    is_number = [isinstance(x, (int, float)) and not isinstance(x, bool) for x in (ours, golden)]
    if all(is_number):
        same = np.isclose(ours, golden, rtol=3e-6, atol=1e-6, equal_nan=True)
    elif type(ours) is not type(golden):
        same = False
    elif isinstance(golden, list) and len(ours) == len(golden):
        return [d for i, pair in enumerate(zip(ours, golden)) for d in differences(*pair, f"{where}[{i}]")]
    elif isinstance(golden, dict) and ours.keys() == golden.keys():
        return [d for key in golden for d in differences(ours[key], golden[key], f"{where}.{key}")]
    else:
        same = ours == golden
    return [] if same else [f"{where}: {ours!r} instead of {golden!r}"]


def numbers(torch, *shape: int):
    """Values that no seed touches: sin of 1, 2, 3, …"""
    return torch.tensor(np.sin(np.arange(1, 1 + int(np.prod(shape)))).reshape(shape).tolist())


# Layers: first weights under a seed, output, gradients, print ───────────────────────────────────────────────

LAYERS = {
    "Linear": (lambda nn: nn.Linear(3, 2), (4, 3)),
    "Linear without bias": (lambda nn: nn.Linear(3, 2, bias=False), (4, 3)),
    "Linear on one row": (lambda nn: nn.Linear(3, 2), (3,)),
    "Linear on three dimensions": (lambda nn: nn.Linear(3, 2), (2, 4, 3)),
    "wide Linear": (lambda nn: nn.Linear(40, 30), (5, 40)),
    "Conv2d": (lambda nn: nn.Conv2d(2, 3, 3), (2, 2, 5, 6)),
    "Conv2d with everything": (
        lambda nn: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, bias=False),
        (2, 4, 7, 6),
    ),
    "Conv2d same": (lambda nn: nn.Conv2d(1, 2, 3, padding="same"), (1, 1, 4, 4)),
    "Conv2d on one image": (lambda nn: nn.Conv2d(2, 3, 3), (2, 5, 5)),
    "MaxPool2d": (lambda nn: nn.MaxPool2d(2), (2, 2, 5, 4)),
    "MaxPool2d with everything": (lambda nn: nn.MaxPool2d(3, stride=2, padding=1, dilation=1), (1, 2, 6, 7)),
    "Flatten": (lambda nn: nn.Flatten(), (2, 3, 4)),
    "Flatten some": (lambda nn: nn.Flatten(0, 1), (2, 3, 4)),
    "ReLU": (lambda nn: nn.ReLU(), (3, 4)),
    "ReLU in place": (lambda nn: nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True)), (3, 4)),
    "LeakyReLU": (lambda nn: nn.LeakyReLU(0.1), (3, 4)),
    "Sigmoid": (lambda nn: nn.Sigmoid(), (3, 4)),
    "Tanh": (lambda nn: nn.Tanh(), (3, 4)),
    "Softplus": (lambda nn: nn.Softplus(beta=2, threshold=1.5), (3, 4)),
    "Softplus as it comes": (lambda nn: nn.Softplus(), (3, 4)),
    "Softmax": (lambda nn: nn.Softmax(dim=1), (3, 4)),
    "LogSoftmax": (lambda nn: nn.LogSoftmax(dim=0), (3, 4)),
    "Identity": (lambda nn: nn.Identity(54, unused=True), (3, 4)),
    "Dropout asleep": (lambda nn: nn.Dropout(0.3).eval(), (3, 4)),
    "Dropout": (lambda nn: nn.Dropout(0.3), (3, 4)),
    "Sequential": (lambda nn: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), (5, 3)),
    "Sequential with names": (
        lambda nn: nn.Sequential(OrderedDict(first=nn.Linear(3, 4), act=nn.ReLU(), last=nn.Linear(4, 1))),
        (5, 3),
    ),
    "a net for pictures": (
        lambda nn: nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)),
        (2, 1, 8, 8),
    ),
}


def layer_case(torch, name: str):
    make, shape = LAYERS[name]
    layer = make(torch.nn)
    x = numbers(torch, *shape).requires_grad_()
    y = layer(x)
    (y * numbers(torch, *y.shape)).sum().backward()
    return {
        "repr": repr(layer),
        "shape": list(y.shape),
        "output": y,
        "grad_fn": None if y.grad_fn is None else type(y.grad_fn).__name__,
        "input": x.grad,
        "first values": dict(layer.named_parameters()),
        "gradients": {n: p.grad for n, p in layer.named_parameters()},
    }


for _name in LAYERS:
    case("nn", _name, name=_name)(layer_case)


# Losses ───────────────────────────────────────────────────────────────────────────────────────────────────────


def loss_case(torch, make: Callable, shape: tuple, target: Callable):
    rule = make(torch)
    x = numbers(torch, *shape).requires_grad_()
    y = rule(x, target(torch))
    (y * numbers(torch, *y.shape)).sum().backward() if y.ndim else y.backward()
    return {"repr": repr(rule), "loss": y, "shape": list(y.shape), "gradient": x.grad, "leaf": y.is_leaf}


CLASSES = {
    "plain": {},
    "sum": {"reduction": "sum"},
    "none": {"reduction": "none"},
    "ignoring": {"ignore_index": 2},
    "smooth": {"label_smoothing": 0.2},
    "smooth and ignoring": {"label_smoothing": 0.2, "ignore_index": 2, "reduction": "sum"},
}
for _reduction in ("mean", "sum", "none"):
    case("nn", f"MSELoss {_reduction}", make=lambda torch, r=_reduction: torch.nn.MSELoss(reduction=r), shape=(3, 2),
         target=lambda torch: torch.ones(3, 2))(loss_case)  # fmt: skip
for _name, _options in CLASSES.items():
    for _weighted in (False, True):
        case("nn", f"CrossEntropyLoss {_name}{' weighted' * _weighted}", shape=(4, 3),
             make=lambda torch, o=_options, w=_weighted: torch.nn.CrossEntropyLoss(
                 weight=torch.tensor([1.0, 2.0, 0.5]) if w else None, **o),
             target=lambda torch: torch.tensor([2, 0, 1, 2]))(loss_case)  # fmt: skip
case("nn", "CrossEntropyLoss of probabilities", make=lambda torch: torch.nn.CrossEntropyLoss(label_smoothing=0.1),
     shape=(2, 3), target=lambda torch: torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]))(loss_case)  # fmt: skip
case("nn", "CrossEntropyLoss of one row", make=lambda torch: torch.nn.CrossEntropyLoss(), shape=(3,),
     target=lambda torch: torch.tensor(1))(loss_case)  # fmt: skip
case("nn", "CrossEntropyLoss of pictures", make=lambda torch: torch.nn.CrossEntropyLoss(), shape=(2, 3, 2),
     target=lambda torch: torch.tensor([[0, 2], [1, 1]]))(loss_case)  # fmt: skip
case("nn", "NLLLoss", make=lambda torch: torch.nn.NLLLoss(reduction="sum"), shape=(2, 3),
     target=lambda torch: torch.tensor([0, 2]))(loss_case)  # fmt: skip


@case("nn")
def old_loss_switches(torch):
    found = []
    for size_average, reduce in ((False, None), (True, None), (None, False), (False, True)):
        found.append(warned(lambda: torch.nn.MSELoss(size_average=size_average, reduce=reduce).reduction))  # noqa: B023
    x, y = torch.ones(2, 2), torch.zeros(2, 2)
    found.append(warned(lambda: torch.nn.functional.mse_loss(x, y, size_average=False)))
    found.append(warned(lambda: torch.nn.functional.mse_loss(torch.ones(3, 1), torch.zeros(3))))
    found.append(warned(lambda: torch.nn.functional.softmax(torch.ones(2, 2))))
    found.append(warned(lambda: torch.nn.Softmax()(torch.ones(2))))
    return found


# First values ─────────────────────────────────────────────────────────────────────────────────────────────────

FILLERS = {
    "uniform_": {"a": -1.0, "b": 2.0},
    "normal_": {"mean": 1.0, "std": 0.5},
    "constant_": {"val": 0.25},
    "ones_": {},
    "zeros_": {},
    "eye_": {},
    "xavier_uniform_": {"gain": 2.0},
    "xavier_normal_": {},
    "kaiming_uniform_": {"a": 0.1, "mode": "fan_out"},
    "kaiming_normal_": {"nonlinearity": "relu"},
}


@case("nn")
def fillers(torch):
    init = torch.nn.init
    found = {}
    for name, options in FILLERS.items():
        weight = torch.nn.Parameter(torch.empty(5, 4))
        same = getattr(init, name)(weight, **options)
        found[name] = [weight, same is weight, weight.requires_grad, weight.grad_fn is None]
    image = torch.empty(3, 2, 5, 5)
    found["fans"] = init._calculate_fan_in_and_fan_out(image)
    found["convolution"] = init.kaiming_uniform_(image)
    found["gains"] = [
        init.calculate_gain(n) for n in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
    ]
    found["steep"] = init.calculate_gain("leaky_relu", 0.5)
    found["empty"] = warned(lambda: init.kaiming_uniform_(torch.empty(0, 3)).numel())
    return found


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


# Errors ───────────────────────────────────────────────────────────────────────────────────────────────────────


def refused(torch) -> dict[str, Callable]:
    """Calls that PyTorch refuses."""
    nn, F, optim, data = torch.nn, torch.nn.functional, torch.optim, torch.utils.data

    class Net(nn.Module):
        def __init__(self, value):
            self.part = value

    class Empty(nn.Module):
        pass

    layer, relu, ce = nn.Linear(3, 2), nn.ReLU(), nn.CrossEntropyLoss()
    p = torch.ones(2, requires_grad=True)
    named = nn.Sequential(OrderedDict(a=nn.ReLU()))
    buffered = nn.Module()
    buffered.register_buffer("b", torch.ones(1))
    scores = torch.ones(2, 3)
    ten = data.TensorDataset(torch.arange(10))
    sgd = optim.SGD([p], lr=0.1)
    return {
        "tensor as parameter": lambda: setattr(layer, "weight", torch.ones(2, 3)),
        "double as parameter": lambda: setattr(layer, "weight", torch.ones(2, 3, dtype=torch.float64)),
        "number as parameter": lambda: setattr(layer, "bias", 3.0),
        "string as module": lambda: setattr(named, "a", "relu"),
        "tensor as module": lambda: setattr(named, "a", torch.ones(1)),
        "list as buffer": lambda: setattr(buffered, "b", [1]),
        "module before init": lambda: Net(relu),
        "parameter before init": lambda: Net(nn.Parameter(torch.ones(1))),
        "no forward": lambda: Empty()(torch.ones(1)),
        "no such attribute": lambda: layer.wieght,
        "no such submodule": lambda: named.get_submodule("a.b"),
        "submodule of another kind": lambda: layer.get_submodule("in_features"),
        "register a tensor": lambda: layer.register_parameter("w", torch.ones(1)),
        "parameter with a dot": lambda: layer.register_parameter("a.b", None),
        "parameter without a name": lambda: layer.register_parameter("", None),
        "name of an attribute": lambda: layer.register_parameter("in_features", None),
        "buffer that is a list": lambda: layer.register_buffer("b", [1]),
        "buffer with a dot": lambda: layer.register_buffer("a.b", None),
        "buffer that exists": lambda: layer.register_buffer("weight", None),
        "module that is a number": lambda: layer.add_module("m", 3),
        "module that is a list": lambda: nn.Sequential([relu]),
        "module with a dot": lambda: layer.add_module("a.b", relu),
        "module that exists": lambda: layer.add_module("weight", relu),
        "train of a number": lambda: layer.train(1),
        "index beyond": lambda: nn.Sequential(relu)[1],
        "index before": lambda: nn.ModuleList([relu])[-2],
        "state that is a list": lambda: layer.load_state_dict([]),
        "state with other names": lambda: layer.load_state_dict({"w": torch.ones(1)}),
        "state with a number": lambda: layer.load_state_dict({"weight": 3, "bias": torch.ones(2)}),
        "state with other shapes": lambda: layer.load_state_dict({"weight": torch.ones(3, 2), "bias": torch.ones(2)}),
        "linear shapes": lambda: layer(torch.ones(5, 4)),
        "linear shapes of a vector": lambda: layer(torch.ones(4)),
        "linear shapes in three dimensions": lambda: layer(torch.ones(2, 5, 4)),
        "linear types": lambda: layer(torch.ones(5, 3, dtype=torch.float64)),
        "linear whole numbers": lambda: layer(torch.ones(5, 3, dtype=torch.int64)),
        "channels": lambda: nn.Conv2d(5, 15, 5)(torch.ones(8, 6, 12, 12)),
        "channels of one image": lambda: nn.Conv2d(5, 15, 5)(torch.ones(6, 12, 12)),
        "kernel too large": lambda: nn.Conv2d(1, 1, 5)(torch.ones(1, 1, 3, 4)),
        "image of two dimensions": lambda: nn.Conv2d(1, 1, 5)(torch.ones(3, 4)),
        "groups": lambda: nn.Conv2d(3, 4, 1, groups=2),
        "groups out": lambda: nn.Conv2d(4, 3, 1, groups=2),
        "pool too large": lambda: nn.MaxPool2d(5)(torch.ones(1, 2, 3, 4)),
        "pool padding": lambda: F.max_pool2d(torch.ones(1, 1, 4, 4), 2, padding=2),
        "dropout": lambda: nn.Dropout(1.5),
        "reduction": lambda: F.mse_loss(torch.ones(3), torch.ones(3), reduction="avg"),
        "mse shapes": lambda: warned(lambda: F.mse_loss(torch.ones(3), torch.ones(4))),
        "class too large": lambda: ce(scores, torch.tensor([0, 3])),
        "class negative": lambda: ce(scores, torch.tensor([-1, 0])),
        "classes as int32": lambda: ce(scores, torch.tensor([0, 1], dtype=torch.int32)),
        "classes as float": lambda: ce(scores, torch.tensor([0.0, 1.0])),
        "batch sizes": lambda: ce(scores, torch.tensor([0, 1, 2])),
        "one-hot as whole numbers": lambda: ce(scores, torch.tensor([[1, 0, 0], [0, 1, 0]])),
        "classes in a column": lambda: ce(scores, torch.tensor([[0], [1]])),
        "classes of two pictures": lambda: ce(torch.ones(2, 3, 4), torch.zeros(2, 5, dtype=torch.int64)),
        "weights": lambda: F.cross_entropy(scores, torch.tensor([0, 1]), weight=torch.ones(2)),
        "classes in a list": lambda: ce(scores, [0, 1]),
        "loss of whole numbers": lambda: F.mse_loss(torch.ones(3, dtype=torch.int64), torch.ones(3, dtype=torch.int64)),
        "list into a layer": lambda: layer([1.0, 2.0]),
        "list into relu": lambda: relu([1.0, 2.0]),
        "nothing into a layer": lambda: layer(),
        "stride": lambda: nn.Conv2d(1, 1, 3, stride=0)(torch.ones(1, 1, 4, 4)),
        "padding": lambda: nn.Conv2d(1, 1, 3, padding=-1)(torch.ones(1, 1, 8, 8)),
        "padding of a name": lambda: nn.Conv2d(1, 1, 3, padding="same", stride=2),
        "flatten of a vector": lambda: nn.Flatten()(torch.ones(3)),
        "number in a chain": lambda: nn.Sequential(relu, 3),
        "fan of a vector": lambda: nn.init.xavier_uniform_(torch.ones(3)),
        "mode": lambda: nn.init.kaiming_uniform_(torch.ones(3, 3), mode="fan"),
        "gain": lambda: nn.init.calculate_gain("gelu"),
        "eye of three": lambda: nn.init.eye_(torch.ones(2, 2, 2)),
        "no parameters": lambda: optim.SGD([], lr=0.1),
        "a tensor": lambda: optim.SGD(p, lr=0.1),
        "numbers": lambda: optim.SGD([1.0], lr=0.1),
        "a set": lambda: optim.SGD([{"params": {p}}], lr=0.1),
        "not a leaf": lambda: optim.SGD([p * 2], lr=0.1),
        "twice": lambda: optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1),
        "group that is a list": lambda: sgd.add_param_group([p]),
        "lr": lambda: optim.SGD([p], lr=-0.1),
        "momentum": lambda: optim.SGD([p], lr=0.1, momentum=-1),
        "weight_decay": lambda: optim.SGD([p], lr=0.1, weight_decay=-1),
        "nesterov": lambda: optim.SGD([p], lr=0.1, nesterov=True),
        "adam lr": lambda: optim.Adam([p], lr=-1.0),
        "adam eps": lambda: optim.Adam([p], eps=-1.0),
        "adam beta": lambda: optim.Adam([p], betas=(1.0, 0.9)),
        "adam other beta": lambda: optim.Adam([p], betas=(0.9, -0.1)),
        "adam weight_decay": lambda: optim.Adam([p], weight_decay=-1.0),
        "adam whole beta": lambda: optim.Adam([p], betas=(0, 0.9)),
        "groups of a state": lambda: sgd.load_state_dict({"state": {}, "param_groups": []}),
        "size of a state": lambda: sgd.load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]}),
        "lengths": lambda: data.TensorDataset(torch.ones(2), torch.ones(3)),
        "dataset without getitem": lambda: data.Dataset()[0],
        "batch_size": lambda: data.DataLoader(ten, batch_size=0),
        "num_workers": lambda: data.DataLoader(ten, num_workers=-1),
        "sampler and shuffle": lambda: data.DataLoader(ten, shuffle=True, sampler=data.SequentialSampler(ten)),
        "batch_sampler and more": lambda: data.DataLoader(ten, batch_size=2, batch_sampler=[[0]]),
        "drop_last without batches": lambda: data.DataLoader(ten, batch_size=None, drop_last=True),
        "drop_last": lambda: data.BatchSampler(range(3), 2, 1),
        "shuffled nothing": lambda: data.DataLoader([], shuffle=True),
        "replacement": lambda: data.RandomSampler(ten, replacement=1),
        "num_samples": lambda: data.RandomSampler(ten, num_samples=0),
        "split": lambda: data.random_split(ten, [3, 3]),
        "fractions": lambda: data.random_split(ten, [1.5, -0.5]),
        "no datasets": lambda: data.ConcatDataset([]),
        "before the first": lambda: data.ConcatDataset([ten])[-11],
        "ragged": lambda: data.default_collate([[1, 2], [3]]),
        "an object": lambda: data.default_collate([object()]),
    }  # fmt: skip


def refusal(name: str, call: Callable) -> list[str]:
    """What a call of `refused` says. The errors of states have several lines, all of them PyTorch's."""
    return complaint(call, whole=name.startswith("state "))


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


# Data ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Point = namedtuple("Point", "x y")


def orders(loader, epochs: int = 3) -> list:
    return [[batch.tolist() for batch in loader] for _ in range(epochs)]


@case("data")
def the_order_of_a_loader(torch):
    DataLoader, ten = torch.utils.data.DataLoader, list(range(10))
    seeded = lambda: torch.Generator().manual_seed(0)  # noqa: E731
    found = {
        "in order": orders(DataLoader(ten, batch_size=4), 1),
        "own generator": orders(DataLoader(ten, batch_size=4, shuffle=True, generator=seeded())),
        "global stream": orders(DataLoader(ten, batch_size=4, shuffle=True)),
        "drop_last": orders(DataLoader(ten, batch_size=4, shuffle=True, drop_last=True, generator=seeded())),
        "one by one": orders(DataLoader(ten, shuffle=True, generator=seeded()), 1),
        "large": orders(DataLoader(list(range(1000)), batch_size=700, shuffle=True, generator=seeded()), 2),
    }
    found["after all that"] = torch.randn(2)  # the global stream stands where PyTorch's stands
    loader = DataLoader(ten, batch_size=3, shuffle=True, generator=seeded())
    first = iter(loader)
    second = iter(loader)
    found["two at a time"] = [next(first).tolist(), next(second).tolist(), next(first).tolist(), next(second).tolist()]
    found["lengths"] = [len(loader), len(DataLoader(ten, batch_size=3, drop_last=True)),
                        len(DataLoader(ten, batch_size=None)),
                        len(loader.batch_sampler), len(loader.sampler), len(loader.dataset)]  # fmt: skip
    return found


@case("data")
def the_order_of_a_sampler(torch):
    data = torch.utils.data
    seeded = torch.Generator().manual_seed(0)
    return {
        "some": [list(data.RandomSampler(range(10), num_samples=4, generator=seeded)) for _ in range(2)],
        "more than all": list(data.RandomSampler(range(4), num_samples=10, generator=seeded)),
        "with replacement": list(data.RandomSampler(range(10), True, 40, generator=seeded)),
        "32 of them": list(data.RandomSampler(range(10), True, 32, generator=seeded)),
        "then": torch.randn(1, generator=seeded),
        "batches": list(data.BatchSampler(data.SequentialSampler(range(7)), 3, False)),
        "whole batches": list(data.BatchSampler(data.SequentialSampler(range(7)), 3, True)),
        "own sampler": orders(data.DataLoader(range(10), sampler=[3, 1, 4], batch_size=2), 1),
        "own batches": orders(data.DataLoader(range(10), batch_sampler=[[3], [1, 4]]), 1),
    }


@case("data")
def datasets(torch):
    data = torch.utils.data
    x, y = numbers(torch, 6, 2), torch.arange(6)
    rows = data.TensorDataset(x, y)
    both = rows + data.TensorDataset(x * 2, y + 10)
    parts = data.random_split(rows, [4, 2], generator=torch.Generator().manual_seed(0))
    uneven = data.random_split(range(10), [0.3, 0.3, 0.4], generator=torch.Generator().manual_seed(1))
    return {
        "row": rows[2],
        "slice": rows[1:3],
        "lengths": [len(rows), len(both)],
        "both": [both[5], both[6], both[-1]],
        "parts": [[list(p.indices) for p in parts], [list(p) for p in uneven], parts[0][1], len(parts[1])],
        "subset": [data.Subset(rows, [4, 0])[0], data.Subset(rows, [4, 0, 2])[[0, 2]]],
        "batches": [list(batch) for batch in data.DataLoader(rows, batch_size=4)],
        "no room": warned(lambda: [len(p) for p in data.random_split(range(2), [0.1, 0.9])]),
    }


@case("data")
def collating(torch):
    data = torch.utils.data
    found = {}
    batches = {
        "tensors": [torch.ones(2), torch.zeros(2)],
        "ints": [1, 2],
        "floats": [1.0, 2.0],
        "bools": [True, False],
        "arrays": [np.ones(2, np.float32), np.zeros(2, np.float32)],
        "array scalars": [np.float64(1), np.float64(2)],
        "strings": ["a", "b"],
        "pairs": [(1, 2.0), (3, 4.0)],
        "lists": [[1, "a"], [3, "b"]],
        "dicts": [{"a": 1, "b": torch.ones(1)}, {"a": 3, "b": torch.zeros(1)}],
        "named": [Point(1, 2.0), Point(3, 4.0)],
    }
    for name, batch in batches.items():
        result = data.default_collate(batch)
        found[name] = [type(result).__name__, result, str(getattr(result, "dtype", ""))]
    found["by hand"] = list(data.DataLoader(range(5), batch_size=2, collate_fn=lambda batch: batch))
    found["without batches"] = [repr(x) for x in data.DataLoader([np.ones(1), 2, (3, "a")], batch_size=None)]
    loader = data.DataLoader(range(2), pin_memory=True)
    found["pinned"] = warned(lambda: [batch.tolist() for batch in loader])
    return found


def main() -> None:
    import torch

    torch.set_num_threads(1)
    golden = {group: {name: run(function, torch) for name, function in cases.items()} for group, cases in CASES.items()}
    golden["errors"] = {name: refusal(name, call) for name, call in refused(torch).items()}
    lines = [
        f"{json.dumps(group)}: {{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(r)}" for n, r in cases.items()) + "\n}"
        for group, cases in golden.items()
    ]
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{sum(map(len, golden.values()))} cases from PyTorch {torch.__version__} in {GOLDEN.name}")


if __name__ == "__main__":
    main()
