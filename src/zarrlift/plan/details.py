"""Details files: chunks and shards of each array, as ome2024-ngff-challenge writes and reads them.

Two forms are known. A list has one entry for each level, in the order of the image's `datasets`. A
mapping has the paths of arrays as keys; they may begin with the path of the source.
"""

from __future__ import annotations

import json
from glob import escape
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError
from zarrlift.metadata import ome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import ArrayPlan, Plan
    from zarrlift.survey.facts import Survey

Entry = dict[str, list[int] | None]
Details = list[Entry] | dict[str, Entry]
_SIZES = ("chunks", "shards")
_FORM = 'write entries like {"chunks": [1, 1, 1, 256, 256], "shards": [1, 1, 1, 2048, 2048]}'


def details_of(plan: Plan, prefix: str = "") -> Details:
    """Give the details of a plan: a list where it is one image and nothing else, else a mapping.

    `prefix` goes before the paths of the mapping.
    """
    root = next((d.attributes for d in plan.documents if not d.path), {})
    named = [path for path, _, _ in ome.named_arrays("", ome.v3_members(root) or {})]
    by_path = {array.path: _entry(array) for array in plan.arrays}
    if len(named) == len(by_path) and set(named) == set(by_path):
        return [by_path[path] for path in named]
    return {f"{prefix}/{path}".strip("/"): entry for path, entry in by_path.items()}


def _entry(array: ArrayPlan) -> Entry:
    layout = array.target
    return {
        "shape": list(layout.shape),
        "chunks": list(layout.chunks),
        "shards": list(layout.stored),
    }


def details_text(details: Details) -> str:
    """Write details as JSON, one array a line, so that they are easy to edit."""
    if isinstance(details, list):
        return "[" + ",\n ".join(map(json.dumps, details)) + "]\n"
    lines = (f"{json.dumps(path)}: {json.dumps(entry)}" for path, entry in details.items())
    return "{" + ",\n ".join(lines) + "}\n"


def parse_details(text: str, place: str) -> object:
    """Read a details file, whose first lines may be comments; raises `UsageError`."""
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("#")):
        lines.pop(0)
    try:
        return json.loads("\n".join(lines))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not readable as JSON: {error}", place=place, hint=_FORM) from error


def layout_rules(document: object, survey: Survey) -> dict[str, dict[str, object]]:
    """Turn details into rules of a layout file, one for each array that they speak of.

    A list counts for every image of the dataset, level by level; where an image has other axes
    than the first one, sizes are matched by the axes' names. A `shape` is not looked at.

    Raises `UsageError` for what is no details file, paths that are not there, and a number of
    sizes that is not that of the array's axes.
    """
    layouts = {n.path: n.layout for n in survey.arrays if n.layout is not None}
    if isinstance(document, list):
        found = _by_level(document, survey, layouts)
    elif isinstance(document, dict):
        found = _by_path(document, layouts)
    else:
        raise UsageError("the details are neither a list nor an object", hint=_FORM)
    return {escape(path): members for path, members in found.items() if members}


def _by_path(
    document: Mapping[str, object], layouts: Mapping[str, ArrayLayout]
) -> dict[str, dict[str, object]]:
    cut = _prefix_length(document, layouts)
    made = {}
    for key, entry in document.items():
        path = _below(key, cut)
        if path not in layouts:
            there = ", ".join(repr(p) for p in list(layouts)[:4])
            raise UsageError(
                f"the details name {key!r}, and there is no such array",
                hint=f"the arrays are {there}{', …' if len(layouts) > 4 else ''}",  # noqa: PLR2004
            )
        made[path] = _members(entry, key)
        _check_length(path, made[path], layouts[path])
    return made


def _prefix_length(keys: Iterable[str], layouts: Mapping[str, ArrayLayout]) -> int:
    """Count the leading parts that all keys share and that are the source's path, not an array's.

    The count under which most keys are arrays; of several such, the least.
    """
    split = [_parts(key) for key in keys]
    shared = 0
    for column in zip(*split, strict=False):
        if len(set(column)) > 1:
            break
        shared += 1
    return max(
        range(shared + 1),
        key=lambda cut: (sum("/".join(parts[cut:]) in layouts for parts in split), -cut),
    )


def _parts(key: str) -> list[str]:
    return [part for part in key.split("/") if part not in ("", ".")]


def _below(key: str, cut: int) -> str:
    return "/".join(_parts(key)[cut:])


def _by_level(
    entries: Sequence[object], survey: Survey, layouts: Mapping[str, ArrayLayout]
) -> dict[str, dict[str, object]]:
    images = _images(survey, layouts)
    if images and len(entries) > max(map(len, images)):
        raise UsageError(
            f"the details are of {len(entries)} levels, and no image has more than "
            f"{max(map(len, images))}",
            hint="leave an entry out, or name the arrays by their paths",
        )
    levels = [_members(entry, f"entry {n}") for n, entry in enumerate(entries)]
    if images:
        for path, members in zip(images[0], levels, strict=False):
            _check_length(path, members, layouts[path])
    made: dict[str, dict[str, object]] = {}
    for image in images:
        for path, members in zip(image, levels, strict=False):
            made.setdefault(path, members)
    return made


def _images(survey: Survey, layouts: Mapping[str, ArrayLayout]) -> list[list[str]]:
    """Give the arrays of each image in the order of its levels; labels come last."""
    made = []
    for group in survey.groups:
        attributes = ome.v3_members(group.attributes) or group.attributes
        named = [p for p, _, _ in ome.named_arrays(group.path, attributes) if p in layouts]
        if named:
            made.append(named)
    return sorted(made, key=lambda paths: "labels" in paths[0].split("/"))


def _members(entry: object, where: str) -> dict[str, object]:
    """Check one entry; gives the chunks and shards that it states."""
    if not isinstance(entry, dict) or set(entry) - {"shape", *_SIZES}:
        raise UsageError(f"details of {where} are not understood", hint=_FORM)
    made: dict[str, object] = {}
    for name in _SIZES:
        sizes = entry.get(name)
        if sizes is None and name == "chunks":
            continue
        if sizes is not None and not _are_sizes(sizes):
            raise UsageError(f"details of {where}: {name} are not understood", hint=_FORM)
        if name in entry and sizes != []:
            made[name] = sizes
    return made


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in value
    )


def _check_length(path: str, members: Mapping[str, object], layout: ArrayLayout) -> None:
    for name, sizes in members.items():
        if isinstance(sizes, list) and len(sizes) != layout.ndim:
            raise UsageError(
                f"{name} {sizes} are {len(sizes)} sizes, and the array has {layout.ndim} axes",
                place=path or "/",
                hint=f"give {layout.ndim} sizes",
            )
