"""The suite of a dataset: its class, its content, and its splits by every own scenario."""

from ..audits.audit import audit
from ..audits.finding import Finding
from ..audits.resplit import audit_scenario
from ..audits.split_audit import exemptions, track_of
from . import dataset_content
from .check import Check, check
from .dataset_subject import DatasetSubject, lines
from .declared import (
    demand_entry_point,
    demand_first_sentence,
    demand_light_import,
    demand_round_trip,
    demand_version,
)
from .outcome import Violation


@check()
def docstring(subject: DatasetSubject) -> str:
    """Demand that the class has a docstring with a first sentence, which `list` shows."""
    return demand_first_sentence(type(subject.source))


@check()
def card(subject: DatasetSubject) -> str:
    """Demand that the content has a name and its rule a sentence; a card is complete, if any."""
    data, made = subject.data, getattr(subject.source, "card", None)
    if not data.name.strip() or not data.rule.strip():
        raise Violation(f"name {data.name!r}, rule {data.rule!r}", "say what counts as liked")
    if made is None:
        return f"{data.rule}; no card"
    empty = [one for one in ("title", "publisher", "licence", "citation") if not getattr(made, one)]
    if empty:
        raise Violation(f"the card says nothing of {', '.join(empty)}", "fill the card in")
    return f"{made.title}; {data.rule}"


@check()
def config_round_trip(subject: DatasetSubject) -> str:
    """Demand that its settings survive the way through OmegaConf and back."""
    return demand_round_trip(subject.source)


@check()
def version(subject: DatasetSubject) -> str:
    """Demand that its version, 1 if none is declared, is no setting."""
    return demand_version(type(subject.source), default=1)


@check()
def entry_point(subject: DatasetSubject) -> str:
    """Demand that the class is found by its entry point."""
    return demand_entry_point("datasets", type(subject.source))


@check()
def light_import(subject: DatasetSubject) -> str:
    """Demand that importing the class imports no heavy library."""
    return demand_light_import(type(subject.source).__module__)


@check()
def splits(subject: DatasetSubject) -> str:
    """Demand that one scenario can split it."""
    made, refused = subject.splits
    told = [f"{name}: {why}" for name, why in refused.items()]
    if not made:
        raise Violation("; ".join(told), "give it more pairs, or fewer filters")
    return "; ".join([f"split by {', '.join(made)}", *told])


@check(leak=True)
def splits_are_clean(subject: DatasetSubject) -> str:
    """Demand that no split of it gives hidden things away: see the rules in docs/conformance.md."""
    found: dict[str, list[Finding]] = {}
    for name, split in subject.splits[0].items():
        scenario = subject.scenarios[name]
        exempt = exemptions(scenario)
        every = audit(split, subject.data, track=track_of(scenario))
        found[name] = [one for one in every if one.rule not in exempt]
    _demand_none(found, "take out what is made from interactions, or declare its provenance")
    return f"nothing found in {', '.join(found)}"


@check(leak=True)
def cold_entities_move_nothing(subject: DatasetSubject) -> str:
    """Demand that other interactions and content of cold entities leave training as it was."""
    found = {
        name: audit_scenario(subject.scenarios[name], subject.data, subject.seed)
        for name in subject.splits[0]
    }
    _demand_none(found, "let nothing be counted, weighted or scaled over all entities")
    return f"nothing moves in {', '.join(found)}"


def _demand_none(found: dict[str, list[Finding]], remedy: str) -> None:
    if any(found.values()):
        raise Violation(lines(found), remedy)


CHECKS: tuple[Check, ...] = (
    docstring,
    config_round_trip,
    version,
    entry_point,
    light_import,
    *dataset_content.CHECKS,
    card,
    splits,
    splits_are_clean,
    cold_entities_move_nothing,
)
