"""A training of the encoder that was killed goes on to the last bit."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder.method import (  # noqa: E402
    FineTunedEncoder,
    TrainingPrecision,
    Tuning,
)

from .killing import Killed, dying  # noqa: E402

SETTINGS = {
    "hidden": 32,
    "batch_size": 64,
    "fresh": 1,  # a text alone goes through the encoder with other last bits than among others
    "epochs": 5,
    "top_layers": 1,
    "learning_rate": 3e-3,
    "encoder_learning_rate": 3e-3,
    "training_precision": TrainingPrecision.FP32,
    "prior": 1.0,
}


@pytest.mark.parametrize(
    ("tuning", "died"), [(Tuning.LORA, 2), (Tuning.LORA, 4), (Tuning.ADALORA, 2)]
)
def test_a_killed_training_goes_on_to_the_last_bit(
    make_world, settings, wide, tuning, died, tmp_path
):
    """With AdaLoRA so do the importances of its singular values."""

    def fit(train):
        different = {"model_path": str(wide), "tuning": tuning}
        return FineTunedEncoder(**settings | SETTINGS | different).fit(train)

    world = make_world()
    whole = fit(world.train)
    with pytest.raises(Killed):
        fit(dying(world.train, tmp_path / "run", died))
    resumed = fit(dying(world.train, tmp_path / "run", 99))
    assert resumed.log_["losses"] == whole.log_["losses"]
    assert np.array_equal(resumed.score(world.query), whole.score(world.query))
