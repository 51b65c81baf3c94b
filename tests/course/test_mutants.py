"""The table of mutants, docs/mutants.md, says what the definitions say: no row is missing, stale or unreviewed."""

import mutant_table
import prove_exercises
import pytest

from learntorch.course.practice.definition import catalogue, find

CATALOGUE = list(catalogue().values())
ROWS = mutant_table.read()
each = pytest.mark.parametrize("ex", CATALOGUE, ids=lambda ex: ex.id)


@each
def test_the_row_of_an_exercise_is_up_to_date(ex):
    assert ex.id in ROWS, f"there is no row: make mutants EXERCISES={ex.id}"
    row = ROWS[ex.id]
    assert row.digest == mutant_table.digest(ex), f"the definition has changed: make mutants EXERCISES={ex.id}"
    changes = [change for change, _ in prove_exercises.mutants_of(ex)]
    assert row.mutants == len(changes) == row.rejected + len(row.reviewed), "a mutant is alive, and nobody knows why"
    assert set(row.reviewed) == set(ex.equivalents) <= set(changes) and all(ex.equivalents.values())


def test_the_file_is_what_is_made_from_its_rows(tmp_path):
    """The totals, the order and the reasons; and no row of an exercise that is gone."""
    mutant_table.write(ROWS.values(), tmp_path / "mutants.md")
    assert (tmp_path / "mutants.md").read_text("utf-8") == mutant_table.FILE.read_text("utf-8")
    assert list(ROWS) == [ex.id for ex in CATALOGUE]


def test_a_run_renews_its_rows_alone_and_differs_in_date_and_time_only(tmp_path, monkeypatch):
    table = tmp_path / "mutants.md"
    mutant_table.write(ROWS.values(), table)
    arguments = ["prove_exercises", "--mutants", "--table", str(table), "--date", "2001-02-03", "relu"]
    monkeypatch.setattr("sys.argv", arguments)
    monkeypatch.setattr(prove_exercises, "PROOFS", {})
    assert prove_exercises.main() == 0
    after = mutant_table.read(table)
    assert after.pop("relu").date == "2001-02-03"
    assert after == {id: row for id, row in ROWS.items() if id != "relu"}
    blank = {"seconds": 0.0, "date": ""}
    before, now = (vars(rows["relu"]) | blank for rows in (ROWS, mutant_table.read(table)))
    assert before == now


def test_a_mutant_that_lives_and_a_definition_that_changes_are_noticed(tmp_path, monkeypatch):
    ex = find("relu")
    monkeypatch.setattr(ex, "equivalents", {"nothing": "of the kind"})
    row, complaints = prove_exercises.mutated(ex, "")
    assert complaints == ["mutant passes: return np.maximum(x, 0) → return np.maximum(0, x)",
                          "no such mutant passes: nothing"]  # fmt: skip
    assert row.rejected + len(row.reviewed) < row.mutants

    class Changed(type(ex)):
        file = tmp_path / "relu.py"

    text = ex.file.read_text("utf-8")
    ex = Changed(**{name: getattr(ex, name) for name in ("id", "chapter", "number", "title", "kind", "minutes",
                                                         "prompt", "hints", "why")})  # fmt: skip
    for change, same in (("Cutting off", True), ("Figure E26", True), ("-2.0", False), ("np.maximum", False)):
        assert change in text
        ex.file.write_text(text.replace(change, "xyz"), "utf-8")
        assert (mutant_table.digest(ex) == mutant_table.digest(find("relu"))) == same, change
