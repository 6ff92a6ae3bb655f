"""Saved plans: what the file says, what may be edited in it, and what is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest

import zarrlift as zl
from tests.build import sample, write_array, write_group
from tests.build_ome import label_of, pyramid, write_image, write_labels
from tests.oracles import assert_same_voxels, every_array
from zarrlift.errors import SourceError, UsageError
from zarrlift.plan.saved import plan_to_json
from zarrlift.report.documents import report_to_json, verification_to_json

Json: TypeAlias = dict[str, Any]
Edit: TypeAlias = Callable[[Json], object]

BIG = {"name": "bytes", "configuration": {"endian": "big"}}
ZSTD = {"name": "zstd", "configuration": {"level": 1, "checksum": False}}
LAYOUT = {"shape", "dtype", "chunks", "shards", "codecs"}
ARRAY = {"path", "method", "reason", "source", "target"}
COST = {"objects_in", "objects_out", "bytes_in", "memory"}
PLAN = {
    "schema",
    "source",
    "target",
    "version",
    "arrays",
    "documents",
    "files",
    "totals",
    "seconds",
}
"""Names that the JSON documents promise; they may have more."""


def write(folder: Path) -> Path:
    """Write an image of big-endian values in order F, with a label in zlib."""
    image = sample((1, 1, 2, 12, 16), ">u2")
    source = write_image(folder / "old.zarr", pyramid(image), order="F")
    masks = {"cells": pyramid(label_of(image))}
    write_labels(source, masks, compressor={"id": "zlib", "level": 1})
    return source


def saved(folder: Path, **choices: Any) -> Json:
    """Plan the lift of an image; give the plan as a file holds it."""
    made = zl.plan(write(folder), folder / "new.zarr", **choices)
    return cast("Json", json.loads(json.dumps(plan_to_json(made, zl.estimate(made)))))


def carried_out(document: Json, folder: Path, **options: Any) -> zl.Report:
    """Carry out a plan from its file."""
    file = folder / "plan.json"
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return zl.run(file, **options)


def array_of(document: Json, path: str) -> Json:
    """Give an array's entry in a plan."""
    return next(array for array in document["arrays"] if array["path"] == path)


def test_saved_plan_does_what_convert_does(tmp_path: Path) -> None:
    """A plan that was saved and run writes the bytes that the plan itself would have written."""
    document = saved(tmp_path, shards="none", codec="zstd:1")
    report = carried_out(document, tmp_path)
    zl.convert(tmp_path / "old.zarr", tmp_path / "too.zarr", shards="none", codec="zstd:1")
    one, other = (
        {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        for root in (tmp_path / "new.zarr", tmp_path / "too.zarr")
    )
    assert report.finished
    assert one == other


def test_saved_plan_is_the_plan(tmp_path: Path) -> None:
    """A plan read back from its file says the same as the one that was saved."""
    document = saved(tmp_path, shards={"y": 8, "x": 8}, exclude=["labels/cells/1"])
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    again = plan_to_json(zl.load_plan(file))
    costs = {"seconds", "totals", "arrays"}
    assert {k: v for k, v in again.items() if k not in costs} == {
        k: v for k, v in document.items() if k not in costs
    }
    assert [a["target"] for a in cast("list[Json]", again["arrays"])] == [
        a["target"] for a in document["arrays"]
    ]


EDITS: Mapping[str, tuple[Json, str]] = {
    "shards": ({"shards": [1, 1, 2, 8, 8]}, "pack"),
    "no-shards": ({"shards": None}, "copy"),
    "chunks": ({"chunks": [1, 1, 1, 5, 7], "shards": [1, 1, 2, 10, 14]}, "rechunk"),
    "chunks-and-no-shards": ({"chunks": [1, 1, 2, 12, 16], "shards": None}, "rechunk"),
    "codec": ({"codecs": [BIG, ZSTD]}, "recode"),
    "byte-order": ({"codecs": [{**BIG, "configuration": {"endian": "little"}}]}, "recode"),
    "uncompressed": ({"codecs": [BIG]}, "recode"),
}
"""What may be written into the target layout of level `0`, and the method it leads to."""


@pytest.mark.parametrize("edit", EDITS)
def test_chunks_shards_and_codec_may_be_edited(edit: str, tmp_path: Path) -> None:
    """An edited layout is what is written, by the method it needs, and no value is lost."""
    document = saved(tmp_path)
    changes, method = EDITS[edit]
    array_of(document, "0")["target"] |= changes
    report = carried_out(document, tmp_path, verify="decode")
    assert report.finished
    plans = {array.path: array for array in report.plan.arrays}
    assert plans["0"].method == method
    written = plans["0"].target.summary()
    assert {key: written[key] for key in changes} == changes
    assert plans["1"].method == "pack"
    for path in every_array(tmp_path / "old.zarr"):
        assert_same_voxels(tmp_path / "old.zarr" / path, tmp_path / "new.zarr" / path)


WRONG: Mapping[str, tuple[Json, str]] = {
    "shard-no-multiple": ({"shards": [1, 1, 1, 8, 10]}, "axis x"),
    "shard-smaller-than-chunk": ({"shards": [1, 1, 1, 2, 8]}, "axis y"),
    "shard-of-fewer-axes": ({"shards": [8, 8]}, "5 axes"),
    "chunks-of-fewer-axes": ({"chunks": [4, 4]}, "5 axes"),
    "chunk-of-zero": ({"chunks": [1, 1, 1, 0, 4]}, "at least 1"),
    "chunks-as-text": ({"chunks": "4,4"}, "whole numbers"),
    "chunk-in-halves": ({"chunks": [1, 1, 1, 4.5, 4]}, "whole numbers"),
    "unknown-codec": ({"codecs": [BIG, {"name": "lz5"}]}, "lz5"),
    "unshared-codec": ({"codecs": [BIG, {"name": "numcodecs.lz4"}]}, "codec lz4 is none"),
    "no-serializer": ({"codecs": [ZSTD]}, "codec"),
    "no-byte-order": ({"codecs": [{"name": "bytes"}, ZSTD]}, "endian"),
    "codec-before-bytes": ({"codecs": [ZSTD, BIG]}, "zstd"),
    "level-too-high": ({"codecs": [BIG, {"name": "gzip", "configuration": {"level": 12}}]}, "gzip"),
    "wrong-transpose": (
        {"codecs": [{"name": "transpose", "configuration": {"order": [1, 0]}}, BIG]},
        "transpose",
    ),
}
"""What may not be written into the target layout of level `0`, and what the error says."""


@pytest.mark.parametrize("edit", WRONG)
def test_wrong_edits_are_refused_by_name(edit: str, tmp_path: Path) -> None:
    """A layout that cannot be written is a usage error naming the array, and the axis or codec."""
    document = saved(tmp_path)
    changes, words = WRONG[edit]
    array_of(document, "0")["target"] |= changes
    with pytest.raises(UsageError) as caught:
        carried_out(document, tmp_path)
    assert words in str(caught.value)
    assert str(caught.value.place).split(": ")[-1] == "0"
    assert not (tmp_path / "new.zarr").exists()


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(lambda d: d["arrays"].pop(), "lacks an array", id="array-removed"),
        pytest.param(lambda d: d["arrays"][0].update(path="9"), "9", id="array-renamed"),
        pytest.param(lambda d: d["arrays"][0].pop("target"), "target", id="no-target"),
        pytest.param(lambda d: d.update(schema=2), "no plan of this version", id="other-schema"),
        pytest.param(lambda d: d.update(kind="zarrlift-report"), "no plan", id="a-report"),
        pytest.param(lambda d: d.pop("settings"), "settings", id="no-settings"),
        pytest.param(lambda d: d["settings"].update(damaged="heal"), "heal", id="unknown-word"),
    ],
)
def test_broken_plans_are_refused(edit: Edit, words: str, tmp_path: Path) -> None:
    """A plan that is not whole, or not of this source, is a usage error that says what is wrong."""
    document = saved(tmp_path)
    edit(document)
    with pytest.raises(UsageError) as caught:
        carried_out(document, tmp_path)
    assert words in str(caught.value)
    assert not (tmp_path / "new.zarr").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"plan"', "\x00\xff"])
def test_files_that_are_no_plan_are_refused(text: str, tmp_path: Path) -> None:
    """A file that is no JSON object is a usage error that names the file."""
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError) as caught:
        zl.run(file)
    assert str(file) in str(caught.value)


def test_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A plan file that is missing is a usage error that names the file."""
    with pytest.raises(UsageError, match="no such file") as caught:
        zl.load_plan(tmp_path / "plan.json")
    assert caught.value.place == str(tmp_path / "plan.json")


def test_plan_of_a_source_that_changed_is_refused(tmp_path: Path) -> None:
    """A plan does not fit a source with one more attribute or file, and says so."""
    document = saved(tmp_path)
    (tmp_path / "old.zarr" / "note.txt").write_text("new", encoding="utf-8")
    with pytest.raises(SourceError, match="changed since the plan was made"):
        carried_out(document, tmp_path)


def test_plan_of_a_source_with_another_array_is_refused(tmp_path: Path) -> None:
    """A plan does not fit a source with one more array, and names it."""
    document = saved(tmp_path)
    more = write_group(tmp_path / "old.zarr" / "more")
    write_array(more / "raw", sample((4,), "<u2"), chunks=(2,))
    with pytest.raises((SourceError, UsageError), match=r"more/raw|changed since"):
        carried_out(document, tmp_path)


def test_plan_of_other_codec_libraries_does_not_recode(tmp_path: Path) -> None:
    """A plan that encodes, made with other versions of the codec libraries, is refused by name."""
    document = saved(tmp_path)
    assert document["codec_versions"]
    document["codec_versions"]["numcodecs"] = "0.1"
    with pytest.raises(zl.ZarrliftError, match="numcodecs"):
        carried_out(document, tmp_path)


def test_plan_has_the_promised_names(tmp_path: Path) -> None:
    """A plan's JSON has schema, the names of the documentation, and how each figure came about."""
    document = saved(tmp_path)
    assert document.keys() >= PLAN
    assert (document["schema"], document["kind"]) == (1, "zarrlift-plan")
    assert (document["version"], document["documents"], document["files"]) == ("0.4", 7, 0)
    for array in document["arrays"]:
        assert array.keys() >= ARRAY | COST
        assert array["source"].keys() >= LAYOUT <= array["target"].keys()
        assert set(array["basis"].values()) <= {"counted", "bound", "estimated"}
    label = array_of(document, "labels/cells/0")
    assert (label["method"], label["objects_in"], label["objects_out"]) == ("recode", 24, 1)
    assert label["target"]["codecs"][-1] == {"name": "gzip", "configuration": {"level": 1}}
    assert document["seconds"] >= 0


def test_report_has_the_promised_names(tmp_path: Path) -> None:
    """A report's JSON has what a plan's has, what happened, and the verification."""
    report = zl.convert(write(tmp_path), tmp_path / "new.zarr")
    document = cast("Json", json.loads(json.dumps(report_to_json(report))))
    assert document.keys() >= PLAN | {"verification"}
    assert (document["schema"], document["kind"]) == (1, "zarrlift-report")
    happened = document["result"]
    assert (happened["finished"], happened["already"], happened["resumed"]) == (True, False, False)
    assert (happened["chunks"], happened["objects"]) == (64, 4)
    assert happened["bytes_in"] > happened["undecoded_bytes"] > 0
    assert document["verification"] == verification_to_json(cast("Any", report.verification))


def test_report_keeps_the_figures_of_each_array(tmp_path: Path) -> None:
    """Each array in a report has every name that it has in a plan."""
    report = zl.convert(write(tmp_path), tmp_path / "new.zarr")
    for array in cast("list[Json]", report_to_json(report)["arrays"]):
        assert array.keys() >= ARRAY | COST


def test_verification_has_the_promised_names(tmp_path: Path) -> None:
    """A verification's JSON says equal or not, what was checked, and every finding in parts."""
    source, target = write(tmp_path), tmp_path / "new.zarr"
    zl.convert(source, target)
    (target / "1" / "c" / "0" / "0" / "0" / "0" / "0").unlink()
    proof = zl.verify(source, target, level="full")
    document = cast("Json", json.loads(json.dumps(verification_to_json(proof))))
    assert document.keys() >= {"schema", "kind", "source", "target", "level", "equal", "checked"}
    assert (document["schema"], document["level"], document["equal"]) == (1, "full", False)
    assert document["checked"].keys() >= {"arrays", "objects", "chunks", "bytes"}
    (finding,) = document["findings"]
    assert finding.keys() == {"rule", "severity", "path", "chunk", "message"}
    assert (finding["rule"], finding["severity"]) == ("object-missing", "error")
    assert (finding["path"], finding["chunk"]) == ("1", [0, 0, 0, 0, 0])
