"""How an operation on tensors runs: compute on the arrays, then write it into the graph.

Read in chapter 03. `recorded(rule)` gives the function that tensors call, specialised once for the
number of inputs; `inplace(rule)` its underscore form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np

from .base import Stamp, TensorBase, memory, new, tick, twin, wrap
from .dtypes import get_default_dtype, of_numpy
from .errors import argument_error, by_name, explain, shape_mismatch
from .graph import NO_EDGE, CopySlices, Layout, edge_of, node_class, refresh
from .modes import grad_mode
from .ops.promotion import promote
from .ops.rule import EXACT, FLOAT, NUMBERS, PROMOTE, Rule


MISSING = object()  # an argument that was not given by position


@cache
def recorded(rule: Rule) -> Callable:
    """The function on tensors that computes `rule` and records it."""
    if rule.is_view:
        call = _view(rule)
    elif len(rule.inputs) == 1 and not rule.is_variadic:
        call = _unary(rule)
    elif len(rule.inputs) == 2 and not rule.is_variadic:
        call = _binary(rule)
    else:
        call = _general(rule)
    return _named(rule, call)


def _named(rule: Rule, call: Callable) -> Callable:
    call.__name__ = call.__qualname__ = rule.__name__
    call.__doc__ = rule.__doc__
    call.rule = rule
    return call


def operand(rule: Rule, value: object, as_operator: bool):
    """What stands beside a tensor, as a Python number or a tensor."""
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, np.ndarray) and as_operator:
        return wrap(value)
    if as_operator:
        return NotImplemented
    raise argument_error(rule.__name__, "other", 1, "Tensor", value)


def _unary(rule: Rule) -> Callable:
    fn, floats, single = rule.fn, rule.types == FLOAT, len(rule.outputs) == 1
    save, differentiable, fixed_class = _saver(rule), bool(rule.formulas), _fixed_class(rule)

    def call(x, **options):
        if options:
            by_name(rule.__name__, 1, (x,), options, rule.defaults)
        if x._base is not None:
            refresh(x)
        array = x._array
        if floats and array.dtype.kind != "f":
            array = array.astype(get_default_dtype().numpy)
        try:
            result = grad_mode.quietly(fn, array, **options)
        except Exception as error:
            raise explain(error, rule.__name__, (array,), options) from None
        if not single:
            return _outputs(rule, result, (x,), options, save)
        out = wrap(result)
        if differentiable and x._requires_grad and grad_mode.enabled and result.dtype.kind == "f":
            node = new(fixed_class or node_class(rule.node_name((x,), options), rule))
            node.next_functions = (x._edge or edge_of(x),)
            node.saved = save((x,), out, options, (True,))
            node.like = None if result.dtype is array.dtype else _likes((x,))
            node.hooks = None
            node.number = tick()
            out._requires_grad, out._edge = True, (node, 0)
        return out

    return call


@cache
def operator(rule: Rule) -> Callable:
    """`recorded(rule)` for an operator such as `+`: hands an operand that it does not know back to Python."""
    return _named(rule, _binary(rule, as_operator=True))


def _binary(rule: Rule, as_operator: bool = False) -> Callable:
    fn, exact = rule.fn, rule.types == EXACT
    types, promotes, floats = rule.types, rule.types in (PROMOTE, NUMBERS, FLOAT), rule.types == FLOAT
    save, differentiable, fixed_class = _saver(rule), bool(rule.formulas), _fixed_class(rule)

    def call(input, other=MISSING, **options):
        if options or other is MISSING:
            given = (input,) if other is MISSING else (input, other)
            (input, other), options = by_name(rule.__name__, 2, given, options, rule.defaults)
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
                number = a if x is a else b
                if type(number) is not float and type(number) is not int:
                    number = operand(rule, number, as_operator)
                    if number is NotImplemented or isinstance(number, TensorBase):
                        return number if number is NotImplemented else call(*((number, b) if x is a else (a, number)))
                    x, y = (number, y) if x is a else (x, number)
                if (y if x is a else x).dtype.kind != "f" or number is True or number is False:
                    x, y = promote((x, y), types)
            elif x.dtype is not y.dtype or (floats and x.dtype.kind != "f"):
                x, y = promote((x, y), types)
                like = True
        try:
            result = grad_mode.quietly(fn, x, y, **options)
        except Exception as error:
            raise explain(error, rule.__name__, (x, y), options) from None
        out = wrap(result)
        if differentiable and (a_grad or b_grad) and grad_mode.enabled and result.dtype.kind == "f":
            node = new(fixed_class or node_class(rule.node_name((a, b), options), rule))
            node.next_functions = (
                (a._edge or edge_of(a)) if a_grad else NO_EDGE,
                (b._edge or edge_of(b)) if b_grad else NO_EDGE,
            )
            if not fixed_class and not isinstance(b, TensorBase):
                node.next_functions = node.next_functions[:1]  # the form for a number has no second edge
            node.saved = save((a, b), out, options, (a_grad, b_grad))
            differ = like or not (exact or alone or x.shape == y.shape)
            node.like = _likes((a, b)) if differ else None
            node.hooks = None
            node.number = tick()
            out._requires_grad, out._edge = True, (node, 0)
        return out

    return call


def _general(rule: Rule) -> Callable:
    fn, save = rule.fn, _saver(rule)
    count = 0 if rule.is_variadic else len(rule.inputs)
    required = count - len(rule.optional_inputs)

    def call(*inputs, **options):
        if options or len(inputs) < required:
            inputs, options = by_name(rule.__name__, required, inputs, options, rule.defaults)
        if len(inputs) < count:  # an optional input that was left out: a bias, say
            inputs += (None,) * (count - len(inputs))
        arrays = arrays_of(rule, inputs)
        try:
            result = grad_mode.quietly(fn, *arrays, **options)
        except Exception as error:
            raise explain(error, rule.__name__, arrays, options) from None
        return _outputs(rule, result, inputs, options, save)

    return call


def _view(rule: Rule) -> Callable:
    fn, save, fixed_class = rule.fn, _saver(rule), _fixed_class(rule)

    def call(x, **options):
        if x._base is not None:
            refresh(x)
        array = memory(x)
        try:
            result = grad_mode.quietly(fn, array, **options)
        except Exception as error:
            raise explain(error, rule.__name__, (array,), options) from None
        out = wrap(result)
        base = out._base = x if x._base is None else x._base
        if x._stamp is None:
            x._stamp = Stamp()
        out._stamp, out._seen = base._stamp, base._stamp.last
        if x._requires_grad and grad_mode.enabled:
            node = new(fixed_class or node_class(rule.node_name((x,), options), rule))
            node.next_functions = (edge_of(x),)
            node.saved = save((x,), out, options, (True,))
            node.like = node.hooks = None
            node.number = tick()
            out._requires_grad, out._edge = True, (node, 0)
        return out

    return call


def _outputs(rule: Rule, result, inputs: tuple, options: dict, save: Callable):
    """Wrap what a rule returned, one array or several, and record it. The first output is the
    differentiable one; the others (indices) tell where it came from."""
    several = len(rule.outputs) > 1
    outs = tuple(wrap(array) for array in result) if several else (wrap(result),)
    needs = tuple(isinstance(x, TensorBase) and x._requires_grad for x in inputs)
    if rule.formulas and any(needs) and grad_mode.enabled and outs[0]._array.dtype.kind == "f":
        out = outs[0]
        node = record(rule, inputs, options, needs, save, outs)
        out._requires_grad, out._edge = True, (node, 0)
    return outs if several else outs[0]


def record(rule: Rule, inputs: tuple, options: dict, needs: tuple, save: Callable, outs: tuple):
    """The node of a call with any number of inputs."""
    node = new(node_class(rule.node_name(inputs, options), rule))
    node.next_functions = tuple(edge_of(x) if need else NO_EDGE for x, need in zip(inputs, needs, strict=True))
    node.saved = save(inputs, outs if len(rule.outputs) > 1 else outs[0], options, needs)
    node.like = None if rule.types == EXACT else _likes(inputs)
    node.hooks = None
    node.number = tick()
    return node


def arrays_of(rule: Rule, inputs: tuple) -> tuple:
    """The arrays of the inputs, in the types that the rule asks for."""
    for x in inputs:
        if isinstance(x, TensorBase) and x._base is not None:
            refresh(x)
    arrays = tuple(x._array if isinstance(x, TensorBase) else x for x in inputs)
    if rule.types in (PROMOTE, NUMBERS, FLOAT):
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


def _saver(rule: Rule) -> Callable:
    """A function that picks out of a call what the formulas name, for the inputs that need a gradient."""
    if not rule.saved_for:
        return lambda inputs, out, options, needs: ()
    positions = [rule.inputs.index(name) for name in rule.saved_inputs]
    plans = {}  # which inputs need a gradient → which inputs and outputs to keep
    if not rule.is_variadic:
        for needs in product((False, True), repeat=len(rule.inputs)):
            asked = {i for i, need in enumerate(needs) if need}
            plans[needs] = (
                tuple((i, bool(rule.saved_for[rule.inputs[i]] & asked)) for i in positions),
                tuple(bool(rule.saved_for[name] & asked) for name in rule.saved_outputs),
            )
    which_outputs = [rule.outputs.index(name) for name in rule.saved_outputs]
    single = len(rule.outputs) == 1
    extras = [_extra(rule, name) for name in rule.saved_extras]
    no_outputs = not rule.saved_outputs

    def save(inputs, out, options, needs):
        if rule.is_variadic:
            return tuple(extra(inputs, options) for extra in extras)
        keep_inputs, keep_outputs = plans[needs]
        saved = tuple([inputs[i] if keep else None for i, keep in keep_inputs])
        if no_outputs and not extras:
            return saved
        outs = (out,) if single else out
        kept = [twin(outs[i]) if keep else None for i, keep in zip(which_outputs, keep_outputs)]
        return (*saved, *kept, *[extra(inputs, options) for extra in extras])

    return save


def _extra(rule: Rule, name: str) -> Callable:
    """How to read one saved option or shape out of a call."""
    if name in rule.defaults:
        default = rule.defaults[name]
        return lambda inputs, options: options.get(name, default)
    if rule.is_variadic:
        return lambda inputs, options: [x._array.shape for x in inputs]
    i = rule.inputs.index(name.removesuffix("_shape"))
    return lambda inputs, options: inputs[i]._array.shape if isinstance(inputs[i], TensorBase) else ()


@cache
def inplace(rule: Rule) -> Callable:
    """The underscore form of `rule`: writes the result over its first input and returns it."""
    fn, save, keeps_target = rule.fn, _saver(rule), rule.inputs[0] in rule.saved_inputs
    required = len(rule.inputs) - len(rule.optional_inputs)

    def call(target, *others, **options):
        inputs = (target, *others)
        if options or len(inputs) < required:
            inputs, options = by_name(rule.__name__, required, inputs, options, rule.defaults)
            target, *others = inputs
        check_writable(target, inputs)
        arrays = arrays_of(rule, inputs)
        try:
            result = grad_mode.quietly(fn, *arrays, **options)
        except Exception as error:
            raise explain(error, rule.__name__, arrays, options) from None
        needs = tuple(isinstance(x, TensorBase) and x._requires_grad for x in inputs)
        if keeps_target and any(needs) and grad_mode.enabled:  # the backward formula needs what is overwritten
            inputs = (_before(target), *others)
        write(target, result, lambda: record(rule, inputs, options, needs, save, (target,)),
              needs=any(needs) and bool(rule.formulas), saves_output=bool(rule.saved_outputs))  # fmt: skip
        return target

    call.__name__ = call.__qualname__ = f"{rule.__name__}_"
    call.__doc__ = f"In-place form of `{rule.__name__}`: writes the result over the tensor itself and returns it."
    call.rule = rule
    return call


@cache
def inplace_operator(rule: Rule) -> Callable:
    """`inplace(rule)` for an operator such as `+=`: hands an operand that it does not know back to Python."""
    plain = inplace(rule)

    def call(target, other):
        if not isinstance(other, (TensorBase, int, float)):
            other = operand(rule, other, True)
            if other is NotImplemented:
                return other
        return plain(target, other)

    call.__name__, call.__doc__ = plain.__name__, plain.__doc__
    call.rule = rule
    return call


def _before(target: TensorBase) -> TensorBase:
    """A copy of `target` with its history, as it is before a write."""
    copy = wrap(target._array.copy())
    copy._requires_grad, copy._edge = target._requires_grad, edge_of(target) if target._requires_grad else None
    return copy


def write(target: TensorBase, value, make_node: Callable, *, needs: bool, saves_output: bool = False) -> None:
    """Put `value` into the memory of `target`, and into its history if `needs`.

    An operation that saves its inputs is recorded before the write, so that the backward pass notices
    if one of them was the memory written to; one that saves its output is recorded after it.
    """
    array = memory(target)
    if value.shape != array.shape:
        try:
            broadcasts = np.broadcast_shapes(value.shape, array.shape) == array.shape
        except ValueError:
            broadcasts = False
        if not broadcasts:
            raise shape_mismatch(array.shape, value.shape)
    if not np.can_cast(value.dtype, array.dtype, "same_kind") and _kind(value.dtype) > _kind(array.dtype):
        raise RuntimeError(
            f"result type {_type_name(value.dtype)} can't be cast to the desired output type "
            f"{_type_name(array.dtype)}. Convert the tensor first, for example with .float(), or use the "
            "form without the trailing underscore."
        )
    records = needs and grad_mode.enabled
    node = make_node() if records and not saves_output else None
    grad_mode.quietly(array.__setitem__, ..., value)
    if target._stamp is None:
        target._stamp = Stamp()
    target._stamp.write()
    if records:
        if saves_output:
            node = make_node()
        _rebase(target, node)


def _rebase(target: TensorBase, node) -> None:
    """Give a tensor that was written to its new history; a view passes it on to its base."""
    base, keeps = target._base, target.retains_grad
    if base is None:
        if keeps:  # the gradient to keep is that of the new value
            target._edge[0].hooks.kept.pop(target._edge[1])
            node._own_hooks().keep(0, target)
        target._requires_grad, target._edge = True, (node, 0)
        return
    slices = CopySlices(edge_of(base), node, Layout(target, base))
    base._requires_grad, base._edge = True, (slices, 0)
    base._stamp.last = slices.number  # every view of the base has to look again
    slices.number = tick()
    target._seen = 0
    refresh(target)


def check_writable(target: TensorBase, inputs: tuple) -> None:
    """Refuse the in-place writes that PyTorch refuses."""
    if not isinstance(target, TensorBase):
        raise TypeError(f"an in-place operation needs a Tensor to write to, not {type(target).__name__}")
    if target._base is not None:
        refresh(target)
    if grad_mode.enabled:
        if target._requires_grad and target._edge is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. Do it inside "
                "`with torch.no_grad():`, or use the form without the trailing underscore."
            )
        base = target._base
        if base is not None and base._requires_grad and base._edge is None:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation. Do it "
                "inside `with torch.no_grad():`, or clone() the leaf first."
            )
    array = target._array
    if any(stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )


def _kind(dtype: np.dtype) -> int:
    return "biuf".index(dtype.kind) - (dtype.kind == "u")


def _type_name(dtype: np.dtype) -> str:
    return of_numpy(dtype).legacy.removesuffix("Tensor")
