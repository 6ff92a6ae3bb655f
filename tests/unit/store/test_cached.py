"""The byte cache: what is kept, what goes first, what is counted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zarrlift.store.asking import Requests
from zarrlift.store.cached import ByteCache, CachedFolder
from zarrlift.store.folder import Folder

ENTRY = 256


def whole(key: str) -> tuple[str, str, int, int]:
    """The question for a whole object."""
    return "whole", key, 0, 0


def folder_of(path: Path, limit: int = 0) -> CachedFolder:
    """A folder of two files behind a cache."""
    (path / "a").mkdir(parents=True)
    (path / "a" / "one").write_bytes(bytes(range(100)))
    (path / "two").write_bytes(b"x" * 10)
    return CachedFolder(Folder(path), limit)


def test_least_recently_used_goes_first() -> None:
    """What was asked for again stays, what was not goes."""
    cache = ByteCache(3 * (100 + ENTRY))
    for key in "abc":
        cache.get(whole(key), lambda: bytes(100))
    cache.get(whole("a"), lambda: b"not asked for")
    cache.get(whole("d"), lambda: bytes(100))

    misses = [cache.facts.misses]
    for key in "acdb":
        cache.get(whole(key), lambda: bytes(100))
        misses.append(cache.facts.misses)

    assert misses == [4, 4, 4, 4, 5]
    assert cache.facts.entries == 3


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    """It is given, and puts nothing else out."""
    cache = ByteCache(1000)
    cache.get(whole("small"), lambda: b"small")
    assert cache.get(whole("large"), lambda: bytes(2000)) == bytes(2000)

    assert cache.get(whole("small"), lambda: b"again") == b"small"
    assert cache.facts.hits == 1
    assert cache.facts.misses == 2
    assert cache.facts.bytes_saved == 5


def test_absence_is_kept_too() -> None:
    """An absent object is asked for once."""
    cache = ByteCache(10_000)
    answers: list[bytes | None] = [None, b"came later"]

    assert [cache.get(whole("gone"), lambda: answers.pop(0)) for _ in range(2)] == [None, None]


def test_an_error_is_not_kept() -> None:
    """What failed is asked for anew, and those who waited hear of the failure."""
    cache = ByteCache(10_000)

    def fail() -> bytes:
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        cache.get(whole("a"), fail)

    assert cache.get(whole("a"), lambda: b"whole") == b"whole"


def test_threads_that_want_the_same_ask_once() -> None:
    """Whoever comes while an answer is under way waits for it."""
    cache, begun, go = ByteCache(10_000), threading.Event(), threading.Event()
    asked: list[int] = []

    def slow() -> bytes:
        asked.append(1)
        begun.set()
        assert go.wait(10)
        return b"once"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(cache.get, whole("a"), slow)
        assert begun.wait(10)
        others = [pool.submit(cache.get, whole("a"), slow) for _ in range(3)]
        go.set()
        assert {f.result(10) for f in (first, *others)} == {b"once"}

    assert len(asked) == 1
    assert cache.facts[3:5] == (3, 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 900)), max_size=40),
    st.integers(0, 3000),
)
def test_never_more_than_the_limit(asked: Sequence[tuple[str, int]], limit: int) -> None:
    """Whatever is asked for, no more is held than allowed, and each answer is right."""
    cache = ByteCache(limit)
    sizes: dict[str, int] = {}
    for key, size in asked:
        due = sizes.setdefault(key, size)
        assert cache.get(whole(key), lambda n=due: bytes(n)) == bytes(due)  # type: ignore[misc]
        assert cache.facts.held <= limit

    assert cache.facts.hits + cache.facts.misses == len(asked)


def test_reads_of_a_disk_are_counted_by_kind(tmp_path: Path) -> None:
    """A read is a `get`, a look a `head`, a listing a `list`; without a cache each one counts."""
    folder = folder_of(tmp_path / "d")

    for _ in range(2):
        assert folder.read("a/one") == bytes(range(100))
        assert folder.read("none") is None
        assert folder.read_range("a/one", 10, 5) == bytes(range(10, 15))
        assert folder.read_tail("a/one", 3) == (bytes([97, 98, 99]), 100)
        assert folder.size("two") == 10
        assert [e.name for e in folder.entries("a")] == ["one"]

    assert folder.asked() == Requests(get=8, head=2, list=2, bytes_in=2 * 108)
    assert folder.cache is None


def test_a_cache_answers_the_second_time(tmp_path: Path) -> None:
    """Nothing is read twice; a part of a whole object that is held is cut out of it."""
    folder = folder_of(tmp_path / "d", 2**20)

    for _ in range(2):
        folder.read("a/one")
        folder.size("two")
        folder.read_tail("two", 4)
        folder.entries("a")
    assert folder.read_range("a/one", 90, 50) == bytes(range(90, 100))

    assert folder.asked() == Requests(get=2, head=1, list=1, bytes_in=104)
    assert folder.cache is not None
    assert folder.cache.facts.hits == 5
    assert folder.cache.facts.bytes_saved == 100 + 4 + 10
