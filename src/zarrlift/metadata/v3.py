"""Reading and writing Zarr v3 documents (`zarr.json`).

Source: Zarr v3 core specification; the `sharding_indexed` codec, version 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.errors import DocumentError
from zarrlift.metadata import codecs, datatypes
from zarrlift.metadata.layout import ArrayLayout, Keys

if TYPE_CHECKING:
    from collections.abc import Mapping

INDEX_CODECS: tuple[dict[str, object], ...] = (
    {"name": "bytes", "configuration": {"endian": "little"}},
    {"name": "crc32c"},
)


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
    if not codecs.all_shared(layout.codecs):
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
    stored = _shape(chunk_grid["chunk_shape"])
    chunks, chain = _inner(document["codecs"], stored)
    data_type = datatypes.from_v3(document["data_type"])
    names = document.get("dimension_names")
    shape = _shape(document["shape"])
    if names is not None and (not isinstance(names, list) or len(names) != len(shape)):
        raise DocumentError(f"dimension_names {names!r} do not fit {len(shape)} axes")
    if min((*chunks, *stored), default=1) < 1:
        raise DocumentError("chunks or shards of size 0")
    if not any(c.name == "bytes" or c.name.startswith("vlen-") for c in chain):
        raise DocumentError("no codec turns the array into bytes")
    if len(stored) != len(shape) or not grid.divides(chunks, stored):
        raise DocumentError(f"chunks {chunks} and shards {stored} do not fit shape {shape}")
    return ArrayLayout(
        shape=shape,
        data_type=data_type,
        chunks=chunks,
        shards=None if _unsharded(document["codecs"]) else stored,
        codecs=chain,
        fill=datatypes.fill_from_v3(document["fill_value"], data_type),
        keys=_keys(document["chunk_key_encoding"]),
        dimension_names=tuple(names) if isinstance(names, list) else None,
    )


def _shape(value: object) -> grid.Index:
    if not isinstance(value, list) or not all(type(v) is int and v >= 0 for v in value):
        raise DocumentError(f"{value!r} is not a list of whole numbers")
    return tuple(value)


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


def _unsharded(chain: object) -> bool:
    first = chain[0] if isinstance(chain, list) and chain else None
    return not (isinstance(first, dict) and first.get("name") == "sharding_indexed")


def _inner(chain: object, stored: grid.Index) -> tuple[grid.Index, codecs.Chain]:
    if not isinstance(chain, list):
        raise DocumentError(f"codecs is {chain!r}, not a list")
    if _unsharded(chain):
        return stored, tuple(codecs.from_v3(c) for c in chain)
    settings = _named(chain[0], "sharding_indexed")
    if len(chain) > 1 or settings.get("index_location", "end") != "end":
        raise DocumentError("codecs after the shard, or an index at its start, are not read yet")
    if settings.get("index_codecs") != list(INDEX_CODECS):
        raise DocumentError(f"shard index codecs {settings.get('index_codecs')!r} are not read yet")
    inner = settings["codecs"]
    if not isinstance(inner, list):
        raise DocumentError(f"inner codecs are {inner!r}, not a list")
    return _shape(settings["chunk_shape"]), tuple(codecs.from_v3(c) for c in inner)
