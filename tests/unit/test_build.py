"""The builders and oracles themselves: what one writes, the other and zarr-python read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr
from numcodecs.registry import get_codec

from tests.build import read_json, sample, write_json
from tests.damage import CHUNKS, DAMAGES, Damage
from tests.judges import (
    COMPLAINTS,
    all_schema_problems,
    ome_zarr_models_problems,
    schema_problems,
    yaozarrs_problems,
)
from tests.oracles import (
    assert_same_voxels,
    every_array,
    every_group,
    first_difference,
    source_values,
    zarr_values,
)
from tests.trap import Trap
from tests.traps import REFUSED, TRAPS, VERSIONS, find_trap, traps_of, write_huge
from tests.traps_arrays import PLANE

EVERY = (*TRAPS, *REFUSED, *VERSIONS)
LARGEST_TRAP = 32_000

KEYS_DISBELIEVED = {
    "keys-nested-undeclared",
    "keys-nested-declared-flat",
    "keys-flat-declared-nested",
}
"""zarr-python believes the document, finds no chunk, and reads zeros without a word."""

ZARR_CANNOT_READ = {
    "fill-complex-as-number",
    "dtype-u1-odd-spelling",
    "dtype-i1-odd-spelling",
    "dtype-b1-odd-spelling",
    "keys-flat-declared-nested-gaps",
    *KEYS_DISBELIEVED,
}
"""Traps that some release of zarr-python from 3.1 on refuses or misreads as v2."""

READABLE = [trap for trap in TRAPS if trap.id not in ZARR_CANNOT_READ]

DECODED = [d for d in DAMAGES if d.outcome != "silent" and not d.id.startswith("blosc-cut")]
"""Damages that decoding tells apart; numcodecs reads past the end of a blosc frame cut short."""


def by_id(case: Trap | Damage) -> str:
    """Name a case by its id."""
    return case.id


def files_of(folder: Path) -> dict[str, bytes]:
    """Give every file below a folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_ids_are_unique() -> None:
    """No two traps share an id, nor two damages, and complaints name traps that there are."""
    ids = [trap.id for trap in EVERY]

    assert len(ids) == len(set(ids))
    assert len(DAMAGES) == len({damage.id for damage in DAMAGES})
    assert {complaint.trap for complaint in COMPLAINTS} <= set(ids)


@pytest.mark.parametrize("trap", EVERY, ids=by_id)
def test_trap_is_small_and_the_same_each_time(trap: Trap, tmp_path: Path) -> None:
    """A trap is a few KB, and two runs write the same bytes."""
    trap.build(tmp_path / "first")
    trap.build(tmp_path / "second")
    files = files_of(tmp_path / "first")

    assert files == files_of(tmp_path / "second")
    assert sum(map(len, files.values())) < LARGEST_TRAP


@pytest.mark.filterwarnings("ignore:Found an empty list of filters")
@pytest.mark.parametrize("trap", READABLE, ids=by_id)
def test_zarr_python_reads_what_was_meant(trap: Trap, tmp_path: Path) -> None:
    """zarr-python and the plain decoder agree about every v2 array."""
    trap.build(tmp_path / "source")
    paths = list(every_array(tmp_path / "source"))

    assert paths
    for path in paths:
        folder = tmp_path / "source" / path
        found = np.asarray(zarr.open_array(store=str(folder), mode="r", zarr_format=2)[...])
        found = found.astype(object) if found.dtype.kind == "T" else found
        assert first_difference(source_values(folder), found) is None


@pytest.mark.parametrize("name", sorted(KEYS_DISBELIEVED))
def test_the_keys_decide_the_separator(name: str, tmp_path: Path) -> None:
    """The plain decoder finds chunks that the document's separator does not lead to."""
    find_trap(name).build(tmp_path)

    assert first_difference(sample(PLANE, "<u2"), source_values(tmp_path / "0")) is None


@pytest.mark.parametrize("trap", traps_of("dtype"), ids=by_id)
def test_values_survive_the_builder(trap: Trap, tmp_path: Path) -> None:
    """An array of each data type holds what was put in, in its own byte order."""
    trap.build(tmp_path)
    declared = np.dtype(str(read_json(tmp_path / "0" / ".zarray")["dtype"]))
    values = source_values(tmp_path / "0")

    assert values.dtype == declared
    if trap.id != "dtype-f4-odd-values":
        assert first_difference(sample(PLANE, declared.str), values) is None


def test_huge_image_is_documents_only(tmp_path: Path) -> None:
    """An image of 10^9 chunks takes four small files."""
    write_huge(tmp_path)

    assert sorted(files_of(tmp_path)) == [".zattrs", ".zgroup", "0/.zarray"]


@pytest.mark.parametrize("damage", DECODED, ids=by_id)
def test_damage_is_what_it_says(damage: Damage, tmp_path: Path) -> None:
    """What heals decodes to its right size; what is a finding does not."""
    chunk = damage.build(tmp_path)

    assert decodes_to_its_size(damage, chunk.read_bytes()) is (damage.outcome == "heals")


@pytest.mark.parametrize("damage", DAMAGES, ids=by_id)
def test_plain_decoder_refuses_findings(damage: Damage, tmp_path: Path) -> None:
    """The plain decoder reads no array with a chunk that is not whole."""
    damage.build(tmp_path)

    if damage.outcome == "finding":
        with pytest.raises((RuntimeError, ValueError, OSError, EOFError)):
            source_values(tmp_path / "0")
    elif damage.outcome == "heals":
        sound = sample(PLANE, damage.dtype)
        assert first_difference(sound, source_values(tmp_path / "0")) is None


def decodes_to_its_size(damage: Damage, raw: bytes) -> bool:
    """Tell whether numcodecs makes a whole chunk of some bytes."""
    try:
        decoded = get_codec(dict(damage.compressor)).decode(raw) if damage.compressor else raw
    except (RuntimeError, ValueError, OSError, EOFError):
        return False
    return len(decoded) == CHUNKS[0] * CHUNKS[1] * np.dtype(damage.dtype).itemsize


def test_all_readers_agree_on_one_folder_of_both_formats(tmp_path: Path) -> None:
    """The v2 and v3 documents over the same chunks give the same voxels."""
    find_trap("both-formats").build(tmp_path)

    assert_same_voxels(tmp_path / "0", tmp_path / "0")
    with pytest.raises(AssertionError, match="zarr-python"):
        assert_same_voxels(tmp_path / "0", tmp_path / "1")


@pytest.mark.parametrize(
    ("expected", "found", "differs"),
    [
        (np.array([1, 256], "<u2"), np.array([1, 256], ">u2"), False),
        (np.array([1, 256], "<u2"), np.array([256, 1], "<u2"), True),
        (np.array([1], "<u2"), np.array([1], "<i2"), True),
        (np.array([1], "<u2"), np.array([1], "<u4"), True),
        (np.zeros((1, 2)), np.zeros((2, 1)), True),
        (np.array([0.0]), np.array([-0.0]), True),
        (np.array([np.nan]), np.array([np.nan], ">f8"), False),
        (np.array([0x7FC00001], "<u4").view("<f4"), np.array([np.nan], "<f4"), True),
        (np.zeros((0, 3)), np.zeros((0, 3)), False),
        (np.array(5), np.array(5), False),
        (np.array(["a"], object), np.array(["b"], object), True),
    ],
)
def test_first_difference(
    expected: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    found: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    differs: bool,
) -> None:
    """Bits count; byte order does not."""
    assert (first_difference(expected, found) is not None) is differs


@pytest.mark.parametrize("name", ["version-0.4", "labels", "plate", "collection-plate"])
def test_schemas_accept_what_is_built(name: str, tmp_path: Path) -> None:
    """The official schemas of 0.4 find nothing in an image, a label, a plate, a collection."""
    find_trap(name).build(tmp_path)

    assert list(every_group(tmp_path))
    assert all_schema_problems(tmp_path, "0.4") == []


def test_schemas_find_what_is_broken(tmp_path: Path) -> None:
    """A schema of 0.5 names the member at fault, and finds another one by its `$ref`."""
    find_trap("already-0.5").build(tmp_path)
    assert schema_problems(tmp_path) == []
    document = read_json(tmp_path / "zarr.json")
    document["attributes"] = {"ome": {"version": "0.4", "multiscales": []}}
    write_json(tmp_path / "zarr.json", document)

    problems = "\n".join(schema_problems(tmp_path))

    assert "$.ome.multiscales" in problems
    assert "'0.4' is not one of ['0.5']" in problems


@pytest.mark.parametrize("problems_of", [yaozarrs_problems, ome_zarr_models_problems])
def test_peers_judge_an_image(problems_of: Callable[[Path], list[str]], tmp_path: Path) -> None:
    """A sound image of 0.5 has no problem; one whose level is gone has."""
    find_trap("already-0.5").build(tmp_path)
    assert problems_of(tmp_path) == []

    (tmp_path / "0" / "zarr.json").unlink()

    assert problems_of(tmp_path)


def test_zarr_python_reads_v3(tmp_path: Path) -> None:
    """The reader of v3 arrays opens one by its own format where both documents lie."""
    find_trap("both-formats").build(tmp_path)

    assert zarr_values(tmp_path / "0").dtype == np.dtype("<u2")
