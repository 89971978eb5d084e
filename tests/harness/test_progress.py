"""What a long run shows of itself: a bar on a terminal, else a line a minute, else nothing."""

import copy
import io
import logging
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.isolation.read_only import make_read_only
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.terminal import progress_bar
from coldbench.benchmarks.terminal.progress_bar import (
    ProgressBar,
    ProgressLines,
    hide_bar,
    show_progress,
)
from coldbench.benchmarks.terminal.progress_state import ProgressChannel
from coldbench.datasets.progress import Tally, count_progress, ignore_progress
from coldbench.methods.training.batches import TensorBatches
from coldbench.methods.training.fitting import fit_module
from rich.console import Console

Tiny = Callable[..., RunConfig]


class Clock:
    """A clock that the test winds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def channel(clock: Clock) -> ProgressChannel:
    return ProgressChannel(clock)


def drawn(channel: ProgressChannel, width: int = 100) -> str:
    """Return what a bar on a terminal of a width writes for the present moment."""
    file = io.StringIO()
    bar = ProgressBar(
        "kgcn", Console(force_terminal=True, file=file, width=width, color_system=None)
    )
    bar.look(channel.now())
    return file.getvalue()


def test_the_bar_of_a_training_shows_epoch_loss_validation_and_time_left(
    clock: Clock, channel: ProgressChannel
) -> None:
    channel(0, 100, "epoch")
    clock.now += 30
    channel(12, 100, "epoch", loss=0.69314, validation=0.0987)
    text = drawn(channel)
    assert "kgcn fit ━━╌╌╌" in text
    assert "epoch 12/100 · 30 s so far · 4 min left · loss 0.6931 · validation 0.0987" in text
    assert text.count("\n") == 0, "one line"


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_cuts_the_less_important_and_never_wraps(
    clock: Clock, channel: ProgressChannel, width: int
) -> None:
    channel(0, 100, "epoch")
    clock.now += 30
    channel(12, 100, "epoch", loss=0.69314, validation=0.0987)
    text = drawn(channel, width)
    assert "kgcn fit" in text and "epoch 12/100" in text and "\n" not in text
    assert len(text) == width and text.endswith("…")
    assert ("4 min left" in text) == (width == 80)


def test_a_training_is_shown_after_a_second_and_anything_else_after_five(
    clock: Clock, channel: ProgressChannel
) -> None:
    clock.now += 4.9
    assert drawn(channel) == ""
    channel(1, 9, "epoch", loss=1.0)
    assert "epoch 1/9" in drawn(channel)
    channel.begin("score")
    channel(10, 90, "user", task="warm/warm/k=0")
    assert drawn(channel) == ""
    clock.now += 5
    channel(20, 90, "user", task="warm/warm/k=0")
    assert "kgcn score" in drawn(channel) and "user 20/90" in drawn(channel)
    assert "35 s left · task warm/warm/k=0" in drawn(channel)


def test_a_fit_that_tells_nothing_shows_the_time(clock: Clock, channel: ProgressChannel) -> None:
    clock.now += 8
    assert "kgcn fit" in drawn(channel) and "8.0 s so far" in drawn(channel)


def test_the_time_left_is_that_of_each_kind_of_step(clock: Clock, channel: ProgressChannel) -> None:
    """Texts that are encoded in between, in every epoch, do not spoil the epochs' pace."""
    channel(0, 4, "epoch")
    for epoch in range(2):
        for done in (0, 5):
            channel(done, 10, "text")
            clock.now += 5
        assert channel.now().left == pytest.approx(0.0)
        channel(epoch + 1, 4, "epoch")
    assert channel.now().left == pytest.approx(20)
    clock.now += 3
    assert channel.now().left == pytest.approx(17)


def test_without_a_terminal_a_line_a_minute_and_none_in_the_first(
    clock: Clock, channel: ProgressChannel, caplog: pytest.LogCaptureFixture
) -> None:
    written: list[str] = []
    lines = ProgressLines("kgcn · grid/ml-1m · seed 0", written.append, clock)
    channel(0, 300, "epoch")
    with caplog.at_level(logging.INFO):
        for second in range(1, 181):
            clock.now += 1
            channel(second, 300, "epoch", loss=0.5)
            lines.look(channel.now())
            assert len(written) == second // 60
    assert written[0] == (
        "kgcn · grid/ml-1m · seed 0 · fit: epoch 60/300 · 60 s so far · 4 min left · loss 0.5\n"
    )
    assert [one.getMessage() + "\n" for one in caplog.records] == written


def test_figures_are_shown_without_control_characters(
    clock: Clock, channel: ProgressChannel
) -> None:
    clock.now += 8
    channel(1, 2, "user", task="\x1b[31mred\n")
    assert channel.now().values == ("task [31mred",)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def plug_in(self) -> None:
        """Become standard error until the end of the test."""
        sys.stderr = self  # type: ignore[assignment]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal as standard error, looked at often."""
    monkeypatch.setattr(progress_bar, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(progress_bar, "SHOWN_AFTER", 0.05)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    before = sys.stderr
    yield Terminal()
    sys.stderr = before
    assert progress_bar._drawn is None


def waits_for(what: str, terminal: Terminal) -> None:
    end = time.monotonic() + 10
    while what not in terminal.getvalue():
        assert time.monotonic() < end, terminal.getvalue()
        time.sleep(0.01)


def test_a_bar_is_drawn_beside_a_silent_solve_and_wiped_at_the_end(quick: Terminal) -> None:
    quick.plug_in()
    with show_progress("ease · grid/planted · seed 0") as message:
        waits_for("ease fit", quick)
        message.begin("score")
        message(3, 7, "user", task="warm/warm/k=0")
        waits_for("user 3/7", quick)
    assert quick.getvalue().endswith(progress_bar.WIPE), "the line is cleared"
    before = quick.getvalue()
    time.sleep(0.05)
    assert quick.getvalue() == before, "nothing is drawn after the end"


def test_lines_of_a_sweep_take_the_place_of_the_bar(quick: Terminal) -> None:
    quick.plug_in()
    with show_progress("ease · grid/planted · seed 0"):
        waits_for("ease fit", quick)
        with hide_bar():
            quick.write("[1/9] a finished run\n")
            during = quick.getvalue()
            time.sleep(0.05)
            assert quick.getvalue() == during
        assert during.endswith(f"{progress_bar.WIPE}[1/9] a finished run\n")
        quick.seek(0)
        quick.truncate()
        waits_for("ease fit", quick)


def test_several_processes_on_one_terminal_draw_no_bar(quick: Terminal) -> None:
    quick.plug_in()
    with show_progress("ease · grid/planted · seed 0", bar=False):
        time.sleep(0.1)
    assert quick.getvalue() == ""


def test_a_short_run_writes_nothing(tiny: Tiny, capfd: pytest.CaptureFixture[str]) -> None:
    execute(tiny())
    assert capfd.readouterr() == ("", "")


PLUGIN = '''
import time
from dataclasses import dataclass
from coldbench_fakes import ByIndex

@dataclass
class Tells(ByIndex):
    """Tells how far it is."""

    def fit(self, train):
        for done in range(20):
            train.progress(done, 20, "sweep", loss=1 / (done + 1))
            time.sleep(0.02)
        return super().fit(train)

    def score_block(self, users, items):
        time.sleep(0.02)
        return super().score_block(users, items)
'''


def test_a_plugin_tells_and_scoring_is_shown(
    tiny: Tiny, install: Callable[..., None], quick: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("tells", "[coldbench.methods]\ntells = tells:Tells\n", tells=PLUGIN)
    monkeypatch.setattr(progress_bar, "TRAINING_SHOWN_AFTER", 0.05)
    config = tiny("tells", "evaluation.block=4")
    quick.plug_in()
    run = execute(config)
    assert run.record.status.value == "ok"
    text = quick.getvalue()
    assert "tells fit" in text and "sweep 1" in text and "loss 0." in text
    assert "tells score" in text and "task new_item/" in text and "user " in text


def test_nonsense_of_a_plugin_ends_the_display_and_not_the_run(
    quick: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    quick.plug_in()
    with show_progress("ease · grid/planted · seed 0") as message:
        message("many", None, loss=object())  # type: ignore[arg-type]
        time.sleep(0.1)
    assert "progress is not shown" in caplog.text


def test_the_channel_goes_where_a_training_world_goes(tiny: Tiny) -> None:
    from coldbench.benchmarks.runs.kept_splits import split_once
    from coldbench.datasets.dataset import check_dataset

    config = tiny()
    train = split_once(config, check_dataset(config.dataset.load())).train
    channel = ProgressChannel()
    held = make_read_only(replace(train, progress=channel))
    assert train.progress is ignore_progress and held.progress is channel
    assert (
        pickle.loads(pickle.dumps(channel)) is ignore_progress
        and copy.deepcopy(channel) is ignore_progress
    )


def test_counted_and_tally_tell_every_step() -> None:
    message: list[tuple[float, float, str]] = []

    def listen(done: float, total: float, what: str = "step", **figures: float | str) -> None:
        message.append((done, total, what))

    assert list(count_progress(range(2), listen, "epoch")) == [0, 1]
    tally = Tally(listen, "text")
    tally.expect(5)
    tally.add(3)
    tally.add(2)
    assert message == [(0, 2, "epoch"), (1, 2, "epoch"), (2, 2, "epoch"), (3, 5, "text"),
                    (5, 5, "text")]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("ials", "epoch"),
        ("implicit_als", "epoch"),
        ("implicit_bpr", "epoch"),
        ("lightfm_bpr", "epoch"),
        ("lightfm_logistic", "epoch"),
        ("item_knn", "block of items"),
        ("lsi_lr", "block of users"),
        ("pagerank", "item"),
    ],
)
def test_iterating_fits_tell_their_steps(tiny: Tiny, method: str, what: str) -> None:
    from coldbench.benchmarks.runs.kept_splits import split_once
    from coldbench.datasets.dataset import check_dataset

    config = tiny(method)
    message: list[tuple[float, float]] = []

    def listen(done: float, total: float, what_: str = "step", **figures: float | str) -> None:
        assert what_ == what
        message.append((done, total))

    train = split_once(config, check_dataset(config.dataset.load())).train
    config.method.fit(replace(train, progress=listen))
    assert message and message[-1][0] == message[-1][1], "it ends with all of them"
    assert message == sorted(message)


def test_a_network_tells_epoch_loss_and_validation(tiny: Tiny, workplace: Path) -> None:
    import torch
    from coldbench.benchmarks.runs.kept_splits import split_once
    from coldbench.datasets.dataset import check_dataset

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def loss(self, batch: tuple[torch.Tensor]) -> torch.Tensor:
            return ((batch[0] - self.weight) ** 2).mean()

    config = tiny()
    train = split_once(config, check_dataset(config.dataset.load())).train
    message = []
    fit_module(
        Net(),
        TensorBatches((torch.ones(64),), 8, 0),
        replace(
            train, progress=lambda done, total, what, **rest: message.append((done, total, rest))
        ),
        optimiser=lambda weights: torch.optim.SGD(weights, lr=0.1),
        epochs=3,
        batches_per_step=2,
        validate=lambda: 0.5,
    )
    assert message[0] == (0, 3, {}) and {total for _, total, _ in message} == {3}
    done = [one[0] for one in message]
    assert done[-1] == 3 and 1.25 in done and done == sorted(done)
    assert message[-1][2].keys() == {"loss", "validation"} and message[-1][2]["validation"] == 0.5
