"""How well do the FizzBuzz recipes of chapter 10 do over many random starts?

    python tools/fizzbuzz_starts.py                            # the source's recipe, 20 starts, learntorch
    python tools/fizzbuzz_starts.py --library torch --recipe better
    python tools/fizzbuzz_starts.py --recipe ladder            # from one to the other, one change a rung
    python tools/fizzbuzz_starts.py --held-out 924 1023        # hold out another hundred numbers
    python tools/fizzbuzz_starts.py --jitter 1e-7              # as if another processor had rounded

Start k sets the seed to k, trains on the numbers that are not held out, and counts how many of the held-out
numbers are right; the held-out loss is the mean cross-entropy on the same numbers. The figures in the text of
chapter 10 come from here, run on PyTorch with one thread.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DIGITS, LAST = 10, 1023


@dataclass(frozen=True)
class Recipe:
    """Everything that chapter 10 varies. The defaults are the source's recipe."""

    hidden: int = 100
    epochs: int = 10_000
    batch: int = 128
    lr: float = 0.05
    falling: bool = False  # the learning rate falls in a straight line, from lr to 0
    momentum: float = 0.0
    weight_decay: float = 0.0
    mixed: bool = False  # a new order of the numbers in every epoch
    nets: int = 1  # how many nets answer together, by the mean of their scores


CHANGES: dict[str, dict[str, Any]] = {
    "momentum": {"momentum": 0.9, "epochs": 400},
    "mixed": {"mixed": True},
    "wide": {"hidden": 300},
    "better": {"nets": 5},
}


def recipes() -> dict[str, Recipe]:
    """The ladder from the source's recipe to the better one, each rung with one more change; then the
    better recipe without each change in turn, and with two changes that it does not need.
    """
    made = {"source": (recipe := Recipe())}
    for name, change in CHANGES.items():
        made[name] = recipe = replace(recipe, **change)
    for name in ("mixed", "wide"):
        undone = {field: getattr(made["source"], field) for field in CHANGES[name]}
        made[f"without-{name}"] = replace(recipe, **undone)
    made["with-falling"] = replace(recipe, lr=0.1, falling=True)
    made["with-decay"] = replace(recipe, weight_decay=1e-3)
    return made


def answer(number: int) -> int:
    """0: the number itself, 1: fizz, 2: buzz, 3: fizzbuzz.

    >>> [answer(number) for number in (1, 3, 5, 15)]
    [0, 1, 2, 3]
    """
    return 3 if number % 15 == 0 else 2 if number % 5 == 0 else 1 if number % 3 == 0 else 0


def digits(number: int) -> list[int]:
    """The binary digits of `number`, the ones first.

    >>> digits(6)
    [0, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    """
    return [number >> place & 1 for place in range(DIGITS)]


def train(torch: ModuleType, recipe: Recipe, x: Any, y: Any, jitter: float, noise: Any) -> Any:
    """One net, trained on (x, y) by `recipe`, from the random stream as it stands.

    jitter: relative size of the noise on the first weights, drawn from the generator `noise`.
    """
    nn = torch.nn
    model = nn.Sequential(nn.Linear(DIGITS, recipe.hidden), nn.ReLU(), nn.Linear(recipe.hidden, 4))
    if jitter:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter *= 1 + jitter * torch.randn(parameter.shape, generator=noise)
    loss_fn = nn.CrossEntropyLoss()
    options = {"momentum": recipe.momentum, "weight_decay": recipe.weight_decay}
    optimizer = torch.optim.SGD(model.parameters(), lr=recipe.lr, **options)
    for epoch in range(recipe.epochs):
        if recipe.falling:
            optimizer.param_groups[0]["lr"] = recipe.lr * (1 - epoch / recipe.epochs)
        if recipe.mixed:
            order = torch.randperm(len(x))
            epoch_x, epoch_y = x[order], y[order]
        else:
            epoch_x, epoch_y = x, y
        for start in range(0, len(x), recipe.batch):
            end = start + recipe.batch
            loss = loss_fn(model(epoch_x[start:end]), epoch_y[start:end])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def main(arguments: list[str] | None = None) -> int:
    known = recipes()
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--library", dest="package", choices=["learntorch", "torch"], default="learntorch")
    parser.add_argument("--recipe", choices=[*known, "ladder"], default="source")
    parser.add_argument("--starts", type=int, default=20, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the seed of the first start")
    parser.add_argument("--held-out", type=int, nargs=2, default=(1, 100), metavar=("FROM", "TO"))
    parser.add_argument("--jitter", type=float, default=0.0, help="relative noise on the first weights")
    parser.add_argument("--jitter-seed", type=int, default=0)
    options = parser.parse_args(arguments)

    sys.path.insert(0, str(ROOT))
    torch = importlib.import_module(options.package)
    if options.package == "torch":
        torch.set_num_threads(1)
    noise = torch.Generator().manual_seed(options.jitter_seed)

    test = range(options.held_out[0], options.held_out[1] + 1)
    lowest = 101 if test[0] == 1 else 1
    training = [number for number in range(lowest, LAST + 1) if number not in test]
    x, test_x = (torch.tensor([digits(n) for n in part]).float() for part in (training, test))
    y, test_y = (torch.tensor([answer(n) for n in part]) for part in (training, test))

    for name in ["source", *CHANGES] if options.recipe == "ladder" else [options.recipe]:
        counts, losses, failed, began = [], [], {}, time.perf_counter()
        for seed in range(options.first, options.first + options.starts):
            torch.manual_seed(seed)
            recipe = known[name]
            nets = [train(torch, recipe, x, y, options.jitter, noise) for _ in range(recipe.nets)]
            with torch.no_grad():
                scores = sum(net(test_x) for net in nets) / len(nets)
                right = scores.argmax(1) == test_y
                losses.append(torch.nn.CrossEntropyLoss()(scores, test_y).item())
            counts.append(int(right.sum()))
            for number, good in zip(test, right.tolist(), strict=True):
                failed[number] = failed.get(number, 0) + (not good)
        seconds = (time.perf_counter() - began) / options.starts
        print(f"{name}: lowest {min(counts)}, mean {statistics.mean(counts):.1f}, highest {max(counts)}")
        print(f"  of {len(test)}, start by start: {counts}")
        print(f"  held-out loss, start by start: {[round(loss, 3) for loss in losses]}")
        often = sorted((n for n in failed if failed[n]), key=lambda n: (-failed[n], n))[:12]
        print("  wrong most often:", ", ".join(f"{n} ({failed[n]}×)" for n in often) or "none")
        print(f"  {seconds:.1f} s a start", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
