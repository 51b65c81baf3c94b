"""Pictures to play with: what a chapter explains, to be turned by hand.

Read in chapter 01. Each room is loaded when one of its names is asked for: a chapter pays for what it draws.
"""

__all__ = [
    "show_activations",
    "show_decisions",
    "show_descent",
    "show_flow",
    "show_memory",
    "show_sharing",
    "show_tensor",
]


def __getattr__(name: str):
    if name == "show_tensor":
        from .picture import show_tensor as found
    elif name == "show_memory":
        from .memory import show_memory as found
    elif name == "show_sharing":
        from .sharing import show_sharing as found
    elif name == "show_flow":
        from .flow import show_flow as found
    elif name == "show_activations":
        from .activations import show_activations as found
    elif name == "show_descent":
        from .surface import show_descent as found
    elif name == "show_decisions":
        from .decisions import show_decisions as found
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
