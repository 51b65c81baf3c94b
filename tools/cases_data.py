"""Cases of tools/record_nn.py: datasets, samplers and loaders."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from recorder import case, numbers, warned

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
