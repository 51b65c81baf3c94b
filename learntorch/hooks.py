"""Hooks: functions that look at gradients as they pass, and may replace them.

Read in chapter 03.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from itertools import count

_next = count(1).__next__


class HookDict(dict):
    """Hooks by number, in the order of registration."""

    __slots__ = ("__weakref__",)


class RemovableHandle:
    """What registering a hook returns: `handle.remove()` takes the hook away again."""

    def __init__(self, hooks: HookDict, hook: Callable) -> None:
        if not callable(hook):
            raise TypeError(f"a hook must be a function, not {type(hook).__name__}")
        self.id = _next()
        self._hooks = weakref.ref(hooks)
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook away."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one node or leaf, by kind: the number of an output, "before", "after", "accumulated"."""

    def __init__(self) -> None:
        self.kinds: dict[object, HookDict] = {}
        self.kept: dict[int, weakref.ref] = {}  # tensors that keep their gradient, by output number

    def add(self, kind: object, hook: Callable) -> RemovableHandle:
        """Register one hook."""
        return RemovableHandle(self.kinds.setdefault(kind, HookDict()), hook)

    def keep(self, number: int, tensor: object) -> None:
        """Let `tensor`, an output of the node, keep its gradient."""
        self.kept[number] = weakref.ref(tensor)

    def keeps(self, number: int) -> bool:
        """True if that output keeps its gradient."""
        return number in self.kept

    def of(self, kind: object) -> tuple[Callable, ...]:
        """The hooks of one kind, in order."""
        return tuple(self.kinds.get(kind, {}).values())

    def on_outputs(self, gradients: list) -> list:
        """Pass the gradients of the outputs through the tensor hooks, then the "before" hooks."""
        gradients = [g if g is None else run_hooks(self.of(i), g) for i, g in enumerate(gradients)]
        for hook in self.of("before"):
            gradients = _replaced(hook(tuple(gradients)), gradients)
        for number, reference in self.kept.items():
            tensor, g = reference(), gradients[number]
            if tensor is not None and g is not None:
                tensor._grad = g.clone() if tensor._grad is None else tensor._grad + g
        return gradients

    def on_inputs(self, passed_on: Sequence, received: Sequence) -> list:
        """Pass what a node sends on through the "after" hooks, which also see what it received."""
        for hook in self.of("after"):
            passed_on = _replaced(hook(tuple(passed_on), tuple(received)), passed_on)
        return list(passed_on)


def _replaced(result: object, before: Sequence) -> list:
    """What a hook returned, or what it was given if it returned nothing."""
    if result is None:
        return list(before)
    return list(result) if isinstance(result, (tuple, list)) else [result]


def run_hooks(hooks: Sequence[Callable], g):
    """Pass a gradient through tensor hooks: each may look at it, or return another in its place."""
    for hook in hooks:
        result = hook(g)
        if result is None:
            continue
        if not hasattr(result, "_array"):
            raise TypeError(
                f"expected Variable, but hook returned '{type(result).__name__}'. A hook returns a gradient or None."
            )
        if result._array.shape != g._array.shape:
            name = getattr(hook, "__name__", repr(hook))
            raise RuntimeError(
                f"hook '{name}' has changed the size of value: a gradient of shape {list(g._array.shape)} was "
                f"expected, not {list(result._array.shape)}"
            )
        g = result
    return g
