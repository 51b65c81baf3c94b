"""Write the table of learntorch/course/syllabus.py anew from the chapters as they stand.

    python tools/syllabus.py

A name belongs to the first chapter whose code uses it; a file of the package to each chapter that the
first paragraphs of its docstring name ("Read in chapter 03."). Read the difference before you keep it:
the test in tests/course/test_syllabus.py then holds the chapters to what the table says.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from pathlib import Path

from notebooks import ROOT, read_source, sources

TABLE = ROOT / "learntorch" / "course" / "syllabus.py"
START = "# fmt: off\nCHAPTERS: tuple[Chapter, ...] = "


def files_read(package: Path = ROOT / "learntorch") -> dict[int, list[str]]:
    """Chapter → the files whose docstring says that it reads them, in the order of their names."""
    found: dict[int, list[str]] = {}
    for file in sorted(package.rglob("*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        for sentence in re.findall(r"Read in chapters? ([\d,\sand]+)", text):
            for number in re.findall(r"\d\d", sentence):
                found.setdefault(int(number), []).append(file.relative_to(package).as_posix())
    return found


def code_cells(source: Path) -> list[str]:
    """The code of a chapter, cell by cell."""
    return [cell.source for cell in read_source(source).cells if cell.cell_type == "code"]


def chapters() -> list[Path]:
    """The sources of the chapters, in their order."""
    return [source for source in sources() if re.match(r"\d\d_", source.stem)]


def table() -> str:
    """The table as Python source."""
    from learntorch.course.names import FORMS, NAMESPACES, names_used
    from learntorch.tensor import Tensor

    reads, known = files_read(), set()
    lines = [START + "("]
    for source in chapters():
        number = int(source.stem[:2])
        title = re.search(r"^# \d+ · (.+)$", source.read_text(encoding="utf-8"), re.M)[1]
        new = [name for name in names_used(code_cells(source), dir(Tensor)) if name not in known]
        new = _once(new, FORMS)
        known.update(new)
        known.update((form, name) for space, name in new if space in FORMS for form in FORMS)
        lines.append(f'    Chapter({number}, "{source.stem}", "{title}",')
        lines += _call("_files", [("", reads.get(number, []))])
        lines += _call("_names", [(f"{s}=", [n for kind, n in new if kind == s]) for s in NAMESPACES])
        lines[-1] = lines[-1].removesuffix(",") + "),"
    return "\n".join([*lines, ")", "# fmt: on", ""])


def _once(names: list[tuple[str, str]], forms: tuple[str, ...]) -> list[tuple[str, str]]:
    """`names` without the second form of a name that stands there in two."""
    seen: set[str] = set()
    kept = []
    for space, name in names:
        if space not in forms or name not in seen:
            kept.append((space, name))
        if space in forms:
            seen.add(name)
    return kept


def _call(function: str, arguments: list[tuple[str, list[str]]]) -> list[str]:
    """A call with one long string for each argument that has words, over as many lines as it takes."""
    lines, pad = [f"        {function}("], " " * 12
    for start, words in arguments:
        rows = textwrap.wrap(" ".join(words), 92 - len(start), break_long_words=False, break_on_hyphens=False)
        if rows:
            rows = [f'"{row} "' for row in rows[:-1]] + [f'"{rows[-1]}"']
            indent = pad + " " * len(start)
            lines += [pad + start + rows[0], *(indent + row for row in rows[1:])]
            lines[-1] += ","
    if len(lines) == 1:
        return [f'        {function}(""),']
    return [*lines, "        ),"]


def main() -> None:
    sys.path.insert(0, str(ROOT))
    text = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(text[: text.index(START)] + table(), encoding="utf-8", newline="\n")
    print(f"written: {TABLE.relative_to(ROOT).as_posix()}")


if __name__ == "__main__":
    main()
