"""Records what real PyTorch's nn, optim and utils.data do into tests/golden/nn.json.

Run it with a Python that has PyTorch 2.13: `python tools/record_nn.py`.
The cases stand in the files cases_….py beside this one; the tests call the same functions with learntorch.
"""

from __future__ import annotations

import json

# Importing a file of cases registers them.
import cases_data  # noqa: F401
import cases_layers  # noqa: F401
import cases_modules  # noqa: F401
import cases_optim  # noqa: F401
from cases_refused import refusal, refused
from recorder import CASES, GOLDEN, differences, numbers, run

__all__ = ["CASES", "GOLDEN", "differences", "numbers", "refusal", "refused", "run"]


def main() -> None:
    import torch

    torch.set_num_threads(1)
    golden = {group: {name: run(function, torch) for name, function in cases.items()} for group, cases in CASES.items()}
    golden["errors"] = {name: refusal(name, call) for name, call in refused(torch).items()}
    lines = [
        f"{json.dumps(group)}: {{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(r)}" for n, r in cases.items()) + "\n}"
        for group, cases in golden.items()
    ]
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{sum(map(len, golden.values()))} cases from PyTorch {torch.__version__} in {GOLDEN.name}")


if __name__ == "__main__":
    main()
