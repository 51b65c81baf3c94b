"""The benchmark's results as tables and a picture: what `make bench SAVE=1` writes into the documents.

benchmarks/results.json holds a report for each number of threads, {"1": …, "2": …}. From it follow the tables in
README.md and docs/speed.md, between two marks, and docs/images/benchmark.svg. The tests compare them.
"""

from __future__ import annotations

import json
from pathlib import Path

from workloads import WORKLOADS

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PICTURE = ROOT / "docs" / "images" / "benchmark.svg"
NETS = ("W1", "W2", "W3", "W4")


def between(name: str) -> tuple[str, str]:
    """The marks before and after a table in a document."""
    return f"<!-- {name} -->", f"<!-- end of {name} -->"


def with_table(page: str, name: str, text: str) -> str:
    """The page with `text` between the marks of that name."""
    begin, end = between(name)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"The page has no marks {begin} and {end} around its table. Put them where it is to stand.")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def _time(microseconds: float) -> str:
    return f"{microseconds / 1000:.1f} ms" if microseconds >= 10_000 else f"{microseconds:.0f} µs"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def machine(report: dict) -> str:
    """What was measured on, as a sentence."""
    m = report["machine"]
    threads = f"{m['threads']} thread{'' if m['threads'] == 1 else 's'}"
    return (
        f"{m['processor']}, {m['system']}, {threads}; Python {m['python']}, NumPy {m['numpy']}, PyTorch {m['torch']}"
        + "".join(f", {peer} {m[peer]}" for peer in ("autograd", "tinygrad") if peer in m)
        + f"; load before the run {m['load']}."
    )


def short(results: dict) -> str:
    """The table of the README: the nets of the course on one thread."""
    report = results["1"]
    peers = [peer for peer in ("autograd", "tinygrad") if peer in report["machine"]]
    heads = ["One step, time / PyTorch's", "learntorch", *peers, "NumPy by hand"]
    lines = [_row(heads), "|---|" + "--:|" * (len(heads) - 1)]
    for name in NETS:
        found = report["steps"][name]
        others = [_ratio(found["peers"].get(peer)) for peer in peers]
        lines.append(_row([WORKLOADS[name][0], f"**{_ratio(found['ratio'])}**", *others, _ratio(found["floor"])]))
    return "\n".join([*lines, "", machine(report)])


def full(results: dict, threads: str) -> str:
    """The table of docs/speed.md for this number of threads."""
    report = results[threads]
    peers = [peer for peer in ("autograd", "tinygrad") if peer in report["machine"]]
    aims = ["aim"] if threads == "1" else []  # they are meant for one thread
    heads = ["", "", "learntorch", "PyTorch", "ratio", "quartiles", "NumPy by hand", *aims, *peers]
    lines = [_row(heads), "|---|---|" + "--:|" * (len(heads) - 2)]
    for name, found in report["steps"].items():
        title, _, _, aim = WORKLOADS[name]
        times = [_time(found[key]) for key in ("ours_us", "pytorch_us")]
        others = [_ratio(found["peers"].get(peer)) for peer in peers]
        quartiles = f"{found['low']:.2f}–{found['high']:.2f}"
        lines.append(_row([name, title, *times, f"**{_ratio(found['ratio'])}**", quartiles, _ratio(found["floor"]),
                           *([f"{aim:.2f}"] if aims else []), *others]))  # fmt: skip
    lines += ["", machine(report)]
    if "training_s" in report:
        lines += ["", *(f"- {line}" for line in others_of(report))]
    return "\n".join(lines)


def others_of(report: dict) -> list[str]:
    """What is measured in fresh processes, a sentence each."""
    training, times, size = report["training_s"], report["import_s"], report["size_mb"]
    lines = [
        f"FizzBuzz, 10,000 steps in a process of their own: {training['learntorch']:.2f} s, "
        f"PyTorch {training['torch']:.2f} s.",
        f"Import: {1e3 * times['learntorch']:.0f} ms, NumPy alone {1e3 * times['numpy']:.0f} ms "
        f"(ratio {times['ratio']:.2f}), PyTorch {times['torch']:.2f} s.",
    ]
    if report["peak_kib"]:
        peaks = "; ".join(f"{name} {p['ours']:.0f} and {p['pytorch']:.0f}" for name, p in report["peak_kib"].items())
        lines.append(f"Peak memory of a step above what is held between steps, learntorch and PyTorch, KiB: {peaks}.")
    lines.append("Installed: " + ", ".join(f"{name} {megabytes:.0f} MB" for name, megabytes in size.items()) + ".")
    return lines


def gains(found: dict[str, dict]) -> str:
    """What each trick is worth (tricks.py), as a table."""
    lines = ["| Note | measured on | with | without | saves |", "|---|---|--:|--:|--:|"]
    for name, row in found.items():
        times = " | ".join(_time(row[key]) for key in ("with_us", "without_us"))
        lines.append(f"| {name} | {row['workload']} | {times} | {100 * row['gain']:.0f}% |")
    return "\n".join(lines)


def picture(results: dict, target: Path = PICTURE) -> None:
    """The ratios on one thread as dots with their quartiles; left of the line learntorch is faster."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "learntorch", "svg.fonttype": "none", "font.size": 12}
    import matplotlib.pyplot as plt

    steps = results["1"]["steps"]
    names = [name for name in WORKLOADS if name in steps]
    figure, axes = plt.subplots(figsize=(9, 0.48 * len(names) + 1.4))
    for row, name in enumerate(reversed(names)):
        found = steps[name]
        faster = found["ratio"] < 1
        axes.plot([found["low"], found["high"]], [row, row], color="#000000", linewidth=2)
        axes.plot([found["ratio"]], [row], marker="o" if faster else "s", markersize=9,
                  color="#0072B2" if faster else "#D55E00")  # fmt: skip
        axes.annotate(_ratio(found["ratio"]), (found["ratio"], row), xytext=(0, 9), textcoords="offset points",
                      ha="center", bbox={"color": "#FFFFFF", "pad": 1})  # fmt: skip
        if found["floor"] is not None:
            axes.plot([found["floor"]], [row], marker="|", markersize=14, markeredgewidth=2, color="#000000")
    axes.axvline(1, color="#000000", linestyle="--", linewidth=1, zorder=0)
    axes.set_yticks(range(len(names)), [f"{WORKLOADS[name][0]}  {name.split()[0]}" for name in reversed(names)])
    axes.set_ylim(-0.6, len(names) - 0.2)
    axes.set_xscale("log")
    ticks = [0.2, 0.3, 0.5, 0.7, 1, 1.5, 2]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("time of learntorch / time of PyTorch\ncircle: faster, square: slower, bar: NumPy by hand")
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None})


def pages(results: dict) -> dict[Path, str]:
    """The documents with the tables of these results."""
    readme, speed = ROOT / "README.md", ROOT / "docs" / "speed.md"
    texts = {path: path.read_text(encoding="utf-8") for path in (readme, speed)}
    texts[readme] = with_table(texts[readme], "times", short(results))
    for threads in results:
        texts[speed] = with_table(texts[speed], f"times on {threads}", full(results, threads))
    return texts


def save(report: dict) -> None:
    """Put this report beside the others, and write tables and picture anew."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results = dict(sorted((results | {str(report["machine"]["threads"]): report}).items()))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for path, text in pages(results).items():
        path.write_text(text, encoding="utf-8")
    picture(results)
