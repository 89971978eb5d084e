"""What is typed behind ``coldbench explain``, and the explanations of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from ...datasets.errors import ColdbenchError
from ...datasets.protocol.settings import Task
from ..config.run_config import RunConfig, compose_run
from ..evaluation.asked_task import find_task
from ..isolation.confinement import confined_loading
from ..plugins.registry import describe_unknown, find_nearest
from ..plugins.requirements import require, require_device
from ..runs.execute import tell_nobody
from ..runs.kept_splits import keep_split, load_data
from ..runs.plan import Plan, plan_run
from .explain import explain, list_missing, list_notes
from .explanation import Explanations
from .fitted_model import FittedModel, find_model, guarded
from .question import Question, check_item, find_question


@dataclass(frozen=True)
class Request:
    """Whose recommendations are explained, and how many.

    Attributes
    ----------
    user, item
        Original ids; without an item the best candidates.
    task
        A test task; None is one that asks the user.
    top
        How many of the best candidates.
    rows
        Of each table, how many of the strongest parts.
    """

    user: str
    item: str | None = None
    task: str | None = None
    top: int = 5
    rows: int = 5


OWN = tuple(one.name for one in fields(Request))


def parse_request(words: Sequence[str]) -> tuple[Request, list[str]]:
    """Return what is asked, and the words that describe the run.

    Raises
    ------
    ColdbenchError
        For a word without its value, a number that is none, or no user.
    """
    typed: dict[str, str] = {}
    rest = []
    for word in words:
        key, equals, value = word.partition("=")
        if key not in OWN:
            _refuse_misspelled(key)
            rest.append(word)
        elif not equals or not value:
            raise ColdbenchError(f"{key} needs a value: {key}={_EXAMPLES[key]}")
        else:
            typed[key] = value
    if "user" not in typed:
        raise ColdbenchError(
            "coldbench explain needs user=ID, an original id of the dataset; `coldbench split ... "
            "--out DIR` writes the ids of every task"
        )
    counts = {key: _count(key, typed[key]) for key in ("top", "rows") if key in typed}
    return Request(typed["user"], typed.get("item"), typed.get("task"), **counts), rest


_EXAMPLES = {"user": "ID", "item": "ID", "task": "new_item/cold/k=0", "top": "5", "rows": "5"}


def answer(request: Request, words: Sequence[str], *, keep: bool) -> "Answer":
    """Load, split and fit, and explain what is asked.

    Parameters
    ----------
    words
        Of the run.
    keep
        Keep the fitted method for the next time.

    Raises
    ------
    ColdbenchError
        When there is no such run, user, item or task, or nothing to leave out, all of it before
        fitting; when the method fails.
    """
    config = compose_run(words)
    if find_task(config.scenario) is Task.RATING:
        raise ColdbenchError(
            "a ranking is explained, and scenario.task=rating asks for ratings; use "
            "scenario.task=ranking"
        )
    require_device(config.device)
    with confined_loading(config.time_limit):
        data = load_data(config, tell_nobody)
        kept = keep_split(config, data)
    plan = plan_run(config, data, kept)
    require(config.method, plan.split)
    question = find_question(data, plan.split, request.user, request.task)
    if request.item is not None:
        check_item(data, plan.split, question, request.item)
    _require_parts(question, list(plan.split.test))
    model = find_model(plan, keep=keep)
    return Answer(_explain(plan, model, question, request), model)


@dataclass(frozen=True)
class Answer:
    """Explanations, and the fitted method that they are of."""

    explanations: Explanations
    model: FittedModel


def _explain(plan: Plan, model: FittedModel, question: Question, request: Request) -> Explanations:
    items = [] if request.item is None else [request.item]
    with guarded(plan, f"be explained for user {question.user!r}"):
        found = explain(model.method, question, items, request.top)
    record = plan.record
    name = plan.config.preset or record.method
    return Explanations(
        method=name,
        dataset=record.dataset,
        scenario=record.scenario,
        seed=record.seed,
        task=question.task,
        user=question.user,
        history_size=len(question.history),
        model="kept" if model.seconds is None else "fitted",
        found=tuple(found),
        notes=tuple(list_notes(question, found, name)),
    )


def _require_parts(question: Question, tasks: Sequence[str]) -> None:
    """Refuse a user without a history where the items have no text."""
    if len(list_missing(question)) == 2:
        raise ColdbenchError(
            f"there is nothing to leave out: user {question.user!r} has no history in "
            f"{question.task}, and the items have no text; choose a task with shots, or a dataset "
            f"with texts; the tasks are {', '.join(tasks)}"
        )


def _refuse_misspelled(key: str) -> None:
    """Refuse a word that is none of a run, and resembles one of ours."""
    bare = key.isidentifier() and key not in {one.name for one in fields(RunConfig)}
    if bare and find_nearest(key, OWN):
        raise ColdbenchError(describe_unknown("word of coldbench explain", key, OWN))


def _count(key: str, value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ColdbenchError(f"{key}={value} is not a whole number from 1 up, as {key}=5")
    return int(value)
