"""Process-wide state that a method may change: restored when its run ends."""

import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np


@contextmanager
def keep_process_state() -> Iterator[None]:
    """Leave the state of the process as it was before the block, whatever is done inside.

    Kept are the environment variables, the working folder, ``sys.path``, the standard streams,
    the global generators of Python and numpy, warnings filters, numpy's reaction to floating-point
    errors, ``logging.disable`` and torch's default type and gradient mode.
    """
    with ExitStack() as stack:
        stack.enter_context(np.errstate())
        stack.enter_context(warnings.catch_warnings())
        for restore in (
            _environment(),
            _streams(),
            _generators(),
            _folder(),
            _search_path(),
            _logging(),
            _torch(),
        ):
            stack.callback(restore)
        yield


def _environment() -> Callable[[], None]:
    before = dict(os.environ)

    def restore() -> None:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        for name, value in before.items():
            if os.environ.get(name) != value:
                os.environ[name] = value

    return restore


def _streams() -> Callable[[], None]:
    out, err = sys.stdout, sys.stderr

    def restore() -> None:
        sys.stdout, sys.stderr = out, err

    return restore


def _generators() -> Callable[[], None]:
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002

    def restore() -> None:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002

    return restore


def _folder() -> Callable[[], None]:
    before = Path.cwd()
    return lambda: os.chdir(before)


def _search_path() -> Callable[[], None]:
    before = list(sys.path)

    def restore() -> None:
        sys.path[:] = before

    return restore


def _logging() -> Callable[[], None]:
    before = logging.root.manager.disable
    return lambda: logging.disable(before)


def _torch() -> Callable[[], None]:
    """Restore torch, to its own defaults where it is first loaded by the run."""
    torch = sys.modules.get("torch")
    default = torch.get_default_dtype() if torch is not None else None
    gradients = torch.is_grad_enabled() if torch is not None else True

    def restore() -> None:
        loaded = sys.modules.get("torch")
        if loaded is not None and hasattr(loaded, "set_default_dtype"):
            loaded.set_default_dtype(default or loaded.float32)
            loaded.set_grad_enabled(gradients)

    return restore
