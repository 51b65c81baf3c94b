"""Optimizers: how gradients change parameters.

Read in chapter 09.
"""

from .adam import Adam
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer"]
