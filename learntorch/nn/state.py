"""The state of a module: all its parameters and buffers by name, to be saved and loaded.

Read in chapter 08. A state is a dict of tensors; `torch.save` and `torch.load` bring it to disk and back.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping

from ..hooks import RemovableHandle
from ..modes import no_grad
from ..tensor import Tensor
from .parameter import Parameter

_Keys = namedtuple("IncompatibleKeys", ("missing_keys", "unexpected_keys"))


class _IncompatibleKeys(_Keys):
    """The names that did not match when a state was loaded."""

    __slots__ = ()

    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"

    __str__ = __repr__


class State:
    """What a `Module` knows of saving and loading."""

    _version = 1  # of a module's own part of the state, kept beside it in `_metadata`

    def _own_state(self) -> dict[str, Tensor]:
        """The parameters and lasting buffers of this module itself."""
        lasting = {name: b for name, b in self._buffers.items() if name not in self._non_persistent_buffers_set}
        return {name: value for name, value in {**self._parameters, **lasting}.items() if value is not None}

    def state_dict(self, *args: object, destination=None, prefix: str = "", keep_vars: bool = False) -> OrderedDict:
        """All parameters and buffers by their dotted names. They share memory with the module."""
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        about = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = about
        for hook in self._hooks_on("saving"):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._hooks_on("saved"):
            if hook(self, destination, prefix, about) is not None:
                raise RuntimeError("state_dict post-hook must return None")
        return destination

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        for name, value in self._own_state().items():
            destination[prefix + name] = value if keep_vars else value.detach()

    def load_state_dict(self, state_dict: Mapping, strict: bool = True, assign: bool = False) -> _IncompatibleKeys:
        """Copy values by name into the parameters and buffers. With `strict`, the names must be the same.

        With `assign`, the tensors of the state themselves become the parameters and buffers.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None) or {}
        missing, unexpected, errors = [], [], []
        self._load_inside(OrderedDict(state_dict), "", metadata, assign, missing, unexpected, errors)
        if strict and unexpected:
            errors.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
        if strict and missing:
            errors.insert(0, f"Missing key(s) in state_dict: {_quoted(missing)}. ")
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        return _IncompatibleKeys(missing, unexpected)

    def _load_inside(self, state: dict, prefix: str, metadata: dict, assign: bool, *lists: list) -> None:
        """Load this module and the ones inside it, each from its part of the state."""
        about = dict(metadata.get(prefix[:-1], {}))
        if assign:
            about["assign_to_params_buffers"] = True
        self._load_from_state_dict(state, prefix, about, True, *lists)
        for name, child in self._modules.items():
            if child is not None:
                path = f"{prefix}{name}."
                part = {key: value for key, value in state.items() if key.startswith(path)}
                child._load_inside(part, path, metadata, assign, *lists)
        missing, unexpected, _ = lists
        for hook in self._hooks_on("loaded"):
            if hook(self, _IncompatibleKeys(missing, unexpected)) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                    "values, if incompatible_keys need to be modified, it should be done inplace."
                )

    @no_grad()
    def _load_from_state_dict(self, state_dict: dict, prefix: str, local_metadata: dict, strict: bool,
                              missing_keys: list, unexpected_keys: list, error_msgs: list) -> None:  # fmt: skip
        """Load what belongs to this module itself; what does not fit goes into the lists."""
        for hook in self._hooks_on("loading"):
            hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own = self._own_state()
        for name, value in own.items():
            key = prefix + name
            if key in state_dict:
                trouble = self._load(key, name, value, state_dict[key], "assign_to_params_buffers" in local_metadata)
                if trouble:
                    error_msgs.append(trouble)
            elif strict:
                missing_keys.append(key)
        for key in state_dict if strict else ():
            name, dot, _ = key[len(prefix) :].partition(".")
            if key.startswith(prefix) and name not in (self._modules if dot else own):
                unexpected_keys.append(key)

    def _load(self, key: str, name: str, own: Tensor, value: object, assign: bool) -> str | None:
        """Load one value; what is wrong with it, if it does not fit."""
        if not isinstance(value, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(value)}"
            )
        if own.ndim == 0 and value.shape == (1,):
            value = value[0]
        if value.shape != own.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, the shape in "
                f"current model is {own.shape}."
            )
        if not assign:
            own.copy_(value)
        elif isinstance(own, Parameter):
            setattr(self, name, Parameter(value, requires_grad=own.requires_grad))
        else:
            setattr(self, name, value)
        return None

    # Hooks ───────────────────────────────────────────────────────────────────────────────────────

    def _hooks_on(self, event: str) -> tuple[Callable, ...]:
        return tuple(self._state_hooks[event].values())

    def register_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before the state is collected."""
        return RemovableHandle(self._state_hooks["saving"], hook)

    def register_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` when it is collected; it may change the dict."""
        return RemovableHandle(self._state_hooks["saved"], hook)

    def register_load_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)`
        before a state is loaded; it may change the dict."""
        return RemovableHandle(self._state_hooks["loading"], hook)

    def register_load_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` when a state is loaded; it may change the two lists."""
        return RemovableHandle(self._state_hooks["loaded"], hook)


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
