"""Sparse updates: which weights are chosen, that they alone move, and that they are kept."""

from dataclasses import fields, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.datasets.errors import ColdbenchError  # noqa: E402
from coldbench.methods.language.finetuned_encoder import fisher  # noqa: E402
from coldbench.methods.language.finetuned_encoder.fitting import build_module  # noqa: E402
from coldbench.methods.language.finetuned_encoder.method import (  # noqa: E402
    FineTunedEncoder,
    Tuning,
)
from coldbench.methods.language.finetuned_encoder.opened_parts import (  # noqa: E402
    load_tuned_encoder,
)
from coldbench.methods.language.finetuned_encoder.rating_method import RatingEncoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.settings import Sides  # noqa: E402

from .killing import Killed, dying  # noqa: E402

TOTAL = 4 * (24 * 24 + 24) + (24 * 32 + 32) + (32 * 24 + 24) + 4 * 24
"""Weights of a layer of the tiny encoder."""


@pytest.fixture
def sparse(settings, quick):
    def sparse(**different):
        chosen = {"tuning": Tuning.SPARSE, "sparse_share": 0.05}
        return FineTunedEncoder(**settings | quick | chosen | different)

    return sparse


def last(train):
    """Return the world with a validation that keeps the last epoch."""
    numbers = iter(range(1000))
    return replace(train, validate=lambda method: next(numbers))


def read_weights(encoder):
    """Return every weight of the encoder as it is in a product, by its name in the file."""
    read = {}
    for path, module in encoder.body.named_modules():
        for name in ("weight", "bias"):
            if "parametrizations" not in path and isinstance(
                getattr(module, name, None), torch.Tensor
            ):
                read[f"{path}.{name}"] = getattr(module, name).detach().numpy()
    return read


@pytest.mark.parametrize(("share", "layers"), [(0.05, 1), (0.005, 2), (1.0, 1)])
def test_exactly_so_many_weights_move_and_the_record_counts_them(
    make_world, sparse, tiny, share, layers
):
    from safetensors.numpy import load_file

    before = load_file(tiny / "model.safetensors")
    method = sparse(sparse_share=share, top_layers=layers, epochs=2).fit(last(make_world().train))
    after = read_weights(method.scorer_.model.encoder)
    count = round(share * layers * TOTAL)
    moved = {name: (after[name] != before[name]) for name in after}
    assert {n.split(".")[2] for n, m in moved.items() if m.any()} <= set("012"[-layers:])
    total = sum(int(one.sum()) for one in moved.values())
    # A bias of keys moves all scores of a softmax alike: its gradient is 0 but for rounding.
    assert total == count if share < 1 else count - 2 * 24 <= total <= count
    facts = method.report()
    assert facts["sparse"] == {"weights": count, "of": layers * TOTAL}
    towers = sum(one.numel() for one in method.scorer_.model.towers.parameters())
    assert facts["trainable_parameters"] == count + towers


def test_the_largest_mean_squares_of_the_gradients_are_chosen(make_world, sparse, monkeypatch):
    """Those of each pair by itself: of one with the same gradient the mean's square is as large."""
    monkeypatch.setattr(fisher, "BATCHES", 2)
    monkeypatch.setattr(fisher, "PAIRS", 5)
    train, method = make_world().train, sparse(encoder_dropout=0.3)
    sentences = method._sentences(train.resources)
    chosen = build_module(method, train, sentences, None, None)
    other = replace(method, tuning=Tuning.TOP_LAYERS)
    plain = build_module(other, train, sentences, None, None).eval()
    weights = list(plain.model.encoder.layers[2].parameters())
    squares = torch.zeros(TOTAL, dtype=torch.float64)
    from coldbench.methods.language.finetuned_encoder.build import make_batches

    batches = replace(make_batches(other, train, sentences, None), size=5, fresh=fisher.FRESH)
    for _, batch in zip(range(2), batches(0), strict=False):
        for loss in plain.pair_losses(batch):
            gradients = torch.autograd.grad(loss, weights, retain_graph=True)
            squares += torch.cat([one.flatten() for one in gradients]).double() ** 2
    places = chosen.model.encoder.sparse.places
    left_out = np.setdiff1d(np.arange(TOTAL), places.numpy())
    assert len(places) == round(0.05 * TOTAL)
    assert squares[places].min() >= squares[left_out].max() * (1 - 1e-6)


def test_the_losses_of_the_pairs_have_the_loss_as_their_mean(make_world, sparse):
    from coldbench.methods.language.finetuned_encoder.build import make_batches

    train, method = make_world().train, sparse()
    sentences = method._sentences(train.resources)
    module = build_module(method, train, sentences, None, None)
    batch = next(make_batches(method, train, sentences, None)(0))
    alone = torch.stack(list(module.pair_losses(batch)))
    torch.testing.assert_close(alone.mean(), module.loss(batch))


def test_before_a_step_it_is_the_encoder_as_it_was(make_world, sparse, settings):
    world = make_world()
    one = sparse(epochs=0).fit(world.train).score(world.query)
    two = sparse(epochs=0, tuning=Tuning.LORA).fit(world.train).score(world.query)
    np.testing.assert_array_equal(one, two)


def test_a_share_too_small_for_any_weight_is_one_weight(tiny):
    encoder = load_tuned_encoder(str(tiny), 32, Tuning.SPARSE, top_layers=1, sparse_share=1e-9)
    assert len(encoder.sparse.values) == 1 and encoder.sparse.total == TOTAL


def test_it_learns_and_is_kept_with_the_rest(make_world, sparse, tmp_path):
    world = make_world()
    method = sparse().fit(world.train)
    facts = method.report()
    assert facts["validation_after"] > facts["validation_before"] + 0.02
    assert world.precision(method) > 0.8
    method.save(tmp_path / "state.npz")
    state = method.state()["trained"][0]["arrays"]["encoder"]
    assert {name.split(".")[-1] for name in state} == {"values", "places"}
    same = FineTunedEncoder(**{one.name: getattr(method, one.name) for one in fields(method)})
    same.load(tmp_path / "state.npz")
    for group in ("warm", "new_item", "new_user", "both"):
        one, two = (view.for_group(group).score(world.query) for view in (same, method))
        np.testing.assert_array_equal(one, two)


def test_each_side_has_weights_of_its_own_choice(make_world, sparse):
    method = sparse(towers=Sides.SEPARATE, epochs=1).fit(last(make_world().train))
    one, two = method.scorer_.model.encoders
    assert not torch.equal(one.sparse.places, two.sparse.places)
    assert method.report()["sparse"] == {"weights": 2 * round(0.05 * TOTAL), "of": 2 * TOTAL}


def test_a_killed_training_goes_on_to_the_last_bit(make_world, sparse, wide, tmp_path):
    world, method = make_world(), sparse(model_path=str(wide), fresh=1, epochs=4)
    whole = replace(method).fit(world.train)
    with pytest.raises(Killed):
        replace(method).fit(dying(world.train, tmp_path / "run", 2))
    resumed = replace(method).fit(dying(world.train, tmp_path / "run", 99))
    assert resumed.log_["losses"] == whole.log_["losses"]
    np.testing.assert_array_equal(resumed.score(world.query), whole.score(world.query))


def test_ratings_have_no_gradients_to_choose_by(make_world, settings):
    method = RatingEncoder(**settings, tuning=Tuning.SPARSE)
    with pytest.raises(ColdbenchError, match="tuning = sparse chooses weights by their gradients"):
        method.fit(make_world().train)
