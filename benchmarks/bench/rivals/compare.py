"""``python -m coldbench.benchmarks.bench.rivals.compare``: another suite's methods next to ours."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ....datasets.errors import ColdbenchError
from ...evaluation.spread import spread_over_draws
from ...records.record import RunRecord, Status, read_all
from ...reports.differences import Difference, correct_over_rows
from ...reports.overlap import find_overlap
from .command import TABLE, Line, read_lines

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
    asked = parser.parse_args(argv)
    try:
        lines = read_lines(asked.table)
    except ColdbenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    records = [one for one in read_all(asked.results) if isinstance(one, RunRecord)]
    pairs = compare_lines(lines, records)
    if not pairs:
        sys.stderr.write(f"no split of {asked.table} is in the records of {asked.results}\n")
        return 2
    sys.stdout.write(render_pairs(pairs))
    return 0


def compare_lines(lines: Iterable[Line], records: Iterable[RunRecord]) -> list[Pair]:
    """Return a pair for every dataset, task, method and settings of the table.

    Ours are runs without a preset, on at least two of the splits.
    """
    ours = {
        (one.method, one.split_sha256): one
        for one in records
        if one.status is Status.OK and not one.preset and one.method in OURS.values()
    }
    groups: dict[tuple[str, str, str, str], list[tuple[Line, RunRecord]]] = {}
    for line in lines:
        record = ours.get((OURS.get(line.method, ""), line.split_sha256))
        if record is not None and line.task in record.scores:
            key = (line.dataset, line.task, line.method, line.settings)
            groups.setdefault(key, []).append((line, record))
    found, means = {}, {}
    for key, both in groups.items():
        values = [(_value(record, line.task), line.ndcg10) for line, record in both]
        if len(values) > 1:
            apart = [mine - other for mine, other in values]
            one_sign = all(d > 0 for d in apart) or all(d < 0 for d in apart)
            spread = spread_over_draws(apart, find_overlap(both[0][1], key[1]))
            found[key] = Difference(spread, len(values), one_sign)
            means[key] = fmean(other for _, other in values), fmean(mine for mine, _ in values)
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
