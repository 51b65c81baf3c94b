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
LONG = 5  # seconds; an exercise that may take longer trains a net
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


def _jsonable(answer: object) -> object:
    if isinstance(answer, dict):
        return {"predictions": {name: repr(value) for name, value in answer.items()}}
    return {"order": answer if isinstance(answer, str) else None} if not _is_source(answer) else {"source": answer}


def _is_source(answer: object) -> bool:
    return isinstance(answer, str) and "\n" in answer


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
    return ast.literal_eval(text)


def main() -> None:
    """Read answers from stdin, write one line for each."""
    from . import predicting
    from .checking import check_source
    from .definition import find

    task = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr  # what answers print goes elsewhere
    _limit()
    for id, answer in task["answers"].items():
        ex = find(id)
        for seed in task["seeds"]:
            if "source" in answer:
                result = check_source(ex, answer["source"], seed)
            elif "order" in answer:
                result = predicting.check_order(ex, answer["order"] or ..., seed)
            else:
                given = {name: _value(text) for name, text in answer["predictions"].items()}
                result = predicting.check_answers(ex, given)
            if not result.ok or not ex.draw or ex.timeout > LONG:  # one seed is enough where a net is trained
                break
        verdict = {"id": id, "status": result.status, "misconception": result.misconception, "text": repr(result)}
        print(MARK + json.dumps(verdict), file=out, flush=True)


if __name__ == "__main__":
    main()
