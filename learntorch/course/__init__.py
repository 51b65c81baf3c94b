"""What only the course needs: `show` looks inside a piece of the package, `draw` draws a graph.

Read in chapter 01. Nothing below this folder knows that it exists.
"""

from .drawing import draw
from .source import show

__all__ = ["draw", "show"]
