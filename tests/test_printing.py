"""Tensors print as PyTorch prints them: compared with texts that tools/record_printing.py recorded."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from learntorch import dtypes
from learntorch.printing import format_tensor, get_printoptions, printoptions, set_printoptions

CASES = json.loads((Path(__file__).parent / "golden" / "printing.json").read_text())
DEFAULTS = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}


@pytest.fixture(autouse=True)
def default_options():
    set_printoptions(profile="default")
    yield
    set_printoptions(profile="default")
    dtypes.set_default_dtype(dtypes.float32)


def test_there_are_enough_cases():
    assert len(CASES) >= 300


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(map(str, case[:3])))
def test_same_text_as_pytorch(case):
    expression, call, options, text = case
    options = dict(options)
    dtypes.set_default_dtype(getattr(dtypes, options.pop("default_dtype", "float32")))
    set_printoptions(**options)
    array = eval(expression, {"np": np, "nan": np.nan, "inf": np.inf})
    assert format_tensor(array, **call) == text


def test_options_start_as_in_pytorch_and_come_back():
    assert get_printoptions() == DEFAULTS
    with printoptions(precision=1, sci_mode=False):
        assert format_tensor(np.float32(0.25)) == "tensor(0.2)"
    assert get_printoptions() == DEFAULTS
    with pytest.raises(KeyError), printoptions(edgeitems=1):
        raise KeyError
    assert get_printoptions() == DEFAULTS


def test_options_keep_what_is_not_given_except_sci_mode():
    set_printoptions(precision=2, sci_mode=True)
    set_printoptions(linewidth=100)
    assert get_printoptions() == DEFAULTS | {"precision": 2, "linewidth": 100}
    set_printoptions(profile="short", edgeitems=5)
    assert get_printoptions() == DEFAULTS | {"precision": 2, "edgeitems": 5}


def test_printing_a_large_array_looks_only_at_its_edges():
    array = np.broadcast_to(np.float32(1), (10**6, 10**6))  # 4 TB, were it real
    assert format_tensor(array).startswith("tensor([[1., 1., 1.,  ..., 1., 1., 1.],\n")


@given(
    arrays.arrays(
        st.sampled_from(["float16", "float32", "float64"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6),
    )
)
def test_what_is_printed_reads_back(array):
    with printoptions(precision=17, sci_mode=True, threshold=np.inf):
        text = format_tensor(array)
    names = {"tensor": lambda values, **_: np.array(values), "inf": np.inf, "nan": np.nan, "torch": dtypes}
    back = eval(text, names).reshape(array.shape).astype(array.dtype)
    np.testing.assert_array_equal(back, array)
