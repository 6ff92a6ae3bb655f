"""Lifts from a plain web server, which lists nothing: nodes by what metadata names."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import zarrlift as zl
from tests.build import read_json, sample, write_array, write_file, write_group, write_json
from tests.build_ome import (
    label_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.functional.runs import write_sample
from tests.servers import Web, web
from zarrlift.errors import AccessError, SourceError, StorageError, UsageError

PROGRAM = str(Path(sys.executable).with_name("zarrlift"))


@pytest.fixture(name="server")
def run_server(tmp_path: Path) -> Iterator[Web]:
    """A server of the folder `www`."""
    (tmp_path / "www").mkdir()
    with web(tmp_path / "www") as server:
        yield server


@pytest.fixture(name="impatient", autouse=True)
def try_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not try again for a minute what a test lets fail."""
    monkeypatch.setattr("zarrlift.store.address.PATIENCE", 5.0)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def image(folder: Path) -> None:
    """An image with labels, some of whose chunks are missing."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    values[0, 1, 0, 8:16, 8:16] = 0
    write_image(folder, pyramid(values), missing="empty")
    write_labels(folder, {"cells": pyramid(label_of(values)), "by/hand": pyramid(values)})


def bare_folders(folder: Path) -> None:
    """A plate whose rows, and labels whose folders, have no documents."""
    write_plate(folder, rows_are_groups=False, absent=["B/1/0"])
    values = sample((1, 1, 1, 8, 8), "<u2")
    write_labels(folder / "A/1/0", {"by/hand": [values]}, folders_are_groups=False)


def old_keys(folder: Path) -> None:
    """An image whose keys are nested, though its documents do not say so."""
    write_image(folder, pyramid(sample((1, 2, 1, 16, 24), "<u2")), declare_separator=False)


def flat_keys(folder: Path) -> None:
    """An image with flat keys, whose first chunk is missing."""
    values = sample((1, 1, 1, 16, 16), "<u2")
    write_image(folder, [values], separator=".", missing=[(0, 0, 0, 0, 0)])


def consolidated(folder: Path) -> None:
    """A hierarchy without OME metadata, whose nodes are named by consolidated metadata alone."""
    write_group(folder)
    write_group(folder / "a")
    write_array(folder / "a" / "b", sample((8, 8), "<u2"), chunks=(4, 4))
    write_array(folder / "c", np.array(7, "<u2"), chunks=())
    documents = [p for p in folder.rglob(".z*") if p.is_file()]
    held = {p.relative_to(folder).as_posix(): read_json(p) for p in documents}
    write_json(folder / ".zmetadata", {"zarr_consolidated_format": 1, "metadata": held})


SOURCES: dict[str, Callable[[Path], object]] = {
    "image": image,
    "plate": write_plate,
    "bare": bare_folders,
    "series": lambda folder: write_collection(folder, images=11),
    "counted": lambda folder: write_collection(folder, images=17, series=False),
    "collection-of-a-plate": lambda folder: write_collection(folder, plate=True),
    "nested-keys": old_keys,
    "flat-keys": flat_keys,
    "consolidated": consolidated,
    "spaces": lambda folder: write_image(
        folder, pyramid(sample((1, 1, 1, 8, 8), "<u2")), paths=["full size", "50%"]
    ),
    "nothing-in-it": lambda folder: write_image(
        folder, pyramid(sample((1, 1, 1, 8, 8), "<u2")), missing="all"
    ),
}


@pytest.mark.parametrize("absent", [404, 403])
@pytest.mark.parametrize("name", SOURCES)
def test_same_as_from_the_folder(name: str, absent: int, server: Web, tmp_path: Path) -> None:
    """All that metadata names is lifted, byte for byte, however the server says that keys lack."""
    source = tmp_path / "www" / "some data" / "old.zarr"
    SOURCES[name](source)
    server.answers_absent = absent
    url = f"{server.url}/some%20data/old.zarr"
    zl.convert(source, tmp_path / "due", plain_zarr=True)

    report = zl.convert(url, tmp_path / "new", plain_zarr=True, verify="full")

    assert report.finished
    assert "unlisted" in {finding.rule for finding in report.findings}
    assert files(tmp_path / "new") == files(tmp_path / "due")
    proof = zl.verify(url, tmp_path / "new")
    assert proof.equal
    assert "unlisted" in {finding.rule for finding in proof.findings}


@pytest.mark.parametrize("shards", ["none", "2,2,1,16,16", "auto"])
@pytest.mark.parametrize("consolidate", [False, True])
def test_sharded_source(
    shards: str,
    consolidate: bool,
    server: Web,
    tmp_path: Path,
) -> None:
    """Shards of 0.5 are read by ranges: index first, then what is wanted."""
    image(tmp_path / "old")
    source = tmp_path / "www" / "old.zarr"
    zl.convert(tmp_path / "old", source, shards="1,1,1,8,8", license="cc-by")
    if consolidate:
        gather(source)
    zl.convert(source, tmp_path / "due", shards=shards)

    report = zl.convert(f"{server.url}/old.zarr", tmp_path / "new", shards=shards, verify="full")

    assert report.finished
    assert files(tmp_path / "new") == files(tmp_path / "due")


def gather(root: Path) -> None:
    """Write consolidated metadata into the root's document, as zarr-python does."""
    found = [p for p in root.rglob("zarr.json") if p.parent != root]
    held = {p.parent.relative_to(root).as_posix(): read_json(p) for p in found}
    document = read_json(root / "zarr.json")
    made = {"kind": "inline", "must_understand": False, "metadata": held}
    write_json(root / "zarr.json", {**document, "consolidated_metadata": made})


def test_chunks_of_another_shape_and_codec(server: Web, tmp_path: Path) -> None:
    """Chunks are decoded and encoded anew as from a folder, absent ones left out."""
    image(tmp_path / "www" / "old.zarr")
    how = {"chunks": "y=8,x=8", "codec": "zstd:3", "shards": "y=16,x=16"}
    zl.convert(tmp_path / "www" / "old.zarr", tmp_path / "due", **how)  # type: ignore[arg-type]

    report = zl.convert(f"{server.url}/old.zarr", tmp_path / "new", verify="decode", **how)  # type: ignore[arg-type]

    assert report.finished
    assert files(tmp_path / "new") == files(tmp_path / "due")


def test_what_nothing_names_is_said_to_be_unseen(server: Web, tmp_path: Path) -> None:
    """Plain files and unnamed groups are left behind, and plan, report and proof say so."""
    write_sample(tmp_path / "www" / "old.zarr")
    url = f"{server.url}/old.zarr"

    made = zl.plan(url, tmp_path / "new")
    said = subprocess.run(
        [PROGRAM, "convert", url, str(tmp_path / "new")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert {f.rule for f in made.findings} >= {"unlisted"}
    assert "does not list" in said.stdout
    assert not (tmp_path / "new" / "notes").exists()
    assert not (tmp_path / "new" / "tables").exists()
    assert (tmp_path / "new" / "labels" / "cells" / "zarr.json").exists()


def test_excluded_nodes_are_not_asked_for(server: Web, tmp_path: Path) -> None:
    """What is left out costs no request."""
    image(tmp_path / "www" / "old.zarr")

    report = zl.convert(f"{server.url}/old.zarr", tmp_path / "new", exclude="labels")

    assert report.finished
    assert not any("/labels" in path for _, path in server.asked)


def test_requests_are_as_many_as_the_guide_says(server: Web, tmp_path: Path) -> None:
    """A chunk is asked for once before it is fetched, and never fetched twice to lift it."""
    write_image(tmp_path / "www" / "old.zarr", [sample((1, 1, 1, 16, 16), "<u2")], missing="empty")

    zl.convert(f"{server.url}/old.zarr", tmp_path / "new", verify="none")

    chunks = [(how, path) for how, path in server.asked if "/0/0/0/" in path]
    got = [path for how, path in chunks if how == "GET"]
    assert len(got) == len(set(got)) == 16
    assert len(chunks) == 2 * 16 + 1  # one more, to prove the separator


def refused_after(number: int, status: int, what: str = "/0/0/") -> Callable[[str], int | None]:
    """Refuse every request from the so-many-th for a chunk on, as when rights have expired."""
    seen = 0

    def refuse(path: str) -> int | None:
        nonlocal seen
        seen += what in path
        return status if seen > number else None

    return refuse


@pytest.mark.parametrize("absent", [404, 403])
@pytest.mark.parametrize("status", [403, 401])
@pytest.mark.parametrize("number", [0, 1, 5, 40, 95])
def test_expired_rights_never_become_empty_chunks(
    number: int,
    status: int,
    absent: int,
    server: Web,
    tmp_path: Path,
) -> None:
    """A server that begins to refuse stops the lift with an error; again allowed, it goes on."""
    image(tmp_path / "www" / "old.zarr")
    url = f"{server.url}/old.zarr"
    made = zl.plan(url, tmp_path / "new")
    zl.convert(tmp_path / "www" / "old.zarr", tmp_path / "due")
    server.answers_absent = absent
    server.refuses = refused_after(number, status)

    with pytest.raises(AccessError, match="refused"):
        zl.run(made)
    assert not (tmp_path / "new" / "zarr.json").exists()

    server.refuses = lambda _path: None
    assert zl.run(made).finished
    assert files(tmp_path / "new") == files(tmp_path / "due")


def test_refusal_of_what_is_there_is_no_absence(server: Web, tmp_path: Path) -> None:
    """A chunk that is refused, where an impossible key is said to lack, is an error."""
    image(tmp_path / "www" / "old.zarr")
    server.refuses = lambda path: 403 if path.endswith("/0/0/1/0/1/1") else None

    with pytest.raises(AccessError, match="refused"):
        zl.convert(f"{server.url}/old.zarr", tmp_path / "new")

    assert not (tmp_path / "new" / "zarr.json").exists()


def test_array_whose_document_is_refused_proves_nothing(server: Web, tmp_path: Path) -> None:
    """Where a whole array is withdrawn meanwhile, others that still read are no witnesses."""
    image(tmp_path / "www" / "old.zarr")
    made = zl.plan(f"{server.url}/old.zarr", tmp_path / "new")
    server.answers_absent = 403
    server.refuses = lambda path: 403 if "/old.zarr/0/" in path else None

    with pytest.raises(AccessError, match="refused"):
        zl.run(made)


@pytest.mark.parametrize("number", [0, 30, 45, 70, 100])
def test_array_withdrawn_while_it_is_rechunked(number: int, server: Web, tmp_path: Path) -> None:
    """Chunks that are read one by one are not absent either, because others still read."""
    image(tmp_path / "www" / "old.zarr")
    made = zl.plan(f"{server.url}/old.zarr", tmp_path / "new", chunks="y=8,x=8", exclude="labels")
    server.answers_absent = 403
    server.refuses = refused_after(number, 403, "/old.zarr/0/")

    with pytest.raises(AccessError, match="refused"):
        zl.run(made, verify="none")


def test_source_that_goes_away_is_no_empty_one(server: Web, tmp_path: Path) -> None:
    """A dataset that is moved in mid-run answers 404 for all: an error, not fill values."""
    image(tmp_path / "www" / "old.zarr")
    made = zl.plan(f"{server.url}/old.zarr", tmp_path / "new")
    (tmp_path / "www" / "old.zarr").rename(tmp_path / "www" / "moved.zarr")

    with pytest.raises(StorageError, match="went away"):
        zl.run(made)


def test_trouble_of_the_server_is_an_error(server: Web, tmp_path: Path) -> None:
    """A status of 500 for chunks proves nothing."""
    image(tmp_path / "www" / "old.zarr")
    made = zl.plan(f"{server.url}/old.zarr", tmp_path / "new")
    server.refuses = lambda path: 500 if "/0/0/0/" in path else None

    with pytest.raises(StorageError):
        zl.run(made)

    assert not (tmp_path / "new" / "zarr.json").exists()


def test_server_that_answers_for_everything(server: Web, tmp_path: Path) -> None:
    """Where an impossible key is there, nothing proves absence."""
    image(tmp_path / "www" / "old.zarr")
    page = tmp_path / "page"
    page.write_text("<html></html>")
    server.refuses = lambda path: None if "old.zarr/." in path else 200

    with pytest.raises(SourceError, match="cannot be there"):
        zl.plan(f"{server.url}/old.zarr", tmp_path / "new")


def test_keys_that_no_place_proved(server: Web, tmp_path: Path) -> None:
    """One chunk among thousands, under keys of the other form, is found in the end."""
    values = np.zeros((400, 8), "<u2")
    values[201, 3] = 1
    write_group(tmp_path / "www" / "old.zarr")
    documents = {"zarr_consolidated_format": 1, "metadata": {"0/.zarray": {}}}
    write_json(tmp_path / "www" / "old.zarr" / ".zmetadata", documents)
    array = tmp_path / "www" / "old.zarr" / "0"
    write_array(array, values, chunks=(1, 1), missing="empty", declare_separator=False)
    made = zl.plan(f"{server.url}/old.zarr", tmp_path / "new", plain_zarr=True)

    assert [(f.rule, f.severity) for f in made.findings if f.path == "0"] == [
        ("separator-unproved", "warning")
    ]
    with pytest.raises(StorageError, match="chunks lie under keys with '/'"):
        zl.run(made)


@pytest.mark.parametrize(
    ("side", "rule", "severity"), [(400, "keys-many", "warning"), (5000, "keys-many", "error")]
)
def test_many_keys_are_warned_of_and_too_many_refused(
    side: int,
    rule: str,
    severity: str,
    server: Web,
    tmp_path: Path,
) -> None:
    """What takes hours to ask for is said before it begins."""
    root = tmp_path / "www" / "old.zarr"
    write_image(root, [np.zeros((1, 1, 1, 4, 4), "<u2")])
    document = read_json(root / "0" / ".zarray") | {"shape": [1, 1, 1, 4 * side, 4 * side]}
    write_json(root / "0" / ".zarray", document)

    made = zl.plan(f"{server.url}/old.zarr", tmp_path / "new")

    assert (rule, severity) in {(f.rule, str(f.severity)) for f in made.findings}
    if severity == "error":
        with pytest.raises(SourceError, match="asked for one by one"):
            zl.run(made)


def test_no_dataset_there(server: Web, tmp_path: Path) -> None:
    """An address without documents is said to be none, with the next step."""
    write_file(tmp_path / "www" / "index.html", b"<html></html>")

    with pytest.raises(SourceError, match="no Zarr document answers") as caught:
        zl.plan(server.url, tmp_path / "new")

    assert caught.value.hint


def test_target_on_the_web_is_refused(server: Web, tmp_path: Path) -> None:
    """Nothing is written by HTTP, nor planned there; to be proved, a target has to be listed."""
    image(tmp_path / "old")

    for verb in (zl.plan, zl.convert):
        with pytest.raises(UsageError, match="read only") as caught:
            verb(tmp_path / "old", f"{server.url}/new.zarr")
        assert "s3://BUCKET" in str(caught.value)
    with pytest.raises(UsageError, match="does not list"):
        zl.verify(tmp_path / "old", f"{server.url}/new.zarr")


def test_logins_in_addresses_are_refused_and_not_repeated(tmp_path: Path) -> None:
    """An address with a password or a signature would end in plans and reports."""
    for url in ("https://me:s3cret@host/a.zarr", "https://host/a.zarr?X-Amz-Signature=s3cret"):
        with pytest.raises(UsageError) as caught:
            zl.plan(url, tmp_path / "new")
        assert "s3cret" not in str(caught.value)


def test_server_without_ranges(server: Web, tmp_path: Path) -> None:
    """Chunks and files that come whole need no ranges."""
    server.ranges = False
    write_collection(tmp_path / "www" / "old.zarr")
    zl.convert(tmp_path / "www" / "old.zarr", tmp_path / "due")

    report = zl.convert(f"{server.url}/old.zarr", tmp_path / "new")

    assert report.finished
    assert files(tmp_path / "new") == files(tmp_path / "due")


def test_saved_plan_is_carried_out(server: Web, tmp_path: Path) -> None:
    """A plan keeps the address as it was written, and its run reads from there."""
    image(tmp_path / "www" / "old.zarr")
    url, saved = f"{server.url}/old.zarr", tmp_path / "plan.json"

    words = [PROGRAM, "plan", url, str(tmp_path / "new"), "--output", str(saved)]
    subprocess.run(words, check=True, capture_output=True)
    subprocess.run([PROGRAM, "run", str(saved)], check=True, capture_output=True)

    assert json.loads(saved.read_text())["source"] == url
    assert zl.verify(tmp_path / "www" / "old.zarr", tmp_path / "new").equal
    shutil.rmtree(tmp_path / "new")


def test_server_that_refuses_names_with_dots(server: Web, tmp_path: Path) -> None:
    """A dataset of v3 needs none of them; one of v2 cannot be read there, which is said."""
    image(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "www" / "new.zarr")
    image(tmp_path / "www" / "old.zarr")
    server.refuses = lambda path: 403 if "/." in path else None
    zl.convert(tmp_path / "www" / "new.zarr", tmp_path / "due", shards="none")

    report = zl.convert(f"{server.url}/new.zarr", tmp_path / "again", shards="none")

    assert report.finished
    assert files(tmp_path / "again") == files(tmp_path / "due")
    with pytest.raises(AccessError, match="refused"):
        zl.plan(f"{server.url}/old.zarr", tmp_path / "new")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_refused_method_is_no_absence(method: str, server: Web, tmp_path: Path) -> None:
    """A server that does not let us ask (405) says nothing of what is there."""
    image(tmp_path / "www" / "old.zarr")
    made = zl.plan(f"{server.url}/old.zarr", tmp_path / "new", chunks="y=8,x=8")
    server.refuses = lambda _path: 405 if server.asked[-1][0] == method else None

    with pytest.raises(StorageError, match="405"):
        zl.run(made, verify="none")


def test_looked_at_on_the_web_but_not_changed_there(server: Web, tmp_path: Path) -> None:
    """Codecs are measured and the crate is read; upgrade, undo and a new crate are refused."""
    image(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "www" / "new.zarr", license="cc-by")
    url = f"{server.url}/new.zarr"

    measured, here = zl.tune(url), zl.tune(tmp_path / "www" / "new.zarr")
    assert (measured.sampled.chunks, measured.sampled.stored_bytes) == (
        here.sampled.chunks,
        here.sampled.stored_bytes,
    )
    assert "licenses/by" in repr(zl.crate(url))
    for change in (zl.upgrade, zl.undo, lambda url: zl.describe(url, license="cc0")):
        with pytest.raises(UsageError, match="read only"):
            change(url)


@pytest.mark.parametrize("absent", [404, 403])
def test_zipped_source(absent: int, server: Web, tmp_path: Path) -> None:
    """A zipped OME-Zarr holds its own listing, so that nothing of it is unseen."""
    server.answers_absent = absent
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "www" / "old.ozx")
    zl.convert(tmp_path / "www" / "old.ozx", tmp_path / "due", shards="none")

    report = zl.convert(f"{server.url}/old.ozx", tmp_path / "new", shards="none")

    assert report.finished
    assert "unlisted" not in {finding.rule for finding in report.findings}
    assert files(tmp_path / "new") == files(tmp_path / "due")


def test_parts_of_a_crate(server: Web, tmp_path: Path) -> None:
    """Files that a crate lists are looked for by name; folders, which nothing lists, are let be."""
    root = tmp_path / "www" / "new.zarr"
    image(tmp_path / "old")
    zl.convert(tmp_path / "old", root, license="cc-by")
    document = json.loads((root / "ro-crate-metadata.json").read_text())
    parts = [{"@id": f"{n}.csv"} for n in range(100)] + [{"@id": "0/"}, {"@id": "zarr.json"}]
    document["@graph"][0]["hasPart"] = parts
    (root / "ro-crate-metadata.json").write_text(json.dumps(document))

    found = [f for f in zl.crate(f"{server.url}/new.zarr").findings if "part" in f.rule]

    assert len(found) == 100
    assert found == [f for f in zl.crate(root).findings if "part" in f.rule]


def test_dataset_on_the_web_in_the_words_of_the_challenge(
    server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`zarrlift-resave validate` reads any address, and the folder that it stands in."""
    image(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "www" / "new.zarr", license="cc-by")
    monkeypatch.chdir(tmp_path / "www" / "new.zarr")

    for path in (f"{server.url}/new.zarr", "."):
        ran = subprocess.run(
            [f"{PROGRAM}-resave", "validate", path], capture_output=True, text=True, check=False
        )
        assert "OME-Zarr 0.5\n" in ran.stdout, ran.stderr


@pytest.mark.parametrize("name", ["1\n", "\x7f", "a\ud800"])
def test_names_that_no_key_has(server: Web, tmp_path: Path, name: str) -> None:
    """What metadata or a crate calls so is absent, as it is on a disk."""
    root = tmp_path / "www" / "image.zarr"
    write_image(root, pyramid(sample((1, 1, 1, 16, 16), "<u2")))
    document = read_json(root / ".zattrs")
    document["multiscales"][0]["datasets"][1]["path"] = name  # type: ignore[index]
    write_json(root / ".zattrs", document)
    zl.describe(root, license="cc0")
    crate = json.loads((root / "ro-crate-metadata.json").read_text())
    crate["@graph"][0]["hasPart"] = [{"@id": f"{name}.csv"}, {"@id": "a//b"}, {"@id": "c" * 300}]
    write_json(root / "ro-crate-metadata.json", crate)

    for url in (f"{server.url}/image.zarr", root):
        assert zl.info(url).images
        assert "array-missing" in {f.rule for f in zl.plan(url, tmp_path / "new").findings}
        found = [f.rule for f in zl.validate(url).findings]
        assert "dataset-array" in found
        assert found.count("crate-part-missing") == 3
