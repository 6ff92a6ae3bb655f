"""What object stores are asked for: no more than is stated, counted truly, foreseen by the plan."""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

import zarrlift as zl
from tests.build import sample, write_array, write_file, write_group
from tests.build_ome import pyramid, write_image, write_plate
from tests.functional.runs import zarrlift
from tests.servers import ACCESS, PRIVATE, SECRET, S3Server
from zarrlift.jobs.stores import Stores
from zarrlift.plan.cost import Basis
from zarrlift.plan.requests import Side
from zarrlift.store.asking import KINDS, Requests
from zarrlift.store.requesters import Requesters
from zarrlift.survey.walk import survey


@pytest.fixture(name="root")
def place(keys: None, request: pytest.FixtureRequest) -> str:  # noqa: ARG001 - sets variables
    """Put the keys into the environment; gives an address that no other test uses."""
    named = "".join(c if c.isalnum() else "-" for c in request.node.name)
    return f"s3://{PRIVATE}/{named}"


def put(server: S3Server, folder: Path, url: str) -> str:
    """Upload a folder; gives the address."""
    client: Any = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    key = url.removeprefix(f"s3://{PRIVATE}/")
    files = [path for path in folder.rglob("*") if path.is_file()]

    def upload(path: Path) -> None:
        name = f"{key}/{path.relative_to(folder).as_posix()}"
        client.put_object(Bucket=PRIVATE, Key=name, Body=path.read_bytes())

    with Requesters(8) as threads:
        list(threads.map(upload, files))
    return url


def surveyed(url: str) -> Requests:
    """Survey a place, and give what was asked of it."""
    stores = Stores()
    survey(stores.source_at(url))
    return stores.asked["source"].so_far


def counted(server: S3Server) -> dict[str, int]:
    """What the server itself has counted; it does so just after it has answered."""
    last: dict[str, int] = {}
    while last != (now := dict(server.asked())):
        last = now
        time.sleep(0.1)
    return last


def told(server: S3Server, before: dict[str, int]) -> dict[str, int]:
    """What the server itself counted since."""
    now = counted(server)
    since = {name: now[name] - before.get(name, 0) for name in now}
    return {name: count for name, count in since.items() if count}


def as_server_counts(*sides: Requests) -> dict[str, int]:
    """Our counts under the server's names."""
    total = Requests()
    for side in sides:
        total = total.plus(side)
    named = {
        "GET": total.get + total.head,
        "LIST": total.list,
        "PUT": total.put + total.part,
        "POST": total.upload,
        "COPY": total.copy,
        "DELETE": total.delete,
        "bucket_traffic_sent_bytes": total.bytes_in,
        "bucket_traffic_received_bytes": total.bytes_out,
    }
    return {name: count for name, count in named.items() if count}


def assert_foreseen(expected: Side, asked: Requests) -> None:
    """Each number is what was said where it was counted, and no more where it was a bound."""
    for name, value in asked._asdict().items():
        figure = expected.figures[name]
        if figure.basis is Basis.COUNTED:
            assert value == figure.value, name
        elif figure.basis is Basis.BOUND:
            assert value <= figure.value, name


def dataset(kind: str, folder: Path) -> Path:
    """Write one of the datasets that are lifted here."""
    if kind == "files":
        write_image(folder, pyramid(sample((1, 2, 1, 16, 24), "<u2")))
        write_file(folder / "notes" / "README.md", b"# the experiment\n")
        write_file(folder / "empty.txt", b"")
        return write_file(folder / "large.bin", bytes(range(256)) * 4 * 1500).parent
    if kind == "sharded":
        dataset("files", folder.with_name("plain"))
        zl.convert(folder.with_name("plain"), folder, shards="y=16,x=16")
        return folder
    zl.demo(folder, kind=kind, size="1MiB")
    return folder


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_survey_of_an_image(levels: int, server: S3Server, root: str, tmp_path: Path) -> None:
    """L levels take one listing each and one for the group, and one request for each document."""
    write_image(tmp_path / "a", pyramid(sample((1, 1, 1, 64, 64), "<u2"), levels))
    documents = sum(path.name.startswith(".z") for path in (tmp_path / "a").rglob("*"))

    asked = surveyed(put(server, tmp_path / "a", root))

    assert asked == Requests(get=documents, list=1 + levels, bytes_in=asked.bytes_in)
    assert sum(asked[: len(KINDS)]) <= 3 * (1 + levels)


@pytest.mark.parametrize(("wells", "fields"), [(1, 1), (3, 2), (2, 5), (6, 1)])
def test_survey_of_a_plate(
    wells: int, fields: int, server: S3Server, root: str, tmp_path: Path
) -> None:
    """A listing for the root and for each row of a few wells, a request for each document."""
    names = [f"{'AB'[n % 2]}/{n // 2 + 1}" for n in range(wells)]
    write_plate(tmp_path / "a", wells=names, fields=fields)
    rows = len({name[0] for name in names})
    documents = sum(path.name.startswith(".z") for path in (tmp_path / "a").rglob("*"))

    asked = surveyed(put(server, tmp_path / "a", root))

    assert asked == Requests(get=documents, list=1 + rows, bytes_in=asked.bytes_in)


def test_survey_of_a_plate_of_many_chunks(server: S3Server, root: str, tmp_path: Path) -> None:
    """Where one request does not reach all that lies in a group, it takes two, an array one."""
    write_plate(tmp_path / "a", wells=["A/1", "A/2"], fields=1)
    level = np.zeros((1, 1, 1, 32, 32), "<u2")
    shutil.rmtree(tmp_path / "a" / "A" / "2" / "0")
    write_image(tmp_path / "a" / "A" / "2" / "0", [level], chunks=(1, 1, 1, 1, 1))
    documents = sum(path.name.startswith(".z") for path in (tmp_path / "a").rglob("*"))

    asked = surveyed(put(server, tmp_path / "a", root))

    split = ["A", "A/2", "A/2/0"]
    assert asked.list == 1 + 2 * len(split) + len(["A/1", "A/2/0/0"])
    assert asked.get == documents


@pytest.mark.parametrize("kind", ["image", "plate", "files"])
def test_lift_asks_once_for_each_chunk_and_object(
    kind: str, server: S3Server, root: str, tmp_path: Path
) -> None:
    """A GET for each chunk, a PUT for each object, pages of listings, and little besides."""
    source = put(server, dataset(kind, tmp_path / "old"), f"{root}/old")
    before = surveyed(source)
    stored = sum(path.is_file() for path in (tmp_path / "old").rglob("*"))

    report = zl.convert(source, f"{root}/new", verify="none")

    assert report.requests is not None
    ours, theirs = report.requests["source"], report.requests["target"]
    assert ours.get == before.get + report.chunks
    assert ours.list == before.list + math.ceil(stored / 1000)
    assert ours.head == 0
    assert theirs.copy == report.files
    assert theirs.put == report.objects + report.documents + 1
    assert (theirs.get, theirs.list, theirs.delete, theirs.head) == (4, 2, 1, 0)


@pytest.mark.parametrize("kind", ["image", "plate", "files", "sharded"])
@pytest.mark.parametrize("verify", ["quick", "full"])
def test_counts_are_the_servers_and_the_plans(
    kind: str, verify: str, server: S3Server, root: str, tmp_path: Path
) -> None:
    """What we count is what the server counts, and what was foreseen, in requests and in bytes."""
    source = put(server, dataset(kind, tmp_path / "old"), f"{root}/old")
    shards = "y=32,x=32" if kind == "sharded" else "auto"
    before = counted(server)

    plan = zl.plan(source, f"{root}/new", shards=shards)
    report = zl.run(plan, verify=verify)

    assert report.requests is not None
    mine = as_server_counts(*report.requests.values())
    assert told(server, before) == mine
    assert report.expected is not None
    for side, asked in report.requests.items():
        assert_foreseen(report.expected.sides[side], asked)
    if verify == "quick":
        costs = zl.estimate(plan, count=True)
        assert costs.requests is not None
        for side, asked in report.requests.items():
            exact = {name: f.value for name, f in costs.requests.sides[side].figures.items()}
            assert {f.basis for f in costs.requests.sides[side].figures.values()} == {Basis.COUNTED}
            assert asked._asdict() == exact


@pytest.mark.parametrize("options", [{}, {"storage_class": "STANDARD"}])
def test_copies_by_the_store_are_foreseen(
    options: dict[str, str], server: S3Server, root: str, tmp_path: Path
) -> None:
    """Objects that stay as they are are copied by the store, unless they are to be of a class."""
    source = put(server, dataset("files", tmp_path / "old"), f"{root}/old")
    before = counted(server)
    plan = zl.plan(source, f"{root}/new", shards="none", **options)  # type: ignore[arg-type]

    report = zl.run(plan, **options)  # type: ignore[arg-type]
    since = told(server, before)
    costs = zl.estimate(plan, count=True, **options)  # type: ignore[arg-type]

    assert report.requests is not None
    assert costs.requests is not None
    assert since == as_server_counts(*report.requests.values())
    for side, asked in report.requests.items():
        exact = {name: f.value for name, f in costs.requests.sides[side].figures.items()}
        assert asked._asdict() == exact
    copied = 0 if options else report.objects + report.files
    assert report.requests["target"].copy == copied


@pytest.mark.parametrize("shards", ["none", "auto"])
@pytest.mark.parametrize("remote", ["source", "target"])
def test_one_side_alone_is_foreseen(
    shards: str, remote: str, server: S3Server, root: str, tmp_path: Path
) -> None:
    """Where the other side is a folder, the counts are still exact."""
    old, new = str(dataset("plate", tmp_path / "old")), str(tmp_path / "new")
    if remote == "source":
        old = put(server, tmp_path / "old", f"{root}/old")
    else:
        new = f"{root}/new"
    before = counted(server)
    plan = zl.plan(old, new, shards=shards)

    report = zl.run(plan)
    since = told(server, before)
    costs = zl.estimate(plan, count=True)

    assert report.requests is not None
    assert costs.requests is not None
    assert list(report.requests) == list(costs.requests.sides) == [remote]
    asked = report.requests[remote]
    exact = {name: f.value for name, f in costs.requests.sides[remote].figures.items()}
    assert asked._asdict() == exact
    assert since == as_server_counts(asked)
    assert (costs.seconds is None) is (remote == "target")


@pytest.mark.parametrize(
    ("chunks", "shards", "parts"),
    [((1, 2048, 1024), "24,2048,1024", 7), ((24, 2048, 1024), "none", 6)],
    ids=["shard", "chunk"],
)
def test_parts_are_foreseen(
    chunks: tuple[int, ...], shards: str, parts: int, server: S3Server, root: str, tmp_path: Path
) -> None:
    """An object above 64 MiB goes in parts of 16 MiB, between a beginning and an end."""
    write_group(tmp_path / "old")
    values = np.random.default_rng(0).integers(0, 2**16, (24, 2048, 1024), dtype="<u2")
    write_array(tmp_path / "old" / "0", values, chunks=chunks, compressor=None)
    before = counted(server)
    plan = zl.plan(tmp_path / "old", f"{root}/new", plain_zarr=True, shards=shards)

    report = zl.run(plan)
    since = told(server, before)
    costs = zl.estimate(plan, count=True)

    assert report.requests is not None
    assert costs.requests is not None
    asked = report.requests["target"]
    assert (asked.upload, asked.part) == (2, parts)
    due = as_server_counts(asked)
    looked = {"GET": due["GET"] + 1, "LIST": due["LIST"] - 1}  # for uploads: SeaweedFS's own name
    assert since == due | looked
    exact = {name: f.value for name, f in costs.requests.sides["target"].figures.items()}
    assert asked._asdict() == exact


def test_what_is_left_out_is_not_listed(server: S3Server, root: str, tmp_path: Path) -> None:
    """With a level left out arrays are listed one by one, and what is foreseen still holds."""
    source = put(server, dataset("image", tmp_path / "old"), f"{root}/old")
    before = counted(server)
    plan = zl.plan(source, f"{root}/new", exclude=["0"])

    report = zl.run(plan)
    since = told(server, before)
    costs = zl.estimate(plan, count=True)

    assert report.requests is not None
    assert costs.requests is not None
    assert since == as_server_counts(*report.requests.values())
    exact = {name: f.value for name, f in costs.requests.sides["source"].figures.items()}
    assert report.requests["source"]._asdict() == exact
    assert_foreseen(costs.requests.sides["target"], report.requests["target"])


def test_decoded_chunks_are_estimated(server: S3Server, root: str, tmp_path: Path) -> None:
    """Where chunks are laid out anew figures are estimates, and said to be; objects are bounded."""
    source = put(server, dataset("image", tmp_path / "old"), f"{root}/old")

    report = zl.convert(source, f"{root}/new", chunks="y=48,x=48")

    assert report.requests is not None
    assert report.expected is not None
    expected = report.expected.sides
    assert expected["source"].figures["get"].basis is Basis.ESTIMATED
    assert_foreseen(expected["target"], report.requests["target"])


def test_listing_in_pages_is_foreseen(server: S3Server, root: str, tmp_path: Path) -> None:
    """Beyond a thousand objects listings take a request for each thousand."""
    write_group(tmp_path / "old")
    values = np.arange(1, 1025, dtype="<u2").reshape(32, 32)
    write_array(tmp_path / "old" / "0", values, chunks=(1, 1), separator=".")
    source = put(server, tmp_path / "old", f"{root}/old")
    before = counted(server)
    plan = zl.plan(source, f"{root}/new", plain_zarr=True, shards="none")

    report = zl.run(plan)
    since = told(server, before)
    costs = zl.estimate(plan, count=True)

    assert report.requests is not None
    assert costs.requests is not None
    mine = as_server_counts(*report.requests.values())
    assert since == mine
    assert report.requests["source"].list == 1 + (1 + 2) + 2 + 2
    for side, asked in report.requests.items():
        exact = {name: f.value for name, f in costs.requests.sides[side].figures.items()}
        assert asked._asdict() == exact
        assert_foreseen(report.expected.sides[side], asked)  # type: ignore[union-attr]


def test_absence_and_failure_count_too(server: S3Server, root: str) -> None:
    """A request for what is not there is one, and is charged."""
    before = counted(server)
    stores = Stores()
    folder = stores.source_at(f"{root}/none")

    assert folder.read("zarr.json") is None
    assert folder.size("zarr.json") is None
    assert folder.read_tail("zarr.json", 20) is None

    asked = stores.asked["source"].so_far
    assert asked == Requests(get=2, head=1)
    assert told(server, before)["GET"] == 3


def test_plan_and_report_say_it(server: S3Server, root: str, tmp_path: Path) -> None:
    """Both fit a screen, name requests and money, and their JSON holds the same numbers."""
    source = put(server, dataset("plate", tmp_path / "old"), f"{root}/old")
    words = [source, f"{root}/new", "--prices", "aws-s3-standard"]

    planned = zarrlift("plan", *words, "--count")
    document = json.loads(zarrlift("plan", *words, "--count", "--json").out)
    lifted = zarrlift("convert", *words, "--report", str(tmp_path / "report.json"), "--quiet")
    report = json.loads((tmp_path / "report.json").read_text())
    shown = zarrlift("convert", source, f"{root}/again", "--prices", "aws-s3-standard")

    assert (planned.code, lifted.code, shown.code) == (0, 0, 0)
    for text in (planned.out, shown.out):
        assert max(len(line) for line in text.splitlines() if "  zarrlift " not in line) <= 80
        assert len(text.splitlines()) <= 40
        assert "Requests" in text
        assert "Money" in text
    expected, asked = document["requests"], report["requests"]
    for side in ("source", "target"):
        got = dict(asked[side])
        assert expected[side]["basis"]["get"] == "counted"
        if side == "target":  # the claim says how it was made, in as many bytes more or less
            assert abs(got.pop("bytes_out") - expected[side].pop("bytes_out")) < 10
            assert abs(got.pop("bytes_in") - expected[side].pop("bytes_in")) < 20
        assert {name: expected[side][name] for name in got} == got
    money = report["money"]
    due = 0.0004 * asked["source"]["get"] / 1000 + 0.005 * asked["source"]["list"] / 1000
    assert money["source"]["requests"] == pytest.approx(due)
    assert money["stored_month"] == pytest.approx(0.023 * report["result"]["bytes_out"] / 2**30)


def test_local_lifts_say_nothing_of_requests(tmp_path: Path) -> None:
    """Between folders there is nothing to count."""
    zl.demo(tmp_path / "old", size="1MiB")

    report = zl.convert(tmp_path / "old", tmp_path / "new", prices="aws-s3-standard")

    assert (report.requests, report.expected) == (None, None)


def test_only_one_module_asks() -> None:
    """Whatever asks a store does so where it is counted."""
    house = Path(zl.__file__).parent
    verbs = ("get", "get_range", "get_ranges", "head", "list", "list_with_delimiter", "put")
    called = tuple(f"obstore.{verb}(" for verb in (*verbs, "copy", "rename", "delete"))

    asking = {
        path.name
        for path in house.rglob("*.py")
        if any(call in path.read_text(encoding="utf-8") for call in called)
    }

    assert asking == {"asking.py"}
