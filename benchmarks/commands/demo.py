"""``coldbench demo``: every family on the embedded dataset, then the leaderboard."""

import sys
from importlib.resources import files

from ...datasets.errors import ColdbenchError
from ..arguments import unknown_word
from ..cli import complain
from ..overlays import CONFIG_MODULE
from ..registry import offers
from . import leaderboard, run

EXPERIMENT = "first_run"
TASKS = ("new_item/cold/k=0", "new_user/warm/k=5", "new_user_new_item/cold/k=5")
"""Shown in detail, with intervals and costs, above the overview: one of each cold side."""

USAGE = f"""usage: coldbench demo [key=value ...]

Runs the sweep of conf/experiment/{EXPERIMENT}.yaml (reference rows, collaborative, content, hybrid,
knowledge-graph and language-model methods on movietweetings, all cold sides, split seed 0),
skips what is finished, and prints the leaderboard. Words are handed to the sweep, for example
threads=2 or seed=0,1,2.
"""


def main(argv: list[str]) -> int:
    """Run the sweep and print the leaderboard of its dataset and scenario."""
    if {"-h", "--help"} & set(argv):
        sys.stdout.write(USAGE)
        return 0
    bad = [word for word in argv if "=" not in word or word.startswith("-")]
    if bad and bad[0].startswith("-"):
        raise ColdbenchError(unknown_word("coldbench demo", bad[0], ["--help"]))
    if bad:
        raise ColdbenchError(f"demo takes words such as threads=2, not {bad[0]!r}")
    offered = [name for name in _methods() if _is_offered(name)]
    status = run.main([f"+experiment={EXPERIMENT}", f"method={','.join(offered)}", *argv])
    shown = ["--dataset", "movietweetings", "--scenario", "grid"]
    for word in argv:
        if word.startswith("results="):
            shown += ["--results", word.removeprefix("results=")]
    tasks = () if any(word.startswith("scenario") for word in argv) else TASKS
    for task in tasks:
        leaderboard.main([*shown, "--task", task])
    leaderboard.main(shown)
    return status


def _methods() -> list[str]:
    """Return the methods that the experiment names."""
    from omegaconf import OmegaConf

    text = (files(CONFIG_MODULE) / "experiment" / f"{EXPERIMENT}.yaml").read_text()
    return str(OmegaConf.create(text).hydra.sweeper.params.method).split(",")


def _is_offered(name: str) -> bool:
    """Say whether a method can be run here; tell why where it cannot."""
    offer = offers("methods")[name]
    if offer.reason is not None:
        complain(f"{name} is left out: {offer.reason}")
    return offer.reason is None
