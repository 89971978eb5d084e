"""What methods around a trained encoder share: a view for each group of tasks, and their state."""

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from ....datasets.progress import Progress, ignore_progress
from ....datasets.world import Resources
from ..text_encoder.encoder import (
    SentenceEncoder,
    find_sentence_encoder,
    require_same_weights,
)

if TYPE_CHECKING:
    from .network import TextTowers
    from .scorer import TowerScorer

Build = Callable[[SentenceEncoder, Mapping[str, Any]], "TextTowers"]
"""Builds the untrained model on a base encoder, for the state of a scorer."""


class EncoderViews:
    """Keeps a scorer, and copies of the method around those of groups with other weights.

    Its fields name the base encoder (``model``, ``model_path``, ``max_length``, ``text_prefix``).
    """

    model: str
    model_path: str
    max_length: int
    text_prefix: str
    scorer_: Any
    groups_: dict[str, Self]
    base_model_: dict[str, Any]
    log_: dict[str, Any]
    precision_: str

    def parameter_counts(self) -> tuple[int, int]:
        """Return (trained, all) parameters of encoder and towers."""
        scorer: TowerScorer = self.fitted("scorer_")  # type: ignore[attr-defined]
        return scorer.parameter_counts()

    def _set_groups(self, scorers: "Mapping[str, TowerScorer]") -> None:
        views: dict[int, Any] = {id(one): self._view(one) for one in scorers.values()}
        self.groups_ = {group: views[id(scorer)] for group, scorer in scorers.items()}

    def _view(self, scorer: "TowerScorer") -> Self:
        made = copy.copy(self)
        made.scorer_, made.groups_ = scorer, {}
        return made

    def _list_views(self) -> list[Self]:
        """Return this method and those of the groups, each once."""
        groups: dict[str, Self] = self.fitted("groups_")  # type: ignore[attr-defined]
        views: list[Self] = [self, *groups.values()]
        # By identity: views are equal in all their fields.
        return list({id(view): view for view in views}.values())

    def state(self) -> dict[str, Any]:
        """Return what was trained; the rest of the encoder is found again by its hash."""
        views = self._list_views()
        places = {id(view): at for at, view in enumerate(views)}
        return {
            "trained": [view.scorer_.state() for view in views],
            "groups": {group: places[id(view)] for group, view in self.groups_.items()},
            "base_model": self.base_model_,
            "log": self.log_,
            "precision": self.precision_,
        }

    def _restore_views(self, state: Mapping[str, Any], build: Build) -> None:
        """Build the models on the same base encoder and set what ``state`` returned."""
        from .scorer import TowerScorer

        sentences = self._sentences(Resources())
        require_same_weights(sentences.files, state["base_model"])
        sentences = self._base_of(sentences, state)
        self.base_model_, self.log_ = state["base_model"], state["log"]
        self.precision_ = state["precision"]
        scorers = []
        for trained in state["trained"]:
            scorers.append(TowerScorer(build(sentences, trained), sentences))
            scorers[-1].set_state(trained)
        self.scorer_ = scorers[0]
        self._set_groups({group: scorers[place] for group, place in state["groups"].items()})

    def _base_of(self, sentences: SentenceEncoder, state: Mapping[str, Any]) -> SentenceEncoder:
        """Return the encoder under the towers that a state is of, given the published one."""
        return sentences

    def _sentences(
        self, resources: Resources, progress: Progress = ignore_progress
    ) -> SentenceEncoder:
        return find_sentence_encoder(
            self.model,
            self.model_path,
            self.max_length,
            resources=resources,
            progress=progress,
            prefix=self.text_prefix,
        )
