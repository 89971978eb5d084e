"""What is asked of every method that learns the planted dataset.

The module of a method names its ``METHOD`` and ``SETTINGS``, subclasses one of these, and adds
what is the method's own. Conformance asks more, of the method's defaults.
"""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError, NotFittedError
from coldbench.datasets.graph import Links
from coldbench.datasets.world import Query

NEW_ITEM = "new_item/cold/k=0"
BACK = slice(None, None, -1)


def permuted(items, rng):
    """Return items whose content is handed out anew: features and links, by one permutation."""
    order = rng.permutation(len(items))
    links = items.links
    if links is not None:
        to = np.argsort(order).astype(np.int32)
        links = Links(to[links.rows], links.relations, links.nodes)
    return replace(items, features=items.features[order], links=links)


class PlantedSuite:
    """Ranks cold items by their content, whoever asks in whatever company."""

    tasks: ClassVar = (NEW_ITEM, "new_user_new_item/cold/k=5", "new_user_new_item/cold/k=10")
    above_chance = 1.5
    """How many times the chance level its NDCG is, at the least."""
    left_of_gain = 0.25
    """The share of its gain over Probability that is left at most when content is permuted."""
    quick: ClassVar[dict[str, Any]] = {}
    """Settings of what is fitted for one test."""
    variants: ClassVar[tuple[dict[str, Any], ...]] = ({},)
    """Settings on which the shape of its state depends."""
    blocks: ClassVar[tuple[Any, str, int] | None] = None
    """Module, name and value that make it work in small blocks."""
    rtol, atol = 1e-5, 1e-6

    def test_ranks_cold_items(self, method, ndcg, chance):
        for task in self.tasks:
            assert ndcg(method, task) > self.above_chance * chance(task), task

    def test_permuted_content_brings_chance(self, method, split, ndcg, chance):
        rng = np.random.default_rng(0)
        for task in self.tasks:
            query = split.test[task].query
            moved = [replace(query, items=permuted(query.items, rng)) for _ in range(5)]
            fooled = np.mean([ndcg(method, task, one) for one in moved])
            gain = ndcg(method, task) - chance(task)
            assert abs(fooled - chance(task)) < self.left_of_gain * gain, task

    def test_blocks_and_order_do_not_matter(self, method, split, monkeypatch):
        for task in ("new_item/all/k=0", "new_user/warm/k=5", "new_user_new_item/cold/k=5"):
            query = split.test[task].query
            whole = method.score(query)
            assert whole.dtype == np.float32
            turned = method.score(Query(query.users.take(BACK), query.items.take(BACK)))
            one = method.score(Query(query.users.take(slice(3, 4)), query.items))
            with monkeypatch.context() as small:
                if self.blocks is not None:
                    small.setattr(*self.blocks)
                blocks = method.score(query)
            for found, expected in (
                (turned[BACK, BACK], whole), (one, whole[3:4]), (blocks, whole)
            ):  # fmt: skip
                np.testing.assert_allclose(found, expected, rtol=self.rtol, atol=self.atol)

    def test_empty_queries_are_answered(self, method, split):
        query = split.test[NEW_ITEM].query
        nobody = Query(query.users.take(slice(0, 0)), query.items)
        nothing = Query(query.users, query.items.take(slice(0, 0)))
        assert method.score(nobody).shape == (0, len(query.items))
        assert method.score(nothing).shape == (len(query.users), 0)

    def test_same_seed_same_scores(self, fit, split):
        query = split.test[NEW_ITEM].query
        first, second = (fit(**self.quick).score(query) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_save_and_load_keep_the_scores(self, fit, split, tmp_path):
        for variant in self.variants:
            method = fit(**self.quick | variant)
            method.save(tmp_path / "state.npz")
            again = type(method)(**variant).load(tmp_path / "state.npz")
            for task in ("new_user_new_item/cold/k=1", "new_user/warm/k=0"):
                query = split.test[task].query
                np.testing.assert_array_equal(method.score(query), again.score(query))
            assert again.parameter_counts() == method.parameter_counts()

    def test_unfitted_it_says_so(self, request, split):
        with pytest.raises(NotFittedError):
            request.module.METHOD().score(split.test[NEW_ITEM].query)


class PlantedNetworkSuite(PlantedSuite):
    """And its loss falls."""

    quick: ClassVar = {"epochs": 2}
    falls_to = 0.8
    """The last loss over the first one, at the most."""

    def test_loss_falls(self, method):
        losses = method.report()["training"]["losses"]
        assert losses[-1] < self.falls_to * losses[0]


class PlantedGraphSuite(PlantedNetworkSuite):
    """A network over a knowledge graph: what links a cold item has is all that it knows of it."""

    def test_support_is_used(self, method, ndcg, chance):
        assert ndcg(method, "new_user/warm/k=10") > 2 * chance("new_user/warm/k=10")

    def test_items_without_links_tie(self, method, split):
        query = split.test[NEW_ITEM].query
        bare = method.score(Query(query.users, replace(query.items, links=None)))
        assert np.isfinite(bare).all()
        np.testing.assert_allclose(bare, np.tile(bare[:, :1], bare.shape[1]), rtol=1e-5, atol=1e-8)

    def test_without_a_graph_it_is_refused(self, request, world):
        with pytest.raises(NotApplicableError, match="needs a knowledge graph"):
            request.module.METHOD().fit(world.train([[1, 0], [0, 1]]))
