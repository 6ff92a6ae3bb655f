"""Valid datasets broken in ways that are met in the wild, each of which can be put right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import zarrlift as zl
from tests.build import sample, write_array, write_json
from tests.build_ome import OMERO, label_of, pyramid, write_collection, write_image, write_labels
from tests.build_ome import write_plate as write_plate_of_images
from zarrlift.store.target import OURS

Document: TypeAlias = dict[str, Any]
NAMES = {"zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One thing wrong, and the repairs that put it right."""

    id: str
    base: str
    """`image`, `plate` or `collection`."""
    version: str
    make: Callable[[Path], object]
    repairs: frozenset[str]


def write_labelled(root: Path) -> Path:
    """Write an image with a label."""
    values = sample((1, 2, 1, 8, 16), "<u2")
    write_image(root, pyramid(values), omero={**OMERO, "channels": OMERO["channels"] * 2})  # type: ignore[operator]
    write_labels(root, {"cells": pyramid(label_of(values))}, chunks=(1, 1, 1, 4, 8))
    return root


def write_plate(root: Path) -> Path:
    """Write a plate of three wells."""
    return write_plate_of_images(root, fields=1)


BASES: Mapping[str, Callable[[Path], Path]] = {
    "image": write_labelled,
    "plate": write_plate,
    "collection": write_collection,
}


def write_base(kind: str, version: str, folder: Path) -> Path:
    """Write a valid dataset of a version."""
    old = BASES[kind](folder / f"{kind}-0.4.zarr")
    if version == "0.4":
        return old
    target = folder / f"{kind}-{version}.zarr"
    assert zl.convert(old, target, ome_version=version).finished
    return target


def documents(root: Path) -> dict[str, Document]:
    """Give every document of a dataset by its key."""
    return {
        path.relative_to(root).as_posix(): json.loads(path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.name in NAMES and OURS not in path.relative_to(root).parts
    }


def edited(path: Path, change: Callable[[Document], object]) -> None:
    """Change a document as a program does: read, change, write."""
    held = json.loads(path.read_bytes())
    change(held)
    write_json(path, held)


def members(document: Document) -> Document:
    """Give the OME-Zarr members of a group's document, of either format."""
    held: Document = document.get("attributes", document).get("ome", document)
    return held


def groups(root: Path) -> Iterator[Path]:
    """Walk the documents that have OME-Zarr members."""
    for key, held in documents(root).items():
        name = Path(key).name
        if name == ".zattrs" or (name == "zarr.json" and "ome" in held.get("attributes", {})):
            yield root / key


def stating(version: object) -> Callable[[Path], None]:
    """Give what states another version in every group of v3."""

    def make(root: Path) -> None:
        for path in groups(root):
            edited(path, lambda held: members(held).update(version=version))

    return make


def without_versions(root: Path) -> None:
    """State no version anywhere."""
    for path in groups(root):
        edited(path, lambda held: members(held).pop("version"))


def with_numbers(root: Path) -> None:
    """Write every version of 0.4 as a number."""

    def change(held: Document) -> None:
        for value in held.values():
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict) and "version" in inner:
                    inner["version"] = float(inner["version"])

    for path in groups(root):
        edited(path, change)


def with_old_versions(root: Path) -> None:
    """Leave the versions of 0.4 in the members of a group of 0.5."""

    def change(held: Document) -> None:
        own = members(held)
        for name in ("omero", "plate", "well", "image-label"):
            if name in own:
                own[name]["version"] = "0.4"
        for multiscale in own.get("multiscales", []):
            multiscale["version"] = "0.4"

    for path in groups(root):
        edited(path, change)


def removing(*keys: str) -> Callable[[Path], None]:
    """Give what removes documents."""

    def make(root: Path) -> None:
        for key in keys:
            (root / key).unlink()

    return make


def in_document(key: str, change: Callable[[Document], object]) -> Callable[[Path], None]:
    """Give what changes one document."""
    return lambda root: edited(root / key, change)


def without_indices(held: Document) -> None:
    """Take the indices out of a plate's wells."""
    for well in members(held)["plate"]["wells"]:
        del well["rowIndex"]
        del well["columnIndex"]


def named(names: list[str | None] | None) -> Callable[[Path], None]:
    """Give what names the dimensions of every array otherwise, or not at all."""

    def change(held: Document) -> None:
        held.pop("dimension_names")
        if names is not None:
            held["dimension_names"] = names

    def make(root: Path) -> None:
        for key, held in documents(root).items():
            if held.get("node_type") == "array":
                edited(root / key, change)

    return make


def without_separators(root: Path) -> None:
    """State no separator in any array."""
    for key in documents(root):
        if key.endswith(".zarray"):
            edited(root / key, lambda held: held.pop("dimension_separator"))


def write_flat(root: Path) -> Path:
    """Write an array whose keys have dots, where the document has slashes."""
    values = sample((8, 8), "<u2")
    write_array(root, values, chunks=(4, 4), separator=".", declare_separator="/")
    return root


def _break(name: str, base: str, version: str, make: Callable[[Path], object], *ids: str) -> Break:
    return Break(
        id=f"{base}-{version}-{name}", base=base, version=version, make=make, repairs=frozenset(ids)
    )


_ROWS = ("A", "B")
BREAKS = (
    _break("rows", "plate", "0.5", removing(*(f"{r}/zarr.json" for r in _ROWS)), "group-added"),
    _break("rows", "plate", "0.4", removing(*(f"{r}/.zgroup" for r in _ROWS)), "group-added"),
    _break("zgroup", "image", "0.4", removing("labels/.zgroup"), "group-added"),
    _break(
        "labels",
        "image",
        "0.5",
        removing("labels/zarr.json"),
        *("group-added", "labels-listed"),
    ),
    _break(
        "labels",
        "image",
        "0.4",
        removing("labels/.zgroup", "labels/.zattrs"),
        *("group-added", "labels-listed"),
    ),
    _break(
        "label-version",
        "image",
        "0.5",
        in_document("labels/zarr.json", lambda held: members(held).pop("version")),
        "version-added",
    ),
    _break(
        "label-list",
        "image",
        "0.5",
        in_document("labels/zarr.json", lambda held: held.update(attributes={})),
        "labels-listed",
    ),
    _break(
        "label-list-beside",
        "image",
        "0.5",
        in_document("labels/zarr.json", lambda held: held.update(attributes={"labels": ["cells"]})),
        "ome-moved",
    ),
    _break("series", "collection", "0.5", removing("OME/zarr.json"), "series-listed"),
    _break("series", "collection", "0.6", removing("OME/zarr.json"), "series-listed"),
    _break("series", "collection", "0.4", removing("OME/.zgroup", "OME/.zattrs"), "series-listed"),
    _break("series-list", "collection", "0.4", removing("OME/.zattrs"), "series-listed"),
    _break("float", "image", "0.5", stating(0.5), "version-spelled"),
    _break("float", "collection", "0.6", stating(0.6), "version-spelled"),
    _break("floats", "image", "0.4", with_numbers, "version-spelled"),
    _break("floats", "plate", "0.4", with_numbers, "version-spelled"),
    _break("preview", "plate", "0.5", stating("0.5-dev"), "version-final"),
    _break("preview", "image", "0.6", stating("0.6rc0"), "version-final"),
    _break("preview-dev", "image", "0.6", stating("0.6.dev4"), "version-final"),
    _break("patch", "image", "0.5", stating("0.5.2"), "version-final"),
    _break("no-version", "image", "0.5", without_versions, "version-added"),
    _break("no-version", "image", "0.6", without_versions, "version-added"),
    _break("old-versions", "image", "0.5", with_old_versions, "version-repeated"),
    _break("old-versions", "plate", "0.5", with_old_versions, "version-repeated"),
    _break("indices", "plate", "0.5", in_document("zarr.json", without_indices), "indices-added"),
    _break("indices", "plate", "0.4", in_document(".zattrs", without_indices), "indices-added"),
    _break("no-names", "image", "0.5", named(None), "dimensions-named"),
    _break("no-names", "image", "0.6", named(None), "dimensions-named"),
    _break("null-names", "image", "0.5", named([None] * 5), "dimensions-named"),
    _break("other-names", "image", "0.5", named([*"TCZYX"]), "dimensions-named"),
    _break("separator", "image", "0.4", without_separators, "separator-proved"),
)
"""Where repaired, each says what the dataset said before it was broken."""
