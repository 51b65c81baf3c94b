"""`save` and `load`: tensors, state dicts and nested containers in one file, in the safetensors format.

Read in chapter 10. PyTorch's own files are pickles, and reading a pickle runs whatever code is in it. A safetensors
file holds numbers and names and nothing else. A flat dict of tensors, such as a state dict, is stored under its own
names, so that `safetensors.torch.load_file` reads it in PyTorch, and `load` reads what `save_file` wrote there.

Source: the safetensors format, version 0.5: a JSON header with a name, type, shape and place for each tensor.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

from . import dtypes
from .base import TensorBase, wrap
from .devices import device, move
from .nn.parameter import Parameter
from .tensor import Size, Tensor

PLAN = "learntorch"  # under this name the header holds how the containers are nested


def save(obj: object, f: str | os.PathLike | object, **ignored: object) -> None:
    """Write tensors and containers of them (dict, list, tuple; numbers and texts inside are fine) to a file.

    `f` is a path or a file opened for writing bytes. A path is written whole or not at all.

    Raises:
        TypeError: "save() stores tensors and containers of them, and there is a Linear in what you gave. …"
    """
    from safetensors.numpy import save as encode

    shelf = _Shelf()
    plan = shelf.put(obj, ())
    data = encode(shelf.arrays, metadata={PLAN: json.dumps(plan)})
    if hasattr(f, "write"):
        f.write(data)
        return
    path = Path(f)
    if not path.parent.is_dir():
        raise RuntimeError(f"Parent directory {path.parent} does not exist. Make it first, with mkdir.")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(f: str | os.PathLike | object, map_location: object = None, *, weights_only: bool = True,
         **ignored: object) -> object:  # fmt: skip
    """Read what `save` wrote, or a dict of tensors from a safetensors file of any other maker.

    Tensors go to `map_location` ("cpu", "cuda"), or where they were.

    Raises:
        RuntimeError: "this file is a pickle, …"
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as decode

    if not hasattr(f, "read") and not Path(f).exists():
        raise FileNotFoundError(2, "No such file or directory", str(f))
    data = f.read() if hasattr(f, "read") else Path(f).read_bytes()
    if data[8:9] != b"{" and data[:1] in (b"P", b"\x80"):  # a zip of pickles, or a bare one
        raise RuntimeError(
            "this file is a pickle, as torch.save of PyTorch writes it. Reading a pickle runs the code in it, so "
            "load() does not. In PyTorch, write it with safetensors.torch.save_file(model.state_dict(), path)."
        )
    try:
        arrays = decode(data)
        plan = _header(data).get("__metadata__", {}).get(PLAN)
    except (SafetensorError, ValueError, KeyError) as error:
        raise RuntimeError(
            f"this is not a safetensors file, or it is damaged ({error}). Was it written by save()?"
        ) from None
    tensors = {name: _placed(np.array(array), map_location) for name, array in arrays.items()}
    return tensors if plan is None else _get(json.loads(plan), tensors)


def _header(data: bytes) -> dict:
    """The JSON at the head of a safetensors file; its length stands in the first eight bytes."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length])


def _placed(array: np.ndarray, map_location: object) -> Tensor:
    return wrap(array) if map_location is None else wrap(array).to(device(map_location))


# Containers ──────────────────────────────────────────────────────────────────────────────────────
#
# The plan is JSON: a number, text, True, False or None stands for itself; everything else is [kind, …].


class _Shelf:
    """Collects the arrays of a nested object under their names."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.places: dict[tuple, str] = {}  # where in memory → the name under which it is stored
        self.kept: list = []  # so that no address is used twice

    def put(self, obj: object, path: tuple[str, ...]) -> object:
        """The plan of `obj`."""
        if obj is None or isinstance(obj, (bool, int, float, str)):
            return obj
        if isinstance(obj, TensorBase):
            return self.tensor(obj, path)
        if isinstance(obj, dict):
            kind = "ordered" if isinstance(obj, OrderedDict) else "dict"
            return [kind, [[self.put(k, (*path, "key")), self.put(v, (*path, str(k)))] for k, v in obj.items()]]
        if isinstance(obj, (Size, tuple, list, set)) and type(obj) in (Size, tuple, list, set):
            return [type(obj).__name__, [self.put(x, (*path, str(i))) for i, x in enumerate(obj)]]
        if isinstance(obj, dtypes.dtype):
            return ["dtype", str(obj).removeprefix("torch.")]
        if isinstance(obj, device):
            return ["device", str(obj)]
        if isinstance(obj, (np.ndarray, np.generic)):
            return ["array", self.store(np.asarray(obj), path)]
        raise TypeError(
            f"save() stores tensors and containers of them, and there is a {type(obj).__name__} in what you gave. "
            "Of a module or an optimizer save its state_dict()."
        )

    def tensor(self, t: TensorBase, path: tuple[str, ...]) -> list:
        array = move(t._array, "cpu")
        kind = "parameter" if isinstance(t, Parameter) else "tensor"
        shape = Tensor.stride(t), t.shape, t.dtype
        where = (array.__array_interface__["data"][0], *map(str, shape)) if array.size else (id(t),)
        if where not in self.places:
            self.kept.append(array)
            self.places[where] = self.store(array, path)
        order = sorted(range(array.ndim), key=lambda d: -array.strides[d])
        return [kind, self.places[where], t.requires_grad, order if order != sorted(order) else None]

    def store(self, array: np.ndarray, path: tuple[str, ...]) -> str:
        name = "/".join(path) or "tensor"
        while name in self.arrays:
            name += "'"
        self.arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        return name


def _get(plan: object, tensors: dict[str, Tensor]) -> object:
    """The object that a plan describes."""
    if not isinstance(plan, list):
        return plan
    kind, content = plan[:2]
    if kind in ("tensor", "parameter"):
        t = tensors[content].detach()
        if plan[3] is not None:  # the dimensions in the order in which they lie in memory
            t = t.permute(plan[3]).contiguous().permute(np.argsort(plan[3]).tolist())
        return Parameter(t, plan[2]) if kind == "parameter" else t.requires_grad_(plan[2])
    if kind in ("dict", "ordered"):
        made = OrderedDict() if kind == "ordered" else {}
        made.update((_get(k, tensors), _get(v, tensors)) for k, v in content)
        return made
    if kind == "array":
        return tensors[content].numpy()
    if kind == "dtype":
        return getattr(dtypes, content)
    if kind == "device":
        return device(content)
    parts = [_get(x, tensors) for x in content]
    return {"list": list, "tuple": tuple, "set": set, "Size": Size}[kind](parts)
