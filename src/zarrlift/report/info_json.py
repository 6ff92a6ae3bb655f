"""What is in a dataset, as JSON under documented names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.about.readers import KNOWN_ON
from zarrlift.report.schema import SCHEMA
from zarrlift.survey.screens import collection_of, plate_of, well_of

if TYPE_CHECKING:
    from zarrlift.about.sizes import Sizes
    from zarrlift.chunks.facts import ChunkFacts
    from zarrlift.jobs.informed import Info
    from zarrlift.survey.found import Found
    from zarrlift.survey.images import Channel, Image, Level


def info_to_json(info: Info) -> dict[str, object]:
    """Return what was found, and what was asked for beside it."""
    crate = info.crate
    return {
        "schema": SCHEMA,
        "kind": "zarrlift-info",
        "source": info.source,
        "version": info.version,
        "zarr_formats": list(info.zarr_formats),
        "creator": info.creator or None,
        "raw_bytes": info.raw_bytes,
        "crate": None
        if crate is None
        else {
            "exists": crate.exists,
            "said": {name: [s.to_json() for s in found] for name, found in crate.said.items()},
        },
        "opens_in": {
            "known_on": KNOWN_ON,
            "readers": [
                {"name": o.name, "opens": o.opens, "since": o.since or None, "why": o.why or None}
                for o in info.openings
            ],
        },
        "unusual": [{"path": r.path, "words": r.words} for r in info.remarks],
        "findings": [f.to_json() for f in info.tree.findings],
        "left": dict(info.left),
        "nodes": [_node(info, node) for node in info.tree.nodes.values()],
        "objects": None if info.objects is None else _objects(info),
        "documents": _documents(info),
        "chunk": None if info.chunk is None else chunk_to_json(info.chunk),
        "requests": None if info.requests is None else dict(info.requests._asdict()),
        "seconds": round(info.seconds, 3),
    }


def _node(info: Info, node: Found) -> dict[str, object]:
    plate, well, series = plate_of(node), well_of(node), collection_of(info.tree, node)
    sizes = info.sizes.get(node.path)
    layout = node.layout
    if layout is not None and node.proved is not None:
        layout = layout.with_keys(node.proved)
    return {
        "path": node.path,
        "node": str(node.kind),
        "zarr_format": node.zarr_format,
        "problem": node.problem or None,
        "images": [_image(image) for image in info.images.get(node.path, ())],
        "plate": None
        if plate is None
        else {
            "name": plate.name or None,
            "rows": list(plate.rows),
            "columns": list(plate.columns),
            "wells": [{"path": w.name, "row": w.row, "column": w.column} for w in plate.wells],
            "acquisitions": [{"id": a.id, "name": a.name or None} for a in plate.acquisitions],
            "field_count": plate.field_count,
        },
        "well": None
        if well is None
        else [{"path": f.name, "acquisition": f.acquisition} for f in well.fields],
        "series": None if series is None else list(series.series),
        "layout": None if layout is None else layout.summary(),
        "raw_bytes": None if layout is None else layout.raw_bytes,
        "sizes": None if sizes is None else _sizes(sizes),
        "files": dict(node.files),
    }


def _image(image: Image) -> dict[str, object]:
    return {
        "name": image.name or None,
        "label": image.is_label,
        "method": image.method or None,
        "system": image.system or None,
        "axes": [
            {"name": a.name, "type": a.type or None, "unit": a.unit or None} for a in image.axes
        ],
        "levels": [_level(level) for level in image.levels],
        "channels": [_channel(channel) for channel in image.channels],
        "labels": list(image.labels),
    }


def _level(level: Level) -> dict[str, object]:
    return {
        "name": level.name,
        "path": level.path,
        "problem": level.problem or None,
        "shape": list(level.shape) if level.layout is not None else None,
        "scale": None if level.scale is None else list(level.scale),
        "translation": None if level.translation is None else list(level.translation),
        "placed_by": level.placed_by or None,
    }


def _channel(channel: Channel) -> dict[str, object]:
    window = channel.window
    return {
        "label": channel.label or None,
        "color": channel.color or None,
        "window": None if window is None else [window.start, window.end],
        "active": channel.active,
    }


def _sizes(sizes: Sizes) -> dict[str, object]:
    return {
        "objects": sizes.objects,
        "due": sizes.due,
        "missing": sizes.missing,
        "stored_bytes": sizes.stored_bytes,
        "ratio": sizes.ratio,
        "shards_looked_at": sizes.shards_looked_at,
        "fill": sizes.fill,
        "broken": sizes.broken,
        "strays": sizes.strays,
        "problem": sizes.problem or None,
    }


def _documents(info: Info) -> list[dict[str, object]]:
    return [
        {
            "name": one.document.name,
            "problem": one.document.problem or None,
            "value": one.document.value,
            "members": [{"path": p, "meaning": words} for p, words in one.members],
        }
        for one in info.documents
    ]


def _objects(info: Info) -> list[dict[str, object]]:
    return [
        {
            "name": facts.name,
            "size": facts.size,
            "modified": facts.modified.isoformat() if facts.modified is not None else None,
            "etag": facts.etag or None,
            "storage_class": facts.storage_class or None,
            "content_type": facts.content_type or None,
        }
        for facts in info.objects or ()
    ]


def chunk_to_json(chunk: ChunkFacts) -> dict[str, object]:
    """Return the facts of one chunk."""
    return {
        "path": chunk.path,
        "index": list(chunk.index),
        "region": [list(ends) for ends in chunk.region],
        "key": chunk.key,
        "shard": None if chunk.shard is None else list(chunk.shard),
        "present": chunk.present,
        "offset": chunk.offset,
        "stored_bytes": chunk.stored_bytes,
        "object_bytes": chunk.object_bytes,
        "decoded_bytes": chunk.decoded_bytes,
        "ratio": chunk.ratio,
        "header": dict(chunk.header),
        "minimum": chunk.minimum,
        "maximum": chunk.maximum,
        "mean": chunk.mean,
        "fill_value": chunk.fill,
        "envelope": chunk.envelope or None,
        "problem": chunk.problem or None,
    }
