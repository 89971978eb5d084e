"""``coldbench tune``: search the settings of a method within a budget, on validation only."""

import sys
from typing import TYPE_CHECKING

from ...datasets.errors import ColdbenchError
from ..config.fields import described

if TYPE_CHECKING:
    from ..terminal.fitted_table import FittedTable
    from ..tuning.trial_table import TrialRow
    from ..tuning.tune_settings import TunePlan

USAGE = """\
usage: coldbench tune method=NAME dataset=NAME scenario=NAME [KEY=VALUE ...]

Fits trials of the method's settings, the first with its defaults, and keeps the best by validation;
no trial is given a test side. The same command goes on with a search that was interrupted.
Other words are those of `coldbench run`: method.dim=32 (not searched then), scenario.shots=[0,5].

"""
BEST_SHOWN = 5


def main(argv: list[str]) -> int:
    """Search, write the tuned preset and show the best trials; return 0, 1 if no trial succeeded.

    Raises
    ------
    ColdbenchError
        For words that do not describe a search.
    """
    if not argv or {"-h", "--help"} & set(argv):
        sys.stdout.write(USAGE + _describe_words())
        return 0 if argv else 2
    from ..tuning.outcome import write_outcome
    from ..tuning.search import run_search
    from ..tuning.trial_table import find_best
    from ..tuning.tune_settings import plan_search

    plan = plan_search(argv)
    rows = _search(plan, run_search)
    best = find_best(rows)
    if best is None:
        reasons = sorted({one.reason for one in rows if one.reason})
        if not rows:
            raise ColdbenchError(
                f"budget.minutes={plan.budget.minutes:g} was over before a trial ended; give more"
            )
        raise ColdbenchError(f"none of {len(rows)} trials succeeded: {'; '.join(reasons[:3])}")
    path = write_outcome(plan, rows, best)
    _show(plan, rows, best, str(path))
    return 0


def _describe_words() -> str:
    from ..tuning.tune_settings import Budget, TuneSettings

    lines = []
    for owner, place in ((Budget, "budget."), (TuneSettings, "")):
        for one in described(owner):
            lines.append(f"  {place + one.path + '=' + one.default:<24}{one.doc}")
    lines.append("  search.FIELD=RANGE      a range of your own; null: not searched")
    lines.append("                          'interval(1,10)' 'tag(log,interval(1e-4,1))'")
    lines.append("                          'range(1,10)' 'choice(1,3,10)'")
    return "\n".join(lines) + "\n"


def _search(plan: "TunePlan", run_search: object) -> "list[TrialRow]":
    """Search with a bar on a terminal, else silently."""
    from ..terminal.progress_bar import show_progress
    from ..tuning.search import find_place
    from ..tuning.search import run_search as run

    if not sys.stderr.isatty():
        return run(plan)
    scenario, dataset, method = find_place(plan)
    with show_progress(f"{method} · {scenario}/{dataset}") as channel:
        channel.begin("tune")

        def tell(done: int, total: int, best: float | None) -> None:
            channel(done, total, "trial", **({} if best is None else {"best": best}))

        tell(0, plan.budget.trials, None)
        return run(plan, tell)


def _show(plan: "TunePlan", rows: "list[TrialRow]", best: "TrialRow", path: str) -> None:
    from ..terminal.console import make_console, say
    from ..tuning.outcome import describe_counts, run_command

    out = make_console()
    say(out, describe_counts(plan, rows))
    out.print(_table(rows, best))
    if rows[0].objective is not None and best.objective is not None:
        gain = best.objective - rows[0].objective
        say(out, f"default {rows[0].objective:.4f}, best {best.objective:.4f} ({gain:+.4f})")
    say(out, f"written to {path}; use it with")
    out.print(f"  {run_command(plan)}", soft_wrap=True)


def _table(rows: "list[TrialRow]", best: "TrialRow") -> "FittedTable":
    """Return the best trials, and the default where it is not among them."""
    from ..terminal.console import make_table

    names = list(best.settings)
    made = make_table("trial", "validation", *names, "seconds")
    complete = [one for one in rows if one.objective is not None]
    ranked = sorted(complete, key=lambda one: (-(one.objective or 0.0), one.number))
    shown = ranked[:BEST_SHOWN]
    shown += [one for one in ranked[BEST_SHOWN:] if one.number == 0]
    for one in shown:
        name = "0 (default)" if one.number == 0 else str(one.number)
        values = [_typed(one.settings.get(field)) for field in names]
        made.add_row(name, f"{one.objective:.4f}", *values, f"{one.seconds:.1f}")
    return made


def _typed(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
