"""What holds for every tensor: compared with NumPy where the two agree, with PyTorch's table where they do not."""

import copy
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from golden_language import DTYPES, OPERATIONS, promotion
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import learntorch as torch

PROMOTION = json.loads((Path(__file__).parent / "golden" / "promotion.json").read_text(encoding="utf-8"))


def check(*strategies):
    """`given`, with as many examples as the suite has time for, and always the same ones."""
    return lambda test: settings(max_examples=60, deadline=None, derandomize=True)(given(*strategies)(test))


shapes = arrays.array_shapes(min_dims=0, max_dims=4, max_side=4)
full_shapes = arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)


def filled(shape, dtype=np.float64):
    """Different numbers, in order."""
    return np.arange(1, np.prod(shape, dtype=int) + 1, dtype=dtype).reshape(shape)


def same(x, array):
    assert tuple(x.shape) == array.shape
    np.testing.assert_array_equal(x.detach().numpy(), array)


def strides_of(array):
    """NumPy's strides in elements, of the dimensions that are ever stepped along."""
    return [s // array.itemsize for s, n in zip(array.strides, array.shape) if n > 1]


def steps(x):
    return [s for s, n in zip(x.stride(), x.shape) if n > 1]


@st.composite
def laid_out(draw):
    """An array that may lie in memory in any order, with gaps, and the same memory as a tensor."""
    shape = draw(full_shapes)
    array = filled(shape)
    array = array.transpose(draw(st.permutations(range(len(shape)))))
    at = tuple(slice(draw(st.integers(0, 1)), None, draw(st.integers(1, 2))) for _ in range(array.ndim))
    array = array[at]
    assume(array.size)
    return array, torch.from_numpy(array)


# Types ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("operation", OPERATIONS)
def test_types_meet_as_in_pytorch(operation):
    assert promotion(operation, torch) == PROMOTION[operation]


def test_the_table_of_types_is_whole():
    assert len(PROMOTION) == len(OPERATIONS) and all(len(table) >= 3 * len(DTYPES) ** 2 for table in PROMOTION.values())


@check(st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.sampled_from(DTYPES))
def test_promotion_is_commutative_and_associative_on_kinds(a, b, c):
    a, b, c = (getattr(torch, name) for name in (a, b, c))
    assert torch.promote_types(a, b) is torch.promote_types(b, a)
    assert torch.promote_types(a, a) is a
    together = torch.promote_types(torch.promote_types(a, b), c)
    assert together.is_floating_point == any(d.is_floating_point for d in (a, b, c))


# Broadcasting ────────────────────────────────────────────────────────────────────────────────────


@check(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
def test_broadcasting_is_numpys(drawn):
    (p, q), expected = drawn.input_shapes, drawn.result_shape
    a, b = filled(p), filled(q) + 0.5
    x, y = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)
    z = x * y
    same(z, a * b)
    assert torch.broadcast_shapes(p, q) == expected
    assert z.is_contiguous()
    z.backward(torch.ones_like(z))
    same(x.grad, sum_to(np.broadcast_to(b, expected), p))
    same(y.grad, sum_to(np.broadcast_to(a, expected), q))


def sum_to(array, shape):
    """The gradient of broadcasting, by its definition: add up everything that came from one element."""
    total = np.zeros(shape)
    for at in np.ndindex(array.shape):
        own = at[len(at) - len(shape) :]
        total[tuple(0 if n == 1 else i for i, n in zip(own, shape))] += array[at]
    return total


@check(shapes, shapes)
def test_shapes_that_do_not_go_together_are_refused(p, q):
    try:
        np.broadcast_shapes(p, q)
    except ValueError:
        with pytest.raises(RuntimeError, match=r"The size of tensor a \(\d+\) must match the size of tensor b"):
            torch.ones(p) + torch.ones(q)
    else:
        assert (torch.ones(p) + torch.ones(q)).shape == np.broadcast_shapes(p, q)


# Views ───────────────────────────────────────────────────────────────────────────────────────────


@check(laid_out(), st.data())
def test_permute_is_numpys_transpose(both, data):
    array, x = both
    order = data.draw(st.permutations(range(array.ndim)))
    y, expected = x.permute(order), array.transpose(order)
    same(y, expected)
    assert steps(y) == strides_of(expected)
    y.fill_(7)
    assert (array == 7).all()


@check(laid_out(), st.data())
def test_view_and_reshape(both, data):
    array, x = both
    size = data.draw(st.permutations([n for n in array.shape if n > 1] or [1]))
    merged = data.draw(st.integers(0, max(len(size) - 1, 0)))
    size = [int(np.prod(size[: merged + 1])), *size[merged + 1 :]]
    expected = array.reshape(size)
    y = x.reshape(size)
    same(y, expected)
    shares = np.shares_memory(expected, array)
    assert np.shares_memory(y.numpy(), array) == shares
    if shares:
        same(x.view(size), expected)
        assert steps(y) == strides_of(expected)
    elif array.size > 1:
        with pytest.raises(RuntimeError, match="view size is not compatible"):
            x.view(size)
    same(x.reshape(-1), array.reshape(-1))


@check(laid_out())
def test_clone_and_contiguous(both):
    array, x = both
    assert x.is_contiguous() == array.flags.c_contiguous
    y = x.contiguous()
    assert (y is x) == array.flags.c_contiguous and y.is_contiguous()
    same(y, array)
    z = x.clone()
    same(z, array)
    z.zero_()
    assert (array != 0).all()


@check(laid_out(), st.data())
def test_expand_repeats_without_copying(both, data):
    array, x = both
    d = data.draw(st.integers(0, array.ndim))
    wide = x.unsqueeze(d).expand(*array.shape[:d], 3, *array.shape[d:])
    same(wide, np.stack([array] * 3, d))
    assert wide.stride(d) == 0 and wide.data_ptr() == x.data_ptr()


@check(laid_out(), st.data())
def test_writing_through_any_view_reaches_the_base(both, data):
    array, x = both
    key = data.draw(arrays.basic_indices(array.shape, allow_newaxis=True).filter(forward_only))
    expected = array.copy()
    expected[key] = -1
    x[key].fill_(-1) if isinstance(x[key], torch.Tensor) else None
    np.testing.assert_array_equal(array, expected)


# Indexing ────────────────────────────────────────────────────────────────────────────────────────


def forward_only(key):
    """Without the negative steps that PyTorch refuses."""
    return all(not isinstance(k, slice) or (k.step or 1) > 0 for k in (key if isinstance(key, tuple) else (key,)))


@check(laid_out(), st.data())
def test_basic_indices_are_numpys(both, data):
    array, x = both
    key = data.draw(arrays.basic_indices(array.shape, allow_newaxis=True).filter(forward_only))
    y, expected = x[key], array[key]
    same(y, np.asarray(expected))
    if isinstance(expected, np.ndarray) and expected.size:
        assert steps(y) == strides_of(expected)
        assert y.data_ptr() == expected.__array_interface__["data"][0]
        assert np.shares_memory(y.numpy(), array)


@check(laid_out(), st.data())
def test_a_negative_step_is_refused(both, data):
    _, x = both
    with pytest.raises(ValueError, match="step must be greater than zero"):
        x[:: -data.draw(st.integers(1, 3))]
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        x[::0]


@check(laid_out(), st.data())
def test_an_index_array_is_numpys(both, data):
    array, x = both
    d = data.draw(st.integers(0, array.ndim - 1))
    n = array.shape[d]
    at = data.draw(
        arrays.arrays(np.int64, arrays.array_shapes(max_dims=2, max_side=3), elements=st.integers(-n, n - 1))
    )
    key = (slice(None),) * d
    y = x[(*key, torch.tensor(at))]
    same(y, array[(*key, at)])
    assert not np.shares_memory(y.numpy(), array)
    same(x[(*key, at.tolist())], array[(*key, at)])


@check(laid_out(), st.data())
def test_a_mask_is_numpys(both, data):
    array, x = both
    depth = data.draw(st.integers(1, array.ndim))
    mask = data.draw(arrays.arrays(np.bool_, array.shape[:depth]))
    same(x[torch.tensor(mask)], array[mask])
    expected = array.copy()
    expected[mask] = -3
    x[torch.tensor(mask)] = -3
    np.testing.assert_array_equal(array, expected)


@check(full_shapes, st.data())
def test_the_gradient_of_an_index_counts_how_often_each_element_was_taken(shape, data):
    n = shape[0]
    at = data.draw(st.lists(st.integers(-n, n - 1), max_size=6))
    x = torch.ones(shape, requires_grad=True)
    x[torch.tensor(at, dtype=torch.int64)].sum().backward()
    counts = np.bincount(np.array([i % n for i in at], int), minlength=n)
    np.testing.assert_array_equal(x.grad.numpy(), np.broadcast_to(counts.reshape(-1, *(1,) * (len(shape) - 1)), shape))


@check(full_shapes, st.data())
def test_split_and_cat_undo_each_other(shape, data):
    x = torch.tensor(filled(shape))
    d = data.draw(st.integers(-len(shape), len(shape) - 1))
    size = data.draw(st.integers(1, 5))
    same(torch.cat(x.split(size, d), d), x.numpy())
    same(torch.cat(x.chunk(size, d), d), x.numpy())
    same(torch.stack(x.unbind(d), d), x.numpy())


# Reductions ──────────────────────────────────────────────────────────────────────────────────────


@check(laid_out(), st.data())
def test_reductions_are_numpys(both, data):
    array, x = both
    dim = data.draw(st.none() | st.sets(st.integers(0, array.ndim - 1), min_size=1).map(lambda s: tuple(sorted(s))))
    keepdim = data.draw(st.booleans()) if dim is not None else False
    for name, reference in (("sum", np.sum), ("mean", np.mean), ("amax", np.max), ("amin", np.min)):
        options = {"dim": dim, "keepdim": keepdim} if dim is not None else {}
        expected = reference(array, axis=dim, keepdims=keepdim)
        np.testing.assert_allclose(getattr(x, name)(**options).numpy(), expected, rtol=1e-12)
    if array.size > 1:
        np.testing.assert_allclose(x.std().item(), array.std(ddof=1), rtol=1e-12)


@check(laid_out(), st.data())
def test_sort_and_topk(both, data):
    array, x = both
    d = data.draw(st.integers(0, array.ndim - 1))
    descending = data.draw(st.booleans())
    values, places = x.sort(d, descending)
    expected = np.flip(np.sort(array, d), d) if descending else np.sort(array, d)
    same(values, expected)
    same(x.gather(d, places), expected)
    k = data.draw(st.integers(1, array.shape[d]))
    same(x.topk(k, d, largest=descending)[0], expected.take(range(k), d))


# NumPy ───────────────────────────────────────────────────────────────────────────────────────────


@check(laid_out())
def test_from_numpy_and_numpy_share_memory(both):
    array, x = both
    assert x.data_ptr() == array.__array_interface__["data"][0]
    assert x.numpy().__array_interface__["data"] == array.__array_interface__["data"]
    assert list(x.stride()) == [s // array.itemsize for s in array.strides]
    x[(0,) * array.ndim] = -5
    assert array[(0,) * array.ndim] == -5
    array[...] = 2
    assert (x == 2).all()
    same(torch.tensor(array), array)
    assert not np.shares_memory(torch.tensor(array).numpy(), array)
    assert np.shares_memory(torch.as_tensor(array).numpy(), array)


@check(st.sampled_from(DTYPES), shapes)
def test_every_type_goes_to_numpy_and_back(name, shape):
    x = torch.ones(shape, dtype=getattr(torch, name))
    assert x.numpy().dtype == np.dtype(name)
    assert torch.from_numpy(x.numpy()).dtype is x.dtype
    assert torch.tensor(x.tolist(), dtype=x.dtype).shape == x.shape


@check(laid_out(), st.booleans())
def test_deepcopy_has_memory_of_its_own(both, requires_grad):
    array, x = both
    x.requires_grad_(requires_grad)
    y = copy.deepcopy(x)
    assert y.requires_grad is requires_grad and y.dtype is x.dtype
    same(y, array)
    with torch.no_grad():
        y.zero_()
    assert (array != 0).all()


def test_deepcopy_keeps_what_is_shared():
    x = torch.ones(2, requires_grad=True)
    pair = copy.deepcopy([x, x])
    assert pair[0] is pair[1] and pair[0] is not x


@check(arrays.arrays(np.float64, shapes, elements=st.floats(-50, 50)))
def test_arithmetic_is_silent_and_numpys(array):
    x = torch.tensor(array)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=UserWarning)
        np.testing.assert_allclose((x.exp() + 1 / x).numpy(), reference(array), rtol=1e-12)


def reference(array):
    with np.errstate(divide="ignore"):
        return np.exp(array) + 1 / array
