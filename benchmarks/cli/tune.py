"""``coldbench tune``: search the settings of a method within a budget, on validation only."""

import sys
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from ...datasets.errors import ColdbenchError, NotApplicableError
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
Several, method=heater,clcrec dataset=ml-100k,ml-1m, are tuned in turn, each with the whole budget.

"""
BEST_SHOWN = 5
SEVERAL = ("method", "dataset", "scenario")
"""Words of which several values are several searches."""


def main(argv: list[str]) -> int:
    """Search, write the tuned presets and show the best trials; return 0, or 1 if one failed.

    Of several searches one that fails does not keep the others from being made, and one that is
    not applicable is no failure.

    Raises
    ------
    ColdbenchError
        For words that do not describe a search, before any begins; if the only one fails.
    """
    if not argv or {"-h", "--help"} & set(argv):
        sys.stdout.write(USAGE + _describe_words())
        return 0 if argv else 2
    from ..tuning.search import find_place
    from ..tuning.tune_settings import plan_search

    plans = [plan_search(words) for words in _list_searches(argv)]
    if len(plans) == 1:
        _tune(plans[0])
        return 0
    failed = 0
    for number, plan in enumerate(plans, 1):
        scenario, dataset, method = find_place(plan)
        sys.stdout.write(f"[{number}/{len(plans)}] {method} · {scenario}/{dataset}\n")
        try:
            _tune(plan)
        except NotApplicableError as error:
            sys.stdout.write(f"not applicable: {error}\n")
        except ColdbenchError as error:
            failed += 1
            sys.stdout.write(f"failed: {error}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(plans)} searches, {failed} failed\n")
    return int(failed > 0)


def _list_searches(argv: Sequence[str]) -> list[list[str]]:
    """Return the words of each search: every combination of values that commas separate."""
    options = []
    for word in argv:
        key, _, values = word.partition("=")
        several = values.split(",") if key in SEVERAL else [values]
        options.append([f"{key}={one}" for one in several] if "=" in word else [word])
    return [list(words) for words in product(*options)]


def _tune(plan: "TunePlan") -> None:
    """Make one search; of a method that does not apply this alone is written.

    Raises
    ------
    ColdbenchError
        When no trial succeeds.
    """
    from ..tuning.outcome import write_not_applicable, write_outcome
    from ..tuning.trial_table import find_best

    try:
        rows = _search(plan)
    except NotApplicableError as error:
        write_not_applicable(plan, str(error))
        raise
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


def _search(plan: "TunePlan") -> "list[TrialRow]":
    """Search with a bar on a terminal, else silently."""
    from ..terminal.progress_bar import show_progress
    from ..tuning.search import find_place, run_search

    if not sys.stderr.isatty():
        return run_search(plan)
    scenario, dataset, method = find_place(plan)
    with show_progress(f"{method} · {scenario}/{dataset}") as channel:
        channel.begin("tune")

        def tell(done: int, total: int, best: float | None) -> None:
            channel(done, total, "trial", **({} if best is None else {"best": best}))

        tell(0, plan.budget.trials, None)
        return run_search(plan, tell)


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
