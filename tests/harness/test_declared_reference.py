"""A plugin that calls itself a baseline is reported so, and its metric keeps its direction."""

import pytest
from coldbench.benchmarks.cli import check
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.evaluation.direction import Direction, find_direction

from .conftest import METHODS, Install  # type: ignore[import-not-found]

STRAW = '''

@dataclass
class StrawMan(ByIndex):
    """Wants to be beaten."""

    reference: ClassVar[bool] = True
'''
METRICS = '''
import numpy as np

from coldbench.benchmarks.evaluation.direction import Direction
from coldbench.benchmarks.evaluation.metrics import Metric


class Misses(Metric):
    """Share of the first k that is not a truth."""

    name = "misses"
    direction = Direction.LOWER

    def per_user(self, ranked, k):
        return 1.0 - ranked.hits[:, :k].sum(axis=1) / k


class Depth(Metric):
    """Says nothing of its direction."""

    name = "depth"
'''


@pytest.mark.parametrize(
    ("name", "declared"), [("straw_man", True), ("by_index", False), ("popularity", False)]
)
def test_check_says_that_boards_do_not_count_it(
    name: str, declared: bool, install: Install, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    entries = "[coldbench.methods]\nstraw_man = straw:StrawMan\nby_index = straw:ByIndex\n"
    install("straw", entries, straw=METHODS + STRAW)
    monkeypatch.setattr(check, "examine_in_process", lambda *_, **__: [])
    assert cli.main(["check", "-q", name]) == 0
    sentence = f"{name} declares reference = True; leaderboards show it as an ordinary row"
    assert (sentence in capsys.readouterr().out) is declared


def test_a_metric_of_a_plugin_states_its_direction(install: Install) -> None:
    assert find_direction("misses@10") is Direction.NONE, "not installed"
    install("misses", "[coldbench.metrics]\nmisses = missed:Misses\ndepth = missed:Depth\n",
            missed=METRICS)  # fmt: skip
    assert find_direction("misses@10") is Direction.LOWER
    assert find_direction("depth@5") is Direction.HIGHER
