"""When no winner is declared: too few users, candidates or splits; no better direction."""

from dataclasses import dataclass
from functools import cached_property

from ..evaluation.direction import Direction, find_direction, parse_cutoff

LEAST_USERS = 50
CANDIDATES_PER_RANK = 5
"""A task needs this many candidates for each rank of the metric's cut-off."""
FOUND = "the audit of the split has findings"
SINGLE_DRAW = "no winner on a single split"
NO_CONTENDER = "no row knows anything of it"
AT_CHANCE = "the best interval holds the chance level"


@dataclass(frozen=True)
class Contest:
    """What decides whether one task of a leaderboard names a winner.

    Attributes
    ----------
    metric
        The value that is compared, ``ndcg@10``.
    users
        Users of the smallest draw.
    candidates
        Candidates of the smallest draw; None in records of schema 1, where it is unknown and only
        the users count.
    draws, draws_needed
        Splits that the best row was measured on, and those that must agree.
    has_findings
        Whether the audit found a leak in any of the splits.
    contenders
        Rows that can win: they know something of the task and are the setting that counts.
    beyond_chance
        Whether the best row's interval lies beyond the chance level; also where that is unknown.
    """

    metric: str
    users: int
    candidates: int | None
    draws: int
    splits_needed: int
    has_findings: bool
    contenders: int = 1
    beyond_chance: bool = True

    @cached_property
    def reasons_against(self) -> list[str]:
        """Why nobody wins; empty where somebody does."""
        found = [FOUND] if self.has_findings else []
        if find_direction(self.metric) is Direction.NONE:
            found.append(f"{self.metric} has no better side")
        if not self.contenders:
            found.append(NO_CONTENDER)
        if self.too_small:
            found.append(self.too_small)
        if self.contenders and self.draws < self.splits_needed:
            found.append(SINGLE_DRAW)
        if self.contenders and not self.beyond_chance:
            found.append(AT_CHANCE)
        return found

    @cached_property
    def too_small(self) -> str:
        """Why the task asks too little; empty where it does not."""
        shortages = []
        if self.users < LEAST_USERS:
            shortages.append(f"{self.users} users of at least {LEAST_USERS}")
        k = parse_cutoff(self.metric)
        least = 0 if k is None else CANDIDATES_PER_RANK * k
        if self.candidates is not None and self.candidates < least:
            shortages.append(f"{self.candidates} candidates of at least {least}")
        return f"too small, {' and '.join(shortages)}" if shortages else ""
