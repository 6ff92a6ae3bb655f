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


def write(document: object) -> bytes:
    """Encode a document, indented by two spaces; the same value gives the same bytes."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
