"""Features, text and links of one side, cut down to what a track and a mode let a method see."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack

from ...arrays import CSR, FloatArray, IntArray, make_read_only
from ...side_information import FeatureColumn, Side, SideInformation, Track
from ...world import Entities
from .graph_view import GraphView


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
    """

    side: Side
    features: CSR
    feature_names: tuple[str, ...]
    text: np.ndarray | None
    graph: GraphView | None
    vectors: FloatArray | None = None

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
        Entities with training interactions: they alone set the scale of numeric columns.
    visible
        Entities that may decide which columns exist, by having a value or by having it often
        enough: the warm ones when inductive.
    """
    blocks: list[CSR] = [csr_matrix((n, 0), dtype=np.float32)]
    names: list[str] = []
    for column in information.columns:
        if track.admits(column.provenance):
            keep = _seen_columns(column.matrix[visible], column.minimum_count)
            blocks.append(_standardised(column, warm)[:, keep])
            names += [_name(column, value) for value in keep.tolist()]
    features = csr_matrix(hstack(blocks, format="csr", dtype=np.float32))
    text, vectors = _joined_text(information, track), _joined_vectors(information, track)
    return SideView(side, features, tuple(names), text, graph, vectors)


def _seen_columns(matrix: CSR, minimum: int) -> np.ndarray:
    """Return the columns in which so many rows, and at least one, are not zero."""
    counts = np.bincount(matrix.indices[matrix.data != 0], minlength=matrix.shape[1])
    return np.flatnonzero(counts >= max(minimum, 1))


def _name(column: FeatureColumn, value: int) -> str:
    text = column.values[value]
    return f"{column.name}={text}" if text else column.name


def _standardised(column: FeatureColumn, warm: IntArray) -> CSR:
    """Return the matrix, numeric values moved and scaled by the warm rows; missing becomes 0.

    A value that is not stored is missing and takes the mean; a stored zero is a zero.
    """
    matrix = csr_matrix(column.matrix, dtype=np.float32, copy=True)
    if not column.numeric:
        return matrix
    for at in range(matrix.shape[1]):
        fitted = matrix[warm]
        known = fitted.data[fitted.indices == at].astype(np.float64)
        mean, spread = (known.mean(), known.std()) if len(known) else (0.0, 0.0)
        here = matrix.indices == at
        matrix.data[here] = (matrix.data[here] - mean) / (spread or 1.0)
    return matrix


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
