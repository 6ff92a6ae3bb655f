"""How long an object store is waited for, and for how long it is asked again.

A store that has not answered yet is asked again for seconds only: most often the address is wrong.
One that did may be restarting, or want less to be asked of it, and is given time.
"""

from __future__ import annotations

import time
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from obstore.store import ClientConfig, RetryConfig

R = TypeVar("R")

_FIRST_TRIES = 4
FIRST_SECONDS = 5.0
_MANY = 10_000
"""Tries that no patience is long enough for: its seconds alone end it."""
_SHORTEST, _LONGEST = 0.2, 10.0
"""Seconds between two tries."""
_CONNECTING = 10.0
_SILENT = 1 / 4
"""Of the patience: nothing arrives for so long, and the request counts as lost."""
_SENDING = 5 / 2
"""Of the patience: what one request sends, up to 64 MiB, takes so long at most.

The library counts from the request's beginning to its answer, however much is on its way: with 12
objects on the way at once, 300 s are enough for a line of 20 Mbit/s.
"""
_RECEIVING = 3600.0
"""Seconds that one answer takes at most, though bytes of it keep coming."""


class Purpose(StrEnum):
    """What a connection is for."""

    FIRST = "first"
    """The first answer."""
    READ = "read"
    SEND = "send"
    """Objects on their way into the store."""
    TRY = "try"
    """What not every store does, and can be done in another way."""


def retries(purpose: Purpose, patience: float) -> RetryConfig:
    """Say how requests are sent again that were answered by 429 or 5xx, lost, or cut off.

    The wait between two tries grows half as long again each time, on average, up to 10 s.
    """
    short = purpose in (Purpose.FIRST, Purpose.TRY)
    seconds = min(patience, FIRST_SECONDS) if short else patience
    return {
        "max_retries": _FIRST_TRIES if short else _MANY,
        "retry_timeout": timedelta(seconds=seconds),
        "backoff": {
            "init_backoff": timedelta(seconds=_SHORTEST),
            "max_backoff": timedelta(seconds=_LONGEST),
            "base": 3,
        },
    }


def again(ask: Callable[[], R], lost: Callable[[Exception], bool], patience: float) -> R:
    """Ask anew where an answer is lost on its way, which the library does only for objects."""
    end, wait = time.monotonic() + patience, _SHORTEST
    while True:
        try:
            return ask()
        except Exception as error:
            if time.monotonic() + wait > end or not lost(error):
                raise
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST)


def client(purpose: Purpose, patience: float) -> ClientConfig:
    """Say after which time a request counts as lost."""
    made: ClientConfig = {
        "connect_timeout": timedelta(seconds=min(_CONNECTING, patience)),
        "pool_max_idle_per_host": "64",
    }
    if purpose in (Purpose.SEND, Purpose.TRY):
        made["timeout"] = timedelta(seconds=_SENDING * patience)
    else:
        made["timeout"] = timedelta(seconds=_RECEIVING)
        made["read_timeout"] = timedelta(seconds=_SILENT * patience)
    return made
