"""What all tests share: hypothesis draws the same examples everywhere, and times nothing."""

from hypothesis import settings

settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")
