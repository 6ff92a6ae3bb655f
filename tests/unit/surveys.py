"""Surveys for tests of what is decided from them, made without a disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.build import BLOSC, Json
from tests.unit.layouts import layout_of
from zarrlift.findings import Finding
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.survey.facts import Node, NodeKind, PlainFile, Survey

KINDS = {"t": "time", "c": "channel"}


def image_attributes(axes: str, levels: Sequence[str]) -> dict[str, object]:
    """Give the attributes of an OME-Zarr 0.4 image."""
    return {
        "multiscales": [
            {
                "version": "0.4",
                "axes": [{"name": a, "type": KINDS.get(a, "space")} for a in axes],
                "datasets": [
                    {
                        "path": level,
                        "coordinateTransformations": [{"type": "scale", "scale": [1] * len(axes)}],
                    }
                    for level in levels
                ],
            }
        ]
    }


def group(path: str, attributes: Mapping[str, object] | None = None) -> Node:
    """Give a group."""
    return Node(path=path, kind=NodeKind.GROUP, attributes=attributes or {})


def array(path: str, layout: ArrayLayout, attributes: Mapping[str, object] | None = None) -> Node:
    """Give an array."""
    return Node(path=path, kind=NodeKind.ARRAY, attributes=attributes or {}, layout=layout)


def image(path: str, axes: str, levels: Sequence[ArrayLayout]) -> tuple[Node, ...]:
    """Give an image's group and its levels, named by number."""
    names = [str(n) for n in range(len(levels))]
    below = [
        array(f"{path}/{name}".lstrip("/"), layout)
        for name, layout in zip(names, levels, strict=True)
    ]
    return group(path, image_attributes(axes, names)), *below


def survey_of(
    *nodes: Node,
    version: str | None = "0.4",
    files: Sequence[PlainFile] = (),
    findings: Sequence[Finding] = (),
    digest: str = "d1",
    source: str = "/data/cells.ome.zarr",
) -> Survey:
    """Give a survey of some nodes."""
    return Survey(
        source=source,
        version=version,
        nodes=nodes,
        files=tuple(files),
        findings=tuple(findings),
        digest=digest,
    )


def cells(compressor: Json | None = BLOSC) -> Survey:
    """Give a 5-D image of two levels with 3-D labels, and a file beside them."""
    chunks = (1, 1, 1, 1024, 1024)
    levels = [
        layout_of((1, 3, 16, size, size), chunks, compressor=compressor) for size in (4096, 2048)
    ]
    nuclei = layout_of((16, 4096, 4096), chunks[2:], compressor=compressor)
    return survey_of(
        *image("", "tczyx", levels),
        group("labels", {"labels": ["nuclei"]}),
        *image("labels/nuclei", "zyx", [nuclei]),
        files=[PlainFile(path="notes/README.md", size=2000)],
    )
