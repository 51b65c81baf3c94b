"""`differentiable`: an operation is its value and one gradient formula per input.

Read in chapter 03. A rule is pure array mathematics: no tensor and no graph. The formula that a
rule gives for an input may name

    g           the gradient of the output
    a, b, x …   any input of the function
    y           the output (or the names in `outputs`, if there are several)
    dim …       any option, that is, a keyword-only parameter of the function
    x_shape     the shape of the input x

What the formulas name is what is kept for the backward pass, and nothing else. A formula uses only
operators, other rules, and methods that arrays and tensors share, so it runs on arrays in a plain
backward pass, and on tensors (recording a new graph) when the gradient itself is differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import CO_VARARGS, Parameter
from math import inf

import numpy as np

# How a rule wants the types of its inputs:
PROMOTE = "promote"  # all of one type, the common one (arithmetic)
NUMBERS = "numbers"  # the same, and none of them bool (differences)
HELD = "held"  # the same, and a second operand that is a number must fit into the type (bounds, powers)
FLOAT = "float"  # of one type, and a floating-point one (sin, division)
EXACT = "exact"  # as they are; they must be equal already (matrix products)
ANY = "any"  # as they are (moving elements about)
COMMON = (PROMOTE, NUMBERS, HELD, FLOAT)  # those that bring the inputs to one type

# What its output is in memory:
VIEW = "view"  # the input's own memory, seen another way

RULES: dict[str, Rule] = {}  # every rule by name: the tests walk this table


class Rule:
    """A function on arrays, with what the graph needs to know about it. Made by `differentiable`."""

    def __init__(self, fn: Callable, types: str, memory: str | None, outputs: tuple[str, ...],
                 name: str | Callable | None, formulas: dict[str, Callable]) -> None:  # fmt: skip
        inputs, more, options = _parameters(fn)
        declared = _written(fn)
        self.fn = self.__wrapped__ = fn
        self.types = types
        self.is_view = memory == VIEW
        self.outputs = outputs
        self.__name__ = fn.__name__
        self.__doc__ = fn.__doc__
        self.__module__ = fn.__module__
        self.name = name or "".join(word.capitalize() for word in fn.__name__.split("_"))
        self.names: dict[str, str] = {}  # what `name` gave before → the full name
        self.inputs = inputs + more
        self.is_variadic = bool(more)
        defaults = declared.__kwdefaults__ or {}
        self.defaults = {option: defaults.get(option, Parameter.empty) for option in options}
        given = declared.__defaults__ or ()
        self.optional_inputs = dict(zip(inputs[len(inputs) - len(given) :], given))
        self.many = frozenset(  # options that may be given as separate numbers: x.view(2, 3)
            option for option in options if declared.__annotations__.get(option) in ("Ints", "Ints | None")
        )
        self.named_by = () if isinstance(self.name, str) else tuple(
            (inputs.index(p) if p in inputs else inf, p, self.defaults.get(p)) for p in _parameters(self.name)[0]
        )  # where to find what `name` asks for: the number of an input, or an option and its default
        self.formulas = formulas
        self._plan(formulas)

    def _plan(self, formulas: dict[str, Callable]) -> None:
        """Read every formula once: what it names decides what is saved, and for whose sake."""
        known = (*self.inputs, *self.outputs, *self.defaults, *[f"{name}_shape" for name in self.inputs])
        self.wanted: dict[int, tuple[str, ...]] = {}  # the number of an input → what its formula names
        for target, formula in formulas.items():
            if target not in self.inputs:
                raise TypeError(f"{self.__name__}: there is a formula for '{target}', which is not an input")
            names = self.wanted[self.inputs.index(target)] = _parameters(formula)[0][1:]
            for name in names:
                if name not in known:
                    raise TypeError(f"{self.__name__}: the formula for '{target}' names '{name}', which is unknown")
        named = set().union(*self.wanted.values())
        # The order in which values are saved: inputs, outputs, then options and shapes.
        self.saved_inputs = tuple([name for name in self.inputs if name in named])
        self.saved_outputs = tuple([name for name in self.outputs if name in named])
        self.saved_extras = tuple([name for name in known[len(self.inputs) + len(self.outputs) :] if name in named])
        self.saved_names = (*self.saved_inputs, *self.saved_outputs, *self.saved_extras)
        self.tensor_count = len(self.saved_inputs) + len(self.saved_outputs)
        self.differentiable = tuple(sorted(self.wanted))  # the others are not: an index, say
        self.gradients = tuple([self.bind(formulas[self.inputs[i]]) for i in self.differentiable])
        # Whether the gradient of each of these inputs needs a tensor, or an index, which is freed after the walk.
        keeps = {*self.saved_inputs, *self.saved_outputs, "at"}
        self.keeps = tuple([not keeps.isdisjoint(self.wanted[i]) for i in self.differentiable])

    def bind(self, formula: Callable) -> Callable:
        """`formula(g, …)` as a function of g and the tuple of saved values."""
        at = [self.saved_names.index(name) for name in _parameters(formula)[0][1:]]
        if not at:
            return lambda g, saved: formula(g)
        if len(at) == 1:
            (i,) = at
            return lambda g, saved: formula(g, saved[i])
        return lambda g, saved: formula(g, *[saved[i] for i in at])

    def node_name(self, inputs: tuple, options: dict) -> str:
        """What the node of this call is called: 'MulBackward0'. PyTorch numbers the forms of one operation
        (`x.sum()` is SumBackward0, `x.sum(1)` SumBackward1), so a name too may be a formula."""
        name = self.name
        if self.named_by:
            name = name(*[
                inputs[i] if i < len(inputs) else options.get(option, default) for i, option, default in self.named_by
            ])  # fmt: skip
        full = self.names.get(name)
        if full is None:
            full = self.names[name] = _full_name(name)
        return full

    def __call__(self, *inputs, **options):
        """The value on arrays; on tensors the same, recorded in the graph (see `Tensor.__record__`)."""
        for x in inputs:
            record = None if type(x) is np.ndarray else getattr(type(x), "__record__", None)
            if record is not None:
                return record(self)(*inputs, **options)
        return self.fn(*inputs, **options)

    def __repr__(self) -> str:
        return f"<rule {self.__name__}({', '.join((*self.inputs, *self.defaults))})>"


def _full_name(name: str) -> str:
    """'Sum1' → 'SumBackward1'; a name without a number is the first of its kind."""
    if "Backward" in name or name == "NotImplemented":
        return name
    return f"{name[:-1]}Backward{name[-1]}" if name[-1].isdigit() else f"{name}Backward0"


def _written(function: Callable) -> Callable:
    """The function as it was written, under whatever wraps it."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def _parameters(function: Callable) -> tuple[tuple, tuple, tuple]:
    """The names of what a function takes by position, of what gathers the rest, and of what it takes by name."""
    code = _written(function).__code__
    names, positional, named = code.co_varnames, code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    more = names[named : named + 1] if code.co_flags & CO_VARARGS else ()
    return names[:positional], more, names[positional:named]


def is_number(x: object) -> bool:
    """True for a number that is no array. Many an operation has two names: with a number, and with a tensor."""
    return isinstance(x, (int, float, np.number))


def differentiable(types: str = PROMOTE, memory: str | None = None, *, outputs: tuple[str, ...] = ("y",),
                   name: str | Callable | None = None, **formulas: Callable) -> Callable[[Callable], Rule]:  # fmt: skip
    """Make a function on arrays into a rule, with one gradient formula per input.

    >>> @differentiable(a=lambda g, b: g * b, b=lambda g, a: g * a)
    ... def example(a, b):
    ...     return a * b
    >>> RULES.pop("example"), example(3.0, 4.0)
    (<rule example(a, b)>, 12.0)
    """

    def declare(fn: Callable) -> Rule:
        rule = Rule(fn, types, memory, outputs, name, formulas)
        if fn.__name__ in RULES:
            raise TypeError(f"there are two rules of the name {fn.__name__}")
        RULES[fn.__name__] = rule
        return rule

    return declare
