"""What is saved comes back as it was, PyTorch and learntorch read each other's files, and nothing is half-written."""

import io
import math
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from record_serialization import state

import learntorch as torch
from learntorch import nn

GOLDEN = Path(__file__).parent / "golden"


def back(obj, **options):
    """`obj`, saved and loaded again."""
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    return torch.load(file, **options)


def test_a_state_dict_comes_back_and_gives_the_same_answers(tmp_path):
    torch.manual_seed(0)
    net, other = (nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)) for _ in range(2))
    torch.save(net.state_dict(), tmp_path / "net.safetensors")
    found = torch.load(tmp_path / "net.safetensors", weights_only=True)
    assert type(found) is OrderedDict and list(found) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert str(other.load_state_dict(found)) == "<All keys matched successfully>"
    x = torch.randn(5, 3)
    assert torch.equal(net(x), other(x))


def test_training_goes_on_where_it_stopped():
    def net_and_optimizer():
        torch.manual_seed(1)
        net = nn.Linear(3, 1)
        return net, torch.optim.Adam(net.parameters(), lr=0.1)

    def train(net, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            net(torch.ones(2, 3)).pow(2).sum().backward()
            optimizer.step()

    net, optimizer = net_and_optimizer()
    train(net, optimizer, 3)
    checkpoint = back({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3})
    train(net, optimizer, 3)
    again, other = net_and_optimizer()
    again.load_state_dict(checkpoint["net"])
    other.load_state_dict(checkpoint["optimizer"])
    train(again, other, 3)
    assert checkpoint["epoch"] == 3
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters()))


def test_containers_keep_their_kinds():
    obj = {
        "numbers": [1, 2.5, True, None, "text", math.inf],
        3: (torch.ones(2), [torch.zeros(0, 3), torch.tensor(7)]),
        (1, "a"): {"size": torch.Size([2, 3]), "dtype": torch.float64, "device": torch.device("cpu")},
        "set": {1, 2},
        "array": np.arange(3),
    }
    found = back(obj)
    assert list(found) == list(obj) and found["numbers"] == obj["numbers"] and found["set"] == {1, 2}
    assert type(found[3]) is tuple and type(found[3][1]) is list
    assert found[3][1][0].shape == (0, 3) and found[3][1][1].item() == 7 and found[3][1][1].shape == ()
    inner = found[1, "a"]
    assert (
        type(inner["size"]) is torch.Size and inner["dtype"] is torch.float64 and inner["device"] == torch.device("cpu")
    )
    assert type(found["array"]) is np.ndarray and found["array"].tolist() == [0, 1, 2]


def test_what_a_tensor_is_comes_back():
    for dtype in (torch.float16, torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16, torch.int32,
                  torch.int64, torch.bool):  # fmt: skip
        x = torch.tensor([[0, 1, 1]], dtype=dtype)
        assert torch.equal(back(x), x) and back(x).dtype is dtype
    leaf = torch.ones(2, requires_grad=True)
    assert back(leaf).requires_grad and back(leaf).is_leaf
    assert type(back(nn.Parameter(torch.ones(2)))) is nn.Parameter
    turned = torch.arange(6.0).reshape(2, 3).t()
    assert torch.equal(back(turned), turned) and back(turned).stride() == turned.stride()
    third = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)
    assert torch.equal(back(third), third) and back(third).stride() == third.stride()


def test_what_was_one_tensor_is_one_again():
    shared = torch.zeros(2)
    first, second = back([shared, shared])
    first[0] = 5
    assert second[0] == 5
    apart = back([torch.zeros(2), torch.zeros(2)])
    apart[0][0] = 5
    assert apart[1][0] == 0


def test_a_file_of_pytorch_is_read():
    found = torch.load(GOLDEN / "pytorch.safetensors")
    expected = state(torch)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert (
            found[name].dtype is tensor.dtype and found[name].shape == tensor.shape and torch.equal(found[name], tensor)
        )
    found["0.bias"][0] = 1.0  # it may be written to


def test_the_file_that_pytorch_has_read_is_what_is_written(tmp_path):
    torch.save(state(torch), tmp_path / "ours")
    assert (tmp_path / "ours").read_bytes() == (GOLDEN / "learntorch.safetensors").read_bytes()


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net"
    torch.save({"x": torch.ones(2)}, path)
    with pytest.raises(TypeError, match="there is a Linear in what you gave"):
        torch.save({"x": nn.Linear(2, 2)}, path)

    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        torch.save({"x": torch.zeros(2)}, path)
    assert [p.name for p in tmp_path.iterdir()] == ["net"]
    assert torch.load(path)["x"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "content, says",
    [
        (b"PK\x03\x04rest", "this file is a pickle"),
        (b"\x80\x02}q\x00.", "this file is a pickle"),
        (b"", "not a safetensors file"),
        (b"nonsense, but long enough", "not a safetensors file"),
    ],
)
def test_what_is_not_ours_is_refused_in_words(content, says):
    with pytest.raises(RuntimeError, match=says):
        torch.load(io.BytesIO(content))


def test_missing_places_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file or directory"):
        torch.load(tmp_path / "nothing")
    with pytest.raises(RuntimeError, match="Parent directory .* does not exist"):
        torch.save({}, tmp_path / "no" / "folder")


def test_other_libraries_see_the_same_memory():
    x = torch.arange(6.0).reshape(2, 3)
    array = np.from_dlpack(x)
    array[0, 0] = 9
    assert x[0, 0] == 9
    y = torch.from_dlpack(array)
    y[0, 1] = 8
    assert x[0, 1] == 8 and y.data_ptr() == x.data_ptr()
    assert torch.from_dlpack(x).data_ptr() == x.data_ptr()
    with pytest.raises(BufferError, match="use tensor.detach"):
        np.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match="invalid capsule"):
        torch.from_dlpack([1, 2])
    with pytest.raises(ValueError, match="negative"):
        torch.from_dlpack(np.arange(3)[::-1])


def test_an_array_of_a_tensor_is_a_copy_when_it_should_be():
    x = torch.ones(2)
    copied, seen = np.array(x), np.asarray(x)
    copied[0], seen[1] = 5, 7
    assert x.tolist() == [1, 7]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
