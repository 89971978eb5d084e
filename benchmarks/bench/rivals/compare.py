"""``python -m coldbench.benchmarks.bench.rivals.compare``: another suite's methods next to ours."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ....datasets.errors import ColdbenchError
from ...evaluation.spread import spread_over_draws
from ...records.record import RunRecord, Status, read_all
from ...reports.differences import Difference, correct_over_rows
from ...reports.overlap import find_overlap
from .command import ARMS_TABLE, TABLE, Line, read_lines

Key = tuple[str, str, str, str]
"""Dataset, task, method and its settings."""
Measured = tuple[float, Line, RunRecord]
"""Our value on a split, theirs, and our run there."""

OURS = {"DropoutNet": "dropoutnet", "Heater": "heater", "CLCRec": "clcrec"}


@dataclass(frozen=True)
class Pair:
    """A method of ours less one of theirs in a task, on the splits that both have.

    Attributes
    ----------
    theirs, ours
        Mean NDCG@10.
    difference
        Ours less theirs, paired over the splits; Holm's correction is over all pairs.
    """

    dataset: str
    task: str
    method: str
    settings: str
    theirs: float
    ours: float
    difference: Difference

    @property
    def verdict(self) -> str:
        """Which is better, where the two are separated."""
        if not self.difference.significant:
            return "not separated"
        return "ours is better" if self.difference.mean > 0 else "theirs is better"


def main(argv: Sequence[str]) -> int:
    """Print the table in Markdown; return 0, and 2 where there is nothing to compare."""
    parser = argparse.ArgumentParser(
        prog="python -m coldbench.benchmarks.bench.rivals.compare",
        description="Compare ColdRec's methods with ours on the splits that both have.",
    )
    parser.add_argument("--table", type=Path, default=TABLE, help="values of ColdRec's methods")
    parser.add_argument("--results", type=Path, default=Path("results"), help="our records")
    parser.add_argument("--arms", type=Path, default=ARMS_TABLE, help="values of our arms")
    asked = parser.parse_args(argv)
    try:
        lines, arms = read_lines(asked.table), read_lines(asked.arms)
    except ColdbenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    records = [one for one in read_all(asked.results) if isinstance(one, RunRecord)]
    pairs = compare_lines(lines, records)
    if not pairs:
        sys.stderr.write(f"no split of {asked.table} is in the records of {asked.results}\n")
        return 2
    sys.stdout.write(render_pairs(pairs))
    of_arms = compare_arms(lines, arms, records)
    if of_arms:
        sys.stdout.write("\n" + render_pairs(of_arms))
    return 0


def compare_lines(lines: Iterable[Line], records: Iterable[RunRecord]) -> list[Pair]:
    """Return a pair for every dataset, task, method and settings of the table.

    Ours are runs without a preset, on at least two of the splits.
    """
    ours = _find_runs(records)
    groups: dict[Key, list[Measured]] = {}
    for line in lines:
        record = ours.get((OURS.get(line.method, ""), line.split_sha256))
        if record is not None and line.task in record.scores:
            key = (line.dataset, line.task, line.method, line.settings)
            groups.setdefault(key, []).append((_value(record, line.task), line, record))
    return _pair(groups)


def compare_arms(
    lines: Iterable[Line], arms: Iterable[Line], records: Iterable[RunRecord]
) -> list[Pair]:
    """Return a pair for every dataset, task and arm of ours with the rival's default.

    The records say of each split how much it shares with the others.
    """
    ours = _find_runs(records)
    theirs = {(one.split_sha256, one.method, one.task): one for one in lines if not one.settings}
    groups: dict[Key, list[Measured]] = {}
    for arm in arms:
        line = theirs.get((arm.split_sha256, arm.method, arm.task))
        record = ours.get((OURS.get(arm.method, ""), arm.split_sha256))
        if line is not None and record is not None:
            key = (arm.dataset, arm.task, f"{arm.method}, {arm.settings}", "")
            groups.setdefault(key, []).append((arm.ndcg10, line, record))
    return _pair(groups)


def _find_runs(records: Iterable[RunRecord]) -> dict[tuple[str, str], RunRecord]:
    """Return the default runs of our methods, by name and split."""
    return {
        (one.method, one.split_sha256): one
        for one in records
        if one.status is Status.OK and not one.preset and one.method in OURS.values()
    }


def _pair(groups: Mapping[Key, Sequence[Measured]]) -> list[Pair]:
    found, means = {}, {}
    for key, both in groups.items():
        if len(both) > 1:
            apart = [mine - line.ndcg10 for mine, line, _ in both]
            one_sign = all(d > 0 for d in apart) or all(d < 0 for d in apart)
            spread = spread_over_draws(apart, find_overlap(both[0][2], key[1]))
            found[key] = Difference(spread, len(both), one_sign)
            means[key] = (
                fmean(line.ndcg10 for _, line, _ in both),
                fmean(mine for mine, _, _ in both),
            )
    corrected = correct_over_rows(found, list(found))
    return [Pair(*key, *means[key], difference) for key, difference in corrected.items()]


def _value(record: RunRecord, task: str) -> float:
    mean = record.scores[task]["ndcg@10"].mean
    return float("nan") if mean is None else mean


def render_pairs(pairs: Iterable[Pair]) -> str:
    """Return the table in Markdown."""
    rows = [
        "| dataset | task | method | ColdRec's settings | splits | ColdRec | ours | difference | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in pairs:
        apart = one.difference
        rows.append(
            f"| {one.dataset} | {one.task} | {one.method} | {one.settings or 'default'} | "
            f"{apart.draws} | {one.theirs:.4f} | {one.ours:.4f} | "
            f"{apart.mean:+.3f} ±{apart.half:.3f} | {one.verdict} |"
        )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
