"""``coldbench wandb``: the records and leaderboards of a folder in a project of W&B."""

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import check_parameters
from ..config.masking import Mask, mask_typed_texts
from ..records.home import results_home
from ..terminal.complaint import complain
from ..terminal.console import make_console
from ..terminal.progress_bar import show_progress
from ..tracking.destination import Mode
from ..tracking.tracker import describe_error
from ..tracking.wandb import WandbTracking
from .arguments import Arguments

DEFAULTS = WandbTracking()


def main(argv: list[str]) -> int:
    """Send what a project lacks; return 1 when something was not sent."""
    options = _parser().parse_args(argv)
    home = results_home(options.results)
    if not home.is_dir():
        raise ColdbenchError(f"no folder {home}; name the folder of the records: --results DIR")
    if find_spec("wandb") is None:
        raise ColdbenchError("wandb is not installed; pip install 'coldbench[wandb]'")
    tracking = WandbTracking(
        project=options.project,
        entity=options.entity,
        mode=Mode(options.mode),
        dir=options.dir,
        group=options.group,
        tags=[one for one in options.tags.split(",") if one],
        notes=options.notes,
        timeout=options.timeout,
    )
    check_parameters(tracking, "")
    tracking = mask_typed_texts(tracking)
    send = _push if options.command == "push" else _send_boards
    try:
        return send(tracking, home)
    except ColdbenchError:
        raise
    except (Exception, SystemExit) as error:
        _complain(
            f"nothing was sent, the records are as they were: W&B does not answer as it should "
            f"({describe_error(error)}); once that is fixed, the same command sends what is missing"
        )
        return 1


def _complain(sentence: str) -> None:
    """Write a sentence without what looks like a secret: it quotes W&B."""
    complain(Mask.of({}).text(sentence))


def _push(tracking: WandbTracking, home: Path) -> int:
    from ..tracking.push import push

    with show_progress("wandb push") as progress:
        progress.begin("push")
        done = push(tracking, home, progress, _complain)
    parts = [f"{done.sent:,} sent", f"{done.there:,} there already"]
    if done.failures:
        parts.append(f"{len(done.failures):,} not sent")
    if done.left:
        parts.append(f"{done.left:,} not tried, since W&B no longer answers")
    _tell(tracking, "; ".join(parts), done.sent)
    return int(bool(done.failures or done.left))


def _send_boards(tracking: WandbTracking, home: Path) -> int:
    from ..tracking.board_run import send_boards

    done = send_boards(tracking, home)
    what = f"{done.boards:,} leaderboards with {done.rows:,} rows"
    _tell(tracking, f"{what} {'sent' if done.sent else 'there already'}", int(done.sent))
    if done.report:
        make_console().print(done.report, soft_wrap=True)
    return 0


def _tell(tracking: WandbTracking, message: str, sent: int) -> None:
    """Print the closing line, and offline how what was written is sent."""
    out = make_console()
    out.print(f"{tracking.project}: {message}", soft_wrap=True)
    if sent and tracking.mode is Mode.OFFLINE:
        place = f"{tracking.dir}/wandb" if tracking.dir else "wandb"
        out.print(f"to send them: wandb sync {place}/offline-run-*", soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench wandb", description="Records and leaderboards in a project of W&B."
    )
    commands: Any = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, what in (
        ("push", "send the records that are missing in the project, each as one run"),
        ("leaderboard", "bring the run that holds the leaderboards of the project up to date"),
    ):
        one = commands.add_parser(name, help=what, description=f"{what.capitalize()}.")
        one.add_argument("--results", metavar="DIR", help="folder of the records (results)")
        one.add_argument("--project", default=DEFAULTS.project, help=f"({DEFAULTS.project})")
        one.add_argument("--entity", metavar="NAME", help="user or team (W&B's own default)")
        one.add_argument(
            "--mode",
            choices=[mode.value for mode in Mode],
            default=DEFAULTS.mode.value,
            help="offline writes files for `wandb sync`, online sends (offline)",
        )
        one.add_argument("--dir", metavar="DIR", help="where W&B makes its folder wandb")
        one.add_argument("--group", metavar="NAME", help="of the runs (<scenario>/<dataset>)")
        one.add_argument("--tags", metavar="A,B", default="", help="added to those of the record")
        one.add_argument("--notes", metavar="TEXT", help="stands next to the runs")
        one.add_argument(
            "--timeout",
            type=float,
            metavar="SECONDS",
            default=DEFAULTS.timeout,
            help=f"that a server may take to begin a run ({DEFAULTS.timeout:g})",
        )
    return parser
