"""What a drawn program may do: the lines of tools/parity/*.txt, one form of an operation each, by area.

A word in braces is drawn by the method of that name in parity_arguments.py or parity_tensors.py. A line `NAME = …`
makes a list: a line with NAME in it stands for one line per word of the list. Whoever adds an operation adds its
forms there, and `make parity` tries them on both libraries, with arguments that fit and with some that do not.
"""

from __future__ import annotations

import re
from pathlib import Path

TABLES = Path(__file__).parent / "parity"

# How often a step comes from each area.
WEIGHTS = {"pointwise": 5, "views": 4, "indexing": 4, "reduction": 4, "autograd": 5, "joining": 2, "matrix": 2, "nn": 3,
           "conversion": 1, "creation": 2}  # fmt: skip


def table(text: str) -> list[str]:
    """The forms in a table, one statement each.

    >>> table("OF = sin cos\\n\\n{x}.OF()\\n{x}.t()")
    ['{x}.sin()', '{x}.cos()', '{x}.t()']
    """
    lists: dict[str, list[str]] = {}
    forms = []
    for line in text.splitlines():
        if definition := re.fullmatch(r"([A-Z_]+) = (.*)", line):
            lists.setdefault(definition[1], []).extend(definition[2].split())
        elif line and not line.startswith("#"):
            # The longest name first: BITWISE_OPERATOR holds BITWISE and OPERATOR.
            name = next((name for name in sorted(lists, key=len, reverse=True) if name in line), None)
            forms += [line.replace(name, word) for word in lists[name]] if name else [line]
    return forms


OPERATIONS = {path.stem: table(path.read_text(encoding="utf-8")) for path in sorted(TABLES.glob("*.txt"))}
