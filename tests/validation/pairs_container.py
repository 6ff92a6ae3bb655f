"""Cases of the rules of nodes, versions and consolidated metadata."""

from __future__ import annotations

import copy

from tests.validation.changes import assign, drop, put, rename
from tests.validation.pairs import Pair, breaking
from tests.validation.trees import Json, Tree, group, image, inner, labelled, plate, under

INLINE: Json = {"kind": "inline", "must_understand": False}


def with_table(version: str) -> Tree:
    """Give an image with a group beside it that is not OME-Zarr's."""
    return image(version) | under("table", group(version, made="by hand"))


def consolidated(version: str) -> Tree:
    """Give an image whose documents are copied at its root."""
    made = image(version)
    if version == "0.4":
        made[".zmetadata"] = {"zarr_consolidated_format": 1, "metadata": copy.deepcopy(made)}
        return made
    held = {path.rpartition("/")[0]: value for path, value in made.items() if "/" in path}
    inner(made["zarr.json"])["consolidated_metadata"] = {**INLINE, "metadata": copy.deepcopy(held)}
    return made


def copies(tree: Tree) -> Json:
    """Give the consolidated metadata of v3 in a tree."""
    return inner(tree["zarr.json"], "consolidated_metadata")


def _migrated(tree: Tree) -> None:
    """Leave the members beside `ome`, as a migration of Zarr alone does."""
    held = inner(tree["zarr.json"], "attributes")
    held.update(inner(held.pop("ome")))
    del held["version"]


def _copied_beside(tree: Tree) -> None:
    held = inner(tree["zarr.json"], "attributes")
    held["multiscales"] = copy.deepcopy(inner(held["ome"])["multiscales"])


def _folder_alone(tree: Tree) -> None:
    for name in ("A/.zgroup", "A/.zattrs", "A/zarr.json"):
        tree.pop(name, None)


NODES: tuple[Pair, ...] = (
    breaking("document-json", "0.4", with_table("0.4"), put("table/.zattrs", b"{// none\n}")),
    breaking("document-json", "0.5", with_table("0.5"), put("table/zarr.json", b"[1]")),
    breaking("json-constant", "0.4", with_table("0.4"), put("table/.zattrs", b'{"a": NaN}')),
    breaking("zarr-format", "0.4", with_table("0.4"), assign("table/.zgroup", zarr_format="2")),
    breaking("zarr-format", "0.5", with_table("0.5"), assign("table/zarr.json", zarr_format=3.0)),
    breaking("node-type", "0.5", with_table("0.5"), drop("table/zarr.json", "node_type")),
    breaking("zarr-attributes", "0.5", with_table("0.5"), assign("table/zarr.json", attributes=[])),
    breaking("zarr3-unknown-member", "0.5", with_table("0.5"), assign("table/zarr.json", made={})),
    breaking("zarr3-unknown-member", "0.6", image("0.6"), assign("0/zarr.json", made="by hand")),
    breaking("zgroup-members", "0.4", with_table("0.4"), assign("table/.zgroup", made="by hand")),
    breaking("zattrs-alone", "0.4", with_table("0.4"), drop("table/.zgroup")),
    breaking("both-formats", "0.5", with_table("0.5"), put("table/.zattrs", {})),
    breaking("node-name", "0.5", with_table("0.5"), rename("table", "__table")),
    breaking("node-name-characters", "0.5", with_table("0.5"), rename("table", "a table")),
    breaking("node-name-characters", "0.4", with_table("0.4"), rename("table", "tabelle-ä")),
    breaking(
        "names-collide",
        "0.5",
        with_table("0.5") | under("other", group("0.5")),
        rename("other", "Table"),
    ),
    breaking("group-missing", "0.4", plate("0.4"), _folder_alone),
    breaking("group-missing", "0.5", plate("0.5"), _folder_alone),
)

VERSIONS: tuple[Pair, ...] = (
    breaking(
        "ome-object", "0.5", with_table("0.5"), assign("table/zarr.json", "attributes", ome=1)
    ),
    breaking(
        "ome-version",
        "0.5",
        labelled("0.5"),
        drop("labels/zarr.json", "attributes", "ome", "version"),
    ),
    breaking(
        "ome-version",
        "0.6",
        labelled("0.6"),
        assign("labels/zarr.json", "attributes", "ome", version=0.6),
    ),
    breaking(
        "ome-version-known",
        "0.5",
        image("0.5"),
        assign("zarr.json", "attributes", "ome", version="0.5-dev"),
    ),
    breaking(
        "ome-version-asked",
        "0.6",
        image("0.6"),
        assign("zarr.json", "attributes", "ome", version="0.5"),
        by="0.6",
    ),
    breaking(
        "version-format",
        "0.4",
        image("0.4"),
        lambda tree: inner(tree[".zattrs"], "multiscales", 0).update(version="0.5"),
    ),
    breaking("ome-outside", "0.5", image("0.5"), _migrated),
    breaking("ome-twice", "0.5", image("0.5"), _copied_beside),
    breaking(
        "ome-draft",
        "0.6",
        with_table("0.6"),
        assign("table/zarr.json", "attributes", ome={"version": "0.6", "type": "collection"}),
    ),
    breaking("member-type", "0.4", with_table("0.4"), assign("table/.zattrs", plate=[])),
    breaking(
        "version-leftover",
        "0.5",
        plate("0.5"),
        lambda tree: inner(tree["zarr.json"], "attributes", "ome", "plate").update(version="0.4"),
    ),
    breaking(
        "member-version",
        "0.4",
        labelled("0.4"),
        lambda tree: inner(tree["labels/cells/.zattrs"], "image-label").update(version="0.3"),
    ),
    breaking(
        "versions-mixed",
        "0.6",
        labelled("0.6"),
        assign("labels/zarr.json", "attributes", "ome", version="0.5"),
    ),
    breaking("formats-mixed", "0.5", image("0.5"), put("table/.zgroup", {"zarr_format": 2})),
)

CONSOLIDATED: tuple[Pair, ...] = (
    breaking(
        "consolidated-form",
        "0.4",
        consolidated("0.4"),
        assign(".zmetadata", zarr_consolidated_format=2),
    ),
    breaking(
        "consolidated-form",
        "0.5",
        consolidated("0.5"),
        lambda tree: copies(tree).update(kind="elsewhere"),
    ),
    breaking("consolidated-stale", "0.4", consolidated("0.4"), assign("0/.zarray", order="F")),
    breaking("consolidated-stale", "0.5", consolidated("0.5"), assign("0/zarr.json", fill_value=1)),
    breaking(
        "consolidated-incomplete",
        "0.4",
        consolidated("0.4"),
        lambda tree: tree.update(under("table", group("0.4"))),
    ),
    breaking(
        "consolidated-incomplete",
        "0.5",
        consolidated("0.5"),
        lambda tree: inner(copies(tree)["metadata"]).pop("1"),
    ),
)

PAIRS = (*NODES, *VERSIONS, *CONSOLIDATED)
