"""`signature`: which arguments a method takes, and PyTorch's words for those that it does not.

Read in chapter 01. A form is written as PyTorch prints it: "int dim, bool keepdim = False, *, torch.dtype dtype".
What follows `*` is given by name only, and a `?` allows None. "sizes" is a tuple of ints for which one int is not
enough; if a form takes nothing else without a name, they may be given one by one: x.view(2, 3). A call whose types of
arguments were met before costs one look into a set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from operator import index, is_

import numpy as np

from ..base import TensorBase
from ..devices import device
from ..dtypes import dtype
from ..errors import final, kind_of
from ..generator import Generator
from ..ops.strides import memory_format

_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x2": "other"}  # PyTorch understands NumPy's words too


def _is_int(value: object) -> bool:
    if isinstance(value, TensorBase):
        return value._array.ndim == 0 and value._array.dtype.kind in "iu"
    return type(value) is int or (isinstance(value, (int, np.integer)) and not isinstance(value, bool))


def _is_ints(value: object) -> bool:
    return all(_is_int(d) for d in value[:1]) if isinstance(value, (tuple, list)) else _is_int(value)


def _is_number(value: object) -> bool:
    if isinstance(value, TensorBase):
        return value._array.ndim == 0 and not value._requires_grad
    return isinstance(value, (int, float, np.number, np.bool_))


_KINDS: dict[str, Callable[[object], bool]] = {
    "int": _is_int,
    "tuple of ints": _is_ints,
    "sizes": lambda value: isinstance(value, (tuple, list)) and _is_ints(value),
    "bool": lambda value: isinstance(value, (bool, np.bool_)),
    "Number": _is_number,
    "float": _is_number,
    "Tensor": lambda value: isinstance(value, TensorBase),
    "tensors": lambda value: isinstance(value, (tuple, list)),
    "tuple of Tensors": lambda value: isinstance(value, (tuple, list)),
    "str": lambda value: isinstance(value, str),
    "torch.dtype": lambda value: isinstance(value, dtype) or value in (float, int, bool),
    "torch.memory_format": lambda value: isinstance(value, memory_format),
    "torch.Generator": lambda value: isinstance(value, Generator),
    "torch.device": lambda value: isinstance(value, (str, int, device)),
    "torch.layout": lambda value: repr(value) == "torch.strided",
}

_SAID = {"sizes": "tuple of ints", "tensors": "tuple of Tensors"}  # the stricter and the looser kind of a name


class _Parameter:
    """One parameter of a form: "bool keepdim = False"."""

    def __init__(self, text: str, by_name: bool) -> None:
        declared, _, default = text.partition(" = ")
        kind, _, self.name = declared.rpartition(" ")
        self.kind = kind.removesuffix("?")
        self.by_name, self.optional = by_name, bool(default)
        self.takes_none = default == "None" or kind.endswith("?")
        self.says = _SAID.get(self.kind, self.kind)

    def takes(self, value: object) -> bool:
        return (value is None and self.takes_none) or _KINDS[self.kind](value)


class _Form:
    """One way to call a function."""

    def __init__(self, function: str, text: str) -> None:
        self.function, self.text = function, text.replace("?", "").replace("sizes ", "tuple of ints ")
        before, star, after = text.partition("*")
        split = [part.strip(", ").split(", ") if part.strip(", ") else [] for part in (before, after)]
        self.parameters = [_Parameter(p, by_name=i == 1) for i in (0, 1) for p in split[i]]
        self.names = [p.name for p in self.parameters]
        self.most = len(split[0])  # how many arguments may stand without a name
        self.least = sum(not p.optional for p in self.parameters[: self.most])
        self.needed = sum(not p.optional for p in self.parameters)
        self.spreads = self.most == 1 and self.parameters[0].kind in ("sizes", "tuple of ints")

    def together(self, args: tuple) -> tuple:
        """Sizes that were given one by one, as one argument."""
        return (args,) if self.spreads and args and _is_int(args[0]) else args

    def mistake(self, args: tuple, options: dict) -> str | None:
        """What is wrong with these arguments; None if nothing is."""
        if len(args) > self.most:
            return f"takes {self._takes()} but {len(args)} {'was' if len(args) == 1 else 'were'} given"
        used = 0
        for i, p in enumerate(self.parameters):
            if i < len(args):
                if not p.takes(args[i]):
                    return f"argument '{p.name}' (position {i + 1}) must be {p.says}, not {_type_name(args[i])}"
            elif p.name in options:
                used += 1
                if not p.takes(options[p.name]):
                    return f"argument '{p.name}' must be {p.says}, not {_type_name(options[p.name])}"
            elif not p.optional:
                missing = [q.name for q in self.parameters[i:] if not q.optional and q.name not in options]
                names = ", ".join(f'"{name}"' for name in missing)
                return f"missing {len(missing)} required positional argument{'s' * (len(missing) == 1)}: {names}"
        if used < len(options):
            name = next(name for name in options if name not in self.names[len(args) :])
            repeated = name in self.names
            return f"got {'multiple values for' if repeated else 'an unexpected keyword'} argument '{name}'"
        return None

    def plain(self, name: str, value: object) -> object:
        """`value` as the method sees it: a number of NumPy's or a tensor that stands for an int becomes one."""
        kind = next(p.kind for p in self.parameters if p.name == name)
        if kind == "int" and value is not None:
            return value if type(value) is int else index(value)
        if kind in ("Number", "float") and isinstance(value, (TensorBase, np.generic)):
            return value.item()
        if kind not in ("tuple of ints", "sizes") or value is None:
            return value
        if not isinstance(value, (tuple, list)):
            return value if type(value) is int else index(value)
        for i, d in enumerate(value):
            if not _is_int(d):
                raise final(TypeError(
                    f"{self.function}(): argument '{name}' failed to unpack the object at pos {i + 1} with error "
                    f'"type must be tuple of ints,but got {_type_name(d)}"'
                ))  # fmt: skip
        return value if all(type(d) is int for d in value) else tuple(map(index, value))

    def _takes(self) -> str:
        if self.least != self.most:
            return f"from {self.least} to {self.most} positional arguments"
        return f"{self.most} positional argument{'' if self.most == 1 else 's'}"


def _type_name(value: object) -> str:
    return "Tensor" if isinstance(value, TensorBase) else kind_of(value)


def _refusal(forms: list[_Form], args: tuple, options: dict) -> TypeError:
    """PyTorch's error: what is wrong with the one form that has as many parameters, or a list of all forms."""
    count = len(args) + len(options)
    likely = forms if len(forms) == 1 else [f for f in forms if f.needed <= count <= len(f.parameters)]
    if len(likely) == 1:
        (form,) = likely
        words = form.mistake(form.together(args), options) or form.mistake(args, options)
        colon = ":" if words.startswith("argument") else ""
        return final(TypeError(f"{form.function}(){colon} {words}. Call it as {form.function}({form.text})."))
    got = [_type_name(a) for a in args] + [f"{n}={_type_name(a)}" for n, a in reversed(options.items())]
    found = ", ".join(got) + ", " * (not args and bool(options))
    lines = "".join(f"\n * ({form.text})" for form in forms)
    function = forms[0].function
    return final(TypeError(
        f"{function}() received an invalid combination of arguments - got ({found}), but expected one of:{lines}"
    ))  # fmt: skip


def signature(*texts: str, name: str | None = None) -> Callable:
    """Let a method take exactly what its forms say; anything else is answered with PyTorch's TypeError."""

    def declare(method: Callable) -> Callable:
        function = name or method.__name__

        @cache
        def forms(first: str = "") -> list[_Form]:  # read when the method is first called: most never are
            return [_Form(function, ", ".join(filter(None, (first, text)))) for text in texts]

        def bind(apart: bool) -> Callable:
            known = {}  # types of arguments that were taken before → whether they were sizes, given one by one

            @wraps(method)
            def call(self, *args, **options):
                key = (*map(_outline, args), *options, *map(_outline, options.values()))
                if key in known:
                    return method(self, args, **options) if known[key] else method(self, *args, **options)
                given = {_NUMPY_NAMES.get(n, n): a for n, a in options.items()}
                together = args
                for form in forms():
                    together = form.together(args) if apart else args
                    if form.mistake(together, given) is None:
                        break
                else:
                    error = _refusal(forms(), args, given)
                    error.flat = lambda: _refusal(forms("Tensor input"), (self, *args), given)
                    raise error
                places = [*form.names[: len(together)], *given]
                values = [form.plain(n, a) for n, a in zip(places, (*together, *given.values()), strict=True)]
                if given.keys() == options.keys() and all(map(is_, values, (*together, *options.values()))):
                    known[key] = together is not args
                return method(self, *values[: len(together)], **dict(zip(given, values[len(together) :], strict=True)))

            return call

        call = bind(apart=True)
        call.together = bind(apart=False)  # for torch.permute(x, (1, 0)), which takes sizes together only
        return call

    return declare


def function_signature(*texts: str) -> Callable:
    """`signature` for a function that belongs to no tensor: `zeros`, `arange`."""

    def declare(function: Callable) -> Callable:
        call = signature(*texts, name=function.__name__)(lambda _, *args, **options: function(*args, **options))
        return wraps(function)(lambda *args, **options: call(None, *args, **options))

    return declare


def _outline(value: object) -> object:
    """What of a value decides whether it is taken: its type, and the types of its elements."""
    kind = type(value)
    return (kind, *map(type, value)) if kind is tuple or kind is list else kind
