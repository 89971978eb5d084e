"""What Hydra calls once per job, here or on another machine: one run and its outcome file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ..conformance.audits.split_audit import make_leak_warning
from ..plugins.foreign_code import watch_composition
from ..records.headline import summarise_scores
from .job_outcome import SKIPPED, Outcome
from .job_report import reported_job

watch_composition()  # a launcher's worker composes each job itself, and imports this module only

finished_jobs: list[Outcome] = []
"""The outcomes of the jobs of this process, the latest last."""


def job(config: DictConfig) -> Outcome:
    """Make the run that a composed configuration describes; never raise for a failing one.

    The traceback of a failure goes into the job's log, the reason into its outcome and record.
    """
    from hydra.core.hydra_config import HydraConfig

    from .apart import execute_apart
    from .sweep_watch import SweepWatch

    hydra: Any = HydraConfig.get()
    alone = hydra.mode is None or hydra.mode.name == "RUN" or SweepWatch.current is not None
    with reported_job(config, hydra) as report:
        wanted = report.configure()
        run = execute_apart(wanted, bar=alone, log=_find_log(hydra))
        record = run.record
        report.outcome = replace(
            report.outcome,
            status=SKIPPED if run.skipped else record.status.value,
            method=wanted.preset or record.method,
            dataset=record.dataset,
            scenario=record.scenario,
            record=str(run.path),
            score=summarise_scores(record),
            reason=record.error,
            warning=make_leak_warning(record.findings),
        )
    finished_jobs.append(report.outcome)
    return report.outcome


def _find_log(hydra: Any) -> Path:
    """Return where Hydra writes the log of a job."""
    return Path(hydra.runtime.output_dir) / f"{hydra.job.name}.log"
