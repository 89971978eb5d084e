"""What Hydra calls once per job, here or on another machine: one run and its outcome file."""

import logging
import time
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ...datasets.errors import ColdbenchError
from ..config.masking import Mask
from ..config.run_config import RunConfig, to_run
from ..config.saved_config import keep_config
from ..conformance.audits.split_audit import leak_warning
from ..plugins.foreign_code import watch_composition
from ..records.headline import summarise_scores
from .masked_files import hide
from .outcome import FILE, RUNNING, SKIPPED, Outcome

watch_composition()  # a launcher's worker composes each job itself, and imports this module only

made: list[Outcome] = []
"""The outcomes of the jobs of this process, the latest last."""


def job(config: DictConfig) -> Outcome:
    """Make the run that a composed configuration describes; never raise for a failing one.

    The traceback of a failure goes into the job's log, the reason into its outcome and record.
    """
    from hydra.core.hydra_config import HydraConfig

    hydra: Any = HydraConfig.get()
    start, folder = time.perf_counter(), Path(hydra.runtime.output_dir)
    log = logging.getLogger(__name__)
    _unmade(config, hydra, RUNNING).save(folder)
    words = [str(word) for word in hydra.overrides.task]
    mask = Mask.of(OmegaConf.to_container(config), words)
    try:
        wanted: RunConfig | Exception = to_run(config, hydra)
        keep_config(config, hydra)
    except Exception as error:  # whatever a plugin's constructor raises
        wanted, mask = error, mask.with_texts(words)
    hide(mask, hydra)
    log.info("started: %s", " ".join(words))
    try:
        outcome = _made(wanted, hydra)
    except KeyboardInterrupt:
        (folder / FILE).unlink()
        raise
    except BaseException as error:  # one bad job must not stop the others, by sys.exit either
        log.exception("no record: the run failed before its data was split")
        told = error if isinstance(error, ColdbenchError) else f"{type(error).__name__}: {error}"
        outcome = _unmade(config, hydra, "failed", mask.text(" ".join(str(told).split())))
    outcome = Outcome(**(vars(outcome) | {"seconds": round(time.perf_counter() - start, 3)}))
    outcome.save(folder)
    made.append(outcome)
    log.info("ended after %.1f s: %s", outcome.seconds, outcome)
    return outcome


def _made(wanted: RunConfig | Exception, hydra: Any) -> Outcome:
    """Return the outcome of a run that left a record; raise why it could not be begun."""
    from .execute import execute
    from .sweep import Watch

    if isinstance(wanted, Exception):
        raise wanted
    alone = hydra.mode is None or hydra.mode.name == "RUN" or Watch.current is not None
    run = execute(wanted, bar=alone)
    record = run.record
    return Outcome(
        number=_number(hydra),
        status=SKIPPED if run.skipped else record.status.value,
        method=wanted.preset or record.method,
        dataset=record.dataset,
        scenario=record.scenario,
        seed=record.seed,
        record=str(run.path),
        score=summarise_scores(record),
        seconds=0.0,
        reason=record.error,
        warning=leak_warning(record.findings),
    )


def _unmade(config: DictConfig, hydra: Any, status: str, reason: str | None = None) -> Outcome:
    """Return the outcome of a run that has no record, yet or at all."""
    choices = hydra.runtime.choices
    return Outcome(
        number=_number(hydra),
        status=status,
        method=str(choices.get("method")),
        dataset=str(choices.get("dataset")),
        scenario=str(choices.get("scenario")),
        seed=int(config.seed),
        record=None,
        score="",
        seconds=0.0,
        reason=reason,
    )


def _number(hydra: Any) -> int:
    number = hydra.job.get("num")
    return int(number) if number is not None else 0
