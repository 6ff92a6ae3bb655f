"""How deeply a JSON document is nested, judged before anything walks it."""

from __future__ import annotations

import re

MOST = 100
"""Lists and objects within one another; documents of Zarr need a dozen."""
_PARTS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Texts, to their end or that of the document, and brackets: each byte is looked at once."""
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def nested_too_deeply(data: bytes, most: int = MOST) -> bool:
    """Say whether a document holds more than `most` lists and objects within one another."""
    if data.count(b"[") + data.count(b"{") <= most:
        return False
    depth = 0
    for part in _PARTS.finditer(data):
        depth += _STEPS.get(data[part.start()], 0)
        if depth > most:
            return True
    return False
