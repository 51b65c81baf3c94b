"""What a word in braces stands for in the tables of parity_operations.py: tensors that fit together.

A tensor is one of the program's own, the newest first, or a fresh one, written out. Fresh numbers are small halves and
whole numbers, which floating-point arithmetic adds and multiplies without rounding.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from parity_arguments import DTYPES, FLOATS, SHAPES, Arguments, below, nested
from parity_comparison import Runner

LARGEST = 200  # elements of a tensor that is used again


def type_of(x) -> str:
    return str(x.dtype).removeprefix("torch.")


def numbers_of(x) -> list:
    return x.detach().reshape(-1).tolist()


def is_readable(x) -> bool:
    """Whether the tensor can be looked at: a view from split() cannot once its base was written to."""
    try:
        return x.is_leaf in (True, False)
    except RuntimeError:
        return False


def is_tame(x) -> bool:
    """Small, and without a number so large that rounding drowns the others."""
    return x.numel() <= LARGEST and all(abs(n) <= 1e4 or not math.isfinite(n) for n in numbers_of(x))


def is_float(x) -> bool:
    return x.is_floating_point()


def is_finite(x) -> bool:
    return all(map(math.isfinite, numbers_of(x)))


def has_no_ties(x) -> bool:
    return x.numel() <= 12 and len(set(map(str, numbers_of(x)))) == len(set(numbers_of(x))) == x.numel()


def memory_of(x) -> int:
    return x.data_ptr() - x.storage_offset() * x.element_size()


def layout(x) -> tuple:
    return x.storage_offset(), tuple(x.shape), x.stride()


def broadcasts(shape: tuple, other: tuple) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(shape[::-1], tuple(other)[::-1]))


# The tensor that a step is about: which of the program's own will do, and shapes and types of a fresh one.
# Within a step the word always means the same tensor.
SUBJECTS = {
    "x": (lambda x: True, SHAPES, DTYPES),
    "f": (is_float, SHAPES, FLOATS[:2]),
    "i": (lambda x: not is_float(x), SHAPES, ("int64", "bool")),
    "m": (lambda x: x.dim() == 2, ((2, 3), (3, 3), (3, 1)), FLOATS[:1]),
    "v": (lambda x: x.dim() == 1, ((3,), (2,), (1,)), FLOATS[:1]),
    "fm": (lambda x: is_float(x) and x.dim() == 2 and x.shape[1] == 3 and len(x), ((2, 3), (1, 3), (4, 3)), FLOATS[:1]),
    "batch": (lambda x: x.dim() == 3, ((2, 3, 2), (2, 1, 3)), FLOATS[:1]),
    "signal": (lambda x: is_float(x) and x.dim() == 3, ((2, 2, 4),), FLOATS[:1]),
    "image": (lambda x: is_float(x) and x.dim() == 4, ((1, 2, 4, 4),), FLOATS[:1]),
    "tame": (is_finite, SHAPES, FLOATS[:1]),
    "distinct": (has_no_ties, ((3,),), FLOATS[:1]),
    "r": (lambda x: x.requires_grad, ((3,),), FLOATS[:1]),
    "r2": (lambda x: x.requires_grad, ((3,),), FLOATS[:1]),
    "leaf": (lambda x: x.requires_grad and x.is_leaf, ((3,),), FLOATS[:1]),
    "leaf2": (lambda x: x.requires_grad and x.is_leaf, ((3,),), FLOATS[:1]),
}


class Tensors(Arguments):
    """Draws tensors for one step after another of a running program."""

    def __init__(self, draw: Callable, runner: Runner) -> None:
        self.runner = runner
        super().__init__(draw)

    def begin(self, mistaken: bool) -> None:
        super().begin(mistaken)
        self.used: list[str] = []
        self.live = [(path, x) for path, x in reversed(self.runner.tensors()) if is_readable(x) and is_tame(x)]

    # Two ways to get a tensor ────────────────────────────────────────────────────────────────────

    def one_of_own(self, fits: Callable) -> str | None:
        """One of the program's tensors that fits, mostly; in a mistaken step any."""
        if self.wrong():
            fits = lambda x: True  # noqa: E731
        choices = [(path, x) for path, x in self.live if fits(x)]
        if not choices or self.chance(6):
            return None
        path, x = self.pick(choices)
        self.noted(tuple(x.shape), type_of(x))
        self.used.append(path)
        return path

    def reads_what_it_writes(self) -> bool:
        """Whether the step's first tensor lies in memory with gaps, and another of its tensors in the same memory,
        otherwise: PyTorch looks for such an overlap only where there are no gaps."""
        live = dict(self.live)
        target, *others = [live[path] for path in dict.fromkeys(self.used)] or [None]
        if target is None:
            return False
        span = 1 + sum((n - 1) * step for n, step in zip(target.shape, target.stride()))
        beside = [x for x in others if memory_of(x) == memory_of(target) and layout(x) != layout(target)]
        return target.numel() < span and bool(beside)

    def fresh(self, shape: tuple, dtype: str) -> str:
        """A tensor written out."""
        self.noted(shape, dtype)
        if 0 in shape[:-1]:
            return f"torch.zeros({shape}, dtype=torch.{dtype})"
        implied = dtype == "float32" or (dtype in ("int64", "bool") and 0 not in shape)
        return f"torch.tensor({self.written(shape, dtype)}{'' if implied else f', dtype=torch.{dtype}'})"

    def noted(self, shape: tuple, dtype: str) -> None:
        if not self.shapes:
            self.type = dtype
        self.shapes.append(shape)

    def written(self, shape: tuple, dtype: str) -> object:
        """Numbers as nested lists."""
        start = self.draw(below(7))
        return nested(shape, (plain_number(start + 5 * i + 3 * (i // 5), dtype) for i in range(math.prod(shape))))

    def exactly(self, shape: tuple, dtype: str | None = None) -> str:
        """A tensor of this shape and type, unless it is to be wrong."""
        shape = self.pick(SHAPES) if self.wrong() else tuple(shape)
        dtype = self.pick(DTYPES) if self.wrong() else dtype or self.type
        own = None if self.chance(2) else self.one_of_own(lambda x: tuple(x.shape) == shape and type_of(x) == dtype)
        return own or self.fresh(shape, dtype)

    def other_type(self) -> str:
        return self.pick(DTYPES) if self.chance(4) else self.type

    # The words ───────────────────────────────────────────────────────────────────────────────────

    def about(self, word: str) -> str:
        """The tensor that a word of SUBJECTS means."""
        fits, shapes, types = SUBJECTS[word]
        return self.one_of_own(fits) or self.fresh(self.pick(shapes), self.pick(types))

    def n(self) -> str:
        """A tensor that has a name of its own."""
        path, x = self.pick([(path, x) for path, x in self.live if path.isalnum()] or self.live[-1:])
        self.noted(tuple(x.shape), type_of(x))
        return path

    def literal(self) -> str:
        return self.fresh(self.pick(SHAPES), self.pick(DTYPES if self.chance(3) else FLOATS[:1]))

    def data(self) -> str:
        return str(self.written(self.pick(SHAPES[:9]), "float32"))

    def row(self) -> str:
        return str(self.written(self.pick(SHAPES[:2]), "int64"))

    def t(self) -> str:
        """A tensor that broadcasts with the first."""
        shape = self.subject
        return self.one_of_own(lambda x: broadcasts(shape, x.shape)) or self.fresh(self.partner(), self.other_type())

    t2 = t

    def ft(self) -> str:
        shape = self.subject
        return self.one_of_own(lambda x: is_float(x) and broadcasts(shape, x.shape)) or self.fresh(shape, self.type)

    def y(self) -> str:
        """What may stand beside a tensor: another, or a number."""
        return self.number() if self.chance(3) else self.t()

    def s(self) -> str:
        """A tensor of the same shape."""
        shape = self.subject
        return self.one_of_own(lambda x: tuple(x.shape) == shape) or self.fresh(shape, self.other_type())

    def fs(self) -> str:
        """A tensor of the same shape and type."""
        return self.exactly(self.subject)

    rs = fs

    def larger(self) -> str:
        return self.fresh((2, *self.subject), self.type)

    def beside(self) -> str:
        """Something to join with the tensor along the dim that is named next."""
        shape, dim = list(self.subject), self.reserve_dim()
        if -len(shape) <= dim < len(shape):
            shape[dim] = self.pick((1, 2, 0))
        return self.fresh(tuple(shape), self.other_type())

    def out(self) -> str:
        """A tensor for out=, without views: they would see what a larger result brings, or not."""
        memory = Counter(memory_of(x) for _, x in self.live)
        if self.planned:
            return f"torch.zeros({self.subject}, dtype=torch.{self.type})"
        derived = {path for path, x in self.live if x.requires_grad and not x.is_leaf}
        gradients = {path for path, _ in self.live if path.partition("[")[0] in self.runner.gradients}
        taken = derived | gradients | set(self.used)
        free = [path for path, x in self.live if memory[memory_of(x)] == 1 and path not in taken]
        if free and self.chance(2):
            return self.pick(free)
        size = self.pick((0, self.subject, (3,))) if self.chance(3) else self.subject
        return f"torch.zeros({size}, dtype=torch.{self.other_type()})"

    def zero_d(self) -> str:
        return self.fresh((), self.other_type())

    def number_tensor(self) -> str:
        return self.fresh((2,) if self.wrong() else (), self.type)

    def mask(self) -> str:
        if self.chance(3):
            return self.fresh(self.partner() if self.chance(2) else self.subject, "bool")
        return f"{next(iter(self.known.values()), 'torch.tensor(1)')} > {self.pick((0, 1, -1))}"

    def value(self) -> str:
        """What may be written to x[index]."""
        how = self.draw(below(4))
        if how < 2 or "index" not in self.known:
            return self.number()
        try:
            part = eval(f"({self.known['x']}).detach()[{self.known['index']}]", self.runner.spaces[0])
            shape = tuple(part.shape) if part.numel() <= LARGEST else ()
        except (RuntimeError, IndexError, TypeError, ValueError):
            shape = ()
        if self.wrong():
            shape = (2, 2)
        elif how == 3:
            shape = self.pick((shape[1:], (*shape[:-1], 1) if shape else shape, (1, *shape)))
        return self.fresh(shape, self.other_type()) if self.chance(3) else self.exactly(shape)

    def added(self) -> str:
        """What index_add adds: as many as there are indices along the step's dim."""
        shape, dim = list(self.subject), self.along or 0
        if -len(shape) <= dim < len(shape):
            shape[dim] = len(self.indexed)
        return self.exactly(tuple(shape))

    # Matrices: what the first tensor, (n, k) or (b, n, k), is multiplied with

    def times(self) -> str:
        return self.exactly((self.length(1), self.pick((2, 3))))

    def times_vector(self) -> str:
        return self.exactly((self.length(1),))

    def same_vector(self) -> str:
        return self.exactly(self.subject[:1])

    def vector(self) -> str:
        return self.exactly((2,), self.other_type())

    def times_batch(self) -> str:
        return self.exactly((self.length(0), self.length(2), 2))

    def times_matrix(self) -> str:
        return self.exactly((self.length(2), 2))

    def times_last(self) -> str:
        return self.exactly((self.length(2),))

    # Networks: targets, weights, kernels

    def unit(self) -> str:
        """Targets between 0 and 1."""
        if self.chance(2):
            return f"{self.exactly(self.subject)}.sigmoid()"
        return f"{self.fresh(self.subject, self.type)}.gt(0).to(torch.{self.type})"

    def classes(self) -> str:
        n = self.length(0)
        start = self.draw(below(3))
        top = 5 if self.wrong() else 3
        return f"torch.tensor({[(start + 2 * i) % top for i in range(n)]})"

    def class_weight(self) -> str:
        return f"torch.tensor({[1.0, 0.5] if self.wrong() else [1.0, 0.5, 2.0]})"

    def probabilities(self) -> str:
        return f"{self.fresh(self.subject, self.type)}.softmax(1)"

    def weight(self) -> str:
        return self.exactly((2, self.length(-1)))

    def bias(self) -> str:
        return self.exactly((2,))

    def last(self) -> str:
        return str(self.subject if self.chance(3) else self.subject[-1:])

    def last_weight(self) -> str:
        return self.exactly(self.subject[-1:])

    def kernel1(self) -> str:
        return self.exactly((2, self.length(1), 2))

    def kernel2(self) -> str:
        return self.exactly((2, self.length(1), 2, 2))


def plain_number(k: int, dtype: str) -> object:
    """The k-th of a few small numbers in no obvious order."""
    if dtype == "bool":
        return k % 3 == 0
    if dtype == "uint8":
        return k * 4 % 11
    return (k * 4 + 2) % 11 - 4 if dtype.startswith("int") else ((k * 4 + 2) % 13 - 5) / 2
