"""`Exercise`: everything about one exercise in one place. The folders of `course/exercises` hold the definitions.

Read in no chapter: it serves the people who write exercises. A definition is a Python file with one object `ex`:

    ex = Exercise("softmax", chapter=4, number=30, title="Softmax by hand", kind="fill-in", minutes=10, …)

    @ex.solution                     what `solutions/` shows; its blanks are what `exercises/` shows
    def softmax(x): …

    @ex.oracle                       the right answer, found another way; never calls the learner's code
    def expected(x): …

    @ex.cases                        the inputs, as tuples of arguments, drawn from a seeded generator
    def cases(rng): …

    @ex.right                        other answers that must pass, two at least
    def in_one_line(x): …

    @ex.wrong("Rows do not sum to 1: …", ask="Along which axis …?")
    def one_total(x): …              answers that must fail, each with its own sentence
"""

from __future__ import annotations

import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

KINDS = ("fill-in", "function", "debug", "predict", "choose", "parsons", "visual")
CODE = ("fill-in", "function", "debug", "visual")  # the learner writes a function (or a class)
LONG = 5  # seconds; a call that may take longer trains a net
FOLDER = Path(__file__).parents[1] / "exercises"


@dataclass(frozen=True)
class Wrong:
    """A typical wrong answer: how it behaves, the sentence that names the mistake, the question that repairs it."""

    name: str
    answer: object  # a function, the answers of a prediction, or the order of a Parsons problem
    says: str
    ask: str = ""


@dataclass
class Exercise:
    """One exercise. See the head of the file for how a definition reads."""

    id: str  # with hyphens, as in `hint("softmax")`
    chapter: int
    number: int  # its place in the catalogue
    title: str
    kind: str
    minutes: int
    prompt: str  # Markdown, above the cell
    hints: tuple[str, ...]  # a question, then the rule or the shapes, then a worked sibling with other numbers
    why: str  # the question after a pass
    builds: str = ""  # what a pass builds, as the learner reads it: "learntorch.softmax"
    slot: str = ""  # which slot a pass fills; see slots.py
    result: str = "fresh"  # the result's memory: "fresh", "view" of an input, or "any"
    mutates: bool = False  # may the function write into its arguments?
    types: str = "same"  # a tensor for a tensor, an array for an array; "exact": the dtype is part of the answer too
    rtol: float | None = None
    timeout: float = 1.0  # seconds for one call
    show: Callable | None = None  # how a case reads in feedback, if its arguments alone do not say it

    answer: object = None
    given: Callable | None = None  # for debug: the function with the bug
    compute: Callable | None = None  # the oracle
    draw: Callable | None = None  # the cases
    figure: Callable | None = None  # makes the picture above the cell, a matplotlib figure
    alt: str = ""  # what the picture shows, for those who cannot see it
    caption: str = ""
    judge: Callable | None = None  # a check of one's own: judge(answer, *case) → what the learner's answer did
    rights: list[Wrong] = field(default_factory=list)
    wrongs: list[Wrong] = field(default_factory=list)
    equivalents: dict[str, str] = field(default_factory=dict)  # mutants that are right answers too: change → reason
    lines: dict[str, str] = field(default_factory=dict)  # of a Parsons problem: letter → line
    distractors: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()  # names that the answer may not call ready-made

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.id}: there is no kind {self.kind!r}; choose one of {', '.join(KINDS)}")
        self.prompt = textwrap.dedent(self.prompt).strip()

    # What a definition file says ─────────────────────────────────────────────────────────────────

    def solution(self, function):
        """The answer, with its blanks marked: `# <blank> z = ...  # 1: shift` over the lines that it stands for."""
        self.answer = function
        return function

    def buggy(self, function):
        """What a debugging exercise hands out."""
        self.given = function
        return function

    def oracle(self, function):
        """The right answer to a case, found without the learner's code."""
        self.compute = function
        return function

    def cases(self, function):
        """A generator of cases: `yield` a tuple of arguments; the first ones small."""
        self.draw = function
        return function

    def judged(self, function):
        """What an answer does with a case, where calling it is not enough: a training run, a hook, a class."""
        self.judge = function
        return function

    def picture(self, alt: str, caption: str):
        """A function that draws the picture above the cell; `alt` says in words what is seen."""

        def keep(function):
            self.figure, self.alt, self.caption = function, alt, caption
            return function

        return keep

    def right(self, answer=None, /, **answers):
        """Another right answer. A function, or for a prediction the answers themselves."""
        self.rights.append(Wrong(getattr(answer, "__name__", f"right_{len(self.rights)}"), answers or answer, ""))
        return answer

    def wrong(self, says: str, *, ask: str = "", answer: object = None, **answers):
        """A wrong answer with its sentence. Decorates a function, or takes the answers or the order themselves."""
        if answer is not None or answers:
            self.wrongs.append(
                Wrong(f"wrong_{len(self.wrongs) + 1}", answer if answer is not None else answers, says, ask)
            )
            return None

        def keep(function):
            self.wrongs.append(Wrong(function.__name__, function, says, ask))
            return function

        return keep

    # What others ask of it ───────────────────────────────────────────────────────────────────────

    @property
    def is_code(self) -> bool:
        """True if the learner writes a function or a class."""
        return self.kind in CODE

    @property
    def form(self) -> str:
        """How it is answered: "exercise" (a function below the decorator), "parsons" or "predict"."""
        return "exercise" if self.is_code else "parsons" if self.kind == "parsons" else "predict"

    @property
    def trains(self) -> bool:
        """True if its check trains a net, and the learner has to wait for that."""
        return self.timeout > LONG

    @property
    def file(self) -> Path:
        """The file of the definition."""
        return FOLDER / stem(self.chapter) / f"{self.id.replace('-', '_')}.py"

    def source(self, function: object) -> str:
        """The source of a function of the definition, without its decorators."""
        text = textwrap.dedent(inspect.getsource(function))
        lines = text.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith(("def ", "class ")))
        return "\n".join(lines[start:]) + "\n"


def stem(chapter: int) -> str:
    """The file name of a chapter: '04_activations'."""
    return next(p.name for p in sorted(FOLDER.iterdir()) if p.name.startswith(f"{chapter:02d}_"))


@cache
def catalogue() -> dict[str, Exercise]:
    """All exercises by id, in the order of the course."""
    found: list[Exercise] = []
    for folder in sorted(p for p in FOLDER.iterdir() if p.is_dir() and p.name[0].isdigit()):
        for file in sorted(folder.glob("[a-z]*.py")):
            found.append(load(folder.name, file.stem))
    return {ex.id: ex for ex in sorted(found, key=lambda ex: (ex.chapter, ex.number))}


def load(folder: str, name: str) -> Exercise:
    """The exercise of one definition file."""
    return importlib.import_module(f"learntorch.course.exercises.{folder}.{name}").ex


def of_chapter(chapter: int) -> list[Exercise]:
    """The exercises of a chapter, in order."""
    return [ex for ex in catalogue().values() if ex.chapter == chapter]


def find(id: str) -> Exercise:
    """The exercise of this id.

    Raises:
        KeyError: "there is no exercise 'softmx'. Did you mean 'softmax'?"
    """
    if id in catalogue():
        return catalogue()[id]
    from difflib import get_close_matches

    near = get_close_matches(id, catalogue(), 1)
    hint = f"Did you mean {near[0]!r}?" if near else "progress() lists them all."
    raise UnknownExercise(f"there is no exercise {id!r}. {hint}")


class UnknownExercise(KeyError):
    """Raised for an id that the catalogue does not have."""

    def __str__(self) -> str:
        return self.args[0]


def cases_of(ex: Exercise, seed: int) -> Iterator[tuple]:
    """The cases of a seed, as tuples of arguments."""
    import numpy as np

    for case in ex.draw(np.random.default_rng(seed)):
        yield case if isinstance(case, tuple) else (case,)
