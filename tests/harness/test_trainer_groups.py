"""``trainer=``, ``callbacks=`` and ``logger=``: what is typed arrives, departs and is recorded."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from coldbench.benchmarks.config.run_config import RunConfig, compose_run
from coldbench.benchmarks.config.trainer_groups import TrainerFlags, lightning_classes
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.identity import make_identity
from coldbench.datasets.errors import ColdbenchError

NETWORK = (
    "dropoutnet", "dataset=planted", "dataset.n_users=80", "dataset.n_items=60",
    "dataset.interactions_per_user=20", "method.epochs=3", "method.batch_size=16",
)  # fmt: skip


def composed(*words: str) -> RunConfig:
    return compose_run(["method=popularity", *words])


def test_every_flag_of_the_trainer_can_be_typed() -> None:
    from pytorch_lightning import Trainer

    flags = set(inspect.signature(Trainer.__init__).parameters) - {"self", "logger", "callbacks"}
    assert {one.name for one in fields(TrainerFlags)} == flags
    assert all(one.default is None and one.metadata["doc"] for one in fields(TrainerFlags))


def test_an_ordinary_run_has_no_new_key() -> None:
    settings = make_identity(composed())
    assert {"trainer", "callbacks", "logger", "checkpoint"} & settings.keys() == set()
    same = ("trainer=cpu", "logger=csv", "checkpoint.every_minutes=5", "trainer=default")
    assert all(make_identity(composed(word)) == settings for word in same)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["trainer=gpu"], ("cuda", 1, {})),
        (["trainer=gpu", "device=cuda:1"], ("cuda:1", 1, {})),
        (["trainer=cpu", "device=cuda"], ("cpu", 1, {})),
        (["trainer=ddp"], ("cuda", 2, {"strategy": "ddp"})),
        (["trainer=ddp_cpu", "trainer.devices=4"], ("cpu", 4, {"strategy": "ddp"})),
        (["trainer=fsdp"], ("cuda", 2, {"strategy": "fsdp"})),
        (["trainer=bf16", "trainer.max_epochs=1"],
         ("cpu", 1, {"precision": "bf16-mixed", "max_epochs": 1})),
        (["trainer.limit_train_batches=0.5", "trainer.deterministic=warn"],
         ("cpu", 1, {"limit_train_batches": 0.5, "deterministic": "warn"})),
    ],
)  # fmt: skip
def test_what_departs_is_recorded(words: list[str], expected: tuple[str, int, object]) -> None:
    settings = make_identity(composed(*words))
    found = settings["device"], settings["devices"], settings.get("trainer", {})
    assert found == expected


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("trainer=gpus", "no trainer 'gpus'; did you mean gpu?"),
        ("trainer.max_epoch=1", "TrainerFlags has no field trainer.max_epoch; did you mean "
         "trainer.max_epochs or"),
        ("+trainer.presicion=1", "TrainerFlags has no field trainer.presicion; did you mean "
         "trainer.precision?"),
        ("trainer.accumulate_grad_batches=0", "trainer.accumulate_grad_batches = 0 must be at "),
        ("trainer.max_epochs=few", "cannot use 'trainer.max_epochs=few': "),
        ("logger=csvs", "no logger 'csvs'; did you mean csv?"),
        ("logger.csv.dir=x", "CSVLogger has no field logger.csv.dir; did you mean logger.csv.sav"),
        ("callbacks.early_stoping.patience=1", "no callback 'early_stoping'; did you mean early_"),
        ("callbacks.early_stopping.patient=1", "EarlyStopping has no field callbacks.early_stopp"),
        ("checkpoint.every_minutes=-1", "checkpoint.every_minutes = -1.0 must be at least 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_sentence(word: str, message: str) -> None:
    with pytest.raises(ColdbenchError) as error:
        composed(word)
    assert str(error.value).startswith(message) and "\n" not in str(error.value)


def test_callbacks_are_called_as_lightning_spells_them() -> None:
    run = composed(
        "callbacks=[early_stopping,learning_rate]", "callbacks.early_stopping.patience=7"
    )
    assert lightning_classes("callbacks", run.callbacks) == {
        "EarlyStopping": {"patience": 7},
        "LearningRateMonitor": {"logging_interval": "epoch"},
    }
    assert make_identity(run)["callbacks"]["early_stopping"] == {"patience": 7}


def test_a_run_takes_them_and_its_record_says_so(
    tiny: Callable[..., RunConfig], workplace: Path
) -> None:
    words = ("trainer.max_epochs=1", "trainer.profiler=simple", "logger=csv")
    run = execute(tiny(*NETWORK, *words, "trainer.default_root_dir=profiles"))
    record = run.record
    assert record.error is None
    assert record.config["trainer"] == {
        "max_epochs": 1, "profiler": "simple", "default_root_dir": "profiles",
    }  # fmt: skip
    assert len(record.training["training"]["losses"]) == 1
    (logged,) = Path("training_logs").rglob("metrics.csv")
    assert logged.parts[1] == record.run_id
    assert "run_training_epoch" in Path("profiles/fit-profile.txt").read_text()
    plain = execute(tiny(*NETWORK))
    assert plain.record.run_id != record.run_id
    assert len(plain.record.training["training"]["losses"]) == 3
    parts = plain.record.training["training"]["validation_parts"]
    assert "group/new_item" in parts and "new_item/cold/k=0" not in parts


def test_a_setting_that_lightning_refuses_fails_the_run_in_a_sentence(
    tiny: Callable[..., RunConfig],
) -> None:
    record = execute(tiny(*NETWORK, "trainer.precision=half")).record
    assert record.status.value == "failed"
    assert "Lightning's Trainer does not take" in str(record.error)
