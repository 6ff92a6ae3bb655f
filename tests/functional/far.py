"""A dataset in a bucket behind a proxy, and what its lift is to give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zarrlift as zl
from tests.functional.runs import write_sample
from tests.functional.test_buckets import Bucket, files
from tests.proxy import Proxy, proxied
from tests.servers import PRIVATE, S3Server
from zarrlift.errors import ZarrliftError

OURS = ".zarrlift/"


@dataclass(frozen=True, kw_only=True)
class Stock:
    """A sample on a server and in a folder, and the lift from folder to folder."""

    server: S3Server
    bucket: Bucket
    folder: Path
    source: str
    due: dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Far:
    """The way to a stock that leads through a proxy, and a target of its own there."""

    stock: Stock
    proxy: Proxy
    target: str
    key: str

    def reach(self, **more: Any) -> dict[str, Any]:
        """Give the words that lead through the proxy."""
        return {"endpoint": self.proxy.endpoint, **more}

    def convert(self, **more: Any) -> zl.Report:
        """Lift the stock through the proxy."""
        return zl.convert(self.stock.source, self.target, **self.reach(**more))

    def held(self) -> dict[str, bytes]:
        """What the target holds, asked for without the proxy."""
        return self.stock.bucket.get(self.key)

    def assert_sound(self) -> None:
        """Assert that nothing wrong stands in an unfinished target, and no root document."""
        held = {name: data for name, data in self.held().items() if not name.startswith(OURS)}
        assert held.items() <= self.stock.due.items()
        assert "zarr.json" not in held

    def assert_finished(self) -> None:
        """Assert that the target is what the lift between folders gives, byte for byte."""
        assert self.held() == self.stock.due

    def finish_at_last(self, tries: int = 5, **more: Any) -> int:
        """Give the same command until the lift ends; gives how many errors there were."""
        for failed in range(tries):
            try:
                assert self.convert(**more).finished
            except ZarrliftError as error:
                if not error.hint:
                    raise
                self.assert_sound()
            else:
                self.assert_finished()
                return failed
        raise AssertionError(f"not finished after {tries} runs")


def make_stock(server: S3Server, folder: Path) -> Stock:
    """Write the sample, lift it between folders, and upload it."""
    write_sample(folder / "old")
    zl.convert(folder / "old", folder / "new")
    bucket = Bucket(server, PRIVATE)
    source = bucket.put(folder / "old", "stock/old")
    due = files(folder / "new")
    return Stock(server=server, bucket=bucket, folder=folder / "old", source=source, due=due)


@contextmanager
def far_of(stock: Stock) -> Iterator[Far]:
    """Set up a proxy before a stock's server."""
    key = f"target-{time.monotonic_ns()}"
    with proxied(stock.server.endpoint) as proxy:
        yield Far(stock=stock, proxy=proxy, target=stock.bucket.url(key), key=key)
