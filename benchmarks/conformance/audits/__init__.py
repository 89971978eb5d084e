"""Audits for leaks in splits."""
