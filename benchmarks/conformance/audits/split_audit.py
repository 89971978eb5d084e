"""The audit of a run's split: sentences for the record, and one for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from ....datasets.dataset import Dataset
from ....datasets.side_information import Track
from ....datasets.world import Split
from ...plugins.registry import OWN


def find_leaks(split: Split, data: Dataset, scenario: Any) -> list[str]:
    """Return one sentence for each leak; empty for a clean split.

    Parameters
    ----------
    split
        As the scenario made it, not read-only: whatever it can reach is examined.
    data
        The dataset that was split.
    scenario
        Its ``track`` says what may be used; one without a track is taken for strict. A rule that
        a scenario of coldbench breaks on purpose is left out.
    """
    from .audit import LEAK_RULES, audit

    rules = [rule for rule in LEAK_RULES if rule.__name__ not in find_exemptions(scenario)]
    found = audit(split, data, track=find_track(scenario), rules=rules)
    return [str(one) for one in found]


def find_track(scenario: Any) -> Track:
    """Return the track of a scenario, strict where it names none that there is."""
    try:
        return Track(getattr(scenario, "track", Track.STRICT))
    except ValueError:
        return Track.STRICT


def find_exemptions(scenario: Any) -> Mapping[str, str]:
    """Return the rules that a scenario breaks on purpose; none that a plugin grants itself."""
    for kind in type(scenario).__mro__:
        if "exempt" in vars(kind):
            declared: Mapping[str, str] = vars(kind)["exempt"]
            return declared if kind.__module__.startswith(f"{OWN}.") else {}
    return {}


def make_leak_warning(findings: Sequence[str]) -> str | None:
    """Return one line about a split that is not clean, None for a clean one."""
    if not findings:
        return None
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"the split leaks: {findings[0]}{more}; see docs/conformance.md"
