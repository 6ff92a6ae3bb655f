"""What the official suites misname in cases that they call valid, read as it is meant.

Each is changed in that one form; what is wrong in any other way stays as it is, and wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.validate.multiscale import SYSTEMS, TRANSFORMS
from zarrlift.validate.values import entries, items, member, text

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMN_FIRST = ("0.4", "0.6")
"""Versions whose suites hold plates with paths of wells such as `COLUMN/ROW`, and call them valid;
that of 0.5 calls them invalid, as the text does."""
_INTRINSIC = "intrinsic"
"""What the text calls the system of the levels; no document has to name it so."""


def as_meant(members: Mapping[str, object], version: str | None) -> dict[str, object]:
    """Give the OME-Zarr members of a document by itself as they are meant."""
    made = dict(members)
    if version in COLUMN_FIRST and isinstance(member(made, "plate", "wells"), list):
        made["plate"] = _row_first(made["plate"])
    if version == "0.6" and isinstance(made.get("multiscales"), list):
        made["multiscales"] = [_image(image) for image in items(made["multiscales"])]
    return made


def _row_first(plate: object) -> dict[str, object]:
    """Give a plate with every well's path as `ROW/COLUMN`, if it is so in the other order."""
    rows, columns = (
        {entry.value.get("name") for entry in entries(plate, name) if text(entry.value.get("name"))}
        for name in ("rows", "columns")
    )
    wells: list[object] = []
    for well in items(member(plate, "wells")):
        first, _, second = (text(member(well, "path")) or "").partition("/")
        swapped = first in columns and second in rows and not (first in rows and second in columns)
        wells.append({**well, "path": f"{second}/{first}"} if swapped else well)  # type: ignore[dict-item]
    return {**plate, "wells": wells}  # type: ignore[dict-item]


def _image(image: object) -> object:
    """Give an image of 0.6 whose transformations begin where its suites mean them to."""
    if not isinstance(image, dict):
        return image
    made = dict(image)
    if isinstance(image.get("datasets"), list):
        made["datasets"] = [_level(level) for level in items(image["datasets"])]
    own = text(member(ome.level_system(image), "name"))
    called = [system.value.get("name") for system in entries(image, SYSTEMS)]
    if own is not None and _INTRINSIC not in called:
        _begin(made, {"name": _INTRINSIC}, {"name": own})
    return made


def _level(level: object) -> object:
    """Give a level such as `1` whose input is `s1`, as levels beside it are called."""
    if not isinstance(level, dict) or not isinstance(level.get("path"), str):
        return level
    made = dict(level)
    _begin(made, {"path": f"s{level['path']}"}, {"path": level["path"]})
    return made


def _begin(holder: dict[str, object], at: object, instead: object) -> None:
    """Let the transformations of an image or level that begin at one place begin at another."""
    if isinstance(holder.get(TRANSFORMS), list):
        holder[TRANSFORMS] = [
            {**one, "input": instead} if isinstance(one, dict) and one.get("input") == at else one
            for one in items(holder[TRANSFORMS])
        ]
