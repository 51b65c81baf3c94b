"""What a word in braces stands for in the tables of parity_operations.py: numbers, dims, shapes, indices.

Every method draws one argument as a piece of Python, for the tensor that the step is about. In a mistaken step one
of the arguments is wrong on purpose. Hypothesis shrinks every choice to its first option, so that is the plainest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

from hypothesis import strategies as st

FLOATS = ("float32", "float64", "float16")
DTYPES = ("float32", "int64", "bool", "float64", "int32", "float16", "uint8", "int8", "int16")
SHAPES = ((3,), (2, 3), (), (3, 3), (2, 3, 2), (3, 1), (1, 3), (1,), (4,),
          (2, 1, 3), (3, 4), (0,), (2, 0), (1, 2, 2, 3))  # fmt: skip
NUMBERS = (1, 2, 0.5, -1, 0, 3, 1.5, -0.5, 2.0, -2, 0.0, True, 10, math.inf, math.nan)


@cache
def below(n: int) -> st.SearchStrategy:
    return st.integers(0, n - 1)


class Arguments:
    """Draws the arguments of one step after another."""

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.begin(mistaken=False)

    def begin(self, mistaken: bool) -> None:
        """Forget the step before."""
        self.mistaken = self.planned = mistaken
        self.known: dict[str, str] = {}  # words that mean the same all through the step
        self.shapes: list[tuple] = []  # of the tensors drawn so far; the step is about the first
        self.type = "float32"  # of that tensor
        self.along: int | None = None  # the dim of the step
        self.reserved: int | None = None  # a dim that another argument was fitted to already

    def pick(self, options: Sequence):
        """One of the options."""
        return options[self.draw(below(len(options)))] if len(options) > 1 else options[0]

    def chance(self, n: int) -> bool:
        """True once in n times."""
        return self.draw(below(n)) == n - 1

    def wrong(self) -> bool:
        """Whether this argument is to be wrong: only one of a step, for of two mistakes either may be named."""
        if not self.mistaken or self.chance(2):
            return False
        self.mistaken = False
        return True

    @property
    def subject(self) -> tuple:
        """The shape of the tensor that the step is about."""
        return self.shapes[0] if self.shapes else ()

    # Numbers and names ───────────────────────────────────────────────────────────────────────────

    def number(self) -> str:
        number = self.pick(NUMBERS)
        return repr(number) if math.isfinite(number) else f"float('{number}')"

    def half(self) -> str:
        return str(self.pick((0.5, 0.25, 1.0, -0.5, 2.0)))

    def smoothing(self) -> str:
        return str(self.pick((-0.5, 1.5) if self.wrong() else (0.0, 0.5, 0.25)))

    def p(self) -> str:
        return self.pick(("2", "1", "float('inf')", "3", "0", "'fro'", "0.5", "float('-inf')"))

    def int(self) -> str:
        return str(self.pick((0, 1, 2, -1, -2, 3)))

    def count(self) -> str:
        return str(self.pick((-1, 7) if self.wrong() else (1, 2, 3, 4, 0)))

    def flag(self) -> str:
        return str(self.pick((False, True)))

    def dtype(self) -> str:
        return f"torch.{self.pick(DTYPES)}"

    def float_type(self) -> str:
        return f"torch.{self.pick(DTYPES if self.wrong() else FLOATS)}"

    def reduction(self) -> str:
        return "'average'" if self.wrong() else self.pick(("'mean'", "'sum'", "'none'"))

    # Dims ────────────────────────────────────────────────────────────────────────────────────────

    def dim(self) -> str:
        n = len(self.subject)
        if self.reserved is not None:
            dim, self.reserved = self.reserved, None
        elif self.wrong():
            dim = self.pick((n, -n - 1, 5))
        else:
            dim = self.pick(both_ways(n) or (0, -1))
        self.along = dim
        return str(dim)

    def reserve_dim(self) -> int:
        """The dim that the step will name later."""
        self.reserved = int(self.dim())
        return self.reserved

    def new_dim(self) -> str:
        n = len(self.subject) + 1
        return str(self.pick((n, -n - 1) if self.wrong() else both_ways(n)))

    def dims(self) -> str:
        n = len(self.subject)
        if self.wrong():
            return str(self.pick(((0, 0), (n,), (0, -n - 1), ())))
        return str(self.pick([(d,) for d in range(n)] + [(a, b) for a in range(n) for b in range(-1, -n, -1)] or [()]))

    def perm(self) -> str:
        n = len(self.subject)
        turn = self.draw(below(n)) if n else 0
        order = [*range(turn, n), *range(turn)]
        if n and self.chance(2):
            order.reverse()
        if n and self.chance(3):
            order = [d - n for d in order]
        if self.wrong():
            order = [*order[:-1], 0]
        return listed(order)

    def size_along(self) -> int:
        """How long the tensor is along the step's dim."""
        return self.length(self.along or 0)

    def length(self, dim: int) -> int:
        """The size of the tensor's dimension `dim`; 1 if there is none."""
        return self.subject[dim] if -len(self.subject) <= dim < len(self.subject) else 1

    # Shapes ──────────────────────────────────────────────────────────────────────────────────────

    def size(self) -> str:
        self.sized = (2, -3) if self.wrong() else self.pick(SHAPES)
        return str(self.sized)

    def shape(self) -> str:
        """A shape with as many elements as the tensor."""
        shape = self.subject
        n = math.prod(shape)
        if self.wrong():
            return listed(self.pick(((n + 1,), (-1, -1), (7, -1), (-2,))))
        options = [(n,), (-1,), (1, n), shape[::-1], (n, 1), (*shape, 1), (-1, shape[-1]) if shape else (1, 1)]
        options += [option for k in (2, 3) if n and n % k == 0 for option in ((k, n // k), (k, -1))]
        return listed(self.pick(options))

    def expand(self) -> str:
        """A larger shape to expand the tensor to."""
        chosen = [self.pick((2, 3, -1)) if n == 1 else self.pick((n, -1)) for n in self.subject]
        if self.chance(2):
            chosen = [2, *chosen]
        return listed([-1, 7, *chosen][: max(len(chosen), 1)] if self.wrong() else chosen)

    def repeats(self) -> str:
        n = len(self.subject) + self.chance(3) - self.wrong()
        return listed([self.pick((1, 2, 0)) for _ in range(n)]) if n > 0 else "2"

    def strides(self) -> str:
        """Steps for the size drawn before, that stay inside the tensor."""
        steps = [self.pick((1, 0, 2)) for _ in range(self.draw(below(4)))]
        reach = sum((n - 1) * step for n, step in zip(self.sized, steps))
        return str(tuple(steps if reach < math.prod(self.subject) else [0] * len(steps)))

    def sections(self) -> str:
        """Lengths that add up to the tensor's along the dim that is named next."""
        self.reserve_dim()
        n = self.size_along()
        first = self.draw(below(n + 1))
        return str([first, n - first + self.wrong()])

    def partner(self) -> tuple:
        """A shape that broadcasts with the tensor's."""
        shape = self.subject
        if self.wrong():
            return self.pick(SHAPES)
        options = [shape, shape[1:], (1, *shape[1:]) if shape else shape, (*shape[:-1], 1) if shape else shape]
        return self.pick(options + [(2, *shape)] * (len(shape) < 3))

    # Indices ─────────────────────────────────────────────────────────────────────────────────────

    def place(self, n: int) -> int:
        """A place along a dimension of size n, from either end."""
        return self.pick((n, -n - 1) if self.wrong() else both_ways(n) or (0,))

    def indices(self) -> str:
        """Places along the step's dim, none of them negative."""
        n = max(self.size_along(), 1)
        places = [self.place(n) for _ in range(self.pick((2, 1, 3)))]
        self.indexed = [k % n if -n <= k < n else k for k in places]
        return f"torch.tensor({self.indexed})"

    def positions(self) -> str:
        """A tuple of index tensors, inside its brackets."""
        dims = self.subject[: 1 + (len(self.subject) > 1 and self.chance(2))]
        return "".join(f"torch.tensor({[self.place(n), self.place(n)]}), " for n in dims) or "torch.tensor(0),"

    def places(self) -> str:
        """An index tensor for gather and scatter."""
        shape = list(self.subject)
        if self.wrong():
            shape.append(1)
        elif shape and self.chance(2):
            d = self.draw(below(len(shape)))
            shape[d] = min(shape[d], 1)
        n = max(self.size_along(), 1)
        start = self.draw(below(3))
        values = (n if self.wrong() else (start + 2 * i + i // 2) % n for i in range(math.prod(shape)))
        return f"torch.zeros({tuple(shape)}, dtype=torch.int64)" if 0 in shape[:-1] else \
            f"torch.tensor({nested(shape, values)}, dtype=torch.int64)"  # fmt: skip

    def index(self) -> str:
        """What may stand between square brackets after the tensor."""
        parts: list[str] = []
        left = list(self.subject)
        while (left or self.chance(8)) and len(parts) < 5:
            n = left.pop(0) if left else 0
            part = self.index_along(n, "..." in parts)
            if part == "None":
                left.insert(0, n)
            elif part == "..." and self.chance(2):
                left = left[1:]
            parts.append(part)
            if self.chance(3):
                break
        return ", ".join(parts) or "..."

    def index_along(self, n: int, has_ellipsis: bool) -> str:
        if self.wrong():
            return self.pick(("1.5", "[True, False, True, True]", "'a'", "7", "torch.tensor([0.5])", "::-1"))
        kind = self.draw(below(12))
        if kind == 5:
            return "None"
        if kind == 6 and not has_ellipsis:
            return "..."
        if kind == 4:
            return self.pick(("1:", ":2", "::2", "-2:", ":-1", "1:1", ":0", "5:", "-1:0:2"))
        if kind == 9:
            return f"torch.tensor({[k % 2 == 1 for k in range(n)]}, dtype=torch.bool)"
        if kind == 10:
            return self.pick(("True", "False", "torch.tensor(True)", "slice(None)"))
        if n == 0 or kind in (3, 6):
            return ":"
        if kind in (7, 8):
            return ("{}" if kind == 7 else "torch.tensor({})").format([self.place(n), self.place(n)])
        return f"torch.tensor({self.place(n)})" if kind == 11 else str(self.place(n))


def both_ways(n: int) -> tuple[int, ...]:
    """0, 1, … n − 1, and the same from the end: −1, … −n."""
    return (*range(n), *range(-1, -n - 1, -1))


def listed(numbers: Sequence[int]) -> str:
    """Numbers as separate arguments."""
    return ", ".join(map(str, numbers)) or "()"


def nested(shape: Sequence[int], values) -> object:
    """The values as nested lists of this shape."""
    values = iter(values)

    def nest(dims: Sequence[int]) -> object:
        return [nest(dims[1:]) for _ in range(dims[0])] if dims else next(values)

    return nest(shape)
