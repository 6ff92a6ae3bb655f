"""What nothing lists is judged by what metadata names: no finding that a listing would not give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.build import sample
from tests.build_ome import (
    label_of,
    pyramid,
    write_collection,
    write_image,
    write_labels,
    write_plate,
)
from tests.servers import Web, web
from zarrlift.jobs.stores import Stores
from zarrlift.store.folder import Folder
from zarrlift.survey.look import look
from zarrlift.validate.omexml import wanted_texts
from zarrlift.validate.run import check


@pytest.fixture(name="server")
def run_server(tmp_path: Path) -> Iterator[Web]:
    """A server of the folder `www`."""
    (tmp_path / "www").mkdir()
    with web(tmp_path / "www") as server:
        yield server


def labelled(folder: Path) -> None:
    """Write an image with two labels, one of which is not listed."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    write_image(folder, pyramid(values))
    masks = {name: pyramid(label_of(values)) for name in ("cells", "by/hand", "hidden")}
    write_labels(folder, masks, listed=("cells", "by/hand"))


BUILDERS: dict[str, Callable[[Path], object]] = {
    "labelled": labelled,
    "plate": write_plate,
    "plate-broken": lambda folder: write_plate(
        folder, rows_are_groups=False, absent={"A/1/1", "B/1"}
    ),
    "collection": write_collection,
    "collection-numbered": lambda folder: write_collection(folder, series=False),
    "collection-plate": lambda folder: write_collection(folder, plate=True),
}
LISTED_ONLY = {"labels-listed", "unlisted"}
"""What is told of nodes that no metadata names, and of the place itself."""


def told(source: Folder) -> set[tuple[str, str, str]]:
    """Give what is found of a place, but for what is said of it as such."""
    tree = look(source)
    texts = {path: source.read(path) or b"" for path in wanted_texts(tree)}
    found = check(tree, texts=texts)
    shown = (f for f in found if f.rule not in LISTED_ONLY and "hidden" not in f.path)
    return {(f.rule, f.path, f.message) for f in shown}


@pytest.mark.parametrize("name", BUILDERS)
def test_findings_are_those_of_a_listed_place(name: str, server: Web, tmp_path: Path) -> None:
    """But for what only a listing shows."""
    folder = tmp_path / "www" / "a.zarr"
    BUILDERS[name](folder)
    tree = look(Stores().source_at(f"{server.url}/a.zarr"))
    assert not tree.listed
    assert told(Stores().source_at(f"{server.url}/a.zarr")) == told(Folder(folder))
