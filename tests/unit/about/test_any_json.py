"""Whatever JSON documents hold, there is something to say, and no fault."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.functional.runs import widest
from tests.unit.layouts import bounded, layout_of
from zarrlift.about.members import explained
from zarrlift.about.unusual import remarks
from zarrlift.jobs.informed import Info
from zarrlift.report.info import info_text
from zarrlift.report.info_json import info_to_json
from zarrlift.survey.found import Document, Found, FoundKind, Hierarchy
from zarrlift.survey.images import images_of

NAMES = (
    *("multiscales", "axes", "datasets", "path", "coordinateTransformations", "type", "scale"),
    *("translation", "coordinateSystems", "name", "output", "omero", "channels", "color"),
    *("window", "start", "end", "labels", "image-label", "plate", "rows", "columns", "wells"),
    *("rowIndex", "columnIndex", "well", "images", "acquisitions", "id", "version", "series"),
    *("bioformats2raw.layout", "ome", "sequence", "transformations", "unit", "colors"),
)
TEXT = st.text(max_size=20) | st.sampled_from(
    ["\x1b[31mred", "\x07", "A", "1", "µ" * 200, "a b " * 60]
)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.sampled_from(["0", "A/1", "../..", "space", "scale", "y", "\x1b[31m", "", "µ" * 200]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with some of these members, each as it should be or anything at all."""
    return st.fixed_dictionaries({}, optional={n: m | ANY_JSON for n, m in members.items()})


def several(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists of such items."""
    return st.lists(items | ANY_JSON, max_size=3)


VECTOR = st.lists(st.floats() | st.integers(-3, 10**400), min_size=2, max_size=4)
TRANSFORM = some(
    type=st.sampled_from(["scale", "translation", "identity", "sequence", "affine"]),
    scale=VECTOR,
    translation=VECTOR,
    transformations=several(some(type=st.just("scale"), scale=VECTOR)),
    output=some(name=st.just("s")),
)
AXES = several(st.sampled_from("czyx") | some(name=st.sampled_from("czyx"), unit=TEXT))
LEVEL = some(
    path=st.sampled_from(["0", "1", "../..", ""]), coordinateTransformations=several(TRANSFORM)
)
IMAGE = some(
    name=TEXT,
    axes=AXES,
    datasets=several(LEVEL),
    coordinateTransformations=several(TRANSFORM),
    coordinateSystems=several(some(name=st.just("s"), axes=AXES)),
)
NAMED = several(some(name=TEXT))
WELL = some(path=TEXT, rowIndex=st.integers(), columnIndex=st.integers())
WINDOW = some(start=st.floats(), end=st.floats(), min=st.integers())
ATTRIBUTES = st.fixed_dictionaries(
    {"multiscales": st.lists(IMAGE, max_size=3)},
    optional={
        "omero": some(channels=several(some(label=TEXT, color=TEXT, window=WINDOW))),
        "plate": some(rows=NAMED, columns=NAMED, wells=several(WELL), acquisitions=NAMED),
        "well": some(images=several(some(path=TEXT))),
        "labels": several(TEXT),
        "image-label": ANY_JSON,
        "bioformats2raw.layout": ANY_JSON,
        "version": ANY_JSON,
    },
)


def hierarchy(attributes: dict[str, Any], zarr_format: int) -> Hierarchy:
    """Put attributes into a group that an array lies in."""
    name = "zarr.json" if zarr_format == 3 else ".zattrs"
    own = {"node_type": "group", "attributes": {"ome": attributes}}
    value = own if zarr_format == 3 else attributes
    document = Document(name=name, size=1, value=value)
    array = Document(name=".zarray", size=1, value={"zarr_format": 2})
    nodes = {
        "": Found(path="", kind=FoundKind.GROUP, documents={name: document}, folders=("0",)),
        "0": Found(
            path="0",
            kind=FoundKind.ARRAY,
            documents={".zarray": array},
            layout=layout_of((1, 8, 8), (1, 4, 4)),
        ),
    }
    return Hierarchy(root="/data/any.zarr", nodes=nodes, version="0.4")


@bounded
@given(ATTRIBUTES, st.sampled_from([2, 3]))
def test_anything_is_told(attributes: dict[str, Any], zarr_format: int) -> None:
    """Text fits 80 columns and holds no commands of terminals; JSON can be written."""
    tree = hierarchy(attributes, zarr_format)
    images = {"": images_of(tree, tree.nodes[""])} if "multiscales" in tree.nodes[""].ome else {}
    found = Info(
        source=tree.root,
        tree=tree,
        images=images,
        remarks=remarks(tree, [i for group in images.values() for i in group]),
    )

    out = info_text(found)

    assert widest(out) <= 80, out
    assert "\x1b" not in out
    assert json.loads(json.dumps(info_to_json(found)))["kind"] == "zarrlift-info"
    assert dict(explained(".zattrs", attributes)).keys() is not None
