"""Isolation of runs: read-only data, limits, restored process state."""
