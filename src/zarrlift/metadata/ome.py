"""OME members of a group's attributes: which they are, which version, and where arrays are named.

Source: OME-Zarr specification 0.1-0.6.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEMBERS = (
    "multiscales",
    "omero",
    "labels",
    "image-label",
    "plate",
    "well",
    "bioformats2raw.layout",
    "series",
)
"""Members that move below `ome` in 0.5, in the order in which they are written."""
CREATOR = "_creator"
"""Member below `ome` in which converters name themselves; not in the specification."""
_NEW_VERSIONS = ("0.5", "0.6")
_VERSIONED = ("plate", "well", "image-label", "omero")


def members(attributes: Mapping[str, object], name: str) -> dict[str, object]:
    """Give the OME members among a group's attributes; `name` is the group's last path part.

    A key counts only where the specification puts it and with the type it has there, so that
    a foreign group's own `labels` or `well` stays where it is.
    """
    return {k: attributes[k] for k in MEMBERS if k in attributes and _is_ome(k, attributes, name)}


def _is_ome(key: str, attributes: Mapping[str, object], name: str) -> bool:
    value = attributes[key]
    if key == "multiscales":
        return isinstance(value, list) and all(isinstance(v, dict) for v in value)
    if key == "labels":
        return isinstance(value, list) and (name == "labels" or not _other_attributes(attributes))
    if key == "series":
        return isinstance(value, list) and name == "OME"
    if key == "omero":
        return isinstance(value, dict) and "multiscales" in attributes
    if key == "bioformats2raw.layout":
        return True
    return isinstance(value, dict)


def _other_attributes(attributes: Mapping[str, object]) -> bool:
    return any(key != "labels" for key in attributes)


def stated_version(attributes: Mapping[str, object]) -> str | None:
    """Give the version that an OME member of 0.1-0.4 states, or None."""
    multiscales = attributes.get("multiscales")
    candidates = list(multiscales[:1]) if isinstance(multiscales, list) else []
    candidates += [attributes.get(key) for key in _VERSIONED]
    for candidate in candidates:
        if isinstance(candidate, dict) and candidate.get("version") is not None:
            return str(candidate["version"])
    return None


def v3_version(attributes: Mapping[str, object]) -> str | None:
    """Give the version that a group of 0.5 or later states in `ome.version`, or None.

    A number, as some writers have it, is given as text.
    """
    found = attributes.get("ome")
    version = found.get("version") if isinstance(found, dict) else None
    if isinstance(version, bool) or not isinstance(version, str | int | float):
        return None
    return str(version)


def v3_members(attributes: Mapping[str, object]) -> dict[str, object] | None:
    """Give what a group of 0.5 or later holds below `ome`; None where that is not OME-Zarr's.

    It is, if a member is known, or if it states 0.5 or 0.6 in any spelling (`0.6rc0`).
    """
    found = attributes.get("ome")
    if not isinstance(found, dict):
        return None
    known = any(key in found for key in (*MEMBERS, "scene"))
    return found if known or (v3_version(attributes) or "").startswith(_NEW_VERSIONS) else None


def guessed_version(attributes: Mapping[str, object], separators: set[str]) -> str:
    """Tell 0.1-0.4 apart by structure where no version is stated.

    `separators` are those of the image's arrays. Axes that are objects mean 0.4, strings 0.3;
    without axes, nested keys mean 0.2 and flat ones 0.1.
    """
    for multiscale in _multiscales(attributes):
        axes = multiscale.get("axes")
        if isinstance(axes, list) and axes:
            return "0.3" if isinstance(axes[0], str) else "0.4"
        return "0.2" if "/" in separators else "0.1"
    return "0.4"


def own_version(attributes: Mapping[str, object], around: str) -> str:
    """Give the version of one group, which may be older than the hierarchy `around` it.

    What it states counts; else axes that are strings or lacking mean 0.3 or less.
    """
    stated = stated_version(attributes)
    if stated is not None:
        return stated
    axes = [m.get("axes") for m in _multiscales(attributes)][:1]
    if not axes or (isinstance(axes[0], list) and axes[0] and isinstance(axes[0][0], dict)):
        return around
    return min(around, "0.3")


def _multiscales(attributes: Mapping[str, object]) -> Iterator[dict[str, object]]:
    value = attributes.get("multiscales")
    for multiscale in value if isinstance(value, list) else []:
        if isinstance(multiscale, dict):
            yield multiscale


def axis_names(multiscale: Mapping[str, object]) -> tuple[str, ...] | None:
    """Give the names of an image's axes, whether written as strings or as objects.

    In 0.6 they are those of the coordinate system that the image's levels go to.
    """
    system = level_system(multiscale)
    axes = multiscale.get("axes") if system is None else system.get("axes")
    if not isinstance(axes, list) or not axes:
        return None
    names = [a.get("name") if isinstance(a, dict) else a for a in axes]
    return tuple(n for n in names if isinstance(n, str)) if _all_text(names) else None


def level_system(multiscale: Mapping[str, object]) -> dict[str, object] | None:
    """Give the coordinate system of 0.6 that all levels go to; None where it is not one.

    An output is an object with the system's name, or the name itself, as previews of 0.6 had it.
    """
    outputs = [_output_name(level) for level in level_entries(multiscale)]
    names = [name for name in outputs if name is not None]
    if not names or any(name != names[0] for name in names):
        return None
    systems = multiscale.get("coordinateSystems")
    found = [
        s
        for s in (systems if isinstance(systems, list) else [])
        if isinstance(s, dict) and s.get("name") == names[0]
    ]
    return found[0] if len(found) == 1 else None


def level_entries(multiscale: Mapping[str, object]) -> list[object]:
    """Give the entries of `datasets`, whatever they are."""
    value = multiscale.get("datasets")
    return value if isinstance(value, list) else []


def _output_name(level: object) -> str | None:
    """Give the name of the system that a level's one transformation goes to."""
    transforms = level.get("coordinateTransformations") if isinstance(level, dict) else None
    first = transforms[0] if isinstance(transforms, list) and transforms else None
    output = first.get("output") if isinstance(first, dict) else None
    name = output.get("name") if isinstance(output, dict) else output
    return name if isinstance(name, str) else None


def replace_member(document: dict[str, object], old: str, new: str, value: object) -> None:
    """Put one member in the place of another, before those that followed it."""
    rest = list(document.items())
    document.clear()
    document.update((new, value) if key == old else (key, inner) for key, inner in rest)


def _all_text(names: list[object]) -> bool:
    return all(isinstance(n, str) for n in names)


def datasets(multiscale: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """Walk the dataset entries of one multiscale that name a path."""
    value = multiscale.get("datasets")
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("path"), str):
            yield entry


def named_arrays(group: str, attributes: Mapping[str, object]) -> Iterator[tuple[str, int, int]]:
    """Walk the arrays that a group's images name: path in the dataset, image number, level."""
    for number, multiscale in enumerate(_multiscales(attributes)):
        for level, entry in enumerate(datasets(multiscale)):
            yield resolve(group, str(entry["path"])), number, level


def named_groups(group: str, attributes: Mapping[str, object]) -> Iterator[str]:
    """Walk the groups that a plate or well names: its wells, its fields."""
    for member, entries in (("plate", "wells"), ("well", "images")):
        document = attributes.get(member)
        named = document.get(entries) if isinstance(document, dict) else None
        for entry in named if isinstance(named, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                yield resolve(group, entry["path"])


def resolve(group: str, path: str) -> str:
    """Give the path of a node that a group names relative to itself."""
    if path.isalnum():
        return f"{group}/{path}" if group else path
    return posixpath.normpath(posixpath.join(group, path)).removeprefix("./")
