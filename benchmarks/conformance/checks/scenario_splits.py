"""Checks of the splits that a scenario makes: their form, their tasks, their validation."""

import re

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.world import Entities, Holdout, Query
from .check_result import Violation
from .definition import check, describe_error
from .scenario_subject import ScenarioSubject

TASK = re.compile(r"[a-z0-9_]+/[a-z0-9_]+/k=[0-9]+")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@check()
def splits(subject: ScenarioSubject) -> str:
    """Require that it can split a dataset, and refuses others by a SplitError alone."""
    try:
        made, refused = subject.tries
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise Violation(
            describe_error(error), "raise SplitError for what cannot be split"
        ) from error
    reasons = [f"{name}: {why}" for name, why in refused.items()]
    if not made:
        raise Violation("; ".join(reasons), "split the planted or the embedded dataset")
    sizes = [
        f"{name}: {len(one.train.interactions)} training pairs, {len(one.test)} tasks"
        for name, one in made.items()
    ]
    return "; ".join([*sizes, *reasons])


@check()
def split_well_formed(subject: ScenarioSubject) -> str:
    """Require that training data, queries, truth and masks have shapes that fit each other."""
    for name, split in subject.splits.items():
        if not FINGERPRINT.fullmatch(str(split.fingerprint)):
            raise Violation(
                f"{name}: fingerprint {split.fingerprint!r}",
                "make it a sha256 over train, support, truth and candidates",
            )
        train, pairs = split.train, split.train.interactions
        for side, *counts in (
            ("users", len(split.users), len(train.users), pairs.n_users),
            ("items", len(split.items), len(train.items), pairs.n_items),
        ):
            if len(set(counts)) > 1:
                raise Violation(
                    f"{name}: split, rows and pairs have {counts} {side}",
                    "let one index stand for one entity everywhere in the training data",
                )
        for stage, tasks in (("validation", split.validation), ("test", split.test)):
            for task, holdout in tasks.items():
                _require_consistent(f"{name}: {stage} {task}", holdout)
    return f"{len(subject.splits)} splits"


def _require_consistent(what: str, task: Holdout) -> None:
    """Refuse a task whose parts are of different sizes or that asks for nothing."""
    shape = (len(task.users), len(task.items))
    seen = {
        "the query": (len(task.query.users), len(task.query.items)),
        "truth": task.truth.shape,
        "masked": task.masked.shape,
    }
    for part, size in seen.items():
        if tuple(size) != shape:
            raise Violation(f"{what}: {part} is {size} for {shape}", "users first, then candidates")
    if not task.truth.nnz or not (np.diff(task.truth.indptr) > 0).all():
        raise Violation(f"{what}: a user without truth is asked", "leave such users out")


@check()
def task_names(subject: ScenarioSubject) -> str:
    """Require that tasks are named <scenario>/<candidates>/k=<shots>."""
    names = {task for one in subject.splits.values() for task in (*one.test, *one.validation)}
    wrong = sorted(name for name in names if not TASK.fullmatch(name))
    if wrong:
        raise Violation(", ".join(map(repr, wrong)), "name them as new_item/cold/k=0")
    return ", ".join(sorted(names))


class _AtRandom:
    """Answers any question at random, as a fitted method would."""

    def encode_items(self, items: Entities) -> Entities:
        return items

    def score_block(self, users: Entities, items: Entities) -> FloatArray:
        rng = np.random.default_rng(len(users))
        return rng.random((len(users), len(items)), dtype=np.float32)

    def score(self, query: Query) -> FloatArray:
        return self.score_block(query.users, query.items)

    def predict(self, query: Query) -> FloatArray:
        return self.score(query)


@check()
def validates(subject: ScenarioSubject) -> str:
    """Require that there are validation tasks, and that validate measures a method by them."""
    told_of = []
    for name, split in subject.splits.items():
        if not split.validation:
            raise Violation(f"{name}: no validation task", "hold a part back for early stopping")
        found = split.train.validate(_AtRandom())
        if not isinstance(found, float) or not np.isfinite(found):
            raise Violation(f"{name}: validate gives {found!r}", "let truth hold finite numbers")
        told_of.append(f"{name}: {found:.4f} at random")
    return "; ".join(told_of)


CHECKS = (splits, split_well_formed, task_names, validates)
