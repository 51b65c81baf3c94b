"""Modules and parameters in rows, lists and dicts: Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict.

Read in chapter 08. What lies in a plain Python list is not found by `parameters()`; what lies in these is.
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, groupby
from typing import Any

from ..tensor import Tensor
from .module import Module, listing
from .parameter import Parameter, typename


def position(index: int, size: int) -> int:
    """`index` counted from the front."""
    index = operator.index(index)
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of range. There are {size} entries, counted from 0.")
    return index % size


class _Numbered(Module):
    """Modules whose names are their places: "0", "1", …"""

    def _name_at(self, index: int) -> str:
        return list(self._modules)[position(index, len(self))]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name_at(index)]
        for name in names:
            delattr(self, name)
        self._modules = {str(i): module for i, module in enumerate(self)}

    def append(self, module: Module) -> _Numbered:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def _move_in(self, index: int, module: Module) -> None:
        for i in range(len(self), index, -1):
            self._modules[str(i)] = self._modules[str(i - 1)]
        self._modules[str(index)] = module

    def pop(self, key: int | slice) -> Module:
        """Take a module out, and return it."""
        module = self[key]
        del self[key]
        return module


class _Chain(_Numbered):
    """What can be done with a sequence: + joins two, * repeats one."""

    def insert(self, index: int, module: Module) -> _Chain:
        """Put a module before the one at `index`."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        n = len(self)
        if not -n <= index <= n:
            raise IndexError(f"Index out of range: {index}")
        self._move_in(index + n if index < 0 else index, module)
        return self

    def extend(self, sequential: Iterable[Module]) -> _Chain:
        """Add several modules at the end."""
        for module in sequential:
            self.append(module)
        return self

    def __add__(self, other: _Chain) -> _Chain:
        return Sequential(*self, *_sequential(other))

    def __iadd__(self, other: _Chain) -> _Chain:
        return self.extend(list(_sequential(other)))

    def _times(self, n: int) -> int:
        if not isinstance(n, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(n)}")
        if n <= 0:
            raise ValueError(f"Non-positive multiplication factor {n} for {type(self)}")
        return n

    def __mul__(self, other: int) -> _Chain:
        return Sequential(*list(self) * self._times(other))

    __rmul__ = __mul__

    def __imul__(self, other: int) -> _Chain:
        return self.extend(list(self) * (self._times(other) - 1))


def _sequential(other: object) -> _Chain:
    if not isinstance(other, _Chain):
        raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
    return other


class Sequential(_Chain):
    """Modules one after the other: the output of each is the input of the next."""

    def __init__(self, *args: Module | OrderedDict) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input: Tensor) -> Tensor:
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self._name_at(index)]


class ModuleList(_Numbered):
    """A list of modules, so that their parameters are found."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(list(self._modules.values())[index])
        return self._modules[self._name_at(index)]

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at `index`."""
        self._move_in(index, module)

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add several modules at the end."""
        _check_iterable("ModuleList.extend", "an iterable", modules)
        for module in modules:
            self.append(module)
        return self

    __iadd__ = extend

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(chain(self, other))

    def __repr__(self) -> str:
        # Neighbours that print alike share a line: (0-2): 3 x Linear(…)
        lines, first = [], 0
        for text, group in groupby(self, repr):
            n = len(list(group))
            lines.append(f"({first}): {text}" if n == 1 else f"({first}-{first + n - 1}): {n} x {text}")
            first += n
        return listing(self._get_name(), [], lines)


def _check_iterable(function: str, wanted: str, value: object) -> None:
    if not isinstance(value, Iterable) or isinstance(value, Tensor):
        raise TypeError(f"{function} should be called with {wanted}, but got {type(value).__name__}")


def _pairs(kind: str, values: Mapping | Iterable) -> Iterator[tuple[str, Any]]:
    """The keys and values of what a dict may be updated with."""
    _check_iterable(f"{kind}.update", "an iterable of key/value pairs", values)
    if isinstance(values, (Mapping, _Dict)):
        yield from values.items()
        return
    for i, pair in enumerate(values):
        where = f"{kind.replace('sD', 'D')} update sequence element #{i}"
        if not isinstance(pair, Iterable):
            raise TypeError(f"{where} should be Iterable; is{type(pair).__name__}")
        if len(pair) != 2:
            raise ValueError(f"{where} has length {len(pair)}; 2 is required")
        yield pair[0], pair[1]


class _Dict(Module):
    """What a dict can do, in terms of `_table()`, the names of the entries."""

    def _table(self) -> dict[str, object]:
        return self._modules

    def __len__(self) -> int:
        return len(self._table())

    def __iter__(self) -> Iterator[str]:
        return iter(self._table())

    def __contains__(self, key: str) -> bool:
        return key in self._table()

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._table().keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The names with what they stand for."""
        return {key: self[key] for key in self}.items()

    def values(self) -> Iterable[Any]:
        """What the names stand for."""
        return {key: self[key] for key in self}.values()

    def clear(self) -> None:
        """Take everything out."""
        for key in list(self):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take an entry out, and return it."""
        value = self[key]
        del self[key]
        return value


class ModuleDict(_Dict):
    """A dict of modules, so that their parameters are found."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def update(self, modules: Mapping[str, Module] | Iterable) -> None:
        """Add the entries of another dict, or of a list of pairs."""
        for key, module in _pairs("ModuleDict", modules):
            self[key] = module


# Parameters ──────────────────────────────────────────────────────────────────────────────────────


def _as_parameter(value: object) -> object:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _described(value: object, tensor_type: str) -> str:
    """A line of the print of a ParameterList or ParameterDict."""
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    place = f" ({value.device})" if value.device.type == "cuda" else ""
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{kind} containing: [{tensor_type} of size {'x'.join(map(str, value.shape))}{place}]"


class ParameterList(Module):
    """A list of parameters, so that they are found. Tensors become parameters; other objects may lie in it too."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(self[i] for i in range(len(self))[index])
        return getattr(self, str(position(index, len(self))))

    def __setitem__(self, index: int, param: Any) -> None:
        setattr(self, str(position(index, len(self))), _as_parameter(param))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def append(self, value: Any) -> ParameterList:
        """Add a parameter at the end."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add several parameters at the end."""
        _check_iterable("ParameterList.extend", "an iterable", values)
        for value in values:
            self.append(value)
        return self

    __iadd__ = extend

    def extra_repr(self) -> str:
        return "\n".join(f"  ({i}): {_described(p, str(getattr(p, 'dtype', '')))}" for i, p in enumerate(self))

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(_Dict):
    """A dict of parameters, so that they are found. Tensors become parameters; other objects may lie in it too."""

    def __init__(self, parameters: Mapping | Iterable | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _table(self) -> dict[str, object]:
        return self._keys

    def __getitem__(self, key: str) -> Any:
        return getattr(self, _key(key))

    def __setitem__(self, key: str, value: Any) -> None:
        self._keys[_key(key)] = None
        setattr(self, key, _as_parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def get(self, key: str, default: Any = None) -> Any:
        """The entry, or `default`."""
        return self[key] if key in self else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The entry; without one, `default` becomes it."""
        if key not in self:
            self[key] = default
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Take the last entry out."""
        key = next(reversed(self))
        return key, self.pop(key)

    def copy(self) -> ParameterDict:
        """Another dict with the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A dict in which all keys stand for the same."""
        return ParameterDict((key, default) for key in keys)

    def update(self, parameters: Mapping | Iterable) -> None:
        """Add the entries of another dict (a plain one in the order of its names), or of a list of pairs."""
        pairs = _pairs("ParametersDict", parameters)
        plain = isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict)
        for key, value in sorted(pairs) if plain else pairs:
            self[key] = value

    def __or__(self, other: Mapping) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: Mapping) -> ParameterDict:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        return "\n".join(f"  ({k}): {_described(p, typename(p))}" for k, p in self.items())

    def __call__(self, *args: object) -> None:
        raise RuntimeError("ParameterDict should not be called.")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(
            f"Index given to ParameterDict cannot be used as a key as it is not a string (type is "
            f"'{type(key).__name__}'). Use str(key)."
        )
    return key
