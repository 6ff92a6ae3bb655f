"""How deeply documents are nested."""

from __future__ import annotations

import json
import time

import pytest

from zarrlift.metadata.json_depth import MOST, nested_too_deeply


@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
def test_depth_is_counted(opened: bytes) -> None:
    """As deep as is allowed is not too deep; one more is."""
    closed = b"]" if opened == b"[" else b"}"
    for depth, due in ((MOST, False), (MOST + 1, True), (10**6, True)):
        assert nested_too_deeply(opened * depth + b"1" + closed * depth) is due


def test_what_stands_in_texts_does_not_count() -> None:
    """Brackets in texts, behind escapes too, are no lists."""
    document = {"a": ["[" * 1000, '"' * 50 + "{" * 1000, "\\" * 99 + "[" * 500], "b" * 99: 1}

    assert not nested_too_deeply(json.dumps(document).encode())
    assert not nested_too_deeply(json.dumps([[[1]] * 10_000]).encode())


@pytest.mark.parametrize("end", [b"", b"\\", b'"'])
def test_a_text_without_an_end_takes_no_longer(end: bytes) -> None:
    """Each of its quotation marks could begin a text of its own."""
    begun = time.monotonic()

    assert not nested_too_deeply(b"[]" * (MOST + 1) + b'"' + b'\\"' * 50_000 + end)
    assert time.monotonic() - begun < 2
