"""Sequences of different lengths in one tensor.

Read in chapter 09.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...creation import arange, full
from ...errors import argument_error
from ...tensor import Tensor


def pad_sequence(sequences: Tensor | Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0,
                 padding_side: str = "right") -> Tensor:  # fmt: skip
    """Sequences beside each other, the shorter ones filled up with `padding_value`.

    Shape: N tensors (Lᵢ, *) → (max L, N, *), or (N, max L, *) with `batch_first`.

    >>> pad_sequence([full((2,), 7), full((1,), 8)], batch_first=True)
    tensor([[7, 7],
            [8, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}. Give a list."
        )
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences. There is nothing to put together.")
    for i, sequence in enumerate(sequences):
        if not isinstance(sequence, Tensor):
            kind = type(sequence).__name__
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {kind}. Wrap it in torch.tensor.")
        if sequence.ndim == 0:
            raise RuntimeError("ArrayRef: invalid slice, N = 1; size = 0. A sequence has a length.")
    if not isinstance(padding_value, (int, float)):
        raise argument_error("pad_sequence", "padding_value", 3, "float", padding_value)
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}. Choose one.")
    first, longest = sequences[0], max(len(sequence) for sequence in sequences)
    size = (len(sequences), longest) if batch_first else (longest, len(sequences))
    out = full((*size, *first.shape[1:]), padding_value, dtype=first.dtype, device=first.device)
    for i, sequence in enumerate(sequences):
        start = longest - len(sequence) if padding_side == "left" else 0
        steps = slice(start, start + len(sequence))
        out[(i, steps) if batch_first else (steps, i)] = sequence
    return out


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences that `pad_sequence` has put together, each with its own length again.

    Shape: (max L, N, *), or (N, max L, *) with `batch_first`, and N lengths → N tensors (Lᵢ, *).
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    steps = arange(rows.shape[1])
    return [row[steps < length] for row, length in zip(rows, lengths, strict=True)]
