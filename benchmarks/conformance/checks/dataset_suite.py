"""The suite of a dataset: its class, its content, and its splits by every own scenario."""

from ....datasets.stated_facts import find_disagreements
from . import dataset_content, split_suite
from .check_result import Violation
from .dataset_subject import DatasetSubject
from .definition import Check, check
from .requirements import require_version


@check()
def card(subject: DatasetSubject) -> str:
    """Require that the content has a name and its rule a sentence; a card is complete, if any."""
    data, made = subject.data, getattr(subject.source, "card", None)
    if not data.name.strip() or not data.rule.strip():
        raise Violation(f"name {data.name!r}, rule {data.rule!r}", "say what counts as liked")
    if made is None:
        return f"{data.rule}; no card"
    empty = [one for one in ("title", "publisher", "licence", "citation") if not getattr(made, one)]
    if empty:
        raise Violation(f"the card says nothing of {', '.join(empty)}", "fill the card in")
    return f"{made.title}; {data.rule}"


def _states_facts(subject: DatasetSubject) -> str | None:
    made = getattr(subject.source, "card", None)
    return None if getattr(made, "facts", ()) else "its card states no facts"


@check(applies=_states_facts)
def same_facts(subject: DatasetSubject) -> str:
    """Require that features, text and graph say each fact of the card alike."""
    facts = subject.source.card.facts
    wrong = list(find_disagreements(subject.data, facts))
    if wrong:
        raise Violation("; ".join(wrong[:3]), "let every form say it, or state why it does not")
    return f"{len(facts)} facts"


@check()
def version(subject: DatasetSubject) -> str:
    """Require that its version, 1 if none is declared, is not a setting."""
    return require_version(type(subject.source), default=1)


@check()
def splits(subject: DatasetSubject) -> str:
    """Require that one scenario can split it."""
    made, refused = subject.tries
    refusals = [f"{name}: {why}" for name, why in refused.items()]
    if not made:
        raise Violation("; ".join(refusals), "give it more pairs, or fewer filters")
    return "; ".join([f"split by {', '.join(made)}", *refusals])


CHECKS: tuple[Check, ...] = (
    *split_suite.OF_SETTINGS,
    version,
    *split_suite.OF_INSTALLATION,
    *dataset_content.CHECKS,
    card,
    same_facts,
    splits,
    *split_suite.OF_LEAKS,
)
