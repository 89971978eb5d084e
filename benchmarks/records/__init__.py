"""One run on disk: the record, its digests, the tables next to it."""
