"""The hidden truth of the planted dataset: topics, tastes, and the choices they lead to."""

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray, IntArray, LongArray

TOPIC_WEIGHTS = np.array([0.75, 0.25], dtype=np.float32)
BLOCK_CELLS = 4_000_000
SPAN = 3 * 365 * 24 * 3600
START = 1_500_000_000


@dataclass(frozen=True)
class PlantedWorld:
    """What is true of every user and item; the observed data is drawn from it.

    Attributes
    ----------
    user_topics, item_topics
        int32, (rows, 2): main and second topic.
    popularity
        float32, (items,): logarithm of each item's share of attention, mean 0.
    sharpness
        How much more attractive a perfect match is than no match, as a difference of logarithms.
    n_topics
        How many topics there are.
    """

    user_topics: IntArray
    item_topics: IntArray
    popularity: FloatArray
    sharpness: float
    n_topics: int

    def affinity(self, users: IntArray | LongArray, items: IntArray | LongArray) -> FloatArray:
        """Return float32 (users, items) in 0..1: how well taste and topics match."""
        return (
            make_profiles(self.user_topics[users], self.n_topics)
            @ make_profiles(self.item_topics[items], self.n_topics).T
            / np.float32((TOPIC_WEIGHTS**2).sum())
        )

    def preference(self, users: IntArray | LongArray, items: IntArray | LongArray) -> FloatArray:
        """Return float32 (users, items): the score that no method can beat on average."""
        scores: FloatArray = self.sharpness * self.affinity(users, items) + self.popularity[items]
        return scores.astype(np.float32)


def draw_world(
    n_users: int, n_items: int, n_topics: int, sharpness: float, skew: float, seed: int
) -> PlantedWorld:
    """Draw topics and popularities."""
    rng = np.random.default_rng([seed, 1])
    ranks = rng.permutation(n_items) + 1
    popularity = -skew * np.log(ranks)
    return PlantedWorld(
        _two_topics(n_users, n_topics, rng),
        _two_topics(n_items, n_topics, rng),
        (popularity - popularity.mean()).astype(np.float32),
        sharpness,
        n_topics,
    )


def draw_shown_topics(
    truth: IntArray, n_topics: int, informative: float, rng: np.random.Generator
) -> IntArray:
    """Return the topics that a source of information shows.

    A row shows its true topics with probability ``informative``, else topics drawn at random.
    """
    random = _two_topics(len(truth), n_topics, rng)
    truthful = rng.random(len(truth)) < informative
    return np.where(truthful[:, None], truth, random)


def choose(world: PlantedWorld, per_user: int, seed: int) -> tuple[IntArray, IntArray]:
    """Draw ``per_user`` distinct items for every user; return int32 users and items.

    Items are drawn without replacement with probability proportional to exp(preference): the
    smallest of exponential variables with these rates, which is the Gumbel top-k trick without
    its logarithms. Users go in blocks, so memory is bounded by the block.
    """
    rng = np.random.default_rng([seed, 2])
    n_users, n_items = len(world.user_topics), len(world.item_topics)
    everything = np.arange(n_items)
    _, first, profile = np.unique(world.user_topics, axis=0, return_index=True, return_inverse=True)
    # In double precision, so that the last bit of a machine's float32 exp changes no choice.
    waiting = np.exp(-world.preference(first, everything).astype(np.float64)).astype(np.float32)
    step = max(1, BLOCK_CELLS // n_items)
    chosen = np.empty((n_users, per_user), dtype=np.int32)
    for start in range(0, n_users, step):
        rows = profile.reshape(-1)[start : start + step]
        keys = rng.standard_exponential((len(rows), n_items), dtype=np.float32)
        keys *= waiting[rows]
        nearest = np.argpartition(keys, per_user - 1, axis=1)[:, :per_user]
        chosen[start : start + step] = np.sort(nearest, axis=1)
    users = np.repeat(np.arange(n_users, dtype=np.int32), per_user)
    return users, chosen.reshape(-1)


def rate(world: PlantedWorld, users: IntArray, items: IntArray, seed: int) -> FloatArray:
    """Return float32 ratings 1..5 of the chosen pairs: the match, with noise."""
    rng = np.random.default_rng([seed, 3])
    match = np.zeros(len(users), dtype=np.float32)
    for mine, my_weight in zip(world.user_topics.T, TOPIC_WEIGHTS, strict=True):
        for its, its_weight in zip(world.item_topics.T, TOPIC_WEIGHTS, strict=True):
            match += my_weight * its_weight * (mine[users] == its[items])
    match /= (TOPIC_WEIGHTS**2).sum()
    noise = 0.5 * rng.standard_normal(len(users), dtype=np.float32)
    ratings: FloatArray = np.clip(np.rint(1 + 4 * match + noise), 1, 5).astype(np.float32)
    return ratings


def appear(n_users: int, n_items: int, users: IntArray, items: IntArray, seed: int) -> LongArray:
    """Return int64 seconds of the pairs: after both the user and the item have appeared.

    Half of each side is there from the start; the rest appears evenly over three years. Most
    interactions follow soon, so that a late period has new users and new items in every world.
    """
    rng = np.random.default_rng([seed, 4])
    user_birth = np.maximum(0, 2 * rng.random(n_users) - 1)
    item_birth = np.maximum(0, 2 * rng.random(n_items) - 1)
    born = np.maximum(user_birth[users], item_birth[items])
    moment = born + (1 - born) * rng.random(len(users)) ** 3
    return START + (SPAN * moment).astype(np.int64)


def _two_topics(rows: int, n_topics: int, rng: np.random.Generator) -> IntArray:
    main = rng.integers(0, n_topics, rows)
    second = (main + rng.integers(1, n_topics, rows)) % n_topics
    return np.column_stack((main, second)).astype(np.int32)


def make_profiles(topics: IntArray, n_topics: int) -> FloatArray:
    """Return float32 (rows, topics): the weight of each topic of a row."""
    weights = np.zeros((len(topics), n_topics), dtype=np.float32)
    rows = np.arange(len(topics))
    for column, weight in zip(topics.T, TOPIC_WEIGHTS, strict=True):
        weights[rows, column] += weight
    return weights
