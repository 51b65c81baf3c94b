"""A small table that prints as text and shows as HTML.

Read in no chapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """Rows under a heading; every cell is a text."""

    heading: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def __repr__(self) -> str:
        widths = [max(len(row[i]) for row in (self.heading, *self.rows)) for i in range(len(self.heading))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in (self.heading, *self.rows)
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cell = "padding:3px 12px;text-align:left"
        head = "".join(f'<th scope="col" style="{cell}">{escape(text)}</th>' for text in self.heading)
        body = "".join(
            "<tr>" + "".join(f'<td style="{cell}">{escape(text)}</td>' for text in row) + "</tr>" for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
