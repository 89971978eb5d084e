"""One metric that stands for a run where there is room for one."""

from collections.abc import Iterable
from statistics import fmean

from .record import RunRecord

HEADLINE = "ndcg@10"


def choose_metric(records: Iterable[RunRecord]) -> str:
    """Return the metric to show when none is asked for.

    The headline or, where no record has it (a rating task, other cut-offs), the first there is.
    """
    measured = [name for one in records for task in one.scores.values() for name in task]
    return HEADLINE if HEADLINE in measured or not measured else measured[0]


def summarise_scores(record: RunRecord) -> str:
    """Return one value that stands for a run: the mean of a metric over its cold tasks.

    Over the warm tasks where there is no cold one; empty without scores.
    """
    warm = ("warm/", "earlier/")
    cold = {task: one for task, one in record.scores.items() if not task.startswith(warm)}
    metric = choose_metric([record])
    tasks = [one for one in (cold or record.scores).values() if metric in one]
    known = [one[metric].mean for one in tasks]
    means = [mean for mean in known if mean is not None]
    return f"{'cold' if cold else 'warm'} {metric} {fmean(means):.4f}" if means else ""
