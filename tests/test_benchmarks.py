"""The benchmarks measure what they say, and the documents show what they measured."""

import json
import sys
from pathlib import Path

import pytest

import learntorch

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))

import report  # noqa: E402
from by_hand import BY_HAND  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

RESULTS = json.loads(report.RESULTS.read_text(encoding="utf-8"))
GAINS = json.loads((ROOT / "benchmarks" / "tricks.json").read_text(encoding="utf-8"))
SPEED = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
SOURCE = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "learntorch").rglob("*.py"))


@pytest.mark.parametrize("name", BY_HAND)
def test_a_net_by_hand_is_the_net(name):
    ours, by_hand = WORKLOADS[name][1](learntorch), BY_HAND[name]()
    losses = [(ours().item(), float(by_hand())) for _ in range(4)]
    assert all(a == pytest.approx(b, rel=1e-4) for a, b in losses)
    assert losses[3] != losses[0]


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name != "W6 deep"])
def test_every_workload_runs(name):
    assert WORKLOADS[name][1](learntorch)().numel() == 1


def test_the_tables_are_those_of_the_results():
    assert set(RESULTS) == {"1", "2"}
    for path, text in report.pages(RESULTS).items():
        assert path.read_text(encoding="utf-8") == text
    assert report.with_table(SPEED, "gains", report.gains(GAINS)) == SPEED


def test_every_workload_was_measured():
    for results in RESULTS.values():
        assert list(results["steps"]) == list(WORKLOADS)
        assert all(found["rounds"] >= 5 and found["low"] <= found["ratio"] <= found["high"]
                   for found in results["steps"].values())  # fmt: skip


def test_the_picture_shows_the_results():
    drawn = report.PICTURE.read_text(encoding="utf-8")
    for name, found in RESULTS["1"]["steps"].items():
        assert WORKLOADS[name][0] in drawn and f"{found['ratio']:.2f}" in drawn


def test_every_trick_is_a_note_and_worth_its_lines():
    for name, row in GAINS.items():
        assert f"Note [{name}]" in SOURCE
        assert row["gain"] >= 0.03, f"{name} saves {100 * row['gain']:.1f}%: take it out"
