"""One run: load, split, require, fit, evaluate, write."""

from ...datasets.errors import NoValidationError
from ...datasets.parameters import check_parameters
from ...datasets.protocol.settings import Task
from ...datasets.validation_score import ValidationScore
from ...methods.base import Method
from ..config.run_config import RunConfig
from ..evaluation.measure import measure
from ..evaluation.task_result import TaskResult
from ..isolation.confinement import confined_loading
from ..isolation.run_process import Message, Tell
from ..plugins.requirements import require, require_device
from ..terminal.progress_state import ProgressChannel
from ..tracking.tracker import mirror
from .attempt import attempt
from .cost import begin_run
from .filing import Run, find_run, write_run
from .fit_steps import fit_steps, list_steps
from .kept_splits import keep_split, load_data, share_split
from .plan import Plan, plan_run
from .sweep_job import marked_run, note_record
from .training_settings import remove_checkpoints

RANKED_DEPTH = 100


def tell_nobody(message: Message) -> None:
    """Stand where nobody waits for this process."""


def execute(config: RunConfig, *, bar: bool = True, tell: Tell = tell_nobody) -> Run:
    """Make one run, write its record and mirror that; a finished run is not made again.

    The record of a finished run is mirrored all the same: so one that was not sent is sent again.
    What goes wrong once data and split are there becomes a failed or not applicable record.

    Parameters
    ----------
    bar
        False where the terminal is not this process's alone: a long run then writes lines there.
    tell
        Told what is to be known of the run should this process die.

    Raises
    ------
    ColdbenchError
        When the data cannot be loaded or split, or not in time, or the device is not there:
        without fingerprints there is no record. When the results cannot be written.
    """
    begin_run()
    require_device(config.device)
    with marked_run(config):
        run = _make(config, bar, tell)
    mirror(config.tracking, run.path)
    return run


def _make(config: RunConfig, bar: bool, tell: Tell) -> Run:
    """Find or make a run, and write its record."""
    with confined_loading(config.time_limit):
        data = load_data(config, tell)
        split = keep_split(config, data)
    tell(share_split(split))
    plan = plan_run(config, data, split)
    note_record(config, plan.path)
    run = find_run(plan)
    if run is not None:
        return run
    with attempt(plan, bar=bar, tell=tell) as made:
        check_parameters(config.method, "method")
        require(config.method, plan.split, rating=plan.task is Task.RATING)
        steps = list_steps(plan)
        with made.stage("fit"):
            fitted, updates = fit_steps(plan, steps, made.progress)
        with made.stage("score"):
            results = _evaluate(plan, fitted, made.progress)
        with made.stage("validation"):  # last: what it takes changes neither scores nor memory
            validation = _validate(plan, fitted)
        made.succeed(fitted, results, validation, updates)
    run = write_run(plan, made)
    remove_checkpoints(plan)
    return run


def _validate(plan: Plan, fitted: Method) -> ValidationScore | None:
    """Measure the validation tasks, as ``train.validate`` does; None where there are none."""
    try:
        return plan.split.train.validate(fitted)
    except NoValidationError:
        return None


def _evaluate(plan: Plan, fitted: Method, progress: ProgressChannel) -> dict[str, TaskResult]:
    """Measure every test task."""
    config = plan.config
    return measure(
        fitted,
        plan.split,
        plan.task,
        config.evaluation,
        seed=config.seed,
        threads=config.threads,
        save_rankings=RANKED_DEPTH if config.save_rankings else 0,
        progress=progress,
    )
