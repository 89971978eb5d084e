"""Two datasets: what was learned of one is to serve the cold entities of the other."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from typing import ClassVar

import numpy as np

from ..arrays import BoolArray
from ..dataset import Dataset
from ..errors import SplitError
from ..interactions import Interactions
from ..parameters import parameter
from ..side_information import SideInformation, Track
from ..world import Resources, SideMode, Split, TrainView
from .cuts.cut import TRAIN, WARM, Cut
from .scenario import ONE_THREAD
from .scenarios import Grid
from .settings import Strategy, Task
from .views.training_world import build_world

_ARTICLE = re.compile(r"^(.*), (the|a|an|le|la|les|il|der|die|das|el)\b(.*)$")
_WORDS = re.compile(r"\w+")


@dataclass
class Transfer(Grid):
    """The grid of one dataset, with another one to train on before.

    Train, support, truth and candidates are those of ``grid`` with the same seed. Besides, a method
    gets the other dataset as ``TrainView.source``; one that does not look at it scores as in
    ``grid``. Users cannot be matched across datasets: a person who is in both is a new user of the
    target whose other history is part of the source.
    """

    name: ClassVar[str] = "transfer"

    source: str = parameter(
        "movietweetings", "the other dataset: a name of `coldbench list datasets`"
    )
    shared_items: bool = parameter(
        False,
        "keep interactions of the source with items that have the title or text of an item of the "
        "target outside its training data: what is cold in the target is then warm in the source",
    )

    def split(self, data: Dataset, seed: int, resources: Resources = ONE_THREAD) -> Split:
        """Cut a dataset as ``grid`` does, and add the other dataset as ``train.source``.

        Raises
        ------
        SplitError
            When there is no such source, it is the dataset itself, nothing of it is left, or a
            temporal split has a source without times.
        """
        made = super().split(data, seed, resources)
        source = self.load_source()
        if source.sha256 == data.sha256:
            raise SplitError(
                f"scenario.source={self.source} is the very dataset that is split; use another "
                f"source, or scenario=grid"
            )
        cold = np.ones(len(data.item_ids), dtype=bool)
        cold[made.items] = False
        shared = find_shared_items(source, data, cold, self.track)
        pairs = source.interactions if self.task is Task.RATING else source.positives
        kept = self._keep(pairs, shared, made.train.interactions)
        if not kept.any():
            raise SplitError(
                f"no interaction of scenario.source={self.source} is left; use a larger source, or "
                "one that shares fewer items or, with strategy=temporal, one with earlier times"
            )
        view = self._view(source, pairs.take(kept), seed, resources)
        settings = f"{made.fingerprint} {source.sha256} shared_items={self.shared_items}"
        facts: dict[str, int | str] = {
            **made.facts,
            "source": self.source,
            "source_sha256": source.sha256,
            "source_pairs": int(kept.sum()),
            "source_pairs_left_out": int((~kept).sum()),
            "source_users": len(view.users),
            "source_items": len(view.items),
            "source_shared_items": int(shared.sum()),
        }
        return replace(
            made,
            train=replace(made.train, source=view),
            fingerprint=hashlib.sha256(f"coldbench transfer 1\n{settings}".encode()).hexdigest(),
            facts=facts,
        )

    def load_source(self) -> Dataset:
        """Load the other dataset with its default settings."""
        found = entry_points(group="coldbench.datasets", name=self.source)
        if not found:
            raise SplitError(
                f"scenario.source={self.source} is no dataset; give a name of coldbench list "
                "datasets"
            )
        # A name of coldbench's own is no other package's.
        own = [one for one in found if one.dist is not None and one.dist.name == "coldbench"]
        loaded: Dataset = next(iter(own or found)).load()().load()
        return loaded

    def _keep(self, pairs: Interactions, shared: BoolArray, training: Interactions) -> BoolArray:
        """Return which pairs of the source a method may see."""
        kept = np.ones(len(pairs), dtype=bool)
        if not self.shared_items:
            kept &= ~shared[pairs.items]
        if self.strategy is Strategy.TEMPORAL:
            if not pairs.has_all_times:
                raise SplitError(
                    f"strategy=temporal needs the times of scenario.source={self.source}, too, "
                    "which lacks some; use strategy=random or another source"
                )
            assert pairs.timestamps is not None and training.timestamps is not None
            kept &= pairs.timestamps <= training.timestamps.max()
        return kept

    def _view(
        self, source: Dataset, pairs: Interactions, seed: int, resources: Resources
    ) -> TrainView:
        """Return the training data that all of the source is."""
        cut = Cut(
            pairs,
            np.full(len(pairs), TRAIN, dtype=np.int8),
            np.full(len(source.user_ids), WARM, dtype=np.int8),
            np.full(len(source.item_ids), WARM, dtype=np.int8),
        ).settled(cold_users=False, cold_items=False)
        rating = self.task is Task.RATING
        world = build_world(source, cut, self.track, SideMode.INDUCTIVE, rating=rating)
        return TrainView(
            world.interactions,
            world.users,
            world.items,
            world.graph,
            None,
            None,
            seed,
            resources=resources,
        )


def find_shared_items(
    source: Dataset, target: Dataset, among: BoolArray, track: Track
) -> BoolArray:
    """Return bool (source items,): whose title or whole text some target item has as well.

    Titles are compared without case, accents, punctuation and the place of an article; an item
    without any text is shared with nobody.

    Parameters
    ----------
    among
        bool (target items,): the items of the target that count.
    track
        Texts that it does not admit are not compared.
    """
    held: set[str] = set()
    for keys, counts in zip(_keys(target.items, track), among, strict=False):
        if counts:
            held |= keys
    found = np.zeros(len(source.item_ids), dtype=bool)
    for at, keys in enumerate(_keys(source.items, track)):
        found[at] = not keys.isdisjoint(held)
    return found


def normalise_title(text: str) -> str:
    """Return the words of a title, lower case and plain: ``Lion King, The`` is its own twin."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    turned = _ARTICLE.match(plain)
    if turned:
        plain = f"{turned[2]} {turned[1]}{turned[3]}"
    return " ".join(_WORDS.findall(plain))


def _keys(side: SideInformation, track: Track) -> Iterator[set[str]]:
    """Yield what each item is known by: its first text, a title or a name, and all its texts."""
    texts = [one.values for one in side.texts if track.admits(one.provenance)]
    for parts in zip(*texts, strict=True):
        yield {normalise_title(str(parts[0])), normalise_title(" ".join(map(str, parts)))} - {""}
