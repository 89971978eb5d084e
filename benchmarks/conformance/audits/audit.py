"""The leak suite for splits: what a training world and its queries must not hold.

``audit`` looks at one split. ``audit_scenario`` (module ``resplit``) changes the raw data where
nobody may look, splits again, and demands the same training world.
"""

from collections.abc import Callable, Iterator, Sequence

from ....datasets.dataset import Dataset
from ....datasets.sides import Track
from ....datasets.world import Split
from . import mined as audit_mined
from . import pairs as audit_pairs
from . import reach as audit_reach
from . import sides as audit_sides
from .audited import Audited
from .finding import Finding

Rule = Callable[[Audited], Iterator[str]]

LEAK_RULES: tuple[Rule, ...] = (
    *audit_pairs.RULES,
    *audit_sides.RULES,
    *audit_mined.RULES,
    *audit_reach.RULES,
)
"""What gives hidden things away."""

RULES: tuple[Rule, ...] = (*LEAK_RULES, audit_reach.arrays_are_read_only)
"""And what a run makes good by itself: the harness seals what a method receives."""


def audit(
    split: Split,
    data: Dataset,
    *,
    track: Track = Track.STRICT,
    rules: Sequence[Rule] = RULES,
) -> list[Finding]:
    """Return everything in a split that gives hidden things away; empty for a clean one.

    A rule that cannot look at the split, because its parts do not fit each other, is a finding too.

    Parameters
    ----------
    split
        What a scenario made of ``data``.
    data
        The dataset, with all interactions.
    track
        The track that the split was made for.
    rules
        What is demanded.
    """
    audited = Audited(split, data, track)
    return [
        Finding(rule.__name__, sentence) for rule in rules for sentence in _sentences(rule, audited)
    ]


def _sentences(rule: Rule, audited: Audited) -> Iterator[str]:
    """Yield what a rule says, and why it came to no end where it raised."""
    try:
        yield from rule(audited)
    except Exception as error:  # a plugin's split may hold anything
        told = " ".join(str(error).split())
        yield f"the split could not be looked at: {type(error).__name__}: {told}"
