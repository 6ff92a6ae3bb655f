"""`validate --level chunks`: objects and shard indexes, and nothing else is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarrlift as zl
from tests.build import sample, write_array, write_file, write_group
from tests.build_ome import pyramid, write_image
from tests.build_v3 import CRC, LITTLE, Form, write_v3_array, write_v3_group
from tests.damage import DAMAGES, Damage
from tests.functional.runs import write_sample
from tests.traps import REFUSED, TRAPS, V3, VERSIONS, Trap, write_huge
from zarrlift.demo.write import Kind
from zarrlift.jobs.stores import Stores
from zarrlift.store.folder import Folder

DATA = {"chunk-empty", "chunk-size", "chunk-long", "chunk-odd", "shard-index", "shard-bounds"}
DATA |= {"shard-overlap", "shard-entry", "chunk-undecodable", "chunk-envelope", "chunk-bools"}
"""Rules that say that data is not whole."""


def of_data(found: zl.Validation) -> list[tuple[str, str, tuple[int, ...] | None]]:
    """What is said of data: rule, path, chunk."""
    return [(f.rule, f.path, f.chunk) for f in found.findings if f.rule in DATA]


def rules(found: zl.Validation) -> list[str]:
    """The rules that findings name."""
    return [f.rule for f in found.findings]


@pytest.mark.parametrize("kind", Kind)
def test_demo_data_is_whole(kind: Kind, tmp_path: Path) -> None:
    """All that `demo` draws and `convert` writes is whole, at every level."""
    zl.demo(tmp_path / "0.4", kind=kind, size="512KiB")
    for version in ("0.5", "0.6"):
        zl.convert(tmp_path / "0.4", tmp_path / version, ome_version=version, shards="whole")

    for version in ("0.4", "0.5", "0.6"):
        found = zl.validate(tmp_path / version, level="data")

        assert of_data(found) == []
        assert found.version == version
        assert found.looked.decoded == found.looked.chunks > 0
        assert (found.looked.indexes > 0) is (version != "0.4")


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.id)
def test_traps_are_looked_at(trap: Trap, tmp_path: Path) -> None:
    """What readers get wrong is no damage, and never a fault of ours."""
    trap.build(tmp_path / "a")

    found = zl.validate(tmp_path / "a", level="data", ome_version="0.4")

    assert of_data(found) == []


@pytest.mark.parametrize("trap", [*REFUSED, *VERSIONS, *V3], ids=lambda trap: trap.id)
def test_traps_that_are_not_lifted_are_looked_at(trap: Trap, tmp_path: Path) -> None:
    """What cannot be lifted can be judged; arrays whose document is not read are named."""
    trap.build(tmp_path / "a")

    found = zl.validate(tmp_path / "a", level="data")

    assert found.looked.documents
    named = [text for text in found.unseen if text.startswith("data of ")]
    assert found.looked.objects or named or not list((tmp_path / "a").rglob(".zarray"))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.id)
def test_damage_is_found(damage: Damage, tmp_path: Path) -> None:
    """A chunk that is not whole is told by its index, and nothing else is."""
    damage.build(tmp_path / "a")

    found = of_data(zl.validate(tmp_path / "a", level="data"))

    if damage.outcome == "silent":
        assert {chunk for _, _, chunk in found} <= {damage.chunk}
    else:
        assert [(path, chunk) for _, path, chunk in found] == [("0", damage.chunk)]
    bad = {rule for rule, _, _ in found} - {"chunk-envelope", "chunk-bools", "chunk-long"}
    assert bool(bad) is (damage.outcome == "finding") or damage.outcome == "silent"


class Counting(Folder):
    """A folder that counts what is read of it."""

    held = 0

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Read and count."""
        data = super().read_at(path, offset, length)
        Counting.held += len(data)
        return data


@pytest.mark.parametrize("at_start", [False, True])
def test_only_indexes_are_read(
    at_start: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of shards of any size just their indexes are read; nothing is read of single chunks."""
    values = np.random.default_rng(0).integers(0, 2**16, (64, 64), np.uint16)
    write_v3_group(tmp_path / "a")
    form = Form(chunks=(8, 8), shards=(32, 32), codecs=(LITTLE,), at_start=at_start)
    write_v3_array(tmp_path / "a" / "shards", values, form)
    write_v3_array(tmp_path / "a" / "chunks", values, Form(chunks=(8, 8), codecs=(LITTLE,)))
    Counting.held = 0
    monkeypatch.setattr(Stores, "source_at", lambda _self, url: Counting(url))
    opened, real = list[str](), os.open

    def noted(path: str, *words: Any, **more: Any) -> int:
        opened.append(str(path))
        return real(path, *words, **more)

    monkeypatch.setattr(os, "open", noted)

    found = zl.validate(tmp_path / "a", level="chunks")

    assert found.looked.index_bytes == Counting.held == 4 * (16 * 16 + 4)
    assert (found.looked.indexes, found.looked.chunks) == (4, 128)
    assert not [path for path in opened if "/chunks/c/" in path]


def test_what_is_not_stored_is_counted(tmp_path: Path) -> None:
    """Missing chunks are legal: a note tells how many, in files and in shards."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    values[0, 1, 0, 8:16, 8:16] = 0
    write_image(tmp_path / "old", [values], missing="empty")
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")

    old, new = (zl.validate(tmp_path / name, level="chunks") for name in ("old", "new"))

    for found in (old, new):
        assert found.looked.missing == 4
        assert found.looked.chunks == 44
        said = [f.message for f in found.findings if f.rule == "chunks-missing"]
        assert said == ["4 of 48 chunks are not stored: they read as fill"]
        assert "chunks-missing" not in [f.rule for f in found.findings if f.severity != "note"]


def test_array_of_a_thousand_million_chunks(tmp_path: Path) -> None:
    """10^9 chunks that are missing are counted at once."""
    found = zl.validate(write_huge(tmp_path / "a"), level="data")

    assert (found.looked.missing, found.looked.chunks) == (10**9, 0)


def test_strays_are_told(tmp_path: Path) -> None:
    """What lies among chunks and is none, and what lies outside the shape."""
    root = write_image(tmp_path / "a", [sample((8, 8), "<u2")], axes="yx", stale=[(2, 0)])
    write_file(root / "0" / "thumbs.db", b"x")
    write_file(root / "0" / "1" / "notes.txt", b"x")

    found = zl.validate(root, level="chunks")

    said = [(f.rule, f.path, f.message.split()[0]) for f in found.findings if f.path == "0"]
    assert sorted(said) == [
        ("chunk-beyond", "0", "0/2/0"),
        ("chunk-stray", "0", "0/1/notes.txt"),
        ("chunk-stray", "0", "0/thumbs.db"),
    ]


def test_folder_in_place_of_a_chunk(tmp_path: Path) -> None:
    """What cannot be a chunk is a finding, and the others are looked at all the same."""
    root = write_image(tmp_path / "a", [sample((8, 8), "<u2")], axes="yx")
    (root / "0/0/1").unlink()
    (root / "0/0/1").mkdir()
    (root / "0/1/0").unlink()
    (root / "0/1/0").symlink_to("nowhere")

    found = zl.validate(root, level="data")

    assert [f.rule for f in found.findings if f.rule in DATA] == ["chunk-odd", "chunk-odd"]
    assert found.looked.decoded == 2


def cut(shard: Path) -> None:
    """Cut the last byte off."""
    shard.write_bytes(shard.read_bytes()[:-1])


def empty(shard: Path) -> None:
    """Leave nothing."""
    shard.write_bytes(b"")


def flip(shard: Path) -> None:
    """Change a byte in the middle of the first chunk."""
    data = bytearray(shard.read_bytes())
    data[20] ^= 0xFF
    shard.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("spoil", "level", "rule"),
    [(cut, "chunks", "shard-index"), (empty, "chunks", "shard-index"), (flip, "chunks", None)],
)
def test_spoilt_shard(
    spoil: Callable[[Path], None], level: str, rule: str | None, tmp_path: Path
) -> None:
    """A shard that is cut short is found by its index alone; changed bytes in it are not."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")
    spoil(tmp_path / "new/0/c/0/0/0/0/1")

    found = zl.validate(tmp_path / "new", level=level)

    assert [r for r, _, _ in of_data(found)] == ([] if rule is None else [rule])
    assert found.valid is (rule is None)


def test_keys_prove_the_separator(tmp_path: Path) -> None:
    """Nested chunks are found though the document does not say how keys are written."""
    write_group(tmp_path / "a")
    values = sample((8, 8), "<u2")
    write_array(tmp_path / "a" / "0", values, chunks=(4, 4), declare_separator=False)

    found = zl.validate(tmp_path / "a", level="chunks")

    assert (found.looked.chunks, found.looked.missing) == (4, 0)


def test_zipped_dataset(tmp_path: Path) -> None:
    """A `.ozx` is looked at as a folder is; with data, the checksums of its members too."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new.ozx", shards="y=8,x=8")
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")

    zipped, folder = (zl.validate(tmp_path / n, level="data") for n in ("new.ozx", "new"))

    assert of_data(zipped) == of_data(folder) == []
    assert zipped.looked.decoded == folder.looked.decoded > 0
    data = bytearray((tmp_path / "new.ozx").read_bytes())
    shard = (tmp_path / "new/0/c/0/0/0/0/0").read_bytes()
    data[data.index(shard) + 3] ^= 1
    (tmp_path / "new.ozx").write_bytes(bytes(data))

    assert "entry-checksum" in rules(zl.validate(tmp_path / "new.ozx", level="data"))


def test_sample_decodes_so_many(tmp_path: Path) -> None:
    """A sample is of the size that is asked for; the same seed takes the same."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")
    for root in ("old", "new"):
        found = zl.validate(tmp_path / root, level="data", sample=7, seed=3)
        again = zl.validate(tmp_path / root, level="data", sample=7, seed=3, workers=1)
        other = zl.validate(tmp_path / root, level="data", sample="256")
        all_of_it = zl.validate(tmp_path / root, level="data", sample="100%")

        assert found.looked.decoded == again.looked.decoded == 7
        assert found.looked.chunk_bytes == again.looked.chunk_bytes
        assert other.looked.decoded <= 256
        assert all_of_it.looked.decoded == all_of_it.looked.chunks


def test_sampled_damage_is_found(tmp_path: Path) -> None:
    """With all chunks in the sample each damaged one is found."""
    damage = next(d for d in DAMAGES if d.id == "zstd-cut-short")
    damage.build(tmp_path / "a")

    found = zl.validate(tmp_path / "a", level="data", sample="100%")

    assert of_data(found) == [("chunk-undecodable", "0", damage.chunk)]


def test_little_memory_decodes_nothing_too_large(tmp_path: Path) -> None:
    """Chunks that take more than is allowed are not decoded, and that is said."""
    values = sample((1024, 1024), "<u2")
    write_image(tmp_path / "a", [values], axes="yx", chunks=(1024, 1024))

    found = zl.validate(tmp_path / "a", level="data", memory="8MiB", workers=1)

    assert found.looked.decoded == 0
    assert any("memory" in text for text in found.unseen)


def test_pyramid_of_a_copy_is_the_same(tmp_path: Path) -> None:
    """A dataset reads the same from another place: nothing depends on where it lies."""
    write_image(tmp_path / "a", pyramid(sample((1, 1, 1, 16, 16), "<u2")))
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "c")

    one, other = (zl.validate(tmp_path / n, level="data") for n in ("a", "b/c"))

    assert one.looked == other.looked
    assert one.findings == other.findings


@pytest.mark.parametrize("shards", [None, (16, 16)])
def test_checksum_of_an_uncompressed_chunk_is_looked_at(
    shards: tuple[int, int] | None, tmp_path: Path
) -> None:
    """A chunk of the right size whose CRC32C is another is damaged, in a file and in a shard."""
    values = np.random.default_rng(0).integers(0, 2**16, (16, 16), np.uint16)
    write_v3_group(tmp_path / "a")
    form = Form(chunks=(8, 8), shards=shards, codecs=(LITTLE, CRC))
    write_v3_array(tmp_path / "a" / "0", values, form)
    assert of_data(zl.validate(tmp_path / "a", level="data")) == []
    flip(tmp_path / "a/0/c/0/0")

    assert of_data(zl.validate(tmp_path / "a", level="chunks")) == []
    assert of_data(zl.validate(tmp_path / "a", level="data")) == [
        ("chunk-undecodable", "0", (0, 0))
    ]


def test_share_is_of_chunks_wherever_they_lie(tmp_path: Path) -> None:
    """A share decodes the chunks that their order decides: the same ones in files and shards."""
    write_sample(tmp_path / "old")
    zl.convert(tmp_path / "old", tmp_path / "new", shards="y=8,x=8")
    counts = {
        (root, share): zl.validate(tmp_path / root, level="data", sample=share).looked.decoded
        for root in ("old", "new")
        for share in ("30%", "60%")
    }

    assert counts["old", "30%"] == counts["new", "30%"]
    assert counts["old", "60%"] == counts["new", "60%"]
    assert 0 < counts["old", "30%"] < counts["old", "60%"]
