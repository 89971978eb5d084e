"""Where a run was made: versions, hardware, commit; no host name and no folder."""

import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..config.run_config import RunConfig
from ..records.record import Environment

PACKAGES = (
    "coldbench", "numpy", "scipy", "numba", "torch", "pytorch-lightning", "transformers", "peft",
    "implicit", "lightfm-next",
)  # fmt: skip
"""Packages whose version may change a score."""

_VECTORS = ("avx512f", "avx2", "avx", "asimd")
"""Instruction sets by which libraries choose their kernels, widest first."""
_CPUINFO = Path("/proc/cpuinfo")

_CHECKOUT = Path(__file__).resolve().parents[2]


def describe_environment(config: RunConfig) -> Environment:
    """Return the facts of this process and of what the run may use."""
    return Environment(
        python=platform.python_version(),
        packages=_versions(),
        device=_device(config.device),
        threads=config.threads,
        machine=platform.machine(),
        processor=_processor(),
    )


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def _processor() -> str:
    """Return model and widest vector instructions: kernels of linear algebra round by these."""
    if not _CPUINFO.exists():
        return platform.processor()
    lines = (line.partition(":") for line in _CPUINFO.read_text().splitlines())
    facts = {key.strip(): value.strip() for key, _, value in lines}
    flags = facts.get("flags", facts.get("Features", "")).split()
    widest = next((name for name in _VECTORS if name in flags), "")
    model = facts.get("model name", platform.machine())
    return f"{model} ({widest})" if widest else model


def _device(device: str) -> str:
    """Return the device with the name of its model, where torch is loaded and knows it."""
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and torch is not None and torch.cuda.is_available():
        return f"{device} ({torch.cuda.get_device_name()})"
    return device


@cache
def find_commit() -> tuple[str | None, bool | None]:
    """Return coldbench's commit and whether its files differ from it; None outside a checkout.

    Records do not count: a sweep writes them while it runs.
    """
    if not (_CHECKOUT / ".git").exists():
        return None, None
    head = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":(exclude)results")
    return head, None if changed is None else bool(changed)


def _git(*words: str) -> str | None:
    """Return what git answers about the checkout, None where git is missing or refuses."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=_CHECKOUT, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
