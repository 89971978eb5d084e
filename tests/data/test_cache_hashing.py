"""Content hashes and the cache that is keyed by them."""

import zipfile
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
from coldbench.datasets.array_file import DamagedError, read_arrays, write_arrays
from coldbench.datasets.cache import cache_arrays, find_data_folder
from coldbench.datasets.hashing import hash_content
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary()
)
NESTED = st.recursive(VALUE, lambda inner: st.lists(inner, max_size=4), max_leaves=12)


def same(one: object, other: object) -> bool:
    """Equality that tells 1, 1.0 and True apart."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@given(one=NESTED, other=NESTED)
def test_equal_values_and_only_they_hash_alike(one: object, other: object) -> None:
    assert (hash_content(one) == hash_content(other)) == same(one, other)


def test_parts_do_not_run_together() -> None:
    hashes = {
        hash_content("ab", "c"),
        hash_content("a", "bc"),
        hash_content("abc"),
        hash_content(["ab", "c"]),
        hash_content(["abc"]),
        hash_content(),
        hash_content([]),
        hash_content(""),
        hash_content(None),
    }
    assert len(hashes) == 9


def test_arrays_count_with_dtype_shape_and_content() -> None:
    base = np.arange(6, dtype=np.int32)
    others = [
        base.astype(np.int64),
        base.reshape(2, 3),
        base.reshape(3, 2),
        base[::-1],
        base.astype(np.float32),
        base[:5],
    ]
    assert len({hash_content(one) for one in [base, *others]}) == 7
    big_endian = base.astype(">i4")
    assert hash_content(base) == hash_content(big_endian) == hash_content(np.repeat(base, 2)[::2])


def test_texts_count_whatever_holds_them() -> None:
    narrow = np.array(["a", "bé"])
    wide = narrow.astype("<U40")
    assert hash_content(narrow) == hash_content(wide) == hash_content(wide.astype(object))
    assert hash_content(narrow) != hash_content(np.array(["abé", ""]))


def test_a_matrix_counts_by_what_it_means() -> None:
    canonical = csr_matrix(np.array([[0, 2.0], [1, 0]], dtype=np.float32))
    doubled = csr_matrix(
        (np.array([1, 1, 1], dtype=np.float32), np.array([1, 1, 0]), np.array([0, 2, 3])), (2, 2)
    )
    assert hash_content(canonical) == hash_content(doubled)
    assert doubled.nnz == 3, "hashing must not change the matrix"
    assert hash_content(canonical) != hash_content(canonical.T.tocsr())


def test_mappings_count_without_their_order_and_enums_by_value() -> None:
    class Colour(str, Enum):
        RED = "red"

    assert hash_content({"a": 1, "b": 2}) == hash_content({"b": 2, "a": 1})
    assert hash_content({"a": 1}) != hash_content({"a": 2})
    assert hash_content(Colour.RED) == hash_content("red")


def test_what_has_no_content_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot hash a object"):
        hash_content(object())


def test_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDBENCH_DATA", "/data/here")
    assert find_data_folder() == Path("/data/here")
    monkeypatch.delenv("COLDBENCH_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert find_data_folder() == Path("/caches/coldbench")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/someone")
    assert find_data_folder() == Path("/someone/.cache/coldbench")


def arrays() -> dict[str, np.ndarray]:
    return {"x": np.arange(3), "names": np.array(["a", "bb"]), "count": np.array(7)}


def test_arrays_are_made_once(home: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, np.ndarray]:
        made.append(1)
        return arrays()

    for _ in range(3):
        found = cache_arrays("kind", "key", make)
        assert found["x"].tolist() == [0, 1, 2] and found["names"].tolist() == ["a", "bb"]
        assert int(found["count"]) == 7
    assert len(made) == 1
    assert [path.name for path in (home / "cache" / "kind").iterdir()] == ["key.npz"]


@pytest.mark.parametrize("damage", [b"", b"not a zip", None], ids=["empty", "other", "cut"])
def test_a_damaged_file_is_made_again(home: Path, damage: bytes | None) -> None:
    cache_arrays("kind", "key", arrays)
    path = home / "cache" / "kind" / "key.npz"
    path.write_bytes(path.read_bytes()[:100] if damage is None else damage)
    with pytest.warns(UserWarning, match="damaged"):
        assert cache_arrays("kind", "key", arrays)["x"].tolist() == [0, 1, 2]
    assert cache_arrays("kind", "key", dict)["x"].tolist() == [0, 1, 2]


def rewrite(path: Path, **changes: np.ndarray) -> None:
    """Write a whole and valid file with other arrays, its seal kept."""
    with zipfile.ZipFile(path) as archive:
        seal = archive.read("seal")
    with np.load(path) as stored:
        content = {name: stored[name] for name in stored.files if name != "seal"}
    np.savez(path, allow_pickle=False, **content | changes)  # type: ignore[arg-type]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("seal", seal)


def test_arrays_in_another_order_are_not_believed(home: Path) -> None:
    cache_arrays("kind", "key", arrays)
    rewrite(home / "cache" / "kind" / "key.npz", x=np.arange(3)[::-1])
    with pytest.warns(UserWarning, match="is damaged .it is not what was written under this name"):
        assert cache_arrays("kind", "key", arrays)["x"].tolist() == [0, 1, 2]


def test_a_file_under_the_name_of_another_is_not_believed(home: Path) -> None:
    cache_arrays("kind", "other", lambda: {"x": np.arange(9)})
    folder = home / "cache" / "kind"
    (folder / "other.npz").rename(folder / "key.npz")
    with pytest.warns(UserWarning, match="is damaged"):
        assert cache_arrays("kind", "key", arrays)["x"].tolist() == [0, 1, 2]


def test_a_file_of_before_the_checksums_is_made_again(home: Path) -> None:
    path = home / "cache" / "kind" / "key.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, x=np.arange(9))
    with pytest.warns(UserWarning, match="it carries no checksum"):
        assert cache_arrays("kind", "key", arrays)["x"].tolist() == [0, 1, 2]


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_any_flipped_bit_is_noticed_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    path = tmp_path_factory.mktemp("flip") / "x.npz"
    with path.open("wb") as file:
        write_arrays(file, "about", arrays())
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = read_arrays(path, "about")
    except DamagedError:
        return
    assert found.keys() == arrays().keys()
    for name, array in arrays().items():
        assert found[name].dtype == array.dtype and found[name].tolist() == array.tolist()


def test_what_can_be_read_by_numpy_can_be_read_by_anyone(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with path.open("wb") as file:
        write_arrays(file, "about", arrays())
    with np.load(path) as stored:
        assert stored["names"].tolist() == ["a", "bb"]


def test_a_maker_that_fails_leaves_nothing(home: Path) -> None:
    def fail() -> dict[str, np.ndarray]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache_arrays("kind", "key", fail)
    assert not home.exists()


def test_objects_are_not_cached_and_nothing_half_written_stays(home: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        cache_arrays("kind", "key", lambda: {"x": np.array([{}], dtype=object)})
    assert list((home / "cache" / "kind").iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_only_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="cannot be written"):
        assert cache_arrays("kind", "key", arrays)["x"].tolist() == [0, 1, 2]
