"""Features, text and links of one side, cut down to what a track and a mode let a method see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack

from ...arrays import CSR, DoubleArray, FloatArray, IntArray, LongArray, make_read_only
from ...side_information import FeatureColumn, Side, SideInformation, Track
from ...world import Entities
from .graph_view import GraphView
from .number_encoding import Block, encode_number


@dataclass(frozen=True)
class SideView:
    """The admitted side information of every entity of the dataset on one side.

    Attributes
    ----------
    side
        Users or items.
    features
        CSR float32, (entities of the dataset, admitted columns).
    feature_names
        One per column.
    text
        object array of str, (entities of the dataset,), or None.
    graph
        Where the links of items come from, or None.
    vectors
        float32, (entities of the dataset, d), or None.
    feature_groups
        As in ``Entities``.
    released
        float64, (entities of the dataset,), or None.
    """

    side: Side
    features: CSR
    feature_names: tuple[str, ...]
    text: np.ndarray | None
    graph: GraphView | None
    vectors: FloatArray | None = None
    feature_groups: tuple[str, ...] = ()
    released: DoubleArray | None = None

    def entities(self, rows: IntArray, known: IntArray, history: CSR) -> Entities:
        """Return the ``Entities`` of the dataset indices ``rows``; everything is read-only."""
        return Entities(
            side=self.side,
            known=make_read_only(known),
            history=make_read_only(history),
            features=make_read_only(self.features[rows]),
            feature_names=self.feature_names,
            text=None if self.text is None else make_read_only(self.text[rows]),
            links=None if self.graph is None else self.graph.links(rows),
            vectors=None if self.vectors is None else make_read_only(self.vectors[rows]),
            feature_groups=self.feature_groups,
            released=None if self.released is None else make_read_only(self.released[rows]),
        )


def view_side(
    side: Side,
    information: SideInformation,
    n: int,
    track: Track,
    warm: IntArray,
    visible: IntArray,
    graph: GraphView | None,
) -> SideView:
    """Build the view of one side.

    Parameters
    ----------
    information, n
        Side information of the dataset, and how many entities it describes.
    track
        Which provenances are admitted.
    warm
        Entities with training interactions: they alone set the scale and the bins of numbers.
    visible
        Entities that may decide which columns exist, by having a value or by having it often
        enough: the warm ones when inductive.
    """
    admitted = [one for one in information.columns if track.admits(one.provenance)]
    blocks = [block for one in admitted for block in _encode(one, visible, warm)]
    nothing = csr_matrix((n, 0), dtype=np.float32)
    features = hstack([nothing, *(one.matrix for one in blocks)], format="csr", dtype=np.float32)
    groups = tuple(one.group for one in blocks for _ in one.names)
    return SideView(
        side,
        csr_matrix(features),
        tuple(name for one in blocks for name in one.names),
        _joined_text(information, track),
        graph,
        _joined_vectors(information, track),
        groups if any(groups) else (),
        _release_dates(admitted),
    )


def _encode(column: FeatureColumn, visible: IntArray, warm: IntArray) -> list[Block]:
    """Return the columns of an attribute that enough visible entities have."""
    counts = _count_non_zero(column.matrix[visible])
    if column.refers_to is not None:
        counts[~np.isin(column.refers_to, visible)] = 0
    keep = np.flatnonzero(counts >= max(column.minimum_count, 1))
    names = [f"{column.name}={text}" if text else column.name for text in column.values]
    matrix = csr_matrix(column.matrix, dtype=np.float32)
    if not column.numeric:
        return [Block(matrix[:, keep], tuple(names[at] for at in keep))]
    return [block for at in keep for block in encode_number(names[at], matrix[:, [at]], warm)]


def _count_non_zero(matrix: CSR) -> LongArray:
    """Return int64, (columns,): rows that are not zero; a value may be stored and be zero."""
    seen = matrix.indices[matrix.data != 0]
    counts: LongArray = np.bincount(seen, minlength=matrix.shape[1])
    return counts


def _release_dates(columns: Sequence[FeatureColumn]) -> DoubleArray | None:
    """Return the first dated column as raw years, NaN where it is unknown, or None without any."""
    for column in columns:
        if column.dated:
            dates = np.full(column.matrix.shape[0], np.nan)
            dates[np.diff(column.matrix.indptr) > 0] = column.matrix.data
            return dates
    return None


def _joined_text(information: SideInformation, track: Track) -> np.ndarray | None:
    """Return one text per entity, its admitted texts joined by ". ", or None without any."""
    texts = [text.values for text in information.texts if track.admits(text.provenance)]
    if not texts:
        return None
    joined = np.empty(len(texts[0]), dtype=object)
    joined[:] = [
        ". ".join(str(part) for part in parts if part) for parts in zip(*texts, strict=True)
    ]
    return joined


def _joined_vectors(information: SideInformation, track: Track) -> FloatArray | None:
    """Return the admitted vectors of each entity side by side, or None without any."""
    admitted = [one.values for one in information.vectors if track.admits(one.provenance)]
    return np.hstack(admitted).astype(np.float32) if admitted else None
