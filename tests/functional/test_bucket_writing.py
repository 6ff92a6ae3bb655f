"""How objects are written into buckets of a real server: headers, checksums, copies, leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarrlift as zl
from tests.between import Between, Meddling, Request, between, unchanged
from tests.build import BLOSC, Json, sample, write_array, write_file, write_group
from tests.build_ome import pyramid, write_image
from tests.functional.far import Bucket, files
from tests.functional.runs import write_sample
from tests.servers import PRIVATE, PUBLIC, S3Server
from zarrlift.errors import AccessError, StorageError, TargetError, UsageError
from zarrlift.jobs.stores import Stores
from zarrlift.store import address
from zarrlift.store.address import StoreOptions
from zarrlift.store.unfinished import abort_uploads

PROGRAM = str(Path(sys.executable).with_name("zarrlift"))
pytestmark = pytest.mark.usefixtures("keys")
LARGE = (40, 1024, 1024)
"""Shape of an array of two bytes each that goes in parts as one shard: 80 MiB."""


@pytest.fixture(name="proxy")
def run_proxy(server: S3Server) -> Iterator[Between]:
    """A proxy in front of the server."""
    with between(server.endpoint) as proxy:
        yield proxy


def heads(bucket: Bucket, key: str) -> dict[str, Any]:
    """What the server says of every object below a key."""
    return {
        name: bucket.client.head_object(Bucket=bucket.name, Key=f"{key}/{name}")
        for name in bucket.get(key)
    }


def uploads(bucket: Bucket) -> list[str]:
    """The keys of all uploads in parts that are not finished."""
    found = bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])
    return sorted(one["Key"] for one in found)


def write_large(folder: Path) -> Path:
    """Write an array whose one shard is so large that it goes in parts."""
    write_group(folder)
    values = np.random.default_rng(0).integers(0, 2**16, LARGE, dtype="<u2")
    write_array(folder / "0", values, chunks=(1, 1024, 1024), compressor=None)
    return folder


def write_small(folder: Path) -> Path:
    """Write a group with an array of sixteen chunks, and a file beside them."""
    write_group(folder)
    write_array(folder / "0", np.arange(1, 1025, dtype="<u2").reshape(32, 32), chunks=(8, 8))
    write_file(folder / "notes.txt", b"some words\n")
    return folder


SHARD = {"plain_zarr": True, "shards": "40,1024,1024"}


def test_objects_have_types_and_headers(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Documents are JSON, XML is XML, chunks are bytes; all have the class and the header."""
    write_sample(tmp_path / "old")
    write_file(tmp_path / "old" / "OME" / "METADATA.ome.xml", b"<OME/>")

    zl.convert(
        tmp_path / "old",
        bucket.url(key),
        license="cc-by",
        storage_class="STANDARD_IA",
        cache_control="public, max-age=86400",
    )

    found = heads(bucket, key)
    kinds = {name: facts["ContentType"] for name, facts in found.items()}
    assert {facts["CacheControl"] for facts in found.values()} == {"public, max-age=86400"}
    assert {facts["StorageClass"] for facts in found.values()} == {"STANDARD_IA"}
    assert kinds["zarr.json"] == kinds["0/zarr.json"] == "application/json"
    assert kinds["ro-crate-metadata.json"] == "application/json"
    assert kinds["OME/METADATA.ome.xml"] == "application/xml"
    assert kinds["0/thumbnail.png"] == "image/png"
    assert {k for name, k in kinds.items() if "/c/" in name} == {"application/octet-stream"}


def test_large_objects_have_headers_too(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """What goes in parts gets its headers where the upload begins."""
    write_large(tmp_path / "old")

    zl.convert(
        tmp_path / "old",
        bucket.url(key),
        storage_class="STANDARD_IA",
        cache_control="no-cache",
        **SHARD,  # type: ignore[arg-type]
    )

    facts = heads(bucket, key)["0/c/0/0/0"]
    assert facts["ContentLength"] > 64 * 2**20
    assert (facts["StorageClass"], facts["CacheControl"]) == ("STANDARD_IA", "no-cache")


def test_each_upload_asks_for_encryption(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Every object's request names the mode and the key, whether the server knows them or not."""
    write_sample(tmp_path / "old")
    target, names = bucket.url(key), ("", "-aws-kms-key-id")

    with suppress(StorageError):
        zl.convert(
            tmp_path / "old", target, endpoint=proxy.endpoint, sse="aws:kms:key-1", patience=1
        )

    asked = [
        [one.request.headers.get(f"x-amz-server-side-encryption{name}") for name in names]
        for one in proxy.asked("PUT")
    ]
    assert asked
    assert all(one == ["aws:kms", "key-1"] for one in asked)


def test_encryption_by_the_server(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """With AES256 every object is encrypted, as the server itself says, and reads as before."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new")

    zl.convert(tmp_path / "old", bucket.url(key), sse="AES256")

    assert {f.get("ServerSideEncryption") for f in heads(bucket, key).values()} == {"AES256"}
    assert bucket.get(key) == files(tmp_path / "new")


def test_requester_pays_is_said_on_the_side_it_is_for(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Each request to that side says so, and none to the other."""
    source = bucket.put(write_sample(tmp_path / "old"), f"{key}/old")
    target = bucket.url(f"{key}/new")

    zl.convert(source, target, endpoint=proxy.endpoint, src_requester_pays=True)

    saying = {one.request.headers.get("x-amz-request-payer") for one in proxy.asked("GET", "old/")}
    assert saying == {"requester"}
    puts = [one for one in proxy.asked("PUT") if "x-amz-copy-source" not in one.request.headers]
    assert {one.request.headers.get("x-amz-request-payer") for one in puts} == {None}


def test_local_target_has_none_of_it(tmp_path: Path) -> None:
    """A choice that only a bucket can have is refused, by plan, convert and run alike."""
    write_sample(tmp_path / "old")
    plan = zl.plan(tmp_path / "old", tmp_path / "new")

    for verb in (zl.plan, zl.convert):
        with pytest.raises(UsageError, match="--storage-class is for object stores"):
            verb(tmp_path / "old", tmp_path / "new", storage_class="STANDARD_IA")
    with pytest.raises(UsageError, match="--sse is for object stores"):
        zl.run(plan, sse="AES256")
    assert not (tmp_path / "new").exists()


def test_plan_prints_the_whole_command(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """What was said of the target is in the command that plan prints, with a saved plan too."""
    write_sample(tmp_path / "old")
    words = ["--storage-class", "STANDARD_IA", "--dst-requester-pays", "--sse=AES256"]
    words += ["--endpoint", bucket.server.endpoint]
    command = [PROGRAM, "plan", str(tmp_path / "old"), bucket.url(key), *words]
    saved = str(tmp_path / "plan.json")

    once = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    later = [*command, "--shards=none", "--output", saved]
    twice = subprocess.run(later, capture_output=True, text=True, check=True).stdout

    assert once.splitlines()[-1].split()[2:] == command[2:]
    assert twice.splitlines()[-1].split() == ["zarrlift", "run", saved, *words]
    subprocess.run([PROGRAM, "run", "--quiet", saved, *words], check=True)
    assert heads(bucket, key)["zarr.json"]["StorageClass"] == "STANDARD_IA"


def test_killed_upload_is_cleared_away_in_the_end(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """The run that finishes aborts what a killed one left in parts, and nobody else's upload."""
    write_large(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new", **SHARD)  # type: ignore[arg-type]
    kill_in_an_upload(bucket, key, proxy, tmp_path / "old")
    other = f"{key}/0/notes.bin"
    left = bucket.client.create_multipart_upload(Bucket=bucket.name, Key=other)["UploadId"]
    assert uploads(bucket) == [f"{key}/0/c/0/0/0", other]

    report = zl.convert(tmp_path / "old", bucket.url(key), **SHARD)  # type: ignore[arg-type]

    assert report.finished
    assert uploads(bucket) == [other]
    assert bucket.get(key) == files(tmp_path / "new")
    bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=other, UploadId=left)


def test_overwriting_clears_away_uploads(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """A plan that needs no parts itself takes back those of the one that it replaces."""
    write_large(tmp_path / "old")
    kill_in_an_upload(bucket, key, proxy, tmp_path / "old")

    zl.convert(
        tmp_path / "old", bucket.url(key), plain_zarr=True, shards="8,1024,1024", overwrite=True
    )

    assert uploads(bucket) == []


def test_stopped_upload_is_taken_back(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """A lift that SIGTERM stops in the middle of a shard leaves no part of it."""
    write_large(tmp_path / "old")
    begun = threading.Event()

    def held(request: Request) -> Request:
        if "partNumber=3" in request.query:
            begun.set()
            time.sleep(1)
        return request

    running = lift_through(proxy, held, begun, tmp_path / "old", bucket.url(key))
    assert uploads(bucket) == [f"{key}/0/c/0/0/0"]
    running.send_signal(signal.SIGTERM)

    assert running.wait(30) == 143
    assert uploads(bucket) == []


def kill_in_an_upload(bucket: Bucket, key: str, proxy: Between, source: Path) -> None:
    """Kill a lift by the command once the third part of its shard is on its way."""
    begun = threading.Event()

    def held(request: Request) -> Request | int:
        if "partNumber=3" not in request.query:
            return request
        begun.set()
        time.sleep(3)
        return 500

    running = lift_through(proxy, held, begun, source, bucket.url(key))
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert uploads(bucket) == [f"{key}/0/c/0/0/0"]


def lift_through(
    proxy: Between,
    held: Meddling,
    begun: threading.Event,
    source: Path,
    url: str,
) -> subprocess.Popen[bytes]:
    """Start a lift of one large shard by the command; returns once `begun` says so."""
    proxy.meddle = held
    command = [PROGRAM, "convert", "--quiet", "--plain-zarr", "--shards", SHARD["shards"]]
    command += ["--endpoint", proxy.endpoint, str(source), url]
    running = subprocess.Popen([str(word) for word in command])
    assert begun.wait(60)
    return running


def test_upload_of_a_live_run_ends_well_when_another_finishes(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Two runs of one plan: the slower one's upload is aborted, and it confirms what is there."""
    write_large(tmp_path / "old")
    begun, go = threading.Event(), threading.Event()

    def held(request: Request) -> Request:
        if "partNumber=3" in request.query:
            begun.set()
            go.wait(60)
        return request

    proxy.meddle = held
    came: list[Any] = []

    def slower() -> None:
        try:
            came.append(
                zl.convert(
                    tmp_path / "old",
                    bucket.url(key),
                    endpoint=proxy.endpoint,
                    **SHARD,  # type: ignore[arg-type]
                )
            )
        except zl.ZarrliftError as error:
            came.append(error)

    first = threading.Thread(target=slower)
    first.start()
    assert begun.wait(60)
    quicker = zl.convert(tmp_path / "old", bucket.url(key), **SHARD)  # type: ignore[arg-type]
    go.set()
    first.join()

    assert quicker.finished
    assert isinstance(came[0], zl.Report), came[0]
    assert came[0].already
    assert uploads(bucket) == []


@pytest.mark.parametrize("other", [PRIVATE, PUBLIC])
def test_copies_stay_within_the_store(
    other: str, server: S3Server, bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Chunks that stay whole, and files, are copied by the server, into another bucket too.

    Of a chunk only the header passes, which is looked at.
    """
    write_image(
        tmp_path / "old", pyramid(sample((1, 2, 1, 64, 64), "<u2")), chunks=(1, 1, 1, 32, 32)
    )
    write_file(tmp_path / "old" / "notes" / "README.md", b"# the experiment\n")
    zl.convert(tmp_path / "old", tmp_path / "new", shards="none")
    source = bucket.put(tmp_path / "old", f"{key}/old")
    held = Bucket(server, other)

    report = zl.convert(
        source, held.url(f"{key}/new"), shards="none", verify="none", endpoint=proxy.endpoint
    )

    assert held.get(f"{key}/new") == files(tmp_path / "new")
    chunks = [one for one in proxy.asked("PUT") if "/c/" in one.request.key]
    assert report.objects == len(chunks) > 8
    written = [*chunks, *proxy.asked("PUT", "README.md")]
    assert all("x-amz-copy-source" in one.request.headers for one in written)
    assert sum(len(one.request.body) for one in written) == 0
    read = [one.received for one in proxy.asked("GET") if one.request.key.split("/")[-1].isdigit()]
    assert len(read) == len(chunks)
    assert max(read) == 16
    assert proxy.asked("GET", "README.md") == []


@pytest.mark.parametrize(
    ("compressor", "read"),
    [
        (None, []),
        ({"id": "gzip", "level": 5}, [8] * 16),
        ({"id": "zstd", "level": 3}, [18] * 16),
    ],
    ids=["raw", "gzip", "zstd"],
)
def test_chunks_are_copied_all_but_unread(
    compressor: Json | None,
    read: list[int],
    bucket: Bucket,
    key: str,
    proxy: Between,
    tmp_path: Path,
) -> None:
    """What is looked at of them is their size, which the listing says, and where a codec states it.

    That is the end of a gzip stream, and the beginning of a zstd frame.
    """
    write_group(tmp_path / "old")
    values = np.random.default_rng(0).integers(0, 999, (32, 32), dtype="<u2")
    write_array(tmp_path / "old" / "0", values, chunks=(8, 8), compressor=compressor)
    source = bucket.put(tmp_path / "old", f"{key}/old")
    how: dict[str, Any] = {"plain_zarr": True, "shards": "none", "verify": "none"}

    zl.convert(source, bucket.url(f"{key}/new"), endpoint=proxy.endpoint, **how)

    chunks = [one for one in proxy.asked("GET") if one.request.key.split("/")[-1].isdigit()]
    assert [one.received for one in chunks] == read
    assert len([one for one in proxy.asked("PUT", "/c/") if not one.request.body]) == 16
    zl.convert(tmp_path / "old", tmp_path / "new", **how)
    assert bucket.get(f"{key}/new") == files(tmp_path / "new")


@pytest.mark.parametrize("status", [403, 501])
def test_refused_copies_go_through_this_machine(
    status: int, bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Where the server does not copy, bytes are read and written, and the outcome is the same."""
    write_small(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new", plain_zarr=True, shards="none")
    source = bucket.put(tmp_path / "old", f"{key}/old")
    proxy.meddle = lambda one: status if "x-amz-copy-source" in one.headers else one

    report = zl.convert(
        source,
        bucket.url(f"{key}/new"),
        plain_zarr=True,
        shards="none",
        endpoint=proxy.endpoint,
        requests=4,
    )

    assert report.finished
    assert bucket.get(f"{key}/new") == files(tmp_path / "new")
    tried = [one for one in proxy.asked("PUT") if "x-amz-copy-source" in one.request.headers]
    assert 1 <= len(tried) <= 4 * 9


@pytest.mark.parametrize(
    "how",
    [{"storage_class": "STANDARD_IA"}, {"cache_control": "no-cache"}, {"src_anon": True}],
    ids=lambda how: next(iter(how)),
)
def test_what_a_copy_cannot_have_goes_through_this_machine(
    how: dict[str, Any], server: S3Server, bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """A copy keeps the source's class and headers, and needs one set of keys for both sides."""
    write_small(tmp_path / "old")
    source = Bucket(server, PUBLIC).put(tmp_path / "old", f"{key}/old")

    zl.convert(
        source,
        bucket.url(key),
        plain_zarr=True,
        shards="none",
        endpoint=proxy.endpoint,
        **how,
    )

    copied = [one for one in proxy.asked("PUT") if "x-amz-copy-source" in one.request.headers]
    assert copied == []
    assert {f.get("StorageClass", "STANDARD") for f in heads(bucket, key).values()} == {
        how.get("storage_class", "STANDARD")
    }


@pytest.mark.parametrize(
    ("compressor", "words"),
    [(BLOSC, "blosc header states"), ({"id": "gzip", "level": 5}, "gzip tail states")],
    ids=["blosc", "gzip"],
)
def test_damaged_chunk_is_not_copied(
    compressor: Json, words: str, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """A chunk that is cut short is found by its header or its end, as between folders."""
    write_group(tmp_path / "old")
    values = np.arange(1, 1025, dtype="<u2").reshape(32, 32)
    write_array(tmp_path / "old" / "0", values, chunks=(8, 8), compressor=compressor)
    chunk = next(
        p for p in sorted((tmp_path / "old" / "0").rglob("*")) if p.name.isdigit() and p.is_file()
    )
    chunk.write_bytes(chunk.read_bytes()[:-1])
    source = bucket.put(tmp_path / "old", f"{key}/old")

    with pytest.raises(zl.ZarrliftError, match=words):
        zl.convert(source, bucket.url(f"{key}/new"), shards="none", plain_zarr=True)


def test_plain_files_come_in_large_pieces(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """A small file is one request, a large one as few as hold 16 MiB each."""
    write_group(tmp_path / "old")
    write_file(tmp_path / "old" / "small.bin", bytes(2**20 + 1))
    write_file(tmp_path / "old" / "empty.bin", b"")
    write_file(tmp_path / "old" / "large.bin", os.urandom(40 * 2**20))
    source = bucket.put(tmp_path / "old", key)

    zl.convert(source, tmp_path / "new", plain_zarr=True, verify="none", endpoint=proxy.endpoint)

    asked = {name: len(proxy.asked("GET", f"{name}.bin")) for name in ("small", "empty", "large")}
    assert asked == {"small": 1, "empty": 1, "large": 3}
    assert {n: d for n, d in files(tmp_path / "new").items() if n.endswith(".bin")} == {
        n: d for n, d in files(tmp_path / "old").items() if n.endswith(".bin")
    }


def test_store_without_conditional_writes(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Where "only if it is not there" is not known, it is looked first; the lift is as good."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new")
    proxy.meddle = lambda one: 501 if "if-none-match" in one.headers else one
    how: dict[str, Any] = {"endpoint": proxy.endpoint}
    begun = time.monotonic()

    report = zl.convert(tmp_path / "old", bucket.url(key), **how)

    assert report.finished
    assert time.monotonic() - begun < 20
    assert bucket.get(key) == files(tmp_path / "new")
    assert zl.convert(tmp_path / "old", bucket.url(key), **how).already
    with pytest.raises(TargetError, match="lays"):
        zl.convert(tmp_path / "old", bucket.url(key), shards="none", **how)


def test_claim_without_conditional_writes(bucket: Bucket, key: str, proxy: Between) -> None:
    """The second to come is told so there too, and changes nothing."""
    proxy.meddle = lambda one: 501 if "if-none-match" in one.headers else one
    stores = Stores(target=StoreOptions(endpoint=proxy.endpoint))
    first, second = (stores.target_at(bucket.url(key)) for _ in range(2))

    assert first.claim(b"mine")
    assert not second.claim(b"yours")
    assert bucket.get(key) == {".zarrlift/plan.json": b"mine"}


def test_large_file_within_an_archive(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A file that comes in several pieces is the member's bytes, not those before it."""
    write_small(tmp_path / "old")
    write_file(tmp_path / "old" / "large.bin", os.urandom(20 * 2**20))
    archive = tmp_path / "old.ozx"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        for name, data in sorted(files(tmp_path / "old").items()):
            opened.writestr(name, data)
    bucket.client.put_object(Bucket=bucket.name, Key=f"{key}.ozx", Body=archive.read_bytes())

    for target in (tmp_path / "new", bucket.url(key)):
        zl.convert(bucket.url(f"{key}.ozx"), target, plain_zarr=True, shards="none", verify="none")

    assert (tmp_path / "new" / "large.bin").read_bytes() == files(tmp_path / "old")["large.bin"]
    assert bucket.get(key) == files(tmp_path / "new")


def changed_once(part: str) -> Meddling:
    """Change one byte of the first body whose address holds a part."""
    changed: list[Request] = []

    def meddle(request: Request) -> Request:
        if request.method != "PUT" or part not in request.target or changed:
            return request
        changed.append(request)
        body = bytearray(request.body)
        body[40] ^= 1
        return replace(request, body=bytes(body))

    return meddle


@pytest.mark.parametrize(
    ("shards", "part"),
    [("none", "/c/1/0/0"), (SHARD["shards"], "partNumber=2")],
    ids=["whole", "parts"],
)
def test_changed_body_is_refused_by_its_checksum(
    shards: str, part: str, bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """A byte that changes on its way is noticed by the server; the same command then ends well."""
    write_large(tmp_path / "old")
    how: dict[str, Any] = {"plain_zarr": True, "shards": shards}
    proxy.meddle = changed_once(part)

    with pytest.raises(StorageError, match="bytes changed on their way"):
        zl.convert(
            tmp_path / "old",
            bucket.url(key),
            endpoint=proxy.endpoint,
            upload_checksum="sha256",
            **how,
        )
    refused = [one for one in proxy.asked("PUT") if one.status == 400]
    assert len(refused) == 1
    assert refused[0].request.key.removeprefix(f"{key}/") not in bucket.get(key)
    assert uploads(bucket) == []

    assert zl.convert(tmp_path / "old", bucket.url(key), verify="full", **how).finished


def test_changed_body_is_found_by_verification(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Without a checksum this server keeps what it got, and a full comparison names the chunk."""
    write_group(tmp_path / "old")
    values = np.arange(1, 1025, dtype="<u2").reshape(32, 32)
    write_array(tmp_path / "old" / "0", values, chunks=(8, 8), compressor=None)
    proxy.meddle = changed_once("/c/2/1")

    report = zl.convert(
        tmp_path / "old",
        bucket.url(key),
        plain_zarr=True,
        shards="none",
        verify="full",
        endpoint=proxy.endpoint,
    )

    assert not report.finished
    assert report.verification is not None
    assert [finding.chunk for finding in report.verification.findings] == [(2, 1)]
    assert "zarr.json" not in bucket.get(key)


def test_continued_copies_are_not_read(
    bucket: Bucket, key: str, proxy: Between, tmp_path: Path
) -> None:
    """Objects that stand from an earlier run are judged by size and header, and not made anew."""
    write_small(tmp_path / "old")
    source, target = bucket.put(tmp_path / "old", f"{key}/old"), bucket.url(f"{key}/new")
    how: dict[str, Any] = {"plain_zarr": True, "shards": "none", "verify": "none"}
    how |= {"endpoint": proxy.endpoint, "requests": 2}
    proxy.meddle = lambda one: 403 if one.key.endswith("new/0/zarr.json") else one
    with pytest.raises(AccessError):
        zl.convert(source, target, **how)
    proxy.meddle = unchanged
    bucket.client.delete_object(Bucket=bucket.name, Key=f"{key}/new/0/c/3/3")
    proxy.exchanges.clear()

    report = zl.convert(source, target, **how)

    assert (report.finished, report.objects, report.objects_already) == (True, 16, 15)
    assert [one.request.key for one in proxy.asked("PUT", "/c/")] == [f"{key}/new/0/c/3/3"]
    assert {one.received for one in proxy.asked("GET", "new/0/c/")} == {16}


@pytest.mark.parametrize("why", ["asked", "refused", "no boto3", "anonymous"])
def test_looking_for_uploads_never_fails(
    why: str, bucket: Bucket, key: str, proxy: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a courtesy: without the right, the library or keys, uploads stay as they are."""
    client = bucket.client
    begun = {
        name: client.create_multipart_upload(Bucket=bucket.name, Key=f"{key}{name}")["UploadId"]
        for name in ("/a", "/b", "-beside/a")
    }
    if why == "refused":
        proxy.meddle = lambda one: 403 if "uploads" in one.query else one
    if why == "no boto3":
        monkeypatch.setitem(sys.modules, "boto3", None)
    options = StoreOptions(endpoint=proxy.endpoint, anon=why == "anonymous")

    done = abort_uploads(address.parse(bucket.url(key)), options, lambda name: name == "a")

    assert done == (why == "asked")
    gone = {f"{key}/a"} if why == "asked" else set()
    assert uploads(bucket) == sorted({f"{key}{name}" for name in begun} - gone)
    for name, upload in begun.items():
        with suppress(client.exceptions.ClientError):
            client.abort_multipart_upload(Bucket=bucket.name, Key=f"{key}{name}", UploadId=upload)


def test_names_that_no_key_can_have(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A file that cannot be named in a bucket is told, and may be left out."""
    source = write_small(tmp_path / "old")
    write_file(source / "a\nb.txt", b"x")

    with pytest.raises(StorageError, match="no object can be called") as caught:
        zl.convert(source, bucket.url(key), plain_zarr=True, endpoint=bucket.server.endpoint)
    assert "--exclude" in str(caught.value)
    exclude = ["a*b.txt"]
    report = zl.convert(
        source,
        bucket.url(key),
        plain_zarr=True,
        exclude=exclude,
        overwrite=True,
        endpoint=bucket.server.endpoint,
    )
    assert report.finished

    bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/a\nb.txt", Body=b"x")
    with pytest.raises(StorageError, match="rename it there"):
        zl.info(bucket.url(key), endpoint=bucket.server.endpoint)


def test_documents_are_never_gigabytes(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """What is called as a document, and is far too large for one, is told and not fetched."""
    source = bucket.put(write_small(tmp_path / "old"), key)
    bucket.client.put_object(Bucket=bucket.name, Key=f"{key}/0/.zarray", Body=bytes(2**26 + 1))

    with pytest.raises(zl.ZarrliftError, match="too large to be a document"):
        zl.plan(source, tmp_path / "new", plain_zarr=True)
