"""With the solutions of chapters 02 and 10 in their slots, the package does what it did; with a wrong one it does not;
and ours comes back."""

import numpy as np
import pytest

import learntorch as torch
from learntorch import creation, nn
from learntorch.course.practice import slots
from learntorch.course.practice.answer import filled, load
from learntorch.course.practice.definition import find
from learntorch.nn import functional as F


@pytest.fixture
def install():
    """Puts an answer of an exercise into its slot: the solution, or the wrong answer of a name."""

    def put(id: str, name: str = "") -> slots.Slot:
        ex = find(id)
        answer = next(wrong.answer for wrong in ex.wrongs if wrong.name == name) if name else ex.answer
        slot = slots.slots()[ex.slot]
        slot.install(load(ex, filled(ex.source(answer))).object)
        return slot

    yield put
    for slot in slots.slots().values():
        slot.restore()


# from_numpy ──────────────────────────────────────────────────────────────────────────────────────


def arrays() -> list[np.ndarray]:
    """Arrays of every layout that a tensor can have."""
    block = np.arange(24.0).reshape(2, 3, 4)
    read_only = np.arange(3.0)
    read_only.flags.writeable = False
    return [
        block, block.T, block[1], block[:, 1:, ::2], block.transpose(2, 0, 1)[1:], block[1, 2, 3:].reshape(()),
        np.array(2.5), np.zeros((0, 3)), np.zeros((2, 0)), np.arange(6, dtype=np.int16)[1::2], np.array([True, False]),
        np.broadcast_to(np.arange(3.0), (2, 3)).copy()[:, None], np.asfortranarray(block), np.arange(4, dtype=np.uint8),
        np.arange(8.0).view(np.int64)[3:], np.arange(8, dtype=np.int32).view(np.int16)[1::2], block[::1, 2:1],
        np.lib.stride_tricks.as_strided(np.arange(3.0), (4, 3), (0, 8)),
    ]  # fmt: skip


def seen(t: torch.Tensor) -> tuple:
    """All that can be asked of a tensor."""
    with torch.no_grad():
        return (t.tolist(), tuple(t.shape), t.stride(), t.storage_offset(), t.dtype, t.data_ptr(), t.is_contiguous(),
                t.requires_grad, t.is_leaf, t._base is None, repr(t), t._version)  # fmt: skip


def test_from_numpy_gives_the_same_tensors(install):
    given = arrays()
    expected = [seen(torch.from_numpy(array)) for array in given]
    install("from-numpy")
    assert [seen(torch.from_numpy(array)) for array in given] == expected
    for array in given:
        t = torch.from_numpy(array)
        if array.size and array.flags.writeable:
            array.reshape(-1)[:1] = 1
            array[...] = 0
            assert not t.any(), "shared"
            if array.dtype.kind == "f" and 0 not in array.strides:
                t.requires_grad_().sum().backward()
                assert t.grad.shape == t.shape


@pytest.mark.parametrize("given", [[1.0], 3, None, np.array(["a"]), np.arange(3)[::-1], np.array([1j], dtype=object)])
def test_from_numpy_refuses_in_the_same_words(given, install):
    words = []
    for step in ("ours", "theirs"):
        if step == "theirs":
            install("from-numpy")
        with pytest.raises((TypeError, ValueError)) as error:
            torch.from_numpy(given)
        words.append((error.type, str(error.value)))
    assert words[0] == words[1]


@pytest.mark.parametrize("name", [wrong.name for wrong in find("from-numpy").wrongs])
def test_a_wrong_from_numpy_is_noticed_and_ours_comes_back(name, install):
    block = np.arange(12, dtype=np.int32).reshape(3, 4)

    def there():
        t = torch.from_numpy(block[1:, ::2])
        block[2, 2] += 100
        return t.dtype, t.tolist(), t.shape

    ours, before = creation.from_numpy, block.copy()
    expected = there()
    block[:] = before
    slot = install("from-numpy", name)
    assert creation.from_numpy is torch.from_numpy is not ours
    try:
        assert there() != expected
    except RuntimeError as error:
        assert "out of bounds" in str(error)
    slot.restore()
    block[:] = before
    assert there() == expected and creation.from_numpy is torch.from_numpy is ours


# cross_entropy ───────────────────────────────────────────────────────────────────────────────────


def losses() -> list:
    """What cross-entropy gives: values, gradients, second derivatives, and how it prints."""
    found = []
    for dtype in (torch.float32, torch.float64):
        torch.manual_seed(0)
        scores, labels = (torch.randn(5, 3) * 3).to(dtype).requires_grad_(), torch.tensor([0, 2, 1, 1, 0])
        loss = F.cross_entropy(scores, labels)
        (slope,) = torch.autograd.grad(loss * 2, scores, create_graph=True)
        (second,) = torch.autograd.grad((slope**2).sum(), scores)
        module = nn.CrossEntropyLoss()(scores, labels)
        found += [loss, slope, second, module, repr(loss), loss.grad_fn.name(), str(loss.dtype), str(slope.dtype)]
        for options in ({"reduction": "sum"}, {"label_smoothing": 0.1}, {"ignore_index": 1}):
            found.append(F.cross_entropy(scores, labels, **options))
    return found


def agree(a: list, b: list) -> bool:
    """True if two such lists say the same, up to the rounding of float32."""
    return all(x == y if isinstance(x, str) else torch.allclose(x, y, rtol=1e-5, atol=1e-6) for x, y in zip(a, b))


def test_cross_entropy_gives_the_same(install):
    expected = losses()
    slot = install("cross-entropy")
    assert agree(losses(), expected)
    x = torch.randn(4, 3, dtype=torch.float64).requires_grad_()
    labels = torch.tensor([2, 0, 1, 1])
    assert torch.autograd.gradcheck(lambda x: F.cross_entropy(x, labels), x)
    assert torch.autograd.gradgradcheck(lambda x: F.cross_entropy(x, labels), x)
    with pytest.raises(IndexError, match="Target 3 is out of bounds"):
        F.cross_entropy(x, torch.tensor([0, 1, 2, 3]))
    slot.restore()
    assert all(x == y if isinstance(x, str) else torch.equal(x, y) for x, y in zip(losses(), expected))


@pytest.mark.parametrize("name", [wrong.name for wrong in find("cross-entropy").wrongs])
@pytest.mark.filterwarnings("ignore")
def test_a_wrong_cross_entropy_is_noticed(name, install):
    def run():
        scores = torch.tensor([[2.0, -1.0, 0.0], [1000.0, 0.0, -5.0]], dtype=torch.float64, requires_grad=True)
        loss = F.cross_entropy(scores, torch.tensor([1, 2]))
        loss.backward()
        return [loss.detach(), scores.grad, scores.detach()]

    expected = run()
    slot = install("cross-entropy", name)
    assert not agree(run(), expected)
    slot.restore()
    assert agree(run(), expected)


# The shelf ───────────────────────────────────────────────────────────────────────────────────────


def test_example_and_train_are_lent_until_yours_come(install):
    ours = slots.mine("example")
    assert ours(6, 4) == ([0, 1, 1, 0], 1)
    install("example")
    assert slots.mine("example") is not ours and slots.mine("example")(6, 4) == ours(6, 4)
    install("example", "largest_first")
    assert slots.mine("example")(6, 4) == ([0, 1, 1, 0], 1) and slots.mine("example")(1, 4) != ours(1, 4)
    assert callable(slots.mine("train"))
