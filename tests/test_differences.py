"""docs/differences.md says what is true: the scope is complete, each difference is one, the page is current."""

import inspect

import differences
import pytest
from differences import NAMES, PAGE, accepted, behaviour, has, missing_from_scope, page, unaccepted

import learntorch as torch


def test_everything_that_the_course_sets_out_to_have_is_there():
    assert missing_from_scope() == []


@pytest.mark.parametrize("row", behaviour(), ids=lambda row: row[1])
def test_each_difference_is_one(row):
    what, line, theirs, ours = row
    assert theirs != ours, f"PyTorch and learntorch agree on {line}: take it out of differences.txt"


def test_arguments_have_pytorchs_names():
    assert unaccepted() == []


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tools/differences.py"


def test_a_name_that_is_missing_says_where_to_look():
    for namespace, name in [(torch, "svd"), (torch.nn, "LSTM"), (torch.nn.functional, "glu"), (torch.optim, "LBFGS")]:
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'.*docs/differences.md"):
            getattr(namespace, name)
        assert not hasattr(namespace, name)


def test_a_missing_name_and_a_missing_argument_are_noticed(monkeypatch):
    monkeypatch.setitem(differences.SCOPE, "torch", "tensor quantum_foam")
    assert missing_from_scope() == ["torch.quantum_foam"]
    assert has("torch.nn", "Linear") and not has("torch.nn", "Quadratic") and not has("torch.quantum", "x")
    assert {"in_features", "bias"} <= accepted("torch.nn", "Linear") and "foo" not in accepted("torch.nn", "Linear")
    monkeypatch.setitem(NAMES["torch.nn"], "Linear", [["in_features", "foo"]])
    assert "torch.nn.Linear: foo" in unaccepted()


def test_public_functions_have_a_docstring():
    for name, value in vars(torch).items():
        if not name.startswith("_") and inspect.isfunction(value):
            assert value.__doc__, f"torch.{name} has no docstring"
