"""Checking answers in a process of its own, under limits: for `learntorch check`, `validate` and `class report`.

Read in no chapter. `check_all(answers)` starts this file as a program, gives it the answers as JSON and reads the
results; whatever an answer does, it does there.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import dataclass

SECONDS = 60  # of processor time for all answers of one notebook
BYTES = 4 << 30  # of memory
SEEDS = (0, 1, 2)  # the seed of the notebook, and fresh ones


@dataclass
class Verdict:
    """What became of one exercise."""

    id: str
    status: str  # as in checking.py, or "missing" if the notebook has no such cell, or "stopped"
    misconception: str = ""
    text: str = ""


def check_all(answers: dict[str, object], wanted: list[str], seeds: tuple[int, ...] = SEEDS) -> list[Verdict]:
    """Check answers in another process. An answer that ends the process leaves the later ones "stopped"."""
    given = {id: _jsonable(answer) for id, answer in answers.items() if id in wanted}
    environment = {**os.environ, "LEARNTORCH_HOME": ":memory:", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "learntorch.course.practice.worker"],
            input=json.dumps({"answers": given, "seeds": list(seeds)}),
            capture_output=True, text=True, encoding="utf-8", timeout=2 * SECONDS, env=environment, check=False,
        )  # fmt: skip
        lines = done.stdout.splitlines()
    except subprocess.TimeoutExpired as error:
        lines = (error.stdout or b"").decode("utf-8", "replace").splitlines()
    found = {}
    for line in lines:
        if line.startswith(MARK):
            verdict = Verdict(**json.loads(line.removeprefix(MARK)))
            found[verdict.id] = verdict
    stopped = "The answers before this one took too much time or memory, or ended the program."
    return [
        found.get(id)
        or Verdict(id, *(("stopped", "", stopped) if id in given else ("missing", "", "There is no cell for it.")))
        for id in wanted
    ]


MARK = "\x1fverdict "  # at the head of our lines, so that nothing an answer prints is taken for one


def _jsonable(answer: object) -> dict[str, str] | str | None:
    """A source or an order as it is, predictions as texts; None for what is no answer."""
    if isinstance(answer, dict):
        return {name: repr(value) for name, value in answer.items()}
    return answer if isinstance(answer, str) else None


def _read(answer: dict[str, str] | str | None) -> object:
    """An answer, from what `_jsonable` made of it."""
    if isinstance(answer, dict):
        return {name: _value(text) for name, text in answer.items()}
    return ... if answer is None else answer


def _limit() -> None:
    """Roofs over time and memory, where the system has them."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass


def _value(text: str) -> object:
    """A prediction, from its `repr`."""
    if text == "Ellipsis" or text.startswith("torch."):
        return ... if text == "Ellipsis" else text
    try:
        return ast.literal_eval(text)
    except ValueError:  # inf and nan have no literal
        return text


def main() -> None:
    """Read answers from stdin, write one line for each."""
    from .definition import find
    from .kinds import checked

    task = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr  # what answers print goes elsewhere
    _limit()
    for id, answer in task["answers"].items():
        ex = find(id)
        for seed in task["seeds"]:
            result = checked(ex, _read(answer), seed)
            if not result.ok or not ex.draw or ex.trains:  # one seed is enough where a net is trained
                break
        verdict = {"id": id, "status": result.status, "misconception": result.misconception, "text": repr(result)}
        print(MARK + json.dumps(verdict), file=out, flush=True)


if __name__ == "__main__":
    main()
