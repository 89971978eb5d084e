"""From scores to numbers: ranking, metrics, intervals, slices."""
