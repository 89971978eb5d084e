"""Random walks with restart over users, items and what is known of the items."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, eye, vstack

from ...datasets.arrays import CSR, FloatArray
from ...datasets.errors import NotApplicableError
from ...datasets.parameters import Range, parameter
from ...datasets.progress import Progress, Tally, ignore_progress
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Method, Need
from ..shrunken_means import support_shares
from ..sparse_rows import binarise, scale_rows
from .joint_graph import JointGraph, build_joint_graph, walk

_BYTES_KEPT = 1 << 28  # responses of candidates to single items are kept up to this size
_COLUMNS = 128  # most walks that run at once
_ENTRIES = 1 << 25  # probabilities that are held at once, three times
_SECONDS_PER_PRODUCT = 5e-10  # of one core: one edge in one step of one walk


@dataclass(frozen=True)
class PageRankCandidates:
    """Encoded candidates.

    ``arrivals`` is CSR (candidates, nodes); its product with a walk is the score. ``responses``,
    float32 (training items, candidates), is the score of a walk that restarts at one item, or
    None where it would not fit.
    """

    arrivals: CSR
    responses: FloatArray | None


@dataclass
class PersonalisedPageRank(Method):
    """Probability that a walk which keeps restarting at the history is found at the candidate.

    Source: Haveliwala, Topic-Sensitive PageRank, 2002; restart at a user's items after Gori and
    Pucci, ItemRank, 2007, equation 1 (20 steps); the joint graph of users, items and linked
    entities after Musto, Lops, de Gemmis and Semeraro, 2017.
    Differs: where a node has interactions and triples, the walk takes a triple with probability
    ``knowledge``, so that neither kind drowns the other. A fixed number of steps, no test of
    convergence. The restart is uniform over the history; that of a new user is uniform over the
    training items (plain PageRank), joined by the k items of its history with the share
    k / (k + ``prior_weight``). A known user's node is not a restart. A cold item is imagined
    as a node appended to the graph with its links and support: its score is one damped step from
    its neighbours. What would flow back from it is left out, and each candidate is appended
    alone, so the other candidates do not matter. Beyond some 8,000 training items each user walks
    alone; where that takes more than ``max_hours`` it refuses.
    """

    damping: float = parameter(
        0.85, "probability to go on walking", minimum=0, maximum=1, search=Range(0.3, 0.95)
    )
    steps: int = parameter(20, "power iterations", minimum=1)
    knowledge: float = parameter(
        0.5,
        "probability of a triple at a node that has interactions too",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.9),
    )
    prior_weight: float = parameter(
        1.0,
        "history items that count as much as all training items in a new user's restart",
        minimum=0,
        search=Range(0.5, 50, log=True),
    )
    max_hours: float = parameter(
        3.0,
        "estimated hours of one core, for the fit or for one task with every training user, "
        "beyond which the method refuses",
        minimum=0,
    )

    version: ClassVar[int] = 2
    family: ClassVar[Family] = Family.GRAPH
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRAPH})

    def fit(self, train: TrainView) -> Self:
        """Build the joint graph and walk back from every training item.

        Raises
        ------
        NotApplicableError
            When there is no graph, or the walks would take more than ``max_hours``.
        """
        if train.graph is None:
            raise NotApplicableError("PersonalisedPageRank needs a graph; the split has none")
        self._refuse_too_long(train, len(train.graph.heads))
        graph = build_joint_graph(train.interactions.csr, train.graph, self.knowledge)
        self.transitions_ = graph.transitions
        self.knowledge_degrees_ = graph.knowledge_degrees
        self.interaction_degrees_ = graph.interaction_degrees
        self.n_items_ = len(train.items)
        nodes = graph.transitions.shape[0]
        start = csr_matrix(np.ones((1, self.n_items_)) / max(1, self.n_items_), dtype=np.float32)
        start.resize((1, nodes))
        # Plain PageRank, for users without a history.
        self.everywhere_ = self._forward(start)[:, 0]
        kept = _responses_fit(self.n_items_)
        own = eye(self.n_items_ if kept else 0, nodes, format="csr", dtype=np.float32)
        self.responses_ = self._respond(own, train.progress)
        return self

    def encode_items(self, items: Entities) -> PageRankCandidates:
        """Return how the candidates are reached, and their responses where these fit."""
        arrivals = self._arrivals(items)
        if 4 * len(items) * self.n_items_ > _BYTES_KEPT:
            return PageRankCandidates(arrivals, None)
        responses = np.empty((self.n_items_, len(items)), dtype=np.float32)
        learned = items.known >= 0 if self.responses_.size else np.zeros(len(items), dtype=bool)
        responses[:, learned] = self.responses_[:, items.known[learned]]
        responses[:, ~learned] = self._respond(arrivals[np.flatnonzero(~learned)])
        return PageRankCandidates(arrivals, responses)

    def score_block(self, users: Entities, items: PageRankCandidates) -> FloatArray:
        """Return float32 (users, candidates), probabilities after the last step."""
        sizes = np.diff(users.history.indptr)
        restart = scale_rows(binarise(users.history), sizes)
        if items.responses is not None:
            scores = np.asarray(restart @ items.responses)
        else:
            scores = np.empty((len(users), items.arrivals.shape[0]), dtype=np.float32)
            restart.resize((len(users), self.transitions_.shape[0]))
            for at, block in _blocks(restart):
                walks = self._forward(block)
                scores[at : at + walks.shape[1]] = (items.arrivals @ walks).T
        # The score is linear in the restart, so a restart that is mixed is scores that are mixed.
        plain = items.arrivals @ self.everywhere_
        shares = support_shares(users.history, self.prior_weight)
        shares[(users.known >= 0) & (sizes > 0)] = 1
        scores *= shares
        scores += (1 - shares) * plain
        return scores

    def parameter_counts(self) -> tuple[int, int]:
        """Return (0, 0): nothing is estimated, what is kept is the graph and walks on it."""
        return 0, 0

    def _refuse_too_long(self, train: TrainView, n_triples: int) -> None:
        n_items, n_users = len(train.items), len(train.users)
        edges = 2 * (len(train.interactions) + n_triples)
        walks, whose = (n_items, "items") if _responses_fit(n_items) else (n_users, "users")
        hours = _SECONDS_PER_PRODUCT * self.steps * edges * walks / 3600
        if hours > self.max_hours:
            raise NotApplicableError(
                f"PersonalisedPageRank takes {self.steps} steps over {edges} directed edges from "
                f"each of {walks} training {whose}: about {hours:.1f} hours, more than max_hours = "
                f"{self.max_hours:g}; raise method.max_hours to wait for it, or use graph_knn or "
                "fewer method.steps"
            )

    def _arrivals(self, items: Entities) -> CSR:
        """Return CSR float32 (candidates, nodes): 1 at a known item, one damped step elsewhere."""
        graph = JointGraph(
            self.fitted("transitions_"),
            self.knowledge_degrees_,
            self.interaction_degrees_,
            self.knowledge,
        )
        # One damped step is what a walk would add at the new node: x(c) = d sum_n x(n) P(n, c), as
        # c is not a restart.
        warm = np.flatnonzero(items.known >= 0)
        cold = np.flatnonzero(items.known < 0)
        ones = np.ones(len(warm), dtype=np.float32)
        shape = (len(warm), self.transitions_.shape[0])
        own = csr_matrix((ones, (np.arange(len(warm)), items.known[warm])), shape)
        appended = self.damping * graph.arrivals(items.take(cold))
        order = np.argsort(np.concatenate([warm, cold]), kind="stable")
        return vstack([own, appended], format="csr", dtype=np.float32)[order]

    def _forward(self, start: CSR) -> FloatArray:
        """Return float32 (nodes, rows): where walks from ``start`` are found."""
        return walk(self.transitions_.T.tocsr(), start, self.damping, self.steps)

    def _respond(self, arrivals: CSR, progress: Progress = ignore_progress) -> FloatArray:
        """Return float32 (training items, rows): the score of a restart at each item.

        The score is linear in the restart, so the walk runs backwards from the candidates once,
        instead of forwards from every user.
        """
        # Forwards, x = W s with W the sum of (1 - d) d^t M^t (and the last power), M = P' for
        # transition probabilities P; the score of a candidate with arrivals a is a'W s. So a'W,
        # made once a candidate, answers for every restart s: it is the walk W' a, whose steps
        # multiply with M' = P, ``transitions_`` as it stands. A user's score is then the mean of
        # the responses over its history.
        responses = np.empty((self.n_items_, arrivals.shape[0]), dtype=np.float32)
        tally = Tally(progress, "item")
        tally.expect(arrivals.shape[0])
        for at, block in _blocks(arrivals):
            back = walk(self.transitions_, block, self.damping, self.steps)
            responses[:, at : at + back.shape[1]] = back[: self.n_items_]
            tally.add(back.shape[1])
        return responses


def _responses_fit(n_items: int) -> bool:
    return 4 * n_items**2 <= _BYTES_KEPT


def _blocks(rows: CSR) -> Iterator[tuple[int, CSR]]:
    step = min(_COLUMNS, max(1, _ENTRIES // max(1, rows.shape[1])))
    for at in range(0, rows.shape[0], step):
        yield at, rows[at : at + step]
