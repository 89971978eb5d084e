"""What fits a cross-encoder with the tiny encoder and settings that learn the small world."""

import pytest
from coldbench.methods.language.candidate_generators import Generator
from coldbench.methods.language.cross_encoder.method import CrossEncoder


@pytest.fixture
def fit(tiny):
    """Return what fits one; everything is ranked anew unless it is said otherwise."""
    usual = {
        "generator": Generator.POPULARITY,
        "rerank": 0,
        "history_length": 2,
        "item_tokens": 12,
        "max_length": 32,
        "negatives": 2,
        "batch_size": 32,
        "learning_rate": 2e-3,
        "head_learning_rate": 2e-3,
        "dropout": 0.0,
        "thinning": 0.0,
        "max_steps": 200,
        "validate_every_steps": 40,
        "held_out": 6,
        "model": "tiny",
        "model_path": str(tiny),
    }

    def fit(train, **different):
        return CrossEncoder(**usual | different).fit(train)

    return fit
