"""`Module`: an object with parameters, found by themselves, and a forward method.

Read in chapter 08.
"""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator

from ..autograd import Function
from ..base import new
from ..hooks import HookDict, RemovableHandle
from ..modes import no_grad
from ..tensor import Tensor

_Keys = namedtuple("IncompatibleKeys", ("missing_keys", "unexpected_keys"))


class _IncompatibleKeys(_Keys):
    """The names that did not match when a state was loaded."""

    __slots__ = ()

    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"


class Parameter(Tensor):
    """A tensor that a module counts among its parameters. It requires grad unless told otherwise."""

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        source = Tensor(0) if data is None else data.detach()
        out = new(cls)
        out._array, out._stamp = source._array, source._stamp
        out._requires_grad = False
        out._edge = out._grad = out._base = None
        out.requires_grad_(requires_grad)
        return out

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Module:
    """The base of every layer and every net.

    A subclass calls `super().__init__()`, assigns its parameters and inner modules to attributes, and
    defines `forward`. Calling the module runs forward, and the hooks around it.
    """

    training: bool

    def __init__(self, *args: object, **kwargs: object) -> None:
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
        )

    # Calling ─────────────────────────────────────────────────────────────────────────────────────

    def forward(self, *input: object) -> Tensor:
        """What the module computes. Every subclass defines it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: object, **kwargs: object):
        """Run forward. With hooks: first the pre-hooks, then forward, then the hooks."""
        if not (self._forward_pre_hooks or self._forward_hooks or self._backward_hooks):
            return self.forward(*args, **kwargs)
        for hook in tuple(self._forward_pre_hooks.values()):
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        watch = _BackwardWatch(self) if self._backward_hooks else None
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
        """Call `hook(module, grad_input, grad_output)` when the gradients of the module's inputs are known."""
        return RemovableHandle(self._backward_hooks, hook)

    def register_backward_hook(self, hook: Callable) -> RemovableHandle:
        """The old name of `register_full_backward_hook`, which is the one to use."""
        return self.register_full_backward_hook(hook)

    # Attributes ──────────────────────────────────────────────────────────────────────────────────

    def __setattr__(self, name: str, value: object) -> None:
        """Put parameters and modules into their tables, so that `parameters()` finds them."""
        if isinstance(value, (Parameter, Module)):
            if "_parameters" not in self.__dict__:
                kind = "parameters" if isinstance(value, Parameter) else "module"
                raise AttributeError(
                    f"cannot assign {kind} before Module.__init__() call. Begin __init__ with super().__init__()."
                )
            for table in (self.__dict__, self._parameters, self._modules, self._buffers):
                table.pop(name, None)
            (self._parameters if isinstance(value, Parameter) else self._modules)[name] = value
            return
        for table in (self.__dict__.get(kind) for kind in ("_parameters", "_modules", "_buffers")):
            if table is not None and name in table:
                if value is not None and not (table is self._buffers and isinstance(value, Tensor)):
                    kind = {id(self._parameters): "parameter", id(self._modules): "child module"}.get(
                        id(table), "buffer"
                    )
                    wanted = {"parameter": "torch.nn.Parameter", "child module": "torch.nn.Module"}.get(
                        kind, "torch.Tensor"
                    )
                    raise TypeError(
                        f"cannot assign '{_type_name(value)}' as {kind} '{name}' ({wanted} or None expected)"
                    )
                table[name] = value
                return
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str):
        # Only asked for what normal look-up does not find.
        for kind in ("_parameters", "_modules", "_buffers"):
            table = self.__dict__.get(kind)
            if table is not None and name in table:
                return table[name]
        if "_parameters" not in self.__dict__ and name.startswith("_"):
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}'. Begin __init__ with super().__init__()."
            )
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._modules, self._buffers):
            if name in table:
                del table[name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._parameters, *self._modules, *self._buffers})

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under this name; None keeps the place empty."""
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_name(param)}' object to parameter '{name}' (torch.nn.Parameter or "
                "None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not trained."""
        self._buffers[name] = tensor
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add an inner module under this name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_type_name(module)} is not a Module subclass")
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
            module = getattr(module, name)
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
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    parameter.data = change(parameter.data)
                    if parameter._grad is not None:
                        parameter._grad = change(parameter._grad)
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = change(buffer)
        return self

    def to(self, *args: object, **kwargs: object) -> Module:
        """Move all parameters and buffers to a device; a dtype changes the floating-point ones."""

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
    def load_state_dict(self, state_dict: dict, strict: bool = True) -> _IncompatibleKeys:
        """Copy values by name into the parameters and buffers; nothing is copied if something does not fit."""
        own = self.state_dict(keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        errors = []
        if strict and unexpected:
            errors.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
        if strict and missing:
            errors.append(f"Missing key(s) in state_dict: {_quoted(missing)}. ")
        for name in own:
            if name in state_dict and own[name].shape != state_dict[name].shape:
                errors.append(
                    f"size mismatch for {name}: copying a param with shape {state_dict[name].shape} from checkpoint, "
                    f"the shape in current model is {own[name].shape}."
                )
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        for name, value in own.items():
            if name in state_dict:
                value.copy_(state_dict[name])
        return _IncompatibleKeys(missing, unexpected)

    # Printing ────────────────────────────────────────────────────────────────────────────────────

    def extra_repr(self) -> str:
        """What a layer says of itself in print, between the brackets."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        lines = [f"({name}): " + repr(module).replace("\n", "\n  ") for name, module in self._modules.items()]
        if len(extra) == 1 and not lines:
            return f"{self._get_name()}({extra[0]})"
        body = "\n  ".join(extra + lines)
        return f"{self._get_name()}(\n  {body}\n)" if body else f"{self._get_name()}()"


def clear_gradients(parameters, set_to_none: bool = True) -> None:
    """Forget gradients: drop them, or (with `set_to_none=False`) fill them with zeros."""
    for parameter in parameters:
        if parameter._grad is not None:
            if set_to_none:
                parameter._grad = None
            else:
                parameter._grad = parameter._grad.detach()
                parameter._grad.zero_()


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _type_name(value: object) -> str:
    kind = type(value)
    if isinstance(value, Tensor):
        return "torch.FloatTensor" if value.dtype.name == "float32" else value.type()
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


# Backward hooks ──────────────────────────────────────────────────────────────────────────────────


class _Passage(Function):
    """Lets tensors through unchanged: the gradients of all of them pass one node, where hooks can wait."""

    @staticmethod
    def forward(ctx, *tensors):
        ctx.set_materialize_grads(False)
        return tuple(t.detach() for t in tensors)

    @staticmethod
    def backward(ctx, *gradients):
        return gradients


class _BackwardWatch:
    """Calls the backward hooks of a module once the gradients of its outputs and its inputs are known."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.grad_output: tuple = ()
        self.has_inputs = False

    def inputs(self, args: tuple) -> tuple:
        """The arguments of forward, led through a node whose gradients are the module's grad_input."""
        through, places = self._through(args)
        if places:
            self.has_inputs = True
            places[0].register_hook(lambda grad_inputs, grad_outputs: self._run(grad_inputs))
        return through

    def outputs(self, result):
        """The result of forward, led through a node whose gradients are the module's grad_output."""
        single = not isinstance(result, tuple)
        through, places = self._through((result,) if single else result)
        if places:
            places[0].register_prehook(self._remember)
        return through[0] if single else through

    def _through(self, values: tuple) -> tuple:
        at = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
        if not at:
            return values, []
        passed = _Passage.apply(*[values[i] for i in at])
        values = list(values)
        for i, t in zip(at, passed):
            values[i] = t
        return tuple(values), [passed[0].grad_fn]

    def _remember(self, grad_outputs: tuple):
        self.grad_output = grad_outputs
        if self.has_inputs:
            return None
        self._run((None,))  # no input requires grad: the hooks run now
        return None

    def _run(self, grad_inputs: tuple):
        for hook in tuple(self.module._backward_hooks.values()):
            changed = hook(self.module, grad_inputs, self.grad_output)
            if changed is not None:
                grad_inputs = changed if isinstance(changed, tuple) else (changed,)
        return grad_inputs
