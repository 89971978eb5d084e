"""What is fitted to choose defaults: every setting on every dataset and split seed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from ...datasets.dataset import check_dataset
from ...datasets.errors import NotApplicableError
from ...datasets.world import Resources, Split
from ..plugins.registry import find
from ..plugins.requirements import require
from ..tuning.fit_trial import TrialResult, fit_trial
from ..tuning.search_space import (
    apply_settings,
    list_dimensions,
    require_dimensions,
    sample_settings,
)
from ..tuning.validation_split import cut_without_test
from ..tuning.worker_pool import Ask


@dataclass(frozen=True)
class Place:
    """A split.

    Attributes
    ----------
    dataset
        Its name; ``hetrec-lastfm@open`` also admits side information written by users.
    scenario, seed
        How it is split.
    """

    dataset: str
    scenario: str
    seed: int


@dataclass(frozen=True)
class Job:
    """One setting of a method on one split.

    Attributes
    ----------
    method
        Its name.
    trial
        Number of the setting; 0 is the present default.
    settings
        By field.
    place
        The split.
    seconds
        The most that the fit may take.
    """

    method: str
    trial: int
    settings: dict[str, Any] = field(hash=False)
    place: Place
    seconds: float = 0.0

    @property
    def key(self) -> tuple[str, int, Place]:
        """What makes it the same job as another."""
        return self.method, self.trial, self.place


def list_settings(method: str, trials: int, seed: int) -> list[dict[str, Any]]:
    """Return the settings that are tried, the present default first.

    Raises
    ------
    ColdbenchError
        For a method without a search range.
    """
    default = find("methods", method)()
    dimensions = list_dimensions(default)
    require_dimensions(default, dimensions)
    own = {one.name: getattr(default, one.name) for one in dimensions}
    return [own, *sample_settings(dimensions, trials - 1, seed)] if trials > 1 else [own]


def list_jobs(
    method: str, settings: Iterable[dict[str, Any]], places: Iterable[Place]
) -> list[Job]:
    """Return the jobs of a method, one setting after the other, on every split."""
    at = list(places)
    return [
        Job(method, number, chosen, place) for number, chosen in enumerate(settings) for place in at
    ]


def serve_jobs(threads: int) -> tuple[None, Callable[[Job, Ask], TrialResult]]:
    """Prepare a process that does jobs; every split is made once in it."""
    kept = lru_cache(_load)
    _compile()

    def do(job: Job, ask: Ask) -> TrialResult:
        try:
            split = kept(job.place)
            method = apply_settings(find("methods", job.method)(), job.settings)
            require(method, split)
        except NotApplicableError as error:
            return TrialResult("not_applicable", reason=str(error))
        except Exception as error:  # one bad dataset must not end the others
            return TrialResult("failed", reason=f"{type(error).__name__}: {error}")
        return fit_trial(method, split, seconds=job.seconds, resources=Resources(threads))

    return None, do


def make_sources(place: Place) -> tuple[Any, Any]:
    """Return the dataset's source and the scenario of a split.

    Raises
    ------
    ColdbenchError
        For names that do not exist.
    """
    name, _, track = place.dataset.partition("@")
    settings = {"track": track} if track else {}
    return find("datasets", name)(), find("scenarios", place.scenario)(**settings)


def _load(place: Place) -> Split:
    source, scenario = make_sources(place)
    return cut_without_test(check_dataset(source.load()), scenario, place.seed)


def _compile() -> None:
    """Let numba compile the evaluation before a trial's seconds are counted."""
    data = find("datasets", "planted")(n_users=60, n_items=50, interactions_per_user=15).load()
    split = cut_without_test(data, find("scenarios", "grid")(), 0)
    fit_trial(find("methods", "random")(), split, seconds=None)


def with_seconds(job: Job, seconds: float) -> Job:
    """Return a job that may take so long."""
    return replace(job, seconds=seconds)
