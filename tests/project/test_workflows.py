"""The workflows, forms and hooks of the repository: valid, and calling what is there."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FORMS = ROOT / ".github/ISSUE_TEMPLATE"
SCHEMAS = {
    "vendor.github-workflows": sorted(ROOT.glob(".github/workflows/*.yml")),
    "custom.github-workflows-require-timeout": sorted(ROOT.glob(".github/workflows/*.yml")),
    "vendor.dependabot": [ROOT / ".github/dependabot.yml"],
    "vendor.github-issue-config": [FORMS / "config.yml"],
    "vendor.github-issue-forms": sorted(set(FORMS.glob("*.yml")) - {FORMS / "config.yml"}),
    "vendor.citation-file-format": [ROOT / "CITATION.cff"],
}
WORKFLOWS: dict[str, Any] = {
    path.stem: yaml.safe_load(path.read_text()) for path in SCHEMAS["vendor.github-workflows"]
}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
CHECKS = (ROOT / ".ci/run").read_text()


def called(text: str) -> set[str]:
    """Return the make targets that a script calls."""
    words = " ".join(re.findall(r"^\s*make (.+)$", text, re.MULTILINE)).split()
    return {word for word in words if not word.startswith("--")}


def steps(workflow: str) -> list[dict[str, Any]]:
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_file_is_what_its_schema_says(schema: str) -> None:
    files = SCHEMAS[schema]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True)
    assert files and done.returncode == 0, done.stdout + done.stderr


def commands(workflow: str) -> str:
    return "\n".join(step.get("run", "") for step in steps(workflow))


@pytest.mark.parametrize("script", [CHECKS, *map(commands, WORKFLOWS)], ids=["ci", *WORKFLOWS])
def test_every_target_that_is_called_exists(script: str) -> None:
    assert called(script)
    assert called(script) - TARGETS == set()


def test_the_workflow_checks_what_the_script_of_the_repository_checks() -> None:
    assert called(CHECKS) <= called(commands("ci"))


def test_the_tests_run_on_every_python_that_is_admitted_on_both_systems() -> None:
    matrix = WORKFLOWS["ci"]["jobs"]["test"]["strategy"]["matrix"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [one.rpartition(" ")[2] for one in project["classifiers"] if " :: Python :: 3." in one]
    assert matrix["python"] == listed
    assert [system.split("-")[0] for system in matrix["os"]] == ["ubuntu", "macos"]


def test_what_is_installed_is_kept_between_runs() -> None:
    asked = [step["with"] for name in WORKFLOWS for step in steps(name)
             if step.get("uses", "").startswith("actions/setup-python")]  # fmt: skip
    assert len(asked) == sum(len(one["jobs"]) for one in WORKFLOWS.values())
    kept = {(one["cache"], one["cache-dependency-path"]) for one in asked}
    assert kept == {("pip", "requirements.lock")}


def test_every_hook_is_a_tool_of_the_environment() -> None:
    """So its version is the locked one, and no hook fetches anything."""
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = [hook for repo in repos for hook in repo["hooks"]]
    assert {repo["repo"] for repo in repos} == {"local"} and hooks
    tools = {Path(hook["entry"].split()[0]) for hook in hooks}
    assert {tool.parent for tool in tools} == {Path(".venv/bin")}
    missing = [one for one in tools if not Path(sys.executable).with_name(one.name).exists()]
    assert missing == []
