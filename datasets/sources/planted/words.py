"""Topic vocabularies of the planted dataset: real words, which an encoder can distinguish."""

import numpy as np

from ...arrays import IntArray

VOCABULARY: dict[str, str] = {
    "western": "sheriff saddle canyon outlaw cattle ranch prairie stagecoach revolver cowboy "
    "frontier rodeo lasso saloon posse mustang",
    "space": "astronaut orbit galaxy rocket planet spacecraft asteroid nebula cosmonaut comet "
    "satellite starship telescope lunar gravity alien",
    "cooking": "recipe chef kitchen oven spice restaurant bakery flavour dessert sauce pastry "
    "butter garlic menu noodle gourmet",
    "medicine": "surgeon hospital patient nurse vaccine clinic diagnosis physician virus therapy "
    "ambulance anatomy epidemic scalpel pharmacy ward",
    "sailing": "harbour sailor anchor captain lighthouse voyage schooner mast tide island "
    "shipwreck compass deckhand lagoon buccaneer regatta",
    "courtroom": "lawyer judge jury verdict testimony prosecutor lawsuit attorney witness trial "
    "courthouse appeal evidence defendant sentence alibi",
    "music": "orchestra violin melody concert pianist symphony guitar singer opera rhythm "
    "conductor jazz trumpet choir lyrics drummer",
    "football": "goalkeeper stadium striker referee penalty league midfielder championship coach "
    "dribble kickoff offside tournament trophy supporters tackle",
    "ghosts": "haunted phantom graveyard seance spirit mansion curse exorcist apparition crypt "
    "poltergeist witch demon shadow terror coffin",
    "computing": "programmer hacker software algorithm keyboard server database encryption robot "
    "network processor startup code terminal malware silicon",
    "royalty": "king queen palace throne castle knight crown dynasty princess duke coronation "
    "medieval heir nobility regent sword",
    "wildlife": "lion elephant jungle savanna wolf predator zebra safari antelope herd gorilla "
    "leopard rainforest crocodile hyena giraffe",
}
"""Sixteen words for each topic; the first ``n_topics`` topics are used."""

TOPIC_NAMES = tuple(VOCABULARY)
PLAIN = np.array(["story", "year", "people", "day", "life", "way", "part", "time", "place"])
SHARE_OF_SECOND_TOPIC = 0.2
WORDS = {"title": 2, "summary": 9}


def write_sentences(
    topics: IntArray, opening: str, n_words: int, rng: np.random.Generator
) -> list[str]:
    """Return one sentence per row of ``topics``, of words of its two topics and of no topic.

    Parameters
    ----------
    topics
        int32, (rows, 2): main and second topic that the words show.
    opening
        How every sentence begins.
    n_words
        Words drawn from the topics; a third as many plain words are mixed in.
    """
    table = np.array([VOCABULARY[name].split() for name in TOPIC_NAMES])
    shape = (len(topics), n_words)
    second = rng.random(shape) < SHARE_OF_SECOND_TOPIC
    topic = np.where(second, topics[:, 1:], topics[:, :1])
    chosen = table[topic, rng.integers(0, table.shape[1], shape)]
    plain = PLAIN[rng.integers(0, len(PLAIN), (len(topics), n_words // 3))]
    return [f"{opening}{' '.join(row)}" for row in np.hstack((chosen, plain)).tolist()]
