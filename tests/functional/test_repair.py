"""Repairs of whole datasets: what is written, what judges say, and the way back."""

from __future__ import annotations

import json
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore as ts
import zarr

import zarrlift as zl
from tests.breaks import (
    BREAKS,
    Break,
    documents,
    edited,
    members,
    named,
    removing,
    stating,
    write_base,
    write_flat,
    write_labelled,
)
from tests.build import sample, write_file, write_json
from tests.build_ome import write_image, write_plate
from tests.functional.runs import in_process, tree
from tests.judges import all_schema_problems, ome_zarr_models_problems, yaozarrs_problems
from zarrlift.metadata import v3
from zarrlift.repair.run import REPAIRS
from zarrlift.repair.versions import moved
from zarrlift.store.folder import Folder
from zarrlift.survey.given import hierarchy
from zarrlift.survey.look import look
from zarrlift.validate.run import all_rules, check

Bases = Callable[[str, str], Path]


@pytest.fixture(name="bases", scope="module")
def make_bases(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    """Valid datasets by kind and version, each written once."""
    made: dict[tuple[str, str], Path] = {}

    def base(kind: str, version: str) -> Path:
        if (kind, version) not in made:
            folder = tmp_path_factory.mktemp("bases")
            made[kind, version] = write_base(kind, version, folder)
        return made[kind, version]

    return base


def copied(base: Path, target: Path) -> Path:
    """Copy a dataset, to be changed."""
    return Path(shutil.copytree(base, target))


def problems(root: Path, version: str) -> list[str]:
    """Give what judges find in a dataset; those of 0.5 know that version only."""
    found = all_schema_problems(root, version)
    if version == "0.5":
        found += [*yaozarrs_problems(root), *ome_zarr_models_problems(root)]
    return found


@pytest.mark.parametrize("broken", BREAKS, ids=[b.id for b in BREAKS])
def test_what_was_broken_is_put_right(broken: Break, bases: Bases, tmp_path: Path) -> None:
    """After it the documents say what they said before, again changes nothing, undo is exact."""
    base = bases(broken.base, broken.version)
    root = copied(base, tmp_path / "a.zarr")
    broken.make(root)
    before = tree(root)
    assert documents(root) != documents(base)
    answered = {rule for r in REPAIRS if r.id in broken.repairs for rule in r.answers}

    made = zl.repair(root)

    assert documents(root) == documents(base)
    assert {r for change in made.changes for r in change.repairs} == broken.repairs
    assert (made.findings, made.remaining, made.version) == ((), (), broken.version)
    assert problems(root, broken.version) == []
    assert not answered & {finding.rule for finding in check(look(Folder(root)))}
    assert zl.repair(root).already
    undone = zl.undo(root)
    assert (undone.repair, undone.left) == (True, 0)
    assert undone.removed + undone.restored == len(made.changes)
    assert tree(root) == before


def test_repairs_answer_rules_that_there_are() -> None:
    """Each rule that a repair says it answers is one of validation."""
    known = {rule.id for rule in all_rules()}
    if not known:
        pytest.skip("no rules yet")

    assert {rule for repair in REPAIRS for rule in repair.answers} <= known


@pytest.mark.parametrize("kind", ["image", "plate", "collection"])
@pytest.mark.parametrize("version", ["0.4", "0.5", "0.6"])
def test_valid_dataset_is_left_alone(kind: str, version: str, bases: Bases, tmp_path: Path) -> None:
    """Where nothing is wrong nothing is written, not even a record."""
    root = copied(bases(kind, version), tmp_path / "a.zarr")
    before = tree(root)

    made = zl.repair(root)

    assert (made.already, made.recorded, made.valid) == (True, False, True)
    assert tree(root) == before


def test_all_at_once(bases: Bases, tmp_path: Path) -> None:
    """Several things wrong with one document are put right together, in one record."""
    base = bases("plate", "0.5")
    root = copied(base, tmp_path / "a.zarr")
    wrong = [b for b in BREAKS if b.id.startswith("plate-0.5-") and not b.id.endswith("preview")]
    for make in [*(broken.make for broken in wrong), stating(0.5), named(None)]:
        make(root)
    before = tree(root)

    made = zl.repair(root)

    assert documents(root) == documents(base)
    by_key = {change.key: change.repairs for change in made.changes}
    assert set(by_key["zarr.json"]) == {"version-spelled", "version-repeated", "indices-added"}
    assert zl.undo(root).left == 0
    assert tree(root) == before


# --- what other programs leave -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "array"), [("image", "labels/cells/0"), ("plate", "A/1/0/0"), ("collection", "1/0")]
)
def test_output_of_zarr_migrate(kind: str, array: str, bases: Bases, tmp_path: Path) -> None:
    """A hierarchy that zarr-python migrated becomes OME-Zarr 0.5, with the same voxels."""
    from zarr.metadata.migrate_v3 import migrate_v2_to_v3  # noqa: PLC0415 - loads a command line

    root = copied(bases(kind, "0.4"), tmp_path / "a.zarr")
    due: Any = zarr.open_group(root, mode="r", zarr_format=2)[array]
    voxels = due[...]
    migrate_v2_to_v3(input_store=zarr.storage.LocalStore(root))
    for path in root.rglob(".z*"):
        path.unlink()
    before = tree(root)
    assert ome_zarr_models_problems(root)

    made = zl.repair(root)

    assert {r for c in made.changes for r in c.repairs} == {"ome-moved", "dimensions-named"}
    assert problems(root, "0.5") == []
    opened: Any = zarr.open_group(root, mode="r", zarr_format=3)
    np.testing.assert_array_equal(opened[array][...], voxels)
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(root / array)}}
    np.testing.assert_array_equal(ts.open(spec).result().read().result(), voxels)
    zl.undo(root)
    assert tree(root) == before


def test_output_like_that_of_the_challenge(bases: Bases, tmp_path: Path) -> None:
    """What its converter leaves is completed: labels without a version, an OME folder alone."""
    image = copied(bases("image", "0.5"), tmp_path / "image.zarr")
    edited(image / "labels" / "zarr.json", lambda held: members(held).pop("version"))
    collection = copied(bases("collection", "0.5"), tmp_path / "collection.zarr")
    removing("OME/zarr.json")(collection)
    assert ome_zarr_models_problems(image)

    assert [c.key for c in zl.repair(image).changes] == ["labels/zarr.json"]
    assert [c.key for c in zl.repair(collection).changes] == ["OME/zarr.json"]

    assert problems(image, "0.5") == problems(collection, "0.5") == []
    held = json.loads((collection / "OME" / "zarr.json").read_bytes())
    assert held["attributes"] == {"ome": {"version": "0.5", "series": ["0", "1"]}}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_output_of_ome_zarr_py(version: str, tmp_path: Path) -> None:
    """What ome-zarr-py writes is valid before, or after."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its own ways
        from ome_zarr.format import format_from_version  # noqa: PLC0415 - slow to load
        from ome_zarr.writer import write_image as write  # noqa: PLC0415 - as above

        fmt = format_from_version(version)
        group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=fmt.zarr_format)
        write(np.zeros((2, 16, 16), "u1"), group, axes="cyx", fmt=fmt)

    made = zl.repair(tmp_path / "a.zarr")

    assert made.valid
    assert problems(tmp_path / "a.zarr", version) == []


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_output_of_ngff_zarr(version: str, tmp_path: Path) -> None:
    """What ngff-zarr writes, consolidated, is valid before, or after, and is found up to date."""
    import ngff_zarr as nz  # noqa: PLC0415 - slow to load

    image = nz.to_ngff_image(np.zeros((16, 16), "u1"), dims=["y", "x"])
    scaled = nz.to_multiscales(image, scale_factors=[2])
    nz.to_ngff_zarr(str(tmp_path / "a.zarr"), scaled, version=version)

    made = zl.repair(tmp_path / "a.zarr")

    assert made.valid
    assert not any("consolidated-refreshed" in c.repairs for c in made.changes)
    assert problems(tmp_path / "a.zarr", version) == []


# --- arrays --------------------------------------------------------------------------------------


def test_data_is_seen_again(tmp_path: Path) -> None:
    """With the separator that the keys have, readers find the chunks that they missed."""
    root = write_labelled(tmp_path / "a.zarr")
    due: Any = zarr.open_array(root / "0", mode="r", zarr_format=2)
    voxels = due[...]
    edited(root / "0" / ".zarray", lambda held: held.pop("dimension_separator"))
    blind: Any = zarr.open_array(root / "0", mode="r", zarr_format=2)
    assert not blind[...].any()

    assert [c.key for c in zl.repair(root).changes] == ["0/.zarray"]

    seen: Any = zarr.open_array(root / "0", mode="r", zarr_format=2)
    np.testing.assert_array_equal(seen[...], voxels)


def test_flat_keys_under_a_slash(tmp_path: Path) -> None:
    """A stated separator that the keys disprove is put right too, also of an array alone."""
    root = write_flat(tmp_path / "a.zarr")

    zl.repair(root)

    opened: Any = zarr.open_array(root, mode="r", zarr_format=2)
    np.testing.assert_array_equal(opened[...], sample((8, 8), "<u2"))


def test_key_encoding_of_a_migrated_array(tmp_path: Path) -> None:
    """A v3 array with v2's keys has its separator put right in the same way."""
    root = write_image(tmp_path / "a.zarr", [sample((1, 1, 1, 8, 16), "<u2")])
    zl.upgrade(root, drop_v2=True)
    shutil.rmtree(root / ".zarrlift")
    before = documents(root)

    def change(held: dict[str, Any]) -> None:
        held["chunk_key_encoding"]["configuration"]["separator"] = "."

    edited(root / "0" / "zarr.json", change)
    zl.repair(root)

    assert documents(root) == before


@pytest.mark.parametrize(
    ("version", "names"), [("0.5", "tczxy"), ("0.6", "tczxy"), ("0.6", "TCZYX")]
)
def test_names_that_may_be_right_are_left_to_a_person(
    version: str, names: str, bases: Bases, tmp_path: Path
) -> None:
    """Such are names in another order than the axes, and in 0.6 others, which it allows."""
    root = copied(bases("image", version), tmp_path / "a.zarr")
    named([*names])(root)
    before = tree(root)

    made = zl.repair(root)

    assert made.already
    assert {(f.rule, f.path) for f in made.findings} == {
        ("repair-undecided", path) for path in ("0", "1", "labels/cells/0", "labels/cells/1")
    }
    assert tree(root) == before


@pytest.mark.parametrize("version", ["0.4", "0.5", "0.6"])
def test_images_of_other_pixels_are_not_listed_as_labels(
    version: str, bases: Bases, tmp_path: Path
) -> None:
    """A map of probabilities may lie in `labels`; napari cannot open it as a label image."""
    root = copied(bases("image", version), tmp_path / "a.zarr")
    name = ".zattrs" if version == "0.4" else "zarr.json"
    edited(root / "labels" / name, lambda held: members(held).pop("labels"))
    typed = {"data_type": "float32", "fill_value": 0.0} if version != "0.4" else {"dtype": "<f4"}
    name = ".zarray" if version == "0.4" else "zarr.json"
    for level in ("0", "1"):
        edited(root / "labels" / "cells" / level / name, lambda held: held.update(typed))
    before = tree(root)

    made = zl.repair(root)

    assert made.already
    assert [(f.rule, f.path) for f in made.findings] == [("repair-undecided", "labels")]
    assert "cells is not of whole numbers" in made.findings[0].message
    assert tree(root) == before


# --- consolidated metadata -----------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_consolidated_metadata_is_made_anew(version: str, bases: Bases, tmp_path: Path) -> None:
    """What zarr-python consolidated is up to date; once stale, readers see the truth again."""
    root = copied(bases("image", version), tmp_path / "a.zarr")
    zarr.consolidate_metadata(root)
    assert zl.repair(root).already
    node = root / "labels" / "cells" / (".zattrs" if version == "0.4" else "zarr.json")
    edited(node, lambda held: members(held)["image-label"].update(source={"image": "../other"}))
    stale: Any = zarr.open_group(root, mode="r")["labels/cells"].attrs.asdict()
    assert "other" not in json.dumps(stale)
    before = tree(root)

    made = zl.repair(root)

    assert [c.repairs for c in made.changes] == [("consolidated-refreshed",)]
    fresh: Any = zarr.open_consolidated(root)["labels/cells"].attrs.asdict()
    assert "../other" in json.dumps(fresh)
    np.testing.assert_array_equal(
        np.asarray(zarr.open_consolidated(root)["labels/cells/0"]),
        np.asarray(zarr.open_group(root, mode="r", use_consolidated=False)["labels/cells/0"]),
    )
    assert zl.repair(root).already
    zl.undo(root)
    assert tree(root) == before


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("lost", ["document", "folder"])
def test_consolidated_metadata_may_be_all_that_tells_of_an_array(
    version: str, lost: str, bases: Bases, tmp_path: Path
) -> None:
    """Where chunks lie without a document it is left to a person; where nothing lies it goes."""
    root = copied(bases("image", version), tmp_path / "a.zarr")
    zarr.consolidate_metadata(root)
    if lost == "folder":
        shutil.rmtree(root / "1")
    else:
        (root / "1" / (".zarray" if version == "0.4" else "zarr.json")).unlink()
    before = tree(root)

    made = zl.repair(root)

    if lost == "folder":
        assert [c.repairs for c in made.changes] == [("consolidated-refreshed",)]
        assert "1" not in zarr.open_group(root, mode="r", use_consolidated=True)
        return
    assert made.already
    assert ["it alone tells of 1" in f.message for f in made.findings] == [True]
    assert tree(root) == before
    level = zarr.open_group(root, mode="r", use_consolidated=True)["1"]
    assert isinstance(level, zarr.Array)
    assert np.any(np.asarray(level[...]))


def test_consolidated_metadata_follows_other_repairs(bases: Bases, tmp_path: Path) -> None:
    """A repair that is asked for alone does not leave consolidated metadata stale."""
    root = copied(bases("image", "0.5"), tmp_path / "a.zarr")
    named(None)(root)
    stating(0.5)(root)
    zarr.consolidate_metadata(root)

    made = zl.repair(root, only=["dimensions-named"])

    due = {"dimensions-named", "consolidated-refreshed"}
    assert {r for c in made.changes for r in c.repairs} == due
    held = json.loads((root / "zarr.json").read_bytes())
    inner = held["consolidated_metadata"]["metadata"]["0"]
    assert inner == json.loads((root / "0" / "zarr.json").read_bytes())
    assert held["attributes"]["ome"]["version"] == 0.5


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"metadata": 3, "note": 1}'])
def test_zmetadata_of_any_form_is_made_anew(content: bytes, tmp_path: Path) -> None:
    """One that cannot be read is replaced, since it says nothing of its own; undo restores it."""
    root = write_labelled(tmp_path / "a.zarr")
    write_file(root / ".zmetadata", content)

    zl.repair(root)

    assert zarr.open_consolidated(root)["labels/cells/0"].shape == (1, 2, 1, 8, 16)  # type: ignore[union-attr]
    assert zl.repair(root).already
    zl.undo(root)
    assert (root / ".zmetadata").read_bytes() == content


def test_zmetadata_that_is_no_file_is_told(tmp_path: Path) -> None:
    """What cannot be replaced by a document is told, and stays."""
    root = write_labelled(tmp_path / "a.zarr")
    (root / ".zmetadata").mkdir()

    made = zl.repair(root)

    assert made.already
    assert [f.message for f in made.findings] == [".zmetadata is a folder"]


# --- documents as they are written ---------------------------------------------------------------


def test_members_beside_are_moved_in_thousands_of_groups_at_once() -> None:
    """The version of the hierarchy is not looked for once more in each."""
    image = {"version": "0.5", "multiscales": [{"datasets": [{"path": "0"}]}]}
    files: dict[str, dict[str, object]] = {"zarr.json": v3.group_document({})}
    for number in range(2000):
        files[f"{number}/zarr.json"] = v3.group_document({"ome": image})
        files[f"{number}/labels/zarr.json"] = v3.group_document({"labels": ["cells"]})
    there = hierarchy(files)
    begun = time.monotonic()

    assert sum(1 for _ in moved(there)) == 2000
    assert time.monotonic() - begun < 3


def test_documents_keep_all_else(bases: Bases, tmp_path: Path) -> None:
    """Order, unknown members, numbers, indentation and escapes of a document stay."""
    root = copied(bases("image", "0.5"), tmp_path / "a.zarr")
    held = json.loads((root / "zarr.json").read_bytes())
    held = {"zarr_format": 3, "x-mine": [1e-7, 2**70, 0.1], **held}
    held["attributes"] = {"note": "µm", "ome": {**held["attributes"]["ome"], "version": 0.5}}
    text = json.dumps(held, indent=3)
    write_file(root / "zarr.json", text.encode() + b"\n")

    zl.repair(root, only=["version-spelled"])

    assert (root / "zarr.json").read_text() == text.replace(
        '"version": 0.5', '"version": "0.5"'
    ) + "\n"


@pytest.mark.parametrize(
    ("text", "lost"),
    [('"a": 1e400', "out of range"), ('"a": 1, "a": 2', "stands twice")],
)
def test_document_that_would_lose_something_is_refused(
    text: str, lost: str, bases: Bases, tmp_path: Path
) -> None:
    """A document that cannot be written again as it is stops the repair before it begins."""
    root = copied(bases("image", "0.5"), tmp_path / "a.zarr")
    stating(0.5)(root)
    held = (root / "zarr.json").read_text()
    (root / "zarr.json").write_text(held.replace("{", "{" + text + ",", 1))
    before = tree(root)

    ran = in_process("repair", root)

    assert ran.code == 3
    assert lost in ran.err
    assert tree(root) == before


def test_unreadable_document_is_told_and_kept(bases: Bases, tmp_path: Path) -> None:
    """What cannot be read is not replaced."""
    root = copied(bases("image", "0.4"), tmp_path / "a.zarr")
    write_file(root / "labels" / ".zattrs", b"{")

    made = zl.repair(root)

    assert made.already
    assert "not readable as JSON" in made.findings[0].message
    assert (root / "labels" / ".zattrs").read_bytes() == b"{"


def test_other_version_in_part_is_left_to_a_person(bases: Bases, tmp_path: Path) -> None:
    """Where groups state several versions, none is chosen for a group that states none."""
    root = copied(bases("image", "0.5"), tmp_path / "a.zarr")
    edited(root / "zarr.json", lambda held: members(held).update(version="0.6"))
    edited(root / "labels" / "zarr.json", lambda held: members(held).pop("version"))

    made = zl.repair(root)

    assert made.already
    assert [(f.path, f.rule) for f in made.findings] == [("labels", "repair-undecided")]


def test_preview_of_another_form_is_left_alone(bases: Bases, tmp_path: Path) -> None:
    """A preview of 0.6 whose transformations name systems by text is not the release."""
    root = copied(bases("image", "0.6"), tmp_path / "a.zarr")
    stating("0.6.dev2")(root)

    def change(held: dict[str, Any]) -> None:
        for level in members(held)["multiscales"][0]["datasets"]:
            level["coordinateTransformations"][0] |= {"input": level["path"], "output": "intrinsic"}

    edited(root / "zarr.json", change)
    before = tree(root)

    made = zl.repair(root)

    assert made.already
    assert "preview of 0.6" in made.findings[0].message
    assert tree(root) == before


def test_images_of_a_plate_are_not_put_in_order(tmp_path: Path) -> None:
    """The order of a plate's series is not guessed."""
    from tests.build_ome import write_collection  # noqa: PLC0415

    root = write_collection(tmp_path / "a.zarr", plate=True, series=False)
    zl.convert(root, tmp_path / "b.zarr")

    assert not [c for c in zl.repair(tmp_path / "b.zarr").changes if "OME" in c.key]


def test_numbers_that_do_not_follow_are_told(bases: Bases, tmp_path: Path) -> None:
    """A collection that lacks an image gets no list of series."""
    root = copied(bases("collection", "0.5"), tmp_path / "a.zarr")
    removing("OME/zarr.json")(root)
    (root / "0").rename(root / "7")

    made = zl.repair(root)

    assert made.already
    assert "not numbered from 0 on" in made.findings[0].message


@pytest.mark.parametrize("kind", ["collection", "image"])
def test_what_may_lie_behind_a_link_is_left_to_a_person(
    kind: str, bases: Bases, tmp_path: Path
) -> None:
    """A list of the images that are seen would take the others from readers."""
    root = copied(bases(kind, "0.4"), tmp_path / "a.zarr")
    folder, listed = (root, "OME") if kind == "collection" else (root / "labels", "labels")
    (root / listed / ".zattrs").unlink()
    (tmp_path / "elsewhere").mkdir()
    (folder / "more").symlink_to(tmp_path / "elsewhere")
    before = tree(root)

    made = zl.repair(root)

    assert tree(root) == before
    assert any("links lead to images that are not seen" in f.message for f in made.findings)


def test_foreign_group_beside_is_not_touched(bases: Bases, tmp_path: Path) -> None:
    """A group that is not OME-Zarr's keeps its own members called plate, well or labels."""
    root = copied(bases("image", "0.5"), tmp_path / "a.zarr")
    foreign = {"zarr_format": 3, "node_type": "group", "attributes": {"labels": ["a"], "plate": {}}}
    write_json(root / "tables" / "zarr.json", foreign)
    before = tree(root)

    made = zl.repair(root)

    assert made.already
    assert [f.path for f in made.findings] == ["tables"]
    assert tree(root) == before


def test_lost_images_are_not_made_groups(tmp_path: Path) -> None:
    """A group without multiscales in an image's place would only look as if it were meant."""
    write_plate(tmp_path, wells=("A/1", "A/2"), fields=1, rows_are_groups=False)
    for name in (".zgroup", ".zattrs"):
        (tmp_path / "A/1/0" / name).unlink()

    made = zl.repair(tmp_path)

    assert [change.key for change in made.changes] == ["A/.zgroup"]
    assert [(f.path, f.rule) for f in made.findings] == [("A/1/0", "repair-undecided")]
    assert "named as a well or image" in made.findings[0].message
