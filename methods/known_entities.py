"""What was learned of the entities of a query: a lookup for warm ones, zeros for cold ones."""

import numpy as np

from ..datasets.world import Entities


def look_up_known(entities: Entities, learned: np.ndarray) -> np.ndarray:
    """Return what was learned of each entity, in the dtype of ``learned``; zero for a cold one.

    A cold entity has index -1, which numpy would read as the last training entity.

    Parameters
    ----------
    entities
        Entities of the side that ``learned`` is about.
    learned
        (training entities, ...): one value or one vector each.
    """
    found = np.zeros((len(entities), *learned.shape[1:]), dtype=learned.dtype)
    warm = entities.known >= 0
    found[warm] = learned[entities.known[warm]]
    return found
