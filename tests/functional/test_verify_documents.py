"""Damage done to a finished target's documents and files, and how a verification answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

import zarrlift as zl
from tests.build import read_json, write_file, write_json
from tests.functional.runs import assert_refused, tree, widest, write_sample, zarrlift

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module", name="lifted")
def make_lifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source and its whole target."""
    folder = tmp_path_factory.mktemp("documents")
    source = write_sample(folder / "source.zarr")
    write_file(source / "notes" / "large.bin", bytes(range(256)) * 12_000)
    assert zl.convert(source, folder / "target.zarr", shards="y=8,x=8").finished
    return folder


def edit(path: str, change: Edit) -> Callable[[Path], None]:
    """Give what changes a document of the target."""

    def spoil(target: Path) -> None:
        document = cast("dict[str, Any]", read_json(target / path))
        change(document)
        write_json(target / path, document)

    return spoil


def replace(path: str, content: bytes) -> Callable[[Path], object]:
    """Give what writes a file of the target anew."""
    return lambda target: write_file(target / path, content)


def remove(path: str) -> Callable[[Path], None]:
    """Give what removes a file of the target."""
    return lambda target: (target / path).unlink()


def flip_in_large_file(at: int) -> Callable[[Path], None]:
    """Give what changes one byte of a file of three megabytes."""

    def spoil(target: Path) -> None:
        data = bytearray((target / "notes/large.bin").read_bytes())
        data[at] ^= 1
        (target / "notes/large.bin").write_bytes(data)

    return spoil


def scale_of(document: dict[str, Any]) -> list[float]:
    """Give the pixel sizes of the first level."""
    multiscale = document["attributes"]["ome"]["multiscales"][0]
    scale = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
    return cast("list[float]", scale)


def inner_codecs(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the codecs of an array's chunks."""
    return cast("list[dict[str, Any]]", document["codecs"][0]["configuration"]["codecs"])


@dataclass(frozen=True, slots=True)
class Damage:
    """A way for a target's documents or files to be damaged, and what is said of it."""

    id: str
    spoil: Callable[[Path], object]
    rule: str
    path: str
    says: tuple[str, ...]
    level: str = "quick"


GROUP, ARRAY = "zarr.json", "0/zarr.json"
POINTER = "/attributes/ome/multiscales/0/datasets/0/coordinateTransformations/0/scale/3"

DAMAGES = (
    Damage(
        "attribute-changed",
        edit(GROUP, lambda d: scale_of(d).__setitem__(3, 0.26)),
        "attribute-differs",
        "",
        (POINTER, "0.26", "0.25"),
    ),
    Damage(
        "attribute-removed",
        edit(GROUP, lambda d: d["attributes"]["ome"]["omero"].pop("rdefs")),
        "attribute-differs",
        "",
        ("/attributes/ome/omero/rdefs", "missing"),
    ),
    Damage(
        "attribute-added",
        edit(GROUP, lambda d: d["attributes"].update({"mine": 1})),
        "attribute-differs",
        "",
        ("/attributes/mine", "not in the source"),
    ),
    Damage(
        "version-removed",
        edit(GROUP, lambda d: d["attributes"]["ome"].pop("version")),
        "attribute-differs",
        "",
        ("/attributes/ome/version",),
    ),
    Damage(
        "label-attribute-changed",
        edit(
            "labels/cells/zarr.json",
            lambda d: d["attributes"]["ome"]["image-label"].update({"colors": []}),
        ),
        "attribute-differs",
        "labels/cells",
        ("/attributes/ome/image-label/colors",),
    ),
    Damage(
        "attribute-of-an-array",
        edit(ARRAY, lambda d: d["attributes"].update({"mine": 1})),
        "attribute-differs",
        "0",
        ("/attributes/mine",),
    ),
    Damage(
        "fill-value-changed",
        edit(ARRAY, lambda d: d.update({"fill_value": 7})),
        "array-differs",
        "0",
        ("fill", "7", "0"),
    ),
    Damage(
        "shape-changed",
        edit(ARRAY, lambda d: d.update({"shape": [1, 2, 1, 16, 20]})),
        "array-differs",
        "0",
        ("shape", "20", "24"),
    ),
    Damage(
        "data-type-changed",
        edit(ARRAY, lambda d: d.update({"data_type": "int16"})),
        "array-differs",
        "0",
        ("int16", "uint16"),
    ),
    Damage(
        "byte-order-changed",
        edit(ARRAY, lambda d: inner_codecs(d)[0]["configuration"].update({"endian": "big"})),
        "chunk-differs",
        "0",
        ("values differ",),
    ),
    Damage(
        "keys-changed",
        edit(
            ARRAY,
            lambda d: d.update(
                {
                    "chunk_key_encoding": {
                        "name": "default",
                        "configuration": {"separator": "."},
                    }
                }
            ),
        ),
        "object-missing",
        "0",
        ("c.0.0.0.0.0",),
    ),
    Damage("document-of-an-array-missing", remove(ARRAY), "node-missing", "0", (ARRAY,)),
    Damage(
        "document-of-a-group-missing",
        remove("tables/zarr.json"),
        "node-missing",
        "tables",
        ("tables/zarr.json",),
    ),
    Damage(
        "document-cut-short",
        replace(ARRAY, b'{"zarr_format": 3,\n'),
        "document-unreadable",
        "0",
        ("line 2",),
    ),
    Damage(
        "document-of-another-kind",
        replace(ARRAY, b'{"zarr_format": 3, "node_type": "group"}'),
        "node-kind",
        "0",
        ("array",),
    ),
    Damage(
        "document-without-members",
        replace(ARRAY, b'{"zarr_format": 3, "node_type": "array"}'),
        "document-unreadable",
        "0",
        (),
    ),
    Damage(
        "member-that-readers-must-understand",
        edit(ARRAY, lambda d: d.update({"secret": {"must_understand": True}})),
        "document-unreadable",
        "0",
        ("secret",),
    ),
    Damage(
        "storage-transformer",
        edit(ARRAY, lambda d: d.update({"storage_transformers": [{"name": "secret"}]})),
        "document-unreadable",
        "0",
        ("storage_transformers",),
    ),
    Damage("file-removed", remove("notes/README.md"), "file-missing", "notes/README.md", ()),
    Damage(
        "file-changed",
        replace("notes/README.md", b"# the Experiment\n"),
        "file-differs",
        "notes/README.md",
        (),
    ),
    Damage(
        "file-shortened",
        replace("notes/README.md", b"# the"),
        "file-differs",
        "notes/README.md",
        ("5 bytes", "17"),
    ),
    Damage(
        "file-in-an-array-changed",
        replace("0/thumbnail.png", bytes(4096)),
        "file-differs",
        "0/thumbnail.png",
        (),
    ),
    Damage(
        "large-file-changed-at-its-start",
        flip_in_large_file(9),
        "file-differs",
        "notes/large.bin",
        (),
    ),
    Damage(
        "large-file-changed-at-its-end",
        flip_in_large_file(-9),
        "file-differs",
        "notes/large.bin",
        (),
    ),
    Damage(
        "large-file-changed-within",
        flip_in_large_file(1_500_000),
        "file-differs",
        "notes/large.bin",
        (),
        "full",
    ),
)


@pytest.mark.parametrize("level", ["quick", "full"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.id)
def test_damage_is_found_and_named(
    damage: Damage, level: str, lifted: Path, tmp_path: Path
) -> None:
    """Each change of a document or file is found from its level on, with its path and place."""
    target = shutil.copytree(lifted / "target.zarr", tmp_path / "target.zarr")
    damage.spoil(target)

    proof = zl.verify(lifted / "source.zarr", target, level=level)

    if level == "quick" != damage.level:
        assert proof.equal
        return
    assert not proof.equal
    (found, *_) = [f for f in proof.findings if (f.rule, f.path) == (damage.rule, damage.path)]
    assert found.severity == "error"
    assert [part for part in damage.says if part not in found.message] == []


def test_dimension_names_lost_are_told(lifted: Path, tmp_path: Path) -> None:
    """Names of axes are no data, so that their loss is a warning."""
    target = shutil.copytree(lifted / "target.zarr", tmp_path / "target.zarr")
    edit(ARRAY, lambda d: d.pop("dimension_names"))(target)

    (found,) = zl.verify(lifted / "source.zarr", target).findings

    assert (found.rule, found.path, found.severity) == ("dimension-names", "0", "warning")


@pytest.mark.parametrize("path", ["mine.txt", "notes/mine.txt", "mine/array/zarr.json"])
def test_stray_files_beside_the_nodes_are_told(path: str, lifted: Path, tmp_path: Path) -> None:
    """What someone laid beside the nodes is named; the data is the source's all the same."""
    target = shutil.copytree(lifted / "target.zarr", tmp_path / "target.zarr")
    write_file(target / path, b"{}")

    proof = zl.verify(lifted / "source.zarr", target)

    (found,) = proof.findings
    assert (found.rule, found.severity) == ("file-stray", "warning")
    assert path.startswith(found.path)


def test_document_of_the_root_missing_is_no_dataset(lifted: Path, tmp_path: Path) -> None:
    """Without its root a target is not a dataset, which is an error and no finding."""
    target = shutil.copytree(lifted / "target.zarr", tmp_path / "target.zarr")
    (target / "zarr.json").unlink()

    assert_refused(zarrlift("verify", lifted / "source.zarr", target), "no Zarr v3 dataset")


@pytest.mark.parametrize("level", ["quick", "full", "decode"])
def test_whole_target_is_equal(level: str, lifted: Path) -> None:
    """A whole target gives exit code 0, says how far it was looked at, and is not changed."""
    before = tree(lifted)

    ran = zarrlift("verify", lifted / "source.zarr", lifted / "target.zarr", "--level", level)

    assert ran.code == 0, ran.said
    assert f"equal, at level {level}" in ran.out
    assert "NOT" not in ran.out
    assert "Unchecked" in ran.out
    assert tree(lifted) == before


def test_quick_says_what_it_leaves_unchecked(lifted: Path) -> None:
    """The quick level says how many chunks were not read, and that none was decoded."""
    ran = zarrlift("verify", lifted / "source.zarr", lifted / "target.zarr", "--json")
    said = zarrlift("verify", lifted / "source.zarr", lifted / "target.zarr").out

    checked = json.loads(ran.out)["checked"]
    left = checked["chunks"] - checked["compared"]
    assert 0 < checked["compared"] < checked["chunks"]
    assert f"Unchecked  the bytes of {left} chunks" in said
    assert "not decoded" in said


def test_full_reads_every_chunk_and_decode_decodes_it(lifted: Path) -> None:
    """The higher levels compare as many chunks as there are, and the highest decodes them."""
    source, target = lifted / "source.zarr", lifted / "target.zarr"
    chunks = sum(1 for p in source.rglob("*") if p.is_file() and p.name.isdigit())

    full = zl.verify(source, target, level="full")
    decoded = zl.verify(source, target, level="decode")

    assert full.chunks == full.compared == chunks
    assert full.decoded < chunks
    assert decoded.chunks == decoded.compared == decoded.decoded == chunks


def test_damaged_target_in_text_and_json(lifted: Path, tmp_path: Path) -> None:
    """The command gives exit code 1, the same findings in both forms, and fits 80 columns."""
    target = shutil.copytree(lifted / "target.zarr", tmp_path / "target.zarr")
    (target / "1/c/0/1/0/0/1").unlink()
    remove("notes/README.md")(target)

    said = zarrlift("verify", lifted / "source.zarr", target)
    ran = zarrlift("verify", lifted / "source.zarr", target, "--json")

    assert (said.code, ran.code) == (1, 1)
    answer = json.loads(ran.out)
    assert answer["kind"] == "zarrlift-verification"
    assert answer["schema"] == 1
    assert answer["equal"] is False
    assert [(f["rule"], f["path"], f["chunk"]) for f in answer["findings"]] == [
        ("object-missing", "1", [0, 1, 0, 0, 2]),
        ("file-missing", "notes/README.md", None),
    ]
    assert "NOT equal: 2 differences" in said.out
    assert "1 chunk 0,1,0,0,2: object 1/c/0/1/0/0/1 is missing" in said.out
    assert widest(said.out.replace(str(tmp_path), "").replace(str(lifted), "")) <= 80


def test_lift_without_verification_says_so(lifted: Path, tmp_path: Path) -> None:
    """With --verify none nothing is proved, and the report does not say otherwise."""
    ran = zarrlift("convert", lifted / "source.zarr", tmp_path / "target.zarr", "--verify", "none")

    assert ran.code == 0, ran.said
    assert "none was asked for" in ran.out
    assert "equal" not in ran.out
    assert "Before deleting the source" in ran.out
    assert "may go" not in ran.out
