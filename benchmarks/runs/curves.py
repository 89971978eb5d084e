"""Learning curves as records keep them: long ones with every so many-th point alone."""

from typing import Any

MOST_EPOCHS, MOST_VALIDATIONS = 32, 24
"""Longer curves are thinned: a record is read with every board."""


def thin_curves(report: Any) -> Any:
    """Return a report in which curves of many epochs or many validations have fewer points.

    Kept is every k-th point, k in ``losses_every`` and ``validation_every`` next to them. Whatever
    is chosen by a curve is chosen before, and stated elsewhere in the report.

    Parameters
    ----------
    report
        Of a method, as JSON has it.
    """
    if isinstance(report, list):
        return [thin_curves(one) for one in report]
    if not isinstance(report, dict):
        return report
    thinned = {name: thin_curves(value) for name, value in report.items()}
    _thin(thinned, "losses", ("losses",), MOST_EPOCHS)
    curves = ("validation", "validation_steps", "validation_parts")
    _thin(thinned, "validation", curves, MOST_VALIDATIONS)
    return thinned


def _thin(report: dict[str, Any], name: str, curves: tuple[str, ...], most: int) -> None:
    """Thin the curves, each a list or one list of each group of tasks, where the first is long."""
    first = report.get(name)
    if not isinstance(first, list) or len(first) <= most:
        return
    every = -(-len(first) // most)
    for one in (curve for curve in curves if curve in report):
        value = report[one]
        if isinstance(value, dict):
            report[one] = {group: curve[every - 1 :: every] for group, curve in value.items()}
        else:
            report[one] = value[every - 1 :: every]
    report[f"{name}_every"] = every
