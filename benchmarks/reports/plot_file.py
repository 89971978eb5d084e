"""A plot of matplotlib as a file: the same plot gives the same SVG, to the last byte."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError

FORMATS = (".svg", ".png", ".pdf")


def write_plot(make: Callable[[], Any], path: Path, what: str) -> None:
    """Write a plot.

    Parameters
    ----------
    make
        Draws it, as matplotlib has it.
    path
        Its ending, one of ``FORMATS``, says what is written.
    what
        The plot in words, for the error.

    Raises
    ------
    ColdbenchError
        For another ending, or without the extra ``plots``.
    """
    if path.suffix not in FORMATS:
        raise ColdbenchError(
            f"--diagram {path} must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        )
    made = {"Date": None} if path.suffix == ".svg" else {}
    with draw_plain_text(what), replace_atomically(path) as file:
        make().savefig(file, format=path.suffix[1:], metadata=made)


@contextmanager
def draw_plain_text(what: str, *packages: str) -> Iterator[None]:
    """Keep letters as letters and names as they are in an SVG file; refuse without the extra.

    Parameters
    ----------
    what
        What is drawn, for the error.
    packages
        Needed next to matplotlib.
    """
    try:
        import matplotlib

        for name in packages:
            import_module(name)
    except ImportError as error:
        raise ColdbenchError(
            f"{what} needs {error.name}; install it with: pip install 'coldbench[plots]'"
        ) from error
    with matplotlib.rc_context({"svg.hashsalt": "coldbench", "svg.fonttype": "none"}):
        yield
