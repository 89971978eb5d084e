from dataclasses import asdict
from pathlib import Path

import coldbench.conf
import pytest
from coldbench.benchmarks import registry
from coldbench.benchmarks.config import compose_run

FOLDER = Path(coldbench.conf.__file__).parent / "method"
PRESETS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
CHANGES = {
    "lightfm_bpr": ("lightfm", {"loss": "bpr"}),
    "lightfm_logistic": ("lightfm", {"loss": "logistic"}),
    "content_knn_bm25": ("content_knn", {"weighting": "bm25"}),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_composes_to_a_method_with_other_settings(preset: str) -> None:
    method = compose_run([f"method={preset}"]).method
    assert preset not in registry.available("methods"), "a preset would hide the method"
    assert method != type(method)(), "a preset that changes nothing is not needed"


@pytest.mark.parametrize(("preset", "expected"), CHANGES.items())
def test_a_preset_changes_what_it_says_and_nothing_else(
    preset: str, expected: tuple[str, dict[str, str]]
) -> None:
    name, changes = expected
    method = compose_run([f"method={preset}"]).method
    assert registry.name_of("methods", method) == name
    assert asdict(method) == asdict(type(method)()) | changes


def test_a_field_of_a_preset_can_be_set_beside_it() -> None:
    method = compose_run(["method=lightfm_bpr", "method.components=7"]).method
    assert (method.components, method.loss.value) == (7, "bpr")
