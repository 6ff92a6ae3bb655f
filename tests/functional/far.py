"""A bucket, a dataset in it behind a proxy, and what its lift is to give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3

import zarrlift as zl
from tests.functional.runs import write_sample
from tests.proxy import Proxy, proxied
from tests.servers import ACCESS, PRIVATE, SECRET, S3Server
from zarrlift.errors import ZarrliftError
from zarrlift.store.requesters import Requesters

OURS = ".zarrlift/"
_AT_ONCE = 8
"""Requests of a test at a time; boto3 keeps ten connections."""


@dataclass(frozen=True)
class Bucket:
    """A bucket seen by another client than ours."""

    server: S3Server
    name: str

    @property
    def client(self) -> Any:
        """A client of boto3, with keys."""
        return _client(self.server.endpoint)

    def url(self, key: str) -> str:
        """The address of a key."""
        return f"s3://{self.name}/{key}"

    def put(self, folder: Path, key: str) -> str:
        """Upload a folder; gives its address."""
        client, paths = self.client, (path for path in folder.rglob("*") if path.is_file())

        def send(path: Path) -> None:
            name = f"{key}/{path.relative_to(folder).as_posix()}"
            client.put_object(Bucket=self.name, Key=name, Body=path.read_bytes())

        with Requesters(_AT_ONCE) as threads:
            for _ in threads.map(send, paths):
                pass
        return self.url(key)

    def names(self) -> int:
        """How many objects there are in the bucket, one page at most."""
        return int(self.client.list_objects_v2(Bucket=self.name)["KeyCount"])

    def get(self, key: str) -> dict[str, bytes]:
        """Everything below a key, as `files` gives it of a folder."""
        client = self.client
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=f"{key}/")
        found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]

        def fetch(name: str) -> bytes:
            return bytes(client.get_object(Bucket=self.name, Key=name)["Body"].read())

        with Requesters(_AT_ONCE) as threads:
            bodies = threads.map(fetch, found)
            return {n[len(key) + 1 :]: body for n, body in zip(found, bodies, strict=True)}


@lru_cache(maxsize=8)
def _client(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


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
