"""Learning curves as records keep them: long ones with every so many-th epoch alone."""

from typing import Any

MOST_EPOCHS = 32
"""Longer lists of losses are thinned: a record is read with every board."""


def thin_curves(report: Any) -> Any:
    """Return a report in which ``losses`` of more than ``MOST_EPOCHS`` epochs have fewer.

    Kept are the losses of every k-th epoch, k in ``losses_every`` next to them. Whatever is chosen
    by a curve is chosen before, and stated elsewhere in the report.

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
    losses = report.get("losses")
    if isinstance(losses, list) and len(losses) > MOST_EPOCHS:
        every = -(-len(losses) // MOST_EPOCHS)
        thinned |= {"losses": losses[every - 1 :: every], "losses_every": every}
    return thinned
