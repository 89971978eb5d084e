"""What the command line requests to check: names and arguments as for a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...datasets.errors import ColdbenchError
from ..config.run_config import RunConfig, compose_run
from ..plugins.registry import GROUPS, describe_unknown, find, list_names, list_offers

ANY_METHOD = "random"
"""The method where none is given: neither a dataset nor a split depends on it."""


@dataclass(frozen=True)
class CheckRequest:
    """One subject to check, as the command line names it.

    Attributes
    ----------
    kind
        ``method``, ``dataset`` or ``scenario``.
    name
        The option that is chosen.
    words
        Further words of a run, ``dataset=ml-1m`` or ``method.factors=8``.
    """

    kind: str
    name: str
    words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name, with the words that were added."""
        return " ".join((self.name, *self.words))

    def chooses(self, group: str) -> bool:
        """Say whether the words choose an option of a group."""
        return any(word.startswith(f"{group}=") for word in self.words)

    def composed(self) -> RunConfig:
        """Return the run that the words describe.

        Raises
        ------
        ColdbenchError
            For an option, a field or a value that does not exist.
        """
        words = [f"{self.kind}={self.name}", *self.words]
        if self.kind != "method":
            words.append(f"method={ANY_METHOD}")
        return compose_run(words)


def parse_requests(typed: Sequence[str]) -> list[CheckRequest]:
    """Return what is to be examined, each with the words that go with it.

    Parameters
    ----------
    typed
        Bare names, and words of a run. Without a bare name the first of ``method=``, then
        ``scenario=``, then ``dataset=`` is examined; the other words say with what.

    Raises
    ------
    ColdbenchError
        For a name that is not registered or that stands for several kinds, and for words that
        describe no run.
    """
    names = [word for word in typed if "=" not in word]
    words = [word for word in typed if "=" in word]
    for word in words:
        _require_known_word(word)
    chosen = [(_kind(name), name) for name in names]
    if not names:
        chosen, words = _chosen(words)
    if not chosen:
        raise ColdbenchError("check needs the name of a method, dataset or scenario, or --all")
    request = [CheckRequest(kind, name, tuple(words)) for kind, name in chosen]
    for one in request:
        _require_sense(one)
    return request


def _require_known_word(word: str) -> None:
    group = word.lstrip("+~").partition("=")[0].partition(".")[0]
    if group not in (*GROUPS, "seed"):
        raise ColdbenchError(
            f"check takes words of method, dataset, scenario and seed, not {word!r}"
        )


def _chosen(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return what the words name, and the words that are left."""
    for group in ("method", "scenario", "dataset"):
        named = [word for word in words if word.startswith(f"{group}=")]
        if named:
            left = [word for word in words if word not in named]
            options = (one for word in named for one in word.partition("=")[2].split(","))
            return [(group, option) for option in options], left
    return [], words


def _kind(name: str) -> str:
    """Return the kind of a bare name."""
    known = {group: list_offers(kind) for group, kind in GROUPS.items()}
    kinds = [group for group in known if name in known[group]]
    if not kinds:
        every = {one for kind in GROUPS.values() for one in list_names(kind)}
        raise ColdbenchError(describe_unknown("method, dataset or scenario", name, every))
    if len(kinds) > 1:
        ways = " or ".join(f"check {group}={name}" for group in kinds)
        raise ColdbenchError(f"{name!r} is a {' and a '.join(kinds)}; write {ways}")
    return kinds[0]


def _require_sense(request: CheckRequest) -> None:
    """Refuse what cannot be composed, before a process is started for it."""
    if request.chooses(request.kind):
        raise ColdbenchError(f"{request.name} is examined; leave out {request.kind}=")
    if request.kind != "method":
        unexpected = [word for word in request.words if word.lstrip("+~").startswith("method")]
        if unexpected:
            raise ColdbenchError(
                f"a {request.kind} is examined without a method; drop {unexpected[0]}"
            )
    if request.kind == "method" and not request.words and request.name in list_offers("methods"):
        find("methods", request.name)
        return
    request.composed()
