"""Datasets, samplers and loaders deal out what PyTorch's do: compared with what tools/record_nn.py recorded."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_nn import CASES, GOLDEN, differences, run

import learntorch as torch
from learntorch.utils.data import DataLoader, Dataset, Sampler, TensorDataset

golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["data"]


@pytest.mark.parametrize("name", CASES["data"])
def test_same_as_pytorch(name):
    assert differences(run(CASES["data"][name], torch), golden[name]) == []


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 40), batch_size=st.integers(1, 50), drop_last=st.booleans(), seed=st.integers(0, 99))
def test_every_example_comes_once(n, batch_size, drop_last, seed):
    loader = DataLoader(
        range(n), batch_size, shuffle=True, drop_last=drop_last, generator=torch.Generator().manual_seed(seed)
    )
    batches = [batch.tolist() for batch in loader]
    assert len(batches) == len(loader)
    assert all(len(batch) == batch_size for batch in batches[:-1])
    dealt = sorted(i for batch in batches for i in batch)
    left_out = n % batch_size if drop_last else 0
    assert len(dealt) == n - left_out and len(set(dealt)) == len(dealt)
    assert left_out or dealt == list(range(n))


def test_rows_of_tensors_stay_together():
    x = torch.arange(20).reshape(10, 2)
    torch.manual_seed(0)
    for a, b in DataLoader(TensorDataset(x, x.sum(1)), batch_size=4, shuffle=True):
        assert a.sum(1).tolist() == b.tolist()


def test_workers_change_nothing():
    torch.manual_seed(0)
    alone = [b.tolist() for b in DataLoader(range(10), 3, shuffle=True)]
    torch.manual_seed(0)
    assert [b.tolist() for b in DataLoader(range(10), 3, shuffle=True, num_workers=2)] == alone


def test_a_dataset_may_fetch_a_whole_batch():
    class Squares(Dataset):
        def __getitems__(self, numbers):
            return [n * n for n in numbers]

        def __len__(self):
            return 5

    assert [b.tolist() for b in DataLoader(Squares(), batch_size=3)] == [[0, 1, 4], [9, 16]]


def test_a_dataset_that_fails_says_so_in_the_loop():
    class Broken(Dataset):
        def __len__(self):
            return 1

    with pytest.raises(NotImplementedError, match="Subclasses of Dataset should implement __getitem__"):
        next(iter(DataLoader(Broken())))
    with pytest.raises(NotImplementedError, match="Sampler has no __iter__"):
        iter(Sampler())
