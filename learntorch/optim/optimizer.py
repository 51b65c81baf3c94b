"""What all optimizers share: parameters in groups, `zero_grad`, and the state that `state_dict` saves.

Read in chapter 09.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import wraps

import numpy as np

from ..base import Stamp, TensorBase, memory
from ..hooks import HookDict, RemovableHandle
from ..modes import enable_grad
from ..nn.parameter import clear_gradients, typename
from ..tensor import Tensor


def _observed(step: Callable) -> Callable:
    """`step` between the hooks of the optimizer. Schedulers ask whether it was called."""

    @wraps(step)
    def observed(self, *args, **kwargs):
        self._opt_called = True
        for hook in tuple(self._before.values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                args, kwargs = changed
        out = step(self, *args, **kwargs)
        for hook in tuple(self._after.values()):
            hook(self, args, kwargs)
        return out

    return observed


class Optimizer:
    """Changes parameters by their gradients. A subclass defines `step`, a loop over `self.updates()`.

    Raises:
        ValueError: "optimizer got an empty parameter list"
    """

    _opt_called = False

    def __init_subclass__(cls) -> None:
        if "step" in vars(cls):
            cls.step = _observed(cls.step)

    def __init__(self, params, defaults: dict) -> None:
        if isinstance(params, TensorBase):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{typename(params)}. Put it into a list."
            )
        params = list(params)
        if not params:
            raise ValueError("optimizer got an empty parameter list. Give it model.parameters().")
        self.defaults = defaults
        self.param_groups: list[dict] = []
        self.state: dict = defaultdict(dict)
        self._rooms: dict = {}
        self._before = HookDict()
        self._after = HookDict()
        for group in params if isinstance(params[0], dict) else [{"params": params}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict) -> None:
        """Add parameters with settings of their own: `{"params": […], "lr": 0.1}`. What it does not set is
        written into it from the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, TensorBase) else list(params)
        names = [p[0] for p in params if isinstance(p, tuple)]  # from model.named_parameters()
        param_group["params"] = params = [p[1] if isinstance(p, tuple) else p for p in params]
        if names:
            if len(names) != len(params):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = names
        for p in params:
            if not isinstance(p, TensorBase):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {typename(p)}")
            if not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor. Give the optimizer the leaves it was made from.")
        for name, value in self.defaults.items():
            param_group.setdefault(name, value)
        if len({id(p) for p in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{'with' if names else 'without'} names to the optimizer"
                )
        taken = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in taken for p in params):
            raise ValueError("some parameters appear in more than one parameter group. List each of them once.")
        self.param_groups.append(param_group)

    def register_step_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return other args and kwargs."""
        return RemovableHandle(self._before, hook)

    def register_step_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return RemovableHandle(self._after, hook)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            clear_gradients(group["params"], set_to_none)

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Change every parameter that has a gradient. `closure` computes the loss anew, and is returned."""
        raise NotImplementedError(f"{type(self).__name__} has no step: define it in the class.")

    def updates(self) -> Iterator[tuple[np.ndarray, np.ndarray, dict, dict]]:
        """For each parameter that has a gradient: its array (change it in place), the gradient's, what is
        remembered of the parameter, and the settings of its group."""
        for group in self.param_groups:
            for p in group["params"]:
                if p._grad is not None:
                    state = self.state.get(p, {})
                    yield memory(p), p._grad._array, state, group
                    if state:
                        self.state[p] = state
                    if p._stamp is None:
                        p._stamp = Stamp()
                    p._stamp.write()  # a graph that saved the old numbers must notice

    def room_like(self, p: np.ndarray) -> np.ndarray:
        """Working memory of the size of p: the same each time, because fresh memory costs more than the sums."""
        key = type(p), p.shape, p.dtype
        if key not in self._rooms:
            self._rooms[key] = np.empty_like(p)
        return self._rooms[key]

    def state_dict(self) -> dict:
        """The state and the settings, with parameters as numbers. The tensors in it are the optimizer's own."""
        params = [p for group in self.param_groups for p in group["params"]]
        number = {id(p): i for i, p in reversed(list(enumerate(params)))}
        return {
            "state": {number[id(p)] if isinstance(p, TensorBase) else p: state for p, state in self.state.items()},
            "param_groups": [
                {name: value for name, value in group.items() if name != "params"}
                | {"params": [number[id(p)] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over a state that `state_dict` gave. Its tensors are shared, unless they are of another type."""
        groups = deepcopy(state_dict["param_groups"])
        if len(groups) != len(self.param_groups):
            raise ValueError(
                "loaded state dict has a different number of parameter groups. Make the optimizer with the groups "
                "that it had when it was saved."
            )
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group. The "
                "model must have as many parameters as the one that was saved."
            )
        own = [p for group in self.param_groups for p in group["params"]]
        parameter = dict(zip((number for group in groups for number in group["params"]), own))
        self.state = defaultdict(dict)
        for number, saved in state_dict["state"].items():
            p = parameter.get(number, number)
            self.state[p] = {name: _like(p, name, value) for name, value in saved.items()}
        for saved, group in zip(groups, self.param_groups):
            saved["params"] = group["params"]
            if "param_names" in group:
                saved.setdefault("param_names", group["param_names"])
        self.param_groups = groups

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            text += "".join(f"    {name}: {group[name]}\n" for name in sorted(group) if name != "params")
        return text + ")"


def _like(p, name: str, value):
    """A saved value in the type of the parameter; the number of steps has a type of its own."""
    is_like_p = isinstance(value, TensorBase) and isinstance(p, TensorBase) and name != "step"
    return value.to(p.device, p.dtype) if is_like_p else value


def evaluate(closure: Callable[[], Tensor] | None) -> Tensor | None:
    """The loss that `closure` computes, recorded; None without a closure."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


def choices(optimizer: Optimizer, given: dict, **known: object) -> dict:
    """PyTorch's choices between implementations of one rule. There is one here: they are kept, not used."""
    for name, value in given.items():
        if name not in known:
            raise TypeError(f"{type(optimizer).__name__}.__init__() got an unexpected keyword argument '{name}'")
        if name in ("capturable", "differentiable") and value:
            raise NotImplementedError(f"{name}=True is not in learntorch. Leave it out.")
    if given.get("fused") and given.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together. Leave both out.")
    return {**known, **given}


def check_settings(lr: float, **settings: float) -> None:
    """Refuse negative settings, in PyTorch's words."""
    if isinstance(lr, TensorBase) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    names = {"lr": "learning rate", "eps": "epsilon value"}
    for name, value in {"lr": lr, **settings}.items():
        if not value >= 0:
            raise ValueError(f"Invalid {names.get(name, f'{name} value')}: {value}")
