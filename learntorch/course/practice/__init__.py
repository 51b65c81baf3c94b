"""The exercise system: definitions, checking, diagnosis, feedback, progress and slots.

Read in no chapter; `learntorch.course` gives the names that an exercise notebook uses.
"""
