"""Draw the pictures of docs/images/graphs, and check that the committed ones are these.

    python tools/pictures.py            # write them
    python tools/pictures.py --check    # say which ones are out of date, and fail if any is

Each picture is `draw` on a graph that is computed here; docs/pictures.md shows them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import learntorch as torch
from learntorch import nn
from learntorch.course import draw
from learntorch.course.drawing import Drawing

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images" / "graphs"


def formula() -> Drawing:
    """(w + x) * (w + 1), with its values and gradients."""
    w = torch.tensor([1.0], requires_grad=True)
    x = torch.tensor([2.0], requires_grad=True)
    y = (w + x) * (w + 1)
    return draw(y, names={"w": w, "x": x, "y": y}, values=True, gradients=True)


def diamond() -> Drawing:
    """One tensor on two ways to one result, and what the operations keep."""
    a = torch.ones(2, 3, requires_grad=True)
    b = a.exp()
    c = b.sin() * b.cos()
    return draw(c, names={"a": a, "b": b, "c": c}, saved=True)


def two_layers() -> Drawing:
    """Linear, ReLU, linear, mean squared error."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1000, 100), nn.ReLU(), nn.Linear(100, 10))
    loss = nn.functional.mse_loss(net(torch.randn(64, 1000)), torch.randn(64, 10))
    return draw(loss, names={"loss": loss}, module=net)


def convolutions() -> Drawing:
    """Two convolutions with ReLU and pooling, a linear layer, and the cross-entropy."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(200, 10),
    )  # fmt: skip
    loss = nn.functional.cross_entropy(net(torch.randn(2, 1, 28, 28)), torch.tensor([3, 7]))
    return draw(loss, names={"loss": loss}, module=net)


def repeats() -> Drawing:
    """Twelve equal blocks between two linear layers."""
    torch.manual_seed(0)
    blocks = nn.Sequential(*(nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(12)))
    net = nn.Sequential(nn.Linear(4, 8), blocks, nn.Linear(8, 1))
    loss = net(torch.randn(16, 4)).mean()
    return draw(loss, names={"loss": loss}, module=net)


PICTURES: dict[str, Callable[[], Drawing]] = {
    "formula": formula,
    "diamond": diamond,
    "two_layers": two_layers,
    "convolutions": convolutions,
    "repeats": repeats,
}


def pictures() -> Iterator[tuple[Path, str]]:
    """Every file and what has to be in it."""
    for name, make in PICTURES.items():
        yield FOLDER / f"{name}.svg", make().svg + "\n"


def main(check: bool) -> int:
    stale = 0
    for path, text in pictures():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{path.name} is out of date" if check else f"{path.name} written")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
