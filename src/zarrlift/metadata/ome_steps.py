"""From one OME-Zarr version to the next: each step is what changes, nothing else.

0.1, 0.2 -> 0.3 -> 0.4 fills in axes, scales and well indices from what the arrays show; 0.4 -> 0.5
moves the OME members below `ome` and keeps one version there. Sources: OME-Zarr 0.1-0.5;
`If scaling information is not available ... the value MUST express the scaling factor
between the current resolution and the first` (0.4, "multiscales").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift.findings import Finding, error, note, warning
from zarrlift.metadata import json_text, ome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zarrlift.grid import Index

_AXIS_TYPES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
_OLD_AXES = ("t", "c", "z", "y", "x")
_VERSIONED = ("plate", "well", "image-label", "omero")


@dataclass(slots=True, kw_only=True)
class _Lift:
    """One group on its way to 0.5."""

    path: str
    attributes: dict[str, object]
    shape_of: Callable[[str], Index | None]
    found: list[Finding] = field(default_factory=list)

    def note(self, rule: str, message: str) -> None:
        self.found.append(note(rule, self.path, message))


def lift(
    path: str,
    attributes: Mapping[str, object],
    version: str,
    shape_of: Callable[[str], Index | None],
) -> tuple[dict[str, object], tuple[Finding, ...]]:
    """Give a group's attributes as OME-Zarr 0.5 writes them, and what there is to say.

    `version` is the source's (0.1-0.4); `shape_of` tells the shape of the array at a path
    within the dataset. Attributes without OME members come back unchanged.
    """
    name = path.rpartition("/")[2]
    members = ome.members(attributes, name)
    if not members:
        return dict(attributes), ()
    step = _Lift(path=path, attributes=_copied_members(members), shape_of=shape_of)
    _to_0_4(step, version)
    _clean(step)
    return _to_0_5(step, {k: v for k, v in attributes.items() if k not in members})


def _copied_members(members: Mapping[str, object]) -> dict[str, object]:
    return {key: json_text.copied(value) for key, value in members.items()}


def _to_0_4(step: _Lift, version: str) -> None:
    for multiscale in _objects(step.attributes.get("multiscales")):
        _fill_axes(step, multiscale)
        if version < "0.4":
            _fill_scales(step, multiscale)
    plate = step.attributes.get("plate")
    if isinstance(plate, dict) and version < "0.4":
        _fill_plate(step, plate)


def _objects(value: object) -> list[dict[str, object]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _fill_axes(step: _Lift, multiscale: dict[str, object]) -> None:
    names = ome.axis_names(multiscale)
    axes = multiscale.get("axes")
    if names is None and not axes:
        shapes = [
            step.shape_of(ome.resolve(step.path, str(d["path"]))) for d in ome.datasets(multiscale)
        ]
        if any(s is not None and len(s) != len(_OLD_AXES) for s in shapes):
            step.found.append(
                warning("axes-unknown", step.path, "no axes, and the arrays are not 5-D t,c,z,y,x")
            )
            return
        names = _OLD_AXES
    elif names is None or (isinstance(axes, list) and axes and isinstance(axes[0], dict)):
        return
    made = [{"name": n, **({"type": _AXIS_TYPES[n]} if n in _AXIS_TYPES else {})} for n in names]
    _put_first(multiscale, "axes", made)
    step.note("axes-added", f"axes written as {','.join(names)} with their types")


def _put_first(document: dict[str, object], key: str, value: object) -> None:
    rest = {k: v for k, v in document.items() if k != key}
    document.clear()
    document.update({key: value, **rest})


def _fill_scales(step: _Lift, multiscale: dict[str, object]) -> None:
    entries = list(ome.datasets(multiscale))
    shapes = [step.shape_of(ome.resolve(step.path, str(e["path"]))) for e in entries]
    added = False
    for entry, shape in zip(entries, shapes, strict=True):
        first = shapes[0]
        if "coordinateTransformations" in entry or shape is None or first is None:
            continue
        if len(shape) == len(first):
            scale = [a / b if b else 1.0 for a, b in zip(first, shape, strict=True)]
            entry["coordinateTransformations"] = [{"type": "scale", "scale": scale}]
            added = True
    if added:
        step.note("scales-added", "scale of each level taken from the ratio of shapes, no units")


def _fill_plate(step: _Lift, plate: dict[str, object]) -> None:
    wells = _objects(plate.get("wells"))
    parts = [str(w.get("path", "")).strip("/").split("/") for w in wells]
    _name_lines(plate, "rows", [p[-2] for p in parts if len(p) > 1])
    _name_lines(plate, "columns", [p[-1] for p in parts])
    rows, columns = _names(plate, "rows"), _names(plate, "columns")
    added = False
    for well, part in zip(wells, parts, strict=True):
        if len(part) < 2 or part[-2] not in rows or part[-1] not in columns:  # noqa: PLR2004
            message = f"well {well.get('path')!r} is in no listed row and column"
            step.found.append(warning("well-index-unknown", step.path, message))
            continue
        added = added or "rowIndex" not in well or "columnIndex" not in well
        well.setdefault("rowIndex", rows.index(part[-2]))
        well.setdefault("columnIndex", columns.index(part[-1]))
        if len(part) > 2:  # noqa: PLR2004 - row and column
            message = f"well path {well.get('path')!r} is not ROW/COLUMN; it is kept as it is"
            step.found.append(warning("well-path-leading", step.path, message))
    if added:
        step.note("well-indices-added", "rowIndex and columnIndex added to the wells")


def _names(plate: dict[str, object], member: str) -> list[object]:
    return [line.get("name") for line in _objects(plate.get(member))]


def _name_lines(plate: dict[str, object], member: str, used: list[str]) -> None:
    """Name rows or columns that have no name after the wells' paths, in their order."""
    lines = _objects(plate.get(member))
    taken = [line.get("name") for line in lines]
    free = [n for n in dict.fromkeys(sorted(used, key=lambda n: (len(n), n))) if n not in taken]
    for line in lines:
        if "name" not in line and free:
            line["name"] = free.pop(0)


def _clean(step: _Lift) -> None:
    """Remove what 0.5 does not have: inner versions, and nulls that its schemas refuse."""
    for member in [*_VERSIONED, "multiscales"]:
        value = step.attributes.get(member)
        for document in _objects(value if isinstance(value, list) else [value]):
            document.pop("version", None)
    for multiscale in _objects(step.attributes.get("multiscales")):
        for axis in _objects(multiscale.get("axes")):
            for key in [k for k in ("type", "unit") if k in axis and axis[k] is None]:
                del axis[key]
                step.note("null-dropped", f"axis {axis.get('name')!r} had a null {key}")


def _to_0_5(step: _Lift, rest: dict[str, object]) -> tuple[dict[str, object], tuple[Finding, ...]]:
    members: dict[str, object] = {"version": "0.5", **step.attributes}
    if "ome" in rest:
        foreign = rest.pop("ome")
        if isinstance(foreign, dict) and not set(foreign) & set(members):
            members.update(foreign)
            step.note(
                "ome-merged", "a member named ome was there already; its content is kept in it"
            )
        else:
            message = "a foreign member named ome is in the way of OME-Zarr 0.5's own"
            step.found.append(error("ome-taken", step.path, message))
            rest["ome"] = foreign
            return rest, tuple(step.found)
    return {"ome": members, **rest}, tuple(step.found)
