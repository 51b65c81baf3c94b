"""Records what real PyTorch answers to the cases in tests/golden/{operations,errors}/*.txt, into the .json of the
same name, and its types of results for all pairs of types, into promotion.json.

Run it with a Python that has PyTorch 2.13: `python tools/record_golden.py`, or `… matrix views` for some files
alone. The cases are lines of Python; golden_language.py says how they are run and what is stored.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from golden_language import OPERATIONS, cases, evaluate, promotion

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"


def main() -> None:
    torch.set_num_threads(1)
    wanted = sys.argv[1:]
    for source in sorted((*GOLDEN.glob("*/*.txt"), GOLDEN / "differences.txt")):
        if wanted and source.stem not in wanted:
            continue
        recorded = {case: evaluate(case, torch) for case in cases(source.read_text(encoding="utf-8"))}
        errors = source.parent.name == "errors"
        unexpected = [case for case, found in recorded.items() if (found[0] == "error") != errors]
        unexpected = [] if source.stem == "differences" else unexpected
        lines = [f"{json.dumps(case)}: {json.dumps(found, ensure_ascii=False)}" for case, found in recorded.items()]
        source.with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(f"{source.parent.name}/{source.name}: {len(recorded)} cases")
        for case in unexpected:
            print(f"  not what this file is for: {case}\n    {recorded[case]}", file=sys.stderr)
    if wanted:
        return
    table = {operation: promotion(operation, torch) for operation in OPERATIONS}
    (GOLDEN / "promotion.json").write_text(json.dumps(table, indent=0) + "\n", encoding="utf-8")
    print(f"promotion.json: {sum(map(len, table.values()))} pairs")


if __name__ == "__main__":
    main()
