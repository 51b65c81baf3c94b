"""The files around the package agree with one another."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
FIVE = {"numpy", "cupy", "matplotlib", "jupyterlab", "nbval"}  # what the project is built on


def bounds(requirements: list[str]) -> dict[str, str]:
    """Package → its version bounds, in one order and under its PyPI name."""
    found = {}
    for text in requirements:
        requirement = Requirement(text)
        name = {"matplotlib-base": "matplotlib"}.get(requirement.name, requirement.name)
        found[name] = ",".join(sorted(str(requirement.specifier).split(",")))
    return found


def conda() -> list[str]:
    """What environment.yml takes from conda, apart from Python and pip."""
    names = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    return [name for name in names if not re.match(r"(python|pip)\b(?!-)|pip$", name)]


def conda_pip() -> list[str]:
    """What environment.yml takes from PyPI."""
    return next(entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict))


def test_environment_and_pyproject_name_the_same_packages():
    assert bounds(conda()) == bounds(PROJECT["dependencies"] + EXTRAS["lab"] + EXTRAS["test"])


def test_environment_and_pyproject_want_the_same_python():
    python = next(e for e in ENVIRONMENT["dependencies"] if isinstance(e, str) and e.startswith("python>"))
    assert python.removeprefix("python") == PROJECT["requires-python"]


def test_environment_takes_cupy_on_linux_and_this_package():
    cupy, package = conda_pip()
    assert bounds([cupy]) == bounds(EXTRAS["gpu12"])
    assert Requirement(cupy).extras == {"ctk"}
    marker = Requirement(cupy).marker
    assert marker.evaluate({"sys_platform": "linux"}) and not marker.evaluate({"sys_platform": "darwin"})
    assert package == "-e ."


def test_environment_names_the_five_packages():
    names = set(bounds(conda())) | {name.split("-")[0] for name in bounds(conda_pip()[:1])}
    assert names >= FIVE


def constraints() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("extra", ["", "lab", "test", "browser"])
def test_constraints_pin_everything_within_its_bounds(extra):
    wanted = EXTRAS[extra] if extra else PROJECT["dependencies"]
    pins = constraints()
    for requirement in map(Requirement, wanted):
        versions = [str(next(iter(p.specifier)).version) for p in pins if p.name == requirement.name]
        assert versions, f"constraints.txt does not pin {requirement.name}"
        assert all(Version(version) in requirement.specifier for version in versions)


def test_constraints_are_exact_and_hold_no_addresses():
    for pin in constraints():
        assert pin.url is None and [s.operator for s in pin.specifier] == ["=="], str(pin)


def test_the_package_needs_numpy_alone():
    assert list(bounds(PROJECT["dependencies"])) == ["numpy"]


def test_pytorch_is_in_the_oracle_only():
    everywhere = {extra: bounds(requirements) for extra, requirements in EXTRAS.items()}
    assert [extra for extra, packages in everywhere.items() if "torch" in packages] == ["oracle"]


def test_version_is_in_the_changelog():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(PROJECT['version'])}\b", changelog, re.MULTILINE)


def test_both_licences_are_there():
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert "CC BY 4.0" in (ROOT / "LICENSE-TEXT").read_text(encoding="utf-8")
    assert PROJECT["license-files"] == ["LICENSE", "LICENSE-TEXT"]


@pytest.mark.skipif(os.name == "nt", reason="the bits of a file's mode are POSIX's")
def test_continuous_integration_runs_make_test():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^exec make test$", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0


LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
    ],
)
def test_links_between_the_documents_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for pair in LINK.findall(text):
        target = (pair[0] or pair[1]).split("#")[0]
        if target and not re.match(r"https?:|mailto:", target):
            assert (ROOT / name).parent.joinpath(target).exists(), f"{name} links to {target}"


def test_make_help_names_every_command():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    documented = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert sorted(phony) == sorted(documented)
