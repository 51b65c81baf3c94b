"""Records what real PyTorch draws into tests/golden/random.json.

Run it with a Python that has PyTorch 2.13, not on an Intel processor, where PyTorch draws `bernoulli_` and
`exponential_` by MKL: `python tools/record_random.py`.
A record is a seed, a list of draws, and the hash of the generator's state at the end. A draw is [function of
learntorch.random, its arguments, result]; a result is a list of values, or some of them by index, or a hash.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from random import Random

import numpy as np
import torch

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "random.json"

SEEDS = (0, 1, 42, 2**40 + 3, -7)
SIZES = (*range(1, 41), 100, 1000)
FLOATS = ("float32", "float16", "float64")
INTEGERS = ("int64", "uint8", "int8", "int16", "int32", "bool")
APPROXIMATE = ("normal", "exponential")  # logarithms and sines differ in the last places


def _empty(shape, dtype: str) -> torch.Tensor:
    return torch.empty(shape, dtype=getattr(torch, dtype))


def _integers(shape, dtype="int64", low=None, high=None) -> torch.Tensor:
    if low is None:
        return _empty(shape, dtype).random_()
    if high is None:
        return _empty(shape, dtype).random_(low, None)
    return torch.randint(low, high, shape, dtype=getattr(torch, dtype))


def _normal(shape=None, mean=0.0, std=1.0, dtype="float32") -> torch.Tensor:
    if shape is not None:
        return _empty(shape, dtype).normal_(mean, std)
    mean, std = (torch.tensor(x) if isinstance(x, list) else x for x in (mean, std))
    return torch.normal(mean, std)


def _bernoulli(p, shape=None, dtype="float32") -> torch.Tensor:
    if isinstance(p, list):
        return torch.bernoulli(torch.tensor(p, dtype=getattr(torch, dtype)))
    return _empty(shape, dtype).bernoulli_(p)


# For each function of learntorch.random the call that draws the same in PyTorch.
TORCH = {
    "uniform": lambda shape, low=0.0, high=1.0, dtype="float32": _empty(shape, dtype).uniform_(low, high),
    "normal": _normal,
    "exponential": lambda shape, rate=1.0, dtype="float32": _empty(shape, dtype).exponential_(rate),
    "integers": _integers,
    "permutation": lambda n: torch.randperm(n),
    "bernoulli": _bernoulli,
    "multinomial": lambda weights, **how: torch.multinomial(torch.tensor(weights), **how),
}


def programs():
    """Every seed and list of draws, without the results."""
    for seed in SEEDS:
        for dtype in FLOATS if seed in (0, -7) else FLOATS[:1]:
            for name in ("uniform", "normal"):
                yield seed, [(name, {"shape": [n], "dtype": dtype}) for n in SIZES]
        yield seed, [("integers", {"shape": [n], "low": 0, "high": 10}) for n in SIZES]
        yield seed, [("permutation", {"n": n}) for n in (0, *SIZES)]
        yield seed, [("bernoulli", {"p": 0.5, "shape": [n]}) for n in SIZES]
        yield seed, [(name, {"shape": [64, 1000]}) for name in ("uniform", "normal", "integers")]
        yield seed, [("permutation", {"n": 64000}), ("bernoulli", {"p": 0.8, "shape": [64000]})]
    random = Random(0)
    for _ in range(60):
        seed = random.choice([*SEEDS, random.randrange(2**63), -random.randrange(2**63)])
        yield seed, [_any_draw(random) for _ in range(random.randint(2, 12))]


def _any_draw(random: Random) -> tuple[str, dict]:
    name = random.choice([*TORCH, "normal", "normal"])
    n, dtype = random.choice([1, 2, 3, 5, 15, 16, 17, 33, 625]), random.choice(FLOATS)
    shape = random.choice([[], [n], [n, 3], [2, 0]])
    weights = [round(random.random(), 3) + 0.001 for _ in range(9)]
    if name == "uniform":
        low, high = sorted(round(random.gauss(0, 5), 2) for _ in "ab")
        return name, {"shape": shape, "low": low, "high": high + 0.1, "dtype": dtype}
    if name == "normal":
        mean, std = round(random.gauss(0, 3), 1), round(random.random() + 0.1, 2)
        if random.random() < 0.2:
            mean, std = random.choice([([[mean], [1.0]], std), (mean, weights), ([[mean], [1.0]], weights)])
            return name, {"mean": mean, "std": std}
        return name, {"shape": shape, "mean": mean, "std": std, "dtype": dtype}
    if name == "exponential":
        return name, {"shape": shape, "rate": round(random.random() + 0.1, 2), "dtype": dtype}
    if name == "permutation":
        return name, {"n": n}
    if name == "bernoulli":
        if random.random() < 0.4:
            return name, {"p": weights, "dtype": dtype}
        return name, {"p": round(random.random(), 2), "shape": shape, "dtype": random.choice(FLOATS + INTEGERS)}
    if name == "multinomial":
        weights = weights if random.random() < 0.5 else [weights, weights[::-1]]
        return name, {"weights": weights, "num_samples": random.randint(1, 8), "replacement": n % 2 == 1}
    dtype = random.choice(FLOATS + INTEGERS)
    bounds = [{}, {"low": 0, "high": 2}]
    if dtype in ("int64", "float64"):
        bounds += [{"low": -5, "high": 2**28 - 6}, {"low": -5, "high": 2**28 - 5}, {"low": 7}]
    if dtype == "int64":
        bounds += [{"low": -(2**63), "high": 2**63 - 1}, {"low": -(2**63)}, {"low": 2**40, "high": 2**50}]
    if dtype in ("int32", "int64", "float32"):
        bounds += [{"low": -100, "high": 100}, {"low": 3}]
    return name, {"shape": shape, "dtype": dtype, **random.choice(bounds)}


def short(array: np.ndarray, name: str) -> list | dict | str:
    """A small record of `array` that tells it from others."""
    flat = array.ravel()
    values = [float(str(x)) if flat.dtype.kind == "f" else int(x) for x in flat[:8]]
    if name not in APPROXIMATE:
        return values if flat.size <= 4 else hashlib.sha256(flat.tobytes()).hexdigest()[:16]
    if flat.size <= 8:
        return values
    chosen = {0, 7, 8, flat.size // 2, flat.size - 17, flat.size - 16, flat.size - 1} - set(range(-17, 0))
    return {str(i): float(str(flat[i])) for i in sorted(chosen)}


def digest(state: np.ndarray) -> str:
    """The state of a generator, but for the waiting normal number."""
    return hashlib.sha256(state[:5024].tobytes() + state[5032:].tobytes()).hexdigest()[:16]


def main() -> None:
    records = []
    for seed, draws in programs():
        torch.manual_seed(seed)
        results = [(name, call, short(TORCH[name](**call).numpy(), name)) for name, call in draws]
        records.append([seed, results, digest(torch.get_rng_state().numpy())])
    GOLDEN.parent.mkdir(exist_ok=True)
    lines = (json.dumps(record, separators=(",", ":")) for record in records)
    GOLDEN.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    count = sum(len(draws) for _, draws, _ in records)
    print(f"{count} draws in {len(records)} records from PyTorch {torch.__version__} in {GOLDEN.name}")


if __name__ == "__main__":
    main()
