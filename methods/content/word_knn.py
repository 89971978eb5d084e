"""Candidates whose texts share words with the texts of what the user liked."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ...datasets.parameters import Choices, parameter
from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..item_content.neighbour_method import NeighbourMethod
from ..item_content.weighting import ColumnWeightedMethod, Weighting
from ..item_content.word_counts import collect_vocabulary, count_words
from ..neighbours import Similarities, compute_cosines


@dataclass
class WordKNN(NeighbourMethod, ColumnWeightedMethod):
    """Sum of the largest cosines between the words of a candidate and of the history's items.

    Source: Salton and Buckley, Term-weighting Approaches in Automatic Text Retrieval, 1988
    (tf-idf vectors, cosine); Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25
    and Beyond, 2009, for ``weighting=bm25``; nearest neighbours after Lops, de Gemmis and
    Semeraro, Content-based Recommender Systems: State of the Art and Trends, 2011, section 3.3.1.
    Differs: words as they stand, without stop list or stemming; a word that no training item has
    is dropped and counts for no length. BM25, made for queries, weights both texts, which are then
    compared by cosine. Liked items only, so the k nearest vote with their similarity;
    ``neighbourhood=item`` and the prior of a user without history are those of content kNN.
    """

    weighting: Weighting = parameter(
        Weighting.TFIDF, "weights of the words", search=Choices(tuple(Weighting))
    )
    minimum_count: int = parameter(
        1, "training items that must have a word", minimum=1, search=Choices((1, 2, 5))
    )

    version: ClassVar[int] = 2
    family: ClassVar[Family] = Family.CONTENT
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})

    def fit(self, train: TrainView) -> Self:
        """Collect and weight the words of the training items and keep their vectors."""
        self.words_ = collect_vocabulary(train.items, self.minimum_count)
        self.vectors_ = self.fit_weights(count_words(train.items, self.words_))
        self.fit_prior(train)
        return self

    def compare_items(self, items: Entities) -> Similarities:
        """Return the cosines of the candidates to the training items."""
        counts = count_words(items, self.fitted("words_"))
        return compute_cosines(self.weigh(counts), self.vectors_)

    def parameter_counts(self) -> tuple[int, int]:
        """Return the number of word weights, twice; the words themselves are not parameters."""
        size = len(self.fitted("weights_"))
        return size, size
