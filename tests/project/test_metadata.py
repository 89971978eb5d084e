"""What the package says of itself: in pyproject.toml, CITATION.cff, CHANGELOG.md, the same."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from coldbench import __version__

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHON = "Programming Language :: Python :: "


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    return made


def admitted() -> list[str]:
    """Return the versions of Python that ``requires-python`` lets in."""
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"])
    assert bounds
    return [f"3.{minor}" for minor in range(int(bounds[1]), int(bounds[2]))]


def test_the_classifiers_are_the_versions_of_python_that_are_admitted() -> None:
    told = [one.removeprefix(PYTHON) for one in PROJECT["classifiers"] if PYTHON in one]
    assert told == ["3", "3 :: Only", *admitted()]
    assert f"3.{sys.version_info.minor}" in admitted()


def test_the_makefile_looks_for_the_versions_that_are_admitted() -> None:
    text = (ROOT / "Makefile").read_text()
    tried = re.search(r"\$\(foreach p,([^,]+),", text)
    bounds = re.search(r"\((\d+,\d+)\) <= sys.version_info\[:2\] <= \((\d+,\d+)\)", text)
    assert tried and bounds
    assert tried[1].split() == ["python3", *(f"python{one}" for one in reversed(admitted()))]
    assert [one.replace(",", ".") for one in bounds.groups()] == [admitted()[0], admitted()[-1]]


def test_the_citation_says_what_the_package_says(citation: dict[str, Any]) -> None:
    assert citation["title"].startswith(f"{PROJECT['name']}: ")
    assert citation["abstract"] == PROJECT["description"]
    assert citation["authors"] == PROJECT["authors"] == PROJECT["maintainers"]
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert citation["repository-code"] == PROJECT["urls"]["Source"]
    assert citation["url"] == PROJECT["urls"]["Documentation"]
    assert citation["version"] == __version__


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    sections = re.findall(r"^## \[([^]]+)\] - (unreleased|\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
    assert len(sections) == text.count("\n## ")
    assert sections[0][0] == __version__
    assert "unreleased" not in {when for _, when in sections[1:]}
    assert all(f"\n[{version}]: {PROJECT['urls']['Source']}" in text for version, _ in sections)


def test_the_extras_of_the_lock_are_all_there_are() -> None:
    asked = re.search(r"^EXTRAS := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert asked and set(asked[1].split()) == set(PROJECT["optional-dependencies"])
