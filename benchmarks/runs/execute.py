"""One run: load, split, check, fit, ask, measure, write down."""

import logging
import os
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...datasets.dataset import Dataset, checked
from ...datasets.errors import ColdbenchError, NotApplicableError
from ...datasets.parameters import check_parameters
from ...datasets.world import Resources, Split
from ...methods.base import Method
from ..config.masking import Mask
from ..config.run_config import RunConfig, plain
from ..conformance.audits.split_audit import leak_warning, leaks_of
from ..evaluation.evaluate import TaskResult, evaluate
from ..evaluation.rating import evaluate_ratings
from ..isolation.process_state import process_state_kept
from ..isolation.sealed import sealed
from ..isolation.threads import limited
from ..isolation.time_limit import OutOfTime, time_limit
from ..plugins.requirements import require, require_device
from ..records.digests import file_sha256, jsonable, run_id
from ..records.disk_space import demand_room, why
from ..records.record import Cost, RunRecord, Status, identified, place, read_filed, write
from ..records.tables import rankings_path, users_path, write_tables
from ..terminal.moment import Channel
from ..terminal.progress import shown
from ..tracking.tracker import mirror
from .advice import advice
from .cost import begin_run, is_first_run, memory_peak
from .describe import describe, figures, is_rating
from .finished import finished, is_kept

SPLITS_KEPT = 4
RANKED_DEPTH = 100


@dataclass
class KeptSplit:
    """A split that several runs share, and what its audit found; None before it was audited."""

    split: Split
    findings: list[str] | None = None


_splits: "OrderedDict[str, KeptSplit]" = OrderedDict()


@dataclass(frozen=True)
class Run:
    """A record, where it is, and whether it was there before."""

    record: RunRecord
    path: Path
    skipped: bool = False


def execute(config: RunConfig, *, bar: bool = True) -> Run:
    """Make one run, write its record and mirror that; a finished run is not made again.

    The record of a finished run is mirrored all the same: so one that was not sent is sent again.
    What goes wrong once data and split are there becomes a failed or not applicable record.

    Parameters
    ----------
    bar
        False where the terminal is not this process's alone: a long run then writes lines there.

    Raises
    ------
    ColdbenchError
        When the data cannot be loaded or split, or not in time, or the device is not there:
        without fingerprints there is no record. When the results cannot be written.
    """
    run = _recorded(config, bar)
    mirror(config.tracking, run.path)
    return run


def _recorded(config: RunConfig, bar: bool) -> Run:
    """Return the run with its record on disk, made now or found there."""
    begin_run()
    require_device(config.device)
    data, split = _prepared(config)
    draft = describe(config, data, split)
    path = place(results_home(config.results), draft)
    done = finished(path, config)
    if done is not None:
        return Run(done, path, skipped=True)
    demand_room(path.parent)
    draft = draft.model_copy(update={"findings": audited_once(config, data)})
    for warning in filter(None, [leak_warning(draft.findings)]):
        logging.getLogger(__name__).warning("%s", warning)
    label = f"{draft.method} · {draft.scenario}/{draft.dataset} · seed {draft.seed}"
    with shown(label, bar=bar) as progress:
        record = _attempt(config, data, split, draft, path, progress)
    record = identified(_without_secrets(record, config))
    kept = is_kept(path)
    if kept and record.status is not Status.OK:
        return Run(record, path)  # a forced run that fails leaves the finished record alone
    replace_it = config.force or config.save_rankings or (path.exists() and not kept)
    try:
        written = write(path, record, replace=replace_it)
    except OSError as error:
        raise ColdbenchError(
            f"the run ended, but {path} could not be written: {why(error)}"
        ) from error
    return Run(record, path) if written else Run(read_filed(path), path, skipped=True)


def _prepared(config: RunConfig) -> tuple[Dataset, Split]:
    """Load the data and split it, within the time limit and without traces in the process."""
    try:
        with process_state_kept(), time_limit(config.time_limit):
            data = checked(config.dataset.load())
            return data, split_once(config, data)
    except OutOfTime as error:
        raise ColdbenchError(f"{error}, not even loading and splitting the data") from error


def results_home(folder: str | None = None) -> Path:
    """Return the folder of the records: the given one, ``$COLDBENCH_RESULTS``, or ``results``."""
    return Path(folder or os.environ.get("COLDBENCH_RESULTS") or "results")


def split_once(config: RunConfig, data: Dataset) -> Split:
    """Return the split with the run's resources; the latest few are kept for the next run.

    What is returned is sealed: no method can change the kept split for the runs after it.
    """
    split = sealed(_kept(config, data).split)
    resources = Resources(config.threads, config.device, config.devices)
    return replace(split, train=replace(split.train, resources=resources))


def audited_once(config: RunConfig, data: Dataset) -> list[str]:
    """Return what the audit finds in a run's split; a kept split is audited once.

    An audit that does not end within the time limit is itself a finding.
    """
    kept = _kept(config, data)
    if kept.findings is None:
        try:
            with process_state_kept(), time_limit(config.time_limit):
                found = leaks_of(kept.split, data, config.scenario)
        except OutOfTime as error:
            found = [f"the audit of the split came to no end: {error}"]
        kept.findings = [_without_folders(one) for one in found]
    return kept.findings


def _kept(config: RunConfig, data: Dataset) -> KeptSplit:
    """Return the split of a run as it was made, now or for an earlier run."""
    scenario = jsonable(vars(config.scenario))
    kind = type(config.scenario)
    key = run_id(
        {
            "data": data.sha256,
            "scenario": f"{kind.__module__}.{kind.__qualname__}",
            "settings": scenario,
            "seed": config.seed,
        }
    )
    if key not in _splits:
        _splits[key] = KeptSplit(config.scenario.split(data, config.seed))
    _splits.move_to_end(key)
    while len(_splits) > SPLITS_KEPT:
        _splits.popitem(last=False)
    return _splits[key]


def _attempt(
    config: RunConfig,
    data: Dataset,
    split: Split,
    draft: RunRecord,
    path: Path,
    progress: Channel,
) -> RunRecord:
    """Return the record of a run, whatever becomes of it; the tables are written on the way."""
    try:
        with process_state_kept(), time_limit(config.time_limit):
            check_parameters(config.method)
            require(config.method, split, rating=is_rating(config.scenario))
            fitted, results, cost = measure(config, split, progress)
            training = jsonable(fitted.report())
        scores, slices = figures(results)
        tables = _write_tables(config, path, results, data)
    except NotApplicableError as error:
        return draft.model_copy(update={"status": Status.NOT_APPLICABLE, "error": str(error)})
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit and a panic of a Rust library are no Exception
        logging.getLogger(__name__).exception("the run failed")
        return draft.model_copy(update={"status": Status.FAILED, "error": _told(error)})
    update = {"status": Status.OK, "scores": scores, "slices": slices, "cost": cost}
    return draft.model_copy(update=update | {"training": training} | tables)


def _write_tables(
    config: RunConfig, path: Path, results: dict[str, TaskResult], data: Dataset
) -> dict[str, Any]:
    """Write what stands beside the record at ``path``; return what the record tells of it.

    The tables of a record that another process finished meanwhile are left alone.
    """
    if is_kept(path) and not (config.force or config.save_rankings):
        return {}
    missing = write_tables(path, results, data, rankings=config.save_rankings)
    found = {"users": users_path(path)}
    if config.save_rankings:
        found["rankings"] = rankings_path(path)
    digests = {f"{n}_sha256": file_sha256(one) for n, one in found.items() if n not in missing}
    return {"missing_tables": missing} | digests


def _without_secrets(record: RunRecord, config: RunConfig) -> RunRecord:
    """Return a record in whose own texts, an error or a report, no secret is told."""
    mask = Mask.of(plain(config))
    parts = ("preset", "training", "facts", "findings", "error", "missing_tables")
    return record.model_copy(update={name: mask.deep(getattr(record, name)) for name in parts})


def measure(
    config: RunConfig, split: Split, progress: Channel
) -> tuple[Method, dict[str, TaskResult], Cost]:
    """Fit the method, ask it every task of the test part, and say what both took."""
    with limited(config.threads), memory_peak() as peak:
        progress.begin("fit")
        start = time.perf_counter()
        fitted: Method = config.method.fit(replace(sealed(split).train, progress=progress))
        between = time.perf_counter()
        progress.begin("score")
        results = _asked(config, fitted, split, progress)
        end = time.perf_counter()
    trainable, parameters = fitted.parameter_counts()
    cost = Cost(
        fit_seconds=round(between - start, 4),
        score_seconds=round(end - between, 4),
        peak_bytes=peak.bytes if is_first_run() else None,
        trainable_parameters=int(trainable),
        parameters=int(parameters),
    )
    return fitted, results, cost


def _asked(
    config: RunConfig, fitted: Method, split: Split, progress: Channel
) -> dict[str, TaskResult]:
    """Measure the ranked lists or, in a rating task, the predicted ratings."""
    seed, threads = config.seed, config.threads
    if is_rating(config.scenario):
        predictor: Any = fitted
        return evaluate_ratings(
            predictor,
            split.test,
            config.evaluation,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    depth = RANKED_DEPTH if config.save_rankings else 0
    return evaluate(
        fitted,
        split.test,
        split.train,
        config.evaluation,
        seed=seed,
        threads=threads,
        save_rankings=depth,
        progress=progress,
    )


def _told(error: BaseException) -> str:
    """Return an error as one line, without the folders of this machine."""
    text = _without_folders(" ".join(str(error).split()))
    if isinstance(error, OutOfTime):
        return text
    what_to_do = advice(error)
    return f"{type(error).__name__}: {text}" + (f"; {what_to_do}" if what_to_do else "")


def _without_folders(text: str) -> str:
    for folder, short in ((Path.cwd(), "."), (Path.home(), "~")):
        if len(folder.parts) > 1:
            text = text.replace(str(folder), short)
    return text
