"""Differentiation as a library: gradients as values, operations of one's own, checks, and the modes.

Read in chapter 03.
"""

from __future__ import annotations

from ..modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from . import functional, graph
from .anomaly_mode import detect_anomaly, set_detect_anomaly
from .function import Function
from .gradcheck import gradcheck, gradgradcheck
from .gradients import backward, grad
from .variable import Variable

__all__ = ["Function", "Variable", "backward", "detect_anomaly", "enable_grad", "functional", "grad", "gradcheck",
           "gradgradcheck", "graph", "inference_mode", "is_grad_enabled", "no_grad", "set_detect_anomaly",
           "set_grad_enabled"]  # fmt: skip
