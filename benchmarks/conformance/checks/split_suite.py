"""What a dataset and a scenario must both do: be a class that is found, and leak in no split."""

from ..audits.audit import audit
from ..audits.finding import Finding
from ..audits.resplit import audit_scenario
from ..audits.split_audit import find_exemptions, find_track
from .check_result import Violation
from .definition import Check, check
from .requirements import (
    require_entry_point,
    require_first_sentence,
    require_light_import,
    require_round_trip,
)
from .split_subject import SplitSubject


@check()
def docstring(subject: SplitSubject) -> str:
    """Require that the class has a docstring with a first sentence, which `list` shows."""
    return require_first_sentence(type(subject.examined))


@check()
def config_round_trip(subject: SplitSubject) -> str:
    """Require that its settings survive the way through OmegaConf and back."""
    return require_round_trip(subject.examined)


@check()
def entry_point(subject: SplitSubject) -> str:
    """Require that the class is found by its entry point."""
    return require_entry_point(subject.kind, type(subject.examined))


@check()
def light_import(subject: SplitSubject) -> str:
    """Require that importing the class imports no heavy library."""
    return require_light_import(type(subject.examined).__module__)


@check(leak=True)
def splits_are_clean(subject: SplitSubject) -> str:
    """Require that no split leaks: see the rules in docs/conformance.md."""
    found: dict[str, list[Finding]] = {}
    for name, split in subject.splits.items():
        scenario, data = subject.combinations[name]
        exempt = find_exemptions(scenario)
        every = audit(split, data, track=find_track(scenario))
        found[name] = [one for one in every if one.rule not in exempt]
    _require_none(found, subject.leak_remedy)
    reasons = "".join(f"; exempt from {rule}: {why}" for rule, why in subject.exempt_rules.items())
    return f"nothing found in {', '.join(found)}{reasons}"


@check(leak=True)
def cold_entities_move_nothing(subject: SplitSubject) -> str:
    """Require that other interactions and content of cold entities leave training as it was."""
    found, exempt = {}, []
    for name in subject.splits:
        scenario, data = subject.combinations[name]
        if "cold_entities_move_nothing" in find_exemptions(scenario):
            exempt.append(name)
        else:
            found[name] = audit_scenario(scenario, data, subject.seed)
    _require_none(found, subject.movement_remedy)
    told = [f"nothing moves in {', '.join(found)}"] if found else []
    return "; ".join([*told, *(f"{name} is exempt" for name in exempt)])


def _require_none(found: dict[str, list[Finding]], remedy: str) -> None:
    if any(found.values()):
        message = "; ".join(f"{place}: {one}" for place, every in found.items() for one in every)
        raise Violation(message, remedy)


OF_SETTINGS: tuple[Check, ...] = (docstring, config_round_trip)
OF_INSTALLATION: tuple[Check, ...] = (entry_point, light_import)
OF_LEAKS: tuple[Check, ...] = (splits_are_clean, cold_entities_move_nothing)
