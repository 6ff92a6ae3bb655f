"""Cases of the rules of Zarr v2 arrays, and of where their chunks lie."""

from __future__ import annotations

from tests.validation.changes import Change, assign, assign_to, drop
from tests.validation.pairs import Pair, breaking
from tests.validation.trees import Json, Tree, array, image, inner, under

BLOSC: Json = {"id": "blosc", "cname": "zstd", "clevel": 5, "shuffle": 1, "blocksize": 0}
PATH = "table/x/.zarray"


def table(**members: object) -> Tree:
    """Give an image with an array in a group beside it."""
    group: Tree = {"table/.zgroup": {"zarr_format": 2}}
    made = image("0.4") | group | under("table/x", array("0.4", [8, 8], dtype="uint16"))
    inner(made[PATH]).update(members)
    return made


def broken(rule: str, change: Change, **members: object) -> Pair:
    """Make a pair of the array with those members and a change to it."""
    return breaking(rule, "0.4", table(**members), change)


def _stored(separator: str) -> Tree:
    """Give an image with chunks whose keys have a separator."""
    chunks: Tree = {f"0/{separator.join('0' * 4)}": b"", f"1/{separator.join('0' * 4)}": b""}
    return image("0.4") | chunks


def _flat_keys(tree: Tree) -> None:
    """Put the chunks where the documents do not say."""
    for level in "01":
        tree[f"{level}/0.0.0.0"] = tree.pop(f"{level}/0/0/0/0")


def _flat(tree: Tree) -> None:
    """Say of each level that its keys are flat."""
    for level in "01":
        inner(tree[f"{level}/.zarray"])["dimension_separator"] = "."


PAIRS = (
    broken("zarr2-members", drop(PATH, "filters")),
    broken("zarr2-unknown-member", assign(PATH, vendor={})),
    broken("zarr2-shape", assign(PATH, shape=[8, -8])),
    broken("zarr2-shape", assign(PATH, shape=[8, 8.5])),
    broken("zarr2-chunks", assign(PATH, chunks=[8])),
    broken("zarr2-chunks", assign(PATH, chunks=[8, 0])),
    broken("zarr2-dtype", assign(PATH, dtype="uint16")),
    broken("zarr2-dtype", assign(PATH, dtype="|u2")),
    broken("zarr2-dtype", assign(PATH, dtype="|O", fill_value=None)),
    broken("zarr2-dtype", assign(PATH, dtype=[["a", "<u2"], ["b"]], fill_value=None)),
    broken("zarr2-fill-value", assign(PATH, fill_value=-1)),
    broken("zarr2-fill-value", assign(PATH, fill_value="none"), dtype="<f4"),
    broken("zarr2-order", assign(PATH, order="K")),
    broken("zarr2-codecs", assign(PATH, compressor="zstd")),
    broken("zarr2-codecs", assign(PATH, filters=[{"dtype": "<u2"}])),
    broken("zarr2-codec-known", assign(PATH, compressor={"id": "imagecodecs_jpegxl"})),
    broken(
        "zarr2-codec-known",
        assign_to(PATH, "compressor", "cname", value="snappy"),
        compressor=dict(BLOSC),
    ),
    broken(
        "zarr2-codec-settings",
        assign_to(PATH, "compressor", "clevel", value=11),
        compressor=dict(BLOSC),
    ),
    broken("zarr2-codec-settings", assign(PATH, filters=[{"id": "delta", "dtype": "<u2, or so"}])),
    broken("zarr2-fill-value", assign(PATH, fill_value=True)),
    broken("zarr2-separator", assign(PATH, dimension_separator="-")),
    breaking("keys-separator", "0.4", _stored("/"), _flat_keys, also={"level-separator"}),
    breaking("level-separator", "0.4", image("0.4"), _flat),
    breaking(
        "level-separator",
        "0.1",
        image("0.1"),
        assign("0/.zarray", dimension_separator="/"),
    ),
)
"""Keys that are not nested also break the rule for images, whatever the document says."""
