"""Two libraries run one program, statement by statement, and everything that a user can see of them is compared.

A program is a list of steps, and a step is one statement of Python. Both libraries run it in namespaces of their
own. Numbers may differ in their last digits; then the candidate takes over the reference's bits, so that a rounding
never grows and the next step starts from equal numbers: what jumps (floor, argmax, a comparison) jumps alike.
"""

from __future__ import annotations

import copy
import re
import string
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
from golden_language import first_sentence

# Differences in units of the largest number that the program has seen.
TOLERANCE = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-10}
LOOSER = 16  # a gradient went through several operations
NAMES = [*string.ascii_lowercase, *(a + b for a in "abcdefgh" for b in string.digits)]


@dataclass(frozen=True)
class Step:
    """One statement: its area and operation (to group differences), its source, and the variable that it makes."""

    area: str
    operation: str
    source: str
    name: str | None = None

    def renamed(self, old: str, new: str) -> Step:
        """The step with another variable in the place of `old`."""
        return replace(self, source=re.sub(rf"\b{old}\b(?!\()", new, self.source))


@dataclass
class Difference(Exception):
    """What differs after the last step of a program."""

    step: Step
    kind: str
    text: str
    program: list[Step]
    watch: bool

    @property
    def kind_of_step(self) -> tuple[str, str, str]:
        return self.step.area, self.step.operation, self.kind

    @property
    def group(self) -> tuple[str, str, str, str]:
        """What makes two differences one: the step, what differs, and the operations on the way to it."""
        way = {step.operation for step in self.program[:-1] if step.area != "start"}
        return *self.kind_of_step, " ".join(sorted(way))

    def script(self) -> str:
        """The program, to paste into both libraries."""
        return script(self.program)

    def __str__(self) -> str:
        return f"{self.script()}\n# {self.kind}: {self.text}"


def script(program: list[Step]) -> str:
    """A program as Python."""
    return "\n".join(step.source for step in program)


def namespace(torch: ModuleType) -> dict[str, object]:
    """What a program may name."""
    return {"torch": torch, "F": torch.nn.functional, "nn": torch.nn, "optim": torch.optim, "np": np, "copy": copy}


class Runner:
    """The state of a program in two libraries.

    With `watch`, all that can be seen is compared after every step; without, only the numbers, and the rest at
    the end: looking at a view's history brings it up to date, and must not hide that nobody else did.
    """

    def __init__(self, reference: ModuleType, candidate: ModuleType, *, watch: bool = True) -> None:
        self.libraries = reference, candidate
        self.spaces = namespace(reference), namespace(candidate)
        self.watch = watch
        self.program: list[Step] = []
        self.variables: list[str] = []
        self.messages: list[tuple[list[Step], str, str]] = []
        self.bits: dict[str, bytes] = {}  # of each tensor when it was last compared
        self.gradients: set[str] = set()  # variables that autograd.grad made
        self.failed = False  # whether the last statement raised
        self.scale, self.loosest = 1.0, 0.0
        self.versions: dict[str, list[int]] = {}  # of each tensor when it was new
        self.raised = 0
        for library in self.libraries:
            library.default_generator.manual_seed(0)  # torch.manual_seed asks all devices, slowly

    def fresh_name(self) -> str:
        """A name that no variable has had."""
        return NAMES[len(self.program)]

    def run(self, step: Step) -> bool:
        """Run one statement in both; True if neither raised.

        Raises:
            Difference: what the two do not agree on.
        """
        self.program.append(step)
        code = compile(step.source, "<program>", "exec")
        theirs, mine = _error(code, self.spaces[0]), self._error_here(code)
        if isinstance(theirs, NameError):
            raise theirs
        if type(theirs).__name__ != type(mine).__name__:
            self._differ("raises", f"{_told(mine)} instead of {_told(theirs)}")
        self.failed = theirs is not None
        if theirs is not None:
            self.raised += 1
            sentences = first_sentence(str(theirs)), first_sentence(str(mine))
            if sentences[0] != sentences[1]:
                self.messages.append((list(self.program), *sentences))
        elif step.name:
            self.variables.append(step.name)
            if step.area == "autograd":
                self.gradients.add(step.name)
            for path, *both in self._pairs(step.name, *(space[step.name] for space in self.spaces)):
                self.versions[path] = [_version(x) for x in both]
        if step.operation in ("optim", "init"):  # they may write in one go or in several
            self.versions.clear()
        self.compare(numbers_only=not self.watch)
        return theirs is None

    def _error_here(self, code: object) -> Exception | None:
        """The candidate's error. Its warnings must be its own: none of NumPy's reaches a user."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            error = _error(code, self.spaces[1])
        foreign = [str(w.message) for w in caught if issubclass(w.category, (RuntimeWarning, DeprecationWarning))]
        if foreign:
            self._differ("warning", foreign[0])
        return error

    def compare(self, *, numbers_only: bool = False) -> None:
        """Compare all variables."""
        try:
            self._compare(numbers_only)
        except Difference:
            raise
        except Exception as error:
            self._differ("unreadable", f"looking at the variables raises {type(error).__name__}: {error}")

    def _compare(self, numbers_only: bool) -> None:
        for found in list(self.pairs()):
            self._compare_values(*found)
        found = list(self.pairs())
        if numbers_only:
            return
        for path, a, b in found:
            self._compare_history(path, a, b)
        self._compare_memory(found)

    def pairs(self) -> Iterator[tuple[str, object, object]]:
        """The tensors of both libraries side by side; what else there is, is compared on the way."""
        for name in self.variables:
            yield from self._pairs(name, *(space[name] for space in self.spaces))

    def tensors(self) -> list[tuple[str, object]]:
        """The reference's tensors, by the expressions that name them."""
        found = []
        for name in self.variables:
            value = self.spaces[0][name]
            if isinstance(value, self.libraries[0].Tensor):
                found.append((name, value))
            elif isinstance(value, (tuple, list)):
                found += [(f"{name}[{i}]", x) for i, x in enumerate(value) if isinstance(x, self.libraries[0].Tensor)]
        return found

    def _pairs(self, path: str, a: object, b: object) -> Iterator[tuple[str, object, object]]:
        if type(a).__name__ != type(b).__name__:
            self._differ("type", f"{path} is of type {type(b).__name__} instead of {type(a).__name__}")
        if isinstance(a, self.libraries[0].Tensor):
            yield path, a, b
            grads = [x.grad if _asked(x, "is_leaf") is True or x.retains_grad else None for x in (a, b)]
            if any(g is not None for g in grads):
                yield from self._pairs(f"{path}.grad", *grads)
        elif isinstance(a, (tuple, list)):
            if len(a) != len(b):
                self._differ("length", f"{path} has length {len(b)} instead of {len(a)}")
            for i, (x, y) in enumerate(zip(a, b)):
                yield from self._pairs(f"{path}[{i}]", x, y)
        elif isinstance(a, np.ndarray):
            if a.dtype != b.dtype or a.shape != b.shape or not self._close(a, b):
                self._differ("value", f"{path} is {b!r} instead of {a!r}")
        elif isinstance(a, float):
            if not self._close(np.float32(a), np.float32(b)):
                self._differ("value", f"{path} is {b!r} instead of {a!r}")
        elif callable(a) or hasattr(a, "next_functions"):
            pass  # a node, a hook's handle: the type was compared
        elif isinstance(a, str) and "tensor(" in a:
            if len(a) != len(b) and _letters(a) != _letters(b):
                self._differ("repr", f"{path} is {b!r} instead of {a!r}")
        elif type(a).__module__ != "torch.utils.hooks" and str(a) != str(b):
            self._differ("value", f"{path} is {b!r} instead of {a!r}")

    def _compare_values(self, path: str, a: object, b: object) -> None:
        for kind in ("dtype", "shape"):
            if str(getattr(a, kind)) != str(getattr(b, kind)):
                if self.failed and _array(b).tobytes() == self.bits.get(path):
                    self.variables.remove(path.partition("[")[0])  # PyTorch had resized an out= before it raised
                    return
                self._differ(kind, f"{path}.{kind} is {getattr(b, kind)} instead of {getattr(a, kind)}")
        theirs, mine = _array(a), _array(b)
        self.loosest = max(self.loosest, TOLERANCE.get(theirs.dtype.name, 0.0))
        before, now = self.bits.get(path), theirs.tobytes()
        self.bits[path] = now
        if now == mine.tobytes():
            return
        if not self._close(theirs, mine):
            # PyTorch leaves half a write behind where it meets a wrong index; to have written nothing is as good.
            if not (self.failed and mine.tobytes() == before):
                self._differ("grad" if ".grad" in path else "value", f"{path} is {mine!r} instead of {theirs!r}")
            self.versions[path] = [_version(a), _version(b)]
        b.data_ptr()  # it has an address, and so an array that can be written
        _overwrite(_array(b), theirs)

    def _compare_history(self, path: str, a: object, b: object) -> None:
        strides = [[step for step, n in zip(x.stride(), x.shape) if n > 1] if a.numel() else () for x in (a, b)]
        expanded = 0 in a.stride() and self._is_gradient(path)  # one number for all: here it may be written out
        if strides[0] != strides[1] and not expanded:  # nobody ever steps along a dimension of size 1
            self._differ("stride", f"{path}.stride() is {b.stride()} instead of {a.stride()}")
        for kind in ("storage_offset()", "requires_grad", "is_leaf", "is_inference()"):
            found = [getattr(x, kind[:-2])() if kind.endswith("()") else _asked(x, kind) for x in (a, b)]
            if found[0] != found[1] and (kind != "storage_offset()" or (a.numel() and not self._is_gradient(path))):
                self._differ(kind.strip("()"), f"{path}.{kind} is {found[1]} instead of {found[0]}")
        if path in self.versions:  # how often PyTorch wrote while it made a tensor is its own affair
            found = [_version(x) - new for x, new in zip((a, b), self.versions[path])]
            if found[0] != found[1]:
                self._differ("_version", f"{path}._version rose by {found[1]} instead of {found[0]}")
        nodes = [_asked(x, "grad_fn") for x in (a, b)]
        names = [node if node is None or isinstance(node, str) else node.name() for node in nodes]
        if names[0] != names[1] and not (all(names) and (self._is_gradient(path) or "BackwardBackward" in names[0])):
            self._differ("grad_fn", f"{path}.grad_fn is {names[1]} instead of {names[0]}")

    def _is_gradient(self, path: str) -> bool:
        """Whether the tensor came out of the backward pass; what is recorded there has names of its own."""
        return ".grad" in path or path.partition("[")[0] in self.gradients

    def _compare_memory(self, found: list) -> None:
        """Which variables are one tensor, and which look at one piece of memory."""
        seen: dict[str, list[dict]] = {"identity": [{}, {}], "aliasing": [{}, {}]}
        for path, a, b in found:
            keys = {"identity": [id(a), id(b)]}
            if a.numel():
                # Of two gradients that lie side by side in one piece of memory, as parts of another, nothing is seen.
                part = path.endswith(".grad")
                keys["aliasing"] = [x.data_ptr() - (not part) * x.storage_offset() * x.element_size() for x in (a, b)]
            for kind, (theirs, mine) in keys.items():
                first = [seen[kind][0].setdefault(theirs, path), seen[kind][1].setdefault(mine, path)]
                if first[0] != first[1]:
                    what = {"identity": "is", "aliasing": "shares memory with"}[kind]
                    theirs, mine = [f"{what} {other}" if other != path else "is its own" for other in first]
                    self._differ(kind, f"{path} {mine}; in the reference it {theirs}")

    def _close(self, theirs: np.ndarray, mine: np.ndarray) -> bool:
        """Equal up to rounding, in units of the largest number that the program has seen."""
        if theirs.dtype.kind != "f":
            return bool(np.array_equal(theirs, mine))
        finite = np.isfinite(theirs)
        self.scale = max(self.scale, float(np.abs(np.where(finite, theirs, 0)).max(initial=0)))
        tolerance = TOLERANCE[theirs.dtype.name]
        if self.program[-1].area == "autograd":  # a gradient went through operations of several types
            tolerance = self.loosest * LOOSER
        elif "out=" in self.program[-1].source:  # of a wider type than what was computed
            tolerance = max(self.loosest, TOLERANCE["float32"])
        with np.errstate(all="ignore"):
            near = np.abs(theirs - mine) <= tolerance * self.scale
        return bool(np.where(finite, near, (theirs == mine) | (np.isnan(theirs) & np.isnan(mine))).all())

    def _differ(self, kind: str, text: str) -> None:
        raise Difference(self.program[-1], kind, text, list(self.program), self.watch)


def smallest(difference: Difference, reference: ModuleType, candidate: ModuleType) -> Difference:
    """The same kind of difference without the steps that it does not need."""

    def found(program: list[Step]) -> Difference | None:
        other = replay(program, reference, candidate, watch=difference.watch)
        return other if other and other.kind_of_step == difference.kind_of_step else None

    for shortened in (needed_by_last, lambda program: [*filter(lambda step: not step.name, program[:-1]), program[-1]]):
        difference = found(shortened(difference.program)) or difference
    at = len(difference.program) - 1
    while (at := min(at, len(difference.program) - 1) - 1) >= 0:
        program = difference.program
        without, old = program[:at] + program[at + 1 :], program[at].name
        earlier = [step.name for step in program[:at] if step.name] if old else []
        shorter = [without, *([step.renamed(old, new) for step in without] for new in reversed(earlier))]
        difference = next(filter(None, map(found, shorter)), difference)
    return difference


def needed_by_last(program: list[Step]) -> list[Step]:
    """The last step, with the steps whose variables it names, and theirs."""
    needed = set(re.findall(r"\w+", program[-1].source))
    kept = [program[-1]]
    for step in reversed(program[:-1]):
        if step.name in needed:
            needed |= set(re.findall(r"\w+", step.source))
            kept.append(step)
    return kept[::-1]


def replay(program: list[Step], reference: ModuleType, candidate: ModuleType, *, watch: bool) -> Difference | None:
    """Run a program that is there already; what the two libraries do not agree on."""
    runner = Runner(reference, candidate, watch=watch)
    try:
        for step in program:
            runner.run(step)
        runner.compare()
    except Difference as difference:
        return difference
    except NameError:  # a step that is needed is missing
        return None
    return None


def _error(code: object, space: dict) -> Exception | None:
    try:
        exec(code, space)
    except Exception as error:
        return error.with_traceback(None)
    return None


def _version(x: object) -> int:
    """How often the tensor was written to; nobody counts it for what was made under inference_mode."""
    return 0 if x.is_inference() else x._version


def _asked(x: object, name: str) -> object:
    """An attribute, or the words with which a view refuses it: that its base was written to."""
    try:
        return getattr(x, name)
    except RuntimeError as error:
        return first_sentence(str(error))


def _told(error: Exception | None) -> str:
    return "no error" if error is None else f"{type(error).__name__}: {first_sentence(str(error))}"


def _array(x: object) -> np.ndarray:
    """The numbers of a tensor, without leaving a trace: PyTorch's numpy() would forbid to resize the tensor."""
    return np.asarray(x._array) if hasattr(x, "_array") else x.detach().clone().numpy(force=True)


def _overwrite(mine: np.ndarray, theirs: np.ndarray) -> None:
    if not mine.flags.writeable:
        mine = np.lib.stride_tricks.as_strided(mine, writeable=False)
        mine.setflags(write=1) if mine.base is not None and getattr(mine.base, "flags", mine.flags).writeable else None
    if mine.flags.writeable:
        mine[...] = theirs


def _letters(text: str) -> str:
    return "".join(c for c in text if not (c.isdigit() or c in " .-+e\n"))
