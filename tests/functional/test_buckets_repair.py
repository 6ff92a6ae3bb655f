"""Repairs of datasets that lie in buckets of a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import zarrlift as zl
from tests.breaks import named, stating, write_base
from tests.functional.far import Bucket, files
from tests.functional.test_buckets_in_place import WRITES, counted, struck
from tests.servers import PRIVATE, PUBLIC, S3Server, seaweed
from zarrlift.errors import AccessError, TargetError
from zarrlift.store import lease
from zarrlift.store.target import OURS, UNDO


@pytest.fixture(name="server", scope="module")
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests of this file."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(name="keys", autouse=True)
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
    return f"{request.node.name}-{time.monotonic_ns()}"


@pytest.fixture(name="broken", scope="module")
def make_broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection without series, whose versions are numbers and whose arrays have no names."""
    root = write_base("collection", "0.5", tmp_path_factory.mktemp("broken"))
    named(None)(root)
    stating(0.5)(root)
    (root / "OME" / "zarr.json").unlink()
    return root


def test_repair_and_undo(broken: Path, bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A repair writes what it writes in a folder, and undo gives back every object."""
    url = bucket.put(broken, key)
    before = bucket.get(key)
    local = bucket_copy(before, tmp_path / "a.zarr")
    due = zl.repair(local)

    made = zl.repair(url)

    assert made.changes == due.changes
    assert bucket.get(key) == files(local)
    assert zl.repair(url).already
    undone = zl.undo(url)
    assert (undone.repair, undone.removed) == (True, 1)
    assert bucket.get(key) == before
    with pytest.raises(TargetError, match="nothing to undo"):
        zl.undo(url)


def bucket_copy(held: dict[str, bytes], root: Path) -> Path:
    """Write what a bucket holds into a folder."""
    for name, data in held.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def test_requests_are_few(
    broken: Path, bucket: Bucket, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run writes nothing; a repair takes two looks, and a little for each document."""
    url = bucket.put(broken, key)
    asked = counted(monkeypatch)

    dry = zl.repair(url, dry_run=True)
    looked = len(asked)
    assert not set(asked) & set(WRITES)
    asked.clear()
    made = zl.repair(url)

    assert made.changes == dry.changes
    assert len(asked) <= 2 * looked + 4 * len(made.changes) + 20


def test_killed_before_some_writes(broken: Path, bucket: Bucket, key: str) -> None:
    """SIGKILL before a write: the same command completes it at once, and undo takes it back."""
    url = bucket.put(broken, f"{key}/whole")
    before = bucket.get(f"{key}/whole")
    writes = struck(0, "repair", url)
    whole = bucket.get(f"{key}/whole")
    assert writes > len(zl.undo(url).forced) + 6

    for at in range(2, writes + 1, 9):
        here, other = f"{key}/{at}", f"{key}/{at}-back"
        url = bucket.put(broken, here)
        assert struck(at, "repair", url) == 0
        held = bucket.get(here)
        for name, data in held.items():
            if not name.startswith(OURS):
                assert data in (before.get(name), whole.get(name)), name
            bucket.client.put_object(Bucket=bucket.name, Key=f"{other}/{name}", Body=data)

        begun = time.monotonic()
        zl.repair(url)
        assert time.monotonic() - begun < lease.STALE / 2
        assert bucket.get(here) == whole, f"killed at write {at}"
        undo_if_begun(bucket, other, before, f"killed at write {at}")


def undo_if_begun(bucket: Bucket, key: str, before: dict[str, bytes], when: str) -> None:
    """Take back what has begun; where nothing has, there is nothing to undo."""
    if any(name.startswith(UNDO) for name in bucket.get(key)):
        zl.undo(bucket.url(key))
    else:
        with pytest.raises(TargetError, match="there is nothing to undo"):
            zl.undo(bucket.url(key))
    assert bucket.get(key) == before, when


def test_second_at_once_is_refused(broken: Path, bucket: Bucket, key: str) -> None:
    """While the lease of another is renewed a repair is refused."""
    url = bucket.put(broken, key)
    from zarrlift.jobs.stores import Stores  # noqa: PLC0415 - one test needs it

    with Stores().dataset_at(url).alone(), pytest.raises(TargetError, match="at work"):
        zl.repair(url)


def test_public_bucket_cannot_be_repaired_without_keys(
    broken: Path, server: S3Server, key: str
) -> None:
    """A refusal says that nothing was signed, and nothing has changed; a dry run only reads."""
    bucket = Bucket(server, PUBLIC)
    url = bucket.put(broken, key)
    before = bucket.get(key)

    assert zl.repair(url, anon=True, dry_run=True).changes
    with pytest.raises(AccessError, match="without keys"):
        zl.repair(url, anon=True)

    assert bucket.get(key) == before
