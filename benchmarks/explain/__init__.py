"""Explanations: which items of a history and which words of a text carried a recommendation."""
