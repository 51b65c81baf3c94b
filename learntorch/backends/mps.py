"""Apple's GPUs, which learntorch does not use.

Read in chapter 02.
"""


def is_available() -> bool:
    """False."""
    return False


is_built = is_available
