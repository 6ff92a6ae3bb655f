"""Traps in whole hierarchies: plates, bioformats2raw collections, names, other versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from tests.build import read_json, sample, write_file, write_group, write_json
from tests.build_ome import (
    OMERO,
    label_of,
    multiscale_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.trap import Topic, Trap
from tests.traps_layout import SHAPE, beside_trap

Build: TypeAlias = Callable[[Path], object]


def plate_traps() -> Iterator[Trap]:
    """Give plates with holes, several acquisitions, and folders that are no groups."""
    leading = ("2020-10-10/A/1", "2020-10-10/B/2")
    plates: dict[str, tuple[str, Build]] = {
        "plate": ("rows are groups", write_plate),
        "plate-rows-without-group": (
            "folders as rows",
            lambda folder: write_plate(folder, rows_are_groups=False),
        ),
        "plate-acquisitions": ("three passes", lambda f: write_plate(f, fields=3, acquisitions=3)),
        "plate-acquisitions-unnamed": (
            "three passes, fields do not say which",
            lambda f: write_plate(f, fields=3, acquisitions=3, images_name_acquisition=False),
        ),
        "plate-well-missing": ("listed, not there", lambda f: write_plate(f, absent={"B/1"})),
        "plate-field-missing": ("listed, not there", lambda f: write_plate(f, absent={"A/2/1"})),
        "plate-rows-by-case": (
            "rows `a` and `A`: needs a file system that tells case apart",
            lambda f: write_plate(f, wells=("a/1", "A/1")),
        ),
        "plate-yx": ("fields of two axes", lambda f: write_plate(f, axes="yx")),
        "plate-0.1": ("without indices", lambda f: write_plate(f, version="0.1")),
        "plate-0.1-leading-folder": (
            "well paths of three parts",
            lambda f: write_plate(f, version="0.1", wells=leading),
        ),
        "plate-0.3": ("without indices", lambda f: write_plate(f, version="0.3")),
        "plate-labels": ("labels in one field", _plate_labels),
    }
    yield from _named("plate", plates)


def collection_traps() -> Iterator[Trap]:
    """Give the layouts of bioformats2raw."""
    layouts: dict[str, tuple[str, Build]] = {
        "collection": ("series and OME-XML", write_collection),
        "collection-without-series": ("numbers", lambda f: write_collection(f, series=False)),
        "collection-without-xml": ("series only", lambda f: write_collection(f, xml=False)),
        "collection-one": ("one image", lambda f: write_collection(f, images=1)),
        "collection-plate": ("a plate too", lambda f: write_collection(f, plate=True)),
        "collection-big-endian": ("as old releases write", _old_collection),
    }
    yield from _named("collection", layouts)


def name_traps() -> Iterator[Trap]:
    """Give names with spaces, letters beyond ASCII, and characters that mean something in globs."""
    paths = ["Ebene 0 – µm", "レベル 1"]

    def build(folder: Path) -> None:
        write_image(folder, pyramid(sample(SHAPE, "<u2")), paths=paths, omero=OMERO)
        write_labels(folder, {"Zellkerne (groß)": pyramid(label_of(sample(SHAPE, "<u2")))})
        for name in ("100% #1?", "a&b=c", "[x]*", "c", "'quoted'", "e\u0301"):
            write_group(folder / "odd names" / name, {"name": name})
        write_group(folder / "odd names")
        write_file(folder / "odd names" / "notes ☃.txt", b"snow\n")

    yield Trap("names", "names", "spaces, Unicode, percent signs, globs", build)


def odd_version_traps() -> Iterator[Trap]:
    """Give datasets of versions that were never final."""
    for version in ("0.5-dev", "0.6rc0", "0.6.dev3"):
        yield Trap(f"already-{version}", "version", "newer than 0.4", _newer(version))


def v3_traps() -> Iterator[Trap]:
    """Give datasets that are, or are also, Zarr v3."""
    yield beside_trap("both-formats", "version", "v2 and v3 documents side by side", _both_formats)
    yield Trap("ome-outside-ome", "version", "0.4 attributes in a v3 group", _v3_without_ome)
    yield Trap("already-0.5", "version", "newer than 0.4", _newer("0.5"))


def _named(topic: Topic, table: Mapping[str, tuple[str, Build]]) -> Iterator[Trap]:
    """Give the traps of a table of notes and builders by name."""
    for name, (note, build) in table.items():
        yield Trap(name, topic, note, build)


def _plate_labels(folder: Path) -> None:
    """Write a plate with a label in one field."""
    write_plate(folder)
    mask = label_of(sample((1, 1, 1, 6, 8), "<u2"))
    write_labels(folder / "A" / "1" / "0", {"cells": pyramid(mask)})


def _old_collection(folder: Path) -> None:
    """Write a collection with big-endian values, as bioformats2raw did before 0.12."""
    write_collection(folder, dtype=">u2")


def _both_formats(folder: Path) -> None:
    """Add v3 documents of OME-Zarr 0.5 beside the root's and its levels' v2 ones."""
    entry = multiscale_of(pyramid(sample(SHAPE, "<u2")))
    del entry["version"]
    _write_v3_group(folder, {"ome": {"version": "0.5", "multiscales": [entry]}})
    for level in ("0", "1"):
        shape = read_json(folder / level / ".zarray")["shape"]
        write_json(folder / level / "zarr.json", _v3_array(shape))


def _v3_without_ome(folder: Path) -> None:
    """Write what a migration of Zarr alone leaves: 0.4 attributes at the top of a v3 group."""
    entry = multiscale_of([sample(SHAPE, "<u2")])
    _write_v3_group(folder, {"multiscales": [entry]})
    write_json(folder / "0" / "zarr.json", _v3_array(list(SHAPE)))


def _newer(version: str) -> Build:
    """Give a builder of a v3 image that states a version from 0.5 on."""

    def build(folder: Path) -> None:
        entry = multiscale_of([sample(SHAPE, "<u2")])
        del entry["version"]
        _write_v3_group(folder, {"ome": {"version": version, "multiscales": [entry]}})
        write_json(folder / "0" / "zarr.json", _v3_array(list(SHAPE)))

    return build


def _write_v3_group(folder: Path, attributes: dict[str, object]) -> None:
    """Write the document of a v3 group."""
    document = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    write_json(folder / "zarr.json", document)


def _v3_array(shape: object) -> dict[str, object]:
    """Give the document of a v3 array over the keys of a v2 one."""
    chunks = {"name": "regular", "configuration": {"chunk_shape": [1, 1, 1, 4, 4]}}
    blosc = {"typesize": 2, "cname": "lz4", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": "uint16",
        "chunk_grid": chunks,
        "chunk_key_encoding": {"name": "v2", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "blosc", "configuration": blosc},
        ],
        "dimension_names": list("tczyx"),
        "attributes": {},
    }


TREE_TRAPS = (*plate_traps(), *collection_traps(), *name_traps())
VERSION_TRAPS = tuple(odd_version_traps())
V3_TRAPS = tuple(v3_traps())
