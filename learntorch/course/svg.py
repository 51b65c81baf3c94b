"""What every picture of the course shares: its colours, its fonts, and the white card it stands on.

Read in chapter 01. Colours are Okabe and Ito's, told apart with any kind of colour vision; a picture says by
shape or by word what it says by colour. The card is white, so that a picture reads the same in a dark theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, SKY, YELLOW = "#8A3F73", "#56B4E9", "#E69F00"  # the purple is darkened, so that text in it can be read
PALE_BLUE, PALE_ORANGE, PALE_GREEN, PALE_PURPLE, PALE_GREY = "#E8F3FA", "#FEF3EA", "#E7F6F1", "#F6ECF2", "#F4F4F4"
INK, GREY, LINE, EDGE = "#1A1A1A", "#4D4D4D", "#5F5F5F", "#D0D0D0"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
EM = 0.62  # the width of a letter of a monospaced font, at most, in font sizes


def length(value: float) -> str:
    """A length, to a tenth of a pixel, and never -0.

    >>> length(-0.01), length(12.34)
    ('0', '12.3')
    """
    return f"{round(value, 1) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"


def card(width: float, height: float, title: str, text: str, parts: Iterable[str]) -> str:
    """An SVG picture: `parts` on a white card; `text` says in words what it shows, for a screen reader."""
    w, h = length(width), length(height)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" '
            f'width="{w}" height="{h}" viewBox="0 0 {w} {h}">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(text)}</desc>",
            f'<rect x="0.5" y="0.5" width="{length(width - 1)}" height="{length(height - 1)}" rx="8" '
            f'fill="#FFFFFF" stroke="{EDGE}"/>',
            *parts,
            "</svg>",
        )
    )
