"""What is typed behind ``coldbench tune``: a run without a test, a budget and search ranges."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import parameter
from ...datasets.validation_score import GROUPS
from ..config.configured import configured
from ..config.run_config import RunConfig, compose_run
from .fit_trial import MEAN
from .search_space import Dimension, list_dimensions, require_dimensions
from .typed_ranges import read_ranges


@dataclass
class Budget:
    """What a search may use, the same for every method that is compared."""

    trials: int = parameter(30, "settings that are fitted, the method's own the first", minimum=1)
    minutes: float = parameter(20.0, "of the clock, for all trials together", above=0)
    group: str = parameter(MEAN, "what is validated", choices=(MEAN, *GROUPS))
    seeds: list[int] = parameter([0], "of the splits that every trial is fitted on", minimum=0)


@dataclass
class TuneSettings:
    """How a search is made."""

    workers: int = parameter(1, "processes that fit trials", minimum=1)
    pruning: bool = parameter(True, "end a network's training that lags behind the others'")
    search_seed: int = parameter(0, "draws the settings", minimum=0)


@dataclass(frozen=True)
class TunePlan:
    """A search, resolved from what was typed.

    Attributes
    ----------
    config
        The run that is tuned.
    budget, settings
        As typed.
    dimensions
        The searched fields.
    fixed
        Fields of the method that were typed, and are kept.
    words
        What was typed of the run.
    """

    config: RunConfig
    budget: Budget
    settings: TuneSettings
    dimensions: list[Dimension]
    fixed: tuple[str, ...]
    words: list[str] = field(default_factory=list)


def plan_search(argv: Sequence[str]) -> TunePlan:
    """Read the words of ``coldbench tune``.

    Raises
    ------
    ColdbenchError
        For a name, field, value or range that there is not, in one sentence.
    """
    own = {one.name for one in fields(TuneSettings)}
    kinds: dict[str, list[str]] = {"budget": [], "search": [], "": [], "run": []}
    for word in argv:
        key = word.lstrip("+~").partition("=")[0]
        group = key.partition(".")[0]
        place = group if group in ("budget", "search") else "" if key in own else "run"
        kinds[place].append(word)
    budget = configured(Budget, _read_values(kinds["budget"], "budget."), "budget")
    settings = configured(TuneSettings, _read_values(kinds[""], ""), "tune")
    _refuse_what_is_the_search_s(kinds["run"])
    config = compose_run(kinds["run"])
    fixed = tuple(
        word.lstrip("+").partition("=")[0].removeprefix("method.").partition(".")[0]
        for word in kinds["run"]
        if word.lstrip("+").startswith("method.")
    )
    dimensions = {one.name: one for one in list_dimensions(config.method, fixed)}
    for name, one in read_ranges(kinds["search"], config.method).items():
        if one is None:
            dimensions.pop(name, None)
        else:
            dimensions[name] = one
    chosen = list(dimensions.values())
    require_dimensions(config.method, chosen)
    if len(set(budget.seeds)) < max(1, len(budget.seeds)) or not budget.seeds:
        raise ColdbenchError(f"budget.seeds={budget.seeds} must be different seeds, at least one")
    return TunePlan(config, budget, settings, chosen, fixed, kinds["run"])


def _read_values(words: Sequence[str], place: str) -> dict[str, Any]:
    """Return plain values by field."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from ..config.config_errors import explain

    found = {}
    for word in words:
        with explain([word]):
            one = OverridesParser.create().parse_overrides([word])[0]
        if one.is_sweep_override() or one.is_delete():
            raise ColdbenchError(f"{word!r} must be one value, as {place}{_EXAMPLES[place]}")
        found[one.key_or_group.removeprefix(place)] = one.value()
    return found


_EXAMPLES = {"budget.": "trials=30", "": "workers=2"}


def _refuse_what_is_the_search_s(words: Sequence[str]) -> None:
    """Refuse words of a run that a search has its own way for."""
    for word in words:
        key = word.lstrip("+~").partition("=")[0]
        if key in ("-m", "--multirun"):
            raise ColdbenchError("coldbench tune tunes several in turn as it is; it takes no -m")
        if word.startswith("-"):
            raise ColdbenchError(
                f"coldbench tune has no option {word!r}; "
                f"`coldbench tune --help` shows what it takes"
            )
        if key == "seed":
            raise ColdbenchError(
                f"{word!r}: a search names the seeds of its splits, budget.seeds=[0], and of its "
                f"draws, search_seed=0"
            )
        if key == "tuned":
            raise ColdbenchError(f"{word!r}: a search begins with the method's own settings")
