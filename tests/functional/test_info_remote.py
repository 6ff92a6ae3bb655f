"""`info` of datasets in buckets and on the web: how much is asked for, and how long it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import pytest
from obstore.store import S3Store

import zarrlift as zl
from tests.build import sample, write_group, write_json
from tests.build_ome import multiscale_of, pyramid, write_image, write_plate
from tests.functional.far import Bucket
from tests.functional.runs import in_process, widest, write_sample
from tests.proxy import proxied
from tests.servers import PRIVATE, S3Server, seaweed, web
from zarrlift.store.requesters import Requesters


@pytest.fixture(name="server", scope="module")
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests of this file."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(name="bucket")
def private_bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket that needs keys, which are in the environment."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    return Bucket(server, PRIVATE)


def facts(*words: str) -> dict[str, Any]:
    """What `info` gives as JSON."""
    ran = in_process("info", *words, "--json")
    assert ran.code == 0, ran.said
    document: dict[str, Any] = json.loads(ran.out)
    return document


def without_place(found: dict[str, Any]) -> dict[str, Any]:
    """Facts that do not depend on where a dataset lies."""
    left_out = {"source", "requests", "seconds", "findings"}
    return {name: value for name, value in found.items() if name not in left_out}


def test_same_facts_everywhere(bucket: Bucket, tmp_path: Path) -> None:
    """A folder, a bucket and a web server tell the same, sizes and a chunk too."""
    source = write_sample(tmp_path / "www" / "cells.zarr")
    zl.convert(source, tmp_path / "www" / "new", shards="y=8,x=8")
    for name in ("cells.zarr", "new"):
        here = tmp_path / "www" / name
        there = bucket.put(here, f"same-{name}")
        chunk = ("--chunk", "0/0,1,0,3,5", "--sizes")

        ours, theirs = facts(str(here), *chunk), facts(there, *chunk)

        assert without_place(theirs) == without_place(ours)
        assert theirs["requests"]["get"] > 0
        with web(tmp_path / "www") as served:
            seen = facts(f"{served.url}/{name}", *chunk)
        assert seen["chunk"] == ours["chunk"]
        paths = [node["path"] for node in seen["nodes"]]
        assert {"", "0", "1", "labels", "labels/cells"} <= set(paths)
        assert [f["rule"] for f in seen["findings"]] == ["unlisted"]


def test_plate_asks_for_one_well(bucket: Bucket, tmp_path: Path) -> None:
    """As many requests for a plate of 96 wells as for one of three."""
    counts = []
    for number, wells in enumerate((3, 96)):
        named = [f"{chr(65 + n // 12)}/{n % 12 + 1}" for n in range(wells)]
        plate = tmp_path / str(wells)
        absent = set(named[3:])  # what is not looked at need not be there
        write_plate(plate, wells=named, absent=absent, axes="yx")
        found = facts(bucket.put(plate, f"plate-{number}"))
        counts.append(sum(found["requests"][kind] for kind in ("get", "head", "list")))
        assert found["left"][""] == wells - 1

    assert counts[0] == counts[1]
    assert counts[0] < 30


def test_flat_array_is_not_listed_whole(bucket: Bucket, tmp_path: Path) -> None:
    """More chunks in one folder than a page lists take as few requests as some."""
    counts = []
    for side in (3, 35):
        source = put_flat_image(bucket, tmp_path / str(side), side)
        found = facts(source)
        (array,) = [node for node in found["nodes"] if node["path"] == "0"]
        assert array["layout"]["keys"] == "v2."
        counts.append({kind: found["requests"][kind] for kind in ("get", "head", "list")})

    assert counts[0] == counts[1]
    listed = facts(source, "--sizes")
    (array,) = [node for node in listed["nodes"] if node["path"] == "0"]
    assert array["sizes"]["objects"] == 35 * 35


def put_flat_image(bucket: Bucket, folder: Path, side: int) -> str:
    """Upload an image of `side` by `side` chunks of one pixel, whose keys are flat."""
    level = np.zeros((1, 1, 1, side, side), "<u2")
    options: Any = {"separator": ".", "chunks": (1, 1, 1, 1, 1), "compressor": None}
    write_image(folder, [level], missing="all", **options)
    source = bucket.put(folder, f"flat-{side}")
    store = S3Store(
        bucket.name,
        endpoint=bucket.server.endpoint,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    keys = [f"flat-{side}/0/0.0.0.{y}.{x}" for y in range(side) for x in range(side)]
    with Requesters(8) as threads:
        list(threads.map(lambda key: obstore.put(store, key, b"\1\0"), keys))
    return source


def write_terabyte(folder: Path) -> Path:
    """Write the metadata of an image of six levels, a terabyte and a half."""
    shape = (1, 4, 4096, 8192, 6144)
    levels = [np.broadcast_to(np.uint16(0), (1, 4, *(n >> k for n in shape[2:]))) for k in range(6)]
    write_group(folder, {"multiscales": [multiscale_of(levels)]})
    for number, level in enumerate(levels):
        document = {
            "zarr_format": 2,
            "shape": list(level.shape),
            "chunks": [1, 1, 128, 128, 128],
            "dtype": "<u2",
            "compressor": None,
            "fill_value": 0,
            "order": "C",
            "filters": None,
            "dimension_separator": "/",
        }
        write_json(folder / str(number) / ".zarray", document)
        (folder / str(number) / "0" / "0" / "0" / "0").mkdir(parents=True)
        (folder / str(number) / "0" / "0" / "0" / "0" / "0").write_bytes(b"x")
    return folder


def test_terabyte_far_away_answers_in_seconds(bucket: Bucket, tmp_path: Path) -> None:
    """Over 50 ms of latency, requests side by side take two seconds and no more."""
    source = bucket.put(write_terabyte(tmp_path), "far")
    with proxied(bucket.server.endpoint, latency=0.05) as proxy:
        begun = time.perf_counter()
        found = facts(source, "--endpoint", proxy.endpoint)
        seconds = time.perf_counter() - begun

    assert found["raw_bytes"] > 2**40
    assert seconds < 3
    assert found["requests"]["get"] + found["requests"]["list"] < 40


def test_keys_of_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    """Size, date, tag and type are as the store says them; one object can be named too."""
    write_image(tmp_path, pyramid(sample((1, 1, 1, 8, 8), "<u2")))
    source = bucket.put(tmp_path, "keys")

    listed = {o["name"]: o for o in facts(f"{source}/0", "--keys")["objects"]}
    (chunk,) = facts(f"{source}/0/0/0/0/0/0", "--keys")["objects"]
    out = in_process("info", f"{source}/0", "--keys").out

    said = bucket.client.head_object(Bucket=bucket.name, Key="keys/0/.zarray")
    array = listed[".zarray"]
    assert listed["0/"]["size"] is None
    assert array["size"] == said["ContentLength"]
    assert array["etag"] == said["ETag"]
    assert array["modified"][:10] == said["LastModified"].isoformat()[:10]
    assert array["content_type"] == said["ContentType"]
    assert chunk["size"] == (tmp_path / "0" / "0" / "0" / "0" / "0" / "0").stat().st_size
    assert chunk["etag"]
    assert "ETag" in out
    assert widest(out) <= 80


def test_several_datasets_of_a_prefix(bucket: Bucket, tmp_path: Path) -> None:
    """A prefix that holds datasets is told like a folder of them."""
    for name in ("a.zarr", "b.zarr"):
        write_image(tmp_path / name, pyramid(sample((1, 1, 1, 8, 8), "<u2")))
    source = bucket.put(tmp_path, "several")

    out = in_process("info", source).out

    assert {"a.zarr", "b.zarr"} <= {line.split(" ")[0] for line in out.splitlines()}
    assert "asked" in out


def test_thumbnail_from_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    """The same picture as of the folder."""
    source = write_sample(tmp_path / "cells")
    there = bucket.put(source, "picture")
    for name, url in (("here", str(source)), ("there", there)):
        ran = in_process("info", url, "--thumbnail", tmp_path / name)
        assert ran.code == 0, ran.said

    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()


def test_plate_on_the_web(tmp_path: Path) -> None:
    """Where nothing lists, a plate's first well is asked for by name, and no other."""
    wells = [f"{row}/{column}" for row in "ABCDEFGH" for column in range(1, 13)]
    write_plate(tmp_path, wells=wells, absent=set(wells[1:]), axes="yx")
    with web(tmp_path) as served:
        found = facts(served.url)
        asked = {path for _, path in served.asked}

    assert found["left"][""] == 95
    assert any(path.startswith("/A/1/0") for path in asked)
    assert not any(path.startswith(("/B", "/A/2")) for path in asked)


def test_keys_on_the_web(tmp_path: Path) -> None:
    """Of an address that does not list, what is known is named; one object can be asked for."""
    write_image(tmp_path, pyramid(sample((1, 1, 1, 8, 8), "<u2")))
    with web(tmp_path) as served:
        listed = {o["name"]: o["size"] for o in facts(f"{served.url}/0", "--keys")["objects"]}
        (chunk,) = facts(f"{served.url}/0/0/0/0/0/1", "--keys")["objects"]

    file = tmp_path / "0" / "0" / "0" / "0" / "0" / "1"
    assert listed == {"0/": None, ".zarray": (tmp_path / "0" / ".zarray").stat().st_size}
    assert (chunk["name"], chunk["size"]) == ("1", file.stat().st_size)


@pytest.mark.parametrize("more", [(), ("--sizes", "--keys")])
def test_archive_on_the_web_is_opened_once(tmp_path: Path, more: tuple[str, ...]) -> None:
    """Whatever else is asked of it, its directory is fetched once, its size asked for once."""
    write_image(tmp_path / "old", pyramid(sample((1, 1, 1, 8, 8), "<u2")))
    zl.convert(tmp_path / "old", tmp_path / "www" / "new.ozx")
    with web(tmp_path / "www") as served:
        found = facts(f"{served.url}/new.ozx", *more)
        methods = [method for method, path in served.asked if path == "/new.ozx"]

    assert methods.count("HEAD") == found["requests"]["head"] == 1
    assert found["requests"]["get"] <= (6 if more else 4)


def test_nothing_there(bucket: Bucket) -> None:
    """An empty prefix is an error with a next step."""
    ran = in_process("info", bucket.url("nowhere-at-all"))

    assert ran.code == 3
    assert "next:" in ran.err
