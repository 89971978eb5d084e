"""``coldbench demo``: every family on one dataset, then its leaderboard on one screen."""

import sys
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..config.overlays import read_experiments
from ..plugins.registry import describe_unknown_option, find, list_names, list_offers
from ..terminal.complaint import complain
from . import run

EXPERIMENT = "first_run"

USAGE = f"""usage: coldbench demo [key=value ...]

Runs the sweep of conf/experiment/{EXPERIMENT}.yaml (baselines, collaborative, content, hybrid,
knowledge-graph and language-model methods on movietweetings, all cold sides, split seed 0),
skips what is finished, and prints the leaderboard of these runs on one screen. Further arguments
go to the sweep: dataset=planted, seed=0,1,2, threads=2.
"""


def main(argv: list[str]) -> int:
    """Run the sweep and print the leaderboard of its runs; return the status of the sweep."""
    if {"-h", "--help"} & set(argv):
        sys.stdout.write(USAGE)
        return 0
    _refuse(argv)
    methods = [f"method={','.join(name for name in _methods() if _is_offered(name))}"]
    if any(word.startswith("method=") for word in argv):
        methods = []
    status = run.main([f"+experiment={EXPERIMENT}", *methods, *argv])
    _show()
    return status


def _show() -> None:
    """Print the leaderboard of every dataset of the sweep that was just made."""
    from ..records.record import read
    from ..reports.cold_sides import show_sides
    from ..reports.group_records import build_boards
    from ..runs.sweep_watch import swept

    records = [read(Path(one.record)) for one in swept if one.record is not None]
    if not any(one.scores for one in records):
        raise ColdbenchError("no run has scores; the reasons are above")
    for board in build_boards(records):
        show_sides(board)


def _refuse(argv: list[str]) -> None:
    """Refuse arguments that do not belong to the demo."""
    for word in argv:
        key, equals, value = word.lstrip("+").partition("=")
        if word.startswith("-"):
            raise ColdbenchError(describe_unknown_option("coldbench demo", word, ["--help"]))
        if not equals:
            raise ColdbenchError(f"demo takes words such as threads=2, not {word!r}")
        if key in ("experiment", "sweep", "hydra.mode"):
            raise ColdbenchError(
                f"demo is the experiment {EXPERIMENT}; another one is run by: coldbench run {word}"
            )
        if key == "scenario":
            for name in value.split(","):
                _refuse_warm(name)


def _refuse_warm(name: str) -> None:
    """Refuse a scenario in which nobody is cold."""
    if name in list_names("scenarios"):
        scenario = find("scenarios", name)
        if not (getattr(scenario, "cold_users", False) or getattr(scenario, "cold_items", False)):
            raise ColdbenchError(
                f"demo shows the cold sides, and scenario {name!r} has none; "
                f"it is run by: coldbench run -m scenario={name} method=popularity,item_knn"
            )


def _methods() -> tuple[str, ...]:
    """Return the methods that the experiment names."""
    return read_experiments()[EXPERIMENT].methods


def _is_offered(name: str) -> bool:
    """Say whether a method can be run here; report why if it cannot."""
    offer = list_offers("methods")[name]
    if offer.reason is not None:
        complain(f"{name} is left out: {offer.reason}")
    return offer.reason is None
