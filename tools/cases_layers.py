"""Cases of tools/record_nn.py: layers, losses and first values."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from recorder import case, numbers, warned

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
