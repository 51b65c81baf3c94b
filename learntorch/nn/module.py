"""`Module`: an object with parameters, found by themselves, and a forward method.

Read in chapter 08. Walking through a module stands in tree.py, its state in state.py.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from textwrap import indent

from ..dtypes import dtype
from ..hooks import HookDict, RemovableHandle
from ..modes import no_grad
from ..tensor import Tensor
from .hooks import ForwardHook, FullWatch, LegacyWatch, NoWatch, call_always, register
from .parameter import KINDS, Buffer, Parameter, check_kind, check_name, clear_gradients, too_early, typename
from .state import State
from .tree import Tree


class Module(Tree, State):
    """The base of every layer and every net.

    A subclass calls `super().__init__()`, assigns its parameters and inner modules to attributes, and
    defines `forward`. Calling the module runs forward, and the hooks around it.
    """

    training: bool

    def __init__(self, *args: object, **kwargs: object) -> None:
        if args or kwargs:
            raise _too_many(type(self).__name__, args, kwargs)
        # Straight into __dict__: __setattr__ needs these to exist already.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _modules={},
            _non_persistent_buffers_set=set(),  # buffers that state_dict leaves out
            _forward_hooks=HookDict(),
            _forward_pre_hooks=HookDict(),
            _backward_hooks=HookDict(),
            _backward_pre_hooks=HookDict(),
            _watch=NoWatch,  # how the backward hooks look on: FullWatch or LegacyWatch
            _state_hooks={event: HookDict() for event in ("saving", "saved", "loading", "loaded")},
        )

    # Calling ─────────────────────────────────────────────────────────────────────────────────────

    def forward(self, *input: object) -> Tensor:
        """What the module computes. Every subclass defines it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function. Define it in the class.'
        )

    def __call__(self, *args: object, **kwargs: object):
        """Run forward. With hooks: first the pre-hooks, then forward, then the hooks."""
        if not (self._forward_pre_hooks or self._forward_hooks or self._backward_hooks or self._backward_pre_hooks):
            return self.forward(*args, **kwargs)
        result, called = None, []
        try:
            for hook in tuple(self._forward_pre_hooks.values()):
                args, kwargs = hook.before(self, args, kwargs)
            watch = self._watch(self)
            args = watch.inputs(args)
            result = self.forward(*args, **kwargs)
            for hook in tuple(self._forward_hooks.values()):
                called.append(hook)
                result = hook.after(self, args, kwargs, result)
            return watch.outputs(result)
        except Exception:
            call_always(self, called, args, kwargs, result)
            raise

    def register_forward_pre_hook(self, hook: Callable, *, prepend: bool = False,
                                  with_kwargs: bool = False) -> RemovableHandle:  # fmt: skip
        """Call `hook(module, args)` before forward; it may return other args.

        With `with_kwargs`, call `hook(module, args, kwargs)`; it may return a pair of other args and kwargs.
        """
        return register(self._forward_pre_hooks, ForwardHook(hook, with_kwargs), prepend)

    def register_forward_hook(self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False,
                              always_call: bool = False) -> RemovableHandle:  # fmt: skip
        """Call `hook(module, args, output)` after forward; it may return another output.

        With `with_kwargs`, call `hook(module, args, kwargs, output)`; with `always_call`, also after an error.
        """
        return register(self._forward_hooks, ForwardHook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the module's inputs are known.

        It may return other gradients for the inputs.
        """
        self._use(FullWatch)
        return register(self._backward_hooks, hook, prepend)

    def register_full_backward_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the module's outputs are known.

        It may return other gradients for the outputs.
        """
        if self._watch is NoWatch:
            self._use(FullWatch)
        return register(self._backward_pre_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable) -> RemovableHandle:
        """The old kind: the hook sees the last operation inside forward. Use `register_full_backward_hook`."""
        self._use(LegacyWatch)
        return register(self._backward_hooks, hook)

    def _use(self, kind: type) -> None:
        if self._watch not in (NoWatch, kind):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only "
                "one of them."
            )
        self._watch = kind

    # Attributes ──────────────────────────────────────────────────────────────────────────────────

    def __setattr__(self, name: str, value: object) -> None:
        """Sort by kind: parameters and modules go into tables, where `parameters()` finds them."""
        home = self._home(name)
        if isinstance(value, Parameter):
            self._file(name, value, "_parameters")
        elif isinstance(value, Module) and home != "_parameters":
            self._file(name, value, "_modules")
        elif home is not None:  # the name belongs to a parameter, a module or a buffer
            check_kind(name, value, home)
            getattr(self, home)[name] = value
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
        else:
            object.__setattr__(self, name, value)

    def _home(self, name: str) -> str | None:
        """The table that has this name; None for an ordinary attribute."""
        for table in KINDS:
            if name in self.__dict__.get(table, ()):
                return table
        return None

    def _file(self, name: str, value: Parameter | Module, table: str) -> None:
        """Put `value` into a table, and take its name out of all other places."""
        if table not in self.__dict__:
            raise too_early("parameters" if table == "_parameters" else "module")
        for other in (self.__dict__, self._parameters, self._modules, self._buffers):
            if other is not self.__dict__[table]:
                other.pop(name, None)
        self._non_persistent_buffers_set.discard(name)
        if table == "_parameters":
            self.register_parameter(name, value)
        else:
            self._modules[name] = value

    def __getattr__(self, name: str):
        # Only asked for what normal look-up does not find.
        home = self.__dict__
        for table in KINDS:
            if table in home and name in home[table]:
                return home[table][name]
        advice = "" if "_parameters" in home else ". Begin __init__ with super().__init__()."
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'{advice}")

    def __delattr__(self, name: str) -> None:
        home = self._home(name)
        if home is None:
            object.__delattr__(self, name)
        else:
            del self.__dict__[home][name]
            self._non_persistent_buffers_set.discard(name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._modules, *self._buffers}
        return sorted(name for name in names if not name[0].isdigit())

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under this name; None keeps the place empty."""
        check_name(self, "parameter", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not trained."""
        check_name(self, "buffer", name)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        transient = self._non_persistent_buffers_set
        (transient.discard if persistent else transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add an inner module under this name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        check_name(self, "module", name)
        self._modules[name] = module

    register_module = add_module

    # Changing all at once ────────────────────────────────────────────────────────────────────────

    def train(self, mode: bool = True) -> Module:
        """Switch to training mode (or out of it): some layers, such as Dropout, behave differently."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Module:
        """Switch to evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Let all parameters take part in differentiation, or none."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        clear_gradients(self.parameters(), set_to_none)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Module:
        """Change the numbers of all parameters and buffers; the Parameter objects stay the same ones."""
        for module in self.children() if recurse else ():
            module._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is not None:
                    parameter.data = fn(parameter.data)
                    if parameter._grad is not None:
                        parameter._grad.data = fn(parameter._grad.data)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: object, **kwargs: object) -> Module:
        """Move all parameters and buffers to a device; a dtype changes the floating-point ones."""
        for wanted in (*args, *kwargs.values()):
            if isinstance(wanted, dtype) and not wanted.is_floating_point:
                raise TypeError(
                    "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                    f"dtype={wanted}. Whole numbers cannot be trained."
                )

        def change(t: Tensor) -> Tensor:
            there = t.to(*args, **kwargs)
            return there if t.is_floating_point() else t.to(there.device)

        return self._apply(change)

    def cpu(self) -> Module:
        """All parameters and buffers on the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device=None) -> Module:
        """All parameters and buffers on a GPU."""
        return self._apply(lambda t: t.cuda(device))

    def type(self, dst_type) -> Module:
        """All parameters and buffers as this type, whole numbers too."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Module:
        """Floating-point parameters and buffers as float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Module:
        """Floating-point parameters and buffers as float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Module:
        """Floating-point parameters and buffers as float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    # Copies ──────────────────────────────────────────────────────────────────────────────────────

    def __copy__(self) -> Module:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: dict) -> Module:
        twin = memo[id(self)] = object.__new__(type(self))
        twin.__dict__.update(deepcopy(self.__dict__, memo))
        return twin

    def __reduce_ex__(self, protocol: int):
        raise TypeError(
            f"a {self._get_name()} cannot be pickled: reading a pickle can run any code. Save its numbers with "
            "torch.save(net.state_dict(), path), and load them into a new net with load_state_dict."
        )

    # Printing ────────────────────────────────────────────────────────────────────────────────────

    def extra_repr(self) -> str:
        """What a layer says of itself in print, between the brackets."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        inner = [f"({name}): {module!r}" for name, module in self._modules.items()]
        return listing(self._get_name(), extra, inner)


def listing(name: str, extra: list[str], inner: list[str]) -> str:
    """`Name(extra)` on one line; with inner modules, one line for each."""
    if len(extra) == 1 and not inner:
        return f"{name}({extra[0]})"
    lines = indent("\n".join(extra + inner), "  ")
    return f"{name}(\n{lines}\n)" if lines else f"{name}()"


def _too_many(name: str, args: tuple, kwargs: dict) -> TypeError:
    """Python's sentence for arguments that `__init__` does not take, naming the subclass."""
    if kwargs:
        return TypeError(f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'")
    return TypeError(f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given")
