"""Installed plugins, found by entry point, and what they need."""
