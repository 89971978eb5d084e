"""An explanation as it is shown and written: what each part adds to a recommendation."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.stats import spearmanr  # type: ignore[import-untyped]

FEWEST = 3
"""Parts from which on two ways to rate them are compared."""


@dataclass(frozen=True)
class Part:
    """One item of the history, or one word of the text.

    Attributes
    ----------
    name
        The item's original id, or the word.
    text
        How the item's text begins; "" for a word.
    count
        How often the word stands there.
    effect
        The margin with it less the margin without it: above 0 it speaks for the recommendation.
    rank_without
        The rank of the recommendation without it.
    attribution
        What the method's own account adds to the margin by it; None where it gives none.
    """

    name: str
    text: str
    count: int
    effect: float
    rank_without: int
    attribution: float | None


@dataclass(frozen=True)
class Explanation:
    """What carries one recommendation.

    Attributes
    ----------
    item, text
        Its original id, and how its text begins.
    rank, candidates
        Its place among so many.
    score, margin
        Its score, and by how much that is above the mean score of the other candidates.
    history, words
        The parts, in the order of the history and of the text.
    """

    item: str
    text: str
    rank: int
    candidates: int
    score: float
    margin: float
    history: tuple[Part, ...]
    words: tuple[Part, ...]

    def agreement(self) -> dict[str, float]:
        """Return Spearman's correlation of effects and attributions, of items and of words."""
        found = {"history": correlate(self.history), "words": correlate(self.words)}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Explanations:
    """The explanations of one user's recommendations in one task.

    Attributes
    ----------
    method, dataset, scenario, seed
        The run.
    task, user
        What is asked of whom.
    history_size
        Items in the user's history.
    model
        ``fitted`` for this, or ``kept`` from before.
    found
        One of each item.
    notes
        What is to be known of all of them, in sentences.
    """

    method: str
    dataset: str
    scenario: str
    seed: int
    task: str
    user: str
    history_size: int
    model: str
    found: tuple[Explanation, ...]
    notes: tuple[str, ...] = field(default=())

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        values = asdict(self)
        values["explanations"] = [
            asdict(one) | {"agreement": one.agreement()} for one in self.found
        ]
        del values["found"]
        return values


def correlate(parts: tuple[Part, ...]) -> float | None:
    """Return Spearman's rank correlation of effects and attributions; None where there is none."""
    attributions = [one.attribution for one in parts if one.attribution is not None]
    effects = [one.effect for one in parts]
    if len(attributions) < max(FEWEST, len(parts)) or not (
        np.ptp(effects) and np.ptp(attributions)
    ):
        return None
    return float(spearmanr(effects, attributions).statistic)
