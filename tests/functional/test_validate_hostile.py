"""Datasets made to do harm: `validate` answers in words, soon, and in little memory."""

from __future__ import annotations

import json
import os
import struct
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zarrlift as zl
from tests.build import sample, write_file, write_group, write_json
from tests.build_ome import OMERO, multiscale_of, pyramid, write_image, write_labels, write_plate
from tests.build_v3 import LITTLE, Form, write_v3_array, write_v3_group
from tests.functional.runs import assert_in_words, in_process, peak_bytes
from zarrlift.errors import ZarrliftError

MIB = 2**20
LEVELS = ("metadata", "chunks", "data")
SOON = 20.0


def image(folder: Path) -> dict[str, Any]:
    """Write an image of v2; gives the document of its level."""
    write_image(folder, [sample((8, 8), "<u2")], axes="yx")
    found: dict[str, Any] = json.loads((folder / "0" / ".zarray").read_text())
    return found


def with_array(**members: object) -> Callable[[Path], object]:
    """Give what writes an image whose array's document has other members."""

    def build(folder: Path) -> None:
        write_json(folder / "0" / ".zarray", {**image(folder), **members})

    return build


def with_text(name: str, text: bytes) -> Callable[[Path], object]:
    """Give what writes an image one of whose files has other bytes."""

    def build(folder: Path) -> None:
        image(folder)
        write_file(folder / name, text)

    return build


def with_attributes(**members: object) -> Callable[[Path], object]:
    """Give what writes an image with other attributes."""

    def build(folder: Path) -> None:
        image(folder)
        write_json(folder / ".zattrs", members)

    return build


def with_paths(*paths: str) -> Callable[[Path], object]:
    """Give what writes groups of all kinds that name such paths."""

    def build(folder: Path) -> None:
        write_image(folder, pyramid(sample((1, 1, 1, 8, 8), "<u2")))
        entry = {**multiscale_of([sample((8, 8), "<u2")] * len(paths), axes="yx", paths=paths)}
        wells = [{"path": path, "rowIndex": 0, "columnIndex": 0} for path in paths]
        plate = {"rows": [{"name": "A"}], "columns": [{"name": "1"}], "wells": wells}
        members = {"multiscales": [entry], "plate": plate, "labels": list(paths)}
        well = {"images": [{"path": path} for path in paths]}
        source = {"image-label": {"source": {"image": paths[0]}}}
        write_json(folder / ".zattrs", {**members, "well": well, **source})

    return build


def nested(folder: Path) -> None:
    """Folders within folders, deeper than anybody looks, each of them a group."""
    write_group(folder)
    here = str(folder)
    for _ in range(400):
        here = f"{here}/d"
        if len(here) > 3800:
            break
        Path(here).mkdir()
        (Path(here) / ".zgroup").write_text('{"zarr_format": 2}')


def links(folder: Path) -> None:
    """Links out of the dataset, in a circle, to devices; a pipe."""
    image(folder)
    for name, target in {
        "etc": "/etc",
        "up": "..",
        "here": ".",
        "gone": "nowhere",
        "loop": "loop",
        "zero": "/dev/zero",
        "0/2": "/etc",
        "0/0/9": "/dev/zero",
        "0/1/5": "/etc/passwd",
    }.items():
        (folder / name).symlink_to(target)
    (folder / "0" / "0" / "1").unlink()
    (folder / "0" / "0" / "1").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    write_group(folder / "odd")
    (folder / "odd" / ".zattrs").symlink_to("/dev/zero")
    write_group(folder / "more")
    os.mkfifo(folder / "more" / "zarr.json")


def shard_of(*entries: tuple[int, int], data: bytes = bytes(32)) -> Callable[[Path], object]:
    """Give what writes an array with one shard that says such things."""

    def build(folder: Path) -> None:
        write_v3_group(folder)
        form = Form(chunks=(2, 2), shards=(4, 4), codecs=(LITTLE,))
        write_v3_array(folder / "0", sample((4, 4), "<u2"), form)
        body = struct.pack("<8Q", *[n for entry in entries for n in entry])
        crc = struct.pack("<I", int(google_crc32c.value(body)))
        write_file(folder / "0/c/0/0", data + body + crc)

    return build


def large_shard(folder: Path) -> None:
    """A shard of 2^38 chunks, in a file of five terabytes that take no space."""
    shard_of((0, 8), (8, 8), (16, 8), (24, 8))(folder)
    document = json.loads((folder / "0" / "zarr.json").read_text())
    document["shape"] = [2**20, 2**20]
    document["chunk_grid"]["configuration"]["chunk_shape"] = [2**20, 2**20]
    write_json(folder / "0" / "zarr.json", document)
    os.truncate(folder / "0/c/0/0", 2**40 + 2**42)


@cache
def zeros(size: int) -> bytes:
    """Give so many zeros, deflated."""
    return zlib.compress(bytes(size), 1)


def bomb(folder: Path) -> None:
    """Chunks of a quarter of a megabyte that decode to 256 MiB."""
    packed = zeros(256 * MIB)
    with_array(compressor={"id": "zlib", "level": 9}, filters=None)(folder)
    for name in ("0/0", "0/1", "1/0", "1/1"):
        write_file(folder / "0" / name, packed)


def large_chunk(folder: Path) -> None:
    """A chunk that is a file of a terabyte."""
    image(folder)
    os.truncate(folder / "0/0/0", 2**40)


DEEP = b"[" * 100_000 + b"]" * 100_000
HOSTILE: dict[str, Callable[[Path], object]] = {
    "shape-2^62": with_array(shape=[2**62, 2**62]),
    "shape-giant": with_array(shape=[10**4000, 1]),
    "shape-many": with_array(shape=[2] * 10_000, chunks=[1] * 10_000),
    "shape-text": with_array(shape="8, 8"),
    "shape-nested": with_array(shape=[[8], [8]]),
    "shape-negative": with_array(shape=[-8, 8]),
    "shape-true": with_array(shape=[True, 8]),
    "chunks-0": with_array(chunks=[0, 4]),
    "chunks-2^62": with_array(chunks=[2**62, 2**62]),
    "chunks-other": with_array(chunks=[4]),
    "dtype-object": with_array(dtype={"a": 1}),
    "dtype-huge": with_array(dtype="|V9999999999"),
    "dtype-list": with_array(dtype=[["a", "<u2", [2**31]]]),
    "dtype-none": with_array(dtype=None),
    "fill-huge": with_array(fill_value=10**4000),
    "fill-list": with_array(fill_value=[1, 2, 3]),
    "compressor-text": with_array(compressor="blosc"),
    "compressor-odd": with_array(compressor={"id": ["x"]}),
    "compressor-level": with_array(compressor={"id": "zlib", "level": 10**100}),
    "compressor-unknown": with_array(compressor={"id": "pickle"}),
    "filters-odd": with_array(filters=[{"id": "delta"}, 3, None]),
    "order-odd": with_array(order=["C"]),
    "separator-odd": with_array(dimension_separator={}),
    "deep-json": with_text(".zattrs", b'{"a":' + DEEP + b"}"),
    "deep-array": with_text("0/.zarray", DEEP),
    "not-utf-8": with_text(".zattrs", b'{"multiscales": "\xff\xfe\x00"}'),
    "utf-16": with_text(".zattrs", '{"multiscales": []}'.encode("utf-16")),
    "nothing": with_text(".zattrs", b""),
    "zeros": with_text("0/.zarray", bytes(1000)),
    "nan": with_text(".zattrs", b'{"multiscales": [{"datasets": [{"path": NaN}]}]}'),
    "infinity": with_text("0/.zarray", b'{"zarr_format": 2, "shape": [Infinity]}'),
    "twice": with_text(".zattrs", b'{"multiscales": 1, "multiscales": [], "omero": 2}'),
    "giant-number": with_text(".zattrs", b'{"multiscales": ' + b"9" * 10_000 + b"}"),
    "surrogate": with_text(".zattrs", b'{"multiscales": "\\ud800", "\\udfff": 1}'),
    "zmetadata": with_text(".zmetadata", b'{"metadata": {"../../etc/.zattrs": 3}}'),
    "ome-xml": with_text("OME/METADATA.ome.xml", b"<OME><Image/>"),
    "paths": with_paths("..", "../../..", "/etc", "", ".", "a/../../b", "0\0x", "0/", "//"),
    "paths-long": with_paths("a" * 5000, "/".join("a" * 3000)),
    "multiscales-odd": with_attributes(multiscales=[{"datasets": {}, "axes": 7}, None, []]),
    "omero-odd": with_attributes(multiscales=[{}], omero={"channels": [[], {"window": []}]}),
    "plate-odd": with_attributes(plate={"wells": [None, 5], "rows": {}, "columns": "x"}),
    "nested": nested,
    "links": links,
    "entry-2^63": shard_of((2**63, 2**63), (0, 2**63), (2**64 - 2, 2), (24, 8)),
    "entries-over": shard_of((0, 32), (0, 31), (1, 31), (0, 32)),
    "large-shard": large_shard,
    "large-chunk": large_chunk,
    "bomb": bomb,
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_dataset_is_answered_in_words(name: str, level: str, tmp_path: Path) -> None:
    """A verdict or a refusal, in every form of output; never a fault of ours, never for long."""
    HOSTILE[name](tmp_path / "a")
    begun = time.monotonic()

    ran = in_process("validate", tmp_path / "a", "--level", level, "--memory", "64MiB")

    assert ran.code in (0, 1, 3), ran.said
    assert_in_words(ran)
    for form in ("json", "sarif", "junit") if level == "chunks" else ():
        assert_in_words(in_process("validate", tmp_path / "a", "--level", level, "--format", form))
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize(
    "name", ["bomb", "large-shard", "large-chunk", "shape-2^62", "chunks-2^62"]
)
def test_hostile_dataset_takes_little_memory(name: str, tmp_path: Path) -> None:
    """What claims gigabytes gets none."""
    HOSTILE[name](tmp_path / "a")
    words = ("--level", "data", "--memory", "64MiB", "--workers", "2")

    ran, peak = peak_bytes(tmp_path / "peak", "validate", tmp_path / "a", *words)

    assert ran.code in (0, 1), ran.said
    assert_in_words(ran)
    assert peak < 160 * MIB


def test_bombs_are_told(tmp_path: Path) -> None:
    """Each chunk that decodes to more than is due is named."""
    bomb(tmp_path / "a")

    found = zl.validate(tmp_path / "a", level="data")

    assert [f.rule for f in found.findings].count("chunk-undecodable") == 4


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.sampled_from([2**31, 2**63, -(2**62), 10**400, 0.5, 1e308, float("nan"), float("inf")])
    | st.sampled_from(["", "0", "/", "..", "0/0", "A/1", "x", "space", "scale", "\0", "\ud800"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["path", "name", "type", "scale", "id"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def whole(folder: Path) -> Path:
    """A plate with labels, whose documents are to be changed."""
    write_plate(folder, wells=("A/1",), fields=1, acquisitions=2)
    field = folder / "A/1/0"
    values = sample((1, 1, 1, 8, 8), "<u2")
    write_image(field, pyramid(values), omero=OMERO)
    write_labels(field, {"cells": pyramid(values)})
    return folder


@pytest.fixture(scope="module", name="corpus")
def make_corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The documents of plates in each version, by version and key."""
    found: dict[str, dict[str, Any]] = {}
    root = tmp_path_factory.mktemp("corpus")
    whole(root / "0.4")
    for version in ("0.5", "0.6"):
        zl.convert(root / "0.4", root / version, ome_version=version)
    for version in ("0.4", "0.5", "0.6"):
        files = [p for p in (root / version).rglob("*") if p.name.startswith((".z", "zarr.json"))]
        found[version] = {
            p.relative_to(root / version).as_posix(): json.loads(p.read_text()) for p in files
        }
    return found


def changed(document: object, data: st.DataObject) -> object:
    """Give a document in which something, at any depth, is another value, gone or twice there."""
    if isinstance(document, dict) and document and data.draw(st.integers(0, 9)):
        name = data.draw(st.sampled_from(sorted(document)))
        if not data.draw(st.integers(0, 6)):
            return {k: v for k, v in document.items() if k != name}
        return {**document, name: changed(document[name], data)}
    if isinstance(document, list) and document and data.draw(st.integers(0, 9)):
        at = data.draw(st.integers(0, len(document) - 1))
        if not data.draw(st.integers(0, 6)):
            return [*document, document[at]]
        return [*document[:at], changed(document[at], data), *document[at + 1 :]]
    return data.draw(VALUES)


def judge_changed(
    corpus: dict[str, dict[str, Any]], folder: Path, data: st.DataObject, times: int
) -> None:
    """Change documents of a plate, and judge it at every level."""
    documents = dict(corpus[data.draw(st.sampled_from(["0.4", "0.5", "0.6"]))])
    for _ in range(times):
        key = data.draw(st.sampled_from(sorted(documents)))
        documents[key] = changed(documents[key], data)
    for key, document in documents.items():
        text = json.dumps(document)
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_text(text)
    for level in ("metadata", "data"):
        try:
            found = zl.validate(folder, level=level, memory="32MiB", workers=1)
        except ZarrliftError:
            continue
        assert found.valid is not any(f.severity == "error" for f in found.findings)


@given(data=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_changed_documents_are_judged(
    corpus: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever documents hold, a verdict comes, or an error in words."""
    judge_changed(corpus, tmp_path_factory.mktemp("changed"), data, data.draw(st.integers(1, 3)))


@pytest.mark.slow
@given(data=st.data())
@settings(
    max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_much_changed_documents_are_judged(
    corpus: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The same, for more documents, and more of each."""
    judge_changed(corpus, tmp_path_factory.mktemp("changed"), data, data.draw(st.integers(1, 8)))


@given(text=st.binary(max_size=60), name=st.sampled_from([".zattrs", "0/.zarray", ".zgroup"]))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_no_document(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, name: str
) -> None:
    """Bytes that are no JSON are told as such."""
    folder = tmp_path_factory.mktemp("bytes")
    with_text(name, text)(folder)

    assert zl.validate(folder, level="data").looked.documents


@given(
    shard=st.binary(max_size=200),
    entries=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 64), min_size=8, max_size=8),
    signed=st.booleans(),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_shard_is_looked_at(
    tmp_path_factory: pytest.TempPathFactory, shard: bytes, entries: list[int], signed: bool
) -> None:
    """Whatever a shard holds, what can be found in it is decoded, and the rest is told."""
    folder = tmp_path_factory.mktemp("shard")
    pairs = [(entries[n], entries[n + 1]) for n in range(0, 8, 2)]
    shard_of(*pairs, data=shard)(folder)
    if not signed:
        write_file(folder / "0/c/0/0", shard)

    found = zl.validate(folder, level="data")

    assert found.looked.decoded <= found.looked.chunks <= 4


@pytest.mark.parametrize("words", [("--sizes",), ("--chunk", "0/0,0")], ids=lambda w: w[0])
def test_index_of_terabytes_is_not_read_to_be_shown(words: tuple[str, ...], tmp_path: Path) -> None:
    """A shard of 2^38 chunks has one; who only looks is told."""
    large_shard(tmp_path / "a")
    attributes = {"ome": {"version": "0.5", "multiscales": [{"datasets": [{"path": "0"}]}]}}
    write_v3_group(tmp_path / "a", attributes)

    ran = in_process("info", tmp_path / "a", *words)

    assert_in_words(ran)
    assert ran.code == int(words[0] == "--chunk"), ran.said
    assert "NOT whole" in ran.out or "is not read" in " ".join(ran.out.split())
