"""The rules once more for a GPU: one launch each, where NumPy's way would take several.

Read in chapter 09. Starting a kernel on a GPU takes some ten microseconds, however little it computes, so for the
nets of the course the number of launches is the time of a step. CuPy makes a kernel from a piece of C, which
computes one element (number `i`) of the result. T stands for the type of the arrays. A kernel gives what the rule
gives that calls it: the same for NaN, for infinity and at ties; the tests compile the C for the CPU and compare.

Note [Half precision]: C computes with float16 as with float32. A kernel rounds where it assigns to a T, as PyTorch
does on a GPU; NumPy rounds after each step.
"""

from __future__ import annotations

from functools import cache
from math import sqrt

from ..devices import array_module


class Kernel:
    """One launch: C for each element of the outputs. CuPy compiles it when it is first called."""

    def __init__(self, name: str, inputs: str, outputs: str, body: str) -> None:
        self.name, self.inputs, self.outputs, self.body = name, inputs, outputs, body
        KERNELS.append(self)

    def __call__(self, x, *others):
        """The outputs. Those that are given, after the inputs, are written to; a kernel may read them first."""
        return self.made(array_module(x))(x, *others)

    @cache  # noqa: B019  (kernels live as long as the package)
    def made(self, cupy):
        """What CuPy makes of it."""
        return cupy.ElementwiseKernel(self.inputs, self.outputs, self.body, "learntorch_" + self.name)


class Total(Kernel):
    """One launch: C for each element, added up over all of them to a, and C for what becomes of a."""

    def __init__(self, name: str, inputs: str, each: str, then: str) -> None:
        super().__init__(name, inputs, "T y", each)
        self.then = then

    def __call__(self, x, *others):
        return self.made(array_module(x), "float" if x.itemsize == 2 else None)(x, *others)

    @cache  # noqa: B019
    def made(self, cupy, sum_type):
        """What CuPy makes of it; the sum of float16 numbers is a float32."""
        name = "learntorch_" + self.name
        return cupy.ReductionKernel(
            self.inputs, self.outputs, self.body, "a + b", self.then, "0", name, reduce_type=sum_type
        )


KERNELS: list[Kernel] = []  # all of them: the tests walk this list

# Activations ─────────────────────────────────────────────────────────────────────────────────────

relu = Kernel("relu", "T x", "T y", "y = x > 0 || x != x ? x : (T)0;")
gate = Kernel("gate", "T a, T x", "T y", "y = x <= 0 ? (T)0 : a;")

sigmoid = Kernel("sigmoid", "T x", "T y", "y = 1 / (1 + exp(-x));")
sigmoid_slope = Kernel("sigmoid_slope", "T g, T y", "T gx", "gx = g * (y * (1 - y));")

tanh_slope = Kernel("tanh_slope", "T g, T y", "T gx", "gx = g * (1 - y * y);")

softplus = Kernel("softplus", "T x, T beta, T threshold", "T y",
                  "y = x * beta > threshold ? x : (T)(log1p(exp(x * beta)) / beta);")  # fmt: skip
softplus_slope = Kernel("softplus_slope", "T g, T x, T beta, T threshold", "T gx",
                        "gx = x * beta > threshold ? g : (T)(g * (1 / (1 + exp(-x * beta))));")  # fmt: skip

silu = Kernel("silu", "T x", "T y", "y = x / (1 + exp(-x));")
silu_slope = Kernel("silu_slope", "T g, T x", "T gx", """
    T s = 1 / (1 + exp(-x));
    gx = g * (s * (1 + x * (1 - s)));""")  # fmt: skip

# Φ(x): half of 1 + erf(x/√2); its slope: exp(−x²/2)/√(2π).
gelu = Kernel("gelu", "T x", "T y", "y = x * (T)((1 + erf(x * (T)0.7071067811865476)) / 2);")
gelu_slope = Kernel("gelu_slope", "T g, T x", "T gx", """
    T cdf = (1 + erf(x * (T)0.7071067811865476)) / 2;
    gx = g * (cdf + x * (exp(x * x * (T)-0.5) / (T)2.5066282746310002));""")  # fmt: skip

# Losses ──────────────────────────────────────────────────────────────────────────────────────────

mse_loss = Total("mse_loss", "T x, T target, T n", "(x - target) * (x - target)", "y = a / n")
mse_slope = Kernel("mse_slope", "T x, T target, T g, T n", "T gx", "gx = (x - target) * (g / n * 2);")

mean = Total("mean", "T x, T n", "x", "y = a / n")

# One row of scores for each i.
softmax_row = Kernel("softmax_row", "raw T x, raw int64 target, int64 c", "T loss, raw T p", """
    T top = x[i * c];
    for (long long k = 1; k < c; k++) {
        T value = x[i * c + k];
        if (value > top || value != value) top = value;
    }
    T sum = (T)0;
    for (long long k = 0; k < c; k++) {
        T e = exp(x[i * c + k] - top);
        p[i * c + k] = e;
        sum = sum + e;
    }
    for (long long k = 0; k < c; k++) p[i * c + k] = p[i * c + k] / sum;
    loss = log(sum) - (x[i * c + target[i]] - top);""")  # fmt: skip
cross_entropy_slope = Kernel("cross_entropy_slope", "T p, raw int64 target, T g, int64 c, T n", "T gx",
                             "gx = (p - (i % c == target[i / c] ? 1 : 0)) * (g / n);")  # fmt: skip


def cross_entropy(x, target):
    """The mean of −ln p[target] over the rows of x (N, C), and p = softmax(x): one launch each."""
    xp, (n, c) = array_module(x), x.shape
    p, loss = xp.empty((n, c), x.dtype), xp.empty(n, x.dtype)
    softmax_row(x, target, c, loss, p)
    return mean(loss, n), p


# Windows ─────────────────────────────────────────────────────────────────────────────────────────
#
# One element of the result for each i. N batch, C channels, H × W the image, K × L the window, P × Q its positions;
# SH, SW stride, BH, BW border, DH, DW dilation.

WINDOW = ("int64 H, int64 W, int64 K, int64 L, int64 P, int64 Q, int64 SH, int64 SW, int64 BH, int64 BW, "
          "int64 DH, int64 DW")  # fmt: skip

# The place k, l in the window at p, q is h, w in the image, if it is in the image at all.
EACH_PLACE = """
    for (long long k = 0; k < K; k++) for (long long l = 0; l < L; l++) {
        long long h = p * SH - BH + k * DH, w = q * SW - BW + l * DW;
        if (h < 0 || h >= H || w < 0 || w >= W) continue;
        T value = x[plane * H * W + h * W + w];
        if (place < 0 || value > best || value != value) { best = value; place = k * L + l; }
    }"""

largest = Kernel("largest", f"raw T x, T lowest, {WINDOW}", "T y", f"""
    long long q = i % Q, p = i / Q % P, plane = i / (P * Q), place = -1;
    T best = lowest;
    {EACH_PLACE}
    y = best;""")  # fmt: skip

# Element h0, w0 of the image is at place k0, l0 of the window at p, q: if it is the largest there, it gets that g.
largest_slope = Kernel("largest_slope", f"raw T g, raw T x, {WINDOW}", "T gx", f"""
    long long w0 = i % W, h0 = i / W % H, plane = i / (H * W);
    T sum = (T)0;
    for (long long k0 = 0; k0 < K; k0++) for (long long l0 = 0; l0 < L; l0++) {{
        long long down = h0 + BH - k0 * DH, along = w0 + BW - l0 * DW, p = down / SH, q = along / SW, place = -1;
        if (down < 0 || down % SH || p >= P || along < 0 || along % SW || q >= Q) continue;
        T best = (T)0;
        {EACH_PLACE}
        if (place == k0 * L + l0) sum = sum + g[(plane * P + p) * Q + q];
    }}
    gx = sum;""")  # fmt: skip

patches = Kernel("patches", f"raw T x, int64 C, int64 N, {WINDOW}", "T y", """
    long long n = i % N, q = i / N % Q, l = i / (N * Q) % L, k = i / (N * Q * L) % K;
    long long c = i / (N * Q * L * K) % C, p = i / (N * Q * L * K * C);
    long long h = p * SH - BH + k * DH, w = q * SW - BW + l * DW;
    y = h < 0 || h >= H || w < 0 || w >= W ? (T)0 : x[((n * C + c) * H + h) * W + w];""")  # fmt: skip

# Each element of the image collects what lies over it: no two write to one place.
spread_patches = Kernel("spread_patches", f"raw T columns, int64 C, int64 N, {WINDOW}", "T y", """
    long long w = i % W, h = i / W % H, c = i / (H * W) % C, n = i / (H * W * C);
    T sum = (T)0;
    for (long long k = 0; k < K; k++) for (long long l = 0; l < L; l++) {
        long long down = h + BH - k * DH, along = w + BW - l * DW, p = down / SH, q = along / SW;
        if (down < 0 || down % SH || p >= P || along < 0 || along % SW || q >= Q) continue;
        sum = sum + columns[((((p * C + c) * K + k) * L + l) * Q + q) * N + n];
    }
    y = sum;""")  # fmt: skip


def max_pool2d(x, lowest, size: tuple, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """The largest element of each window: x (…, H, W) → y (…, P, Q)."""
    y = array_module(x).empty((*x.shape[:-2], *size), x.dtype)
    return largest(x, lowest, *x.shape[-2:], *kernel, *size, *stride, *padding, *dilation, y)


def max_pool2d_input(g, x, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """The gradient for the image: each window's goes to its maximum."""
    gx = array_module(x).empty(x.shape, g.dtype)
    return largest_slope(g, x, *x.shape[-2:], *kernel, *g.shape[-2:], *stride, *padding, *dilation, gx)


def _plane(pair: tuple, missing: int) -> tuple:
    """A signal is an image with one row."""
    return (missing, *pair) if len(pair) == 1 else pair


def gather(x, size: tuple, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """What is under the window at every position: x (N, C, H, W) → columns (P, C, K, L, Q, N)."""
    n, c, *inner = x.shape
    y = array_module(x).empty((*size[:-1], c, *kernel, size[-1], n), x.dtype)
    sides = [_plane(tuple(pair), 1) for pair in (inner, kernel, size, stride)]
    return patches(x, c, n, *sum(sides, ()), *_plane(padding, 0), *_plane(dilation, 1), y)


def spread(columns, shape: tuple, size: tuple, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple):
    """The transpose of `gather`: columns (P, C, K, L, Q, N) → an image of this shape (N, C, H, W)."""
    n, c, *inner = shape
    y = array_module(columns).empty(shape, columns.dtype)
    sides = [_plane(tuple(pair), 1) for pair in (inner, kernel, size, stride)]
    return spread_patches(columns, c, n, *sum(sides, ()), *_plane(padding, 0), *_plane(dilation, 1), y)


# Steps of optimizers ─────────────────────────────────────────────────────────────────────────────
#
# The parameter and what is remembered of it are read and written. Where a setting is 0 its term is left out, as in
# the optimizers: 0 · ∞ would be NaN.

GRADIENT = """
    T d = g;
    if (maximize) d = -d;
    if (decay != 0) d = d + decay * p;"""

plain_step = Kernel("plain_step", "T g, T lr, T decay, bool maximize", "T p", GRADIENT + """
    p = p - d * lr;""")  # fmt: skip

momentum_step = Kernel("momentum_step", "T g, T lr, T decay, bool maximize, T momentum, T rest, bool nesterov, "
                       "bool first", "T p, T v", GRADIENT + """
    v = first ? d : (T)(v * momentum + d * rest);
    if (nesterov) d = d + v * momentum; else d = v;
    p = p - d * lr;""")  # fmt: skip

ADAM = "T g, T decay, bool maximize, T shrink, T rest1, T beta2, T rest2, T root2, T eps, T rate"
AVERAGES = """
    p = p * shrink;""" + GRADIENT + """
    m = m + (d - m) * rest1;
    v = v * beta2 + d * d * rest2;"""

adam_step = Kernel("adam_step", ADAM, "T p, T m, T v", AVERAGES + """
    p = p - m / (sqrt(v) / root2 + eps) * rate;""")  # fmt: skip

amsgrad_step = Kernel("amsgrad_step", ADAM, "T p, T m, T v, T largest", AVERAGES + """
    if (v > largest || v != v) largest = v;
    p = p - m / (sqrt(largest) / root2 + eps) * rate;""")  # fmt: skip


def sgd(p, g, v, first: bool, group: dict) -> None:
    """A step of SGD. v: the velocity, None without momentum; what it holds does not count in the first step."""
    settings = float(group["lr"]), group["weight_decay"], group["maximize"]
    if v is None:
        plain_step(g, *settings, p)
    else:
        momentum_step(g, *settings, group["momentum"], 1 - group["dampening"], group["nesterov"], first, p, v)


def adam(p, g, averages: list, t: int, group: dict) -> None:
    """The t-th step of Adam. averages: m, v, and with amsgrad the largest v."""
    lr, (beta1, beta2), decay = float(group["lr"]), group["betas"], group["weight_decay"]
    decoupled = group["decoupled_weight_decay"]
    (amsgrad_step if group["amsgrad"] else adam_step)(
        g, 0.0 if decoupled else decay, group["maximize"], 1 - lr * decay if decoupled else 1.0,
        1 - beta1, beta2, 1 - beta2, sqrt(1 - beta2**t), group["eps"], lr / (1 - beta1**t), p, *averages,
    )  # fmt: skip
