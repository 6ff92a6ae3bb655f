"""Upgrade, undo, crate and tune of datasets that lie in buckets of a real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import pytest
import tensorstore as ts
import zarr
from obstore.exceptions import PreconditionError
from obstore.store import S3Store

import zarrlift as zl
from tests.build import sample, write_array, write_file, write_group
from tests.build_ome import label_of, pyramid, write_collection, write_image, write_labels
from tests.build_ome import write_plate as write_plate_of_images
from tests.fakes import ActingWatch
from tests.functional.far import Bucket, files
from tests.functional.runs import assert_refused, end_of, in_process, run, start, write_sample
from tests.servers import ACCESS, PUBLIC, SECRET, S3Server
from zarrlift.errors import AccessError, ClaimLostError, SourceError, TargetError, UsageError
from zarrlift.jobs.stores import Stores
from zarrlift.store import lease
from zarrlift.store.address import StoreOptions
from zarrlift.store.target import OURS, UNDO

WRITES = ("put", "copy", "delete")
READS = ("get", "get_range", "head", "list", "list_with_delimiter")
pytestmark = pytest.mark.usefixtures("keys")


def write_labelled(root: Path) -> Path:
    """Write an image with a label, whose codecs are all shared, and a file beside."""
    values = sample((1, 2, 1, 8, 16), "<u2")
    write_image(root, pyramid(values))
    write_labels(root, {"cells": pyramid(label_of(values))}, chunks=(1, 1, 1, 4, 8))
    write_file(root / ".zmetadata", b"{}")
    return write_file(root / "notes" / "README.md", b"# the experiment\n").parents[1]


def write_small(root: Path) -> Path:
    """Write an image of two levels."""
    return write_image(root, pyramid(sample((1, 1, 1, 8, 16), "<u2")))


def write_plate(root: Path) -> Path:
    """Write a plate whose rows have no documents."""
    return write_plate_of_images(root, wells=("A/1", "B/2"), fields=1, rows_are_groups=False)


def write_collected(root: Path) -> Path:
    """Write two images with their OME group, and groups that are none of OME-Zarr's."""
    write_collection(root, images=1)
    write_group(root / "tables", {"tables": ["cells"]})
    write_array(root / "tables" / "cells" / "X", sample((4, 4), "<f4"), chunks=(2, 2))
    return root


DATASETS = (write_labelled, write_plate, write_collected)
each_dataset = pytest.mark.parametrize("write", DATASETS, ids=["labels", "plate", "collection"])
each_way = pytest.mark.parametrize("drop", [False, True], ids=["beside", "dropped"])


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every request by the name of the function that sends it."""
    asked: list[str] = []

    def noting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*words: Any, **more: Any) -> Any:
            asked.append(name)
            return real(*words, **more)

        return called

    for name in (*WRITES, *READS):
        monkeypatch.setattr(obstore, name, noting(name, getattr(obstore, name)))
    return asked


# --- upgrade and undo ----------------------------------------------------------------------------


@each_way
@each_dataset
def test_upgrade_and_undo(
    write: Callable[[Path], Path], drop: bool, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """An upgrade writes what it writes in a folder, and undo gives back every object."""
    source = write(tmp_path / "a.zarr")
    url = bucket.put(source, key)
    before = bucket.get(key)
    kinds = content_types(bucket, key)
    due = zl.upgrade(source, drop_v2=drop)

    made = zl.upgrade(url, drop_v2=drop)

    assert bucket.get(key) == files(source)
    assert (made.keys, made.written, made.removed) == (due.keys, due.written, due.removed)
    again = zl.upgrade(url, drop_v2=drop)
    assert again.already or again.dropped
    assert bucket.get(key) == files(source)
    undone = zl.undo(url)
    assert (undone.removed, undone.restored) == (due.written, due.removed)
    assert bucket.get(key) == before
    assert content_types(bucket, key) == kinds
    with pytest.raises(TargetError, match="nothing to undo"):
        zl.undo(url)


def content_types(bucket: Bucket, key: str) -> dict[str, str]:
    """Give what each document says that it holds."""
    client, names = bucket.client, [n for n in bucket.get(key) if Path(n).name.startswith(".z")]
    heads = {n: client.head_object(Bucket=bucket.name, Key=f"{key}/{n}") for n in names}
    return {name: head["ContentType"] for name, head in heads.items()}


def test_other_readers_open_what_was_upgraded(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """zarr-python and tensorstore read the upgraded dataset from the bucket."""
    source = write_labelled(tmp_path / "a.zarr")
    due: Any = zarr.open_group(source, mode="r", zarr_format=2, use_consolidated=False)["0"]
    zl.upgrade(bucket.put(source, key), drop_v2=True)

    where: dict[str, Any] = {"endpoint": bucket.server.endpoint}
    store = S3Store(bucket.name, prefix=key, client_options={"allow_http": True}, **where)
    opened: Any = zarr.open_group(zarr.storage.ObjectStore(store, read_only=True), mode="r")
    where |= {"driver": "s3", "bucket": bucket.name, "path": f"{key}/0/", "aws_region": "us-east-1"}
    by_tensorstore = ts.open({"driver": "zarr3", "kvstore": where}).result().read().result()

    assert opened.metadata.zarr_format == 3
    assert opened.attrs["ome"]["version"] == "0.5"
    np.testing.assert_array_equal(opened["0"][...], due[...])
    np.testing.assert_array_equal(by_tensorstore, due[...])


def test_dry_run_writes_nothing(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what would be written, and sends no request that could change anything."""
    source = write_labelled(tmp_path / "a.zarr")
    url = bucket.put(source, key)
    asked = counted(monkeypatch)

    made = zl.upgrade(url, dry_run=True, drop_v2=True)

    due = zl.upgrade(source, dry_run=True, drop_v2=True)
    assert (made.keys, made.written, made.removed) == (due.keys, due.written, due.removed)
    assert not set(asked) & set(WRITES)


def test_damaged_chunk_is_named_at_level_chunks(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Each chunk is looked at in the bucket; one that is not whole stops it before any write."""
    source = write_labelled(tmp_path / "a.zarr")
    url = bucket.put(source, key)
    assert zl.upgrade(url, level="chunks", dry_run=True).chunks == (
        zl.upgrade(source, level="chunks", dry_run=True).chunks
    )
    chunk = "0/0/1/0/1/2"
    data = bucket.get(key)[chunk]
    bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/{chunk}", Body=data[:-1])
    before = bucket.get(key)

    with pytest.raises(SourceError, match="0 chunk 0,1,0,1,2"):
        zl.upgrade(url, level="chunks")

    assert bucket.get(key) == before


def test_changed_documents_are_kept(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """What was edited since is named and stays, in either version's documents, unless by force."""
    url = bucket.put(write_labelled(tmp_path / "a.zarr"), key)
    before = bucket.get(key)
    zl.upgrade(url, drop_v2=True)
    client = bucket.client
    client.put_object(Bucket=bucket.name, Key=f"{key}/labels/zarr.json", Body=b"{}")
    client.put_object(Bucket=bucket.name, Key=f"{key}/0/.zarray", Body=b"{}")
    changed = bucket.get(key)

    with pytest.raises(TargetError, match=r"0/\.zarray was written anew") as caught:
        zl.undo(url)
    assert "labels/zarr.json has other content" in str(caught.value)
    with pytest.raises(TargetError, match=r"labels/zarr.json has changed"):
        zl.upgrade(url)
    assert bucket.get(key) == changed

    assert sorted(zl.undo(url, force=True).forced) == ["0/.zarray", "labels/zarr.json"]
    assert bucket.get(key) == before


def test_crate_goes_with_the_upgrade(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """An upgrade writes a crate in the bucket, and undo takes both back."""
    url = bucket.put(write_labelled(tmp_path / "a.zarr"), key)
    before = bucket.get(key)

    assert zl.upgrade(url, license="cc-by").crate
    assert url in bucket.get(key)["ro-crate-metadata.json"].decode()
    assert zl.undo(url).crate == "removed"

    assert bucket.get(key) == before


@pytest.mark.parametrize("requests", [1, 64])
def test_requests_are_few(
    requests: int, bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the survey's: a write and a read for each document, and a number that stays."""
    source = write_plate(tmp_path / "a.zarr")
    url = bucket.put(source, key)
    asked = counted(monkeypatch)
    nodes = len(zl.survey(url).nodes)
    surveyed = len(asked)
    asked.clear()

    made = zl.upgrade(url, requests=requests)

    assert nodes == made.documents
    assert len(asked) <= surveyed + 2 * made.documents + 15


# --- kills ---------------------------------------------------------------------------------------

_STRUCK = """
import os, sys, threading
import obstore
at, lock, count, number = int(sys.argv[1]), threading.Lock(), [0], int(sys.argv[2])
def struck(real):
    def called(*words, **more):
        with lock:
            count[0] += 1
            if count[0] == at:
                os.kill(os.getpid(), number)
        return real(*words, **more)
    return called
for name in ("put", "copy", "delete"):
    setattr(obstore, name, struck(getattr(obstore, name)))
sys.argv = ["zarrlift", *sys.argv[3:]]
from zarrlift.cli.app import answer
status = answer()
print("writes", count[0], file=sys.stderr)
sys.stderr.flush()
os._exit(status)
"""


def struck(at: int, *words: str) -> int:
    """Run the command, killed before its `at`-th write; gives how many there were, 0 if killed."""
    ran = run([sys.executable, "-c", _STRUCK, str(at), "9", *words])
    assert ran.code in ((0,) if at == 0 else (0, -9)), ran.said
    return int(ran.err.rpartition("writes ")[2]) if ran.code == 0 else 0


def assert_sound(held: dict[str, bytes], before: dict[str, bytes], whole: dict[str, bytes]) -> None:
    """Assert that nothing is half written, and that one version opens whole or none does."""
    kept = {name: data for name, data in held.items() if not name.startswith(OURS)}
    for name, data in kept.items():
        assert data == (before.get(name) or whole.get(name)), name
    documents = {name for name in whole if name.endswith("zarr.json")}
    if "zarr.json" in kept:
        assert documents <= kept.keys()
    v2 = {name for name in before if name.rpartition("/")[2] in {".zgroup", ".zarray", ".zattrs"}}
    if {".zgroup", ".zattrs"} <= kept.keys():
        assert v2 <= kept.keys()
    assert "zarr.json" in kept or {".zgroup", ".zattrs"} <= kept.keys()


@each_way
def test_killed_at_every_write(drop: bool, bucket: Bucket, key: str, tmp_path: Path) -> None:
    """SIGKILL before any write: the same command completes it at once, and undo takes it back."""
    source = write_small(tmp_path / "a.zarr")
    words = ["--drop-v2", "--yes"] if drop else []
    url = bucket.put(source, f"{key}/whole")
    before = bucket.get(f"{key}/whole")
    writes = struck(0, "upgrade", url, *words)
    whole = bucket.get(f"{key}/whole")
    step = 1 if not drop else 3
    assert writes >= 6

    for at in range(2, writes + 1, step):
        here, other = f"{key}/{at}", f"{key}/{at}-back"
        url, back = bucket.put(source, here), bucket.url(other)
        assert struck(at, "upgrade", url, *words) == 0
        held = bucket.get(here)
        assert_sound(held, before, whole)
        for name, data in held.items():
            bucket.client.put_object(Bucket=bucket.name, Key=f"{other}/{name}", Body=data)

        begun = time.monotonic()
        zl.upgrade(url, drop_v2=drop)
        assert time.monotonic() - begun < lease.STALE / 2
        assert bucket.get(here) == whole, f"killed at write {at}"
        undo_if_begun(bucket, other, before, f"killed at write {at}")
        assert back.startswith("s3://")


def undo_if_begun(bucket: Bucket, key: str, before: dict[str, bytes], when: str) -> None:
    """Take back what has begun; where nothing has, there is nothing to undo."""
    if any(name.startswith(UNDO) for name in bucket.get(key)):
        zl.undo(bucket.url(key))
    else:
        with pytest.raises(TargetError, match="there is nothing to undo"):
            zl.undo(bucket.url(key))
    assert bucket.get(key) == before, when


@each_way
def test_killed_undo_is_completed(drop: bool, bucket: Bucket, key: str, tmp_path: Path) -> None:
    """SIGKILL while it is taken back: undo again ends it, byte for byte."""
    source = write_small(tmp_path / "a.zarr")
    url = bucket.put(source, f"{key}/whole")
    before = bucket.get(f"{key}/whole")
    zl.upgrade(url, drop_v2=drop)
    whole = bucket.get(f"{key}/whole")
    writes = struck(0, "undo", url)

    for at in range(2, writes + 1, 2 if not drop else 4):
        url = bucket.put(source, f"{key}/{at}")
        zl.upgrade(url, drop_v2=drop)
        assert struck(at, "undo", url) == 0
        assert_sound(bucket.get(f"{key}/{at}"), before, whole)

        undo_if_begun(bucket, f"{key}/{at}", before, f"killed at write {at}")


def test_stopped_upgrade_says_how_to_go_on(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """SIGTERM ends it in words, with the command that continues, and keeps nobody out."""
    url = bucket.put(write_plate(tmp_path / "a.zarr"), key)

    ran = run([sys.executable, "-c", _STRUCK, "4", "15", "upgrade", url])

    assert ran.code == 128 + 15, ran.said
    assert f"zarrlift upgrade {url}" in ran.err
    assert lease.LOCK not in bucket.get(key)
    assert "zarr.json" not in bucket.get(key)
    assert zl.upgrade(url).written


# --- others at work ------------------------------------------------------------------------------


@each_way
def test_two_upgrades_at_once_end_as_one(
    drop: bool, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """Of two processes started together each ends well or is refused, and the result is whole."""
    source = write_plate(tmp_path / "a.zarr")
    url = bucket.put(source, key)
    zl.upgrade(source, drop_v2=drop)
    words = ["--drop-v2", "--yes"] if drop else []

    both = [start("upgrade", url, *words) for _ in range(2)]
    ended = [end_of(process) for process in both]

    assert 0 in {ran.code for ran in ended}
    assert {ran.code for ran in ended} <= {0, 3}, [ran.said for ran in ended]
    for ran in ended:
        assert ran.code == 0 or "at work here" in ran.err or "just begun" in ran.err, ran.said
    assert bucket.get(key) == files(source)


@pytest.mark.parametrize("verb", ["upgrade", "undo", "crate"])
def test_second_at_once_is_refused(
    verb: str, bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is at work another is told so, and changes nothing; afterwards it goes."""
    monkeypatch.setattr(lease, "RENEWED", 0.2)
    url = bucket.put(write_small(tmp_path / "a.zarr"), key)
    if verb == "undo":
        zl.upgrade(url)
    words = ["--set", "license=cc0"] if verb == "crate" else []
    before = bucket.get(key)

    with Stores().dataset_at(url).alone():
        assert_refused(in_process(verb, url, *words), "is at work here", lease.LOCK)
        held = bucket.get(key)
        assert held.pop(lease.LOCK)
        assert held == before

    assert bucket.get(key) == before
    assert in_process(verb, url, *words).code == 0


@pytest.mark.parametrize("left", ["elsewhere", "unreadable"])
def test_lock_that_nobody_renews_is_taken_over(
    left: str, bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed on another machine keeps nobody out for long."""
    monkeypatch.setattr(lease, "STALE", 2.0)
    source = write_small(tmp_path / "a.zarr")
    url = bucket.put(source, key)
    facts = {"schema": 1, "kind": "zarrlift-lock", "name": "x", "system": "y", "process": 1}
    lock = json.dumps(facts).encode() if left == "elsewhere" else b"{"
    bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/{lease.LOCK}", Body=lock)

    seen: list[float] = []
    watch = ActingWatch(
        "looking whether another run is at work", lambda: seen.append(time.monotonic())
    )
    zl.upgrade(url, watch=watch)

    waited = time.monotonic() - seen[0]
    assert waited > 2.0 if left == "elsewhere" else waited < 2.0
    zl.upgrade(source)
    assert bucket.get(key) == files(source)


def test_run_that_was_taken_over_writes_no_more(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was not heard of for long looks first whether the dataset is still its own."""
    url = bucket.put(write_small(tmp_path / "a.zarr"), key)
    dataset = Stores().dataset_at(url)

    with dataset.alone():
        dataset.write("mine.json", b"{}")
        monkeypatch.setattr(lease, "STALE", 0.0)
        monkeypatch.setattr(lease, "RENEWED", 0.0)
        dataset.write("mine.json", b"{}")
        bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/{lease.LOCK}", Body=b'{"name": 1}')
        with pytest.raises(ClaimLostError, match="another run took over"):
            dataset.write("mine.json", b"{ }")

    assert bucket.get(key)["mine.json"] == b"{}"
    assert lease.LOCK in bucket.get(key)


def test_store_that_knows_no_versions_will_do(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a store refuses every write of a given version, a run that lives keeps its right."""
    monkeypatch.setattr(lease, "RENEWED", 0.05)
    real = obstore.put

    def put(*words: Any, mode: Any = None, **more: Any) -> Any:
        if isinstance(mode, dict):
            raise PreconditionError("as ever")
        return real(*words, mode=mode, **more)

    monkeypatch.setattr(obstore, "put", put)
    url = bucket.put(write_small(tmp_path / "a.zarr"), key)
    dataset = Stores().dataset_at(url)

    with dataset.alone():
        time.sleep(0.5)
        assert json.loads(bucket.get(key)[lease.LOCK])["renewed"] > 1
        dataset.write("mine.json", b"{}")

    assert lease.LOCK not in bucket.get(key)


# --- rights and words ----------------------------------------------------------------------------


def test_public_bucket_cannot_be_upgraded_without_keys(
    server: S3Server, key: str, tmp_path: Path
) -> None:
    """A refusal says that nothing was signed, and nothing has changed."""
    bucket = Bucket(server, PUBLIC)
    url = bucket.put(write_small(tmp_path / "a.zarr"), key)
    before = bucket.get(key)

    assert zl.upgrade(url, anon=True, dry_run=True).written == 3
    with pytest.raises(AccessError, match="without keys"):
        zl.upgrade(url, anon=True)

    assert bucket.get(key) == before


@pytest.mark.parametrize("verb", ["upgrade", "undo", "crate", "tune"])
def test_wrong_keys_are_said_without_naming_them(
    verb: str, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """Wrong keys give a plain error; no key is in what the command prints."""
    url = bucket.put(write_small(tmp_path / "a.zarr"), key)
    environment = os.environ | {"AWS_SECRET_ACCESS_KEY": "not-the-right-secret"}
    command = [sys.executable, "-m", "zarrlift", verb, url]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    said = done.stdout + done.stderr
    assert done.returncode == 3
    assert "secret key does not fit" in said
    assert "Traceback" not in said
    for secret in ("not-the-right-secret", SECRET, ACCESS):
        assert secret not in said


@pytest.mark.parametrize("verb", ["upgrade", "undo", "crate", "tune"])
def test_what_is_not_there_is_said(verb: str, bucket: Bucket, key: str) -> None:
    """An address that leads nowhere, or of an unknown kind, is refused in words."""
    assert_refused(in_process(verb, bucket.url(key)), "no such")
    assert_refused(in_process(verb, "s3://no-such-bucket/a.zarr"), "no such bucket")
    assert_refused(in_process(verb, "ftp://host/a.zarr"), "not known", code=2)
    assert bucket.get(key) == {}


def test_how_it_is_reached_is_said_on_the_command_line(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command takes --endpoint, and names it in the next step that it prints."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    url = bucket.put(write_small(tmp_path / "a.zarr"), key)
    before = bucket.get(key)
    where = ["--endpoint", bucket.server.endpoint, "--region", "us-east-1", "--requests", "8"]

    upgraded = in_process("upgrade", url, *where)
    described = in_process("crate", url, "--set", "license=cc0", *where)
    tuned = in_process("tune", url, "--codecs", "none,zstd", *where)
    undone = [in_process("undo", url, *where) for _ in range(2)]

    for ran in (upgraded, described, tuned, *undone):
        assert ran.code == 0, ran.said
    for ran in (upgraded, described):
        assert f"zarrlift undo {url} {' '.join(where)}" in ran.out
    assert f"zarrlift plan {url} lifted.zarr" in tuned.out
    assert bucket.get(key) == before


# --- crate ---------------------------------------------------------------------------------------


def test_crate_is_shown_set_and_taken_back(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Each change of a crate in a bucket is kept, and undo gives the one before."""
    source = write_sample(tmp_path / "a.zarr")
    url = bucket.put(source, key)
    before = bucket.get(key)
    assert not zl.crate(url).exists
    assert in_process("crate", url, "--check").code == 1

    first = zl.describe(url, license="cc-by", organism="9606", name="cells")
    once = bucket.get(key)
    second = zl.describe(url, description="Cells in a light sheet")

    assert (first.created, second.created, second.changed) == (True, False, True)
    local = zl.describe(source, license="cc-by", organism="9606", name="cells")
    assert first.crate.said == local.crate.said
    assert first.crate.findings == local.crate.findings
    assert "Cells in a light sheet" in in_process("crate", url).out
    assert in_process("crate", url, "--check").code == 0
    assert not zl.describe(url, description="Cells in a light sheet").changed
    zl.undo(url)
    assert bucket.get(key) == once
    assert zl.undo(url).crate == "removed"
    assert bucket.get(key) == before


def test_parts_that_a_crate_names_are_found(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A folder that a crate names is there where objects lie below it."""
    source = write_labelled(tmp_path / "a.zarr")
    zl.describe(source, license="cc-by", name="cells")
    crate = json.loads((source / "ro-crate-metadata.json").read_text("utf-8"))
    root = next(item for item in crate["@graph"] if item["@id"] == "./")
    root["hasPart"] = [{"@id": "labels/"}, {"@id": "lost/"}]
    crate["@graph"] += [{"@id": name, "@type": "Dataset"} for name in ("labels/", "lost/")]
    (source / "ro-crate-metadata.json").write_text(json.dumps(crate), "utf-8")
    shutil.rmtree(source / OURS)

    found = zl.crate(bucket.put(source, key)).findings

    assert found == zl.crate(source).findings
    assert any("lost/" in str(f) for f in found)
    assert not any("labels/" in str(f) for f in found)


# --- tune ----------------------------------------------------------------------------------------


def figures(made: zl.Tuning) -> object:
    """Give what a tuning found, but for times and the place."""
    codecs = {c.name: (c.raw_bytes, c.stored_bytes, c.projected_bytes) for c in made.codecs}
    return codecs, made.sampled, made.layouts, made.findings


@pytest.mark.parametrize("stored", ["v2", "sharded", "sparse"])
def test_tune_gives_the_same_figures(
    stored: str, bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same chunks are drawn from a bucket as from a folder, many at a time."""
    source = tmp_path / "a.zarr"
    write_group(source)
    values = np.random.default_rng(0).integers(0, 50, (64, 24, 24), dtype="<u2")
    if stored == "sparse":
        values = np.pad(values[:2], ((0, 3000), (0, 0), (0, 0)))
    write_array(
        source / "0", values, chunks=(1, 24, 24), missing="empty" if stored == "sparse" else ()
    )
    if stored == "sharded":
        zl.convert(source, tmp_path / "b.zarr", plain_zarr=True, shards="16,24,24")
        source = tmp_path / "b.zarr"
    url = bucket.put(source, key)
    most = side_by_side(monkeypatch)
    few = {"codecs": ["none", "zstd:1"], "level": "0", "sample": "32KiB"}

    made = zl.tune(url, **few)  # type: ignore[arg-type]

    assert figures(made) == figures(zl.tune(source, **few))  # type: ignore[arg-type]
    assert 1 < most[0] <= 64


def side_by_side(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many reads were under way at a time at most."""
    here, now, most = threading.Lock(), [0], [0]

    def slow(real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*words: Any, **more: Any) -> Any:
            with here:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.005)
            try:
                return real(*words, **more)
            finally:
                with here:
                    now[0] -= 1

        return called

    for name in ("get", "get_range"):
        monkeypatch.setattr(obstore, name, slow(getattr(obstore, name)))
    return most


def test_chunks_of_a_tuning_are_bounded(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many chunks are drawn, only so many bytes of them are asked for ahead."""
    write_group(tmp_path / "a.zarr")
    values = np.random.default_rng(0).integers(0, 2**16, (64, 32, 32), dtype="<u2")
    write_array(tmp_path / "a.zarr" / "0", values, chunks=(1, 32, 32), compressor=None)
    url = bucket.put(tmp_path / "a.zarr", key)
    monkeypatch.setattr("zarrlift.chunks.fetch.AHEAD", 4 * 2048)
    survey = zl.survey(url)
    most = side_by_side(monkeypatch)
    monkeypatch.setattr("zarrlift.jobs.tune.survey", lambda _folder: survey)

    zl.tune(url, codecs=["none"], level="0")

    assert most[0] == 4


def test_named_chunk_that_is_absent_is_said(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A chunk that is not stored is told as in a folder."""
    url = bucket.put(write_sample(tmp_path / "a.zarr"), key)

    assert zl.tune(url, chunk="0/0,0,0,0,0", codecs=["none"]).sampled.chunks == ((0, 0, 0, 0, 0),)
    with pytest.raises(UsageError, match="is not stored"):
        zl.tune(url, chunk="0/0,1,0,2,2", codecs=["none"])


def test_one_request_at_a_time(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a single thread for requests, renewing the lock leaves one for removing objects.

    Where a request removes one object, as on Google's store, these threads remove them.
    """
    monkeypatch.setattr("zarrlift.store.upload._DELETED_AT_ONCE", {"s3": 1})
    stores = Stores(target=StoreOptions(endpoint=bucket.server.endpoint), requests=1)
    dataset = stores.dataset_at(bucket.put(write_small(tmp_path / "a.zarr"), key))

    with dataset.alone():
        dataset.forget("0", "1")

    assert {name.partition("/")[0] for name in bucket.get(key)} == {".zattrs", ".zgroup"}


def test_lost_answers_to_conditional_writes(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the library sends such a write again, and finds its own, nobody else is at work."""
    real = obstore.put

    def sent_twice(*words: Any, mode: Any = "overwrite", **more: Any) -> Any:
        if mode == "create":
            real(*words, mode=mode, **more)
        return real(*words, mode=mode, **more)

    url = bucket.put(write_small(tmp_path / "a.zarr"), key)
    monkeypatch.setattr(obstore, "put", sent_twice)

    assert zl.upgrade(url).written
    assert zl.undo(url).removed
