"""What only the course needs: `show` and `draw` look inside, the other names are for the exercises.

Read in chapter 01. Nothing below this folder knows that it exists.
"""

from .drawing import draw
from .source import show

# The exercise system is loaded when an exercise notebook asks for it, and not by a chapter that only looks inside.
_PRACTICE = ("check", "exercise", "hint", "mine", "parsons", "predict", "progress", "reset", "solution", "use", "whose")

__all__ = ["draw", "show", *_PRACTICE]


def __getattr__(name: str):
    if name in _PRACTICE:
        from .practice import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
