"""Hooks: functions that look at gradients as they pass, and may replace them.

Read in chapter 03.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from itertools import count

from .base import TensorBase
from .ops.strides import contiguous_format

_next = count(1).__next__


class HookDict(dict):
    """Hooks by number, in the order of registration."""

    __slots__ = ("__weakref__",)


class RemovableHandle:
    """What registering a hook returns: `handle.remove()` takes the hook away again."""

    def __init__(self, hooks: HookDict, hook: Callable) -> None:
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

    def on_tensors(self, gradients: list) -> list:
        """Pass the gradients of the outputs through the tensor hooks; `retain_grad` keeps what comes out."""
        gradients = [g if g is None else run_hooks(self.of(i), g) for i, g in enumerate(gradients)]
        for number, reference in self.kept.items():
            tensor, g = reference(), gradients[number]
            if tensor is not None and g is not None:
                tensor._grad = g.clone(memory_format=contiguous_format) if tensor._grad is None else tensor._grad + g
        return gradients

    def on_outputs(self, gradients: list) -> list:
        """The same, and then through the "before" hooks of the node."""
        gradients = self.on_tensors(gradients)
        for hook in self.of("before"):
            gradients = _replaced(hook, hook(tuple(gradients)), gradients)
        return gradients

    def on_accumulated(self, leaf: object) -> None:
        """Show the "accumulated" hooks a leaf whose gradient has been added up."""
        for hook in self.of("accumulated"):
            hook(leaf)

    def on_inputs(self, passed_on: Sequence, received: Sequence) -> list:
        """Pass what a node sends on through the "after" hooks, which also see what it received."""
        for hook in self.of("after"):
            passed_on = _replaced(hook, hook(tuple(passed_on), tuple(received)), passed_on)
        return list(passed_on)


def _replaced(hook: Callable, result: object, before: Sequence) -> list:
    """What a node hook returned, checked, or what it was given if it returned nothing."""
    if result is None:
        return list(before)
    if not isinstance(result, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(result).__name__}'. Return (gradient, …).")
    if len(result) != len(before):
        raise RuntimeError(
            f"hook '{_name(hook)}' has returned an incorrect number of values (got {len(result)}, but expected "
            f"{len(before)}). Return one for each gradient that it was given."
        )
    for g, old in zip(result, before, strict=True):
        if g is not None and old is None:
            raise RuntimeError("can't replace a None gradient with a non-None value. Return None in its place.")
        if g is not None:
            _check(hook, g, old)
    return list(result)


def run_hooks(hooks: Sequence[Callable], g):
    """Pass a gradient through tensor hooks: each may look at it, or return another in its place."""
    for hook in hooks:
        result = hook(g)
        if result is not None:
            _check(hook, result, g)
            g = result
    return g


def _check(hook: Callable, g: object, old) -> None:
    """A gradient may be replaced by a tensor of its shape and type only."""
    if not isinstance(g, TensorBase):
        raise TypeError(
            f"expected Variable, but hook returned '{type(g).__name__}'. A hook returns a gradient or None."
        )
    if g._array.dtype != old._array.dtype:
        raise RuntimeError(
            f"hook '{_name(hook)}' has changed the type of value (was {old.type()} got {g.type()}). Convert it back "
            "with .to(gradient.dtype)."
        )
    if g._array.shape != old._array.shape:
        raise RuntimeError(
            f"hook '{_name(hook)}' has changed the size of value. A gradient of shape {list(old._array.shape)} was "
            f"expected, not {list(g._array.shape)}."
        )


def _name(hook: Callable) -> str:
    return getattr(hook, "__name__", repr(hook))
