"""Exercise 36: a linear layer that owns its weight and its bias."""

import math

import numpy as np

import learntorch as torch
from learntorch import nn
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "linear-layer",
    chapter=8,
    number=36,
    title="A layer that owns its weights",
    kind="fill-in",
    minutes=12,
    slot="linear-layer",
    builds="learntorch.nn.Linear",
    forbids=("Linear", "linear"),
    prompt="""
    A module saves you from naming weights, because it owns them and can list them. Build the one that every net is
    made of.

    `Linear(in_features, out_features)` turns rows of shape `(N, in_features)` into rows of shape `(N, out_features)`:

    $$y = x W^\\mathsf{T} + b$$

    `weight` is an `nn.Parameter` of shape `(out_features, in_features)`, outputs first, and `bias` one of shape
    `(out_features,)`. With `bias=False`, the attribute `bias` is `None`. Both start as uniform random numbers between
    −bound and bound, with bound = 1 / √in_features. `tensor.uniform_(low, high)` fills a tensor with such numbers in
    place, and returns it.
    """,
    hints=(
        "What does nn.Module.__setattr__ look at when it decides whether a value goes on the list of parameters?",
        "A Parameter is made from a tensor: nn.Parameter(tensor). The tensor must have its shape and its numbers by "
        "then. In forward, x (N, in) meets the transposed weight (in, out), and the bias is broadcast over the rows.",
        "A layer that multiplies each of n inputs by a number of its own, drawn from 0 to 1: "
        "self.factor = nn.Parameter(torch.empty(n).uniform_(0, 1)) in __init__, and return x * self.factor in forward.",
    ),
    why="Why does the bound shrink when a layer has more inputs?",
    show=lambda *case: shown(*case),
)


@ex.solution
class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        # <blank> self.weight = ...  # 1: a Parameter, outputs first
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        # </blank>
        if bias:
            # <blank> self.bias = ...  # 2: a Parameter too
            self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound))
            # </blank>
        else:
            self.bias = None

    def forward(self, x):
        # <blank> y = ...  # 3: x times the transposed weight
        y = x @ self.weight.t()
        # </blank>
        return y if self.bias is None else y + self.bias


def shown(in_features, out_features, bias, x):
    """A case in words. The numbers that the check writes into a layer are shown where they are few."""
    made = f"layer = Linear({in_features}, {out_features}, bias={bias})"
    if in_features * out_features > 1000:
        return made
    lines = [made, f"layer.weight is then filled with {few(out_features, in_features).int().tolist()}"]
    lines += [f"layer.bias with {few(out_features).int().tolist()}"] * bias
    return "\n".join([*lines, f"x = {np.round(x.numpy(), 2).tolist()}"])


def few(*shape):
    """Small whole numbers."""
    return (torch.arange(math.prod(shape)) % 7 - 2).float().reshape(shape)


def reached(values, bound):
    """Where numbers lie that should fill ±bound."""
    values = values.detach().numpy()
    if (np.abs(values) > bound * 1.0001).any():
        return "beyond the bound"
    if not values.any():
        return "at zero"
    if values.size < 1000:
        return "within the bound"
    if values.min() >= 0:
        return "at 0 and above"
    if values.min() > -0.95 * bound or values.max() < 0.95 * bound:
        return "on a part of ±bound"
    spread = float((values / bound).var())  # of uniform numbers it is 1/3
    even = abs(spread - 1 / 3) < 0.06 and len(np.unique(values)) > 0.9 * values.size
    return "on all of ±bound" if even else "on all of ±bound, and not evenly"


@ex.judged
def judged(Linear, in_features, out_features, bias, x):
    """What a layer owns, how its numbers start, what it computes with other numbers, and who gets a gradient."""
    torch.manual_seed(in_features)
    layer = Linear(in_features, out_features) if bias else Linear(in_features, out_features, bias=False)
    owned = dict(layer.named_parameters())
    found = {"on the list": ", ".join(f"{name} {tuple(p.shape)}" for name, p in owned.items())}
    found |= {f"{name} starts": reached(p, 1 / math.sqrt(in_features)) for name, p in owned.items()}
    twin, weights = Linear(in_features, out_features, bias=bias), in_features * out_features
    if weights > 1000 and torch.is_tensor(twin.weight):
        same = torch.equal(twin.weight, layer.weight)
        found["another layer"] = f"starts with {'the same' if same else 'other'} numbers"
    found["bias"] = "None" if layer.bias is None else "a tensor"
    found["sizes"] = f"in {layer.in_features}, out {layer.out_features}"
    if weights > 1000:  # so many numbers show how they start; the small layers show what is done with them
        return found
    with torch.no_grad():
        for p in (layer.weight, layer.bias):
            if p is not None:
                p.copy_(few(*p.shape))
    y = layer(x)
    found["y"] = y.detach()
    (y * few(*y.shape)).sum().backward()
    return found | {f"gradient of {name}": p.grad for name, p in owned.items()}


@ex.oracle
def expected(in_features, out_features, bias, x):
    shapes = {"weight": (out_features, in_features), **({"bias": (out_features,)} if bias else {})}
    found = {"on the list": ", ".join(f"{name} {shape}" for name, shape in shapes.items())}
    for name, shape in shapes.items():
        found[f"{name} starts"] = "on all of ±bound" if math.prod(shape) >= 1000 else "within the bound"
    found |= {"bias": "a tensor" if bias else "None", "sizes": f"in {in_features}, out {out_features}"}
    if in_features * out_features > 1000:
        return found | {"another layer": "starts with other numbers"}
    x, weight = x.numpy(), few(out_features, in_features).numpy()
    b = few(out_features).numpy() if bias else np.zeros(out_features)
    y = np.array([[sum(x[n] * weight[k]) + b[k] for k in range(out_features)] for n in range(len(x))], np.float32)
    g = few(*y.shape).numpy()
    gradients = {"weight": torch.tensor(g.T @ x), "bias": torch.tensor(g.sum(axis=0))}
    return found | {"y": torch.tensor(y)} | {f"gradient of {name}": gradients[name] for name in shapes}


@ex.cases
def cases(rng):
    for n_in, n_out, bias, n in [
        (3, 2, True, 1),
        (2, 3, False, 4),
        (3, 3, True, 2),
        (1, 4, True, 3),
        (40, 60, True, 2),
        (60, 40, False, 2),
        (2, 1000, True, 2),
    ]:
        x = np.array([[1, 2, -1]]) if n == 1 else rng.normal(size=(n, n_in))
        yield n_in, n_out, bias, torch.tensor(x.astype(np.float32))


@ex.picture(
    "Three circles on the left are joined to two circles on the right by six lines. The three lines that lead to the "
    "upper right circle are thick, those to the lower one thin and dashed. Beside it, a table of 2 rows and 3 columns: "
    "its upper row is hatched.",
    "Figure E36. `Linear(3, 2)`: each row of the weight (right) holds the numbers that lead into one output (left).",
)
def picture():
    from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, grid, label

    figure, ax = canvas(14, 5.4, inches=6.5)
    for j, left in enumerate((1.0, 2.7, 4.4)):
        for k, right in enumerate((1.7, 3.7)):
            ax.plot([1.5, 5.5], [left, right], color="black", lw=1.2 if k else 3, ls="--" if k else "-", zorder=1)
        ax.plot(1.5, left, "o", ms=20, color=SKY, mec="black")
        label(ax, 0.5, left, f"x[{j}]", family="monospace")
    for k, right in enumerate((1.7, 3.7)):
        ax.plot(5.5, right, "o", ms=20, color="white" if k else ORANGE, mec="black", zorder=2)
        label(ax, 6.7, right, f"y[{k}]", family="monospace")
    grid(ax, [[""] * 3], 9.5, 1.7, ORANGE, hatch="//")
    grid(ax, [[""] * 3], 9.5, 2.7)
    label(ax, 11.0, 1.1, "in_features")
    label(ax, 8.9, 2.7, "out_features", rotation=90)
    label(ax, 11.0, 4.4, "weight", family="monospace")
    return figure


@ex.right
class DrawnFromRand(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = in_features**-0.5
        self.weight = nn.Parameter((2 * torch.rand(out_features, in_features) - 1) * bound)
        self.bias = nn.Parameter((2 * torch.rand(out_features) - 1) * bound) if bias else None

    def forward(self, x):
        return x.mm(self.weight.t()) + (self.bias if self.bias is not None else 0)


@ex.right
class FilledByInit(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))
        self.register_parameter("bias", nn.Parameter(torch.zeros(out_features)) if bias else None)
        for p in self.parameters():
            nn.init.uniform_(p, -1 / math.sqrt(in_features), 1 / math.sqrt(in_features))

    def forward(self, x):
        y = torch.matmul(x, self.weight.T)
        if self.bias is not None:
            y = y + self.bias
        return y


@ex.wrong(
    "The weight has its inputs first. It computes the same, but nobody else's weights fit into it.",
    ask="In the formula the weight is transposed. Which shape has it, so that its transpose is (in, out)?",
)
class InputsFirst(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(in_features, out_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


@ex.wrong(
    "The bias is a plain tensor: it takes part in forward, and is not on the list of parameters.",
    ask="After training, which numbers has the optimizer moved: those on the list, or those in forward?",
)
class PlainBias(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = torch.empty(out_features).uniform_(-bound, bound).requires_grad_() if bias else None

    def forward(self, x):
        y = x @ self.weight.t()
        return y if self.bias is None else y + self.bias


@ex.wrong(
    "Neither the weight nor the bias is on the list of parameters: both are plain tensors.",
    ask="Of which kind must a value be, so that __setattr__ puts it on the list?",
)
class PlainTensors(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = torch.empty(out_features, in_features).uniform_(-bound, bound).requires_grad_()
        self.bias = torch.empty(out_features).uniform_(-bound, bound).requires_grad_() if bias else None

    def forward(self, x):
        y = x @ self.weight.t()
        return y if self.bias is None else y + self.bias


@ex.wrong(
    "The layer starts with zeros. In the chapter, a net of zeros did not learn: nothing flows back through them.",
    ask="Two hidden units with equal weights get equal gradients. When would they ever differ?",
)
class StartsAtZero(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x):
        y = x @ self.weight.t()
        return y if self.bias is None else y + self.bias


@ex.wrong(
    "The numbers leave the bound: they come from a standard normal distribution.",
    ask="How wide do the values spread after a layer of 1000 such weights?",
)
class StartsNormal(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.randn(out_features)) if bias else None

    def forward(self, x):
        y = x @ self.weight.t()
        return y if self.bias is None else y + self.bias


@ex.wrong(
    "All numbers start positive: they lie between 0 and the bound.",
    ask="What does torch.rand give, and how do you move that to both sides of 0?",
)
class StartsPositive(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.rand(out_features, in_features) * bound)
        self.bias = nn.Parameter(torch.rand(out_features) * bound) if bias else None

    def forward(self, x):
        y = x @ self.weight.t()
        return y if self.bias is None else y + self.bias


@ex.wrong(
    "The bound was taken from the number of outputs. It hangs on the inputs.",
    ask="One output is a sum. Over how many inputs does it run?",
)
class BoundFromOutputs(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(out_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

    def forward(self, x):
        y = x @ self.weight.t()
        return y if self.bias is None else y + self.bias


@ex.wrong(
    "The weight is not transposed in forward. That fails unless the layer has as many outputs as inputs.",
    ask="(N, in) times what gives (N, out), and which shape has self.weight?",
)
class NotTransposed(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


ex.equivalents = {
    "without: y = x @ self.weight.t()": "x @= w makes a new tensor, since no product is computed in place",
}
