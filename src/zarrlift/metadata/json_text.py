"""JSON as Zarr documents hold it: read strictly, written with exact numbers."""

from __future__ import annotations

import json
import math
import re
from collections import Counter

from zarrlift.errors import DocumentError
from zarrlift.metadata.json_depth import MOST, nested_too_deeply

MEND = "repair the document, or leave its node out with --exclude"
_INDENTATION = re.compile(rb'\s*\{\r?\n([ \t]+)"')


def read_object(data: bytes, place: str, deepest: int = 2 * MOST) -> dict[str, object]:
    """Parse a document that must be one JSON object; raise `DocumentError` with the line.

    More than `deepest` lists and objects within one another are an error too.
    """
    if nested_too_deeply(data, deepest):
        raise DocumentError("not readable: nested too deeply", place=place, hint=MEND)
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"not readable as JSON: {error.msg} (line {error.lineno}, column {error.colno})",
            place=place,
            hint=MEND,
        ) from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not readable as JSON: {error}", place=place, hint=MEND) from error
    if not isinstance(document, dict):
        raise DocumentError("holds no JSON object", place=place, hint=MEND)
    return document


def constants(data: bytes) -> tuple[str, ...]:
    """Give the bare NaN and Infinity of a document that can be read: JSON has neither."""
    if b"NaN" not in data and b"Infinity" not in data:
        return ()
    found: list[str] = []
    json.loads(data, parse_constant=found.append)
    return tuple(found)


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


def write_like(document: object, held: bytes) -> bytes:
    """Encode a document that takes the place of another in the other's form, as far as it shows.

    That is its indentation, whether it escapes what is not ASCII, and its last line's end.
    """
    found = _INDENTATION.match(held)
    indent = found[1].decode() if found else None
    text = json.dumps(document, indent=indent, ensure_ascii=held.isascii())
    end = b"\n" if held.endswith(b"\n") else b""
    try:
        return text.encode() + end
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, but an escape
        return json.dumps(document, indent=indent).encode() + end


def loss(data: bytes) -> str:
    """Say what of a JSON document would be lost if it were read and written; empty if nothing."""
    lost: list[str] = []

    def number(text: str) -> float:
        value = float(text)
        if math.isinf(value):
            lost.append(f"the number {text[:20]}, which is out of range")
        return value

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            often = Counter(name for name, _ in pairs)
            name = next(name for name, count in often.items() if count > 1)
            lost.append(f"a member {name!r} that stands twice")
        return made

    json.loads(data, parse_float=number, object_pairs_hook=members)
    return lost[0] if lost else ""
