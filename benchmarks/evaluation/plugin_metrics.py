"""The metrics that installed packages register under ``coldbench.metrics``."""

import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import entry_points

from ...datasets.errors import ColdbenchError
from .metrics import Metric

GROUP = "coldbench.metrics"


def find_metrics(names: Sequence[str] = ()) -> dict[str, Metric]:
    """Return the named metrics, or every one that can be loaded.

    Raises
    ------
    ColdbenchError
        For an unknown name, with the nearest ones, or a named metric that cannot be loaded.
    """
    offered = {point.name: point for point in entry_points(group=GROUP)}
    found: dict[str, Metric] = {}
    for name in names or sorted(offered):
        if name not in offered:
            near = get_close_matches(name, offered, n=1)
            known = "there are " + ", ".join(sorted(offered))
            advice = f"did you mean {near[0]}?" if near else known
            raise ColdbenchError(f"no metric {name!r}; {advice}")
        try:
            found[name] = offered[name].load()()
        except Exception as error:
            reason = f"metric {name!r} is not offered: {error}"
            if names:
                raise ColdbenchError(reason) from error
            warnings.warn(reason, stacklevel=2)
    return found
