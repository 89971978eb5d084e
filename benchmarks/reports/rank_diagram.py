"""The critical-difference diagram of one task over several datasets."""

from pathlib import Path
from typing import TYPE_CHECKING

from .across import Ranks
from .plot_file import draw_plain_text, write_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WHAT = "the critical-difference diagram"


def draw_rank_diagram(found: Ranks, path: Path) -> None:
    """Write the diagram of Demsar (2006): average ranks, and a bar over what is not separated.

    The same ranks give the same SVG file, to the last byte.

    Parameters
    ----------
    path
        Its ending, one of ``FORMATS``, says what is written.

    Raises
    ------
    ColdbenchError
        For another ending, or without the extra ``plots``.
    """
    write_plot(lambda: make_rank_diagram(found), path, WHAT)


def make_rank_diagram(found: Ranks) -> "Figure":
    """Return the diagram as matplotlib draws it.

    Raises
    ------
    ColdbenchError
        Without the extra ``plots``.
    """
    with draw_plain_text(WHAT, "scikit_posthocs"):
        import numpy as np
        import pandas as pd
        from matplotlib.figure import Figure
        from scikit_posthocs import critical_difference_diagram

        figure = Figure(figsize=(8, 1 + 0.22 * len(found.labels)), layout="constrained")
        axes = figure.add_subplot()
        apart = pd.DataFrame(_find_p_values(found), index=found.labels, columns=found.labels)
        critical_difference_diagram(
            dict(zip(found.labels, found.ranks, strict=True)), apart, ax=axes
        )
        for line in axes.lines:  # the points of a bar come from a set, in any order
            x, y = (np.asarray(one) for one in (line.get_xdata(), line.get_ydata()))
            if len(np.unique(y)) == 1:
                line.set_xdata(np.sort(x))
        axes.set_title(
            f"{found.task}: average rank over {len(found.datasets)} datasets, critical difference "
            f"{found.critical:.2f}",
            fontsize="small",
        )
    return figure


def _find_p_values(found: Ranks) -> list[list[float]]:
    """Return Nemenyi's p-value of every pair of rows; 1 on the diagonal."""
    from scipy.stats import studentized_range

    rows = len(found.labels)
    scale = (rows * (rows + 1) / (12 * len(found.datasets))) ** 0.5
    return [
        [float(studentized_range.sf(abs(one - other) / scale, rows, 1e6)) for other in found.ranks]
        for one in found.ranks
    ]
