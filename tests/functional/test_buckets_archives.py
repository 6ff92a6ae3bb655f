"""Zipped OME-Zarr (`.ozx`) in a bucket of a real server, as a source."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import pytest

import zarrlift as zl
from tests.build import write_file
from tests.functional.far import Bucket, files
from tests.functional.runs import assert_refused, in_process, write_sample
from zarrlift.errors import SourceError

READS = ("get", "get_range", "head", "list", "list_with_delimiter")
pytestmark = pytest.mark.usefixtures("keys")


@pytest.fixture(name="key")
def unused_key(request: pytest.FixtureRequest) -> str:
    """A key that no other test uses."""
    name = request.node.name.replace("[", "-").replace("]", "")
    return f"{name}-{time.monotonic_ns()}.ozx"


@pytest.fixture(name="asked")
def count_requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request that reads, by the name of the function that sends it."""
    asked: list[str] = []

    def noting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*words: Any, **more: Any) -> Any:
            asked.append(name)
            return real(*words, **more)

        return called

    for name in READS:
        monkeypatch.setattr(obstore, name, noting(name, getattr(obstore, name)))
    return asked


def upload(bucket: Bucket, archive: Path, key: str) -> str:
    """Upload one file; gives its address."""
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=archive.read_bytes())
    return bucket.url(key)


def zipped(folder: Path, archive: Path, way: str) -> Path:
    """Zip a folder in one of several ways, all of them stored."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        for number, (name, data) in enumerate(sorted(files(folder).items())):
            info = zipfile.ZipInfo(name)
            if way == "extra":
                info.extra = b"zl\x04\x00abcd" * (number % 3)
            with opened.open(info, "w", force_zip64=way == "zip64" and number % 2 == 0) as member:
                member.write(data)
            if way == "gaps":
                opened.fp.seek(opened.start_dir)  # type: ignore[union-attr]
                opened.fp.write(b"\0" * (number % 40))  # type: ignore[union-attr]
                opened.start_dir = opened.fp.tell()  # type: ignore[union-attr]
    return archive


@pytest.mark.parametrize("shards", ["auto", "none"])
def test_archive_of_ours_is_lifted_from_a_bucket(
    shards: str, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """It is surveyed, planned, lifted and proved as from a file."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "a.ozx", shards=shards)
    url = upload(bucket, tmp_path / "a.ozx", key)

    report = zl.convert(url, tmp_path / "new", shards="y=8,x=8", verify="full")

    assert report.finished
    zl.convert(tmp_path / "a.ozx", tmp_path / "due", shards="y=8,x=8")
    assert files(tmp_path / "new") == files(tmp_path / "due")
    assert zl.verify(url, tmp_path / "new", level="decode").equal
    assert zl.verify(tmp_path / "old", url, level="decode").equal
    assert in_process("plan", url, tmp_path / "b", "--count").code == 0
    over = zl.convert(url, bucket.url(f"{key}-over"), shards="y=8,x=8")
    assert over.finished
    assert bucket.get(f"{key}-over") == files(tmp_path / "due")


@pytest.mark.parametrize("way", ["plain", "extra", "zip64", "gaps"])
def test_archives_of_all_sorts_are_read(way: str, bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Extra fields, large headers and unused bytes between members are all found where they are."""
    write_sample(tmp_path / "old")
    url = upload(bucket, zipped(tmp_path / "old", tmp_path / "a.ozx", way), key)

    zl.convert(url, tmp_path / "new")

    zl.convert(tmp_path / "old", tmp_path / "due")
    assert files(tmp_path / "new") == files(tmp_path / "due")


def test_survey_takes_few_requests(
    bucket: Bucket, key: str, tmp_path: Path, asked: list[str]
) -> None:
    """However many members there are: size, directory, two headers of each kind, documents."""
    zl.demo(tmp_path / "old", kind="plate", size="1MiB")
    zl.convert(tmp_path / "old", tmp_path / "a.ozx")
    url = upload(bucket, tmp_path / "a.ozx", key)
    asked.clear()

    found = zl.survey(url)

    assert len(found.nodes) > 20
    assert found.nodes == zl.survey(tmp_path / "a.ozx").nodes
    assert len(asked) <= 6


def test_long_directory_takes_one_request_more(
    bucket: Bucket, key: str, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that does not lie in the archive's end is asked for."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "a.ozx", shards="none")
    url = upload(bucket, tmp_path / "a.ozx", key)
    monkeypatch.setattr("zarrlift.store.remote_archive._END", 100)
    asked.clear()

    found = zl.survey(url)

    assert found.nodes == zl.survey(tmp_path / "a.ozx").nodes
    assert len(asked) <= 8


def test_lift_takes_a_request_for_each_chunk(
    bucket: Bucket, key: str, tmp_path: Path, asked: list[str]
) -> None:
    """Without proof, a lift asks for each chunk once, each plain file once, and little besides."""
    write_sample(tmp_path / "old")
    url = upload(bucket, zipped(tmp_path / "old", tmp_path / "a.ozx", "plain"), key)
    plan = zl.plan(url, tmp_path / "new")
    asked.clear()

    report = zl.run(plan, verify="none")

    assert len(asked) <= report.chunks + 2 * report.files + 8


@pytest.mark.parametrize("fault", ["cut", "deflated", "empty"])
def test_unreadable_archives_are_refused_in_words(
    fault: str, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """What is no archive, or one whose members are compressed, is told as for a file."""
    write_sample(tmp_path / "old")
    archive = zipped(tmp_path / "old", tmp_path / "a.ozx", "plain")
    if fault == "deflated":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr(".zgroup", b"{}" * 100)
    else:
        archive.write_bytes(archive.read_bytes()[: -400 if fault == "cut" else 0])
    url = upload(bucket, archive, key)

    with pytest.raises(SourceError, match=r"zip archive|compressed") as caught:
        zl.survey(url)

    assert url in str(caught.value)


def test_crate_and_tuning_of_an_archive(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """A crate is shown and chunks are measured; nothing is changed in place."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "a.ozx", license="cc-by")
    url = upload(bucket, tmp_path / "a.ozx", key)

    assert zl.crate(url).said == zl.crate(tmp_path / "a.ozx").said
    tuned, due = (zl.tune(place, codecs=["none"]) for place in (url, tmp_path / "a.ozx"))
    assert [c.stored_bytes for c in tuned.codecs] == [c.stored_bytes for c in due.codecs]
    assert tuned.sampled == due.sampled
    assert_refused(in_process("crate", url, "--set", "license=cc0"), "not changed in place")
    assert_refused(in_process("upgrade", url), "not a Zarr folder")


def test_files_named_as_documents(bucket: Bucket, key: str, tmp_path: Path) -> None:
    """Plain files called `zarr.json` are copied though all threads for requests ask for them."""
    write_sample(tmp_path / "old")
    for number in range(4):
        write_file(tmp_path / "old" / "notes" / str(number) / "zarr.json", b'{"a": 1}')
    url = upload(bucket, zipped(tmp_path / "old", tmp_path / "a.ozx", "plain"), key)

    assert zl.convert(url, tmp_path / "new", requests=2).finished

    zl.convert(tmp_path / "old", tmp_path / "due")
    assert files(tmp_path / "new") == files(tmp_path / "due")
