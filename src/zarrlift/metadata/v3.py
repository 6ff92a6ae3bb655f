"""Reading and writing Zarr v3 documents (`zarr.json`).

Source: Zarr v3 core specification; the `sharding_indexed` codec, version 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from zarrlift import grid
from zarrlift.errors import DocumentError
from zarrlift.metadata import codecs, datatypes
from zarrlift.metadata.layout import (
    OWN_FORM,
    ArrayLayout,
    Keys,
    ShardForm,
    refuse_uncountable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

INDEX_CODECS: tuple[dict[str, object], ...] = (
    {"name": "bytes", "configuration": {"endian": "little"}},
    {"name": "crc32c"},
)


ARRAY_MEMBERS = frozenset(
    {"zarr_format", "node_type", "attributes", "shape", "data_type", "chunk_grid", "codecs"}
    | {"chunk_key_encoding", "fill_value", "dimension_names", "storage_transformers"}
)
"""Members that the specification gives an array's document."""


def group_document(attributes: Mapping[str, object]) -> dict[str, object]:
    """Give the document of a group."""
    return {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)}


def array_document(layout: ArrayLayout, attributes: Mapping[str, object]) -> dict[str, object]:
    """Give the document of an array; every codec must be one that v3 readers share."""
    document: dict[str, object] = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(layout.shape),
        "data_type": layout.data_type.to_json(),
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": list(layout.stored)},
        },
        "chunk_key_encoding": {
            "name": "default" if layout.keys.prefix else "v2",
            "configuration": {"separator": layout.keys.separator},
        },
        "fill_value": datatypes.fill_to_json(layout.fill, layout.data_type),
        "codecs": _codecs(layout),
        "attributes": dict(attributes),
    }
    if layout.dimension_names is not None:
        document["dimension_names"] = list(layout.dimension_names)
    return document


def _codecs(layout: ArrayLayout) -> list[dict[str, object]]:
    if not all(c.writable for c in layout.codecs):
        raise DocumentError(f"no v3 form for codecs: {codecs.describe(layout.codecs)}")
    inner = [c.to_json() for c in layout.codecs]
    if layout.shards is None:
        return inner
    return [
        {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": list(layout.chunks),
                "codecs": inner,
                "index_codecs": list(INDEX_CODECS),
                "index_location": "end",
            },
        }
    ]


def read_array(document: Mapping[str, object], place: str) -> ArrayLayout:
    """Read an array document; raise `DocumentError` for what this version cannot read."""
    try:
        return _layout(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DocumentError(f"is no valid Zarr v3 array: {error!r}", place=place) from error
    except DocumentError as error:
        error.place = error.place or place
        raise


def _layout(document: Mapping[str, object]) -> ArrayLayout:
    chunk_grid = _named(document["chunk_grid"], "regular")
    stored = _lengths(chunk_grid["chunk_shape"], "chunk_shape")
    inner = _inner(document["codecs"], stored)
    data_type = datatypes.from_v3(document["data_type"])
    names = document.get("dimension_names")
    shape = _lengths(document["shape"], "shape")
    if names is not None and not _are_names(names, len(shape)):
        raise DocumentError(f"dimension_names {names!r} do not fit {len(shape)} axes")
    if min((*inner.chunks, *stored), default=1) < 1:
        raise DocumentError("chunks or shards of size 0")
    if not any(c.name == "bytes" or c.name.startswith("vlen-") for c in inner.codecs):
        raise DocumentError("no codec turns the array into bytes")
    if len(stored) != len(shape) or not grid.divides(inner.chunks, stored):
        message = f"chunks {inner.chunks} and shards {stored} do not fit shape {shape}"
        raise DocumentError(message)
    return ArrayLayout(
        shape=shape,
        data_type=data_type,
        chunks=inner.chunks,
        shards=stored if inner.form else None,
        codecs=inner.codecs,
        fill=datatypes.fill_from_v3(document["fill_value"], data_type),
        keys=_keys(document["chunk_key_encoding"]),
        dimension_names=tuple(names) if names is not None else None,
        form=inner.form or OWN_FORM,
    )


def _lengths(value: object, member: str) -> grid.Index:
    if not isinstance(value, list) or not all(type(v) is int and v >= 0 for v in value):
        raise DocumentError(f"{member} is {value!r}, not a list of whole numbers")
    refuse_uncountable(value, member)
    return tuple(value)


def _are_names(value: object, axes: int) -> TypeGuard[list[str | None]]:
    """Say whether a value names so many dimensions, some of them perhaps by null."""
    if not isinstance(value, list) or len(value) != axes:
        return False
    return all(name is None or isinstance(name, str) for name in value)


def _named(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict) or value.get("name") != name:
        raise DocumentError(f"{value!r} is not of the kind {name!r}, the one this version reads")
    configuration = value.get("configuration", {})
    if not isinstance(configuration, dict):
        raise DocumentError(f"configuration of {name!r} is no object")
    return configuration


def _keys(value: object) -> Keys:
    name = value.get("name") if isinstance(value, dict) else value
    settings = value.get("configuration", {}) if isinstance(value, dict) else {}
    separator = settings.get("separator", "/" if name == "default" else ".")
    return Keys(f"{name}{separator}")


class _Inner(NamedTuple):
    """What lies in one stored object: one chunk, or a shard of them."""

    chunks: grid.Index
    codecs: codecs.Chain
    form: ShardForm | None
    """None where the object is no shard."""


def _inner(chain: object, stored: grid.Index) -> _Inner:
    read = _chain(chain)
    at = next((n for n, c in enumerate(read) if c.name == "sharding_indexed"), None)
    if at is None:
        return _Inner(stored, read, None)
    if at + 1 < len(read):
        raise DocumentError(f"codec {read[at + 1].name!r} after the shard is not read")
    odd = [c.name for c in read[:at] if c.name != "transpose"]
    if odd:
        raise DocumentError(f"codec {odd[0]!r} before the shard is not read")
    settings = read[at].thawed()
    inner = _chain(settings["codecs"])
    if any(c.name == "sharding_indexed" for c in inner):
        raise DocumentError("shards within shards are not read")
    order = _composed([_order(c, len(stored)) for c in read[:at]], len(stored))
    chunks = _lengths(settings["chunk_shape"], "chunk_shape of shards")
    if order is None:
        return _Inner(chunks, inner, _form(settings, None))
    if len(chunks) != len(order):
        raise DocumentError(f"inner chunks {chunks} do not fit {len(order)} axes")
    return _Inner(
        tuple(chunks[order.index(axis)] for axis in range(len(order))),
        _behind(order, inner),
        _form(settings, order),
    )


def _chain(chain: object) -> codecs.Chain:
    if not isinstance(chain, list):
        raise DocumentError(f"codecs is {chain!r}, not a list")
    return tuple(codecs.from_v3(c) for c in chain)


def _form(settings: Mapping[str, object], order: grid.Index | None) -> ShardForm:
    """Read how a shard keeps its index; raise `DocumentError` for a form that is not read."""
    location = settings.get("index_location", "end")
    chain = [c.to_json() for c in _chain(settings.get("index_codecs"))]
    if location not in ("start", "end"):
        raise DocumentError(f"index_location {location!r} is neither start nor end")
    if chain not in ([*INDEX_CODECS], [INDEX_CODECS[0]]):
        raise DocumentError(f"shard index codecs {settings.get('index_codecs')!r} are not read")
    return ShardForm(location == "start", len(chain) == len(INDEX_CODECS), order)


def _order(codec: codecs.Codec, ndim: int) -> grid.Index:
    order = codec.get("order")
    if not isinstance(order, tuple) or sorted(order) != list(range(ndim)):
        raise DocumentError(f"transpose order {order!r} does not fit {ndim} axes")
    return order


def _composed(orders: list[grid.Index], ndim: int) -> grid.Index | None:
    """Give one order in place of several transposes, one after another; None where it is none."""
    made = tuple(range(ndim))
    for order in orders:
        made = tuple(made[axis] for axis in order)
    return None if made == tuple(range(ndim)) else made


def _behind(order: grid.Index, inner: codecs.Chain) -> codecs.Chain:
    """Give the codecs of an inner chunk as the array's axes see it, behind a transpose."""
    own = [_order(c, len(order)) for c in inner if c.name == "transpose"]
    made = _composed([order, *own], len(order))
    rest = tuple(c for c in inner if c.name != "transpose")
    return rest if made is None else (codecs.transpose(made), *rest)
