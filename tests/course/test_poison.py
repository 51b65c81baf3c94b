"""The learner's own torch is the learner's own: FizzBuzz trains in strict mode on the installed solutions, it does not
run where a piece is missing, and it notices a wrong one.

A slot that FizzBuzz does not use is used by the main example of its chapter, which then notices instead.
"""

import numpy as np
import pytest

import learntorch as torch
from learntorch import nn, optim
from learntorch.course.practice import notebook, predicting, slots
from learntorch.course.practice.answer import filled, load
from learntorch.course.practice.definition import Exercise, catalogue
from learntorch.course.practice.guard import quiet_state
from learntorch.course.practice.progress import Progress

BUILDING = [ex for ex in catalogue().values() if ex.slot]
FIZZBUZZ = {"unbroadcast", "matmul-gradient", "relu", "relu-gradient", "no-grad", "linear-layer", "module-parameters",
            "sgd-step", "cross-entropy", "example", "train"}  # fmt: skip

# What no example can notice, and why it is a mistake all the same. The check of the exercise notices each of them.
QUIET = {
    "sigmoid naive": "the values are right, and the package keeps NumPy's warning of the overflow to itself",
    "sigmoid both_branches": "the same",
    "softplus still_naive": "the package itself returns x beyond its threshold of 20, without asking the piece",
    "softplus clipped": "the same",
    "mse-loss broadcasts": "the package broadcasts and warns, as PyTorch does, before it asks the piece",
    "mse-loss made_to_fit": "the same",
}


def source_of(ex: Exercise, answer: object) -> str:
    """The source of an answer of a definition."""
    if ex.kind == "parsons":
        return predicting.assembled(ex, predicting.letters(answer))
    return filled(ex.source(answer))


def install(ex: Exercise, answer: object) -> None:
    """Put an answer of a definition into its slot, as a pass would."""
    slots.slots()[ex.slot].install(load(ex, source_of(ex, answer), "mine").object)


@pytest.fixture
def solutions(monkeypatch):
    """Strict mode for a learner who has passed everything with the answers of solutions/."""
    progress = Progress(memory=True)
    for ex in BUILDING:
        progress.record(ex.id, passed=True, source=source_of(ex, ex.answer))
    monkeypatch.setattr(notebook, "_progress", progress)
    for ex in BUILDING:
        slots.poison(slots.slots()[ex.slot], ex.id)
    notebook.use("strict")
    yield progress
    notebook.use("reference")
    for slot in slots.slots().values():
        slot.restore()


# FizzBuzz ────────────────────────────────────────────────────────────────────────────────────────


def fizzbuzz(epochs: int, hidden: int, seed: int = 1) -> tuple[int, int, list]:
    """Train a net on the pieces in the slots. Returns how many of 1 … 100 it gets right, counted here; what the
    learner's program says about that; and the weights."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(10, hidden), nn.ReLU(), nn.Linear(hidden, 4))
    said = notebook.mine("train")(model, notebook.mine("example"), epochs)
    with torch.no_grad():
        scores = model(torch.tensor([notebook.mine("example")(i, 10)[0] for i in range(1, 101)]).float())
    answers = scores.numpy().argmax(axis=1).tolist()
    right = sum(kind == (i % 3 == 0) + 2 * (i % 5 == 0) for i, kind in enumerate(answers, 1))
    return right, said, [p.detach().numpy().copy() for p in model.parameters()]


def test_it_trains_in_strict_mode(solutions):
    right, said, _ = fizzbuzz(200, 300)
    assert right == said >= 95


# One wrong answer for each slot that ruins the result. Nothing in a wrong no_grad does: what is recorded too much costs
# time alone, and where the recording ought to be on, no example of chapter 10 asks for an exception or a nested block.
RUINS = {
    "unbroadcast": "stretched_only", "matmul-gradient": "without_what_arrived", "relu": "absolute",
    "relu-gradient": "other_way_round", "linear-layer": "StartsAtZero", "module-parameters": "own_ones_only",
    "sgd-step": "uphill", "cross-entropy": "downhill", "example": "fifteen_last", "train": "labels_left_behind",
}  # fmt: skip


@pytest.mark.parametrize("slot", sorted(FIZZBUZZ))
def test_one_wrong_piece_ruins_it(slot, solutions):
    if slot == "no-grad":
        assert slot not in RUINS
        return
    ex = next(ex for ex in BUILDING if ex.slot == slot)
    install(ex, next(wrong.answer for wrong in ex.wrongs if wrong.name == RUINS[slot]))
    found = outcome(lambda: fizzbuzz(200, 300))
    assert isinstance(found, str) or found[0] < 95


def test_nothing_is_lent_to_a_learner_who_has_nothing(monkeypatch):
    monkeypatch.setattr(notebook, "_progress", Progress(memory=True))
    try:
        notebook.use("strict")
        with pytest.raises(slots.EmptySlot, match="Pass the exercise"):
            fizzbuzz(1, 20)
    finally:
        notebook.use("reference")
    assert len(fizzbuzz(1, 20)[2]) == 4  # and with ours it runs again


@pytest.mark.parametrize("ex", BUILDING, ids=lambda ex: ex.id)
def test_one_missing_piece_stops_it(ex, solutions):
    """Every slot is needed: by FizzBuzz if it is listed there, else by the main example of its chapter."""
    solutions.reset(ex.id)
    notebook.use("strict")
    run = (lambda: fizzbuzz(1, 20)) if ex.slot in FIZZBUZZ else EXAMPLES[ex.chapter]
    with pytest.raises(slots.EmptySlot, match=f"Pass the exercise {ex.id!r}"):
        run()
    if ex.slot not in FIZZBUZZ:
        fizzbuzz(1, 20)  # which does not miss it


# The main examples of the chapters, with the corners that their text speaks of ────────────────────


def tensors():
    """Chapter 01: a column and a row, and a matrix product as a sum of outer products."""
    column, row = torch.tensor([[0.0], [10.0], [20.0]]), torch.tensor([1.0, 2.0, 3.0, 4.0])
    above, below = torch.broadcast_tensors(column, row)
    shapes = [torch.broadcast_shapes(*pair) for pair in [((2, 1), (3,)), ((4,), (2, 1, 4)), ((0, 1), (1, 5))]]
    a, b = torch.arange(6.0).view(2, 3), torch.arange(12.0).view(3, 4) - 5
    return [above, below, *shapes, sum(torch.outer(a[:, j], b[j]) for j in range(3))]


def interop():
    """Chapter 02: there and back, with a write in between."""
    table = np.arange(12, dtype=np.int32).reshape(3, 4)
    found = []
    for array in (table, table.T[1:], table[1:, ::3], table[2]):
        t = torch.from_numpy(array)
        table[2, 3] += 100
        found += [str(t.dtype), t.numpy().copy()]
    return found


def autograd():
    """Chapter 03: products, broadcasting and sums, values that are used twice, and recording switched off."""
    torch.manual_seed(0)
    x, w, b = torch.randn(5, 3).double(), torch.randn(3, 4).double(), torch.randn(4).double()
    column, scale = torch.randn(5, 1).double(), torch.randn(2, 1, 4).double()
    leaves = [t.requires_grad_() for t in (w, b, column, scale)]
    before = x.mm(w) + b + column
    h = torch.relu(before) + before
    loss = (
        (h * scale).sum(2).pow(2).sum(0, keepdim=True).sum()
        + (h.sum(1) * torch.arange(5.0)).sum()
        + (h.sum(0) * torch.arange(4.0)).sum()
    )
    loss.backward()
    found = [loss, *(t.grad for t in leaves)]
    with torch.no_grad():
        found.append(torch.is_grad_enabled())
        early = torch.no_grad()
        with torch.no_grad():
            pass
        found.append(torch.is_grad_enabled())
    found.append(torch.is_grad_enabled())
    with early:
        found.append((w * 2).requires_grad)
    found.append((w * 2).requires_grad)
    guard = torch.no_grad()
    found.append(torch.is_grad_enabled())
    with guard, guard:
        found.append(torch.is_grad_enabled())
    found.append(torch.is_grad_enabled())
    torch.set_grad_enabled(True)
    try:
        with torch.no_grad():
            raise LookupError
    except LookupError:
        found += ["passed on", torch.is_grad_enabled()]
    return found


def activations():
    """Chapter 04: the table of values and slopes, and the derivative of softmax."""
    found = []
    for f in (torch.relu, torch.sigmoid, torch.tanh, nn.functional.softplus):
        x = torch.tensor([-1000.0, -30.0, -1.0, 0.0, 1.0, 12.0, 1000.0], dtype=torch.float64)
        y = f(x.requires_grad_())
        y.sum().backward()
        found += [y, x.grad, x]
    scores = torch.tensor([[2.0, 1.0, 0.0], [3000.0, 0.5, -0.5]], dtype=torch.float64)
    p = torch.softmax(scores.requires_grad_(), dim=1)
    (p * torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.0, 2.0]])).sum().backward()
    return [*found, p, scores.grad, scores]


def two_layers():
    """Small data and weights for the two-layer net of chapters 05 to 09."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in [(8, 5), (8, 3), (5, 6), (6, 3)]]


def numpy_net():
    """Chapter 05: some steps of the two-layer net, by hand."""
    x, y, w1, w2 = two_layers()
    found = []
    for _ in range(4):
        h, h_relu, y_pred = notebook.mine("net-forward")(x, w1, w2)
        kept = [a.copy() for a in (h, h_relu, y_pred)]
        grad_w1, grad_w2 = notebook.mine("net-backward")(x, y, w2, h, h_relu, y_pred)
        w1, w2 = w1 - 1e-3 * grad_w1, w2 - 1e-3 * grad_w2
        found += [*kept, h, h_relu, y_pred]
    return [*found, w1, w2, x]


def tensor_net():
    """Chapter 06: the same by hand on tensors."""
    x, y, w1, w2 = map(torch.from_numpy, two_layers())
    h = x.mm(w1)
    h_relu = h.clamp(min=0)
    return [*notebook.mine("tensor-backward")(x, y, w2, h, h_relu, h_relu.mm(w2)), h, h_relu]


def autograd_net():
    """Chapter 07: the training loop with autograd."""
    x, y, w1, w2 = map(torch.from_numpy, two_layers())
    return [notebook.mine("training-loop")(x, y, w1.requires_grad_(), w2.requires_grad_(), 1e-3, 4), w1, w2]


class Net(nn.Module):
    """A net of nets: two floors, a layer that is used twice, one without bias, and a list that is no module."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Sequential(nn.Linear(5, 6), nn.ReLU()), nn.Linear(6, 6, bias=False))
        self.twice = self.last = nn.Linear(6, 6)
        self.scale = nn.Parameter(torch.ones(6))
        self.empty = None
        self.register_parameter("nothing", None)
        self.loose = [nn.Linear(2, 2)]

    def forward(self, x):
        return self.last(self.twice(self.inner(x)) * self.scale)[:, :3]


def nn_net(make_optimizer=lambda parameters: optim.SGD(parameters, lr=1e-2), steps=4):
    """Chapters 08 and 09: a net of modules, a loss, and an optimizer whose rate falls."""
    torch.manual_seed(0)
    x, y = torch.from_numpy(two_layers()[0]).float(), torch.from_numpy(two_layers()[1]).float()
    model = Net()
    loss_fn, optimizer, found = nn.MSELoss(reduction="sum"), make_optimizer(model.parameters()), []
    for step in range(steps):
        loss = loss_fn(model(x), y)
        optimizer.param_groups[0]["lr"] = 1e-2 / (step + 1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return [found, nn.MSELoss()(model(x), y), [tuple(p.shape) for p in model.parameters()], *model.parameters()]


def with_momentum():
    """Chapter 09: SGD with momentum, and Adam."""
    return [*nn_net(lambda p: optim.SGD(p, lr=1e-2, momentum=0.9)), *nn_net(lambda p: optim.Adam(p, eps=1e-3))]


def losses():
    """Chapter 10: cross-entropy, of scores that are far apart too."""
    found = []
    for rows in ([[1.0, 3.0, 0.0], [2.0, 1.0, -1.0]], [[1000.0, 0.0, -5.0], [-1000.0, 3.0, 3.0]]):
        scores = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        loss = nn.CrossEntropyLoss()(scores, torch.tensor([1, 0]))
        loss.backward()
        found += [loss, scores.grad, scores]
    return [*found, *(notebook.mine("example")(i, 6) for i in (0, 3, 5, 15, 38))]


EXAMPLES = {1: tensors, 2: interop, 3: autograd, 4: activations, 5: numpy_net, 6: tensor_net, 7: autograd_net,
            8: nn_net, 9: with_momentum, 10: losses}  # fmt: skip


# Wrong pieces ────────────────────────────────────────────────────────────────────────────────────


def same(a: object, b: object) -> bool:
    """True if two results agree up to rounding."""
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, str) or isinstance(b, str):
        return type(a) is type(b) and a == b
    a, b = (x.detach().numpy() if isinstance(x, torch.Tensor) else x for x in (a, b))
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-6 if a.dtype == np.float32 else 1e-9, atol=1e-12))


def outcome(run) -> object:
    """What a run returns; the name of its error, if it ends in one. An overflow is one."""
    try:
        with quiet_state(), np.errstate(over="raise"):  # a wrong no_grad leaves the recording switched off
            return run()
    except Exception as error:
        return type(error).__name__


WRONG = [(ex, wrong) for ex in BUILDING for wrong in ex.wrongs]
EXPECTED: dict[str, list] = {}  # what comes out on the solutions, by exercise


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ex, wrong", WRONG, ids=lambda x: getattr(x, "id", None) or x.name)
def test_a_wrong_piece_is_noticed(ex, wrong, solutions):
    """With one wrong answer in the place of its solution, FizzBuzz or the chapter's example comes out otherwise."""
    runs = [EXAMPLES[ex.chapter], *([lambda: fizzbuzz(3, 20)] if ex.slot in FIZZBUZZ else [])]
    if ex.id not in EXPECTED:
        EXPECTED[ex.id] = [outcome(run) for run in runs]
    assert not any(isinstance(result, str) for result in EXPECTED[ex.id]), EXPECTED[ex.id]
    try:
        install(ex, wrong.answer)
        found = [outcome(run) for run in runs]
    finally:
        slots.slots()[ex.slot].restore()
    noticed = any(not same(*pair) for pair in zip(found, EXPECTED[ex.id]))
    assert noticed != (f"{ex.id} {wrong.name}" in QUIET)


def test_every_quiet_answer_exists():
    assert set(QUIET) <= {f"{ex.id} {wrong.name}" for ex, wrong in WRONG}
