"""Requests to a bucket go side by side wherever one does not need the answer of another."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import pytest
from obstore.store import S3Store

import zarrlift as zl
from tests.build import write_array, write_group
from tests.servers import PRIVATE, S3Server

WAIT = 0.02
"""Seconds that each request takes longer here, so that those that may overlap do."""


class Gauge:
    """Counts requests by kind, and how many of a kind were under way at a time."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._lock = threading.Lock()

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put itself before the library's calls."""
        for name in ("get", "get_range", "head", "list", "list_with_delimiter"):
            monkeypatch.setattr(obstore, name, self._watched(name, getattr(obstore, name)))

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*words: Any, **more: Any) -> Any:
            with self._lock:
                self.asked[name] += 1
                self._now[name] += 1
                self.most[name] = max(self.most[name], self._now[name])
            try:
                time.sleep(WAIT)
                return real(*words, **more)
            finally:
                with self._lock:
                    self._now[name] -= 1

        return called


@pytest.fixture(name="place")
def unused_place(keys: None, request: pytest.FixtureRequest) -> str:  # noqa: ARG001 - as named
    """An address that no other test uses, and what is needed to reach it."""
    return f"s3://{PRIVATE}/{request.node.name.replace('[', '-').replace(']', '')}"


def put(folder: Path, place: str, server: S3Server) -> str:
    """Upload a folder; gives its address."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    where: dict[str, Any] = {"endpoint": server.endpoint, "region": "us-east-1"}
    store = S3Store(bucket, prefix=prefix, client_options={"allow_http": True}, **where)
    for path in folder.rglob("*"):
        if path.is_file():
            obstore.put(store, path.relative_to(folder).as_posix(), path.read_bytes())
    return place


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def write_noise(folder: Path, shape: tuple[int, ...], chunks: tuple[int, ...]) -> None:
    """Write a group with one array of noise."""
    values = np.random.default_rng(0).integers(1, 2**16, shape, dtype="<u2")
    write_group(folder)
    write_array(folder / "0", values, chunks=chunks, compressor=None)


def test_arrays_of_a_plate_are_listed_side_by_side(
    server: S3Server, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a dataset is too large to be listed as a whole, its arrays are, many at a time.

    Each is listed once to be written and once to be proved.
    """
    monkeypatch.setattr("zarrlift.chunks.listing.LISTED_AT_ONCE", 11)
    zl.demo(tmp_path / "old", kind="plate", size="1MiB")
    source = put(tmp_path / "old", place, server)
    plan = zl.plan(source, tmp_path / "new")
    gauge = Gauge()
    gauge.watch(monkeypatch)

    report = zl.run(plan, workers=1)

    assert report.finished
    assert gauge.asked["list"] == 2 * len(plan.arrays)
    assert gauge.most["list"] > 4


def test_proof_of_a_plate_asks_side_by_side(
    server: S3Server, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents and shards are read, arrays and groups are listed, many at a time."""
    monkeypatch.setattr("zarrlift.chunks.listing.LISTED_AT_ONCE", 11)
    zl.demo(tmp_path / "old", kind="plate", size="1MiB")
    zl.convert(tmp_path / "old", tmp_path / "new")
    target = put(tmp_path / "new", place, server)
    gauge = Gauge()
    gauge.watch(monkeypatch)

    proof = zl.verify(tmp_path / "old", target)

    assert proof.equal
    for name in ("get", "list", "list_with_delimiter"):
        assert gauge.most[name] > 2, name


@pytest.mark.parametrize("level", ["quick", "full"])
def test_chunks_of_a_shard_are_compared_side_by_side(
    level: str, server: S3Server, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample of one shard takes about one round trip, and a byte that differs is found."""
    write_noise(tmp_path / "old", (1024, 16, 16), (1, 16, 16))
    source = put(tmp_path / "old", f"{place}/old", server)
    zl.convert(source, f"{place}/new", plain_zarr=True, shards="1024,16,16", verify="none")
    gauge = Gauge()
    gauge.watch(monkeypatch)

    proof = zl.verify(source, f"{place}/new", level=level)

    assert proof.equal
    assert gauge.most["get"] > 8
    # Neighbours in the target's shard come with one request, single ones side by side.
    assert gauge.most["get_range"] > 8 or gauge.asked["get_range"] < 4


@pytest.mark.parametrize("shards", ["none", "64,64"])
def test_rechunking_asks_ahead(
    shards: str, server: S3Server, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks that a block takes are under way together, from objects and from shards, each once."""
    other: Any = {"plain_zarr": True, "chunks": "64,48", "shards": "none"}
    write_noise(tmp_path / "old", (256, 256), (16, 16))
    zl.convert(tmp_path / "old", tmp_path / "first", plain_zarr=True, shards=shards)
    zl.convert(tmp_path / "first", tmp_path / "due", **other)
    source = put(tmp_path / "first", place, server)
    plan = zl.plan(source, tmp_path / "new", **other)
    gauge = Gauge()
    gauge.watch(monkeypatch)

    zl.run(plan, workers=1, verify="none")

    indexes = 0 if shards == "none" else 16 + 32  # to list chunks; for each object and its shards
    assert files(tmp_path / "new") == files(tmp_path / "due")
    assert gauge.asked["get"] + gauge.asked["get_range"] == 256 + indexes
    assert max(gauge.most["get"], gauge.most["get_range"]) > 8


def test_each_small_object_has_a_thread(
    server: S3Server, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small chunks that become objects of their own are not lifted one after another."""
    write_noise(tmp_path / "old", (64, 16, 16), (1, 16, 16))
    source = put(tmp_path / "old", place, server)
    plan = zl.plan(source, tmp_path / "new", plain_zarr=True, shards="none")
    gauge = Gauge()
    gauge.watch(monkeypatch)

    zl.run(plan, verify="none")

    assert gauge.most["get"] > 16
