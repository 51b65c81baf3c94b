"""All parameters as one vector, and back.

Read in chapter 09.
"""

from __future__ import annotations

from collections.abc import Iterable

from ... import joining
from ...tensor import Tensor
from ..parameter import typename


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters one after the other, in one vector."""
    return joining.cat([p.view(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Cut a vector into pieces, which become the numbers of the parameters; they share its memory."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for p in parameters:
        stop = start + p.numel()
        p.data = vec[start:stop].view_as(p).data
        start = stop
