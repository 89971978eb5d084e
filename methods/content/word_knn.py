"""Candidates whose texts share words with the texts of what the user liked."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ...datasets.arrays import FloatArray
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..neighbours import Similarities, compute_cosines
from .weighting import ColumnWeightedMethod, Weighting
from .word_counts import collect_vocabulary, count_words


@dataclass
class WordKNN(ColumnWeightedMethod):
    """Sum of the largest cosines between the words of a candidate and of the history's items.

    Source: Salton and Buckley, Term-weighting Approaches in Automatic Text Retrieval, 1988
    (tf-idf vectors, cosine); Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25
    and Beyond, 2009, for ``weighting=bm25``; nearest neighbours after Lops, de Gemmis and
    Semeraro, Content-based Recommender Systems: State of the Art and Trends, 2011, section 3.3.1.
    Differs: words as they stand, without stop list or stemming; a word that no training item has
    is dropped and counts for no length. BM25, made for queries, weights both texts, which are then
    compared by cosine. Liked items only, so the k nearest vote with their similarity. A user
    without history ties all candidates.
    """

    neighbours: int = parameter(
        5, "largest similarities that are summed", minimum=1, search=Range(1, 100, log=True)
    )
    weighting: Weighting = parameter(
        Weighting.TFIDF, "weights of the words", search=Choices(tuple(Weighting))
    )
    minimum_count: int = parameter(
        1, "training items that must have a word", minimum=1, search=Choices((1, 2, 5))
    )

    family: ClassVar[Family] = Family.CONTENT
    reference: ClassVar[bool] = True
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("numba",)

    def fit(self, train: TrainView) -> Self:
        """Collect and weight the words of the training items and keep their vectors."""
        self.words_ = collect_vocabulary(train.items, self.minimum_count)
        self.vectors_ = self.fit_weights(count_words(train.items, self.words_))
        return self

    def encode_items(self, items: Entities) -> Similarities:
        """Return the cosines of the candidates to the training items."""
        counts = count_words(items, self.fitted("words_"))
        return compute_cosines(self.weigh(counts), self.vectors_)

    def score_block(self, users: Entities, items: Similarities) -> FloatArray:
        """Return float32 (users, candidates); 0 for a user without history."""
        return items.sums(users.history, self.neighbours)

    def parameter_counts(self) -> tuple[int, int]:
        """Return the number of word weights, twice; the words themselves are not parameters."""
        size = len(self.fitted("weights_"))
        return size, size
