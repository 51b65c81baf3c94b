"""What to say when an operation refuses: NumPy's errors in PyTorch's types and words.

Read in chapter 01. Called only after something has failed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Container

import numpy as np

from .devices import device_of
from .dtypes import of_numpy


def explain(error: Exception, name: str, arrays: tuple, options: dict) -> Exception:
    """The error that PyTorch would raise in place of `error`."""
    if getattr(error, "final", False) or isinstance(error, (RuntimeError, AssertionError, NotImplementedError)):
        return error
    if isinstance(error, (TypeError, AttributeError)):
        for i, x in enumerate(arrays):
            if x is not None and not hasattr(x, "shape"):
                return argument_error(name, arguments(name)[0], i, "Tensor", x)
    arrays = tuple(x for x in arrays if hasattr(x, "shape"))
    if len({str(device_of(x)) for x in arrays}) > 1:
        places = " and ".join(sorted({_place(x) for x in arrays}))
        return RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {places}! "
            "Move them with .to(device)."
        )
    if isinstance(error, np.exceptions.AxisError):
        return dimension_error(options.get("dim", getattr(error, "axis", None)), max(x.ndim for x in arrays))
    if isinstance(error, ValueError) and len(arrays) > 1:
        return broadcast_error(*(x.shape for x in arrays)) or RuntimeError(f"{name}(): {error}")
    if isinstance(error, TypeError) and "ufunc" in str(error) and arrays:
        return not_implemented(f"{name}_cpu", arrays[0])
    if isinstance(error, (TypeError, IndexError)):
        return error
    return RuntimeError(f"{name}(): {error}")


# What PyTorch calls the inputs of an operation after the first, where that is not `other`.
_ARGUMENTS = {
    "mm": ("mat2",), "bmm": ("mat2",), "mv": ("vec",), "dot": ("tensor",), "pow": ("exponent",),
    "lerp": ("end", "weight"), "addcmul": ("tensor1", "tensor2"), "addcdiv": ("tensor1", "tensor2"),
    "addmm": ("mat1", "mat2"), "addmv": ("mat", "vec"), "addbmm": ("batch1", "batch2"),
    "baddbmm": ("batch1", "batch2"), "outer": ("vec2",), "vdot": ("other",),
}  # fmt: skip


def arguments(name: str) -> tuple[str, ...]:
    """The public names of the inputs after the first: `x.mm(mat2=y)`, `x.add(other=y)`."""
    return _ARGUMENTS.get(name.removesuffix("_"), ("other",))


# Old tutorials write numbers first: x.add_(0.1, y) is x.add_(y, alpha=0.1).
_NUMBERS = {
    "add": ("alpha",), "sub": ("alpha",), "addcmul": ("value",), "addcdiv": ("value",), "addmm": ("beta", "alpha"),
    "addmv": ("beta", "alpha"), "addbmm": ("beta", "alpha"), "baddbmm": ("beta", "alpha"),
}  # fmt: skip


def _too_many(name: str, count: int, given: int, by_name: tuple[str, ...]) -> TypeError:
    advice = f". Give {' and '.join(by_name)} by name." if by_name else ""
    takes = f"takes {count} positional argument{'' if count == 1 else 's'}"
    error = TypeError(f"{name}() {takes} but {given} were given{advice}")
    error.flat = lambda: _too_many(name, count + 1, given + 1, by_name)
    return final(error)


def _reordered(name: str, count: int, inputs: tuple, options: dict) -> tuple[tuple, dict]:
    """What has more than its `count` inputs: the old order, which warns, or a mistake."""
    names, more = _NUMBERS.get(name.removesuffix("_"), ()), len(inputs) - count
    first = inputs[1 : more + 1]
    if more > len(names) or any(getattr(x, "ndim", 0) or isinstance(x, str) for x in first):
        raise _too_many(name, count - 1, len(inputs) - 1, names)
    tensors = ", ".join(f"Tensor {x}" for x in arguments(name))
    given = ", ".join(f"Number {x}" for x in names[:more])
    numbers = ", ".join(f"Number {x} = 1" for x in names)
    warn_once(
        f"This overload of {name} is deprecated:\n\t{name}({given}, {tensors})\n"
        f"Consider using one of the following signatures instead:\n\t{name}({tensors}, *, {numbers})",
        about="numbers first",
    )
    return (inputs[0], *inputs[more + 1 :]), options | dict(zip(names, first))


_PLAIN = {type(None), bool, int, float, str, tuple}  # what an option is as a rule


def by_name(name: str, count: int, most: float, inputs: tuple, options: dict,
            known: Container[str]) -> tuple[tuple, dict]:  # fmt: skip
    """Put the inputs that were given by name (`x.pow(exponent=2)`) into their places; `count` to `most` are taken."""
    if len(inputs) > most:
        inputs, options = _reordered(name, count, inputs, options)
    while len(inputs) < count:
        names = ("input", *arguments(name))
        expected = names[len(inputs)] if len(inputs) < len(names) else "other"
        if expected not in options:
            error = TypeError(f'{name}() missing 1 required positional arguments: "{expected}"')
            raise final(error)
        options = dict(options)
        inputs += (options.pop(expected),)
    for option, value in options.items():
        if option not in known:
            raise final(TypeError(f"{name}() got an unexpected keyword argument '{option}'"))
        if type(value) not in _PLAIN and getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            options = options | {option: value.item()}  # a number of NumPy's, or a tensor that stands for one
    return inputs, options


def not_implemented(kernel: str, array) -> NotImplementedError:
    """The sentence for an operation that does not exist for the type of `array`; `kernel` is PyTorch's inner name."""
    return NotImplementedError(
        f"\"{kernel}\" not implemented for '{type_name(array)}'. Convert the tensor first, for example with .long() or "
        ".float()."
    )


def require(kinds: str, kernel: str, *arrays) -> None:
    """Refuse types that are not of these kinds (NumPy's letters: b bool, i and u integer, f floating-point)."""
    for array in arrays:
        if hasattr(array, "dtype") and array.dtype.kind not in kinds:
            raise broadcast_error(*(x.shape for x in arrays if hasattr(x, "shape"))) or not_implemented(kernel, array)


def _place(array) -> str:
    return str(device_of(array))


def broadcast_error(*shapes: tuple) -> RuntimeError | None:
    """The first pair of dimensions that do not go together, in PyTorch's words."""
    total = ()
    for shape in shapes:
        n = max(len(total), len(shape))
        for i in range(1, n + 1):
            p = total[-i] if i <= len(total) else 1
            q = shape[-i] if i <= len(shape) else 1
            if p != q and 1 not in (p, q):
                return RuntimeError(
                    f"The size of tensor a ({p}) must match the size of tensor b ({q}) at non-singleton "
                    f"dimension {n - i}. Sizes are compared from the last one back: reshape or unsqueeze one "
                    "of the tensors."
                )
        total = np.broadcast_shapes(total, shape)
    return None


def shape_mismatch(target: tuple, value: tuple) -> RuntimeError:
    """The sentence for an in-place result that does not fit into its target."""
    clash = broadcast_error(target, value)
    if clash is not None:
        return clash
    return RuntimeError(
        f"output with shape {list(target)} doesn't match the broadcast shape "
        f"{list(np.broadcast_shapes(target, value))}. Use the form without the trailing underscore."
    )


def dimension_error(dim: object, ndim: int) -> IndexError:
    """The sentence for a `dim` that the tensor does not have."""
    n = max(ndim, 1)
    if isinstance(dim, (tuple, list)):
        dim = next((d for d in dim if not -n <= d < n), dim)
    return final(
        IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim}). The tensor "
            f"has {ndim} dimension{'' if ndim == 1 else 's'}."
        )
    )


def no_such_name(module: str) -> Callable[[str], object]:
    """The `__getattr__` of a module: says where to look for a name that it does not have."""

    def refuse(name: str) -> object:
        raise AttributeError(
            f"module '{module}' has no attribute '{name}'. What PyTorch has and learntorch has not is listed in "
            "docs/differences.md."
        )

    return refuse


def final(error: Exception) -> Exception:
    """Mark an error that already says what the user should read."""
    error.final = True
    return error


def argument_error(function: str, name: str, position: int, wanted: str, got: object) -> TypeError:
    """The sentence for an argument of the wrong type."""
    error = TypeError(f"{function}(): argument '{name}' (position {position}) must be {wanted}, not {kind_of(got)}")
    error.parts = (function, name, position, wanted, got)
    return final(error)


def kind_of(value: object) -> str:
    """The type of a value, as PyTorch writes it: 'int', 'numpy.float32'."""
    kind = type(value)
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


def shifted(error: TypeError) -> TypeError:
    """The same error for `torch.add(x, y)`, where every argument of `x.add(y)` stands one place further on."""
    if hasattr(error, "flat"):
        return error.flat()
    if not hasattr(error, "parts"):
        return error
    function, name, position, wanted, got = error.parts
    return error if name == "input" else argument_error(function, name, position + 1, wanted, got)


def type_name(x) -> str:
    """The short old name of the type of an array: 'Float', 'Long'."""
    return of_numpy(x.dtype).short


def c_name(x) -> str:
    """The name that C++, and so some of PyTorch's sentences, has for the type of an array."""
    names = {"float16": "c10::Half", "float32": "float", "float64": "double", "int64": "long int", "int32": "int",
             "int16": "short int", "int8": "signed char", "uint8": "unsigned char", "bool": "bool"}  # fmt: skip
    return names[x.dtype.name]


_WARNED: set[str] = set()


def warn_once(message: str, about: str = "") -> None:
    """A warning that PyTorch gives once in the life of a program, or once of all that is `about` the same."""
    if (about or message) not in _WARNED:
        _WARNED.add(about or message)
        warnings.warn(message, UserWarning, stacklevel=4)


def invalid_gradient(found: tuple, expected: tuple) -> RuntimeError:
    """What to say of a gradient of another shape than the tensor had when it was used."""
    return RuntimeError(
        f"A function returned an invalid gradient - got {list(found)} but expected shape compatible with "
        f"{list(expected)}. A tensor has got another shape since it was used."
    )
