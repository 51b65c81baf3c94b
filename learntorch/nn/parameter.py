"""`Parameter`: a tensor that is to be learned; and what modules and optimizers say and do of parameters.

Read in chapter 08.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import new
from ..tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module counts among its parameters. It requires grad unless told otherwise.

    It shares the memory of the tensor that it is made from.
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        source = Tensor(0) if data is None else data.detach()
        if requires_grad and not source.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients. Convert it first, for "
                "example with .float()."
            )
        out = new(cls)
        out._array, out._stamp = source._array, source._stamp
        out._requires_grad = False
        out._edge = out._grad = out._base = None
        out.requires_grad_(requires_grad)
        return out

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class _BufferMeta(type(Tensor)):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor that becomes a buffer when it is assigned to an attribute of a module. It is an ordinary tensor."""

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Tensor:
        out = Tensor() if data is None else data.detach().requires_grad_(data.requires_grad)
        out._is_buffer, out.persistent = True, persistent
        return out


def clear_gradients(parameters: Iterable[Tensor], set_to_none: bool = True) -> None:
    """Forget gradients: drop them, or (with `set_to_none=False`) fill them with zeros."""
    for parameter in parameters:
        if parameter._grad is not None:
            if set_to_none:
                parameter._grad = None
            else:
                parameter._grad = parameter._grad.detach()
                parameter._grad.zero_()


# The tables of a module, what they hold, and what they accept, in the words of the error.
KINDS = {
    "_parameters": ("parameter", "torch.nn.Parameter"),
    "_modules": ("child module", "torch.nn.Module"),
    "_buffers": ("buffer", "torch.nn.Buffer, torch.Tensor"),
}


def check_kind(name: str, value: object, table: str) -> None:
    """Refuse a value that does not belong into the table that has its name."""
    if value is None or (table == "_buffers" and isinstance(value, Tensor)):
        return
    kind, wanted = KINDS[table]
    message = f"cannot assign '{typename(value)}' as {kind} '{name}' ({wanted} or None expected)"
    if table == "_parameters":
        message += ". To change the numbers, write into it under no_grad()."
    raise TypeError(message)


def check_name(module, kind: str, name: str) -> None:
    """Refuse a name for a new entry in the table of `kind`: "parameter", "module" or "buffer"."""
    table = module.__dict__.get(f"_{kind}s")
    if table is None:
        raise too_early(kind)
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
    if name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if hasattr(module, name) and name not in table:
        raise KeyError(f"attribute '{name}' already exists")


def too_early(kind: str) -> AttributeError:
    """The error for a module that has no tables yet."""
    return AttributeError(
        f"cannot assign {kind} before Module.__init__() call. Begin __init__ with super().__init__()."
    )


def typename(value: object) -> str:
    """The type of a value, as errors name it: 'torch.FloatTensor' for a tensor."""
    if isinstance(value, Tensor):
        return value.type()
    kind = value if isinstance(value, type) else type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
