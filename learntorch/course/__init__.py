"""What only the course needs: `show`, `draw` and `step` look inside, the other names are for the exercises.

Read in chapter 01. Nothing below this folder knows that it exists.
"""

from .drawing import draw
from .source import show

# The exercise system is loaded when an exercise notebook asks for it, and not by a chapter that only looks inside.
_PRACTICE = ("check", "exercise", "hint", "mine", "parsons", "predict", "progress", "reset", "solution", "use", "whose")

# So is what watches a training loop.
_TRAINING = ("curves", "watch")

# So are the pictures to play with.
_PLAY = (
    *("show_activations", "show_decisions", "show_descent"),
    *("show_flow", "show_memory", "show_sharing", "show_tensor"),
)

__all__ = ["draw", "show", "step", *_PLAY, *_PRACTICE, *_TRAINING]


def __getattr__(name: str):
    if name == "step":
        from .stepping import step

        return step
    if name in _PRACTICE:
        from .practice import notebook

        return getattr(notebook, name)
    if name in _PLAY:
        from . import play

        return getattr(play, name)
    if name in _TRAINING:
        from . import training

        return getattr(training, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
