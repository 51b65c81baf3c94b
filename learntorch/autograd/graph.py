"""What the graph is made of, for those who ask whether something is a node.

Read in chapter 03.
"""

from __future__ import annotations

from ..nodes import Node

__all__ = ["Node"]
