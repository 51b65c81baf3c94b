"""Hypothesis draws programs for parity_comparison.py: steps from the tables of parity_operations.py.

A program is drawn while it runs, so that the arguments fit the tensors that are there; one step in twelve is
mistaken on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType

from hypothesis import strategies as st
from parity_comparison import Difference, Runner, Step, replay
from parity_operations import OPERATIONS, WEIGHTS
from parity_tensors import SUBJECTS, Tensors

PLACEHOLDER = re.compile(r"\{(\w+)\}")
OPERATION = re.compile(r"(?:torch|F|nn|\}|\))\.(?:autograd\.|nn\.)?(\w+)")
ASSIGNMENT = re.compile(r"(?<![=!<>])=(?!=)(?![^()]*\))")  # outside of brackets
BACKWARD = re.compile(r"backward\(|\.grad\b")
# Not to be put under no_grad or inference_mode: there PyTorch leaves open what becomes of the history.
UNMOVED = re.compile(r"requires_grad|backward|deepcopy|detach_|(squeeze|transpose|\.t)_\(")
WRITE = re.compile(r"\w_\([^()]*\)$")
AREAS = [area for area, weight in WEIGHTS.items() for _ in range(weight)]


class Drawer(Tensors):
    """Draws the next steps of a running program."""

    def step(self, area: str | None = None) -> None:
        """Draw one statement and run it."""
        area = area or self.pick(AREAS)
        template = self.pick(OPERATIONS[area])
        self.begin(mistaken=area != "start" and self.chance(12))
        if "{n}" in template and not self.live:
            return  # no tensor is left to write to
        source = PLACEHOLDER.sub(self.fill, template)
        name = None
        if WRITE.search(template) and self.reads_what_it_writes():
            return  # docs/differences.md: PyTorch reads some of the numbers after it has overwritten them
        if not self.is_write(template):
            name = self.runner.fresh_name()
            source = f"{name} = {source}"
        writes = name is None or "out=" in source
        if self.planned and writes and not BACKWARD.search(template):  # to write to a leaf would be a second mistake
            source = f"with torch.no_grad():\n    {source}"
        elif self.chance(24) and not UNMOVED.search(source):
            mode = self.pick(("no_grad()", "enable_grad()", "set_grad_enabled(False)", "inference_mode()"))
            source = f"with torch.{mode}:\n    {source}"
        self.runner.run(Step(area, operation_of(template), source, name))

    def is_write(self, template: str) -> bool:
        """Whether the statement is there for what it changes. An in-place form of a fresh tensor still makes one."""
        if ASSIGNMENT.search(template) or "backward(" in template:
            return True
        return bool(WRITE.search(template)) and "(" not in next(iter(self.known.values()), "")

    def fill(self, match: re.Match) -> str:
        word = match[1]
        if word in self.known:
            return self.known[word]
        text = self.about(word) if word in SUBJECTS else getattr(self, word)()
        if word in SUBJECTS or word in ("n", "index", "literal"):
            self.known[word] = text
        return text

    def close(self) -> None:
        """Send a gradient back from a tensor; once in three times, the gradient of a gradient."""
        self.begin(mistaken=False)
        recorded = [(path, x) for path, x in self.live if x.requires_grad and x.numel()]
        leaves = [path for path, x in recorded if x.is_leaf]
        if not recorded:
            return
        path = self.pick([path for path, x in recorded if not x.is_leaf] or leaves)
        step = Step("autograd", "backward", f"({path} * {path}).sum().backward()")
        if leaves and self.chance(3):
            name = self.runner.fresh_name()
            given = f"({path} * {path}).sum(), [{', '.join(leaves)}], create_graph=True, allow_unused=True"
            if not self.runner.run(Step("autograd", "grad", f"{name} = torch.autograd.grad({given})", name)):
                return
            second = f"sum((g * g).sum() for g in {name} if g is not None and g.requires_grad).backward()"
            step = Step("autograd", "second backward", second)
        self.runner.run(step)


def operation_of(template: str) -> str:
    """What the step is called in reports."""
    if "backward(" in template:
        return "backward"
    found = OPERATION.search(template)
    return found[1] if found else re.sub(r"\{\w+\}|\w", "", template).strip()


@st.composite
def programs(draw: Callable, reference: ModuleType, candidate: ModuleType) -> tuple[Runner, Difference | None]:
    """A program of several operations, already run, and what the two libraries did not agree on."""
    runner = Runner(reference, candidate, watch=draw(st.booleans()))
    drawer = Drawer(draw, runner)
    try:
        for _ in range(2):
            drawer.step("start")
        for _ in range(3 + drawer.pick(range(10))):
            drawer.step()
        if not drawer.chance(3):
            drawer.close()
        runner.compare()
    except Difference as difference:
        if not runner.watch:  # it may have been there to be seen earlier
            difference = replay(difference.program, reference, candidate, watch=True) or difference
        return runner, difference
    return runner, None
