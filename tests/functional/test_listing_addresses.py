"""Addresses of the web that lead to buckets, named stores, and buckets that do not list."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import zarrlift as zl
from tests.functional.far import Bucket, files
from tests.functional.runs import write_sample
from tests.servers import PRIVATE, PUBLIC, QUIET, S3Server, bucket_host, seaweed
from zarrlift.errors import AccessError, SourceError, StorageError, UsageError

PROGRAM = str(Path(sys.executable).with_name("zarrlift"))


@pytest.fixture(name="server", scope="module")
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests of this file."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(name="key")
def unused_key(request: pytest.FixtureRequest) -> str:
    """A key that no other test uses."""
    return f"{request.node.name.replace('[', '-').replace(']', '')}-{time.monotonic_ns()}"


@pytest.fixture(name="alone", autouse=True)
def nothing_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, no endpoint and no settings but those of a test."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))


def named(folder: Path, **stores: dict[str, object]) -> Path:
    """Write the file of settings; gives its path."""
    path = folder / "settings" / "zarrlift" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = list[str]()
    for name, members in stores.items():
        lines += [f"[stores.{name}]", *(f"{k} = {json.dumps(v)}" for k, v in members.items())]
    path.write_text("\n".join(lines))
    return path


def test_address_with_the_bucket_in_its_path(server: S3Server, key: str, tmp_path: Path) -> None:
    """Such an address lists, so all that lies there is lifted, as from the folder."""
    Bucket(server, PUBLIC).put(write_sample(tmp_path / "old"), f"{key}/old data.zarr")
    url = f"{server.endpoint}/{PUBLIC}/{key}/old%20data.zarr"
    zl.convert(tmp_path / "old", tmp_path / "due")

    report = zl.convert(url, tmp_path / "new", verify="full")

    assert report.finished
    assert report.plan.source == url
    assert "unlisted" not in {finding.rule for finding in report.findings}
    assert files(tmp_path / "new") == files(tmp_path / "due")
    assert zl.verify(url, tmp_path / "new").equal


def test_address_whose_host_is_the_bucket(server: S3Server, key: str, tmp_path: Path) -> None:
    """The bucket's own host lists too."""
    Bucket(server, PUBLIC).put(write_sample(tmp_path / "old"), key)
    zl.convert(tmp_path / "old", tmp_path / "due")

    with bucket_host(server, PUBLIC) as host:
        report = zl.convert(f"{host}/{key}", tmp_path / "new")

    assert report.finished
    assert "unlisted" not in {finding.rule for finding in report.findings}
    assert files(tmp_path / "new") == files(tmp_path / "due")


def test_target_on_the_same_server_is_refused(server: S3Server, key: str, tmp_path: Path) -> None:
    """One place by two kinds of address is still one place."""
    Bucket(server, PUBLIC).put(write_sample(tmp_path / "old"), key)
    url = f"{server.endpoint}/{PUBLIC}/{key}"

    with pytest.raises(UsageError, match="same place"):
        zl.plan(url, f"s3://{PUBLIC}/{key}", dst_endpoint=server.endpoint)
    other = server.endpoint.replace("127.0.0.1", "localhost")
    with pytest.raises(UsageError, match="same place"):
        zl.plan(url, f"s3://{PUBLIC}/{key}", dst_endpoint=other)


def test_nothing_at_an_address_that_lists(server: S3Server, key: str, tmp_path: Path) -> None:
    """A key that leads nowhere is said to, and so is a bucket that may not be read."""
    with pytest.raises(SourceError, match="no Zarr document answers"):
        zl.plan(f"{server.endpoint}/{PUBLIC}/{key}", tmp_path / "new")
    Bucket(server, PRIVATE).put(write_sample(tmp_path / "old"), key)
    for bucket in (PRIVATE, "nobodys"):
        with pytest.raises(AccessError, match="without keys"):
            zl.plan(f"{server.endpoint}/{bucket}/{key}", tmp_path / "new")


def test_server_that_is_not_there(tmp_path: Path) -> None:
    """A refused connection is no place that does not list."""
    with pytest.raises(StorageError, match="nothing listens there"):
        zl.plan("http://127.0.0.1:9/a/b.zarr", tmp_path / "new")


def test_crate_names_places_as_others_do(
    server: S3Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crate is read by people who have no such names: it says the address, and its last step."""
    Bucket(server, PUBLIC).put(write_sample(tmp_path / "old"), f"{key}/old")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    named(
        tmp_path,
        theirs={"endpoint": server.endpoint},
        ours={"endpoint": server.endpoint, "url": f"s3://{PRIVATE}/{key}"},
    )

    zl.convert(f"theirs://{PUBLIC}/{key}/old", "ours://new", license="cc-by")

    text = Bucket(server, PRIVATE).get(key)["new/ro-crate-metadata.json"].decode()
    assert f'"@id": "s3://{PUBLIC}/{key}/old"' in text
    assert "theirs" not in text
    assert [s.value for s in zl.crate("ours://new").said["name"]] == ["old"]


def test_named_stores_on_both_sides(
    server: S3Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names work for every verb; plan and report keep them, and a saved plan runs by them."""
    public, private = Bucket(server, PUBLIC), Bucket(server, PRIVATE)
    public.put(write_sample(tmp_path / "old"), f"{key}/old")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    where: dict[str, object] = {"endpoint": server.endpoint}
    named(
        tmp_path,
        theirs={**where, "anon": True},
        ours={**where, "url": f"s3://{PRIVATE}/{key}"},
        web={"url": f"{server.endpoint}/{PUBLIC}"},
    )
    source, saved = f"theirs://{PUBLIC}/{key}/old", tmp_path / "plan.json"
    zl.convert(tmp_path / "old", tmp_path / "due")

    assert len(zl.survey(source).nodes) == len(zl.survey(tmp_path / "old").nodes)
    words = [PROGRAM, "plan", source, "ours://new/", "--output", str(saved), "--json"]
    planned = subprocess.run(words, check=True, capture_output=True)
    lifted = subprocess.run([PROGRAM, "run", str(saved), "--json"], check=True, capture_output=True)
    proved = subprocess.run([PROGRAM, "verify", source, "ours://new"], check=True)
    zl.convert(f"web://{key}/old", "ours://over")
    resave = str(Path(PROGRAM).with_name("zarrlift-resave"))
    subprocess.run([resave, source, "ours://resaved", "--rocrate-skip", "--silent"], check=True)

    for answer in (json.loads(planned.stdout), json.loads(lifted.stdout)):
        assert (answer["source"], answer["target"]) == (source, "ours://new")
    assert proved.returncode == 0
    for made in ("new", "over", "resaved"):
        assert private.get(f"{key}/{made}") == files(tmp_path / "due")


def test_words_of_the_command_go_before_the_file(
    server: S3Server, key: str, tmp_path: Path
) -> None:
    """An endpoint in the file that is wrong is overridden, on one side alone."""
    Bucket(server, PUBLIC).put(write_sample(tmp_path / "old"), key)
    named(tmp_path, theirs={"endpoint": "http://127.0.0.1:9", "anon": True})
    words = [PROGRAM, "convert", f"theirs://{PUBLIC}/{key}", str(tmp_path / "new"), "--quiet"]

    subprocess.run([*words, "--src-endpoint", server.endpoint], check=True)

    assert zl.verify(tmp_path / "old", tmp_path / "new").equal


def test_name_and_plain_address_of_one_place(server: S3Server, key: str, tmp_path: Path) -> None:
    """A target below the source is refused, by whatever name."""
    named(tmp_path, theirs={"endpoint": server.endpoint})

    with pytest.raises(UsageError, match="inside"):
        zl.plan(f"theirs://a/{key}", f"s3://a/{key}/b", dst_endpoint=server.endpoint)


def test_unknown_name_is_said_with_those_that_are_known(tmp_path: Path) -> None:
    """The error names the file, what it has, and what may be written."""
    path = named(tmp_path, theirs={"anon": True})
    ran = subprocess.run(
        [PROGRAM, "plan", "ours://a/b", str(tmp_path / "new")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert "it has theirs" in ran.stderr
    assert str(path) in ran.stderr
    assert "Traceback" not in ran.stderr


def test_bucket_that_does_not_list(server: S3Server, key: str, tmp_path: Path) -> None:
    """Objects may be read and listing is forbidden: nodes are found by what metadata names."""
    zl.demo(tmp_path / "old", kind="collection", size="1MiB")
    Bucket(server, QUIET).put(tmp_path / "old", key)
    zl.convert(tmp_path / "old", tmp_path / "due")

    source = f"s3://{QUIET}/{key}"
    report = zl.convert(source, tmp_path / "new", endpoint=server.endpoint)
    by_web = zl.convert(f"{server.endpoint}/{QUIET}/{key}", tmp_path / "by-web")

    assert report.finished
    assert by_web.finished
    for made in (report, by_web):
        assert "unlisted" in {finding.rule for finding in made.findings}
    assert files(tmp_path / "new") == files(tmp_path / "by-web") == files(tmp_path / "due")


def test_named_store_is_changed_in_place(
    server: S3Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset is upgraded and taken back by its store's name."""
    private = Bucket(server, PRIVATE)
    zl.demo(tmp_path / "old", kind="image", size="1MiB")
    private.put(tmp_path / "old", key)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    named(tmp_path, ours={"endpoint": server.endpoint})

    zl.upgrade(f"ours://{PRIVATE}/{key}")
    assert "zarr.json" in private.get(key)
    zl.undo(f"ours://{PRIVATE}/{key}")

    assert private.get(key) == files(tmp_path / "old")


def test_what_does_not_list_is_not_changed(server: S3Server, key: str, tmp_path: Path) -> None:
    """An upgrade needs to see all there is, so a refused listing stops it."""
    Bucket(server, QUIET).put(write_sample(tmp_path / "old"), key)

    with pytest.raises(AccessError, match="listing was refused"):
        zl.upgrade(f"s3://{QUIET}/{key}", endpoint=server.endpoint)


def test_published_target_is_verified_where_it_lists(
    server: S3Server, key: str, tmp_path: Path
) -> None:
    """What was put behind an address of the web is compared with its source."""
    zl.convert(write_sample(tmp_path / "old"), tmp_path / "new")
    Bucket(server, PUBLIC).put(tmp_path / "new", key)

    assert zl.verify(tmp_path / "old", f"{server.endpoint}/{PUBLIC}/{key}", level="full").equal
