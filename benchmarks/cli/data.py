"""``coldbench data fetch|add|verify|info|cache``: fetch a dataset, check it, print its card."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...datasets.acquire.file_set import FileSet
from ...datasets.acquire.install import add, fetch
from ...datasets.acquire.verify import verify
from ...datasets.card import Card
from ...datasets.dataset import Dataset
from ...datasets.errors import ColdbenchError, DataError
from ...datasets.side_information import FeatureColumn, SideInformation
from ...datasets.sources.own_files.import_report import ImportReport
from ..config.dataset_name import find_dataset_name
from ..plugins.published_files import declared_files, published, published_names
from ..plugins.registry import describe_unknown, find, list_names, list_offers
from ..terminal.console import make_console as results_console
from ..terminal.console import make_table
from .arguments import Arguments
from .data_cache import add_cache_arguments, show_cache

if TYPE_CHECKING:
    from rich.console import Console


def main(argv: list[str]) -> int:
    """Run ``coldbench data`` and return its exit status: 1 when a file fails ``verify``."""
    options = _parser().parse_args(argv)
    console = results_console()
    if options.action == "cache":
        return show_cache(options, console)
    if options.action == "fetch":
        return _fetch(options.name, console)
    if options.action == "add":
        return _add(options.name, Path(options.path).expanduser(), console)
    if options.action == "verify":
        return _verify(options.name, console)
    return _info(options.name, options.words, console)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench data",
        description="Fetch a dataset, check it, or print its card.",
        epilog=f"To fetch or add: {', '.join(published_names())}. "
        "Data lives under $COLDBENCH_DATA (default: the user's cache folder).",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, what in (
        ("fetch", "download a dataset; an interrupted download goes on where it stopped"),
        ("add", "take a dataset from a local archive or folder"),
        ("verify", "check an installed dataset against its checksums"),
        ("info", "print a dataset's card"),
    ):
        one = actions.add_parser(action, help=what, description=what)
        one.add_argument("name", metavar="NAME")
        if action == "add":
            one.add_argument("path", metavar="PATH", help="a zip, tar.gz or folder")
        if action == "info":
            one.add_argument(
                "words",
                metavar="KEY=VALUE",
                nargs="*",
                help="settings as in `coldbench run`: dataset.k_core=5, dataset.interactions=PATH",
            )
    kept = "show the sizes of what was computed once and is kept, or remove it"
    add_cache_arguments(actions.add_parser("cache", help=kept, description=kept))
    return parser


def _fetch(name: str, console: "Console") -> int:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    found = published(name)
    files = found.files
    _show_terms(name, found.card, console)
    if files.downloads and files.folder.is_dir() and all(one.good for one in verify(files)):
        console.print(f"{name} is already in {files.folder}", soft_wrap=True)
        return 0
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, TransferSpeedColumn(), console=console, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, Any] = {}

        def progress(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=total)
            bars.update(tasks[file], completed=done, total=total)

        folder = fetch(files, progress, note=lambda text: console.print(text, soft_wrap=True))
    console.print(f"{name} is in {folder}", soft_wrap=True)
    return 0


def _add(name: str, path: Path, console: "Console") -> int:
    found = published(name)
    _show_terms(name, found.card, console)
    folder = add(found.files, path, found.card.page)
    console.print(f"{name} is in {folder}", soft_wrap=True)
    return 0


def _show_terms(name: str, card: Card, console: "Console") -> None:
    """Show whose the files are and on which terms, before they are fetched or added."""
    console.print(f"{name}: {card.page or card.title}", soft_wrap=True)
    console.print(f"Licence: {card.licence}\nCitation: {card.citation}", soft_wrap=True)


def _verify(name: str, console: "Console") -> int:
    files = published(name).files
    checks = verify(files)
    for one in checks:
        word, style = ("ok   ", "green") if one.good else ("wrong", "red")
        console.print(word, style=style, end=" ")
        console.print(f"{one.file}: {one.remark}", soft_wrap=True)
    bad = [one for one in checks if not one.good]
    if bad:
        count = f"{len(bad)} of {len(checks)} files cannot be used"
        console.print(f"{count}; {files.remedy}", soft_wrap=True)
    return 1 if bad else 0


def _info(name: str, words: list[str], console: "Console") -> int:
    if name not in list_offers("datasets"):
        names = {*list_names("datasets"), *published_names()}
        if name not in names or words:
            raise ColdbenchError(describe_unknown("dataset", name, names))
        extra = published(name)
        _show_card(name, extra.card, extra.files, console)
        return 0
    source = _source(name, words)
    card = getattr(source, "card", None)
    if isinstance(card, Card):
        shown = find_dataset_name(source) if words else name
        _show_card(shown, card, declared_files(type(source)), console)
    else:
        console.print(f"{name} has no card", soft_wrap=True)
    report = None
    try:
        if hasattr(source, "load_with_report"):
            data, report = source.load_with_report()
        else:
            data = source.load()
    except DataError as error:
        console.print(f"\nNot loaded: {error}", soft_wrap=True)
        return 1 if words else 0
    _show_content(data, console)
    if isinstance(card, Card) and card.facts:
        _show_facts(card, console)
    if report is not None:
        _show_report(report, console)
    return 0


def _source(name: str, words: list[str]) -> Any:
    """Return the dataset with the settings of the arguments."""
    if not words:
        return find("datasets", name)()
    from ..config.run_config import compose_run

    return compose_run(["method=random", f"dataset={name}", *words]).dataset


def _show_card(name: str, card: Card, files: FileSet | None, console: "Console") -> None:
    console.print(f"{card.title} ({name})", style="bold")
    for label, text in (
        ("Publisher", card.publisher),
        ("Page", card.page),
        ("Licence", card.licence),
        ("Citation", card.citation),
    ):
        if text:
            console.print(f"{label}: {text}", soft_wrap=True)
    if files is not None:
        needed = ", ".join(" or ".join(names) for names in files.needed)
        console.print(f"Files: {needed} (in {files.folder})", soft_wrap=True)
    for limitation in card.limitations:
        console.print(f"Limitation: {limitation}", soft_wrap=True)


def _show_content(data: Dataset, console: "Console") -> None:
    pairs = data.interactions
    console.print(f"\nRule: {data.rule}", soft_wrap=True)
    console.print(
        f"{pairs.n_users:,} users x {pairs.n_items:,} items, {len(pairs):,} pairs, "
        f"{len(data.positives):,} positives; {data.merged:,} duplicate rows merged; "
        f"{_times(data)}",
        soft_wrap=True,
    )
    console.print(f"sha256 {data.sha256}\n", soft_wrap=True)
    known = make_table("side", "column", "kind", "values", "provenance")
    for side, information in (("user", data.users), ("item", data.items)):
        for row in _columns(information):
            known.add_row(side, *row)
    for name, provenance in _relations(data):
        known.add_row("graph", name, "relation", "", provenance)
    console.print(known)


def _show_facts(card: Card, console: "Console") -> None:
    """Show what says each fact in each form, and why a form does not."""
    console.print()
    told = make_table("side", "fact", "features", "text", "graph", "remark")
    for one in card.facts:
        forms = (one.features or "", one.text or "", one.graph or "")
        told.add_row(one.side.value, one.name, *forms, one.remark)
    console.print(told)


def _show_report(report: ImportReport, console: "Console") -> None:
    """Show what was found in the user's files and what was ignored."""
    console.print()
    for file, written in report.files:
        console.print(f"{file}: {written}", soft_wrap=True)
    found = make_table("file", "column", "kind", "found")
    for one in report.columns:
        found.add_row(one.table, one.column, one.kind, one.remark)
    console.print(found)
    console.print("Ignored:" if report.dropped else "Ignored: nothing", soft_wrap=True)
    for sentence in report.dropped:
        console.print(f"- {sentence}", soft_wrap=True)


def _times(data: Dataset) -> str:
    if data.interactions.timestamps is None:
        return "no timestamps"
    if data.interactions.has_all_times:
        return "timestamps complete"
    if data.positives.has_all_times:
        return "timestamps complete for the positives only"
    return "some timestamps are missing"


def _columns(side: SideInformation) -> list[tuple[str, str, str, str]]:
    rows = [
        (
            column.name,
            ("date" if column.dated else "number") if column.numeric else "categories",
            "as value and as category" if column.numeric else _values(column),
            column.provenance.value,
        )
        for column in side.columns
    ]
    for text in side.texts:
        filled = sum(1 for value in text.values if value)
        rows.append((text.name, "text", f"{filled:,} filled", text.provenance.value))
    for one in side.vectors:
        rows.append((one.name, "vector", f"{one.values.shape[1]:,}", one.provenance.value))
    return rows


def _values(column: FeatureColumn) -> str:
    """Say how many values a column has, and how many training entities must have one."""
    rare = column.minimum_count > 1
    return f"{len(column.values)}" + (f", kept from {column.minimum_count} on" if rare else "")


def _relations(data: Dataset) -> list[tuple[str, str]]:
    if data.graph is None:
        return []
    both = zip(data.graph.relation_names, data.graph.provenance, strict=True)
    return [(name, provenance.value) for name, provenance in both]
