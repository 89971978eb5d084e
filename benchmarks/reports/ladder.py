"""The ladder: what each way of fine-tuning adds to the same towers on the frozen encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from ..terminal.console import format_duration
from ..terminal.fitted_table import TableColumn
from .board import Board
from .differences import Difference, compare_rows, correct_over_rows
from .rows import FLAG, Row
from .rung_rows import Settings, find_rung
from .table_grids import CellText, TableGrid, format_difference, format_p

FROZEN = "frozen_towers"
"""The rung that the others are less."""


@dataclass(frozen=True)
class Control:
    """A rung with other texts.

    Attributes
    ----------
    mean
        Over its own draws.
    draws
        Their number.
    gain
        The rung with its own texts less this, on the splits that both have: what the texts add.
        None where they share none.
    """

    mean: float
    draws: int
    gain: Difference | None


@dataclass(frozen=True, eq=False)
class Rung:
    """One rung of a ladder in one task.

    Attributes
    ----------
    name
        As the experiment has it.
    row
        Of the leaderboard.
    added
        The row less that of the frozen towers, on the splits that both have; None for these, and
        where they share none.
    controls
        The same rung on each control that there is.
    changed
        The row less that of the same rung with the settings of its name; None where it has these.
    """

    name: str
    row: Row
    added: Difference | None
    controls: dict[str, Control] = field(default_factory=dict)
    changed: Difference | None = None


def climb(
    board: Board,
    task: str,
    names: Sequence[str],
    controls: Sequence[Board] = (),
    changed: Settings | None = None,
) -> list[Rung]:
    """Return the rungs that a leaderboard has in a task, from the bottom up.

    Parameters
    ----------
    names
        Methods and presets, from the bottom up.
    controls
        Leaderboards of the same dataset with other texts, as ``find_controls`` returns them.
    changed
        Settings with which every rung that has them was run, as ``find_rung`` takes them.
    """
    rows = {n: row for n in names if (row := find_rung(board, n, task, changed)) is not None}
    plain = {n: find_rung(board, n, task) for n in rows} if changed else {}
    added = _compare({n: (row, rows.get(FROZEN)) for n, row in rows.items()}, task)
    moved = _compare({n: (row, plain.get(n)) for n, row in rows.items()}, task)
    held = _correct(
        {n: _list_controls(board, n, row, task, controls, changed) for n, row in rows.items()}
    )
    return [Rung(n, row, added.get(n), held[n], moved.get(n)) for n, row in rows.items()]


def _compare(pairs: Mapping[str, tuple[Row, Row | None]], task: str) -> dict[str, Difference]:
    """Return each first row less its second, where these are two, p corrected over all of them."""
    found = {
        name: compared
        for name, (row, other) in pairs.items()
        if other is not None and row is not other
        if (compared := compare_rows(row, other, task)) is not None
    }
    return correct_over_rows(found, list(found))


def build_ladder_grid(rungs: Sequence[Rung], task: str, metric: str) -> TableGrid:
    """Return one line for each rung: value, what it adds, its controls and its cost."""
    controls = list(dict.fromkeys(name for rung in rungs for name in rung.controls))
    changed = any(rung.changed is not None for rung in rungs)
    columns = [
        TableColumn("rung", wraps=True),
        TableColumn("trained weights"),
        TableColumn(metric),
        TableColumn("less frozen"),
        TableColumn("p (Holm)", leave=1),
        *([TableColumn("less default")] if changed else []),
        *(TableColumn(name) for name in controls),
        TableColumn("fit", leave=2),
        TableColumn("memory", leave=4),
        TableColumn("1,000 lists", leave=3),
        TableColumn("draws", leave=5),
    ]
    return TableGrid(columns, [_line(rung, task, controls, changed) for rung in rungs])


def _line(rung: Rung, task: str, controls: Sequence[str], changed: bool) -> list[CellText]:
    row, added = rung.row, rung.added
    cell, weights = row.cells[task], count_trained(row)
    fit, memory = row.cost("fit_seconds"), row.cost("peak_bytes")
    listing, held = _time_lists(row), [rung.controls.get(name) for name in controls]
    cells = [
        CellText(f"{rung.name} {FLAG}" if row.flags else rung.name),
        CellText(f"{weights:,.0f}"),
        CellText(f"{cell.mean:.4f}"),
        _show(added),
        CellText("" if added is None or added.p_holm is None else format_p(added.p_holm)),
        *([_show(rung.changed)] if changed else []),
        *(_describe_control(one) for one in held),
    ]
    texts = [
        "" if fit is None else format_duration(fit),
        "" if memory is None else f"{memory / 1e9:.1f} GB",
        "" if listing is None else format_duration(listing),
        str(cell.draws),
    ]
    return cells + [CellText(text) for text in texts]


def _show(one: Difference | None) -> CellText:
    if one is None:
        return CellText("")
    return CellText(format_difference(one), best=one.significant)


def _describe_control(one: Control | None) -> CellText:
    """Return mean, draws, and what the rung with its own texts has more."""
    if one is None:
        return CellText("")
    more = _show(one.gain)
    text = f"{one.mean:.4f} ({one.draws})"
    return CellText(f"{text}: {more.text}" if one.gain else text, best=more.best)


def count_trained(row: Row) -> float:
    """Return the trained weights; of a method without a network the numbers that it keeps."""
    return row.cost("trainable_parameters") or 0.0


def _time_lists(row: Row) -> float | None:
    """Return the seconds of 1,000 ranked lists; None where they were not measured."""
    seconds = row.cost("score_seconds")
    lists = [sum(max(one.n for one in t.values()) for t in r.scores.values()) for r in row.records]
    return (
        None if seconds is None or not any(lists) else 1000 * seconds / fmean(filter(None, lists))
    )


def describe_ladder(
    board: Board, task: str, names: Sequence[str], rungs: Sequence[Rung]
) -> list[str]:
    """Return what is to be known of a table: what is compared, and on how many draws."""
    frozen = next((rung for rung in rungs if rung.name == FROZEN), None)
    if frozen is None:
        return [f"{FROZEN} has no row: nothing to compare with; run it on the same seeds"]
    above = [rung.name for rung in rungs if _is_above(rung, board.lower_is_better)]
    sign = -1.0 if board.lower_is_better else 1.0
    best = max(rungs, key=lambda rung: 0.0 if rung.added is None else sign * rung.added.mean)
    sentences = [
        f"less frozen: the paired difference to {FROZEN} on the splits that both have, with half "
        "of its 95 % interval; p after Holm's correction over the rungs. A mean is over the draws "
        "of its own rung: compare rungs with other draws by the difference",
        f"ahead of {FROZEN}, separated: {', '.join(above) or 'no rung'}; "
        f"the best mean difference: {best.name}",
    ]
    if any(rung.changed is not None for rung in rungs):
        sentences.append(
            "less default: the paired difference to the same rung with its own settings, bold "
            "where it is separated after Holm's correction over these"
        )
    if labels := list(dict.fromkeys(label for rung in rungs for label in rung.controls)):
        sentences.append(
            f"{', '.join(labels)}: the mean of the same rung with these texts, its draws, and what "
            "the rung with its own texts has more on the splits that both have, bold where it is "
            "separated after Holm's correction over all of these"
        )
    missing = [name for name in names if name not in {rung.name for rung in rungs}]
    return sentences + ([f"not run: {', '.join(missing)}"] if missing else [])


def _is_above(rung: Rung, lower_is_better: bool) -> bool:
    added = rung.added
    return added is not None and added.significant and added.is_better(lower_is_better)


def _list_controls(
    board: Board,
    name: str,
    row: Row,
    task: str,
    controls: Sequence[Board],
    changed: Settings | None,
) -> dict[str, Control]:
    """Return the controls of a rung that there are."""
    found = {
        one.dataset.removeprefix(f"{board.dataset}."): other
        for one in controls
        if (other := find_rung(one, name, task, changed)) is not None
    }
    return {
        label: Control(cell.mean, cell.draws, compare_rows(row, other, task))
        for label, other in found.items()
        if (cell := other.cells[task])
    }


def _correct(held: Mapping[str, dict[str, Control]]) -> dict[str, dict[str, Control]]:
    """Return the controls with p-values corrected over all of them, those of every rung."""
    known = {
        (name, label): one.gain
        for name, controls in held.items()
        for label, one in controls.items()
        if one.gain is not None
    }
    known = correct_over_rows(known, list(known))
    return {
        name: {label: replace(c, gain=known.get((name, label))) for label, c in controls.items()}
        for name, controls in held.items()
    }
