from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from coldbench.benchmarks.config.run_config import RunConfig, compose_run, register, to_plain
from coldbench.benchmarks.plugins import registry
from coldbench.benchmarks.plugins.registry import GROUPS
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.protocol.settings import Strategy
from coldbench.datasets.world import SideMode
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

CLASSES = [(group, name) for group, kind in GROUPS.items() for name in registry.list_names(kind)]
CONF = Path(__file__).parents[2] / "conf"
Compose = Callable[..., RunConfig]


@pytest.mark.parametrize(("group", "name"), CLASSES)
def test_every_class_comes_back_from_the_configuration(group: str, name: str) -> None:
    words = [f"{group}={name}"] + ([] if group == "method" else ["method=popularity"])
    made = getattr(compose_run(words), group)
    target = registry.find(GROUPS[group], name)
    assert type(made) is target
    assert made == target()
    again = OmegaConf.to_object(OmegaConf.structured(made))
    assert again == made and to_plain(again) == to_plain(target())


def test_what_is_typed_arrives(fakes: None) -> None:
    run = compose_run(
        ["method=by_index", "method.weight=0.5", "method.layers=[7]", "seed=3", "threads=2",
         "dataset=planted", "dataset.n_users=9", "scenario=new_user", "scenario.shots=[0,2]",
         "evaluation.ks=[1]", "device=cuda", "save_rankings=true", "results=elsewhere"]
    )  # fmt: skip
    assert (run.method.weight, run.method.layers, run.seed, run.threads) == (0.5, [7], 3, 2)
    assert (run.dataset.n_users, run.scenario.shots, run.evaluation.ks) == (9, [0, 2], [1])
    assert (run.device, run.save_rankings, run.results) == ("cuda", True, "elsewhere")


def test_defaults_of_a_run() -> None:
    run = compose_run(["method=random"])
    assert registry.find_name("datasets", run.dataset) == "movietweetings"
    assert registry.find_name("scenarios", run.scenario) == "grid"
    assert (run.seed, run.threads, run.device, run.devices) == (0, 1, "cpu", 1)


def test_choices_are_typed_by_value_or_name(fakes: None) -> None:
    words = ["method=by_index", "scenario.side_information=transductive"]
    assert compose_run(words).scenario.side_information is SideMode.TRANSDUCTIVE
    assert compose_run([*words, "method.order=down"]).method.order.value == "down"
    assert compose_run([*words, "method.order=DOWN"]).method.order.value == "down"
    assert compose_run([*words, "scenario.strategy=temporal"]).scenario.strategy is (
        Strategy.TEMPORAL
    )


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "method=als",
            "no method 'als'; did you mean ials or ials_2022 or implicit_als? there are: ",
        ),
        ("method=by_indx", "no method 'by_indx'; did you mean by_index? there are: "),
        ("dataset=movietweeting", "no dataset 'movietweeting'; did you mean movietweetings? "),
        ("scenario=newitem", "no scenario 'newitem'; did you mean new_item"),
        ("method.wieght=3", "ByIndex has no field method.wieght; did you mean method.weight? "),
        ("+method.wieght=3", "ByIndex has no field method.wieght; did you mean method.weight? "),
        ("++method.depth=3", "ByIndex has no field method.depth; there are: layers, order, weight"),
        (
            "dataset.kcore=3",
            "MovieTweetings has no field dataset.kcore; did you mean dataset.k_cor",
        ),
        ("scenario.shot=[1]", "Grid has no field scenario.shot; did you mean scenario.shots"),
        ("evaluation.bootstrp=9", "EvaluationSettings has no field evaluation.bootstrp; did you "),
        (
            "sed=3",
            "a run has no field sed; did you mean seed? there are: callbacks, checkpoint, ",
        ),
        (
            "+sed=3",
            "a run has no field sed; did you mean seed? there are: callbacks, checkpoint, ",
        ),
        ("methd=random", "a run has no field methd; did you mean method? there are: "),
        ("method.weight=abc", "cannot use 'method.weight=abc': "),
        ("method.layers=3", "cannot use 'method.layers=3': "),
        ("method.order=left", "cannot use 'method.order=left': 'left' is none of: up, down"),
        ("seed=one", "cannot use 'seed=one': "),
        ("method.weight=-1", "method.weight = -1.0 must be at least 0"),
        (
            "seed=0,1",
            "'seed=0,1' names several values; add -m to run each of them: write -m seed=0,1",
        ),
        (
            "method=by_index,random",
            "'method=by_index,random' names several values; add -m to run each of them: write -m m",
        ),
        ("popularity", "cannot read 'popularity': it is not a key=value; write method=popularity"),
        ("method.layers=[1", "cannot read 'method.layers=[1': "),
        ("experiment=first_run", "'experiment' is an overlay and is added with a plus; write +"),
        ("+experiment=frist_run", "no experiment 'frist_run'; did you mean first_run? there "),
        (
            "+method=random",
            "method is already chosen and is set without a plus; write method=random",
        ),
        ("hydra/launcher=nope", "no hydra/launcher 'nope'; "),
        ("method=null", "no method is chosen; write method=<name>, there are: "),
    ],
)
def test_a_mistake_is_told_in_one_sentence(fakes: None, word: str, message: str) -> None:
    with pytest.raises(ColdbenchError) as error:
        compose_run(["method=by_index", word])
    text = str(error.value)
    assert text.startswith(message)
    assert "\n" not in text
    assert "append to your" not in text and "use +" not in text


def test_a_field_that_the_first_of_several_methods_lacks_is_named(fakes: None) -> None:
    with pytest.raises(
        ColdbenchError, match=r"^RandomScores has no field method\.layers; there are: "
    ):
        compose_run(["method=random,by_index", "method.layers=[1]"])


def test_no_method_lists_what_there_is() -> None:
    with pytest.raises(ColdbenchError, match=r"no method is chosen; write method=<name>, there "):
        compose_run([])


def test_a_method_that_is_not_offered_says_why(install: Callable[..., None]) -> None:
    install("bad", "[coldbench.methods]\nbad = coldbench_fakes_x:X\n",
            coldbench_fakes_x="import no_such_library")  # fmt: skip
    with pytest.raises(ColdbenchError, match=r"^method 'bad' is not offered: its import failed"):
        compose_run(["method=bad"])


def test_a_class_that_omegaconf_cannot_hold_is_left_out_with_its_reason(
    install: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    body = (
        "from dataclasses import dataclass\nfrom coldbench.methods.base import Method, Family\n"
        "class Odd: pass\n@dataclass\nclass Fine(Method):\n    family = Family.CONTENT\n"
        "    sizes: Odd | None = None\n"
    )
    install("odd", "[coldbench.methods]\nodd = coldbench_fakes_odd:Fine\n",
            coldbench_fakes_odd=body)  # fmt: skip
    with pytest.raises(ColdbenchError, match=r"method 'odd' is not offered: its fields cannot be"):
        compose_run(["method=odd"])
    assert "method 'odd' cannot be configured and is left out" in caplog.text
    assert compose_run(["method=popularity"]).seed == 0


def test_a_users_own_presets_are_found_by_searchpath(fakes: None, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "method").mkdir(parents=True)
    (folder / "method" / "heavy.yaml").write_text("defaults: [by_index, _self_]\nweight: 9.0\n")
    words = [f"hydra.searchpath=[file://{folder}]", "method=heavy"]
    run = compose_run(words)
    assert run.method.weight == 9.0 and registry.find_name("methods", run.method) == "by_index"
    with pytest.raises(ColdbenchError, match="no method 'heavyy'; did you mean heavy"):
        compose_run([words[0], "method=heavyy"])


def test_the_experiment_names_offered_methods_and_overrides_nothing() -> None:
    run = compose_run(["method=popularity", "+experiment=first_run"])
    assert run.dataset == registry.find("datasets", "movietweetings")()
    assert run.scenario == registry.find("scenarios", "grid")()


def test_composition_leaves_hydra_as_it_was() -> None:
    from hydra.core.global_hydra import GlobalHydra

    compose_run(["method=random"])
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.parametrize("name", sorted(one.stem for one in (CONF / "backbone").glob("*.yaml")))
def test_a_backbone_sets_the_model_of_every_method_that_reads_texts(fakes: None, name: str) -> None:
    for method in ("text_ridge", "text_knn_items", "finetuned_encoder"):
        run = compose_run([f"method={method}", f"+backbone={name}"])
        told = yaml.safe_load((CONF / "backbone" / f"{name}.yaml").read_text())
        assert {key: getattr(run.method, key) for key in told} == told
    with pytest.raises(ColdbenchError, match=r"Popularity has no field method\.model"):
        compose_run(["method=popularity", f"+backbone={name}"])


@pytest.mark.parametrize(("name", "gpus"), [("slurm_cpu", None), ("slurm_gpu", 1)])
def test_a_partition_is_a_preset_of_the_launcher_that_requeues(
    fakes: None, name: str, gpus: int | None
) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    words = ["method=popularity", f"hydra/launcher={name}", "hydra.launcher.partition=night"]
    register()
    with initialize_config_module(config_module="coldbench.conf", version_base="1.3"):
        launcher = compose("run", overrides=words, return_hydra_config=True).hydra.launcher
    assert launcher._target_.endswith("SlurmLauncher") and launcher.partition == "night"
    assert launcher.gpus_per_node == gpus and launcher.max_num_timeout == 5
    assert 0 < launcher.signal_delay_s < 60 * launcher.timeout_min
