"""What is typed behind ``coldbench tune``, and the sentences about mistakes."""

from pathlib import Path

import pytest
from coldbench.benchmarks.cli.main import main
from coldbench.benchmarks.tuning.tune_settings import plan_search
from coldbench.datasets.parameters import Choices, Range

HILL = ["method=hill", "dataset=tiny"]


def searched(*words: str) -> dict[str, Range | Choices]:
    return {one.name: one.search for one in plan_search([*HILL, *words]).dimensions}


def test_ranges_of_ones_own(workplace: Path) -> None:
    assert searched() == {"place": Range(0.0, 1.0), "blur": Range(1, 8)}
    assert searched("search.blur=range(2,6)")["blur"] == Range(2, 5)
    assert searched("search.blur='interval(2,6)'")["blur"] == Range(2, 6)
    assert searched("search.blur='range(1,8,3)'")["blur"] == Choices((1, 4, 7))
    assert searched("search.place='tag(log,interval(0.01,0.5))'")["place"] == Range(0.01, 0.5, True)
    assert searched("search.place=0.1,0.5")["place"] == Choices((0.1, 0.5))
    assert list(searched("search.place=null")) == ["blur"]


def test_a_field_that_is_typed_is_not_searched(workplace: Path) -> None:
    plan = plan_search([*HILL, "method.blur=2"])
    assert [one.name for one in plan.dimensions] == ["place"] and plan.config.method.blur == 2


def test_a_field_without_a_range_is_searched_in_the_one_that_is_typed(workplace: Path) -> None:
    plan = plan_search(["method=rangeless", "dataset=tiny", "search.place='interval(0,1)'"])
    assert [one.name for one in plan.dimensions] == ["place"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["method=rangeless"], "Rangeless has no field left to search; give a range of your own"),
        (["method=hil"], "no method 'hil'; did you mean hill"),
        ([*HILL, "budget.trails=3"], "has no field budget.trails; did you mean budget.trials"),
        ([*HILL, "budget.trials=0"], "budget.trials = 0 must be at least 1"),
        ([*HILL, "budget.trials=many"], "cannot use trials='many' for budget"),
        ([*HILL, "budget.trials=1,2"], "must be one value, as budget.trials=30"),
        ([*HILL, "budget.group=items"], "must be one of: mean, new_item, new_user, both, warm"),
        ([*HILL, "budget.seeds=[0,0]"], "must be different seeds"),
        (
            [*HILL, "search.blurr='range(1,3)'"],
            "did you mean search.blur",
        ),
        ([*HILL, "search.blur=3"], "is no range; write 'interval(1,10)'"),
        ([*HILL, "search.blur='interval(0,3)'"], "method.blur = 0 must be at least 1"),
        ([*HILL, "search.blur='interval(1.5,3)'"], "blur holds whole numbers"),
        ([*HILL, "search.place='interval(2,1)'"], "must rise from its low end"),
        ([*HILL, "search.place='tag(log,interval(0,1))'"], "above 0 for a log range"),
        ([*HILL, "search.place='choice(a,b)'"], "cannot use place='a' for method"),
        ([*HILL, "seed=3"], "budget.seeds=[0]"),
        ([*HILL, "tuned=mean"], "begins with the method's own settings"),
        ([*HILL, "-m"], "takes no -m"),
        ([*HILL, "--trials"], "has no option '--trials'"),
        (["dataset=tiny"], "no method is chosen"),
    ],
)
def test_mistakes_are_sentences(
    workplace: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["tune", *words]) == 2
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told
    assert not (workplace / "results").exists()


def test_a_group_that_nothing_validates_is_refused_before_any_trial(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tune", *HILL, "scenario=new_item", "budget.group=new_user"]
    assert main(words) == 2
    assert "nothing validates the group 'new_user' here; there are: mean, new_item" in (
        capsys.readouterr().err
    )


def test_help_lists_what_is_taken(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--help"]) == 0
    told = capsys.readouterr().out
    for word in ("budget.trials=30", "budget.minutes=20", "workers=1", "search.FIELD=RANGE"):
        assert word in told
