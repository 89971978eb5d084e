"""Every registered method passes every check that applies to it.

A method is fitted once for all its checks, in whichever process runs them: with pytest-xdist use
``--dist loadgroup``, which keeps a method's checks together.
"""

from functools import cache

import pytest
from coldbench.benchmarks.conformance.checks.check_result import Verdict
from coldbench.benchmarks.conformance.checks.definition import carry_out
from coldbench.benchmarks.conformance.checks.subject import Subject
from coldbench.benchmarks.conformance.checks.suite import CHECKS
from coldbench.benchmarks.plugins.registry import find, list_names, list_offers

BY_NAME = {check.name: check for check in CHECKS}
OFFERS = list_offers("methods")
OURS = [name for name in list_names("methods") if OFFERS[name].distribution == "coldbench"]


@cache
def subject(name: str) -> Subject:
    return Subject(name, find("methods", name))


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(name, check, marks=pytest.mark.xdist_group(name))
        for name in OURS
        for check in BY_NAME
    ],
)
def test_conformance(name: str, check: str) -> None:
    outcome = carry_out(BY_NAME[check], subject(name))
    message = f"{outcome.requirement}: {outcome.values}; {outcome.remedy}"
    assert outcome.verdict not in (Verdict.FAILED, Verdict.NOT_REACHED), message
    if BY_NAME[check].leak:
        assert outcome.verdict is not Verdict.EXEMPT, message


@pytest.mark.xdist_group("one")
def test_the_checks_of_a_method_run_in_one_process(request: pytest.FixtureRequest) -> None:
    """With pytest 9.2 and pytest-xdist 3.8 they do not, and every process fits every method."""
    several = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@one") == several, f"pytest {pytest.__version__}"


def test_every_own_method_is_offered() -> None:
    refused = {
        name: offer.reason
        for name, offer in OFFERS.items()
        if offer.distribution == "coldbench" and offer.target is None
    }
    assert refused == {}


FROM_THE_HUB = {"instruction_ranker"}
"""Half a billion weights that a test does not fetch; its own tests train a small causal model."""
LONG = {"text_sequence": 900, "semantic_ids": 900}
"""Seconds of the defaults that take more than two minutes and a half."""


def take_long(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xdist_group(name), pytest.mark.slow(seconds=LONG.get(name, 150))]


FOR_A_GPU = {"cross_encoder"}
"""A whole encoder over pairs of texts; its own tests train a small one with the same fields."""
SKIPPED = FROM_THE_HUB | FOR_A_GPU
SMALL = [n for n in OURS if hasattr(find("methods", n), "small") and n not in SKIPPED]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", [pytest.param(n, marks=take_long(n)) for n in SMALL])
def test_the_default_settings_hold_the_claims_too(name: str) -> None:
    method = find("methods", name)
    whole = Subject(name, method, lambda split: method())
    claims = [check for check in CHECKS if check.name.startswith(("solves", "permuted", "support"))]
    outcomes = [carry_out(check, whole) for check in claims]
    assert [one for one in outcomes if one.verdict in (Verdict.FAILED, Verdict.NOT_REACHED)] == []
    assert any(one.verdict is Verdict.PASSED for one in outcomes)
