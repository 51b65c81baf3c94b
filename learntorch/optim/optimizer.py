"""What all optimizers share: parameters in groups, `zero_grad`, and the state that `state_dict` saves.

Read in chapter 09.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy

import numpy as np

from ..base import Stamp, TensorBase, memory
from ..modes import enable_grad
from ..nn.module import clear_gradients
from ..tensor import Tensor


class Optimizer:
    """Changes parameters by their gradients. A subclass defines `update`.

    Raises:
        ValueError: "optimizer got an empty parameter list"
    """

    def __init__(self, params, defaults: dict) -> None:
        if isinstance(params, TensorBase):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but "
                f"got {type(params).__name__}. Put it into a list."
            )
        params = list(params)
        if not params:
            raise ValueError("optimizer got an empty parameter list. Give it model.parameters().")
        self.defaults = defaults
        self.param_groups: list[dict] = []
        self.state: dict = defaultdict(dict)
        for group in params if isinstance(params[0], dict) else [{"params": params}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict) -> None:
        """Add parameters with settings of their own."""
        params = param_group["params"]
        params = [params] if isinstance(params, TensorBase) else list(params)
        taken = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, TensorBase):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError(
                    "can't optimize a non-leaf Tensor. Give the optimizer the leaves that it was made from."
                )
            if id(p) in taken:
                raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append({**self.defaults, **param_group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            clear_gradients(group["params"], set_to_none)

    def step(self, closure: Callable[[], Tensor] | None = None):
        """Change every parameter that has a gradient. `closure` computes the loss anew, and is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p._grad is not None:
                    self.update(memory(p), p._grad._array, self.state[p], group)
                    if p._stamp is None:
                        p._stamp = Stamp()
                    p._stamp.write()
        return loss

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        """Change the array p in place by its gradient g; `state` is what is remembered of p."""
        raise NotImplementedError(f"{type(self).__name__} has no update")

    def state_dict(self) -> dict:
        """The state and the settings, with parameters as numbers."""
        params = [p for group in self.param_groups for p in group["params"]]
        number = {id(p): i for i, p in enumerate(params)}
        return {
            "state": {number[id(p)]: dict(state) for p, state in self.state.items()},
            "param_groups": [
                {**group, "params": [number[id(p)] for p in group["params"]]} for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over a state that `state_dict` gave."""
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        params = [p for group in self.param_groups for p in group["params"]]
        self.state = defaultdict(dict, {params[i]: deepcopy(s) for i, s in state_dict["state"].items()})
        self.param_groups = [
            {**deepcopy(saved), "params": group["params"]} for saved, group in zip(groups, self.param_groups)
        ]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"


def check_positive(**values: float) -> None:
    """Refuse negative settings, in PyTorch's words."""
    names = {
        "lr": "learning rate",
        "weight_decay": "weight_decay value",
        "momentum": "momentum value",
        "eps": "epsilon value",
    }
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"Invalid {names[name]}: {value}")
