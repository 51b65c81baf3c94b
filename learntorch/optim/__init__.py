"""Optimizers: how gradients change parameters.

Read in chapter 09.
"""

from ..errors import no_such_name as _no_such_name
from . import lr_scheduler
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]

__getattr__ = _no_such_name(__name__)
