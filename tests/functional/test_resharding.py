"""Zarr v3 sources: shards merged, split, taken apart and built, in every form they come in."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarrlift as zl
from tests.build import Json, Values, read_json, sample, write_file
from tests.build_v3 import (
    BIG,
    CRC,
    GZIP,
    LITTLE,
    ZSTD,
    Form,
    blosc,
    document_codecs,
    write_v3_array,
    write_v3_group,
)
from tests.fakes import Stopped, StoppingWatch
from tests.functional.runs import tree, zarrlift
from tests.functional.test_layouts_matrix import Case, cases, contents
from tests.judges import schema_problems
from tests.oracles import assert_same_voxels, first_difference, tensorstore_values, zarr_values
from tests.traps import V3, Trap, traps_of
from zarrlift.errors import SourceError

SHAPE = (5, 22, 30)
TURNED: Json = {"name": "transpose", "configuration": {"order": [2, 0, 1]}}
SHARDED = Form(chunks=(1, 4, 5), shards=(2, 8, 15), codecs=(LITTLE, blosc(2)))

FORMS: dict[str, Form] = {
    "plain": SHARDED,
    "unsharded": Form(chunks=(1, 4, 5), codecs=(LITTLE, blosc(2))),
    "raw": Form(chunks=(1, 4, 5), shards=(2, 8, 15)),
    "big-endian": Form(chunks=(1, 4, 5), shards=(2, 8, 15), codecs=(BIG, GZIP)),
    "zstd": Form(chunks=(1, 4, 5), shards=(2, 8, 15), codecs=(LITTLE, ZSTD)),
    "inner-checksum": Form(chunks=(1, 4, 5), shards=(2, 8, 15), codecs=(LITTLE, GZIP, CRC)),
    "index-at-start": Form(chunks=(1, 4, 5), shards=(2, 8, 15), at_start=True),
    "index-unchecked": Form(chunks=(1, 4, 5), shards=(2, 8, 15), checksum=False),
    "index-at-start-unchecked": Form(
        chunks=(1, 4, 5), shards=(2, 8, 15), at_start=True, checksum=False
    ),
    "last-first": Form(chunks=(1, 4, 5), shards=(2, 8, 15), reverse=True),
    "with-gaps": Form(chunks=(1, 4, 5), shards=(2, 8, 15), gap=7),
    "missing": Form(chunks=(1, 4, 5), shards=(2, 8, 15), missing=((0, 0, 0), (4, 5, 5), (1, 3, 2))),
    "missing-shard": Form(
        chunks=(1, 4, 5),
        shards=(1, 8, 10),
        missing=((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)),
    ),
    "transpose-before": Form(
        chunks=(1, 4, 5), shards=(2, 8, 15), codecs=(LITTLE, blosc(2)), before=(2, 0, 1)
    ),
    "transpose-both": Form(
        chunks=(1, 4, 5), shards=(2, 8, 15), codecs=(TURNED, LITTLE), before=(1, 2, 0)
    ),
    "transpose-within": Form(chunks=(1, 4, 5), shards=(2, 8, 15), codecs=(TURNED, LITTLE)),
    "v2-keys": Form(chunks=(1, 4, 5), shards=(2, 8, 15), keys="v2", separator="."),
    "flat-keys": Form(chunks=(1, 4, 5), shards=(2, 8, 15), separator="."),
    "whole-array": Form(chunks=(1, 4, 5), shards=(6, 24, 30)),
    "one-chunk-shards": Form(chunks=(2, 8, 15), shards=(2, 8, 15)),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "auto": {},
    "merged": {"shards": "4,16,30"},
    "split": {"shards": "1,4,15"},
    "askew": {"shards": "3,12,10"},
    "none": {"shards": "none"},
}


def write(folder: Path, form: Form, data: Values | None = None, **members: object) -> Path:
    """Write a group that holds one array in a form."""
    values = sample(SHAPE, "<u2") if data is None else data
    write_v3_array(write_v3_group(folder, {"someone": "else"}) / "0", values, form, **members)
    return folder


def expected(form: Form) -> Values:
    """Give the values that a reader sees: missing chunks are zero."""
    values = sample(SHAPE, "<u2")
    for index in form.missing:
        part = tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, form.chunks, strict=True))
        values[part] = 0
    return values


def assert_values(due: Values, array: Path) -> None:
    """Assert that both readers see the values, bit for bit."""
    for read in (zarr_values, tensorstore_values):
        assert first_difference(due, read(array)) is None, read.__name__


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_shard_to_any_other(form: str, layout: str, tmp_path: Path) -> None:
    """Chunks move undecoded; values are the source's, and so is the proof."""
    source = write(tmp_path / "old.zarr", FORMS[form])
    report = zl.convert(
        source, tmp_path / "new.zarr", plain_zarr=True, verify="decode", **LAYOUTS[layout]
    )

    assert report.finished
    assert report.verification is not None
    assert report.verification.findings == ()
    assert report.undecoded_bytes == report.bytes_in > 0
    assert {str(a.method) for a in report.plan.arrays} <= {"copy", "pack"}
    assert_values(expected(FORMS[form]), tmp_path / "new.zarr" / "0")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wish", [{"codec": "zstd:1"}, {"chunks": "2,5,7", "shards": "4,10,14"}])
def test_any_form_of_shard_to_other_chunks(form: str, wish: dict[str, Any], tmp_path: Path) -> None:
    """Recoding and rechunking read any form of shard, too."""
    source = write(tmp_path / "old.zarr", FORMS[form])
    report = zl.convert(source, tmp_path / "new.zarr", plain_zarr=True, verify="decode", **wish)

    assert report.finished
    assert_values(expected(FORMS[form]), tmp_path / "new.zarr" / "0")


@settings(max_examples=25)
@given(cases(), st.sampled_from(["auto", "none", "7,7,7,7"]))
def test_way_by_shards_ends_where_the_straight_way_does(case: Case, by: str) -> None:
    """v2 to one layout to another gives the bytes of v2 to the other, and the values of v2."""
    shards = by if "," not in by else ",".join(by.split(",")[: len(case.shape)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = case.write(folder / "old.zarr")
        wish = {"shards": case.wish["shards"], "codec": case.wish["codec"]}
        zl.convert(source, folder / "straight.zarr", plain_zarr=True, **wish)
        zl.convert(source, folder / "by.zarr", plain_zarr=True, shards=shards)
        report = zl.convert(
            folder / "by.zarr", folder / "end.zarr", plain_zarr=True, verify="decode", **wish
        )

        assert report.finished
        assert_same_voxels(source / "values", folder / "end.zarr" / "values")
        if case.wish["codec"] == "keep":
            assert contents(folder / "end.zarr") == contents(folder / "straight.zarr")


WHOLE = traps_of("labels", "plate", "collection", "foreign")


@pytest.mark.parametrize("trap", WHOLE, ids=[trap.id for trap in WHOLE])
def test_lifted_hierarchy_is_lifted_again_unchanged(trap: Trap, tmp_path: Path) -> None:
    """0.5 to the same layout in 0.5 is the same dataset, file for file."""
    trap.build(tmp_path / "old.zarr")
    zl.convert(tmp_path / "old.zarr", tmp_path / "once.zarr", plain_zarr=True)
    report = zl.convert(tmp_path / "once.zarr", tmp_path / "twice.zarr", plain_zarr=True)

    assert report.finished
    assert tree(tmp_path / "twice.zarr") == tree(tmp_path / "once.zarr")


@pytest.mark.parametrize("trap", V3, ids=[trap.id for trap in V3])
def test_odd_v3_sources_are_lifted(trap: Trap, tmp_path: Path) -> None:
    """v3 documents over v2 keys, beside v2 ones, or with 0.4 metadata: one clean 0.5 dataset."""
    source, target = tmp_path / "old.zarr", tmp_path / "new.zarr"
    trap.build(source)
    report = zl.convert(source, target, verify="decode")

    assert report.finished
    assert schema_problems(target) == []
    assert not list(target.rglob(".z*"))
    for level in [p.parent for p in source.glob("*/zarr.json")]:
        assert_values(zarr_values(level), target / level.name)


def test_documents_keep_all_that_v3_lets_be(tmp_path: Path) -> None:
    """Attributes, names, unknown members that may be ignored, and plain files arrive."""
    source = tmp_path / "old.zarr"
    known: Json = {"must_understand": False, "colour": [1, {"of": None}]}
    write_v3_group(
        source, {"ome": {"version": "0.5", "x": 1}, "mine": {"version": "7"}}, extra=known
    )
    write_v3_group(source / "deep" / "inner", {"a": [1.5, None]})
    write_file(source / "deep" / "note.txt", b"note")
    write_v3_array(
        source / "0",
        sample(SHAPE, "<u2"),
        SHARDED,
        attributes={"units": "nm"},
        dimension_names=["z", None, "x"],
        note=known,
    )
    report = zl.convert(source, tmp_path / "new.zarr", verify="full")

    assert report.finished
    for path in ("", "deep/inner"):
        ours = read_json(source / path / "zarr.json")
        assert read_json(tmp_path / "new.zarr" / path / "zarr.json") == ours
    array = read_json(tmp_path / "new.zarr" / "0" / "zarr.json")
    assert array["attributes"] == {"units": "nm"}
    assert array["dimension_names"] == ["z", None, "x"]
    assert array["note"] == known
    assert (tmp_path / "new.zarr" / "deep" / "note.txt").read_bytes() == b"note"
    assert read_json(tmp_path / "new.zarr" / "deep" / "zarr.json")["node_type"] == "group"


def test_codec_that_only_some_readers_know_passes(tmp_path: Path) -> None:
    """Bytes that nobody here can decode move all the same, under their own name."""
    source = write(tmp_path / "old.zarr", SHARDED)
    document = read_json(source / "0" / "zarr.json")
    text = json.dumps(document).replace('"blosc"', '"future.codec"')
    (source / "0" / "zarr.json").write_text(text)

    report = zl.convert(source, tmp_path / "new.zarr", plain_zarr=True, shards="4,16,30")
    assert report.finished
    new = tmp_path / "new.zarr" / "0" / "zarr.json"
    new.write_text(new.read_text().replace('"future.codec"', '"blosc"'))
    assert_values(sample(SHAPE, "<u2"), tmp_path / "new.zarr" / "0")
    told = zarrlift("convert", source, tmp_path / "x.zarr", "--plain-zarr", "--codec", "zstd")
    assert told.code == 3
    assert "future.codec" in told.err


@pytest.mark.parametrize(
    "codecs",
    [
        (LITTLE, {"name": "numcodecs.zlib", "configuration": {"level": 1}}),
        (LITTLE, {"name": "numcodecs.lz4", "configuration": {"acceleration": 1}}),
        ({"name": "numcodecs.delta", "configuration": {"dtype": "<u2"}}, LITTLE, GZIP),
    ],
    ids=["zlib", "lz4", "delta"],
)
def test_numcodecs_names_are_replaced(codecs: tuple[Json, ...], tmp_path: Path) -> None:
    """Codecs under zarr-python's own names are written as what all readers share."""
    form = Form(chunks=(1, 4, 5), shards=(2, 8, 15), codecs=codecs)
    source = write(tmp_path / "old.zarr", form)
    report = zl.convert(source, tmp_path / "new.zarr", plain_zarr=True, verify="decode")

    assert report.finished
    assert "numcodecs" not in (tmp_path / "new.zarr" / "0" / "zarr.json").read_text()
    assert_values(sample(SHAPE, "<u2"), tmp_path / "new.zarr" / "0")


def _nested() -> list[Json]:
    inner = document_codecs(Form(chunks=(1, 2, 5), shards=(1, 4, 5)))
    return document_codecs(Form(chunks=(1, 4, 5), shards=(2, 8, 15), codecs=inner))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nested-shards": ({"codecs": _nested()}, "shards within shards"),
    "codec-after-shard": ({"codecs": [*document_codecs(SHARDED), GZIP]}, "'gzip' after the shard"),
    "rectilinear": (
        {"chunk_grid": {"name": "rectilinear", "configuration": {"kind": "inline"}}},
        "rectilinear",
    ),
    "transformers": ({"storage_transformers": [{"name": "x"}]}, "storage transformers"),
    "must-understand": ({"future": {"must_understand": True}}, "'future' must be understood"),
    "data-type": ({"data_type": "float7"}, "float7"),
    "node-type": ({"node_type": "table"}, "'table' is neither array nor group"),
    "format": ({"zarr_format": 4}, "zarr_format is 4"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_read_is_refused_by_name(case: str, tmp_path: Path) -> None:
    """The message names what it is, the place and the way out; nothing is written."""
    members, words = REFUSED[case]
    source = write(tmp_path / "old.zarr", SHARDED, **members)

    with pytest.raises(SourceError) as caught:
        zl.convert(source, tmp_path / "new.zarr", plain_zarr=True)

    assert words in caught.value.message
    assert str(caught.value.place).startswith(str(source / "0"))
    assert not (tmp_path / "new.zarr").exists()
    assert zl.convert(source, tmp_path / "new.zarr", plain_zarr=True, exclude=["0"]).finished


@pytest.mark.parametrize("damage", ["cut", "flipped-index", "beyond", "emptied"])
def test_damaged_shard_stops_the_lift_by_name(damage: str, tmp_path: Path) -> None:
    """A source shard whose index is not whole is named; it never reads as empty."""
    source = write(tmp_path / "old.zarr", SHARDED)
    victim = source / "0" / "c" / "1" / "1" / "0"
    held = bytearray(victim.read_bytes())
    if damage == "cut":
        del held[-9:]
    elif damage == "flipped-index":
        held[-20] ^= 1
    elif damage == "emptied":
        held.clear()
    else:
        del held[:50]
    victim.write_bytes(bytes(held))

    ran = zarrlift("convert", source, tmp_path / "new.zarr", "--plain-zarr")

    assert ran.code == 3, ran.said
    assert str(victim) in ran.err
    assert not (tmp_path / "new.zarr" / "zarr.json").exists()


def test_killed_resharding_continues(tmp_path: Path) -> None:
    """What stands is recognised by its index; the end is the bytes of a run left alone."""
    source = write(tmp_path / "old.zarr", SHARDED)
    zl.convert(source, tmp_path / "whole.zarr", plain_zarr=True, shards="1,8,10")
    target = tmp_path / "new.zarr"
    watch = StoppingWatch("lifting", after=3)
    with pytest.raises(Stopped):
        zl.convert(source, target, plain_zarr=True, shards="1,8,10", watch=watch)

    report = zl.convert(source, target, plain_zarr=True, shards="1,8,10")

    assert report.resumed
    assert report.objects_already > 0
    assert tree(target) == tree(tmp_path / "whole.zarr")


def test_verification_names_what_differs_from_a_sharded_source(tmp_path: Path) -> None:
    """A flipped byte, a missing and a stray object beside a sharded source are found and named."""
    source, target = write(tmp_path / "old.zarr", SHARDED), tmp_path / "new.zarr"
    zl.convert(source, target, plain_zarr=True, shards="1,8,10")
    flipped = target / "0" / "c" / "2" / "0" / "0"
    held = bytearray(flipped.read_bytes())
    held[3] ^= 1
    flipped.write_bytes(bytes(held))
    (target / "0" / "c" / "3" / "1" / "1").unlink()
    write_file(target / "0" / "c" / "9" / "9" / "9", b"x")

    proof = zl.verify(source, target, level="full")

    assert not proof.equal
    assert {f.rule for f in proof.findings} == {"chunk-differs", "object-missing", "object-stray"}
    assert any("c/3/1/1" in f.message for f in proof.findings)


def test_plan_counts_chunks_and_shows_both_shards(tmp_path: Path) -> None:
    """The plan tells source and target shards, and sizes that fit the data."""
    source = write(tmp_path / "old.zarr", FORMS["raw"])
    ran = zarrlift("plan", source, tmp_path / "new.zarr", "--plain-zarr", "--shards", "4,16,30")

    assert ran.code == 0, ran.said
    assert "shards 2,8,15 -> 4,16,30" in ran.out
    assert "moved into other shards" in json.dumps(
        json.loads(
            zarrlift(
                "plan", source, tmp_path / "x", "--plain-zarr", "--shards", "4,16,30", "--json"
            ).out
        )
    )
    counted = zl.estimate(zl.plan(source, tmp_path / "x", plain_zarr=True), count=True)
    assert counted.total("bytes_in").value == int(np.prod((5, 6, 6))) * 40
