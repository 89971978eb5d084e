"""What a record says of a re-ranker: is its yes calibrated, what can it reach, what does it show.

All of it is measured on training users who were set aside: no pair of theirs was trained on or
shown as an example. A method does not see the truth of validation tasks, so the coverage is that
of liked training pairs.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ....datasets.arrays import CSR, BoolArray, DoubleArray, FloatArray, LongArray
from ....datasets.world import Entities, TrainView
from ...training.split_validation import scoring
from .pairs import LabelledPairs, draw_one_each

BINS = 10
SHOWN = 10


def measure_ranker(
    method: Any,
    train: TrainView,
    aside: LongArray,
    answer: Callable[[LabelledPairs], FloatArray],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return calibration, coverage and exposure of a fitted re-ranker.

    Parameters
    ----------
    method
        Answers with the weights of ``net_``, and chooses by ``choose_candidates``.
    aside
        int64, the training users who were set aside.
    answer
        Returns the log-odds of a yes of labelled pairs, float32, (pairs,).
    rng
        Draws these: of each user a liked one and one not seen.
    """
    pairs = draw_one_each(train.interactions.csr, aside, rng)
    rows = np.flatnonzero(pairs.liked)
    with scoring(method.net_):
        odds = answer(pairs)
        items, users = method.encode_items(train.items), train.users.take(aside)
        first, chosen = method.choose_candidates(users, items)
        seen = items.find_seen(users)
        shown = method.score_block(users, items)
        coverage = measure_coverage(
            lambda hidden: method.choose_candidates(hidden, items)[1],
            train.users.take(pairs.users[rows]),
            pairs.items[rows],
        )
    exposure = {
        "users": len(aside),
        "items": len(train.items),
        "generator": count_shown(first, seen),
        "ranker": count_shown(shown, seen),
    }
    return {
        "calibration": measure_calibration(odds, pairs.liked),
        "coverage": coverage
        | {"candidates": float(chosen.sum(axis=1).mean()) if len(aside) else None},
        "exposure": exposure,
    }


def measure_calibration(odds: FloatArray, liked: BoolArray) -> dict[str, Any]:
    """Return how far the probability of a yes is from the share of liked pairs.

    Returns
    -------
    dict
        ``pairs``; ``expected_calibration_error`` over ten bins of equal width, weighted by their
        pairs (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 3);
        ``mean_probability``, ``liked`` (share), ``accuracy`` at one half, and ``auc``, the share of
        liked pairs that are above an unseen one. None where there are no pairs.
    """
    if not len(odds):
        names = ("expected_calibration_error", "mean_probability", "liked", "accuracy", "auc")
        return {"pairs": 0, **dict.fromkeys(names)}
    probability: DoubleArray = 1 / (1 + np.exp(-np.clip(odds.astype(np.float64), -60, 60)))
    bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    off = np.bincount(bins, weights=probability - liked, minlength=BINS)
    above = odds[liked][:, None] - odds[~liked][None, :]
    won = float((above > 0).mean() + 0.5 * (above == 0).mean()) if above.size else None
    return {
        "pairs": len(odds),
        "expected_calibration_error": float(np.abs(off).sum() / len(odds)),
        "mean_probability": float(probability.mean()),
        "liked": float(liked.mean()),
        "accuracy": float(((odds > 0) == liked).mean()),
        "auc": won,
    }


def hide_targets(users: Entities, targets: LongArray) -> Entities:
    """Return users whose history lacks an item each, as if they had not been seen with it."""
    history = users.history.tolil(copy=True)
    history[np.arange(len(users)), targets] = 0
    hidden: CSR = history.tocsr()
    hidden.eliminate_zeros()
    hidden.sort_indices()
    return replace(users, history=hidden.astype(np.float32))


def measure_coverage(
    choose: Callable[[Entities], BoolArray], users: Entities, targets: LongArray
) -> dict[str, Any]:
    """Return in how many cases a liked item is among the candidates that are ranked anew.

    Parameters
    ----------
    choose
        Returns bool (users, training items): those candidates.
    users
        Training users.
    targets
        int64, (users,): of each an item that was liked; it is left out of the history.
    """
    told = "liked pairs of training users set aside, each left out of the history"
    if not len(targets):
        return {"share": None, "pairs": 0, "measured_on": told}
    chosen = choose(hide_targets(users, targets))[np.arange(len(targets)), targets]
    return {"share": float(chosen.mean()), "pairs": len(targets), "measured_on": told}


def count_shown(scores: FloatArray, seen: BoolArray) -> int:
    """Return how many distinct items are among the ten best of the users, what they saw left out.

    Parameters
    ----------
    scores
        (users, items); of equal ones the first item counts as better.
    seen
        bool, the same shape.
    """
    if not scores.size:
        return 0
    masked = np.where(seen, -np.inf, scores)
    best = np.argsort(-masked, axis=1, kind="stable")[:, :SHOWN]
    rows = np.arange(len(masked))[:, None]
    return len(np.unique(best[np.isfinite(masked[rows, best])]))
