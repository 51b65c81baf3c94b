"""Every rule with a gradient is checked against differences, once and twice.

The table below holds inputs for each rule. A rule without an entry fails, so no formula goes unchecked.
"""

from __future__ import annotations

import numpy as np
import pytest

import learntorch as torch
from learntorch.autograd import gradcheck, gradgradcheck
from learntorch.ops.rule import RULES
from learntorch.recording import recorded


class Draw:
    """Inputs in float64. The values of one draw lie apart, so that no step of a difference crosses a kink."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float64, requires_grad=True)

    def any(self, *shape: int) -> torch.Tensor:
        """Values between −2 and 2, none near 0 and no two alike."""
        n = int(np.prod(shape, dtype=int))
        grid = (np.arange(n) + 0.5) / max(n, 1) * 4 - 2 + self.generator.uniform(-0.3, 0.3, n) / max(n, 1)
        grid = np.where(np.abs(grid) < 0.05, 0.05, grid)
        return self._tensor(self.generator.permutation(grid).reshape(shape))

    def positive(self, *shape: int) -> torch.Tensor:
        """Values between 0.4 and 2.4."""
        return self._tensor(np.abs(self.any(*shape).detach().numpy()) + 0.4)

    def small(self, *shape: int) -> torch.Tensor:
        """Values between −0.8 and 0.8."""
        return self._tensor(self.any(*shape).detach().numpy() * 0.4)

    def turned(self, *shape: int) -> torch.Tensor:
        """A leaf of this shape whose memory runs the other way."""
        out = self._tensor(0.0)
        out.data = self.any(*shape[::-1]).detach().permute(*reversed(range(len(shape))))
        assert out.ndim < 2 or not out.is_contiguous()
        return out


d = Draw(0)
whole = torch.tensor([[2, 0], [1, 1], [0, 2]])  # indices
mask = torch.tensor([[True, False, True], [False, False, True]])
with_zeros = torch.tensor([[2.0, 0.0, -1.5], [0.0, 0.7, 0.0]], dtype=torch.float64, requires_grad=True)
INF = float("inf")
every_layout = {
    "layout": ((2, 3), (3, 1), (2, 2), (1, 1), 1)  # a view of a (2, 3) base that sees one element twice
}
apart = {"layout": ((2, 3), (3, 1), (2,), (3,), 1)}
conv = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 1}
line = {"stride": (2,), "padding": (1,), "dilation": (1,), "groups": 1}
borders = ("reflect", "replicate", "circular")
even = {"kernel": (3, 2), "stride": (2, 2), "padding": (1, 0), "ceil_mode": True, "count_include_pad": False,
        "divisor_override": None}  # fmt: skip
pool = {"kernel": (2, 3), "stride": (1, 2), "padding": (1, 0), "dilation": (1, 1)}


REDUCTIONS = ("mean", "sum", "none")


def chance(*shape: int) -> torch.Tensor:
    """Values between 0.1 and 0.9."""
    return (d.small(*shape).detach() / 2 + 0.5).requires_grad_()


def unary(values) -> list:
    """A matrix, one with its memory turned, a scalar, and an empty one."""
    return [((values(2, 3),), {}), ((d.turned(3, 2),), {}), ((values(),), {}), ((values(0, 2),), {})]


def only(values) -> list:
    """For functions that are not defined everywhere."""
    return [((values(2, 3),), {}), ((values(),), {}), ((values(2, 1, 2),), {})]


def binary(values) -> list:
    """Equal shapes, broadcast both ways, a scalar, a number, and turned memory."""
    return [
        ((values(2, 3), values(2, 3)), {}),
        ((values(2, 3), values(3)), {}),
        ((values(2, 1), values(1, 3)), {}),
        ((values(), values(2)), {}),
        ((values(2, 3), 1.5), {}),
        ((values(2, 3), values(3, 2).t()), {}),
    ]


def reduced(name: str, **more) -> list:
    """Over everything, over one dimension, over several, with the dimension kept."""
    return [
        ((d.positive(2, 3),), more),
        ((d.turned(3, 2),), {"dim": 0, **more}) if name != "logs" else ((d.any(3, 2),), {"dim": 0, **more}),
        ((d.positive(2, 3, 2),), {"dim": (0, 2), "keepdim": True, **more}),
        ((d.positive(2, 3),), {"dim": -1, "keepdim": True, **more}),
    ]


CASES: dict[str, list] = {
    # memory and shape
    "restride": [((d.any(2, 3),), every_layout), ((d.any(2, 3),), apart)],
    "as_strided": [((d.any(2, 3),), every_layout), ((d.any(2, 3),), apart)],
    "as_strided_gradient": [((d.any(2, 2),), every_layout), ((d.any(2),), apart)],
    "as_strided_scatter": [((d.any(2, 3), d.any(2)), apart)],
    "clone": unary(d.any),
    "alias": unary(d.any),
    "convert": [((d.any(2, 3),), {"dtype": np.dtype("float64")})],
    "transfer": [((d.any(2, 3),), {"place": "cpu"})],
    "view": [((d.any(2, 3),), {"size": (3, 2)}), ((d.turned(3, 2),), {"size": (3, 1, 2)})],
    "reshape": [((d.turned(3, 2),), {"size": (-1,)}), ((d.any(2, 3),), {"size": (3, 2)})],
    "transpose": [((d.any(2, 3, 4),), {"dim0": 0, "dim1": -1})],
    "t": [((d.any(2, 3),), {}), ((d.any(2),), {})],
    "permute": [((d.any(2, 3, 4),), {"dims": (2, 0, 1)}), ((d.any(2, 3),), {"dims": (-1, 0)})],
    "squeeze": [((d.any(1, 2, 1),), {}), ((d.any(1, 2, 1),), {"dim": 0}), ((d.any(1, 2, 1),), {"dim": (0, 2)})],
    "unsqueeze": [((d.any(2, 3),), {"dim": 1}), ((d.any(),), {"dim": -1})],
    "expand": [((d.any(2, 1),), {"size": (3, -1, 2)}), ((d.any(),), {"size": (2, 2)})],
    "sum_to": [((d.any(3, 2, 4),), {"shape": (2, 1)}), ((d.any(2, 2),), {"shape": ()})],
    "select": [((d.any(2, 3),), {"dim": 1, "index": 2})],
    "select_scatter": [((d.any(2),), {"shape": (2, 3), "dim": 1, "index": 2})],
    "narrow": [((d.any(2, 5),), {"dim": 1, "start": 1, "end": 5, "step": 2})],
    "narrow_scatter": [((d.any(2, 2),), {"shape": (2, 5), "dim": 1, "start": 1, "end": 5, "step": 2})],
    "piece": [((d.any(2, 5),), {"dim": 1, "start": 1, "end": 3})],
    "diagonal": [((d.any(3, 4),), {"offset": 1}), ((d.any(2, 3, 3),), {"offset": -1, "dim1": 1, "dim2": 2})],
    "diagonal_scatter": [((d.any(3),), {"shape": (3, 4), "offset": 1, "dim1": 0, "dim2": 1})],
    "flip": [((d.any(2, 3),), {"dims": (0, 1)})],
    "tril": [((d.any(3, 3),), {"diagonal": -1}), ((d.any(2, 3, 4),), {"diagonal": 1})],
    "triu": [((d.any(3, 3),), {"diagonal": -1}), ((d.any(2, 3, 4),), {"diagonal": 1})],
    "repeat": [
        ((d.any(2, 3),), {"repeats": (2, 1)}),
        ((d.any(3),), {"repeats": (2, 1, 2)}),
        ((d.any(),), {"repeats": (3,)}),
    ],
    "cat": [((d.any(2, 3), d.any(1, 3)), {"dim": 0}), ((d.any(2, 1), d.turned(2, 2)), {"dim": -1})],
    "stack": [((d.any(2, 3), d.any(2, 3)), {"dim": 1})],
    "roll": [((d.any(2, 3),), {"shifts": (1, -2), "dims": (0, 1)}), ((d.turned(3, 2),), {"shifts": (2,), "dims": ()})],
    "rot90": [((d.any(2, 3),), {"k": k, "dims": (0, 1)}) for k in (1, 2, 3)]
    + [((d.any(2, 3, 2),), {"k": -3, "dims": (2, 0)})],
    "unfold": [
        ((d.any(2, 5),), {"dimension": 1, "size": 3, "step": 1}),
        ((d.turned(4, 2),), {"dimension": 0, "size": 2, "step": 2}),
        ((d.any(),), {"dimension": 0, "size": 1, "step": 1}),
    ],
    "diagonal_copy": [((d.any(3, 4),), {"offset": 1}), ((d.turned(3, 2),), {"offset": -1})],
    "block_diag": [((d.any(2, 3), d.any(1, 2)), {})],
    "drawn": [((d.any(2, 3),), {"numbers": np.arange(6.0).reshape(2, 3), "form": "Uniform"})],
    "drawn_from": [((d.any(2, 3), d.any(3)), {"numbers": np.arange(6.0).reshape(2, 3), "form": "Normal3"})],
    # indexing
    "index": [
        ((d.any(3, 4),), {"at": (np.array([0, 2, 0]),)}),
        ((d.any(2, 3),), {"at": (mask.numpy(),)}),
        ((d.any(3, 4),), {"at": (np.array([[0], [2]]), np.array([1, 1, 3]))}),
    ],
    "index_gradient": [((d.any(3, 4),), {"shape": (3, 4), "at": (np.array([0, 2, 0]),)})],
    "index_put": [
        ((d.any(3, 2), d.any(2, 2)), {"at": (np.array([0, 2]),)}),
        ((d.any(3, 2), d.any(3, 2)), {"at": (np.array([0, 2, 0]),), "accumulate": True}),
    ],
    "pick": [((d.any(2, 3),), {"at": (np.array([0, 1, 1]), np.array([2, 0, 0])), "form": "Take"})],
    "index_copy": [((d.any(3, 2), d.any(2, 2)), {"at": (np.array([0, 2]),), "form": "IndexCopy"})],
    "index_add": [((d.any(3, 2), d.any(3, 2)), {"at": (np.array([0, 2, 0]),), "alpha": 1.5})],
    "masked_scatter": [
        ((d.any(2, 3), d.any(2, 2)), {"at": (mask.numpy(),)}),
        ((d.any(), d.any(2)), {"at": (np.array(True),)}),
    ],
    "diagonal_put": [
        ((d.any(3, 4), d.any(3)), {"offset": 1}),
        ((d.any(2, 3, 3), d.any(2, 2)), {"offset": -1, "dim1": 1, "dim2": 2}),
    ],
    "gather": [((d.any(3, 2), whole), {"dim": 0}), ((d.any(3, 3), whole), {"dim": 1})],
    "gather_gradient": [((d.any(3, 2), whole), {"shape": (3, 2), "dim": 0})],
    "scatter": [((d.any(3, 3), torch.tensor([[2, 0], [1, 2], [0, 2]]), d.any(3, 2)), {"dim": 1})],
    "scatter_add": [((d.any(3, 3), whole, d.any(3, 2)), {"dim": 1}), ((d.any(3, 2), whole, d.any(3, 2)), {"dim": 0})],
    "scatter_reduce": [
        ((d.any(3, 2), whole, d.any(3, 2)), {"dim": 0, "reduce": how, "include_self": include})
        for how in ("sum", "mean", "prod", "amax", "amin")
        for include in (True, False)
    ],
    # arithmetic
    "add": [*binary(d.any), ((d.any(2, 3), d.any(3)), {"alpha": 2.5})],
    "sub": [*binary(d.any), ((d.any(2, 3), d.any(3)), {"alpha": 2.5})],
    "rsub": binary(d.any),
    "mul": binary(d.any),
    "div": binary(d.positive),
    "pow": [
        *binary(d.positive),
        *[((d.any(2, 3), exponent), {}) for exponent in (0, 1, 2, 3, 2.0, -1, -2)],
        ((2.0, d.any(3)), {}),
    ],
    "neg": unary(d.any),
    "reciprocal": only(d.positive),
    "square": unary(d.any),
    "round_divide": [((d.any(2, 3), d.positive(3)), {"rounding_mode": mode}) for mode in ("floor", "trunc")],
    "remainder": [((d.any(2, 3), 0.77), {}), ((d.any(4), d.positive(4)), {})],
    "fmod": [((d.any(2, 3), 0.77), {}), ((d.any(4), d.positive(4)), {})],
    **{name: [((d.any(2, 3), d.small(3)), {})] for name in ("maximum", "minimum", "fmax", "fmin")},
    **{name: binary(d.any)[:4] + binary(d.any)[5:] for name in ("hypot", "atan2", "logaddexp")},
    "lerp": [((d.any(2, 3), d.any(3), d.any(2, 1)), {}), ((d.any(2), d.any(2), 0.3), {})],
    "addcmul": [((d.any(2, 3), d.any(3), d.any(2, 1)), {"value": 0.5})],
    "addcdiv": [((d.any(2, 3), d.any(3), d.positive(2, 1)), {"value": 0.5})],
    # functions of one number
    **{name: unary(d.any) for name in ("exp", "expm1", "sin", "cos", "atan", "sinh", "cosh", "erf", "erfc")},
    **{name: unary(d.any) for name in ("abs", "sign", "sgn", "frac", "nan_to_num")},
    **{name: only(d.positive) for name in ("log", "log1p", "log2", "log10", "sqrt", "rsqrt")},
    **{name: only(d.small) for name in ("tan", "asin", "acos")},
    **{name: unary(lambda *s: d.small(*s)) for name in ("ceil", "floor", "trunc", "round")},
    "logit": [((d.positive(2, 3) * 0.3,), {}), ((d.positive(3) * 0.4,), {"eps": 0.31})],
    "clamp_min": [((d.any(2, 3), 0.01), {}), ((d.any(2, 3), d.small(3)), {})],
    "clamp_max": [((d.any(2, 3), 0.01), {}), ((d.any(2, 3), d.small(3)), {})],
    "clamp": [((d.any(2, 3),), bounds) for bounds in ({"min": 0.01}, {"max": 0.01}, {"min": -0.91, "max": 0.93})],
    "where": [((mask, d.any(2, 3), d.any(3)), {}), ((mask, d.any(2, 3), 2.0), {})],
    "masked_fill": [((d.any(2, 3), mask, 2.0), {}), ((d.any(2, 3), mask, d.any()), {})],
    "clamp_between": [
        ((d.any(2, 3), d.small(3)), {}),
        ((d.any(2, 3), None, d.small(2, 1)), {}),
        ((d.any(2, 3), d.small(3), d.positive(2, 3)), {}),
    ],
    "copy": [((d.any(2, 3), d.any(2, 3)), {})],
    "fill": [((d.any(2, 3), 2.5), {}), ((d.any(2, 3), d.any()), {})],
    "zero": unary(d.any),
    # activations
    "relu": unary(d.any),
    "sigmoid": unary(d.any),
    "tanh": unary(d.any),
    "softplus": [((d.any(2, 3),), {}), ((d.any(2, 3),), {"beta": 2.0, "threshold": 1.0})],
    "leaky_relu": [((d.any(2, 3),), {}), ((d.any(2, 3),), {"slope": -0.3})],
    "step": [((d.any(2, 3),), {"below": 0.3})],
    "gate": [((d.any(2, 3), d.any(2, 3)), {})],
    "elu": [*unary(d.any), ((d.any(2, 3),), {"alpha": 0.7})],
    "elu_gradient": [((d.any(2, 3), d.any(2, 3)), {"alpha": 0.7})],
    "silu": unary(d.any),
    "gelu": [*unary(d.any), ((d.any(2, 3),), {"approximate": "tanh"})],
    "log_sigmoid": unary(d.any),
    "hardtanh": [*unary(d.any), ((d.any(2, 3),), {"low": -0.3, "high": 1.2})],
    # many elements together
    "sum": reduced("sum"),
    "mean": reduced("mean"),
    "nansum": reduced("nansum"),
    "prod_": [
        ((d.any(2, 3),), {}),
        ((d.any(2, 3),), {"dim": 1}),
        ((d.any(2, 3),), {"dim": 0, "keepdim": True}),
        ((with_zeros,), {"dim": 1}),
        ((with_zeros,), {}),
    ],
    "cumsum": [((d.any(2, 3),), {"dim": 1}), ((d.any(2, 3),), {"dim": -2})],
    "cumprod": [((d.any(2, 3),), {"dim": -1}), ((d.any(3, 2),), {"dim": 0})],
    "amax": reduced("amax"),
    "amin": reduced("amin"),
    "max_all": only(d.any),
    "min_all": only(d.any),
    "max_dim": [((d.any(2, 3),), {"dim": 1}), ((d.any(2, 3),), {"dim": 0, "keepdim": True})],
    "min_dim": [((d.any(2, 3),), {"dim": 1}), ((d.any(2, 3),), {"dim": 0, "keepdim": True})],
    "sort": [((d.any(2, 4),), {"dim": 1}), ((d.any(3, 2),), {"dim": 0, "descending": True})],
    "topk": [((d.any(2, 4),), {"k": 2, "dim": 1}), ((d.any(4, 2),), {"k": 3, "dim": 0, "largest": False})],
    "cummax": [((d.any(2, 4),), {"dim": 1}), ((d.any(3, 2),), {"dim": 0})],
    "cummin": [((d.any(2, 4),), {"dim": 1}), ((d.any(3, 2),), {"dim": 0})],
    "kthvalue": [((d.any(2, 4),), {"k": 2, "dim": 1}), ((d.any(3, 2),), {"k": 3, "dim": 0, "keepdim": True})],
    "median_all": only(d.any),
    "median_dim": [((d.any(2, 4),), {"dim": 1}), ((d.any(3, 2),), {"dim": 0, "keepdim": True})],
    "mode": [((d.any(2, 4),), {"dim": 1}), ((d.any(3, 2),), {"dim": 0, "keepdim": True})],
    "var": [*reduced("var"), ((d.any(3, 4),), {"dim": 1, "correction": 0})],
    "std": [*reduced("std"), ((d.any(3, 4),), {"dim": 1, "correction": 0})],
    "norm": [((d.any(2, 3),), {"p": p}) for p in (0.5, 1, 1.5, 2, 3, -1, INF, -INF)] + reduced("norm", p=2),
    "softmax": [((d.any(2, 3),), {"dim": 1}), ((d.turned(3, 2),), {"dim": 0})],
    "log_softmax": [((d.any(2, 3),), {"dim": 1}), ((d.turned(3, 2),), {"dim": 0})],
    "logsumexp": [((d.any(2, 3),), {"dim": 1}), ((d.any(2, 3),), {"dim": (0, 1), "keepdim": True})],
    # matrices
    "mm": [((d.any(2, 3), d.any(3, 4)), {}), ((d.turned(2, 3), d.turned(3, 4)), {})],
    "bmm": [((d.any(2, 3, 4), d.any(2, 4, 1)), {})],
    "mv": [((d.any(2, 3), d.any(3)), {})],
    "dot": [((d.any(3), d.any(3)), {})],
    "addmm": [
        ((d.any(2, 4), d.any(2, 3), d.any(3, 4)), {}),
        ((d.any(4), d.any(2, 3), d.any(3, 4)), {"beta": 0.5, "alpha": -2.0}),
    ],
    "addmv": [
        ((d.any(2), d.any(2, 3), d.any(3)), {}),
        ((d.any(), d.any(2, 3), d.any(3)), {"beta": 0.5, "alpha": -2.0}),
    ],
    "baddbmm": [
        ((d.any(2, 3, 5), d.any(2, 3, 4), d.any(2, 4, 5)), {}),
        ((d.any(3, 1), d.any(2, 3, 4), d.any(2, 4, 5)), {"beta": 0.5, "alpha": -2.0}),
    ],
    "addbmm": [
        ((d.any(3, 5), d.any(2, 3, 4), d.any(2, 4, 5)), {}),
        ((d.any(5), d.any(2, 3, 4), d.any(2, 4, 5)), {"beta": 0.5, "alpha": -2.0}),
    ],
    "trace": [((d.any(3, 3),), {}), ((d.any(2, 4),), {})],
    "squeezed": [((d.any(1, 3),), {"dim": 0})],
    "linear": [
        ((d.any(5, 3), d.any(2, 3), d.any(2)), {}),
        ((d.any(2, 2, 3), d.any(2, 3), d.any(2)), {}),
        ((d.any(3), d.any(2, 3)), {}),
        ((d.turned(5, 3), d.turned(2, 3)), {}),
    ],
    "convolution": [
        ((d.any(1, 2, 4, 6), d.any(3, 2, 2, 3), d.any(3)), conv),
        ((d.any(1, 2, 4, 6), d.any(2, 1, 2, 3)), {**conv, "groups": 2}),
        ((d.any(2, 1, 5), d.any(2, 1, 3), d.any(2)), line),
    ],
    "convolution_input": [
        ((d.any(1, 3, 3, 2), d.any(3, 2, 2, 3)), {"size": (1, 2, 4, 6), **conv}),
        ((d.any(2, 2, 3), d.any(2, 1, 3)), {"size": (2, 1, 5), **line}),
    ],
    "convolution_weight": [((d.any(1, 3, 3, 2), d.any(1, 2, 4, 6)), {"size": (3, 2, 2, 3), **conv})],
    "convolution_transpose": [
        ((d.any(1, 3, 3, 2), d.any(3, 2, 2, 3), d.any(2)), {"size": (1, 2, 4, 6), **conv}),
        ((d.any(2, 2, 3), d.any(2, 1, 3)), {"size": (2, 2, 5), **line, "groups": 2}),
    ],
    "im2col": [((d.any(2, 2, 4, 5),), {**pool, "dilation": (2, 1)})],
    "col2im": [((d.any(1, 6, 10),), {"size": (4, 6), **pool})],
    "max_pool2d": [((d.any(1, 2, 4, 4),), {"kernel": (2, 2), "stride": (2, 2)}), ((d.any(1, 1, 4, 5),), pool)],
    "max_pool2d_input": [((d.any(1, 2, 5, 2), d.any(1, 2, 4, 5)), {**pool, "ceil_mode": True})],
    "max_pool2d_pick": [((d.any(1, 4, 4), d.any(1, 4, 4).detach()), {**pool, "ceil_mode": False})],
    "avg_pool2d": [((d.any(1, 2, 4, 5),), even), ((d.any(3, 3),), {"kernel": (2, 2), "stride": (2, 2)})],
    "avg_pool2d_input": [((d.any(1, 2, 3, 3), d.any(1, 2, 4, 5)), even)],
    "adaptive_avg_pool2d": [((d.any(2, 5, 4),), {"size": (2, 3)})],
    "adaptive_avg_pool2d_input": [((d.any(2, 2, 3), d.any(2, 5, 4)), {})],
    "constant_pad_nd": [((d.any(2, 3),), {"pad": (1, -1, 0, 2), "value": 3.0}), ((d.turned(2, 3),), {"pad": (1, 0)})],
    "edge_pad": [((d.any(1, 3, 4),), {"pad": (2, 1, -1, 2), "mode": mode}) for mode in borders],
    "edge_pad_input": [((d.any(1, 4, 7), d.any(1, 3, 4)), {"pad": (2, 1, -1, 2), "mode": mode}) for mode in borders],
    # losses
    "mse_loss": [((d.any(2, 3), d.any(2, 3)), {"reduction": how}) for how in REDUCTIONS],
    "averaged": [((d.any(),), {"count": 3.0})],
    "smooth_l1_loss": [
        ((d.any(2, 3), d.any(2, 3)), {"reduction": how, "beta": b}) for how in REDUCTIONS for b in (1.0, 0.3)
    ],
    "huber_loss": [
        ((d.any(2, 3), d.turned(2, 3)), {"reduction": how, "delta": b}) for how in REDUCTIONS for b in (1.0, 0.3)
    ],
    "binary_cross_entropy": [
        *[((chance(2, 3), chance(2, 3)), {"reduction": how}) for how in REDUCTIONS],
        ((chance(2, 3), chance(2, 3), torch.tensor([1.0, 2.0, 0.5]).double()), {}),
    ],
    "binary_cross_entropy_with_logits": [
        *[((d.any(2, 3), chance(2, 3)), {"reduction": how}) for how in REDUCTIONS],
        (
            (d.any(2, 3), chance(2, 3), torch.tensor([[1.0], [2.0]]).double(), torch.tensor([0.5, 3.0, 1.0]).double()),
            {},
        ),
    ],
    "xlogy": [((d.any(2, 3), d.positive(3)), {}), ((d.any(3), d.positive(2, 3)), {})],
    "nll_loss": [
        (
            (
                d.any(3, 2),
                torch.tensor([[1], [0], [0]]),
                torch.tensor([[0.5], [2.0], [0.0]]).double(),
                torch.tensor(2.5).double(),
            ),
            {"reduction": how},
        )
        for how in REDUCTIONS
    ],
    "cross_entropy": [((d.any(3, 4), torch.tensor([0, 3, 3])), {})],
    # layers
    "batch_norm": [
        ((d.any(4, 3), d.any(3), d.any(3)), {"eps": 0.1}),
        ((d.any(3, 2, 2), None, d.any(2)), {"eps": 0.1}),
        ((d.turned(2, 3), d.any(3)), {"eps": 0.1}),
        ((d.any(4, 2),), {"eps": 0.1}),
    ],
    "fixed_norm": [
        (
            (
                d.any(2, 3),
                d.any(3),
                d.any(3),
                torch.tensor([0.1, 0.2, 0.3]).double(),
                torch.tensor([1.0, 2.0, 0.5]).double(),
            ),
            {"eps": 0.1},
        ),
        (
            (
                d.any(2, 3, 2),
                None,
                None,
                torch.tensor([0.1, 0.2, 0.3]).double(),
                torch.tensor([1.0, 2.0, 0.5]).double(),
            ),
            {"eps": 0.1},
        ),
    ],
    "layer_norm": [
        ((d.any(3, 4), d.any(4), d.any(4)), {"dims": 1, "eps": 0.1}),
        ((d.any(2, 2, 3), d.any(2, 3)), {"dims": 2, "eps": 0.1}),
        ((d.any(4), d.any(4), d.any(4)), {"dims": 1, "eps": 0.1}),
        ((d.turned(4, 2),), {"dims": 1, "eps": 0.1}),
    ],
    "group_norm": [
        ((d.any(2, 4, 2), d.any(4), d.any(4)), {"groups": 2, "eps": 0.1}),
        ((d.turned(2, 4),), {"groups": 2, "eps": 0.1}),
    ],
    "embedding": [
        ((d.any(3, 2), torch.tensor([[0, 2], [2, 1]])), {}),
        ((d.any(3, 2), torch.tensor(1)), {}),
    ],
    "embedding_gradient": [
        ((d.any(2, 2, 2), torch.tensor([[0, 2], [2, 1]])), {"rows": 3, "padding_idx": -1}),
        ((d.any(3, 2), torch.tensor([0, 2, 2])), {"rows": 3, "padding_idx": 2}),
    ],
}

# They have a gradient in place only, and it is zero; the golden cases look at it.
COMPARISONS = {"eq", "ne", "lt", "le", "gt", "ge"}

CHECKED = [(name, i) for name, cases in CASES.items() for i in range(len(cases))]


def call(name: str, inputs: tuple, options: dict):
    """The rule as a function of those inputs that require a gradient."""
    rule = recorded(RULES[name])

    def f(*free):
        given = iter(free)
        result = rule(*(next(given) if getattr(x, "requires_grad", False) else x for x in inputs), **options)
        return result[0] if isinstance(result, tuple) else result

    return f, [x.detach().requires_grad_() for x in inputs if getattr(x, "requires_grad", False)]


# PyTorch refuses these
NO_DERIVATIVE = {"floor_divide", "floor_divide_", "rremainder", "scatter_join", "unique", "unique_consecutive"}


def test_every_rule_with_a_gradient_is_in_the_table():
    with_gradient = {name for name, rule in RULES.items() if rule.formulas}
    assert with_gradient - COMPARISONS - NO_DERIVATIVE == set(CASES)


def test_every_other_rule_is_known_to_have_no_gradient():
    without = {name for name, rule in RULES.items() if not rule.formulas}
    assert without == {
        "isreal", "signbit", "isclose", "bitwise_left_shift", "bitwise_right_shift", "logical_and", "logical_or",
        "logical_xor", "logical_not",
        "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "isnan", "isinf", "isfinite",
        "argmax", "argmin", "count_nonzero", "bincount",
        "view_as_type", "all", "any", "one_hot", "max_pool2d_indices", "zeros_like",
    }  # fmt: skip


def test_every_input_that_has_a_formula_is_checked():
    for name, cases in CASES.items():
        rule = RULES[name]
        if rule.is_variadic:
            continue
        seen = {
            rule.inputs[i] for inputs, _ in cases for i, x in enumerate(inputs) if getattr(x, "requires_grad", False)
        }
        assert set(rule.formulas) <= seen, f"{name}: no check of {set(rule.formulas) - seen}"


@pytest.mark.parametrize(("name", "i"), CHECKED)
def test_gradient(name: str, i: int):
    f, free = call(name, *CASES[name][i])
    assert gradcheck(f, free)


@pytest.mark.parametrize(("name", "i"), CHECKED)
def test_gradient_of_the_gradient(name: str, i: int):
    f, free = call(name, *CASES[name][i])
    assert gradgradcheck(f, free)


@pytest.mark.parametrize(("name", "i"), CHECKED)
def test_gradient_keeps_the_type_and_the_shape(name: str, i: int):
    """In float32 nothing may widen to float64 on the way: neither the value nor a gradient."""
    inputs, options = CASES[name][i]
    inputs = [x.float() if isinstance(x, torch.Tensor) and x.is_floating_point() else x for x in inputs]
    leaves = [x.detach().requires_grad_() if getattr(x, "requires_grad", False) else x for x in inputs]
    options = options | ({"dtype": np.dtype("float32")} if name == "convert" else {})
    y = recorded(RULES[name])(*leaves, **options)
    y = y[0] if isinstance(y, tuple) else y
    assert y.dtype is torch.float32
    wanted = [x for x in leaves if getattr(x, "requires_grad", False)]
    for create_graph in (False, True):
        found = torch.autograd.grad(y, wanted, torch.ones_like(y), retain_graph=True, create_graph=create_graph)
        for x, g in zip(wanted, found):
            assert (g.dtype, g.shape) == (torch.float32, x.shape)


@pytest.mark.parametrize("name", ["relu", "abs", "mul", "mm", "sum", "softmax"])
def test_a_wrong_formula_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch):
    """The check itself is checked: with each gradient multiplied by 1.01 it must fail."""
    rule = RULES[name]
    wrong = tuple(g and (lambda *a, g=g: g(*a) * 1.01) for g in rule.gradients)
    monkeypatch.setattr(rule, "gradients", wrong)
    f, free = call(name, *CASES[name][0])
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradcheck(f, free)
