"""coldbench: a benchmark suite that compares cold-start recommenders under one split protocol."""

__version__ = "0.2.0"
