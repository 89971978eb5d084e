"""``coldbench new-method``: a package with a working method to start from."""

import argparse
import keyword
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from string import Template

from ...datasets.errors import ColdbenchError
from ..plugins.registry import list_offers
from ..terminal.console import make_console
from .arguments import Arguments

TEMPLATES = Path(__file__).parents[1] / "templates"
KINDS = {
    "plain": "numpy and scipy: counts that items share",
    "lightning": "an ordinary LightningModule: two towers over content",
}
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_SUFFIX = ".tmpl"


def main(argv: Sequence[str]) -> int:
    """Write a package folder for a new method; return 0.

    Raises
    ------
    ColdbenchError
        A name that cannot be used, a folder that is there already or cannot be written.
    """
    wanted = _parser().parse_args(list(argv))
    check_name(wanted.name)
    files = dict(render_template(wanted.name, wanted.kind))
    folder = Path(wanted.dir).expanduser() / _project(wanted.name)
    write_folder(folder, files)
    out = make_console()
    out.print(f"{folder} holds {', '.join(sorted(files))}", soft_wrap=True)
    for line in (
        f"pip install -e {folder}",
        f"coldbench run method={wanted.name} dataset=planted",
        f"coldbench check {wanted.name}",
        f"python -m pytest {folder}",
    ):
        out.print(f"  {line}", soft_wrap=True)
    return 0


def check_name(name: str) -> None:
    """Refuse a name that cannot name a method, its entry point and its module at once.

    Raises
    ------
    ColdbenchError
        With the nearest name that could.
    """
    if not _IDENTIFIER.fullmatch(name) or keyword.iskeyword(name):
        raise ColdbenchError(
            f"{name!r} cannot name a method: it must be a Python identifier in small letters; "
            f"did you mean {_nearest_identifier(name)}?"
        )
    offer = list_offers("methods").get(name)
    if offer is not None:
        raise ColdbenchError(
            f"there is a method {name!r} already, {offer.value} of {offer.distribution}; "
            f"did you mean my_{name}? choose a name that `coldbench list methods` does not show"
        )
    if find_spec(name) is not None:
        raise ColdbenchError(
            f"there is a Python module {name!r} already, which the method's file would hide; "
            f"did you mean my_{name}?"
        )


def render_template(name: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the path inside the package and the text of every file of a template.

    Raises
    ------
    ColdbenchError
        When the class would have the name of something that its file uses.
    """
    root, class_name = TEMPLATES / kind, _class_name(name)
    paths = sorted(root.rglob(f"*{_SUFFIX}"))
    inside = {
        path.relative_to(root).as_posix().removesuffix(_SUFFIX).replace("NAME", name): path
        for path in paths
    }
    modules = [file.removesuffix(".py") for file in inside if re.fullmatch(r"\w+\.py", file)]
    words = {
        "name": name,
        "class_name": class_name,
        "project": _project(name),
        "modules": ", ".join(f'"{module}"' for module in modules),
    }
    for file, path in inside.items():
        text = path.read_text(encoding="utf-8")
        if file.endswith(".py") and re.search(rf"\b{class_name}\b", text):
            raise ColdbenchError(
                f"the class of {name!r} would be called {class_name}, as something that {file} "
                f"uses; did you mean my_{name}?"
            )
        yield file, Template(text).substitute(words)


def write_folder(folder: Path, files: dict[str, str]) -> None:
    """Write files into a new folder, which appears atomically.

    Raises
    ------
    ColdbenchError
        It is there already, or cannot be written.
    """
    if os.path.lexists(folder):
        raise ColdbenchError(
            f"{folder} is there already and is left as it is; remove it, or choose another place "
            f"with --dir"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as stage:
            ready = Path(stage) / "ready"
            for name, text in files.items():
                path = ready / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            ready.rename(folder)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ColdbenchError(
            f"{folder} cannot be written ({reason}); choose another place with --dir"
        ) from error


def _project(name: str) -> str:
    """Return the name of package and folder, which always has a hyphen.

    A folder called as the module would be imported in its stead where it lies below the working
    folder: Python asks the finder of an editable install last.
    """
    project = name.replace("_", "-").strip("-")
    return project if "-" in project else f"coldbench-{project}"


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _nearest_identifier(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    letters = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    if not letters or not letters[0].isalpha():
        letters = f"my_{letters or 'method'}"
    return f"my_{letters}" if keyword.iskeyword(letters) else letters


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench new-method",
        description="Write a package with a method that runs and conforms, its test and a README.",
        epilog="Kinds: " + "; ".join(f"{kind}: {what}" for kind, what in KINDS.items()) + ".",
    )
    parser.add_argument("name", metavar="NAME", help="of the method: small letters, digits, _")
    parser.add_argument("--kind", choices=tuple(KINDS), default="plain", help="(plain)")
    parser.add_argument("--dir", metavar="DIR", default=".", help="where the folder goes (here)")
    return parser
