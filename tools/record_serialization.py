"""Records a safetensors file that real PyTorch writes, and checks that PyTorch reads the one that learntorch writes.

Run it with a Python that has PyTorch 2.13 and safetensors: `python tools/record_serialization.py`. Both files lie in
tests/golden/: pytorch.safetensors, which `load` has to read, and learntorch.safetensors, which `save` has to write
byte for byte (tests/test_serialization.py).
"""

from __future__ import annotations

from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"


def state(torch) -> dict:
    """A state dict with what may go wrong in one: 0-d, empty, turned, and every type."""
    numbers = torch.arange(6.0).reshape(2, 3)
    return {
        "0.weight": numbers / 4,
        "0.bias": torch.tensor([0.5, -1.5]),
        "turned": numbers.t().contiguous(),
        "half": torch.tensor([1.5, -2.0], dtype=torch.float16),
        "double": torch.tensor(0.1, dtype=torch.float64),
        "count": torch.tensor(3),
        "bytes": torch.tensor([[1, 255]], dtype=torch.uint8),
        "small": torch.tensor([-1, 2], dtype=torch.int16),
        "mask": torch.tensor([True, False]),
        "empty": torch.zeros(0, 2),
    }


def main() -> None:
    import torch
    from safetensors.torch import load_file, save_file

    save_file(state(torch), GOLDEN / "pytorch.safetensors")
    print("pytorch.safetensors written")
    ours, expected = load_file(GOLDEN / "learntorch.safetensors"), state(torch)
    assert ours.keys() == expected.keys()
    for name, tensor in expected.items():
        assert ours[name].dtype == tensor.dtype and torch.equal(ours[name], tensor), name
    print(f"learntorch.safetensors read by PyTorch: {len(ours)} tensors agree")


if __name__ == "__main__":
    main()
