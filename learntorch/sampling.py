"""Tensors at random: uniform, normal, whole numbers, orders and choices.

Read in chapter 01. The numbers themselves are drawn in random.py; here they become tensors.
"""

from __future__ import annotations

from collections.abc import Callable

from . import dtypes, random
from .base import TensorBase, memory
from .creation import INTO, LIKE, deliver, finish, into_type, like, prepare
from .devices import module_for
from .functions import into
from .methods.filling import not_negative
from .methods.signatures import function_signature
from .ops import arranging
from .recording import recorded
from .tensor import Tensor


def _either(*texts: str) -> list[str]:
    """The forms of a function with a generator and without, as PyTorch lists them."""
    return [f"{text}, *, {more}{INTO}" for text in texts for more in ("torch.Generator? generator, ", "")]


def _filled(fill: Callable, size, options: dict, default: dtypes.dtype | None = None) -> Tensor:
    """A new tensor, or `out`, filled by an in-place method."""
    out, dtype, device = (options.get(name) for name in ("out", "dtype", "device"))
    if out is None:
        empty = module_for(device).empty(not_negative(size), into_type(None, dtype or default, "rand"))
        out = finish(empty, device, False, options.get("pin_memory", False))
    else:
        prepare(out, not_negative(size), dtype)
    return fill(out)._asking(options.get("requires_grad", False))


@function_signature(*_either("sizes size"))
def rand(size, *, generator=None, **options) -> Tensor:
    """Uniform numbers from 0 up to but without 1."""
    return _filled(lambda x: x.uniform_(generator=generator), size, options)


@function_signature(*_either("sizes size"))
def randn(size, *, generator=None, **options) -> Tensor:
    """Standard normal numbers: mean 0, standard deviation 1."""
    return _filled(lambda x: x.normal_(generator=generator), size, options)


@function_signature(*_either("int high, sizes size", "int low, int high, sizes size"))
def randint(low=None, high=None, size=None, *, generator=None, **options) -> Tensor:
    """Whole numbers from `low` (0 unless given) up to but without `high`."""
    if size is None:  # randint(high, size)
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    return _filled(lambda x: x.random_(low or 0, high, generator=generator), size, options, dtypes.int64)


@function_signature(*_either("int n"))
def randperm(n: int, *, generator=None, out=None, dtype=None, layout=None, device=None, pin_memory=False,
             requires_grad=False) -> Tensor:  # fmt: skip
    """The whole numbers from 0 to n − 1 in random order."""
    kind = out.dtype if out is not None and dtype is None else dtype or dtypes.int64
    return deliver(random.permutation(n, kind, generator), out, dtype, device, requires_grad, pin_memory)


_SAMPLE = "torch.Generator generator = None, Tensor out = None"


@function_signature(f"Tensor mean, Tensor std, *, {_SAMPLE}", f"Tensor mean, float std = 1, *, {_SAMPLE}",
                    f"float mean, Tensor std, *, {_SAMPLE}",
                    f"float mean, float std, sizes size, *, torch.Generator generator = None, {INTO}")  # fmt: skip
def normal(mean, std=1.0, size=None, *, generator=None, out=None, **options) -> Tensor:
    """Normal numbers; `mean` and `std` are numbers (then give `size`) or tensors, one for each result."""
    if size is not None:
        return _filled(lambda x: x.normal_(mean, std, generator=generator), size, {"out": out, **options})
    tensors = [x for x in (mean, std) if isinstance(x, TensorBase)]
    moments = [memory(x) if isinstance(x, TensorBase) else x for x in (mean, std)]
    numbers = random.normal(None, *moments, None, generator)
    form = f"Normal{3 if len(tensors) == 2 else 1 if isinstance(mean, TensorBase) else 2}"
    result = recorded(arranging.drawn_from)(*tensors, numbers=numbers, form=form)
    return result if out is None else into("normal", out, result)


@function_signature(f"Tensor input, *, {_SAMPLE}", "Tensor input, float p, *, torch.Generator generator = None")
def bernoulli(input: Tensor, p: float | None = None, *, generator=None, out=None) -> Tensor:
    """1 with probability `input` (or `p`), else 0, for each element."""
    result = input.bernoulli(generator=generator) if p is None else input.bernoulli(p, generator=generator)
    return result if out is None else deliver(memory(result), out, None, None, False)


@function_signature(f"Tensor input, int num_samples, bool replacement = False, *, {_SAMPLE}")
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator=None, out=None) -> Tensor:
    """Indices drawn with the weights `input`, which need not add up to 1, row by row."""
    if out is not None and out.dtype is not dtypes.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype.short}. Indices are whole numbers.")
    result = input.multinomial(num_samples, replacement, generator=generator)
    return result if out is None else deliver(memory(result), out, None, None, False)


@function_signature(LIKE)
def rand_like(input: Tensor, **options) -> Tensor:
    """Uniform numbers with the shape, type and device of `input`."""
    return _like(input, options, lambda x: x.uniform_())


@function_signature(LIKE)
def randn_like(input: Tensor, **options) -> Tensor:
    """Standard normal numbers with the shape, type and device of `input`."""
    return _like(input, options, lambda x: x.normal_())


@function_signature(LIKE.replace("*", "int high, *", 1), LIKE.replace("*", "int low, int high, *", 1))
def randint_like(input: Tensor, low=None, high=None, **options) -> Tensor:
    """Whole numbers from `low` up to but without `high`, with the shape, type and device of `input`."""
    low, high = (0, low) if high is None else (low or 0, high)
    return _like(input, options, lambda x: x.random_(low, high))


def _like(input: Tensor, options: dict, fill: Callable) -> Tensor:
    asked = options.pop("requires_grad", False)
    return fill(like("empty", input, options))._asking(asked)
