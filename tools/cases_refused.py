"""Cases of tools/record_nn.py: calls that PyTorch refuses, and in which words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from recorder import complaint, warned

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
