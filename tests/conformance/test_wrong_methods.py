"""Every check catches a method that is wrong in just that way, and lets an honest one pass."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from coldbench.benchmarks.conformance.checks.check_result import CheckResult, Verdict
from coldbench.benchmarks.conformance.checks.definition import carry_out
from coldbench.benchmarks.conformance.checks.subject import Subject
from coldbench.benchmarks.conformance.checks.suite import CHECKS, examine
from coldbench.benchmarks.conformance.test_splits import SEED, load_planted
from coldbench.datasets.arrays import FloatArray
from coldbench.datasets.parameters import parameter
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Entities, Query, Split, TrainView
from coldbench.methods.base import FactorMethod, Family, Method, Need

BY_NAME = {check.name: check for check in CHECKS}


def genres(items: Entities) -> FloatArray:
    """Return the genre columns, float32 (rows, genres)."""
    at = [n for n, name in enumerate(items.feature_names) if name.startswith("genre=")]
    matrix: FloatArray = items.features[:, at].toarray()
    return matrix


@dataclass
class Honest(FactorMethod):
    """Shared genres of a candidate and the items of the history.

    Source: none; written for the tests.
    Differs: nothing.
    """

    strength: float = parameter(1.0, "factor on every score", minimum=0)

    family: ClassVar[Family] = Family.CONTENT
    cold: ClassVar[Any] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})

    def fit(self, train: TrainView) -> Self:
        self.features_ = genres(train.items)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        return (self.strength * (users.history @ self.fitted("features_"))).astype(np.float32)

    def item_factors(self, items: Entities) -> FloatArray:
        return genres(items)


def test_an_honest_method_passes_everything_but_its_registration() -> None:
    outcomes = list(examine(Subject("honest", Honest)))
    broken = [one for one in outcomes if one.verdict is Verdict.FAILED]
    assert [one.check for one in broken] == ["entry_point"]
    assert "is not an entry point" in broken[0].values
    skipped = {one.check for one in outcomes if one.verdict is Verdict.NOT_APPLICABLE}
    assert skipped == {
        "solves_new_users",
        "solves_both",
        "permuted_users_fall",
        "undeclared_items_at_chance",
        "predicts_ratings",
    }


# One wrong class per check. Each differs from Honest in the one thing that its check guards.


class MutableDeclaration(Honest):
    cold: ClassVar[Any] = {Side.ITEM}


@dataclass
class WorksInInit(Honest):
    def __post_init__(self) -> None:
        self.cache = np.zeros(3)


@dataclass
class TupleSetting(Honest):
    layers: tuple[int, ...] = parameter((64, 32), "sizes")


@dataclass
class SilentParameter(Honest):
    shift: float = 0.0


class WithoutSource(Honest):
    """Shared genres of a candidate and the items of the history."""


class ExemptFromLeaks(Honest):
    exempt: ClassVar[dict[str, str]] = {"hidden_truth": "it takes too long to run"}


class ImportsPolars(Honest):
    """Seems to live in a heavy module.

    Source: none. Differs: nothing.
    """


ImportsPolars.__module__ = "polars"


class CannotFit(Honest):
    def fit(self, train: TrainView) -> Self:
        raise ArithmeticError("the matrix is singular")


class ReturnsNothing(Honest):
    def fit(self, train: TrainView) -> Self:
        super().fit(train)
        return None  # type: ignore[return-value]


class WritesInput(Honest):
    def fit(self, train: TrainView) -> Self:
        train.items.features.data.setflags(write=True)
        train.items.features.data *= 2
        return super().fit(train)


class TunesItself(Honest):
    def fit(self, train: TrainView) -> Self:
        self.strength = 2.0
        return super().fit(train)


class LearnsOpenly(Honest):
    def fit(self, train: TrainView) -> Self:
        self.vocabulary = len(train.items)
        return super().fit(train)


class ScoresUnfitted(Honest):
    def user_factors(self, users: Entities) -> FloatArray:
        if "features_" not in vars(self):
            return np.zeros((len(users), 6), np.float32)
        return super().user_factors(users)


class ForgetsOnSave(Honest):
    def save(self, path: Path) -> None:
        self.restore({"features_": self.features_ * 2})
        super().save(path)
        self.restore({"features_": self.features_ / 2})


class ReportsNaN(Honest):
    def report(self) -> dict[str, Any]:
        return {"loss": float("nan")}


class ValidatesLate(Honest):
    def fit(self, train: TrainView) -> Self:
        self._validate = train.validate
        return super().fit(train)

    def item_factors(self, items: Entities) -> FloatArray:
        if len(items) < 100:
            self._validate(Honest.fit(Honest(), _train(self)))
        return super().item_factors(items)


def _train(method: Method) -> TrainView:
    return Grid().split(load_planted(), SEED).train


class DoublePrecision(Honest):
    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        return super().score_block(users, items).astype(np.float64)  # type: ignore[return-value]


class LikesTheFirst(Honest):
    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        return super().score_block(users, items) - np.arange(len(items), dtype=np.float32)


class CentresTheBlock(Honest):
    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        scores = super().score_block(users, items)
        return scores - scores.mean(axis=0, keepdims=True)


class GrowsWithUse(Honest):
    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        self.features_ = self.features_ * np.float32(1.001)
        return super().score_block(users, items)


class DividesByHistory(Honest):
    def user_factors(self, users: Entities) -> FloatArray:
        with np.errstate(invalid="ignore"):
            sizes = np.diff(users.history.indptr)[:, None].astype(np.float32)
            return super().user_factors(users) / sizes


class DividesByLength(Honest):
    def item_factors(self, items: Entities) -> FloatArray:
        with np.errstate(invalid="ignore"):
            found = super().item_factors(items)
            return found / np.linalg.norm(found, axis=1, keepdims=True)


class NeedsCandidates(Honest):
    def item_factors(self, items: Entities) -> FloatArray:
        found = super().item_factors(items)
        return found + 0 * found.max()


class AddsOutsideFactors(Honest):
    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        return super().score_block(users, items) + np.float32(5)


class GlobalGenerator(Honest):
    def fit(self, train: TrainView) -> Self:
        super().fit(train)
        noise = np.random.standard_normal(self.features_.shape)  # noqa: NPY002
        self.features_ = (self.features_ + 0.1 * noise).astype(np.float32)
        return self


@dataclass
class Beside(Honest):
    """Holds the split next to it: the leak that no class can have by its declarations."""

    _split: Split | None = field(default=None)

    def _stain(self, split: Split) -> float:
        raise NotImplementedError

    def fit(self, train: TrainView) -> Self:
        super().fit(train)
        assert self._split is not None
        self.features_ = self.features_ * np.float32(1 + self._stain(self._split))
        return self


class SeesTruth(Beside):
    def _stain(self, split: Split) -> float:
        return float(split.test["new_item/cold/k=0"].truth.indices[:50].sum())


class SeesColdContent(Beside):
    def _stain(self, split: Split) -> float:
        return float(split.test["new_item/cold/k=0"].query.items.features.sum())


class SeesSupport(Beside):
    def _stain(self, split: Split) -> float:
        return float(split.test["new_user/warm/k=5"].query.users.history.indices[:50].sum())


class GivesPlacesAnIdentity(Honest):
    def item_factors(self, items: Entities) -> FloatArray:
        own = np.random.default_rng(0).standard_normal((len(items), 6)).astype(np.float32)
        return super().item_factors(items) + own * (items.known < 0)[:, None]


class GivesUsersAnIdentity(Honest):
    def user_factors(self, users: Entities) -> FloatArray:
        own = np.random.default_rng(0).standard_normal((len(users), 6)).astype(np.float32)
        return super().user_factors(users) + own


class Constant(Honest):
    def item_factors(self, items: Entities) -> FloatArray:
        return np.ones_like(super().item_factors(items))


class ClaimsUsers(Honest):
    cold: ClassVar[Any] = frozenset({Side.USER})


class ClaimsBoth(Honest):
    cold: ClassVar[Any] = frozenset({Side.USER, Side.ITEM})


class KnowsItemsByPlace(Beside):
    """Looks the answers up by the place of candidate and user in the test query."""

    def score(self, query: Query) -> FloatArray:
        task = self._split.test["new_item/cold/k=0"] if self._split else None
        if task is not None and task.truth.shape == (len(query.users), len(query.items)):
            answers: FloatArray = task.truth.toarray()
            return answers
        return super().score(query)

    def _stain(self, split: Split) -> float:
        return 0.0


class KnowsUsersByPlace(Beside):
    cold: ClassVar[Any] = frozenset({Side.USER})

    def score(self, query: Query) -> FloatArray:
        task = self._split.test["new_user/warm/k=0"] if self._split else None
        if task is not None and task.truth.shape == (len(query.users), len(query.items)):
            answers: FloatArray = task.truth.toarray()
            return answers
        return super().score(query)

    def _stain(self, split: Split) -> float:
        return 0.0


class HidesItsClaim(Honest):
    cold: ClassVar[Any] = frozenset()


class SupportWithoutSense(Honest):
    def item_factors(self, items: Entities) -> FloatArray:
        return -super().item_factors(items)


class HidesItsSupport(Honest):
    uses_support: ClassVar[bool] = False


class ForgetsThePrior(Honest):
    """Serves strangers by popularity, and forgets it at the first item that is shown."""

    def fit(self, train: TrainView) -> Self:
        super().fit(train)
        self.popularity_ = train.item_counts.astype(np.float32)
        return self

    def score(self, query: Query) -> FloatArray:
        scores = super().score(query)
        known = np.maximum(query.items.known, 0)
        popular = np.where(query.items.known >= 0, self.popularity_[known], 0)
        strangers = np.diff(query.users.history.indptr) == 0
        return np.where(strangers[:, None], popular, scores).astype(np.float32)


class RefusesUnseen(Honest):
    def fit(self, train: TrainView) -> Self:
        if train.unseen_items is not None:
            raise ValueError("unexpected cold items")
        return super().fit(train)


class PredictsAHundred(Honest):
    def predict(self, query: Query) -> FloatArray:
        return np.full((len(query.users), len(query.items)), 100, dtype=np.float32)


WRONG: list[tuple[str, type[Any], str]] = [
    ("declares", MutableDeclaration, "cold = {"),
    ("default_constructible", WorksInInit, "cache"),
    ("config_round_trip", TupleSetting, "came back as"),
    ("parameters_documented", SilentParameter, "shift"),
    ("docstring", WithoutSource, "Source: and Differs: not found"),
    ("exemptions", ExemptFromLeaks, "leak check hidden_truth"),
    ("entry_point", Honest, "not an entry point"),
    ("light_import", ImportsPolars, "imports polars"),
    ("fits", CannotFit, "ArithmeticError: the matrix is singular"),
    ("fit_returns_self", ReturnsNothing, "NoneType"),
    ("fit_leaves_input", WritesInput, "other values"),
    ("fit_keeps_settings", TunesItself, "strength"),
    ("learned_names", LearnsOpenly, "vocabulary"),
    ("unfitted_says_so", ScoresUnfitted, "scores without fit"),
    ("save_and_load", ForgetsOnSave, "after save and load"),
    ("reports", ReportsNaN, "not valid JSON"),
    ("validates_in_fit_only", ValidatesLate, "score calls validate"),
    ("scores_well_formed", DoublePrecision, "float64"),
    ("order_does_not_matter", LikesTheFirst, "another order"),
    ("block_of_one", CentresTheBlock, "alone"),
    ("scoring_leaves_no_trace", GrowsWithUse, "asked again"),
    ("empty_history", DividesByHistory, "NaN"),
    ("unknown_item", DividesByLength, "NaN"),
    ("empty_queries", NeedsCandidates, "ValueError"),
    ("factors_give_scores", AddsOutsideFactors, "product of factors"),
    ("same_seed_same_scores", GlobalGenerator, "fitted again"),
    ("hidden_truth", SeesTruth, "another truth"),
    ("cold_side_information", SeesColdContent, "other content"),
    ("cold_support", SeesSupport, "other support"),
    ("new_item_without_identity", GivesPlacesAnIdentity, "twins among new items"),
    ("new_user_without_identity", GivesUsersAnIdentity, "twins among new users"),
    ("solves_new_items", Constant, "chance"),
    ("solves_new_users", ClaimsUsers, "chance"),
    ("solves_both", ClaimsBoth, "chance"),
    ("permuted_items_fall", KnowsItemsByPlace, "with another's"),
    ("permuted_users_fall", KnowsUsersByPlace, "with another's"),
    ("undeclared_items_at_chance", HidesItsClaim, "chance"),
    ("support_helps", SupportWithoutSense, "chance"),
    ("support_claim", HidesItsSupport, "a another user's"),
    ("support_joins_prior", ForgetsThePrior, "it falls at new_user/warm/k=1"),
    ("transductive_world", RefusesUnseen, "unexpected cold items"),
    ("predicts_ratings", PredictsAHundred, "the mean of all ratings"),
]


def subject_of(method: type[Any]) -> Subject:
    """Return a subject with a split of its own, which a wrong method may spoil."""
    factory: Callable[[Split], Any] | None = None
    if issubclass(method, Beside):
        factory = lambda split: method(_split=split)  # noqa: E731
    subject = Subject(method.__name__, method, factory)
    if method is WritesInput:
        vars(subject)["split"] = Grid().split(load_planted(), SEED)
    return subject


@pytest.mark.parametrize(("name", "method", "words"), WRONG, ids=[one[0] for one in WRONG])
def test_a_wrong_method_is_caught(name: str, method: type[Any], words: str) -> None:
    outcome = carry_out(BY_NAME[name], subject_of(method))
    assert outcome.verdict is Verdict.FAILED, outcome
    assert words in outcome.values, outcome.values
    assert outcome.remedy


def test_every_check_has_a_wrong_method() -> None:
    assert {name for name, _, _ in WRONG} == set(BY_NAME)


# What the suite makes of exceptions, exemptions and settings.


def test_a_failed_fit_is_reported_once_and_nothing_else_counts_as_passed() -> None:
    outcomes = list(examine(Subject("broken", CannotFit)))
    fits = next(one for one in outcomes if one.check == "fits")
    assert fits.verdict is Verdict.FAILED and "line" in fits.values
    after = outcomes[outcomes.index(fits) + 1 :]
    assert {one.verdict for one in after if one.check != "unfitted_says_so"} == {
        Verdict.NOT_REACHED,
        Verdict.NOT_APPLICABLE,
    }
    leaks = [one for one in after if BY_NAME[one.check].leak]
    assert sum(one.verdict is Verdict.NOT_REACHED for one in leaks) >= 6


class HandsOverItsInput(Honest):
    """A wrap of a Cython library, which takes writable buffers only."""

    def fit(self, train: TrainView) -> Self:
        from lightfm import LightFM

        LightFM().fit(train.interactions.csr.tocoo(), item_features=train.items.features)
        return super().fit(train)


class FillsWhatIsKept(Honest):
    def fit(self, train: TrainView) -> Self:
        self.counts_ = train.interactions.csr
        return super().fit(train)

    def score_block(self, users: Entities, items: Any) -> FloatArray:
        self.counts_.data[:] = 1
        return super().score_block(users, items)


@pytest.mark.parametrize(
    ("method", "name"), [(HandsOverItsInput, "fits"), (FillsWhatIsKept, "scores_well_formed")]
)
def test_a_library_that_needs_writable_input_is_told_to_get_a_copy(
    method: type[Any], name: str
) -> None:
    outcome = carry_out(BY_NAME[name], Subject(method.__name__, method))
    assert outcome.verdict is Verdict.FAILED
    assert "read-only" in outcome.values
    assert "hand the library a copy" in outcome.remedy


class Leaves(Honest):
    def fit(self, train: TrainView) -> Self:
        raise SystemExit(3)


def test_sys_exit_is_a_failure_like_any_other() -> None:
    outcome = carry_out(BY_NAME["fits"], Subject("leaves", Leaves))
    assert outcome.verdict is Verdict.FAILED
    assert "sys.exit(3)" in outcome.values


class ExemptWithReason(DoublePrecision):
    exempt: ClassVar[dict[str, str]] = {
        "scores_well_formed": "its scores need more than seven digits"
    }


def test_an_exemption_is_shown_with_its_reason() -> None:
    outcome = carry_out(BY_NAME["scores_well_formed"], Subject("exempt", ExemptWithReason))
    assert outcome.verdict is Verdict.EXEMPT
    assert outcome.values == "its scores need more than seven digits"


class ExemptLeak(SeesTruth):
    exempt: ClassVar[dict[str, str]] = {"hidden_truth": "it only looks a little"}


def test_no_class_is_exempt_from_a_leak_check() -> None:
    outcome = carry_out(BY_NAME["hidden_truth"], subject_of(ExemptLeak))
    assert outcome.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("exempt", "words"),
    [
        ({"no_such_check": "a reason in words"}, "no_such_check"),
        ({"reports": "no"}, "'no'"),
        (["reports"], "['reports']"),
    ],
)
def test_an_exemption_needs_a_check_and_a_reason(exempt: Any, words: str) -> None:
    method = type("Exempting", (Honest,), {"exempt": exempt})
    outcome = carry_out(BY_NAME["exemptions"], Subject("exempting", method))
    assert outcome.verdict is Verdict.FAILED and words in outcome.values


@dataclass
class Cheaper(Honest):
    epochs: int = parameter(1000, "passes", minimum=1)

    @classmethod
    def small(cls) -> Self:
        return cls(epochs=1)


def test_small_settings_are_used_where_a_method_offers_them() -> None:
    assert Subject("cheaper", Cheaper).build().epochs == 1


def test_a_method_is_fitted_once_per_world(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    fit = Honest.fit
    monkeypatch.setattr(Honest, "fit", lambda self, train: calls.append(1) or fit(self, train))
    list(examine(Subject("honest", Honest)))
    # The planted dataset, next to another hidden one, transductive, and one of strong popularity.
    assert len(calls) == 4


def test_an_outcome_survives_its_way_through_json() -> None:
    start = time.perf_counter()
    outcome = carry_out(BY_NAME["declares"], Subject("honest", Honest))
    assert CheckResult.read(outcome.plain()) == outcome
    assert outcome.seconds <= time.perf_counter() - start
