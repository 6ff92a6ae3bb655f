"""`tune`: what is measured, said, drawn and written."""

from __future__ import annotations

import json
import re
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarrlift as zl
from tests.build import BLOSC, read_json, sample, write_array, write_group
from tests.build_ome import pyramid, write_collection, write_image, write_plate
from tests.functional.runs import (
    Word,
    assert_refused,
    in_process,
    in_terminal,
    peak_bytes,
    run,
    times,
    tree,
    widest,
    write_sample,
    zarrlift,
)

FEW = "none,blosc:zstd:1,zlib:1"
CHUNKS = (1, 1, 1, 8, 8)


@pytest.fixture(scope="module", name="source")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of two levels, with labels."""
    return write_sample(tmp_path_factory.mktemp("tune") / "image.zarr")


@pytest.fixture(scope="module", name="demo")
def make_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo dataset of realistic pixels."""
    folder = tmp_path_factory.mktemp("tune-demo") / "cells.zarr"
    zl.demo(folder, size="2MiB")
    return folder


def measured(source: Path, *words: Word) -> dict[str, Any]:
    """Tune a few codecs; give the JSON document."""
    ran = in_process("tune", source, "--json", "--quiet", "--codecs", FEW, *words)
    assert ran.code == 0, ran.said
    document: dict[str, Any] = json.loads(ran.out)
    return document


def test_source_is_left_as_it_is(source: Path) -> None:
    """Measuring writes nothing at the source."""
    before = (tree(source), times(source))

    ran = zarrlift("tune", source, "--codecs", FEW)

    assert ran.code == 0, ran.said
    assert (tree(source), times(source)) == before


def test_text_says_what_was_measured(demo: Path) -> None:
    """All candidates, what is recommended, views and layouts are there, within 80 columns."""
    ran = zarrlift("tune", demo, cwd=demo.parent)

    assert ran.code == 0, ran.said
    assert widest(ran.out.replace(str(demo), "")) <= 80
    for said in ("blosc:lz4:5:shuffle", "blosc:zstd:7:bitshuffle", "! zlib:6", "gzip:6", "none"):
        assert said in ran.out
    for said in ("Recommended", "balanced", "smallest", "fastest", "Today's chunks of", "xz slice"):
        assert said in ran.out
    assert re.search(r"^Requests +screen +plane +block +xz +volume$", ran.out, re.MULTILINE)
    assert re.search(r"^cube 64 \+ shards( +[\d,]+){5}$", ran.out, re.MULTILINE)
    assert "projection" in ran.out


def test_text_in_a_terminal(demo: Path) -> None:
    """A terminal of 80 columns shows each line whole."""
    ran = in_terminal("tune", demo.name, "--codecs", FEW, "-q", cwd=demo.parent)
    shown = in_terminal("tune", demo.name, "--codecs", FEW, cwd=demo.parent)

    assert (ran.code, ran.out) == (0, "")
    assert shown.code == 0
    lines = [line for line in shown.out.splitlines() if str(demo.parent) not in line]
    assert widest("\n".join(line for line in lines if "\x1b" not in line)) <= 80


def test_json_holds_what_the_text_says(source: Path) -> None:
    """Names are stable, figures fit together, and rates are positive."""
    document = measured(source)

    assert (document["schema"], document["kind"]) == (1, "zarrlift-tuning")
    assert (document["image"], document["path"], document["level"]) == ("", "0", 0)
    names = [one["name"] for one in document["candidates"]]
    assert names == ["blosc:lz4:5:shuffle", "none", "blosc:zstd:1:shuffle", "zlib:1"]
    for one in document["candidates"]:
        assert one["ratio"] * one["share"] == pytest.approx(1)
        assert one["encode_rate"] > 0
        assert one["decode_rate"] > 0
    assert [one["readers"] for one in document["candidates"]] == [*["core"] * 3, "few"]
    assert document["recommended"]["balanced"] in names[:3]
    assert document["layouts"][0]["name"] == "now"
    assert document["findings"] == []


@pytest.mark.parametrize("codec", ["none", "blosc:zstd:5:bitshuffle", "zstd:3", "gzip:6"])
def test_sizes_are_those_that_convert_writes(source: Path, tmp_path: Path, codec: str) -> None:
    """Where the sample covers all chunks, a candidate's size is what convert then writes."""
    made = zl.tune(source, codecs=[codec])
    zl.convert(source, tmp_path / "lifted.zarr", codec=codec, shards="none")

    objects = [f for f in (tmp_path / "lifted.zarr" / "0" / "c").rglob("*") if f.is_file()]
    assert len(made.sampled.chunks) == len(objects) > 5
    assert made.codec(codec).stored_bytes == sum(f.stat().st_size for f in objects)


def test_size_today_is_that_on_disk(source: Path) -> None:
    """What today's codec takes is what lies there, whatever its library would write."""
    made = zl.tune(source, codecs=["none"])

    files = [f for f in (source / "0").rglob("*") if re.fullmatch(r"\d+", f.name) and f.is_file()]
    assert (
        made.now.stored_bytes == made.sampled.stored_bytes == sum(f.stat().st_size for f in files)
    )
    assert made.sampled.present == pytest.approx(len(files) / 48)


def test_projection_of_an_uncompressed_image(tmp_path: Path) -> None:
    """What all levels would take uncompressed is the bytes of all chunks, padding included."""
    values = sample((1, 1, 1, 20, 20), "<u2")
    write_image(tmp_path / "image.zarr", pyramid(values), chunks=CHUNKS, compressor=BLOSC)

    made = zl.tune(tmp_path / "image.zarr", codecs=["none"])

    assert made.codec("none").projected_bytes == (9 + 4) * 64 * 2
    assert made.sampled.edge == 5


def test_same_seed_draws_the_same_chunks(demo: Path) -> None:
    """The seed decides which chunks are drawn, and `--sample` how many."""
    layout = measured(demo)["layout"]
    size = 2 * int(np.prod(layout["chunks"]))

    drawn = [
        measured(demo, "--sample", str(4 * size), "--seed", str(seed))["sample"]["chunks"]
        for seed in (0, 0, 1)
    ]

    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(chunks) for chunks in drawn] == [4, 4, 4]


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["--level", "1"], "1"),
        (["--level", "labels/cells/0"], "labels/cells/0"),
        (["--level", "labels/cells"], "labels/cells/0"),
        (["--chunk", "1/0,0,0,0,0"], "1"),
        (["--chunk", "0,0,0,0,0"], "0"),
        (["--chunk", "0,0,0,0,0", "--level", "1"], "1"),
    ],
)
def test_level_is_chosen(source: Path, words: list[str], path: str) -> None:
    """Another level, array or image is measured where it is named."""
    document = measured(source, *words)

    assert document["path"] == path
    if "--chunk" in words:
        assert document["sample"]["chunks"] == [[0, 0, 0, 0, 0]]
        assert document["sample"]["seed"] is None


@pytest.mark.parametrize("name", ["lifted.zarr", "lifted.ozx"])
@pytest.mark.parametrize("ome_version", ["0.5", "0.6"])
def test_sources_of_zarr_v3(source: Path, tmp_path: Path, name: str, ome_version: str) -> None:
    """What was packed into shards, or zipped, measures as it did before; shards are counted."""
    zl.convert(source, tmp_path / name, shards="y=8,x=8", ome_version=ome_version)

    before, after = (zl.tune(one, codecs=["zstd"]) for one in (source, tmp_path / name))

    assert after.sampled.chunks == before.sampled.chunks
    assert after.subject.names == before.subject.names
    assert [r.stored_bytes for r in after.codecs] == [r.stored_bytes for r in before.codecs]
    assert after.layouts[0].shards == (1, 1, 1, 8, 8)
    assert after.layouts[0].objects == (2 * 2 * 3, 2 * 1 * 2)


def test_first_field_of_a_plate(tmp_path: Path) -> None:
    """Of a plate the first field is measured, and its layout file fits the plate."""
    write_plate(tmp_path / "plate.zarr", wells=("A/1", "A/2"), fields=2)
    layout = tmp_path / "layout.json"

    document = measured(tmp_path / "plate.zarr", "--output", layout)

    assert document["path"] == "A/1/0/0"
    planned = zl.plan(tmp_path / "plate.zarr", tmp_path / "lifted.zarr", layout=layout)
    assert [f.rule for f in planned.findings if f.rule == "pattern-unused"] == []


def test_first_image_of_a_collection(tmp_path: Path) -> None:
    """Of a collection the first image is measured; another is named by its path."""
    write_collection(tmp_path / "many.zarr")

    assert measured(tmp_path / "many.zarr")["image"] == "0"
    assert measured(tmp_path / "many.zarr", "--level", "1")["path"] in ("0/1", "1/0")


def test_layout_file_is_accepted(source: Path, tmp_path: Path) -> None:
    """`plan --layout` reads the file, and writes the balanced codec to each level."""
    layout = tmp_path / "layout.json"
    ran = in_process("tune", source, "--codecs", "zstd:19", "-q", "--output", layout)
    assert ran.code == 0, ran.said
    rules = read_json(layout)

    planned = in_process("plan", source, tmp_path / "lifted.zarr", "--layout", layout, "--json")

    assert planned.code == 0, planned.said
    wish = zl.tune(source, codecs=["zstd:19"])
    assert wish.advice is not None
    assert list(rules) == ["0", "1"]
    document = json.loads(planned.out)
    assert "pattern-unused" not in {f["rule"] for f in document["findings"]}


def test_next_command_is_accepted(source: Path, tmp_path: Path) -> None:
    """The command at the end plans a lift with what is recommended."""
    layout = tmp_path / "layout.json"
    ran = in_process("tune", source, "--codecs", FEW, "--output", layout)

    line = ran.out.strip().splitlines()[-1]
    assert line.strip() == f"zarrlift plan {source} lifted.zarr --layout {layout}"


def test_picture_as_png(source: Path, tmp_path: Path) -> None:
    """A PNG is drawn that has a sensible size."""
    picture = tmp_path / "tuned.png"
    ran = in_process("tune", source, "--codecs", FEW, "-q", "--plot", picture)

    assert ran.code == 0, ran.said
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width > 600
    assert height > 500


def test_picture_as_svg(source: Path, tmp_path: Path) -> None:
    """An SVG is XML, and names every candidate, layout and view as text."""
    picture = tmp_path / "tuned.svg"
    document = measured(source, "--plot", picture)

    texts = [e.text or "" for e in ET.parse(picture).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - ours
    said = "\n".join(texts)
    for one in [*document["candidates"], *document["layouts"], *document["views"]]:
        assert one["name"] in said
    assert "blosc:lz4:5:shuffle (now)" in texts
    assert "zlib:1 (few readers)" in texts


def test_picture_without_the_library(source: Path, tmp_path: Path) -> None:
    """Where matplotlib is not installed, that is said before anything is measured."""
    hidden = "import sys; sys.modules['matplotlib'] = None; from zarrlift.cli import main; main()"
    words = ["tune", str(source), "--plot", str(tmp_path / "tuned.png")]

    ran = run([sys.executable, "-c", hidden, *words])

    assert_refused(ran, "needs matplotlib", "zarrlift[plot]", code=2)
    assert list(tmp_path.iterdir()) == []


def test_matplotlib_is_loaded_to_draw_only(source: Path) -> None:
    """Tuning without a picture does not load the library for pictures."""
    program = (
        "import sys, zarrlift as zl; zl.tune(sys.argv[1], codecs=['none']); "
        "print('matplotlib' in sys.modules)"
    )

    assert run([sys.executable, "-c", program, str(source)]).out.strip() == "False"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--level", "7"], ["no level '7'", "0 to 1"]),
        (["--chunk", "7/0,0,0,0,0"], ["no level '7'"]),
        (["--chunk", "0/0,0,0,0,9"], ["axis x", "9 is out of range", "numbered 0 to 5"]),
        (["--chunk", "0/0,0"], ["2 numbers", "5 axes"]),
        (["--chunk", "0/a"], ["not understood"]),
        (["--chunk", "0/0,1,0,2,2"], ["not stored", "fill value 0"]),
        (["--chunk", "0/0,0,0,0,0", "--level", "1"], ["names level 0"]),
        (["--sample", "1"], ["one chunk is", "--sample"]),
        (["--sample", "much"], ["size 'much'"]),
        (["--codecs", "lzma"], ["codec 'lzma'", "zlib[:level]"]),
        (["--plot", "tuned.pdf"], ["'.pdf' cannot be drawn"]),
    ],
)
def test_refused_in_words(source: Path, words: list[str], parts: list[str]) -> None:
    """What cannot be measured is refused with cause and next step, and exit code 2."""
    assert_refused(in_process("tune", source, "-q", *words), *parts, code=2)


def test_sources_that_cannot_be_measured(tmp_path: Path) -> None:
    """A dataset that is not there, and one without any stored chunk, are errors in words."""
    write_array(tmp_path / "empty.zarr", np.zeros((8, 8), "<u2"), chunks=(4, 4), missing="all")
    write_array(tmp_path / "filled.zarr", np.zeros((8, 8), "<u2"), chunks=(4, 4))

    assert_refused(in_process("tune", tmp_path / "none.zarr", "-q"))
    assert_refused(in_process("tune", tmp_path / "empty.zarr", "-q"), "no chunk is stored")
    assert_refused(in_process("tune", tmp_path / "filled.zarr", "-q"), "4 chunks hold nothing but")


def test_array_of_text_is_refused(tmp_path: Path) -> None:
    """Text has no decoded size to compare with."""
    write_group(tmp_path / "table.zarr")
    texts = np.array(["a", "bc"], dtype=object)
    write_array(
        tmp_path / "table.zarr" / "names", texts, chunks=(2,), dtype="|O", fill_value="",
        filters=[{"id": "vlen-utf8"}],
    )  # fmt: skip

    ran = in_process("tune", tmp_path / "table.zarr", "-q")

    assert_refused(ran, "array of string", code=2)


def test_damaged_chunk_is_named_and_left_out(tmp_path: Path) -> None:
    """A chunk that does not decode is a finding; where none does, that is an error."""
    source = tmp_path / "image.zarr"
    write_image(source, [sample((1, 1, 1, 16, 8), "<u2")], chunks=CHUNKS)
    (source / "0" / "0" / "0" / "0" / "1" / "0").write_bytes(b"rubbish")

    found = measured(source)

    assert [(f["rule"], f["chunk"]) for f in found["findings"]] == [
        ("chunk-undecodable", [0, 0, 0, 1, 0])
    ]
    assert found["sample"]["chunks"] == [[0, 0, 0, 0, 0]]
    assert "chunk-undecodable" in in_process("tune", source, "--codecs", FEW).out
    (source / "0" / "0" / "0" / "0" / "0" / "0").write_bytes(b"")
    assert_refused(in_process("tune", source, "-q"), "none of 2 chunks decodes")


def test_filled_chunks_are_left_out(tmp_path: Path) -> None:
    """Stored chunks of nothing but fill would make every codec look good: they do not count."""
    values = np.zeros((32, 8), "<u2")
    values[:8] = sample((8, 8), "<u2")
    write_array(tmp_path / "array.zarr", values, chunks=(8, 8))

    made = zl.tune(tmp_path / "array.zarr", codecs=["none"])

    assert made.sampled.chunks == ((0, 0),)
    assert (made.sampled.filled, made.sampled.present) == (3, 0.25)
    assert made.codec("none").projected_bytes == 128


@pytest.mark.parametrize("separator", [".", "/"])
def test_sparse_array_is_listed(tmp_path: Path, separator: str) -> None:
    """Where looking here and there meets no chunk, the few that are there are found by listing."""
    folder = tmp_path / "array.zarr"
    write_array(
        folder, sample((8, 8), "<u2"), chunks=(8, 8), separator=separator,
        members={"shape": [8 * 10**5, 8 * 10**5]},
    )  # fmt: skip

    made = zl.tune(folder, codecs=["none"])

    assert made.sampled.chunks == ((0, 0),)
    assert made.sampled.present == pytest.approx(1e-10)
    assert made.codec("none").projected_bytes == 128


@pytest.mark.parametrize("dtype", ["|u1", "|b1", ">u2", "<f4", "<c8", "<M8[ns]", "|S3"])
def test_types_of_all_sorts(tmp_path: Path, dtype: str) -> None:
    """Every type of fixed length is measured with every usual codec."""
    fill = {"|S3": "", "<M8[ns]": 0}.get(dtype, 0)
    values = np.arange(64).reshape(8, 8).astype(dtype)
    write_array(tmp_path / "array.zarr", values, chunks=(8, 8), order="F", fill_value=fill)

    made = zl.tune(tmp_path / "array.zarr")

    assert len(made.codecs) > 10
    assert made.advice is not None


@pytest.mark.parametrize(
    ("compressor", "filters"),
    [
        ({"id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None}, None),
        ({"id": "bz2", "level": 1}, None),
        ({"id": "lz4", "acceleration": 1}, None),
        (BLOSC, [{"id": "delta", "dtype": "<u2"}]),
        (None, [{"id": "shuffle", "elementsize": 2}]),
        (None, [{"id": "fletcher32"}]),
        (None, [{"id": "fixedscaleoffset", "scale": 1, "offset": 0, "dtype": "<u2"}]),
    ],
    ids=lambda given: str(given)[:24],
)
def test_codecs_that_only_v2_has(
    tmp_path: Path, compressor: dict[str, object] | None, filters: list[dict[str, object]] | None
) -> None:
    """Data whose codec v3 readers lack is measured, and its codec never recommended."""
    write_array(
        tmp_path / "array.zarr", sample((16, 16), "<u2"), chunks=(8, 8),
        compressor=compressor, filters=filters,
    )  # fmt: skip

    made = zl.tune(tmp_path / "array.zarr", codecs=["none", "zlib"])

    assert made.now.candidate.readers == "few"
    assert made.now.decode_rate > 0
    assert made.now.encode_rate is not None
    assert made.advice is not None
    assert made.advice.balanced == "none"


def test_memory_does_not_grow_with_the_sample(tmp_path: Path) -> None:
    """Chunks are measured one at a time: four times the sample takes no more memory."""
    noise = np.random.default_rng(0).integers(0, 2**16, (40, 512, 1024), dtype="<u2")
    write_array(tmp_path / "array.zarr", noise, chunks=(1, 512, 1024))
    words = ("tune", tmp_path / "array.zarr", "--codecs", "none,zstd:1", "-q", "--sample")

    few, many = (peak_bytes(tmp_path / size, *words, size) for size in ("4MiB", "40MiB"))

    assert few[0].code == many[0].code == 0, many[0].said
    assert many[1] < few[1] + 12 * 2**20
