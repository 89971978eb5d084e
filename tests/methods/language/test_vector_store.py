import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from coldbench.methods.language.text_encoder import vector_store
from coldbench.methods.language.text_encoder.vector_store import VectorStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def numbers(texts):
    """A stand-in for an encoder: three numbers of each text."""
    return np.array([[len(t), sum(map(ord, t)), hash_of(t)] for t in texts], np.float32).reshape(
        len(texts), 3
    )


def hash_of(text):
    return sum((at + 1) * ord(letter) for at, letter in enumerate(text)) % 9973


class Counting:
    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked.append(list(texts))
        return numbers(texts)


def test_a_text_is_encoded_once_whatever_list_it_comes_in():
    store, encode = VectorStore("s"), Counting()
    first = store.vectors(["a", "b", "a"], encode)
    second = store.vectors(["c", "b"], encode)
    again = store.vectors(["b", "c", "a", "a"], encode)
    assert encode.asked == [["a", "b"], ["c"]]
    np.testing.assert_array_equal(first, numbers(["a", "b", "a"]))
    np.testing.assert_array_equal(second, numbers(["c", "b"]))
    np.testing.assert_array_equal(again, numbers(["b", "c", "a", "a"]))


def test_spaces_do_not_mix():
    VectorStore("one").vectors(["a"], numbers)
    other = VectorStore("two").vectors(["a"], lambda texts: numbers(texts) + 1)
    np.testing.assert_array_equal(other, numbers(["a"]) + 1)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(st.text(max_size=4), max_size=6), max_size=4))
def test_any_lists_in_any_order_give_their_own_vectors(lists):
    store = VectorStore("any")
    for texts in lists:
        np.testing.assert_array_equal(store.vectors(texts, numbers), numbers(texts))


def test_texts_that_utf8_does_not_know_have_a_place():
    odd = ["\ud800", "é", "e\u0301", ""]
    store, encode = VectorStore("s"), Counting()
    store.vectors(odd, encode)
    np.testing.assert_array_equal(store.vectors(odd[::-1], encode), numbers(odd[::-1]))
    assert len(encode.asked) == 1


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "other"])
def test_a_damaged_file_is_encoded_again_with_a_warning(harm):
    store = VectorStore("s")
    store.vectors(["a", "b"], numbers)
    (path,) = store.folder.glob("*.npz")
    content = bytearray(path.read_bytes())
    content[-150 if harm == "flip" else 0] ^= 255 if harm in ("flip", "other") else 0
    if harm == "flip":  # inside the numbers of the last array
        content = bytearray(path.read_bytes())
        at = content.rindex(numbers(["a", "b"]).tobytes())
        content[at] ^= 255
    path.write_bytes({"cut": content[:-40], "empty": b""}.get(harm, bytes(content)))
    with pytest.warns(UserWarning, match=r"is damaged .* encoded again"):
        found = store.vectors(["a", "b"], numbers)
    np.testing.assert_array_equal(found, numbers(["a", "b"]))
    encode = Counting()
    store.vectors(["a", "b"], encode)
    assert encode.asked == []


def permute(path):
    """Write the same keys with the vectors in another order: a whole and valid file."""
    with np.load(path) as stored:
        keys, vectors = stored["keys"], stored["vectors"]
    np.savez(path, keys=keys, vectors=vectors[::-1])


def permute_and_keep_the_seal(path):
    with zipfile.ZipFile(path) as archive:
        seal = archive.read("seal")
    permute(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("seal", seal)


def exchange(path):
    other = VectorStore("other")
    other.vectors(["a", "b"], lambda texts: numbers(texts) + 1)
    (theirs,) = other.folder.glob("*.npz")
    theirs.replace(path)


@pytest.mark.parametrize("harm", [permute, permute_and_keep_the_seal, exchange])
def test_a_file_that_was_altered_is_not_believed(harm):
    store = VectorStore("s")
    store.vectors(["a", "b"], numbers)
    (path,) = store.folder.glob("*.npz")
    harm(path)
    with pytest.warns(UserWarning, match=r"is damaged \(it .*encoded again"):
        found = store.vectors(["a", "b"], numbers)
    np.testing.assert_array_equal(found, numbers(["a", "b"]))
    encode = Counting()
    store.vectors(["a", "b"], encode)
    assert encode.asked == []


def test_the_work_ahead_is_announced():
    store, expected = VectorStore("s"), []
    store.vectors(["a", "b", "a"], numbers, expected.append)
    store.vectors(["a", "c"], numbers, expected.append)
    store.vectors(["a", "c"], numbers, expected.append)
    assert expected == [2, 1]


def test_a_folder_that_cannot_be_written_costs_the_cache_only(data_home):
    data_home.mkdir()
    (data_home / "cache").write_text("a file where a folder should be")
    with pytest.warns(UserWarning, match=r"cannot be written .* nothing is cached"):
        found = VectorStore("s").vectors(["a"], numbers)
    np.testing.assert_array_equal(found, numbers(["a"]))


def test_finished_parts_survive_an_interruption(monkeypatch):
    monkeypatch.setattr(vector_store, "_TEXTS_AT_ONCE", 2)

    def interrupted(texts):
        if "c" in texts:
            raise KeyboardInterrupt
        return numbers(texts)

    store, encode = VectorStore("s"), Counting()
    with pytest.raises(KeyboardInterrupt):
        store.vectors(["a", "b", "c", "d"], interrupted)
    store.vectors(["a", "b", "c", "d"], encode)
    assert encode.asked == [["c", "d"]]


def _write(space, texts, ready):
    ready.wait()
    for text in texts:
        VectorStore(space).vectors([text, "shared"], numbers)


def test_writers_at_the_same_time_lose_nothing():
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    lists = [[f"{writer}-{n}" for n in range(20)] for writer in range(4)]
    writers = [context.Process(target=_write, args=("s", texts, ready)) for texts in lists]
    for writer in writers:
        writer.start()
    ready.set()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    texts, encode = [*(text for texts in lists for text in texts), "shared"], Counting()
    np.testing.assert_array_equal(VectorStore("s").vectors(texts, encode), numbers(texts))
    assert encode.asked == []


ENDLESS = """
import itertools, sys
import numpy as np
from coldbench.methods.language.text_encoder.vector_store import VectorStore
store = VectorStore("s")
encode = lambda texts: np.full((len(texts), 3000), float(texts[0]), np.float32)
for number in itertools.count():
    store.vectors([str(number)], encode)
    if number == 0:
        sys.stdout.write("x"); sys.stdout.flush()
"""


def test_a_killed_writer_leaves_nothing_half_written(data_home):
    for delay in (0.0, 0.02, 0.05):
        writer = subprocess.Popen(
            [sys.executable, "-c", ENDLESS],
            env=os.environ | {"COLDBENCH_DATA": str(data_home)},
            stdout=subprocess.PIPE,
        )
        assert writer.stdout.read(1) == b"x"
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    store = VectorStore("s")
    stored = len(list(store.folder.glob("*.npz")))
    texts = [str(number) for number in range(stored)]
    asked = []

    def encode(missing):
        asked.extend(missing)
        return np.full((len(missing), 3000), float(missing[0]), np.float32)

    found = store.vectors(texts, encode)
    assert stored > 0 and asked == []
    np.testing.assert_array_equal(found, np.repeat(np.arange(stored), 3000).reshape(stored, -1))
