"""When patience counts, and what is said of a training that was too short."""

from coldbench.methods.training.adequacy import join_adequacy, judge_training
from coldbench.methods.training.patience import find_floor, has_run_out
from coldbench.methods.training.schedule import Stopping, TrainingLog
from coldbench.methods.training.smoothing import find_kept


def logged(groups, every=100, epochs=5, losses=None):
    """Return the log of validations ``every`` steps apart, ``epochs`` epochs between two."""
    count = len(next(iter(groups.values())))
    log = TrainingLog(losses=losses or [1.0 / (at + 1) for at in range(count * epochs)])
    means = [sum(curve[at] for curve in groups.values()) / len(groups) for at in range(count)]
    places = [epochs * (at + 1) for at in range(count)]
    log.validation = list(zip(places, means, strict=True))
    log.validation_steps = [every * (at + 1) for at in range(count)]
    log.validation_parts = {
        f"group/{name}": list(zip(places, curve, strict=True)) for name, curve in groups.items()
    }
    log.steps, log.epochs = every * count, places[-1]
    log.kept = {name: find_kept(curve) for name, curve in groups.items()}
    return log


def rules(**options):
    return Stopping(**{"validate": lambda: 0.0, "patience_steps": 300} | options)


EARLY = [0.5, 0.4, 0.4, 0.3, 0.3, 0.2]
LATE = [0.1, 0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_training_goes_on_while_any_group_gains():
    assert has_run_out(logged({"new_item": EARLY}), rules())
    assert not has_run_out(logged({"new_item": EARLY, "new_user": LATE}), rules())
    assert has_run_out(logged({"new_item": EARLY, "new_user": EARLY}), rules())


def test_patience_counts_steps_or_validations():
    log = logged({"new_item": EARLY})  # the best is the first of six, 500 steps ago
    assert has_run_out(log, rules(patience_steps=500))
    assert not has_run_out(log, rules(patience_steps=501))
    assert has_run_out(log, rules(patience_steps=None, patience=5))
    assert not has_run_out(log, rules(patience_steps=None, patience=6))
    assert not has_run_out(log, rules(patience_steps=None))
    assert not has_run_out(log, rules(validate=None))


def test_patience_does_not_count_before_the_floor():
    log = logged({"new_item": EARLY})
    assert not has_run_out(log, rules(min_steps=301))
    assert has_run_out(log, rules(min_steps=300))
    assert not has_run_out(log, rules(min_steps=400, patience_steps=None, patience=3))
    assert has_run_out(log, rules(min_steps=300, patience_steps=None, patience=3))


def test_a_plateau_at_the_chance_level_of_the_loss_is_no_convergence():
    """Four flat validations, then a rise: as contrastive losses do."""
    flat = [0.02] * 6
    still = logged({"new_item": flat}, losses=[6.2] * 30)
    free = logged({"new_item": flat}, losses=[6.2] * 5 + [5.0] * 25)
    settings = rules(max_steps=10_000, chance_loss=6.24)
    assert find_floor(still, settings) == 5_000, "waited for until half of the cap"
    assert find_floor(free, settings) == 120, "the sixth epoch of twenty steps left chance"
    assert not has_run_out(still, settings)
    assert has_run_out(free, settings)
    assert has_run_out(still, rules(max_steps=10_000)), "without a chance level"


def test_nothing_is_stopped_on_its_way_up():
    """An early gain is lost and overtaken later: as CLCRec's on the tags of citeulike-a."""
    lost = [0.037, 0.074, 0.087, 0.087, 0.082, 0.068, 0.044, 0.027]
    settings = rules(patience_steps=500)
    assert has_run_out(logged({"new_item": lost}), settings)
    assert has_run_out(logged({"new_item": [*lost, 0.029, 0.044]}), settings), "two are chance"
    assert not has_run_out(logged({"new_item": [*lost, 0.029, 0.044, 0.091]}), settings)
    assert has_run_out(logged({"new_item": [*lost, 0.029, 0.029, 0.029, 0.029]}), settings)
    rising = {"new_item": lost, "new_user": [*lost[:4], 0.05, 0.06, 0.07, 0.08]}
    assert not has_run_out(logged(rising), settings), "any group"


def test_a_long_training_bears_no_flag():
    curve = [0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.3, 0.3]
    found = judge_training(logged({"new_item": curve}), rules(max_steps=4_000, chance_loss=2.0))
    assert found["flags"] == [] and not found["cap_reached"] and not found["still_rising"]
    assert found["groups"] == {"new_item": {"step": 400, "epoch": 20, "validation": 0.4}}
    assert (found["steps"], found["loss"], found["chance_loss"]) == (800, 1 / 40, 2.0)


def test_a_cap_while_a_group_was_rising_is_flagged():
    log = logged({"new_item": LATE, "new_user": [0.1, 0.2, 0.5, 0.5, 0.4, 0.4]}, every=700)
    found = judge_training(log, rules(max_steps=4_200))
    assert found["cap_reached"] and found["still_rising"]
    assert found["flags"] == ["stopped at its cap of 4,200 steps while new_item was still rising"]
    assert judge_training(log, rules(max_steps=5_000))["flags"] == [], "not at its cap"
    both = judge_training(logged({"new_item": LATE, "warm": LATE}), rules(epochs=30))
    assert both["flags"] == [
        "stopped at its cap of 30 epochs while new_item and warm were still rising"
    ]


def test_an_early_kept_step_is_flagged_by_group():
    log = logged({"new_user": EARLY, "new_item": [0.1, 0.2, 0.3, 0.3, 0.2, 0.1]}, every=37)
    found = judge_training(log, rules(max_steps=4_000))
    assert found["flags"] == ["kept step 37 of 222 (epoch 5) for new_user"]
    early = judge_training(logged({"new_user": EARLY}, every=900, epochs=2), rules(max_steps=9_000))
    assert early["flags"] == ["kept step 900 of 5,400 (epoch 2) for new_user"]
    late = judge_training(logged({"new_user": EARLY}, every=1000, epochs=2), rules(max_steps=9_000))
    assert late["flags"] == [], "a thousand steps, though of large data's second epoch"


def test_a_loss_at_its_chance_level_is_flagged():
    log = logged({"new_item": [0.1, 0.2, 0.3, 0.3, 0.2, 0.1]}, losses=[6.3] * 29 + [6.1])
    found = judge_training(log, rules(max_steps=4_000, chance_loss=6.24))
    assert found["flags"] == ["loss 6.1 at its chance level 6.24"]


def test_without_validation_few_steps_are_flagged():
    found = judge_training(TrainingLog(losses=[1.0], steps=12, epochs=1), Stopping(epochs=1))
    assert found["flags"] == ["trained for 12 steps"] and found["groups"] == {}


def test_several_networks_are_judged_together():
    one = judge_training(logged({"new_user": EARLY}, every=37), rules(max_steps=222))
    two = judge_training(logged({"new_item": LATE}, every=700), rules(max_steps=5_000))
    both = join_adequacy({"the map of items": one, "the map of users": two})
    assert both["steps"] == 222 + 4_200 and both["cap_reached"] and both["still_rising"]
    assert both["groups"] == two["groups"]
    assert both["flags"] == ["the map of items: kept step 37 of 222 (epoch 5) for new_user"]


def test_a_plain_number_is_one_group():
    log = logged({"new_item": EARLY})
    log.validation_parts = {}
    assert set(log.groups) == {"all"} and has_run_out(log, rules())
