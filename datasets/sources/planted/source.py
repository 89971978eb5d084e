"""A generated dataset with a known right answer, from tiny to ten million interactions."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import CSR, FloatArray, IntArray, TextArray, make_read_only
from ...dataset import Dataset
from ...errors import DataError
from ...graph import Graph
from ...interactions import Interactions
from ...parameters import check_parameters, parameter
from ...side_information import FeatureColumn, Provenance, SideInformation, TextColumn, VectorColumn
from .ground_truth import (
    PlantedWorld,
    appear,
    choose,
    draw_shown_topics,
    draw_world,
    make_profiles,
    rate,
)
from .words import TOPIC_NAMES, WORDS, write_sentences

REGIONS = ("north", "south", "east", "west")
PEOPLE_PER_TOPIC = 4


def _informative(default: float, what: str) -> Any:
    """Declare how much of one kind of side information shows the topics."""
    meaning = f"share of entities whose {what} show their true topics"
    return parameter(default, meaning, minimum=0, maximum=1)


@dataclass
class Planted:
    """Users with tastes choose items with topics; what is visible shows these topics.

    Of each kind of side information, a share of entities shows its true topics and the others show
    topics drawn at random. At 1 it explains all of a preference that can be explained, at 0
    nothing. Genre, occupation, both texts and the people in the graph are informative; year, age,
    region and place never are.
    """

    version: ClassVar[int] = 2

    n_users: int = parameter(300, "users", minimum=1)
    n_items: int = parameter(200, "items", minimum=2)
    interactions_per_user: int = parameter(20, "rated items of every user", minimum=1)
    n_topics: int = parameter(
        8, "topics, for each of which there is a vocabulary", minimum=2, maximum=len(TOPIC_NAMES)
    )
    user_attributes: float = _informative(0.9, "occupation")
    item_attributes: float = _informative(0.9, "genres")
    user_text: float = _informative(0.9, "texts")
    item_text: float = _informative(0.9, "title and summary")
    graph: float = _informative(0.9, "people in the graph")
    vectors: float = _informative(0.0, "embeddings (0: there are none)")
    sharpness: float = parameter(6.0, "log odds of a perfect match of taste and topics")
    popularity_skew: float = parameter(0.3, "exponent of the power law of popularity")
    seed: int = parameter(0, "seed of the world and of the choices", minimum=0)

    def load(self) -> Dataset:
        """Generate the dataset; a rating of 4 or 5 is a positive.

        Raises
        ------
        DataError
            When a setting makes no world.
        """
        self._check()
        world = self.world()
        users, items = choose(world, self.interactions_per_user, self.seed)
        ratings = rate(world, users, items, self.seed)
        times = appear(self.n_users, self.n_items, users, items, self.seed)
        pairs = Interactions(users, items, ratings, times, self.n_users, self.n_items)
        user_side, item_side = self._user_side(world), self._item_side(world)
        graph = self._graph(world)
        return Dataset(
            name="planted",
            interactions=pairs,
            positive=make_read_only(ratings >= 4),
            user_ids=_ids("u", self.n_users),
            item_ids=_ids("i", self.n_items),
            users=user_side,
            items=item_side,
            graph=graph,
            merged=0,
            rule="generated; ratings of 4 and 5 are positives; no filter",
        )

    def world(self) -> PlantedWorld:
        """Return the hidden truth that ``load`` draws from; the same seed, the same world."""
        return draw_world(
            self.n_users,
            self.n_items,
            self.n_topics,
            self.sharpness,
            self.popularity_skew,
            self.seed,
        )

    def truth_scores(self) -> FloatArray:
        """Return float32 (users, items): the true preference, in the dataset's order."""
        return self.world().preference(np.arange(self.n_users), np.arange(self.n_items))

    def _check(self) -> None:
        check_parameters(self, "planted", DataError)
        if self.interactions_per_user >= self.n_items:
            raise DataError(
                f"planted.interactions_per_user = {self.interactions_per_user} must be below "
                f"n_items = {self.n_items}",
                remedy="a user chooses distinct items and leaves some",
            )

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 10 + stream])

    def _user_side(self, world: PlantedWorld) -> SideInformation:
        rng = self._rng(0)
        shown = draw_shown_topics(world.user_topics, self.n_topics, self.user_attributes, rng)
        region = rng.integers(0, len(REGIONS), self.n_users)
        age = rng.integers(18, 75, self.n_users).astype(np.float32)
        occupations = tuple(f"{name} enthusiast" for name in TOPIC_NAMES[: self.n_topics])
        columns = (
            _categorical("occupation", shown[:, :1], occupations),
            _categorical("region", region[:, None].astype(np.int32), REGIONS),
            _numeric("age", age),
        )
        rng = self._rng(1)
        shown = draw_shown_topics(world.user_topics, self.n_topics, self.user_text, rng)
        about = write_sentences(shown, "I enjoy ", WORDS["summary"], rng)
        texts = (TextColumn("about", Provenance.INTRINSIC, about),)
        return SideInformation(columns, texts, self._vectors(world.user_topics, 5))

    def _item_side(self, world: PlantedWorld) -> SideInformation:
        rng = self._rng(2)
        shown = draw_shown_topics(world.item_topics, self.n_topics, self.item_attributes, rng)
        year = rng.integers(1950, 2020, self.n_items).astype(np.float32)
        columns = (
            _categorical("genre", shown, TOPIC_NAMES[: self.n_topics]),
            _numeric("year", year, dated=True),
        )
        rng = self._rng(3)
        shown = draw_shown_topics(world.item_topics, self.n_topics, self.item_text, rng)
        title = write_sentences(shown, "The ", WORDS["title"], rng)
        summary = write_sentences(shown, "About ", WORDS["summary"], rng)
        texts = (
            TextColumn("title", Provenance.INTRINSIC, title),
            TextColumn("summary", Provenance.EDITORIAL, summary),
        )
        return SideInformation(columns, texts, self._vectors(world.item_topics, 6))

    def _vectors(self, topics: IntArray, stream: int) -> tuple[VectorColumn, ...]:
        """Return a noisy embedding of the topics that are shown, none where the share is 0."""
        if not self.vectors:
            return ()
        rng = self._rng(stream)
        shown = draw_shown_topics(topics, self.n_topics, self.vectors, rng)
        noise = rng.normal(scale=0.1, size=(len(topics), self.n_topics))
        values = make_read_only((make_profiles(shown, self.n_topics) + noise).astype(np.float32))
        return (VectorColumn("embedding", Provenance.INTRINSIC, values),)

    def _graph(self, world: PlantedWorld) -> Graph:
        """Return triples item -made_by-> person -known_for-> topic, and item -set_in-> place."""
        rng = self._rng(4)
        shown = draw_shown_topics(world.item_topics, self.n_topics, self.graph, rng)
        person = shown * PEOPLE_PER_TOPIC + rng.integers(0, PEOPLE_PER_TOPIC, shown.shape)
        people, places = self.n_topics * PEOPLE_PER_TOPIC, len(REGIONS)
        first_person = self.n_items
        first_topic = first_person + people
        first_place = first_topic + self.n_topics
        item = np.arange(self.n_items)
        everyone = np.arange(people)
        heads = np.concatenate((np.repeat(item, 2), item, first_person + everyone))
        tails = np.concatenate(
            (
                first_person + person.reshape(-1),
                first_place + rng.integers(0, places, self.n_items),
                first_topic + everyone // PEOPLE_PER_TOPIC,
            )
        )
        relations = np.repeat([0, 1, 2], [2 * self.n_items, self.n_items, people])
        return Graph(
            make_read_only(heads.astype(np.int32)),
            make_read_only(relations.astype(np.int32)),
            make_read_only(tails.astype(np.int32)),
            self.n_items,
            first_place + places,
            ("made_by", "set_in", "known_for"),
            (Provenance.INTRINSIC,) * 3,
        )


def _ids(letter: str, count: int) -> TextArray:
    ids: TextArray = make_read_only(np.char.add(letter, np.arange(count).astype(str)))
    return ids


def _categorical(name: str, codes: IntArray, values: tuple[str, ...]) -> FeatureColumn:
    rows = np.repeat(np.arange(len(codes)), codes.shape[1])
    ones = np.ones(codes.size, dtype=np.float32)
    matrix: CSR = csr_matrix((ones, (rows, codes.reshape(-1))), (len(codes), len(values)))
    matrix.sort_indices()
    return FeatureColumn(name, Provenance.EDITORIAL, make_read_only(matrix), values)


def _numeric(name: str, numbers: FloatArray, *, dated: bool = False) -> FeatureColumn:
    matrix = make_read_only(csr_matrix(numbers[:, None]))
    return FeatureColumn(name, Provenance.INTRINSIC, matrix, ("",), numeric=True, dated=dated)
