"""Reading Zarr v2 array documents as `ArrayLayout` values.

Source: Zarr storage specification version 2, "Arrays: Metadata".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from zarrlift.errors import DocumentError
from zarrlift.metadata import codecs, datatypes, json_text
from zarrlift.metadata.layout import ArrayLayout, Keys, refuse_uncountable

_KNOWN = frozenset(
    {"zarr_format", "shape", "chunks", "dtype", "compressor", "fill_value", "order", "filters"}
    | {"dimension_separator"}
)
_SEPARATORS = {"/": Keys.V2_NESTED, ".": Keys.V2_FLAT}


@dataclass(frozen=True, slots=True, kw_only=True)
class V2Array:
    """What a `.zarray` document says."""

    layout: ArrayLayout
    separator_stated: bool
    fill_undefined: bool
    """The document's fill value is null: readers disagree on what it means."""
    unknown: tuple[str, ...]
    """Members that the specification does not know."""


@lru_cache(maxsize=1024)
def read_array(data: bytes, place: str = "") -> V2Array:
    """Parse a `.zarray` document; `place` names it in errors.

    Raises `DocumentError` for anything that could not be written as Zarr v3.
    """
    document = json_text.read_object(data, place)
    try:
        return from_document(document)
    except DocumentError as error:
        error.place = error.place or place
        raise


def from_document(document: dict[str, object]) -> V2Array:
    """Read a `.zarray` document that is parsed already; raise `DocumentError` as `read_array`."""
    if document.get("zarr_format") != 2:  # noqa: PLR2004 - the format's number
        raise DocumentError(f"zarr_format is {document.get('zarr_format')!r}, not 2")
    shape = _integers(document, "shape")
    chunks = _integers(document, "chunks")
    if len(shape) != len(chunks) or any(c == 0 < s for c, s in zip(chunks, shape, strict=True)):
        raise DocumentError(f"chunks {list(chunks)} do not fit shape {list(shape)}")
    filters = _filters(document)
    order, data_type = _data_type(document, filters)
    separator = document.get("dimension_separator", ".")
    if not isinstance(separator, str) or separator not in _SEPARATORS:
        raise DocumentError(f"dimension_separator {separator!r} is neither '.' nor '/'")
    layout = ArrayLayout(
        shape=shape,
        data_type=data_type,
        chunks=tuple(max(1, c) for c in chunks),
        shards=None,
        codecs=_chain(document, len(shape), order, data_type, filters),
        fill=datatypes.fill_from_v2(document.get("fill_value"), data_type),
        keys=_SEPARATORS[separator],
    )
    return V2Array(
        layout=layout,
        separator_stated="dimension_separator" in document,
        fill_undefined=document.get("fill_value") is None,
        unknown=tuple(sorted(set(document) - _KNOWN)),
    )


def _integers(document: dict[str, object], member: str) -> tuple[int, ...]:
    value = document.get(member)
    if not isinstance(value, list) or not all(type(v) is int and v >= 0 for v in value):
        raise DocumentError(f"{member} is {value!r}, not a list of whole numbers")
    refuse_uncountable(value, member)
    return tuple(value)


def _filters(document: dict[str, object]) -> list[dict[str, object]]:
    filters = document.get("filters") or []
    if not isinstance(filters, list) or not all(isinstance(f, dict) for f in filters):
        raise DocumentError(f"filters is {filters!r}, not a list of objects")
    return filters


def _data_type(
    document: dict[str, object], filters: list[dict[str, object]]
) -> tuple[str, datatypes.DataType]:
    ids = tuple(str(f.get("id")) for f in filters)
    variable = datatypes.variable_from_v2(document.get("dtype"), ids)
    return ("|", variable) if variable else datatypes.from_v2(document.get("dtype"))


def _chain(
    document: dict[str, object],
    ndim: int,
    byte_order: str,
    data_type: datatypes.DataType,
    filters: list[dict[str, object]],
) -> codecs.Chain:
    order, compressor = document.get("order", "C"), document.get("compressor")
    if order not in ("C", "F"):
        raise DocumentError(f"order {order!r} is neither 'C' nor 'F'")
    if compressor is not None and not isinstance(compressor, dict):
        raise DocumentError(f"compressor is {compressor!r}, not an object")
    chain = [codecs.transpose(tuple(reversed(range(ndim))))] if order == "F" and ndim > 1 else []
    chain.append(codecs.serializer(data_type, byte_order))
    if not data_type.variable:
        chain += [codecs.from_v2(f, data_type.itemsize) for f in filters]
    if compressor is not None:
        itemsize = 1 if data_type.variable or filters else data_type.itemsize
        chain.append(codecs.from_v2(compressor, itemsize))
    return tuple(chain)
