"""Every trap arrives whole: values, nodes, attributes, files and, where v3 shares the codec, bytes.

What is compared is read from the source's own files here, by code that the converter has no part
in. Only the differences that OME-Zarr 0.5 asks for are let pass.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
import zarr

import zarrlift as zl
from tests.judges import (
    all_schema_problems,
    complaint_of,
    ome_zarr_models_problems,
    yaozarrs_problems,
)
from tests.oracles import assert_same_voxels, first_difference, source_values, tensorstore_values
from tests.traps import TRAPS, Trap

Json: TypeAlias = dict[str, Any]
Index: TypeAlias = tuple[int, ...]

MOVED = (
    "multiscales",
    "omero",
    "labels",
    "image-label",
    "plate",
    "well",
    "bioformats2raw.layout",
    "series",
)
"""What 0.5 has below `ome`."""
OLD = ("version-0.1", "version-0.2", "version-0.3", "version-absent-", "plate-0.1", "plate-0.3")
"""How the names of traps older than 0.4 begin: these gain what 0.4 asks for."""
GAINED = {"axes", "coordinateTransformations", "rowIndex", "columnIndex"}
DOCUMENTS = {".zarray", ".zattrs", ".zgroup", ".zmetadata"}
KNOWN = {
    "zarr_format",
    "shape",
    "chunks",
    "dtype",
    "compressor",
    "fill_value",
    "order",
    "filters",
    "dimension_separator",
}
"""What the specification of v2 has in its documents."""
ABSENT = 2**64 - 1
SIGN_OF_ZERO_LOST = "fill-minus-zero"
"""zarr-python takes a shard with fill value -0.0 for an equal one with 0.0 that it read before."""


@dataclass(frozen=True, slots=True)
class Lift:
    """A trap, lifted."""

    trap: Trap
    source: Path
    target: Path
    report: zl.Report
    before: Mapping[str, object]
    """What the source was like before."""

    def arrays(self) -> Iterator[tuple[str, Json]]:
        """Give path and `.zarray` of each array of the source."""
        for document in sorted(self.source.rglob(".zarray")):
            yield document.parent.relative_to(self.source).as_posix(), read(document)

    def found(self, rule: str) -> list[str]:
        """Give the paths of the report's findings of a rule."""
        return [finding.path for finding in self.report.findings if finding.rule == rule]


@pytest.fixture(scope="module", name="lift", params=TRAPS, ids=[trap.id for trap in TRAPS])
def lift_trap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lift:
    """Each trap, lifted once with every chunk decoded for proof."""
    trap: Trap = request.param
    folder = tmp_path_factory.mktemp("lift")
    source, target = folder / "old.zarr", folder / "new.zarr"
    trap.build(source)
    before = picture(source)
    report = zl.convert(source, target, verify="decode", plain_zarr=True)
    return Lift(trap, source, target, report, before)


def read(document: Path) -> Json:
    """Read a JSON document."""
    return cast("Json", json.loads(document.read_text(encoding="utf-8")))


def picture(root: Path) -> dict[str, object]:
    """Give mode, time and content of a folder and all below it."""
    return {
        path.relative_to(root).as_posix(): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else None,
        )
        for path in (root, *sorted(root.rglob("*")))
    }


def nodes(root: Path) -> dict[str, str]:
    """Give what each node of a v2 hierarchy is; a folder above a node is a group."""
    kinds: dict[str, str] = {}
    for name in (".zarray", ".zgroup", ".zattrs"):
        for document in root.rglob(name):
            node = document.parent.relative_to(root)
            kinds.setdefault(node.as_posix(), "array" if name == ".zarray" else "group")
            for above in node.parents:
                kinds.setdefault(above.as_posix(), "group")
    return kinds


def is_chunk(path: Path, root: Path) -> bool:
    """Tell whether a file of a v2 hierarchy is named as a chunk of the array above it."""
    for folder in path.relative_to(root).parents:
        document = root / folder / ".zarray"
        if document.is_file():
            parts = path.relative_to(root / folder).as_posix().replace("/", ".").split(".")
            axes = max(1, len(read(document)["shape"]))
            return len(parts) == axes and all(part.isdecimal() for part in parts)
    return False


def plain_files(root: Path) -> dict[str, bytes]:
    """Give the files of a v2 hierarchy that are neither document nor chunk."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in DOCUMENTS and not is_chunk(path, root)
    }


def losses(old: object, new: object, *, gains: frozenset[str], at: str = "") -> Iterator[str]:
    """Give where a value of the source is not the target's, but for members that may be gained."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from (f"{at}.{key} is gone" for key in old.keys() - new.keys())
        yield from (f"{at}.{key} is new" for key in new.keys() - old.keys() - gains)
        for key in old.keys() & new.keys():
            yield from losses(old[key], new[key], gains=gains, at=f"{at}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from losses(before, after, gains=gains, at=f"{at}[{number}]")
    elif not _is_named_axis(old, new, gains) and json.dumps(old) != json.dumps(new):
        yield f"{at} is {new!r}, not {old!r}"


def _is_named_axis(old: object, new: object, gains: frozenset[str]) -> bool:
    """Tell whether an axis of 0.3, which is its name, became an object of that name."""
    return bool(gains) and isinstance(new, dict) and new.get("name") == old


def without_versions(attributes: Json) -> Json:
    """Leave out the version that 0.1-0.4 have in each OME member."""
    kept = dict(attributes)
    for key in ("omero", "plate", "well", "image-label"):
        if key in kept:
            kept[key] = {k: v for k, v in kept[key].items() if k != "version"}
    if "multiscales" in kept:
        kept["multiscales"] = [
            {k: v for k, v in entry.items() if k != "version"} for entry in kept["multiscales"]
        ]
    return kept


def at_0_5(attributes: Json) -> Json:
    """Move a group's OME members below `ome`, with one version."""
    kept = without_versions(attributes)
    moved = {key: kept.pop(key) for key in MOVED if key in kept}
    return {"ome": {"version": "0.5", **moved}, **kept} if moved else kept


def is_shared(array: Json) -> bool:
    """Tell whether v3 readers share the codecs of a v2 array, so that nothing needs decoding."""
    filters = [codec["id"] for codec in array["filters"] or ()]
    compressor = array["compressor"] or {"id": None}
    plain = not filters or (len(filters) == 1 and filters[0].startswith("vlen-"))
    known = compressor["id"] in {None, "blosc", "zstd", "gzip"}
    return plain and known and compressor.get("cname") != "snappy"


def is_zlib(array: Json) -> bool:
    """Tell whether a v2 array's chunks are deflate streams in another envelope than gzip's."""
    return not array["filters"] and (array["compressor"] or {}).get("id") == "zlib"


def old_chunks(folder: Path, array: Json) -> dict[Index, bytes]:
    """Read the encoded chunks of a v2 array, under whichever keys they have."""
    grid = [math.ceil(n / c) for n, c in zip(array["shape"], array["chunks"], strict=True)]
    found: dict[Index, bytes] = {}
    for index in np.ndindex(*grid):
        for separator in "/.":
            path = folder / (separator.join(map(str, index)) or "0")
            if path.is_file():
                found[index] = path.read_bytes()
    return found


def new_chunks(folder: Path) -> dict[Index, bytes]:
    """Read the encoded chunks of a v3 array, out of its shards by their indexes."""
    document = read(folder / "zarr.json")
    stored = document["chunk_grid"]["configuration"]["chunk_shape"]
    outer = document["codecs"][0]
    objects = [p for p in (folder / "c", *folder.glob("c/**/*")) if p.is_file()]
    keys = {tuple(map(int, p.relative_to(folder).parts[1:])): p.read_bytes() for p in objects}
    if outer["name"] != "sharding_indexed":
        return keys
    inner = outer["configuration"]["chunk_shape"]
    per = tuple(n // c for n, c in zip(stored, inner, strict=True))
    found: dict[Index, bytes] = {}
    for unit, data in keys.items():
        index = np.frombuffer(data[-16 * math.prod(per) - 4 : -4], "<u8").reshape(*per, 2)
        for cell in np.ndindex(*per):
            offset, length = (int(n) for n in index[cell])
            if (offset, length) != (ABSENT, ABSENT):
                at = tuple(u * p + c for u, p, c in zip(unit, per, cell, strict=True))
                found[at] = data[offset : offset + length]
    return found


def test_lift_is_done_and_proved(lift: Lift) -> None:
    """A trap lifts to its end, and every chunk of it is found equal and decodes."""
    proof = lift.report.verification
    assert lift.report.finished
    assert proof is not None
    assert (proof.equal, proof.findings, lift.report.damaged) == (True, (), 0)
    assert proof.decoded == proof.compared == proof.chunks


def test_voxels_are_the_same(lift: Lift) -> None:
    """Zarr-python and tensorstore read every array bit for bit as the source holds it."""
    for path, _ in lift.arrays():
        if lift.trap.id == SIGN_OF_ZERO_LOST:
            found = tensorstore_values(lift.target / path)
            assert first_difference(source_values(lift.source / path), found) is None
        else:
            assert_same_voxels(lift.source / path, lift.target / path)


def test_nodes_are_the_same(lift: Lift) -> None:
    """Every node of the source is a node of the target, reached from the root, and no other."""
    due = nodes(lift.source)
    documents = {
        d.parent.relative_to(lift.target).as_posix(): read(d)["node_type"]
        for d in lift.target.rglob("zarr.json")
    }
    assert documents == due
    if due["."] == "group":
        root = zarr.open_group(store=str(lift.target), mode="r", zarr_format=3)
        assert {name for name, _ in root.members(max_depth=None)} == due.keys() - {"."}


def test_attributes_are_the_same(lift: Lift) -> None:
    """Every attribute arrives unchanged, OME's own below `ome` under one version."""
    gains = frozenset(GAINED if lift.trap.id.startswith(OLD) else ())
    for path, kind in nodes(lift.source).items():
        stated = lift.source / path / ".zattrs"
        attributes = read(stated) if stated.is_file() else {}
        due = attributes if kind == "array" else at_0_5(attributes)
        found = read(lift.target / path / "zarr.json")["attributes"]
        lost = set(losses(due, found, gains=gains, at=path))
        if lift.trap.id == "axes-type-null":
            lost -= {f"..ome.multiscales[0].axes[{n}].type is gone" for n in range(3)}
            assert lift.found("null-dropped")
        assert not lost


def test_unknown_members_are_reported(lift: Lift) -> None:
    """A member of `.zarray` or `.zgroup` that v3 has no place for is in the report."""
    for document in (*lift.source.rglob(".zarray"), *lift.source.rglob(".zgroup")):
        path = document.parent.relative_to(lift.source).as_posix()
        said = " ".join(f.message for f in lift.report.findings if (f.path or ".") == path)
        unknown = read(document).keys() - KNOWN
        assert [member for member in unknown if member not in said] == [], path


def test_files_are_the_same(lift: Lift) -> None:
    """Plain files arrive byte for byte, and the target holds nothing that nobody put there."""
    due = plain_files(lift.source)
    arrays = {path for path, _ in lift.arrays()}
    found = {
        path.relative_to(lift.target).as_posix(): path.read_bytes()
        for path in lift.target.rglob("*")
        if path.is_file() and path.name != "zarr.json"
    }
    data = {key for key in found if any(key.startswith(f"{path}/c") for path in arrays)}
    assert {key: content for key, content in found.items() if key not in data - due.keys()} == due
    assert not (lift.target / ".zarrlift").exists()


def test_methods_are_the_gentlest(lift: Lift) -> None:
    """What v3 readers share is packed or copied; the rest is recoded, and the reason names it."""
    plans = {array.path: array for array in lift.report.plan.arrays}
    for path, array in lift.arrays():
        plan = plans.pop(path)
        if is_shared(array):
            assert plan.method in {"pack", "copy"}
            continue
        assert plan.method == "recode"
        unshared = [codec["id"] for codec in array["filters"] or ()]
        if not is_shared({**array, "filters": None}):
            unshared.append(array["compressor"]["id"])
        assert [name for name in unshared if name not in plan.reason] == []
    assert not plans


def test_shared_chunks_keep_their_bytes(lift: Lift) -> None:
    """A chunk in a codec that v3 readers share is the same bytes, at the same index."""
    passed = 0
    for path, array in lift.arrays():
        if is_shared(array):
            due = old_chunks(lift.source / path, array)
            assert new_chunks(lift.target / path) == due
            passed += sum(map(len, due.values()))
    assert lift.report.undecoded_bytes == passed


def test_zlib_is_rewrapped(lift: Lift) -> None:
    """A zlib chunk's deflate stream is in gzip's envelope, not deflated again."""
    for path, array in lift.arrays():
        if is_zlib(array):
            due = old_chunks(lift.source / path, array)
            found = new_chunks(lift.target / path)
            assert {i: c[10:-8] for i, c in found.items()} == {i: c[2:-4] for i, c in due.items()}
            sizes = {struct.unpack("<I", chunk[-4:])[0] for chunk in found.values()}
            assert sizes == {math.prod(array["chunks"]) * np.dtype(array["dtype"]).itemsize}


def test_other_codecs_become_blosc_zstd(lift: Lift) -> None:
    """Codecs that v3 readers do not share become blosc-zstd, zlib gzip."""
    for path, array in lift.arrays():
        if not is_shared(array):
            outer = read(lift.target / path / "zarr.json")["codecs"]
            inner = outer[-1].get("configuration", {}).get("codecs", outer)
            assert [codec["name"] for codec in inner if codec["name"] != "transpose"] == [
                "bytes",
                "gzip" if is_zlib(array) else "blosc",
            ]
            assert inner[-1]["configuration"].get("cname", "zstd") == "zstd"


def test_no_unregistered_codec_is_named(lift: Lift) -> None:
    """No document names a codec of numcodecs, which no other reader has."""
    for document in lift.target.rglob("zarr.json"):
        for codec in _codecs(read(document).get("codecs", [])):
            assert not codec.startswith("numcodecs")


def _codecs(chain: Sequence[Json]) -> Iterator[str]:
    """Give the name of each codec in a chain, and in the chains within it."""
    for codec in chain:
        yield codec["name"]
        yield from _codecs(codec.get("configuration", {}).get("codecs", ()))


def test_source_is_untouched(lift: Lift) -> None:
    """The source has the bytes, modes and times that it had."""
    assert picture(lift.source) == lift.before


JUDGES: Mapping[str, Callable[[Path], list[str]]] = {
    "schemas": all_schema_problems,
    "yaozarrs": yaozarrs_problems,
    "ome-zarr-models": ome_zarr_models_problems,
}


@pytest.mark.parametrize("judge", JUDGES)
def test_judges_are_content(lift: Lift, judge: str) -> None:
    """A judge finds no more than what is known of the source or of the judge itself."""
    problems = JUDGES[judge](lift.target)
    assert not problems or complaint_of(judge, lift.trap.id)
