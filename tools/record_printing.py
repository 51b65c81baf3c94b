"""Records how real PyTorch prints tensors into tests/golden/printing.json.

Run it with a Python that has PyTorch 2.13: `python tools/record_printing.py`.
A case is [array, call, options, text]: `array` is a NumPy expression (names: np, nan, inf), `call` the
keyword arguments of `format_tensor`, `options` those of `set_printoptions` (plus `default_dtype`).
"""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "printing.json"

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
GRAD = {"requires_grad": True}
MUL = {"requires_grad": True, "grad_fn_name": "MulBackward0"}

# Values for a float vector or matrix: what PyTorch looks at is their range, whether all are whole, and the
# non-finite ones.
VALUES = [
    "1.",
    "0.",
    "-0.",
    "nan",
    "inf",
    "-inf",
    "0.1",
    "-3.14159",
    "[1., 2., 3.]",
    "[1., 2.5, 3.]",
    "[-1., 2., -30.]",
    "[0., 0., 0.]",
    "[0., -0.]",
    "[nan, inf, -inf]",
    "[1., nan]",
    "[1.5, -inf]",
    "[100., inf, nan]",
    "[0.5, 0., -0.]",
    "[-0., 1.]",
    "[0.0001, 0.05]",
    "[0.00009, 0.05]",
    "[0.00009]",
    "[0.01, 10.]",
    "[0.01, 10.001]",
    "[1., 1000.]",
    "[1., 1001.]",
    "[1., 1000.5]",
    "[1234.5678, 2345.6789]",
    "[99.99995, 1.]",
    "[0.99995, 0.5]",
    "[9999.5]",
    "[60000.]",
    "[12345., 54321.]",
    "[0.25, nan, 4000.]",
    "[[1., 2.], [3., 4.]]",
    "[[1., 2.5], [-3., 4.]]",
    "[[1.5, nan], [inf, -2.]]",
    "[[[1.5, -2.], [0., 4.]], [[5., 6.], [7., 8.]]]",
    "[[[[0.5]]], [[[1.5]]]]",
    "[[1e-4, 1.]]",
]
WIDE = [  # beyond the range of float16
    "1e8",
    "1e9",
    "1.5e9",
    "123456789.",
    "100000000.",
    "[1e8, 1e6]",
    "[1.00001e8, 2e8]",
    "[1e-12, 1.]",
    "[1e-12, 2e-12]",
    "[1e12, 2e12]",
    "[1e12, 1e-12, nan, inf, 0.]",
    "[1e38, 1e-38]",
    "[1e38]",
    "[1e-45, 1.]",
    "[[1e10, 1.], [2., -3.]]",
    "[16777216., 16777215.]",
]
WIDEST = ["[1e308, 1e-308]", "[5e-324]", "1e100", "[1e-200, -1e-200]", "[1.7976931348623157e308, -1.]"]
WHOLE = [
    "7",
    "[1, 2, 3]",
    "[0]",
    "[100, 5]",
    "[[1, 20], [100, 4]]",
    "[[[1], [2]], [[3], [4]]]",
    "[0, 0, 127]",
]
NEGATIVE = ["-7", "[-1, 2, 3]", "[-128, 127]", "[[-1, 10], [-100, 4]]"]
TRUTHS = ["True", "[True, False]", "[False, False]", "[[True], [False]]", "[[True, False, True]] * 3"]
EMPTY = ["(0,)", "(0, 3)", "(3, 0)", "(2, 0, 4)", "(0, 0)"]

ARRANGED = [  # line breaks and cuts
    "np.arange(30)",
    "np.arange(100)",
    "np.arange(1000)",
    "np.arange(1001)",
    "np.arange(12.)",
    "np.arange(13.)",
    "np.arange(30, dtype='float32') / 8",
    "np.arange(1000, dtype='float32')",
    "np.arange(1001, dtype='float32')",
    "np.arange(1001, dtype='float32') / 8",
    "np.arange(2000.).reshape(2, 1000)",
    "np.arange(2000.).reshape(1000, 2) / 4",
    "np.arange(1200).reshape(6, 200)",
    "np.arange(1400).reshape(7, 200)",
    "np.arange(1014).reshape(169, 6)",
    "np.arange(1015).reshape(145, 7)",
    "np.arange(60).reshape(2, 30)",
    "np.arange(60, dtype='float32').reshape(3, 20) / 16",
    "np.arange(24).reshape(2, 3, 4)",
    "np.arange(120).reshape(2, 3, 4, 5)",
    "np.arange(120, dtype='int16').reshape(5, 1, 24)",
    "np.arange(1344, dtype='float32').reshape(8, 12, 14) / 32",
    "np.arange(1344, dtype='int32').reshape(2, 12, 7, 8)",
    "np.arange(10000).reshape(10, 10, 10, 10)",
    "np.arange(1200) % 2 == 0",
    "np.arange(40).reshape(2, 20) % 3 == 0",
    "np.zeros((40, 40), 'float32')",
    "np.zeros((3, 30), 'float32')",
    "np.ones((2, 30), 'float16')",
    "np.full((30,), inf, 'float32')",
    "np.full((2, 1001), nan)",
    "np.where(np.arange(1200) == 600, 1e9, 1.).reshape(30, 40)",  # the odd one is in the part left out
    "np.where(np.arange(1200) == 0, 1e9, 1.).reshape(30, 40)",
    "np.where(np.arange(1200) == 600, .5, 1.).reshape(30, 40)",
    "np.arange(24).reshape(4, 6).T",
    "np.arange(20)[::-2]",
]
OPTIONS = [
    {"precision": 2},
    {"precision": 0},
    {"precision": 8},
    {"threshold": 5},
    {"threshold": 0},
    {"threshold": 5, "edgeitems": 1},
    {"threshold": 5, "edgeitems": 0},
    {"edgeitems": 0},
    {"linewidth": 20},
    {"linewidth": 200},
    {"linewidth": 1},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "short", "precision": 3},
    {"sci_mode": True},
    {"sci_mode": False},
    {"default_dtype": "float64"},
    {"default_dtype": "float16"},
]
UNDER_OPTIONS = [
    "np.arange(12.) / 7",
    "np.array([1e-6, 1e6, 1., 0.], 'float32')",
    "np.arange(48, dtype='float32').reshape(3, 16)",
    "np.arange(40).reshape(2, 20)",
    "np.float32(0.3)",
    "np.zeros((0, 2), 'float32')",
    "np.zeros(3, 'float32')",
]


def cases():
    """Every case without its text."""
    for values in VALUES:
        for dtype in FLOATS:
            yield f"np.array({values}, '{dtype}')", {}, {}
    for values in WIDE:
        for dtype in FLOATS[1:]:
            yield f"np.array({values}, '{dtype}')", {}, {}
    for values in WIDEST:
        yield f"np.array({values})", {}, {}
    for dtype in INTEGERS:
        for values in WHOLE + NEGATIVE * (dtype != "uint8"):
            yield f"np.array({values}, '{dtype}')", {}, {}
    yield "np.array([-2**63, 2**63 - 1])", {}, {}
    for values in TRUTHS:
        yield f"np.array({values})", {}, {}
    for dtype in (*FLOATS, *INTEGERS, "bool"):
        for shape in EMPTY:
            yield f"np.zeros({shape}, '{dtype}')", {}, {}
    for array in ARRANGED:
        yield array, {}, {}

    # Does the suffix still fit on the last line? Step the line's length past the edge.
    for call in (GRAD, MUL, {"device": "cpu"}, {"device": "cpu", **MUL}):
        for dtype in ("float32", "float64"):
            for n in range(1, 13):
                yield f"np.arange({n}, dtype='{dtype}') + .5", call, {}
        yield "np.arange(6, dtype='float32').reshape(2, 3)", call, {}
        yield "np.zeros((0, 3), 'float64')", call, {}
        yield "np.float32(2)", call, {}
    for n in (9, 10, 11, 12, 13):
        yield f"np.arange({n}, dtype='float32') / 4", {"prefix": "FloatTensor("}, {}

    for options in OPTIONS:
        for array in UNDER_OPTIONS:
            yield array, {}, options


def text_of(expression: str, call: dict, options: dict) -> str:
    """What PyTorch prints."""
    array = eval(expression, {"np": np, "nan": np.nan, "inf": np.inf})
    tensor = torch.from_numpy(np.array(array))
    if "prefix" in call:
        name = call["prefix"].removesuffix("(")
        tensor = tensor.as_subclass(type(name, (torch.Tensor,), {}))
    if call.get("requires_grad"):
        tensor.requires_grad_()
    if "grad_fn_name" in call:
        tensor = tensor * 1
    options = dict(options)
    torch.set_default_dtype(getattr(torch, options.pop("default_dtype", "float32")))
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    # PyTorch names a device that is not the default one: let "cuda" be the default here.
    home = "cuda" if "device" in call else "cpu"
    with patch("torch._C._get_default_device", lambda: home):
        return repr(tensor)


def main() -> None:
    records = [json.dumps([*case, text_of(*case)]) for case in cases()]
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text("[\n" + ",\n".join(records) + "\n]\n")
    print(f"{len(records)} cases from PyTorch {torch.__version__} in {GOLDEN.name}")


if __name__ == "__main__":
    main()
