"""Evaluate a fitted method on every task of a split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ...datasets.arrays import DoubleArray
from ...datasets.progress import Progress, Tally, ignore_progress
from ...datasets.world import Holdout, TrainView
from ...methods.base import FactorMethod, Method
from .beyond_accuracy import compute_catalogue_metrics, compute_list_metrics
from .estimates import estimate
from .item_contributions import compute_chance_level, sum_by_item
from .metrics import AUC, BUILT_IN, Metric
from .plugin_metrics import find_metrics
from .ranking import RankingPass, RankingResult
from .score_blocks import EncodedCandidates, rank_task
from .slices import choose_slice_ks, compute_part_metrics, group_users, split_truth
from .task_result import Estimate, EvaluationSettings, Rankings, TaskResult
from .top_hits import DEEP, pack_hits

__all__ = ["Estimate", "EvaluationSettings", "Rankings", "TaskResult", "evaluate"]


def evaluate(
    method: Method,
    tasks: Mapping[str, Holdout],
    train: TrainView,
    settings: EvaluationSettings,
    *,
    seed: int,
    threads: int = 1,
    save_rankings: int = 0,
    metrics: Mapping[str, Metric] | None = None,
    progress: Progress = ignore_progress,
) -> dict[str, TaskResult]:
    """Rank the whole candidate set of every task and return its values.

    Parameters
    ----------
    method
        A fitted method; each task is answered by its ``for_group`` of the task's group.
    tasks
        Holdouts by name, ``<scenario>/<candidates>/k=<shots>``.
    train
        The training data, for popularity.
    settings
        Cut-offs, metrics, resamples.
    seed
        Seed of the tie-break hash and of the bootstrap.
    threads
        Threads over blocks of users; changes no result.
    save_rankings
        Depth of the lists to keep in the result; 0 keeps none.
    metrics
        Metrics by name; by default those that ``settings`` names.
    progress
        Called with the number of users of all tasks that are ranked, and the task.

    Raises
    ------
    ColdbenchError
        When a score is NaN, infinite, not float32 or of the wrong shape.
    """
    settings.check()
    chosen = find_metrics(settings.metrics) if metrics is None else dict(metrics)
    evaluated = _Evaluation(train, settings, chosen, seed, threads, save_rankings)
    candidates = EncodedCandidates(method, tasks.values())
    tally = select_users(tasks, progress)
    results = {}
    for name, holdout in tasks.items():
        ranked = partial(tally.add, task=name)
        ranked(0)
        with threadpool_limits(1 if isinstance(method, FactorMethod) else threads):
            measured = evaluated.rank(name, holdout, *candidates.take(holdout), ranked)
        with threadpool_limits(1):
            results[name] = evaluated.result(name, holdout, measured)
    return results


def select_users(tasks: Mapping[str, Holdout], progress: Progress) -> Tally:
    """Return a count of users towards those with truth of all tasks."""
    tally = Tally(progress, "user")
    tally.expect(sum(int(np.count_nonzero(np.diff(one.truth.indptr))) for one in tasks.values()))
    return tally


@dataclass(frozen=True)
class _Evaluation:
    """The arguments of an evaluation that are the same for every task."""

    train: TrainView
    settings: EvaluationSettings
    metrics: Mapping[str, Metric]
    seed: int
    threads: int
    depth: int

    @property
    def ks(self) -> list[int]:
        return sorted({int(k) for k in self.settings.ks})

    def rank(
        self,
        name: str,
        holdout: Holdout,
        method: Method,
        encoded: Any,
        ranked: Callable[[int], None],
    ) -> RankingResult:
        """Rank the users of a task by the method that answers it."""
        auc = any(type(metric) is AUC for metric in self.metrics.values())
        run = RankingPass(name, holdout, self.ks, max(self.ks[-1], self.depth), self.seed, auc)
        block, threads = self.settings.block, self.threads
        return rank_task(method, run, encoded, block=block, threads=threads, ranked=ranked)

    def result(self, name: str, holdout: Holdout, measured: RankingResult) -> TaskResult:
        """Turn a pass into estimates."""
        ks, positions = self.ks, measured.ranked.positions
        users = holdout.users[measured.rows]
        if len(users) == 0 or len(holdout.items) == 0:
            return TaskResult({}, {}, users[:0], {}, None)
        per_user = compute_metrics(measured, ks, self.metrics)
        catalogue: dict[str, Estimate] = {}
        if self.settings.beyond_accuracy:
            per_user |= compute_list_metrics(positions, holdout, self.train, ks)
            catalogue = compute_catalogue_metrics(positions, len(holdout.items), ks)
        parts, groups = {}, {}
        if self.settings.slices:
            parts = self._parts(holdout, measured)
            groups = group_users(holdout.query.users.take(measured.rows))
        items = sum_by_item(holdout, measured, ks)
        ours = {n: one for n, one in items.sums.items() if n.split("@")[0] in self.metrics}
        items = items._replace(sums=ours)
        scores, slices = estimate(
            per_user, parts, groups, _sliced(measured, ks), self.settings.bootstrap,
            crc32(name.encode(), self.seed % 2**32), items,
        )  # fmt: skip
        rankings = _rankings(measured, holdout, self.depth) if self.depth else None
        return TaskResult(
            scores | catalogue, slices, users, per_user, rankings, *items,
            uninformed=round(float(measured.uninformed.mean()), 6),
            chance=compute_chance_level(measured, ks),
            hits=pack_hits(measured.ranked) if ks[-1] >= DEEP else None,
        )  # fmt: skip

    def _parts(
        self, holdout: Holdout, measured: RankingResult
    ) -> dict[str, dict[str, DoubleArray]]:
        """Return the values of each part of the truth: all ks for warm and cold, else a few."""
        found = {}
        for name, part in split_truth(holdout, self.train).items():
            ks = choose_slice_ks(self.ks) if name.startswith("popularity") else self.ks
            found[name] = compute_part_metrics(measured.ranked, holdout, measured.rows, part, ks)
        return found


def compute_metrics(
    measured: RankingResult, ks: list[int], metrics: Mapping[str, Metric]
) -> dict[str, DoubleArray]:
    """Return each metric per user: the kernel's for the built-in ones, else from the lists."""
    found: dict[str, DoubleArray] = {}
    for name, metric in metrics.items():
        if type(metric) is AUC and measured.auc is not None:
            found[name] = measured.auc
        elif not metric.uses_k:
            found[name] = metric.per_user(measured.ranked, ks[-1])
        else:
            for a, k in enumerate(ks):
                if type(metric) in BUILT_IN:
                    values = measured.values[:, a, BUILT_IN.index(type(metric))].copy()
                else:
                    values = metric.per_user(measured.ranked, k)
                found[f"{name}@{k}"] = values
    return found


def _sliced(measured: RankingResult, ks: list[int]) -> dict[str, DoubleArray]:
    """Return the values that are reported of every group."""
    names = {"ndcg": 3, "recall": 0}
    return {
        f"{name}@{k}": measured.values[:, ks.index(k), place]
        for name, place in names.items()
        for k in choose_slice_ks(ks)
    }


def _rankings(measured: RankingResult, holdout: Holdout, depth: int) -> Rankings:
    """Return the kept lists in dataset indices."""
    at = measured.ranked.positions[:, :depth]
    items = np.where(at >= 0, holdout.items[at], -1).astype(np.int32)
    return Rankings(holdout.users[measured.rows], items, measured.scores[:, :depth])
