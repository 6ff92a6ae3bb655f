"""Threads that send requests, and whose turn it is to begin."""

from __future__ import annotations

import threading

import pytest

from zarrlift.store.requesters import Requesters

_LONG, _SHORT = 10.0, 0.05


def began(threads: Requesters) -> tuple[threading.Thread, threading.Event]:
    """Begin something as soon as it is its turn."""
    done = threading.Event()

    def begin() -> None:
        with threads.turn():
            done.set()

    one = threading.Thread(target=begin, daemon=True)
    one.start()
    return one, done


def test_who_begins_waits_until_a_thread_is_free() -> None:
    """While two are busy the next one waits; answers that nobody takes leave room, too."""
    answered = threading.Event()
    with Requesters(2) as threads:
        for _ in range(2):
            threads.submit(answered.wait, _LONG)
        one, done = began(threads)
        early = done.wait(_SHORT)
        answered.set()
        one.join(_LONG)

    assert not early
    assert done.is_set()


def test_requests_given_up_leave_room() -> None:
    """What was cancelled before it was sent counts no more."""
    answered = threading.Event()
    with Requesters(1) as threads:
        threads.submit(answered.wait, _LONG)
        waiting = [threads.submit(answered.wait, _LONG) for _ in range(3)]
        one, done = began(threads)
        for future in waiting:
            future.cancel()
        early = done.wait(_SHORT)
        answered.set()
        one.join(_LONG)

    assert not early
    assert done.is_set()


def test_one_begins_at_a_time() -> None:
    """Who begins is alone until all that it asks for first is asked."""
    with Requesters(8) as threads, threads.turn():
        one, done = began(threads)
        early = done.wait(_SHORT)
    one.join(_LONG)

    assert not early
    assert done.is_set()


def test_an_error_leaves_room() -> None:
    """A request that fails was answered."""
    with Requesters(1) as threads:
        failed = threads.submit(int, "x")
        with pytest.raises(ValueError, match="invalid literal"):
            failed.result(_LONG)
        one, done = began(threads)
        one.join(_LONG)

    assert done.is_set()
