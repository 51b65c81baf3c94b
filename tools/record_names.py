"""Records the public names of real PyTorch, and the names of their arguments, into tests/golden/names.json.

Run it with a Python that has PyTorch 2.13: `python tools/record_names.py`. tools/differences.py compares them with what
learntorch has.
"""

from __future__ import annotations

import importlib
import inspect
import json
import warnings
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
MODULES = ("", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "utils.data", "autograd",
           "autograd.functional")  # fmt: skip
# Arguments that say where and how memory is laid out by backends which learntorch does not have.
BACKEND = {"layout", "pin_memory", "names", "memory_format", "out_dtype"}


def arguments(torch, owner: object, name: str) -> list[list[str]]:
    """The argument names of each form of a function, without the tensor itself; [] if they cannot be known."""
    try:
        schemas = torch._C._jit_get_schemas_for_operator(f"aten::{name}")
    except Exception:
        schemas = []
    forms = []
    for schema in schemas if owner in (torch, torch.Tensor) else ():
        given = [a.name for a in schema.arguments]
        on_tensor = given[:1] in (["self"], ["input"]) and str(schema.arguments[0].type) == "Tensor"
        if on_tensor and not any(a.is_out for a in schema.arguments) and "str" not in str(schema):
            forms.append([a for a in given[1:] if a not in BACKEND])
    if forms:
        return sorted({tuple(form) for form in forms})
    value = getattr(owner, name, None)
    try:
        target = value.__init__ if inspect.isclass(value) else value
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return []
    return [[p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]]


def main() -> None:
    import torch

    warnings.simplefilter("ignore")
    found: dict[str, dict[str, list]] = {}
    owners = {f"torch.{path}".rstrip("."): importlib.import_module(f"torch.{path}".rstrip(".")) for path in MODULES}
    owners["torch.Tensor"] = torch.Tensor
    for title, owner in owners.items():
        names = getattr(owner, "__all__", None) if title not in ("torch.nn.functional", "torch.nn", "torch") else None
        names = sorted(set(names or dir(owner)))
        found[title] = {}
        for name in names:
            value = getattr(owner, name, None)
            if name.startswith("_") or inspect.ismodule(value) or not (callable(value) or title == "torch.Tensor"):
                continue
            home = getattr(value, "__module__", None) or "torch"
            if home.startswith(("torch", "builtins")) or title == "torch.Tensor":
                found[title][name] = arguments(torch, owner, name) if callable(value) else []
    lines = [f"{json.dumps(title)}: {json.dumps(names)}" for title, names in found.items()]
    (GOLDEN / "names.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print("names.json:", ", ".join(f"{title} {len(names)}" for title, names in found.items()))


if __name__ == "__main__":
    main()
