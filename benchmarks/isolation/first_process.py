"""Which of several processes that train together this one is."""

import os

_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


def is_first_process() -> bool:
    """Say whether this process is alone or has rank 0, by the variables that launchers set."""
    ranks = [os.environ[name] for name in _RANKS if os.environ.get(name)]
    return not ranks or ranks[0] == "0"
