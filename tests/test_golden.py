"""Every operation gives what PyTorch gives: value, type, shape, strides, node name, gradient, and print.

The cases are the lines of tests/golden/operations/*.txt; tools/record_golden.py has stored PyTorch's answers.
"""

from pathlib import Path

import pytest
from golden_language import differences, evaluate, recorded

import learntorch

RECORDED = recorded(Path(__file__).parent / "golden" / "operations")


@pytest.mark.parametrize("case", RECORDED)
def test_same_as_pytorch(case):
    difference = differences(evaluate(case, learntorch), RECORDED[case])
    assert difference is None, f"{case}\n{difference}"


def test_there_are_enough_cases():
    assert len(RECORDED) > 1400


def test_a_difference_is_noticed():
    tensor = ["tensor", "torch.float32", [2], [1], False, [1.0, 2.0], "tensor([1., 2.])"]
    assert differences(tensor, tensor) is None
    changed = ("torch.float64", [3], [2], True, [1.0, 2.001], "tensor([1., 2.], requires_grad=True)")
    for at, value in enumerate(changed, 1):
        assert differences([*tensor[:at], value, *tensor[at + 1 :]], tensor)
