"""The method under examination, fitted once per world whatever the number of checks."""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.hashing import hash_content
from ....datasets.world import Query, SideMode, Split
from ....methods.base import Need
from ...isolation.opaque import make_opaque
from ..test_splits import choose_probe_tasks, list_view_parts, make_probe, split_planted
from .check_result import NotReached

Factory = Callable[[Split], Any]


@dataclass(frozen=True)
class Fit:
    """A method after ``fit``, and what the call did besides learning.

    Attributes
    ----------
    method
        The instance.
    returned
        What ``fit`` returned.
    input_kept
        Whether the training data holds the same content after the call.
    changed_fields
        Hyper-parameters whose value ``fit`` changed.
    validations
        The scores that ``validate`` gave during training; longer later if it is called in scoring.
    """

    method: Any
    returned: Any
    input_kept: bool
    changed_fields: tuple[str, ...]
    validations: list[float]


@dataclass
class Subject:
    """A method class with the worlds it is tried in.

    Parameters
    ----------
    name
        The name under which it is examined.
    method
        The class.
    factory
        How an instance is made for a split; by default ``small()`` where the class has it, else
        the class with its defaults. The split is passed so that a test can build a method
        that holds more than it may.
    world
        The split that it is tried in, instead of the planted dataset.
    unmoved
        Whether a fit with other hidden data gave the same scores; None until it was tried.
    """

    name: str
    method: type[Any]
    factory: Factory | None = None
    world: Split | None = None
    unmoved: bool | None = field(default=None, init=False)
    _failure: str = field(default="", init=False)
    _first: Fit | None = field(default=None, init=False)

    @property
    def exemptions(self) -> dict[str, str]:
        """Checks that the class exempts itself from, with its reasons."""
        exempt = getattr(self.method, "exempt", {})
        return exempt if isinstance(exempt, dict) else {}

    @cached_property
    def mode(self) -> SideMode:
        """Inductive, unless the method needs the side information of cold entities in advance."""
        needs: frozenset[Need] = getattr(self.method, "needs", frozenset())
        return SideMode.TRANSDUCTIVE if Need.TRANSDUCTIVE in needs else SideMode.INDUCTIVE

    @cached_property
    def split(self) -> Split:
        """The planted dataset, both sides cold, unless another is given."""
        return split_planted(self.mode) if self.world is None else self.world

    @cached_property
    def probes(self) -> tuple[str, str, str]:
        """A warm task, one with warm and cold candidates, and one with cold users, if there are."""
        return choose_probe_tasks(self.split)

    def build(self, split: Split | None = None) -> Any:
        """Return a fresh, unfitted instance."""
        if self.factory is not None:
            return self.factory(self.split if split is None else split)
        small = getattr(self.method, "small", None)
        return small() if small is not None else self.method()

    def fit(self, split: Split) -> Fit:
        """Fit a fresh instance on a split's training data."""
        method = self.build(split)
        before = hash_content(*list_view_parts(split.train))
        settings = _settings(method)
        validations: list[float] = []

        def validate(fitted: Any) -> float:
            validations.append(split.train.validate(fitted))
            return validations[-1]

        returned = method.fit(replace(split.train, validate=make_opaque(validate)))
        after = hash_content(*list_view_parts(split.train))
        now = _settings(method)
        changed = tuple(name for name, value in settings.items() if now.get(name) != value)
        return Fit(method, returned, before == after, changed, validations)

    @property
    def first(self) -> Fit:
        """The fit on the planted dataset that most checks look at.

        Raises
        ------
        NotReached
            When the fit failed before.
        """
        if self._failure:
            raise NotReached(self._failure)
        if self._first is None:
            self._failure = "fit failed"
            self._first = self.fit(self.split)
            self._failure = ""
        return self._first

    @property
    def fitted(self) -> Any:
        """The fitted instance of ``first``."""
        return self.first.method

    def probe(self, task: str) -> Query:
        """Return a small query of a test task."""
        return make_probe(self.split.test[task])

    @cached_property
    def _answers(self) -> dict[str, FloatArray]:
        return {}

    def answer(self, task: str) -> FloatArray:
        """Return the scores of the first fit for a probe, asked once."""
        if task not in self._answers:
            self._answers[task] = self.fitted.score(self.probe(task))
        return self._answers[task]

    def refit(self, split: Split) -> Any:
        """Return an instance fitted on a split while the global generators stand elsewhere.

        Raises
        ------
        NotReached
            When the first fit failed.
        """
        _ = self.first
        with scramble_generators():
            return self.fit(split).method


@contextmanager
def scramble_generators() -> Iterator[None]:
    """Move every global random generator, and put it back at the end."""
    torch = sys.modules.get("torch")
    own, array = random.getstate(), np.random.get_state()  # noqa: NPY002 - the state of others
    tensor = torch.get_rng_state() if torch is not None else None
    random.seed(987_654_321)
    np.random.seed(987_654_321)  # noqa: NPY002
    if torch is not None:
        torch.manual_seed(987_654_321)
    try:
        yield
    finally:
        random.setstate(own)
        np.random.set_state(array)  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(tensor)


def _settings(method: Any) -> dict[str, str]:
    names = [one.name for one in fields(method)] if is_dataclass(method) else []
    return {name: repr(getattr(method, name)) for name in names}
