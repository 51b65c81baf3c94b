"""Mistakes are answered with PyTorch's type and words, and with what to do next.

The cases are the lines of tests/golden/errors/*.txt; tools/record_golden.py has stored PyTorch's answers. The second
part looks at what follows PyTorch's sentence.
"""

import operator
import traceback
from pathlib import Path

import numpy as np
import pytest
from golden_language import evaluate, recorded, run

import learntorch as torch

RECORDED = recorded(Path(__file__).parent / "golden" / "errors")


@pytest.mark.parametrize("case", RECORDED)
def test_same_error_as_pytorch(case):
    found, expected = evaluate(case, torch), RECORDED[case]
    assert found[:2] == expected[:2]
    if not case.endswith("# type"):
        assert found == expected


def test_all_of_them_are_errors():
    assert len(RECORDED) > 200 and {found[0] for found in RECORDED.values()} == {"error"}


# What a learner reads after PyTorch's sentence: what to do next.
NEXT = {
    "torch.mm(torch.ones(2, 3), torch.ones(2, 3))": "a transpose may be missing",
    "torch.ones(2, 3) + torch.ones(2)": "reshape or unsqueeze",
    "(torch.ones(2, requires_grad=True) * 2).backward()": "with .sum(), or give backward() a gradient",
    "torch.ones(2).backward()": "must have requires_grad=True",
    "torch.ones(2, requires_grad=True).numpy()": "Use tensor.detach().numpy() instead",
    "x = torch.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()": "Specify retain_graph=True",
    "torch.ones(2, requires_grad=True).add_(1)": "with torch.no_grad()",
    "torch.ones(2, requires_grad=True)[0].add_(1)": "clone() the leaf first",
    "x = torch.ones(2, requires_grad=True); y = x.exp(); y.add_(1); y.sum().backward()": "without its trailing",
    "torch.ones(2, 3).t().view(6)": "Use .reshape(...) instead",
    "torch.ones(2).cuda()": "stay on the CPU",
    "torch.ones(2, device='cuda')": 'device = "cuda" if torch.cuda.is_available() else "cpu"',
    "torch.tensor([1, 2], requires_grad=True)": "Give dtype=torch.float32",
    "torch.arange(3).mean()": "with .float()",
    "torch.arange(3).add_(0.5)": "the form without the trailing underscore",
    "torch.ones(2, 3).mm(torch.ones(3, 2).double())": ".to(other.dtype)",
    "torch.ones(2, 3).mm(torch.ones(3))": "use matmul",
    "bool(torch.ones(2))": "Ask .any() or .all()",
    "torch.ones(2).item()": "tolist()",
    "torch.ones(3)[::-1]": "flip(dim)",
    "torch.cat([torch.tensor(1.)])": "Use stack()",
    "torch.tensor([[1, 2], [3]])": "Every row must have the same length",
    "torch.from_numpy([1])": "use torch.tensor",
    "torch.ones(3).expand(2, 3).add_(1)": "clone() the tensor",
    "torch.zeros(3).view(2, 2)": "one size may be -1",
    "torch.stack([torch.ones(2), 3])": "Wrap it in torch.tensor",
    "torch.nn.functional.cross_entropy(torch.ones(2, 3), torch.tensor([0, 5]))": "numbered from 0 to 2",
    "torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 2))": "in_features",
}


@pytest.mark.parametrize("case", NEXT)
def test_what_to_do_next(case):
    with pytest.raises(Exception) as caught:
        run(case, torch)
    assert NEXT[case] in str(caught.value)


@pytest.mark.parametrize("case", [*RECORDED, *NEXT])
def test_no_foreign_traceback_reaches_the_user(case):
    """The error is raised by this package, and nothing of NumPy's hangs on it."""
    with pytest.raises(Exception) as caught:
        run(case, torch)
    error = caught.value
    assert error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
    last = traceback.extract_tb(error.__traceback__)[-1].filename.replace("\\", "/")
    assert "/numpy/" not in last
    said = str(error).replace("numpy arrays", "")  # PyTorch's own words for what a batch may hold
    assert "numpy" not in said or "numpy" in case.replace("np.", "numpy.")


SYMBOLS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "** or pow()": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_,
    "^": operator.xor, "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
}  # fmt: skip


FOREIGN = [
    (symbol, other)
    for symbol in SYMBOLS
    for other in ("a", None, [1, 2], {}, object())
    if not (symbol == "*" and isinstance(other, (str, list)))  # Python asks first how often to repeat the sequence
]


@pytest.mark.parametrize(("symbol", "other"), FOREIGN)
def test_operators_leave_foreign_operands_to_python(symbol, other):
    with pytest.raises(TypeError) as caught:
        SYMBOLS[symbol](torch.ones(2), other)
    assert str(caught.value) == f"unsupported operand type(s) for {symbol}: 'Tensor' and '{type(other).__name__}'"


def test_an_operand_may_take_over():
    class Meter:
        def __radd__(self, x):
            return "taken over"

    assert torch.ones(2) + Meter() == "taken over"


def test_numpy_arrays_beside_tensors():
    assert isinstance(torch.ones(2) + np.ones(2), torch.Tensor)
    assert isinstance(torch.ones(2) * np.float32(2), torch.Tensor)
    x = torch.ones(2)
    x += np.ones(2)
    assert x.tolist() == [2, 2] and x.dtype is torch.float32


def test_a_failed_write_changes_nothing():
    x = torch.arange(3)
    version = x._version
    for wrong in (lambda: x.add_(0.5), lambda: x.add_(torch.ones(2, 3, dtype=torch.int64)), lambda: x.div_(2)):
        with pytest.raises(RuntimeError):
            wrong()
    assert x.tolist() == [0, 1, 2] and x._version == version
