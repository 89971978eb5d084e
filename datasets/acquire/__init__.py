"""Getting data onto the machine: download, safe extraction, the cache."""
