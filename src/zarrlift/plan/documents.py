"""The `zarr.json` documents of a lift: each node's attributes, as OME-Zarr 0.5 has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from zarrlift.findings import warning
from zarrlift.metadata import json_text, ome, ome_steps, v3
from zarrlift.survey.facts import NodeKind

if TYPE_CHECKING:
    from zarrlift.findings import Finding
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.settings import Settings
    from zarrlift.survey.facts import Node, Survey

Names = tuple[str | None, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One `zarr.json`, made when it is written."""

    path: str
    """Of the node; the document lies below it."""
    attributes: Mapping[str, object]
    layout: ArrayLayout | None
    """The array's target layout; None for a group."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Members that v3 readers may ignore."""

    @property
    def key(self) -> str:
        """Return the document's key in the dataset."""
        return f"{self.path}/zarr.json".lstrip("/")

    def content(self) -> dict[str, object]:
        """Return the document as a value."""
        if self.layout is None:
            return {**v3.group_document(self.attributes), **self.extra}
        return {**v3.array_document(self.layout, self.attributes), **self.extra}

    def encode(self) -> bytes:
        """Return the document's bytes."""
        if self.layout is not None and not self.attributes and not self.extra:
            return _bare_array(self.layout)
        return json_text.write(self.content())


@lru_cache(maxsize=256)
def _bare_array(layout: ArrayLayout) -> bytes:
    """Encode an array without attributes; a plate has thousands that are alike."""
    return json_text.write(v3.array_document(layout, {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """The OME side of a survey, at version 0.5."""

    attributes: Mapping[str, Mapping[str, object]]
    """New attributes of each group, by path."""
    names: Mapping[str, Names]
    """Dimension names of each array, by path."""
    missing: tuple[tuple[str, str], ...]
    """Arrays that an image names and that are not there: the image's path, the array's."""
    findings: tuple[Finding, ...]


def lift_attributes(survey: Survey, ome_version: str) -> Lifted:
    """Bring the attributes of every group to a version; find each array's dimension names."""
    layouts = {n.path: n.layout for n in survey.arrays}
    attributes: dict[str, Mapping[str, object]] = {}
    names: dict[str, Names] = {n.path: _stated_names(n.attributes, n.layout) for n in survey.arrays}
    missing: list[tuple[str, str]] = []
    found: list[Finding] = []

    def shape_of(path: str) -> tuple[int, ...] | None:
        layout = layouts.get(path)
        return layout.shape if layout else None

    version, there = survey.version or "0.4", {n.path for n in survey.nodes}
    for group in survey.groups:
        lifted, said = _lifted(group, version, ome_version, shape_of)
        attributes[group.path] = lifted
        found += said
        for path in ome.named_groups(group.path, group.attributes):
            if path not in there:
                message = f"names {path!r}, which is not there"
                found.append(warning("group-missing", group.path, message))
        for path, axes in _named(group.path, lifted):
            layout = layouts.get(path)
            if layout is None:
                missing.append((group.path, path))
            elif axes is not None and len(axes) == layout.ndim:
                names[path] = axes
    return Lifted(attributes=attributes, names=names, missing=tuple(missing), findings=tuple(found))


def _lifted(
    group: Node, version: str, wanted: str, shape_of: Callable[[str], tuple[int, ...] | None]
) -> tuple[Mapping[str, object], tuple[Finding, ...]]:
    """Bring one group's attributes to a version: up to 0.5 first, unless they are there."""
    held: Mapping[str, object] = group.attributes
    said: tuple[Finding, ...] = ()
    if version < "0.5" or ome.v3_members(held) is None:
        own = ome.own_version(held, min(version, "0.4"))
        held, said = ome_steps.lift(group.path, held, own, shape_of)
    if wanted == "0.6":
        from zarrlift.metadata.ome_0_6 import to_0_6  # noqa: PLC0415 - most targets are 0.5

        held, more = to_0_6(group.path, held)
        return held, (*said, *more)
    if version == "0.6":
        from zarrlift.metadata.ome_0_5 import to_0_5  # noqa: PLC0415 - few sources are 0.6

        held, more = to_0_5(group.path, held)
        return held, (*said, *more)
    return held, said


def _named(
    group: str, attributes: Mapping[str, object]
) -> list[tuple[str, tuple[str, ...] | None]]:
    """List the arrays that a lifted group names, later images first, with their axes."""
    members = attributes.get("ome")
    multiscales = members.get("multiscales") if isinstance(members, Mapping) else None
    named = []
    for multiscale in reversed(multiscales if isinstance(multiscales, list) else []):
        if isinstance(multiscale, dict):
            axes = ome.axis_names(multiscale)
            named += [(ome.resolve(group, str(d["path"])), axes) for d in ome.datasets(multiscale)]
    return named


def _stated_names(attributes: Mapping[str, object], layout: ArrayLayout | None) -> Names:
    stated = attributes.get("_ARRAY_DIMENSIONS")
    if layout is not None and layout.dimension_names is not None:
        return layout.dimension_names
    if layout is None or not isinstance(stated, list) or len(stated) != layout.ndim:
        return None
    return tuple(stated) if all(isinstance(n, str) for n in stated) else None


def noted(lifted: Lifted, settings: Settings) -> Lifted:
    """Put the notes on a conversion into the root group, where the challenge's converter does."""
    root = lifted.attributes.get("", {})
    members = root.get("ome")
    if settings.notes is None or not isinstance(members, Mapping):
        return lifted
    creator = {"name": "zarrlift", "notes": settings.notes}
    attributes = {**root, "ome": {**members, ome.CREATOR: creator}}
    return replace(lifted, attributes={**lifted.attributes, "": attributes})


def documents(
    survey: Survey, lifted: Lifted, targets: Mapping[str, ArrayLayout]
) -> tuple[Document, ...]:
    """Give every document of the target, a parent before its children."""
    return tuple(
        Document(
            path=n.path,
            attributes=n.attributes if n.kind is NodeKind.ARRAY else lifted.attributes[n.path],
            layout=targets.get(n.path),
            extra=n.extra,
        )
        for n in survey.nodes
    )
