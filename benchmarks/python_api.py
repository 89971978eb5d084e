"""What the commands do, as functions: ``import coldbench`` offers them."""

import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..datasets.dataset import Dataset, DatasetSource, check_dataset
from ..datasets.errors import ColdbenchError
from ..datasets.parameters import check_parameters
from ..datasets.protocol.scenario import Scenario
from ..datasets.world import Split
from ..methods.base import Method
from .config.configured import configured
from .plugins.registry import find, find_name

if TYPE_CHECKING:
    from .conformance.checks.check_result import CheckResult
    from .evaluation.task_result import EvaluationSettings, TaskResult
    from .records.record import RunRecord
    from .reports.printable import Leaderboard


def make_method(name: str, **settings: Any) -> Method:
    """Return an offered method, not fitted: ``make_method("item_knn", neighbours=20)``.

    Parameters
    ----------
    name
        As after ``method=``, a preset too.
    settings
        Its fields.

    Raises
    ------
    ColdbenchError
        For a name, a field or a value that there is not.
    """
    from .config.run_config import compose_run

    chosen: Method = compose_run([f"method={name}"]).method
    made: Method = configured(chosen, settings, "method")
    return made


def load(dataset: str | DatasetSource, **settings: Any) -> Dataset:
    """Load a dataset: ``load("movietweetings", k_core=5)``.

    Parameters
    ----------
    dataset
        As after ``dataset=``, or an instance that loads.
    settings
        Its fields.

    Raises
    ------
    DataError
        When a file is missing or wrong.
    ColdbenchError
        For a name, a field or a value that there is not.
    """
    source = find("datasets", dataset) if isinstance(dataset, str) else dataset
    return check_dataset(configured(source, settings, "dataset").load())


def split(
    data: Dataset, scenario: str | Scenario = "grid", seed: int = 0, **settings: Any
) -> Split:
    """Cut a dataset by a scenario: ``split(data, "new_item", seed=1, shots=[0, 5])``.

    Parameters
    ----------
    data
        A loaded dataset.
    scenario
        As after ``scenario=``, or an instance.
    seed
        Of every random choice; also the seed of the method.
    settings
        Fields of the scenario.

    Raises
    ------
    SplitError
        For settings that make no sense, or a dataset that they cannot split.
    ColdbenchError
        For a name, a field or a value that there is not.
    """
    from .evaluation.validation import split as cut

    chosen = find("scenarios", scenario) if isinstance(scenario, str) else scenario
    return cut(data, configured(chosen, settings, "scenario"), seed)


def evaluate(
    method: Method, split: Split, settings: "EvaluationSettings | None" = None, *, threads: int = 1
) -> "dict[str, TaskResult]":
    """Measure a fitted method on every test task, as the scenario of the split asks.

    Parameters
    ----------
    method
        Fitted on ``split.train``.
    split
        The split; its seed orders ties.
    settings
        Cut-offs, metrics, resamples; by default those of a run.
    threads
        Threads over blocks of users; they change no result.

    Returns
    -------
    dict
        By task: ``evaluate(...)["new_item/cold/k=0"].scores["ndcg@10"].mean``.
    """
    from ..datasets.protocol.settings import Task
    from .evaluation.measure import measure
    from .evaluation.task_result import EvaluationSettings

    train, chosen = split.train, settings or EvaluationSettings()
    task = getattr(train.validate, "task", Task.RANKING)
    return measure(method, split, task, chosen, seed=train.seed, threads=threads)


def run(
    method: str | Method,
    dataset: str | DatasetSource = "movietweetings",
    scenario: str | Scenario = "grid",
    seed: int = 0,
    *,
    results: str | Path | None = None,
    words: Sequence[str] = (),
) -> "RunRecord":
    """Make one run and return its record; a finished run is read, not made again.

    Parameters
    ----------
    method, dataset, scenario
        Names, as on the command line, or instances of offered classes.
    seed
        Seed of split, method and evaluation.
    results
        Folder of the records; None is ``$COLDBENCH_RESULTS``, else ``results``.
    words
        Any others of the command line: ``["method.factors=8", "evaluation.bootstrap=0"]``.

    Raises
    ------
    ColdbenchError
        When there is no such run, or its data cannot be loaded or split. A method that fails is
        a record whose ``status`` and ``error`` say so.
    """
    from .config.run_config import compose_run
    from .runs.execute import execute

    chosen = {"method": method, "dataset": dataset, "scenario": scenario}
    typed = [f"{group}={_typed(group, one)}" for group, one in chosen.items()]
    config = compose_run([*typed, f"seed={seed}", *words])
    given = {group: deepcopy(one) for group, one in chosen.items() if not isinstance(one, str)}
    _refuse_fields_of_instances(given, words)
    for group, one in given.items():
        check_parameters(one, group)
        setattr(config, group, one)
    if results is not None:
        config.results = str(results)
    return execute(config, bar=False).record


def leaderboard(
    results: str | Path | None = None,
    *,
    dataset: str | None = None,
    scenario: str | None = None,
    metric: str | None = None,
) -> "Leaderboard":
    """Rank the methods by the records in a folder; ``print`` shows it, ``rows`` are its data.

    Parameters
    ----------
    results
        Folder of the records; None is ``$COLDBENCH_RESULTS``, else ``results``.
    dataset, scenario
        Only these.
    metric
        ``"recall@20"``; by default the headline metric.

    Raises
    ------
    ColdbenchError
        When the folder holds no record. One that cannot be read is a warning.
    """
    from .records.headline import HEADLINE
    from .records.home import results_home
    from .records.partial_records import make_cut
    from .records.record import RunRecord, read_all
    from .reports.group_records import build_boards
    from .reports.printable import Leaderboard

    home = results_home(None if results is None else str(results))
    found = list(read_all(home, make_cut([metric or HEADLINE], others=metric is None)))
    for one in found:
        if isinstance(one, ColdbenchError):
            warnings.warn(str(one), stacklevel=2)
    records = [one for one in found if isinstance(one, RunRecord)]
    if not records:
        raise ColdbenchError(f'no record in {home}; make one with: coldbench.run("popularity")')
    return Leaderboard(
        tuple(build_boards(records, metric=metric, dataset=dataset, scenario=scenario))
    )


def check_method(method: type[Method]) -> "list[CheckResult]":
    """Carry out the conformance suite on a method class: what ``coldbench check`` does.

    Returns
    -------
    list
        A method conforms when no result is ``broken``.
    """
    from .conformance.checks.subject import Subject
    from .conformance.checks.suite import examine

    return list(examine(Subject(method.__name__, method)))


def _typed(group: str, chosen: Any) -> str:
    """Return the name of what is chosen for a group."""
    return chosen if isinstance(chosen, str) else find_name(f"{group}s", chosen)


def _refuse_fields_of_instances(given: Mapping[str, Any], words: Sequence[str]) -> None:
    """Refuse ``method.factors=8`` with an instance, whose fields are set where it is made."""
    for word in words:
        group = word.lstrip("+~").split(".")[0]
        if group in given and "." in word.split("=")[0]:
            raise ColdbenchError(
                f"{word!r} with an instance of {type(given[group]).__name__}: set the field there"
            )
