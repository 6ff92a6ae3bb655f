"""How thorough a verification is."""

from __future__ import annotations

from enum import StrEnum

SAMPLE = 64
"""Quick verification compares one chunk in so many, and at least one for each layout."""


class Level(StrEnum):
    """How much is looked at."""

    NONE = "none"
    QUICK = "quick"
    FULL = "full"
    DECODE = "decode"
