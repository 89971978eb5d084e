"""The machine and the versions behind the seconds, without names or folders."""

import os
import platform
from importlib.metadata import version

from ...datasets.arithmetic import find_in_processor_list

PACKAGES = ("numpy", "scipy", "numba", "implicit", "torch", "pytorch-lightning", "polars")


def describe_machine() -> dict[str, str | int]:
    """Return the processor's model, its cores, the Python and the packages measured."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    """Return the model as Linux names it, else what Python knows."""
    return find_in_processor_list("model name") or platform.processor() or platform.machine()
