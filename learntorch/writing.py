"""How an operation writes in place: into the memory of a tensor, and into its history.

Read in chapter 03. `inplace(rule)` gives the underscore form of a rule.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .base import Stamp, TensorBase, memory, tick, wrap
from .dtypes import of_numpy
from .errors import broadcast_error, by_name, explain, shape_mismatch
from .modes import grad_mode
from .nodes import CopySlices, Layout, check_mode, check_origin, edge_of, refresh, rewire
from .ops.rule import COMMON, Rule
from .recording import arrays_of, operand, record, saver

_OPERANDS = (TensorBase, float, int, np.generic)  # what arithmetic takes beside a tensor


@cache
def inplace(rule: Rule) -> Callable:
    """The underscore form of `rule`: writes the result over its first input and returns it."""
    save, keeps_target = saver(rule), rule.inputs[0] in rule.saved_inputs
    name, most = rule.__name__.removesuffix("_") + "_", len(rule.inputs)
    required = most - len(rule.optional_inputs)
    promotes, saves_output = rule.types in COMMON, bool(rule.saved_outputs)
    recorded = not rule.__name__.startswith("logical")
    into = _INTO.get(rule.__name__)

    def call(target, *others, **options):
        inputs = (target, *others)
        if options or not required <= len(inputs) <= most:
            inputs, options = by_name(name, required, most, inputs, options, rule.defaults)
            target, *others = inputs
        check_writable(target, inputs, recorded=recorded)
        if into is not None and not options and _fits(target, others):
            check_mode(target)
            arrays = [other._array if isinstance(other, TensorBase) else other for other in others]
            grad_mode.quietly(into, memory(target), *arrays)
            if target._stamp is None:
                target._stamp = Stamp()
            target._stamp.write()
            return target
        if promotes:
            for i, x in enumerate(others, 1):
                if not isinstance(x, _OPERANDS):
                    operand(rule, x, name=name, place=i)
        arrays = arrays_of(rule, inputs)
        try:
            result = grad_mode.quietly(rule.fn, *arrays, **options)
        except Exception as error:
            raise _reason(error, rule, target._array, arrays, options) from None
        needs = tuple(isinstance(x, TensorBase) and x._requires_grad for x in inputs)
        if keeps_target and any(needs) and grad_mode.enabled:  # the backward formula needs what is overwritten
            inputs = (_before(target), *others)
        write(target, result, lambda: record(rule, inputs, options, needs, save, (target,)),
              needs=any(needs) and bool(rule.formulas) and target._array.dtype.kind == "f",
              saves_output=saves_output and not _lies_in(target, others))  # fmt: skip
        return target

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"In-place form of `{rule.__name__}`: writes the result over the tensor itself and returns it."
    call.rule = rule
    return call


# Note [Into place]: where nothing is recorded, a sum or product of like with like is computed where it belongs. That
# saves a whole array, written and read again: a tenth of a step of training that updates its weights by hand.
_INTO = {"add": operator.iadd, "sub": operator.isub, "mul": operator.imul, "div": operator.itruediv,
         "zero": operator.methodcaller("fill", 0)}  # fmt: skip


def _fits(target: TensorBase, others: tuple) -> bool:
    """True if nothing is recorded and each other operand is a float, or of the shape and floating type of `target`."""
    if target._array.dtype.kind != "f" or (grad_mode.enabled and target.requires_grad):
        return False
    here = target._array
    for other in others:
        if not isinstance(other, TensorBase):
            if type(other) is not float:
                return False
        elif other._array.dtype is not here.dtype or other._array.shape != here.shape:
            return False
        elif grad_mode.enabled and other.requires_grad:
            return False
    return True


def _reason(error: Exception, rule: Rule, place, arrays: tuple, options: dict) -> Exception:
    """What to say of a failure: of several mistakes the shapes are named first, then the types."""
    try:
        if rule.types in COMMON:
            check_shape(place.shape, *map(np.shape, arrays))
        check_type(arrays[0].dtype, place.dtype)
    except RuntimeError as clearer:
        return clearer.with_traceback(None)
    return explain(error, rule.__name__, arrays, options)


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


def _lies_in(target: TensorBase, others: Iterable) -> bool:
    """True if an operand is overwritten too, as in x.pow_(x): then the backward pass has to refuse what was saved."""
    return any(x is target or (isinstance(x, TensorBase) and x._stamp is target._stamp is not None) for x in others)


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
        check_shape(array.shape, value.shape)
    check_type(value.dtype, array.dtype)
    check_mode(target)
    records = needs and grad_mode.enabled
    node = make_node() if records and not saves_output else None
    grad_mode.quietly(array.__setitem__, ..., value)
    if target._stamp is None:
        target._stamp = Stamp()
    target._stamp.write()
    if records:
        if saves_output:
            node = make_node()
        rebase(target, node)
        if saves_output:  # what the node saved is what has just been written
            node.number = max(node.number, target._stamp.last)


def check_shape(place: tuple, *operands: tuple) -> None:
    """Refuse to write what has more elements than its place, or others."""
    clash = broadcast_error(place, *operands)
    if clash is not None:
        raise clash
    together = np.broadcast_shapes(place, *operands)
    if together != place:
        raise shape_mismatch(place, together)


def check_type(computed: np.dtype, stored: np.dtype) -> None:
    """Refuse to write numbers of a type that loses what makes them: a fraction, or more than true and false."""
    if not np.can_cast(computed, stored, "same_kind") and _kind(computed) > _kind(stored):
        raise RuntimeError(
            f"result type {of_numpy(computed).short} can't be cast to the desired output type "
            f"{of_numpy(stored).short}. Convert the tensor first, for example with .float(), or use the form without "
            "the trailing underscore."
        )


def rebase(target: TensorBase, node, number: int = 0) -> None:
    """Give a tensor that was written to its new history; a view passes it on to its base."""
    base = target._base
    if base is None:
        rewire(target, node, number)
        return
    slices = CopySlices(edge_of(base), node, Layout(target, base))
    rewire(base, slices)
    base._stamp.last = slices.number  # every view of the base has to look again
    slices.number = tick()
    target._seen = 0
    refresh(target)


def check_writable(target: TensorBase, inputs: tuple, recorded: bool = True) -> None:
    """Refuse the in-place writes that PyTorch refuses. What is never recorded (logical_not_) may change a leaf."""
    if not isinstance(target, TensorBase):
        raise TypeError(f"an in-place operation needs a Tensor to write to, not {type(target).__name__}")
    if recorded:
        check_history(target, inputs)
    array = target._array
    if is_expanded(target):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )
    for x in inputs:
        if isinstance(x, TensorBase) and x is not target and x._stamp is target._stamp and x._stamp is not None:
            check_overlap(array, x._array)


def is_expanded(x) -> bool:
    """True if one element of memory stands in several places of the tensor."""
    steps, array = x._array.strides, x._array
    return 0 in steps and array.size > 0 and any(step == 0 and n > 1 for step, n in zip(steps, array.shape))


def check_history(target: TensorBase, inputs: tuple) -> None:
    """Refuse to change what is recorded of a tensor where PyTorch refuses: leaves, their views, and some others."""
    base = target._base
    if grad_mode.enabled and any(isinstance(x, TensorBase) and x.requires_grad for x in (target, *inputs)):
        if base is not None:
            if target._array.dtype.kind != "f":
                return  # integers have no history
            check_origin(target)
            refresh(target)
            if target._requires_grad and base._edge is None:
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place operation. Do it "
                    "inside `with torch.no_grad():`, or clone() the leaf first."
                )
        elif target._requires_grad and target._edge is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. Do it inside "
                "`with torch.no_grad():`, or use the form without the trailing underscore."
            )


def check_overlap(target, source, separate: bool = False) -> None:
    """Refuse to read from a part of the memory that is being written to, unless (if not `separate`) it is the very
    same elements."""
    if not isinstance(target, np.ndarray) or not isinstance(source, np.ndarray):
        return
    (low, high), (start, end) = byte_bounds(target), byte_bounds(source)
    same = low == start and target.shape == source.shape and target.strides == source.strides and not separate
    dense = high - low == target.nbytes and end - start == source.nbytes  # PyTorch looks no further
    if dense and not same and low < end and start < high or (separate and target is source):
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
            "memory location. Please clone() the tensor before performing the operation."
        )


def _kind(dtype: np.dtype) -> int:
    return "biuf".index(dtype.kind) - (dtype.kind == "u")
