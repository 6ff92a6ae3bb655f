"""A server that is killed in the middle of a lift, and comes back in time, or too late."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import zarrlift as zl
from tests.fakes import ActingWatch
from tests.functional.far import Stock, make_stock
from tests.servers import ACCESS, SECRET, S3Server, free_ports, seaweed
from zarrlift.errors import StorageError


class Outages:
    """A server that can be killed and started again, with the same address and data."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ports = folder, free_ports()
        self._running: AbstractContextManager[S3Server] | None = None
        self._waiting: list[threading.Timer] = []

    def start(self) -> S3Server:
        """Start the server, and wait until it answers."""
        self._running = seaweed(self._folder, self._ports)
        return self._running.__enter__()

    def kill(self) -> None:
        """Kill it, without a word to anybody."""
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None

    def kill_for(self, seconds: float) -> Callable[[], None]:
        """Give what kills the server, and lets it start again some time later."""

        def act() -> None:
            self.kill()
            timer = threading.Timer(seconds, self.start)
            timer.start()
            self._waiting.append(timer)

        return act

    def settle(self) -> None:
        """Wait until the server is up again."""
        for timer in self._waiting:
            timer.join()


@pytest.fixture(name="outages")
def run_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outages]:
    """A server of its own, and the keys in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    (tmp_path / "server").mkdir()
    made = Outages(tmp_path / "server")
    yield made
    made.settle()
    made.kill()


def lift(stock: Stock, target: str, **more: Any) -> zl.Report:
    """Lift the stock from bucket to bucket."""
    return zl.convert(stock.source, target, endpoint=stock.server.endpoint, **more)


_SLOW = [pytest.param(p, marks=pytest.mark.slow) for p in ("verifying", "writing documents")]


@pytest.mark.parametrize("phase", ["lifting", *_SLOW])
def test_server_that_is_back_in_time(phase: str, outages: Outages, tmp_path: Path) -> None:
    """A server killed in any phase, and back after two seconds, is waited for."""
    stock = make_stock(outages.start(), tmp_path)
    watch = ActingWatch(phase, outages.kill_for(2))

    report = lift(stock, stock.bucket.url("new"), watch=watch)

    assert report.finished
    outages.settle()
    assert stock.bucket.get("new") == stock.due


def test_server_that_stays_away(outages: Outages, tmp_path: Path) -> None:
    """A server that does not come back gives an error; the same command ends the lift later."""
    stock = make_stock(outages.start(), tmp_path)
    begun = time.monotonic()

    with pytest.raises(StorageError, match="no connection was made") as caught:
        lift(
            stock,
            stock.bucket.url("new"),
            patience=2,
            watch=ActingWatch("verifying", outages.kill),
        )

    assert time.monotonic() - begun < 30
    assert "nothing listens there" in str(caught.value)
    outages.start()
    held = stock.bucket.get("new")
    assert "zarr.json" not in held
    assert lift(stock, stock.bucket.url("new")).finished
    assert stock.bucket.get("new") == stock.due
