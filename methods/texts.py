"""The texts of entities, for the methods that read words or sentences."""

from ..datasets.errors import NotApplicableError
from ..datasets.world import Entities


def texts_of(entities: Entities) -> list[str]:
    """Return the text of each entity.

    Raises
    ------
    NotApplicableError
        When the entities have no text.
    """
    if entities.text is None:
        raise NotApplicableError(f"these {entities.side.value}s have no text")
    return [str(text) for text in entities.text]
