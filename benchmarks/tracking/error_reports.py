"""What W&B would send unasked when it fails."""

import os


def forbid_error_reports() -> None:
    """Keep W&B, if it is imported later, from reporting its errors.

    Those hold tracebacks, with paths of this machine.
    """
    os.environ["WANDB_ERROR_REPORTING"] = "false"
