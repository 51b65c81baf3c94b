"""A small table that prints as text and shows as HTML.

Read in no chapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

# Wide tables scroll by themselves and never push the page to the side. Sizes and colours are the theme's own.
BOX = "overflow-x:auto;max-width:100%;font-size:var(--jp-content-font-size1,14px);line-height:1.4"
CELL = "padding:3px 14px 3px 0;text-align:left;vertical-align:top;white-space:nowrap"


@dataclass(frozen=True)
class Table:
    """Rows under a heading, and a line below them; every cell is a text."""

    heading: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""

    def __repr__(self) -> str:
        widths = [max(len(row[i]) for row in (self.heading, *self.rows)) for i in range(len(self.heading))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in (self.heading, *self.rows)
        ]
        return "\n".join(lines + ([self.note] if self.note else []))

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{CELL}">{escape(text)}</th>' for text in self.heading)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        below = f'<div style="padding:4px 0">{escape(self.note)}</div>' if self.note else ""
        return f'<div style="{BOX}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>'


def _cell(text: str) -> str:
    weight = ";font-weight:bold" if "●" in text else ""
    return f'<td style="{CELL}{weight}">{escape(text)}</td>'
