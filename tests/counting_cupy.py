"""CuPy without a GPU: arrays that count what a GPU would be asked to do, and kernels that gcc compiles for the CPU.

Not for speed: it stands in for CuPy in tests, through the public names that learntorch uses of it. As CuPy's, its
arrays take part in NumPy's protocols and refuse to meet NumPy's arrays. What counts as a launch: a ufunc, a
reduction, a product, a copy, a fill, a choice by index, an assignment, a kernel. A view and fresh memory cost nothing.
In truth some of these take CuPy more than one, so the counts are lower bounds where it says so.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np

COMPILER = shutil.which("gcc") or shutil.which("cc")
launches: dict[str, int] = {}  # what was asked for → how often
waits: dict[str, int] = {}  # what made the CPU wait for the GPU


def launched(name: str) -> None:
    launches[name] = launches.get(name, 0) + 1


def waited(name: str) -> None:
    waits[name] = waits.get(name, 0) + 1


def reset() -> None:
    launches.clear()
    waits.clear()


# Arrays ──────────────────────────────────────────────────────────────────────────────────────────


def bare(x):
    """The NumPy arrays inside."""
    if isinstance(x, ndarray):
        return x._array
    if isinstance(x, (tuple, list)):
        return type(x)(bare(item) for item in x)
    if isinstance(x, dict):
        return {key: bare(value) for key, value in x.items()}
    return x


def refuse_cpu(values) -> None:
    for x in values:
        if isinstance(x, np.ndarray):
            raise TypeError(f"Unsupported type {type(x)}")  # CuPy's sentence


def boxed(result, name: str, *sources):
    """The result of an operation; unless it is a view of one of the sources, it took a launch."""
    if isinstance(result, (tuple, list)) and result and isinstance(result[0], np.ndarray):
        return type(result)(boxed(part, name, *sources) for part in result)
    if not isinstance(result, (np.ndarray, np.generic)):
        return result
    for source in sources:
        if isinstance(source, ndarray):
            if result is source._array:
                return source
            if isinstance(result, np.ndarray) and result.size and np.may_share_memory(result, source._array):
                return ndarray(result, source if source.base is None else source.base)
    launched(name)
    return ndarray(np.asarray(result))


METHODS = """all any argmax argmin argpartition argsort astype choose clip compress conj copy cumprod cumsum diagonal
dot fill flatten max mean min nonzero partition prod put ravel repeat reshape round scatter_add searchsorted sort
squeeze std sum swapaxes take trace transpose var view""".split()


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array on a GPU that is not there."""

    __slots__ = ("_array", "base")
    __array_priority__ = 100

    def __init__(self, array, base=None) -> None:
        self._array, self.base = array, base

    shape = property(lambda self: self._array.shape)
    strides = property(lambda self: self._array.strides)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    itemsize = property(lambda self: self._array.itemsize)
    nbytes = property(lambda self: self._array.nbytes)
    flags = property(lambda self: self._array.flags)
    T = property(lambda self: self.transpose())
    device = property(lambda self: SimpleNamespace(id=0))
    data = property(lambda self: SimpleNamespace(ptr=self._array.__array_interface__["data"][0]))

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct one.")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        if method != "__call__":
            return NotImplemented
        refuse_cpu(inputs)
        into = {} if out is None else {"out": tuple(bare(o) for o in out)}
        result = ufunc(*(bare(x) for x in inputs), **into, **kwargs)
        launched(ufunc.__name__)
        if out is not None:
            return out[0]
        return tuple(map(ndarray, result)) if isinstance(result, tuple) else ndarray(np.asarray(result))

    def __array_function__(self, function, types, args, kwargs):
        refuse_cpu(args)
        return called(function, args, kwargs)

    def __getitem__(self, at):
        refuse_cpu(at if isinstance(at, tuple) else (at,))
        return boxed(self._array[bare(at)], "getitem", self)

    def __setitem__(self, at, value) -> None:
        refuse_cpu([*(at if isinstance(at, tuple) else (at,)), value])
        self._array[bare(at)] = bare(value)
        launched("setitem")

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def get(self) -> np.ndarray:
        waited("get")
        return self._array.copy()

    def item(self, *at):
        waited("item")
        return self._array.item(*at)

    def tolist(self):
        waited("tolist")
        return self._array.tolist()

    def __bool__(self) -> bool:
        waited("bool")
        return bool(self._array)

    def __int__(self) -> int:
        waited("int")
        return int(self._array)

    def __float__(self) -> float:
        waited("float")
        return float(self._array)


def _method(name: str):
    def method(self, *args, **kwargs):
        refuse_cpu(args)
        return boxed(getattr(self._array, name)(*bare(args), **bare(kwargs)), name, self)

    return method


for _name in METHODS:
    setattr(ndarray, _name, _method(_name))


def called(function, args: tuple, kwargs: dict):
    """A function of the module, or one of NumPy's that was given arrays of this one."""
    name = function.__name__
    if name in ("array", "asarray") and isinstance(args[0], np.ndarray):  # from the CPU: a copy
        launched(name)
        return ndarray(np.array(*args, **kwargs))
    result = function(*bare(args), **bare(kwargs))
    if name in ("empty", "empty_like"):
        return ndarray(result)
    if result is None:
        launched(name)  # copyto and its like
    sources = [x for arg in args for x in (arg if isinstance(arg, (tuple, list)) else [arg])]
    return boxed(result, name, *sources)


# The module ──────────────────────────────────────────────────────────────────────────────────────

FUNCTIONS = """all any arange argmax argmin argsort array asarray ascontiguousarray atleast_1d broadcast_to clip
concatenate copyto cumsum diagonal dot empty empty_like expand_dims eye flatnonzero full full_like isfinite isnan
matmul maximum minimum moveaxis multiply nonzero ones ones_like prod ravel reshape roll rollaxis round sqrt squeeze
stack sum swapaxes take take_along_axis tensordot tile transpose tril triu unique where zeros zeros_like add""".split()


class Cupy:
    """The names of CuPy that learntorch uses."""

    __name__ = "cupy"
    __file__ = __file__
    __spec__ = None
    ndarray = ndarray
    lib = SimpleNamespace(stride_tricks=SimpleNamespace(
        as_strided=lambda x, *args, **kwargs: ndarray(
            np.lib.stride_tricks.as_strided(x._array, *args, **kwargs), x if x.base is None else x.base)
    ))  # fmt: skip

    class cuda:
        is_available = staticmethod(lambda: True)
        runtime = SimpleNamespace(getDeviceCount=lambda: 1)

        class Device:
            def __init__(self, number) -> None:
                assert number == 0

            def __enter__(self):
                return self

            def __exit__(self, *error) -> None:
                pass

    def __getattr__(self, name: str):
        if name not in FUNCTIONS:
            raise AttributeError(f"the stand-in has no {name}: add it, if CuPy has it")
        function = getattr(np, name)
        return lambda *args, **kwargs: called(function, args, kwargs)

    class ElementwiseKernel:
        def __init__(self, in_params, out_params, operation, name="kernel", **options) -> None:
            assert set(options) <= {"preamble", "no_return", "return_tuple"}
            self.inputs, self.outputs = parameters(in_params), parameters(out_params)
            self.operation, self.name = operation, name

        def __call__(self, *args):
            launched(self.name)
            refuse_cpu(args)
            count = len(self.inputs)
            assert len(args) in (count, count + len(self.outputs))
            types, shape = types_and_shape(self.inputs + self.outputs, args)
            given = args[count:] or tuple(ndarray(np.empty(shape, types[kind])) for _, kind, _ in self.outputs)
            for (raw, _, _), out in zip(self.outputs, given):
                assert raw or out.shape == shape, "Out shape is mismatched"
            run(self, types, shape, args[:count], given)
            return given[0] if len(given) == 1 else given

    class ReductionKernel:
        def __init__(self, in_params, out_params, map_expr, reduce_expr, post_map_expr, identity, name="reduce",
                     reduce_type=None) -> None:  # fmt: skip
            self.inputs, self.outputs, self.name = parameters(in_params), parameters(out_params), name
            assert reduce_expr == "a + b" and identity == "0" and reduce_type in (None, "float")
            self.total = reduce_type or "T"
            self.operation, self.after = f"a = a + ({map_expr});", f"{post_map_expr};"

        def __call__(self, *args):
            launched(self.name)
            refuse_cpu(args)
            types, shape = types_and_shape(self.inputs, args)
            out = ndarray(np.empty((), types[self.outputs[0][1]]))
            run(self, types, shape, args, [out])
            return out


cupy = Cupy()

# Kernels ─────────────────────────────────────────────────────────────────────────────────────────

C_TYPES = {"int64": "int64_t", "bool": "bool"}


def parameters(text: str) -> list[tuple]:
    """'raw T x, int64 n' → [(True, 'T', 'x'), (False, 'int64', 'n')]"""
    words = [part.split() for part in text.split(",")]
    return [(w[:-2] == ["raw"], w[-2], w[-1]) for w in words]


def types_and_shape(known: list[tuple], args: tuple) -> tuple[dict, tuple]:
    """What T stands for, as CuPy finds it: arrays of one letter must agree; and the shape of the result."""
    types = {name: np.dtype(name) for name in C_TYPES}
    for (_, kind, name), x in zip(known, args):
        if isinstance(x, ndarray):
            expected = types.setdefault(kind, x.dtype)
            if expected != x.dtype:
                raise TypeError(f"Type is mismatched. {name} {x.dtype} {expected}")
    shapes = [x.shape for (raw, _, _), x in zip(known, args) if isinstance(x, ndarray) and not raw]
    assert shapes, "Loop size is undecided."
    return types, np.broadcast_shapes(*shapes)


def run(kernel, types: dict, shape: tuple, args: tuple, outputs: tuple) -> None:
    """The kernel over all elements, one after the other. float16 is computed as float32."""
    wide = {kind: np.dtype("f4") if dtype == "f2" else dtype for kind, dtype in types.items()}
    buffers, steps = [], []
    for (raw, kind, _), x in zip(kernel.inputs, args):
        array = np.asarray(bare(x)).astype(wide[kind])
        spread = isinstance(x, ndarray) and not raw and array.ndim
        buffers.append(np.ascontiguousarray(np.broadcast_to(array, shape) if spread else array))
        steps.append(int(bool(spread)))
    into = [out._array.astype(wide[kind], order="C") for (_, kind, _), out in zip(kernel.outputs, outputs)]
    letters = tuple(sorted((k, d.name) for k, d in wide.items() if len(k) == 1))
    compiled = compile_kernel(
        kernel.name, tuple(kernel.inputs), tuple(kernel.outputs), letters,
        kernel.operation, getattr(kernel, "total", None), getattr(kernel, "after", None),
    )  # fmt: skip
    pointers = [ctypes.c_void_p(b.ctypes.data) for b in (*buffers, *into)]
    compiled(ctypes.c_int64(int(np.prod(shape, dtype=int))), (ctypes.c_int64 * len(steps))(*steps), *pointers)
    with np.errstate(all="ignore"):
        for out, array in zip(outputs, into):
            out._array[...] = array


@cache
def compile_kernel(name: str, inputs: tuple, outputs: tuple, letters: tuple, operation: str, total, after):
    """The C of a kernel as a function for the CPU: each thread becomes a turn of a loop."""
    names = {"float32": "float", "float64": "double"} | {f"int{bits}": f"int{bits}_t" for bits in (8, 16, 32, 64)}
    names["uint8"] = "uint8_t"
    pointers = [f"const {C_TYPES.get(kind, kind)} *{'' if raw else '_raw_'}{var}" for raw, kind, var in inputs]
    pointers += [f"{C_TYPES.get(kind, kind)} *{'' if raw else '_raw_'}{var}" for raw, kind, var in outputs]
    reads = [f"const {C_TYPES.get(kind, kind)} {var} = _raw_{var}[{{}}];" for raw, kind, var in inputs if not raw]
    steps = [k for k, (raw, _, _) in enumerate(inputs) if not raw]
    inside = "\n".join(read.format(f"_i * _step[{k}]") for read, k in zip(reads, steps))
    last = "\n".join(read.format("0") for read in reads)
    macros = "\n".join(f"#define {var} _raw_{var}[{0 if total else '_i'}]" for raw, _, var in outputs if not raw)
    source = "\n".join([
        "#include <tgmath.h>", "#include <stdbool.h>", "#include <stdint.h>", "#undef I",
        *(f"typedef {names[dtype]} {letter};" for letter, dtype in letters),
        f"void {name}(int64_t _size, const int64_t *_step, {', '.join(pointers)}) {{", macros,
        f"{total} a = 0;" if total else "",
        f"for (int64_t _i = 0; _i < _size; _i++) {{ const int64_t i = _i; {inside}\n{operation}\n}}",
        f"{{ {last}\n{after} }}" if total else "", "}",
    ])  # fmt: skip
    assert COMPILER, "there is no C compiler here"
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder) / f"{name}.c", Path(folder) / f"{name}.so"
        code.write_text(source, encoding="utf-8")
        flags = ["-O1", "-fPIC", "-shared", "-ffp-contract=off", "-Wall", "-Wno-unused-variable", "-Werror"]
        done = subprocess.run([COMPILER, *flags, str(code), "-o", str(library), "-lm"], capture_output=True, text=True)
        assert not done.returncode, f"{done.stderr}\n{source}"
        return getattr(ctypes.CDLL(str(library)), name)
