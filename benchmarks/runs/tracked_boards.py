"""``tracking.leaderboard=true``: the leaderboards of W&B are updated after a run or a sweep."""

import logging
import sys
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..config.masking import Mask, mask_typed_texts
from ..isolation.first_process import is_first_process
from ..records.home import results_home
from ..tracking.tracker import describe_error


def update_leaderboards(config: DictConfig) -> bool:
    """Send the leaderboards if a composed configuration asks for it, and say whether they went.

    Whatever goes wrong costs one sentence on standard error, never the runs.
    """
    asked: Any = OmegaConf.select(config, "tracking.leaderboard", default=False)
    if asked is not True or not is_first_process():
        return False
    from ..tracking.board_run import send_boards

    try:
        tracking: Any = mask_typed_texts(OmegaConf.to_object(config.tracking))
        sent = send_boards(tracking, results_home(config.results))
    except (Exception, SystemExit) as error:  # a service that mirrors must never stop a run
        logging.getLogger(__name__).info("the leaderboards were not mirrored", exc_info=True)
        sys.stderr.write(
            "warning: the leaderboards of W&B were not updated "
            f"({Mask.of({}).text(describe_error(error))}); once that is fixed: "
            "coldbench wandb leaderboard\n"
        )
        return False
    return sent.sent
