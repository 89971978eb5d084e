from dataclasses import asdict
from pathlib import Path

import coldbench.conf
import pytest
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.plugins import registry
from coldbench.benchmarks.tuning.search_space import list_dimensions
from coldbench.methods.base import Need
from omegaconf import OmegaConf

FOLDER = Path(coldbench.conf.__file__).parent / "method"
PRESETS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
UNTRAINED = "untrained/sentence-transformers/all-MiniLM-L6-v2"
CHANGES = {
    "lightfm_bpr": ("lightfm", {"loss": "bpr"}),
    "lightfm_logistic": ("lightfm", {"loss": "logistic"}),
    "lightfm_warp": ("lightfm", {"loss": "warp"}),
    "lightfm_tags": ("lightfm", {"loss": "logistic", "identities": False}),
    "lightfm_tags_ids": ("lightfm", {"loss": "logistic", "identities": True}),
    "content_knn_bm25": ("content_knn", {"weighting": "bm25"}),
    "content_knn_attributes": ("content_knn", {"weighting": "none"}),
    "word_knn_bm25": ("word_knn", {"weighting": "bm25"}),
    "attribute_map_linear": ("attribute_map", {"mapping": "linear"}),
    "attribute_map_mlp": ("attribute_map", {"mapping": "mlp"}),
    "cfkg_paper": ("cfkg", {"dim": 100, "l2": 0.0, "batch_size": 64}),
    "heater_paper": (
        "heater",
        {"factors": 200, "hidden": [200], "support_share": 0.0, "learning_rate": 0.005},
    ),
    "kgcn_paper": ("kgcn", {"dim": 16, "l2": 1e-4, "batch_size": 128, "learning_rate": 5e-4}),
    **{
        f"kgcn_paper_{aggregator}": (
            "kgcn",
            {
                "aggregator": aggregator,
                "dim": 16,
                "l2": 1e-4,
                "batch_size": 128,
                "learning_rate": 5e-4,
            },
        )
        for aggregator in ("concat", "neighbor")
    },
    "ripplenet_paper": (
        "ripplenet",
        {
            "dim": 4,
            "hops": 3,
            "l2": 1e-5,
            "learning_rate": 1e-3,
            "max_steps": 4000,
            "min_steps": 1000,
            "patience_steps": 2000,
        },
    ),
    "clcrec_paper": (
        "clcrec",
        {
            "temperature": 2.0,
            "balance": 0.5,
            "mixed": 0.5,
            "norm_weight": 0.1,
            "learning_rate": 0.001,
        },
    ),
    "dropoutnet_paper": (
        "dropoutnet",
        {
            "factors": 200,
            "regularization": 1.0,
            "alpha": 10.0,
            "transform": 0.0,
            "pairs": 2500,
            "batch_size": 1000,
        },
    ),
    "ials_2022": ("ials", {"factors": 256}),
    "frozen_towers": ("finetuned_encoder", {"tuning": "frozen"}),
    "linear_probe": ("finetuned_encoder", {"tuning": "frozen", "hidden": 0}),
    **{
        f"encoder_{tuning}": ("finetuned_encoder", {"tuning": tuning})
        for tuning in ("full", "top_layers", "bitfit", "layer_norm", "dora", "sparse")
    },
    "encoder_adapter": ("finetuned_encoder", {"tuning": "adapter", "lora_rank": 64}),
    "encoder_prefix": ("finetuned_encoder", {"tuning": "prefix", "lora_rank": 16}),
    **{
        f"encoder_{tuning}": (
            "finetuned_encoder",
            {"tuning": tuning, "lora_rank": 20, "encoder_learning_rate": rate},
        )
        for tuning, rate in (("prompt", 3e-3), ("p_tuning", 1e-3))
    },
    "encoder_adalora": ("finetuned_encoder", {"tuning": "adalora", "encoder_learning_rate": 1e-3}),
    "encoder_ia3": ("finetuned_encoder", {"tuning": "ia3", "encoder_learning_rate": 3e-3}),
    "untrained_ridge": ("text_ridge", {"inputs": [], "model": UNTRAINED}),
    "untrained_towers": ("finetuned_encoder", {"tuning": "frozen", "model": UNTRAINED}),
    "untrained_full": ("finetuned_encoder", {"tuning": "full", "model": UNTRAINED}),
    "instruction_zero_shot": ("instruction_ranker", {"mode": "zero_shot"}),
    "instruction_in_context": (
        "instruction_ranker",
        {"mode": "in_context", "history_length": 5, "max_length": 2048},
    ),
    "instruction_tuned": ("instruction_ranker", {}),
    "kernel_ridge_attributes": ("kernel_ridge", {"inputs": ["attributes"]}),
    "kernel_ridge_words": ("kernel_ridge", {"inputs": ["words"]}),
    "text_ridge_vectors": ("text_ridge", {"inputs": []}),
    **{
        f"{name}_items": (name, {"neighbourhood": "item", "neighbours": 100})
        for name in ("content_knn", "word_knn", "graph_knn", "text_knn")
    },
}
DEFAULTS_BY_NAME = {"lightfm_warp", "instruction_tuned"}
"""The default loss, or mode, next to the presets of the other ones."""
BY_ITSELF = {"instruction_ranker", "cross_encoder", "rating_encoder"}
"""What no experiment runs: a model over pairs of texts wants a GPU, and ratings are asked apart."""
UNPUBLISHED = {"rating_encoder", "semantic_ids", "text_sequence"}
"""What no sweep of the published results runs: not a row of theirs yet."""
UNTUNED = UNPUBLISHED | {"aligned_factors", "ease_text_prior", "simulated_interactions"}
"""What has search ranges and no tuned rows yet."""
UNRUN = {"encoder_sparse"}
"""Presets that no experiment runs yet."""


def test_every_preset_says_what_it_changes() -> None:
    assert set(PRESETS) == set(CHANGES)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_composes_to_a_method_with_other_settings(preset: str) -> None:
    method = compose_run([f"method={preset}"]).method
    assert preset not in registry.list_names("methods"), "a preset would hide the method"
    same = method == type(method)()
    assert same == (preset in DEFAULTS_BY_NAME), "a preset that changes nothing is not needed"


@pytest.mark.parametrize(("preset", "expected"), CHANGES.items())
def test_a_preset_changes_what_it_says_and_nothing_else(
    preset: str, expected: tuple[str, dict[str, object]]
) -> None:
    name, changes = expected
    method = compose_run([f"method={preset}"]).method
    assert registry.find_name("methods", method) == name
    assert asdict(method) == asdict(type(method)()) | changes


def swept(experiment: str) -> set[str]:
    """Return the methods that an overlay runs."""
    text = (FOLDER.parent / "experiment" / f"{experiment}.yaml").read_text()
    methods = OmegaConf.create(text).hydra.sweeper.params.method
    return {name.strip() for name in methods.split(",")}


def test_the_experiments_run_everything_that_there_is() -> None:
    """Of the presets all but those that name settings which another one has, or are a table's."""
    ours = {
        name
        for name, one in registry.list_offers("methods").items()
        if one.distribution == "coldbench"
    }
    assert swept("all_methods") == ours - BY_ITSELF
    light, networks = swept("light"), swept("networks")
    hybrids = swept("text_hybrids")
    assert not light & networks and not (light | networks) & hybrids
    assert (light | networks | hybrids | {"finetuned_encoder"}) - set(
        PRESETS
    ) == ours - BY_ITSELF - UNPUBLISHED
    rungs = swept("ladder")
    assert rungs <= ours | set(PRESETS)
    of_a_table = {"kgcn_paper_concat", "kgcn_paper_neighbor"}
    by_itself = {name for name in PRESETS if CHANGES[name][0] in BY_ITSELF}
    named = {"lightfm_warp", "lightfm_tags_ids"}
    others = set(PRESETS) - named - of_a_table - by_itself - UNRUN
    assert swept("presets") | (rungs & set(PRESETS)) == others
    reads = {Need.ITEM_FEATURES, Need.ITEM_TEXT, Need.ITEM_CONTENT, Need.GRAPH}
    ranged = {n for n in ours if list_dimensions(registry.find("methods", n)(), ())}
    assert swept("tuned") == ranged - UNTUNED
    readers = {n for n in light if compose_run([f"method={n}"]).method.needs & reads}
    assert swept("open_track") == readers
    assert all(compose_run([f"method={n}"]).method.needs & reads for n in networks)


def test_a_field_of_a_preset_can_be_set_beside_it() -> None:
    method = compose_run(["method=lightfm_bpr", "method.components=7"]).method
    assert (method.components, method.loss.value) == (7, "bpr")


def test_the_paper_names_of_lightfm_spell_out_both_settings() -> None:
    """A later change of a default must not change what the paper's variants are."""
    for name in ("lightfm_tags", "lightfm_tags_ids"):
        written = (FOLDER / f"{name}.yaml").read_text()
        assert "\nloss: logistic\n" in written and "\nidentities: " in written
    ids = compose_run(["method=lightfm_tags_ids"]).method
    assert ids == compose_run(["method=lightfm_logistic"]).method
