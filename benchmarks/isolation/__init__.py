"""What keeps one run from another: sealed data, limits, a process left as it was."""
