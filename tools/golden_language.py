"""The little language of the golden cases: how a line of tests/golden/*/*.txt is run and described.

tools/record_golden.py runs the lines on real PyTorch and stores the descriptions; tests/test_golden.py and
tests/test_errors.py run them on learntorch and compare. A case is one line of Python: statements separated by
semicolons, of which the last is an expression whose value is described. Besides `torch`, `F`, `nn` and `np` it
may use the tensors and functions that `names` makes. A line that ends with "  # type" compares the type of an
error only: its words are about PyTorch's inside.
"""

from __future__ import annotations

import ast
import json
import math
import re
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np


def cases(text: str) -> list[str]:
    """The cases in a file: its lines, without headings and empty lines."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def recorded(folder: Path) -> dict[str, list]:
    """PyTorch's answers to all cases of a folder, file by file in the order of the cases."""
    answers = {}
    for source in sorted(folder.glob("*.txt")):
        stored = json.loads(source.with_suffix(".json").read_text(encoding="utf-8"))
        here = cases(source.read_text(encoding="utf-8"))
        if here != list(stored):
            raise ValueError(f"{source.name} has changed since its answers were recorded: run `make golden`")
        twice = answers.keys() & stored.keys()
        if twice:
            raise ValueError(f"{source.name} has cases that stand elsewhere too: {sorted(twice)[:5]}")
        answers |= stored
    return answers


def names(torch: ModuleType) -> dict[str, object]:
    """What a case may name: fresh tensors each time, and functions that look at graphs."""

    def numbers(*shape: int, start: float = 0.0, step: float = 0.37, dtype: object = None) -> object:
        """Numbers between −2 and 2 in no obvious order, none of them twice."""
        n = math.prod(shape)
        flat = [round(math.sin(start + step * i * i + i) * 2, 4) for i in range(n)]
        return torch.tensor(flat, dtype=dtype or torch.float32).reshape(shape)

    def grads(f, *inputs):
        """The output of f and the gradients of its inputs; the upstream gradient is 1, 2, 3, …"""
        leaves = [x.detach().clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
        y = f(*leaves)
        parts = [p for p in (y if isinstance(y, (tuple, list)) else [y]) if p.requires_grad]
        upstream = [torch.arange(1, p.numel() + 1, dtype=p.dtype).reshape(p.shape) for p in parts]
        torch.autograd.backward(parts, upstream)
        return y, [x.grad for x in leaves if x.requires_grad]

    def grads2(f, *inputs):
        """The output of f, its gradients (upstream 1, 2, 3, …), and their gradients (upstream 1, −1, 1, …)."""
        leaves = [x.detach().clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
        wanted = [x for x in leaves if x.requires_grad]
        y = f(*leaves)
        parts = [p for p in (y if isinstance(y, (tuple, list)) else [y]) if p.requires_grad]
        upstream = [torch.arange(1, p.numel() + 1, dtype=p.dtype).reshape(p.shape) for p in parts]
        first = torch.autograd.grad(parts, wanted, upstream, create_graph=True, allow_unused=True)
        again = [g for g in first if g is not None and g.requires_grad]
        signs = [1 - 2 * (torch.arange(g.numel()) % 2).to(g.dtype).reshape(g.shape) for g in again]
        second = torch.autograd.grad(again, wanted, signs, allow_unused=True) if again else None
        return y, [None if g is None else g.detach() for g in first], second

    def graph(y):
        """The names of the nodes, nested as `next_functions` is."""

        def walk(node):
            return None if node is None else [node.name(), *[walk(parent) for parent, _ in node.next_functions]]

        return walk(y.grad_fn)

    def own(forward, backward=None, **others):
        """A Function with these methods."""
        methods = {"forward": forward, "backward": backward, **others}
        return type("Own", (torch.autograd.Function,), {name: staticmethod(f) for name, f in methods.items() if f})

    def under(mode, f):
        """What f gives inside a `with` block."""
        with mode:
            return f()

    def attempt(f):
        """What f gives, or the error that it raises."""
        try:
            return f()
        except Exception as error:
            return type(error).__name__, first_sentence(str(error))

    def quiet(f):
        """What f gives, without its warnings: some are given once in the life of a program."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return f()

    def memory(x):
        """How a tensor lies in memory."""
        return tuple(x.shape), x.stride(), x.storage_offset(), x.is_contiguous()

    return {
        "torch": torch, "F": torch.nn.functional, "nn": torch.nn, "np": np, "numbers": numbers, "grads": grads,
        "grads2": grads2, "graph": graph, "memory": memory, "own": own, "under": under, "attempt": attempt,
        "quiet": quiet,
        "A": numbers(2, 3), "B": numbers(2, 3, start=5).abs() + 0.5,
        "C": numbers(3, start=2), "D": numbers(2, 1, start=3),
        "M": numbers(3, 4, start=7), "V": numbers(4, start=1), "X": numbers(2, 3, 4, start=4),
        "S": torch.tensor(1.5), "I": torch.tensor([[3, -1, 4], [1, -5, 9]]), "J": torch.tensor([2, 3, -2]),
        "K": torch.tensor([[True, False, True], [False, False, True]]),
    }  # fmt: skip


DTYPES = ("float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
OPERATIONS = ("add", "sub", "mul", "div", "floor_divide", "remainder", "pow", "maximum", "eq", "add_", "div_", "copy_")


def promotion(operation: str, torch: ModuleType) -> dict[str, str]:
    """The type of `operation` for all pairs of types: tensors with dimensions ([…]), without (0-d), and numbers."""
    table = {}

    def enter(name: str, x: object, y: object) -> None:
        try:
            table[name] = str(getattr(x, operation)(y).dtype).removeprefix("torch.")
        except Exception as error:
            table[name] = type(error).__name__

    for a in DTYPES:
        left = [torch.ones(shape, dtype=getattr(torch, a)) for shape in ((2,), ())]
        for b in DTYPES:
            right = [torch.ones(shape, dtype=getattr(torch, b)) for shape in ((2,), ())]
            enter(f"[{a}] [{b}]", left[0].clone(), right[0])
            enter(f"[{a}] {b}", left[0].clone(), right[1])
            enter(f"{a} {b}", left[1].clone(), right[1])
            if not operation.endswith("_"):
                enter(f"{a} [{b}]", left[1], right[0])
        numbers = () if operation in ("maximum", "copy_") else (2, 2.5) if operation == "pow" else (True, 2, 2.5)
        for number in numbers:
            enter(f"[{a}] {number}", left[0].clone(), number)
            enter(f"{a} {number}", left[1].clone(), number)
    return table


def run(case: str, torch: ModuleType) -> object:
    """The value of a case."""
    *before, last = ast.parse(case).body
    space = names(torch)
    exec(compile(ast.Module(before, []), case, "exec"), space)
    return eval(compile(ast.Expression(last.value), case, "eval"), space)


def evaluate(case: str, torch: ModuleType) -> list:
    """The description of what a case gives: a value, or an error; with the words of a warning in front."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.filterwarnings("always", category=UserWarning)
        warnings.filterwarnings("always", category=FutureWarning)
        try:
            found = describe(run(case, torch), torch)
        except Exception as error:
            found = ["error", type(error).__name__, first_sentence(str(error))]
    if warned:
        return ["warns", first_sentence(str(warned[0].message)), found]
    return found


def describe(value: object, torch: ModuleType) -> list:
    """A value as JSON: its kind, then everything that a user could see of it."""
    if isinstance(value, torch.Tensor):
        node = value.grad_fn
        history = value.requires_grad if node is None else node.name()
        flat = value.detach().reshape(-1).tolist()
        flat = [x if not isinstance(x, float) or math.isfinite(x) else repr(x) for x in flat]
        # Nobody ever steps along a dimension of size 1; `memory` compares those strides where they matter.
        strides = [step if n != 1 else None for n, step in zip(value.shape, value.stride())]
        return ["tensor", str(value.dtype), list(value.shape), strides, history,
                [digits(x) for x in flat], repr(value)]  # fmt: skip
    if isinstance(value, float):
        return ["float", digits(value) if math.isfinite(value) else repr(value)]
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        return [type(value).__name__, [describe(x, torch) for x in value]]
    if isinstance(value, np.ndarray):
        return ["array", str(value.dtype), list(value.shape), value.tolist()]
    return [type(value).__name__, repr(value)]


def digits(x: object) -> object:
    """A float with as many digits as are compared."""
    return float(f"{x:.8g}") if isinstance(x, float) else x


def first_sentence(message: str) -> str:
    """What a message says first: up to a full stop, or a line break."""
    message = message.strip()
    return re.split(r"\. +(?=[A-Z])|\.?\n|[.!]$", message)[0]


NUMBER = re.compile(r"-?\b\d+\.?\d*(?:e[+-]?\d+)?")


def differences(found: object, expected: object, rtol: float = 1e-5, atol: float = 1e-6) -> str | None:
    """Where two descriptions differ; None if they agree, floats within the tolerance."""
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return f"{found!r} instead of {expected!r}"
        if expected[:1] == ["tensor"] and found[:1] == ["tensor"] and expected[1].startswith("torch.float"):
            *found, text = found
            *expected, wanted = expected
            if "float16" in expected[1]:
                rtol, atol = 1e-3, 1e-3
            # A last digit may be rounded the other way; everything around the numbers is compared exactly.
            if text != wanted and NUMBER.sub("#", "".join(text.split())) != NUMBER.sub("#", "".join(wanted.split())):
                return f"{text} instead of {wanted}"
        for a, b in zip(found, expected, strict=True):
            difference = differences(a, b, rtol, atol)
            if difference:
                return difference
        return None
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return None if math.isclose(found, expected, rel_tol=rtol, abs_tol=atol) else f"{found} instead of {expected}"
    return None if type(found) is type(expected) and found == expected else f"{found!r} instead of {expected!r}"
