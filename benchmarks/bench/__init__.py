"""Speed: ours and the alternatives in one process run, as ratios."""
