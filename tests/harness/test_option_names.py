"""Every command names the nearest option for one that does not exist."""

import pytest
from coldbench.benchmarks.cli import main as cli


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["leaderboard", "--dataest", "x"], "has no option --dataest; did you mean --dataset? "),
        (["leaderboard", "--formt=csv"], "has no option --formt; did you mean --format? "),
        (["leaderboard", "--format", "cvs"], "no --format of coldbench leaderboard 'cvs'; did "),
        (["leaderboard", "--dataset"], "coldbench leaderboard: --dataset expects one argument, "),
        (["table", "gar_citeulike", "--file", "x", "--rnu"], "has no option --rnu; did you mean "),
        (["check", "popularity", "--limt", "3"], "has no option --limt; did you mean --limit? "),
        (["check", "popularity", "--limit", "x"], "--limit"),
        (["new-method", "a", "--knd", "plain"], "has no option --knd; did you mean --kind? "),
        (
            ["data", "ftech", "ml-1m"],
            "'ftech'; did you mean fetch? there are: add, cache, fetch, info",
        ),
        (["data", "verify", "ml-1m", "extra"], "does not take 'extra'; `coldbench data --help` "),
        (["run", "--multirn", "method=random"], "has no option --multirn; did you mean --multirun"),
        (["run", "method=random", "--confg-name", "x"], "did you mean --config-name?"),
        (["run", "--cfg", "jbo"], "no --cfg of coldbench run 'jbo'; did you mean job? "),
        (["run", "--config-name"], "--config-name expects one argument"),
        (["demo", "--forse"], "has no option --forse; there are: --help"),
        (["split", "dataset=planted", "--otu", "x"], "has no option --otu; did you mean --out? "),
        (["list", "--methods"], "has no option --methods; there are: --help"),
    ],
)
def test_a_mistyped_option_is_one_sentence(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1 and f"coldbench {argv[0]}" in err


def test_options_and_words_of_a_run_come_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (
        ["method=random", "--cfg", "job", "seed=3"],
        ["--cfg", "job", "method=random", "seed=3"],
        ["method=random", "seed=3", "-c", "job"],
        ["method=random", "--cfg=job", "seed=3"],
    ):
        assert cli.main(["run", *argv]) == 0
        assert "\nseed: 3\n" in capsys.readouterr().out
