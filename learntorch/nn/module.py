"""`Module`: an object with parameters, found by themselves, and a forward method.

Read in chapter 08.
"""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator, Mapping
from textwrap import indent

from ..dtypes import dtype
from ..hooks import HookDict, RemovableHandle
from ..modes import no_grad
from ..tensor import Tensor
from .hooks import FullWatch, LegacyWatch
from .parameter import KINDS, Parameter, check_kind, check_name, clear_gradients, too_early, typename

_Keys = namedtuple("IncompatibleKeys", ("missing_keys", "unexpected_keys"))


class _IncompatibleKeys(_Keys):
    """The names that did not match when a state was loaded."""

    __slots__ = ()

    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"


class Module:
    """The base of every layer and every net.

    A subclass calls `super().__init__()`, assigns its parameters and inner modules to attributes, and
    defines `forward`. Calling the module runs forward, and the hooks around it.
    """

    training: bool

    def __init__(self) -> None:
        # Straight into __dict__: __setattr__ needs these to exist already.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _modules={},
            _transient=set(),  # buffers that state_dict leaves out
            _forward_hooks=HookDict(),
            _forward_pre_hooks=HookDict(),
            _backward_hooks=HookDict(),
            _watch=None,  # the kind of backward hook: FullWatch or LegacyWatch
        )

    # Calling ─────────────────────────────────────────────────────────────────────────────────────

    def forward(self, *input: object) -> Tensor:
        """What the module computes. Every subclass defines it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function. Define it in the class.'
        )

    def __call__(self, *args: object, **kwargs: object):
        """Run forward. With hooks: first the pre-hooks, then forward, then the hooks."""
        if not (self._forward_pre_hooks or self._forward_hooks or self._backward_hooks):
            return self.forward(*args, **kwargs)
        for hook in tuple(self._forward_pre_hooks.values()):
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        watch = self._watch(self) if self._backward_hooks else None
        if watch is not None:
            args = watch.inputs(args)
        result = self.forward(*args, **kwargs)
        for hook in tuple(self._forward_hooks.values()):
            changed = hook(self, args, result)
            if changed is not None:
                result = changed
        return result if watch is None else watch.outputs(result)

    def register_forward_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, args)` before forward; it may return other args."""
        return RemovableHandle(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; it may return another output."""
        return RemovableHandle(self._forward_hooks, hook)

    def register_full_backward_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the module's inputs are known.

        It may return other gradients for the inputs.
        """
        return self._backward_hook(FullWatch, hook)

    def register_backward_hook(self, hook: Callable) -> RemovableHandle:
        """The old kind: the hook sees the last operation inside forward. Use `register_full_backward_hook`."""
        return self._backward_hook(LegacyWatch, hook)

    def _backward_hook(self, kind: type, hook: Callable) -> RemovableHandle:
        if self._watch not in (None, kind):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only "
                "one of them."
            )
        self._watch = kind
        return RemovableHandle(self._backward_hooks, hook)

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
        if table == "_parameters":
            self.register_parameter(name, value)
        else:
            self._modules[name] = value

    def __getattr__(self, name: str):
        # Only asked for what normal look-up does not find.
        for table in KINDS:
            found = self.__dict__.get(table, ())
            if name in found:
                return found[name]
        advice = "" if "_parameters" in self.__dict__ else ". Begin __init__ with super().__init__()."
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'{advice}")

    def __delattr__(self, name: str) -> None:
        home = self._home(name)
        if home is None:
            object.__delattr__(self, name)
        else:
            del self.__dict__[home][name]

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
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add an inner module under this name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        check_name(self, "module", name)
        self._modules[name] = module

    # Walking ─────────────────────────────────────────────────────────────────────────────────────

    def named_modules(self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True) -> Iterator:
        """This module and all inside it, each once, with their dotted names."""
        memo = set() if memo is None else memo
        if self in memo and remove_duplicate:
            return
        memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all inside it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (module for _, module in self.named_children())

    def _named(self, table: str, prefix: str, recurse: bool) -> Iterator:
        seen = set()
        for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for name, value in getattr(module, table).items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their dotted names; one that is shared comes once."""
        return self._named("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, of this module and of those inside it."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their dotted names."""
        return self._named("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module with this dotted name."""
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def apply(self, fn: Callable[[Module], None]) -> Module:
        """Call `fn` on every module inside, then on this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # Changing all at once ────────────────────────────────────────────────────────────────────────

    def train(self, mode: bool = True) -> Module:
        """Switch to training mode (or out of it): some layers, such as Dropout, behave differently."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for module in self.modules():
            module.training = mode
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

    def _convert(self, change: Callable[[Tensor], Tensor]) -> Module:
        """Change the numbers of all parameters and buffers; the Parameter objects stay the same ones."""
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    gradient, parameter._grad = parameter._grad, None
                    parameter.data = change(parameter.data)
                    parameter._grad = None if gradient is None else change(gradient.detach())
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = change(buffer)
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

        return self._convert(change)

    def cpu(self) -> Module:
        """All parameters and buffers on the CPU."""
        return self.to("cpu")

    def cuda(self, device=None) -> Module:
        """All parameters and buffers on a GPU."""
        return self._convert(lambda t: t.cuda(device))

    def float(self) -> Module:
        """Floating-point parameters and buffers as float32."""
        return self._convert(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Module:
        """Floating-point parameters and buffers as float64."""
        return self._convert(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Module:
        """Floating-point parameters and buffers as float16."""
        return self._convert(lambda t: t.half() if t.is_floating_point() else t)

    # State ───────────────────────────────────────────────────────────────────────────────────────

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict:
        """All parameters and buffers by their dotted names. They share memory with the module."""
        state = OrderedDict()
        for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
            own = {**module._parameters, **{n: b for n, b in module._buffers.items() if n not in module._transient}}
            for name, value in own.items():
                if value is not None:
                    state[f"{path}.{name}" if path else name] = value if keep_vars else value.detach()
        return state

    @no_grad()
    def load_state_dict(self, state_dict: Mapping, strict: bool = True) -> _IncompatibleKeys:
        """Copy values by name into the parameters and buffers. With `strict`, the names must be the same."""
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = self.state_dict(keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        errors = []
        if strict and missing:
            errors.append(f"Missing key(s) in state_dict: {_quoted(missing)}. ")
        if strict and unexpected:
            errors.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
        for name in (name for name in own if name in state_dict):
            value = state_dict[name]
            if not isinstance(value, Tensor):
                errors.append(
                    f'While copying the parameter named "{name}", expected torch.Tensor or Tensor-like object from '
                    f"checkpoint but received {type(value)}"
                )
            elif value.shape != own[name].shape:
                errors.append(
                    f"size mismatch for {name}: copying a param with shape {value.shape} from checkpoint, "
                    f"the shape in current model is {own[name].shape}."
                )
            else:
                own[name].copy_(value)
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        return _IncompatibleKeys(missing, unexpected)

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


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
