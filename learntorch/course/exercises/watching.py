"""Nets that note what they learn: how the training of FizzBuzz is judged.

Read in no chapter. A hook on the scores sees which rows get a gradient, and which. From that follows what was learned,
with which label, by which loss, and whether gradients were cleared.
"""

from __future__ import annotations

import numpy as np

import learntorch as torch
from learntorch import nn


def number_of(digits):
    """The number that a row of digits means."""
    return int(sum(round(float(digit)) * 2**d for d, digit in enumerate(digits)))


def kind_of(i):
    """The right kind of a number."""
    return (i % 3 == 0) + 2 * (i % 5 == 0)


def example(i, num_digits):
    """What the learner is given as `example`."""
    return [i >> d & 1 for d in range(num_digits)], kind_of(i)


class Watched(nn.Module):
    """A net with a notebook: for every batch that was learned the inputs, the scores and their gradient."""

    def __init__(self, hidden):
        super().__init__()
        self.first, self.last = nn.Linear(10, hidden), nn.Linear(hidden, 4)
        self.learned = []

    def forward(self, x):
        scores = self.last(torch.relu(self.first(x)))
        if scores.requires_grad:
            batch = (np.array(x.tolist()), scores.detach().numpy().copy())
            scores.register_hook(lambda g: self.learned.append((*batch, g.numpy().copy())))
        return scores


class Knowing(Watched):
    """A net that knows every answer."""

    def forward(self, x):
        rows = [[4.0 * (kind == kind_of(number_of(row))) for kind in range(4)] for row in x.tolist()]
        return torch.tensor(rows) + 0 * super().forward(x)


MODELS = {"that knows every answer": lambda: Knowing(5), "with 20 hidden units": lambda: Watched(20),
          "with 300 hidden units": lambda: Watched(300)}  # fmt: skip


def right_of(model, numbers):
    """How many of these numbers a net gets right."""
    x = torch.tensor([example(i, 10)[0] for i in numbers]).float()
    with torch.no_grad():
        scores = np.array(model(x).tolist())
    return int((scores.argmax(1) == [kind_of(i) for i in numbers]).sum())


def what_is_returned(returned, model):
    """What the number that came back counts."""
    if isinstance(returned, (bool, str)) or not isinstance(returned, (int, float, np.number, torch.Tensor)):
        return "no number"
    count = right_of(model, range(1, 101))
    if isinstance(returned, torch.Tensor):
        return "a tensor"
    if returned == count and isinstance(returned, (int, np.integer)):
        return "how many of 1 … 100 are right"
    if abs(returned * 100 - count) < 1e-6:
        return "a share of 1, not a count"
    if returned == right_of(model, range(101, 1024)):
        return "how many of 101 … 1023 are right"
    return "always 53" if returned == 53 else "another number"


def what_was_learned(model, epochs):
    """Which numbers got a gradient, in words."""
    seen = np.zeros(1024, dtype=int)
    for x, _, g in model.learned:
        for row in x[np.abs(g).sum(axis=1) > 0]:
            seen[number_of(row)] += 1
    if seen[1:101].any():
        return "held-out numbers too"
    if not seen.any():
        return "nothing"
    every = (seen[101:] == epochs).all() and not seen[0]
    return "each of 101 … 1023 once in every epoch" if every else "not each of 101 … 1023 once in every epoch"


def how_it_was_learned(model, before):
    """Are labels, loss and gradients what they should be?"""
    if not model.learned:
        return "not at all"
    for x, scores, g in model.learned[:8]:
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        slope = e / e.sum(axis=1, keepdims=True)
        own = np.eye(4)[[kind_of(number_of(row)) for row in x]]
        if not np.allclose(g, (slope - own) / len(x), atol=1e-5):
            found = np.eye(4)[g.argmin(axis=1)]
            mixed = np.allclose(g, (slope - found) / len(x), atol=1e-5)
            return "with labels of other numbers" if mixed else "not by the mean cross-entropy of the scores"
    if max(len(x) for x, _, _ in model.learned) > 128:
        return "in batches of more than 128"
    if np.array_equal(before, model.last.weight.detach().numpy()):
        return "but the weights have not changed"
    grad, last = model.last.bias.grad, model.learned[-1][2].sum(axis=0)
    if grad is not None and grad.numpy().any() and not np.allclose(grad.numpy(), last, atol=1e-5):
        return "with gradients that pile up"
    first = [number_of(row) for row in model.learned[0][0]]
    return "in the order of the numbers" if first == sorted(first) else "as described"
