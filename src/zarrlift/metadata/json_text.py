"""JSON as Zarr documents hold it: read strictly, written with exact numbers."""

from __future__ import annotations

import json

from zarrlift.errors import DocumentError

_MEND = "repair the document, or leave its node out with --exclude"


def read_object(data: bytes, place: str) -> dict[str, object]:
    """Parse a document that must be one JSON object; raise `DocumentError` with the line."""
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"not readable as JSON: {error.msg} (line {error.lineno}, column {error.colno})",
            place=place,
            hint=_MEND,
        ) from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not readable as JSON: {error}", place=place, hint=_MEND) from error
    if not isinstance(document, dict):
        raise DocumentError("holds no JSON object", place=place, hint=_MEND)
    return document


def copied(value: object) -> object:
    """Give a JSON value of its own, so that changing one leaves the other alone."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


_INDENTED = 3
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_ASCII = json.JSONEncoder(ensure_ascii=True)


def write(document: object) -> bytes:
    """Encode a document; the same value gives the same bytes.

    Objects are indented down to the third level, below `attributes.ome`; what lies deeper
    stands on one line. Indenting all of it takes ten times as long, which a plate feels.
    """
    try:
        return (_indented(document, 1, _ENCODER) + "\n").encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, but an escape
        return (_indented(document, 1, _ASCII) + "\n").encode()


def _indented(value: object, level: int, encoder: json.JSONEncoder) -> str:
    if not isinstance(value, dict) or level > _INDENTED or not value:
        return encoder.encode(value)
    inner = "  " * level
    members = (
        f"{inner}{encoder.encode(k)}: {_indented(v, level + 1, encoder)}" for k, v in value.items()
    )
    return "{\n" + ",\n".join(members) + "\n" + inner[2:] + "}"
