"""JSON as Zarr documents hold it: read strictly, written with exact numbers."""

from __future__ import annotations

import json

from zarrlift.errors import DocumentError


def read_object(data: bytes, place: str) -> dict[str, object]:
    """Parse a document that must be one JSON object; raise `DocumentError` with the line."""
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"not readable as JSON: {error.msg} (line {error.lineno}, column {error.colno})",
            place=place,
            hint="repair the document; nothing was written for it",
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"not readable as JSON: {error}", place=place) from error
    if not isinstance(document, dict):
        raise DocumentError("holds no JSON object", place=place)
    return document


_INDENTED = 3
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def write(document: object) -> bytes:
    """Encode a document; the same value gives the same bytes.

    Objects are indented down to the third level, below `attributes.ome`; what lies deeper
    stands on one line. Indenting all of it takes ten times as long, which a plate feels.
    """
    return "".join((_indented(document, 1), "\n")).encode("utf-8", "surrogatepass")


def _indented(value: object, level: int) -> str:
    if not isinstance(value, dict) or level > _INDENTED or not value:
        return _ENCODER.encode(value)
    inner = "  " * level
    members = (f"{inner}{_ENCODER.encode(k)}: {_indented(v, level + 1)}" for k, v in value.items())
    return "{\n" + ",\n".join(members) + "\n" + inner[2:] + "}"
