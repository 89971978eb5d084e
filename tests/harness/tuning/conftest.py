"""Planted methods and datasets of the tuning's tests, as an installed package."""

from collections.abc import Callable
from pathlib import Path

import pytest

FAKES = Path(__file__).with_name("planted_methods.py")
ENTRIES = """
[coldbench.methods]
hill = planted_methods:Hill
rangeless = planted_methods:Rangeless
slow_hill = planted_methods:SlowHill
moody = planted_methods:Moody
climber = planted_methods:Climber
singular = planted_methods:Singular
newest_word = planted_methods:NewestWord
[coldbench.datasets]
tiny = planted_methods:Tiny
tiny_b = planted_methods:TinyB
tiny_c = planted_methods:TinyC
tiny_d = planted_methods:TinyD
[coldbench.scenarios]
poisoned = planted_methods:PoisonedTest
"""


@pytest.fixture
def workplace(workplace: Path, install: Callable[..., None]) -> Path:
    """An empty working folder, and the planted package installed for this and other processes."""
    install("planted-methods", ENTRIES, planted_methods=FAKES.read_text())
    return workplace
