"""``python -m coldbench.benchmarks.bench.rivals.arms``: our Heater in the rival's settings.

ColdRec's Heater has a hidden layer of 200 and learns from factors of BPR; ours has no hidden layer
and learns from factors of weighted matrix factorisation. Each of the two is put into ours.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from ....datasets.arrays import FloatArray
from ....datasets.world import Split, TrainView
from ...evaluation.validation import ndcg_per_user
from ...python_api import make_method
from ...runs.environment import find_commit
from ...terminal.console import make_console
from .coldrec_files import TASKS
from .command import ARMS_TABLE, Line, cut_split, read_lines, write_lines

HIDDEN = [200]


def make_arm(hidden: list[int] | None, *, bpr: bool) -> Any:
    """Return our Heater with other layers, other factors, or both."""
    made: Any = make_method("heater", **({} if hidden is None else {"hidden": hidden}))
    if bpr:
        made.pretrain = partial(pretrain_by_bpr, factors=made.factors)
    return made


def pretrain_by_bpr(train: TrainView, *, factors: int) -> tuple[FloatArray, FloatArray]:
    """Return the float32 (users, factors) and (items, factors) of BPR, without items' biases."""
    # The prior is of new users, who have no part here: it is not searched for.
    fitted: Any = make_method("implicit_bpr", factors=factors, prior_weight=10.0).fit(train)
    return fitted.user_factors_[:, :-1].copy(), fitted.item_factors_[:, :-1].copy()


ARMS: dict[str, Callable[[], Any]] = {
    "hidden [200]": partial(make_arm, HIDDEN, bpr=False),
    "factors of BPR": partial(make_arm, None, bpr=True),
    "hidden [200], factors of BPR": partial(make_arm, HIDDEN, bpr=True),
}


def main(argv: Sequence[str]) -> int:
    """Fit every arm on every split and add what is new to the table; return 0."""
    parser = argparse.ArgumentParser(
        prog="python -m coldbench.benchmarks.bench.rivals.arms",
        description="Fit our Heater in ColdRec's settings on our splits.",
    )
    parser.add_argument(
        "--dataset", nargs="+", required=True, help="NAME, or 'NAME dataset.path=DIR'"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=ARMS_TABLE)
    asked = parser.parse_args(argv)
    out, known = make_console(), read_lines(asked.out)
    commit = find_commit()[0] or ""
    for words in asked.dataset:
        for seed in asked.seeds:
            name, split = cut_split(words, seed)
            there = {one.settings for one in known if one.split_sha256 == split.fingerprint}
            for arm in [one for one in ARMS if one not in there]:
                known += measure_arm(name, seed, split, arm, commit)
                write_lines(asked.out, known)
                out.print(f"{name} seed {seed} {arm} {known[-len(TASKS)].ndcg10:.4f}")
    return 0


def measure_arm(name: str, seed: int, split: Split, arm: str, commit: str) -> Iterator[Line]:
    """Fit one arm and yield NDCG@10 of each task that the rival can be compared in."""
    start = time.perf_counter()
    fitted = ARMS[arm]().fit(split.train)
    seconds = round(time.perf_counter() - start, 1)
    for task in TASKS:
        holdout = split.test[task]
        value = fmean(ndcg_per_user(fitted.for_group(holdout.query.group).score, holdout, seed))
        yield Line(
            name, seed, split.fingerprint, "Heater", arm, task, round(value, 6), seconds, commit
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
