"""The target's documents against what the source's say, lifted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError
from zarrlift.findings import error, note, warning
from zarrlift.metadata import json_text, ome, v3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.documents import Document
    from zarrlift.store.folder import Folder
    from zarrlift.verify.result import Checked


_ADDED = "is not in the source"
_MARKS = frozenset(
    f"/attributes/{name}"
    for name in (f"ome/{ome.CREATOR}", "_zarrs", "_ome2024_ngff_challenge_stats")
)
"""What converters say of themselves, which is no part of the data."""


def check_document(due: Document, target: Folder, checked: Checked) -> ArrayLayout | None:
    """Compare one document of the target; gives the layout it states where it is an array's."""
    checked.documents += 1
    try:
        data = target.read(due.key)
        if data is None:
            message = f"{due.key} is missing: the node is not in the target"
            checked.findings.append(error("node-missing", due.path, message))
            return None
        return check_data(due, data, target.path(due.key), checked)
    except DocumentError as problem:
        checked.findings.append(error("document-unreadable", due.path, problem.message))
        return None


def check_data(due: Document, data: bytes, place: str, checked: Checked) -> ArrayLayout | None:
    """Compare what was read of a document; raise `DocumentError` where it cannot be understood."""
    return _compare(due, json_text.read_object(data, place), checked, place)


def _compare(
    due: Document, found: Mapping[str, object], checked: Checked, place: str
) -> ArrayLayout | None:
    kind = "array" if due.layout else "group"
    if found.get("zarr_format") != 3 or found.get("node_type") != kind:  # noqa: PLR2004
        message = f"is no Zarr v3 {kind}, which the source's node is"
        checked.findings.append(error("node-kind", due.path, message))
        return None
    for member in _not_understood(found):
        message = f"member {member!r} is none that readers know, so they must refuse the node"
        checked.findings.append(error("document-unreadable", due.path, message))
    attributes = found.get("attributes", {})
    for pointer, message in differences(due.attributes, attributes, "/attributes"):
        if message == _ADDED and pointer in _MARKS:
            checked.findings.append(note("converter-mark", due.path, f"{pointer}: {message}"))
            continue
        checked.findings.append(error("attribute-differs", due.path, f"{pointer}: {message}"))
    for member, value in due.extra.items():
        if found.get(member) != value:
            message = f"/{member}: is {_short(found.get(member))}, due {_short(value)}"
            checked.findings.append(error("attribute-differs", due.path, message))
    if due.layout is None:
        return None
    layout = v3.read_array(found, place)
    _compare_layout(due, layout, checked)
    return layout if layout.shape == due.layout.shape else None


def _not_understood(found: Mapping[str, object]) -> list[str]:
    """List members that a v3 reader must fail on (core specification, "Extension points")."""
    unknown = [
        name
        for name, value in found.items()
        if name not in v3.ARRAY_MEMBERS
        and not (isinstance(value, dict) and value.get("must_understand") is False)
    ]
    return [*unknown, *(["storage_transformers"] if found.get("storage_transformers") else [])]


def _compare_layout(due: Document, found: ArrayLayout, checked: Checked) -> None:
    wanted = due.layout
    if wanted is None:
        return
    for member in ("shape", "data_type", "fill"):
        a, b = getattr(wanted, member), getattr(found, member)
        if a != b:
            message = f"{member} is {_short(b)}, the source's {_short(a)}"
            checked.findings.append(error("array-differs", due.path, message))
    if wanted.dimension_names is not None and wanted.dimension_names != found.dimension_names:
        message = f"dimension_names are {found.dimension_names}, due {wanted.dimension_names}"
        checked.findings.append(warning("dimension-names", due.path, message))


def differences(due: object, found: object, pointer: str) -> list[tuple[str, str]]:
    """List where two JSON values differ, by JSON pointer."""
    if isinstance(due, dict) and isinstance(found, dict):
        made = []
        for key in [*due, *(k for k in found if k not in due)]:
            inner = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in found:
                made.append((inner, "is missing"))
            elif key not in due:
                made.append((inner, _ADDED))
            else:
                made += differences(due[key], found[key], inner)
        return made
    if isinstance(due, list) and isinstance(found, list) and len(due) == len(found):
        return [
            d
            for n, (a, b) in enumerate(zip(due, found, strict=True))
            for d in differences(a, b, f"{pointer}/{n}")
        ]
    if _same(due, found):
        return []
    return [(pointer, f"is {_short(found)}, due {_short(due)}")]


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and one != one:  # noqa: PLR0124 - NaN
        return isinstance(other, float) and other != other  # noqa: PLR0124
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - fits a line
