"""What holds for every test."""

import pytest


@pytest.fixture(autouse=True)
def _wide_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print as into a file or a pipe: a parallel run states the width of its own screen."""
    monkeypatch.delenv("COLUMNS", raising=False)
