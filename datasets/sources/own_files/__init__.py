"""Anyone's own files as a dataset."""
