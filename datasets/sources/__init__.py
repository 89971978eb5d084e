"""The datasets themselves: one file per origin."""
