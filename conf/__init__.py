"""Hydra configuration: differences from the defaults that stand in the code."""
