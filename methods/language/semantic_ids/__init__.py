"""A generative recommender: the codes of the next item are generated from those of the history."""
