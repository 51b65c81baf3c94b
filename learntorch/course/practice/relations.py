"""How a wrong result is related to the right one, where no known mistake matches.

Read in no chapter.
"""

from __future__ import annotations

import numpy as np

from .compare import array_of, close, number


def relation(found: object, expected: object) -> str | None:
    """A sentence that says what has to happen to `found` to make it right; None if nothing simple does."""
    a, b = array_of(found), array_of(expected)
    if a is None or b is None or a.dtype.kind not in "iuf" or b.dtype.kind not in "iuf" or b.size == 0:
        return None
    if a.shape == b.shape:
        return _same_shape(a.astype(float), b.astype(float))
    return _other_shape(a.astype(float), b.astype(float))


def _same_shape(a: np.ndarray, b: np.ndarray) -> str | None:
    odd = ~np.isfinite(a) & np.isfinite(b)
    if odd.any():
        kind = "nan (not a number)" if np.isnan(a[odd]).any() else "infinite"
        return f"{int(odd.sum())} of {a.size} numbers are {kind}: something overflows or divides by zero on the way."
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or not b.any():
        return None
    if (a == b).all():
        return None  # another type of number, and nothing else
    if close(a, b, rtol=1e-5).all():
        return (
            "The numbers agree in five digits and no further: something small was added on the way, or float32 was "
            "used for float64."
        )
    if close(-a, b).all():
        return "Every number has the wrong sign."
    if a.ndim and a.size > 1:
        steady = b != 0
        ratios = a[steady] / b[steady]
        if (
            close(ratios, np.full_like(ratios, ratios[0])).all()
            and not a[~steady].any()
            and not close(ratios[0], np.float64(1))
        ):
            return f"Every number is {number(ratios[0])} times as large as it should be." if ratios[0] else None
        shift = a - b
        if close(shift, np.full_like(shift, shift.flat[0]), rtol=1e-6).all() and shift.flat[0]:
            side = "too large" if shift.flat[0] > 0 else "too small"
            return f"Every number is {number(abs(shift.flat[0]))} {side}."
        for axis in range(a.ndim):
            if a.shape[axis] > 1 and close(np.flip(a, axis), b).all():
                return "The numbers are right, in the opposite order" + (f" along axis {axis}." if a.ndim > 1 else ".")
        if a.ndim == 2 and a.shape[0] == a.shape[1] and close(a.T, b).all():
            return "The numbers are right, with rows and columns exchanged."
        if close(np.sort(a, axis=None), np.sort(b, axis=None)).all():
            return "The right numbers stand in the wrong places."
        if close(np.abs(a), np.abs(b)).all():
            return f"{int((~close(a, b)).sum())} of {a.size} numbers have the wrong sign."
        return None
    return None


def _other_shape(a: np.ndarray, b: np.ndarray) -> str | None:
    shapes = f"Your answer has shape {a.shape}; {b.shape} was expected."
    if a.ndim == b.ndim == 2 and a.shape == b.shape[::-1] and close(a.T, b).all():
        return f"{shapes} The numbers are right, with rows and columns exchanged."
    if a.size == b.size and close(a.reshape(b.shape), b).all():
        longer = [[n for n in x.shape if n != 1] for x in (a, b)]
        same = (
            "a dimension of size 1 is missing, or one too many" if longer[0] == longer[1] else "only the shape is not"
        )
        return f"{shapes} The numbers are right: {same}."
    try:
        if np.broadcast_shapes(a.shape, b.shape) == b.shape and close(np.broadcast_to(a, b.shape), b).all():
            return f"{shapes} The numbers are right, and broadcasting hides the difference for a while."
        if np.broadcast_shapes(a.shape, b.shape) == a.shape:
            return f"{shapes} A broadcast has made more numbers than there should be: look at the shapes on the way."
    except ValueError:
        pass
    return None
