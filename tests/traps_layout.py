"""Traps in which chunks and files lie where: keys, grids, stray files, arrays that are no image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.build import (
    Json,
    Storage,
    Values,
    read_json,
    sample,
    write_array,
    write_file,
    write_group,
    write_json,
)
from tests.build_ome import pyramid, write_image
from tests.trap import Topic, Trap, image_trap
from tests.traps_arrays import plane

SHAPE = (1, 2, 1, 12, 16)


def small_image(folder: Path) -> Path:
    """Write an image of two levels that has nothing odd in it."""
    return write_image(folder, pyramid(sample(SHAPE, "<u2")))


def beside_trap(name: str, topic: Topic, note: str, write: Callable[[Path], object]) -> Trap:
    """Give a trap that is a plain image with something more, which `write` adds to its folder."""

    def build(folder: Path) -> None:
        write(small_image(folder))

    return Trap(name, topic, note, build)


def array_trap(
    name: str, topic: Topic, note: str, data: Values, chunks: tuple[int, ...], storage: Storage
) -> Trap:
    """Give a trap that is a plain image with an array in a group beside its levels."""

    def write(folder: Path) -> None:
        """Add the group and the array."""
        write_group(folder / "extra", {"made-by": "a neighbour"})
        options: Storage = {**storage, "chunks": chunks}
        write_array(folder / "extra" / "values", data, **options)

    return beside_trap(name, topic, note, write)


def grid_traps() -> Iterator[Trap]:
    """Give chunk grids with gaps, oversized chunks and chunks outside the shape."""
    yield plane("missing-chunks", "layout", "gaps", missing={(0, 0), (1, 2)})
    rows = {(row, column) for row in (0, 1, 2, 3) for column in range(8)}
    wide = sample((64, 64), "<u2")
    for name, missing in {
        "missing-rows": rows,
        "missing-columns": {(c, r) for r, c in rows},
    }.items():
        note = "shards of four rows of chunks (or fewer) with no chunk at all"
        yield image_trap(name, "layout", note, wide, "yx", chunks=(8, 8), missing=missing)
    yield plane("missing-all", "layout", "no chunk at all", fill_value=9, missing="all")
    yield plane("chunk-exceeds-array", "layout", "one padded chunk", chunks=(32, 64))
    yield plane("chunk-exceeds-one-axis", "layout", "padded on x", chunks=(8, 64))
    yield plane("chunks-exact", "layout", "no edge chunks", chunks=(10, 20))
    yield plane("chunk-single", "layout", "no grid to shard", chunks=(20, 40))
    yield plane("stale-chunks", "layout", "outside the shape", stale=[(3, 0), (0, 3), (7, 9)])
    yield plane(
        "stale-chunks-flat", "layout", "outside the shape", stale=[(3, 0), (12, 1)], separator="."
    )
    empty = np.zeros((0, 40), "<u2")
    yield image_trap("zero-size", "layout", "no pixel", empty, "yx", chunks=(8, 16))


def key_traps() -> Iterator[Trap]:
    """Give keys with either separator, whatever the document declares."""
    yield plane("keys-flat", "layout", "keys with dots", separator=".")
    yield plane(
        "keys-flat-undeclared",
        "layout",
        "dots are the default",
        separator=".",
        declare_separator=False,
    )
    yield plane(
        "keys-nested-undeclared",
        "layout",
        "reads as fill value where the default is believed",
        declare_separator=False,
    )
    yield plane("keys-nested-declared-flat", "layout", "the keys decide", declare_separator=".")
    yield plane(
        "keys-flat-declared-nested",
        "layout",
        "the keys decide",
        separator=".",
        declare_separator="/",
    )
    yield plane(
        "keys-flat-declared-nested-gaps",
        "layout",
        "the keys decide where chunk 0 is missing too",
        separator=".",
        declare_separator="/",
        missing={(0, 0), (0, 1)},
    )


def stray_traps() -> Iterator[Trap]:
    """Give files and members that belong to nobody we know."""
    strays = {
        "README.txt": b"by hand\n",
        "0/notes.md": b"# between chunks\n",
        "00": b"not a chunk key\n",
        "7/7/7": b"one axis too many\n",
        ".zarray.bak": b"{}",
        "thumbs/0.png": b"\x89PNG\r\n",
    }
    yield plane("foreign-files-in-array", "layout", "every file arrives", extra=strays)
    yield plane(
        "array-document-unknown-member",
        "layout",
        "an unknown member of `.zarray`",
        members={"vendor": {"tile": [8, 16]}},
    )
    attributes: Json = {"_ARRAY_DIMENSIONS": ["y", "x"], "vendor": {"gain": 1.5, "on": None}}
    for name, given in {"array-attributes": attributes, "array-attributes-empty": {}}.items():
        values = sample((12, 16), "<u2")
        note = "an array's own `.zattrs`"
        yield image_trap(name, "layout", note, values, "yx", level_attributes=given, chunks=(8, 8))
    yield beside_trap("group-document-unknown-member", "layout", "in `.zgroup`", _vendor_group)
    yield beside_trap("consolidated", "layout", "a `.zmetadata` at the root", write_consolidated)
    yield beside_trap("plain-files", "layout", "files beside the groups", _write_plain_files)
    yield beside_trap("foreign-group", "foreign", "a group nobody knows", _write_table)


def foreign_traps() -> Iterator[Trap]:
    """Give arrays beside the image whose shape or data type no image has."""
    number = np.array(42.5)
    yield array_trap("zero-d", "foreign", "chunk key `0`", number, (), {"compressor": None})
    yield array_trap(
        "zero-d-missing",
        "foreign",
        "only a fill value",
        number,
        (),
        {"fill_value": 1.5, "missing": "all"},
    )
    yield array_trap("one-d", "foreign", "no separator", sample((30,), "<f8"), (8,), {})
    yield array_trap(
        "six-d",
        "foreign",
        "more axes than an image",
        sample((2, 1, 2, 3, 4, 5), "|u1"),
        (1, 1, 2, 2, 4, 3),
        {},
    )
    text = np.array([["ab", "Zelle µ"], ["", "細胞"], ["last", "x"]], dtype="<U7")
    data = {
        "fixed-text": text,
        "fixed-bytes": np.array([b"ab", b"", b"xyz12"], dtype="|S5"),
        "datetimes": np.array([0, 86_400, -1], "<i8").view("<M8[s]"),
        "durations": np.array([0, 5, -1], "<i8").view("<m8[ms]"),
    }
    for name, values in data.items():
        fill = None if name != "fixed-text" else ""
        chunks = (2,) * values.ndim
        yield array_trap(
            f"foreign-{name}", "foreign", "not a number", values, chunks, {"fill_value": fill}
        )
    yield from _text_traps(text)


def _text_traps(text: Values) -> Iterator[Trap]:
    """Give variable-length text and bytes, with the fill values that writers use."""
    fills: dict[str, object] = {"zero": 0, "empty": "", "null": None}
    for name, fill in fills.items():
        storage: Storage = {"filters": [{"id": "vlen-utf8"}], "fill_value": fill}
        words = text.astype(object)
        yield array_trap(
            f"text-fill-{name}", "foreign", "`|O` by vlen-utf8", words, (2, 2), storage
        )
    blobs = np.array([b"ab", b"", b"\x00\xff"], dtype=object)
    storage = {"filters": [{"id": "vlen-bytes"}], "fill_value": None}
    yield array_trap("blobs", "foreign", "`|O` by vlen-bytes", blobs, (2,), storage)


def refused_dtype_traps() -> Iterator[Trap]:
    """Give data types whose v3 forms readers do not share."""
    table = np.array([(1, 2.5), (7, -1.0), (9, 0.0)], dtype=[("id", "<i4"), ("area", "<f8")])
    raw = np.array([b"abcdef", b"\x00\x01\x02\x03\x04\x05"], dtype="|V6")
    for name, values in {"dtype-fields": table, "dtype-raw-bytes": raw}.items():
        yield array_trap(name, "refused", "few readers", values, (2,), {"fill_value": None})


def write_consolidated(folder: Path) -> Path:
    """Write the `.zmetadata` of a hierarchy, holding what its documents say."""
    documents = {
        path.relative_to(folder).as_posix(): read_json(path)
        for name in (".zgroup", ".zattrs", ".zarray")
        for path in sorted(folder.rglob(name))
    }
    consolidated: Json = {"zarr_consolidated_format": 1, "metadata": documents}
    return write_json(folder / ".zmetadata", consolidated)


def _vendor_group(folder: Path) -> None:
    """Write a group whose `.zgroup` says more than its format."""
    write_json(folder / "extra" / ".zgroup", {"zarr_format": 2, "vendor": {"made": "2021-03-04"}})


def _write_plain_files(folder: Path) -> None:
    """Write files that are no part of any node, one of them in a folder that is no group."""
    write_file(folder / "README.md", b"# the experiment\n")
    write_file(folder / "protocol" / "day 1" / "stain.csv", b"time,dye\n0,DAPI\n")
    write_file(folder / "empty.flag", b"")
    write_file(folder / ".hidden", b"\x00\x01")


def _write_table(folder: Path) -> None:
    """Write a group as AnnData lays out a table, with sparse values and text."""
    tables = write_group(folder / "tables", {"tables": ["cells"]})
    cells = write_group(tables / "cells", {"encoding-type": "anndata", "encoding-version": "0.1.0"})
    text: Json = {"encoding-type": "string-array", "encoding-version": "0.2.0"}
    names = np.array(["DAPI", "GFP", "", "µ"], dtype=object)
    write_group(
        cells / "var", {"_index": "_index", "column-order": [], "encoding-type": "dataframe"}
    )
    write_array(
        cells / "var" / "_index",
        names,
        chunks=(3,),
        filters=[{"id": "vlen-utf8"}],
        separator=".",
        declare_separator=False,
        attributes=text,
    )
    sparse: Json = {"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [3, 4]}
    write_group(cells / "X", sparse)
    for name, dtype in {"data": "<f4", "indices": "<i4", "indptr": "<i4"}.items():
        write_array(cells / "X" / name, sample((5,), dtype), chunks=(5,), separator=".")
    write_group(cells / "uns")


LAYOUT_TRAPS = (*grid_traps(), *key_traps(), *stray_traps(), *foreign_traps())
REFUSED_LAYOUT_TRAPS = tuple(refused_dtype_traps())
