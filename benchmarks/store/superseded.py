"""Records that another one supersedes: a failure by a success, an old version by a newer one."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from .glance import Glance


def list_superseded(records: Sequence[Glance]) -> tuple[list[Glance], list[Glance]]:
    """Return failures that a later success supersedes, and what a newer version has repeated.

    A record repeats another one where method, preset, dataset, scenario and seed are the same and
    every setting that the other has; it may have more, which an earlier version did not know.

    Parameters
    ----------
    records
        Of one leaderboard's folder.
    """
    groups: dict[tuple[Any, ...], list[Glance]] = {}
    for one in records:
        key = one.method, one.label, one.scenario, one.dataset, one.seed
        groups.setdefault(key, []).append(one)
    failures, versions = [], []
    for group in groups.values():
        successes = [one for one in group if one.status == "ok"]
        for old, new in product(group, successes):
            if old is new or not _repeats(new.content.get("config"), old.content.get("config")):
                continue
            if old.status == "failed" and old.started < new.started and old not in failures:
                failures.append(old)
            elif old.status == "ok" and _is_newer(new, old) and old not in versions:
                versions.append(old)
    return failures, versions


def _repeats(new: Any, old: Any) -> bool:
    """Say whether every setting of the one is in the other."""
    if isinstance(new, dict) and isinstance(old, dict):
        return all(key in new and _repeats(new[key], one) for key, one in old.items())
    return bool(new == old)


def _is_newer(new: Glance, old: Glance) -> bool:
    """Say whether a record is of newer code: by declared versions, else by when it was made."""
    ours, theirs = new.content.get("code") or {}, old.content.get("code") or {}
    if ours == theirs:
        return False
    steps = [_compare(ours.get(part), theirs.get(part)) for part in ours.keys() | theirs.keys()]
    if None in steps:
        return new.started > old.started
    return any(one == 1 for one in steps) and -1 not in steps


def _compare(new: dict[str, Any] | None, old: dict[str, Any] | None) -> int | None:
    """Return 1, 0 or -1 for a higher, the same or a lower version; None where nothing says.

    Records of schema 1 have no code, which is version 1.
    """
    new, old = new or {}, old or {}
    versions = new.get("version", 1), old.get("version", 1)
    if not all(isinstance(one, int) for one in versions):
        return 0 if new == old else None
    if versions[0] == versions[1]:
        sources = new.get("source_sha256"), old.get("source_sha256")
        return 0 if sources[0] == sources[1] else None
    return 1 if versions[0] > versions[1] else -1
