"""Masking of the files of a job: its log and its configuration."""

import logging
from pathlib import Path
from typing import Any

from ...datasets.atomic import replace_atomically
from ..config.masking import Mask
from .summary import PLAN

MULTIRUN = "multirun.yaml"
"""Hydra's own name for the configuration of a sweep."""


def mask_job_files(mask: Mask, hydra: Any, *plans: Path) -> None:
    """Mask what is logged from here on, and the configuration that Hydra has saved already.

    Parameters
    ----------
    hydra
        The node ``hydra`` of a job's configuration.
    plans
        Further files of its sweep.
    """
    for handler in logging.getLogger().handlers:
        inner = handler.formatter or logging.Formatter()
        if not isinstance(inner, _Masked):
            handler.setFormatter(_Masked(inner, mask))
    if hydra.output_subdir is not None:
        folder = Path(hydra.runtime.output_dir) / hydra.output_subdir
        for path in sorted(folder.glob("*.yaml")):
            _rewrite(path, mask)
    mask_sweep_files(mask, Path(hydra.sweep.dir), *plans)


def mask_sweep_files(mask: Mask, folder: Path, *plans: Path) -> None:
    """Mask the configuration and the plans of a sweep."""
    for path in (folder / MULTIRUN, folder / PLAN, *plans):
        if path.exists():
            _rewrite(path, mask)


def _rewrite(path: Path, mask: Mask) -> None:
    text = path.read_text("utf-8")
    shown = mask.text(text)
    if shown != text:
        with replace_atomically(path, durable=False) as file:
            file.write(shown.encode())


class _Masked(logging.Formatter):
    """Formats as another formatter does, traceback included, and masks the result."""

    def __init__(self, inner: logging.Formatter, mask: Mask) -> None:
        super().__init__()
        self._inner, self._mask = inner, mask

    def format(self, record: logging.LogRecord) -> str:
        """Return the masked text of a record."""
        return self._mask.text(self._inner.format(record))
