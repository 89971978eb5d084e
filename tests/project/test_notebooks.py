"""The notebooks run from top to bottom, keep no outputs and use what coldbench offers by name."""

import ast
from pathlib import Path
from typing import Any

import coldbench
import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SECONDS = 60
"""For the whole of a notebook; several times what it takes."""


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> str:
    """Return the Python of a notebook, without the lines that are IPython's own."""
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    return "\n".join(line for cell in cells for line in cell.splitlines() if line[:1] != "%")


def test_both_notebooks_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first_steps", "writing_a_method"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_outputs_are_kept(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert cells
    assert [cell.id for cell in cells if cell.outputs or cell.execution_count] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_what_is_offered_is_used(path: Path) -> None:
    used, tree = set(), ast.parse(code(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not any(one.name.startswith("coldbench.") for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.module.startswith("coldbench.")
            used |= {one.name for one in node.names if node.module == "coldbench"}
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "coldbench":
            used.add(node.attr)
    assert len(used) > 5
    assert used - set(coldbench.__all__) == set()


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own assertions hold what its text says."""
    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    client = nbclient.NotebookClient(
        read(path), timeout=SECONDS, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
