"""A dataset is known by its content, whatever its plugin says of itself."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from coldbench.datasets.dataset import Dataset, check_dataset
from coldbench.datasets.errors import DataError
from coldbench.datasets.side_information import Provenance, SideInformation, TextColumn
from coldbench.datasets.sources.planted.source import Planted


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Planted(n_users=40, n_items=30, interactions_per_user=6).load()


def changed(array: np.ndarray) -> np.ndarray:
    """Return a copy with another last element."""
    other = array.copy()
    other[-1] = other[0] if other[-1] != other[0] else other[1]
    return other


def changes(data: Dataset) -> dict[str, Dataset]:
    """Return the dataset with each part of its content changed."""
    pairs, graph = data.interactions, data.graph
    assert graph is not None and pairs.timestamps is not None
    first, *rest = data.items.columns
    matrix = first.matrix.copy()
    matrix.data = matrix.data + 1
    text = data.items.texts[0]
    edited = replace(text, values=["another", *text.values[1:]])
    return {
        "items": replace(data, interactions=replace(pairs, items=changed(pairs.items))),
        "users": replace(data, interactions=replace(pairs, users=changed(pairs.users))),
        "values": replace(data, interactions=replace(pairs, values=changed(pairs.values))),
        "times": replace(data, interactions=replace(pairs, timestamps=pairs.timestamps + 1)),
        "no times": replace(data, interactions=replace(pairs, timestamps=None)),
        "positive": replace(data, positive=~data.positive),
        "user ids": replace(data, user_ids=np.char.add(data.user_ids, "x")),
        "item ids": replace(data, item_ids=np.char.add(data.item_ids, "x")),
        "user columns": replace(data, users=replace(data.users, columns=())),
        "item columns": replace(data, items=replace(data.items, columns=(first,))),
        "a value": replace(
            data, items=replace(data.items, columns=(replace(first, matrix=matrix), *rest))
        ),
        "a column's name": replace(
            data, items=replace(data.items, columns=(replace(first, name="other"), *rest))
        ),
        "provenance": replace(
            data,
            items=replace(
                data.items, columns=(replace(first, provenance=Provenance.USER_GENERATED), *rest)
            ),
        ),
        "a text": replace(data, items=replace(data.items, texts=(edited, *data.items.texts[1:]))),
        "no graph": replace(data, graph=None),
        "an edge": replace(data, graph=replace(graph, tails=changed(graph.tails))),
    }


def test_every_part_of_the_content_moves_the_fingerprint(data: Dataset) -> None:
    prints = {name: other.sha256 for name, other in changes(data).items()}
    assert data.sha256 not in prints.values()
    assert len(set(prints.values())) == len(prints)


def test_what_is_told_does_not(data: Dataset) -> None:
    assert replace(data, name="other", rule="another sentence", merged=9).sha256 == data.sha256


def test_a_plugin_cannot_state_its_own(data: Dataset) -> None:
    @dataclass(frozen=True)
    class Claiming(Dataset):
        @property
        def sha256(self) -> str:  # type: ignore[override]
            return "0" * 64

    parts = {name: getattr(data, name) for name in Dataset.__dataclass_fields__}
    assert check_dataset(Claiming(**parts)).sha256 == data.sha256


def test_what_does_not_fit_together_is_refused(data: Dataset) -> None:
    few = SideInformation(texts=(TextColumn("note", Provenance.INTRINSIC, ["one"]),))
    with pytest.raises(DataError, match="30 items, but 1 rows of text 'note'"):
        check_dataset(replace(data, items=few))
    with pytest.raises(DataError, match="marks of positives"):
        check_dataset(replace(data, positive=data.positive[1:]))
    with pytest.raises(DataError, match="returned a dict, not a Dataset"):
        check_dataset({})
