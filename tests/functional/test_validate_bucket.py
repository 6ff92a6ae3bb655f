"""`validate` of datasets in a bucket of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import zarrlift as zl
from tests.functional.far import Bucket
from tests.functional.runs import in_process, write_sample
from tests.servers import PRIVATE, PUBLIC, S3Server, seaweed


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


@pytest.fixture(name="sharded", scope="module")
def make_sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image in shards."""
    folder = tmp_path_factory.mktemp("sharded")
    write_sample(folder / "old")
    zl.convert(folder / "old", folder / "new", shards="y=8,x=8")
    return folder / "new"


def test_the_same_as_on_disk(server: S3Server, sharded: Path) -> None:
    """Every level finds in a bucket what it finds in the folder; chunks reads only indexes."""
    bucket = Bucket(server, PRIVATE)
    url = bucket.put(sharded, "same")
    for level in ("metadata", "chunks", "data"):
        local = zl.validate(sharded, level=level)
        found = zl.validate(url, level=level)

        assert found.looked == local.looked
        assert {f.rule for f in found.findings} == {f.rule for f in local.findings}
        assert found.requests is not None
        held = found.looked.document_bytes + found.looked.index_bytes + found.looked.chunk_bytes
        assert found.requests.bytes_in == held
    assert found.looked.decoded == found.looked.chunks > 0


def test_spoilt_shard_and_public_address(server: S3Server, sharded: Path) -> None:
    """A shard that is cut short is found by a ranged read, at the address of the web too."""
    bucket = Bucket(server, PUBLIC)
    url = bucket.put(sharded, "spoilt")
    shard = (sharded / "0/c/0/0/0/0/0").read_bytes()
    bucket.client.put_object(Bucket=PUBLIC, Key="spoilt/0/c/0/0/0/0/0", Body=shard[:-3])
    public = f"{server.endpoint}/{PUBLIC}/spoilt"

    for address in (url, public):
        found = zl.validate(address, level="chunks")
        assert [f.rule for f in found.findings if f.severity == "error"] == ["shard-index"]
    ran = in_process("validate", public, "--web", "--level", "chunks")
    assert ran.code == 1
    assert "[shard-index]" in ran.out


def test_several_datasets_in_a_bucket(server: S3Server, sharded: Path) -> None:
    """Datasets below a prefix that is no group are judged one by one."""
    bucket = Bucket(server, PRIVATE)
    bucket.put(sharded, "several/one")
    bucket.put(sharded, "several/two/deep")

    found = zl.validate(bucket.url("several"), level="chunks")

    assert [d.path for d in found.datasets] == ["one", "two/deep"]
