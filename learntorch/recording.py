"""How an operation on tensors runs: compute on the arrays, then write it into the graph.

Read in chapter 03. `recorded(rule)` gives the function that tensors call, specialised once for the
number of inputs; `inplace(rule)` its underscore form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import product
from math import inf
from operator import itemgetter

import numpy as np

from .base import Stamp, TensorBase, memory, new, tick, twin, wrap
from .dtypes import get_default_dtype
from .errors import argument_error, arguments, by_name, explain
from .modes import grad_mode, rare
from .nodes import (
    INFERENCE_MODE,
    NO_EDGE,
    NO_GRAD,
    edge_of,
    node_class,
    refresh,
    watch,
)
from .ops.layout import arranged
from .ops.promotion import cast, promote
from .ops.rule import COMMON, EXACT, FLOAT, Rule

MISSING = object()  # an argument that was not given by position


@cache
def recorded(rule: Rule) -> Callable:
    """The function on tensors that computes `rule` and records it."""
    if rule.is_view:
        call = _view(rule)
    elif rule.is_variadic or len(rule.outputs) > 1 or len(rule.inputs) > 2:
        call = _general(rule)
    else:
        call = _unary(rule) if len(rule.inputs) == 1 else _binary(rule)
    return _named(rule, call)


def _named(rule: Rule, call: Callable) -> Callable:
    call.__name__ = call.__qualname__ = rule.__name__
    call.__doc__ = rule.__doc__
    call.rule = rule
    return call


def operand(rule: Rule, value: object, as_operator: bool = False, name: str | None = None, place: int = 1):
    """What stands beside a tensor, as a Python number or a tensor."""
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, np.ndarray) and as_operator:
        return wrap(value)
    if as_operator:
        return NotImplemented
    raise argument_error(name or rule.__name__, arguments(rule.__name__)[place - 1], place, "Tensor", value)


def _unary(rule: Rule) -> Callable:
    floats = rule.types == FLOAT
    save, differentiable, fixed_class = saver(rule), bool(rule.formulas), _fixed_class(rule)
    pointwise = rule.types in COMMON

    def call(x, **options):
        if options:
            by_name(rule.__name__, 1, 1, (x,), options, rule.defaults)
        if x._base is not None:
            refresh(x)
        array = x._array
        if floats and array.dtype.kind != "f":
            array = cast(array, get_default_dtype().numpy)
        try:
            result = grad_mode.quietly(rule.fn, array, **options)
        except Exception as error:
            raise explain(error, rule.__name__, (array,), options) from None
        if pointwise and result.ndim > 1 and not array.flags.c_contiguous and result.shape == array.shape:
            result = arranged(result, array)
        out = wrap(result)
        if differentiable and x._requires_grad and grad_mode.enabled and result.dtype.kind == "f":
            node = new(fixed_class or node_class(rule.node_name((x,), options), rule))
            node.next_functions = (x._edge or edge_of(x),)
            node.saved = save((x,), out, options, (True,))
            node.like = None if result.dtype is array.dtype else _likes((x,))
            node.hooks = None
            node.number = tick()
            if rare.watching:
                watch(node)
            out._requires_grad, out._edge = True, (node, 0)
        return out

    return call


@cache
def operator(rule: Rule) -> Callable:
    """`recorded(rule)` for an operator such as `+`: hands an operand that it does not know back to Python."""
    return _named(rule, _binary(rule, as_operator=True))


def _binary(rule: Rule, as_operator: bool = False) -> Callable:
    exact = rule.types == EXACT
    types, promotes, floats = rule.types, rule.types in COMMON, rule.types == FLOAT
    save, differentiable, fixed_class = saver(rule), bool(rule.formulas), _fixed_class(rule)
    one_edge = len(rule.gradients) == 1

    def call(input, other=MISSING, *more, **options):
        if options or more or other is MISSING:
            given = (input,) if other is MISSING else (input, other, *more)
            (input, other), options = by_name(rule.__name__, 2, 2, given, options, rule.defaults)
        a, b = input, other
        like = alone = a_grad = b_grad = False
        if isinstance(a, TensorBase):
            if a._base is not None:
                refresh(a)
            x, a_grad = a._array, a._requires_grad
        else:
            x, alone = a, True
        if isinstance(b, TensorBase):
            if b._base is not None:
                refresh(b)
            y, b_grad = b._array, b._requires_grad
        else:
            y, alone = b, True
        if promotes:
            if alone:  # a number beside a tensor
                number, array = (a, y) if x is a else (b, x)
                if type(number) is not float and type(number) is not int:
                    number = operand(rule, number, as_operator)
                    if number is NotImplemented or isinstance(number, TensorBase):
                        return number if number is NotImplemented else call(*((number, b) if x is a else (a, number)))
                    x, y = (number, y) if x is a else (x, number)
                if array.dtype.kind != "f" or number is True or number is False:
                    x, y = promote((x, y), types)
            elif x.dtype is not y.dtype or (floats and x.dtype.kind != "f"):
                x, y = promote((x, y), types)
                like = True
        try:
            result = grad_mode.quietly(rule.fn, x, y, **options)
        except Exception as error:
            raise explain(error, rule.__name__, (x, y), options) from None
        if promotes and result.ndim > 1 and not (result if alone else x).flags.c_contiguous:
            result = arranged(result, x, y)
        out = wrap(result)
        if differentiable and (a_grad or b_grad) and grad_mode.enabled and result.dtype.kind == "f":
            node = new(fixed_class or node_class(rule.node_name((a, b), options), rule))
            node.next_functions = (
                (a._edge or edge_of(a)) if a_grad else NO_EDGE,
                (b._edge or edge_of(b)) if b_grad else NO_EDGE,
            )
            if one_edge or not (fixed_class or isinstance(b, TensorBase)):  # an index, or the form for a number
                node.next_functions = node.next_functions[:1]
            node.saved = save((a, b), out, options, (a_grad, b_grad))
            differ = like or not (exact or alone or x.shape == y.shape)
            node.like = _likes((a, b)[: len(node.next_functions)]) if differ else None
            node.hooks = None
            node.number = tick()
            if rare.watching:
                watch(node)
            out._requires_grad, out._edge = True, (node, 0)
        return out

    return call


def _general(rule: Rule) -> Callable:
    save, several = saver(rule), len(rule.outputs) > 1
    count = 0 if rule.is_variadic else len(rule.inputs)
    required, most = count - len(rule.optional_inputs), count or inf
    types, promotes, differentiable = rule.types, rule.types in COMMON, bool(rule.formulas)

    def call(*inputs, **options):
        if options or not required <= len(inputs) <= most:
            inputs, options = by_name(rule.__name__, required, most, inputs, options, rule.defaults)
        if len(inputs) < count:  # an optional input that was left out: a bias, say
            inputs += (None,) * (count - len(inputs))
        arrays, needs = [], []
        for x in inputs:
            if isinstance(x, TensorBase):
                if x._base is not None:
                    refresh(x)
                arrays.append(x._array)
                needs.append(x._requires_grad)
            else:
                arrays.append(x)
                needs.append(False)
        if promotes:
            arrays = promote(tuple(arrays), types)
        try:
            result = grad_mode.quietly(rule.fn, *arrays, **options)
        except Exception as error:
            raise explain(error, rule.__name__, tuple(arrays), options) from None
        outs = tuple([wrap(array) for array in result]) if several else (wrap(result),)
        out = outs[0]  # the others (indices) only tell where it came from
        if differentiable and True in needs and grad_mode.enabled and out._array.dtype.kind == "f":
            node = record(rule, inputs, options, tuple(needs), save, outs)
            out._requires_grad, out._edge = True, (node, 0)
        return outs if several else out

    return call


def _view(rule: Rule) -> Callable:
    save, fixed_class = saver(rule), _fixed_class(rule)

    def call(x, **options):
        if x._base is not None:
            refresh(x)
        array = memory(x)
        try:
            result = grad_mode.quietly(rule.fn, array, **options)
        except Exception as error:
            raise explain(error, rule.__name__, (array,), options) from None
        out = wrap(result)
        base = out._base = x if x._base is None else x._base
        if x._stamp is None:
            x._stamp = Stamp()
        out._stamp, out._seen = base._stamp, base._stamp.last
        out._origin = None if base is x else x._origin
        if not grad_mode.enabled:
            if out._origin is None:
                out._origin = INFERENCE_MODE if grad_mode.inference else NO_GRAD
        elif x._requires_grad:
            node = new(fixed_class or node_class(rule.node_name((x,), options), rule))
            node.next_functions = (edge_of(x),)
            node.saved = save((x,), out, options, (True,))
            node.like = node.hooks = None
            node.number = tick()
            if rare.watching:
                watch(node)
            out._requires_grad, out._edge = True, (node, 0)
        return out

    return call


def siblings(views: Iterable) -> tuple:
    """Views that one operation gives together: no recorded write may go through them."""
    views = tuple(views)
    for i, view in enumerate(views):
        if view._origin is None:
            view._origin = i
    return views


def record(rule: Rule, inputs: tuple, options: dict, needs: tuple, save: Callable, outs: tuple):
    """The node of a call with any number of inputs."""
    node = new(node_class(rule.node_name(inputs, options), rule))
    edges = range(len(inputs)) if rule.is_variadic else rule.differentiable
    if rule.named_by and not isinstance(inputs[edges[-1]], TensorBase):
        edges = edges[:-1]  # the form for a number has no edge for it
    node.next_functions = tuple([(inputs[i]._edge or edge_of(inputs[i])) if needs[i] else NO_EDGE for i in edges])
    node.saved = save(inputs, outs if len(rule.outputs) > 1 else outs[0], options, needs)
    node.like = None if rule.types == EXACT else _likes([inputs[i] for i in edges])
    node.hooks = None
    node.number = tick()
    if rare.watching:
        watch(node)
    return node


def arrays_of(rule: Rule, inputs: tuple) -> tuple:
    """The arrays of the inputs, in the types that the rule asks for."""
    for x in inputs:
        if isinstance(x, TensorBase) and x._base is not None:
            refresh(x)
    arrays = tuple(x._array if isinstance(x, TensorBase) else x for x in inputs)
    if rule.types in COMMON:
        return promote(arrays, rule.types)
    return arrays


def _fixed_class(rule: Rule) -> type | None:
    """The class of the rule's nodes, if its name does not depend on the call."""
    return node_class(rule.node_name((), {}), rule) if isinstance(rule.name, str) else None


def _likes(inputs: tuple) -> tuple:
    """Shape and type of each input: the gradient that goes back to it must have the same."""
    return tuple(
        (x._array.shape, x._array.dtype) if isinstance(x, TensorBase) else ((), np.dtype("float64")) for x in inputs
    )


def saver(rule: Rule) -> Callable:
    """A function that picks out of a call what the formulas name, for the inputs that need a gradient."""
    if not rule.saved_names:
        return lambda inputs, out, options, needs: ()
    named = [(name, default) for name, default in rule.defaults.items() if name in rule.saved_extras]
    shaped = [i for i, name in enumerate(rule.inputs) if f"{name}_shape" in rule.saved_extras]
    if rule.is_variadic:  # the one shape that it may name is that of every input
        return lambda inputs, out, options, needs: (
            *[options.get(name, default) for name, default in named],
            *[[x._array.shape for x in inputs] for _ in shaped],
        )
    positions = [rule.inputs.index(name) for name in rule.saved_inputs]
    plans = {}  # which inputs need a gradient → which inputs and outputs to keep
    for needs in product((False, True), repeat=len(rule.inputs)):
        asked = {name for i, need in enumerate(needs) if need for name in rule.wanted.get(i, ())}
        pick = _picker([i if rule.inputs[i] in asked else -1 for i in positions])
        plans[needs] = pick, tuple([name in asked for name in rule.saved_outputs])
    if not rule.saved_outputs and not rule.saved_extras:
        pickers = {needs: pick for needs, (pick, _) in plans.items()}
        return lambda inputs, out, options, needs: pickers[needs]((*inputs, None))
    which_outputs = [rule.outputs.index(name) for name in rule.saved_outputs]
    single = len(rule.outputs) == 1

    def save(inputs, out, options, needs):
        pick, keep_outputs = plans[needs]
        saved = [*pick((*inputs, None))]
        for i, keep in zip(which_outputs, keep_outputs):
            saved.append(twin(out if single else out[i]) if keep else None)
        for name, default in named:
            saved.append(options.get(name, default))
        for i in shaped:
            saved.append(inputs[i]._array.shape if isinstance(inputs[i], TensorBase) else ())
        return tuple(saved)

    return save


def _picker(at: list[int]) -> Callable:
    """A function that gives these elements of a tuple, as a tuple."""
    if len(at) > 1:
        return itemgetter(*at)
    return (lambda values: (values[at[0]],)) if at else lambda values: ()
