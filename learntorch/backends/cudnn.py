"""The switches of NVIDIA's library for neural nets, which is not used here.

Read in chapter 02.
"""

enabled, allow_tf32 = True, True
benchmark = deterministic = False


def is_available() -> bool:
    """False."""
    return False
