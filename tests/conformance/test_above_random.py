"""Every method and every preset is surely above random on the sides that it serves.

"Surely" is the 95 % interval of the difference to ``random`` on the same users. The default suite
fits what is light; networks are slow tests, with fewer epochs where that is enough to tell.
"""

from functools import cache
from pathlib import Path

import coldbench
import coldbench.conf
import pytest
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.conformance.checks.measure import measure_ndcg
from coldbench.benchmarks.evaluation.comparison import PerUser, compare
from coldbench.benchmarks.plugins.registry import list_names, list_offers
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.side_information import Side
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Split
from coldbench.methods.base import Family, Method, Need

OFFERS = list_offers("methods")
METHODS = [name for name in list_names("methods") if OFFERS[name].distribution == "coldbench"]
FOLDER = Path(coldbench.conf.__file__).parent / "method"
PRESETS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
NAMES = [name for name in [*METHODS, *PRESETS] if name != "random"]

CLEAR = Planted(
    n_users=900,
    n_items=300,
    interactions_per_user=24,
    n_topics=6,
    user_attributes=0.95,
    item_attributes=0.95,
    user_text=0.95,
    item_text=0.95,
    graph=0.95,
    popularity_skew=1.2,
)
"""Everything that is known of an entity tells its topics."""
DIM = Planted(
    n_users=600,
    n_items=800,
    interactions_per_user=40,
    n_topics=12,
    item_attributes=0.3,
    popularity_skew=2.5,
)
"""Few attributes tell and popularity hides taste: what hardly learns stays at chance here."""
WORLDS = {"clear": CLEAR, "dim": DIM, "movietweetings": MovieTweetings()}

SMALL_ENCODER = ["epochs=1", "batch_size=256", "fresh=16", "top_layers=1", "max_length=64"]
SMALL_RANKER = [
    "model=untrained/tiny", "template=short", "generator=word_knn", "rerank=5", "text_words=5",
    "history_length=2", "examples=2", "max_steps=4", "held_out=20",
]  # fmt: skip
"""A causal model with random weights: what is above random is the generator's work."""
SMALL_CROSS = [
    "model=untrained/tiny", "generator=word_knn", "rerank=5", "history_length=2", "max_length=64",
    "negatives=1", "max_steps=4", "held_out=20",
]  # fmt: skip
"""As for the causal model: an encoder with random weights behind a generator."""
DATED = "newest"
"""Knows years, which tell nothing of the planted datasets."""
FEWER = {
    "aligned_factors": ["max_steps=200", "max_length=64"],
    "cfkg": ["epochs=15"],
    "cfkg_paper": ["epochs=5"],
    "clcrec": ["epochs=15"],
    "clcrec_paper": ["epochs=15"],
    "cross_encoder": SMALL_CROSS,
    "dropoutnet": ["epochs=10"],
    "dropoutnet_paper": ["epochs=40"],
    "finetuned_encoder": SMALL_ENCODER,
    "rating_encoder": SMALL_ENCODER,
    "frozen_towers": SMALL_ENCODER,
    **dict.fromkeys((name for name in PRESETS if name.startswith("encoder_")), SMALL_ENCODER),
    "linear_probe": SMALL_ENCODER,
    "untrained_full": SMALL_ENCODER,
    "untrained_towers": SMALL_ENCODER,
    "heater": ["epochs=10"],
    "heater_paper": ["epochs=5"],
    "ials_2022": ["epochs=2"],
    "instruction_ranker": SMALL_RANKER,
    **dict.fromkeys((name for name in PRESETS if name.startswith("instruction_")), SMALL_RANKER),
    "kgcn": ["epochs=10"],
    "kgcn_paper": ["epochs=10"],
    "kgcn_paper_concat": ["epochs=10"],
    "kgcn_paper_neighbor": ["epochs=10"],
    "ripplenet": ["epochs=5"],
    "ripplenet_paper": ["epochs=100"],
    "text_sequence": ["max_steps=100", "width=32", "layers=1", "batch_size=16", "max_length=64"],
    "semantic_ids": ["max_steps=100", "width=32", "hidden=64", "codes=16", "max_length=64"],
}
"""Networks, and what is enough of them."""
HEAVY = {*FEWER, "attribute_map_mlp", "text_knn"}
SETTINGS = {name for name in PRESETS if name in HEAVY or name.startswith("lightfm_")}
"""Presets that take long: other settings of a network, tried where everything tells."""
LARGE = {*HEAVY, "ials", "lsi_lr", *(name for name in NAMES if name.startswith("lightfm"))}
"""What takes more than a second or two on the embedded data."""


@cache
def split(world: str) -> Split:
    scenario = Grid() if world == "movietweetings" else Grid(cold_fraction=0.4)
    return coldbench.split(WORLDS[world].load(), scenario, 0)


def served(method: Method, world: str) -> list[str]:
    """Return a task of every side that a method serves, both at once where users have features."""
    with_features = split(world).train.users.features.shape[1] > 0
    sides = {
        "new_item/cold/k=0": Side.ITEM in method.cold,
        "new_user/warm/k=0": Side.USER in method.cold,
        "new_user_new_item/cold/k=0": with_features and method.cold >= set(Side),
        "new_user/warm/k=10": method.uses_support,
        "warm/warm/k=0": method.family in (Family.COLLABORATIVE, Family.HYBRID),
    }
    return [task for task, does in sides.items() if does]


def demand_above_random(method: Method, world: str, tasks: list[str]) -> None:
    fitted, chance = method.fit(split(world).train), random(world)
    for task in tasks:
        holdout = split(world).test[task]
        pair = {
            name: PerUser(holdout.users, measure_ndcg(one, holdout))
            for name, one in (("it", fitted), ("random", chance))
        }
        (found,) = compare(pair, baseline="random")
        assert found.low > 0, f"{task} in {world}: {found}"


@cache
def random(world: str) -> Method:
    return compose_run(["method=random"]).method.fit(split(world).train)


def composed(name: str) -> Method:
    words = [f"method.{word}" for word in FEWER.get(name, [])]
    method: Method = compose_run([f"method={name}", *words]).method
    return method


def named(names: list[str], slow: set[str]) -> list[object]:
    return [pytest.param(n, marks=pytest.mark.slow if n in slow else ()) for n in names]


@pytest.mark.parametrize("name", named([n for n in NAMES if n != DATED], HEAVY))
def test_above_random_where_everything_tells(name: str) -> None:
    method = composed(name)
    assert served(method, "clear")
    demand_above_random(method, "clear", served(method, "clear"))


@pytest.mark.parametrize("name", named([n for n in NAMES if n not in SETTINGS], LARGE))
def test_above_random_on_the_embedded_data(name: str) -> None:
    method = composed(name)
    tasks = ["new_item/cold/k=0"] if name == DATED else served(method, "movietweetings")
    demand_above_random(method, "movietweetings", tasks)


READS_ATTRIBUTES = [
    n for n in NAMES if n not in SETTINGS and Need.ITEM_FEATURES in composed(n).needs
] + ["kernel_ridge_attributes"]


@pytest.mark.parametrize("name", named(READS_ATTRIBUTES, HEAVY - {"clcrec"}))
def test_above_random_on_new_items_where_little_tells(name: str) -> None:
    demand_above_random(composed(name), "dim", ["new_item/cold/k=0"])
