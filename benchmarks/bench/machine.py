"""The machine and the versions behind the seconds, without names or folders."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("numpy", "scipy", "numba", "implicit", "torch", "pytorch-lightning", "polars")
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""What Linux calls bf16 arithmetic, on x86 and on ARM; without it torch is slower than in fp32."""


def describe_machine() -> dict[str, str | int]:
    """Return the processor's model, its cores, the Python and the packages measured."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def has_bf16() -> bool:
    """Say whether the processor is known to multiply bf16 numbers by itself."""
    return bool(BF16_FLAGS & set((_told("flags") or _told("Features")).split()))


def _processor() -> str:
    """Return the model as Linux names it, else what Python knows."""
    return _told("model name") or platform.processor() or platform.machine()


def _told(key: str) -> str:
    """Return what Linux says of the first core under a key, empty where it says nothing."""
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.partition(":")[0].strip() == key:
                return line.partition(":")[2].strip()
    return ""
