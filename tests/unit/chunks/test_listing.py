"""Which chunks an array has, from listing its folder."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import Index
from tests.unit.layouts import bounded, sizes
from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.chunks.listing import Strays, Unit
from zarrlift.errors import StorageError
from zarrlift.metadata.layout import Keys
from zarrlift.store.folder import Folder


@dataclass(frozen=True)
class Tree:
    """An array's grid, how many chunks an object gathers, and which are there."""

    chunk_grid: Index
    per: Index
    there: frozenset[Index]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Give small grids of 0 to 3 axes, with some of their chunks, and some beyond them."""
    ndim = draw(st.integers(0, 3))
    chunk_grid, per = draw(sizes(ndim, 0, 4)), draw(sizes(ndim, 1, 3))
    indices = sizes(ndim, 0, 5)
    return Tree(chunk_grid, per, draw(st.frozensets(indices, max_size=12)))


def write(root: Path, path: str, keys: Keys, there: Iterable[Index]) -> Folder:
    """Write an object of one byte for each chunk that is there, and the array's documents."""
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name in (".zarray", ".zattrs"):
        (folder / name).write_text("{}")
    for index in there:
        file = folder / keys.of(index)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return Folder(root)


def listed(
    source: Folder, path: str, keys: Keys, chunk_grid: Index, per: Index
) -> tuple[list[Unit], Strays]:
    """List an array."""
    strays = Strays()
    found = listing.units(
        source, path, keys=keys, chunk_grid=chunk_grid, per_object=per, strays=strays
    )
    return list(found), strays


def expected_units(tree: Tree) -> dict[Index, list[tuple[int, Index]]]:
    """Gather the chunks within the grid by object, by looking at every cell of the grid."""
    units: dict[Index, list[tuple[int, Index]]] = defaultdict(list)
    for index in np.ndindex(tree.chunk_grid):
        if index in tree.there:
            outer = tuple(i // p for i, p in zip(index, tree.per, strict=True))
            local = tuple(i % p for i, p in zip(index, tree.per, strict=True))
            units[outer].append((grid.ravel(local, tree.per), index))
    return {outer: sorted(found) for outer, found in sorted(units.items())}


@bounded
@given(tree=trees(), keys=st.sampled_from(list(Keys)), path=st.sampled_from(["", "a/b"]))
def test_listing_finds_what_looking_at_every_chunk_finds(
    tree: Tree, keys: Keys, path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Objects come in C order with their chunks in C order, under any keys; the rest is stale."""
    root = tmp_path_factory.mktemp("tree")
    source = write(root, path, keys, tree.there)

    units, strays = listed(source, path, keys, tree.chunk_grid, tree.per)

    expected = expected_units(tree)
    assert [u.at for u in units] == list(expected)
    for unit in units:
        assert [c.number for c in unit.chunks] == [n for n, _ in expected[unit.at]]
        assert [Path(c.folder) / c.name for c in unit.chunks] == [
            root / path / keys.of(index) for _, index in expected[unit.at]
        ]
    within = {index for found in expected.values() for _, index in found}
    assert bool(strays.stale) is bool(tree.there - within)
    assert strays.foreign == []


@bounded
@given(tree=trees())
def test_nested_and_flat_keys_list_alike(
    tree: Tree, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The four key encodings give the same objects with the same chunk numbers."""
    found = []
    for keys in Keys:
        source = write(tmp_path_factory.mktemp("tree"), "", keys, tree.there)
        units, _ = listed(source, "", keys, tree.chunk_grid, tree.per)
        found.append([(u.at, [c.number for c in u.chunks]) for u in units])

    assert found[0] == found[1] == found[2] == found[3]


@pytest.mark.parametrize("keys", list(Keys))
def test_more_than_ten_chunks_come_in_order_of_number(keys: Keys, tmp_path: Path) -> None:
    """Names are ordered as numbers, so that 2 comes before 10."""
    there = [(i, j) for i in range(12) for j in (0, 11)]
    source = write(tmp_path, "0", keys, there)

    units, _ = listed(source, "0", keys, (12, 12), (1, 1))

    assert [u.at for u in units] == sorted(there)


@pytest.mark.parametrize("keys", [Keys.V2_NESTED, Keys.V2_FLAT])
def test_long_axes_are_listed_to_their_end(keys: Keys, tmp_path: Path) -> None:
    """Thousands of chunks along an axis: the last is one, the next is stale."""
    there = [(0, n) for n in (0, 9, 4095, 4096, 4999, 5000)]
    units, strays = listed(write(tmp_path, "a", keys, there), "a", keys, (1, 5000), (1, 1))

    assert [u.at for u in units] == there[:-1]
    assert len(strays.stale) == 1
    assert not strays.foreign


def test_chunks_are_gathered_across_folders(tmp_path: Path) -> None:
    """A target object takes chunks of several rows, each with its place in C order."""
    there = [(0, 0), (0, 3), (1, 2), (2, 1)]
    source = write(tmp_path, "0", Keys.V2_NESTED, there)

    units, _ = listed(source, "0", Keys.V2_NESTED, (4, 4), (2, 4))

    assert [(u.at, [c.number for c in u.chunks]) for u in units] == [
        ((0, 0), [0, 3, 6]),
        ((1, 0), [1]),
    ]


@pytest.mark.parametrize(
    ("keys", "there", "stale"),
    [
        (Keys.V2_NESTED, [(0, 0), (2, 0), (0, 3)], ["0/2/0", "0/0/3"]),
        (Keys.V2_FLAT, [(0, 0), (2, 0), (0, 3)], ["0/2.0", "0/0.3"]),
        (Keys.DEFAULT_NESTED, [(0, 0), (2, 0), (0, 3)], ["0/c/2/0", "0/c/0/3"]),
        (Keys.DEFAULT_FLAT, [(0, 0), (2, 0), (0, 3)], ["0/c.2.0", "0/c.0.3"]),
    ],
)
def test_chunks_outside_the_shape_are_stale(
    keys: Keys, there: list[Index], stale: list[str], tmp_path: Path
) -> None:
    """Chunks that an array had before it shrank are listed apart, by path in the dataset."""
    source = write(tmp_path, "0", keys, there)

    units, strays = listed(source, "0", keys, (2, 3), (1, 1))

    assert [u.at for u in units] == [(0, 0)]
    assert sorted(strays.stale) == sorted(stale)
    assert strays.foreign == []


FOREIGN = ["notes.txt", "00", "01/0", "-1", "1.x", "0.0.0", "x/0", "0x/0", "+1", "¹", "c.0.0.0"]


@pytest.mark.parametrize("keys", list(Keys))
def test_what_is_no_chunk_is_foreign(keys: Keys, tmp_path: Path) -> None:
    """Files and folders whose names are no keys are told by path, never taken for chunks."""
    source = write(tmp_path, "a", keys, [(0, 0), (1, 1)])
    for name in FOREIGN:
        file = tmp_path / "a" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")

    units, strays = listed(source, "a", keys, (2, 2), (2, 2))

    assert [[c.number for c in u.chunks] for u in units] == [[0, 3]]
    assert sorted(strays.foreign) == sorted({f"a/{name.split('/')[0]}" for name in FOREIGN})
    assert strays.stale == []


def test_our_own_folder_is_no_stray(tmp_path: Path) -> None:
    """What a run keeps in its target, where the root itself is the array, is passed over."""
    source = write(tmp_path, "", Keys.V2_NESTED, [(0, 0)])
    (tmp_path / ".zarrlift" / "tmp").mkdir(parents=True)

    assert listed(source, "", Keys.V2_NESTED, (2, 2), (1, 1))[1] == Strays()


def test_files_that_only_look_stale_are_foreign(tmp_path: Path) -> None:
    """Outside the shape, only what is as deep as chunks are is stale; the rest is kept."""
    source = write(tmp_path, "0", Keys.V2_NESTED, [(0, 0, 0), (9, 0, 0), (9, 1, 7)])
    for name in ("8/0/notes.txt", "8/1.tif", "9/0/1/deep", "7/readme/0"):
        file = tmp_path / "0" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")

    _, strays = listed(source, "0", Keys.V2_NESTED, (2, 2, 2), (1, 1, 1))

    assert sorted(strays.stale) == ["0/9/0/0", "0/9/1/7"]
    assert sorted(strays.foreign) == ["0/7/readme", "0/8/0/notes.txt", "0/8/1.tif", "0/9/0/1"]


def test_foreign_files_among_nested_chunks(tmp_path: Path) -> None:
    """Files beside chunks, and files where a folder of chunks would be, are told by path."""
    source = write(tmp_path, "", Keys.V2_NESTED, [(0, 0, 0)])
    (tmp_path / "0/0/0.tmp").write_text("mine")
    (tmp_path / "0/1").write_text("mine")
    (tmp_path / "0/.zarray").write_text("{}")

    units, strays = listed(source, "", Keys.V2_NESTED, (2, 2, 2), (1, 1, 1))

    assert [u.at for u in units] == [(0, 0, 0)]
    assert sorted(strays.foreign) == ["0/.zarray", "0/0/0.tmp", "0/1"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(lambda path: path.symlink_to("nowhere"), id="dangling"),
        pytest.param(lambda path: path.symlink_to(path), id="circle"),
        pytest.param(os.mkfifo, id="pipe"),
    ],
)
@pytest.mark.parametrize(("keys", "name"), [(Keys.V2_NESTED, "0/1"), (Keys.V2_FLAT, "0.1")])
def test_what_hides_a_chunk_is_an_error(
    spoil: Callable[[Path], None], keys: Keys, name: str, tmp_path: Path
) -> None:
    """What stands in a chunk's place and is none never reads as an absent chunk."""
    source = write(tmp_path, "0", keys, [(0, 0)])
    spoil(tmp_path / "0" / name)

    with pytest.raises(StorageError) as caught:
        listed(source, "0", keys, (2, 2), (1, 1))

    assert caught.value.place == f"{tmp_path}/0/{name}"


def test_link_where_chunks_would_be_is_an_error(tmp_path: Path) -> None:
    """A link that leads nowhere, in a folder's place, never reads as absent chunks."""
    source = write(tmp_path, "0", Keys.V2_NESTED, [(0, 0)])
    (tmp_path / "0" / "1").symlink_to("/not/mounted")

    with pytest.raises(StorageError):
        listed(source, "0", Keys.V2_NESTED, (2, 2), (1, 1))


def test_linked_chunks_and_folders_are_data(tmp_path: Path) -> None:
    """Links to chunks, and to folders of them, are followed."""
    source = write(tmp_path, "0", Keys.V2_NESTED, [(0, 0)])
    (tmp_path / "0" / "0" / "1").symlink_to("0")
    (tmp_path / "0" / "1").symlink_to("0")

    units, strays = listed(source, "0", Keys.V2_NESTED, (2, 2), (1, 1))

    assert [u.at for u in units] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert strays == Strays()


@pytest.mark.parametrize("keys", list(Keys))
def test_empty_array_lists_nothing(keys: Keys, tmp_path: Path) -> None:
    """A folder with documents only has neither chunks nor strays."""
    source = write(tmp_path, "0", keys, [])

    assert listed(source, "0", keys, (3, 3), (1, 1)) == ([], Strays())


def test_array_whose_folder_vanished_is_an_error(tmp_path: Path) -> None:
    """An array's folder that was there and is gone never reads as an array without chunks."""
    with pytest.raises(StorageError):
        listed(Folder(tmp_path), "gone", Keys.V2_NESTED, (3, 3), (1, 1))


def test_keys_of_the_other_kind_are_foreign(tmp_path: Path) -> None:
    """Flat keys in an array whose keys are nested are no chunks of it, and are told."""
    source = write(tmp_path, "0", Keys.V2_FLAT, [(0, 0), (0, 1)])

    units, strays = listed(source, "0", Keys.V2_NESTED, (2, 2), (1, 1))

    assert units == []
    assert sorted(strays.foreign) == ["0/0.0", "0/0.1"]


NO_INDEX = ["00", "01", "", "-1", "+1", "1 ", "²", "٣", "1.0", "1e3", "1_0", "c"]


@pytest.mark.parametrize(
    ("name", "expected"), [("0", True), ("10", True), *((name, False) for name in NO_INDEX)]
)
def test_names_that_are_an_index(name: str, expected: bool) -> None:
    """An index is written in ASCII digits without leading zeros."""
    assert listing.is_index(name) is expected


def test_listing_is_lazy(tmp_path: Path) -> None:
    """Objects come as they are found, so a large array is never held whole."""
    source = write(tmp_path, "", Keys.V2_NESTED, [(0, 0), (1, 0)])
    found = listing.units(
        source, "", keys=Keys.V2_NESTED, chunk_grid=(2, 1), per_object=(1, 1), strays=Strays()
    )

    assert next(found).at == (0, 0)
    (tmp_path / "1" / "0").unlink()
    assert list(found) == []
