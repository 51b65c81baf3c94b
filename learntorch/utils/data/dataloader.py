"""The loader: a dataset in batches.

Read in chapter 09.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, repeat
from math import ceil
from types import GenericAlias

from ...devices import cuda_is_available
from ...random import Generator
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed


class DataLoader:
    """A dataset in batches: `for x, y in DataLoader(dataset, batch_size=64, shuffle=True)`.

    Each loop is one epoch, a pass through all examples. With `num_workers` the examples are still
    fetched here, in the same order: workers change the speed, not the result.
    """

    _is_made = False

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable | None = None,
        batch_sampler: Iterable | None = None,
        num_workers: int = 0,
        collate_fn: Callable | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable | None = None,
        multiprocessing_context=None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        is_iterable = isinstance(dataset, IterableDataset)
        if is_iterable:
            _check_iterable(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle. A sampler decides the order itself.")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if is_iterable:
                sampler = repeat(None)  # no numbers, and no end: the dataset decides itself
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is None and batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.pin_memory, self.pin_memory_device = num_workers, pin_memory, pin_memory_device
        self.timeout, self.worker_init_fn, self.multiprocessing_context = (
            timeout,
            worker_init_fn,
            multiprocessing_context,
        )
        self.prefetch_factor = 2 if prefetch_factor is None and num_workers > 0 else prefetch_factor
        self.persistent_workers, self.in_order = persistent_workers, in_order
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._is_made = True

    def __setattr__(self, name: str, value: object) -> None:
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
        if self._is_made and name in fixed:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    __class_getitem__ = classmethod(GenericAlias)  # DataLoader[int], for annotations

    def __iter__(self) -> Iterator:
        if self.pin_memory and not cuda_is_available():
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't "
                "be used.",
                stacklevel=2,
            )
        draw_seed(self.generator)  # for workers, used or not: PyTorch does it here, and later draws depend on it
        return _Epoch(self, self._stream() if isinstance(self.dataset, IterableDataset) else self._batches())

    def _batches(self) -> Iterator:
        """The batches of a dataset that has its examples by number."""
        for numbers in self.sampler if self.batch_sampler is None else self.batch_sampler:
            if self.batch_sampler is None:
                examples = self.dataset[numbers]
            elif hasattr(self.dataset, "__getitems__"):
                examples = self.dataset.__getitems__(numbers)
            else:
                examples = [self.dataset[i] for i in numbers]
            yield self.collate_fn(examples)

    def _stream(self) -> Iterator:
        """The batches of a dataset that yields one example after the other."""
        examples = iter(self.dataset)
        if self.batch_sampler is None:
            yield from map(self.collate_fn, examples)
            return
        while batch := list(islice(examples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        n = len(self.dataset)
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else ceil(n / self.batch_size)


class _Epoch:
    """One pass through a loader: an iterator that knows how many batches there are."""

    def __init__(self, loader: DataLoader, batches: Iterator) -> None:
        self._loader, self._batches = loader, batches

    def __iter__(self) -> Iterator:
        return self

    def __next__(self):
        return next(self._batches)

    def __len__(self) -> int:
        return len(self._loader)


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable "
            "multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_iterable(shuffle: bool | None, sampler, batch_sampler) -> None:
    """Refuse an order for examples that have none."""
    for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}. The "
                "dataset decides the order itself."
            )


def get_worker_info() -> None:
    """None: the examples are fetched in the process that asks for them."""
    return None
