"""Notes above and below the tables of a leaderboard."""

from collections.abc import Sequence

from .board import Board
from .contenders import ANOTHER_CHOSEN, NOT_DEFAULT, choose_setting, group_settings
from .rows import FLAG, Row
from .table_grids import (
    ABOVE_BASELINES,
    NEAR,
    describe_order,
    format_difference,
    format_interval,
    format_value,
)
from .winner_rules import SINGLE_DRAW

ONE_SPLIT = "one split: that of the published files; the variation between splits is not known"
LEGEND = "(-.012 ±.008) paired difference to the best row, with half of its 95 % interval"
NEAR_TOLD = (
    f"{NEAR} the best mean where nobody wins, and the rows that are not separated from it (paired "
    "over the draws of the split, Holm's correction over the rows)"
)
BASELINES_TOLD = f"{ABOVE_BASELINES} by the same comparison ahead of every baseline of the task"
FLAG_TOLD = f"{FLAG} its training is flagged; read its rank with this in mind"
UNPAIRED = (
    "two rows of the single split without tables of users are compared by their own intervals, as "
    "if these were independent"
)


def make_title(board: Board, task: str | None) -> str:
    """Return what a table shows: its leaderboard, the metric, and the task where it is one."""
    return f"{board.title}: {board.metric}" + (f" in {task}" if task else "")


def list_notes_above(board: Board, task: str | None) -> list[str]:
    """Return the lines above a table: what the audit of the split found, what orders the rows."""
    found = [f"the audit of the split found: {one}" for one in board.findings]
    return found + ([describe_order(board, board.tasks)] if task is None else [])


def list_notes_below(board: Board, task: str | None) -> list[str]:
    """Return the lines under a table: who wins each task, what the marks mean, what is missing."""
    tasks = board.tasks if task is None else [task]
    lines = [_summarise(board, name) for name in tasks]
    lines += [*_tell_uninformed(board, tasks), *_tell_settings(board, tasks)]
    lines += [*_tell_flags(board), *_tell_draws(board, tasks)]
    lines += [trouble for row in board.rows for trouble in row.failure_reasons]
    return lines + _legends(board, tasks)


def _summarise(board: Board, task: str) -> str:
    """Return who wins a task, or why nobody does, with the best baseline and chance."""
    against, leaders = board.find_reasons_against_winner(task), board.best(task)
    parts = [_tell_best(board, task, against, leaders)]
    baseline = board.standing(task).best_baseline
    if baseline is not None and baseline not in leaders and not board.has_no_ranking:
        found = board.difference(baseline, task)
        apart = f" ({format_difference(found)})" if found is not None else ""
        mean = baseline.cells[task].mean
        parts.append(f"best baseline {baseline.name}, {mean:.4f}{apart}")
    chance = board.chance(task)
    parts += [] if chance is None else [f"chance level {chance:.4f}"]
    return f"{task}: {'; '.join(parts)}"


def _tell_best(board: Board, task: str, against: list[str], leaders: list[Row]) -> str:
    if against and against != [SINGLE_DRAW]:
        return f"no winner: {'; '.join(against)}"
    cell = leaders[0].cells[task]
    names = " and ".join(row.name for row in leaders)
    message = f"{names}, {cell.mean:.4f} ({format_interval(cell)})"
    if against:
        return f"best mean on a single split: {message}; {SINGLE_DRAW}"
    near = board.list_not_separated(task)
    if near:
        return f"best mean {message}; not separated from it: {_named(near)}"
    return f"winner {message}"


def _named(rows: Sequence[Row]) -> str:
    return ", ".join(row.name for row in rows)


def _tell_uninformed(board: Board, tasks: Sequence[str]) -> list[str]:
    """Return which rows know nothing of which tasks, one line for the same rows."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        rows = sorted(row.label for row in board.standing(task).uninformed)
        if rows:
            found.setdefault(", ".join(rows), []).append(task)
    return [
        f"all candidates tied in {', '.join(where)}: {rows}; they know nothing of "
        f"{'it' if len(where) == 1 else 'these tasks'}, and are no hurdle and no contender there"
        for rows, where in found.items()
    ]


def _tell_settings(board: Board, tasks: Sequence[str]) -> list[str]:
    """Return which setting of a method contends where, one line per method with several."""
    chosen: dict[tuple[str, bool], dict[str, list[str]]] = {}
    for task in tasks:
        standing = board.standing(task)
        reasons = set(standing.reasons_not_to_contend.values())
        if not reasons & {ANOTHER_CHOSEN, NOT_DEFAULT}:
            continue
        for rows in group_settings(standing.ranked).values():
            one, by_validation = choose_setting(rows, task)
            if len(rows) > 1:
                name = "none" if one is None else one.label
                held = chosen.setdefault((rows[0].first.method, by_validation), {})
                held.setdefault(name, []).append(task)
    return [
        f"settings of {method}: "
        + "; ".join(f"{name} in {_listed(where, tasks)}" for name, where in held.items())
        + (", chosen by validation" if by_validation else ", the default: no validation chose")
        + "; the others cannot win"
        for (method, by_validation), held in sorted(chosen.items())
    ]


def _listed(where: Sequence[str], tasks: Sequence[str]) -> str:
    return "every task" if len(where) == len(tasks) > 1 else ", ".join(where)


def _tell_flags(board: Board) -> list[str]:
    """Return what is flagged of the training of rows, a line per row and sentence."""
    lines = [
        f"{FLAG} {row.label}, seed{'s' if len(seeds) > 1 else ''} "
        f"{', '.join(map(str, seeds))}: {sentence}"
        for row in board.rows
        for sentence, seeds in row.flags.items()
    ]
    return [*lines, FLAG_TOLD] if lines else []


def _tell_draws(board: Board, tasks: Sequence[str]) -> list[str]:
    """Return on how many splits values and differences rest."""
    lines = [ONE_SPLIT] if board.one_split else []
    counts = {row.cells[task].draws for row in board.rows for task in tasks if task in row.cells}
    splits = {tuple(row.cells[t].by_split) for row in board.rows for t in tasks if t in row.cells}
    if len(counts) > 1 or len({frozenset(one) for one in splits}) > 1:
        lines.append(
            f"the rows have {min(counts)} to {max(counts)} draws of the split; two rows are "
            "compared on those that both have"
        )
    return lines


def _legends(board: Board, tasks: Sequence[str]) -> list[str]:
    """Return what the marks that are on the page mean."""
    values = [
        format_value(board, row, task) for task in tasks for row in board.rows if task in row.cells
    ]
    found = [one for task in tasks for one in board.standing(task).differences.values()]
    shown = found if not board.has_no_ranking else []
    lines = [NEAR_TOLD] if any(NEAR in one for one in values) else []
    lines += [BASELINES_TOLD] if any(ABOVE_BASELINES in one for one in values) else []
    lines += [LEGEND] if shown else []
    return lines + ([UNPAIRED] if any(not one.paired for one in shown) else [])
