"""Cases of the rules of labels and label images."""

from __future__ import annotations

from tests.validation.changes import Change, add, assign, assign_to, drop, each, rename
from tests.validation.pairs import Pair, breaking
from tests.validation.trees import Tree, group, image, label, labelled, multiscale, under

OLD, NEW = "labels/cells/.zattrs", "labels/cells/zarr.json"
MEMBER = ("attributes", "ome", "image-label")
LIST = ("attributes", "ome", "labels")
OF_LABEL = "image-label"


def old(rule: str, change: Change, also: set[str] | None = None) -> Pair:
    """Make a pair of a 0.4 image with a label image."""
    return breaking(rule, "0.4", labelled("0.4"), change, also=also)


def new(rule: str, change: Change, also: set[str] | None = None) -> Pair:
    """Make a pair of a 0.5 image with a label image."""
    return breaking(rule, "0.5", labelled("0.5"), change, also=also)


def nested(version: str) -> Change:
    """Put the label image into a group between."""
    name = ".zattrs" if version == "0.4" else "zarr.json"
    way = () if version == "0.4" else ("attributes", "ome")
    of_label = ("labels/cells/" + name, *way, OF_LABEL)
    return each(
        assign_to(*of_label, "source", "image", value="../../../"),
        rename("labels/cells", "labels/by-hand/cells"),
        add(under("labels/by-hand", group(version))),
        assign_to(f"labels/{name}", *way, "labels", value=["by-hand/cells"]),
    )


def both_levels(path: str, *way: str | int, value: object) -> Change:
    """Set the same in the documents of both levels."""
    return each(*(assign_to(path.format(level), *way, value=value) for level in "01"))


def both_scales(axis: int, value: object) -> Change:
    """Set the scale of a label image along an axis, in both levels."""
    datasets = (NEW, "attributes", "ome", "multiscales", 0, "datasets")
    way = ("coordinateTransformations", 0, "scale", axis)
    return each(*(assign_to(*datasets, level, *way, value=value) for level in (0, 1)))


def _nested(version: str) -> Tree:
    """Give an image whose label image lies in a group between."""
    made = labelled(version)
    nested(version)(made)
    return made


LABELS: tuple[Pair, ...] = (
    old("labels-list", drop("labels/.zattrs")),
    old("labels-list", assign("labels/.zattrs", labels=[["cells"]]), also={"labels-listed"}),
    new("labels-list", drop("labels/zarr.json", *LIST)),
    new("labels-list", assign_to("labels/zarr.json", *LIST, value="cells")),
    new("labels-inside", assign_to("labels/zarr.json", *LIST, value=["cells", "../0"])),
    new("labels-once", assign_to("labels/zarr.json", *LIST, value=["cells", "cells"])),
    breaking("labels-place", "0.5", labelled("0.5"), rename("labels", "masks")),
    new(
        "labels-image",
        each(
            assign("labels/zarr.json", "attributes", "ome", multiscales=[multiscale("0.5")]),
            add(under("labels", {path: v for path, v in image("0.5").items() if "/" in path})),
        ),
    ),
    new("labels-exist", assign_to("labels/zarr.json", *LIST, value=["cells", "nuclei"])),
    old("labels-exist", assign("labels/.zattrs", labels=["cells", "nuclei"])),
    old("labels-listed", assign("labels/.zattrs", labels=[])),
    new("labels-listed", add(under("labels/more", label("0.5", "czyx")))),
    breaking(
        "labels-between",
        "0.5",
        _nested("0.5"),
        assign("labels/by-hand/zarr.json", attributes={"made": "by hand"}),
    ),
)

IMAGES: tuple[Pair, ...] = (
    *(
        breaking("label-multiscales", version, labelled(version), change)
        for version, change in {
            "0.4": drop(OLD, "multiscales"),
            "0.5": drop(NEW, "attributes", "ome", "multiscales"),
        }.items()
    ),
    old("label-stated", drop(OLD, OF_LABEL)),
    new("label-stated", drop(NEW, *MEMBER)),
    new("label-object", assign_to(NEW, *MEMBER, value=[])),
    old("label-version", drop(OLD, OF_LABEL, "version")),
    new("label-colors-stated", drop(NEW, *MEMBER, "colors")),
    old("label-colors", assign(OLD, OF_LABEL, colors=[])),
    new("label-colors", assign(NEW, *MEMBER, colors=[{"label-value": "1"}])),
    new("label-colors-once", assign(NEW, *MEMBER, colors=[{"label-value": 1}, {"label-value": 1}])),
    new("label-rgba", assign(NEW, *MEMBER, "colors", 0, rgba=[0, 0, 256, 0])),
    old("label-rgba", assign(OLD, OF_LABEL, "colors", 0, rgba=[0, 0, 0])),
    new("label-properties", assign(NEW, *MEMBER, properties=[{"area": 3}])),
    old("label-properties", assign(OLD, OF_LABEL, properties={})),
    new(
        "label-properties-once",
        assign(NEW, *MEMBER, properties=[{"label-value": 1, "a": 1}, {"label-value": 1}]),
    ),
    new("label-source", assign(NEW, *MEMBER, source="../../")),
    new("label-source-image", assign_to(NEW, *MEMBER, "source", "image", value="../")),
    breaking(
        "label-source-default",
        "0.4",
        _nested("0.4"),
        drop("labels/by-hand/cells/.zattrs", OF_LABEL, "source"),
    ),
    new("label-levels", drop(NEW, "attributes", "ome", "multiscales", 0, "datasets", 1)),
    old("label-levels", drop(OLD, "multiscales", 0, "datasets", 1)),
    old("label-dtype", both_levels("labels/cells/{}/.zarray", "dtype", value="<f4")),
    new("label-dtype", both_levels("labels/cells/{}/zarr.json", "data_type", value="float32")),
    new("label-shape", both_levels("labels/cells/{}/zarr.json", "shape", 1, value=3)),
    new("label-axes", add(under("labels/cells", label("0.5", "tzyx")))),
    new("label-scale", both_scales(1, value=2.0)),
)

PAIRS = (*LABELS, *IMAGES)
