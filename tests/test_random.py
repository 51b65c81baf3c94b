"""The same seed draws the same numbers as PyTorch: compared with what tools/record_random.py recorded."""

import hashlib
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import learntorch as torch
from learntorch import choices, dtypes, random
from learntorch.random import Generator, default_generator

RECORDS = json.loads((Path(__file__).parent / "golden" / "random.json").read_text())
FLOATS = (dtypes.float16, dtypes.float32, dtypes.float64)
SPARE = slice(5024, 5032)  # the waiting normal number in the state


def run(name, call, generator):
    """One recorded draw."""
    call = dict(call)
    if "dtype" in call:
        call["dtype"] = getattr(dtypes, call["dtype"])
    numbers = call.get("dtype", dtypes.float32).numpy
    arrays = {key: np.array(x, numbers) for key, x in call.items() if isinstance(x, list) and key != "shape"}
    return getattr(random if hasattr(random, name) else choices, name)(**(call | arrays), generator=generator)


def check(array, recorded, call):
    """`array` is what was recorded: exactly, or for normal and exponential numbers to the last few digits."""
    flat = array.ravel()
    if isinstance(recorded, str):
        assert hashlib.sha256(flat.tobytes()).hexdigest()[:16] == recorded
        return
    if isinstance(recorded, dict):
        flat, recorded = flat[[int(i) for i in recorded]], list(recorded.values())
    expected = np.array(recorded, array.dtype)
    if array.dtype.kind != "f":
        np.testing.assert_array_equal(flat, expected)
        return
    eps = float(np.finfo(array.dtype).eps)
    shift = float(np.abs(call.get("mean", 0)).max())  # mean + std · z may cancel
    scale = shift + float(np.max(call.get("std", 1)))
    np.testing.assert_allclose(flat, expected, rtol=3 * eps, atol=8 * eps * scale if shift else 0)


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: f"{r[0]} " + "-".join(dict.fromkeys(d[0] for d in r[1])))
def test_same_numbers_as_pytorch(record):
    seed, draws, state = record
    generator = Generator().manual_seed(seed)
    for name, call, recorded in draws:
        check(run(name, call, generator), recorded, call)
    assert hashlib.sha256(np.delete(generator.get_state().numpy(), SPARE).tobytes()).hexdigest()[:16] == state


def test_enough_is_recorded():
    assert sum(len(draws) for _, draws, _ in RECORDS) > 1000
    assert {name for _, draws, _ in RECORDS for name, _, _ in draws} == {
        "uniform", "normal", "exponential", "integers", "permutation", "bernoulli", "multinomial",
    }  # fmt: skip


def test_one_normal_number_waits_for_the_next_tensor():
    one = Generator().manual_seed(5)
    apart = [random.normal((1,), generator=one).item() for _ in range(3)]
    together = random.normal((3,), generator=Generator().manual_seed(5))
    assert apart == together.tolist()


def test_seeding_forgets_the_waiting_number():
    generator = Generator().manual_seed(5)
    first = random.normal((1,), generator=generator)
    assert random.normal((1,), generator=generator.manual_seed(5)) == first


@pytest.mark.parametrize("before", [0, 1, 3, 623, 624, 625])
def test_a_state_brings_the_stream_back(before):
    generator = Generator().manual_seed(8)
    random.normal((1,), generator=generator)
    generator.words(before)
    state = generator.get_state()
    assert state.dtype is torch.uint8 and state.shape == (5056,)
    expected = [random.normal((4,), generator=generator), generator.words(700)]
    other = Generator()
    other.set_state(state)
    assert other.initial_seed() == 8
    np.testing.assert_array_equal(other.get_state().numpy(), state.numpy())
    np.testing.assert_array_equal(random.normal((4,), generator=other), expected[0])
    np.testing.assert_array_equal(other.words(700), expected[1])


def test_a_new_generator_starts_at_pytorchs_seed():
    assert Generator().initial_seed() == 67280421310721
    np.testing.assert_array_equal(Generator().words(9), Generator("cpu").words(9))


def test_seeds_wrap_at_64_bits_and_count_32():
    assert Generator().manual_seed(-1).initial_seed() == 2**64 - 1
    assert Generator().manual_seed(-(2**63)).initial_seed() == 2**63
    low, high = Generator().manual_seed(3), Generator().manual_seed(2**40 + 3)
    np.testing.assert_array_equal(low.words(5), high.words(5))


def test_the_default_generator():
    assert random.manual_seed(7.9) is default_generator
    assert random.initial_seed() == 7
    expected = random.uniform((4,), generator=Generator().manual_seed(7))
    np.testing.assert_array_equal(random.uniform((4,)), expected)
    assert random.seed() == random.initial_seed() != random.seed()


def test_numpys_own_random_state_is_left_alone():
    np.random.seed(1)
    expected = np.random.random()
    np.random.seed(1)
    random.manual_seed(2)
    random.normal((40,))
    assert np.random.random() == expected


def test_importing_does_not_load_numpy_random():
    code = "import sys, learntorch.random; sys.exit('numpy.random' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@given(st.floats(-100, 100), st.floats(0, 100), st.sampled_from(FLOATS), st.integers(0, 99))
def test_uniform_stays_below_its_end(low, width, dtype, seed):
    x = random.uniform((200,), low, low + width, dtype, Generator().manual_seed(seed))
    low, high = dtype.numpy.type(low), dtype.numpy.type(low + width)
    assert (x >= low).all() and ((x < high) | (low == high)).all()


@given(st.integers(-(2**63), 2**63 - 2), st.integers(1, 2**64), st.integers(0, 99))
def test_integers_stay_in_their_range(low, width, seed):
    high = min(low + width, 2**63 - 1)
    x = random.integers((50,), low, high, generator=Generator().manual_seed(seed))
    assert x.dtype == np.int64 and x.min() >= low and x.max() < high


@given(st.integers(0, 300), st.integers(0, 99))
def test_a_permutation_holds_every_number_once(n, seed):
    assert sorted(random.permutation(n, generator=Generator().manual_seed(seed))) == list(range(n))


def test_multinomial_without_replacement_never_repeats_and_follows_the_weights():
    generator = Generator().manual_seed(0)
    weights = np.tile(np.array([1, 2, 0, 5], np.float32), (4000, 1))
    drawn = choices.multinomial(weights, 3, generator=generator)
    assert (np.sort(drawn, axis=1) == [0, 1, 3]).all()
    shares = np.bincount(drawn[:, 0], minlength=4) / 4000
    np.testing.assert_allclose(shares, [1 / 8, 2 / 8, 0, 5 / 8], atol=0.03)


def test_large_half_numbers_become_inf_quietly():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(random.normal((64,), 0.0, 1e9, dtypes.float16)).all()


def test_floats_beyond_their_digits_warn():
    with pytest.warns(UserWarning, match=r"out of bounds \[-\(2\^11\), 2\^11\]"):
        x = random.integers((500,), 0, 5000, dtypes.float16, Generator().manual_seed(0))
    assert x.max() < 5000


WRONG = [
    (RuntimeError, "uniform_ expects to return a", lambda: random.uniform((3,), 2, 1)),
    (RuntimeError, "from is out of bounds for float32", lambda: random.uniform((3,), -3e39, 0)),
    (RuntimeError, "to-from to exceed the limit", lambda: random.uniform((3,), -3e38, 3e38)),
    (NotImplementedError, "not implemented for 'Long'", lambda: random.uniform((3,), dtype=dtypes.int64)),
    (NotImplementedError, "not implemented for 'Int'", lambda: random.normal((3,), dtype=dtypes.int32)),
    (NotImplementedError, "not implemented for 'Long'", lambda: random.normal(None, np.ones(3, int), 1.0)),
    (RuntimeError, "expects std >= 0.0, but found std -1", lambda: random.normal((3,), 0, -1)),
    (RuntimeError, "all elements of std >= 0.0", lambda: random.normal(None, 0.0, np.array([-1.0]))),
    (RuntimeError, r"tensor a \(3\) must match", lambda: random.normal(None, np.ones((2, 3)), np.ones(4))),
    (RuntimeError, "lambda > 0.0, but found lambda=0", lambda: random.exponential((3,), 0)),
    (RuntimeError, "got from=5 >= to=5", lambda: random.integers((2,), 5, 5)),
    (RuntimeError, "to - 1 is out of bounds for unsigned char", lambda: random.integers((2,), 0, 300, dtypes.uint8)),
    (RuntimeError, "from is out of bounds for bool", lambda: random.integers((2,), -1, 2, dtypes.bool)),
    (RuntimeError, "to - 1 is out of bounds", lambda: random.integers((2,), 0, 70000, dtypes.float16)),
    (RuntimeError, "negative dimension -1", lambda: random.permutation(-1)),
    (RuntimeError, "without overflow", lambda: random.permutation(300, dtypes.uint8)),
    (RuntimeError, r"in \[0, 1\], but got p=1.5", lambda: choices.bernoulli(1.5, (3,))),
    (RuntimeError, r"in \[0, 1\]", lambda: choices.bernoulli(np.array([np.nan]))),
    (NotImplementedError, "bernoulli_tensor_cpu_p_", lambda: choices.bernoulli(np.array([1]))),
    (RuntimeError, "1 or 2 dim", lambda: choices.multinomial(np.ones((2, 2, 2)), 1)),
    (RuntimeError, "got: Long", lambda: choices.multinomial(np.ones(2, int), 1)),
    (RuntimeError, "n_sample <= 0", lambda: choices.multinomial(np.ones(2), 0)),
    (RuntimeError, "without replacement", lambda: choices.multinomial(np.ones(2), 3)),
    (RuntimeError, "element < 0", lambda: choices.multinomial(np.array([1.0, -1.0]), 1)),
    (RuntimeError, "sum of probabilities <= 0", lambda: choices.multinomial(np.zeros(2), 1)),
    (RuntimeError, "expected a long, but got float", lambda: Generator().manual_seed(1.5)),
    (RuntimeError, "expected a long, but got bool", lambda: Generator().manual_seed(True)),
    (ValueError, "Overflow when unpacking", lambda: random.manual_seed(2**64)),
    (ValueError, "Overflow when unpacking", lambda: random.manual_seed(-(2**63) - 1)),
    (
        RuntimeError,
        "of size 5056 but found .* to be 5",
        lambda: Generator().set_state(torch.zeros(5, dtype=torch.uint8)),
    ),
    (RuntimeError, "Invalid mt19937 state", lambda: Generator().set_state(torch.zeros(5056, dtype=torch.uint8))),
    (TypeError, "must be a torch.ByteTensor", lambda: Generator().set_state(torch.zeros(5056))),
    (RuntimeError, "device type at start of device string", lambda: Generator("gpu")),
]


@pytest.mark.parametrize("error, message, call", WRONG, ids=lambda x: x if isinstance(x, str) else "")
def test_pytorchs_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
