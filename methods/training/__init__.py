"""The one training layer of every torch method: Lightning, in memory, quiet, repeatable."""
