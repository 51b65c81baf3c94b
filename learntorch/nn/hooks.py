"""Hooks of modules: functions that run before and after forward, and when gradients come back.

Read in chapter 08. A module is no node of the graph. To see the gradients of its outputs and inputs, a watch puts
a node on each side of it, through which the tensors pass unchanged, and hooks on these nodes see the gradients.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from ..autograd import Function
from ..hooks import HookDict, RemovableHandle
from ..modes import grad_mode
from ..tensor import Tensor


def register(hooks: HookDict, hook: Callable, prepend: bool = False) -> RemovableHandle:
    """Add a hook, behind the others or (with `prepend`) before them."""
    before = list(hooks)
    handle = RemovableHandle(hooks, hook)
    for number in before if prepend else ():
        hooks[number] = hooks.pop(number)
    return handle


class ForwardHook:
    """A hook that runs before or after forward, and how it wants to be called."""

    def __init__(self, hook: Callable, with_kwargs: bool = False, always_call: bool = False) -> None:
        self.hook, self.with_kwargs, self.always_call = hook, with_kwargs, always_call

    def __call__(self, *args: object):
        return self.hook(*args)

    def before(self, module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Run it before forward: what forward is to be given."""
        if not self.with_kwargs:
            changed = self.hook(module, args)
            return args if changed is None else changed if isinstance(changed, tuple) else (changed,), kwargs
        changed = self.hook(module, args, kwargs)
        if changed is None:
            return args, kwargs
        if not (isinstance(changed, tuple) and len(changed) == 2):
            raise RuntimeError(
                f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
            )
        return changed

    def after(self, module, args: tuple, kwargs: dict, result):
        """Run it after forward: what the module is to return."""
        changed = self.hook(module, args, kwargs, result) if self.with_kwargs else self.hook(module, args, result)
        return result if changed is None else changed


def call_always(module, called: list[ForwardHook], args: tuple, kwargs: dict, result) -> None:
    """After an error: run the hooks that are to be called always and have not been yet."""
    for hook in tuple(module._forward_hooks.values()):
        if hook.always_call and hook not in called:
            try:
                result = hook.after(module, args, kwargs, result)
            except Exception as error:
                warnings.warn(
                    "module forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    stacklevel=3,
                )


# Backward ────────────────────────────────────────────────────────────────────────────────────────


class NoWatch:
    """For a module without backward hooks: lets everything through."""

    def __init__(self, module) -> None:
        pass

    def inputs(self, args: tuple) -> tuple:
        """The arguments of forward, as they are."""
        return args

    def outputs(self, result):
        """The result of forward, as it is."""
        return result


class Passage(Function):
    """Lets tensors through unchanged: the gradients of all of them pass one node, where hooks can wait."""

    @staticmethod
    def forward(ctx, *tensors):
        return tuple(t.detach() for t in tensors)

    @staticmethod
    def backward(ctx, *gradients):
        return gradients


class FullWatch:
    """For one call of a module: runs its hooks once the gradients of its outputs and inputs are known."""

    def __init__(self, module) -> None:
        self.module = module
        self.grad_output: tuple | None = None

    def inputs(self, args: tuple) -> tuple:
        """The arguments of forward, led through a node whose gradients are the module's grad_input."""
        passed, self.places_in, node = _through(args)
        self.count = len(args)
        if node is not None:
            node.register_hook(self._inputs_known)
        return passed

    def outputs(self, result):
        """The result of forward, led through a node whose gradients are the module's grad_output."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                f"received {type(result)}",
                stacklevel=3,
            )
        single = not isinstance(result, tuple)
        passed, self.places_out, node = _through((result,) if single else result)
        if node is not None:
            count = len(passed)  # not `passed` itself: node and tensor would hold each other
            node.register_hook(lambda _, gradients: self._outputs_known(gradients, count))
        return passed[0] if single else passed

    def _outputs_known(self, gradients: tuple, count: int) -> tuple | None:
        self.grad_output = _spread(gradients, self.places_out, count)
        hooks = tuple(self.module._backward_pre_hooks.values())
        for hook in hooks:
            changed = hook(self.module, self.grad_output)
            if changed is None:
                continue
            if len(changed) != count:
                raise RuntimeError(
                    f"Backward pre hook returned an invalid number of grad_output, got {len(changed)}, but expected "
                    f"{count}. Return a tuple with one for every output, or None to change nothing."
                )
            self.grad_output = changed
        passed_on = tuple(self.grad_output[i] for i in self.places_out) if hooks else None
        if not self.places_in:
            self._no_inputs()
        return passed_on  # if there are gradients of the inputs, they will come, and then the hooks run

    def _no_inputs(self) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no "
            "inputs require gradients. Its grad_input holds None; the parameters get their gradients all the same.",
            stacklevel=2,
        )
        for g in self._run((None,) * self.count):
            if g is not None:
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None "
                    "for all gradients."
                )

    def _inputs_known(self, gradients: tuple, _) -> tuple | None:
        if self.grad_output is None:
            return None  # the gradient came by another way than through the module's output
        changed = self._run(_spread(gradients, self.places_in, self.count))
        # Copies: what goes on may become some .grad and grow, and the hook may have kept what it saw.
        return tuple(None if changed[i] is None else changed[i].clone() for i in self.places_in)

    def _run(self, grad_input: tuple) -> tuple:
        for hook in tuple(self.module._backward_hooks.values()):
            changed = hook(self.module, grad_input, self.grad_output)
            if changed is None:
                continue
            changed = (changed,) if isinstance(changed, Tensor) else tuple(changed)
            if len(changed) != len(grad_input):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(changed)}, but expected "
                    f"{len(grad_input)}. Return one for every argument of forward, or None to change nothing."
                )
            grad_input = changed
        self.grad_output = None
        return grad_input


def _through(values: tuple) -> tuple:
    """`values` with the tensors that require grad led through one node; their places; the node."""
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not places or not grad_mode.enabled:
        return values, [], None
    passed = Passage.apply(*(values[i] for i in places))
    values = list(values)
    for i, t in zip(places, passed):
        values[i] = t
    return tuple(values), places, passed[0].grad_fn


def _spread(gradients: tuple, places: list[int], count: int) -> tuple:
    """A tuple of `count` with the gradients at their places, None elsewhere."""
    found = dict(zip(places, gradients))
    return tuple(found.get(i) for i in range(count))


class LegacyWatch:
    """The old backward hook: it sits on the node of the module's output, its last operation.

    Its grad_input are the gradients that this node sends on. For a linear layer they come in the order of
    our rule, (x, weight, bias); PyTorch's operation there takes (bias, x, weightᵀ).
    """

    def __init__(self, module) -> None:
        self.module = module

    def inputs(self, args: tuple) -> tuple:
        """The arguments of forward, as they are."""
        self.args = args
        return args

    def outputs(self, result):
        """The result of forward, as it is, with the hooks on its node."""
        first = result
        while not isinstance(first, Tensor):
            first = next(iter(first.values())) if isinstance(first, dict) else first[0]
        node = first.grad_fn
        if node is not None:
            for hook in tuple(self.module._backward_hooks.values()):
                node.register_hook(lambda *gradients, hook=hook: hook(self.module, *gradients))
            sources = {t.grad_fn for t in self.args if isinstance(t, Tensor)} - {None}
            if sources != {edge[0] for edge in node.next_functions}:
                warnings.warn(
                    "Using a non-full backward hook when the forward contains multiple autograd Nodes is "
                    "deprecated and will be removed in future versions. This hook will be missing some "
                    "grad_input. Please use register_full_backward_hook to get the documented behavior.",
                    FutureWarning,
                    stacklevel=3,
                )
        return result
