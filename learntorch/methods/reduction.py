"""Methods that take many elements together.

Read in chapter 01.
"""

from __future__ import annotations

from ..base import TensorBase
from ..dtypes import dtype as Dtype
from ..errors import shifted, type_name
from ..modes import grad_mode
from ..ops import deviation, extremes
from ..ops import reduction as ops
from ..ops.shape import wrap_dim
from ..recording import recorded
from ..writing import inplace
from .results import result
from .signatures import signature

_SUM = ("*, torch.dtype dtype = None", "tuple of ints? dim, bool keepdim = False, *, torch.dtype dtype = None")
_TRUTH = ("", "tuple of ints dim = None, bool keepdim = False", "int dim, bool keepdim = False")
_EXTREME = ("", "Tensor other", "int dim, bool keepdim = False")
_SPREAD = (
    "tuple of ints? dim, bool unbiased = True, bool keepdim = False",
    "tuple of ints dim = None, *, Number correction = None, bool keepdim = False",
    "bool unbiased = True",
)
_MAX, _MIN, _AMINMAX = result("max"), result("min"), result("aminmax", ("min", "max"))
_CUMMAX, _CUMMIN = result("cummax"), result("cummin")


class ReductionMethods:
    __slots__ = ()

    @signature(*_SUM)
    def sum(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Σ x over `dim` (one, several, or all)."""
        return _in_type(ops.sum, self, dtype, dim=dim, keepdim=keepdim)

    @signature("tuple of ints dim = None, bool keepdim = False, *, torch.dtype dtype = None")
    def nansum(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Σ x over `dim`, without the elements that are NaN."""
        return _in_type(ops.nansum, self, dtype, dim=dim, keepdim=keepdim)

    @signature(*_SUM)
    def mean(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Mean over `dim` (one, several, or all)."""
        return recorded(ops.mean)(self, dim=dim, keepdim=keepdim, dtype=_numpy(dtype))

    @signature("tuple of ints dim = None, bool keepdim = False, *, torch.dtype dtype = None")
    def nanmean(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Mean over `dim`, without the elements that are NaN."""
        if not self.is_floating_point():
            raise RuntimeError(
                f"nanmean(): expected input to have floating point or complex dtype but got "
                f"{self.dtype.short}. Convert it first, for example with .float()."
            )
        if dtype is not None:
            ops.check_mean_type("nanmean", dtype.numpy, "Optional")
        return self.nansum(dim, keepdim, dtype=dtype) / self.isnan().logical_not().sum(dim, keepdim)

    @signature("*, torch.dtype dtype = None", "int dim, bool keepdim = False, *, torch.dtype dtype = None")
    def prod(self, dim=None, keepdim=False, *, dtype: Dtype | None = None):
        """Product over `dim`, or of all elements."""
        return _in_type(ops.prod_, self, dtype, dim=dim, keepdim=keepdim)

    @signature("int dim, *, torch.dtype dtype = None")
    def cumsum(self, dim, *, dtype: Dtype | None = None):
        """Running sum along `dim`."""
        return _in_type(ops.cumsum, self, dtype, dim=dim)

    @signature("int dim, *, torch.dtype dtype = None")
    def cumsum_(self, dim, *, dtype: Dtype | None = None):
        """In-place form of `cumsum`."""
        return inplace(ops.cumsum)(self, dim=dim, dtype=_numpy(dtype) or self._array.dtype)

    @signature("int dim, *, torch.dtype dtype = None")
    def cumprod(self, dim, *, dtype: Dtype | None = None):
        """Running product along `dim`."""
        return _in_type(ops.cumprod, self, dtype, dim=dim)

    @signature("int dim, *, torch.dtype dtype = None")
    def cumprod_(self, dim, *, dtype: Dtype | None = None):
        """In-place form of `cumprod`."""
        return inplace(ops.cumprod)(self, dim=dim, dtype=_numpy(dtype) or self._array.dtype)

    @signature("int dim = None", "tuple of ints? dim")
    def count_nonzero(self, dim=None):
        """How many elements are not zero, over `dim` (one, several, or all)."""
        return recorded(ops.count_nonzero)(self, dim=dim)

    @signature(*_TRUTH)
    def all(self, dim=None, keepdim=False):
        """True if no element is zero."""
        return recorded(ops.all)(self, dim=dim, keepdim=keepdim)

    @signature(*_TRUTH)
    def any(self, dim=None, keepdim=False):
        """True if some element is not zero."""
        return recorded(ops.any)(self, dim=dim, keepdim=keepdim)

    # The largest and the smallest

    @signature(*_EXTREME)
    def max(self, dim=None, keepdim=False, *, other=None):
        """The largest element; along `dim` also where it is; with a tensor, the larger of the two."""
        return _extreme(self, dim, keepdim, other, extremes.max_all, extremes.max_dim, _MAX, self.maximum)

    @signature(*_EXTREME)
    def min(self, dim=None, keepdim=False, *, other=None):
        """The smallest element; along `dim` also where it is; with a tensor, the smaller of the two."""
        return _extreme(self, dim, keepdim, other, extremes.min_all, extremes.min_dim, _MIN, self.minimum)

    @signature("tuple of ints? dim = (), bool keepdim = False")
    def amax(self, dim=(), keepdim=False):
        """The largest element over `dim`; the gradient is shared at a tie."""
        return recorded(extremes.amax)(self, dim=dim, keepdim=keepdim)

    @signature("tuple of ints? dim = (), bool keepdim = False")
    def amin(self, dim=(), keepdim=False):
        """The smallest element over `dim`; the gradient is shared at a tie."""
        return recorded(extremes.amin)(self, dim=dim, keepdim=keepdim)

    @signature("*, int dim = None, bool keepdim = False")
    def aminmax(self, *, dim=None, keepdim=False):
        """The smallest and the largest element over `dim`."""
        if dim is not None or self.numel():
            options = {"dim": dim, "keepdim": keepdim, "form": "Aminmax"}
            extremes.not_empty("aminmax", self._array, dim if dim is None else wrap_dim(dim, self.ndim))
            return _AMINMAX((recorded(extremes.amin)(self, **options), recorded(extremes.amax)(self, **options)))
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity. Name a "
            "dimension that is not empty."
        )

    @signature("int dim = None, bool keepdim = False")
    def argmax(self, dim=None, keepdim=False):
        """Where the largest element is."""
        return recorded(extremes.argmax)(self, dim=dim, keepdim=keepdim)

    @signature("int dim = None, bool keepdim = False")
    def argmin(self, dim=None, keepdim=False):
        """Where the smallest element is."""
        return recorded(extremes.argmin)(self, dim=dim, keepdim=keepdim)

    @signature("int dim")
    def cummax(self, dim):
        """The largest element so far along `dim`, and where it is."""
        return _CUMMAX(recorded(extremes.cummax)(self, dim=dim))

    @signature("int dim")
    def cummin(self, dim):
        """The smallest element so far along `dim`, and where it is."""
        return _CUMMIN(recorded(extremes.cummin)(self, dim=dim))

    # Spread and size

    @signature(*_SPREAD)
    def var(self, dim=None, unbiased=True, keepdim=False, *, correction=None):
        """Variance: Σ (x − x̄)² / (n − correction)."""
        return recorded(deviation.var)(self, **spread_options(dim, unbiased, keepdim, correction))

    @signature(*_SPREAD)
    def std(self, dim=None, unbiased=True, keepdim=False, *, correction=None):
        """Standard deviation: the square root of the variance."""
        return recorded(deviation.std)(self, **spread_options(dim, unbiased, keepdim, correction))

    def norm(self, p="fro", dim=None, keepdim=False, dtype: Dtype | None = None):
        """(Σ |x|ᵖ)^(1/p); p = 2 unless given."""
        if isinstance(p, str):
            if p != "fro" or (dim is not None and not isinstance(dim, int) and len(dim) > 2):
                raise _no_such_norm(p)
            p = 2
        try:
            return vector_norm(self, 2 if p is None else p, dim, keepdim, dtype=dtype)
        except TypeError as error:
            raise shifted(error) from None

    # Softmax

    @signature("int dim, torch.dtype dtype = None")
    def softmax(self, dim, dtype: Dtype | None = None):
        """Positive numbers that add up to 1 along `dim`: e^xᵢ / Σⱼ e^xⱼ."""
        return recorded(ops.softmax)(_typed(self, dtype), dim=dim)

    @signature("int dim, torch.dtype dtype = None")
    def log_softmax(self, dim, dtype: Dtype | None = None):
        """ln softmax(x), without forming the softmax."""
        return recorded(ops.log_softmax)(_typed(self, dtype), dim=dim)

    @signature("tuple of ints dim, bool keepdim = False")
    def logsumexp(self, dim, keepdim=False):
        """ln Σ eˣ along `dim`, without overflow."""
        return recorded(ops.logsumexp)(self, dim=dim, keepdim=keepdim)


def _typed(x, dtype: Dtype | None):
    return x if dtype is None else x.to(dtype)


def _in_type(rule, x, dtype: Dtype | None, **options):
    """Run a rule that computes in the type asked for; a history has to be one of floats."""
    y = recorded(rule)(x, dtype=_numpy(dtype), **options)
    if dtype is not None and not dtype.is_floating_point and x.requires_grad and grad_mode.enabled:
        raise RuntimeError(f"Autograd not support dtype: {type_name(y._array)}. Work on x.detach(), or sum as floats.")
    return y


def _numpy(dtype: Dtype | None):
    return dtype and dtype.numpy


def spread_options(dim, unbiased: bool, keepdim: bool, correction) -> dict:
    """The options of `var` and `std`, in the old spelling (unbiased) and the new one (correction)."""
    if isinstance(dim, bool):  # x.var(False)
        dim, unbiased = None, dim
    return {"dim": dim, "keepdim": keepdim, "correction": int(unbiased) if correction is None else correction}


@signature(*_SPREAD)
def std_mean(x, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """Standard deviation and mean."""
    return _with_mean("StdMean", deviation.std, x, spread_options(dim, unbiased, keepdim, correction))


@signature(*_SPREAD)
def var_mean(x, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """Variance and mean."""
    return _with_mean("VarMean", deviation.var, x, spread_options(dim, unbiased, keepdim, correction))


def _with_mean(form: str, rule, x, options: dict) -> tuple:
    mean = {"dim": options["dim"], "keepdim": options["keepdim"], "form": form}
    return recorded(rule)(x, **options, form=form), recorded(ops.mean)(x, **mean)


@signature("Number ord = 2, tuple of ints dim = None, bool keepdim = False, *, torch.dtype dtype = None",
           name="linalg_vector_norm")  # fmt: skip
def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype: Dtype | None = None):
    """(Σ |x|ᵖ)^(1/p) with p = ord, of all elements or over `dim`."""
    return recorded(deviation.norm)(x, p=ord, dim=dim, keepdim=keepdim, dtype=_numpy(dtype))


def _no_such_norm(p: str) -> Exception:
    if p == "nuc":
        return NotImplementedError("the nuclear norm needs singular values, which learntorch does not have.")
    return RuntimeError(f"linalg.matrix_norm: Order {p} not supported. Give a number, or 'fro' for the usual length.")


def _extreme(x, dim, keepdim, other, whole, along, pair, pairwise):
    if isinstance(dim, TensorBase) or other is not None:
        return pairwise(other if other is not None else dim)
    if dim is None:
        return recorded(whole)(x)
    return pair(recorded(along)(x, dim=dim, keepdim=keepdim))
