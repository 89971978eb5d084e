import dataclasses
from collections.abc import Callable

import pytest
from coldbench.benchmarks.plugins import registry
from coldbench.benchmarks.plugins.registry import KINDS, OWN, list_offers
from coldbench.datasets.errors import ColdbenchError

GOOD = '''
from dataclasses import dataclass
from coldbench.methods.base import Family, Method
@dataclass
class Fine(Method):
    """A fine method."""
    family = Family.CONTENT
'''


@pytest.mark.parametrize("kind", registry.KINDS)
def test_everything_of_our_own_is_offered(kind: str) -> None:
    own = [one for one in registry.list_offers(kind).values() if one.distribution == "coldbench"]
    assert own
    assert {one.name: one.reason for one in own if one.reason} == {}
    assert list(registry.list_offers(kind)) == sorted(registry.list_offers(kind))


def test_a_plugin_is_found_and_named(fakes: None) -> None:
    found = registry.find("methods", "by_index")
    assert found.__name__ == "ByIndex"
    assert registry.list_offers("methods")["by_index"].distribution == "coldbench-fakes"
    assert (
        registry.find_name("methods", found()) == registry.find_name("methods", found) == "by_index"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import sys\nsys.exit('no licence')", "its import called sys.exit(no licence)"),
        ("raise SystemExit", "its import called sys.exit()"),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("class Bad(BaseException): pass\nraise Bad('odd')", "Bad: odd"),
        ("def", "SyntaxError"),
        ("x = 1", "AttributeError"),
        ("Fine = 3", "it names a int, not a class"),
        ("class Fine: pass", "Fine is not a dataclass"),
        ("import dataclasses\n@dataclasses.dataclass\nclass Fine: pass", "Fine has no score()"),
        (GOOD + "    requires = ('no_such_library', 'json')", "needs no_such_library, not"),
        (GOOD + "    width: 'Nowhere' = 1", "annotations of Fine cannot be resolved"),
    ],
)
def test_a_bad_plugin_is_not_offered_and_breaks_nothing(
    install: Callable[..., None], body: str, message: str
) -> None:
    install("bad-plugin", "[coldbench.methods]\nbad = coldbench_fakes_bad:Fine\n",
            coldbench_fakes_bad=body)  # fmt: skip
    offer = registry.list_offers("methods")["bad"]
    assert offer.target is None and message in str(offer.reason)
    assert "bad" not in registry.list_names("methods")
    assert registry.find("methods", "popularity").__name__ == "Popularity"
    with pytest.raises(ColdbenchError, match="method 'bad' is not offered: "):
        registry.find("methods", "bad")


def test_keyboard_interrupt_is_not_swallowed(install: Callable[..., None]) -> None:
    install("slow", "[coldbench.methods]\nslow = coldbench_fakes_slow:X\n",
            coldbench_fakes_slow="raise KeyboardInterrupt")  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        registry.list_offers("methods")


def test_a_name_claimed_twice_is_offered_by_neither(install: Callable[..., None]) -> None:
    entry = "[coldbench.methods]\ntwin = coldbench_fakes_{0}:Fine\n"
    install("first-twin", entry.format("a"), coldbench_fakes_a=GOOD)
    install("second-twin", entry.format("b"), coldbench_fakes_b=GOOD)
    offer = registry.list_offers("methods")["twin"]
    assert offer.target is None
    assert offer.reason == (
        "the name 'twin' is claimed by first-twin and second-twin; uninstall all but one"
    )


def test_nobody_can_take_a_name_of_our_own(install: Callable[..., None]) -> None:
    install("thief", "[coldbench.methods]\npopularity = coldbench_fakes_t:Fine\n",
            coldbench_fakes_t=GOOD)  # fmt: skip
    assert registry.list_offers("methods")["popularity"].distribution == "coldbench"
    refused = registry.list_offers("methods")["popularity (thief)"]
    assert refused.target is None and "coldbench's own" in str(refused.reason)


def test_a_name_that_cannot_be_typed_is_refused(install: Callable[..., None]) -> None:
    install("odd", "[coldbench.methods]\na b = coldbench_fakes_o:Fine\n", coldbench_fakes_o=GOOD)
    assert "may hold only letters" in str(registry.list_offers("methods")["a b"].reason)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("als", "implicit_als"),
        ("popularty", "popularity"),
        ("ContentKNN", "content_knn"),
        ("light-fm", "lightfm"),
        ("dropout", "dropoutnet"),
        ("text", "text_knn"),
    ],
)
def test_did_you_mean(typed: str, meant: str) -> None:
    with pytest.raises(ColdbenchError) as error:
        registry.find("methods", typed)
    text = str(error.value)
    assert text.startswith(f"no method {typed!r}; did you mean ")
    assert meant in text.split("?")[0]
    assert "there are: " in text and "kernel_ridge" in text


def test_nothing_near_is_not_guessed() -> None:
    with pytest.raises(ColdbenchError, match=r"^no dataset 'qqq'; there are: "):
        registry.find("datasets", "qqq")


def test_an_unregistered_class_has_no_name() -> None:
    class Stranger:
        pass

    with pytest.raises(
        ColdbenchError, match=r"Stranger is not an entry point of coldbench\.methods"
    ):
        registry.find_name("methods", Stranger())


def test_offers_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.refresh()
    calls = []
    real = registry.entry_points

    def counted(**words: str) -> object:
        calls.append(words)
        return real(**words)

    monkeypatch.setattr(registry, "entry_points", counted)
    registry.list_offers("metrics")
    registry.list_offers("metrics")
    registry.list_offers("scenarios")
    assert calls == [{}], "one pass over the installed packages, for every kind"


def test_an_offer_cannot_be_changed() -> None:
    offer = registry.list_offers("methods")["random"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        offer.reason = "because"  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_of_ours_is_offered(kind: str) -> None:
    """What cannot be offered drops out of lists and suites without a sound: not ours."""
    ours = [one for one in list_offers(kind).values() if one.distribution == OWN]
    assert ours and {one.name: one.reason for one in ours if one.reason is not None} == {}
