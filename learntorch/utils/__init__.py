"""Help around training. Read in chapter 09."""

from . import data

__all__ = ["data"]
