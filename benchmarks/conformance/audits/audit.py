"""The audit of splits: what training data and queries must not contain.

``audit`` examines one split. ``audit_scenario`` (module ``resplit``) changes the raw data where
nobody may look, splits again, and requires the same training data.
"""

from collections.abc import Callable, Iterator, Sequence

from ....datasets.dataset import Dataset
from ....datasets.side_information import Track
from ....datasets.world import Split
from . import interaction_derived as audit_mined
from . import pairs as audit_pairs
from . import reach as audit_reach
from . import sides as audit_sides
from .audited_split import AuditedSplit
from .finding import Finding

Rule = Callable[[AuditedSplit], Iterator[str]]

LEAK_RULES: tuple[Rule, ...] = (
    *audit_pairs.RULES,
    *audit_sides.RULES,
    *audit_mined.RULES,
    *audit_reach.RULES,
)
"""Rules about leaks."""

RULES: tuple[Rule, ...] = (*LEAK_RULES, audit_reach.arrays_are_read_only)
"""Also rules that a run enforces itself: the harness makes arrays read-only."""


def audit(
    split: Split,
    data: Dataset,
    *,
    track: Track = Track.STRICT,
    rules: Sequence[Rule] = RULES,
) -> list[Finding]:
    """Return every leak of a split; empty for a clean one.

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
        What is required.
    """
    audited = AuditedSplit(split, data, track)
    return [
        Finding(rule.__name__, sentence) for rule in rules for sentence in _sentences(rule, audited)
    ]


def _sentences(rule: Rule, audited: AuditedSplit) -> Iterator[str]:
    """Yield the findings of a rule, or why it could not finish."""
    try:
        yield from rule(audited)
    except Exception as error:  # a plugin's split may hold anything
        message = " ".join(str(error).split())
        yield f"the split could not be looked at: {type(error).__name__}: {message}"
