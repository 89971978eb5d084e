"""``coldbench explain``: what carried a recommendation, of the history and of the text."""

import argparse
import json
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ...datasets.errors import ColdbenchError
from .arguments import Arguments

if TYPE_CHECKING:
    from rich.console import Console

    from ..explain.explanation import Explanation, Part
    from ..explain.request import Answer

DESCRIPTION = """\
Leave out each item of a user's history, and each word of a recommended item's text, and show what
the recommendation loses: how much smaller its margin over the mean score of the other candidates
becomes, and which rank it then has. Where the method has an account of its own (gradients), that
stands next to it. Nothing that the test part hides is read.
"""
WORDS = """\
words:
  user=ID            whose recommendations, an original id of the dataset
  item=ID            which of the candidates; without it the best ones
  top=5              how many of the best
  task=NAME          new_item/cold/k=0; without it a task that asks the user, about cold entities
                     where there is one
  rows=5             how many of the strongest items and words a table has
  method=NAME ...    and the other words of `coldbench run`: dataset=, scenario=, seed= ...

example: coldbench explain method=text_ridge dataset=ml-100k scenario=new_item user=7 top=2
"""


def main(argv: list[str]) -> int:
    """Explain the recommendations of a user; return 0.

    Raises
    ------
    ColdbenchError
        For words that describe no run, user, item or task, and when the method fails.
    """
    parser = _parser()
    if not argv:
        parser.print_help()
        return 2
    options = parser.parse_intermixed_args(argv)
    from ..explain.request import answer, parse_request

    request, words = parse_request(options.words)
    _refuse_options(words)
    out = None if options.out is None else Path(options.out).expanduser()
    form = options.format or ("json" if out is not None and out.suffix == ".json" else "table")
    made = answer(request, words, keep=options.keep)
    if form == "json":
        text = json.dumps(made.explanations.plain(), indent=2, ensure_ascii=False) + "\n"
    else:
        text = _draw(made, request.rows, to_file=out is not None)
    _write(text, out)
    return 0


def _write(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file and say where."""
    if out is None:
        sys.stdout.write(text)
        return
    from ...datasets.atomic import replace_atomically
    from ..terminal.console import make_console

    try:
        with replace_atomically(out) as file:
            file.write(text.encode())
    except OSError as error:
        raise ColdbenchError(f"--out {out} cannot be written: {error.strerror}") from error
    make_console().print(f"{out}: {len(text.encode()):,} bytes", soft_wrap=True)


def _draw(made: "Answer", rows: int, *, to_file: bool) -> str:
    """Return the tables as text, as wide as the screen."""
    from ..terminal.console import PLAIN_WIDTH, SafeConsole, make_console

    screen = make_console()
    width = PLAIN_WIDTH if to_file else screen.width
    out = SafeConsole(
        file=StringIO(),
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=screen.is_terminal and not to_file,
    )
    _show(out, made, rows)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def _show(out: "Console", made: "Answer", rows: int) -> None:
    from ..terminal.console import say

    one = made.explanations
    size = one.history_size
    say(
        out,
        f"{one.method} · {one.scenario}/{one.dataset} · seed {one.seed} · task {one.task} · user "
        f"{one.user} ({size} {'item' if size == 1 else 'items'} in the history)",
    )
    say(out, _tell_model(made))
    for note in one.notes:
        say(out, note)
    for explanation in one.found:
        out.print()
        _show_one(out, explanation, rows)


def _tell_model(made: "Answer") -> str:
    """Return where the fitted method comes from."""
    from ..terminal.console import format_duration

    model = made.model
    if model.seconds is None:
        return f"fitted before, read from {model.path}"
    kept = f"kept as {model.path}" if model.path else "--keep keeps it for the next user"
    return (
        f"no fitted model of this run was kept: fitted in {format_duration(model.seconds)}; {kept}"
    )


def _show_one(out: "Console", one: "Explanation", rows: int) -> None:
    from ..terminal.console import say

    say(out, f"item {one.item}" + (f" · {one.text}" if one.text else ""))
    say(
        out,
        f"rank {one.rank} of {one.candidates}, score {one.score:.4g}: {one.margin:+.4g} over the "
        f"mean of the others",
    )
    _show_parts(out, "item left out", one.history, rows)
    _show_parts(out, "word left out", one.words, rows)
    agreement = one.agreement()
    if agreement:
        parts = {"history": one.history, "words": one.words}
        found = [f"{value:.2f} over {len(parts[n])} of {n}" for n, value in agreement.items()]
        say(out, f"rank correlation of effect and attribution: {', '.join(found)}")


def _show_parts(out: "Console", head: str, parts: "tuple[Part, ...]", rows: int) -> None:
    """Print the parts with the largest effects, and say how many there are besides."""
    from ..terminal.console import make_table, say
    from ..terminal.fitted_table import TableColumn

    if not any(part.effect or part.attribution for part in parts):
        return
    told = any(part.attribution is not None for part in parts)
    named = any(part.text for part in parts)
    columns = [head, "effect", "rank without", *(["attribution"] if told else [])]
    made = make_table(*columns, *([TableColumn("text", leave=1)] if named else []))
    ordered = sorted(parts, key=lambda part: -part.effect)
    for part in ordered[:rows]:
        name = part.name if part.count == 1 else f"{part.name} ({part.count} times)"
        cells = [name, f"{part.effect:+.4g}", str(part.rank_without)]
        cells += (
            [] if not told else ["" if part.attribution is None else f"{part.attribution:+.4g}"]
        )
        made.add_row(*cells, *([part.text] if named else []))
    out.print(made)
    rest = ordered[rows:]
    if rest:
        say(
            out,
            f"and {len(rest)} more, from {rest[0].effect:+.4g} to {rest[-1].effect:+.4g}; "
            f"rows={len(parts)} or --format json shows all",
        )


def _refuse_options(words: list[str]) -> None:
    """Refuse words that ask for several runs."""
    for word in words:
        key, _, value = word.partition("=")
        if key in ("method", "dataset", "scenario", "seed") and "," in value:
            raise ColdbenchError(f"{word!r}: coldbench explain explains one run; choose one {key}")


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench explain",
        description=DESCRIPTION,
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="as below")
    parser.add_argument(
        "--format",
        choices=("table", "json"),
        help="json has every item and word (table; json where --out ends in .json)",
    )
    parser.add_argument("--out", metavar="FILE", help="write it there instead of printing it")
    parser.add_argument(
        "--keep", action="store_true", help="keep the fitted method for the next explanation"
    )
    return parser
