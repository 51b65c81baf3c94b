"""`Variable`: what a tensor that takes part in differentiation was called long ago.

Read in chapter 03.
"""

from __future__ import annotations

from ..base import TensorBase
from ..errors import warn_once
from ..tensor import Tensor

__all__ = ["Variable"]


class Variable(Tensor):
    """The old name for a tensor that takes part in differentiation. Today every Tensor can.

    >>> from learntorch import ones
    >>> Variable(ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Tensor:
        if not isinstance(data, TensorBase):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(data).__name__}. Wrap it in torch.tensor."
            )
        if volatile:
            warn_once("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.")
        return data.detach().requires_grad_(requires_grad)
