"""How long a learner waits for feedback: python benchmarks/feedback.py [softmax 04 …] [--rounds 3]

For every exercise the whole way from a cell that is run to its feedback is timed, as a notebook would go it: the
function is defined, checked and diagnosed, progress is written to the disk, and the text and the card are made. The
answers are the untouched cell, the solution, the other right answers and every wrong one. Each is given several times,
and its fastest time counts, since other programs only slow it down. The table shows the median, the 95th percentile
and the slowest for each exercise. Then some answers that never end are stopped.

An exercise that trains a whole net is timed with the untouched cell and the solution
alone, and reported by itself: there the learner waits for the net.

The exit code is 1 if the 95th percentile over all answers is 100 ms or more, or if a stop takes 1.5 s or more.
"""

from __future__ import annotations

import argparse
import io
import linecache
import os
import re
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

os.environ["LEARNTORCH_HOME"] = ":memory:"
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

import learntorch as torch
from learntorch.course.practice import notebook
from learntorch.course.practice.answer import filled, with_blanks
from learntorch.course.practice.definition import Exercise, catalogue
from learntorch.course.practice.progress import Progress

LIMIT, STOP_LIMIT = 0.100, 1.5  # seconds
PROCESSOR: list[float] = []  # of every answer; what a machine without other programs comes near to
ENDLESS = {
    "a loop": "    while True:\n        pass\n",
    "a loop that catches all": "    while True:\n        try:\n            [0] * 100\n"
    "        except BaseException:\n            pass\n",
    "a sleep": "    import time\n\n    time.sleep(60)\n",
}


class Screen:
    """Takes what a notebook would show, and makes its text and its card."""

    def __init__(self, monitor: list) -> None:
        self.monitor = monitor

    def __call__(self, result: object) -> None:
        self.monitor.append((repr(result), result._repr_html_(), result.status))


def answers(ex: Exercise) -> dict[str, object]:
    """What is given: a cell's source, or the arguments of predict or parsons."""
    others = {answer.name: answer.answer for answer in (*ex.rights, *ex.wrongs)}
    if ex.is_code:
        untouched = with_blanks(ex.source(ex.given or ex.answer))
        return {"untouched": untouched} | {
            name: filled(ex.source(answer)) for name, answer in {"solution": ex.answer, **others}.items()
        }
    if ex.kind == "parsons":
        return {"untouched": "...", "solution": ex.answer} | others
    truth = ex.compute()
    whole = {name: {**truth, **answer} for name, answer in others.items()}
    return {"untouched": dict.fromkeys(truth, ...), "solution": truth} | whole


def run(ex: Exercise, answer: object, shown: list) -> float:
    """Seconds from running a cell to its feedback."""
    shown.clear()
    space = {"np": np, "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "exercise": notebook.exercise}
    start, busy = time.perf_counter(), time.process_time()
    if ex.is_code:
        cell, name = f'@exercise("{ex.id}")\n{answer}', f"<cell {ex.id}>"
        linecache.cache[name] = (len(cell), None, cell.splitlines(True), name)
        exec(compile(cell, name, "exec"), space)
    elif ex.kind == "parsons":
        notebook.parsons(ex.id, answer)
    else:
        notebook.predict(ex.id, **answer)
    seconds = time.perf_counter() - start
    PROCESSOR.append(time.process_time() - busy)
    assert shown, f"{ex.id} showed nothing"
    return seconds


def milliseconds(values: list[float], share: float) -> str:
    return f"{1000 * float(np.quantile(values, share)):8.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="ids or chapters; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="how often each answer is given")
    options = parser.parse_args()
    chosen = [e for e in catalogue().values() if not options.names or {e.id, f"{e.chapter:02d}"} & {*options.names}]
    shown: list = []
    notebook._show = Screen(shown)
    every: list[float] = []
    late: list[str] = []
    trained: list[str] = []
    stops: list[float] = []
    with tempfile.TemporaryDirectory() as home, redirect_stdout(io.StringIO()):
        out = sys.__stdout__
        print(f"{'exercise':24} answers  median      p95  slowest   milliseconds", file=out)
        for ex in chosen:
            notebook._progress = Progress(Path(home) / ex.id)  # of somebody who begins: the pieces of others are ours
            notebook.use("auto")
            given = answers(ex)
            if ex.trains:
                waits = {name: run(ex, given[name], shown) for name in ("untouched", "solution")}
                del PROCESSOR[-2:]
                trained.append(
                    f"{ex.id} {1000 * waits['untouched']:.0f} ms untouched, {waits['solution']:.1f} s solved"
                )
                continue
            run(ex, given["untouched"], shown)  # the first use of anything imports it
            rounds = [[run(ex, answer, shown) for answer in given.values()] for _ in range(options.rounds)]
            taken = [min(times) for times in zip(*rounds)]
            every += taken
            row = "".join(f" {milliseconds(taken, share)}" for share in (0.5, 0.95, 1.0))
            print(f"{ex.id:24} {len(given):7}{row}", file=out, flush=True)
            if np.quantile(taken, 0.95) >= LIMIT:
                late.append(ex.id)
        processor = float(np.quantile(PROCESSOR, 0.95))
        for ex in [e for e in chosen if e.kind in ("fill-in", "function") and e.timeout <= 1][:3]:
            for what, body in ENDLESS.items():
                source = filled(ex.source(ex.answer))
                head = re.match(r"def .*?\):\n", source, re.DOTALL)
                if head:
                    stops.append(min(run(ex, head[0] + body, shown) for _ in range(2)))
                    assert shown[-1][2] == "wrong" and "was stopped after" in shown[-1][0], shown[-1][0]
                    print(f"{ex.id:24} {what}, stopped after {stops[-1]:.2f} s", file=out, flush=True)
    notebook.use("reference")
    p95 = float(np.quantile(every, 0.95)) if every else 0.0
    count = f"{len(chosen) - len(trained)} exercises, {len(every)} answers"
    print(f"\n{count}: p95 {1000 * p95:.1f} ms, limit {1000 * LIMIT:.0f} ms.")
    print(f"The processor alone: p95 {1000 * processor:.1f} ms.")
    if late:
        print(f"Slower than the limit by themselves: {', '.join(late)}.")
    if trained:
        print(f"Waiting for the net: {'; '.join(trained)}.")
    if stops:
        print(f"Answers that never end: stopped after {max(stops):.2f} s at the latest, limit {STOP_LIMIT} s.")
    return int(p95 >= LIMIT or max(stops, default=0) >= STOP_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
