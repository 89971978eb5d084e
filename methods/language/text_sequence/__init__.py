"""A user as the sequence of the texts in the history, through frozen sentence vectors."""
