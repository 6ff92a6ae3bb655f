"""Lifts from, to and within containers of Azurite, Microsoft's emulator, where it is installed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

import zarrlift as zl
from tests.azurite import KEY, VARIABLE, Azurite, Container, azurite, find_azurite
from tests.build import sample, write_array, write_file, write_group
from tests.build_ome import pyramid, write_image
from tests.functional.far import files
from tests.functional.runs import assert_refused, in_process, start, write_sample
from zarrlift.errors import AccessError, TargetError, UsageError
from zarrlift.jobs.stores import Stores
from zarrlift.store.address import StoreOptions
from zarrlift.store.overlap import refuse_overlap

PROGRAM = find_azurite()
pytestmark = pytest.mark.skipif(
    PROGRAM is None,
    reason=f"Azurite is not installed: `make test-azure`, or name the folder in {VARIABLE}",
)


@pytest.fixture(name="server", scope="module")
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One server for all tests of this file."""
    assert PROGRAM is not None
    with azurite(PROGRAM, tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(name="box", scope="module")
def private_container(server: Azurite) -> Container:
    """A container that needs keys."""
    return server.make("private")


@pytest.fixture(name="keys", autouse=True)
def set_keys(server: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the account, its key and the server into the environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", server.endpoint)


@pytest.fixture(name="key")
def unused_key(request: pytest.FixtureRequest) -> str:
    """A key that no other test uses."""
    return f"{request.node.name.replace('[', '-').replace(']', '')}-{time.monotonic_ns()}"


# --- lifts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", ["auto", "none"])
def test_every_way_gives_the_same_bytes(
    shards: str, box: Container, key: str, tmp_path: Path
) -> None:
    """Folder to container, container to container and back give what folder to folder does."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new", shards=shards)
    due = files(tmp_path / "new")
    source = box.put(tmp_path / "old", f"{key}/old")

    planned = in_process("plan", source, box.url(f"{key}/up"), "--count", "--shards", shards)
    up = zl.convert(tmp_path / "old", box.url(f"{key}/up"), shards=shards)
    over = zl.convert(source, box.url(f"{key}/over"), shards=shards, verify="full")
    down = zl.convert(source, tmp_path / "down", shards=shards)

    assert planned.code == 0, planned.said
    assert up.finished
    assert over.finished
    assert down.finished
    assert box.get(f"{key}/up") == due
    assert box.get(f"{key}/over") == due
    assert files(tmp_path / "down") == due
    assert zl.verify(source, box.url(f"{key}/up"), level="decode").equal


def test_survey_sees_what_is_there(box: Container, key: str, tmp_path: Path) -> None:
    """The nodes of a plate are those of the folder."""
    zl.demo(tmp_path / "old", kind="plate", size="1MiB")

    found = zl.survey(box.put(tmp_path / "old", key))

    assert [n.path for n in found.nodes] == [n.path for n in zl.survey(tmp_path / "old").nodes]


def test_other_readers_open_the_result(box: Container, key: str, tmp_path: Path) -> None:
    """zarr-python reads from the container what was in the folder."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", box.url(key))

    store = zarr.storage.ObjectStore(box.store_at(key), read_only=True)
    opened: Any = zarr.open_group(store, mode="r")

    due: Any = zarr.open_group(tmp_path / "old", mode="r", zarr_format=2)["0"]
    np.testing.assert_array_equal(opened["0"][...], due[...])


def test_copies_stay_within_a_container(box: Container, key: str, tmp_path: Path) -> None:
    """Whole chunks are copied by the server within a container; to another one they go through."""
    write_group(tmp_path / "old")
    values = np.random.default_rng(0).integers(0, 2**16, (64, 64), "<u2")
    write_array(tmp_path / "old" / "0", values, chunks=(16, 16), compressor=None)
    source = box.put(tmp_path / "old", f"{key}/old")
    other = box.server.make("other")
    words: dict[str, Any] = {"plain_zarr": True, "shards": "none"}
    zl.convert(tmp_path / "old", tmp_path / "new", **words)

    within = zl.convert(source, box.url(f"{key}/new"), verify="none", **words)
    between = zl.convert(source, other.url(f"{key}/new"), verify="none", **words)

    assert box.get(f"{key}/new") == other.get(f"{key}/new") == files(tmp_path / "new")
    assert within.requests is not None
    assert between.requests is not None
    assert within.requests["target"].copy == 16
    assert within.requests["source"].bytes_in < values.nbytes
    assert between.requests["target"].copy == 0


def test_archive_is_read_where_it_lies(box: Container, key: str, tmp_path: Path) -> None:
    """The end of a zipped file is found, though Azure counts no range from the end."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "a.ozx")
    zl.convert(tmp_path / "a.ozx", tmp_path / "due", shards="y=8,x=8")
    box.put_each([(f"{key}/a.ozx", (tmp_path / "a.ozx").read_bytes())])

    zl.convert(box.url(f"{key}/a.ozx"), tmp_path / "new", shards="y=8,x=8")

    assert files(tmp_path / "new") == files(tmp_path / "due")


def test_objects_have_types_tier_and_headers(server: Azurite, key: str, tmp_path: Path) -> None:
    """Documents are JSON, XML is XML, chunks are bytes; all have the tier and the header."""
    write_sample(tmp_path / "old")
    write_file(tmp_path / "old" / "OME" / "METADATA.ome.xml", b"<OME/>")
    shown = server.make("shown", "container")

    words = {"storage_class": "Cool", "cache_control": "public, max-age=86400"}
    zl.convert(tmp_path / "old", shown.url(key), license="cc-by", **words)  # type: ignore[arg-type]

    found = {name: shown.head(f"{key}/{name}") for name in shown.get(key)}
    kinds = {name: facts["content-type"] for name, facts in found.items()}
    assert {facts["cache-control"] for facts in found.values()} == {"public, max-age=86400"}
    assert {facts["x-ms-access-tier"] for facts in found.values()} == {"Cool"}
    assert kinds["zarr.json"] == kinds["ro-crate-metadata.json"] == "application/json"
    assert kinds["OME/METADATA.ome.xml"] == "application/xml"
    assert {k for name, k in kinds.items() if "/c/" in name} == {"application/octet-stream"}


def test_large_shard_goes_in_blocks(box: Container, key: str, tmp_path: Path) -> None:
    """A shard of more than 64 MiB is uploaded while it is made."""
    write_group(tmp_path / "old")
    values = np.random.default_rng(0).integers(0, 2**16, (40, 1024, 1024), dtype="<u2")
    write_array(tmp_path / "old" / "0", values, chunks=(1, 1024, 1024), compressor=None)
    words: dict[str, Any] = {"plain_zarr": True, "shards": "40,1024,1024"}
    zl.convert(tmp_path / "old", tmp_path / "new", **words)

    report = zl.convert(tmp_path / "old", box.url(key), **words)

    assert report.requests is not None
    assert report.requests["target"].part == 6
    assert box.get(key) == files(tmp_path / "new")


# --- claims, kills, changes ----------------------------------------------------------------------


def test_other_plan_is_refused_until_overwritten(box: Container, key: str, tmp_path: Path) -> None:
    """A target of another layout stays, unless it is to be replaced; then all of it goes."""
    write_group(tmp_path / "old")
    values = np.arange(1, 37, dtype="<u2").reshape(6, 6)
    write_array(tmp_path / "old" / "0", values, chunks=(1, 1))
    words: dict[str, Any] = {"plain_zarr": True}
    zl.convert(tmp_path / "old", box.url(key), shards="none", **words)

    assert zl.convert(tmp_path / "old", box.url(key), shards="none", **words).already
    with pytest.raises(TargetError, match="lays"):
        zl.convert(tmp_path / "old", box.url(key), shards="6,6", **words)
    zl.convert(tmp_path / "old", box.url(key), shards="6,6", overwrite=True, **words)

    zl.convert(tmp_path / "old", tmp_path / "new", shards="6,6", **words)
    assert box.get(key) == files(tmp_path / "new")


def test_one_of_two_claims(box: Container, key: str) -> None:
    """The store itself says that a claim stands, so that one run alone has it."""
    target = Stores().target_at(box.url(key))

    assert target.claim(b"first")
    assert not target.claim(b"second")
    assert box.get(key) == {".zarrlift/plan.json": b"first"}


def test_objects_that_are_gone_hide_no_others(box: Container, key: str) -> None:
    """Of many objects that are to go, some are gone already: the rest are removed all the same."""
    names = [f"{number:04}" for number in range(600)]
    box.put_each((f"{key}/{name}", b"x") for name in names[::3])
    target = Stores().target_at(box.url(key))

    target._delete(iter(names))  # type: ignore[attr-defined]  # noqa: SLF001 - as `clear` does

    assert box.get(key) == {}


@pytest.mark.parametrize("after", [0.8, 1.6])
def test_killed_lift_is_continued(after: float, box: Container, key: str, tmp_path: Path) -> None:
    """Nothing opens before the end; run again, the lift ends as if it had not been killed."""
    zl.demo(tmp_path / "old", kind="plate", size="8MiB")
    zl.convert(tmp_path / "old", tmp_path / "new")

    running = start("convert", "--quiet", str(tmp_path / "old"), box.url(key))
    time.sleep(after)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    killed = box.get(key)
    report = zl.convert(tmp_path / "old", box.url(key))

    assert "zarr.json" not in killed or ".zarrlift/plan.json" not in killed
    assert report.finished
    assert box.get(key) == files(tmp_path / "new")


@pytest.mark.parametrize("drop", [False, True], ids=["beside", "dropped"])
def test_upgrade_and_undo(drop: bool, box: Container, key: str, tmp_path: Path) -> None:
    """An upgrade writes what it writes in a folder, and undo gives back every object."""
    source = write_image(tmp_path / "a.zarr", pyramid(sample((1, 1, 1, 8, 16), "<u2")))
    write_file(source / "notes" / "README.md", b"# the experiment\n")
    url = box.put(source, key)
    before = box.get(key)
    due = zl.upgrade(source, drop_v2=drop)

    made = zl.upgrade(url, drop_v2=drop)

    assert box.get(key) == files(source)
    assert (made.keys, made.written, made.removed) == (due.keys, due.written, due.removed)
    zl.undo(url)
    assert box.get(key) == before


# --- reaching it ---------------------------------------------------------------------------------


def test_endpoint_names_the_account(
    server: Azurite, box: Container, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--endpoint` and a key are enough; Microsoft's own name of the key's variable will do."""
    source = box.put(write_sample(tmp_path / "old"), key)
    for name in (*server.environment, "AZURE_STORAGE_ENDPOINT"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)

    ran = in_process("convert", source, tmp_path / "new", "--endpoint", server.endpoint)

    assert ran.code == 0, ran.said


def test_store_of_a_name(
    server: Azurite, box: Container, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name in the file of settings stands for a container and its server."""
    box.put(write_sample(tmp_path / "old"), key)
    monkeypatch.delenv("AZURE_STORAGE_ENDPOINT")
    config = tmp_path / "config.toml"
    config.write_text(f'[stores.lab]\nurl = "az://private"\nendpoint = "{server.endpoint}"\n')
    monkeypatch.setenv("ZARRLIFT_CONFIG", str(config))

    assert zl.convert(f"lab://{key}", tmp_path / "new").finished
    with pytest.raises(UsageError, match="the same place"):
        zl.convert(f"lab://{key}", box.url(key), dst_endpoint=server.endpoint)


@pytest.mark.usefixtures("box")
@pytest.mark.parametrize(
    ("changes", "container", "said", "step"),
    [
        ({"AZURE_STORAGE_ACCOUNT_KEY": "QUFB"}, "private", "asked with keys", "ACCOUNT_KEY"),
        ({"AZURE_STORAGE_ACCOUNT_KEY": None}, "private", "asked without keys", "ACCOUNT_KEY"),
        ({"AZURE_STORAGE_ACCOUNT_KEY": "no base64"}, "private", "cannot be asked", "no base64"),
        (
            {"AZURE_STORAGE_ACCOUNT_NAME": None, "AZURE_STORAGE_ENDPOINT": None},
            *("private", "no storage account is named", "AZURE_STORAGE_ACCOUNT_NAME"),
        ),
        ({}, "none-such", "ContainerNotFound", "there is no such container"),
        ({}, "private", "there is no such folder", "check the path"),
        ({"AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:9/tests"}, "private", "no conn", "listens"),
    ],
    ids=["wrong-key", "no-key", "no-base64", "no-account", "container", "path", "port"],
)
def test_wrong_places_and_keys_are_put_into_words(
    changes: dict[str, str | None],
    container: str,
    said: str,
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One message with cause, place and next step, for the source and for the target."""
    write_sample(tmp_path / "old")
    for name, value in changes.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    url = f"az://{container}/nothing-here"

    ran = in_process("plan", url, tmp_path / "new", "--patience", "1")

    code = 2 if said in ("cannot be asked", "no storage account is named") else 3
    assert_refused(ran, url, said, step, code=code)
    assert KEY not in ran.said
    if said != "there is no such folder":
        there = in_process("convert", tmp_path / "old", url, "--patience", "1")
        assert there.code == code, there.said
        assert "Traceback" not in there.said
        assert step in there.err


@pytest.mark.parametrize("access", ["container", "blob"])
def test_public_container_needs_no_keys(
    access: str, server: Azurite, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where anybody may list, nothing is missed; where not, the metadata lead, and it is said."""
    write_image(tmp_path / "old", pyramid(sample((1, 1, 1, 8, 16), "<u2")))
    source = server.make(f"public-{access}", access).put(tmp_path / "old", key)
    by_word = zl.convert(source, tmp_path / "asked", anon=True)
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")

    report = zl.convert(source, tmp_path / "new")

    zl.convert(tmp_path / "old", tmp_path / "due")
    assert by_word.finished
    assert files(tmp_path / "new") == files(tmp_path / "due")
    assert ("unlisted" in {f.rule for f in report.findings}) == (access == "blob")


def test_private_container_is_not_taken_for_an_empty_one(
    box: Container, key: str, tmp_path: Path
) -> None:
    """Without keys it is refused, and the target is not begun."""
    source = box.put(write_sample(tmp_path / "old"), key)

    with pytest.raises(AccessError, match="source, asked without keys"):
        zl.convert(source, tmp_path / "new", src_anon=True)

    assert not (tmp_path / "new").exists()


def test_containers_of_two_accounts_are_two(box: Container) -> None:
    """A container is the same place by its address alone, and another in another account."""
    other = StoreOptions(endpoint="https://other.blob.core.windows.net", patience=1, anon=True)

    refuse_overlap(box.url("a"), box.url("b"), StoreOptions(), StoreOptions())
    refuse_overlap(box.url("a"), box.url("a/b"), StoreOptions(), other)
    with pytest.raises(UsageError, match="inside the source"):
        refuse_overlap(box.url("a"), box.url("a/b"), StoreOptions(), StoreOptions())


@pytest.mark.slow
def test_more_objects_than_a_page_lists(box: Container, key: str, tmp_path: Path) -> None:
    """An array of 5,041 flat chunks, more than Azure's page, is found whole and lifted."""
    write_group(tmp_path / "old")
    values = np.arange(1, 5042, dtype="<u2").reshape(71, 71)
    write_array(tmp_path / "old" / "0", values, chunks=(1, 1), separator=".")
    source = box.put(tmp_path / "old", f"{key}/old")

    report = zl.convert(source, tmp_path / "new", plain_zarr=True, shards="71,71")

    assert (report.finished, report.chunks) == (True, 5041)
    assert zl.verify(tmp_path / "old", tmp_path / "new", level="decode").equal
