"""What the tests of buckets share: a server, a bucket, a key, and a sample behind a proxy."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.functional.far import Bucket, Far, Stock, far_of, make_stock
from tests.servers import ACCESS, PRIVATE, SECRET, S3Server, seaweed


@pytest.fixture(name="server", scope="session")
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests of a process: each keeps to a key of its own."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(name="keys")
def set_keys(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the keys and the server into the environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)


@pytest.fixture(name="bucket")
def private_bucket(server: S3Server) -> Bucket:
    """The bucket that needs keys."""
    return Bucket(server, PRIVATE)


@pytest.fixture(name="key")
def unused_key(request: pytest.FixtureRequest) -> str:
    """A key that no other test uses."""
    return f"{request.node.name.replace('[', '-').replace(']', '')}-{time.monotonic_ns()}"


@pytest.fixture(name="stock", scope="session")
def upload_stock(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """A sample on the server."""
    return make_stock(server, tmp_path_factory.mktemp("stock"))


@pytest.fixture(name="far")
def stand_between(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    """A proxy before the server, and the keys in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with far_of(stock) as far:
        yield far
