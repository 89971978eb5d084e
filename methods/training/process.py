"""What a training changes in its process and puts back; what ends it from outside."""

import logging
import os
import random
import re
import signal
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
import torch

_LOGGERS = ("pytorch_lightning", "lightning_fabric", "pytorch_lightning.utilities.rank_zero")


@contextmanager
def lightning_contained(seed: int) -> Iterator[None]:
    """Silence Lightning's banners, seed numpy and Python, and put everything back afterwards.

    Put back are logging levels, environment variables, warnings filters, the global generators of
    numpy and Python, and the switches of torch that Trainer flags turn.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels, environment = [one.level for one in loggers], dict(os.environ)
    generators = np.random.get_state(), random.getstate()  # noqa: NPY002
    deterministic = torch.are_deterministic_algorithms_enabled()
    benchmark = torch.backends.cudnn.benchmark
    for one in loggers:
        one.setLevel(logging.ERROR)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)
    try:
        with warnings.catch_warnings():
            for pattern in (r".*pytorch_lightning.*", r".*lightning_fabric.*", r".*torch.*"):
                warnings.filterwarnings("ignore", module=pattern)
            yield
    finally:
        np.random.set_state(generators[0])  # noqa: NPY002
        random.setstate(generators[1])
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.benchmark = benchmark
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End a training at once on SIGTERM, and on SIGUSR1 inside a Slurm job.

    The block is left by ``KeyboardInterrupt``; the checkpoint of the last epoch is on disk, and
    the same command goes on from there. On SIGUSR1, by which Slurm announces preemption, the job
    is restored into the queue first, as Lightning does. A handler that another entity (such as
    submitit, which requeues by itself) has installed stays.
    """
    wanted: dict[int, Callable[[int, FrameType | None], Any]] = {signal.SIGTERM: _interrupt}
    if "SLURM_JOB_ID" in os.environ and hasattr(signal, "SIGUSR1"):
        wanted[signal.SIGUSR1] = _requeue
    if threading.current_thread() is not threading.main_thread():
        wanted = {}
    before = {number: signal.getsignal(number) for number in (*wanted, signal.SIGINT)}
    for number, handler in wanted.items():
        if before[number] == signal.SIG_DFL:
            signal.signal(number, handler)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, was in before.items():  # Lightning leaves SIGINT ignored
                if was is not None:
                    signal.signal(number, was)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"ended by {signal.Signals(number).name}")


def _requeue(number: int, frame: FrameType | None) -> None:
    job = os.environ["SLURM_JOB_ID"]
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    if os.environ.get("SLURM_PROCID", "0") == "0" and re.fullmatch(r"[0-9_]+", job):
        done = subprocess.run(["scontrol", "requeue", job], check=False)
        told = "restored into the queue" if done.returncode == 0 else "not restored into the queue"
        logging.getLogger(__name__).warning("Slurm job %s was %s", job, told)
    _interrupt(number, frame)
