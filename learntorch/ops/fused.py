"""Which rules hand their arrays to a kernel on a GPU.

Read in chapter 09. A rule is written for NumPy, and CuPy runs the same lines, with a launch for each operation. Where
several launches can be one, a kernel (kernels.py) takes the place of the rule's value or of one of its formulas. They
take their places when the first array goes to a GPU; where there is none, every rule stays as it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ..devices import ON_GPU
from . import activations, kernels, loss, pooling
from .rule import Rule
from .windows import grid


@cache
def install() -> None:
    """Let the rules use their kernels. A kernel that returns None leaves the case to the rule."""
    use(activations.gate, kernels.gate)
    use(activations.relu, lambda x: None if x.dtype.kind == "b" else kernels.relu(x))
    use(activations.sigmoid, kernels.sigmoid, x=lambda g, y: kernels.sigmoid_slope(g, y))
    use(activations.tanh, x=lambda g, y: kernels.tanh_slope(g, y))
    use(activations.softplus, _softplus,
        x=lambda g, x, beta, threshold: kernels.softplus_slope(g, x, beta, threshold))  # fmt: skip
    use(activations.silu, _of_floats(kernels.silu), x=lambda g, x: kernels.silu_slope(g, x))
    use(activations.gelu, _gelu, x=lambda g, x, approximate: _gelu_slope(g, x, approximate))
    use(loss.mse_loss, _mse, x=_mse_slope)
    use(loss.cross_entropy, kernels.cross_entropy,
        x=lambda g, x, p, target: kernels.cross_entropy_slope(p, target, g, x.shape[1], x.shape[0]))  # fmt: skip
    use(pooling.max_pool2d, _max_pool2d)
    use(pooling.max_pool2d_input, _max_pool2d_input)


def use(rule: Rule, value: Callable | None = None, **formulas: Callable) -> None:
    """Let `rule` call `value`, and these formulas for the gradients of its inputs, for arrays on a GPU."""
    if value is not None:
        rule.fn = _either(value, rule.fn)
    gradients = list(rule.gradients)
    for target, formula in formulas.items():
        i = rule.differentiable.index(rule.inputs.index(target))
        gradients[i] = _either(rule.bind(formula), gradients[i])
    rule.gradients = tuple(gradients)


def _either(on_gpu: Callable, plain: Callable) -> Callable:
    """`on_gpu` for an array on a GPU, unless it returns None; else `plain`."""

    def chosen(x, *others, **options):
        found = on_gpu(x, *others, **options) if type(x) in ON_GPU else None
        return plain(x, *others, **options) if found is None else found

    return chosen


def _of_floats(kernel: Callable) -> Callable:
    return lambda x: kernel(x) if x.dtype.kind == "f" else None


def _softplus(x, *, beta=1.0, threshold=20.0):
    return kernels.softplus(x, beta, threshold) if x.dtype.kind == "f" else None


def _gelu(x, *, approximate="none"):
    return kernels.gelu(x) if approximate == "none" and x.dtype.kind == "f" else None


def _gelu_slope(g, x, approximate):
    return kernels.gelu_slope(g, x) if approximate == "none" else None


def _mse(x, target, *, reduction="mean"):
    if reduction == "none" or x.dtype.kind != "f":
        return None
    return kernels.mse_loss(x, target, x.size if reduction == "mean" else 1)


def _mse_slope(g, x, target, reduction):
    return kernels.mse_slope(x, target, g, x.size if reduction == "mean" else 1)


def _max_pool2d(x, *, kernel, stride, padding=(0, 0), dilation=(1, 1), ceil_mode=False):
    size = grid(x.shape, kernel, stride, padding, dilation, ceil_mode)
    return kernels.max_pool2d(x, pooling.lowest_of(x.dtype), size, kernel, stride, padding, dilation)


def _max_pool2d_input(g, x, *, kernel, stride, padding, dilation, ceil_mode):
    return kernels.max_pool2d_input(g, x, kernel, stride, padding, dilation)
