"""The questions of a split: who is scored, with which support and candidates."""
