"""Whose code made a run, and which version of it: ours by declaration, a plugin's by its source."""

from typing import Any

from ..plugins.registry import GROUPS, OWN, Offer, find_name, list_offers
from ..plugins.source_hash import installed_release, source_sha256
from ..records.provenance import Code


def find_code(config: Any, metrics: tuple[str, ...] = ()) -> dict[str, Code]:
    """Return the code behind a run's method, dataset, scenario and any metrics of plugins.

    Parameters
    ----------
    config
        A ``RunConfig``.
    metrics
        Names of the metrics that are measured; our own are versioned with the scenario.
    """
    found = {
        group: _code(list_offers(kind)[find_name(kind, getattr(config, group))])
        for group, kind in GROUPS.items()
    }
    for name in metrics:
        offer = list_offers("metrics").get(name)
        if offer is not None and offer.distribution != OWN:
            found[f"metric {name}"] = _code(offer)
    return found


def _code(offer: Offer) -> Code:
    version = getattr(offer.target, "version", 1)
    if offer.distribution == OWN:
        return Code(package=OWN, version=version)
    return Code(
        package=offer.distribution,
        version=version,
        release=installed_release(offer.distribution),
        source_sha256=source_sha256(offer.distribution, offer.value.split(":")[0].split(".")[0]),
    )
