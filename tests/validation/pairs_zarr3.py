"""Cases of the rules of Zarr v3 arrays and their codecs."""

from __future__ import annotations

from tests.validation.changes import Change, assign, assign_to, drop
from tests.validation.pairs import Pair, breaking
from tests.validation.trees import Json, Tree, array, group, image, inner, under

PATH = "table/x/zarr.json"
LITTLE: Json = {"name": "bytes", "configuration": {"endian": "little"}}
BLOSC: Json = {
    "name": "blosc",
    "configuration": {
        "cname": "zstd",
        "clevel": 5,
        "shuffle": "shuffle",
        "typesize": 2,
        "blocksize": 0,
    },
}
ZSTD: Json = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
GZIP: Json = {"name": "gzip", "configuration": {"level": 5}}
F_ORDER: Json = {"name": "transpose", "configuration": {"order": [1, 0]}}


def shards(chunks: list[int], *codecs: Json) -> Json:
    """Give the codec of shards."""
    settings: Json = {
        "chunk_shape": chunks,
        "codecs": list(codecs) or [dict(LITTLE)],
        "index_codecs": [dict(LITTLE), {"name": "crc32c"}],
        "index_location": "end",
    }
    return {"name": "sharding_indexed", "configuration": settings}


def table(**members: object) -> Tree:
    """Give an image with an array in a group beside it."""
    made = image("0.5") | under("table", group("0.5"))
    made |= under("table/x", array("0.5", [8, 8], dtype="uint16"))
    inner(made[PATH]).update(members)
    return made


def broken(rule: str, change: Change, also: set[str] | None = None, **members: object) -> Pair:
    """Make a pair of the array with those members and a change to it."""
    return breaking(rule, "0.5", table(**members), change, also=also)


def coded(rule: str, valid: list[Json], *codecs: object, also: set[str] | None = None) -> Pair:
    """Make a pair of an array with valid codecs, and with others."""
    change = assign_to(PATH, "codecs", value=list(codecs))
    return breaking(rule, "0.5", table(codecs=valid), change, also=also)


def settings(codec: Json, **members: object) -> Json:
    """Give a codec with other settings; those that are None are left out."""
    made = {**inner(codec, "configuration"), **members}
    return {**codec, "configuration": {k: v for k, v in made.items() if v is not None}}


GRID = ("chunk_grid", "configuration")

DOCUMENTS: tuple[Pair, ...] = (
    broken("zarr3-members", drop(PATH, "fill_value")),
    broken("zarr3-extension-form", assign(PATH, chunk_key_encoding={"separator": "/"})),
    broken("zarr3-extension-form", assign(PATH, codecs="bytes")),
    broken("zarr3-extension-form", assign(PATH, storage_transformers=[1])),
    broken("zarr3-short-hand", assign(PATH, chunk_key_encoding="default")),
    broken(
        "zarr3-short-hand",
        assign(PATH, codecs=["bytes"]),
        data_type="uint8",
        codecs=[{"name": "bytes"}],
    ),
    broken("zarr3-shape", assign(PATH, shape=[8, "8"])),
    broken("zarr3-data-type", assign(PATH, data_type={"name": "decimal"})),
    broken("zarr3-chunk-grid", assign_to(PATH, *GRID, "chunk_shape", value=[8])),
    broken("zarr3-chunk-grid", assign_to(PATH, *GRID, "chunk_shape", value=[8, 0])),
    broken(
        "zarr3-chunk-grid-known",
        assign_to(PATH, "chunk_grid", "name", value="rectilinear"),
    ),
    broken(
        "zarr3-chunk-keys",
        assign_to(PATH, "chunk_key_encoding", "configuration", "separator", value="-"),
    ),
    broken("zarr3-fill-value", assign(PATH, fill_value=None)),
    broken("zarr3-fill-value", assign(PATH, fill_value=1.5)),
    broken(
        "zarr3-fill-value",
        assign(PATH, fill_value=0),
        data_type="bool",
        fill_value=False,
        codecs=[{"name": "bytes"}],
    ),
    broken(
        "zarr3-fill-value", assign(PATH, fill_value=0), data_type="complex64", fill_value=["NaN", 1]
    ),
    broken("zarr3-dimension-names", assign(PATH, dimension_names=["y"])),
    broken("zarr3-dimension-names", assign(PATH, dimension_names=None)),
    broken("zarr3-storage-transformers", assign(PATH, storage_transformers=[{"name": "old"}])),
)

CODECS: tuple[Pair, ...] = (
    coded(
        "zarr3-short-hand",
        [shards([4, 4])],
        settings(shards([4, 4]), index_codecs=[LITTLE, "crc32c"]),
    ),
    coded("zarr3-codec-order", [LITTLE, ZSTD], ZSTD, LITTLE),
    coded("zarr3-codec-order", [LITTLE, ZSTD], ZSTD),
    coded("zarr3-codec-order", [LITTLE, ZSTD], LITTLE, LITTLE),
    coded("zarr3-codec-order", [shards([4, 4], LITTLE)], shards([4, 4], ZSTD)),
    coded("zarr3-codec-form", [LITTLE, ZSTD], LITTLE, {"id": "zstd"}),
    coded("zarr3-codec-form", [shards([4, 4])], shards([4, 4], {**LITTLE, "configuration": []})),
    coded("zarr3-codec-registered", [LITTLE, ZSTD], LITTLE, {"name": "numcodecs.bz2"}),
    coded("zarr3-codec-registered", [LITTLE, ZSTD], LITTLE, {"name": "of-tomorrow"}),
    coded("zarr3-endian", [LITTLE], {"name": "bytes"}),
    coded("zarr3-endian", [shards([4, 4])], shards([4, 4], {"name": "bytes"})),
    coded("zarr3-codec-settings", [LITTLE, GZIP], LITTLE, settings(GZIP, level=-1)),
    coded("zarr3-codec-settings", [LITTLE, ZSTD], LITTLE, settings(ZSTD, level=30)),
    coded("zarr3-codec-settings", [LITTLE, BLOSC], LITTLE, settings(BLOSC, typesize=None)),
    coded("zarr3-codec-settings", [LITTLE, BLOSC], LITTLE, settings(BLOSC, shuffle=1)),
    coded("zarr3-codec-settings", [F_ORDER, LITTLE], settings(F_ORDER, order=[1, 1]), LITTLE),
    coded("zarr3-shards", [shards([4, 4])], shards([3, 4])),
    coded("zarr3-shards", [shards([4, 4])], shards([4])),
    coded("zarr3-shards", [shards([4, 4])], settings(shards([4, 4]), index_codecs=None)),
    coded("zarr3-shards", [shards([4, 4])], settings(shards([4, 4]), index_location="middle")),
    coded(
        "zarr3-shard-index",
        [shards([4, 4])],
        settings(shards([4, 4]), index_codecs=[LITTLE, ZSTD]),
    ),
    coded("zarr3-shards-wrapped", [shards([4, 4])], shards([4, 4]), ZSTD),
    coded("array-unread", [shards([4, 4])], shards([4, 4], shards([2, 2]))),
)

PAIRS = (*DOCUMENTS, *CODECS)
