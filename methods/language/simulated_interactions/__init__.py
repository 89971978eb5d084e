"""Simulated interactions: likely users of a cold item, found by its text."""
