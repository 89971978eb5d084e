"""Where runs appear in W&B and what stands next to them: the settings of ``tracking=wandb``."""

from dataclasses import dataclass
from enum import Enum

from ...datasets.parameters import parameter


class Mode(str, Enum):
    """Whether records are sent at once or kept for ``wandb sync``."""

    OFFLINE = "offline"
    ONLINE = "online"


@dataclass
class Destination:
    """A project of W&B, and how runs are sent there."""

    project: str = parameter("coldbench", "the project in which the runs appear")
    entity: str | None = parameter(None, "whose project it is; None is W&B's own default")
    mode: Mode = parameter(Mode.OFFLINE, "offline writes files for `wandb sync`, online sends")
    dir: str | None = parameter(
        None, "folder in which W&B makes its folder wandb; None is $WANDB_DIR, else the current one"
    )
    group: str | None = parameter(None, "group of the runs; None is <scenario>/<dataset>")
    tags: list[str] = parameter([], "tags of the runs, after those of the record")
    notes: str | None = parameter(None, "text that stands next to the runs")
    timeout: float = parameter(
        30.0, "seconds that a server may take to begin a run; it has four times that for its end",
        minimum=1,
    )  # fmt: skip
