"""Versions as they are to be written, and OME-Zarr members that lie where no reader looks.

Sources: OME-Zarr 0.5 and 0.6, "OME-Zarr Metadata" and "version"; RFC-2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.metadata import ome, ome_steps
from zarrlift.repair.edit import undecided, with_attributes, with_members
from zarrlift.survey.found import Found, FoundKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarrlift.repair.edit import Repaired
    from zarrlift.survey.found import Hierarchy

_OLD = ("0.1", "0.2", "0.3", "0.4")
RELEASES = ("0.5", "0.6")
"""Versions that have their members below `ome`."""
_PREVIEW = re.compile(r"(0\.[56])(?:\.\d+|[.-]?(?:dev|rc|a|b)\.?\d*)")
"""A version that was never final, or a patch of the text, which documents do not state."""
_VERSIONED = ("multiscales", "omero", "plate", "well", "image-label")
_TRANSFORMS_0_5 = frozenset({"scale", "translation", "identity"})
_LEVELS_0_6 = frozenset({"scale", "identity", "sequence"})
_GONE_0_6 = frozenset({"input_axes", "output_axes", "inverseOf", "axes_names"})
"""Members that previews of 0.6 had, and the release has not."""


def groups_of(tree: Hierarchy) -> Iterator[Found]:
    """Walk the groups of Zarr v3."""
    return (
        node
        for node in tree.nodes.values()
        if node.kind is FoundKind.GROUP and node.zarr_format == 3  # noqa: PLR2004 - the format
    )


def version_of(tree: Hierarchy) -> str | None:
    """Give the one release that a v3 hierarchy states or, where nothing is stated, shows.

    None where groups state several, or one that is no release, or nothing tells.
    """
    with_ome = [node for node in groups_of(tree) if node.ome]
    stated = {node.stated for node in with_ome} - {None}
    if not stated:
        stated = {_shown(m) for node in with_ome for m in multiscales_of(node.ome)}
    found = stated.pop() if len(stated) == 1 else None
    return found if found in RELEASES else None


def _shown(multiscale: Mapping[str, object]) -> str | None:
    """Tell 0.5 from 0.6 by the form of an image."""
    if _is_0_5(multiscale):
        return "0.5"
    return "0.6" if _is_0_6(multiscale) else None


def moved(tree: Hierarchy) -> Repaired:
    """Move OME-Zarr members of v3 groups below `ome`, as 0.5 has them.

    Migration of Zarr alone leaves them beside it, where no reader of 0.5 looks. What they become
    is what a lift writes; where that takes a guess, they stay.
    """
    groups = [g for g in groups_of(tree) if "ome" not in g.attributes]
    beside = {g.path: ome.members(g.attributes, g.name) for g in groups}
    release = version_of(tree)
    bare = not any(group.ome for group in groups_of(tree))
    around = next(filter(None, (ome.stated_version(g.attributes) for g in groups)), "0.4")
    for group in groups:
        found = beside[group.path]
        if not found:
            continue
        if bare or (release == "0.5" and _named_group(group, found, tree)):
            yield from _moved(group, around if bare else "0.4", tree)
        elif found.keys() & {"multiscales", "plate", "well"}:
            message = "has OME-Zarr members beside `ome`, unlike other groups here"
            yield undecided(group.path, message)


def _named_group(group: Found, found: Mapping[str, object], tree: Hierarchy) -> bool:
    """Say whether a group is one that its place makes OME-Zarr's: labels, or the series."""
    above = tree.get(group.above) if group.above is not None else None
    if above is None:
        return False
    if found.keys() == {"labels"}:
        return group.name == "labels" and "multiscales" in above.ome
    return found.keys() == {"series"} and "bioformats2raw.layout" in above.ome


def _moved(group: Found, around: str, tree: Hierarchy) -> Repaired:
    def shape_of(path: str) -> tuple[int, ...] | None:
        node = tree.get(path)
        return node.layout.shape if node is not None and node.layout is not None else None

    version = ome.own_version(group.attributes, around)
    if version not in _OLD:
        message = f"has OME-Zarr members of version {version!r} beside `ome`"
        yield undecided(group.path, message)
        return
    lifted, found = ome_steps.lift(group.path, group.attributes, version, shape_of)
    doubts = [f.message for f in found if f.severity is not Severity.NOTE]
    if doubts:
        yield undecided(group.path, f"OME-Zarr members lie beside `ome`, and {doubts[0]}")
    else:
        yield with_attributes(group, lifted)


def spelled(tree: Hierarchy) -> Repaired:
    """Write versions as text where they are numbers."""
    for node in tree.nodes.values():
        members = node.ome
        if node.kind is not FoundKind.GROUP or not members:
            continue
        made = _inner(members, _as_text)
        version = _as_text(members.get("version"))
        if node.zarr_format == 3 and version is not members.get("version"):  # noqa: PLR2004 - the format
            made = {"version": version, **made}
        if made:
            yield with_members(node, made)


def _as_text(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number and str(value) in (*_OLD, *RELEASES) else value


def final(tree: Hierarchy) -> Repaired:
    """Write the release in place of one of its previews, where every image has the release's form.

    Such are `0.5-dev` and `0.6rc0`; a preview of another form is another format.
    """
    stated = {g.path: _PREVIEW.fullmatch(g.stated or "") for g in groups_of(tree) if g.ome}
    previews = {path: found[1] for path, found in stated.items() if found}
    for release in sorted(set(previews.values())):
        odd = _unlike(tree, release)
        if odd is not None:
            message = f"states a preview of {release}, and its form is not that of {release}"
            yield undecided(odd, message)
            continue
        for path in [p for p, r in previews.items() if r == release]:
            yield with_members(tree.nodes[path], {"version": release})


def _unlike(tree: Hierarchy, release: str) -> str | None:
    """Give the path of a group that has another form than a release asks for, or None."""
    fits = _is_0_5 if release == "0.5" else _is_0_6
    for group in groups_of(tree):
        if "scene" in group.ome and group.stated not in ("0.6", "0.6rc0"):
            return group.path
        if not all(fits(multiscale) for multiscale in multiscales_of(group.ome)):
            return group.path
    return None


def _is_0_5(multiscale: Mapping[str, object]) -> bool:
    axes = multiscale.get("axes")
    if "coordinateSystems" in multiscale or not isinstance(axes, list) or not axes:
        return False
    levels = [_objects(d.get("coordinateTransformations")) for d in ome.datasets(multiscale)]
    of_all = _objects(multiscale.get("coordinateTransformations"))
    return (
        all(isinstance(axis, dict) for axis in axes)
        and bool(levels)
        and all(levels)
        and all(_is_plain(t) for level in [*levels, of_all] for t in level)
    )


def _is_plain(transform: Mapping[str, object]) -> bool:
    return transform.get("type") in _TRANSFORMS_0_5 and not {"input", "output"} & transform.keys()


def _is_0_6(multiscale: Mapping[str, object]) -> bool:
    levels = list(ome.datasets(multiscale))
    return (
        "axes" not in multiscale
        and ome.axis_names(multiscale) is not None
        and bool(levels)
        and all(_is_level_0_6(level) for level in levels)
        and all(_is_joining(t) for t in _objects(multiscale.get("coordinateTransformations")))
        and not _holds(multiscale, _GONE_0_6)
    )


def _is_level_0_6(level: Mapping[str, object]) -> bool:
    transforms = level.get("coordinateTransformations")
    if not isinstance(transforms, list) or len(transforms) != 1 or not _objects(transforms):
        return False
    (transform,) = _objects(transforms)
    source = transform.get("input")
    named = isinstance(source, dict) and source.get("path") == level.get("path")
    inner = _objects(transform.get("transformations"))
    return (
        named
        and _is_joining(transform)
        and transform.get("type") in _LEVELS_0_6
        and all(_is_plain(t) for t in inner)
    )


def _is_joining(transform: Mapping[str, object]) -> bool:
    """Say whether a transformation leads from one named place to another, as the release has it."""
    return all(isinstance(transform.get(end), dict) for end in ("input", "output"))


def _holds(value: object, names: frozenset[str]) -> bool:
    """Say whether any object within a value has one of these members."""
    ahead = [value]
    while ahead:
        here = ahead.pop()
        if isinstance(here, dict):
            if names & here.keys():
                return True
            ahead += here.values()
        elif isinstance(here, list):
            ahead += here
    return False


def added(tree: Hierarchy) -> Repaired:
    """State the hierarchy's version in groups of v3 that have OME-Zarr members and no version."""
    lacking = [g for g in groups_of(tree) if g.ome and g.ome.get("version") is None]
    if not lacking:
        return
    version = version_of(tree)
    for group in lacking:
        if version is None:
            yield undecided(group.path, "states no version, and no other group tells which")
        else:
            yield with_members(group, {"version": version})


def repeated(tree: Hierarchy) -> Repaired:
    """Remove versions of single members that differ from the one of their group, in v3.

    They are left over from 0.4; readers of 0.5 go by `ome.version` alone.
    """
    for group in groups_of(tree):
        version = group.stated
        if version not in RELEASES:
            continue
        made = _inner(group.ome, _only(version))
        if made:
            yield with_members(group, made)


def _only(version: str) -> Callable[[object], object]:
    """Give what keeps one version and removes all others."""
    return lambda held: version if held == version else None


def _inner(members: Mapping[str, object], changed: Callable[[object], object]) -> dict[str, object]:
    """Give the members in which a version of their own changes.

    `changed` gives what a version becomes; where that is None it is removed.
    """
    made: dict[str, object] = {}
    for key in _VERSIONED:
        value = members.get(key)
        if isinstance(value, list):
            new: object = [_versioned(inner, changed) for inner in value]
        else:
            new = _versioned(value, changed)
        if new != value:
            made[key] = new
    return made


def _versioned(value: object, changed: Callable[[object], object]) -> object:
    if not isinstance(value, dict) or "version" not in value:
        return value
    version = changed(value["version"])
    if version is None:
        return {k: v for k, v in value.items() if k != "version"}
    return {**value, "version": version}


def multiscales_of(members: Mapping[str, object]) -> list[dict[str, object]]:
    """Give the entries of `multiscales` that are objects."""
    return _objects(members.get("multiscales"))


def _objects(value: object) -> list[dict[str, object]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
