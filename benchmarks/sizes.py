"""How the time of a step grows with the size of the work, ours and PyTorch's: `make sizes`.

    python benchmarks/sizes.py            prints the table
    python benchmarks/sizes.py --save     writes benchmarks/sizes.json and docs/images/sizes.svg too

Four series: the batch, the width and the depth of a net of linear layers, and the length of a chain of scalar products.
The last column is the exponent of the growth over the last doubling: 1 is linear, and a tape must not be above that; a
wider net grows with the square, since its weights do.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from bench import machine, ratio_of, settle  # noqa: E402

settle(threads=1)

import torch  # noqa: E402
from workloads import chain, numbers  # noqa: E402

import learntorch  # noqa: E402

TOGETHER = 0.02  # seconds that one round of a package takes, about
ROUNDS = 9


def net(batch: int, width: int, depth: int):
    """A net of `depth` linear layers of that width with relu between them, mean squared error, SGD."""

    def workload(package):
        nn, last = package.nn, []
        for i in range(depth):
            layer = nn.Linear(width, width)
            with package.no_grad():
                layer.weight.copy_(package.from_numpy(numbers(i, width, width) / width**0.5))
                layer.bias.zero_()
            last += [layer, nn.ReLU()]
        model = nn.Sequential(*last)
        optimizer = package.optim.SGD(model.parameters(), lr=1e-4)
        x, y = (package.from_numpy(numbers(seed, batch, width)) for seed in (90, 91))

        def step():
            loss = ((model(x) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.detach()

        return step

    return workload


def chained(length: int):
    """A chain of scalar products, whose result has no history."""

    def workload(package):
        step = chain(length, constants=False)(package)
        return lambda: step().detach()

    return workload


SERIES = {
    "batch": ("rows in a batch; 4 layers of width 64", [(n, net(n, 64, 4)) for n in (8, 32, 128, 512, 2048)]),
    "width": ("width; 4 layers, 64 rows", [(n, net(64, n, 4)) for n in (16, 64, 256, 1024)]),
    "depth": ("layers; width 64, 64 rows", [(n, net(64, 64, n)) for n in (2, 8, 32, 128, 512)]),
    "chain": ("scalar products in a chain", [(n, chained(n)) for n in (100, 1000, 10_000, 100_000)]),
}


def measure(workload) -> dict:
    """Times of one size, in turns; as many steps in a round as make up a fiftieth of a second."""
    steps = [workload(learntorch), workload(torch)]
    once = ratio_of(steps, 1, 3)["pytorch_us"] / 1e6
    return ratio_of(steps, max(1, round(TOGETHER / once)), ROUNDS)


def picture(found: dict, target: Path) -> None:
    """The four series side by side, both axes in powers of ten."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "learntorch", "svg.fonttype": "none", "font.size": 12}
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 7))
    for ax, (name, (title, _)) in zip(axes.flat, SERIES.items()):
        rows = found[name]
        sizes = [row["size"] for row in rows]
        ax.plot(sizes, [row["ours_us"] / 1e3 for row in rows], "o-", color="#0072B2", label="learntorch")
        ax.plot(sizes, [row["pytorch_us"] / 1e3 for row in rows], "s--", color="#D55E00", label="PyTorch")
        ax.set(xscale="log", yscale="log", xlabel=title, ylabel="milliseconds a step")
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        ax.minorticks_off()
        ax.grid(color="#DDDDDD", linewidth=0.6)
    axes.flat[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found: dict = {"machine": machine(1)}
    print(f"{'':8}{'size':>8}{'learntorch':>13}{'PyTorch':>13}{'ratio':>8}{'growth':>9}")
    for name, (_, sizes) in SERIES.items():
        rows = found[name] = []
        for size, workload in sizes:
            rows.append({"size": size} | measure(workload))
            new, growth = rows[-1], ""
            if len(rows) > 1:
                old = rows[-2]
                growth = f"{math.log(new['ours_us'] / old['ours_us']) / math.log(size / old['size']):.2f}"
            print(f"{name:8}{size:8}{new['ours_us']:10.0f} µs{new['pytorch_us']:10.0f} µs{new['ratio']:8.2f}"
                  f"{growth:>9}", flush=True)  # fmt: skip
    if options.save:
        (ROOT / "benchmarks" / "sizes.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        picture(found, ROOT / "docs" / "images" / "sizes.svg")


if __name__ == "__main__":
    main()
