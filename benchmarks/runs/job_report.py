"""What a job leaves of itself, however it ends: its log, its files without secrets, its outcome."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ...datasets.errors import ColdbenchError
from ..config.masking import Mask
from ..config.run_config import RunConfig, to_run
from ..config.saved_config import keep_config
from .job_outcome import FILE, RUNNING, Outcome
from .masked_files import mask_job_files
from .sweep_job import list_plans, note_outcome

log = logging.getLogger(__name__)


class JobReport:
    """A job that is being done.

    Parameters
    ----------
    config
        Its configuration, without the node ``hydra``.
    hydra
        That node.

    Attributes
    ----------
    outcome
        What is known of it so far; running until then.
    """

    def __init__(self, config: DictConfig, hydra: Any) -> None:
        self._config, self._hydra = config, hydra
        self._words = [str(word) for word in hydra.overrides.task]
        self._mask = Mask.of(OmegaConf.to_container(config), self._words)
        number, choices = hydra.job.get("num"), hydra.runtime.choices
        self.outcome = Outcome(
            number=int(number) if number is not None else 0,
            status=RUNNING,
            method=str(choices.get("method")),
            dataset=str(choices.get("dataset")),
            scenario=str(choices.get("scenario")),
            seed=int(config.seed),
            record=None,
            score="",
            seconds=0.0,
        )

    def configure(self) -> RunConfig:
        """Return the run that is described; its secrets are hidden from files and log from here on.

        Of words that are refused every text is hidden: nobody knows what it was meant for.
        """
        try:
            config = to_run(self._config, self._hydra)
            keep_config(self._config, self._hydra)
        except Exception:  # whatever a plugin's constructor raises
            self._mask = self._mask.with_texts(self._words)
            raise
        finally:
            plans = list_plans(self._config.get("results"))
            mask_job_files(self._mask, self._hydra, *plans)
            log.info("started: %s", " ".join(self._words))
        return config

    def fail(self, error: BaseException) -> None:
        """Say why there is no record."""
        message = error if isinstance(error, ColdbenchError) else f"{type(error).__name__}: {error}"
        reason = self._mask.text(" ".join(str(message).split()))
        self.outcome = replace(self.outcome, status="failed", reason=reason)


@contextmanager
def reported_job(config: DictConfig, hydra: Any) -> Iterator[JobReport]:
    """Do a job in the block; what goes wrong there becomes its outcome, which is saved."""
    start, folder = time.perf_counter(), Path(hydra.runtime.output_dir)
    report = JobReport(config, hydra)
    report.outcome.save(folder)
    try:
        yield report
    except KeyboardInterrupt:
        (folder / FILE).unlink()
        raise
    except BaseException as error:  # one bad job must not stop the others, by sys.exit either
        log.exception("no record: the run failed before its data was split")
        report.fail(error)
    report.outcome = replace(report.outcome, seconds=round(time.perf_counter() - start, 3))
    report.outcome.save(folder)
    note_outcome(config.get("results"), report.outcome)
    log.info("ended after %.1f s: %s", report.outcome.seconds, report.outcome)
