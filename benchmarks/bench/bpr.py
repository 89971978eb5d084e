"""What BPR through a method costs over the same training by the bare library."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ...datasets.world import TrainView
from ..isolation.threads import limit_threads
from ..plugins.registry import find
from .rounds import compute_medians, measure_in_turn

ITERATIONS = 20


def measure_bpr(
    dataset: str = "movietweetings", iterations: int = ITERATIONS, repeats: int = 7
) -> dict[str, float]:
    """Return median seconds of a fit on one thread, and their ratio to the bare library.

    ``library`` is implicit's ``BayesianPersonalizedRanking.fit`` on a matrix made beforehand,
    ``method`` the fit of ``implicit_bpr`` with the same settings, seed and interactions, which
    ends in the same factors.

    Returns
    -------
    dict
        Seconds ``library`` and ``method``, ``method_over_library``, and pairs drawn a second,
        ``library_per_second`` and ``method_per_second``.
    """
    train: TrainView = (
        find("scenarios", "warm")().split(find("datasets", dataset)().load(), 0).train
    )
    ways: dict[str, Callable[[], Any]] = {
        "library": partial(fit_library, train, iterations, train.interactions.csr.copy()),
        "method": partial(fit_method, train, iterations),
    }
    with limit_threads(1):
        for way in ways.values():
            way()
        found = compute_medians(measure_in_turn(ways, repeats), "library")
    pairs = train.interactions.csr.nnz * iterations
    return {**found, **{f"{name}_per_second": pairs / found[name] for name in ways}}


def fit_method(train: TrainView, iterations: int) -> Any:
    """Return the fitted method of the suite."""
    return find("methods", "implicit_bpr")(iterations=iterations).fit(train)


def fit_library(train: TrainView, iterations: int, interactions: Any) -> Any:
    """Return the library's model, fitted with the settings of the method."""
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    settings = find("methods", "implicit_bpr")()
    model = BayesianPersonalizedRanking(
        factors=settings.factors,
        learning_rate=settings.learning_rate,
        regularization=settings.regularization,
        iterations=iterations,
        num_threads=1,
        random_state=train.seed,
    )
    model.fit(interactions, show_progress=False)
    return model
