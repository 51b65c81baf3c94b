"""Slots: the places of the package into which the learner's own pieces are put.

Read in no chapter. This is the only file that changes the package from outside. A slot knows how to put a piece in
and how to put ours back; existing tensors and `isinstance` do not notice. With `poison`, a slot holds a piece that
refuses to run: that is how a strict run proves that nothing of ours was used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from inspect import signature
from types import FunctionType

import learntorch

from ... import creation, functions, joining, modes, optim
from ...base import TensorBase, wrap
from ...devices import array_module
from ...methods.matrix import MatrixMethods
from ...nn import Linear, criteria
from ...nn.tree import Tree
from ...ops import activations, loss, matrix, pointwise, reduction, shape
from ...ops.rule import Rule
from ...recording import operator, recorded
from ...writing import inplace
from . import adapters
from .definition import catalogue
from .trouble import EmptySlot


@dataclass(frozen=True)
class Slot:
    """A place for a piece: `install(piece)` puts one in, `restore()` puts ours back."""

    name: str
    where: str  # as `whose()` shows it: "learntorch.softmax"
    install: Callable[[object], None]
    restore: Callable[[], None]
    stand_in: Callable[[Callable], object] = lambda refuse: refuse  # a piece of the right form that refuses to run


# Rules ───────────────────────────────────────────────────────────────────────────────────────────
#
# Note [Changing a rule in place]: formulas of other rules and many modules hold the Rule object, and tensors hold
# the functions that `recorded` made from it. So the object stays and its contents change; the functions stay too,
# and take over the variables of functions that are made anew from the changed rule.


def _rebuild(rule: Rule, fn: Callable, formulas: dict[str, Callable]) -> None:
    rule.fn, rule.formulas = fn, formulas
    rule._plan(formulas)
    for make in (recorded, inplace, operator):
        with_old = make(rule)
        fresh = make.__wrapped__(rule)
        for cell, new in zip(with_old.__closure__ or (), fresh.__closure__ or ()):
            cell.cell_contents = new.cell_contents


def value_of(name: str, where: str, rule: Rule, adapt: Callable = lambda piece: piece) -> Slot:
    """The slot for the value of a rule; `adapt` gives the piece the rule's own arguments."""
    fn = rule.fn  # the formulas are another slot's matter
    return Slot(name, where, lambda piece: _rebuild(rule, adapt(piece), rule.formulas),
                lambda: _rebuild(rule, fn, rule.formulas))  # fmt: skip


def gradient_of(name: str, where: str, rule: Rule, **adapt: Callable) -> Slot:
    """The slot for the gradient formulas of a rule; `adapt[input](piece)` is the formula of that input."""
    formulas = rule.formulas

    def install(piece: Callable) -> None:
        _rebuild(rule, rule.fn, {**formulas, **{x: _as_ours(make(piece), formulas[x]) for x, make in adapt.items()}})

    return Slot(name, where, install, lambda: _rebuild(rule, rule.fn, formulas))


# Note [The same names]: what a formula names is what a node keeps. A formula of the learner's names what ours names;
# so nothing more is kept, in-place writes are refused in the same places, and a graph that was recorded before a swap
# can be walked after it.


def _as_ours(theirs: Callable, ours: Callable) -> Callable:
    """A formula of the learner's, with the result in the type of g: on arrays, and on tensors when the gradient is
    itself recorded. A piece that calls NumPy by name cannot take tensors: there ours steps in, and where all is empty.
    """
    if list(signature(theirs).parameters) != list(signature(ours).parameters):
        raise TypeError(f"the formula must name {signature(ours)}, see Note [The same names]; it names "
                        f"{signature(theirs)}")  # fmt: skip

    @wraps(theirs)
    def formula(g, *saved):
        if not isinstance(g, TensorBase):
            return adapters.in_type_of(g, theirs(g, *saved)) if g.size else ours(g, *saved)
        try:
            found = theirs(g, *saved)
        except EmptySlot:
            raise
        except Exception:
            found = None
        if not isinstance(found, TensorBase):
            return ours(g, *saved)
        return found if found.dtype == g.dtype else reduction.like_type(found, g)

    return formula


def _zeros(like, *shape: int):
    """Zeros, as an array or as a tensor, as `like` is one."""
    array = like._array if isinstance(like, TensorBase) else like
    zeros = array_module(array).zeros(shape, dtype=array.dtype)
    return wrap(zeros) if isinstance(like, TensorBase) else zeros


def loss_of(name: str, where: str, rule: Rule) -> Slot:
    """The slot for the fused cross-entropy: the piece returns the loss and its gradient. Where the gradient itself is
    recorded, on tensors, our formula runs."""
    fn, formulas = rule.fn, rule.formulas

    def slope(g, x, p, target):
        return formulas["x"](g, x, p, target) if isinstance(x, TensorBase) else p * g

    def install(piece: Callable) -> None:
        def value(x, target):
            if not len(x) or target.min() < 0 or target.max() >= x.shape[1]:
                return fn(x, target)  # refused, in PyTorch's words
            xp = array_module(x)
            y, gradient = piece(x, target)
            return xp.asarray(y, dtype=x.dtype)[()], xp.asarray(gradient, dtype=x.dtype)

        _rebuild(rule, value, {"x": slope})

    return Slot(name, where, install, lambda: _rebuild(rule, fn, formulas))


# Functions and methods ───────────────────────────────────────────────────────────────────────────


def attribute(name: str, where: str, owners: list, attr: str, adapt: Callable = lambda piece: piece) -> Slot:
    """The slot for a function or method that its owners (modules, classes) hold under the name `attr`."""
    ours = vars(owners[0])[attr]

    def put(piece: object) -> None:
        for owner in owners:
            setattr(owner, attr, piece)

    return Slot(name, where, lambda piece: put(adapt(piece)), lambda: put(ours))


def method_of(name: str, where: str, owner: type, attr: str, adapt: Callable) -> Slot:
    """The slot for a method that is also a function of the package. Both forms call one function, and hold it in a
    variable; `adapt(piece, ours)` takes its place."""
    forms = (vars(owner)[attr], vars(owner)[attr].together)
    held = [dict(zip(form.__code__.co_freevars, form.__closure__))["method"] for form in forms]
    ours = held[0].cell_contents

    def put(fn: Callable) -> None:
        for cell in held:
            cell.cell_contents = fn

    return Slot(name, where, lambda piece: put(adapt(piece, ours)), lambda: put(ours))


def methods_of(name: str, where: str, ours: type, adapt: Callable = lambda piece: piece) -> Slot:
    """The slot for a whole class: what it defines moves into ours, which stays the class that everybody knows. What
    it does not define stays ours."""
    covered: dict[str, object] = {}  # what ours held itself under a name before a piece came

    def install(piece: type) -> None:
        restore()
        moving = {key: value for key, value in vars(adapt(piece)).items() if _moves(key, value)}
        for key, value in moving.items():
            for method in _functions(value):
                for free, cell in zip(method.__code__.co_freevars, method.__closure__ or ()):
                    if free == "__class__":
                        cell.cell_contents = ours  # super() asks the class in which the method now lives
            covered.setdefault(key, vars(ours).get(key, _NOTHING))
            setattr(ours, key, value)

    def restore() -> None:
        while covered:
            key, before = covered.popitem()
            if before is _NOTHING:
                delattr(ours, key)
            else:
                setattr(ours, key, before)

    def stand_in(refuse: Callable) -> type:
        return type(ours.__name__, (), {"__init__": lambda self, *a, **k: refuse()})

    return Slot(name, where, install, restore, stand_in)


_NOTHING = object()


def _moves(key: str, value: object) -> bool:
    """True for what the author of a class has put there: methods of any kind, and names without underscores."""
    return isinstance(value, (FunctionType, staticmethod, classmethod, property)) or not key.startswith("__")


def _functions(value: object) -> list[FunctionType]:
    """The plain functions within a method, a static or class method, or a property."""
    parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value,)
    return [fn for part in parts if isinstance(fn := getattr(part, "__func__", part), FunctionType)]


def shelf(name: str, where: str) -> Slot:
    """A slot outside the package: the piece is kept for `mine(name)`."""
    return Slot(name, where, lambda piece: KEPT.__setitem__(name, piece), lambda: KEPT.pop(name, None))


KEPT: dict[str, object] = {}
LENT = {"net-forward", "net-backward", "tensor-backward", "training-loop", "example", "train"}  # by us, for a while


def mine(name: str) -> object:
    """The learner's own piece under this name; ours, where it is lent until then.

    Raises:
        EmptySlot: "there is nothing of yours in 'labels' yet. …"
    """
    if name in KEPT:
        return KEPT[name]
    if name in LENT:
        return next(ex.answer for ex in catalogue().values() if ex.slot == name)
    raise EmptySlot(f"there is nothing of yours in {name!r} yet. Pass its exercise first; whose() shows which.")


# All of them ─────────────────────────────────────────────────────────────────────────────────────


@cache
def slots() -> dict[str, Slot]:
    """Every slot by name, in the order of the course."""
    listed = [
        attribute("broadcast-shapes", "learntorch.broadcast_shapes", [functions, learntorch, joining, criteria],
                  "broadcast_shapes", adapters.of_many),
        method_of("outer", "learntorch.outer", MatrixMethods, "outer",
                  lambda piece, ours: lambda u, vec2: piece(u, vec2) if u.ndim == vec2.ndim == 1 else ours(u, vec2)),
        attribute("from-numpy", "learntorch.from_numpy", [creation, learntorch], "from_numpy", adapters.on_memory),
        # Note [One half at a time]: a piece returns the gradients of both factors, and the engine asks for one, where
        # only the other factor was kept. In its place the piece gets something of a fitting shape.
        gradient_of("mul-gradient", "the gradient of learntorch.mul", pointwise.mul,
                    a=lambda piece: lambda g, b: piece(g, g, b)[0],
                    b=lambda piece: lambda g, a: piece(g, a, g)[1]),
        gradient_of("relu-gradient", "the gradient of learntorch.relu", activations.relu,
                    x=lambda piece: lambda g, y: piece(g, y) + 0),  # y > 0 where x > 0; + 0 turns −0 into 0
        value_of("unbroadcast", "the engine's sum_to", shape.sum_to,
                 lambda piece, ours=shape.sum_to.fn: lambda x, *, shape: (
                     adapters.in_type_of(x, piece(x, tuple(shape))) if x.size else ours(x, shape=shape))),
        gradient_of("matmul-gradient", "the gradient of learntorch.mm", matrix.mm,
                    a=lambda piece: lambda g, b: piece(g, _zeros(g, g.shape[0], b.shape[0]), b)[0],
                    b=lambda piece: lambda g, a: piece(g, a, _zeros(g, a.shape[1], g.shape[1]))[1]),
        gradient_of("sum-gradient", "the gradient of learntorch.sum", reduction.sum,
                    x=lambda piece: lambda g, x_shape, dim, keepdim: (
                        adapters.dim_by_dim(piece, g, x_shape, dim, keepdim))),
        methods_of("no-grad", "learntorch.no_grad", modes.no_grad),
        value_of("relu", "learntorch.relu", activations.relu,
                 lambda piece: adapters.each(lambda x: piece(x) + 0)),  # x * (x > 0) gives −0, and + 0 turns it into 0
        value_of("sigmoid", "learntorch.sigmoid", activations.sigmoid, adapters.each),
        value_of("tanh", "learntorch.tanh", activations.tanh,
                 lambda piece: adapters.each(lambda x: piece(x, activations.sigmoid))),
        value_of("softplus", "learntorch.nn.functional.softplus", activations.softplus, adapters.with_slope),
        value_of("softmax", "learntorch.softmax", reduction.softmax, adapters.along),
        gradient_of("softmax-gradient", "the gradient of learntorch.softmax", reduction.softmax,
                    x=adapters.gradient_along),
        shelf("net-forward", "mine('net-forward'): forward, in NumPy"),
        shelf("net-backward", "mine('net-backward'): backward, in NumPy"),
        shelf("tensor-backward", "mine('tensor-backward'): backward, on tensors"),
        shelf("training-loop", "mine('training-loop'): training with autograd"),
        methods_of("linear-layer", "learntorch.nn.Linear", Linear, adapt=adapters.linear),
        attribute("module-parameters", "learntorch.nn.Module.parameters", [Tree], "parameters", adapters.parameters),
        value_of("mse-loss", "learntorch.nn.functional.mse_loss", loss.mse_loss, adapters.mse_loss),
        attribute("sgd-step", "learntorch.optim.SGD.step", [optim.SGD], "step", adapters.sgd),
        attribute("adam-step", "learntorch.optim.Adam.step", [optim.Adam], "step", adapters.adam),
        loss_of("cross-entropy", "learntorch.nn.functional.cross_entropy", loss.cross_entropy),
        shelf("example", "mine('example'): a number as digits and kind"),
        shelf("train", "mine('train'): the training of FizzBuzz"),
    ]  # fmt: skip
    return {slot.name: slot for slot in listed}


def poison(slot: Slot, exercise: str) -> None:
    """Make a slot refuse to run."""

    def refuse(*args, **options):
        raise EmptySlot(f"{slot.where} is not yours yet. Pass the exercise {exercise!r} first, or say use('auto').")

    slot.install(slot.stand_in(refuse))
