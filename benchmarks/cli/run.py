"""``coldbench run``: one run or, with ``-m``, a sweep; every argument is Hydra's."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from ...datasets.errors import ColdbenchError
from ..config.overlays import CONFIG_MODULE, CONFIG_NAME, read_experiments
from ..config.run_config import register
from ..plugins.registry import GROUPS, list_names
from ..records.disk_space import REASONS, explain_os_error
from ..runs.job_outcome import Outcome
from ..terminal.complaint import complain
from .agent_words import read_agent_words
from .arguments import explain_refusal, list_option_names

WATCHED = "++hydra.callbacks.progress._target_=coldbench.benchmarks.runs.sweep_watch.SweepCallback"
"""Whatever configuration is named (``--config-name``), its runs are shown and counted."""
_SWEEP = re.compile(r"^\+?sweep=")
"""A named sweep is an experiment: ``sweep=light`` is short for ``+experiment=light``."""
_ADDED = "+experiment="


def main(argv: list[str], *, report: bool = True) -> int:
    """Pass the arguments to Hydra; return 0, 1 if a run failed, 2 if nothing could be run.

    Parameters
    ----------
    argv
        The words.
    report
        Print the outcome of a single run; else ``finished_jobs`` has it.
    """
    import hydra

    from ..config.config_errors import explain
    from ..config.masking import Mask
    from ..runs.job import finished_jobs, job
    from ..runs.job_outcome import NOT_RUN
    from ..runs.sweep_watch import SweepWatch, swept

    argv = [_SWEEP.sub("+experiment=", word) for word in argv]
    register()
    finished_jobs.clear()
    swept.clear()
    options, overrides = _split_arguments(argv)
    if _is_sweep(options, overrides):
        overrides = _expand_fixed_values(overrides)
    words = [*options, *_with_method_for_help(options, overrides), WATCHED]
    start = hydra.main(
        version_base="1.3", config_path=f"pkg://{CONFIG_MODULE}", config_name=CONFIG_NAME
    )(job)
    lost = None
    try:
        with _as_program(words), explain(argv):
            start()
    except Exception as error:
        if SweepWatch.current is not None:
            with suppress(OSError):  # a full disk must not hide the error that came first
                SweepWatch.current.mask(Mask.of({}, argv).with_texts(argv))
        lost = _explain_lost_job(error)
        if lost is None:
            raise
    finally:
        if SweepWatch.current is not None:  # interrupted, or a launcher gave up
            SweepWatch.current.close()
    if lost is not None:
        complain(lost)
        return 1
    if finished_jobs and not swept and report:
        return _single(finished_jobs[0])
    ended = swept or finished_jobs
    return int(any(one.status in ("failed", NOT_RUN) for one in ended))


def _split_arguments(argv: list[str]) -> tuple[list[str], list[str]]:
    """Return Hydra's options and the other words: Hydra wants the words together.

    Raises
    ------
    ColdbenchError
        For an option that does not exist, with the nearest one that does.
    """
    from hydra._internal.utils import get_args_parser

    if "-sc" in argv or "--shell-completion" in argv:
        return argv, []
    parser = get_args_parser()
    names = list_option_names(parser)
    argv = read_agent_words(argv, names)

    def refuse(message: str) -> NoReturn:
        raise ColdbenchError(explain_refusal("coldbench run", message, names))

    parser.error = refuse  # type: ignore[method-assign]
    overrides = parser.parse_intermixed_args(argv).overrides
    options = list(argv)
    for word in overrides:
        options.remove(word)
    return options, overrides


def _explain_lost_job(error: Exception) -> str | None:
    """Return the sentence about a job whose process died or whose output cannot be written.

    None for another error.
    """
    if isinstance(error, OSError) and error.errno in REASONS:
        where = f" {error.filename}" if error.filename else ""
        return f"the run's output{where} cannot be written: {explain_os_error(error)}"
    if type(error).__module__.split(".")[0] not in ("submitit", "joblib"):
        return None
    message = " ".join(str(error).split("\n")[:2]).strip(" .")
    return (
        f"a job's process ended without an outcome ({type(error).__name__}: {message}); the same "
        f"command again makes what is missing"
    )


def report_death(message: dict[str, Any], how: str) -> None:
    """Report the end of a process that died: what is missing and how to make it.

    Parameters
    ----------
    told
        What the process reported: the folder of its sweep or of its run.
    how
        How it ended.
    """
    from ..runs.summary import AGAIN, close_after_crash

    if message.get("sweep"):
        complain(f"the process of the sweep {how} before it was finished")
        close_after_crash(Path(message["sweep"]), how)
    else:
        log = f"; see {message['run']}/run.log" if message.get("run") else ""
        complain(f"the process of the run {how} before it was finished{log}; {AGAIN}")


def _is_sweep(options: list[str], overrides: list[str]) -> bool:
    """Say whether several methods are run: ``-m``, or an experiment that names them."""
    if {"-m", "--multirun"} & set(options):
        return True
    chosen = {word.removeprefix(_ADDED) for word in overrides if word.startswith(_ADDED)}
    return bool(chosen) and any(
        one.methods for name, one in read_experiments().items() if name in chosen
    )


def _expand_fixed_values(overrides: list[str]) -> list[str]:
    """Turn ``method.factors=8`` of a sweep into a sweep over one value.

    Hydra first composes what all jobs share, without the swept choices; where ``method`` itself
    is swept its fields do not exist yet. A swept field is left for the jobs.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import OverrideParseException

    parser, words = OverridesParser.create(), []
    for word in overrides:
        key, _, value = word.partition("=")
        try:
            single = not parser.parse_overrides([word])[0].is_sweep_override()
        except OverrideParseException:  # a mistake that Hydra will name
            single = False
        field = key.split(".")[0] in GROUPS and "." in key
        words.append(f"{key}=choice({value})" if single and field else word)
    return words


def _with_method_for_help(options: list[str], words: list[str]) -> list[str]:
    """Let ``--help`` show a whole configuration although no method is chosen."""
    if {"-h", "--help"} & set(options) and not any(word.startswith("method=") for word in words):
        return [*words, f"method={list_names('methods')[0]}"]
    return words


def _single(one: Outcome) -> int:
    """Report a run that is not part of a sweep."""
    if one.record is None or one.status == "not_applicable":
        raise ColdbenchError(one.reason or "the run could not be made")
    if one.status == "failed":
        complain(f"{one}; see {one.record}")
        return 1
    _show(one)
    return 0


def _show(one: Outcome) -> None:
    """Print the headline metric of every task with its interval."""
    from ..records.headline import choose_metric
    from ..records.record import read
    from ..terminal.console import format_duration, make_console, make_table

    out, record = make_console(), read(Path(str(one.record)))
    metric = choose_metric([record])
    rows = make_table("task", metric, "95 % interval", "users")
    for task, scores in record.scores.items():
        metric_value = scores.get(metric)
        if metric_value is not None and metric_value.mean is not None:
            interval = f"{metric_value.low:.4f} - {metric_value.high:.4f}"
            rows.add_row(task, f"{metric_value.mean:.4f}", interval, str(metric_value.n))
    out.print(f"{one} · {format_duration(one.seconds)}", soft_wrap=True)
    if rows.row_count:
        out.print(rows)
    out.print(str(one.record), soft_wrap=True)


@contextmanager
def _as_program(argv: list[str]) -> Iterator[None]:
    """Let Hydra read ``argv`` as its command line and raise its errors instead of ending here."""
    words, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [words[0], *argv]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    _forget_command()
    try:
        yield
    finally:
        sys.argv = words
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]


def _forget_command() -> None:
    """Take ``run`` out of the line that the shell completes: Hydra knows no commands."""
    line = os.environ.get("COMP_LINE")
    if line is not None:
        words = line.split(" ")
        os.environ["COMP_LINE"] = " ".join(w for i, w in enumerate(words) if (i, w) != (1, "run"))
