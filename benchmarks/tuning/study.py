"""The trials of a search in a file: an Optuna study that one process at a time goes on with."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.enum_values import to_typed_form
from ..records.digests import to_jsonable
from .fit_trial import TrialResult
from .search_space import Dimension
from .suggestions import list_own_values, make_pruner, make_sampler, suggest_settings

JOURNAL = "journal.log"
_STATES = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}


class Study:
    """Trials numbered 0 to N-1, each finished once, whatever interrupts the search.

    A trial that was being fitted when the process was killed keeps its number and its settings and
    is fitted again. Settings are drawn by a generator of (search seed, number): with one worker a
    search that was interrupted draws what an undisturbed one draws.

    Parameters
    ----------
    folder
        Where the study is kept.
    identity
        What must be the same for the search to go on.
    dimensions
        The searched fields.
    default
        The method whose own settings are trial 0.
    seed
        Of the draws.
    """

    def __init__(
        self,
        folder: Path,
        identity: Mapping[str, Any],
        dimensions: Sequence[Dimension],
        default: Any,
        seed: int,
    ) -> None:
        import optuna
        from optuna.storages.journal import JournalFileBackend

        self.folder, self._dimensions, self._default, self._seed = folder, dimensions, default, seed
        self._given: dict[int, Any] = {}
        _mend(folder / JOURNAL)
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
        self._study = optuna.create_study(
            storage=storage,
            study_name="search",
            direction="maximize",
            load_if_exists=True,
            pruner=make_pruner(),
        )
        self.require("identity", identity)

    def require(self, name: str, facts: Any) -> None:
        """Note facts of a new study; refuse other facts of one that is to go on.

        Raises
        ------
        ColdbenchError
            With what is different.
        """
        there, now = self._study.user_attrs.get(name), to_jsonable(facts)
        if there is None:
            self._study.set_user_attr(name, now)
        elif there != now:
            differing = sorted(key for key in now if there.get(key) != now[key])
            raise ColdbenchError(
                f"the trials in {self.folder} were made with another {', '.join(differing)}; "
                f"remove that folder to begin anew"
            )

    @property
    def seconds(self) -> float:
        """The time that the search has taken so far."""
        return float(self._study.user_attrs.get("seconds", 0.0))

    def add_seconds(self, seconds: float) -> None:
        """Count time that the search took."""
        self._study.set_user_attr("seconds", round(self.seconds + seconds, 3))

    def list_finished(self) -> list[Any]:
        """Return Optuna's trials that have ended, by number."""
        return [one for one in self._study.get_trials(deepcopy=False) if one.state.is_finished()]

    def next_trial(self, count: int) -> tuple[int, dict[str, Any]] | None:
        """Return number and settings of a trial to be fitted, at most ``count`` in all.

        Interrupted trials come first. None when every trial is finished or being fitted.
        """
        from optuna.trial import Trial, TrialState

        trials = self._study.get_trials(deepcopy=False)
        if not trials:
            self._study.enqueue_trial(list_own_values(self._dimensions, self._default))
        running = [one for one in trials if one.state is TrialState.RUNNING]
        orphans = [one for one in running if one.number not in self._given]
        asked = sum(one.state is not TrialState.WAITING for one in trials)
        if orphans:
            self._study.sampler = make_sampler(self._seed, orphans[0].number)
            trial: Any = Trial(self._study, orphans[0]._trial_id)
        elif asked < count:
            self._study.sampler = make_sampler(self._seed, asked)
            trial = self._study.ask()
        else:
            return None
        self._given[trial.number] = trial
        settings = suggest_settings(trial, self._dimensions, self._default)
        trial.set_user_attr("settings", to_jsonable(to_typed_form(settings)))
        return trial.number, settings

    def report(self, number: int, count: int, value: float) -> bool:
        """Note an intermediate validation; say whether the trial is not worth its end."""
        trial = self._given[number]
        if count not in self._intermediate(number):  # of a trial that is fitted again
            trial.report(value, count)
        return bool(trial.should_prune())

    def finish(self, number: int, result: TrialResult, objective: float | None) -> None:
        """Note how a trial ended."""
        from optuna.trial import TrialState

        trial = self._given.pop(number)
        trial.set_user_attr("groups", result.groups)
        trial.set_user_attr("seconds", result.seconds)
        trial.set_user_attr("reason", result.reason)
        state = TrialState[_STATES.get(result.state, "FAIL")]
        self._study.tell(trial, objective, state=state)

    def _intermediate(self, number: int) -> Mapping[int, float]:
        trials = self._study.get_trials(deepcopy=False)
        found: Mapping[int, float] = trials[number].intermediate_values
        return found

    def release(self, number: int) -> None:
        """Let an interrupted trial be fitted again."""
        del self._given[number]


@contextmanager
def open_study(
    folder: Path,
    identity: Mapping[str, Any],
    dimensions: Sequence[Dimension],
    default: Any,
    seed: int,
) -> Iterator[Study]:
    """Go on with the study in a folder, or begin one; the parameters are those of ``Study``.

    Raises
    ------
    ColdbenchError
        When Optuna is not installed, another process is at it, or it is another search's.
    """
    try:
        import optuna
    except ImportError as error:
        raise ColdbenchError(
            "coldbench tune needs optuna: pip install 'coldbench[tune]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        stack.enter_context(_alone(folder))
        yield Study(folder, identity, dimensions, default, seed)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system gives back when its holder is killed."""
    import fcntl

    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ColdbenchError(
                f"another process is at the trials in {folder}; wait for it, or end it"
            ) from error
        yield


def _mend(journal: Path) -> None:
    """Take away what a killed process left: half a line, and the lock of the journal itself."""
    Path(f"{journal}.lock").unlink(missing_ok=True)
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        logging.getLogger(__name__).warning("%s ended in half a line", journal)
        journal.write_bytes(whole)
