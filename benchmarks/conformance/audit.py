"""The leak suite for splits: what a training world and its queries must not hold.

``audit`` looks at one split. ``audit_scenario`` (module ``resplit``) changes the raw data where
nobody may look, splits again, and demands the same training world.
"""

from collections.abc import Callable, Iterator

from ...datasets.dataset import Dataset
from ...datasets.sides import Track
from ...datasets.world import Split
from . import audit_pairs, audit_reach, audit_sides
from .finding import Finding

Rule = Callable[[Split, Dataset, Track], Iterator[str]]

RULES: tuple[Rule, ...] = (*audit_pairs.RULES, *audit_sides.RULES, *audit_reach.RULES)


def audit(split: Split, data: Dataset, *, track: Track = Track.STRICT) -> list[Finding]:
    """Return everything in a split that gives hidden things away; empty for a clean one.

    Parameters
    ----------
    split
        What a scenario made of ``data``.
    data
        The dataset, with all interactions.
    track
        The track that the split was made for.
    """
    return [
        Finding(rule.__name__, sentence) for rule in RULES for sentence in rule(split, data, track)
    ]
