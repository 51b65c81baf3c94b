"""The kernels for GPUs compute what the rules mean, and there are as few launches as docs/gpu.md says.

Where there is no GPU, the C of every kernel is compiled for the CPU (counting_cupy.py); where there is one, the same
tests run on it, too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import counting_cupy
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import learntorch as torch
from learntorch import devices, nn, optim
from learntorch.nn import functional as F
from learntorch.ops import kernels
from learntorch.ops.rule import RULES
from learntorch.ops.windows import gather, grid, spread

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))
import gpu  # noqa: E402
from report import with_table  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

HAS_GPU = devices.cuda_is_available()
PLACES = [
    pytest.param("stand-in", marks=pytest.mark.skipif(not counting_cupy.COMPILER, reason="no C compiler here")),
    pytest.param("gpu", marks=pytest.mark.skipif(not HAS_GPU, reason="no NVIDIA GPU with CuPy here")),
]


@pytest.fixture(scope="module", params=PLACES, autouse=True)
def place(request):
    """CuPy, or what stands in for it."""
    if request.param == "gpu":
        yield "gpu"
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", counting_cupy.cupy)
        devices._cupy.cache_clear()
        assert devices.cuda_is_available()
        yield "stand-in"
    devices._cupy.cache_clear()
    devices._MODULES.pop(counting_cupy.ndarray)
    devices.ON_GPU.discard(counting_cupy.ndarray)


@pytest.fixture
def unfused():
    """A function after which no rule calls a kernel."""
    types = set(devices.ON_GPU)
    yield devices.ON_GPU.clear
    devices.ON_GPU.update(types)


def to_gpu(x):
    return devices.move(np.asarray(x), "cuda")


def compare(found, expected, place: str, ulps: float = 0, floor: float = 0) -> None:
    """Equal, NaN and all; or no further apart than some units in the last place. `floor`: the least that counts."""
    found = found.get() if hasattr(found, "get") else found
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if place == "gpu":  # it may round once where C rounds twice (fused multiply-add)
        ulps, floor = max(4 * ulps, 8), max(floor, 1)
    if not ulps:
        np.testing.assert_array_equal(found, expected)
    eps, tiny = np.finfo(expected.dtype).eps, np.finfo(expected.dtype).tiny
    np.testing.assert_allclose(found, expected, rtol=ulps * eps, atol=ulps * eps * floor + 100 * float(tiny))


quick = settings(max_examples=60)
GRID = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
TYPES = st.sampled_from([np.float32, np.float64])
ODD = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1.0, -1.0, 2.0]


def numbers(limit: float = 1e4):
    return st.one_of(st.sampled_from(ODD), st.floats(-limit, limit, width=16))


@st.composite
def several(draw, count: int, limit: float = 1e4):
    """Arrays of one shape and type."""
    dtype, shape = draw(TYPES), draw(array_shapes(max_dims=3, max_side=5, min_side=0))
    return [draw(arrays(dtype, shape, elements=numbers(limit))) for _ in range(count)]


# One element after the other ─────────────────────────────────────────────────────────────────────


def value(name: str, **options):
    return lambda *inputs: RULES[name].fn(*inputs, **options)


def slope(name: str, *options):
    return lambda g, *inputs: RULES[name].formulas["x"](g, *inputs, *options)


# kernel → (numbers that it takes after the arrays, the rule's own way on NumPy arrays, arrays, units in the last place)
POINTWISE = {
    "relu": ((), value("relu"), 1, 0),
    "gate": ((), value("gate"), 2, 0),
    "sigmoid": ((), value("sigmoid"), 1, 4),
    "sigmoid_slope": ((), slope("sigmoid"), 2, 0),
    "tanh_slope": ((), slope("tanh"), 2, 0),
    "softplus": ((0.5, 3.0), value("softplus", beta=0.5, threshold=3.0), 1, 8),
    "softplus_slope": ((0.5, 3.0), slope("softplus", 0.5, 3.0), 2, 8),
    "silu": ((), value("silu"), 1, 4),
    "silu_slope": ((), slope("silu"), 2, 16),
    "gelu": ((), value("gelu", approximate="none"), 1, 16),
    "gelu_slope": ((), slope("gelu", "none"), 2, 16),
}
LIMITS = {"gelu": 10, "gelu_slope": 10, "silu_slope": 10}  # 1 + erf cancels: there the error is absolute


@pytest.mark.parametrize("name", POINTWISE)
@quick
@given(data=st.data())
@np.errstate(all="ignore")
def test_a_pointwise_kernel_is_its_rule(place, name, data):
    options, reference, count, ulps = POINTWISE[name]
    limit = LIMITS.get(name)
    inputs = data.draw(several(count, limit or 1e4))
    found = getattr(kernels, name)(*map(to_gpu, inputs), *options)
    compare(found, reference(*inputs), place, ulps, 10 * limit if limit else 0)


@quick
@given(several(2), st.sampled_from(ODD), st.sampled_from(["mean", "sum"]))
@np.errstate(all="ignore")
def test_squared_error(place, inputs, g, reduction):
    x, target = inputs
    g, n = x.dtype.type(g), x.size if reduction == "mean" else 1
    expected = RULES["mse_loss"].formulas["x"](g, x, target, reduction)
    compare(kernels.mse_slope(*map(to_gpu, (x, target, g)), n), expected, place)
    expected = np.asarray(RULES["mse_loss"].fn(x, target, reduction=reduction))
    compare(kernels.mse_loss(*map(to_gpu, inputs), n), expected, place, 4 + x.size)


@st.composite
def scored(draw):
    dtype, n, c = draw(TYPES), draw(st.integers(1, 5)), draw(st.integers(1, 10))
    return draw(arrays(dtype, (n, c), elements=numbers(100))), draw(arrays(np.int64, n, elements=st.integers(0, c - 1)))


@quick
@given(scored(), st.sampled_from(ODD))
@np.errstate(all="ignore")
def test_cross_entropy(place, case, g):
    x, target = case
    expected, p = RULES["cross_entropy"].fn(x, target)
    found, found_p = kernels.cross_entropy(*map(to_gpu, case))
    compare(found_p, p, place, 16)
    compare(found, np.asarray(expected), place, 16, floor=200)
    g = x.dtype.type(g)
    found = kernels.cross_entropy_slope(*map(to_gpu, (p, target, g)), x.shape[1], len(x))
    compare(found, RULES["cross_entropy"].formulas["x"](g, x, p, target), place)


# Windows ─────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def windows(draw, dims: int, ceil_mode: bool = False):
    """The options of a window, and the sizes of an image in which there is room for it."""

    def pair(low: int, high: int):
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    inner, kernel, stride, dilation = pair(1, 6), pair(1, 3), pair(1, 3), pair(1, 2)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    ceil = ceil_mode and draw(st.booleans())
    assume(min(grid(inner, kernel, stride, padding, dilation, ceil)) > 0)
    return inner, {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}, ceil


@settings(max_examples=200)
@given(windows(2, ceil_mode=True), TYPES, st.data())
@np.errstate(all="ignore")
def test_pooling(place, window, dtype, data):
    inner, options, ceil = window
    x = data.draw(arrays(dtype, (2, *inner), elements=st.sampled_from(ODD)))
    y = RULES["max_pool2d"].fn(x, **options, ceil_mode=ceil)
    compare(kernels.max_pool2d(to_gpu(x), -np.inf, y.shape[-2:], **options), y, place)
    g = data.draw(arrays(dtype, y.shape, elements=numbers()))
    expected = RULES["max_pool2d_input"].fn(g, x, **options, ceil_mode=ceil)
    compare(kernels.max_pool2d_input(*map(to_gpu, (g, x)), **options), expected, place)


@pytest.mark.parametrize("dims", [1, 2])
@settings(max_examples=100)
@given(data=st.data())
@np.errstate(all="ignore")
def test_patches(place, dims, data):
    inner, options, _ = data.draw(windows(dims))
    shape = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)), *inner)
    x = data.draw(arrays(data.draw(TYPES), shape, elements=numbers()))
    columns, size = gather(x, **options), grid(inner, **options)
    compare(kernels.gather(to_gpu(x), size, **options), columns, place)
    kernel = options.pop("kernel")
    found = kernels.spread(to_gpu(columns), shape, size, kernel, **options)
    compare(found, spread(columns, shape, **options), place)


def test_three_dimensions_take_the_way_without_a_kernel(place):
    options = {"stride": (1, 2, 1), "padding": (1, 0, 1), "dilation": (1, 1, 2)}
    columns = gather(GRID[None], (2, 2, 2), **options)
    compare(gather(to_gpu(GRID[None]), (2, 2, 2), **options), columns, place)
    shape = GRID[None].shape
    compare(spread(to_gpu(columns), shape, **options), spread(columns, shape, **options), place)


# Optimizers ──────────────────────────────────────────────────────────────────────────────────────


def walk(device: str, make, start, gradients) -> list:
    """What an optimizer makes of a parameter and of what it remembers."""
    p = torch.from_numpy(start.copy()).to(device).requires_grad_()
    optimizer = make([p])
    for g in gradients:
        p.grad = torch.from_numpy(g.copy()).to(device)
        optimizer.step()
    return [t.detach().cpu().numpy() for t in (p, *optimizer.state[p].values())]


fractions, decays = st.sampled_from([0.0, 0.5, 0.9]), st.sampled_from([0.0, 0.01])


@quick
@given(several(4), fractions, fractions, decays, st.booleans(), st.booleans())
def test_sgd(place, start_and_gradients, momentum, dampening, decay, nesterov, maximize):
    nesterov = nesterov and momentum > 0 and dampening == 0
    settings = {"lr": 0.1, "momentum": momentum, "dampening": dampening, "weight_decay": decay,
                "nesterov": nesterov, "maximize": maximize}  # fmt: skip
    cpu, gpu = (
        walk(device, lambda ps: optim.SGD(ps, **settings), start_and_gradients[0], start_and_gradients[1:])
        for device in ("cpu", "cuda")
    )
    for found, expected in zip(gpu, cpu, strict=True):
        compare(found, expected, place)


@quick
@given(several(4), st.sampled_from([optim.Adam, optim.AdamW]), decays, st.booleans(), st.booleans())
def test_adam(place, start_and_gradients, method, decay, amsgrad, maximize):
    settings = {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": decay, "amsgrad": amsgrad, "maximize": maximize}
    cpu, gpu = (
        walk(device, lambda ps: method(ps, **settings), start_and_gradients[0], start_and_gradients[1:])
        for device in ("cpu", "cuda")
    )
    for found, expected in zip(gpu, cpu, strict=True):
        compare(found, expected, place)


def test_every_kernel_is_compared_here():
    others = {"mse_loss", "mse_slope", "mean", "softmax_row", "cross_entropy_slope", "largest", "largest_slope",
              "patches", "spread_patches", "plain_step", "momentum_step", "adam_step", "amsgrad_step"}  # fmt: skip
    assert {kernel.name for kernel in kernels.KERNELS} == set(POINTWISE) | others


# Through the public names ────────────────────────────────────────────────────────────────────────

PROGRAMS = {
    "relu": lambda x: x.relu(),
    "sigmoid": lambda x: x.sigmoid(),
    "tanh": lambda x: x.tanh(),
    "softplus": lambda x: F.softplus(x, beta=2.0),
    "silu": lambda x: F.silu(x),
    "gelu": lambda x: F.gelu(x),
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "hardtanh": lambda x: F.hardtanh(x),
    "mse": lambda x: F.mse_loss(x, x.detach() * 2),
    "mse sum": lambda x: F.mse_loss(x, x.detach() * 2, reduction="sum"),
    "mse none": lambda x: F.mse_loss(x, x.detach() * 2, reduction="none"),
    "mse of the target": lambda x: F.mse_loss(x.detach() * 2, x),
    "cross entropy": lambda x: F.cross_entropy(x.reshape(36, 6), torch.arange(36, device=x.device) % 6),
    "max_pool2d": lambda x: F.max_pool2d(x, 3, 2, 1),
    "max_pool2d of a transpose": lambda x: F.max_pool2d(x.transpose(2, 3), 2),
    "conv1d": lambda x: F.conv1d(x[0], x[1, :, :, :3], padding=1),
    "conv2d": lambda x: F.conv2d(x, x[:, :, :3, :2], stride=2, padding=1),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, x[0, :, None, :2, :2], stride=2),
    "unfold": lambda x: F.unfold(x, 2, padding=1),
    "fold": lambda x: F.fold(x.reshape(2, 12, 9), 4, 2),
}


def outcome(program, device: str, dtype) -> list:
    """The value, the gradient, and the gradient of the gradient's length."""
    x = torch.tensor(GRID, dtype=dtype, device=device, requires_grad=True)
    y = program(x)
    (g,) = torch.autograd.grad(y.pow(2).sum(), x, create_graph=True)
    (gg,) = torch.autograd.grad(g.pow(2).sum(), x, allow_unused=True)
    x.grad = None
    program(x).pow(2).sum().backward()
    return [t.detach().cpu().numpy() for t in (y, g, gg, x.grad) if t is not None]


CASES = [(name, dtype) for name in PROGRAMS for dtype in (torch.float32, torch.float64)]
CASES += [(name, torch.float16) for name in PROGRAMS if "conv" not in name]  # its long sums round otherwise


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_a_rule_gives_the_same_with_its_kernel_and_without(place, unfused, name, dtype):
    with_kernels = outcome(PROGRAMS[name], "cuda", dtype)
    unfused()
    without, on_the_cpu = (outcome(PROGRAMS[name], device, dtype) for device in ("cuda", "cpu"))
    scale = 1e3 if dtype is torch.float16 else 100
    for found, again, expected in zip(with_kernels, without, on_the_cpu, strict=True):
        top = float(np.abs(expected.astype(np.float64)).max())
        compare(again, expected, place, scale, floor=top)
        compare(found, expected, place, scale, floor=top)


def test_the_kernels_are_called(place, unfused):
    """Else the comparison above would compare nothing."""
    if place == "gpu":
        pytest.skip("only the stand-in counts")
    counting_cupy.reset()
    for program in PROGRAMS.values():
        outcome(program, "cuda", torch.float32)
    steps = {"plain_step", "momentum_step", "adam_step", "amsgrad_step"}
    called = {name.removeprefix("learntorch_") for name in counting_cupy.launches}
    assert {kernel.name for kernel in kernels.KERNELS} - called == steps
    unfused()
    counting_cupy.reset()
    for program in PROGRAMS.values():
        outcome(program, "cuda", torch.float32)
    assert not [name for name in counting_cupy.launches if name.startswith("learntorch_")]


def test_a_small_net_learns(place):
    torch.manual_seed(0)
    losses = {}
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)).to(device)
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        x, target = torch.tensor(GRID, dtype=torch.float32, device=device), torch.tensor([2, 0], device=device)
        losses[device] = []
        for _ in range(5):
            loss = F.cross_entropy(net(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[device].append(loss.item())
    assert losses["cuda"][-1] < losses["cuda"][0]
    np.testing.assert_allclose(losses["cuda"], losses["cpu"], rtol=1e-4)


# Launches ────────────────────────────────────────────────────────────────────────────────────────


def counted(name: str) -> tuple[int, int]:
    """Launches and waits in one step of a workload, after the first."""
    step = gpu.on_gpu(torch, WORKLOADS[name][1])
    step()
    counting_cupy.reset()
    step()
    return sum(counting_cupy.launches.values()), sum(counting_cupy.waits.values())


def documented() -> dict[str, list[int]]:
    """The table of launches in docs/gpu.md: workload → launches without kernels, with kernels, waits with kernels."""
    text = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (W\d[\w ]*) \|[^|]*\| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return {name.strip(): [int(number) for number in rest] for name, *rest in rows}


COUNTED = [name for name in WORKLOADS if not name.startswith("W6")]


def test_the_table_of_launches_is_complete():
    assert list(documented()) == COUNTED


@pytest.mark.parametrize("name", COUNTED)
def test_launches_of_a_step(place, unfused, name):
    """As docs/gpu.md has them. Fewer? Write them there. More? Then a step has become slower on a GPU.

    Those of the rules alone move with every change for the CPU, so they have to be right to a tenth only.
    """
    if place == "gpu":
        pytest.skip("only the stand-in counts")
    with_kernels, waits = counted(name)
    unfused()
    without, _ = counted(name)
    alone, *fused = documented()[name]
    assert [with_kernels, waits] == fused
    assert abs(without - alone) <= 0.1 * alone


# The benchmark ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU here")
def test_the_benchmark_says_that_there_is_no_gpu(tmp_path):
    report, page = ROOT / "benchmarks" / "gpu.json", ROOT / "docs" / "gpu.md"
    before = report.exists(), page.read_bytes()
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "--save"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "No NVIDIA GPU with CuPy was found here, so there is nothing to measure.\n"
    assert (report.exists(), page.read_bytes()) == before


def test_a_saved_table_stands_in_the_page():
    page = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    machine = {"gpu": "a GPU", "cupy": "1", "torch": "2", "system": "here"}
    found = {"ours_us": 90.4, "pytorch_us": 180.0, "ratio": 0.5, "low": 0.4, "high": 0.6, "launches": 3,
             "pytorch_launches": 4}  # fmt: skip
    changed = with_table(page, "times", gpu.table({"machine": machine, "steps": {"W1": found}}))
    assert "a GPU, CuPy 1, PyTorch 2" in changed and "Not yet run" not in changed
    assert "| W1 | 90 µs | 180 µs | 0.50 | 0.40–0.60 | 3 | 4 |" in changed
    assert with_table(changed, "times", "again").startswith(page[: page.index("<!-- times -->")])
