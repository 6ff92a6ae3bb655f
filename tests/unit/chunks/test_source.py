"""Reading encoded chunks by index, from shards and from objects of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.layouts import layout_of
from zarrlift.chunks import shard
from zarrlift.chunks.shard import ShardIndex
from zarrlift.chunks.source import ChunkSource
from zarrlift.errors import DamageError
from zarrlift.metadata.layout import ArrayLayout, Keys
from zarrlift.store.folder import Folder

SHARDED = layout_of((6, 6), (1, 2), shards=(2, 4), keys=Keys.DEFAULT_NESTED)
UNSHARDED = layout_of((6, 6), (1, 2), keys=Keys.V2_FLAT)


def put(root: Path, layout: ArrayLayout, key: str, data: bytes) -> ChunkSource:
    """Put one object into an array, and give the array's chunks."""
    file = root / "0" / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return ChunkSource(Folder(root), "0", layout)


def shard_of(chunks: dict[int, bytes]) -> bytes:
    """Give a shard of four chunks of which some are there."""
    entries, body = shard.empty(4), b""
    for number, data in chunks.items():
        entries[2 * number], entries[2 * number + 1] = len(body), len(data)
        body += data
    return body + ShardIndex(entries=entries).encode()


def test_chunks_of_a_shard(tmp_path: Path) -> None:
    """A chunk is found through its shard's index, whatever order they lie in; others are absent."""
    source = put(tmp_path, SHARDED, "c/1/0", shard_of({3: b"three", 0: b"zero"}))

    found = {at: source.read(at) for at in np.ndindex(6, 3)}

    assert {at: data for at, data in found.items() if data is not None} == {
        (2, 0): b"zero",
        (3, 1): b"three",
    }


def test_chunks_of_their_own(tmp_path: Path) -> None:
    """An unsharded chunk is its object, read whole; absent objects are absent chunks."""
    source = put(tmp_path, UNSHARDED, "4.1", b"data")

    assert source.read((4, 1)) == b"data"
    assert source.read((4, 2)) is None


def test_an_array_at_the_root(tmp_path: Path) -> None:
    """The root itself may be the array."""
    (tmp_path / "0.0").write_bytes(b"data")

    assert ChunkSource(Folder(tmp_path), "", UNSHARDED).read((0, 0)) == b"data"


@pytest.mark.parametrize("spoil", [lambda d: d[:-1], lambda d: d[:-1] + b"?", lambda _: b""])
def test_shard_without_a_readable_index_is_damage(spoil: object, tmp_path: Path) -> None:
    """Where the index cannot be read, no chunk is taken for absent: the shard is damaged."""
    assert callable(spoil)
    source = put(tmp_path, SHARDED, "c/0/0", spoil(shard_of({0: b"zero"})))

    with pytest.raises(DamageError) as caught:
        source.read((0, 0))

    assert str(caught.value.place).endswith("0/c/0/0")


def test_key_of_an_object(tmp_path: Path) -> None:
    """Objects are named relative to the dataset."""
    assert ChunkSource(Folder(tmp_path), "a/0", SHARDED).key((1, 0)) == "a/0/c/1/0"
    assert ChunkSource(Folder(tmp_path), "", SHARDED).key((1, 0)) == "c/1/0"
