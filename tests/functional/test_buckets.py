"""Lifts from, to and between buckets of a real server."""

from __future__ import annotations

import json
import os
import shutil
import signal
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
from obstore.store import S3Store

import zarrlift as zl
from tests.build import write_array, write_group
from tests.functional.far import Bucket, files
from tests.functional.runs import write_sample
from tests.servers import ACCESS, PRIVATE, PUBLIC, SECRET, S3Server
from zarrlift.demo.write import Kind
from zarrlift.errors import AccessError, StorageError, TargetError, UsageError
from zarrlift.jobs.stores import Stores

PROGRAM = str(Path(sys.executable).with_name("zarrlift"))
pytestmark = pytest.mark.usefixtures("keys")


def noted(asked: list[str], name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is counted by name each time it is called."""

    def called(*words: Any, **more: Any) -> Any:
        asked.append(name)
        return real(*words, **more)

    return called


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("shards", ["auto", "none"])
def test_every_way_gives_the_same_bytes(
    kind: Kind, shards: str, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """Folder to bucket, bucket to bucket and bucket to folder give what folder to folder does."""
    zl.demo(tmp_path / "old", kind=kind, size="1MiB")
    zl.convert(tmp_path / "old", tmp_path / "new", shards=shards)
    due = files(tmp_path / "new")
    source = bucket.put(tmp_path / "old", f"{key}/old")

    up = zl.convert(tmp_path / "old", bucket.url(f"{key}/up"), shards=shards)
    over = zl.convert(source, bucket.url(f"{key}/over"), shards=shards, verify="full")
    down = zl.convert(source, tmp_path / "down", shards=shards)

    assert up.finished
    assert over.finished
    assert down.finished
    assert bucket.get(f"{key}/up") == due
    assert bucket.get(f"{key}/over") == due
    assert files(tmp_path / "down") == due
    assert zl.verify(source, bucket.url(f"{key}/up"), level="decode").equal


@pytest.mark.parametrize(
    "options", [{"shards": "y=64,x=64"}, {"shards": "none"}, {"chunks": "y=24"}]
)
def test_shards_in_a_bucket_are_laid_out_anew(
    options: dict[str, str], bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """Shards are merged, split and decoded from a bucket as from a folder."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "sharded")
    zl.convert(tmp_path / "sharded", tmp_path / "new", **options)  # type: ignore[arg-type]
    source = bucket.put(tmp_path / "sharded", f"{key}/sharded")

    report = zl.convert(source, bucket.url(f"{key}/new"), **options)  # type: ignore[arg-type]

    assert report.finished
    assert bucket.get(f"{key}/new") == files(tmp_path / "new")


def test_other_readers_open_the_result(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """zarr-python and tensorstore read from the bucket what was in the folder."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", bucket.url(key))
    due = zarr.open_group(tmp_path / "old", mode="r", zarr_format=2)["0"][...]  # type: ignore[index]

    where: dict[str, Any] = {"endpoint": bucket.server.endpoint}
    store = S3Store(bucket.name, prefix=key, client_options={"allow_http": True}, **where)
    opened: Any = zarr.open_group(zarr.storage.ObjectStore(store, read_only=True), mode="r")
    by_zarr = opened["0"][...]
    where |= {"driver": "s3", "bucket": bucket.name, "path": f"{key}/0/"}
    where |= {"aws_region": "us-east-1"}
    by_tensorstore = ts.open({"driver": "zarr3", "kvstore": where}).result().read().result()

    np.testing.assert_array_equal(by_zarr, due)
    np.testing.assert_array_equal(by_tensorstore, due)


def test_more_objects_than_a_page_lists(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """An array of 1,024 flat chunks is found whole, and written as 1,024 objects."""
    write_group(tmp_path / "old")
    values = np.arange(1, 1025, dtype="<u2").reshape(32, 32)
    write_array(tmp_path / "old" / "0", values, chunks=(1, 1), separator=".")
    source = bucket.put(tmp_path / "old", f"{key}/old")

    report = zl.convert(source, bucket.url(f"{key}/new"), plain_zarr=True, shards="none")

    assert (report.finished, report.chunks) == (True, 1024)
    assert sum("/c/" in name for name in bucket.get(f"{key}/new")) == 1024


def test_large_shard_goes_in_parts(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A shard of more than 64 MiB is uploaded while it is made, and no part is left over."""
    write_group(tmp_path / "old")
    values = np.random.default_rng(0).integers(0, 2**16, (24, 2048, 1024), dtype="<u2")
    write_array(tmp_path / "old" / "0", values, chunks=(1, 2048, 1024), compressor=None)
    zl.convert(tmp_path / "old", tmp_path / "new", plain_zarr=True, shards="24,2048,1024")

    zl.convert(tmp_path / "old", bucket.url(key), plain_zarr=True, shards="24,2048,1024")

    assert bucket.get(key) == files(tmp_path / "new")
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)


def test_large_chunks_are_compared_piece_by_piece(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Chunks of more bytes than one request asks for: each differing byte is found."""
    values = np.random.default_rng(1).integers(0, 2**16, (2, 2400, 2000), "<u2")
    write_group(tmp_path / "a.zarr")
    write_array(tmp_path / "a.zarr" / "0", values, chunks=(1, 2400, 2000), compressor=None)
    source = bucket.put(tmp_path / "a.zarr", f"{key}/a.zarr")
    target = bucket.url(f"{key}/b.zarr")

    report = zl.convert(source, target, plain_zarr=True, shards="none", verify="full")
    assert report.verification is not None
    assert report.verification.equal

    data = bytearray(values[1].tobytes())
    data[-5] ^= 1
    bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/b.zarr/0/c/1/0/0", Body=bytes(data))
    proof = zl.verify(source, target, level="full")
    assert [f.chunk for f in proof.findings] == [(1, 0, 0)]
    assert f"byte {len(data) - 5} of the chunk" in proof.findings[0].message


def test_finished_target_is_confirmed(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """The same command again verifies and writes nothing."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", bucket.url(key))
    before = bucket.get(key)

    again = zl.convert(tmp_path / "old", bucket.url(key))

    assert again.already
    assert bucket.get(key) == before


def test_other_plan_is_refused_until_overwritten(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A target of another layout stays, unless it is to be replaced."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", bucket.url(key))

    with pytest.raises(TargetError, match="lays"):
        zl.convert(tmp_path / "old", bucket.url(key), shards="none")
    zl.convert(tmp_path / "old", bucket.url(key), shards="none", overwrite=True)

    zl.convert(tmp_path / "old", tmp_path / "new", shards="none")
    assert bucket.get(key) == files(tmp_path / "new")


def test_what_is_not_ours_is_never_removed(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Objects of others below the target's prefix are in the way, with --overwrite too."""
    write_sample(tmp_path / "old")
    bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/notes.txt", Body=b"mine")

    for overwrite in (False, True):
        with pytest.raises(TargetError):
            zl.convert(tmp_path / "old", bucket.url(key), overwrite=overwrite)

    assert bucket.get(key) == {"notes.txt": b"mine"}


@pytest.mark.parametrize("after", [0.35, 0.5, 0.7, 1.0])
def test_killed_lift_is_continued(after: float, bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Nothing opens before the end; run again, the lift ends as if it had not been killed."""
    zl.demo(tmp_path / "old", kind="plate", size="24MiB")
    zl.convert(tmp_path / "old", tmp_path / "new")
    command = [PROGRAM, "convert", "--quiet", str(tmp_path / "old"), bucket.url(key)]

    running = subprocess.Popen(command)
    time.sleep(after)
    running.send_signal(signal.SIGKILL)
    running.wait()
    killed = bucket.get(key)
    subprocess.run(command, check=True)

    assert "zarr.json" not in killed or ".zarrlift/plan.json" not in killed
    assert bucket.get(key) == files(tmp_path / "new")


def test_public_bucket_needs_no_keys(
    server: S3Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without keys requests are not signed, at once; `anon` says so where there are keys."""
    source = Bucket(server, PUBLIC).put(write_sample(tmp_path / "old"), key)
    assert zl.convert(source, tmp_path / "signed", anon=True).finished
    for name in server.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

    begun = time.monotonic()
    report = zl.convert(source, tmp_path / "unsigned")

    assert report.finished
    assert time.monotonic() - begun < 10


def test_private_bucket_says_that_keys_are_missing(
    bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """A refusal names the side, and that nothing was signed."""
    source = bucket.put(write_sample(tmp_path / "old"), key)

    with pytest.raises(AccessError, match="without keys") as caught:
        zl.convert(source, tmp_path / "new", src_anon=True)

    assert source in str(caught.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("s3://no-such-bucket/a", {}, "no such bucket"),
        (f"s3://{PRIVATE}/nothing-here", {}, "no such"),
        (f"s3://{PRIVATE}/a", {"endpoint": "http://127.0.0.1:9"}, "--endpoint"),
        ("s3:///a", {}, "names no bucket"),
        (f"s3://{PRIVATE}/a/../b", {}, "step"),
        ("ftp://host/a", {}, "not known"),
        (f"s3://{PRIVATE}/no.ozx", {}, "no such|not a Zarr folder"),
    ],
)
def test_what_is_not_there_is_said(
    url: str, options: dict[str, str], words: str, tmp_path: Path
) -> None:
    """An address that leads nowhere gives an error with a next step, and leaves nothing behind."""
    with pytest.raises(zl.ZarrliftError, match=words):
        zl.convert(url, tmp_path / "new", **options)  # type: ignore[arg-type]

    assert not (tmp_path / "new").exists()


def test_whole_bucket_is_never_emptied(bucket: Bucket, tmp_path: Path) -> None:
    """--overwrite of a bucket itself is refused, whatever lies at its root."""
    bucket.client.put_object(Bucket=bucket.name, Key="zarr.json", Body=b"{}")
    before = bucket.names()
    try:
        with pytest.raises(TargetError, match="whole bucket"):
            zl.convert(write_sample(tmp_path / "old"), f"s3://{bucket.name}", overwrite=True)
        assert bucket.names() == before
    finally:
        bucket.client.delete_object(Bucket=bucket.name, Key="zarr.json")


def test_one_run_alone_claims_a_target(bucket: Bucket, key: str) -> None:
    """The claim is a conditional write: the second to come is told so, and changes nothing."""
    stores = Stores()
    first, second = (stores.target_at(bucket.url(key)) for _ in range(2))

    assert first.claim(b"mine")
    assert not second.claim(b"yours")
    assert bucket.get(key) == {".zarrlift/plan.json": b"mine"}


def test_chunks_ahead_are_bounded(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many chunks a shard takes, only so many bytes of them are asked for ahead."""
    write_group(tmp_path / "old")
    values = np.random.default_rng(0).integers(0, 2**16, (64, 32, 32), dtype="<u2")
    write_array(tmp_path / "old" / "0", values, chunks=(1, 32, 32), compressor=None)
    source = bucket.put(tmp_path / "old", key)
    monkeypatch.setattr("zarrlift.chunks.fetch.AHEAD", 4 * 2048)
    here, at_once, real = threading.Lock(), [0, 0], obstore.get

    def slow(*words: Any, **more: Any) -> Any:
        with here:
            at_once[0] += 1
            at_once[1] = max(at_once)
        time.sleep(0.02)
        with here:
            at_once[0] -= 1
        return real(*words, **more)

    plan = zl.plan(source, tmp_path / "new", plain_zarr=True, shards="64,32,32")
    monkeypatch.setattr(obstore, "get", slow)
    zl.run(plan, workers=1, verify="none")

    assert at_once[1] == 4


def test_zipped_target_in_a_bucket_is_refused(bucket: Bucket, tmp_path: Path) -> None:
    """Nothing is written, and no folder gets the address for a name."""
    write_sample(tmp_path / "old")

    with pytest.raises(UsageError, match="zipped"):
        zl.convert(tmp_path / "old", bucket.url("new.ozx"))

    assert bucket.get("new.ozx") == {}
    assert not Path("s3:").exists()


def test_keys_are_never_said(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Wrong keys give a plain error; no key is in what the command prints or logs."""
    source = bucket.put(write_sample(tmp_path / "old"), key)
    environment = os.environ | {"AWS_SECRET_ACCESS_KEY": "not-the-right-secret"}
    log = tmp_path / "log.txt"
    command = [PROGRAM, "convert", "-v", "--log", str(log), source, str(tmp_path / "new")]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    said = done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    assert done.returncode == 3
    assert "secret key does not fit" in said
    assert "Traceback" not in said
    for secret in ("not-the-right-secret", SECRET, ACCESS):
        assert secret not in said


def test_plan_and_report_as_json(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """The commands take addresses, and name them in what they print."""
    source = bucket.put(write_sample(tmp_path / "old"), f"{key}/old")
    target = bucket.url(f"{key}/new")
    where = ["--endpoint", bucket.server.endpoint]

    planned = subprocess.run(
        [PROGRAM, "plan", source, target, "--json", *where], capture_output=True, check=True
    )
    lifted = subprocess.run(
        [PROGRAM, "convert", source, target, "--json", *where], capture_output=True, check=True
    )
    proved = subprocess.run(
        [PROGRAM, "verify", source, target, "--level", "full", *where],
        capture_output=True,
        check=True,
    )

    assert json.loads(planned.stdout)["target"] == target
    assert json.loads(lifted.stdout)["target"] == target
    assert b"equal" in proved.stdout.lower() or b"same" in proved.stdout.lower()


def test_same_place_is_refused(bucket: Bucket) -> None:
    """A target within its source is refused before anything is asked for."""
    with pytest.raises(UsageError, match="inside"):
        zl.convert(bucket.url("a"), bucket.url("a/b"))
    with pytest.raises(UsageError, match="same place"):
        zl.convert(bucket.url("a"), bucket.url("a/"))


def test_chunk_that_vanishes_is_no_absent_chunk(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A server that stops answering in the middle gives an error, never an empty chunk."""
    source = bucket.put(write_sample(tmp_path / "old"), key)
    plan = zl.plan(source, tmp_path / "new")
    for name in bucket.get(key):
        if name[-1].isdigit():
            bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/{name}", Body=b"")

    with pytest.raises((StorageError, zl.ZarrliftError)):
        zl.run(plan)

    assert not (tmp_path / "new" / "zarr.json").exists()


def test_drop_in_reads_and_writes_buckets(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """The challenge's words for buckets do what addresses do, where that program cannot write."""
    zl.convert(write_sample(tmp_path / "old"), tmp_path / "new")
    bucket.put(tmp_path / "old", f"{key}/old")
    where = [f"--{side}-endpoint={bucket.server.endpoint}" for side in ("input", "output")]
    where += [f"--{side}-bucket={bucket.name}" for side in ("input", "output")]
    program = str(Path(PROGRAM).with_name("zarrlift-resave"))

    words = [f"{key}/old", f"{key}/new", "--rocrate-skip", "--silent"]
    subprocess.run([program, *where, *words], check=True)

    assert bucket.get(f"{key}/new") == files(tmp_path / "new")


def test_crate_of_a_source_in_a_bucket_is_added_to(
    bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """A crate is merged, and written beside the root document."""
    write_sample(tmp_path / "old")
    zl.describe(tmp_path / "old", organism="Homo sapiens")
    shutil.rmtree(tmp_path / "old" / ".zarrlift")
    source = bucket.put(tmp_path / "old", f"{key}/old")

    zl.convert(source, bucket.url(f"{key}/new"), license="cc-by")

    crate = bucket.get(f"{key}/new")["ro-crate-metadata.json"].decode()
    assert "9606" in crate
    assert "creativecommons.org/licenses/by/4.0" in crate


def test_survey_asks_once_for_each_row(
    bucket: Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small plate takes one listing for each row, and one request for each document."""
    zl.demo(tmp_path / "old", kind="plate", size="1MiB")
    source = bucket.put(tmp_path / "old", key)
    asked: list[str] = []
    for name in ("list_with_delimiter", "get", "head", "get_range", "list"):
        monkeypatch.setattr(obstore, name, noted(asked, name, getattr(obstore, name)))

    found = zl.survey(source)

    stored = [Path(name).name for name in bucket.get(key)]
    documents = sum(name in (".zarray", ".zgroup", ".zattrs") for name in stored)
    rows = [node for node in found.groups if node.path and "/" not in node.path]
    assert asked.count("list_with_delimiter") == 1
    assert asked.count("list") == len(rows)
    assert asked.count("get") == documents
    assert len(asked) == 1 + len(rows) + documents
