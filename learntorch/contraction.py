"""`einsum` and `tensordot`: products of tensors, summed over the dimensions that are named.

Read in chapter 05. An equation such as "ij,jk->ik" gives a letter to every dimension: dimensions with the same letter
go together, and a letter that the output does not name is summed over. Both functions are made of operations that
record themselves, so their gradients need no formula here.
"""

from __future__ import annotations

import re
from math import prod
from string import ascii_lowercase, ascii_uppercase

from .base import TensorBase
from .errors import argument_error, final
from .methods.matrix import contract
from .out import into
from .tensor import Tensor

_LETTERS = ascii_uppercase + ascii_lowercase  # their order when the output is not written down
_DOTS = "."  # what stands for an ellipsis among the subscripts


def einsum(*args) -> Tensor:
    """Σ over products: einsum("ij,jk->ik", a, b) is the matrix product of a and b.

    Instead of an equation every tensor may be followed by a list of numbers: einsum(a, [0, 1], b, [1, 2], [0, 2]).

    >>> a = Tensor([[1, 2], [3, 4]])
    >>> einsum("ii", a), einsum("ij->j", a)
    (tensor(5.), tensor([4., 6.]))
    """
    if len(args) < 2:
        raise final(ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            'subscripts list. For example einsum("ij,jk->ik", a, b).'
        ))  # fmt: skip
    equation, *operands = _spelled_out(args) if isinstance(args[0], TensorBase) else args
    if not isinstance(equation, str):
        raise argument_error("einsum", "equation", 1, "str", equation)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        return einsum(equation, *operands[0])
    for i, x in enumerate(operands):
        if not isinstance(x, TensorBase):
            raise TypeError(
                f"expected Tensor as element {i} in argument 1, but got {type(x).__name__}. Wrap it in torch.tensor."
            )
    inputs, output = _parse(equation, len(operands))
    wide = max(_covered(i, x, letters) for i, (x, letters) in enumerate(zip(operands, inputs, strict=True)))
    output = _implicit(inputs) if output is None else _explicit(output, equation, inputs)
    _check_sizes(inputs, operands, wide)
    places = _places(output, inputs, wide)
    lined_up = [_lined_up(i, x, letters, places, wide) for i, (x, letters) in enumerate(zip(operands, inputs))]
    kept = len(output) + (wide - 1 if _DOTS in output else 0)
    return _multiplied(lined_up, kept)


# Reading the equation ────────────────────────────────────────────────────────────────────────────


def _spelled_out(args: tuple) -> tuple:
    """The form with lists of numbers as the form with letters."""

    def spell(numbers) -> str:
        for n in numbers:
            if n is not Ellipsis and not 0 <= n < len(_LETTERS):
                raise final(ValueError(
                    "einsum(): subscript in subscript list is not within the valid range [0, 52). There are no more "
                    "letters than that."
                ))  # fmt: skip
        return "".join("..." if n is Ellipsis else _LETTERS[n] for n in numbers)

    output = "->" + spell(args[-1]) if len(args) % 2 else ""
    return ",".join(map(spell, args[1::2])) + output, *args[: len(args) // 2 * 2 : 2]


def _parse(equation: str, count: int) -> tuple[list[str], str | None]:
    """The subscripts of each operand, with one dot for an ellipsis, and what is written behind the arrow, if any."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    start, inputs = 0, []
    for i, term in enumerate(terms):
        inputs.append(_subscripts(term, start, f"operand {i}"))
        start += len(term) + 1
    if len(terms) != count:
        which = "fewer" if count < len(terms) else "more"
        raise RuntimeError(
            f"einsum(): {which} operands were provided than specified in the equation. It has one group of subscripts "
            "for each tensor, separated by commas."
        )
    return inputs, right if arrow else None


def _subscripts(term: str, start: int, owner: str) -> str:
    found = ""
    for match in re.finditer(r"\.\.\.|[^ ]", term):
        part = match.group()
        if part == "..." and _DOTS in found or part == "." and _DOTS in found:
            raise RuntimeError(f"einsum(): found '.' for {owner} for which an ellipsis was already found. Keep one.")
        if part == ".":
            dots = "" if owner.startswith("operand") else " (...)"
            raise RuntimeError(
                f"einsum(): found '.' for {owner} that is not part of any ellipsis{dots}. An ellipsis has three dots."
            )
        if part != "..." and part not in _LETTERS:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {start + match.start()} in the equation string, "
                "subscripts must be in [a-zA-Z]. Every dimension is one letter."
            )
        found += _DOTS if part == "..." else part
    return found


def _covered(i: int, x: Tensor, letters: str) -> int:
    """How many dimensions of x the ellipsis stands for."""
    named = len(letters.replace(_DOTS, ""))
    if _DOTS in letters:
        if named > x.ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) is more than the number of dimensions "
                f"({x.ndim}) for operand {i}. Give it one letter per dimension."
            )
        return x.ndim - named
    if named != x.ndim:
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({named}) does not match the number of dimensions "
            f"({x.ndim}) for operand {i} and no ellipsis was given. Give it one letter per dimension."
        )
    return 0


def _implicit(inputs: list[str]) -> str:
    """Without an arrow: the dimensions of the ellipsis, then every letter that occurs once, in order."""
    everything = "".join(inputs)
    return _DOTS * (_DOTS in everything) + "".join(c for c in _LETTERS if everything.count(c) == 1)


def _explicit(text: str, equation: str, inputs: list[str]) -> str:
    output = _subscripts(text, len(equation) - len(text), "output")
    for c in output:
        if output.count(c) > 1:
            raise RuntimeError(f"einsum(): output subscript {c} appears more than once in the output. Name it once.")
        if c != _DOTS and c not in "".join(inputs):
            raise RuntimeError(
                f"einsum(): output subscript {c} does not appear in the equation for any input operand. The output can "
                "only have dimensions of the inputs."
            )
    return output


def _places(output: str, inputs: list[str], wide: int) -> dict[str, int]:
    """Where each letter stands when all operands have all dimensions: those of the output first, then the others."""
    everything = "".join(inputs)
    order = output + _DOTS * (_DOTS in everything and _DOTS not in output)
    order += "".join(c for c in _LETTERS if c in everything and c not in output)
    places, at = {}, 0
    for c in order:
        places[c] = at
        at += wide if c == _DOTS else 1
    return places


def _check_sizes(inputs: list[str], operands: list, wide: int) -> None:
    """The same letter means the same size, or size 1."""
    seen = {}
    for i, (letters, x) in enumerate(zip(inputs, operands)):
        before, _, after = letters.partition(_DOTS)
        hidden = range(wide - (x.ndim - len(before) - len(after)), wide)  # those of the ellipsis have numbers
        sizes = {}
        for c, n in zip((*before, *hidden, *after), x.shape, strict=True):
            sizes.setdefault(c, n)  # a letter that is repeated in one operand is looked at later
        for c, n in sizes.items():
            if n == 1 or seen.setdefault(c, n) == n:
                continue
            if isinstance(c, int):
                raise RuntimeError(
                    f"einsum(): dimension {c} covered by ellipsis in operand {i}has size {n} which does not broadcast "
                    f"with previously seen ellipsis with size {seen[c]} for the respective dimension. Sizes must agree."
                )
            raise RuntimeError(
                f"einsum(): subscript {c} has size {n} for operand {i} which does not broadcast with previously seen "
                f"size {seen[c]}. The same letter means the same size."
            )


# Multiplying ─────────────────────────────────────────────────────────────────────────────────────


def _lined_up(i: int, x: Tensor, letters: str, places: dict[str, int], wide: int) -> Tensor:
    """x with all dimensions of the equation in their places; those that it does not have are of size 1."""
    total = sum(wide if c == _DOTS else 1 for c in places)
    order, seen, d = [None] * total, {}, 0
    for c in letters:
        if c == _DOTS:
            behind = len(letters) - letters.index(_DOTS) - 1
            for _ in range(wide - (x.ndim - d - behind)):
                x = x.unsqueeze(d)
            for k in range(wide):
                order[places[c] + k] = d
                d += 1
        elif c in seen:
            if x.shape[d] != x.shape[seen[c]]:
                raise RuntimeError(
                    f"einsum(): subscript {c} is repeated for operand {i} but the sizes don't match, {x.shape[d]} != "
                    f"{x.shape[seen[c]]}. A repeated letter takes the diagonal, which only a square has."
                )
            x = x.diagonal(0, seen[c], d).movedim(-1, seen[c])
        else:
            seen[c] = order[places[c]] = d
            d += 1
    for place, at in enumerate(order):
        if at is None:
            x = x.unsqueeze(-1)
            order[place] = x.ndim - 1
    return x.permute(order)


def _multiplied(operands: list[Tensor], kept: int) -> Tensor:
    """The operands multiplied from left to right; each dimension after `kept` is summed over as soon as it can be."""
    total = operands[0].ndim
    having = [sum(x.shape[d] != 1 for x in operands) for d in range(total)]
    a, *rest = operands
    if not rest:
        return a.sum(tuple(range(kept, total))) if total > kept else a
    for b in rest:
        both, only_a, only_b = [], [], []
        for d in range(kept, total):
            if a.shape[d] != 1 and b.shape[d] != 1:
                having[d] -= 1
                if having[d] == 1:
                    both.append(d)
                    having[d] = 0
            elif having[d] == 1 and (a.shape[d] != 1 or b.shape[d] != 1):
                (only_a if a.shape[d] != 1 else only_b).append(d)
                having[d] = 0
        a = a.sum(only_a, True) if only_a else a
        b = b.sum(only_b, True) if only_b else b
        a = _pair(a, b, both) if both else a * b
    return a.view(a.shape[:kept]) if total > kept else a


def _pair(a: Tensor, b: Tensor, summed: list[int]) -> Tensor:
    """a times b, summed over some dimensions: as a batch of matrix products."""
    rest = [d for d in range(a.ndim) if d not in summed]
    batch = [d for d in rest if a.shape[d] != 1 and b.shape[d] != 1]
    rows = [d for d in rest if a.shape[d] != 1 and b.shape[d] == 1]
    columns = [d for d in rest if a.shape[d] == 1]
    size = [a.shape[d] for d in batch + rows] + [1] * len(summed) + [b.shape[d] for d in columns]
    n, inner = prod(a.shape[d] for d in batch), prod(a.shape[d] for d in summed)
    left = a.permute(batch + rows + summed + columns).reshape(n, prod(a.shape[d] for d in rows), inner)
    right = b.permute(batch + summed + columns + rows).reshape(n, inner, prod(b.shape[d] for d in columns))
    back = [(batch + rows + summed + columns).index(d) for d in range(a.ndim)]
    return left.bmm(right).view(size).permute(back)


def tensordot(a: Tensor, b: Tensor, dims=2, out: Tensor | None = None) -> Tensor:
    """Σ over pairs of dimensions: the last `dims` of a with the first of b, or those that two lists name.

    >>> tensordot(Tensor([[1, 2], [3, 4]]), Tensor([5, 6]), dims=1)
    tensor([17., 39.])
    """
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}. It says how many to sum over.")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}. Give fewer.")
        over_a, over_b = list(range(-dims, 0)), list(range(dims))
    else:
        over_a, over_b = (d.tolist() if isinstance(d, TensorBase) else [d] if isinstance(d, int) else d for d in dims)
    if len(over_a) != len(over_b):
        raise RuntimeError("both dimension lists should have same length. Each dimension of a goes with one of b.")
    for p, q in zip(over_a, over_b):
        m, n = a.size(p), b.size(q)
        if m != n and 1 not in (m, n):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {m} in dim {p} and second has size {n} in "
                f"dim {q}. Name dimensions of the same size."
            )
        if n == 1:
            a = a.sum(p, keepdim=True)
        elif m == 1:
            b = b.sum(q, keepdim=True)
    result = contract(a, b, tuple(over_a), tuple(over_b))
    return result if out is None else into("tensordot", out, result)
