"""Every trap upgraded in place: the same voxels under v3's documents, and the way back."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import zarr

import zarrlift as zl
from tests.functional.runs import times, tree
from tests.judges import (
    all_schema_problems,
    complaint_of,
    ome_zarr_models_problems,
    yaozarrs_problems,
)
from tests.oracles import (
    Values,
    assert_same_voxels,
    every_array,
    first_difference,
    source_values,
    tensorstore_values,
    zarr_values,
)
from tests.traps import REFUSED, TRAPS, Trap
from zarrlift.errors import SourceError

SIGN_OF_ZERO_LOST = "fill-minus-zero"
"""zarr-python takes an array with fill value -0.0 for an equal one that it read before."""
OURS = ".zarrlift"


def arrays(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give path and document of each v2 array."""
    for document in sorted(root.rglob(".zarray")):
        yield document.parent.relative_to(root).as_posix(), read(document)


def read(document: Path) -> dict[str, Any]:
    """Read a JSON document."""
    return cast("dict[str, Any]", json.loads(document.read_text(encoding="utf-8")))


def is_shared(array: Mapping[str, Any]) -> bool:
    """Tell whether v3 readers share the codecs of a v2 array."""
    filters = [codec["id"] for codec in array["filters"] or ()]
    compressor = array["compressor"] or {"id": None}
    plain = not filters or (len(filters) == 1 and filters[0].startswith("vlen-"))
    known = compressor["id"] in {None, "blosc", "zstd", "gzip"}
    return plain and known and compressor.get("cname") != "snappy"


def unshared(root: Path) -> list[str]:
    """Give the arrays that cannot stay as they are."""
    return [path for path, array in arrays(root) if not is_shared(array)]


def without_ours(held: Mapping[str, str]) -> dict[str, str]:
    """Leave out what an upgrade adds: the documents of v3 and the undo record."""
    return {
        key: content
        for key, content in held.items()
        if key.rpartition("/")[2] != "zarr.json" and key.split("/")[0] != OURS
    }


@dataclass(frozen=True, slots=True)
class Case:
    """A trap, upgraded; arrays that cannot be are left out."""

    trap: Trap
    root: Path
    before: Mapping[str, str]
    stamps: Mapping[str, int]
    left_out: tuple[str, ...]
    made: zl.Upgraded

    @property
    def kept(self) -> list[str]:
        """Give the arrays that were upgraded."""
        return [path for path, _ in arrays(self.root) if path not in self.left_out]


@pytest.fixture(scope="module", name="case", params=TRAPS, ids=[t.id for t in TRAPS])
def make_case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Each trap, upgraded once."""
    trap: Trap = request.param
    root = tmp_path_factory.mktemp("upgrade") / "data.zarr"
    trap.build(root)
    left = tuple(unshared(root))
    before, stamps = tree(root), times(root)
    made = zl.upgrade(root, exclude=left, plain_zarr=True)
    return Case(trap, root, before, stamps, left, made)


def test_upgrade_is_done_and_touches_nothing_else(case: Case) -> None:
    """Beside the new documents and the record all is as it was, time stamps of files included."""
    after = times(case.root)
    files = {p for p in case.stamps if Path(p).is_file()}

    assert case.made.possible
    assert case.made.written == case.made.documents > 0
    assert without_ours(tree(case.root)) == case.before
    assert {p: after[p] for p in files} == {p: case.stamps[p] for p in files}
    assert sorted(p.name for p in (case.root / OURS).iterdir()) == ["undo"]


def test_voxels_are_the_same(case: Case) -> None:
    """Zarr-python and tensorstore read every array under v3's document as v2's describes it."""
    for path in case.kept:
        if case.trap.id == SIGN_OF_ZERO_LOST:
            found = tensorstore_values(case.root / path)
            assert first_difference(source_values(case.root / path), found) is None
        else:
            assert_same_voxels(case.root / path, case.root / path)


def test_every_node_has_its_document(case: Case) -> None:
    """Each v2 node, and each folder above one, is a v3 node; what is left out is none."""
    due = {"."}
    for name in (".zarray", ".zgroup", ".zattrs"):
        for document in case.root.rglob(name):
            node = document.parent.relative_to(case.root)
            if node.as_posix() not in case.left_out:
                due |= {node.as_posix(), *(above.as_posix() for above in node.parents)}
    found = {d.parent.relative_to(case.root).as_posix() for d in case.root.rglob("zarr.json")}

    assert found == due
    assert case.made.documents == len(due)


def test_documents_keep_chunks_where_they_are(case: Case) -> None:
    """Arrays have v2's keys, v2's chunks and no shards."""
    for path in case.kept:
        old, new = read(case.root / path / ".zarray"), read(case.root / path / "zarr.json")
        assert new["chunk_key_encoding"]["name"] == "v2"
        assert new["chunk_grid"]["configuration"]["chunk_shape"] == old["chunks"]
        assert "sharding_indexed" not in {codec["name"] for codec in new["codecs"]}


JUDGES: Mapping[str, Callable[[Path], list[str]]] = {
    "schemas": all_schema_problems,
    "yaozarrs": yaozarrs_problems,
    "ome-zarr-models": ome_zarr_models_problems,
}


@pytest.mark.parametrize("judge", JUDGES)
def test_judges_are_content(case: Case, judge: str) -> None:
    """A judge finds no more than what is known of the source, of the judge, or is left out."""
    problems = JUDGES[judge](case.root)
    assert not problems or complaint_of(judge, case.trap.id) or case.left_out


def test_again_is_already_done(case: Case) -> None:
    """The same call again finds nothing to do, and changes nothing."""
    before, stamps = tree(case.root), times(case.root)

    again = zl.upgrade(case.root, exclude=case.left_out, plain_zarr=True)

    assert again.already
    assert (tree(case.root), times(case.root)) == (before, stamps)


TAKEN = [t for t in TRAPS if t.topic in {"image", "labels", "plate", "collection", "names"}]
TAKEN += [t for t in TRAPS if t.topic in {"layout", "foreign"}]


@pytest.mark.parametrize("drop", [False, True], ids=["beside", "dropped"])
@pytest.mark.parametrize("trap", TAKEN, ids=lambda trap: trap.id)
def test_undo_brings_everything_back(trap: Trap, drop: bool, tmp_path: Path) -> None:
    """Undo restores every byte, mode and time of a file, whether v2's documents stayed or not."""
    root = tmp_path / "data.zarr"
    trap.build(root)
    left = unshared(root)
    before, stamps = tree(root), {p: t for p, t in times(root).items() if Path(p).is_file()}
    due = {p: source_values(root / p) for p, _ in arrays(root) if p not in left}
    made = zl.upgrade(root, exclude=left, plain_zarr=True, drop_v2=drop)
    if drop:
        assert made.removed
        assert_opens_as_v3_only(root, due, left)

    undone = zl.undo(root)

    assert tree(root) == before
    assert {p: times(root)[p] for p in stamps} == stamps
    assert (undone.removed, undone.restored) == (made.documents, made.removed)


def assert_opens_as_v3_only(root: Path, due: Mapping[str, Values], left: list[str]) -> None:
    """Assert that no document of v2 is left where one of v3 is, and voxels are those of before."""
    held = [d for name in (".zarray", ".zgroup") for d in root.rglob(name)]
    nodes = {d.parent.relative_to(root).as_posix() for d in held if OURS not in d.parts}
    assert nodes <= set(left)
    for path, values in due.items():
        if read(root / path / "zarr.json")["data_type"] in ("string", "bytes"):
            continue
        if not isinstance(read(root / path / "zarr.json")["data_type"], str):
            continue
        difference = first_difference(values, zarr_values(root / path))
        assert difference is None, f"{path}: {difference}"


RECODED = [t for t in TRAPS if t.topic == "recoded"]


@pytest.mark.parametrize("trap", RECODED, ids=lambda trap: trap.id)
def test_codecs_that_readers_do_not_share_are_refused(trap: Trap, tmp_path: Path) -> None:
    """One array with such a codec stops it all before anything is written, by name and cause."""
    root = tmp_path / "data.zarr"
    trap.build(root)
    before, left = tree(root), unshared(root)

    with pytest.raises(SourceError) as caught:
        zl.upgrade(root, plain_zarr=True)

    assert [path for path in left if path not in caught.value.message] == []
    assert "not shared by v3 readers" in caught.value.message
    assert "zarrlift convert" in str(caught.value)
    assert "--exclude" in str(caught.value)
    assert tree(root) == before
    dry = zl.upgrade(root, plain_zarr=True, dry_run=True)
    assert [f.path for f in dry.findings if f.rule == "codec-unshared"] == left
    assert not dry.possible


@pytest.mark.parametrize("trap", REFUSED, ids=lambda trap: trap.id)
def test_arrays_without_a_v3_form_are_refused(trap: Trap, tmp_path: Path) -> None:
    """What convert refuses for its document is refused here too, before anything is written."""
    root = tmp_path / "data.zarr"
    trap.build(root)
    before = tree(root)

    with pytest.raises(SourceError):
        zl.upgrade(root, plain_zarr=True)

    assert tree(root) == before


@pytest.mark.parametrize("kind", ["image", "labels", "plate", "collection"])
def test_demos_are_upgraded(kind: str, tmp_path: Path) -> None:
    """Each demo opens as v2 and as v3 with the same voxels, but for what has to be left out."""
    root = tmp_path / "demo.zarr"
    zl.demo(root, kind=kind, size="1MiB")
    left = unshared(root)
    made = zl.upgrade(root, exclude=left)

    assert made.possible
    for path in every_array(root):
        if path not in left:
            assert_same_voxels(root / path, root / path)
            old = zarr.open_array(store=str(root / path), mode="r", zarr_format=2)
            assert first_difference(source_values(root / path), np.asarray(old[...])) is None
    if not left:
        assert [judge for judge, problems in JUDGES.items() if problems(root)] == []


def test_readers_see_both_versions_as_the_guide_says(tmp_path: Path) -> None:
    """Beside v2's documents zarr-python warns and takes v3; after --drop-v2 it is silent."""
    root = tmp_path / "demo.zarr"
    zl.demo(root, size="1MiB")
    zl.upgrade(root)

    with pytest.warns(UserWarning, match=r"[Bb]oth"):
        assert zarr.open_group(store=str(root), mode="r").metadata.zarr_format == 3
    assert zarr.open_group(store=str(root), mode="r", zarr_format=2).attrs["multiscales"]
    zl.upgrade(root, drop_v2=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert zarr.open_group(store=str(root), mode="r").metadata.zarr_format == 3
